"""Drug concentrations over time: linear two-compartment kinetics, exact by superposition of boluses."""

from __future__ import annotations

from dataclasses import dataclass

from opsonin.laws.pharmacology import binding_load, central_amount_after_bolus, free_share
from opsonin.model.knowledge import Drug


@dataclass(frozen=True)
class Bolus:
    """One dose as given.

    Attributes:
        time: [min] since the start.
        amount: [mg].
    """

    time: float
    amount: float


@dataclass(frozen=True)
class DrugCourse:
    """A drug and all its doses in one arm."""

    drug: Drug
    doses: tuple[Bolus, ...]

    def plasma(self, time: float) -> float:
        """Plasma concentration [nM] at `time` [min]; a dose at that very time counts."""
        drug = self.drug
        k10 = drug.clearance.value / drug.central_volume.value
        k12 = drug.intercompartmental.value / drug.central_volume.value
        k21 = drug.intercompartmental.value / drug.peripheral_volume.value
        amount = sum(
            central_amount_after_bolus(dose.amount, time - dose.time, k10, k12, k21)
            for dose in self.doses
            if dose.time <= time
        )
        mol_per_liter = amount / drug.central_volume.value / drug.molar_mass.value
        return float(mol_per_liter * 1e9)

    def tissue(self, time: float) -> float:
        """Concentration in the tumour interstitium [nM]."""
        return self.plasma(time) * float(self.drug.tissue_partition.value)

    def loads(self, time: float) -> dict[str, float]:
        """How strongly the drug loads each molecule that it blocks, at `time` [min]."""
        concentration = self.tissue(time)
        return {
            effect.blocks: float(binding_load(concentration, effect.affinity.value))
            for effect in self.drug.effects
        }


def free_shares(courses: tuple[DrugCourse, ...], molecules: tuple[str, ...], time: float) -> list[float]:
    """Share of each molecule that no drug holds at `time` [min]; drugs against one molecule compete for it."""
    load = dict.fromkeys(molecules, 0.0)
    for course in courses:
        for molecule, share in course.loads(time).items():
            load[molecule] += share
    return [float(free_share(load[molecule])) for molecule in molecules]
