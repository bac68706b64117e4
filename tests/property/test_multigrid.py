"""What every substrate solve must keep: contraction, a closed budget, the same bits on any number of threads.

Equality with the reference is in tests/reference, accuracy and order in tests/convergence.
"""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsonin.core.errors import RunError
from opsonin.kernels import diffusion, exchange
from opsonin.kernels.multigrid import NOT_CONVERGED, NOT_FINITE, OK, Hierarchy, solve

H = (15.0, 15.0, 15.0)
OXYGEN, CYTOKINE = 1e5, 6e3


def tissue_like(shape, seed, uptake=1.0, vessel=100.0, share=0.01):
    """Uptake by cells everywhere and vessels as strong point sinks and sources."""
    rng = np.random.default_rng(seed)
    k = uptake * rng.random(shape) + 1e-6
    vessels = rng.random(shape) < share
    vessels.flat[rng.integers(vessels.size)] = True
    k[vessels] += vessel
    return k, np.where(vessels, vessel * 40.0, 0.0) + rng.random(shape)


def contraction(shape, spacing, k, s, diffusivity):
    """Mean factor per V(2,2) by which sum|residual| falls, after two cycles that shape the error."""
    hierarchy, c = Hierarchy.of(shape, spacing), np.zeros(shape)
    residuals = [solve(hierarchy, c, k, s, diffusivity, spacing, 0.0, 1)[2] for _ in range(8)]
    kept = [r for r in residuals[1:] if r > 1e-11 * s.sum()]
    return (kept[-1] / kept[0]) ** (1.0 / (len(kept) - 1))


GRIDS = [
    ((1, 48, 32), H),
    ((1, 64, 48), H),
    ((1, 50, 48), H),
    ((1, 192, 256), H),
    ((1, 64, 64), (15.0, 15.0, 30.0)),
    ((1, 64, 64), (15.0, 15.0, 21.0)),
    ((32, 32, 32), H),
    ((50, 50, 50), H),
    ((32, 32, 32), (30.0, 15.0, 15.0)),
    ((5, 32, 32), H),
]


@pytest.mark.parametrize("diffusivity", [OXYGEN, CYTOKINE])
@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
def test_a_cycle_leaves_at_most_15_percent_with_heterogeneous_uptake(shape, spacing, diffusivity):
    k, s = tissue_like(shape, 1)
    assert contraction(shape, spacing, k, s, diffusivity) <= 0.15


@pytest.mark.parametrize("diffusivity", [OXYGEN, CYTOKINE])
@pytest.mark.parametrize(("shape", "spacing"), GRIDS)
def test_a_cycle_leaves_at_most_35_percent_with_vessels_as_the_only_strong_sinks(shape, spacing, diffusivity):
    k, s = tissue_like(shape, 2, uptake=0.1, vessel=1e4, share=0.003)
    assert contraction(shape, spacing, k, s, diffusivity) <= 0.35


@pytest.mark.parametrize("shape", [(1, 64, 48), (16, 16, 32)])
def test_almost_no_loss_anywhere_still_converges(shape):
    k = np.full(shape, 1e-5)
    s = np.random.default_rng(0).random(shape)
    c = np.zeros(shape)
    status, cycles, _ = solve(Hierarchy.of(shape, H), c, k, s, OXYGEN, H, 1e-8, 30)
    assert (status, cycles <= 15) == (OK, True)
    assert (k * c).sum() == pytest.approx(s.sum(), rel=1e-7)


@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (1, 1, 7), (1, 7, 9), (1, 2, 2), (3, 5, 7), (2, 2, 2), (5, 24, 16), (1, 1, 64)]
)
def test_any_shape_is_solved(shape):
    k, s = tissue_like(shape, 3)
    c = np.zeros(shape)
    status, _, _ = solve(Hierarchy.of(shape, H), c, k, s, CYTOKINE, H, 1e-9, 40)
    assert status == OK
    assert diffusion.budget(c, c, k, s, CYTOKINE, H, 1.0).uptake == pytest.approx(s.sum() * 15.0**3, rel=1e-8)


def test_an_empty_axis_is_refused():
    with pytest.raises(RunError, match="empty axis"):
        Hierarchy.of((1, 0, 8))


def test_warm_start_at_the_solution_costs_one_cycle():
    shape = (1, 64, 48)
    k, s = tissue_like(shape, 4)
    hierarchy, c = Hierarchy.of(shape, H), np.zeros(shape)
    _, cold, _ = solve(hierarchy, c, k, s, OXYGEN, H, 1e-8, 30)
    status, warm, _ = solve(hierarchy, c, k, s, OXYGEN, H, 1e-8, 30)
    assert (status, warm) == (OK, 1)
    assert cold > 3


