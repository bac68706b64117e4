"""Every kernel that walks over cells equals its plain twin, on random tissues."""

from __future__ import annotations

import functools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from opsonin.engine import tabulate
from opsonin.kernels import (
    contacts,
    costimulation,
    death,
    digest,
    expression,
    fate,
    metabolism,
    motility,
    neighbours,
    niche,
    trafficking,
)
from opsonin.knowledge.library import load_library
from opsonin.model import phase
from opsonin.model import tables as column
from opsonin.model.death import TISSUE_RATES
from opsonin.reference import cells as plain_cells
from opsonin.reference import costimulation as plain_costimulation
from opsonin.reference import fates as plain_fates
from opsonin.reference import headings as plain_headings
from opsonin.reference import metabolism as plain_metabolism
from opsonin.reference import synapses as plain_synapses
from opsonin.state.cells import Cells
from opsonin.state.exposure import THROUGH, Exposure

KEY = np.array([123456789, 987654321], np.uint32)
PLAIN_KEY = (123456789, 987654321)
SEEDS = st.integers(0, 2**31)
DIMENSIONS = st.sampled_from([2, 3])
# What occurs of each substrate, in its unit and the order of their names.
OCCURRING = {
    "oxygen": 20.0,
    "glucose": 2.0,
    "lactate": 8.0,
    "adenosine": 1.0,
    "kynurenine": 5.0,
    "tgf_beta": 0.1,
}
SIGNALS = np.array([OCCURRING.get(name, 0.1) for name in sorted(load_library().substrates)])
OCCURRING_CELLS = ("cancer", "cd8", "nk", "car_t", "macrophage", "other", "cd4", "treg", "dc")
KILLERS = ("cd8", "nk", "car_t", "macrophage")


@functools.cache
def tables(dimension):
    library = load_library()
    return tabulate.tables_of(
        library, library.tumours["melanoma"], np.full(len(library.cells), 1.05), dimension
    )


@functools.cache
def traits():
    return tabulate.traits_of(load_library())


def random_cells(seed, n=60):
    """A tissue in which every phase, mark and signal occurs; times around tick 100,000."""
    rng = np.random.default_rng(seed)
    molecules = len(tabulate.species_of(load_library()).molecules)
    cells = Cells(n + 7, molecules, len(SIGNALS))
    kinds = rng.choice([load_cells().index(name) for name in OCCURRING_CELLS], n).astype(np.int16)
    columns = {
        "id": rng.integers(1, 2**63, n).astype(np.uint64),
        "kind": kinds,
        "phase": rng.choice([0, 0, 0, 1, 1, 2, 3], n).astype(np.int8),
        "reactive": rng.integers(0, 3, n).astype(np.int8),
        "fixed": rng.uniform(0, 0.5, n),
        "volume": rng.uniform(100, 4000, n),
        "base_volume": rng.uniform(100, 2500, n),
        "phase_start": rng.integers(0, 100_000, n),
        "phase_end": rng.integers(90_000, 140_000, n),
        "pressure": rng.normal(0.01, 0.02, n),
        "damage": np.where(kinds == load_cells().index("cancer"), rng.choice([0.0, 0.5, 1.9], n), 0.0),
        "bound": rng.choice([0.0, 5.0], n),
        "exhaustion": rng.uniform(0, 1, n),
        "lost": rng.integers(0, 256, n).astype(np.int32),
        "activation": rng.uniform(0, 1, n),
        "costimulated": rng.uniform(0, 1, n),
        "engagement": rng.choice([0.0, 0.4, 1.0], n),
        "level": rng.uniform(0, 1e5, (molecules, n)),
        "variation": rng.choice([0.0, 0.5, 1.0, 2.0], (molecules, n)),
        "signal": np.abs(rng.normal(0, SIGNALS[:, None], (len(SIGNALS), n))),
        "gradient": rng.normal(0, 1e-3, (3, n)),
    }
    heading = rng.normal(size=(3, n))
    heading /= np.linalg.norm(heading, axis=0)
    heading[:, rng.random(n) < 0.3] = 0.0
    columns |= {f"heading_{axis}": heading[k] for k, axis in enumerate("xyz")}
    cells.append(columns)
    return cells


def rates(seed):
    """(hindrance, spontaneous, toxic, let_in, free) of a tissue under drugs that differ by type and phase."""
    rng, types = np.random.default_rng(seed), len(tables(2).types)
    toxic = rng.choice([0.0, 1e-4, 2e-3], (types, 2))
    free = rng.choice([0.1, 1.0], tables(2).resting.shape[1])
    return 0.8, np.full(types, 1e-4), toxic, rng.choice([0.0, 0.5, 1.0], types), free


