"""Substrate solvers timed, beside the tuned-numba column of PERFORMANCE.md and a rival that splits per axis.

Run: `python benchmarks/fields.py` (about a minute on an idle machine). Correctness is the business of tests/.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from opsonin.core import kernel_cache

kernel_cache.prepare(threads=2)

import numba  # noqa: E402
import numpy as np  # noqa: E402
from numba import njit, prange  # noqa: E402

from opsonin.kernels import diffusion  # noqa: E402
from opsonin.kernels.multigrid import Hierarchy, solve  # noqa: E402

H = (15.0, 15.0, 15.0)
OXYGEN = 1e5
STEP = 6.0
SUBSTRATES = 4


def timed(call: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Median, least and most of `repeats` calls after one to warm up [ms]."""
    call()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - start))
    return float(np.median(taken)), min(taken), max(taken)


def row(label: str, taken: tuple[float, float, float], beside: str) -> None:
    print(f"{label:<58}{taken[0]:9.2f}  ({taken[1]:.2f}-{taken[2]:.2f})".ljust(90) + beside, flush=True)


def tissue(shape: tuple[int, int, int], uptake: float):
    """Oxygen: vessels in 1 % of the voxels, blood at 40 mmHg, cells that take it up elsewhere."""
    rng = np.random.default_rng(1)
    k = uptake * rng.random(shape)
    vessels = rng.random(shape) < 0.01
    k[vessels] += 100.0
    return k, np.where(vessels, 4000.0, 0.0)


@njit(cache=True, error_model="numpy")
def _factors(size, w):
    """Periodic tridiagonal (1 + 2w, -w): factors, pivots, Sherman-Morrison vector, corner, denominator."""
    diagonal = np.full(size, 1.0 + 2.0 * w)
    gamma = -diagonal[0]
    diagonal[0] -= gamma
    diagonal[size - 1] -= w * w / gamma
    up, pivot = np.empty(size), np.empty(size)
    pivot[0] = 1.0 / diagonal[0]
    up[0] = -w * pivot[0]
    for i in range(1, size):
        pivot[i] = 1.0 / (diagonal[i] + w * up[i - 1])
        up[i] = -w * pivot[i]
    z = np.zeros(size)
    z[0] = gamma * pivot[0]
    for i in range(1, size):
        z[i] = ((-w if i == size - 1 else 0.0) + w * z[i - 1]) * pivot[i]
    for i in range(size - 2, -1, -1):
        z[i] -= up[i] * z[i + 1]
    return up, pivot, z, -w / gamma, 1.0 + z[0] - w / gamma * z[size - 1]


@njit(cache=True, error_model="numpy")
def _solve_lines(block, w, up, pivot, z, corner, denominator):
    """Solve along axis 0 of block (n, lanes) in place; lanes vectorise."""
    size, lanes = block.shape
    for j in range(lanes):
        block[0, j] *= pivot[0]
    for i in range(1, size):
        before, here = block[i - 1], block[i]
        for j in range(lanes):
            here[j] = (here[j] + w * before[j]) * pivot[i]
    for i in range(size - 2, -1, -1):
        after, here = block[i + 1], block[i]
        for j in range(lanes):
            here[j] -= up[i] * after[j]
    scale = np.empty(lanes)
    for j in range(lanes):
        scale[j] = (block[0, j] + corner * block[size - 1, j]) / denominator
    for i in range(size):
        here = block[i]
        for j in range(lanes):
            here[j] -= z[i] * scale[j]


@njit(cache=True, error_model="numpy", parallel=True)
def lod_step(c, k, s, w, dt):
    """The rival: sources and loss, then one implicit sweep per axis; w = dt D / h^2, a cube of voxels."""
    n = c.shape[0]
    up, pivot, z, corner, denominator = _factors(n, w)
    for iz in prange(n):
        plane = c[iz]
        for iy in range(n):
            line, loss, source = plane[iy], k[iz, iy], s[iz, iy]
            for ix in range(n):
                line[ix] = (line[ix] + dt * source[ix]) / (1.0 + dt * loss[ix])
        _solve_lines(plane, w, up, pivot, z, corner, denominator)
        turned = plane.T.copy()
        _solve_lines(turned, w, up, pivot, z, corner, denominator)
        plane[:, :] = turned.T
    for iy in prange(n):
        block = np.ascontiguousarray(c[:, iy, :])
        _solve_lines(block, w, up, pivot, z, corner, denominator)
        c[:, iy, :] = block


def cycles(shape: tuple[int, int, int], sweeps: tuple[int, int], count: int) -> Callable[[], object]:
    k, s = tissue(shape, 2.0)
    hierarchy, c = Hierarchy.of(shape, H), np.zeros(shape)
    return lambda: solve(hierarchy, c, k, s, OXYGEN, H, 0.0, count, sweeps=sweeps)


