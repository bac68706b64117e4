"""Molecules relax towards the level that the cell's signals call for, and cells forget how they differed."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from opsonin.core.random import Stream, normals
from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined
from opsonin.laws.events import approached, relaxed
from opsonin.laws.expression import regulated_fold, remixed_variation, steady_level, weight_of_the_past
from opsonin.laws.response import fold_change, fold_change_of_lack
from opsonin.model.phase import COMMITTED

_MIXING = int(Stream.MIXING)


def express(cells: Any, n: Any, tables: Any, turnover: Any, fold: Any, through: Any, duration: Any) -> None:
    """Advance all molecules of all live cells over a step; writes `level`.

    Args:
        turnover: (molecules,) rate ln 2 / half-life [1/min].
        fold: (molecules,) factor that drugs put on the resting level [-].
        through: rows of `state.exposure.THROUGH`: a factor more on cells that carry another molecule.
        duration: [min].
    A molecule sees a regulator as it is over the step, weighted by what the molecule will remember of it. Seen at the
    beginning or the end of a step, it would come late or early by half a step.
    Memory: in place; work: n x (molecules + shifts).
    """
    spread(n, _express, cells, tables, turnover, fold, through, duration)


@nb.njit(cache=True, error_model="numpy", nogil=True)
def _express(begin, end, cells, tables, turnover, fold, through, duration):
    shifts = tables.shifts
    kept, past = np.empty(len(turnover)), np.empty(len(shifts))
    for m in range(len(turnover)):
        kept[m] = relaxed(1.0, 0.0, turnover[m], duration)
    for k in range(len(shifts)):
        if shifts[k].regulates:
            past[k] = weight_of_the_past(turnover[shifts[k].signal], turnover[shifts[k].molecule], duration)
    before, target = np.empty(len(turnover)), np.empty(len(turnover))
    _express_each(begin, end, cells, tables, fold, through, (kept, past), (before, target))


@bare
def _express_each(begin, end, cells, tables, fold, through, weights, levels):
    """`express` with the weights of what was there, (molecules,) and (shifts,); `levels` is scratch, of one cell."""
    kind, phase, lost, signal = cells.kind, cells.phase, cells.lost, cells.signal
    level, variation, removed_by, deaf_by = cells.level, cells.variation, tables.removed_by, tables.deaf_by
    resting, shifts, order, changes = tables.resting, tables.shifts, tables.order, tables.changes
    kept, past = weights
    before, target = levels
    for i in range(begin, end):
        if phase[i] <= COMMITTED:
            k = 0  # shifts lie in the order of their molecules
            for m in order:
                rest = resting[kind[i], m]
                shift = fold[m] * _fold_through(through, m, kind[i], lost[i], resting, removed_by)
                while k < len(shifts) and shifts[k].molecule == m:
                    by = shifts[k].signal
                    if rest > 0.0 and _is_heard(shifts[k], kind[i], lost[i], resting, deaf_by):
                        if shifts[k].regulates:
                            seen = approached(before[by], target[by], past[k]) / resting[kind[i], by]
                        else:
                            seen = signal[by, i]
                        shift *= _fold(shifts[k], seen)
                    k += 1
                if rest == 0.0:
                    continue  # it has none, and comes to none
                before[m] = level[m, i]
                made = _fold_by_defects(removed_by[m], changes, m, lost[i])
                target[m] = made * steady_level(rest, variation[m, i], shift)
                level[m, i] = approached(before[m], target[m], kept[m])


@inlined
def _fold_through(through, m, kind, lost, resting, removed_by):
    """What drugs put on a molecule of a cell by way of another one that it carries."""
    fold = 1.0
    for row in range(len(through)):
        by = through[row].carrier
        if through[row].molecule == m and resting[kind, by] > 0.0 and not lost & removed_by[by]:
            fold *= through[row].fold
    return fold


@inlined
def _fold_by_defects(removed_by, changes, m, lost):
    """What the defects `lost` of a cell put on the level of a molecule, which those of `removed_by` take away."""
    if lost == 0:
        return 1.0
    fold = 0.0 if lost & removed_by else 1.0
    for row in range(len(changes)):
        if changes[row].molecule == m and lost & (1 << changes[row].defect):
            fold *= changes[row].fold
    return fold


@inlined
def _is_heard(shift, kind, lost, resting, deaf_by):
    """Whether a cell has the regulator, or answers to the substrate."""
    if shift.regulates:
        return resting[kind, shift.signal] > 0.0
    return not lost & deaf_by[shift.signal]


@inlined
def _fold(shift, seen):
    if shift.low:
        fold = fold_change_of_lack(shift.fold_max, seen, shift.half, shift.hill)
    else:
        fold = fold_change(shift.fold_max, seen, shift.half, shift.hill)
    return regulated_fold(fold, shift.at_rest)


def remix(cells: Any, n: Any, resting: Any, sigma: Any, kept: Any, draw: Any, key: Any, hour: Any) -> None:
    """Let the live cells forget in part how they differed from others; writes `variation`.

    Args:
        resting: (types, molecules) levels: what a type lacks is passed over.
        sigma: (molecules,) standard deviation of the log of the variation.
        kept: (molecules,) correlation that is left; 1 where nothing is forgotten.
        draw: (molecules,) uint32, `core.random.draws_of` their names.
        key: (2,) uint32; `hour`: number of the hour.
    Memory: in place; work: n x molecules that mix.
    """
    spread(n, _remix, cells, resting, sigma, kept, draw, key, hour)


@bare
def _remix(begin, end, cells, resting, sigma, kept, draw, key, hour):
    kind, phase, variation, identity = cells.kind, cells.phase, cells.variation, cells.id
    for i in range(begin, end):
        if phase[i] <= COMMITTED:
            for m in range(len(kept)):
                if kept[m] < 1.0 and resting[kind[i], m] > 0.0:
                    z, _ = normals(key[0], key[1], identity[i], hour, _MIXING, draw[m])
                    variation[m, i] = remixed_variation(variation[m, i], kept[m], sigma[m], z)
