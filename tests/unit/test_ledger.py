"""The encounter ledger in a tissue and in a result: it changes nothing, adds up, and names what is in the way."""

from __future__ import annotations

import functools

import numba as nb
import numpy as np
import pytest

import opsonin
from opsonin.core.errors import InputError
from opsonin.engine.recording import Recorder, barriers_told
from opsonin.engine.start import started
from opsonin.engine.trace import Trace
from opsonin.kernels.contacts import Found, Known, engage
from opsonin.kernels.death import advance
from opsonin.kernels.ledger import held_back
from opsonin.laws.apoptosis import rate_of_half_life, repaired_damage
from opsonin.laws.death import active_disc
from opsonin.laws.ledger import (
    DYING,
    LIGAND_SPEED,
    hits_in_a_row,
    kill_rate,
    ligand_kill_rate,
    passed_by_xiap,
    receptors_needed,
    unresisted_kill_rate,
)
from opsonin.laws.recognition import effort, lytic_hit_hazard, vigour
from opsonin.model.death import EARM_CELL, TISSUE_RATES, DeathDrive, DeathState
from opsonin.observe import barriers
from opsonin.reference.metabolism import fitness_of
from opsonin.reference.synapses import death_receptors, hit_rate_of
from opsonin.store.segments import LEDGER
from opsonin.tissue import ledger
from opsonin.tissue.contacts import touched_by
from small_run import small_run
from tissues import CONTROL, DENSITIES, NIVOLUMAB, carried_on, plan, scenario

HOURS = 60.0
ALL_REACT = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}


def noted(plan_, minutes=4 * HOURS, arm=0, trace=None):
    """A tissue that kept a ledger for a time."""
    tissue = started(plan_)
    Recorder(plan_, plan_.courses[arm], "").follow(tissue)
    return carried_on(plan_, tissue, 0, minutes, arm, trace)


def shares(plan_, arm=0):
    """Barrier -> share of all lost kills."""
    row = barriers.row(noted(plan_, arm=arm).ledger, tuple(barriers_told(plan_)), 0.06)
    lost = {name.removeprefix("lost."): value for name, value in row.items() if name.startswith("lost.")}
    return {name: value / sum(lost.values()) for name, value in lost.items()}


def space(shares_):
    return shares_["near"] + shares_["far"]


def test_no_bit_of_the_tissue_knows_of_the_ledger():
    with_ledger, without = Trace(), Trace()
    noted(plan(), 2 * HOURS, trace=with_ledger)
    tissue = started(plan())
    carried_on(plan(), tissue, 0, 2 * HOURS, trace=without)
    assert tissue.ledger is None
    np.testing.assert_array_equal(with_ledger.drain()["hash"], without.drain()["hash"])


