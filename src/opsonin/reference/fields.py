"""The substrate kernels written to be read: assembled sparse matrices, direct solves, plain loops.

The executable specification of kernels/stencil, multigrid, diffusion and exchange. Slow; for tests only.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

Floats = npt.NDArray[np.float64]
Spacing = tuple[float, float, float]
Box = tuple[float, float, float]


def laplacian(shape: tuple[int, int, int], spacing: Spacing) -> sparse.csc_matrix:
    """Second-order Laplacian on a periodic grid (nz, ny, nx), C order; none along z where nz == 1 [1/um2]."""
    total = sparse.csc_matrix((math.prod(shape), math.prod(shape)))
    for axis, (size, width) in enumerate(zip(shape, spacing, strict=True)):
        if axis == 0 and size == 1:
            continue
        ring = sparse.lil_matrix((size, size))
        for i in range(size):
            ring[i, (i + 1) % size] += 1.0 / width**2
            ring[i, (i - 1) % size] += 1.0 / width**2
            ring[i, i] -= 2.0 / width**2
        before = sparse.identity(math.prod(shape[:axis]))
        after = sparse.identity(math.prod(shape[axis + 1 :]))
        total = total + sparse.kron(sparse.kron(before, ring), after)
    return total.tocsc()


def operator(k: Floats, diffusivity: float, spacing: Spacing, shift: float = 0.0) -> sparse.csc_matrix:
    """A = -D lap + k + shift [1/min], for k of shape (nz, ny, nx)."""
    return (sparse.diags(k.ravel() + shift) - diffusivity * laplacian(k.shape, spacing)).tocsc()


def solve(k: Floats, s: Floats, diffusivity: float, spacing: Spacing, shift: float = 0.0) -> Floats:
    """The exact grid solution of A c = s, by sparse LU [conc]."""
    solution: Floats = splu(operator(k, diffusivity, spacing, shift)).solve(s.ravel())
    return solution.reshape(k.shape)


def residual(
    c: Floats, k: Floats, s: Floats, diffusivity: float, spacing: Spacing, shift: float = 0.0
) -> Floats:
    """s - A c per voxel [conc/min]."""
    left: Floats = operator(k, diffusivity, spacing, shift) @ c.ravel()
    return s - left.reshape(c.shape)


def relax(
    c: Floats, k: Floats, s: Floats, diffusivity: float, spacing: Spacing, shift: float = 0.0
) -> Floats:
    """One red-black Gauss-Seidel sweep on a grid whose axes are even (or 1): the new field."""
    out = c.copy()
    diagonal = operator(k, diffusivity, spacing, shift).diagonal().reshape(c.shape)
    colour = np.indices(c.shape).sum(axis=0) % 2
    for now in (0, 1):
        correction = residual(out, k, s, diffusivity, spacing, shift) / diagonal
        out = np.where(colour == now, out + correction, out)
    return out


def restrict(fine: Floats, factors: tuple[int, int, int]) -> Floats:
    """Mean over blocks of factors (fz, fy, fx), each 1 or 2."""
    nz, ny, nx = (size // factor for size, factor in zip(fine.shape, factors, strict=True))
    blocks = fine.reshape(nz, factors[0], ny, factors[1], nx, factors[2])
    mean: Floats = blocks.mean(axis=(1, 3, 5))
    return mean


def prolong(coarse: Floats, factors: tuple[int, int, int]) -> Floats:
    """Linear interpolation to voxel centres: per axis, 3/4 of its own voxel, 1/4 of the next."""
    out = coarse
    for axis, factor in enumerate(factors):
        if factor == 2:
            lower = 0.75 * out + 0.25 * np.roll(out, 1, axis)
            upper = 0.75 * out + 0.25 * np.roll(out, -1, axis)
            pairs = np.stack([lower, upper], axis=axis + 1)
            out = pairs.reshape(*(2 * size if i == axis else size for i, size in enumerate(out.shape)))
    return out


def coarse_rate(k: Floats, factors: tuple[int, int, int], screening: float) -> Floats:
    """Loss rate on the coarse level: the block's least k plus its mean sink e / (1 + screening e)."""
    nz, ny, nx = (size // factor for size, factor in zip(k.shape, factors, strict=True))
    blocks = k.reshape(nz, factors[0], ny, factors[1], nx, factors[2])
    low = blocks.min(axis=(1, 3, 5), keepdims=True)
    excess = blocks - low
    rate: Floats = low[:, 0, :, 0, :, 0] + (excess / (1.0 + screening * excess)).mean(axis=(1, 3, 5))
    return rate


def implicit_step(
    c_old: Floats, k: Floats, s: Floats, diffusivity: float, spacing: Spacing, dt: float
) -> Floats:
    """Backward Euler over dt [min], solved exactly [conc]."""
    return solve(k, s + c_old / dt, diffusivity, spacing, 1.0 / dt)


def step_error(rate_old: Floats, rate: Floats, dt: float, reference: float) -> float:
    """Local error of backward Euler, dt^2/2 c'', from the slopes at its ends, against a concentration [-]."""
    curvature = (rate - rate_old) / dt
    return float(np.abs(0.5 * dt**2 * curvature).max() / reference)


def budget(
    c_old: Floats, c: Floats, k: Floats, s: Floats, diffusivity: float, spacing: Spacing, dt: float
) -> tuple[float, float, float, float]:
    """Source, uptake, storage change and residual of a step [conc um3]."""
    volume = math.prod(spacing)
    left = -residual(c, k, s + c_old / dt, diffusivity, spacing, 1.0 / dt)
    return (
        math.fsum(s.ravel()) * volume * dt,
        math.fsum((k * c).ravel()) * volume * dt,
        math.fsum((c - c_old).ravel()) * volume,
        math.fsum(left.ravel()) * volume * dt,
    )


def corners(
    position: tuple[float, float, float], box: Box, shape: tuple[int, int, int]
) -> list[tuple[tuple[int, int, int], float]]:
    """The voxels (iz, iy, ix) around a position (x, y, z) and their weights, which sum to 1."""
    axes = []
    for where, length, size in zip(position[::-1], box[::-1], shape, strict=True):
        scaled = where / length * size - 0.5
        low = math.floor(scaled)
        share = scaled - low
        axes.append([(0, 1.0)] if size == 1 else [(low % size, 1.0 - share), ((low + 1) % size, share)])
    return [((z, y, x), wz * wy * wx) for (z, wz), (y, wy), (x, wx) in product(*axes)]


def deposit(positions: Floats, amount: Floats, box: Box, grid: Floats) -> Floats:
    """The grid after each cell of positions (n, 3) as x, y, z has given its amount (n,)."""
    out = grid.copy()
    for (x, y, z), given in zip(positions, amount, strict=True):
        for voxel, weight in corners((x, y, z), box, _shape(grid)):
            out[voxel] += weight * given
    return out


def sample(positions: Floats, box: Box, grid: Floats) -> Floats:
    """The interpolated grid at positions (n, 3) as x, y, z."""
    return np.array(
        [sum(w * grid[voxel] for voxel, w in corners((x, y, z), box, _shape(grid))) for x, y, z in positions]
    )


def gradient(positions: Floats, box: Box, grid: Floats) -> Floats:
    """Interpolated central differences at positions (n, 3): columns d/dx, d/dy, d/dz [conc/um]."""
    columns = []
    for axis, length in ((2, box[0]), (1, box[1]), (0, box[2])):
        width = length / grid.shape[axis]
        slope = (np.roll(grid, -1, axis) - np.roll(grid, 1, axis)) / (2.0 * width)
        columns.append(sample(positions, box, slope))
    return np.stack(columns, axis=1)


def lod_step(c: Floats, k: Floats, s: Floats, diffusivity: float, spacing: Spacing, dt: float) -> Floats:
    """The rival: one locally one-dimensional step, implicit per axis in turn, source and loss first."""
    out = (c + dt * s) / (1.0 + dt * k)
    for axis, (size, width) in enumerate(zip(c.shape, spacing, strict=True)):
        if axis == 0 and size == 1:
            continue
        along = splu(
            sparse.identity(size, format="csc")
            - dt * diffusivity * laplacian((1, 1, size), (1.0, 1.0, width))
        )
        lines = np.moveaxis(out, axis, 0)
        out = np.moveaxis(
            along.solve(np.ascontiguousarray(lines.reshape(size, -1))).reshape(lines.shape), 0, axis
        )
    return np.ascontiguousarray(out)


def _shape(grid: Floats) -> tuple[int, int, int]:
    nz, ny, nx = grid.shape
    return nz, ny, nx
