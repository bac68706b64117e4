"""The encounter ledger's loops: what every contact would be worth without any set of its barriers, and who is near.

Nothing of the tissue is changed here. What a contact is, and its factors, are those of `contacts.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np

from opsonin.kernels.compiled import bare, inlined
from opsonin.kernels.contacts import (
    checkpoint,
    costimulation_of,
    death_receptors,
    hit_rate_of,
    recognises,
    signal_seen,
    target_of,
)
from opsonin.kernels.death import proteins_of
from opsonin.kernels.metabolism import fitness_of, fitness_under
from opsonin.kernels.neighbours import OK, bin_cells, bin_shape, nearest, room_for_spans, spans_around
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.death import active_disc, guard_load, stable_xiap
from opsonin.laws.ledger import (
    DYING,
    LEAST_NEEDED,
    LEAST_SHARE,
    LIGAND_POWER,
    LIGAND_SPEED,
    NEEDED_STEEPNESS,
    hits_in_a_row,
    kill_rate,
    let_through,
    passed_by_xiap,
    receptors_needed,
    speed_under_threshold,
    unresisted_kill_rate,
)
from opsonin.laws.operations import power
from opsonin.laws.recognition import bound_receptors, lytic_hit_hazard, vigour
from opsonin.model.death import EARM_CELL, TISSUE_RATES
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import DAMAGE_HALF_LIFE, EATER, NATURAL

FAR, NEAR, HELD = range(3)
# Barriers of a contact, in this order: these, the checkpoints of the tables, and the last three.
RECEPTOR, ANTIGEN, LIGANDS, COSTIMULATED, FIRST_CHECKPOINT = range(5)
AFTER_CHECKPOINTS = 3  # fitness, exhaustion, resistance
PATTERNS = 16  # of closed barriers that are summed apart at a time


_BCL2, _BCLXL, _MCL1 = TISSUE_RATES.bcl2_affinity, TISSUE_RATES.bclxl_affinity, TISSUE_RATES.mcl1_affinity
_BAX_SHARE, _SURVIVIN_SHARE = TISSUE_RATES.bax_share, TISSUE_RATES.survivin_share
# Of the cell that `hits_in_a_row` is relative to: hold of the guards over what they guard, and XIAP.
_GUARDING = (1.0 + EARM_CELL.bcl2 / _BCL2 + EARM_CELL.bclxl / _BCLXL + EARM_CELL.mcl1 / _MCL1) / (
    _BAX_SHARE * EARM_CELL.bax + EARM_CELL.bak
)
_XIAP = EARM_CELL.xiap


class Contact(NamedTuple):
    """What a killer can do to the target it holds, and what the target sets against it.

    Attributes:
        hit_rate: of a killer with nothing in its way [1/min]; bound: death receptors that it then holds [molecules].
        hits, repair: as in `laws.ledger.kill_rate`.
        needed, speed: as in `laws.ledger.ligand_kill_rate`.
        active: share of the DISC that cFLIP leaves [-].
        eats: whether it eats its target, which then has no way to resist.
    """

    hit_rate: float
    bound: float
    hits: float
    repair: float
    needed: float
    speed: float
    active: float
    eats: bool


@inlined
def _shares(cells, tables, drugs, i, j, share):
    """What each barrier but resistance lets through between killer `i` and target `j`."""
    numbers = tables.types[cells.kind[i]]
    checkpoints = len(tables.checkpoints)
    share[RECEPTOR] = let_through(1.0 if recognises(cells, tables, drugs, i) else 0.0)
    share[ANTIGEN] = share[LIGANDS] = 1.0
    share[LIGANDS if numbers[NATURAL] > 0.0 else ANTIGEN] = let_through(
        signal_seen(cells, tables, drugs, i, j)
    )
    share[COSTIMULATED] = let_through(costimulation_of(cells, numbers, i))
    for k in range(checkpoints):
        share[FIRST_CHECKPOINT + k] = let_through(
            checkpoint(cells, tables, drugs, i, j, tables.checkpoints[k])
        )
    after = FIRST_CHECKPOINT + checkpoints
    share[after] = let_through(fitness_of(cells.signal, tables.fitness[cells.kind[i]], drugs.free, i))
    share[after + 1] = let_through(vigour(cells.exhaustion[i]))


@inlined
def contact_of(cells, tables, drugs, i, j):
    """The `Contact` of killer `i` with target `j`."""
    proteins = proteins_of(cells, tables, drugs, j)
    guarding, xiap = held_back(proteins)
    return Contact(
        hit_rate_of(cells, tables.types[cells.kind[i]], i),
        death_receptors(cells, tables, drugs, i, j),
        hits_in_a_row(guarding, xiap),
        rate_of_half_life(tables.types[cells.kind[j], DAMAGE_HALF_LIFE]),
        receptors_needed(guarding, xiap),
        LIGAND_SPEED * passed_by_xiap(xiap),
        active_disc(1.0, proteins.flip, TISSUE_RATES.flip_half),
        tables.types[cells.kind[i], EATER] > 0.0,
    )


@inlined
def kills_resisted(contact, delivered, raised, withheld):
    """Rate of kills at this effort [1/min]; hits and death receptors as if the other were not there.

    Args:
        raised, withheld: as in `laws.ledger.speed_under_threshold`, of the receptors held.
    """
    rate, hazard = 0.0, lytic_hit_hazard(delivered, contact.hit_rate)
    if contact.eats:
        return hazard
    if hazard > 0.0:
        rate += kill_rate(hazard, contact.hits, contact.repair, DYING)
    bound = bound_receptors(contact.bound, contact.active, delivered)
    if bound > LEAST_NEEDED * contact.needed:
        rate += speed_under_threshold(raised, withheld, contact.speed)
    return rate


@inlined
def _closed(share, barriers):
    """Write the barriers before resistance that let less than everything through; returns how many."""
    count = 0
    for b in range(len(share) - 1):
        if share[b] < 1.0:
            barriers[count] = b
            count += 1
    return count


@inlined
def _products(full, exponent, share, closed, product):
    """For every set of the closed barriers taken away `full` times what the others let through, to a power."""
    product[0] = full
    for c in range(len(closed)):
        factor = power(share[closed[c]], exponent)
        for without in range(1 << c):
            product[without | 1 << c] = product[without]
            product[without] *= factor


@bare
def _without_each_set(share, closed, contact, powers, possible, resisted):
    """For every set of the closed barriers taken away the rate of kills without resistance, and with it.

    Args:
        closed: (m,) barriers; bit c of a set stands for the c-th of them.
        powers: (3, 2^m or more) output: effort, and what it makes of the powers of the receptors held.
        possible, resisted: (2^m or more,) outputs.
    Where resistance undoes as good as everything that hits and less than one receptor held do, it does so at any lower
    effort: most sets need no power.
    """
    delivered, raised, withheld = powers[0], powers[1], powers[2]
    most = bound_receptors(contact.bound, contact.active, 1.0)
    _products(1.0, 1.0, share, closed, delivered)
    _products(power(most, LIGAND_POWER), LIGAND_POWER, share, closed, raised)
    _products(power(contact.needed / most, NEEDED_STEEPNESS), -NEEDED_STEEPNESS, share, closed, withheld)
    full = unresisted_kill_rate(contact.hit_rate, contact.bound, LIGAND_SPEED)
    in_vain = 0.0
    for without in range((1 << len(closed)) - 1, -1, -1):
        effort = delivered[without]
        possible[without] = effort * full
        passed = LEAST_SHARE
        if effort > in_vain and possible[without] > 0.0:
            kills = kills_resisted(contact, effort, raised[without], withheld[without])
            passed = let_through(min(kills / possible[without], 1.0))
            if passed == LEAST_SHARE and contact.bound * effort < 1.0:
                in_vain = max(in_vain, effort)
        resisted[without] = possible[without] * passed


@nb.njit(cache=True, error_model="numpy")
def _orders(players, weight):
    """Write the share of orders of so many players in which exactly these `size` come before this one, by size."""
    count = 1.0
    for size in range(players):
        weight[size] = 1.0 / (players * count)
        count = count * (players - 1 - size) / (size + 1)


@nb.njit(cache=True, error_model="numpy")
def shapley(worth, values, apart):
    """What each of m players adds on average over all orders in which they may come.

    Args:
        worth: (2^m,) of every set of players, bit b for player b.
        values: (m,) output; together worth[-1] - worth[0].
        apart: (m + 1,) output: the same with one player more, the last, without whom the others are worth nothing;
            together worth[-1].
    Memory: 2 (m + 1); work: m 2^m.
    """
    players = len(values)
    weight, with_last = np.empty(players), np.empty(players + 1)
    _orders(players, weight)
    _orders(players + 1, with_last)
    values[:] = 0.0
    apart[:] = 0.0
    for chosen in range(len(worth)):
        size = 0
        for b in range(players):
            size += chosen >> b & 1
        apart[players] += worth[chosen] * with_last[size]
        for b in range(players):
            if not chosen >> b & 1:
                gain = worth[chosen | 1 << b] - worth[chosen]
                values[b] += gain * weight[size]
                apart[b] += gain * with_last[size + 1]


@nb.njit(cache=True, error_model="numpy")
def _share_out(mask, resisted, possible, lost, apart):
    """Add what each barrier takes of contacts with the barriers in `mask` closed: an open one takes nothing."""
    last = len(lost) - 1
    closed = np.empty(last + 1, np.int64)
    count = 0
    for b in range(last):
        if mask >> b & 1:
            closed[count] = b
            count += 1
    closed[count] = last  # resistance
    worth = np.concatenate((resisted[: 1 << count], possible[: 1 << count]))
    values, with_space = np.empty(count + 1), np.empty(count + 2)
    shapley(worth, values, with_space)
    for c in range(count + 1):
        lost[closed[c]] += values[c]
        apart[closed[c]] += with_space[c]
    apart[last + 1] += with_space[count + 1]


@inlined
def held_back(proteins):
    """How the guards and XIAP of these `DeathProteins` hold death back, relative to the cell of EARM [-]."""
    effectors = _BAX_SHARE * proteins.bax + proteins.bak
    load = guard_load(proteins.bcl2, proteins.bclxl, proteins.mcl1, _BCL2, _BCLXL, _MCL1)
    xiap = stable_xiap(proteins.xiap, proteins.survivin, _SURVIVIN_SHARE)
    return (1.0 + load) / max(effectors, 1.0) / _GUARDING, xiap / _XIAP


@inlined
def _note_losses(share, signal, fitness, free, i, losses, unfit):
    """Add the logarithms of what each barrier lets through, and of what each substrate leaves of fitness."""
    for b in range(len(share)):
        losses[b] -= np.log(share[b])
    for s in range(len(unfit)):
        unfit[s] -= np.log(let_through(fitness_under(signal, fitness, free, i, s)))


@nb.njit(cache=True, error_model="numpy")
def tally(cells, tables, key, drugs, killers, start, touched, place, lost, apart, expected, losses, unfit):
    """Add up all contacts of this moment; returns how many there are.

    Args:
        killers, start, touched: as in `contacts.engage`, all that could kill, whatever they recognise.
        place: (n,) in and out: HELD is written for targets that are held.
        lost: (k,) in and out: rate of kills that each barrier takes, by `shapley` [1/min]; apart: (k + 1,) likewise
            where targets have no killer, the last of which is space; expected: (1,) rate of kills as it is.
        losses: (k,) in and out: minus the logarithm of what each barrier lets through; unfit: (substrates,) likewise,
            of what each leaves of fitness, which is one barrier: with a player for each of them sets would be too many.
    Contacts with the same barriers closed are summed over the sets of these alone, and then shared out.
    Memory: 16 bytes for each set of barriers and pattern, 40 for each set; work: contacts times 2^(barriers closed).
    """
    k = len(losses)
    sets = 1 << (k - 1)
    share, barriers = np.empty(k), np.empty(k, np.int64)
    powers, possible, resisted = np.empty((3, sets)), np.empty(sets), np.empty(sets)
    masks, sums = np.empty(PATTERNS, np.int64), np.empty((PATTERNS, 2, sets))
    contacts = patterns = 0
    for e in range(len(killers)):
        i = killers[e]
        j = target_of(cells, tables, key, i, touched[start[e] : start[e + 1]])
        if j < 0:
            continue
        contacts += 1
        place[j] = HELD
        _shares(cells, tables, drugs, i, j, share)
        count = _closed(share, barriers)
        _without_each_set(
            share, barriers[:count], contact_of(cells, tables, drugs, i, j), powers, possible, resisted
        )
        share[k - 1] = resisted[0] / possible[0] if possible[0] > 0.0 else LEAST_SHARE
        expected[0] += resisted[0]
        mask = 0
        for b in barriers[:count]:
            mask |= 1 << b
        p = 0
        while p < patterns and masks[p] != mask:
            p += 1
        if p == PATTERNS:
            for full in range(PATTERNS):
                _share_out(masks[full], sums[full, 0], sums[full, 1], lost, apart)
            p = patterns = 0
        if p == patterns:
            masks[p] = mask
            sums[p, :, : 1 << count] = 0.0
            patterns += 1
        for without in range(1 << count):
            sums[p, 0, without] += resisted[without]
            sums[p, 1, without] += possible[without]
        _note_losses(share, cells.signal, tables.fitness[cells.kind[i]], drugs.free, i, losses, unfit)
    for p in range(patterns):
        _share_out(masks[p], sums[p, 0], sums[p, 1], lost, apart)
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
    spans = room_for_spans()
    for i in killers:
        for s in range(spans_around(bin_of[i], bins, start, spans)):
            for t in range(spans.first[s], spans.last[s]):
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
