"""Neighbour search in a periodic box: cells sorted into bins, and who touches whom.

No forces and no biology here. Any kernel finds the neighbours of a cell like this, with bins as wide as its
reach or wider, and with `spans = room_for_spans()`:

    for s in range(spans_around(bin_of[i], bins, start, spans)):
        for k in range(spans.first[s], spans.last[s]):
            j = order[k]                        # every cell near i, i itself included
            dx = nearest(x[i] - x[j], box[0])   # likewise y, and z in 3D

Each candidate comes once, however few bins an axis has. In a slab (dimension 2) z plays no part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from opsonin.kernels.compiled import bare, inlined

OK = 0
FULL = 1  # an output array is too short; the size it needs is returned
NOT_FINITE = 2  # a number is NaN, infinite or beyond the range that the kernel states
OUTSIDE = 3  # a position is not finite or not in the box
TOO_NARROW = 4  # bins are narrower than the reach asked for

MAX_SPANS = 18  # nine rows, each cut in two where it wraps around
_MOST_BINS_FLAT = 1024  # per axis: bounds the memory of a large, nearly empty box
_MOST_BINS_SOLID = 128
_USUAL_CONTACTS = 16  # of an effector; room is made for these first
_MARGIN = 1.0 + 1e-9  # rounding must not put two cells within reach two bins apart


@njit(cache=True, error_model="numpy")
def bin_shape(box, reach, dimension):
    """Bins (nz, ny, nx), each at least `reach` wide; nz is 1 in a slab.

    Args:
        box: (Lx, Ly, Lz) [um].
        reach: the longest distance at which two cells are neighbours [um].
        dimension: 2 (slab) or 3.
    """
    most = _MOST_BINS_FLAT if dimension == 2 else _MOST_BINS_SOLID
    nx = max(1, int(min(box[0] / (reach * _MARGIN), most)))
    ny = max(1, int(min(box[1] / (reach * _MARGIN), most)))
    nz = 1 if dimension == 2 else max(1, int(min(box[2] / (reach * _MARGIN), most)))
    return nz, ny, nx


@inlined
def _bin_index(position, per_length, count):
    return min(int(position * per_length), count - 1)


@bare
def bin_cells(x, y, z, n, box, bins, order, start, bin_of):
    """Stable counting sort of cells 0..n-1 by bin, x fastest.

    Args:
        x, y, z: positions [um], x in [0, Lx) and so on; z is not read if there is one layer of bins.
        box: (Lx, Ly, Lz) [um].
        bins: (nz, ny, nx), from `bin_shape`.
        order: out, int, n or longer: the slots, bin after bin, ascending within a bin.
        start: out, int64, nz*ny*nx + 1: bin b holds order[start[b]:start[b + 1]].
        bin_of: out, int, n or longer: the bin of each slot.
    Returns:
        OK, or OUTSIDE if a position is not in the box.
    """
    nz, ny, nx = bins
    count = nz * ny * nx
    per_x, per_y, per_z = nx / box[0], ny / box[1], nz / box[2]
    start[: count + 1] = 0
    for i in range(n):
        if not (0.0 <= x[i] < box[0] and 0.0 <= y[i] < box[1]):
            return OUTSIDE
        b = _bin_index(y[i], per_y, ny) * nx + _bin_index(x[i], per_x, nx)
        if nz > 1:
            if not 0.0 <= z[i] < box[2]:
                return OUTSIDE
            b += _bin_index(z[i], per_z, nz) * ny * nx
        bin_of[i] = b
        start[b + 1] += 1
    for b in range(count):
        start[b + 1] += start[b]
    for i in range(n):
        b = bin_of[i]
        order[start[b]] = i
        start[b] += 1
    for b in range(count, 0, -1):  # every start has moved on to the next bin's: shift back
        start[b] = start[b - 1]
    start[0] = 0
    return OK


@inlined
def nearest(difference, length):
    """The difference of two coordinates to the nearest periodic image, in [-length/2, length/2] [um]."""
    return difference - length * np.rint(difference / length)


@inlined
def rows_around(row, bins, rows):
    """Rows of bins (along x) next to and including `row` = bz*ny + by, each once; returns how many (up to 9).

    Args:
        row: index of the row.
        bins: (nz, ny, nx).
        rows: out, int64, at least 9.
    """
    nz, ny, _ = bins
    count = 0
    for step_z in range(-1 if nz > 2 else 0, min(nz, 2)):
        bz = row // ny + step_z
        bz = bz + nz if bz < 0 else (bz - nz if bz >= nz else bz)
        for step_y in range(-1 if ny > 2 else 0, min(ny, 2)):
            by = row % ny + step_y
            by = by + ny if by < 0 else (by - ny if by >= ny else by)
            rows[count] = bz * ny + by
            count += 1
    return count


@inlined
def spans_in_rows(rows, count, bx, nx, start, first, last):
    """Stretches of `order` that hold the cells of `rows` in the bins next to column bx; returns how many.

    Args:
        rows, count: rows of bins and their number, from `rows_around`.
        bx, nx: the column, and the number of columns.
        start: from `bin_cells`.
        first, last: out, int64, at least MAX_SPANS: span s is order[first[s]:last[s]].
    """
    all_columns = nx <= 3
    low = 0 if all_columns else max(bx - 1, 0)
    high = nx if all_columns else min(bx + 2, nx)
    spans = 0
    for t in range(count):
        begin = rows[t] * nx
        first[spans] = start[begin + low]
        last[spans] = start[begin + high]
        spans += 1
        if not all_columns and (bx == 0 or bx == nx - 1):
            across = nx - 1 if bx == 0 else 0
            first[spans] = start[begin + across]
            last[spans] = start[begin + across + 1]
            spans += 1
    return spans


class Spans(NamedTuple):
    """Room for what `spans_around` finds: span s is order[first[s]:last[s]]."""

    rows: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def room_for_spans():
    """`Spans` of which nothing is known yet."""
    return Spans(np.empty(9, np.int64), np.empty(MAX_SPANS, np.int64), np.empty(MAX_SPANS, np.int64))


@inlined
def spans_around(b, bins, start, spans):
    """Stretches of `order` that hold every cell in bin b and the bins around it; returns how many.

    Args:
        b: index of the bin.
        bins: (nz, ny, nx).
        start: from `bin_cells`.
        spans: out, from `room_for_spans`.
    """
    row = b // bins[2]
    count = rows_around(row, bins, spans.rows)
    return spans_in_rows(spans.rows, count, b - row * bins[2], bins[2], start, spans.first, spans.last)


@inlined
def _reaches(reach, box, bins):
    """True if looking one bin around finds everything within `reach`."""
    for axis in range(3):
        count = bins[2 - axis]
        if count > 3 and box[axis] < reach * count:
            return False
    return True


@njit(cache=True, error_model="numpy")
def touching(effectors, x, y, z, radius, reach_factor, box, dimension, bins, order, start, begin, target):
    """The cells each effector touches: centres within reach_factor (r_i + r_j), itself excluded.

    Args:
        effectors: int, slots whose contacts are wanted.
        x, y, z: positions [um].
        radius: radii [um].
        reach_factor: distance of touch over the sum of the radii [-].
        box: (Lx, Ly, Lz) [um].
        dimension: 2 (distances in the plane) or 3.
        bins, order, start: from `bin_shape` and `bin_cells`; bins at least reach_factor * 2 max(radius) wide.
        begin: out, int64, len(effectors) + 1: effector e touches target[begin[e]:begin[e + 1]].
        target: out, int, slots, ascending for each effector.
    Returns:
        (status, needed): OK, FULL if `target` is shorter than `needed`, or TOO_NARROW.
    """
    nz, ny, nx = bins
    widest = 0.0
    for k in range(start[nz * ny * nx]):
        widest = max(widest, radius[order[k]])
    begin[0] = 0
    if not _reaches(reach_factor * 2.0 * widest, box, bins):
        return TOO_NARROW, 0
    spans = room_for_spans()
    needed = _search(
        effectors, x, y, z, radius, reach_factor, box, dimension, bins, order, start, begin, target, spans
    )
    return (OK if needed <= len(target) else FULL), needed


@bare
def _search(
    effectors, x, y, z, radius, reach_factor, box, dimension, bins, order, start, begin, target, spans
):
    """`touching` with bins that are wide enough; returns how long `target` must be."""
    nz, ny, nx = bins
    needed = 0
    for e in range(len(effectors)):
        i = effectors[e]
        b = _bin_index(y[i], ny / box[1], ny) * nx + _bin_index(x[i], nx / box[0], nx)
        if nz > 1:
            b += _bin_index(z[i], nz / box[2], nz) * ny * nx
        for s in range(spans_around(b, bins, start, spans)):
            for k in range(spans.first[s], spans.last[s]):
                j = order[k]
                dx = nearest(x[i] - x[j], box[0])
                dy = nearest(y[i] - y[j], box[1])
                dz = nearest(z[i] - z[j], box[2]) if dimension == 3 else 0.0
                reach = reach_factor * (radius[i] + radius[j])
                if j == i or dx * dx + dy * dy + dz * dz >= reach * reach:
                    continue
                if needed < len(target):
                    t = needed
                    while t > begin[e] and target[t - 1] > j:
                        target[t] = target[t - 1]
                        t -= 1
                    target[t] = j
                needed += 1
        begin[e + 1] = needed
    return needed


@njit(cache=True, error_model="numpy")
def contacts_of(effectors, x, y, z, radius, n, reach_factor, box, dimension, begin, target):
    """`touching` for cells that are not binned yet: sorts cells 0..n-1 and searches.

    Args and returns as there; the status is also OUTSIDE if a cell is not in the box.
    Memory: 16 bytes per cell, 8 per bin; work: n, and the candidates of each effector.
    """
    widest = 0.1
    for i in range(n):
        widest = max(widest, radius[i])
    bins = bin_shape(box, 2.0 * reach_factor * widest, dimension)
    order, bin_of = np.empty(n, np.int64), np.empty(n, np.int64)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    status = bin_cells(x, y, z, n, box, bins, order, start, bin_of)
    if status != OK:
        return status, 0
    return touching(
        effectors, x, y, z, radius, reach_factor, box, dimension, bins, order, start, begin, target
    )


@njit(cache=True, error_model="numpy")
def touched_by(effectors, x, y, z, radius, n, reach_factor, box, dimension):
    """`contacts_of`, with as much room as it takes; returns (status, begin, target)."""
    begin = np.empty(len(effectors) + 1, np.int64)
    target = np.empty(_USUAL_CONTACTS * len(effectors), np.int64)
    status, needed = contacts_of(effectors, x, y, z, radius, n, reach_factor, box, dimension, begin, target)
    if status == FULL:
        target = np.empty(needed, np.int64)
        status, _ = contacts_of(effectors, x, y, z, radius, n, reach_factor, box, dimension, begin, target)
    return status, begin, target
