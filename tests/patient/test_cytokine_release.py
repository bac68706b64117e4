"""The index of cytokine release and B-cell aplasia: which way they go, and what is told of them."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from opsonin.cli.main import main
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.body import Body
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.sbml import faults_of

pytestmark = pytest.mark.slow  # beside kernels its models take half a minute to load

LIBRARY = load_library()
DAY = 1440.0
CAR_T = Given(0.0, "tisagenlecleucel", 2e8)


def index(given, burden="1e9 cells", tumour="b_all", days=30, library=LIBRARY):
    """Over time, from one dose."""
    library = library.override("immunity.adult.tumour.burden", burden)
    model = PatientModel.of([library.drugs[given.drug]], Body(library, tumour))
    assert faults_of(model.sbml) == []
    engine = Integrator(model.sbml, "patient")
    times = np.linspace(0.0, days * DAY, days + 1)
    return engine.run(["crs_index"], times, model.changes([given])).values[:, 0]


def test_more_leukaemia_gives_a_higher_index_that_fades():
    few, many, most = (index(CAR_T, burden) for burden in ("1e9 cells", "1e10 cells", "1e11 cells"))
    assert 1.0 < few.max() < many.max() < most.max()
    assert most.max() > 1.5 * few.max()
    assert 3 <= few.argmax() <= 15
    assert few[0] == 0.0
    assert few[-1] < 0.5 * few.max()


def test_without_its_antigen_a_product_releases_nothing():
    library = LIBRARY.override("cell.b_cell.expresses.CD19", "0 molecules")
    model = PatientModel.of([library.drugs["tisagenlecleucel"]], Body(library, "melanoma"))
    assert "crs_index" not in model.parts.names()


def test_a_bispecific_antibody_releases_as_far_as_it_bridges():
    given = Given(0.0, "blinatumomab", 0.028 * 28, 28.0 * DAY)
    found = index(given)
    assert found[0] == 0.0
    assert found.max() > 0.0
    assert index(given, "1e12 cells").max() > 5.0 * found.max()


def test_other_drugs_have_no_index():
    model = PatientModel.of([LIBRARY.drugs["nivolumab"]], Body(LIBRARY, "melanoma"))
    assert "crs_index" not in model.parts.names()


def said(arguments, capfd):
    assert main(["patient", "simulate", *map(str, arguments)]) == 0, capfd.readouterr()
    return capfd.readouterr().out


def test_the_command_tells_of_the_index_and_of_aplasia(tmp_path, capfd):
    course = tmp_path / "course.toml"
    text = 'duration = "40 d"\nevery = "6 h"\ndose = [{ drug = "tisagenlecleucel", amount = "2e8 cells" }]\n'
    course.write_text(text)
    out = tmp_path / "out.parquet"
    told = json.loads(said([course, "--tumour", "b_all", "-o", out, "--json"], capfd))["outcomes"]["1"]
    table = pq.read_table(out).to_pandas()
    assert told["crs_index"]["peak"] == pytest.approx(table["crs_index"].max())
    low = table["blood_b_cell_per_L"] < LIBRARY.immunity["adult"].b_cell_aplasia.value
    assert low.any()
    assert not low[0]
    assert told["b_cell_aplasia"]["days"] == pytest.approx(low[:-1].sum() / 4.0)
    assert told["b_cell_aplasia"]["from_d"] == pytest.approx(table["time_min"][low.argmax()] / DAY)
    words = said([course, "--tumour", "b_all"], capfd)
    assert "CRS index: at most" in words
    assert "B-cell aplasia:" in words
