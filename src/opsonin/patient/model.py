"""A patient's model for some drugs: their parts, its SBML, and what each of its outputs is called.

The parts are in files of their own; how the model is integrated is in `integrate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from opsonin.model.dosing import Given
from opsonin.model.drugs import Blocks, Drug
from opsonin.patient.doses import Change, Entries, changes
from opsonin.patient.drug_part import Names, drug_part
from opsonin.patient.parts import Part, together
from opsonin.patient.receptor_part import occupancy, receptor_parts
from opsonin.patient.sbml import written


@dataclass(frozen=True)
class Output:
    """One thing that a patient's model tells over time.

    Attributes:
        column: of the stored table, with its unit: "nivolumab_plasma_nM".
        name: of the model.
        drug: that it is about.
        kind: "plasma", "tumour", "occupancy" or "amount".
        title: how a legend calls it among others of its kind.
    """

    column: str
    name: str
    drug: str
    kind: str
    title: str


@dataclass(frozen=True)
class PatientModel:
    """What carries these drugs, all of known kinetics, in the order of their names."""

    drugs: tuple[Drug, ...]

    @classmethod
    def of(cls, drugs: Iterable[Drug]) -> PatientModel:
        """The model of each of these drugs, once."""
        named = {drug.name: drug for drug in drugs}
        return cls(tuple(named[name] for name in sorted(named)))

    @cached_property
    def parts(self) -> Part:
        return together([*map(drug_part, self.drugs), *receptor_parts(self.drugs)])

    @cached_property
    def sbml(self) -> str:
        """The model without doses, as it is integrated."""
        return self.with_doses(())

    def with_doses(self, made: Sequence[Change]) -> str:
        """The model with its doses as events, as other tools run it."""
        return written(self.parts, f"opsonin: {', '.join(drug.name for drug in self.drugs)}", made)

    def changes(self, given: Iterable[Given]) -> tuple[Change, ...]:
        """What doses of these drugs do."""
        return changes(given, self.entries)

    @cached_property
    def entries(self) -> dict[str, Entries]:
        """Where doses of each drug go."""
        return {
            drug.name: Entries(Names(drug.name).entry(drug.kinetics), Names(drug.name).infusion)
            for drug in self.drugs
            if drug.kinetics is not None
        }

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """Concentrations and occupancy, then the amounts in each compartment, drug by drug."""
        told: list[Output] = []
        for drug in self.drugs:
            names = Names(drug.name)
            told += [
                Output(f"{names.plasma}_nM", names.plasma, drug.name, "plasma", drug.name),
                Output(f"{names.tumour}_nM", names.tumour, drug.name, "tumour", drug.name),
            ]
            for effect in drug.effects:
                if isinstance(effect, Blocks):
                    held = occupancy(drug.name, effect.blocks)
                    told.append(Output(held, held, drug.name, "occupancy", f"{drug.name} on {effect.blocks}"))
            if drug.kinetics is not None:
                told += [
                    Output(f"{name}_mg", name, drug.name, "amount", name)
                    for name in names.amounts(drug.kinetics)
                ]
        return tuple(told)
