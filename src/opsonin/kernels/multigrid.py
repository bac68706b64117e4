"""Geometric multigrid for one diffusing substrate, -D lap(c) + (k + shift) c = s, on a periodic voxel grid.

Only the linear solve lives here; what s and k mean, and time, are in `diffusion.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit, prange

from opsonin.core.errors import Fault, RunError
from opsonin.core.threads import FIRST
from opsonin.kernels.stencil import (
    absolute_residual,
    absolute_sum,
    chunking,
    couplings,
    inflow_row,
    relax,
    residual_row,
    total_source,
)

OK = 0
NOT_CONVERGED = 1
NOT_FINITE = 2

PRE_SWEEPS = 2
POST_SWEEPS = 2

# Axes whose spacing is within this factor of the finest are coarsened together: point smoothing needs
# couplings D/h^2 that are alike.
_ALIKE = 1.5
# Resistance around a lone sink that a coarser level does not see: (1 / 4 pi D) log(area ratio) per length in
# a slab, G(0) (1 - length ratio) / (D h) in 3D, with G(0) the cubic lattice's Green function at its origin.
_SCREENING_2D = 0.0795775
_SCREENING_3D = 0.252731
# Conjugate gradients on the coarsest level stop at this drop of the squared residual: 1e-2 in norm.
_COARSEST_DROP = 1e-4
_COARSEST_ITERATIONS = 400

# Columns of the level table.
_NZ, _NY, _NX, _OFFSET, _FZ, _FY, _FX = range(7)


@dataclass(frozen=True)
class Hierarchy:
    """Grid levels of one shape and the workspace of a solve; not to be shared by solves that run at once.

    Attributes:
        shape: (nz, ny, nx) of the finest grid; nz == 1 is a slab.
        levels: int64 (levels, 7); shape, workspace offset and coarsening factors of each.
        values: float64; the correction of all coarser levels, end to end (the finest level is the caller's).
        rates: float64; k of all coarser levels.
        sources: float64; right-hand side of all coarser levels.
        right: float64 (nz, ny, nx); right-hand side of the finest level, for the callers in `diffusion.py`.
        direction, image, defect: float64; conjugate-gradient vectors of the coarsest level.
    """

    shape: tuple[int, int, int]
    levels: Any
    values: Any
    rates: Any
    sources: Any
    right: Any
    direction: Any
    image: Any
    defect: Any

    @staticmethod
    def of(shape: tuple[int, int, int], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Hierarchy:
        """Plan the levels for a shape and allocate their workspace.

        Args:
            shape: (nz, ny, nx), each at least 1. Multiples of 16 coarsen furthest.
            spacing: (hz, hy, hx) at the start; its ratios choose which axes coarsen together.
        Raises:
            RunError: an axis is empty.
        """
        if min(shape) < 1:
            raise RunError(Fault("field grid", f"shape {shape} has an empty axis; expected at least 1 voxel"))
        sizes, widths = list(shape), list(spacing)
        table: list[list[int]] = []
        offset = 0
        while True:
            factors = _coarsening(sizes, widths)
            points = sizes[0] * sizes[1] * sizes[2]
            table.append([*sizes, offset, *factors])
            if max(factors) == 1:
                break
            if len(table) > 1:
                offset += points
            sizes = [size // factor for size, factor in zip(sizes, factors, strict=True)]
            widths = [width * factor for width, factor in zip(widths, factors, strict=True)]
        coarsest = sizes[0] * sizes[1] * sizes[2]
        total = offset + coarsest if len(table) > 1 else 1
        return Hierarchy(
            shape=shape,
            levels=np.array(table, dtype=np.int64),
            values=np.zeros(total),
            rates=np.zeros(total),
            sources=np.zeros(total),
            right=np.zeros(shape),
            direction=np.zeros(coarsest),
            image=np.zeros(coarsest),
            defect=np.zeros(coarsest),
        )


def _coarsening(sizes: list[int], widths: list[float]) -> list[int]:
    """Factor per axis (1 or 2) from one level to the next."""
    active = [width for size, width in zip(sizes, widths, strict=True) if size > 1]
    finest = min(active, default=1.0)
    return [
        2 if size % 2 == 0 and size >= 4 and width <= _ALIKE * finest else 1
        for size, width in zip(sizes, widths, strict=True)
    ]


def solve(
    hierarchy: Hierarchy,
    c: Any,
    k: Any,
    s: Any,
    diffusivity: float,
    spacing: tuple[float, float, float],
    tolerance: float,
    max_cycles: int,
    *,
    shift: float = 0.0,
    sweeps: tuple[int, int] = (PRE_SWEEPS, POST_SWEEPS),
) -> tuple[int, int, float]:
    """Solve -D lap(c) + (k + shift) c = s in place, starting from what c holds.

    Args:
        hierarchy: levels and workspace for this shape.
        c: float64 (nz, ny, nx), C order; start value, then the solution [conc].
        k: float64 (nz, ny, nx); loss rate >= 0, not zero everywhere unless shift > 0 [1/min].
        s: float64 (nz, ny, nx); source [conc/min].
        diffusivity: D [um2/min].
        spacing: (hz, hy, hx) [um].
        tolerance: stop once sum|residual| <= tolerance * sum|s| [-]; 0 runs all cycles.
        max_cycles: V-cycles at most.
        shift: added to k everywhere (1/dt of an implicit step) [1/min].
        sweeps: red-black sweeps before and after each coarse correction.
    Returns:
        status OK, NOT_CONVERGED or NOT_FINITE; cycles begun; sum over voxels of |residual| [conc/min].
        Without any source c becomes 0 at once. NOT_CONVERGED is no fault by itself where the caller wanted a
        fixed number of cycles.
    """
    status, cycles, residual = _solve(
        hierarchy.levels,
        c,
        k,
        s,
        hierarchy.values,
        hierarchy.rates,
        hierarchy.sources,
        hierarchy.direction,
        hierarchy.image,
        hierarchy.defect,
        diffusivity,
        spacing[0],
        spacing[1],
        spacing[2],
        shift,
        tolerance,
        max_cycles,
        sweeps[0],
        sweeps[1],
    )
    return int(status), int(cycles), float(residual)


@njit(cache=True, error_model="numpy")
def _view(flat, level):
    """The 3D array of one coarser level inside a flat workspace."""
    size = level[_NZ] * level[_NY] * level[_NX]
    start = level[_OFFSET]
    return flat[start : start + size].reshape(level[_NZ], level[_NY], level[_NX])


@njit(cache=True, error_model="numpy")
def _restrict_chunk(c, k, s, coarse_c, coarse_s, first, last, factors, wz, wy, wx, diagonal):
    """Mean residual of each block of fine voxels, as source of the coarse level; returns sum|residual|."""
    fz, fy, fx = factors
    ny, nx = coarse_s.shape[1], coarse_s.shape[2]
    buffer = np.empty(c.shape[2])
    share = 1.0 / (fz * fy * fx)
    total = 0.0
    for line in range(first, last):
        jz, jy = line // ny, line % ny
        target = coarse_s[jz, jy]
        target[:] = 0.0
        coarse_c[jz, jy, :] = 0.0
        for iz in range(jz * fz, (jz + 1) * fz):
            for iy in range(jy * fy, (jy + 1) * fy):
                residual_row(c, k, s, iz, iy, wz, wy, wx, diagonal, buffer)
                total += absolute_sum(buffer)
                if fx == 2:
                    for ix in range(nx):
                        target[ix] += share * (buffer[2 * ix] + buffer[2 * ix + 1])
                else:
                    for ix in range(nx):
                        target[ix] += share * buffer[ix]
    return total


@njit(cache=True, error_model="numpy", parallel=True)
def _restrict(c, k, s, coarse_c, coarse_s, level, wz, wy, wx, diagonal):
    """Residual to the coarse level, whose correction is set to 0; returns sum|residual| by fixed chunks."""
    factors = (level[_FZ], level[_FY], level[_FX])
    lines = coarse_s.shape[0] * coarse_s.shape[1]
    rows, chunks, parallel = chunking(coarse_s.shape)
    sums = np.zeros(chunks)
    if parallel:
        for chunk in prange(chunks):
            last = min(lines, (chunk + 1) * rows)
            sums[chunk] = _restrict_chunk(
                c, k, s, coarse_c, coarse_s, chunk * rows, last, factors, wz, wy, wx, diagonal
            )
    else:
        for chunk in range(chunks):
            last = min(lines, (chunk + 1) * rows)
            sums[chunk] = _restrict_chunk(
                c, k, s, coarse_c, coarse_s, chunk * rows, last, factors, wz, wy, wx, diagonal
            )
    total = 0.0
    for chunk in range(chunks):
        total += sums[chunk]
    return total


@njit(cache=True, error_model="numpy")
def _nearer(i, factor, size):
    """For a fine index: the coarse voxel it lies in, the next nearest one, and the weight of the latter."""
    if factor == 1:
        return i, i, 0.0
    here = i // 2
    beside = here - 1 if i % 2 == 0 else here + 1
    return here, beside % size, 0.25


@njit(cache=True, error_model="numpy")
def _prolong_chunk(c, coarse_c, first, last, factors):
    """Add the (tri)linearly interpolated coarse correction to rows first..last of c."""
    fz, fy, fx = factors
    ny = c.shape[1]
    mz, my, mx = coarse_c.shape
    mixed = np.empty(mx)
    for line in range(first, last):
        iz, iy = line // ny, line % ny
        z0, z1, wz = _nearer(iz, fz, mz)
        y0, y1, wy = _nearer(iy, fy, my)
        a, b = coarse_c[z0, y0], coarse_c[z0, y1]
        d, e = coarse_c[z1, y0], coarse_c[z1, y1]
        waa, wab = (1.0 - wz) * (1.0 - wy), (1.0 - wz) * wy
        wda, wde = wz * (1.0 - wy), wz * wy
        for ix in range(mx):
            mixed[ix] = waa * a[ix] + wab * b[ix] + wda * d[ix] + wde * e[ix]
        row = c[iz, iy]
        if fx == 1:
            for ix in range(mx):
                row[ix] += mixed[ix]
            continue
        row[0] += 0.75 * mixed[0] + 0.25 * mixed[mx - 1]
        for ix in range(mx - 1):
            here, beside = mixed[ix], mixed[ix + 1]
            row[2 * ix + 1] += 0.75 * here + 0.25 * beside
            row[2 * ix + 2] += 0.75 * beside + 0.25 * here
        row[2 * mx - 1] += 0.75 * mixed[mx - 1] + 0.25 * mixed[0]


@njit(cache=True, error_model="numpy", parallel=True)
def _prolong(c, coarse_c, level):
    factors = (level[_FZ], level[_FY], level[_FX])
    lines = c.shape[0] * c.shape[1]
    rows, chunks, parallel = chunking(c.shape)
    if parallel:
        for chunk in prange(chunks):
            _prolong_chunk(c, coarse_c, chunk * rows, min(lines, (chunk + 1) * rows), factors)
    else:
        _prolong_chunk(c, coarse_c, FIRST, lines, factors)


@njit(cache=True, error_model="numpy")
def _coarse_rate_chunk(k, coarse_k, first, last, factors, screening):
    fz, fy, fx = factors
    ny, nx = coarse_k.shape[1], coarse_k.shape[2]
    share = 1.0 / (fz * fy * fx)
    for line in range(first, last):
        jz, jy = line // ny, line % ny
        for jx in range(nx):
            low = k[jz * fz, jy * fy, jx * fx]
            for iz in range(jz * fz, (jz + 1) * fz):
                for iy in range(jy * fy, (jy + 1) * fy):
                    for ix in range(jx * fx, (jx + 1) * fx):
                        low = min(low, k[iz, iy, ix])
            excess = 0.0
            for iz in range(jz * fz, (jz + 1) * fz):
                for iy in range(jy * fy, (jy + 1) * fy):
                    for ix in range(jx * fx, (jx + 1) * fx):
                        above = k[iz, iy, ix] - low
                        excess += above / (1.0 + screening * above)
            coarse_k[jz, jy, jx] = low + share * excess


@njit(cache=True, error_model="numpy", parallel=True)
def _coarse_rate(k, coarse_k, level, screening):
    """Loss rate of the coarse level: the block's least k plus its sinks, weakened by what they shadow.

    A lone sink of rate k in a voxel of width h drains D-limited: the coarse grid, blind to the dip between
    h and 2h, would drain more. In series with that resistance, k becomes k / (1 + screening k).
    """
    factors = (level[_FZ], level[_FY], level[_FX])
    lines = coarse_k.shape[0] * coarse_k.shape[1]
    rows, chunks, parallel = chunking(coarse_k.shape)
    if parallel:
        for chunk in prange(chunks):
            last = min(lines, (chunk + 1) * rows)
            _coarse_rate_chunk(k, coarse_k, chunk * rows, last, factors, screening)
    else:
        _coarse_rate_chunk(k, coarse_k, FIRST, lines, factors, screening)


@njit(cache=True, error_model="numpy")
def _dot(a, b):
    """Inner product in a fixed order, four interleaved partial sums."""
    size = a.size
    whole = size - size % 4
    p = q = r = t = 0.0
    for i in range(0, whole, 4):
        p += a[i] * b[i]
        q += a[i + 1] * b[i + 1]
        r += a[i + 2] * b[i + 2]
        t += a[i + 3] * b[i + 3]
    total = (p + q) + (r + t)
    for i in range(whole, size):
        total += a[i] * b[i]
    return total


@njit(cache=True, error_model="numpy")
def _weighted_dot(a, diagonal, k):
    """Sum of a^2 / (diagonal + k)."""
    size = a.size
    whole = size - size % 2
    p = q = 0.0
    for i in range(0, whole, 2):
        p += a[i] * a[i] / (diagonal + k[i])
        q += a[i + 1] * a[i + 1] / (diagonal + k[i + 1])
    total = p + q
    for i in range(whole, size):
        total += a[i] * a[i] / (diagonal + k[i])
    return total


@njit(cache=True, error_model="numpy")
def _solve_coarsest(c, k, s, direction, image, defect, wz, wy, wx, diagonal):
    """Diagonally preconditioned conjugate gradients on one thread: any shape, odd or anisotropic."""
    nz, ny, nx = c.shape
    r, p, q = defect.reshape(nz, ny, nx), direction.reshape(nz, ny, nx), image.reshape(nz, ny, nx)
    x, rates = c.reshape(c.size), k.reshape(c.size)
    for iz in range(nz):
        for iy in range(ny):
            residual_row(c, k, s, iz, iy, wz, wy, wx, diagonal, r[iz, iy])
    for i in range(c.size):
        direction[i] = defect[i] / (diagonal + rates[i])
    energy = _weighted_dot(defect, diagonal, rates)
    target = _COARSEST_DROP * energy
    for _ in range(_COARSEST_ITERATIONS):
        if not energy > 0.0:
            break
        for iz in range(nz):
            for iy in range(ny):
                along, there, rate = q[iz, iy], p[iz, iy], k[iz, iy]
                inflow_row(p, iz, iy, wz, wy, wx, along)
                for ix in range(nx):
                    along[ix] = (diagonal + rate[ix]) * there[ix] - along[ix]
        curvature = _dot(direction, image)
        if not curvature > 0.0:
            break
        step = energy / curvature
        for i in range(c.size):
            x[i] += step * direction[i]
            defect[i] -= step * image[i]
        before = energy
        energy = _weighted_dot(defect, diagonal, rates)
        if energy <= target:
            break
        keep = energy / before
        for i in range(c.size):
            direction[i] = defect[i] / (diagonal + rates[i]) + keep * direction[i]


@njit(cache=True, error_model="numpy")
def _on_level(levels, number, diffusivity, hz, hy, hx):
    """Couplings wz, wy, wx of a level [1/min], and the screening of sinks on the way to the next [min]."""
    for finer in range(number):
        hz *= levels[finer, _FZ]
        hy *= levels[finer, _FY]
        hx *= levels[finer, _FX]
    level = levels[number]
    wz, wy, wx = couplings(level[_NZ], level[_NY], level[_NX], diffusivity, hz, hy, hx)
    grown = level[_FZ] * level[_FY] * level[_FX]
    if level[_NZ] == 1:
        return wz, wy, wx, _SCREENING_2D * np.log(grown) * hy * hx / diffusivity
    screening = _SCREENING_3D * (1.0 - grown ** (-1.0 / 3.0)) * (hz * hy * hx) ** (2.0 / 3.0) / diffusivity
    return wz, wy, wx, screening


@njit(cache=True, error_model="numpy")
def _solve(
    levels,
    c,
    k,
    s,
    values,
    rates,
    sources,
    direction,
    image,
    defect,
    diffusivity,
    hz,
    hy,
    hx,
    shift,
    tolerance,
    max_cycles,
    pre,
    post,
):
    count = levels.shape[0]
    bottom = count - 1
    given = total_source(s)
    if given == 0.0:
        # Nothing to be relative to, and the answer is known.
        c[:] = 0.0
        return OK, 0, 0.0
    allowed = tolerance * given
    for n in range(bottom):
        _, _, _, screening = _on_level(levels, n, diffusivity, hz, hy, hx)
        fine = k if n == 0 else _view(rates, levels[n])
        _coarse_rate(fine, _view(rates, levels[n + 1]), levels[n], screening)
    for cycle in range(max_cycles):
        for n in range(bottom):
            wz, wy, wx, _ = _on_level(levels, n, diffusivity, hz, hy, hx)
            diagonal = 2.0 * (wz + wy + wx) + shift
            here_c = c if n == 0 else _view(values, levels[n])
            here_k = k if n == 0 else _view(rates, levels[n])
            here_s = s if n == 0 else _view(sources, levels[n])
            relax(here_c, here_k, here_s, wz, wy, wx, diagonal, pre)
            remaining_here = _restrict(
                here_c,
                here_k,
                here_s,
                _view(values, levels[n + 1]),
                _view(sources, levels[n + 1]),
                levels[n],
                wz,
                wy,
                wx,
                diagonal,
            )
            if n == 0:
                # The sum comes free with the restriction: smoothing alone may already have been enough.
                if not np.isfinite(remaining_here):
                    return NOT_FINITE, cycle + 1, remaining_here
                if remaining_here <= allowed:
                    return OK, cycle + 1, remaining_here
        wz, wy, wx, _ = _on_level(levels, bottom, diffusivity, hz, hy, hx)
        diagonal = 2.0 * (wz + wy + wx) + shift
        here_c = c if bottom == 0 else _view(values, levels[bottom])
        here_k = k if bottom == 0 else _view(rates, levels[bottom])
        here_s = s if bottom == 0 else _view(sources, levels[bottom])
        _solve_coarsest(here_c, here_k, here_s, direction, image, defect, wz, wy, wx, diagonal)
        for up in range(bottom):
            n = bottom - 1 - up
            wz, wy, wx, _ = _on_level(levels, n, diffusivity, hz, hy, hx)
            diagonal = 2.0 * (wz + wy + wx) + shift
            here_c = c if n == 0 else _view(values, levels[n])
            here_k = k if n == 0 else _view(rates, levels[n])
            here_s = s if n == 0 else _view(sources, levels[n])
            _prolong(here_c, _view(values, levels[n + 1]), levels[n])
            relax(here_c, here_k, here_s, wz, wy, wx, diagonal, post)
    wz, wy, wx, _ = _on_level(levels, FIRST, diffusivity, hz, hy, hx)
    remaining = absolute_residual(c, k, s, wz, wy, wx, 2.0 * (wz + wy + wx) + shift)
    if not np.isfinite(remaining):
        return NOT_FINITE, max_cycles, remaining
    return (OK if remaining <= allowed else NOT_CONVERGED), max_cycles, remaining
