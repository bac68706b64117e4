"""The mechanics kernel against its all-pairs twin, and what its exact sums promise."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsonin.kernels.mechanics import NOT_FINITE, OK, SHEATH_MAX, TOO_FAST, Bodies, Moved, advance, move
from opsonin.kernels.neighbours import OUTSIDE
from opsonin.reference import mechanics as reference

UNBOUNDED = 1e9
# The kernel rounds each pair speed to 2**-36 um/min; the twin does not.
ROUNDING = 1e-8


def tissue(n, box, seed, *, coincident=0, motile=True, radii=(2.0, 9.0)):
    """Random bodies: uniform positions, mixed radii and strengths, some centres on top of each other."""
    rng = np.random.default_rng(seed)
    position = rng.random((3, n)) * np.array(box)[:, None]
    if n > coincident:
        position[:, :coincident] = position[:, n - 1 : n]
    radius = rng.uniform(*radii, n)
    strength = rng.uniform(0.0, 20.0, (2, n))
    own = rng.normal(0.0, 3.0, (3, n)) if motile else np.zeros((3, n))
    sheath = rng.choice([-1.0, 0.0, SHEATH_MAX], n)
    identity = rng.permutation(np.arange(1, n + 1)).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return Bodies(*position, radius, *strength, *own, sheath, identity)


def nowhere(n):
    return Moved(*(np.full(n, np.nan) for _ in range(4)))


def moved_by_reference(bodies, box, dimension, dt):
    return reference.move(
        np.stack(bodies[:3], axis=1), bodies.radius, bodies.repulsion, bodies.adhesion,
        np.stack(bodies[6:9], axis=1), bodies.sheath, bodies.id, box, dimension, dt,
    )  # fmt: skip


def gap(a, b, length):
    """Distance between two coordinates in the periodic box."""
    return np.abs((a - b) - length * np.rint((a - b) / length))


lengths = st.sampled_from([12.0, 30.0, 50.0, 70.0, 100.0, 160.0])


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(0, 40),
    box=st.tuples(lengths, lengths, lengths),
    dimension=st.sampled_from([2, 3]),
    coincident=st.sampled_from([0, 0, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_one_step_equals_the_sum_over_all_pairs(n, box, dimension, coincident, seed):
    bodies, moved = tissue(n, box, seed, coincident=coincident), nowhere(n)
    status, furthest = move(bodies, n, box, dimension, 0.1, UNBOUNDED, moved)
    expected, pressure, expected_furthest = moved_by_reference(bodies, box, dimension, 0.1)
    assert status == OK
    for axis in range(3):
        assert np.all(gap(moved[axis], expected[:, axis], box[axis]) <= ROUNDING)
        assert np.all((moved[axis] >= 0.0) & (moved[axis] < box[axis]))
    np.testing.assert_allclose(moved.pressure, pressure, rtol=1e-9, atol=ROUNDING)
    assert furthest == pytest.approx(expected_furthest, rel=1e-9, abs=ROUNDING)


def test_every_pair_is_found_in_a_box_of_many_bins():
    for dimension, box in ((2, (180.0, 210.0, 20.0)), (3, (80.0, 100.0, 90.0))):
        bodies, moved = tissue(300, box, 5, radii=(3.0, 6.0)), nowhere(300)
        assert move(bodies, 300, box, dimension, 0.1, UNBOUNDED, moved)[0] == OK
        expected, pressure, _ = moved_by_reference(bodies, box, dimension, 0.1)
        for axis in range(3):
            assert np.all(gap(moved[axis], expected[:, axis], box[axis]) <= ROUNDING)
        np.testing.assert_allclose(moved.pressure, pressure, rtol=1e-9, atol=ROUNDING)


def test_substeps_in_one_call_equal_single_steps():
    box, n = (90.0, 80.0, 70.0), 150
    bodies, moved = tissue(n, box, 3), nowhere(n)
    status, _, evaluations = advance(bodies, n, box, 3, 0.05, 4, UNBOUNDED, moved)
    assert (status, evaluations) == (OK, 8)
    state = bodies
    for _ in range(4):
        one = nowhere(n)
        assert move(state, n, box, 3, 0.05, UNBOUNDED, one)[0] == OK
        state = Bodies(one.x, one.y, one.z, *bodies[3:])
    for column, single in zip(moved, one, strict=True):
        np.testing.assert_array_equal(column, single)


def test_arrays_longer_than_n_change_nothing_and_are_not_written():
    box, n = (90.0, 80.0, 20.0), 60
    bodies, moved = tissue(n, box, 3), nowhere(n)
    longer = Bodies(*(np.concatenate([column, column[:7]]) for column in bodies))
    kept = [column.copy() for column in longer]
    spare = nowhere(n + 7)
    move(bodies, n, box, 2, 0.1, UNBOUNDED, moved)
    move(longer, n, box, 2, 0.1, UNBOUNDED, spare)
    for column, other in zip(moved, spare, strict=True):
        np.testing.assert_array_equal(column, other[:n])
        assert np.isnan(other[n:]).all()
    for column, before in zip(longer, kept, strict=True):
        np.testing.assert_array_equal(column, before)


@pytest.mark.parametrize(("dimension", "box"), [(2, (200.0, 240.0, 20.0)), (3, (70.0, 80.0, 90.0))])
def test_momentum_balances(dimension, box):
    """Without velocities of their own, the displacements of all cells add up to nothing."""
    n = 300
    bodies, moved = tissue(n, box, 11, motile=False), nowhere(n)
    move(bodies, n, box, dimension, 0.1, UNBOUNDED, moved)
    for axis in range(2 if dimension == 2 else 3):
        shift = moved[axis] - bodies[axis]
        shift -= box[axis] * np.rint(shift / box[axis])
        assert np.abs(shift).max() > 0.01
        assert abs(shift.sum()) < 1e-10


@pytest.mark.parametrize(("dimension", "box"), [(2, (200.0, 240.0, 20.0)), (3, (70.0, 80.0, 90.0))])
def test_renumbering_the_cells_renumbers_the_result_bit_for_bit(dimension, box):
    n = 400
    bodies, moved, other = tissue(n, box, 21, coincident=5), nowhere(n), nowhere(n)
    shuffle = np.random.default_rng(0).permutation(n)
    shuffled = Bodies(*(np.ascontiguousarray(column[shuffle]) for column in bodies))
    first = advance(bodies, n, box, dimension, 0.1, 3, UNBOUNDED, moved)
    second = advance(shuffled, n, box, dimension, 0.1, 3, UNBOUNDED, other)
    assert first == second
    for column, permuted in zip(moved, other, strict=True):
        np.testing.assert_array_equal(column[shuffle], permuted)


@pytest.mark.parametrize(("dimension", "side"), [(2, 1100.0), (3, 290.0), (3, 70.0)])
def test_one_two_and_four_threads_give_the_same_bits(dimension, side):
    n = 9000
    box = (side, 1.1 * side, 20.0 if dimension == 2 else 0.9 * side)
    bodies = tissue(n, box, 8, coincident=3, radii=(4.0, 8.5) if side > 100.0 else (2.0, 3.0))
    results = []
    before = numba.get_num_threads()
    try:
        for threads in (1, 2, 4):
            numba.set_num_threads(threads)
            moved = nowhere(n)
            assert advance(bodies, n, box, dimension, 0.1, 2, UNBOUNDED, moved)[0] == OK
            results.append(b"".join(column.tobytes() for column in moved))
    finally:
        numba.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_the_serial_and_the_parallel_path_give_the_same_bits():
    """Far-away cells lift the count above the threshold of the parallel path; the others do not notice."""
    box, n, others = (4000.0, 300.0, 20.0), 1500, 6000
    bodies = tissue(n, (300.0, 300.0, 20.0), 4)
    # around 3000 um: out of reach of the others, which span 0-300, across the periodic edge too
    far = tissue(others, (500.0, 300.0, 20.0), 5)
    far = Bodies(far.x + 3000.0, *far[1:10], far.id + np.uint64(3))
    both = Bodies(*(np.concatenate(pair) for pair in zip(bodies, far, strict=True)))
    alone, together = nowhere(n), nowhere(n + others)
    move(bodies, n, box, 2, 0.1, UNBOUNDED, alone)
    move(both, n + others, box, 2, 0.1, UNBOUNDED, together)
    for column, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(column, other[:n])


def lone(speed):
    """One motile cell going along x."""
    one, none = np.ones(1), np.zeros(1)
    return Bodies(none, none, none, 5.0 * one, one, one, speed * one, none, none, none, np.ones(1, np.uint64))


def test_a_step_too_long_is_taken_in_pieces_and_still_lasts_as_long():
    box, moved = (500.0, 500.0, 20.0), nowhere(1)
    status, furthest, evaluations = advance(lone(40.0), 1, box, 2, 1.0, 2, 6.0, moved)
    assert (status, furthest, evaluations) == (OK, 5.0, 32)
    assert moved.x[0] == pytest.approx(80.0, rel=1e-12)


def test_a_cell_too_fast_for_the_shortest_piece_is_reported():
    box, moved = (500.0, 500.0, 20.0), nowhere(1)
    assert advance(lone(1000.0), 1, box, 2, 1.0, 1, 6.0, moved)[0] == TOO_FAST
    assert move(lone(40.0), 1, box, 2, 1.0, 6.0, moved) == (TOO_FAST, 40.0)
    assert np.isnan(moved.x[0])


@pytest.mark.parametrize("column", ["radius", "repulsion", "adhesion", "vx"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_reported(column, value):
    box = (90.0, 80.0, 20.0)
    bodies = tissue(20, box, 1)
    getattr(bodies, column)[13] = value
    assert move(bodies, 20, box, 2, 0.1, UNBOUNDED, nowhere(20))[0] == NOT_FINITE


@pytest.mark.parametrize("value", [np.nan, -1.0, 90.0])
def test_a_position_outside_the_box_is_reported(value):
    box = (90.0, 80.0, 20.0)
    bodies = tissue(20, box, 1)
    bodies.x[13] = value
    assert move(bodies, 20, box, 2, 0.1, UNBOUNDED, nowhere(20))[0] == OUTSIDE