def retaining(dimension):
    """The tables, with every type retained in part, so that each is tried."""
    types = tables(dimension).types.copy()
    types[:, column.RETENTION], types[:, column.RETENTION_REACH], types[:, column.RETENTION_DELAY] = (
        0.7,
        15.0,
        1.0,
    )
    return tables(dimension)._replace(types=types)


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, len(SIGNALS) - 1))
def test_exchange_equals_its_twin(seed, substrate):
    cells = random_cells(seed)
    clearance, release = np.empty((2, len(SIGNALS), cells.n))
    free = rates(seed)[-1]
    metabolism.exchange(cells.arrays, cells.n, tables(2), free, 0, clearance, release)
    expected = plain_metabolism.exchange(cells.arrays, cells.n, tables(2), free, substrate)
    close(clearance[substrate], expected[0])
    close(release[substrate], expected[1])


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.1, 60.0))
def test_express_equals_its_twin(seed, duration):
    cells = random_cells(seed)
    fold = np.random.default_rng(seed).uniform(0.3, 4.0, len(traits().turnover))
    some = np.random.default_rng(seed).integers(0, len(fold), (5, 2))
    through = np.array([(by, m, 0.5) for by, m in some], THROUGH)
    arguments = tables(2), traits().turnover, fold, through, duration
    expected = plain_cells.express(cells.arrays, cells.n, *arguments)
    expression.express(cells.arrays, cells.n, *arguments)
    close(cells.arrays.level[:, : cells.n], expected)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.0, 1.0))
def test_remix_equals_its_twin(seed, least):
    cells = random_cells(seed)
    arrays, n = cells.arrays, cells.n
    kept = np.random.default_rng(seed).choice([least, 0.9, 1.0], len(traits().turnover))
    resting, sigma = tables(2).resting, traits().sigma
    expected = plain_cells.remix(arrays, n, resting, sigma, kept, traits().draw, PLAIN_KEY, 77)
    expression.remix(arrays, n, resting, sigma, kept, traits().draw, KEY, np.uint32(77))
    close(arrays.variation[:, :n], expected)


@settings(max_examples=30, deadline=None)
@given(SEEDS, DIMENSIONS, st.floats(0.1, 10.0))
def test_steer_equals_its_twin(seed, dimension, duration):
    cells = random_cells(seed)
    rng = np.random.default_rng(seed)
    cue = rng.normal(size=(3, cells.n))
    cue *= rng.choice([0.0, 0.4, 1.0], cells.n) / np.linalg.norm(cue, axis=0)
    expected = plain_headings.steer(
        cells.arrays, cells.n, tables(dimension), PLAIN_KEY, 100_000, duration, cue
    )
    velocity = np.full((3, cells.n), np.nan)
    motility.steer(cells.arrays, cells.n, tables(dimension), KEY, 100_000, duration, cue, velocity)
    arrays, n = cells.arrays, cells.n
    close(np.array([arrays.heading_x[:n], arrays.heading_y[:n], arrays.heading_z[:n]]), expected[0])
    close(velocity, expected[1])


@settings(max_examples=40, deadline=None)
@given(SEEDS, DIMENSIONS, st.sampled_from([1.0, 6.0, 600.0]))
def test_decide_equals_its_twin(seed, dimension, duration):
    cells = random_cells(seed)
    arguments = (100_000, duration, 0.01, rates(seed))
    expected = plain_fates.decide(cells.arrays, cells.n, tables(dimension), PLAIN_KEY, *arguments)
    event = np.zeros(cells.capacity, np.int8)
    fate.decide(cells.arrays, cells.n, tables(dimension), KEY, *arguments, event)
    np.testing.assert_array_equal(event[: cells.n], expected[0])
    close(cells.arrays.volume[: cells.n], expected[1])
    close(cells.arrays.radius[: cells.n], expected[2])


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_turnover_equals_its_twin(seed):
    cells = random_cells(seed)
    drugs = rates(seed)[-2:]
    asked = np.random.default_rng(seed).random(len(tables(2).types)) < 0.7
    found = np.full((len(tables(2).types), 2, fate.COLUMNS), np.nan)
    fate.turnover(cells.arrays, cells.n, tables(2), 0.01, 0.8, *drugs, asked, found)
    expected = plain_fates.turnover(cells.arrays, cells.n, tables(2), 0.01, 0.8, *drugs)
    for t in range(len(found)):
        for reactive in (0, 1):
            row = expected.get((t, reactive)) if asked[t] else None
            close(found[t, reactive], list(row.values()) if row else [0.0] * fate.COLUMNS)


