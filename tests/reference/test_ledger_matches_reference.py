"""The ledger's kernels equal their plain twins; shares add up to what is lost, whatever the sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_cells_match_reference import (
    KEY,
    KILLERS,
    PLAIN_KEY,
    SEEDS,
    load_cells,
    load_molecules,
    random_cells,
    random_drugs,
    tables,
)

from opsonin.engine.tabulate import fitness_substrates
from opsonin.kernels import ledger as kernels
from opsonin.knowledge.library import load_library
from opsonin.laws.ledger import let_through
from opsonin.observe import barriers
from opsonin.reference import cells as plain_cells
from opsonin.reference import ledger as reference
from opsonin.reference import metabolism as plain_metabolism
from opsonin.state.ledger import Ledger

CHECKPOINTS = sorted(p.name for p in load_library().interactions.values() if p.kind == "checkpoint")
BARRIERS = 7 + len(CHECKPOINTS)
UNFIT = fitness_substrates(load_library())
NAMES = (*barriers.titles({name: name for name in CHECKPOINTS}, {name: name for name in UNFIT}),)

FITNESS = BARRIERS - 3  # one barrier, told by substrate


def of_barriers(ledger):
    """Barrier -> kills lost to it."""
    row = barriers.row(ledger, NAMES, 0.06)
    return {name.removeprefix("lost."): value for name, value in row.items() if name.startswith("lost.")}


def sets_of(mask):
    return [b for b in range(BARRIERS) if mask >> b & 1]


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.floats(0.0, 1.0))
def test_every_contact_is_worth_what_its_twin_says_without_any_set_of_barriers(seed, free_pd1):
    cells, rng = random_cells(seed), np.random.default_rng(seed)
    n, kind = cells.n, cells.arrays.kind[: cells.n]
    alive = cells.arrays.phase[:n] <= 1
    kills = [load_cells().index(name) for name in KILLERS]
    killers = np.flatnonzero(np.isin(kind, kills) & alive)
    touched = [np.sort(rng.choice(n, rng.integers(0, 7), replace=False)) for _ in killers]
    begin = np.concatenate([[0], np.cumsum([len(t) for t in touched])]).astype(np.int64)
    target = np.concatenate([*touched, [0]]).astype(np.int64)
    drugs = random_drugs(rng)
    drugs.free[load_molecules().index("PD-1")] = free_pd1
    worth, losses, place = np.zeros(1 << BARRIERS), np.zeros(BARRIERS), np.zeros(n, np.int8)
    numbers, unfit = tables(2), np.zeros(cells.arrays.signal.shape[0])
    contacts = kernels.tally(
        cells.arrays, numbers, KEY, drugs, killers, begin, target, place, worth, losses, unfit
    )
    pairs = [
        (int(i), plain_cells.target_of(cells.arrays, numbers, PLAIN_KEY, int(i), t.tolist()))
        for i, t in zip(killers, touched, strict=True)
    ]
    pairs = [(i, j) for i, j in pairs if j >= 0]
    assert contacts == len(pairs)
    assert set(np.flatnonzero(place == kernels.HELD)) == {j for _, j in pairs}
    some = np.unique([0, (1 << BARRIERS) - 1, *rng.integers(0, 1 << BARRIERS, 60)])
    expected = [
        sum(reference.worth_of(cells.arrays, tables(2), drugs, i, j, sets_of(mask)) for i, j in pairs)
        for mask in some
    ]
    np.testing.assert_allclose(worth[some], expected, rtol=1e-11)
    open_way = [reference.worth_of(cells.arrays, tables(2), drugs, i, j, range(BARRIERS)) for i, j in pairs]
    each = [reference.worth_of(cells.arrays, tables(2), drugs, i, j, ()) for i, j in pairs]
    whole = sum(math.log(most / left) for most, left in zip(open_way, each, strict=True))
    assert losses.sum() == pytest.approx(whole, rel=1e-11)  # the loss of a contact is the sum of its factors'
    parts = [
        [
            let_through(plain_metabolism.fitness_under(cells.arrays, numbers, drugs.free, i, s))
            for s in range(len(unfit))
        ]
        for i, _ in pairs
    ]
    assert unfit == pytest.approx(-np.log(parts).sum(axis=0), rel=1e-11)  # and so is that of fitness


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([2, 3]), st.floats(3.0, 80.0))
def test_who_is_near_a_killer_equals_its_twin(seed, dimension, reach):
    cells, rng, box = random_cells(seed), np.random.default_rng(seed), (90.0, 70.0, 60.0)
    n = cells.n
    for axis, length in zip("xyz", box, strict=True):
        getattr(cells.arrays, axis)[:n] = rng.random(n) * length
    killers, place = np.sort(rng.choice(n, 3, replace=False)), np.zeros(n, np.int8)
    status = kernels.mark_near(cells.arrays, n, killers, reach, box, dimension, place)
    assert status == 0
    expected = reference.near(cells.arrays, n, killers, reach, box, dimension)
    np.testing.assert_array_equal(place == kernels.NEAR, expected)
    targets = [reference.is_target(cells.arrays, tables(dimension), j) for j in range(n)]
    counted = kernels.count_targets(cells.arrays, n, tables(dimension), place)
    close_by = sum(a and b for a, b in zip(targets, expected, strict=True))
    assert counted.tolist() == [sum(targets) - close_by, close_by, 0]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5).flatmap(lambda k: arrays.arrays(float, 1 << k, elements=st.floats(0.0, 10.0))))
def test_shapley_values_are_those_of_all_orders_and_add_up(worth):
    players = len(worth).bit_length() - 1
    values = barriers.shapley(worth)
    of_set = {frozenset(sets_of(mask)): float(worth[mask]) for mask in range(len(worth))}
    np.testing.assert_allclose(values, reference.shapley(players, of_set.__getitem__), rtol=1e-9, atol=1e-11)
    assert values.sum() == pytest.approx(worth[-1] - worth[0], rel=1e-12, abs=1e-13)


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(float, BARRIERS, elements=st.floats(1e-3, 1.0)),
    st.just(0.0) | st.floats(1e-9, 1e6),
    st.just(0.0) | st.floats(1e-9, 1e6),
    st.just(0.0) | st.floats(1e-9, 1e6),
)
def test_lost_and_expected_kills_are_the_possible_ones_to_the_last_digits(shares, contact, near, far):
    """All targets with a killer at them and nothing in the way: one kill per hit."""
    of_set = [
        math.prod(s for b, s in enumerate(shares) if not mask >> b & 1) for mask in range(1 << BARRIERS)
    ]
    losses = -contact * np.log(shares)
    unfit = losses[FITNESS] * np.linspace(0.0, 1.0, len(UNFIT)) / (0.5 * len(UNFIT))
    ledger = Ledger(0.06 * contact * np.array(of_set), losses, unfit, contact, near, far)
    row = barriers.row(ledger, NAMES, 0.06)
    lost = sum(value for name, value in row.items() if name.startswith("lost."))
    possible = 0.06 * (contact + near + far)
    assert lost + row["expected"] == pytest.approx(possible, rel=1e-12)
    assert row["possible"] == pytest.approx(possible, rel=1e-12)
    assert all(value >= -1e-12 * possible for value in row.values())


def test_what_is_as_good_as_closed_takes_most_and_what_is_open_nothing():
    ledger = Ledger.of(BARRIERS, len(UNFIT))
    for mask in range(1 << BARRIERS):
        ledger.worth[mask] = 1.0 if mask >> 1 & 1 else 0.001
    ledger.contact = 1.0
    lost = of_barriers(ledger)
    assert lost.pop("antigen") == pytest.approx(0.999, rel=1e-12)
    assert max(abs(value) for value in lost.values()) < 1e-12


def test_where_nobody_meets_all_is_lost_to_space():
    ledger = Ledger.of(BARRIERS, len(UNFIT))
    ledger.near, ledger.far = 10.0, 30.0
    lost = of_barriers(ledger)
    assert (lost["near"], lost["far"]) == (pytest.approx(0.6), pytest.approx(1.8))
    assert sum(lost.values()) == pytest.approx(2.4, rel=1e-12)
