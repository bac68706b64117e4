"""Two cells pushing apart: the midpoint rule is of second order in the step, and ends where the law balances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from opsonin.kernels.mechanics import OK, Bodies, Moved, advance
from opsonin.laws.mechanics import separation_speed

BOX = (200.0, 200.0, 200.0)
RADIUS, REPULSION, ADHESION = 8.0, 10.0, 0.4
START, DURATION = 6.0, 4.0


def distance_after(duration, steps, dimension, *, start=START, adhesion=ADHESION, sheaths=(0.0, 0.0)):
    """Distance of two overlapping cells [um], along a slanted line across the edge of the box."""
    towards = np.array([2.0, 1.0, 2.0 if dimension == 3 else 0.0])
    towards /= np.linalg.norm(towards)
    ends = np.stack([-0.5 * start * towards, 0.5 * start * towards]) % np.array(BOX)
    two, still = np.ones(2), np.zeros(2)
    bodies = Bodies(
        *np.ascontiguousarray(ends.T), RADIUS * two, REPULSION * two, adhesion * two,
        still, still, still, np.array(sheaths), np.array([1, 2], np.uint64),
    )  # fmt: skip
    moved = Moved(*np.empty((4, 2)))
    assert advance(bodies, 2, BOX, dimension, duration / steps, steps, 1e3, moved)[0] == OK
    apart = np.array([moved[axis][1] - moved[axis][0] for axis in range(dimension)])
    apart -= 200.0 * np.rint(apart / 200.0)
    return float(np.linalg.norm(apart))


@pytest.mark.parametrize("dimension", [2, 3])
def test_relaxation_of_two_cells_converges_with_second_order(dimension):
    exact = solve_ivp(
        lambda _, d: [2.0 * separation_speed(REPULSION, ADHESION, d[0] / (2.0 * RADIUS))],
        (0.0, DURATION), [START], rtol=1e-12, atol=1e-12,
    ).y[0, -1]  # fmt: skip
    errors = [abs(distance_after(DURATION, steps, dimension) - exact) for steps in (40, 80, 160, 320)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert errors[-1] < 1e-4
    assert np.all(np.abs(orders - 2.0) < 0.1)


def test_two_cells_come_to_rest_where_repulsion_equals_adhesion():
    # sqrt(k) (1 - s) = sqrt(a) (1 - 0.8 s)
    k, a = np.sqrt(REPULSION), np.sqrt(ADHESION)
    balance = (k - a) / (k - 0.8 * a) * 2.0 * RADIUS
    assert distance_after(400.0, 4000, 2) == pytest.approx(balance, abs=1e-6)


@pytest.mark.parametrize(
    ("sheaths", "expected"),
    [((-1.0, 0.2), 2.4), ((0.2, -1.0), 2.4), ((-1.0, -1.0), 2.0), ((0.2, 0.2), 2.0), ((-1.0, 0.0), 2.0)],
    ids=["tumour and stroma", "stroma and tumour", "tumour", "stroma", "tumour and T cell"],
)
def test_only_a_tumour_and_a_stroma_cell_are_kept_apart_by_what_lies_between(sheaths, expected):
    # they slow down as they part, so the last hundredth takes for ever
    apart = distance_after(4000.0, 4000, 2, adhesion=0.0, sheaths=sheaths)
    assert 0.99 * expected < apart / RADIUS <= expected


def test_cells_do_not_hold_to_each_other_through_what_lies_between():
    near = 2.39 * RADIUS  # within reach of adhesion
    alike = distance_after(10.0, 100, 2, start=near)
    through = distance_after(10.0, 100, 2, start=near, sheaths=(-1.0, 0.2))
    assert alike < near <= through
