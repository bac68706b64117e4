"""Before time 0: imaged positions do not fit model radii, so the cells push each other into place.

Free-standing cells have no pressure of their own: theirs is that of the same cells packed without gaps, as the pressure
that slows their cycle is known from tissue.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from opsonin.core.random import Stream, mixed, uniforms
from opsonin.state.cells import Cells
from opsonin.state.fields import Fields
from opsonin.state.vessels import Vessels
from opsonin.tissue import motion, window
from opsonin.tissue.tissue import MEDIUM, WINDOW, Tissue

_STEP = 1.0  # min
_ROUNDS = 480
# The tissue is at rest when no cell moves faster than this [um/min].
_AT_REST = 0.01
_STRAIN = 0.005
# Cells of the patch that stands for confluent tissue.
_PATCH = 300
_PLACEMENT = int(Stream.PLACEMENT)


def relax(tissue: Tissue) -> None:
    """Move the cells until they are nearly at rest, then measure packing, bulk modulus and resting pressure."""
    imaged = tissue.cells.columns()
    tissue.measure = float(np.sum(window.measures(tissue)))
    tissue.resting_packing = window.packing(tissue)
    _come_to_rest(tissue)
    confluent = tissue
    if tissue.boundary == MEDIUM:
        confluent = patch_of(tissue)
        _come_to_rest(confluent)
    at_rest = _pressure(confluent)
    tissue.bulk_modulus = max(_modulus(confluent, at_rest), 1e-9)
    tissue.resting_pressure = max(at_rest, 1e-9)
    tissue.displacement = _displacement(tissue, imaged)


def patch_of(tissue: Tissue) -> Tissue:
    """A small periodic box filled without gaps by the cells of a tissue, at keyed places; not yet relaxed."""
    # Ids are random words: the first ones in their order are a random sample, whatever the order of the slots.
    slots = np.resize(np.argsort(tissue.cells.arrays.id[: tissue.cells.n]), _PATCH)
    columns = {name: values[..., slots] for name, values in tissue.cells.columns().items()}
    columns["id"] = np.array(
        [mixed(identity, np.uint64(k)) for k, identity in enumerate(columns["id"])], np.uint64
    )
    cells = Cells(_PATCH, len(tissue.species.molecules), len(tissue.species.substrates))
    cells.append(columns)
    flat = tissue.dimension == 2
    patch = replace(
        tissue,
        cells=cells,
        boundary=WINDOW,
        vessels=Vessels.none(),
        fields=Fields(0, (1, 1, 1), tissue.box),
        hierarchy=None,
    )
    side = float(np.sum(window.measures(patch))) ** (1.0 / tissue.dimension)
    patch.box = (side, side, tissue.box[2] if flat else side)
    patch.fields.box = patch.box
    for slot, identity in enumerate(columns["id"]):
        u, v = uniforms(tissue.key[0], tissue.key[1], identity, np.uint32(0), _PLACEMENT, 5)
        w, _ = uniforms(tissue.key[0], tissue.key[1], identity, np.uint32(0), _PLACEMENT, 6)
        cells.arrays.x[slot], cells.arrays.y[slot] = u * side, v * side
        if not flat:
            cells.arrays.z[slot] = w * side
    return patch


def _come_to_rest(tissue: Tissue) -> None:
    for _ in range(_ROUNDS):
        if motion.settle(tissue, _STEP) < _AT_REST * _STEP:
            break


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
