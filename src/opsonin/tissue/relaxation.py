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
    """Move the cells until they are nearly at rest, then measure resting pressure and bulk modulus."""
    tissue.measure = float(np.sum(window.measures(tissue)))
    for _ in range(_ROUNDS):
        if motion.settle(tissue, _STEP) < _AT_REST * _STEP:
            break
    tissue.resting_pressure = max(_pressure(tissue), 1e-9)
    tissue.bulk_modulus = max(_modulus(tissue), tissue.resting_pressure)


def _pressure(tissue: Tissue) -> float:
    motion.settle(tissue, 0.0)
    return window.pressure(tissue)


def _modulus(tissue: Tissue) -> float:
    """dP / dln(density) by a small uniform strain, undone exactly afterwards [1/min]."""
    before = tissue.cells.columns()
    box, values = tissue.box, tissue.fields.values.copy()
    vessels = tissue.vessels.x.copy(), tissue.vessels.y.copy()
    window.stretch(tissue, math.exp(-_STRAIN / tissue.dimension))
    compressed = _pressure(tissue)
    tissue.box, tissue.fields.box, tissue.fields.values = box, box, values
    tissue.vessels.x, tissue.vessels.y = vessels
    for name, column in before.items():
        getattr(tissue.cells.arrays, name)[..., : tissue.cells.n] = column
    return (compressed - tissue.resting_pressure) / _STRAIN
