"""What is drawn for a population: the stated distributions, correlated as stated, and nobody's draw hangs on others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from opsonin.model.varied import Correlated, Marginal, Sample, Varied
from opsonin.patient.drawn import drawn, factor, quantiles, valued
from populations import HEAD, VARIED, asked

INF = float("inf")


def varied(name, kind="normal", middle=0.0, spread=1.0, low=-INF, high=INF, **more):
    return Varied(name, Marginal(kind, middle, spread, low, high, ""), parameter=True, **more)


DISTRIBUTIONS = {
    "normal": (varied("x", middle=3.0, spread=2.0), stats.norm(3.0, 2.0)),
    "lognormal": (varied("x", "lognormal", 3.0, 0.5), stats.lognorm(0.5, scale=3.0)),
    "uniform": (varied("x", "uniform", low=2.0, high=5.0), stats.uniform(2.0, 3.0)),
    "loguniform": (varied("x", "loguniform", low=0.1, high=10.0), stats.loguniform(0.1, 10.0)),
    "cut": (varied("x", middle=1.0, spread=2.0, low=0.5, high=2.0), stats.truncnorm(-0.25, 0.5, 1.0, 2.0)),
    "one tail": (varied("x", middle=0.0, spread=1.0, low=4.0), stats.truncnorm(4.0, INF)),
}


@pytest.mark.parametrize("what", DISTRIBUTIONS)
def test_values_have_the_distribution_that_is_stated(what):
    one, expected = DISTRIBUTIONS[what]
    shares = (np.arange(1000) + 0.5) / 1000
    found = quantiles(one.marginal, ndtri(shares))
    assert found == pytest.approx(expected.ppf(shares), rel=1e-9)
    assert one.marginal.low <= found.min() and found.max() <= one.marginal.high


def test_a_lognormal_one_that_is_cut_stays_within_its_ends():
    cut = quantiles(Marginal("lognormal", 3.0, 0.5, 2.0, 4.0, ""), ndtri((np.arange(1000) + 0.5) / 1000))
    whole = stats.lognorm(0.5, scale=3.0)
    assert cut.min() >= 2.0 and cut.max() <= 4.0
    assert (
        stats.kstest(
            cut, lambda x: (whole.cdf(x) - whole.cdf(2.0)) / (whole.cdf(4.0) - whole.cdf(2.0))
        ).pvalue
        > 0.9
    )


def test_a_fixed_one_does_not_vary():
    assert set(quantiles(Marginal("fixed", 0.0, 0.0, 4.0, 4.0, ""), np.array([-2.0, 0.0, 3.0]))) == {4.0}


def test_draws_of_patients_and_names_are_independent_normals():
    sample = Sample((varied("a"), varied("b")), (), {})
    found = drawn(sample, range(1, 4001), 7)
    for column in found.T:
        assert stats.kstest(column, "norm").pvalue > 0.01
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.05


def test_correlations_are_those_that_are_stated():
    matrix = ((1.0, 0.7, -0.3), (0.7, 1.0, 0.1), (-0.3, 0.1, 1.0))
    sample = Sample(
        (varied("a"), varied("x"), varied("b"), varied("c")), (Correlated(("a", "b", "c"), matrix),), {}
    )
    found = np.corrcoef(drawn(sample, range(1, 8001), 1).T)
    assert found[np.ix_([0, 2, 3], [0, 2, 3])] == pytest.approx(np.array(matrix), abs=0.03)
    assert np.abs(found[1, [0, 2, 3]]).max() < 0.03


def test_logarithms_of_lognormal_ones_are_correlated(tmp_path):
    found = drawn(asked(tmp_path).sample, range(1, 4001), 1)
    own = found[:, 1] / (found[:, 0] / 78.0) ** 0.5
    assert np.corrcoef(np.log(own), np.log(found[:, 2]))[0, 1] == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("value", [1.0, -1.0])
def test_what_is_wholly_correlated_moves_as_one(value):
    sample = Sample((varied("a"), varied("b")), (Correlated(("a", "b"), ((1.0, value), (value, 1.0))),), {})
    found = drawn(sample, range(1, 50), 1)
    assert found[:, 1] == pytest.approx(value * found[:, 0], rel=1e-12)


def test_the_factor_of_a_semidefinite_matrix_gives_it_back():
    weights = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, -0.6], [-1.0, 0.0]])
    matrix = tuple(map(tuple, (weights @ weights.T).tolist()))
    lower = factor(Correlated(("a", "b", "c", "d"), matrix))
    assert lower @ lower.T == pytest.approx(weights @ weights.T, abs=1e-12)
    assert (np.triu(lower, 1) == 0.0).all()


def test_more_patients_change_nobody(tmp_path):
    sample = asked(tmp_path).sample
    few, many = drawn(sample, range(1, 4), 3), drawn(sample, range(1, 301), 3)
    assert (few == many[:3]).all()
    assert (drawn(sample, [257], 3)[0] == many[256]).all()


def test_more_that_varies_changes_nothing_of_the_rest(tmp_path):
    (tmp_path / "more").mkdir()
    more = '[parameter.nivolumab_peripheral_volume]\ndistribution = "uniform"\nrange = ["2 L", "3 L"]\n'
    joined = (
        '[[correlation]]\nbetween = ["nivolumab_peripheral_volume", "nivolumab_clearance"]\nvalue = 0.4\n'
    )
    before = drawn(asked(tmp_path).sample, range(1, 40), 3)
    for text in (more, more + joined):
        after = drawn(asked(tmp_path / "more", HEAD + VARIED + text).sample, range(1, 40), 3)
        assert (after[:, :3] == before).all()
    first = HEAD + more + VARIED  # written before the others, but correlated with none of them
    assert (drawn(asked(tmp_path / "more", first).sample, range(1, 40), 3)[:, [0, 2, 3]] == before).all()


def test_another_seed_draws_others(tmp_path):
    sample = asked(tmp_path).sample
    assert (drawn(sample, range(1, 40), 3) != drawn(sample, range(1, 40), 4)).all()


def test_a_power_multiplies_by_the_covariate_over_its_reference():
    sample = Sample(
        (
            varied("w", "fixed", low=160.0, high=160.0),
            varied("cl", "fixed", low=3.0, high=3.0, powers=(("w", 80.0, 0.5),)),
        ),
        (),
        {},
    )
    assert valued(sample, np.zeros((1, 2)))[0].tolist() == pytest.approx([160.0, 3.0 * 2.0**0.5])
