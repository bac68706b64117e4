"""The encounter ledger's loops: what every contact would be worth without any set of its barriers, and who is near.

Nothing of the tissue is changed here. What a contact is, and its factors, are those of `contacts.py`.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from opsonin.kernels.contacts import antigen_seen, checkpoint, target_of
from opsonin.kernels.neighbours import MAX_SPANS, OK, bin_cells, bin_shape, nearest, spans_around
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.ledger import WASTED_HITS, kill_rate, let_through
from opsonin.laws.metabolism import oxygen_fitness
from opsonin.laws.recognition import vigour
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import COSTIMULATION, DAMAGE_HALF_LIFE, HIT_RATE, LYTIC_OXYGEN

FAR, NEAR, HELD = range(3)
# Barriers of a contact, in this order: these, the checkpoints of the tables, and the last three.
RECEPTOR, ANTIGEN, COSTIMULATED, FIRST_CHECKPOINT = range(4)
AFTER_CHECKPOINTS = 3  # oxygen, exhaustion, resistance


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
    all_but_resistance = (1 << (k - 1)) - 1
    share, hazard = np.empty(k), np.empty(1 << (k - 1))
    contacts = 0
    for e in range(len(killers)):
        i = killers[e]
        j = target_of(cells, tables, key, i, touched[start[e] : start[e + 1]])
        if j < 0:
            continue
        contacts += 1
        place[j] = HELD
        _shares(cells, tables, free, i, j, share)
        hits = cells.threshold[j] + WASTED_HITS if cells.threshold[j] > 1.0 else 1.0
        repair = rate_of_half_life(tables.types[cells.kind[j], DAMAGE_HALF_LIFE])
        hazard[all_but_resistance] = tables.types[cells.kind[i], HIT_RATE]
        for without in range(all_but_resistance, -1, -1):
            if without < all_but_resistance:
                b = 0
                while without >> b & 1:
                    b += 1
                hazard[without] = hazard[without | 1 << b] * share[b]
            most = hazard[without]
            share[k - 1] = let_through(kill_rate(most, hits, repair) / most)
            worth[without] += most * share[k - 1]
            worth[without | 1 << (k - 1)] += most
        for b in range(k):  # the last set was the empty one: resistance at the hazard as it is
            losses[b] -= np.log(share[b])
    return contacts


@nb.njit(cache=True, error_model="numpy")
def mark_near(cells, n, tables, killers, reach, box, dimension, place):
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
