"""Chemotherapy before cells are given: high doses empty blood and marrow, usual ones do not, and counts come back."""

from __future__ import annotations

import pytest
from test_patient_body import DAY, through

from opsonin.model.dosing import Given

LYMPHOCYTES = ("cd8", "cd4", "treg", "nk", "b_cell")
SURFACE, WEIGHT = 1.85, 75.0  # m2, kg


def daily(drug, mg, days, start=0.0):
    """A dose over an hour, so many days running."""
    return [Given((start + day) * DAY, drug, mg, 60.0) for day in range(days)]


def counts(given, days=60):
    """Neutrophils [1e9/L] and lymphocytes, over those before treatment [-], four times a day."""
    found = through(float(days), sorted(given, key=lambda dose: dose.time), rows=4 * days + 1)
    lymphocytes = sum(found[f"blood_{name}_per_L"] for name in LYMPHOCYTES)
    return found["blood_neutrophil_per_L"] / 1e9, lymphocytes / lymphocytes[0]


def test_high_doses_of_cyclophosphamide_cause_aplasia_that_passes():
    """Median length of neutropenia 8 days, 4 to 15 (ESMO 2020, 1054P); it comes back without stem cells."""
    neutrophils, lymphocytes = counts(daily("cyclophosphamide", 60.0 * WEIGHT, 2))
    assert neutrophils.min() < 0.5
    assert 4.0 < 0.25 * (neutrophils < 0.5).sum() < 15.0
    assert 7.0 < 0.25 * neutrophils.argmin() < 16.0
    assert neutrophils[-1] > 3.0
    assert 0.01 < lymphocytes.min() < 0.1
    assert lymphocytes[-1] > 1.5 * lymphocytes.min()


def test_deeper_with_fludarabine_as_before_infiltrating_lymphocytes():
    both = [*daily("cyclophosphamide", 60.0 * WEIGHT, 2), *daily("fludarabine", 25.0 * SURFACE, 5, 2.0)]
    assert counts(both, days=20)[1].min() < 0.05


@pytest.mark.parametrize("dose", [500.0, 600.0, 750.0])
def test_a_usual_dose_of_cyclophosphamide_causes_no_aplasia(dose):
    neutrophils, lymphocytes = counts(daily("cyclophosphamide", dose * SURFACE, 1), days=30)
    assert 1.0 < neutrophils.min() < 3.5
    assert 7.0 < 0.25 * neutrophils.argmin() < 15.0
    assert lymphocytes.min() > 0.45
    assert neutrophils[-1] > 3.8


def test_what_goes_before_car_t_cells_leaves_less_than_a_tenth_of_the_lymphocytes():
    """0.1e9/L at infusion (Blood 2025, 146:5506); grade 3 or 4 neutropenia is common, aplasia of weeks is not."""
    before = [*daily("fludarabine", 30.0 * SURFACE, 3), *daily("cyclophosphamide", 500.0 * SURFACE, 3)]
    neutrophils, lymphocytes = counts(before, days=40)
    assert 0.03 < lymphocytes.min() < 0.15
    assert 0.2 < neutrophils.min() < 1.5
    assert neutrophils[-1] > 3.0


def test_fludarabine_alone_takes_lymphocytes_first():
    neutrophils, lymphocytes = counts(daily("fludarabine", 25.0 * SURFACE, 5), days=40)
    assert lymphocytes.min() < 0.4
    assert 0.8 < neutrophils.min() < 3.0
    assert neutrophils[-1] > 3.5
