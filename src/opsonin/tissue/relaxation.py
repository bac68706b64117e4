"""Before time 0: imaged positions do not fit model radii, so the cells push each other into place."""

from __future__ import annotations

import math

import numpy as np

from opsonin.tissue import motion, window
from opsonin.tissue.tissue import Tissue

_STEP = 1.0  # min
_ROUNDS = 240
# The tissue is at rest when no cell moves faster than this [um/min].
_AT_REST = 0.01
_STRAIN = 0.005


def relax(tissue: Tissue) -> None:
    """Move the cells until they are nearly at rest, then measure bulk modulus and resting pressure."""
    imaged = tissue.cells.columns()
    tissue.measure = float(np.sum(window.measures(tissue)))
    for _ in range(_ROUNDS):
        if motion.settle(tissue, _STEP) < _AT_REST * _STEP:
            break
    at_rest = _pressure(tissue)
    tissue.bulk_modulus = max(_modulus(tissue, at_rest), 1e-9)
    tissue.resting_pressure = max(at_rest, 1e-9)
    tissue.displacement = _displacement(tissue, imaged)


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


def _displacement(tissue: Tissue, before: dict[str, np.ndarray]) -> float:
    """Median distance between where cells were and where they are [um]."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    squared = np.zeros(n)
    for axis, name in enumerate("xyz"):
        moved = getattr(cells, name)[:n] - before[name]
        squared += np.square(moved - tissue.box[axis] * np.rint(moved / tissue.box[axis]))
    return float(np.sqrt(np.median(squared))) if n else 0.0


def _restore(tissue: Tissue, cells: dict[str, np.ndarray]) -> None:
    for name, column in cells.items():
        getattr(tissue.cells.arrays, name)[..., : tissue.cells.n] = column