def test_a_field_without_source_is_zero():
    shape = (1, 16, 16)
    c = np.ones(shape)
    assert solve(Hierarchy.of(shape), c, np.ones(shape), np.zeros(shape), OXYGEN, H, 1e-8, 5) == (OK, 0, 0.0)
    assert not c.any()


def test_failure_is_a_value():
    shape = (1, 32, 32)
    k, s = tissue_like(shape, 5)
    hierarchy = Hierarchy.of(shape, H)
    assert solve(hierarchy, np.zeros(shape), k, s, OXYGEN, H, 1e-12, 2)[0] == NOT_CONVERGED
    for spoiled in range(3):
        c, rate, source = np.zeros(shape), k.copy(), s.copy()
        (c, rate, source)[spoiled][0, 3, 4] = np.nan
        assert solve(hierarchy, c, rate, source, OXYGEN, H, 1e-8, 20)[0] == NOT_FINITE
    old = np.zeros(shape)
    old[0, 1, 1] = np.inf
    step = diffusion.implicit_step(
        hierarchy, old, np.zeros(shape), c, np.empty(shape), k, s, OXYGEN, H, 6.0, 1.0, 1e-8, 20
    )
    assert step[0] == NOT_FINITE


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([(1, 32, 48), (1, 17, 12), (8, 8, 16)]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([OXYGEN, CYTOKINE]),
    st.floats(0.05, 60.0),
)
def test_budget_closes_with_the_residual_in_it(shape, seed, diffusivity, dt):
    k, s = tissue_like(shape, seed)
    old = np.random.default_rng(seed).uniform(0.0, 40.0, shape)
    c, rate = np.empty(shape), np.empty(shape)
    hierarchy = Hierarchy.of(shape, H)
    status, _, _, _ = diffusion.implicit_step(
        hierarchy, old, np.zeros(shape), c, rate, k, s, diffusivity, H, dt, 40.0, 1e-9, 40
    )
    assert status == OK
    total = diffusion.budget(old, c, k, s, diffusivity, H, dt)
    gap = total.storage_change - (total.source - total.uptake + total.residual)
    assert abs(gap) <= 1e-10 * total.source
    assert abs(total.residual) <= 1e-6 * total.source
    assert total.storage_change == pytest.approx((c - old).sum() * 15.0**3, rel=1e-9, abs=1e-6)

    status, _, _ = diffusion.steady(hierarchy, c, k, s, diffusivity, H, 1e-7, 40)
    assert status == OK
    total = diffusion.budget(c, c, k, s, diffusivity, H, dt)
    assert total.storage_change == 0.0
    assert abs(total.source - total.uptake + total.residual) <= 1e-10 * total.source
    assert abs(total.residual) <= 1e-6 * total.source


def everything(shape, threads):
    """Bytes of all that a coupling step yields."""
    numba.set_num_threads(threads)
    k, s = tissue_like(shape, 6)
    rng = np.random.default_rng(7)
    old, c, rate = rng.random(shape), np.empty(shape), np.empty(shape)
    hierarchy = Hierarchy.of(shape, H)
    step = diffusion.implicit_step(
        hierarchy, old, np.zeros(shape), c, rate, k, s, OXYGEN, H, 6.0, 40.0, 1e-7, 30
    )
    stepped = c.copy()
    held = diffusion.steady(hierarchy, c, k, s, OXYGEN, H, 1e-7, 30)
    n, box = 5000, tuple(15.0 * size for size in shape[::-1])
    x, y, z = (rng.uniform(0.0, length, n) for length in box)
    felt, slopes = np.empty(n), np.empty((3, n))
    exchange.sample(x, y, z, n, box, c[None], felt[None])
    exchange.gradient(x, y, z, n, box, c, *slopes)
    scalars = np.array([*step, *held, *diffusion.budget(old, stepped, k, s, OXYGEN, H, 6.0)])
    return b"".join(a.tobytes() for a in (stepped, c, rate, felt, slopes, scalars))


@pytest.mark.parametrize("shape", [(1, 192, 256), (32, 32, 32), (25, 32, 32), (27, 25, 32)])
def test_threads_do_not_change_a_bit(shape):
    before = numba.get_num_threads()
    try:
        alone = everything(shape, 1)
        assert everything(shape, 2) == alone
        assert everything(shape, 4) == alone
    finally:
        numba.set_num_threads(before)
