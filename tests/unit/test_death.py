"""What kills a cell and what does not: hits, death ligands, guards, XIAP; and why some of a clone survive."""

from __future__ import annotations

import numba as nb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsonin.kernels.death import advance
from opsonin.laws.apoptosis import repaired_damage
from opsonin.model.death import (
    AT_REST,
    EARM_CELL,
    EARM_RATES,
    TISSUE_RATES,
    DeathDrive,
    DeathProteins,
    DeathState,
)
from opsonin.reference.death import HORIZON, earm_cell, follow

REPAIR = 50.0  # min
DAYS = 2880.0  # min
NEVER = -1.0
EARM_BOUND = 109.0  # receptors that EARM's ligand holds


@nb.njit(error_model="numpy")
def _death(hits, bound, priming, proteins, rates, step):
    """(time of death [min], or -1; caspase-3 in the end)."""
    state, damage, delivered, time = DeathState(0.0, 0.0, 0.0, 0.0, 0.0), 0.0, 0, 0.0
    while time < DAYS:
        while delivered < len(hits) and hits[delivered] <= time:
            damage += 1.0
            delivered += 1
        left = repaired_damage(damage, REPAIR, step)
        state = advance(state, proteins, DeathDrive(bound, 0.5 * (damage + left), priming), rates, step)
        damage = left
        time += step
        if state.caspase3 >= rates.commitment:
            return time, state.caspase3
    return NEVER, state.caspase3


def death(hits=(), *, bound=0.0, priming=0.0, proteins=EARM_CELL, rates=TISSUE_RATES, step=1.0):
    """Time of death of a cell [min], None where it lives for two days."""
    time, _ = _death(np.array(hits, dtype=float), bound, priming, proteins, rates, step)
    return None if time == NEVER else time


def every(gap, count):
    return [gap * k for k in range(count)]


def test_a_cell_at_rest_stays_at_rest():
    assert advance(AT_REST, EARM_CELL, DeathDrive(0.0, 0.0, 0.0), TISSUE_RATES, 6.0) == AT_REST


def test_single_hits_are_survived_and_three_within_fifty_minutes_kill():
    assert death(every(25.0, 1)) is None
    assert death(every(25.0, 2)) is None
    assert 60.0 < death(every(25.0, 3)) < 240.0


def test_hits_that_were_repaired_do_not_add_up():
    assert death(every(100.0, 12)) is None


def test_a_cell_past_the_point_of_no_return_dies_though_its_ligand_is_gone():
    state = AT_REST
    for minute in range(300):
        assert minute > 60 or state.caspase3 < TISSUE_RATES.commitment
        bound = EARM_BOUND if minute < 60 else 0.0
        state = advance(state, EARM_CELL, DeathDrive(bound, 0.0, 0.0), TISSUE_RATES, 1.0)
    assert state.caspase3 > TISSUE_RATES.commitment


def test_who_survives_does_not_depend_on_the_step():
    for step in (1.0, 2.0, 6.0):
        assert death(every(24.0, 2), step=step) is None
        assert death(every(24.0, 3), step=step) == pytest.approx(death(every(24.0, 3)), rel=0.05)


def test_a_survivor_recovers():
    state = AT_REST
    for _ in range(30):
        state = advance(state, EARM_CELL, DeathDrive(1.0, 0.0, 0.0), TISSUE_RATES, 6.0)
    assert state.disc > 0.01
    for _ in range(240):
        state = advance(state, EARM_CELL, DeathDrive(0.0, 0.0, 0.0), TISSUE_RATES, 6.0)
    assert max(state) < 1e-6


def test_without_bax_and_bak_neither_hits_nor_ligand_kill_unless_xiap_is_lost():
    null = EARM_CELL._replace(bax=0.0, bak=0.0)
    assert death(every(10.0, 30), proteins=null) is None
    assert death(bound=EARM_BOUND, proteins=null) is None
    assert death(priming=0.1, proteins=null._replace(xiap=0.0)) is None  # priming acts at mitochondria only
    assert death(every(25.0, 3), proteins=null._replace(xiap=0.0)) is not None
    assert death(bound=EARM_BOUND, proteins=null._replace(xiap=0.0)) is not None


def test_bax_or_bak_alone_is_enough():
    assert death(bound=EARM_BOUND, proteins=EARM_CELL._replace(bax=0.0)) is not None
    assert death(bound=EARM_BOUND, proteins=EARM_CELL._replace(bak=0.0)) is not None


def test_a_primed_cell_survives_the_loss_of_any_one_guard_but_not_of_all():
    primed = {"priming": 2e-4}
    for guard in ("bcl2", "bclxl", "mcl1"):
        assert death(**primed, proteins=EARM_CELL._replace(**{guard: 0.0})) is None
    assert death(**primed, proteins=EARM_CELL._replace(bcl2=0.0, bclxl=0.0, mcl1=0.0)) is not None


def test_a_bh3_mimetic_alone_kills_where_its_guard_holds_most():
    addicted = EARM_CELL._replace(bcl2=1e6, bclxl=5e3, mcl1=5e3)
    assert death(priming=2e-3, proteins=addicted) is None
    assert death(priming=2e-3, proteins=addicted._replace(mcl1=0.0)) is None
    assert death(priming=2e-3, proteins=addicted._replace(bcl2=0.02 * addicted.bcl2)) is not None


