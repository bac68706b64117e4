"""Where the tumour nests are for a cell: is a tumour cell within reach, and which way leads out of or into the nest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined
from opsonin.kernels.neighbours import OK, bin_cells, bin_shape, nearest, room_for_spans, spans_around
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import RETENTION, RETENTION_REACH, TUMOUR

# A cell that lost touch with its nest feels its way back over this many reaches.
SEARCH = 2.0
# Cells turn before they are out of their niche: the matrix around a nest is felt this much further out than the nest
# reaches, and the nest's own cells this much further in.
TURN = 1.25

_LEAST_DISTANCE = 1e-9  # um
_ROUNDING = (
    1.0 + 1e-12
)  # a square is compared before its root is taken, and must not miss what the root finds


@njit(cache=True, error_model="numpy")
def tumour_places(x, y, z, kind, phase, n, types, places):
    """Places of the live tumour cells among the first n; writes `places` (3, n) [um], returns how many.

    Memory: in place; work: n.
    """
    count = 0
    for i in range(n):
        if types[kind[i], TUMOUR] > 0.0 and phase[i] <= COMMITTED:
            places[0, count], places[1, count], places[2, count] = x[i], y[i], z[i]
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _binned(targets, reach, box, dimension):
    """Targets sorted into bins at least `reach` wide, as (status of the binning, bins, start, sorted targets)."""
    count = targets.shape[1]
    bins = bin_shape(box, reach, dimension)
    order, bin_of = np.empty(count, np.int64), np.empty(count, np.int64)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    status = bin_cells(targets[0], targets[1], targets[2], count, box, bins, order, start, bin_of)
    ranked = np.empty_like(targets)
    if status == OK:
        for k in range(count):
            for axis in range(3):
                ranked[axis, k] = targets[axis, order[k]]
    return status, bins, start, ranked


@inlined
def _around(x, y, z, box, bins, start, spans):
    """Spans of the bins around a place, and how many; see `neighbours`."""
    nz, ny, nx = bins
    b = min(int(y / box[1] * ny), ny - 1) * nx + min(int(x / box[0] * nx), nx - 1)
    if nz > 1:
        b += min(int(z / box[2] * nz), nz - 1) * ny * nx
    return spans_around(b, bins, start, spans)


@inlined
def _offset(x, y, z, targets, k, box, dimension):
    """From target k to a place, by the nearest way [um]."""
    dx, dy = nearest(x - targets[0, k], box[0]), nearest(y - targets[1, k], box[1])
    return dx, dy, nearest(z - targets[2, k], box[2]) if dimension == 3 else 0.0


@inlined
def _has_near(x, y, z, targets, reach, box, dimension, spans, count):
    """Whether a target of the spans lies within `reach` of a place."""
    for s in range(count):
        for k in range(spans.first[s], spans.last[s]):
            dx, dy, dz = _offset(x, y, z, targets, k, box, dimension)
            if dx * dx + dy * dy + dz * dz < reach * reach:
                return True
    return False


@njit(cache=True, error_model="numpy")
def within_reach(x, y, z, targets, reach, box, dimension, found):
    """Whether each place has a target within `reach`; writes `found` (bool), returns the status of the binning.

    Args:
        x, y, z: (m,) places in the box [um]; targets: (3, k) their places [um]; reach: [um]; dimension: 2 or 3.
    Memory: k; work: m times the targets nearby.
    """
    status, bins, start, ranked = _binned(targets, reach, box, dimension)
    if status == OK:
        spans = room_for_spans()
        for i in range(len(x)):
            count = _around(x[i], y[i], z[i], box, bins, start, spans)
            found[i] = _has_near(x[i], y[i], z[i], ranked, reach, box, dimension, spans, count)
    return status


@inlined
def _to_nearest(x, y, z, targets, furthest, box, dimension, spans, count):
    """Distance to the nearest target of the spans within `furthest`, and the unit vector to it (0 if none)."""
    closest = furthest
    bx, by, bz = 0.0, 0.0, 0.0
    for s in range(count):
        for k in range(spans.first[s], spans.last[s]):
            dx, dy, dz = _offset(x, y, z, targets, k, box, dimension)
            squared = dx * dx + dy * dy + dz * dz
            if squared < closest * closest * _ROUNDING:
                distance = max(math.sqrt(squared), _LEAST_DISTANCE)
                if distance < closest:
                    closest = distance
                    bx, by, bz = -dx / distance, -dy / distance, -dz / distance
    return closest, bx, by, bz


@inlined
def _away(x, y, z, targets, reach, box, dimension, spans, count):
    """Sum over the targets within `reach` of the unit vectors away from them, the nearer the more."""
    ax, ay, az = 0.0, 0.0, 0.0
    for s in range(count):
        for k in range(spans.first[s], spans.last[s]):
            dx, dy, dz = _offset(x, y, z, targets, k, box, dimension)
            squared = dx * dx + dy * dy + dz * dz
            if squared < reach * reach * _ROUNDING:
                distance = max(math.sqrt(squared), _LEAST_DISTANCE)
                if distance < reach:
                    weight = (1.0 - distance / reach) / distance
                    ax, ay, az = ax + dx * weight, ay + dy * weight, az + dz * weight
    return ax, ay, az


def niche_cues(cells: Any, n: Any, tables: Any, box: Any, cue: Any) -> Any:
    """Direction that leads each retained live cell back to its niche, as long as its retention; 0 where it is at home.

    A cell of the stroma turns away from the tumour cells within its reach, the nearer the more; a cell of the nests
    without a tumour cell within reach turns to the nearest one.

    Args:
        box: (Lx, Ly, Lz) [um]; cue: (3, n) output, x y z.
    Returns:
        the status of the binning.
    Memory: 40 bytes per tumour cell; work: n, and of each retained cell the targets nearby.
    """
    types = tables.types
    cue[:, :n] = 0.0
    movers = np.flatnonzero(cells.niche[:n])
    if len(movers) == 0:
        return OK
    status, bins, start, targets = nests(cells, n, types, box, tables.dimension)
    if status == OK:
        spread(len(movers), turn_back, cells, tables, movers, targets, box, bins, start, cue)
    return status


@njit(cache=True, error_model="numpy")
def nests(cells, n, types, box, dimension):
    """The live tumour cells, sorted into bins as wide as a cell searches for its nest; see `_binned`."""
    places = np.empty((3, n))
    count = tumour_places(cells.x, cells.y, cells.z, cells.kind, cells.phase, n, types, places)
    furthest = SEARCH * types[:, RETENTION_REACH].max()
    return _binned(places[:, :count].copy(), furthest, box, dimension)


@njit(cache=True, error_model="numpy", nogil=True)
def turn_back(begin, end, cells, tables, movers, targets, box, bins, start, cue):
    """`niche_cues` of the movers, with the live tumour cells sorted into bins; writes where the cue is not 0."""
    spans = room_for_spans()
    _turn_back(begin, end, cells, tables, movers, targets, box, bins, start, cue, spans)


@bare
def _turn_back(begin, end, cells, tables, movers, targets, box, bins, start, cue, spans):
    kind, niche, types, dimension = cells.kind, cells.niche, tables.types, tables.dimension
    px, py, pz, phase = cells.x, cells.y, cells.z, cells.phase
    for e in range(begin, end):
        i = movers[e]
        if phase[i] > COMMITTED:
            continue
        reach = types[kind[i], RETENTION_REACH]
        x, y, z = px[i], py[i], pz[i]
        count = _around(x, y, z, box, bins, start, spans)
        if niche[i] > 0:
            if _has_near(x, y, z, targets, reach / TURN, box, dimension, spans, count):
                continue
            _, ax, ay, az = _to_nearest(x, y, z, targets, SEARCH * reach, box, dimension, spans, count)
        else:
            ax, ay, az = _away(x, y, z, targets, TURN * reach, box, dimension, spans, count)
        length = math.sqrt(ax * ax + ay * ay + az * az)
        if length > 0.0:
            pull = types[kind[i], RETENTION] / length
            cue[0, i] = ax * pull
            cue[1, i] = ay * pull
            cue[2, i] = az * pull
