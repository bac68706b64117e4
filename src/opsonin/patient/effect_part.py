"""What drugs do to cells, as hazards, held entry into the cycle and fold changes over time; the laws are the tissue's.

Receptors are in `receptor_part.py`; who is acted on is in the parts of the cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from opsonin.laws.apoptosis import LN2, rate_of_half_life
from opsonin.laws.events import approaching
from opsonin.laws.pharmacology import (
    fold_of_effect,
    free_share,
    let_in,
    mark_balance,
    mark_rate,
    toxic_hazard,
)
from opsonin.laws.response import hill
from opsonin.model.drugs import ALL, Answer, Arrests, Blocks, Drug, Kills, Mutates, Shifts, Supplies
from opsonin.model.knowledge import Molecule
from opsonin.model.sourced import Entry
from opsonin.patient.drug_names import Names
from opsonin.patient.formulae import called, symbol
from opsonin.patient.metabolite_part import acting_in_plasma
from opsonin.patient.parts import identifier
from opsonin.patient.sheet import Sheet

BODY, TUMOUR = "body", "tumour"
_Kind = TypeVar("_Kind", bound=Entry)


@dataclass(frozen=True)
class Effects:
    """Formulae of what some drugs do; what they need is written on `sheet`.

    Attributes:
        drugs: all of known kinetics; products: those that are cells with a chimeric receptor.
        sheet: grows as formulae are asked for.
    """

    drugs: tuple[Drug, ...]
    sheet: Sheet
    products: tuple[Drug, ...] = ()

    def hazard(self, cell: str, place: str, committed: Any) -> Any:
        """Of death of a cell type [1/min], 0 where no drug kills it.

        Args:
            cell: type of the knowledge base; place: `BODY` or `TUMOUR`.
            committed: share of the cells that are in S, G2 or M [-].
        """
        total: Any = 0
        for drug, number, effect in self._of(Kills):
            if cell in effect.kills or ALL in effect.kills:
                name = Names(drug.name).of(f"effect_{number}")
                most = self.sheet.constant(
                    f"{name}_most", effect.rate_max.value, "1/min", f"{drug.name}: most"
                )
                hazard = self.sheet.derived(
                    f"{name}_hazard_{place}",
                    called(toxic_hazard, most, self._answer(drug, number, effect, place)),
                    "1/min",
                    f"hazard of {effect.label} by {drug.name} in the {place}",
                )
                total += hazard * committed if effect.phase == "cycling" else hazard
        return total

    def entry(self, cell: str) -> Any:
        """Share of a cell type that is let into the cycle in the tumour [-]."""
        share: Any = 1
        for drug, number, effect in self._of(Arrests):
            if cell in effect.arrests or ALL in effect.arrests:
                name = Names(drug.name).of(f"effect_{number}")
                most = self.sheet.constant(f"{name}_most", effect.share_max.value, "1", f"{drug.name}: most")
                share *= self.sheet.derived(
                    f"{name}_let_in",
                    called(let_in, most, self._answer(drug, number, effect, TUMOUR)),
                    "1",
                    f"share that {drug.name} lets into the cycle",
                )
        return share

    def fold(self, molecule: Molecule) -> Any:
        """Level of a molecule over its resting level [-]: 1, or what follows the drugs by its half-life."""
        folds = [
            self._fold(drug, number, effect)
            for drug, number, effect in self._of(Shifts)
            if effect.shifts == molecule.name and effect.on is None
        ]
        if not folds:
            return 1
        key = identifier(molecule.name)
        target: Any = 1
        for fold in folds:
            target *= fold
        level = self.sheet.amount(f"fold_{key}", 1.0, "1", f"{molecule.name} over its resting level")
        half_life = self.sheet.constant(
            f"half_life_{key}", molecule.half_life.value, "min", f"half-life of {molecule.name}"
        )
        change = called(approaching, level, target, called(rate_of_half_life, half_life))
        self.sheet.flow(f"fold_{key}_change", None, f"fold_{key}", change, f"change of {molecule.name}")
        return level

    def free(self, molecule: str) -> Any:
        """Share of a molecule in the tumour that no drug holds [-]."""
        blocked = any(
            isinstance(effect, Blocks) and effect.blocks == molecule
            for drug in self.drugs
            for effect in drug.effects
        )
        if not blocked:
            return 1
        key = identifier(molecule)
        share = called(free_share, f"load_{key}")
        return self.sheet.derived(f"free_{key}", share, "1", f"share of {molecule} that no drug holds")

    def mutation(self, defect: str) -> Any:
        """Factor on the rate at which tumour cells get a defect [-]."""
        factor: Any = 1
        for drug, number, effect in self._of(Mutates):
            if defect in effect.mutates or ALL in effect.mutates:
                name = Names(drug.name).of(f"effect_{number}")
                most = self.sheet.constant(
                    f"{name}_fold", effect.fold_max.value, "1", f"{drug.name}: largest fold"
                )
                fold = called(fold_of_effect, most, self._answer(drug, number, effect, TUMOUR))
                factor *= self.sheet.derived(
                    f"{name}_folds", fold, "1", f"fold of the rate of mutation by {drug.name}"
                )
        return factor

    def supplied(self, substrate: str) -> Any:
        """What drugs add to a substrate of the body, by what is free in plasma [nM]."""
        total: Any = 0
        for drug, number, effect in self._of(Supplies):
            if effect.supplies == substrate:
                name = Names(drug.name).of(f"effect_{number}_potency")
                potency = self.sheet.constant(
                    name, effect.potency.value, "1", f"{drug.name} over the body's own"
                )
                total += potency * self._free_in_plasma(drug)
        return total

    def _of(self, kind: type[_Kind]) -> Iterator[tuple[Drug, int, _Kind]]:
        for drug in self.drugs:
            for number, effect in enumerate(drug.effects):
                if isinstance(effect, kind):
                    yield drug, number, effect

    def _answer(self, drug: Drug, number: int, effect: Answer, place: str) -> Any:
        names = Names(drug.name)
        name = names.of(f"effect_{number}")
        half = self.sheet.constant(f"{name}_half", effect.half.value, "nM", f"{drug.name}: half of effect")
        steepness = self.sheet.constant(f"{name}_hill", effect.hill.value, "1", f"{drug.name}: steepness")
        free = self._free_in_plasma(drug) if place == BODY else symbol(names.tumour)
        return called(hill, free, half, steepness)

    def _free_in_plasma(self, drug: Drug) -> Any:
        """What acts of it there [nM]."""
        names = Names(drug.name)
        acting = acting_in_plasma(names, drug.kinetics.metabolite if drug.kinetics else None)
        return self.sheet.derived(
            names.of("free"), acting, "nM", f"free {drug.name} in plasma, as far as it acts"
        )

    def _fold(self, drug: Drug, number: int, effect: Shifts) -> Any:
        name = Names(drug.name).of(f"effect_{number}")
        strength = self._answer(drug, number, effect, TUMOUR)
        if effect.marking is not None and effect.mark_half_life is not None:
            strength = self._marked(name, strength, effect.marking.value, effect.mark_half_life.value)
        most = self.sheet.constant(f"{name}_fold", effect.fold_max.value, "1", f"{drug.name}: largest fold")
        title = f"fold of {effect.shifts} by {drug.name}"
        return self.sheet.derived(f"{name}_folds", called(fold_of_effect, most, strength), "1", title)

    def _marked(self, name: str, strength: Any, onset: float, half_life: float) -> Any:
        rate = self.sheet.constant(f"{name}_marking", onset, "1/min", "rate of marking")
        life = self.sheet.constant(f"{name}_mark_life", half_life / LN2, "min", "mean life of a mark")
        share = self.sheet.amount(f"{name}_marked", 0.0, "1", "share of cells that are marked")
        # By a name: checkers of SBML lose the units of a call within calls of calls.
        acting = self.sheet.derived(f"{name}_acting", strength, "1", "share of its full effect")
        balance, speed = (called(law, acting, rate, life) for law in (mark_balance, mark_rate))
        change = called(approaching, share, balance, speed)
        self.sheet.flow(f"{name}_marking_change", None, f"{name}_marked", change, "change of that share")
        return share
