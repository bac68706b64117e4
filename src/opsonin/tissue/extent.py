"""Process: a window that has doubled is cut to half, one that has become narrow is doubled.

The window is a sample of a tumour without an edge, so its size is free: a crop bounds what a growing tumour costs, a
tile keeps enough cells to follow a shrinking one. The weight says how many windows of the original size it stands for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.core.random import Stream, id_of, mixed, uniforms
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.state.fields import voxels_along
from opsonin.tissue import window
from opsonin.tissue.tissue import WINDOW, Tissue

NAME = "extent"
COLUMNS = ("id", "x", "y", "z", "partner")

# A window narrower than this is tiled [um]; one that began narrower, below this share of where it began.
NARROW = 300.0
_NARROWED = 0.7
_PLACEMENT = int(Stream.PLACEMENT)


def step(tissue: Tissue, tick: int) -> None:
    """Tile every side that is too narrow, or else crop a window that has doubled; at `tick`, the end of a step."""
    if tissue.boundary != WINDOW or tissue.cells.n == 0:
        return
    axes = range(tissue.dimension)
    narrow = [axis for axis in axes if tissue.box[axis] < least_side(tissue, axis)]
    for axis in narrow:
        tile(tissue, axis, tick)
    longest = max(axes, key=lambda axis: tissue.box[axis])
    wide = 0.5 * tissue.box[longest] >= least_side(tissue, longest)
    if not narrow and wide and tissue.space >= 2.0 * tissue.span:
        crop(tissue, longest, tick)


def least_side(tissue: Tissue, axis: int) -> float:
    """Length below which a side is tiled [um]."""
    began = tissue.began[axis]
    return NARROW if began >= NARROW else _NARROWED * began


def crop(tissue: Tissue, axis: int, tick: int) -> None:
    """Keep half of the window along an axis. It has half of the tumour cells, so that the burden does not jump."""
    length = tissue.box[axis]
    half = 0.5 * length
    start = _start_of_half(tissue, axis, tick)
    cells, n = tissue.cells.arrays, tissue.cells.n
    places = getattr(cells, "xyz"[axis])
    places[:n] = _from(start, places[:n], length)
    tissue.cells.remove(np.flatnonzero(places[:n] >= half))
    if axis < 2:
        _crop_vessels(tissue, axis, start)
    voxels = tissue.fields.values.shape[-1 - axis]
    count = voxels // 2 if voxels % 32 == 0 else voxels_along(half, tissue.spacing)
    tissue.box = _with_side(tissue, axis, half)
    tissue.fields.crop(axis, start / length, count, tissue.box)
    _settle_extent(tissue, 2.0)
    window.follow_with_vessels(tissue)


def tile(tissue: Tissue, axis: int, tick: int) -> None:
    """Double the window along an axis. The copies are other cells: they have ids, and so a future, of their own."""
    length = tissue.box[axis]
    salt = np.uint64(id_of("copy", tick, axis))
    copies = tissue.cells.columns()
    copies["xyz"[axis]] += length
    originals = copies["id"]
    copies["id"] = _copied(originals, salt)
    tissue.note_births(tick, copies["kind"], originals, copies["id"], (copies["lost"], copies["lost"]))
    # Whom a cell holds is copied with it.
    copies["partner"] = np.where(copies["partner"] > 0, _copied(copies["partner"], salt), copies["partner"])
    tissue.cells.append(copies)
    if axis < 2:
        _tile_vessels(tissue, axis, salt)
    tissue.box = _with_side(tissue, axis, 2.0 * length)
    tissue.fields.tile(axis, tissue.box)
    _settle_extent(tissue, 0.5)


def _start_of_half(tissue: Tissue, axis: int, tick: int) -> float:
    """Where a half with half of the live tumour cells begins [um]: the first one after a keyed place.

    One exists: if one half has too many, the opposite one has too few, and between them cells come one by one. Among
    all cells, where there is no tumour cell.
    """
    cells, n, length = tissue.cells.arrays, tissue.cells.n, tissue.box[axis]
    tumour = (tissue.tables.types[cells.kind[:n], column.TUMOUR] > 0.0) & (cells.phase[:n] <= COMMITTED)
    places = getattr(cells, "xyz"[axis])[:n]
    places = np.sort(places[tumour] if tumour.any() else places)
    around = np.concatenate([places, places + length])
    held = np.searchsorted(around, places + 0.5 * length) - np.arange(len(places))
    balanced = abs(2 * held - len(places))
    starts = places[balanced == balanced.min()]
    keyed, _ = uniforms(
        tissue.key[0], tissue.key[1], np.uint64(id_of("crop", tick)), np.uint32(0), _PLACEMENT, 0
    )
    return float(starts[np.argmin(_from(keyed * length, starts, length))])


def _from(start: float, places: npt.NDArray[np.float64], length: float) -> npt.NDArray[np.float64]:
    """Distances [um] from `start` to places on a periodic axis, in [0, length)."""
    ahead = (places - start) % length
    return np.where(ahead < length, ahead, 0.0)


def _crop_vessels(tissue: Tissue, axis: int, start: float) -> None:
    vessels, length = tissue.vessels, tissue.box[axis]
    ahead = _from(start, vessels.y if axis else vessels.x, length)
    kept = ahead < 0.5 * length
    if not kept.any():  # one vessel stays at least: the next one, moved to the edge
        kept[np.argmin(ahead)] = True
        ahead = np.where(kept, 0.0, ahead)
    vessels.x = (vessels.x if axis else ahead)[kept]
    vessels.y = (ahead if axis else vessels.y)[kept]
    vessels.id = vessels.id[kept]


def _tile_vessels(tissue: Tissue, axis: int, salt: np.uint64) -> None:
    """Each vessel is followed by its copy, so that the order of age is kept."""
    vessels = tissue.vessels
    shift = np.tile([0.0, tissue.box[axis]], vessels.n)
    vessels.x = np.repeat(vessels.x, 2) + (shift if axis == 0 else 0.0)
    vessels.y = np.repeat(vessels.y, 2) + (shift if axis == 1 else 0.0)
    ids = np.repeat(vessels.id, 2)
    ids[1::2] = _copied(vessels.id, salt)
    vessels.id = ids


def _copied(ids: npt.NDArray[np.uint64], salt: np.uint64) -> npt.NDArray[np.uint64]:
    return np.array([mixed(identity, salt) for identity in ids], np.uint64)


def _with_side(tissue: Tissue, axis: int, length: float) -> Any:
    sides = list(tissue.box)
    sides[axis] = length
    return tuple(sides)


def _settle_extent(tissue: Tissue, factor: float) -> None:
    """After the box has changed: what was noted of its size follows."""
    tissue.weight *= factor
    tissue.span = tissue.space
    tissue.measure = float(np.sum(window.measures(tissue)))
    tissue.hierarchy = None  # a grid of the same shape may have other voxels
