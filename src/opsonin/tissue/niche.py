"""Immune cells keep to their niche: tumour nests or stroma, where the biopsy shows them.

T cells crawl on the loose matrix of the stroma and are turned back by the dense, aligned matrix around tumour nests
(Salmon 2012, doi:10.1172/JCI45817); in the nests, CD103 on E-cadherin holds them (doi:10.3389/fimmu.2018.01904).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.random import Stream
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.kernels.draws import draw_each
from opsonin.kernels.neighbours import OK
from opsonin.kernels.niche import niche_cues, tumour_places, within_reach
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.tissue.tissue import Tissue

_PLACEMENT = int(Stream.PLACEMENT)


def tumour_cells(tissue: Tissue) -> Any:
    """Places of the live tumour cells (3, k) [um]."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    places = np.empty((3, n))
    count = tumour_places(cells.x, cells.y, cells.z, cells.kind, cells.phase, n, tissue.tables.types, places)
    return np.ascontiguousarray(places[:, :count])


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
    drawn = draw_each(key, cells.id[slots[edge]], 0, _PLACEMENT, 5) < share
    found = found.copy()
    found[edge] = drawn
    return found


def straying(tissue: Tissue, kind: int) -> Any:
    """(4,) retained live cells of a type: of the nests, those of them near a tumour cell; of the stroma, likewise."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    slots = np.flatnonzero((cells.kind[:n] == kind) & (cells.niche[:n] != 0) & (cells.phase[:n] <= COMMITTED))
    if len(slots) == 0:
        return np.zeros(4)
    reach = float(tissue.tables.types[kind, column.RETENTION_REACH])
    near = in_nest(tissue, cells.x[slots], cells.y[slots], cells.z[slots], reach)
    of_nests = cells.niche[slots] > 0
    return np.array(
        [count for own in (of_nests, ~of_nests) for count in (np.sum(own), np.sum(near & own))], float
    )


def divide(tissue: Tissue, kind: int, share: float) -> None:
    """Let this share of a type's retained live cells belong to the nests; who changes sides is drawn."""
    cells, n, key = tissue.cells.arrays, tissue.cells.n, tissue.key
    own = np.flatnonzero((cells.kind[:n] == kind) & (cells.niche[:n] != 0) & (cells.phase[:n] <= COMMITTED))
    missing = round(share * len(own)) - int(np.count_nonzero(cells.niche[own] > 0))
    side = 1 if missing > 0 else -1
    candidates = own[cells.niche[own] == -side]
    turn = draw_each(key, cells.id[candidates], 0, _PLACEMENT, 6)
    cells.niche[candidates[np.argsort(turn, kind="stable")[: abs(missing)]]] = side


def cues(tissue: Tissue) -> Any:
    """(3, n) direction that leads each cell back to its niche, as long as its retention."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    cue = np.empty((3, n))
    _require(niche_cues(cells, n, tissue.tables, tissue.box, cue))
    return cue


def _require(status: int) -> None:
    if status != OK:
        refuse(status)


def refuse(status: int, tick: int | None = None) -> None:
    """Raise RunError that says what the binning of tumour cells met with, and at which tick."""
    when = "" if tick is None else f"day {minutes(tick) / MINUTES_PER_DAY:.4f}, "
    problem = f"neighbour search failed with status {status}: a tumour cell is not at a place in the box"
    raise RunError(
        Fault(f"{when}niche", problem, "This is a numerical fault; try a smaller numerics.motion_step.")
    )
