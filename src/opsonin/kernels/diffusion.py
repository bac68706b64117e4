"""One substrate over a coupling step: quasi-steady or backward Euler, with error estimate and budget.

The linear solve is in `multigrid.py`; what cells give and feel is in `exchange.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from opsonin.kernels.multigrid import Hierarchy, solve
from opsonin.kernels.stencil import chunking, couplings, inflow_row


class Budget(NamedTuple):
    """Amounts over one step [conc um3]: storage_change = source - uptake + residual, to rounding.

    The residual is what the solver left: sum(A c - b) x volume x dt.
    """

    source: float
    uptake: float
    storage_change: float
    residual: float


def steady(
    hierarchy: Hierarchy,
    c: Any,
    k: Any,
    s: Any,
    diffusivity: float,
    spacing: tuple[float, float, float],
    tolerance: float,
    max_cycles: int,
) -> tuple[int, int, float]:
    """The field in equilibrium with its sources and sinks, -D lap(c) + k c = s, in place and warm-started.

    For substrates that relax far faster than the coupling step. k must not be zero everywhere: an equilibrium
    would not exist. Arguments and returned (status, cycles, sum|residual|) as in `multigrid.solve`.
    """
    return solve(hierarchy, c, k, s, diffusivity, spacing, tolerance, max_cycles)


def implicit_step(
    hierarchy: Hierarchy,
    c_old: Any,
    rate_old: Any,
    c: Any,
    rate: Any,
    k: Any,
    s: Any,
    diffusivity: float,
    spacing: tuple[float, float, float],
    dt: float,
    reference: float,
    tolerance: float,
    max_cycles: int,
) -> tuple[int, int, float, float]:
    """One backward-Euler step, (c - c_old)/dt = D lap(c) - k c + s; nothing of the old state is written.

    The local error of backward Euler is dt^2/2 c''. Its rate (c - c_old)/dt is the slope at the end of a
    step, so it changes from one step to the next by dt c'', however long the step before was. The estimate is

        max over voxels of  dt/2 |rate - rate_old| / reference.

    It falls as dt^2. A caller rejects a step by calling again with a shorter dt, and accepts it by swapping
    old and new.

    Args:
        hierarchy: levels and workspace for this shape; its `right` is overwritten.
        c_old, rate_old: float64 (nz, ny, nx); field [conc] and the rate of the step before, or the slope
            that the field starts with [conc/min].
        c, rate: float64 (nz, ny, nx); receive the new field and its rate.
        k, s: float64 (nz, ny, nx); loss rate [1/min] and source [conc/min] during the step.
        diffusivity: D [um2/min].
        spacing: (hz, hy, hx) [um].
        dt: step [min], > 0.
        reference: concentration that the error is measured against [conc], > 0.
        tolerance: of sum|residual| against sum|s + c_old/dt| [-].
        max_cycles: V-cycles at most.
    Returns:
        status as in `multigrid.solve`, cycles, sum|residual| [conc/min], error estimate [-].
    """
    _start_step(c_old, rate_old, s, dt, hierarchy.right, c)
    status, cycles, residual = solve(
        hierarchy, c, k, hierarchy.right, diffusivity, spacing, tolerance, max_cycles, shift=1.0 / dt
    )
    change = _rate_change(c_old, rate_old, c, 1.0 / dt, rate)
    return status, cycles, residual, 0.5 * dt * float(change) / reference


def budget(
    c_old: Any,
    c: Any,
    k: Any,
    s: Any,
    diffusivity: float,
    spacing: tuple[float, float, float],
    dt: float,
) -> Budget:
    """Where the substrate went in one step of dt; for a quasi-steady field pass c as c_old.

    Args:
        c_old, c: float64 (nz, ny, nx); field before and after [conc].
        k, s: float64 (nz, ny, nx); loss rate [1/min] and source [conc/min] of the step.
        diffusivity: D [um2/min].
        spacing: (hz, hy, hx) [um].
        dt: step [min], > 0.
    """
    hz, hy, hx = spacing
    source, uptake, storage, defect = _budget_sums(
        c_old,
        c,
        k,
        s,
        *couplings(*c.shape, diffusivity, hz, hy, hx),
        1.0 / dt,
    )
    volume = hz * hy * hx
    return Budget(source * volume * dt, uptake * volume * dt, storage * volume, defect * volume * dt)


@njit(cache=True, error_model="numpy", parallel=True)
def _start_step(c_old, rate_old, s, dt, right, c):
    """right = s + c_old/dt, and c starts where the old rate leads."""
    nz, ny, _ = c.shape
    _, _, parallel = chunking(c.shape)
    if parallel:
        for line in prange(nz * ny):
            _start_row(c_old, rate_old, s, dt, right, c, line // ny, line % ny)
    else:
        for line in range(nz * ny):
            _start_row(c_old, rate_old, s, dt, right, c, line // ny, line % ny)


@njit(cache=True, error_model="numpy")
def _start_row(c_old, rate_old, s, dt, right, c, iz, iy):
    before, rate, source = c_old[iz, iy], rate_old[iz, iy], s[iz, iy]
    total, start = right[iz, iy], c[iz, iy]
    per_dt = 1.0 / dt
    for ix in range(before.size):
        total[ix] = source[ix] + per_dt * before[ix]
        start[ix] = max(before[ix] + dt * rate[ix], 0.0)


@njit(cache=True, error_model="numpy", parallel=True)
def _rate_change(c_old, rate_old, c, per_dt, rate):
    """Write rate = (c - c_old)/dt; returns the largest |rate - rate_old|, NaN if any is NaN."""
    nz, ny, _ = c.shape
    _, _, parallel = chunking(c.shape)
    largest = np.empty(nz * ny)
    if parallel:
        for line in prange(nz * ny):
            largest[line] = _rate_row(c_old, rate_old, c, per_dt, rate, line // ny, line % ny)
    else:
        for line in range(nz * ny):
            largest[line] = _rate_row(c_old, rate_old, c, per_dt, rate, line // ny, line % ny)
    worst = 0.0
    for line in range(nz * ny):
        if not largest[line] <= worst:
            worst = largest[line]
    return worst


@njit(cache=True, error_model="numpy")
def _rate_row(c_old, rate_old, c, per_dt, rate, iz, iy):
    before, after, old, new = c_old[iz, iy], c[iz, iy], rate_old[iz, iy], rate[iz, iy]
    worst = 0.0
    for ix in range(before.size):
        new[ix] = (after[ix] - before[ix]) * per_dt
        change = abs(new[ix] - old[ix])
        if not change <= worst:
            worst = change
    return worst


@njit(cache=True, error_model="numpy", parallel=True)
def _budget_sums(c_old, c, k, s, wz, wy, wx, per_dt):
    """Sums over voxels of s, k c, c - c_old and A c - b, by fixed chunks."""
    lines = c.shape[0] * c.shape[1]
    rows, chunks, parallel = chunking(c.shape)
    sums = np.zeros((chunks, 4))
    if parallel:
        for chunk in prange(chunks):
            last = min(lines, (chunk + 1) * rows)
            _budget_chunk(c_old, c, k, s, wz, wy, wx, per_dt, chunk * rows, last, sums[chunk])
    else:
        for chunk in range(chunks):
            last = min(lines, (chunk + 1) * rows)
            _budget_chunk(c_old, c, k, s, wz, wy, wx, per_dt, chunk * rows, last, sums[chunk])
    source = uptake = storage = defect = 0.0
    for chunk in range(chunks):
        source += sums[chunk, 0]
        uptake += sums[chunk, 1]
        storage += sums[chunk, 2]
        defect += sums[chunk, 3]
    return source, uptake, storage, defect


@njit(cache=True, error_model="numpy")
def _budget_chunk(c_old, c, k, s, wz, wy, wx, per_dt, first, last, sums):
    ny = c.shape[1]
    inflow = np.empty(c.shape[2])
    diagonal = 2.0 * (wz + wy + wx)
    for line in range(first, last):
        iz, iy = line // ny, line % ny
        inflow_row(c, iz, iy, wz, wy, wx, inflow)
        before, after, rate, gain = c_old[iz, iy], c[iz, iy], k[iz, iy], s[iz, iy]
        source = uptake = storage = defect = 0.0
        for ix in range(after.size):
            lost = rate[ix] * after[ix]
            stored = after[ix] - before[ix]
            source += gain[ix]
            uptake += lost
            storage += stored
            defect += per_dt * stored + lost - gain[ix] - (inflow[ix] - diagonal * after[ix])
        sums[0] += source
        sums[1] += uptake
        sums[2] += storage
        sums[3] += defect
