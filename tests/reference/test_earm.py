"""The full reaction model does what EARM 2.0 M1a does, and the reduced switch, in both forms, does what it does."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from opsonin.kernels.death import advance
from opsonin.model.death import AT_REST, EARM_RATES, TISSUE_RATES
from opsonin.reference.death import HORIZON, earm_cell
from opsonin.reference.earm import network, outcome, trajectory
from opsonin.reference.fit_death_switch import BASE, FITTED, FREE, HELD_OUT, fit, lethal_hit, minutes, misfit

# Minutes to half PARP cleavage of EARM 2.0 M1a, nominal set, run elsewhere; None: not within 20 h; and share cleaved.
PUBLISHED = {
    "base": (68.7, 1.0),
    "ligand x0.1": (87.0, 1.0),
    "ligand x0.01": (114.3, 1.0),
    "XIAP x2": (None, 0.31),
    "XIAP x4": (None, 0.024),
    "XIAP x0.1": (51.5, 1.0),
    "cFLIP x100": (81.8, 1.0),
    "BCL-2 x10": (79.5, 1.0),
    "BCL-2 zero": (66.5, 1.0),
    "receptor x5": (57.7, 1.0),
}
# The same of the fitted set, from another version of its file than the one that could be read (see the table's head):
# it gives the base cell, and not what these give for the others.
OTHER_VERSION = pytest.mark.xfail(strict=True, reason="another version of the fitted parameters")
PUBLISHED_FITTED = {
    "base": (168.2, 1.0),
    "ligand x0.1": (346.8, 1.0),
    "ligand x0.01": (655.2, 1.0),
    "XIAP x2": (189.8, 0.75),
    "XIAP x4": (None, 0.33),
    "XIAP x0.1": (136.5, 1.0),
    "cFLIP x100": (182.0, 1.0),
    "BCL-2 x10": (168.5, 1.0),
    "BCL-2 zero": (168.2, 1.0),
    "receptor x5": (101.7, 1.0),
}
CELLS = {"base": BASE, **FITTED, **HELD_OUT}
TOLERANCE, ELSEWHERE = 0.15, 0.25  # for the cells above; for all others, most of which the fit never saw


# Ratios to base of the tissue's rates over those of EARM, less 1, where that is more than 15 %.
BEYOND = {"ligand x0.1": 0.215, "ligand x0.01": 3.65, "cFLIP x100": 0.185}


@pytest.fixture(scope="module")
def earm():
    return {name: outcome("nominal", folds) for name, folds in CELLS.items()}


@pytest.fixture(scope="module")
def switch():
    return {name: minutes(folds, EARM_RATES)[0] for name, folds in CELLS.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_reaction_model_gives_the_published_time_to_half_parp_cleavage(earm, name):
    expected, cleaved = PUBLISHED[name]
    if expected is None:
        assert earm[name].minutes_to_half is None
        assert earm[name].cleaved == pytest.approx(cleaved, abs=0.005)
    else:
        assert earm[name].minutes_to_half == pytest.approx(expected, rel=0.01)
        assert earm[name].cleaved > 0.99


@pytest.mark.parametrize(
    "name",
    [
        name if name in ("base", "BCL-2 zero") else pytest.param(name, marks=OTHER_VERSION)
        for name in PUBLISHED_FITTED
    ],
)
def test_so_it_does_with_the_fitted_set(name):
    expected, cleaved = PUBLISHED_FITTED[name]
    found = outcome("fitted", CELLS[name])
    if expected is None:
        assert found.minutes_to_half is None
    else:
        assert found.minutes_to_half == pytest.approx(expected, rel=0.01)
    assert found.cleaved == pytest.approx(cleaved, abs=0.01)


def test_the_fitted_set_differs_from_the_nominal_one_only_in_its_rates():
    nominal, fitted = network("nominal"), network("fitted")
    assert nominal.species == fitted.species
    assert np.array_equal(nominal.start, fitted.start)
    assert np.all(fitted.rates > 0.0)
    assert outcome("fitted", {}).minutes_to_half == pytest.approx(168.2, rel=0.01)


def test_no_reaction_makes_or_loses_a_protein():
    net = network("nominal")
    _, molecules, _ = trajectory("nominal", {})
    parts = {
        "C8": ("C8", "C8*"),
        "XIAP": ("XIAP",),
        "Smac": ("Smac", "Smac_c", "Smac*"),
        "PARP": ("PARP", "cPARP"),
    }
    for protein, forms in parts.items():
        held = [sum(part in forms for part in name.split(":")) for name in net.species]
        total = np.array(held) @ molecules
        assert total == pytest.approx(np.full_like(total, total[0]), rel=1e-6), protein


def test_the_jacobian_is_the_derivative_of_the_slope():
    net = network("fitted")
    x = np.random.default_rng(1).uniform(1.0, 1e4, len(net.species))
    jacobian = net.jacobian(0.0, x)
    for k in range(len(x)):
        step = np.zeros_like(x)
        step[k] = 1e-3 * x[k]
        slope = (net.slope(0.0, x + step) - net.slope(0.0, x - step)) / (2.0 * step[k])
        assert jacobian[:, k] == pytest.approx(slope, rel=1e-5, abs=1e-9 * np.abs(jacobian).max())


@pytest.mark.parametrize("name", [name for name in CELLS if name != "base"])
def test_the_reduced_switch_keeps_the_ratio_to_base_and_who_survives(earm, switch, name):
    expected = earm[name].minutes_to_half
    if expected is None:
        assert switch[name] is None
    else:
        tolerance = TOLERANCE if name in PUBLISHED else ELSEWHERE
        ratio = expected / earm["base"].minutes_to_half
        assert switch[name] / switch["base"] == pytest.approx(ratio, rel=tolerance)


def test_how_far_recovery_takes_the_switch_of_the_tissue_from_the_reaction_model(earm, switch):
    """Who survives is the same; what comes slowly takes longer, as cells recover and those of EARM do not."""
    recovering = {name: minutes(CELLS[name], TISSUE_RATES)[0] for name in PUBLISHED}
    assert {name for name, time in recovering.items() if time is None} == {
        name for name in PUBLISHED if earm[name].minutes_to_half is None
    }
    away = {
        name: time / recovering["base"] * earm["base"].minutes_to_half / earm[name].minutes_to_half - 1.0
        for name, time in recovering.items()
        if time is not None
    }
    beyond = {name: share for name, share in away.items() if abs(share) > TOLERANCE}
    assert beyond == pytest.approx(BEYOND, rel=0.03)


def test_the_reduced_switch_keeps_the_time_itself(earm, switch):
    assert switch["base"] == pytest.approx(earm["base"].minutes_to_half, rel=0.01)


def stepped(folds, step):
    """Time of death by the kernel [min], None where the cell lives."""
    proteins, drive = earm_cell(folds)
    state, time = AT_REST, 0.0
    while time < HORIZON:
        after = advance(state, proteins, drive(time + 0.5 * step), EARM_RATES, step)
        if after.caspase3 >= EARM_RATES.commitment:
            rise = after.caspase3 - state.caspase3  # a straight line between the ends of the step
            return time + step * (EARM_RATES.commitment - state.caspase3) / rise
        state, time = after, time + step
    return None


@pytest.mark.parametrize(("step", "tolerance"), [(1.0, 0.01), (3.0, 0.025), (6.0, 0.05)])
def test_the_kernel_follows_the_differential_equations_at_every_step_in_use(switch, step, tolerance):
    for name, folds in CELLS.items():
        reached = stepped(folds, step)
        if switch[name] is None:
            assert reached is None, name
        else:
            assert reached == pytest.approx(switch[name], rel=tolerance), name


def test_halving_the_step_quarters_the_error_of_the_kernel():
    proteins, drive = earm_cell({})

    def at(time, step):
        state = AT_REST
        for k in range(round(time / step)):
            state = advance(state, proteins, drive((k + 0.5) * step), EARM_RATES, step)
        return np.log(state)

    exact = at(48.0, 1.0 / 16.0)
    errors = [np.abs(at(48.0, step) - exact).max() for step in (2.0, 1.0, 0.5)]
    orders = [math.log2(coarse / fine) for coarse, fine in itertools.pairwise(errors)]
    assert min(orders) > 1.8


def test_the_kernel_is_the_same_in_numba_and_in_python():
    proteins, drive = earm_cell({})
    state = AT_REST
    for minute in range(0, 66, 6):
        compiled = advance(state, proteins, drive(minute), EARM_RATES, 6.0)
        assert advance.py_func(state, proteins, drive(minute), EARM_RATES, 6.0) == pytest.approx(
            compiled, rel=1e-12
        )
        state = compiled


def test_a_species_that_the_switch_lacks_is_named():
    with pytest.raises(ValueError, match="BAR"):
        earm_cell({"BAR": 2.0})


@pytest.mark.slow
def test_no_fit_does_better_than_the_rates_and_only_fitted_rates_moved():
    found = fit()
    assert misfit(EARM_RATES) < 1.02 * misfit(found)
    assert misfit(EARM_RATES) < 0.5 * misfit(found._replace(sink=1.2 * found.sink))
    for name in CELLS:
        ours, theirs = minutes(CELLS[name], EARM_RATES)[0], minutes(CELLS[name], found)[0]
        assert (ours is None) == (theirs is None), name
        assert ours is None or ours == pytest.approx(theirs, rel=0.03), name
    kept = dict.fromkeys(FREE, 1.0)
    assert found._replace(**kept) == EARM_RATES._replace(**kept)
    few, enough = lethal_hit(2, TISSUE_RATES), lethal_hit(3, TISSUE_RATES)
    assert TISSUE_RATES.hit_protease == pytest.approx(math.sqrt(few * enough), rel=0.02)
