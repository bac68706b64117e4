"""One killer and one target at rest, by the laws: what each barrier between them lets through.

No cell of a tissue is looked at: levels are those of the cell types, moved by a drug at full effect. So it tells which
way a drug moves a barrier, and not how far in this tumour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from opsonin.knowledge.followed import RECOGNISED
from opsonin.knowledge.influence import Move
from opsonin.knowledge.library import Library
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.death import active_disc
from opsonin.laws.ledger import (
    DYING,
    LIGAND_SPEED,
    hits_in_a_row,
    kill_rate,
    let_through,
    ligand_kill_rate,
    passed_by_xiap,
    receptors_needed,
)
from opsonin.laws.pharmacology import either
from opsonin.laws.recognition import (
    activating_part,
    antigen_part,
    antigen_signal,
    appetite,
    bound_pairs,
    bridged_signal,
    checkpoint_factor,
    natural_signal,
    planar_affinity,
    presented_complexes,
)
from opsonin.model.death import PROTEINS, TISSUE_RATES, DeathProteins
from opsonin.model.knowledge import CellType, Interaction, Tumour
from opsonin.reference.ledger import held_back

_NM = 0.602214076  # molecules/um3 in one nM


@dataclass(frozen=True)
class Side:
    """A cell of the encounter.

    Attributes:
        cell: its type.
        resting: level of each molecule that it carries [molecules].
        moved: what a drug does to some of them.
    """

    cell: CellType
    resting: Mapping[str, float]
    moved: Mapping[str, Move] = field(default_factory=dict)

    def level(self, molecule: str) -> float:
        """[molecules], whether or not a drug holds them."""
        fold = self.moved[molecule].fold if molecule in self.moved else 1.0
        return self.resting.get(molecule, 0.0) * fold

    def usable(self, molecule: str) -> float:
        """What no drug holds of a molecule [molecules]."""
        return self.level(molecule) * (self.moved[molecule].free if molecule in self.moved else 1.0)

    @property
    def surface(self) -> float:
        """[um2]"""
        return math.pi * self.cell.diameter.value**2


@dataclass(frozen=True)
class Turned:
    """How drugs turn killers to a target by a molecule on it.

    Attributes:
        coated: molecules that antibodies coat.
        bridged, chimeric: molecule -> one over its number at half of the signal, of T cells that are held to it and of
            CAR T cells.
        agonized: death receptor -> share of it that an agonist holds.
    """

    coated: frozenset[str] = frozenset()
    bridged: Mapping[str, float] = field(default_factory=dict)
    chimeric: Mapping[str, float] = field(default_factory=dict)
    agonized: Mapping[str, float] = field(default_factory=dict)


def log_factors(
    library: Library, tumour: str, killer: Side, target: Side, turned: Turned
) -> dict[str, float]:
    """Logarithm of what each barrier of a contact lets through, by its name in the ledger.

    Of `resistance` it is that of the rate of kills with nothing else in the way, up to a constant: more death receptors
    mean more kills, though the ledger's factor is a share of ever more that is possible.
    """
    passed = {
        "receptor": _recognises(killer, target, turned),
        "antigen": _antigen(killer, target, turned, library.tumours[tumour]),
        "ligands": _ligands(library, killer, target, turned),
    }
    for pair in pairs_of_kind(library, "checkpoint"):
        assert pair.half is not None and pair.hill is not None  # a checkpoint has both
        bound = bound_between(pair, killer.usable(pair.receptor), target.usable(pair.ligand), killer, target)
        passed[pair.name] = float(checkpoint_factor(bound, pair.half.value, pair.hill.value))
    found = {name: math.log(float(let_through(share))) for name, share in passed.items()}
    return found | {"resistance": math.log(_rate_of_kills(library, killer, target, turned))}


def pairs_of_kind(library: Library, kind: str) -> Iterator[Interaction]:
    """Receptor-ligand pairs of one kind, by name."""
    return (pair for _, pair in sorted(library.interactions.items()) if pair.kind == kind)


def bound_between(pair: Interaction, receptors: float, ligands: float, first: Side, second: Side) -> float:
    """Pairs per area of the synapse [molecules/um2], of what two cells have in all [molecules]."""
    assert pair.gap is not None  # of cells that touch
    affinity = planar_affinity(pair.affinity.value, pair.gap.value, _NM)
    return float(bound_pairs(receptors / first.surface, ligands / second.surface, affinity))


def _load(target: Side, halves: Mapping[str, float]) -> float:
    return sum(target.level(name) * one_over for name, one_over in halves.items())


def _recognises(killer: Side, target: Side, turned: Turned) -> float:
    """Share of killers of this type that recognise the target."""
    if killer.cell.natural is not None or killer.cell.eating is not None:
        return 1.0
    bridged = _load(target, turned.bridged) > 0.0
    if killer.cell.lytic is not None:
        return 1.0 if bridged else killer.cell.lytic.reactive_fraction.value
    return float(bridged or _load(target, turned.chimeric) > 0.0)


def _antigen(killer: Side, target: Side, turned: Turned, tumour: Tumour) -> float:
    bridged = float(bridged_signal(_load(target, turned.bridged)))
    lytic = killer.cell.lytic
    if lytic is not None:
        matching = tumour.matching_antigen_fraction.value
        complexes = presented_complexes(target.level(RECOGNISED), matching, _shown(target, tumour))
        own = float(antigen_signal(complexes, lytic.signal_half.value, lytic.signal_hill.value))
    elif killer.cell.chimeric is not None:
        own = float(bridged_signal(_load(target, turned.chimeric)))
    else:
        return 1.0
    return float(either(own, bridged))


def _shown(target: Side, tumour: Tumour) -> float:
    """Antigens that a target makes, over those of a tumour cell at rest; of one of another type, what it took up."""
    if target.cell.role != "tumour":
        return 1.0
    own = {
        name: share.value for name, share in tumour.antigens.items() if target.resting.get(name, 0.0) > 0.0
    }
    parts = (float(antigen_part(own[name], target.level(name), target.resting[name])) for name in sorted(own))
    return 1.0 - sum(own.values()) + sum(parts)


def _ligands(library: Library, killer: Side, target: Side, turned: Turned) -> float:
    eating = killer.cell.eating
    if killer.cell.natural is None and eating is None:
        return 1.0
    seen = antibodies = 0.0
    for pair in pairs_of_kind(library, "activating"):
        bound = bound_between(pair, killer.usable(pair.receptor), target.usable(pair.ligand), killer, target)
        seen += part_of(pair, bound)
    coat = sum(target.level(name) for name in turned.coated)
    for pair in pairs_of_kind(library, "antibody"):
        bound = bound_between(pair, killer.level(pair.receptor), coat, killer, target)
        antibodies += part_of(pair, bound)
    if eating is None:
        return float(natural_signal(seen + antibodies))
    return float(appetite(natural_signal(antibodies), natural_signal(seen), eating.unaided.value))


def part_of(pair: Interaction, bound: float) -> float:
    """What so many pairs add to a saturating signal [-]."""
    assert pair.half is not None and pair.hill is not None  # an activating pair has both
    return float(activating_part(bound, pair.half.value, pair.hill.value))


def _rate_of_kills(library: Library, killer: Side, target: Side, turned: Turned) -> float:
    """Of a contact with nothing but the target's resistance in the way [1/min]; see `laws.ledger`."""
    killing, lytic_target = killer.cell.killing, target.cell.lytic_target
    if killing is None or lytic_target is None:
        return 1.0  # a meal has no way to be resisted
    levels = [target.usable(name) for name in PROTEINS]
    levels[-1] /= max(
        target.resting.get(PROTEINS[-1], 0.0), 1.0
    )  # survivin counts relative to the cell at rest
    proteins = DeathProteins(*levels)
    guarding, xiap = held_back(proteins)
    repair = rate_of_half_life(lytic_target.damage_half_life.value)
    rate = float(kill_rate(killing.hit_rate_max.value, hits_in_a_row(guarding, xiap), repair, DYING))
    held = _receptors_held(library, killer, target, turned)
    left = float(active_disc(held, proteins.flip, TISSUE_RATES.flip_half))
    if left > 0.0:
        speed = LIGAND_SPEED * passed_by_xiap(xiap)
        rate += float(ligand_kill_rate(left, receptors_needed(guarding, xiap), speed))
    return rate


def _receptors_held(library: Library, killer: Side, target: Side, turned: Turned) -> float:
    """Death receptors of the target that the killer's ligands and agonists hold [molecules]."""
    held = sum(target.level(name) * share for name, share in turned.agonized.items())
    for pair in pairs_of_kind(library, "death"):
        assert pair.contact is not None  # a pair of this kind has one
        bound = bound_between(pair, target.usable(pair.receptor), killer.usable(pair.ligand), target, killer)
        held += bound * pair.contact.value
    return held
