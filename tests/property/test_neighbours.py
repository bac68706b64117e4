"""Neighbour search: every cell in its bin, every neighbour once, contacts equal to the brute-force answer."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from opsonin.kernels.neighbours import (
    FULL,
    OK,
    OUTSIDE,
    TOO_NARROW,
    bin_cells,
    bin_shape,
    room_for_spans,
    spans_around,
    touching,
)
from opsonin.reference import mechanics as reference

lengths = st.sampled_from([9.0, 21.0, 35.0, 60.0, 90.0, 200.0])
boxes = st.tuples(lengths, lengths, lengths)


def scattered(n, box, seed):
    rng = np.random.default_rng(seed)
    return rng.random((3, n)) * np.array(box)[:, None], rng.uniform(1.0, 8.0, n)


def sorted_into_bins(position, box, bins):
    n = position.shape[1]
    order, bin_of = np.empty(n, np.int64), np.empty(n, np.int64)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    assert bin_cells(*position, n, box, bins, order, start, bin_of) == OK
    return order, start, bin_of


@given(box=boxes, reach=st.floats(0.5, 400.0), dimension=st.sampled_from([2, 3]))
def test_bins_are_at_least_as_wide_as_the_reach_or_span_the_box(box, reach, dimension):
    nz, ny, nx = bin_shape(box, reach, dimension)
    for length, count in zip(box, (nx, ny, nz), strict=True):
        assert count == 1 or length / count >= reach
    assert dimension == 3 or nz == 1


@settings(max_examples=50, deadline=None)
@given(n=st.integers(0, 60), box=boxes, dimension=st.sampled_from([2, 3]), seed=st.integers(0, 2**32 - 1))
def test_sorting_is_stable_and_puts_every_cell_in_the_bin_that_holds_it(n, box, dimension, seed):
    position, _ = scattered(n, box, seed)
    bins = bin_shape(box, 10.0, dimension)
    order, start, bin_of = sorted_into_bins(position, box, bins)
    assert start[0] == 0
    assert start[-1] == n
    for b in range(len(start) - 1):
        inside = order[start[b] : start[b + 1]]
        assert np.all(bin_of[inside] == b)
        assert np.all(np.diff(inside) > 0)
    place = np.unravel_index(bin_of, bins)
    for axis in range(3):
        width = box[axis] / bins[2 - axis]
        if bins[2 - axis] > 1:
            assert np.all(np.abs(position[axis] / width - 0.5 - place[2 - axis]) <= 0.5 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 60), box=boxes, dimension=st.sampled_from([2, 3]), seed=st.integers(0, 2**32 - 1))
def test_spans_hold_every_cell_within_reach_exactly_once(n, box, dimension, seed):
    position, _ = scattered(n, box, seed)
    reach = 11.0
    bins = bin_shape(box, reach, dimension)
    order, start, bin_of = sorted_into_bins(position, box, bins)
    distance = np.sqrt((reference.differences(position.T, box, dimension) ** 2).sum(axis=2))
    spans = room_for_spans()
    for i in range(n):
        count = spans_around(bin_of[i], bins, start, spans)
        found = np.concatenate([order[spans.first[s] : spans.last[s]] for s in range(count)])
        assert len(np.unique(found)) == len(found)
        assert set(np.flatnonzero(distance[i] < reach)) <= set(found)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 60),
    box=boxes,
    dimension=st.sampled_from([2, 3]),
    factor=st.sampled_from([1.0, 1.25]),
    seed=st.integers(0, 2**32 - 1),
)
def test_contacts_equal_those_found_among_all_pairs(n, box, dimension, factor, seed):
    position, radius = scattered(n, box, seed)
    bins = bin_shape(box, factor * 2.0 * radius.max(), dimension)
    order, start, _ = sorted_into_bins(position, box, bins)
    effectors = np.random.default_rng(seed).permutation(n)[: n // 2 + 1]
    expected = reference.touching(effectors, position.T, radius, factor, box, dimension)
    needed = sum(map(len, expected))
    begin, target = np.empty(len(effectors) + 1, np.int64), np.full(needed, -1, np.int64)
    arguments = (effectors, *position, radius, factor, box, dimension, bins, order, start, begin)
    assert touching(*arguments, target) == (OK, needed)
    for e, slots in enumerate(expected):
        np.testing.assert_array_equal(target[begin[e] : begin[e + 1]], slots)
    if needed:
        short = np.full(needed, -1, np.int64)[: needed - 1]
        assert touching(*arguments, short) == (FULL, needed)


def test_contacts_asked_for_beyond_the_width_of_the_bins_are_refused():
    box = (200.0, 200.0, 20.0)
    position, radius = scattered(50, box, 1)
    bins = bin_shape(box, radius.max(), 2)
    order, start, _ = sorted_into_bins(position, box, bins)
    begin, target = np.empty(2, np.int64), np.empty(50, np.int64)
    status, _ = touching(np.array([0]), *position, radius, 1.25, box, 2, bins, order, start, begin, target)
    assert status == TOO_NARROW


def test_a_position_outside_the_box_is_reported():
    box = (50.0, 60.0, 70.0)
    bins = bin_shape(box, 10.0, 3)
    start = np.empty(bins[0] * bins[1] * bins[2] + 1, np.int64)
    for axis in range(3):
        for value in (-1e-9, box[axis], np.nan):
            position, _ = scattered(10, box, 3)
            position[axis, 4] = value
            order, bin_of = np.empty(10, np.int64), np.empty(10, np.int64)
            assert bin_cells(*position, 10, box, bins, order, start, bin_of) == OUTSIDE