@settings(max_examples=40, deadline=None)
@given(SEEDS, DIMENSIONS)
def test_niche_cues_equal_their_twin(seed, dimension):
    cells, box = random_cells(seed), (160.0, 140.0, 120.0 if dimension == 3 else 20.0)
    rng = np.random.default_rng(seed)
    arrays, n = cells.arrays, cells.n
    for axis, name in enumerate("xyz"):
        getattr(arrays, name)[:n] = rng.random(n) * box[axis]
    tumour = tables(dimension).types[arrays.kind[:n], column.TUMOUR] > 0
    arrays.niche[:n] = np.where(tumour, 0, rng.choice([-1, 0, 1], n))
    cue = np.full((3, n), np.nan)
    assert niche.niche_cues(arrays, n, retaining(dimension), box, cue) == neighbours.OK
    close(cue, plain_headings.niche_cues(arrays, n, retaining(dimension), box))


def test_the_random_tissues_reach_every_event():
    seen = set()
    for seed in range(20):
        cells = random_cells(seed)
        event = np.zeros(cells.capacity, np.int8)
        fate.decide(cells.arrays, cells.n, tables(2), KEY, 100_000, 600.0, 0.01, rates(seed), event)
        seen |= set(event[: cells.n].tolist())
    assert seen == set(range(len(phase.EVENTS)))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([1.0, 30.0]), st.floats(0.0, 1.0))
def test_engage_and_strike_equal_their_twins(seed, duration, free_pd1):
    cells = random_cells(seed)
    rng = np.random.default_rng(seed)
    n, kind = cells.n, cells.arrays.kind[: cells.n]
    effectors = np.flatnonzero(np.isin(kind, [load_cells().index(name) for name in KILLERS]))
    touched = [np.sort(rng.choice(n, rng.integers(0, 7), replace=False)) for _ in effectors]
    for i, others in zip(effectors, touched, strict=True):
        if len(others) and rng.random() < 0.5:
            cells.arrays.partner[i] = cells.arrays.id[rng.choice(others)]
    drugs = random_drugs(rng)
    drugs.free[load_molecules().index("PD-1")] = free_pd1
    begin = np.concatenate([[0], np.cumsum([len(t) for t in touched])]).astype(np.int64)
    target = np.concatenate([*touched, [0]]).astype(np.int64)
    by_effector = {int(i): t.tolist() for i, t in zip(effectors, touched, strict=True)}
    expected = plain_synapses.engage(
        cells.arrays,
        tables(2),
        PLAIN_KEY,
        100_000,
        duration,
        drugs,
        by_effector,
    )
    seen, found = (effectors, begin, target), contacts.Found.room(len(effectors))
    known, held = contacts.Known.nothing(n), cells.arrays.partner.copy()
    # What is known of another target is learnt anew, and what is known of this one gives the same.
    for partner in (np.zeros_like(held), held, held):
        cells.arrays.partner[:] = partner
        contacts.engage(cells.arrays, tables(2), KEY, 100_000, duration, drugs, seen, found, known)
    rows = list(expected.values())
    assert rows
    np.testing.assert_array_equal(found.partner, [row[0] for row in rows])
    np.testing.assert_array_equal(found.hits, [row[1] for row in rows])
    for column_of, values in zip(found[2:], list(zip(*rows, strict=True))[2:], strict=True):
        close(column_of, values)
    twin = random_cells(seed)
    twin.arrays.partner[:n] = cells.arrays.partner[:n]
    counted = plain_synapses.strike(
        twin.arrays, n, tables(2), drugs, 100_000, duration, by_effector, expected
    )
    got = contacts.strike(cells.arrays, n, tables(2), drugs, 100_000, duration, seen, found)
    assert got == counted
    for name, values in cells.arrays._asdict().items():
        close(values[..., :n].astype(float), getattr(twin.arrays, name)[..., :n].astype(float))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([1.0, 60.0]), st.floats(0.0, 1.0))
