"""Drug kinetics and what they block: half-life, superposition, doses at time 0 and at the same time."""

from __future__ import annotations

import math

import pytest

from opsonin.knowledge.library import load_library
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose

DAY = 1440.0
DRUG = load_library().drugs["nivolumab"]


def free_shares(courses, molecules, time):
    return Regimen(courses, 1e6).exposure(time, molecules, ("cancer", "cd8")).free.tolist()


def course(*doses):
    return DrugCourse(DRUG, tuple(OneDose(t, a) for t, a in doses))


def test_a_dose_at_time_zero_counts_and_fills_the_central_volume():
    expected = 240.0 / DRUG.kinetics.central_volume.value / DRUG.molar_mass.value * 1e9
    assert course((0.0, 240.0)).plasma(0.0) == pytest.approx(expected)


def test_nothing_is_there_before_the_first_dose():
    assert course((7 * DAY, 240.0)).plasma(7 * DAY - 1.0) == 0.0
    assert free_shares((course((7 * DAY, 240.0)),), ("PD-1", "PD-L1"), 0.0) == [1.0, 1.0]


def test_two_doses_at_one_time_sum():
    assert course((0.0, 100.0), (0.0, 140.0)).plasma(DAY) == pytest.approx(course((0.0, 240.0)).plasma(DAY))


def test_two_antibodies_against_one_receptor_compete_for_it():
    alone = free_shares((course((0.0, 240.0)),), ("PD-1",), 0.0)[0]
    both = free_shares((course((0.0, 240.0)), course((0.0, 240.0))), ("PD-1",), 0.0)[0]
    assert 1.0 / both - 1.0 == pytest.approx(2.0 * (1.0 / alone - 1.0))


def test_doses_superpose():
    both = course((0.0, 240.0), (14 * DAY, 240.0)).plasma(20 * DAY)
    alone = course((0.0, 240.0)).plasma(20 * DAY) + course((14 * DAY, 240.0)).plasma(20 * DAY)
    assert both == pytest.approx(alone)


@pytest.mark.parametrize("name", ["nivolumab", "vorinostat", "docetaxel", "cyclophosphamide"])
def test_an_infusion_is_many_small_doses(name):
    """Two compartments, one after absorption, one: within a hundred-thousandth of 4,000 doses, each in its middle."""
    drug, count, hours = load_library().drugs[name], 4000, 6.0
    infused = DrugCourse(drug, (OneDose(30.0, 100.0, hours * 60.0),))
    pieces = tuple(OneDose(30.0 + (k + 0.5) * hours * 60.0 / count, 100.0 / count) for k in range(count))
    for time in (10.0, 30.0, 390.0, 400.0, 1440.0):
        exact = DrugCourse(drug, pieces).plasma(time)
        assert infused.plasma(time) == pytest.approx(exact, rel=1e-5, abs=1e-12)
    mid = DrugCourse(drug, pieces[: count // 2])
    assert infused.plasma(210.0) == pytest.approx(mid.plasma(210.0), rel=1e-3)
    assert set(infused.changes()) == {30.0, 390.0}


def test_a_short_infusion_is_a_dose_at_once():
    short = DrugCourse(DRUG, (OneDose(0.0, 240.0, 1e-3),))
    assert short.plasma(DAY) == pytest.approx(course((0.0, 240.0)).plasma(DAY), rel=1e-6)


def test_the_terminal_half_life_is_that_of_the_published_parameters():
    """Centanni 2019 (evidence:D009): 25 days; beta from CL, Vc, Vp and Q of the same paper is a few days off."""
    single = course((0.0, 240.0))
    slope = math.log(single.plasma(100 * DAY) / single.plasma(110 * DAY)) / 10.0
    assert math.log(2.0) / slope == pytest.approx(22.0, rel=0.2)


def test_labelled_dosing_occupies_pd1_and_nothing_else():
    flat = course(*((k * 14 * DAY, 240.0) for k in range(6)))
    for time in (0.0, 13.9 * DAY, 83.9 * DAY):
        pd1, pd_l1 = free_shares((flat,), ("PD-1", "PD-L1"), time)
        assert pd1 < 0.2
        assert pd_l1 == 1.0
