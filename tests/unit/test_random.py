"""Keyed randomness: known answers, the plain-integer twin, uniformity, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from opsonin.core import random
from opsonin.knowledge.library import load_library
from opsonin.reference import random as reference

WORD = st.integers(0, 2**32 - 1)
LONG = st.integers(0, 2**64 - 1)

# Known-answer vectors of the Random123 distribution (Salmon 2011), philox4x32 with 10 rounds.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_the_published_answers(counter, key, words):
    assert reference.philox(counter, key) == words
    got = random.philox(*(np.uint32(c) for c in counter), *(np.uint32(k) for k in key))
    assert tuple(int(word) for word in got) == words


@given(LONG, st.integers(0, 2**32 - 1), st.integers(0, 11), st.integers(0, 2**20 - 1), WORD, WORD)
def test_draws_equal_the_plain_integer_twin(identity, tick, stream, draw, k0, k1):
    got = random.uniforms(np.uint32(k0), np.uint32(k1), np.uint64(identity), np.uint32(tick), stream, draw)
    assert got == reference.uniforms((k0, k1), identity, tick, stream, draw)
    assert all(0.0 < u < 1.0 for u in got)
    gauss = random.normals(np.uint32(k0), np.uint32(k1), np.uint64(identity), np.uint32(tick), stream, draw)
    assert gauss == pytest.approx(reference.normals((k0, k1), identity, tick, stream, draw), rel=1e-12)


@given(LONG, LONG)
def test_pair_ids_equal_the_twin_and_know_the_order(a, b):
    assert int(random.mixed(np.uint64(a), np.uint64(b))) == reference.mixed(a, b)
    if a != b:
        assert reference.mixed(a, b) != reference.mixed(b, a)


@given(st.floats(0.0, 5.0), st.floats(1e-9, 1 - 1e-9))
def test_poisson_counts_equal_the_twin_and_the_quantile(mean, uniform):
    count = random.poisson(mean, uniform)
    assert count == reference.poisson(mean, uniform)
    cumulative = stats.poisson.cdf([count - 1, count], mean)
    assert cumulative[0] <= uniform + 1e-9
    assert uniform <= cumulative[1] + 1e-9


def test_uniforms_are_uniform_and_uncorrelated_between_neighbouring_ids_ticks_and_draws():
    key = random.key_of(1, "patient", 0)
    grid = np.array(
        [
            [random.uniforms(*key, np.uint64(i), np.uint32(t), 4, 0) for t in range(0, 6000, 60)]
            for i in range(200)
        ]
    )
    assert stats.kstest(grid.ravel(), "uniform").pvalue > 1e-4
    for lagged in (grid[1:] * grid[:-1], grid[:, 1:] * grid[:, :-1], grid[..., 0] * grid[..., 1]):
        error = lagged.std() / np.sqrt(lagged.size)
        assert abs(lagged.mean() - 0.25) < 5 * error


def test_the_key_knows_seed_patient_and_replicate():
    keys = {random.key_of(s, p, r) for s in (0, 1) for p in ("a", "b") for r in (0, 1)}
    assert len(keys) == 8


def test_ids_of_content_differ_with_the_content_and_not_with_the_call():
    assert random.id_of("imaged", 1.0, 2.0) == random.id_of("imaged", 1.0, 2.0)
    assert random.id_of("imaged", 1.0, 2.0) != random.id_of("imaged", 2.0, 1.0)


def test_stream_numbers_are_all_different():
    assert len({int(stream) for stream in random.Stream}) == len(list(random.Stream))


@given(st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=40), st.data())
def test_the_draws_of_a_name_do_not_know_what_other_names_there_are(names, data):
    assume(len({int(random.draws_of([name])[0]) for name in names}) == len(names))  # none meet
    left = data.draw(st.lists(st.sampled_from(names), unique=True).map(sorted))
    of_all = dict(zip(sorted(names), random.draws_of(sorted(names)).tolist(), strict=True))
    assert random.draws_of(left).tolist() == [of_all[name] for name in left]


def test_each_name_has_draws_of_its_own_that_fit_a_counter():
    names = [f"molecule {k}" for k in range(3000)]  # among so many, some meet
    draws = random.draws_of(names)
    assert len(set(draws.tolist())) == len(names)
    assert draws.max() < 2**19


def test_no_two_molecules_or_cell_types_of_the_knowledge_base_meet():
    library = load_library()
    for names in (library.molecules, library.cells):
        alone = [random.draws_of([name])[0] for name in names]
        assert len(set(alone)) == len(names)