def test_costimulate_equals_its_twin(seed, duration, free_ctla4):
    cells = random_cells(seed)
    rng, n = np.random.default_rng(seed), cells.n
    seekers = np.flatnonzero(
        np.isin(cells.arrays.kind[:n], [load_cells().index(c) for c in ("cd8", "cd4", "treg")])
    )
    touched = [np.sort(rng.choice(n, rng.integers(0, 7), replace=False)) for _ in seekers]
    drugs = random_drugs(rng)
    drugs.free[load_molecules().index("CTLA-4")] = free_ctla4
    begin = np.concatenate([[0], np.cumsum([len(t) for t in touched])]).astype(np.int64)
    target = np.concatenate([*touched, [0]]).astype(np.int64)
    by_seeker = {int(i): t.tolist() for i, t in zip(seekers, touched, strict=True)}
    expected = plain_costimulation.costimulate(cells.arrays, tables(2), drugs, by_seeker, duration)
    costimulation.costimulate(cells.arrays, tables(2), drugs, seekers, begin, target, duration)
    for got, wanted in zip((cells.arrays.costimulated, cells.arrays.activation), expected[:2], strict=True):
        close(got[:n], wanted[:n])
    close(cells.arrays.level[:, :n], expected[2][:, :n])


def random_drugs(rng):
    """Drugs that hold, coat and act as ligands of some molecules, and now and then chimeric receptors that see some."""
    none = Exposure.none(len(traits().turnover), len(load_cells()))
    free, coated, agonized = (
        rng.choice(some, len(none.free)) for some in ([0.1, 1.0], [0.0, 0.0, 0.7], [0.0, 0.02])
    )
    chimeric = none.chimeric
    chimeric[load_molecules().index("HER2")] = rng.choice([0.0, 1.0 / 165.0])
    return none._replace(free=free, coated=coated, agonized=agonized, chimeric=chimeric)


def load_cells():
    return tabulate.species_of(load_library()).cells


def load_molecules():
    return tabulate.species_of(load_library()).molecules


def on_their_way(seed, priming):
    """Random cells, most of the cancer cells hit, primed or underway; and tables of that priming."""
    cells = random_cells(seed)
    rng, n = np.random.default_rng(seed), cells.n
    resting = tables(2).resting[cells.arrays.kind[:n]].T
    cells.arrays.level[:, :n] = resting * rng.lognormal(0.0, 0.3, resting.shape)
    for name, most in (("disc", 2.0), ("caspase8", 1e-4), ("bid", 1e-3), ("pores", 1.0), ("caspase3", 0.34)):
        getattr(cells.arrays, name)[:n] = rng.choice([0.0, most], n) * rng.random(n)
    types = tables(2).types.copy()
    types[:, column.PRIMING] = priming
    return cells, tables(2)._replace(types=types)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 2e-4]), st.sampled_from([1.0, 6.0]))
def test_succumb_equals_its_twin(seed, priming, duration):
    (cells, numbers), (twin, _) = on_their_way(seed, priming), on_their_way(seed, priming)
    drugs = random_drugs(np.random.default_rng(seed))
    got = death.succumb(cells.arrays, cells.n, numbers, drugs, TISSUE_RATES, 100_000, duration)
    expected = plain_synapses.succumb(twin.arrays, cells.n, numbers, drugs, 100_000, duration, death.advance)
    assert got == expected
    for name, values in cells.arrays._asdict().items():
        close(values[..., : cells.n].astype(float), getattr(twin.arrays, name)[..., : cells.n].astype(float))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(1e-9, 1e-4))
def test_arrivals_equal_their_twin(seed, flux):
    rng = np.random.default_rng(seed)
    ids, attractant = rng.integers(0, 2**63, 12).astype(np.uint64), rng.uniform(0, 2, 12)
    fold = trafficking.recruitments(attractant, 3.0, 0.25)
    close(fold, plain_cells.recruitments(attractant, 3.0, 0.25))
    count = np.zeros(12, np.int64)
    arguments = (600, 1, flux, 3e5, 6.0)
    total = trafficking.arrivals(ids, fold, KEY, *arguments, count)
    assert count.tolist() == plain_cells.arrivals(ids, fold, PLAIN_KEY, *arguments)
    assert total == count.sum()


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20), st.integers(0, 1000))
def test_the_digest_equals_its_twin_and_sees_a_swap(words, seed):
    array = np.array(words, np.uint64)
    assert int(digest.digest_words(array, seed)) == plain_cells.digest_words(words, seed)
    if len(words) > 1 and words[0] != words[1]:
        swapped = [words[1], words[0], *words[2:]]
        assert plain_cells.digest_words(swapped, seed) != plain_cells.digest_words(words, seed)
