"""The encounter ledger's loops: what every contact would be worth without any set of its barriers, and who is near.

Nothing of the tissue is changed here. What a contact is, and its factors, are those of `contacts.py`.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from opsonin.kernels.contacts import antigen_seen, checkpoint, target_of
from opsonin.kernels.death import proteins_of
from opsonin.kernels.neighbours import MAX_SPANS, OK, bin_cells, bin_shape, nearest, spans_around
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.death import guard_load, stable_xiap
from opsonin.laws.ledger import DYING, LEAST_SHARE, hits_in_a_row, kill_rate, let_through
from opsonin.laws.metabolism import oxygen_fitness
from opsonin.laws.recognition import vigour
from opsonin.model.death import EARM_CELL, TISSUE_RATES
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import COSTIMULATION, DAMAGE_HALF_LIFE, HIT_RATE, LYTIC_OXYGEN

FAR, NEAR, HELD = range(3)
# Barriers of a contact, in this order: these, the checkpoints of the tables, and the last three.
RECEPTOR, ANTIGEN, COSTIMULATED, FIRST_CHECKPOINT = range(4)
AFTER_CHECKPOINTS = 3  # oxygen, exhaustion, resistance


_BCL2, _BCLXL, _MCL1 = TISSUE_RATES.bcl2_affinity, TISSUE_RATES.bclxl_affinity, TISSUE_RATES.mcl1_affinity
_BAX_SHARE, _SURVIVIN_SHARE = TISSUE_RATES.bax_share, TISSUE_RATES.survivin_share
# Of the cell that `hits_in_a_row` is relative to: hold of the guards over what they guard, and XIAP.
_GUARDING = (1.0 + EARM_CELL.bcl2 / _BCL2 + EARM_CELL.bclxl / _BCLXL + EARM_CELL.mcl1 / _MCL1) / (
    _BAX_SHARE * EARM_CELL.bax + EARM_CELL.bak
)
_XIAP = EARM_CELL.xiap


@nb.njit(cache=True, error_model="numpy")
def _shares(cells, tables, free, i, j, share):
    """What each barrier but resistance lets through between killer `i` and target `j`."""
    numbers = tables.types[cells.kind[i]]
    checkpoints = len(tables.checkpoint_receptor)
    share[RECEPTOR] = let_through(1.0 if cells.reactive[i] > 0 else 0.0)
    share[ANTIGEN] = let_through(antigen_seen(cells, tables, i, j))
    share[COSTIMULATED] = let_through(numbers[COSTIMULATION])
    for k in range(checkpoints):
        share[FIRST_CHECKPOINT + k] = let_through(checkpoint(cells, tables, free, i, j, k))
    after = FIRST_CHECKPOINT + checkpoints
    share[after] = let_through(oxygen_fitness(cells.signal[tables.oxygen, i], numbers[LYTIC_OXYGEN]))
    share[after + 1] = let_through(vigour(cells.exhaustion[i]))


@nb.njit(cache=True, error_model="numpy")
def _without_each_set(share, hazard, resisted, hits, repair):
    """For every set of barriers taken away the hazard of a hit, and what of it resistance lets through.

    Args:
        hazard: (2^(k-1),) output, at the beginning hazard[0] with nothing in the way; resisted: likewise, output.
    An open barrier makes no other set, and where repair undoes as good as everything it does so at any lower hazard:
    most sets need no power.
    """
    open_ones = 0
    for b in range(len(share) - 1):
        if share[b] == 1.0:
            open_ones |= 1 << b
        for without in range(1 << b):
            hazard[without | 1 << b] = hazard[without]
            hazard[without] *= share[b]
    closed = 0.0
    for without in range(len(hazard) - 1, -1, -1):
        if without | open_ones != without:
            resisted[without] = resisted[without | open_ones]
        elif hazard[without] <= closed:
            resisted[without] = LEAST_SHARE
        else:
            resisted[without] = let_through(kill_rate(hazard[without], hits, repair, DYING) / hazard[without])
            if resisted[without] == LEAST_SHARE:
                closed = max(closed, hazard[without])


@nb.njit(cache=True, error_model="numpy")
def hits_of(proteins):
    """Hits in a row that kill a cell of these `DeathProteins`, see `laws.ledger.hits_in_a_row`."""
    effectors = _BAX_SHARE * proteins.bax + proteins.bak
    load = guard_load(proteins.bcl2, proteins.bclxl, proteins.mcl1, _BCL2, _BCLXL, _MCL1)
    xiap = stable_xiap(proteins.xiap, proteins.survivin, _SURVIVIN_SHARE)
    return hits_in_a_row((1.0 + load) / max(effectors, 1.0) / _GUARDING, xiap / _XIAP)


@nb.njit(cache=True, error_model="numpy")
def tally(cells, tables, key, free, killers, start, touched, place, worth, losses):
    """Add up all contacts of this moment; returns how many there are.

    Args:
        killers, start, touched: as in `contacts.engage`, all that could kill, whatever they recognise.
        place: (n,) in and out: HELD is written for targets that are held.
        worth: (2^k,) in and out: rate of kills with the barriers of each set taken away, bit b for barrier b [1/min].
        losses: (k,) in and out: minus the logarithm of what each barrier lets through.
    Memory: 2^k; work: contacts times 2^k.
    """
    k = len(losses)
    share, hazard, resisted = np.empty(k), np.empty(1 << (k - 1)), np.empty(1 << (k - 1))
    contacts = 0
    for e in range(len(killers)):
        i = killers[e]
        j = target_of(cells, tables, key, i, touched[start[e] : start[e + 1]])
        if j < 0:
            continue
        contacts += 1
        place[j] = HELD
        _shares(cells, tables, free, i, j, share)
        hits = hits_of(proteins_of(cells, tables, free, j))
        repair = rate_of_half_life(tables.types[cells.kind[j], DAMAGE_HALF_LIFE])
        hazard[0] = tables.types[cells.kind[i], HIT_RATE]
        _without_each_set(share, hazard, resisted, hits, repair)
        share[k - 1] = resisted[0]
        for without in range(len(hazard)):
            worth[without] += hazard[without] * resisted[without]
            worth[without | len(hazard)] += hazard[without]
        for b in range(k):
            losses[b] -= np.log(share[b])
    return contacts


@nb.njit(cache=True, error_model="numpy")
def mark_near(cells, n, killers, reach, box, dimension, place):
    """Write NEAR for every cell within `reach` [um] of a killer, FAR for all others; returns a status.

    Args:
        place: (n,) output.
    Memory: 16 bytes per cell; work: n, and the neighbours of each killer.
    """
    place[:n] = FAR
    bins = bin_shape(box, reach, dimension)
    order, bin_of = np.empty(n, np.int64), np.empty(n, np.int64)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    status = bin_cells(cells.x, cells.y, cells.z, n, box, bins, order, start, bin_of)
    if status != OK:
        return status
    first, last = np.empty(MAX_SPANS, np.int64), np.empty(MAX_SPANS, np.int64)
    for i in killers:
        for s in range(spans_around(bin_of[i], bins, start, first, last)):
            for t in range(first[s], last[s]):
                j = order[t]
                if place[j] == NEAR:
                    continue
                dx = nearest(cells.x[i] - cells.x[j], box[0])
                dy = nearest(cells.y[i] - cells.y[j], box[1])
                dz = nearest(cells.z[i] - cells.z[j], box[2]) if dimension == 3 else 0.0
                if dx * dx + dy * dy + dz * dz < reach * reach:
                    place[j] = NEAR
    return OK


@nb.njit(cache=True, error_model="numpy")
def count_targets(cells, n, tables, place):
    """Live targets that are (FAR, NEAR, HELD)."""
    counted = np.zeros(3, np.int64)
    for j in range(n):
        if cells.phase[j] <= COMMITTED and tables.types[cells.kind[j], DAMAGE_HALF_LIFE] > 0.0:
            counted[place[j]] += 1
    return counted
