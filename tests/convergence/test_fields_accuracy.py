"""Point source, source-sink and heterogeneous uptake at the production step, against the exact grid solution.

The bar is 2 % of the exact solution on the same grid; splitting per axis fails it, which one test here shows.
"""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.kernels import diffusion
from opsonin.kernels.multigrid import OK, Hierarchy
from opsonin.reference import fields as reference

H = (20.0, 15.0, 15.0)
SHAPES = {"slab": (1, 24, 24), "block": (4, 16, 8)}
OXYGEN, CYTOKINE = 1e5, 6e3
STEP = 6.0
TOLERANCE = 1e-7


def point_source(shape, decay):
    k, s = np.full(shape, decay), np.zeros(shape)
    s[shape[0] // 2, shape[1] // 2, shape[2] // 2] = 50.0
    return k, s


def source_sink(shape, decay):
    k, s = point_source(shape, decay)
    k[shape[0] // 2, shape[1] // 2, shape[2] // 2 - 3] = 1e3
    return k, s


def heterogeneous_uptake(shape, decay):
    rng = np.random.default_rng(11)
    k = decay * (1.0 + 20.0 * (rng.random(shape) < 0.4) * rng.random(shape))
    vessels = rng.random(shape) < 0.02
    k[vessels] += 300.0
    s = np.where(vessels, 300.0 * 40.0, 0.0) + rng.random(shape)
    return k, s


CASES = [point_source, source_sink, heterogeneous_uptake]
SUBSTRATES = {"oxygen": (OXYGEN, 1.0), "cytokine": (CYTOKINE, 0.01)}


@pytest.mark.parametrize("substrate", SUBSTRATES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_steady_field_is_the_exact_grid_solution(shape, case, substrate):
    diffusivity, decay = SUBSTRATES[substrate]
    k, s = case(shape, decay)
    c = np.zeros(shape)
    status, cycles, _ = diffusion.steady(Hierarchy.of(shape, H), c, k, s, diffusivity, H, TOLERANCE, 30)
    assert status == OK
    assert cycles <= 15
    exact = reference.solve(k, s, diffusivity, H)
    assert np.abs(c / exact - 1.0).max() < 1e-3


def exact_from_zero(k, s, diffusivity, time):
    """The exact grid solution at a time, by eigenmodes."""
    rates, modes = np.linalg.eigh(reference.operator(k, diffusivity, H).toarray())
    return (modes @ ((modes.T @ s.ravel()) * -np.expm1(-time * rates) / rates)).reshape(k.shape)


def an_hour_of_steps(k, s, diffusivity, dt):
    hierarchy = Hierarchy.of(k.shape, H)
    old, rate_old, new, rate = np.zeros(k.shape), s.copy(), np.empty(k.shape), np.empty(k.shape)
    for _ in range(round(60.0 / dt)):
        status, _, _, _ = diffusion.implicit_step(
            hierarchy, old, rate_old, new, rate, k, s, diffusivity, H, dt, 40.0, TOLERANCE, 30
        )
        assert status == OK
        old, new, rate_old, rate = new, old, rate, rate_old
    return old


@pytest.mark.parametrize("substrate", SUBSTRATES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_hour_of_six_minute_steps_is_within_two_percent_of_the_exact_field(shape, case, substrate):
    diffusivity, decay = SUBSTRATES[substrate]
    k, s = case(shape, decay)
    exact = exact_from_zero(k, s, diffusivity, 60.0)
    found = an_hour_of_steps(k, s, diffusivity, STEP)
    peak = np.unravel_index(exact.argmax(), shape)
    assert abs(found[peak] / exact[peak] - 1.0) < 0.02
    # Away from the source a field still filling up lags by half a step: decay 0.01/min shows it most.
    assert np.abs(found / exact - 1.0).max() < 0.025
    assert np.abs(an_hour_of_steps(k, s, diffusivity, STEP / 2) / exact - 1.0).max() < 0.02


def test_splitting_per_axis_at_that_step_is_far_off_at_a_point_source():
    shape = SHAPES["slab"]
    k, s = point_source(shape, 0.01)
    split = np.zeros(shape)
    for _ in range(10):
        split = reference.lod_step(split, k, s, CYTOKINE, H, STEP)
    exact = exact_from_zero(k, s, CYTOKINE, 60.0)
    assert split.max() - np.median(split) < 0.5 * (exact.max() - np.median(exact))
