"""Order of the substrate solvers in voxel width and time step, and how honest the error estimate is.

Accuracy beside sources and sinks is in test_fields_accuracy.py.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from opsonin.kernels import diffusion
from opsonin.kernels.multigrid import OK, Hierarchy
from opsonin.reference import fields as reference

BOX = (480.0, 360.0, 240.0)
D = 6e3


def manufactured(shape):
    """A smooth periodic field on BOX, a smooth loss rate, and the source that holds it there."""
    nz = shape[0]
    box = BOX[::-1]
    z, y, x = np.meshgrid(*((np.arange(n) + 0.5) / n * 2 * np.pi for n in shape), indexing="ij")
    along_z = np.cos(z) if nz > 1 else np.ones_like(z)
    wave = along_z * np.cos(y) * np.sin(x)
    squares = sum((2 * np.pi / length) ** 2 for length, n in zip(box, shape, strict=True) if n > 1)
    c = 2.0 + wave
    k = 1.0 + 0.5 * np.cos(x + y)
    return c, k, D * squares * wave + k * c


@pytest.mark.parametrize("coarse", [(1, 12, 16), (8, 12, 16)], ids=["slab", "block"])
def test_steady_solution_converges_with_second_order_in_dx(coarse):
    errors = []
    for refine in (1, 2, 4):
        shape = tuple(n if n == 1 else n * refine for n in coarse)
        spacing = tuple(length / n for length, n in zip(BOX[::-1], shape, strict=True))
        exact, k, s = manufactured(shape)
        c = np.zeros(shape)
        status, _, _ = diffusion.steady(Hierarchy.of(shape, spacing), c, k, s, D, spacing, 1e-11, 40)
        assert status == OK
        errors.append(np.abs(c - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(2.0, abs=0.15)


def decaying(shape, spacing):
    """k and s of a smooth case, its eigenmodes, and the exact grid solution from 0 at any time."""
    _, k, s = manufactured(shape)
    k *= 0.02
    rates, modes = np.linalg.eigh(reference.operator(k, 300.0, spacing).toarray())
    weights = (modes.T @ s.ravel()) / rates

    def exact(time):
        return (modes @ (weights * -np.expm1(-rates * time))).reshape(shape)

    return k, s, exact


def advance(shape, spacing, k, s, duration, steps):
    """Field, last error estimate after equal implicit steps from 0; reference concentration 1."""
    hierarchy, dt = Hierarchy.of(shape, spacing), duration / steps
    old, new = np.zeros(shape), np.empty(shape)
    rate_old, rate = s.copy(), np.empty(shape)
    error = math.nan
    for _ in range(steps):
        status, _, _, error = diffusion.implicit_step(
            hierarchy, old, rate_old, new, rate, k, s, 300.0, spacing,
            dt, 1.0, 1e-12, 40,
        )  # fmt: skip
        assert status == OK
        old, new, rate_old, rate = new, old, rate, rate_old
    return old, error


SMALL, WIDTHS = (1, 12, 16), (20.0, 30.0, 30.0)


def test_implicit_steps_converge_with_first_order_in_dt():
    k, s, exact = decaying(SMALL, WIDTHS)
    errors = [np.abs(advance(SMALL, WIDTHS, k, s, 60.0, n)[0] - exact(60.0)).max() for n in (20, 40, 80)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(1.0, abs=0.1)


def test_step_error_estimate_falls_as_dt_squared_and_is_near_the_true_local_error():
    k, s, exact = decaying(SMALL, WIDTHS)
    estimates = []
    for dt in (2.0, 1.0, 0.5):
        steps = round(20.0 / dt)
        _, estimate = advance(SMALL, WIDTHS, k, s, 20.0, steps)
        true = np.abs(reference.implicit_step(exact(20.0 - dt), k, s, 300.0, WIDTHS, dt) - exact(20.0)).max()
        assert 0.7 < estimate / true < 1.5
        estimates.append(estimate)
    orders = np.log2(np.array(estimates[:-1]) / estimates[1:])
    assert orders == pytest.approx(2.0, abs=0.2)


def test_first_step_is_judged_by_the_rate_it_starts_from():
    k, s, exact = decaying(SMALL, WIDTHS)
    _, estimate = advance(SMALL, WIDTHS, k, s, 0.5, 1)
    true = np.abs(reference.implicit_step(np.zeros(SMALL), k, s, 300.0, WIDTHS, 0.5) - exact(0.5)).max()
    assert 0.7 < estimate / true < 1.5
