"""Molecules relax towards the level that the cell's signals call for, and cells forget how they differed."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from opsonin.core.random import Stream, normals
from opsonin.core.threads import spread
from opsonin.laws.events import approached, relaxed
from opsonin.laws.expression import remixed_variation, steady_level
from opsonin.laws.response import fold_change
from opsonin.model.phase import COMMITTED

_MIXING = int(Stream.MIXING)


def express(cells: Any, n: Any, tables: Any, turnover: Any, fold: Any, duration: Any) -> None:
    """Advance all molecules of all live cells over a step; writes `level`.

    Args:
        turnover: (molecules,) rate ln 2 / half-life [1/min].
        fold: (molecules,) factor that drugs put on the resting level [-].
        duration: [min].
    Memory: in place; work: n x (molecules + shifts).
    """
    spread(n, _express, cells, tables, turnover, fold, duration)


@nb.njit(cache=True, error_model="numpy", nogil=True)
def _express(begin, end, cells, tables, turnover, fold, duration):
    kind, phase, lost, signal = cells.kind, cells.phase, cells.lost, cells.signal
    level, variation, removed_by, deaf_by = cells.level, cells.variation, tables.removed_by, tables.deaf_by
    kept = np.empty(len(turnover))
    for m in range(len(turnover)):
        kept[m] = relaxed(1.0, 0.0, turnover[m], duration)
    resting, shifts = tables.resting, tables.shifts
    for i in range(begin, end):
        if phase[i] <= COMMITTED:
            k = 0  # shifts lie in the order of their molecules
            for m in range(resting.shape[1]):
                shift = fold[m]
                while k < len(shifts) and shifts[k].molecule == m:
                    by = shifts[k].signal
                    if resting[kind[i], m] > 0.0 and not lost[i] & deaf_by[by]:
                        shift *= fold_change(
                            shifts[k].fold_max, signal[by, i], shifts[k].half, shifts[k].hill
                        )
                    k += 1
                if resting[kind[i], m] == 0.0:
                    continue  # it has none, and comes to none
                target = steady_level(resting[kind[i], m], variation[m, i], shift)
                if lost[i] & removed_by[m]:
                    target = 0.0
                level[m, i] = approached(level[m, i], target, kept[m])


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


@nb.njit(cache=True, error_model="numpy", nogil=True)
def _remix(begin, end, cells, resting, sigma, kept, draw, key, hour):
    kind, phase, variation, identity = cells.kind, cells.phase, cells.variation, cells.id
    for i in range(begin, end):
        if phase[i] <= COMMITTED:
            for m in range(len(kept)):
                if kept[m] < 1.0 and resting[kind[i], m] > 0.0:
                    z, _ = normals(key[0], key[1], identity[i], hour, _MIXING, draw[m])
                    variation[m, i] = remixed_variation(variation[m, i], kept[m], sigma[m], z)
