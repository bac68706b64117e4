"""Immune cells keep to their niche: tumour nests or stroma, where the biopsy shows them.

T cells crawl on the loose matrix of the stroma and are turned back by the dense, aligned matrix around tumour nests
(Salmon 2012, doi:10.1172/JCI45817); in the nests, CD103 on E-cadherin holds them (doi:10.3389/fimmu.2018.01904).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.random import Stream, uniforms
from opsonin.kernels.neighbours import OK, bin_cells, bin_shape
from opsonin.kernels.niche import SEARCH, niche_cues, within_reach
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.tissue.tissue import Tissue

_PLACEMENT = int(Stream.PLACEMENT)


def tumour_cells(tissue: Tissue) -> Any:
    """Places of the live tumour cells (3, k) [um]."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    alive = (tissue.tables.types[cells.kind[:n], column.TUMOUR] > 0.0) & (cells.phase[:n] <= COMMITTED)
    return np.stack([cells.x[:n][alive], cells.y[:n][alive], cells.z[:n][alive]])


def in_nest(tissue: Tissue, x: Any, y: Any, z: Any, reach: float) -> Any:
    """Whether each place has a live tumour cell within `reach` [um], (m,) bool."""
    found = np.zeros(len(x), bool)
    targets = tumour_cells(tissue)
    if targets.shape[1]:
        _require(within_reach(x, y, z, targets, reach, tissue.box, tissue.dimension, found))
    return found


def assign(tissue: Tissue, *, cut: bool) -> None:
    """Every retained cell belongs where it is found now: to the nests or to the stroma.

    Where the field was `cut` out of a larger tissue, the neighbours across its edges are not the real ones: the
    share of nest cells along the edges is then that of the cells inside.
    """
    cells, n = tissue.cells.arrays, tissue.cells.n
    for kind, numbers in enumerate(tissue.tables.types):
        if numbers[column.RETENTION] > 0.0:
            slots = np.flatnonzero(cells.kind[:n] == kind)
            reach = float(numbers[column.RETENTION_REACH])
            found = in_nest(tissue, cells.x[slots], cells.y[slots], cells.z[slots], reach)
            if cut:
                found = _as_inside(tissue, slots, found, reach)
            cells.niche[slots] = np.where(found, 1, -1)


def _as_inside(tissue: Tissue, slots: Any, found: Any, reach: float) -> Any:
    """`found`, with cells near the edges of the field drawn at the share of those further inside."""
    cells, key = tissue.cells.arrays, tissue.key
    x, y = cells.x[slots], cells.y[slots]
    edge = np.minimum(np.minimum(x, tissue.box[0] - x), np.minimum(y, tissue.box[1] - y)) < reach
    if edge.all():
        return found
    share = float(np.mean(found[~edge]))
    drawn = [
        uniforms(key[0], key[1], cells.id[i], np.uint32(0), _PLACEMENT, 5)[0] < share for i in slots[edge]
    ]
    found = found.copy()
    found[edge] = drawn
    return found


def straying(tissue: Tissue, kind: int) -> Any:
    """(4,) retained live cells of a type: of the nests, those of them near a tumour cell; of the stroma, likewise."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    counts = []
    for niche in (1, -1):
        slots = np.flatnonzero(
            (cells.kind[:n] == kind) & (cells.niche[:n] == niche) & (cells.phase[:n] <= COMMITTED)
        )
        reach = float(tissue.tables.types[kind, column.RETENTION_REACH])
        near = in_nest(tissue, cells.x[slots], cells.y[slots], cells.z[slots], reach)
        counts += [len(slots), int(np.count_nonzero(near))]
    return np.array(counts, float)


def divide(tissue: Tissue, kind: int, share: float) -> None:
    """Let this share of a type's retained live cells belong to the nests; who changes sides is drawn."""
    cells, n, key = tissue.cells.arrays, tissue.cells.n, tissue.key
    own = np.flatnonzero((cells.kind[:n] == kind) & (cells.niche[:n] != 0) & (cells.phase[:n] <= COMMITTED))
    missing = round(share * len(own)) - int(np.count_nonzero(cells.niche[own] > 0))
    side = 1 if missing > 0 else -1
    candidates = own[cells.niche[own] == -side]
    turn = [uniforms(key[0], key[1], i, np.uint32(0), _PLACEMENT, 6)[0] for i in cells.id[candidates]]
    cells.niche[candidates[np.argsort(turn, kind="stable")[: abs(missing)]]] = side


def cues(tissue: Tissue) -> Any:
    """(3, n) direction that leads each cell back to its niche, as long as its retention."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    cue = np.zeros((3, n))
    movers = np.flatnonzero(cells.niche[:n])
    targets = tumour_cells(tissue)
    if len(movers) == 0 or targets.shape[1] == 0:
        return cue
    box = tissue.box
    bins = bin_shape(
        box, SEARCH * float(tissue.tables.types[:, column.RETENTION_REACH].max()), tissue.dimension
    )
    count = targets.shape[1]
    order, bin_of = np.empty(count, np.int64), np.empty(count, np.int64)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    _require(bin_cells(targets[0], targets[1], targets[2], count, box, bins, order, start, bin_of))
    niche_cues(cells, tissue.tables, movers, targets, box, bins, order, start, cue)
    return cue


def _require(status: int) -> None:
    if status != OK:
        problem = f"neighbour search failed with status {status}: a tumour cell is not at a place in the box"
        raise RunError(
            Fault("niche", problem, "This is a numerical fault; try a smaller numerics.motion_step.")
        )
