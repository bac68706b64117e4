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
from opsonin.reference import ledger as reference
from opsonin.reference import metabolism as plain_metabolism
from opsonin.reference import synapses
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
    n, kind, numbers = cells.n, cells.arrays.kind[: cells.n], tables(2)
    alive = cells.arrays.phase[:n] <= 1
    for pair in rng.permutation(numbers.checkpoints)[3:]:  # the sets of all would be too many for a slow twin
        cells.arrays.level[pair["receptor"]] = 0.0
    kills = [load_cells().index(name) for name in KILLERS]
    killers = np.flatnonzero(np.isin(kind, kills) & alive)
    touched = [np.sort(rng.choice(n, rng.integers(0, 7), replace=False)) for _ in killers]
    begin = np.concatenate([[0], np.cumsum([len(t) for t in touched])]).astype(np.int64)
    target = np.concatenate([*touched, [0]]).astype(np.int64)
    drugs = random_drugs(rng)
    drugs.free[load_molecules().index("PD-1")] = free_pd1
    seen, place = Ledger.of(BARRIERS, 0), np.zeros(n, np.int8)
    unfit = np.zeros(cells.arrays.signal.shape[0])
    sums = seen.lost, seen.apart, seen.expected, seen.losses
    contacts = kernels.tally(cells.arrays, numbers, KEY, drugs, killers, begin, target, place, *sums, unfit)
    pairs = [
        (int(i), synapses.target_of(cells.arrays, numbers, PLAIN_KEY, int(i), t.tolist()))
        for i, t in zip(killers, touched, strict=True)
    ]
    pairs = [(i, j) for i, j in pairs if j >= 0]
    assert contacts == len(pairs)
    assert set(np.flatnonzero(place == kernels.HELD)) == {j for _, j in pairs}
    lost, apart = np.zeros(BARRIERS), np.zeros(BARRIERS + 1)
    for i, j in pairs:
        shares = reference.shares(cells.arrays, numbers, drugs, i, j)
        closed = [b for b, share in enumerate(shares) if share < 1.0] + [BARRIERS - 1]
        worth = np.array(
            [
                reference.worth_of(cells.arrays, numbers, drugs, i, j, [closed[c] for c in sets_of(mask)])
                for mask in range(1 << len(closed))
            ]
        )
        lost[closed] += reference.shapley_values(worth)
        apart[[*closed, BARRIERS]] += reference.shapley_values(np.concatenate([0.0 * worth, worth]))
    np.testing.assert_allclose(seen.lost, lost, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(seen.apart, apart, rtol=1e-9, atol=1e-15)
    open_way = [reference.worth_of(cells.arrays, tables(2), drugs, i, j, range(BARRIERS)) for i, j in pairs]
    each = [reference.worth_of(cells.arrays, tables(2), drugs, i, j, ()) for i, j in pairs]
    whole = sum(math.log(most / left) for most, left in zip(open_way, each, strict=True))
    assert seen.expected[0] == pytest.approx(sum(each), rel=1e-11)
    assert seen.losses.sum() == pytest.approx(
        whole, rel=1e-11
    )  # the loss of a contact is the sum of its factors'
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
    values, apart = np.empty(players), np.empty(players + 1)
    kernels.shapley(worth, values, apart)
    of_set = {frozenset(sets_of(mask)): float(worth[mask]) for mask in range(len(worth))}
    with_space = of_set | {frozenset({players, *chosen}): value for chosen, value in of_set.items()}
    with_space |= dict.fromkeys(of_set, 0.0)
    for got, game in ((values, of_set), (apart, with_space)):
        expected = reference.shapley(len(got), game.__getitem__)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(values, reference.shapley_values(worth), rtol=1e-9, atol=1e-11)
    assert values.sum() == pytest.approx(worth[-1] - worth[0], rel=1e-12, abs=1e-13)
    assert apart.sum() == pytest.approx(worth[-1], rel=1e-12, abs=1e-13)


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(float, 7, elements=st.floats(1e-3, 1.0)),
    st.just(0.0) | st.floats(1e-9, 1e6),
    st.just(0.0) | st.floats(1e-9, 1e6),
    st.just(0.0) | st.floats(1e-9, 1e6),
)
def test_lost_and_expected_kills_are_the_possible_ones_to_the_last_digits(shares, contact, near, far):
    """All targets with a killer at them and nothing in the way: one kill per hit. The first barriers are closed."""
    of_set = np.array(
        [math.prod(s for b, s in enumerate(shares) if not mask >> b & 1) for mask in range(1 << len(shares))]
    )
    ledger, closed = Ledger.of(BARRIERS, len(UNFIT)), [*range(len(shares) - 1), BARRIERS - 1]
    values, apart = np.empty(len(shares)), np.empty(len(shares) + 1)
    kernels.shapley(0.06 * contact * of_set, values, apart)
    ledger.lost[closed], ledger.apart[[*closed, BARRIERS]] = values, apart
    ledger.expected[0], ledger.losses[closed] = 0.06 * contact * of_set[0], -contact * np.log(shares)
    ledger.contact, ledger.near, ledger.far = contact, near, far
    row = barriers.row(ledger, NAMES, 0.06)
    lost = sum(value for name, value in row.items() if name.startswith("lost."))
    possible = 0.06 * (contact + near + far)
    assert lost + row["expected"] == pytest.approx(possible, rel=1e-12)
    assert row["possible"] == pytest.approx(possible, rel=1e-12)
    assert all(value >= -1e-12 * possible for value in row.values())


def test_what_is_as_good_as_closed_takes_most_and_what_is_open_nothing():
    worth = np.array([1.0 if mask >> 1 & 1 else 0.001 for mask in range(16)])
    values, apart = np.empty(4), np.empty(5)
    kernels.shapley(worth, values, apart)
    assert values[1] == pytest.approx(0.999, rel=1e-12)
    assert abs(np.delete(values, 1)).max() < 1e-12


def test_where_nobody_meets_all_is_lost_to_space():
    ledger = Ledger.of(BARRIERS, len(UNFIT))
    ledger.near, ledger.far = 10.0, 30.0
    lost = of_barriers(ledger)
    assert (lost["near"], lost["far"]) == (pytest.approx(0.6), pytest.approx(1.8))
    assert sum(lost.values()) == pytest.approx(2.4, rel=1e-12)
