"""Three published models, read as models of somebody else, come to the states that their equations have.

Targets C1 (Kuznetsov and Taylor 1994), C2 (Kirschner and Panetta 1998) and C3 (de Pillis 2005): relative errors of
1e-4, 1e-3 and 1e-3, or half of the last digit that a target has.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar, root

import published_models as published
from opsonin.engine.courses import follow_foreign
from opsonin.io.course import read_course
from opsonin.knowledge.library import load_library
from opsonin.model.ports import Ports
from opsonin.patient.foreign import read_foreign
from opsonin.patient.integrate import loaded


def foreign(rates, numbers, start, level=(3, 1)):
    text = published.sbml_of(rates, numbers, start, level)
    ports = Ports(time="d", tumour={name: name for name in rates})
    return read_foreign(text, "published.xml", ports, load_library().drugs)


def course(tmp_path, model, days, every):
    """Times [d] and values by name."""
    file = tmp_path / "course.toml"
    file.write_text(f'duration = "{days} d"\nevery = "{every}"\n')
    made = follow_foreign(read_course(file, foreign=True), model)
    assert not made.failed
    one = made.followed["1"]
    return one.times / 1440.0, {
        column.removeprefix("tumour_"): one.values[:, number] for number, column in enumerate(made.columns)
    }


class System:
    """The rates of a model that is loaded, with some numbers changed; amounts are in the order of `amounts`."""

    def __init__(self, model):
        self.engine = loaded(model.sbml, model.name)
        self.amounts = self.engine.amounts

    def rates(self, state, **numbers):
        return self.engine.rates(state, numbers)

    def steady(self, guess, **numbers):
        """The steady state nearest to a guess; None if none is there."""
        scale = np.array(guess, float)
        found = root(lambda x: self.rates(x * scale, **numbers) / scale, np.ones(len(scale)), tol=1e-13)
        ok = found.success or np.abs(self.rates(found.x * scale, **numbers) / scale).max() < 1e-11
        return found.x * scale if ok else None

    def eigenvalues(self, state, **numbers):
        steps = np.maximum(np.abs(state), 1e-3) * 1e-6
        columns = [
            (self.rates(state + step, **numbers) - self.rates(state - step, **numbers)) / (2.0 * step.sum())
            for step in np.diag(steps)
        ]
        return np.linalg.eigvals(np.array(columns).T)


# C1: Kuznetsov and Taylor


@pytest.fixture(scope="module")
def scaled():
    rates, numbers = published.KUZNETSOV_SCALED, published.KUZNETSOV_SCALED_NUMBERS
    return System(foreign(rates, numbers, {"x": 1.0, "y": 1.0}))


@pytest.mark.parametrize(
    ("x", "y", "kind"),
    [
        (0.31552, 0.0, "saddle"),
        (1.60920, 8.18971, "spiral"),
        (0.75977, 267.798, "saddle"),
        (0.17298, 447.134, "node"),
    ],
)
def test_c1_steady_states_and_their_stability(scaled, x, y, kind):
    state = scaled.steady([x * 1.01, max(y * 1.005, 1e-9)]) if y else np.array([0.1181 / 0.3743, 0.0])
    assert scaled.amounts == ("x", "y")
    assert np.abs(scaled.rates(state)).max() < 1e-9
    assert state == pytest.approx([x, y], rel=1e-4)
    values = scaled.eigenvalues(state)
    if kind == "saddle":
        assert values.real.min() < 0.0 < values.real.max()
    else:
        assert values.real.max() < 0.0
        assert (np.abs(values.imag).max() > 1e-6) == (kind == "spiral")
    if kind == "spiral":
        assert values.real.max() == pytest.approx(-0.05009, rel=1e-3)
        assert np.abs(values.imag).max() == pytest.approx(0.5763, rel=1e-3)


def test_c1_the_escaped_state_is_gone_at_a_smaller_capacity(scaled):
    assert scaled.steady([0.17298, 447.134]) is not None
    ends = set()
    for guess in ([0.2, 240.0], [0.8, 200.0], [1.5, 10.0], [0.5, 150.0]):
        state = scaled.steady(guess, beta=0.004)
        if state is not None and state[1] > 1.0:
            ends.add(tuple(np.round(state, 4)))
    assert len(ends) == 1
    assert next(iter(ends)) == pytest.approx((1.58272, 8.14116), rel=1e-4)


def test_c1_the_tumour_becomes_dormant(tmp_path):
    model = foreign(published.KUZNETSOV, published.KUZNETSOV_NUMBERS, {"E": 3.2e5, "T": 5e5})
    times, values = course(tmp_path, model, 3000, "1 d")
    at = {50: 8.618e7, 100: 1.089e6, 200: 3.949e6, 500: 7.400e6, 3000: 8.186e6}
    for day, target in at.items():
        found = values["T"][times == day][0]
        assert found == pytest.approx(target, rel=1e-4, abs=0.5001e-3 * 10.0 ** np.floor(np.log10(target))), (
            day
        )


# C2: Kirschner and Panetta


@pytest.fixture(scope="module")
def treated():
    start = {"E": 1.0, "T": 1.0, "I": 1.0}
    return System(foreign(published.KIRSCHNER, published.KIRSCHNER_NUMBERS, start))


def test_c2_the_large_tumour_is_lost_at_the_fold(treated):
    # On the steady state of a tumour T, E and I follow; so does the antigenicity c that holds it.
    def antigenicity(tumour):
        numbers = published.KIRSCHNER_NUMBERS
        effectors = numbers["r2"] * (1 - numbers["b"] * tumour) * (numbers["g2"] + tumour) / numbers["a"]
        il2 = numbers["p2"] * effectors * tumour / (numbers["g3"] + tumour) / numbers["mu3"]
        without = treated.rates([effectors, tumour, il2], c=0.0)
        assert np.abs(without[1:]).max() < 1e-3 * tumour
        return -without[0] / tumour

    assert treated.amounts == ("E", "T", "I")
    found = minimize_scalar(
        lambda tumour: -antigenicity(tumour), bounds=(8e8, 9.99e8), options={"xatol": 1.0}
    )
    assert antigenicity(found.x) == pytest.approx(8.55e-5, rel=1e-3)
    just_below = [
        brentq(lambda tumour: antigenicity(tumour) - 8.55e-5, *ends)
        for ends in ((8e8, found.x), (found.x, 9.99e8))
    ]
    assert just_below == pytest.approx([9.647e8, 9.658e8], rel=1e-3)
    assert antigenicity(found.x) < 8.56e-5


def test_c2_the_cycle_ends_at_the_hopf_point(treated):
    def growth(c):
        state = treated.steady([2e4, 6e2 / c, 1e4], c=c)
        return treated.eigenvalues(state, c=c).real.max()

    assert brentq(growth, 0.030, 0.035, xtol=1e-9) == pytest.approx(0.03246, rel=1e-3)
    state = treated.steady([2.128e4, 1.8198e4, 1.008e4], c=0.035)
    assert state == pytest.approx([2.128e4, 1.8198e4, 1.008e4], rel=1e-3)
    assert treated.eigenvalues(state, c=0.035).real.max() == pytest.approx(-0.00108, abs=5e-6)


def test_c2_the_cycle_has_its_period_and_height(tmp_path):
    numbers = published.KIRSCHNER_NUMBERS | {"c": 0.02}
    model = foreign(published.KIRSCHNER, numbers, {"E": 1.0, "T": 1.0, "I": 1.0})
    times, values = course(tmp_path, model, 6000, "3 h")
    tumour, late = values["T"], times > 3000.0
    peaks = 1 + np.flatnonzero((tumour[1:-1] > tumour[:-2]) & (tumour[1:-1] >= tumour[2:]))
    peaks = peaks[late[peaks] & (tumour[peaks] > 1e5)]
    assert len(peaks) > 8
    period = (times[peaks[-1]] - times[peaks[0]]) / (len(peaks) - 1)
    assert period == pytest.approx(242.3, rel=1e-3)
    assert tumour[late].max() == pytest.approx(3.756e5, rel=1e-3)
    assert tumour[late].min() == pytest.approx(1.3e-4, abs=0.06e-4)


@pytest.mark.parametrize(("effectors", "cleared"), [(530.0, False), (560.0, True)])
def test_c2_effectors_given_above_a_threshold_clear_the_tumour(effectors, cleared, tmp_path):
    numbers = published.KIRSCHNER_NUMBERS | {"c": 0.0, "s1": effectors}
    model = foreign(published.KIRSCHNER, numbers, {"E": 1.0, "T": 1.0, "I": 1.0})
    _, values = course(tmp_path, model, 3000, "1 d")
    assert (values["T"][-1] < 1e-3) == cleared


def test_c2_that_threshold_is_where_the_empty_state_turns(treated):
    def growth(s1):
        empty = np.array([s1 / 0.03, 0.0, 0.0])
        return treated.eigenvalues(empty, c=0.0, s1=s1).real.max()

    assert brentq(growth, 400.0, 700.0) == pytest.approx(540.0, rel=1e-3)


# C3: de Pillis and others


OUTCOMES = [
    (1e6, 5e4, 100.0, "nn", 9.773e8, None),
    (1e6, 5e4, 100.0, "nl", 9.356e8, None),
    (1e6, 5e4, 100.0, "ln", 9.793e8, None),
    (1e6, 5e4, 100.0, "ll", None, 5.84),
    (1e4, 1e3, 10.0, "nn", 9.773e8, None),
    (1e4, 1e3, 10.0, "nl", None, 22.9),
    (1e4, 1e3, 10.0, "ln", None, 15.3),
    (1e4, 1e3, 10.0, "ll", None, 7.35),
]


@pytest.mark.parametrize(("tumour", "nk", "cd8", "mice", "escaped", "extinct"), OUTCOMES)
def test_c3_only_primed_mice_reject_the_large_tumour(tumour, nk, cd8, mice, escaped, extinct, tmp_path):
    numbers = published.DE_PILLIS_NUMBERS | published.DE_PILLIS_CHANGES[mice]
    model = foreign(published.DE_PILLIS, numbers, {"T": tumour, "N": nk, "L": cd8})
    times, values = course(tmp_path, model, 120 if extinct is None else extinct + 0.5, "5 min")
    if escaped is not None:
        assert values["T"][-1] == pytest.approx(escaped, rel=1e-3)
    else:
        assert times[values["T"] < 1e-3][0] == pytest.approx(extinct, abs=0.1)


@pytest.mark.parametrize("level", [(2, 1), (2, 4), (3, 1), (3, 2)])
def test_every_level_of_sbml_that_exports_use_is_the_same_model(level, tmp_path):
    model = foreign(published.KUZNETSOV, published.KUZNETSOV_NUMBERS, {"E": 3.2e5, "T": 5e5}, level)
    _, values = course(tmp_path, model, 50, "1 d")
    assert values["T"][-1] == pytest.approx(8.618e7, rel=1e-4)
