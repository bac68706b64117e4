"""Molecules relax towards the level that the cell's signals call for."""

from __future__ import annotations

import numba as nb

from opsonin.laws.events import relaxed
from opsonin.laws.expression import steady_level
from opsonin.laws.response import fold_change
from opsonin.model.phase import COMMITTED


@nb.njit(cache=True, error_model="numpy", parallel=True)
def express(cells, n, tables, turnover, fold, duration):
    """Advance all molecules of all live cells over a step; writes `level`.

    Args:
        turnover: (molecules,) rate ln 2 / half-life [1/min].
        fold: (molecules,) factor that drugs put on the resting level [-].
        duration: [min].
    Memory: in place; work: n x (molecules + shifts).
    """
    kind, phase, level, variation, signal = (
        cells.kind,
        cells.phase,
        cells.level,
        cells.variation,
        cells.signal,
    )
    resting, molecule, by, numbers = tables.resting, tables.shift_molecule, tables.shift_signal, tables.shift
    for i in nb.prange(n):
        if phase[i] <= COMMITTED:
            for m in range(resting.shape[1]):
                shift = fold[m]
                for k in range(len(molecule)):
                    if molecule[k] == m:
                        shift *= fold_change(numbers[k, 0], signal[by[k], i], numbers[k, 1], numbers[k, 2])
                target = steady_level(resting[kind[i], m], variation[m, i], shift)
                level[m, i] = relaxed(level[m, i], target, turnover[m], duration)
