"""Half-life, peak and accumulation of each drug, and receptors held, at the schedule of its label, against what was
published.

Published are rows of theme D of the evidence, and nothing else: where a row gives a value without a range, the spread
of clearance between patients of the same row is taken, or 20 % where it gives none. Troughs have no row at all, so none
is tested; nor have the drugs of `NO_ROW`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel

DRUGS = load_library().drugs
CARRIED = {name for name, drug in DRUGS.items() if drug.kinetics is not None}
HOUR, DAY = 60.0, 1440.0


@dataclass(frozen=True)
class Row:
    """What a row of the evidence says.

    Attributes:
        drug: of the knowledge base; evidence: id of the row.
        low, high: its range; mg: one dose; every: [min] between two, 0 of one alone; doses: how many.
        misfit: why the model is known to miss it.
    """

    drug: str
    evidence: str
    low: float
    high: float
    mg: float
    every: float = 0.0
    doses: int = 1
    misfit: str = ""


def spread(value, share):
    return value * (1.0 - share), value * (1.0 + share)


FALLS = "clearance that falls over months (evidence:D015) is not in the model"
ONE_COMPARTMENT = "one compartment of the label's AUC and volume: peak and half-life want a second one"

# [min], of the slowest part of the decline, after the dose of the label.
HALF_LIVES = [
    Row("nivolumab", "D009", *(DAY * t for t in spread(25.0, 0.35)), 240.0),
    Row("ipilimumab", "D010", *(DAY * t for t in spread(15.0, 0.354)), 210.0),
    Row("atezolizumab", "D011", *(DAY * t for t in spread(27.0, 0.29)), 1200.0),
    Row("durvalumab", "D012", *(DAY * t for t in spread(21.0, 0.272)), 1500.0),
    Row("avelumab", "D013", *(DAY * t for t in spread(6.1, 0.252)), 800.0),
    Row("pembrolizumab", "D033", *(DAY * t for t in spread(22.0, 0.309)), 200.0),  # spread from D016
    Row("rituximab", "D031", 11.0 * DAY, 94.0 * DAY, 675.0),
    Row("galunisertib", "D042", *(HOUR * t for t in spread(8.6, 0.2)), 150.0),
    Row("venetoclax", "D039", *(HOUR * t for t in spread(26.0, 0.2)), 400.0, misfit=ONE_COMPARTMENT),
    Row("vorinostat", "D026", 91.0, 127.0, 400.0),
]
# [nM]
PEAKS = [
    Row("vorinostat", "D036", *spread(1200.0, 0.2), 400.0),
    Row("venetoclax", "D039", *spread(2.1e6 / 868.44, 0.2), 400.0, DAY, 14, misfit=ONE_COMPARTMENT),
]
# Exposure from one dose to the next when it has become steady, over that after the first.
ACCUMULATIONS = [
    Row("nivolumab", "D017", *spread(3.7, 0.2), 210.0, 14 * DAY, 20, misfit=FALLS),
]
NO_ROW = {
    "com701",
    "bnd_22",
    "atg_031",
    "abemaciclib",
    "aldesleukin",
    "axitinib",
    "belinostat",
    "bevacizumab",
    "blinatumomab",
    "cemiplimab",
    "cobimetinib",
    "conatumumab",
    "cyclophosphamide",
    "dinutuximab",
    "docetaxel",
    "dostarlimab",
    "dulanermin",
    "emactuzumab",
    "epacadostat",
    "etrumadenant",
    "evorpacept",
    "fludarabine",
    "ifn_gamma_1b",
    "ixazomib",
    "lirilumab",
    "magrolimab",
    "monalizumab",
    "oleclumab",
    "omacetaxine",
    "palbociclib",
    "pexidartinib",
    "relatlimab",
    "sabatolimab",
    "selicrelumab",
    "tiragolumab",
    "trastuzumab",
    "ttx_030",
    "urelumab",
    "utomilumab",
    "ym155",
}


def rows(listed):
    return [
        pytest.param(
            row,
            id=f"{row.drug}-{row.evidence}",
            marks=[pytest.mark.xfail(reason=row.misfit, strict=True)] if row.misfit else [],
        )
        for row in listed
    ]


def plasma(row, times):
    """(times,) total drug in plasma [nM]."""
    model = PatientModel.of([DRUGS[row.drug]])
    given = [Given(number * row.every, row.drug, row.mg) for number in range(row.doses)]
    return (
        Integrator(model.sbml, row.drug).run([f"{row.drug}_plasma"], times, model.changes(given)).values[:, 0]
    )


def test_every_drug_with_kinetics_has_a_row_or_is_said_to_have_none():
    tested = {row.drug for row in (*HALF_LIVES, *PEAKS, *ACCUMULATIONS)}
    assert tested | NO_ROW == CARRIED
    assert not tested & NO_ROW


@pytest.mark.parametrize("row", rows(HALF_LIVES))
def test_half_life_is_as_published(row):
    # Over one published half-life: once a drug is absorbed, but before some antibodies are lost to their target.
    published = 0.5 * (row.low + row.high)
    begin = published if DRUGS[row.drug].kinetics.absorption_half_life is None else 6.0 * published
    early, late = plasma(row, [begin, begin + published])
    assert row.low <= published * math.log(2.0) / math.log(early / late) <= row.high


@pytest.mark.parametrize("row", rows(PEAKS))
def test_peak_is_as_published(row):
    end = (row.doses - 1) * row.every + 24 * HOUR
    assert row.low <= plasma(row, np.linspace(0.0, end, int(end / 10.0) + 1)).max() <= row.high


@pytest.mark.parametrize("row", rows(ACCUMULATIONS))
def test_accumulation_is_as_published(row):
    times = np.linspace(0.0, row.doses * row.every, row.doses * 500 + 1)
    found = plasma(row, times)
    assert row.low <= found[-500:].sum() / found[:500].sum() <= row.high


@pytest.mark.parametrize(
    ("drug", "mg", "every"),
    [("nivolumab", 240.0, 14 * DAY), ("nivolumab", 480.0, 28 * DAY), ("pembrolizumab", 200.0, 21 * DAY)],
)
def test_the_label_dose_of_an_antibody_against_pd1_holds_nine_receptors_of_ten(drug, mg, every):
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
