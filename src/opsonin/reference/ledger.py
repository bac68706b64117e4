"""The encounter ledger in plain Python: one contact, one set of barriers, one order of taking them away at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import permutations
from typing import Any

import numpy as np

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.death import active_disc, guard_load, stable_xiap
from opsonin.laws.ledger import (
    DYING,
    LEAST_NEEDED,
    LIGAND_SPEED,
    hits_in_a_row,
    kill_rate,
    let_through,
    ligand_kill_rate,
    passed_by_xiap,
    receptors_needed,
    unresisted_kill_rate,
)
from opsonin.laws.recognition import checkpoint_factor, costimulation, vigour
from opsonin.model import phase as phases
from opsonin.model import tables as column
from opsonin.model.death import EARM_CELL, TISSUE_RATES, DeathProteins
from opsonin.reference.metabolism import fitness_of
from opsonin.reference.synapses import (
    death_receptors,
    hit_rate_of,
    pairs_between,
    recognises,
    signal_seen,
)


def shares(cells: Any, tables: Any, drugs: Any, i: int, j: int) -> list[float]:
    """What each barrier but resistance lets through between killer `i` and target `j`."""
    numbers = tables.types[cells.kind[i]]
    seen, natural = signal_seen(cells, tables, drugs, i, j), numbers[column.NATURAL] > 0.0
    passed = [
        float(recognises(cells, tables, drugs, i)),
        1.0 if natural else seen,
        seen if natural else 1.0,
        float(costimulation(numbers[column.COSTIMULATION], float(cells.costimulated[i]))),
    ]
    for receptor, ligand, affinity, half, steepness, *_ in tables.checkpoints.tolist():
        pairs = pairs_between(cells, tables, drugs, (i, receptor), (j, ligand), affinity)
        passed.append(float(checkpoint_factor(pairs, half, steepness)))
    passed.append(fitness_of(cells, tables, drugs.free, i))
    passed.append(vigour(cells.exhaustion[i]))
    return [float(let_through(share)) for share in passed]


def worth_of(cells: Any, tables: Any, drugs: Any, i: int, j: int, without: Iterable[int]) -> float:
    """Rate of kills of one contact with some barriers taken away [1/min]; the last barrier is resistance."""
    passed, taken = shares(cells, tables, drugs, i, j), set(without)
    delivered = math.prod(share for b, share in enumerate(passed) if b not in taken)
    hazard = delivered * hit_rate_of(cells, tables, i)
    bound = delivered * death_receptors(cells, tables, drugs, i, j)
    possible = float(unresisted_kill_rate(hazard, bound, LIGAND_SPEED))
    if len(passed) in taken:
        return possible
    levels = [float(cells.level[m, j] * drugs.free[m]) for m in tables.death]
    levels[-1] /= max(tables.resting[cells.kind[j], tables.death[-1]], 1.0)
    proteins = DeathProteins(*levels)
    guarding, xiap = held_back(proteins)
    repair = rate_of_half_life(float(tables.types[cells.kind[j], column.DAMAGE_HALF_LIFE]))
    if tables.types[cells.kind[i], column.EATER] > 0.0:
        return hazard
    rate = 0.0
    if hazard > 0.0:
        rate += float(kill_rate(hazard, hits_in_a_row(guarding, xiap), repair, DYING))
    left, needed = active_disc(bound, proteins.flip, TISSUE_RATES.flip_half), receptors_needed(guarding, xiap)
    if left > LEAST_NEEDED * needed:
        rate += float(ligand_kill_rate(left, needed, LIGAND_SPEED * passed_by_xiap(xiap)))
    return possible * float(let_through(min(rate / possible, 1.0))) if possible else 0.0


def held_back(proteins: DeathProteins) -> tuple[float, float]:
    """How guards and XIAP hold death back, relative to the cell of EARM; see `kernels.ledger.held_back`."""

    def guarding(cell: DeathProteins) -> float:
        affinities = (TISSUE_RATES.bcl2_affinity, TISSUE_RATES.bclxl_affinity, TISSUE_RATES.mcl1_affinity)
        load = guard_load(cell.bcl2, cell.bclxl, cell.mcl1, *affinities)
        return float((1.0 + load) / max(TISSUE_RATES.bax_share * cell.bax + cell.bak, 1.0))

    xiap = stable_xiap(proteins.xiap, proteins.survivin, TISSUE_RATES.survivin_share)
    return guarding(proteins) / guarding(EARM_CELL), float(xiap / EARM_CELL.xiap)


def near(cells: Any, n: int, killers: Iterable[int], reach: float, box: Any, dimension: int) -> list[bool]:
    """Whether each cell is within `reach` [um] of a killer; see `kernels.ledger.mark_near`."""
    place = np.array([cells.x[:n], cells.y[:n], cells.z[:n]])[:dimension]
    edges = np.array(box)[:dimension]
    found = []
    for j in range(n):
        apart = (place[:, [j]] - place[:, list(killers)]).T
        apart -= edges * np.rint(apart / edges)
        found.append(bool((np.sum(apart**2, axis=1) < reach**2).any()))
    return found


def is_target(cells: Any, tables: Any, j: int) -> bool:
    """Whether a cell lives and can be killed by hits."""
    return bool(
        cells.phase[j] in (phases.RESTING, phases.COMMITTED)
        and tables.types[cells.kind[j], column.DAMAGE_HALF_LIFE] > 0.0
    )


def shapley(players: int, worth: Callable[[frozenset[int]], float]) -> list[float]:
    """What each player adds on average over all orders in which they may come."""
    values = [0.0] * players
    orders = list(permutations(range(players)))
    for order in orders:
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            values[player] += (worth(before | {player}) - worth(before)) / len(orders)
    return values


def shapley_values(worth: Any) -> Any:
    """(k,) the same from the worth of every set of players, bit b for player b, by sizes of sets."""
    players = len(worth).bit_length() - 1
    sets = np.arange(len(worth))
    size = np.array([int(s).bit_count() for s in sets])
    weight = np.array([math.factorial(s) * math.factorial(players - 1 - s) for s in range(players)])
    weight = weight / math.factorial(players)
    values = np.empty(players)
    for b in range(players):
        without = sets[sets >> b & 1 == 0]
        values[b] = np.sum(weight[size[without]] * (worth[without | 1 << b] - worth[without]))
    return values