def test_smac_mimetic_bh3_mimetic_and_survivin_inhibitor_lower_the_number_of_hits():
    assert death(every(25.0, 2), proteins=EARM_CELL._replace(xiap=0.5 * EARM_CELL.xiap)) is not None
    assert death(every(25.0, 2), proteins=EARM_CELL._replace(mcl1=0.0)) is not None
    assert death(every(60.0, 3)) is None
    assert death(every(60.0, 3), proteins=EARM_CELL._replace(survivin=0.0)) is not None


def test_cflip_holds_death_ligands_but_not_hits():
    held = EARM_CELL._replace(flip=100.0 * EARM_CELL.flip)
    assert death(bound=5.0) is not None
    assert death(bound=5.0, proteins=held) is None
    assert death(every(25.0, 3), proteins=held) == death(every(25.0, 3))


def test_the_reference_agrees_on_hits():
    def hits(time):
        return sum(2.0 ** (-(time - start) / REPAIR) for start in (0.0, 25.0, 50.0) if time >= start)

    reached, _ = follow(EARM_CELL, lambda time: DeathDrive(0.0, hits(time), 0.0), TISSUE_RATES)
    assert reached == pytest.approx(death(every(25.0, 3)), rel=0.02)


levels = st.floats(-1.0, 1.0).map(lambda e: 10.0**e)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(DeathProteins, *([levels] * 7), survivin=st.floats(0.0, 2.0)),
    levels,
    st.floats(0.0, 3.0),
    st.sampled_from(DeathProteins._fields),
    st.floats(1.1, 5.0),
    st.sampled_from([1.0, 6.0]),
)
def test_what_holds_death_back_never_speeds_it_and_what_drives_it_never_slows_it(
    folds, ligand, damage, protein, more, step
):
    proteins = DeathProteins(*(base * fold for base, fold in zip(EARM_CELL, folds, strict=True)))
    changed = proteins._replace(**{protein: getattr(proteins, protein) * more})
    drives = protein in ("bax", "bak")

    def advanced(which, bound, hits):
        state = AT_REST
        for _ in range(12):
            state = advance(state, which, DeathDrive(bound, hits, 1e-4), TISSUE_RATES, step)
            assert all(np.isfinite(state))
            assert min(state) >= 0.0
            assert max(state.caspase8, state.bid, state.caspase3) <= 1.0
        return state

    base = np.array(advanced(proteins, EARM_BOUND * ligand, damage))
    other = np.array(advanced(changed, EARM_BOUND * ligand, damage))
    low, high = (base, other) if drives else (other, base)
    slack = 1e-9 * np.maximum(base, other) + 1e-15
    assert np.all(low <= high + slack)
    assert np.all(base <= np.array(advanced(proteins, EARM_BOUND * ligand * more, damage)) + slack)
    assert np.all(base <= np.array(advanced(proteins, EARM_BOUND * ligand, damage * more)) + slack)


def clone(count, variation, shared, seed):
    """Cells of one clone: lognormal proteins of mean 1, of which a share of the variance is common to all of a cell."""
    chance = np.random.default_rng(seed)
    width = np.sqrt(np.log1p(variation**2))
    common = chance.normal(size=(count, 1))
    own = chance.normal(size=(count, len(EARM_CELL)))
    drawn = np.sqrt(shared) * common + np.sqrt(1.0 - shared) * own
    return [DeathProteins(*row) for row in np.array(EARM_CELL) * np.exp(width * drawn - 0.5 * width**2)]


def test_a_clone_dies_fractionally_the_more_the_more_ligand_and_over_hours():
    # CV of the proteins that matter in HeLa: Spencer 2009, doi:10.1038/nature08012
    cells = clone(300, 0.25, 0.3, 1)
    surviving, spread = [], []
    for bound in (1.0, 2.0, 4.0, 20.0, EARM_BOUND):
        times = [death(bound=bound, proteins=cell) for cell in cells]
        dead = np.array([time for time in times if time is not None])
        surviving.append(1.0 - len(dead) / len(cells))
        spread.append(np.std(dead) / np.mean(dead))
    assert surviving == sorted(surviving, reverse=True)
    assert surviving[0] > 0.6
    assert 0.2 < surviving[1] < surviving[0]
    assert 0.0 < surviving[-1] < 0.1
    assert min(spread) > 0.1


def test_cells_without_variation_die_all_or_none():
    assert {death(bound=4.0, proteins=cell) is None for cell in clone(20, 1e-6, 0.3, 1)} == {False}
    assert {death(bound=1.0, proteins=cell) is None for cell in clone(20, 1e-6, 0.3, 1)} == {True}


def test_the_time_of_the_cell_of_earm_is_kept_when_cells_recover():
    proteins, drive = earm_cell({})
    still, recovering = follow(proteins, drive, EARM_RATES)[0], follow(proteins, drive, TISSUE_RATES)[0]
    assert still < recovering < 1.5 * still < HORIZON