def implicit(shape: tuple[int, int, int], dt: float, tolerance: float):
    """Start field in equilibrium with a tenth less uptake, and a function that steps from it over dt."""
    k, s = tissue(shape, 2.0)
    hierarchy, start = Hierarchy.of(shape, H), np.full(shape, 20.0)
    diffusion.steady(hierarchy, start, 0.9 * k, s, OXYGEN, H, 1e-10, 40)
    rate_old = np.zeros(shape)

    def step(old):
        c, rate = np.empty(shape), np.empty(shape)
        diffusion.implicit_step(hierarchy, old, rate_old, c, rate, k, s, OXYGEN, H, dt, 40.0, tolerance, 40)
        return c

    return start, step


def rival(start) -> Callable[[], object]:
    (k, s), field, w = tissue(start.shape, 2.0), start.copy(), 0.01 * OXYGEN / H[0] ** 2
    return lambda: [lod_step(field, k, s, w, 0.01) for _ in range(SUBSTRATES)]


def quasi_steady(start) -> Callable[[], object]:
    (k, s), hierarchy = tissue(start.shape, 2.0), Hierarchy.of(start.shape, H)
    return lambda: [
        diffusion.steady(hierarchy, start.copy(), k, s, OXYGEN, H, 1e-6, 40) for _ in range(SUBSTRATES)
    ]


def errors(shape: tuple[int, int, int]) -> dict[str, float]:
    """Largest error after 6 min of each method against the converged solution [mmHg]."""
    fields = {}
    for steps in (1, 100, 200):
        field, step = implicit(shape, STEP / steps, 1e-6 if steps == 1 else 1e-9)
        for _ in range(steps):
            field = step(field)
        fields[steps] = field
    converged = 2.0 * fields[200] - fields[100]
    k, s = tissue(shape, 2.0)
    held = implicit(shape, STEP, 1e-6)[0]
    diffusion.steady(Hierarchy.of(shape, H), held, k, s, OXYGEN, H, 1e-6, 40)
    found = {
        "steady": float(np.abs(held - converged).max()),
        "implicit": float(np.abs(fields[1] - converged).max()),
    }
    for dt in (0.1, 0.01):
        field = implicit(shape, STEP, 1e-6)[0].copy()
        for _ in range(round(STEP / dt)):
            lod_step(field, k, s, dt * OXYGEN / H[0] ** 2, dt)
        found[f"lod {dt}"] = float(np.abs(field - converged).max())
    return found


def main() -> None:
    print(f"{'case':<58}{'median ms':>9}  (min-max)".ljust(90) + "PERFORMANCE.md")
    numba.set_num_threads(1)
    row("3 V(2,2), 64x48, 1 thread", timed(cycles((1, 48, 64), (2, 2), 3), 101), "0.65")
    row("3 V(2,2), 256x192, 1 thread", timed(cycles((1, 192, 256), (2, 2), 3), 31), "3.0")
    cube = (100, 100, 100)
    spent: dict[tuple[str, int], float] = {}
    for threads, cycle, lod, exact in ((1, "12.6", "13.7", "64"), (2, "6.4", "6.9", "50")):
        numba.set_num_threads(threads)
        row(f"V(1,1), 96^3, {threads} thread(s)", timed(cycles((96, 96, 96), (1, 1), 1), 9), cycle)
        start, step = implicit(cube, STEP, 1e-6)
        taken = timed(lambda start=start, step=step: [step(start) for _ in range(SUBSTRATES)], 5)
        spent["implicit", threads] = taken[0]
        row(
            f"implicit step of 6 min to 1e-6, 100^3 x 4, {threads} thread(s)",
            taken,
            f"exact separable: {exact}",
        )
        taken = timed(quasi_steady(start), 5)
        spent["steady", threads] = taken[0]
        row(f"quasi-steady to 1e-6, 100^3 x 4, {threads} thread(s)", taken, "")
        taken = timed(rival(start), 5)
        spent["lod", threads] = taken[0]
        row(f"LOD step of 0.01 min, 100^3 x 4, {threads} thread(s)", taken, f"tuned: {lod}")

    print("\n6 min of oxygen after uptake rose by a ninth, 100^3 x 4: time on 1 and 2 threads,")
    print("and the largest error against the converged solution (on 48^3 of the same voxels)")
    for method, error in errors((48, 48, 48)).items():
        name, *dt = method.split()
        steps = round(STEP / float(dt[0])) if dt else 1
        one, two = (steps * spent[name, threads] for threads in (1, 2))
        print(f"  {method:<10}{steps:4d} step(s) {one:9.0f} ms {two:9.0f} ms {error:10.5f} mmHg")


if __name__ == "__main__":
    main()