def test_the_factors_of_every_contact_multiply_to_the_hazard_of_the_step_that_follows():
    """Where everybody reacts: what the ledger says of hits is what `engage` then draws them from."""
    plan_ = plan(knowledge=ALL_REACT)
    tissue = noted(plan_, 0.0)
    ledger.step(tissue, 0, 1.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    killers = ((cells.reactive[:n] > 0) & (cells.phase[:n] <= 1)).nonzero()[0]
    begin, touched = touched_by(tissue, killers, 0)
    found = Found.room(len(killers))
    known = Known.nothing(tissue.cells.n)
    engage(cells, tissue.tables, tissue.key, 0, 1.0, tissue.exposure, (killers, begin, touched), found, known)
    passed = []
    for i, j, held, a in zip(killers, found.partner, found.bound, found.net, strict=True):
        if j >= 0:
            fitness = fitness_of(cells, tissue.tables, tissue.exposure.free, i)
            most = hit_rate_of(cells, tissue.tables, i)
            hits_come = lytic_hit_hazard(effort(a, fitness, vigour(cells.exhaustion[i])), most)
            all_held = death_receptors(cells, tissue.tables, tissue.exposure, i, j)
            full = unresisted_kill_rate(most, all_held, LIGAND_SPEED)
            passed.append(unresisted_kill_rate(hits_come, held, LIGAND_SPEED) / full)
    assert len(passed) == tissue.ledger.contact > 10
    assert tissue.ledger.losses[:-1].sum() == pytest.approx(-np.log(passed).sum(), rel=1e-9)


@nb.njit(error_model="numpy")
def _dies(gaps, proteins, rates):
    """Time of death [min] under hits with these gaps."""
    state, damage, hit, due, time = DeathState(0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0, gaps[0], 0.0
    while state.caspase3 < rates.commitment and hit < len(gaps) - 1:
        while due <= time:
            damage += 1.0
            hit += 1
            due += gaps[hit]
        left = repaired_damage(damage, 50.0, 1.0)
        state = advance(state, proteins, DeathDrive(0.0, 0.5 * (damage + left), 0.0), rates, 1.0)
        damage = left
        time += 1.0
    return time


@pytest.mark.parametrize("hazard", [0.004, 0.01, 0.03])
@pytest.mark.parametrize(
    "folds", [{}, {"mcl1": 0.3}, {"xiap": 0.6}, {"bax": 0.8, "bak": 0.8}, {"bcl2": 3.0}, {"xiap": 1.4}]
)
def test_the_rate_of_kills_is_that_of_the_death_switch_within_a_half(hazard, folds):
    rng, repair = np.random.default_rng(1), rate_of_half_life(50.0)
    proteins = EARM_CELL._replace(**{name: getattr(EARM_CELL, name) * fold for name, fold in folds.items()})
    times = [_dies(rng.exponential(1.0 / hazard, 40_000), proteins, TISSUE_RATES) for _ in range(150)]
    ratio = kill_rate(hazard, hits_in_a_row(*held_back(proteins)), repair, DYING) * np.mean(times)
    assert 0.65 < ratio < 1.6


@nb.njit(error_model="numpy")
def _held_until(bound, proteins, rates):
    """Time of death [min] of a cell whose death receptors stay held; endless past four days."""
    state, time = DeathState(0.0, 0.0, 0.0, 0.0, 0.0), 0.0
    while state.caspase3 < rates.commitment and time < 5760.0:
        state = advance(state, proteins, DeathDrive(bound, 0.0, 0.0), rates, 2.0)
        time += 2.0
    return time if time < 5760.0 else np.inf


@pytest.mark.parametrize("bound", [4.0, 10.0, 40.0])
@pytest.mark.parametrize(
    "folds", [{}, {"mcl1": 0.3}, {"mcl1": 2.0}, {"xiap": 0.5}, {"xiap": 1.4}, {"flip": 50.0}, {"bcl2": 5.0}]
)
def test_the_rate_of_kills_by_ligands_is_that_of_the_death_switch_within_a_factor_of_two(bound, folds):
    rng, spread = np.random.default_rng(3), np.sqrt(np.log1p(0.25**2))
    proteins = EARM_CELL._replace(**{name: getattr(EARM_CELL, name) * fold for name, fold in folds.items()})
    cells = [
        type(proteins)(*(x * np.exp(rng.normal(0.0, spread) - 0.5 * spread**2) for x in proteins))
        for _ in range(150)
    ]
    switched = np.mean([1.0 / _held_until(bound, cell, TISSUE_RATES) for cell in cells])
    active = active_disc(bound, proteins.flip, TISSUE_RATES.flip_half)
    guarding, xiap = held_back(proteins)
    rate = ligand_kill_rate(active, receptors_needed(guarding, xiap), LIGAND_SPEED * passed_by_xiap(xiap))
    assert rate == pytest.approx(switched, rel=1.0, abs=2e-4)
    assert switched == pytest.approx(rate, rel=1.0, abs=2e-4)


def test_what_holds_death_back_asks_for_more_hits_and_more_receptors():
    def needed(proteins):
        held = held_back(proteins)
        return np.array([hits_in_a_row(*held), receptors_needed(*held)])

    for name in ("bcl2", "bclxl", "mcl1", "xiap", "survivin"):
        assert np.all(
            needed(EARM_CELL._replace(**{name: 2.0 * getattr(EARM_CELL, name)})) > needed(EARM_CELL)
        )
    for name in ("bax", "bak"):
        assert np.all(
            needed(EARM_CELL._replace(**{name: 2.0 * getattr(EARM_CELL, name)})) < needed(EARM_CELL)
        )


def test_every_target_is_held_near_or_out_of_reach_and_a_crop_counts_them_alike():
    tissue = noted(plan(), 0.0)
    tissue.weight = 2.0
    ledger.step(tissue, 0, 6.0)
    kept, cells, n = tissue.ledger, tissue.cells.arrays, tissue.cells.n
    targets = np.count_nonzero(
        (cells.kind[:n] == tissue.species.cells.index("cancer")) & (cells.phase[:n] <= 1)
    )
    held = targets * 12.0 - kept.near - kept.far
    assert 0.0 < held <= kept.contact  # several killers may hold the same one


def test_without_mhc_i_recognition_takes_most():
    blind = shares(plan(knowledge={**ALL_REACT, "tumour.melanoma.expresses.cancer.MHC-I": "0 molecules"}))
    assert max(blind, key=blind.__getitem__) == "antigen"
    assert blind["antigen"] > 0.2


def test_with_much_pd_l1_the_checkpoint_takes_most_and_nivolumab_lowers_it():
    high = {**ALL_REACT, "tumour.melanoma.expresses.cancer.PD-L1": "1e5 molecules"}
    arms = plan(knowledge=high, arm=[CONTROL, NIVOLUMAB])
    control, treated = shares(arms, 0), shares(arms, 1)
    assert max(control, key=control.__getitem__) == "PD-1:PD-L1"
    assert treated["PD-1:PD-L1"] < 0.8 * control["PD-1:PD-L1"]


@functools.cache
def in_section(architecture):
    tissue = {
        "tumour": "melanoma",
        "thickness": "20 um",
        "generate": {"size": ["400 um", "400 um"], "architecture": architecture},
    }
    return shares(plan(tissue=tissue, knowledge=ALL_REACT))


def test_in_an_excluded_tissue_space_takes_most():
    excluded = in_section("excluded")
    assert space(excluded) > max(value for name, value in excluded.items() if name not in ("near", "far"))
    assert space(excluded) > space(in_section("mixed"))


def test_without_killers_all_is_lost_to_space():
    deserted = shares(plan(tissue__generate__densities={**DENSITIES, "cd8": "0 cells/mm2"}))
    assert deserted["far"] == 1.0


def test_a_run_stores_a_row_per_output_time_that_adds_up():
    result = small_run()
    for arm in result.arms:
        kept = result.joined(arm, LEDGER)
        assert kept["tick"].tolist() == [6 * 3600, 12 * 3600]
        lost = sum(values for name, values in kept.items() if name.startswith("lost."))
        np.testing.assert_allclose(lost + kept["expected"], kept["possible"], rtol=1e-12)
        observed = result.observables["kills"].sel(arm=arm).values
        assert kept["kills"].sum() == observed[-1]


def test_why_ranks_the_barriers_of_each_arm():
    told = small_run().why()
    assert told["arm"].unique().tolist() == ["control", "nivolumab"]
    for _, rows in told.groupby("arm"):
        assert rows["share"].sum() == pytest.approx(1.0, rel=1e-12)
        assert rows["share"].is_monotonic_decreasing
        assert rows["early"].sum() == pytest.approx(1.0) == rows["late"].sum()
    share = told.set_index(["arm", "barrier"])["share"]
    assert share["nivolumab", "PD-1:PD-L1"] < share["control", "PD-1:PD-L1"]
    assert small_run().why("control")["arm"].unique().tolist() == ["control"]
    with pytest.raises(InputError, match="there is no arm 'nivo'"):
        small_run().why("nivo")


def test_a_resumed_ledger_is_that_of_an_unbroken_run(tmp_path):
    from opsonin.engine import checkpoint
    from opsonin.engine.start import resumed

    plan_ = plan()
    whole = noted(plan_, 4 * HOURS).ledger
    first = noted(plan_, 2 * HOURS)
    tissue = resumed(plan_, checkpoint.freeze(first), 2 * 3600, plan_.courses[0])
    Recorder(plan_, plan_.courses[0], "").follow(tissue)
    second = carried_on(plan_, tissue, 2 * 3600, 2 * HOURS).ledger
    for name in ("lost", "apart", "expected"):
        together = getattr(first.ledger, name) + getattr(second, name)
        np.testing.assert_allclose(together, getattr(whole, name), rtol=1e-10, atol=1e-15)


def test_replicates_give_means_and_their_intervals(tmp_path):
    asked = scenario(scenario__duration="2 h", output__every="1 h", scenario__replicates=2)
    told = opsonin.run(asked, tmp_path / "out", threads=1).why()
    assert told["share"].sum() == pytest.approx(1.0)
    assert (told["low"] <= told["share"]).all() and (told["share"] <= told["high"]).all()


def test_a_result_without_a_ledger_says_so(tmp_path):
    import shutil

    shutil.copytree(small_run().path, tmp_path / "old")
    for file in (tmp_path / "old").rglob(LEDGER):
        file.unlink()
    with pytest.raises(InputError, match="has no encounter ledger"):
        opsonin.Result.open(tmp_path / "old").why()
