"""One killer at its target in a well-mixed tumour: what it sees, what holds it back, how fast it kills.

The laws are those of a contact in the tissue; what is around the cells is a mean. Cells are counted in
`tumour_part.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opsonin.knowledge.library import Library
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.ledger import DYING, kill_rate
from opsonin.laws.pharmacology import binding_load, either, held_share
from opsonin.laws.recognition import (
    activating_part,
    antigen_part,
    antigen_signal,
    bound_pairs,
    bridged_signal,
    checkpoint_factor,
    costimulation,
    effort,
    lytic_hit_hazard,
    natural_signal,
    net_activation,
    passed_by_some,
    planar_affinity,
    presented_complexes,
    vigour,
)
from opsonin.model.death import PROTEINS
from opsonin.model.drugs import Bridges, Opsonizes
from opsonin.model.knowledge import CellType, Interaction, Killing
from opsonin.patient.death_part import hits_needed, primed_deaths
from opsonin.patient.drug_names import Names
from opsonin.patient.effect_part import Effects
from opsonin.patient.formulae import called, symbol
from opsonin.patient.parts import identifier
from opsonin.patient.sheet import Marked, Sheet

RECOGNISED = "MHC-I"  # shows peptides to T cells
_NM = 0.602214076  # molecules/um3 in one nM


@dataclass(frozen=True)
class Side:
    """A cell of a contact.

    Attributes:
        cell: its type; levels: of what it carries [molecules], where a tumour has its own.
        hidden: whether it shows none of the antigens that T cells of this tumour recognise.
    """

    cell: CellType
    levels: dict[str, float]
    hidden: bool = False

    @property
    def surface(self) -> float:
        """[um2]"""
        return math.pi * self.cell.diameter.value**2


def side_of(library: Library, name: str, tumour: str) -> Side:
    """A cell type with the levels that a tumour gives it."""
    cell = library.cells[name]
    own = library.tumours[tumour].expresses.get(name, {})
    return Side(cell, {key: number.value for key, number in (cell.expresses | own).items()})


@dataclass(frozen=True)
class Carrying:
    """How many killers of a kind have receptors of checkpoints.

    Attributes:
        share: of the killers [-], as a formula; receptor: the one that it is about, which others lack; None of all.
    """

    share: Any
    receptor: str | None = None


@dataclass(frozen=True)
class Contact:
    """A killer at a tumour cell.

    Attributes:
        library, tumour: of the numbers; effects: of the drugs.
        mark: of the names of what follows, where a tumour has several kinds of cells.
    """

    library: Library
    tumour: str
    effects: Effects
    mark: str = ""

    @property
    def sheet(self) -> Sheet:
        """On which all is written."""
        return Marked(self.effects.sheet, self.mark) if self.mark else self.effects.sheet

    def activation(
        self,
        killer: Side,
        target: Side,
        costimulated: Any,
        seen: Any = None,
        carrying: Carrying | None = None,
    ) -> tuple[Any, Any]:
        """Signal that it sees, or what is `seen`, and net activation [-]; both get names.

        `carrying` tells how many of the killers have receptors of checkpoints; left out, all have all.
        """
        name = killer.cell.name
        signal = self.sheet.derived(
            f"{name}_signal",
            self._signal(killer, target) if seen is None else seen,
            "1",
            f"what a {name} cell sees of a tumour cell",
        )
        passed: Any = 1
        for pair in self.pairs("checkpoint"):
            bound = self.bound(pair, killer, target)
            if bound is not None:
                half, steepness = self.shape(pair)
                let: Any = called(checkpoint_factor, bound, half, steepness)
                if carrying is not None and carrying.receptor == pair.receptor:
                    let = called(passed_by_some, carrying.share, let)
                passed *= self.sheet.derived(
                    f"{name}_passed_{identifier(pair.name)}",
                    let,
                    "1",
                    f"share of a {name} cell's activation that {pair.title} lets through",
                )
        if carrying is not None and carrying.receptor is None:
            passed = called(passed_by_some, carrying.share, passed)
        lytic = killer.cell.lytic or killer.cell.chimeric
        factor: Any = 1
        if lytic is not None:
            least = self.sheet.constant(
                f"{name}_costimulation",
                lytic.costimulation.value,
                "1",
                f"factor of a {name} cell without any",
            )
            factor = called(costimulation, least, costimulated)
        net = called(net_activation, signal, factor, passed)
        return signal, self.sheet.derived(
            f"{name}_activation", net, "1", f"net activation of a {name} cell at a tumour cell"
        )

    def kills(self, killer: Side, target: Side, activation: Any, fitness: Any, exhaustion: Any) -> Any:
        """Rate at which it kills the target that it holds [1/min]; gets a name."""
        name = killer.cell.name
        delivered = self.sheet.derived(
            f"{name}_effort",
            called(effort, activation, fitness, called(vigour, exhaustion)),
            "1",
            f"effort of a {name} cell at a tumour cell",
        )
        return self.kills_of(killer, target, delivered, target.cell.name)

    def kills_of(self, killer: Side, target: Side, delivered: Any, named: str) -> Any:
        """The same at an effort [-], of targets that die as `target` does and are called `named`."""
        name, killing = killer.cell.name, _killing(killer.cell)
        most = self.sheet.constant(
            f"{name}_hits", killing.hit_rate_max.value, "1/min", f"most hits of a {name} cell"
        )
        hazard = called(lytic_hit_hazard, delivered, most)
        rate = called(
            kill_rate,
            hazard,
            hits_needed(self.sheet, self._unheld(target)),
            self._repair(target),
            self._dying(),
        )
        return self.sheet.derived(
            f"{name}_kills" if named == target.cell.name else f"{name}_kills_{named}",
            rate,
            "1/min",
            f"kills of a {name} cell that holds a {named} cell",
        )

    def bound(self, pair: Interaction, first: Side, second: Side) -> Any:
        """Pairs between two cells [molecules/um2]; None where one of them has none of its part."""
        receptors, ligands = self.density(first, pair.receptor), self.density(second, pair.ligand)
        if receptors is None or ligands is None:
            return None
        return self.sheet.derived(
            f"{first.cell.name}_{second.cell.name}_bound_{identifier(pair.name)}",
            called(bound_pairs, receptors, ligands, self.affinity(pair)),
            "molecule/um2",
            f"{pair.title} between a {first.cell.name} and a {second.cell.name} cell",
        )

    def affinity(self, pair: Interaction) -> Any:
        """Of a pair in the cleft [molecules/um2]."""
        assert pair.gap is not None  # of cells that touch
        value = float(planar_affinity(pair.affinity.value, pair.gap.value, _NM))
        return self.sheet.constant(
            f"affinity_{identifier(pair.name)}", value, "molecule/um2", f"planar Kd of {pair.title}"
        )

    def density(self, side: Side, molecule: str) -> Any:
        """What no drug holds of a molecule on a cell [molecules/um2]; None where there is none."""
        level = side.levels.get(molecule, 0.0)
        if level <= 0.0:
            return None
        key = identifier(molecule)
        resting = self.sheet.constant(
            f"{side.cell.name}_{key}_density",
            level / side.surface,
            "molecule/um2",
            f"{molecule} on a {side.cell.name} cell, at rest",
        )
        return resting * self.fold(molecule) * self.effects.free(molecule)

    def fold(self, molecule: str) -> Any:
        """Of a molecule, by drugs [-]."""
        return self.effects.fold(self.library.molecules[molecule])

    def level(self, side: Side, molecule: str) -> Any:
        """Of a molecule on a cell, whether or not drugs hold it [molecules]."""
        return self.resting(side, molecule) * self.fold(molecule)

    def resting(self, side: Side, molecule: str) -> Any:
        """The same at rest [molecules]."""
        return self.sheet.constant(
            f"{side.cell.name}_{identifier(molecule)}",
            side.levels.get(molecule, 0.0),
            "molecule",
            f"{molecule} of a {side.cell.name} cell, at rest",
        )

    def _signal(self, killer: Side, target: Side) -> Any:
        name, cell = killer.cell.name, killer.cell
        if cell.lytic is None:
            return called(natural_signal, self._natural(killer, target))
        matching = self.sheet.constant(
            "matching_antigen_fraction_hidden" if target.hidden else "matching_antigen_fraction",
            0.0 if target.hidden else self.library.tumours[self.tumour].matching_antigen_fraction.value,
            "1",
            "share of MHC-I that shows a peptide which tumour-reactive cells see",
        )
        half = self.sheet.constant(
            f"{name}_signal_half", cell.lytic.signal_half.value, "molecule", "half of the signal"
        )
        steepness = self.sheet.constant(
            f"{name}_signal_hill", cell.lytic.signal_hill.value, "1", "its steepness"
        )
        complexes = self.sheet.derived(
            "matched_complexes",
            called(presented_complexes, self.level(target, RECOGNISED), matching, self._shown(target)),
            "molecule",
            "peptides on a tumour cell that tumour-reactive T cells see",
        )
        seen = called(antigen_signal, complexes, half, steepness)
        bridges = self.bridges(target)
        return called(either, seen, called(bridged_signal, bridges)) if bridges != 0 else seen

    def _shown(self, target: Side) -> Any:
        """Antigens that a tumour cell makes, over those at rest [-]: some go with a molecule that drugs may shift."""
        every = self.library.tumours[self.tumour].antigens
        antigens = {name: share for name, share in every.items() if target.levels.get(name, 0.0) > 0.0}
        fixed = 1.0 - sum(share.value for share in antigens.values())
        total = self.sheet.constant("antigens_fixed", fixed, "1", "share of the antigens that nothing moves")
        for molecule, number in sorted(antigens.items()):
            key = identifier(molecule)
            share = self.sheet.constant(
                f"antigens_{key}", number.value, "1", f"share of the antigens: {molecule}"
            )
            level, resting = self.level(target, molecule), self.resting(target, molecule)
            total += self.sheet.derived(
                f"shown_{key}",
                called(antigen_part, share, level, resting),
                "1",
                f"{molecule} among the antigens",
            )
        return total

    def _natural(self, killer: Side, target: Side) -> Any:
        """Sum of what activating pairs and antibodies add [-]."""
        total: Any = 0
        for pair in self.pairs("activating"):
            bound = self.bound(pair, killer, target)
            if bound is not None:
                total += self._added(pair, killer, bound)
        coat = self._coat(target)
        for pair in self.pairs("antibody"):
            receptors = self.density(killer, pair.receptor)
            if receptors is not None and coat != 0:
                total += self._added(pair, killer, called(bound_pairs, receptors, coat, self.affinity(pair)))
        return total

    def _added(self, pair: Interaction, killer: Side, bound: Any) -> Any:
        """What a pair adds to a saturating signal [-]."""
        return self.sheet.derived(
            f"{killer.cell.name}_seen_{identifier(pair.name)}",
            called(activating_part, bound, *self.shape(pair)),
            "1",
            f"what {pair.title} adds to what a {killer.cell.name} cell sees",
        )

    def _coat(self, target: Side) -> Any:
        """Antibodies on a tumour cell [molecules/um2]."""
        held: dict[str, Any] = {}
        for drug in self.effects.drugs:
            for effect in drug.effects:
                if isinstance(effect, Opsonizes) and target.levels.get(effect.opsonizes, 0.0) > 0.0:
                    share = called(held_share, self._load(drug.name, effect.opsonizes, effect.affinity.value))
                    before = held.get(effect.opsonizes)
                    held[effect.opsonizes] = share if before is None else called(either, before, share)
        if not held:
            return 0
        total: Any = 0
        for molecule, share in held.items():
            key = identifier(molecule)
            coated = self.sheet.derived(
                f"coated_{key}", share, "1", f"share of {molecule} that antibodies coat"
            )
            there = self.density(target, molecule) * coated
            total += self.sheet.derived(
                f"coat_{key}", there, "molecule/um2", f"antibodies on {molecule} of a tumour cell"
            )
        return total

    def bridges(self, target: Side) -> Any:
        """Bridges of bispecific antibodies on a tumour cell over their number at half of the signal [-]."""
        total: Any = 0
        kind = target.cell.name
        for drug in self.effects.drugs:
            for effect in drug.effects:
                if isinstance(effect, Bridges) and target.levels.get(effect.bridges, 0.0) > 0.0:
                    key = Names(drug.name).of(f"bridge_half_{identifier(effect.bridges)}")
                    half = self.sheet.constant(
                        key, effect.half.value, "molecule", f"{drug.name}: half of the signal"
                    )
                    load = self._load(drug.name, effect.bridges, effect.affinity.value)
                    # Each by a name, and their sum: else the check of units fails where there are two.
                    total += self.sheet.derived(
                        Names(drug.name).of(f"bridges_{kind}_{identifier(effect.bridges)}"),
                        self.level(target, effect.bridges) * called(held_share, load) / half,
                        "1",
                        f"bridges of {drug.name} on a {kind} cell over their number at half of the signal",
                    )
        if total == 0:
            return total
        title = f"bridges on a {kind} cell over their number at half of the signal"
        return self.sheet.derived(f"bridges_{kind}", total, "1", title)

    def _load(self, drug: str, molecule: str, affinity: float) -> Any:
        name = Names(drug).of(f"kd_{identifier(molecule)}")
        constant = self.sheet.constant(name, affinity, "nM", f"Kd of {drug} and {molecule}")
        return called(binding_load, symbol(Names(drug).tumour), constant)

    def primed(self, target: Side) -> Any:
        """Rate at which targets die of their priming [1/min]; 0 where they have none or drugs leave the switch alone.

        Without such drugs it is part of their spontaneous loss.
        """
        assert target.cell.lytic_target is not None  # a tumour cell can be killed
        priming = target.cell.lytic_target.priming.value
        if priming <= 0.0 or all(self.fold(name) * self.effects.free(name) == 1 for name in PROTEINS[1:]):
            return 0
        rate = primed_deaths(self.sheet, self._unheld(target), priming)
        return self.sheet.derived("primed_deaths", rate, "1/min", "deaths of a tumour cell of its priming")

    def _unheld(self, target: Side) -> dict[str, Any]:
        """What no drug holds of the proteins that hold or carry death [molecules]; survivin over its resting level."""
        last = PROTEINS[7]
        return {name: self.level(target, name) * self.effects.free(name) for name in PROTEINS[1:7]} | {
            last: self.fold(last) * self.effects.free(last)
        }

    def _repair(self, target: Side) -> Any:
        assert target.cell.lytic_target is not None  # a tumour cell can be killed
        half_life = self.sheet.constant(
            "damage_half_life",
            target.cell.lytic_target.damage_half_life.value,
            "min",
            "half-life of lytic damage",
        )
        return called(rate_of_half_life, half_life)

    def _dying(self) -> Any:
        return self.sheet.constant("dying", DYING, "min", "from the last hit to death")

    def shape(self, pair: Interaction) -> tuple[Any, Any]:
        """Half [molecules/um2] and steepness [-] of what a pair does."""
        assert pair.half is not None and pair.hill is not None  # of a pair that counts in a signal
        key = identifier(pair.name)
        return (
            self.sheet.constant(
                f"half_{key}", pair.half.value, "molecule/um2", f"{pair.title}: half of its effect"
            ),
            self.sheet.constant(f"hill_{key}", pair.hill.value, "1", f"{pair.title}: steepness"),
        )

    def pairs(self, kind: str) -> Iterator[Interaction]:
        """Receptor-ligand pairs of one kind, by name."""
        return (pair for _, pair in sorted(self.library.interactions.items()) if pair.kind == kind)


def _killing(cell: CellType) -> Killing:
    if cell.killing is None:
        raise ValueError(f"{cell.name} does not kill")
    return cell.killing
