"""Before time 0: imaged positions do not fit model radii, so the cells push each other into place.

The pressure that the window then holds is that of the living tissue, whose crawling cells push too.
"""

from __future__ import annotations

import math

import numpy as np

from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.tissue import motion, window
from opsonin.tissue.tissue import Tissue

_STEP = 1.0  # min
_ROUNDS = 240
# The tissue is at rest when no cell moves faster than this [um/min].
_AT_REST = 0.01
_STRAIN = 0.005
# Crawling is rehearsed for this long before its pressure is averaged for as long again [min].
_REHEARSAL = 60


def relax(tissue: Tissue) -> None:
    """Move the cells until they are nearly at rest, then measure bulk modulus and resting pressure."""
    tissue.measure = float(np.sum(window.measures(tissue)))
    for _ in range(_ROUNDS):
        if motion.settle(tissue, _STEP) < _AT_REST * _STEP:
            break
    at_rest = _pressure(tissue)
    tissue.bulk_modulus = max(_modulus(tissue, at_rest), 1e-9)
    tissue.resting_pressure = max(_living_pressure(tissue), 1e-9)


def _pressure(tissue: Tissue) -> float:
    motion.settle(tissue, 0.0)
    return window.pressure(tissue)


def _modulus(tissue: Tissue, at_rest: float) -> float:
    """dP / dln(density) by a small uniform strain, undone exactly afterwards [1/min]."""
    cells = tissue.cells.columns()
    box, values = tissue.box, tissue.fields.values.copy()
    vessels = tissue.vessels.x.copy(), tissue.vessels.y.copy()
    window.stretch(tissue, math.exp(-_STRAIN / tissue.dimension))
    compressed = _pressure(tissue)
    tissue.box, tissue.fields.box, tissue.fields.values = box, box, values
    tissue.vessels.x, tissue.vessels.y = vessels
    _restore(tissue, cells)
    return (compressed - at_rest) / _STRAIN


def _living_pressure(tissue: Tissue) -> float:
    """Mean pressure while motile cells crawl, rehearsed and undone: the cells stay where the biopsy shows them."""
    cells = tissue.cells.columns()
    seen = []
    for minute in range(2 * _REHEARSAL):
        motion.step(tissue, (minute - 2 * _REHEARSAL) * TICKS_PER_MINUTE, _STEP)
        if minute >= _REHEARSAL:
            seen.append(window.pressure(tissue))
    _restore(tissue, cells)
    return float(np.mean(seen))


def _restore(tissue: Tissue, cells: dict[str, np.ndarray]) -> None:
    for name, column in cells.items():
        getattr(tissue.cells.arrays, name)[..., : tissue.cells.n] = column
