"""What is measured of a course, against curves whose numbers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from opsonin.model.population import Metric
from opsonin.patient.metrics import Curve, measured, unit_of

DAY = 1440.0
HALF_LIFE = 3.0  # d


def curve(times_d, doses_d=(0.0,), amount=100.0):
    """Doses at once that fall by halves every three days."""
    rate = math.log(2.0) / HALF_LIFE
    times = np.union1d(times_d, doses_d)

    def at(time, *, before=False):
        given = [dose for dose in doses_d if dose < time or (dose == time and not before)]
        return sum(amount * math.exp(-rate * (time - dose)) for dose in given)

    def area(time):
        return sum(amount / rate * -math.expm1(-rate * (time - dose)) for dose in doses_d if dose <= time)

    doses = np.array(doses_d) * DAY
    return Curve(
        times * DAY,
        np.array([at(time) for time in times]),
        doses,
        np.array([at(time, before=True) for time in doses_d]),
        doses,
        doses,
        np.array([area(time) for time in times]) * DAY,
    )


def metric(kind, **more):
    return Metric.model_validate({"of": "x", "kind": kind} | more)


TWICE = curve(np.arange(0.0, 31.0), (0.0, 6.0))


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("peak", {}, 125.0),
        ("peak", {"until": "5 d"}, 100.0),
        ("peak", {"since": "7 d"}, 125.0 * 2.0 ** (-1.0 / 3.0)),
        ("least", {"until": "9 d"}, 25.0),
        ("trough", {}, 25.0),
        ("trough", {"until": "5 d"}, math.nan),
        ("end", {}, 125.0 * 2.0**-8),
        ("end", {"until": "6 d"}, 125.0),
        ("least-diameter", {}, 100.0 * ((125.0 * 2.0**-8 / 100.0) ** (1 / 3) - 1.0)),
        ("least-diameter", {"until": "6 d"}, 100.0 * (2.0 ** (-5.0 / 9.0) - 1.0)),
        ("end-diameter", {"until": "6 d"}, 100.0 * (1.25 ** (1 / 3) - 1.0)),
        ("end-diameter", {"since": "6 d", "until": "9 d"}, 100.0 * (2.0 ** (-1.0 / 3.0) - 1.0)),
        ("auc", {"until": "6 d"}, 75.0 * 3.0 / math.log(2.0)),
        ("mean", {"until": "6 d"}, 75.0 * 3.0 / math.log(2.0) / 6.0),
        ("auc", {"since": "6 d", "until": "9 d"}, 62.5 * 3.0 / math.log(2.0)),
        ("half-life", {}, 3.0),
        ("half-life", {"until": "5 d"}, math.nan),  # not for two of them
        ("half-life", {"until": "8 d"}, math.nan),  # two rows after the last dose
        ("time-above", {"above": 50.0}, 3.0 + 3.0 * math.log2(2.5)),
        ("time-above", {"above": 50.0, "since": "1 d", "until": "7 d"}, 2.0 + 1.0),
        ("time-above", {"above": 1000.0}, 0.0),
        ("time-above", {"above": 0.0}, 30.0),
    ],
)
def test_metrics_of_a_known_curve(kind, more, expected):
    assert measured(metric(kind, **more), TWICE) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_crossings_lie_between_rows():
    assert measured(metric("time-above", above=30.0), curve([0.0, 11.0, 12.0])) == pytest.approx(
        3.0 * math.log2(100.0 / 30.0)
    )


def test_a_half_life_while_an_infusion_goes_on_is_none():
    going_on = Curve(**{**vars(TWICE), "ends": np.array([0.0, 40.0 * DAY])})
    assert math.isnan(measured(metric("half-life"), going_on))


def test_a_half_life_is_none_before_drug_has_left_the_tissues():
    """Two thirds go into tissues with 1 d, the rest leaves with 20 d: five days in, rows say 8 d."""
    days = np.arange(0.0, 61.0)
    values = 2.0 * 2.0**-days + 2.0 ** (-days / 20.0)
    of = Curve(days * DAY, values, np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1))
    assert math.isnan(measured(metric("half-life", until="5 d"), of))
    assert measured(metric("half-life"), of) == pytest.approx(20.0, rel=1e-3)


def test_a_half_life_of_what_is_gone_is_none():
    assert math.isnan(measured(metric("half-life"), curve([0.0, 100.0, 101.0, 102.0, 103.0])))


def test_a_first_dose_later_than_time_0_has_its_jump():
    later = curve(np.arange(0.0, 31.0), (2.0,))
    assert measured(metric("least"), later) == 0.0
    assert measured(metric("time-above", above=50.0), later) == pytest.approx(3.0)


def test_units_of_metrics():
    assert unit_of(metric("peak"), "nM") == "nM"
    assert unit_of(metric("auc"), "nM") == "nM d"
    assert unit_of(metric("auc"), "1") == "d"
    assert unit_of(metric("mean"), "1") == "1"
    assert unit_of(metric("time-above", above=1.0), "nM") == "d"
