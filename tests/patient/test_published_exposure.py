"""Half-life, peak, accumulation and trough of each drug, and receptors held, at the schedule of its label, against what
was published.

The rows are in `published_exposures.py`, with where each was seen. The drugs of `NO_ROW` have none, so nothing is
tested of them, and few drugs have all four.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from opsonin.model.dosing import Given
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from published_exposures import (
    ACCUMULATIONS,
    CARRIED,
    DAY,
    DRUGS,
    HALF_LIVES,
    HOUR,
    NO_ROW,
    PEAKS,
    ROWS,
    SEEN,
    TROUGHS,
)


def rows(listed):
    return [
        pytest.param(
            row,
            id=f"{row.drug}-{row.source}",
            marks=[pytest.mark.xfail(reason=row.misfit, strict=True)] if row.misfit else [],
        )
        for row in listed
    ]


def plasma(row, times):
    """(times,) total drug in plasma [nM]."""
    model = PatientModel.of([DRUGS[row.drug]])
    amounts = [row.first or row.mg, *[row.mg] * (row.doses - 1)]
    given = [Given(n * row.every, row.drug, mg, row.lasting) for n, mg in enumerate(amounts)]
    return (
        Integrator(model.sbml, row.drug).run([f"{row.drug}_plasma"], times, model.changes(given)).values[:, 0]
    )


def test_every_drug_with_kinetics_has_a_row_or_is_said_to_have_none():
    tested = {row.drug for row in ROWS}
    assert tested | NO_ROW == CARRIED
    assert not tested & NO_ROW


def test_every_row_says_where_it_was_seen():
    sources = {row.source for row in ROWS}
    assert {source for source in sources if not re.fullmatch(r"D\d{3}", source)} == set(SEEN)
    assert all(
        re.match(r"doi:10\.|https?://", page) and re.search(r"\d", words) for page, words in SEEN.items()
    )


@pytest.mark.parametrize("row", rows(HALF_LIVES))
def test_half_life_is_as_published(row):
    # Over one published half-life: once a drug is absorbed, but before some antibodies are lost to their target.
    published = 0.5 * (row.low + row.high)
    begin = published if DRUGS[row.drug].kinetics.absorption_half_life is None else 6.0 * published
    early, late = plasma(row, [begin, begin + published])
    assert row.low <= published * math.log(2.0) / math.log(early / late) <= row.high


@pytest.mark.parametrize("row", rows(PEAKS))
def test_peak_is_as_published(row):
    end = (row.doses - 1) * row.every + row.lasting + 24 * HOUR
    assert row.low <= plasma(row, np.linspace(0.0, end, int(end / 10.0) + 1)).max() <= row.high


@pytest.mark.parametrize("row", rows(ACCUMULATIONS))
def test_accumulation_is_as_published(row):
    times = np.linspace(0.0, row.doses * row.every, row.doses * 500 + 1)
    found = plasma(row, times)
    assert row.low <= found[-500:].sum() / found[:500].sum() <= row.high


@pytest.mark.parametrize("row", rows(TROUGHS))
def test_trough_is_as_published(row):
    assert row.low <= plasma(row, [row.doses * row.every])[0] <= row.high


@pytest.mark.parametrize(
    ("drug", "mg", "every"),
    [
        ("nivolumab", 240.0, 14 * DAY),
        ("nivolumab", 480.0, 28 * DAY),
        ("pembrolizumab", 200.0, 21 * DAY),
        ("cemiplimab", 350.0, 21 * DAY),
        ("dostarlimab", 500.0, 21 * DAY),
    ],
)
def test_the_label_dose_of_an_antibody_against_pd1_holds_nine_receptors_of_ten(drug, mg, every):
    """All the time from the third month on. In the first cycle nivolumab holds fewer, 85 to 88 % on average."""
    model = PatientModel.of([DRUGS[drug]])
    held, engine = [f"{drug}_on_PD_1"], Integrator(model.sbml, drug)
    times = np.arange(0.0, 168 * DAY, DAY / 2)
    found = engine.run(held, times, model.changes(Given(n * every, drug, mg) for n in range(12))).values[:, 0]
    steady = times >= 84 * DAY
    assert found[steady].min() > 0.9
    assert found[: int(2 * every / DAY)].mean() > 0.85  # the first cycle
    assert (engine.run(held, times).values == 0.0).all()


def test_the_peak_of_a_dose_grows_with_it_and_occupancy_with_that():
    model = PatientModel.of([DRUGS["nivolumab"]])
    engine = Integrator(model.sbml, "nivolumab")
    watched = ["nivolumab_plasma", "nivolumab_on_PD_1"]
    doses = [0.0001, 1.0, 10.0, 100.0]
    found = [
        engine.run(watched, [DAY], model.changes([Given(0.0, "nivolumab", mg)])).values[0] for mg in doses
    ]
    peaks, held = zip(*found, strict=True)
    assert np.array(peaks) / peaks[1] == pytest.approx(doses, rel=1e-6)
    assert (np.diff(held) > 0.0).all()
    assert max(held) < 1.0
