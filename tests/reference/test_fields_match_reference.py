"""Every substrate kernel equals its slow twin in reference/fields.py on random input.

Accuracy, order, contraction and thread independence are proved elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsonin.kernels import diffusion, exchange, multigrid, stencil
from opsonin.reference import fields as reference

SHAPES = [(1, 8, 6), (1, 16, 12), (4, 6, 8), (2, 4, 4)]
CASES = settings(max_examples=25, deadline=None)

shapes = st.sampled_from(SHAPES)
seeds = st.integers(0, 2**32 - 1)
spacings = st.tuples(*[st.floats(8.0, 16.0)] * 3)
diffusivities = st.floats(1e3, 1e5)


def random_field(shape, seed):
    """Field, loss rate with strong sinks, and source."""
    rng = np.random.default_rng(seed)
    k = rng.uniform(0.01, 1.0, shape)
    k[rng.random(shape) < 0.1] *= 1e3
    return rng.uniform(0.0, 40.0, shape), k, rng.uniform(0.0, 5.0, shape)


def couplings(shape, diffusivity, spacing):
    wz, wy, wx = (diffusivity / h**2 for h in spacing)
    wz = 0.0 if shape[0] == 1 else wz
    return wz, wy, wx, 2.0 * (wz + wy + wx)


@CASES
@given(shapes, seeds, spacings, diffusivities)
def test_residual_sum_is_that_of_the_assembled_matrix(shape, seed, spacing, diffusivity):
    c, k, s = random_field(shape, seed)
    found = stencil.absolute_residual(c, k, s, *couplings(shape, diffusivity, spacing))
    assert found == pytest.approx(np.abs(reference.residual(c, k, s, diffusivity, spacing)).sum(), rel=1e-10)


@CASES
@given(shapes, seeds, spacings, diffusivities)
def test_smoothing_sweep_is_red_black_gauss_seidel(shape, seed, spacing, diffusivity):
    c, k, s = random_field(shape, seed)
    expected = reference.relax(c, k, s, diffusivity, spacing)
    stencil.relax(c, k, s, *couplings(shape, diffusivity, spacing), 1)
    np.testing.assert_allclose(c, expected, rtol=1e-10)


@CASES
@given(shapes, seeds, spacings, diffusivities)
def test_transfers_between_levels_are_block_mean_and_linear_interpolation(shape, seed, spacing, diffusivity):
    c, k, s = random_field(shape, seed)
    level = multigrid.Hierarchy.of(shape, spacing).levels[0]
    factors = tuple(int(f) for f in level[4:7])
    smaller = tuple(size // factor for size, factor in zip(shape, factors, strict=True))
    correction, source, rate = np.ones(smaller), np.empty(smaller), np.empty(smaller)

    total = multigrid._restrict(c, k, s, correction, source, level, *couplings(shape, diffusivity, spacing))
    left = reference.residual(c, k, s, diffusivity, spacing)
    np.testing.assert_allclose(source, reference.restrict(left, factors), rtol=1e-9, atol=1e-8)
    assert total == pytest.approx(np.abs(left).sum(), rel=1e-10)
    assert not correction.any()

    correction[:] = np.random.default_rng(seed).normal(size=smaller)
    expected = c + reference.prolong(correction, factors)
    multigrid._prolong(c, correction, level)
    np.testing.assert_allclose(c, expected, rtol=1e-12)

    multigrid._coarse_rate(k, rate, level, 0.3)
    np.testing.assert_allclose(rate, reference.coarse_rate(k, factors, 0.3), rtol=1e-12)


@CASES
@given(shapes, seeds, spacings, diffusivities)
def test_steady_field_is_the_direct_solution(shape, seed, spacing, diffusivity):
    c, k, s = random_field(shape, seed)
    status, _, residual = diffusion.steady(
        multigrid.Hierarchy.of(shape, spacing), c, k, s, diffusivity, spacing, 1e-11, 60
    )
    assert status == multigrid.OK
    assert residual <= 1e-11 * s.sum() * (1.0 + 1e-12)
    np.testing.assert_allclose(c, reference.solve(k, s, diffusivity, spacing), rtol=1e-7)


@CASES
@given(shapes, seeds, spacings, diffusivities, st.floats(0.1, 30.0))
def test_implicit_step_and_its_error_are_those_of_backward_euler(shape, seed, spacing, diffusivity, dt):
    c_old, k, s = random_field(shape, seed)
    rate_old = np.random.default_rng(seed).normal(size=shape)
    kept = c_old.copy(), rate_old.copy()
    c, rate = np.full(shape, np.nan), np.full(shape, np.nan)
    status, _, _, error = diffusion.implicit_step(
        multigrid.Hierarchy.of(shape, spacing),
        c_old, rate_old, c, rate, k, s, diffusivity, spacing, dt, 40.0, 1e-11, 60,
    )  # fmt: skip
    assert status == multigrid.OK
    np.testing.assert_allclose(c, reference.implicit_step(c_old, k, s, diffusivity, spacing, dt), rtol=1e-7)
    np.testing.assert_allclose(rate, (c - c_old) / dt, rtol=1e-12, atol=1e-10)
    assert error == pytest.approx(reference.step_error(rate_old, rate, dt, 40.0), rel=1e-12)
    assert np.array_equal(c_old, kept[0])
    assert np.array_equal(rate_old, kept[1])


@CASES
@given(shapes, seeds, spacings, diffusivities, st.floats(0.1, 30.0))
def test_budget_terms_are_the_plain_sums(shape, seed, spacing, diffusivity, dt):
    c, k, s = random_field(shape, seed)
    c_old = random_field(shape, seed + 1)[0]
    found = diffusion.budget(c_old, c, k, s, diffusivity, spacing, dt)
    expected = reference.budget(c_old, c, k, s, diffusivity, spacing, dt)
    scale = max(abs(term) for term in expected)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11 * scale)


@CASES
@given(st.sampled_from([*SHAPES, (3, 5, 7), (1, 1, 9)]), seeds, st.integers(0, 40))
def test_exchange_with_cells_is_cloud_in_cell(shape, seed, n):
    rng = np.random.default_rng(seed)
    box = (150.0, 90.0, 60.0)
    cells = rng.uniform(0.0, box, (n, 3))
    x, y, z = (np.append(column, [np.nan, np.nan]) for column in cells.T)  # longer than n, as a capacity is
    amount = np.append(rng.normal(size=n), [np.nan, np.nan])
    grid = rng.uniform(size=shape)

    gained = grid.copy()
    exchange.deposit(x, y, z, amount[None], n, box, gained[None])
    np.testing.assert_allclose(gained, reference.deposit(cells, amount[:n], box, grid), rtol=1e-9, atol=1e-12)

    out = np.full((2, n + 2), -1.0)
    exchange.sample(x, y, z, n, box, np.stack([gained, grid]), out)
    for felt, of in zip(out, (gained, grid), strict=True):
        np.testing.assert_allclose(felt[:n], reference.sample(cells, box, of).reshape(n), rtol=1e-9)
    assert (out[:, n:] == -1.0).all()

    slopes = np.empty((3, n + 2))
    exchange.gradient(x, y, z, n, box, grid, *slopes)
    expected = reference.gradient(cells, box, grid).reshape(n, 3)
    np.testing.assert_allclose(slopes[:, :n].T, expected, rtol=1e-7, atol=1e-12)


@CASES
@given(st.sampled_from(SHAPES), seeds)
def test_deposit_is_conservative_and_the_adjoint_of_sample(shape, seed):
    rng = np.random.default_rng(seed)
    box, n = (150.0, 90.0, 60.0), 200
    x, y, z = (rng.uniform(0.0, length, n) for length in box)
    amount, weights, grid = rng.uniform(size=n), rng.uniform(size=shape), np.zeros(shape)
    out = np.empty(n)
    exchange.deposit(x, y, z, amount[None], n, box, grid[None])
    exchange.sample(x, y, z, n, box, weights[None], out[None])
    assert math.fsum(grid.ravel()) == pytest.approx(math.fsum(amount), rel=1e-14)
    assert np.vdot(grid, weights) == pytest.approx(amount @ out, rel=1e-12)


@pytest.mark.parametrize("edge", [0.0, 149.99999999999997, 150.0, -1e-9])
def test_a_cell_on_the_edge_of_the_box_gives_all_it_has(edge):
    grid, one = np.zeros((4, 6, 8)), np.ones(1)
    exchange.deposit(
        np.array([edge]), np.array([89.999]), np.zeros(1), one[None], 1, (150.0, 90.0, 60.0), grid[None]
    )
    assert grid.sum() == pytest.approx(1.0, rel=1e-15)
    assert grid[:, :, [0, -1]].sum() == pytest.approx(1.0, rel=1e-15)


def test_a_slab_takes_no_notice_of_z():
    grid, other, one = np.zeros((1, 6, 8)), np.zeros((1, 6, 8)), np.ones(1)
    exchange.deposit(one * 40.0, one * 40.0, one * 1.0, one[None], 1, (150.0, 90.0, 20.0), grid[None])
    exchange.deposit(one * 40.0, one * 40.0, one * 19.0, one[None], 1, (150.0, 90.0, 20.0), other[None])
    assert np.array_equal(grid, other)


def test_the_rival_step_tends_to_the_implicit_one_as_dt_falls():
    c, k, s = random_field((1, 8, 6), 3)
    k = np.minimum(k, 1.0)
    gaps = []
    for dt in (1e-3, 5e-4):
        exact = reference.implicit_step(c, k, s, 1e3, (15.0, 15.0, 15.0), dt)
        gaps.append(np.abs(reference.lod_step(c, k, s, 1e3, (15.0, 15.0, 15.0), dt) - exact).max())
    assert 3.5 < gaps[0] / gaps[1] < 4.5
