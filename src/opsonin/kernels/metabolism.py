"""What each cell takes from and gives to each substrate, and what that leaves of its fitness."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined
from opsonin.laws.metabolism import (
    enzymatic_release,
    fed_share,
    hypoxic_fold,
    nourished,
    released_by_corpse,
    unharmed,
    uptake_clearance,
)
from opsonin.laws.response import hill
from opsonin.model.phase import APOPTOTIC, COMMITTED
from opsonin.model.tables import BY_ACTIVATION, INDIFFERENT, NEEDED


@inlined
def fitness_under(signal, fitness, free, i, s):
    """Fitness that substrate `s` leaves cell `i` of a type whose answers are `fitness` [-].

    Args:
        signal: of the cells; free: share of each molecule that no drug holds.
    """
    own = fitness[s]
    if own.role == INDIFFERENT:
        return 1.0
    if own.role == NEEDED:
        return nourished(signal[s, i], own.half, own.hill, own.most)
    felt = signal[s, i]
    if own.through >= 0:
        felt *= free[own.through]
    return unharmed(felt, own.half, own.hill, own.most)


@inlined
def fitness_of(signal, fitness, free, i):
    """Metabolic fitness M of cell `i`, the product of `fitness_under` all substrates [-]."""
    product = 1.0
    for s in range(len(fitness)):
        product *= fitness_under(signal, fitness, free, i, s)
    return product


@nb.njit(cache=True, error_model="numpy")
def fitness_of_each(cells, tables, free, slots):
    """`fitness_of` the cells in these slots, (slots,) [-]."""
    found = np.empty(len(slots))
    for row in range(len(slots)):
        i = slots[row]
        found[row] = fitness_of(cells.signal, tables.fitness[cells.kind[i]], free, i)
    return found


def exchange(cells: Any, n: Any, tables: Any, free: Any, first: Any, clearance: Any, release: Any) -> None:
    """Clearance [um3/min] and release [concentration um3/min] of every cell for some substrates; the dead only release.

    Args:
        free: (molecules,) share that no drug holds [-].
        first: substrate of the first row.
        clearance, release: (substrates, n or more) output, of `first` and those that follow it.
    Memory: in place; work: n times the substrates.
    """
    spread(n, _exchange, cells, tables, free, first, clearance, release)


@inlined
def _fold(own, oxygen):
    """What lack of oxygen makes of an exchange [-]."""
    if own.hypoxic_fold == 1.0:
        return 1.0
    return hypoxic_fold(own.hypoxic_fold, oxygen, own.hypoxic_half)


@inlined
def _cleared(own, signal, oxygen, substrate, i):
    """What cell `i` clears of a substrate by saturating uptake [um3/min]."""
    if own.uptake_max <= 0.0:
        return 0.0
    return _fold(own, signal[oxygen, i]) * uptake_clearance(
        own.uptake_max, own.uptake_half, signal[substrate, i]
    )


@inlined
def _fed(own, level, free, resting, i):
    """Rate of the enzyme of cell `i`, of a type with these `resting` levels, by the enzyme that feeds it, over rest."""
    if own.fed_by < 0:
        return 1.0
    available = free[own.fed_by]
    if resting[own.fed_by] > 0.0:
        available *= level[own.fed_by, i] / resting[own.fed_by]
    return fed_share(available, own.fed_half, own.fed_least) / own.fed_mean


@inlined
def _released_dead(own, cells, i):
    """What the corpse of cell `i` releases [concentration um3/min]."""
    if cells.phase[i] != APOPTOTIC:
        return own.necrotic
    if own.marker < 0:
        return own.apoptotic
    return released_by_corpse(own.apoptotic, cells.level[own.marker, i], own.marker_half)


@bare
def _exchange(begin, end, cells, tables, free, first, clearance, release):
    for row in range(len(clearance)):
        _exchange_one(begin, end, cells, tables, free, first + row, clearance[row], release[row])


@bare
def _exchange_one(begin, end, cells, tables, free, substrate, clearance, release):
    """`exchange` of one substrate by cells begin..end-1."""
    kind, phase, signal, activation = cells.kind, cells.phase, cells.signal, cells.activation
    lost, exchanges, oxygen, level = cells.lost, tables.exchanges, tables.oxygen, cells.level
    for i in range(begin, end):
        own = exchanges[kind[i], substrate]
        if phase[i] > COMMITTED:
            clearance[i] = 0.0
            release[i] = _released_dead(own, cells, i)
        else:
            clearance[i] = own.clearance + _cleared(own, signal, oxygen, substrate, i)
            induction = 1.0
            by = own.induced_by
            if by == BY_ACTIVATION:
                induction = activation[i]
            elif by >= 0 and lost[i] & tables.deaf_by[by]:
                induction = 0.0
            elif by >= 0:
                induction = hill(signal[by, i], own.induction_half, 1.0)
            fold = _fold(own, signal[oxygen, i])
            release[i] = own.secretion * induction * fold
            if own.made_from >= 0:
                burnt = own.made_from
                taken = _cleared(exchanges[kind[i], burnt], signal, oxygen, burnt, i) * signal[burnt, i]
                release[i] += own.made_per * taken
            if own.enzyme >= 0:
                made = enzymatic_release(own.turnover, level[own.enzyme, i] * free[own.enzyme])
                release[i] += made * fold * _fed(own, level, free, tables.resting[kind[i]], i)
