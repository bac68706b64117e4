"""How the body carries one drug: its amounts by compartment, what is cleared, and what is free in the tumour.

What it is turned into is in `metabolite_part.py`, receptors in `receptor_part.py`, doses in `doses.py`.
"""

from __future__ import annotations

from opsonin.laws.pharmacology import (
    absorbed,
    cleared,
    cleared_saturably,
    free_in_tissue,
    molar_concentration,
    peripheral_change,
)
from opsonin.model.drugs import Drug, Kinetics
from opsonin.model.sourced import Sourced
from opsonin.patient.drug_names import Names
from opsonin.patient.falling_part import falling_part
from opsonin.patient.formulae import called
from opsonin.patient.metabolite_part import metabolite_part
from opsonin.patient.parts import Amount, Constant, Derived, Flow, Input, Part, Room, together

_PER_NMOL = 1e-9  # of a molar mass in mg/mol


def drug_part(drug: Drug) -> Part:
    """The part of a drug whose kinetics are known; ValueError of any other."""
    kinetics, mass = drug.kinetics, drug.molar_mass
    if kinetics is None or mass is None:
        raise ValueError(f"the kinetics of {drug.name} are not known")
    names = Names(drug.name)
    carried = Part(
        constants=tuple(_constants(names, kinetics, mass.value * _PER_NMOL)),
        rooms=_rooms(names, kinetics),
        amounts=_amounts(names, kinetics),
        inputs=(Input(names.infusion, names.entry(kinetics), f"{drug.name} that is infused"),),
        flows=tuple(_flows(names, kinetics)),
        derived=(
            Derived(
                names.plasma,
                called(
                    molar_concentration,
                    names.of("central"),
                    names.of("central_volume"),
                    names.of("molar_mass"),
                ),
                "nM",
                f"{drug.name} in plasma, all of it",
            ),
        ),
    )
    if kinetics.falling is not None:
        carried = together([carried, falling_part(names, kinetics, kinetics.falling)])
    if kinetics.metabolite is not None:
        return together([carried, metabolite_part(names, kinetics, kinetics.metabolite)])
    free = called(free_in_tissue, names.plasma, names.of("fraction_unbound"), names.of("tissue_partition"))
    title = f"free {drug.name} in the interstitium of the tumour"
    return together([carried, Part(derived=(Derived(names.tumour, free, "nM", title),))])


_CONSTANTS = {  # key of the kinetics: unit, what it is
    "clearance": ("L/min", "clearance"),
    "intercompartmental": ("L/min", "exchange with the peripheral compartment"),
    "absorption_half_life": ("min", "half-life of absorption"),
    "max_elimination": ("mg/min", "most that the saturable way clears"),
    "half_saturation": ("mg/L", "concentration at half of that"),
    "tissue_partition": ("1", "free drug in the tumour over free drug in plasma"),
}


def _constants(names: Names, kinetics: Kinetics, mass: float) -> list[Constant]:
    made = [
        Constant(names.of(key), float(number.value), unit, f"{names.drug}: {title}")
        for key, (unit, title) in _CONSTANTS.items()
        if isinstance(number := getattr(kinetics, key), Sourced)
    ]
    unbound = 1.0 if kinetics.fraction_unbound is None else float(kinetics.fraction_unbound.value)
    return [
        *made,
        Constant(names.of("fraction_unbound"), unbound, "1", f"{names.drug}: share in plasma that is free"),
        Constant(names.of("molar_mass"), mass, "mg/nmol", f"{names.drug}: molar mass"),
    ]


def _rooms(names: Names, kinetics: Kinetics) -> tuple[Room, ...]:
    central = Room(
        names.of("central_volume"),
        kinetics.central_volume.value,
        f"{names.drug}: volume of the central compartment",
    )
    if kinetics.peripheral_volume is None:
        return (central,)
    return central, Room(
        names.of("peripheral_volume"),
        kinetics.peripheral_volume.value,
        f"{names.drug}: volume of the peripheral compartment",
    )


def _amounts(names: Names, kinetics: Kinetics) -> tuple[Amount, ...]:
    made = [
        Amount(names.of("central"), names.of("central_volume"), f"{names.drug} in the central compartment"),
        Amount(names.eliminated, None, f"{names.drug} that was eliminated"),
    ]
    if kinetics.absorption_half_life is not None:
        made.append(Amount(names.of("depot"), None, f"{names.drug} that is still to be absorbed"))
    if kinetics.peripheral_volume is not None:
        made.append(
            Amount(
                names.of("peripheral"),
                names.of("peripheral_volume"),
                f"{names.drug} in the peripheral compartment",
            )
        )
    return tuple(made)


def _flows(names: Names, kinetics: Kinetics) -> list[Flow]:
    central, out = names.of("central"), names.eliminated
    flows = []
    if kinetics.metabolite is None:
        flows.append(
            Flow(
                names.of("clearing"),
                central,
                out,
                called(cleared, central, names.clearance(kinetics), names.of("central_volume")),
                f"{names.drug} is cleared",
            )
        )
    if kinetics.max_elimination is not None:
        arguments = (
            central,
            names.of("max_elimination"),
            names.of("half_saturation"),
            names.of("central_volume"),
        )
        flows.append(
            Flow(
                names.of("saturable_clearing"),
                central,
                out,
                called(cleared_saturably, *arguments),
                f"{names.drug} is cleared by what can be full",
            )
        )
    if kinetics.peripheral_volume is not None:
        keys = ("central", "peripheral", "intercompartmental", "central_volume", "peripheral_volume")
        flows.append(
            Flow(
                names.of("distribution"),
                central,
                names.of("peripheral"),
                called(peripheral_change, *map(names.of, keys)),
                f"{names.drug} passes to the peripheral compartment and back",
                to_and_fro=True,
            )
        )
    if kinetics.absorption_half_life is not None:
        depot = names.of("depot")
        flows.append(
            Flow(
                names.of("absorption"),
                depot,
                central,
                called(absorbed, depot, names.of("absorption_half_life")),
                f"{names.drug} is absorbed",
            )
        )
    return flows
