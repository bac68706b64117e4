"""What a drug is turned into and that acts, in a patient's model: its amount, how it comes and goes, what it does.

It is counted as mg of the drug that it was made of, so that what was given stays the sum of all amounts.
"""

from __future__ import annotations

from typing import Any

from opsonin.laws.pharmacology import (
    acting_together,
    cleared,
    cleared_otherwise,
    formed,
    free_in_tissue,
    molar_concentration,
)
from opsonin.model.drugs import Kinetics, Metabolite
from opsonin.patient.drug_names import Names
from opsonin.patient.formulae import called, symbol
from opsonin.patient.parts import Amount, Constant, Derived, Flow, Part, Room


def metabolite_part(names: Names, kinetics: Kinetics, metabolite: Metabolite) -> Part:
    """Of one drug: how its metabolite is made and cleared, and what acts in the tumour."""
    drug, what = names.drug, metabolite.name
    amount, room = names.of("metabolite"), names.of("metabolite_volume")
    made_of = (names.of("central"), names.clearance(kinetics), names.of("central_volume"))
    share = names.of("fraction_formed")
    return Part(
        constants=tuple(_constants(names, metabolite)),
        rooms=(Room(room, metabolite.volume.value, f"{what}: volume that it is in"),),
        amounts=(Amount(amount, room, f"{what}, as the {drug} that it was made of"),),
        flows=(
            Flow(
                names.of("clearing"),
                names.of("central"),
                names.eliminated,
                called(cleared_otherwise, *made_of, share),
                f"{drug} is cleared by other ways",
            ),
            Flow(
                names.of("forming"),
                names.of("central"),
                amount,
                called(formed, *made_of, share),
                f"{drug} becomes {what}",
            ),
            Flow(
                names.of("metabolite_clearing"),
                amount,
                names.eliminated,
                called(cleared, amount, names.of("metabolite_clearance"), room),
                f"{what} is cleared",
            ),
        ),
        derived=(
            Derived(
                names.metabolite,
                called(molar_concentration, amount, room, names.of("molar_mass")),
                "nM",
                f"{what} in plasma, all of it",
            ),
            Derived(
                names.tumour, _in_tumour(names, metabolite), "nM", f"what acts of {drug} in the tumour, free"
            ),
        ),
    )


def acting_in_plasma(names: Names, metabolite: Metabolite | None) -> Any:
    """Formula of what acts of a drug in plasma: what is free of it, of its metabolite, or of both [nM]."""
    drug = symbol(names.plasma) * symbol(names.of("fraction_unbound"))
    if metabolite is None:
        return drug
    made = symbol(names.metabolite) * symbol(names.of("metabolite_unbound"))
    return made if metabolite.potency is None else called(acting_together, drug, made, names.of("potency"))


def _in_tumour(names: Names, metabolite: Metabolite) -> Any:
    made = called(
        free_in_tissue, names.metabolite, names.of("metabolite_unbound"), names.of("metabolite_partition")
    )
    if metabolite.potency is None:
        return made
    drug = called(free_in_tissue, names.plasma, names.of("fraction_unbound"), names.of("tissue_partition"))
    return called(acting_together, drug, made, names.of("potency"))


def _constants(names: Names, metabolite: Metabolite) -> list[Constant]:
    what = metabolite.name
    unbound = 1.0 if metabolite.fraction_unbound is None else float(metabolite.fraction_unbound.value)
    made = [
        Constant(
            names.of("fraction_formed"),
            float(metabolite.fraction_formed.value),
            "1",
            f"share of what is cleared that becomes {what}",
        ),
        Constant(
            names.of("metabolite_clearance"), float(metabolite.clearance.value), "L/min", f"{what}: clearance"
        ),
        Constant(names.of("metabolite_unbound"), unbound, "1", f"{what}: share in plasma that is free"),
        Constant(
            names.of("metabolite_partition"),
            float(metabolite.tissue_partition.value),
            "1",
            f"{what}: free in the tumour over free in plasma",
        ),
    ]
    if metabolite.potency is not None:
        potency = float(metabolite.potency.value)
        made.append(Constant(names.of("potency"), potency, "1", f"{what}: potency over that of the drug"))
    return made
