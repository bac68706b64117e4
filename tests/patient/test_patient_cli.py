"""`opsonin patient simulate`: tables, pictures and models that are what was asked; refusals in words."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from opsonin.cli.main import main
from opsonin.core.errors import Fault
from opsonin.knowledge.library import load_library
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose
from opsonin.patient.sbml import faults_of

DAY = 1440.0
COURSE = """\
name = "two drugs"
duration = "30 d"
every = "6 h"
dose = [
  { drug = "nivolumab", amount = "3 mg/kg", every = "14 d" },
  { drug = "vorinostat", amount = "400 mg", at = "1 d", every = "1 d", until = "5 d" },
]
[patient]
weight = "80 kg"
"""
# Doses that are added up exactly do not know that a clearance falls.
STEADY = """\
[knowledge]
"drug.nivolumab.kinetics.falling.fall" = 0
"""


def said(arguments, capfd, code=0):
    assert main(["patient", "simulate", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


@pytest.fixture
def course(tmp_path):
    file = tmp_path / "course.toml"
    file.write_text(COURSE)
    return file


def test_a_course_becomes_a_table_a_picture_and_a_model(course, tmp_path, capfd):
    course.write_text(COURSE + STEADY)
    out, model = tmp_path / "out.parquet", tmp_path / "out.xml"
    printed = said([course, "-o", out, "--sbml", model], capfd)
    assert "nivolumab: 3 doses, 720 mg in all; in plasma at most" in printed
    table = pq.read_table(out)
    assert table.column_names[:4] == ["patient", "time_min", "nivolumab_plasma_nM", "nivolumab_tumour_nM"]
    assert {"nivolumab_on_PD_1", "vorinostat_depot_mg", "vorinostat_eliminated_mg"} <= set(table.column_names)
    assert set(table["patient"].to_pylist()) == {"1"}
    times = np.array(table["time_min"])
    assert times[0] == 0.0
    assert times[-1] == 30 * DAY
    assert len(times) == 121
    drug = load_library().drugs["nivolumab"]
    exact = DrugCourse(drug, tuple(OneDose(14 * DAY * n, 240.0) for n in range(3)))
    expected = [exact.plasma(time) for time in times]
    assert np.array(table["nivolumab_plasma_nM"]) == pytest.approx(expected, rel=1e-6)
    assert faults_of(model.read_text()) == []
    assert model.read_text().count("<event ") == 8
    with Image.open(out.with_suffix(".png")) as picture:
        assert picture.width > 500


def test_the_summary_has_the_trough_of_each_drug(course, capfd):
    course.write_text(COURSE + STEADY)
    told = json.loads(said([course, "--json"], capfd))["patients"]["1"]
    drugs = load_library().drugs
    for name, times, mg in (
        ("nivolumab", [14 * DAY * n for n in range(3)], 240.0),
        ("vorinostat", [DAY * n for n in range(1, 6)], 400.0),
    ):
        before = DrugCourse(drugs[name], tuple(OneDose(time, mg) for time in times[:-1])).plasma(times[-1])
        assert told[name]["trough_nM"] == pytest.approx(before, rel=1e-6)
        assert told[name]["doses"] == len(times)
        assert "held" not in told[name]


def test_the_table_says_what_rebuilds_it(course, tmp_path, capfd):
    out = tmp_path / "out.parquet"
    said([course, "-o", out], capfd)
    origin = json.loads(pq.read_schema(out).metadata[b"opsonin"])
    assert origin["course"]["patient"] == {"weight": "80 kg", "surface": "mosteller"}
    assert len(origin["sbml_sha256"]) == 64
    first = out.read_bytes()
    said([course, "-o", out], capfd)
    assert out.read_bytes() == first


def test_what_happens_between_two_rows_has_a_row_of_its_own(tmp_path, capfd):
    file, out = tmp_path / "course.toml", tmp_path / "out.parquet"
    dose = '{ drug = "nivolumab", amount = "240 mg", at = "100 min", lasting = "30 min" }'
    file.write_text(f'duration = "1 d"\nevery = "6 h"\ndose = [{dose}]\n')
    said([file, "-o", out], capfd)
    table = pq.read_table(out)
    assert table["time_min"].to_pylist() == [0.0, 100.0, 130.0, 360.0, 720.0, 1080.0, 1440.0]
    assert table["nivolumab_central_mg"].to_pylist()[:2] == [0.0, 0.0]
    assert (
        max(table["nivolumab_central_mg"].to_pylist()) == table["nivolumab_central_mg"].to_pylist()[2] > 239.0
    )


def test_times_that_differ_by_rounding_alone_are_one_time(tmp_path, capfd):
    # 3 x 0.1 h is not 0.3 h in floating point; an integrator cannot take a step from one to the other.
    (tmp_path / "doses.csv").write_text("TIME,AMT,ADDL,II\n0,10,3,0.1\n0.3,5,.,.\n")
    file, out = tmp_path / "course.toml", tmp_path / "out.parquet"
    file.write_text(
        'duration = "1 h"\nevery = "0.1 h"\n'
        'table = { file = "doses.csv", time = "h", amount = "mg", drug = "nivolumab" }\n'
    )
    said([file, "-o", out], capfd)
    table = pq.read_table(out)
    assert table["time_min"].to_pylist() == [6.0 * n for n in range(11)]
    assert table["nivolumab_central_mg"].to_pylist()[3] == pytest.approx(45.0, rel=5e-3)


def test_every_patient_of_a_table_is_followed(tmp_path, capfd):
    (tmp_path / "doses.csv").write_text("ID,TIME,AMT\nA,0,100\nB,0,200\nC,24,50\nC,24,50\n")
    file, out = tmp_path / "course.toml", tmp_path / "out.parquet"
    file.write_text(
        'duration = "3 d"\nevery = "1 d"\n'
        'table = { file = "doses.csv", time = "h", amount = "mg", drug = "nivolumab" }\n'
    )
    told = json.loads(said([file, "-o", out, "--sbml", tmp_path / "m.xml", "--json"], capfd))
    assert {name: patient["nivolumab"]["given_mg"] for name, patient in told["patients"].items()} == {
        "A": 100.0,
        "B": 200.0,
        "C": 100.0,
    }
    assert "without doses" in told["sbml"]
    frame = pq.read_table(out).to_pandas()
    plasma = {name: rows["nivolumab_plasma_nM"].to_numpy() for name, rows in frame.groupby("patient")}
    assert plasma["B"] == pytest.approx(2.0 * plasma["A"], rel=1e-8)
    assert plasma["C"][1:] == pytest.approx(plasma["A"][:-1], rel=1e-8)


def test_of_many_patients_the_first_are_told(tmp_path, capfd):
    rows = "".join(f"P{n:03},0,{n + 1}\n" for n in range(60))
    (tmp_path / "doses.csv").write_text(f"ID,TIME,AMT\n{rows}")
    file, out = tmp_path / "course.toml", tmp_path / "out.parquet"
    file.write_text(
        'duration = "2 d"\nevery = "1 d"\n'
        'table = { file = "doses.csv", time = "h", amount = "mg", drug = "nivolumab" }\n'
    )
    printed = said([file, "-o", out], capfd)
    assert printed.count("patient P") == 20
    assert "... and 40 more patients" in printed
    assert len(set(pq.read_table(out)["patient"].to_pylist())) == 60


def test_a_course_of_no_drug_is_refused(tmp_path, capfd):
    file = tmp_path / "course.toml"
    file.write_text('duration = "1 d"\n')
    assert "gives no drug" in said([file], capfd, 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "out.csv"], "is not the name of a parquet file"),
        (["--model", "m.xml"], "--model is given without --ports"),
        (["--ports", "p.toml"], "--ports is given without --model"),
        (["--model", "m.xml", "--ports", "p.toml", "--sbml", "n.xml"], "--sbml writes our model"),
        (["-o", "nowhere/out.parquet"], "there is no such folder"),
        (["--tumour", "b16"], "tumour 'b16' is of an animal"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, words, course, capfd):
    assert words in said([course, *options], capfd, 2)


def test_a_replicate_that_fails_is_kept_until_then_and_not_counted(tmp_path, capfd, monkeypatch):
    from opsonin.patient import integrate

    whole = integrate.Integrator.run
    begun = []

    def run(self, watched, times, *rest, **more):
        begun.append(times[-1])
        if len(begun) == 1:
            raise integrate.Broken(Fault("patient's model at time 1500", "x is nan."), time=1500.0)
        return whole(self, watched, times, *rest, **more)

    monkeypatch.setattr(integrate.Integrator, "run", run)
    file, out = tmp_path / "course.toml", tmp_path / "out.parquet"
    dose = '{ drug = "nivolumab", amount = "240 mg", every = "1 d" }'
    rule = '{ drug = "nivolumab", when = "tumour_cells", above = 1.0, reduce_to = 0.5 }'
    file.write_text(f'duration = "3 d"\nevery = "6 h"\nreplicates = 3\ndose = [{dose}]\nrule = [{rule}]\n')
    said([file, "--tumour", "melanoma", "-o", out], capfd, 3)
    assert begun[:2] == [3 * DAY, DAY]
    frame = pq.read_table(out).to_pandas()
    assert frame[frame["replicate"] == 1]["time_min"].max() == DAY
    assert frame[frame["replicate"] == 2]["time_min"].max() == 3 * DAY
    begun.clear()
    assert main(["patient", "simulate", str(file), "--tumour", "melanoma", "--json"]) == 3
    told = json.loads(capfd.readouterr().out)
    assert told["followed_until_min"] == {"1/1": DAY}
    assert told["replicates"]["1"]["cured"]["of"] == 2
    assert "outcome" not in told["outcomes"]["1/1"]
    assert "outcome" in told["outcomes"]["1/2"]


def test_without_the_extra_it_says_what_to_install(course, capfd, monkeypatch):
    import sys

    from opsonin.patient.integrate import loaded

    for module in ("sympy", "libsbml", "roadrunner"):
        with monkeypatch.context() as without:
            loaded.cache_clear()
            without.setitem(sys.modules, module, None)
            assert "pip install 'opsonin[patient]'" in said([course], capfd, 3)
