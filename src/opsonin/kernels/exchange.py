"""Between cells and voxels: amounts onto the grid, concentrations and gradients back, with the same weights.

Trilinear (cloud in cell) and periodic; voxel centres lie at (i + 0.5) h. A slab has no position along z.
"""

from __future__ import annotations

import math
from typing import Any

from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined


@inlined
def _between(position, length, size):
    """The two voxels whose centres enclose a position on a periodic axis, and the weight of the second."""
    if size == 1:
        return 0, 0, 0.0
    scaled = position / length * size - 0.5
    floor = math.floor(scaled)
    low = int(floor) % size
    return low, (low + 1) % size, scaled - floor


@bare
def deposit(x, y, z, amounts, n, box, grids):
    """Add each cell's amounts to the eight (slab: four) voxels around it; sum(grids[k]) grows by sum(amounts[k]).

    Args:
        x, y, z: float64, length >= n; positions, x in [0, Lx) and so on [um].
        amounts: float64 (quantities, >= n); what each cell gives.
        n: number of cells.
        box: (Lx, Ly, Lz) [um].
        grids: float64 (quantities, nz, ny, nx); amount per voxel, added to. Serial: the order of cells fixes the bits.
    """
    quantities, nz, ny, nx = grids.shape
    for i in range(n):
        z0, z1, wz = _between(z[i], box[2], nz)
        y0, y1, wy = _between(y[i], box[1], ny)
        x0, x1, wx = _between(x[i], box[0], nx)
        for k in range(quantities):
            amount = amounts[k, i]
            if amount == 0.0:
                continue
            for plane, share_z in ((z0, 1.0 - wz), (z1, wz)):
                if share_z == 0.0:
                    continue
                for row, share_y in ((y0, 1.0 - wy), (y1, wy)):
                    part = amount * share_z * share_y
                    grids[k, plane, row, x0] += part * (1.0 - wx)
                    grids[k, plane, row, x1] += part * wx


@inlined
def _around(x, y, z, box, shape):
    """Along z, y and x the two voxels around a place, and the weight of the second."""
    nz, ny, nx = shape
    return _between(z, box[2], nz), _between(y, box[1], ny), _between(x, box[0], nx)


@inlined
def _weighted(grid, around):
    """The grid at a place, from the voxels around it."""
    (z0, z1, wz), (y0, y1, wy), (x0, x1, wx) = around
    total = 0.0
    for plane, share_z in ((z0, 1.0 - wz), (z1, wz)):
        if share_z == 0.0:
            continue
        for row, share_y in ((y0, 1.0 - wy), (y1, wy)):
            total += share_z * share_y * ((1.0 - wx) * grid[plane, row, x0] + wx * grid[plane, row, x1])
    return total


@inlined
def _sampled(x, y, z, box, grid):
    return _weighted(grid, _around(x, y, z, box, grid.shape))


def sample(x: Any, y: Any, z: Any, n: Any, box: Any, grids: Any, out: Any) -> None:
    """Interpolate the grids at each cell: the adjoint of `deposit`.

    Args:
        x, y, z: float64, length >= n; positions [um].
        n: number of cells.
        box: (Lx, Ly, Lz) [um].
        grids: float64 (quantities, nz, ny, nx) [conc].
        out: float64 (quantities, >= n); receives the values [conc].
    """
    spread(n, _sample, x, y, z, box, grids, out)


@bare
def _sample(begin, end, x, y, z, box, grids, out):
    for i in range(begin, end):
        around = _around(x[i], y[i], z[i], box, grids.shape[1:])
        for k in range(len(grids)):
            out[k, i] = _weighted(grids[k], around)


def gradient(x: Any, y: Any, z: Any, n: Any, box: Any, grid: Any, gx: Any, gy: Any, gz: Any) -> None:
    """Gradient of the interpolated field at each cell: central difference over one voxel to either side.

    Args:
        x, y, z: float64, length >= n; positions [um].
        n: number of cells.
        box: (Lx, Ly, Lz) [um].
        grid: float64 (nz, ny, nx) [conc].
        gx, gy, gz: float64, length >= n; receive the gradient [conc/um]; gz is 0 in a slab.
    """
    spread(n, _gradient, x, y, z, box, grid, gx, gy, gz)


@bare
def _gradient(begin, end, x, y, z, box, grid, gx, gy, gz):
    nz, ny, nx = grid.shape
    hz, hy, hx = box[2] / nz, box[1] / ny, box[0] / nx
    for i in range(begin, end):
        east = _sampled(x[i] + hx, y[i], z[i], box, grid)
        west = _sampled(x[i] - hx, y[i], z[i], box, grid)
        north = _sampled(x[i], y[i] + hy, z[i], box, grid)
        south = _sampled(x[i], y[i] - hy, z[i], box, grid)
        gx[i] = (east - west) / (2.0 * hx)
        gy[i] = (north - south) / (2.0 * hy)
        if nz == 1:
            gz[i] = 0.0
        else:
            above = _sampled(x[i], y[i], z[i] + hz, box, grid)
            below = _sampled(x[i], y[i], z[i] - hz, box, grid)
            gz[i] = (above - below) / (2.0 * hz)
