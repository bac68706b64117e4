"""The diffusion operator on periodic voxel rows: inflow, residual, red-black smoothing, fixed-order sums.

Grids are float64 (nz, ny, nx). A = diagonal + k - inflow, with couplings w = D / h^2 per axis, 0 along an
axis of one voxel (a slab's z), and diagonal = 2 (wz + wy + wx) plus any 1/dt. Levels are in `multigrid.py`.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from opsonin.core.threads import FIRST

# Work is cut into chunks of whole rows whose number depends on the shape alone: a sum is the chunks' sums, in
# order. Levels smaller than the second constant stay on one thread, where starting the others costs more.
CHUNK_POINTS = 4096
PARALLEL_POINTS = 16384


@njit(cache=True, error_model="numpy")
def chunking(shape):
    """How a grid is cut: rows per chunk, number of chunks, and whether other threads pay. Shape only."""
    nz, ny, nx = shape
    rows = max(1, CHUNK_POINTS // nx)
    return rows, (nz * ny + rows - 1) // rows, nz * ny * nx >= PARALLEL_POINTS


@njit(cache=True, error_model="numpy")
def couplings(nz, ny, nx, diffusivity, hz, hy, hx):
    """D / h^2 per axis (wz, wy, wx) [1/min]; 0 along an axis of one voxel, which neighbours itself."""
    return (
        diffusivity / (hz * hz) if nz > 1 else 0.0,
        diffusivity / (hy * hy) if ny > 1 else 0.0,
        diffusivity / (hx * hx) if nx > 1 else 0.0,
    )


@njit(cache=True, error_model="numpy")
def _neighbour_rows(c, iz, iy):
    nz, ny, _ = c.shape
    south = c[iz, iy - 1 if iy > 0 else ny - 1]
    north = c[iz, iy + 1 if iy < ny - 1 else 0]
    below = c[iz - 1 if iz > 0 else nz - 1, iy]
    above = c[iz + 1 if iz < nz - 1 else 0, iy]
    return south, north, below, above


@njit(cache=True, error_model="numpy")
def inflow_row(c, iz, iy, wz, wy, wx, out):
    """Weighted sum over the six neighbours of each voxel of a row [conc/min]."""
    nx = c.shape[2]
    row = c[iz, iy]
    south, north, below, above = _neighbour_rows(c, iz, iy)
    for ix in range(nx):
        out[ix] = wy * (south[ix] + north[ix]) + wz * (below[ix] + above[ix])
    west = row[: nx - 1]
    east = row[1:]
    inner = out[1:]
    for ix in range(nx - 1):
        inner[ix] += wx * west[ix]
    out[0] += wx * row[nx - 1]
    for ix in range(nx - 1):
        out[ix] += wx * east[ix]
    out[nx - 1] += wx * row[0]


@njit(cache=True, error_model="numpy")
def _relax_row(c, k, s, iz, iy, wz, wy, wx, diagonal, colour):
    """Gauss-Seidel on the voxels of one colour of a row.

    Where the row is odd its ends are neighbours of one colour: the last sees the first as it was.
    """
    nx = c.shape[2]
    south, north, below, above = _neighbour_rows(c, iz, iy)
    source, rate, row = s[iz, iy], k[iz, iy], c[iz, iy]
    first = row[0]
    for place in range((iz + iy + colour) % 2, nx, 2):
        ix = np.uintp(place)  # numba spends a test per access on indices that may be negative
        west = row[ix - np.uintp(1) if place > 0 else np.uintp(nx - 1)]
        east = row[ix + np.uintp(1)] if place < nx - 1 else first
        inflow = wy * (south[ix] + north[ix]) + wz * (below[ix] + above[ix])
        inflow = inflow + wx * west + wx * east
        row[ix] = (source[ix] + inflow) / (diagonal + rate[ix])


@njit(cache=True, error_model="numpy")
def _on_seam(c, iz, iy):
    """True for the last row of an odd axis: its neighbour across the boundary has the same colour."""
    nz, ny, _ = c.shape
    return (iy == ny - 1 and ny > 1 and ny % 2 == 1) or (iz == nz - 1 and nz > 1 and nz % 2 == 1)


@njit(cache=True, error_model="numpy")
def _relax_chunk(c, k, s, first, last, wz, wy, wx, diagonal, colour):
    ny = c.shape[1]
    for line in range(first, last):
        iz, iy = line // ny, line % ny
        if not _on_seam(c, iz, iy):
            _relax_row(c, k, s, iz, iy, wz, wy, wx, diagonal, colour)


@njit(cache=True, error_model="numpy")
def _relax_seam(c, k, s, wz, wy, wx, diagonal, colour):
    nz, ny, _ = c.shape
    if (ny == 1 or ny % 2 == 0) and (nz == 1 or nz % 2 == 0):
        return
    for iz in range(nz):
        for iy in range(ny):
            if _on_seam(c, iz, iy):
                _relax_row(c, k, s, iz, iy, wz, wy, wx, diagonal, colour)


@njit(cache=True, error_model="numpy", parallel=True)
def relax(c, k, s, wz, wy, wx, diagonal, sweeps):
    """Red-black Gauss-Seidel sweeps on one level."""
    lines = c.shape[0] * c.shape[1]
    rows, chunks, parallel = chunking(c.shape)
    for half in range(2 * sweeps):
        colour = half % 2
        if parallel:
            for chunk in prange(chunks):
                last = min(lines, (chunk + 1) * rows)
                _relax_chunk(c, k, s, chunk * rows, last, wz, wy, wx, diagonal, colour)
        else:
            _relax_chunk(c, k, s, FIRST, lines, wz, wy, wx, diagonal, colour)
        _relax_seam(c, k, s, wz, wy, wx, diagonal, colour)


@njit(cache=True, error_model="numpy")
def residual_row(c, k, s, iz, iy, wz, wy, wx, diagonal, out):
    """s - A c of one row [conc/min]."""
    inflow_row(c, iz, iy, wz, wy, wx, out)
    source, rate, row = s[iz, iy], k[iz, iy], c[iz, iy]
    for ix in range(c.shape[2]):
        out[ix] = source[ix] + out[ix] - (diagonal + rate[ix]) * row[ix]


@njit(cache=True, error_model="numpy")
def absolute_sum(row):
    """Sum of |row| in a fixed order: four interleaved partial sums, so that it does not wait on each add."""
    size = row.size
    whole = size - size % 4
    a = b = c = d = 0.0
    for i in range(0, whole, 4):
        a += abs(row[i])
        b += abs(row[i + 1])
        c += abs(row[i + 2])
        d += abs(row[i + 3])
    total = (a + b) + (c + d)
    for i in range(whole, size):
        total += abs(row[i])
    return total


@njit(cache=True, error_model="numpy")
def _residual_chunk(c, k, s, first, last, wz, wy, wx, diagonal):
    ny = c.shape[1]
    buffer = np.empty(c.shape[2])
    total = 0.0
    for line in range(first, last):
        residual_row(c, k, s, line // ny, line % ny, wz, wy, wx, diagonal, buffer)
        total += absolute_sum(buffer)
    return total


@njit(cache=True, error_model="numpy", parallel=True)
def absolute_residual(c, k, s, wz, wy, wx, diagonal):
    """sum|s - A c| by fixed chunks [conc/min]."""
    lines = c.shape[0] * c.shape[1]
    rows, chunks, parallel = chunking(c.shape)
    sums = np.zeros(chunks)
    if parallel:
        for chunk in prange(chunks):
            last = min(lines, (chunk + 1) * rows)
            sums[chunk] = _residual_chunk(c, k, s, chunk * rows, last, wz, wy, wx, diagonal)
    else:
        for chunk in range(chunks):
            last = min(lines, (chunk + 1) * rows)
            sums[chunk] = _residual_chunk(c, k, s, chunk * rows, last, wz, wy, wx, diagonal)
    total = 0.0
    for chunk in range(chunks):
        total += sums[chunk]
    return total


@njit(cache=True, error_model="numpy")
def total_source(s):
    """sum|s|, row sums in order."""
    total = 0.0
    for iz in range(s.shape[0]):
        for iy in range(s.shape[1]):
            total += absolute_sum(s[iz, iy])
    return total
