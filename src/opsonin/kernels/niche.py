"""Where the tumour nests are for a cell: is a tumour cell within reach, and which way leads out of or into the nest."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from opsonin.kernels.neighbours import MAX_SPANS, bin_cells, bin_shape, nearest, spans_around
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import RETENTION, RETENTION_REACH

# A cell that lost touch with its nest feels its way back over this many reaches.
SEARCH = 2.0
# Cells turn before they are out of their niche: the matrix around a nest is felt this much further out than the nest
# reaches, and the nest's own cells this much further in.
TURN = 1.25


@njit(cache=True, error_model="numpy")
def _around(x, y, z, box, bins, start, first, last):
    """Spans of the bins around a place; see `neighbours`."""
    nz, ny, nx = bins
    b = min(int(y / box[1] * ny), ny - 1) * nx + min(int(x / box[0] * nx), nx - 1)
    if nz > 1:
        b += min(int(z / box[2] * nz), nz - 1) * ny * nx
    return spans_around(b, bins, start, first, last)


@njit(cache=True, error_model="numpy")
def within_reach(x, y, z, targets, reach, box, dimension, found):
    """Whether each place has a target within `reach`; writes `found` (bool), returns the status of the binning.

    Args:
        x, y, z: (m,) places in the box [um]; targets: (3, k) their places [um]; reach: [um]; dimension: 2 or 3.
    Memory: k; work: m times the targets nearby.
    """
    count = targets.shape[1]
    bins = bin_shape(box, reach, dimension)
    order, bin_of = np.empty(count, np.int64), np.empty(count, np.int64)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    status = bin_cells(targets[0], targets[1], targets[2], count, box, bins, order, start, bin_of)
    first, last = np.empty(MAX_SPANS, np.int64), np.empty(MAX_SPANS, np.int64)
    for i in range(len(x)):
        found[i] = False
        for s in range(_around(x[i], y[i], z[i], box, bins, start, first, last)):
            for k in range(first[s], last[s]):
                j = order[k]
                dx, dy = nearest(x[i] - targets[0, j], box[0]), nearest(y[i] - targets[1, j], box[1])
                dz = nearest(z[i] - targets[2, j], box[2]) if dimension == 3 else 0.0
                if dx * dx + dy * dy + dz * dz < reach * reach:
                    found[i] = True
    return status


@njit(cache=True, error_model="numpy", parallel=True)
def niche_cues(cells, tables, movers, targets, box, bins, order, start, cue):
    """Direction that leads each retained cell back to its niche, as long as its retention; 0 where it is at home.

    A cell of the stroma turns away from the tumour cells within its reach, the nearer the more; a cell of the nests
    without a tumour cell within reach turns to the nearest one.

    Args:
        movers: (m,) slots of retained live cells; targets: (3, k) live tumour cells [um].
        bins, order, start: of the targets, bins at least SEARCH reaches wide.
        cue: (3, capacity) output, x y z; written for `movers` only.
    Memory: in place; work: m times the targets nearby.
    """
    kind, niche, types, dimension = cells.kind, cells.niche, tables.types, tables.dimension
    px, py, pz, phase = cells.x, cells.y, cells.z, cells.phase
    for e in prange(len(movers)):
        i = movers[e]
        cue[0, i] = 0.0
        cue[1, i] = 0.0
        cue[2, i] = 0.0
        if phase[i] > COMMITTED:
            continue
        reach = types[kind[i], RETENTION_REACH]
        first, last = np.empty(MAX_SPANS, np.int64), np.empty(MAX_SPANS, np.int64)
        ax, ay, az = 0.0, 0.0, 0.0
        bx, by, bz = 0.0, 0.0, 0.0
        closest = SEARCH * reach
        for s in range(_around(px[i], py[i], pz[i], box, bins, start, first, last)):
            for k in range(first[s], last[s]):
                j = order[k]
                dx, dy = nearest(px[i] - targets[0, j], box[0]), nearest(py[i] - targets[1, j], box[1])
                dz = nearest(pz[i] - targets[2, j], box[2]) if dimension == 3 else 0.0
                distance = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-9)
                if distance < closest:
                    closest = distance
                    bx, by, bz = -dx / distance, -dy / distance, -dz / distance
                if distance < TURN * reach:
                    weight = (1.0 - distance / (TURN * reach)) / distance
                    ax, ay, az = ax + dx * weight, ay + dy * weight, az + dz * weight
        if niche[i] > 0:
            if closest < reach / TURN:
                continue
            ax, ay, az = bx, by, bz
        length = math.sqrt(ax * ax + ay * ay + az * az)
        if length > 0.0:
            pull = types[kind[i], RETENTION] / length
            cue[0, i] = ax * pull
            cue[1, i] = ay * pull
            cue[2, i] = az * pull
