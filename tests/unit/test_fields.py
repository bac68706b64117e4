"""Several fields, one patient: each field has the bits of its own run, and together they are weighted as stated."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from html import unescape
from pathlib import Path

import numpy as np
import pytest

import opsonin
from opsonin.cli.main import main
from opsonin.core.errors import InputError, RunError
from opsonin.engine import run
from opsonin.io.scenario import Scenario, check_scenario
from opsonin.report import html
from opsonin.report.words import number as words_number
from opsonin.report.words import typeset
from opsonin.store.diff import diff
from opsonin.store.patient import Patient, weighted
from opsonin.store.result import Result

SHAPES = {1: (13, 13), 2: (11, 18), 10: (16, 14)}
LATE = {"name": "late", "dose": [{"drug": "nivolumab", "amount": "240 mg", "at": "1 h"}]}


def rows(patient: str, image: int) -> list[str]:
    """A jittered lattice of tumour cells, with more CD8 T cells the higher the number of the image."""
    rng = np.random.default_rng(image)
    columns, lines = SHAPES[image]
    labels = rng.choice(
        ["SOX10+", "CD8+PD1+PDL1-", "CD8-PD1-PDL1-"],
        columns * lines,
        p=[0.8 - 0.02 * image, 0.1 + 0.02 * image, 0.1],
    )
    places = np.stack(np.meshgrid(np.arange(columns), np.arange(lines)), axis=-1).reshape(-1, 2) * 15.0
    places += rng.uniform(-3.0, 3.0, places.shape)
    return [
        f"{patient},{image},{x:.2f},{y:.2f},{label}" for (x, y), label in zip(places, labels, strict=True)
    ]


def tables(**changes) -> dict:
    data = {
        "scenario": {"name": "fields", "duration": "2 h", "seed": 1},
        "tissue": {
            "tumour": "melanoma",
            "biopsy": "cells.csv",
            "select": {"patient": "A"},
            "fields": "all",
            "labels": "melanoma-markers",
            "thickness": "20 um",
        },
        "arm": [{"name": "control"}, LATE],
        "output": {"every": "1 h"},
        "numerics": {"burn_in": "50 min"},
    }
    for path, value in changes.items():
        table, key = path.split("__")
        data[table] = {k: v for k, v in (data[table] | {key: value}).items() if v is not None}
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("fields")
    lines = [line for image in (10, 2, 1) for line in rows("A", image)] + rows("B", 1)
    (path / "cells.csv").write_text("\n".join(["patient,image,x_um,y_um,cell_type", *lines]) + "\n")
    return path


def asked(folder: Path, **changes) -> Scenario:
    return Scenario.from_dict(tables(**changes), folder=folder)


@pytest.fixture(scope="module")
def patient(folder) -> Patient:
    result = run.run(asked(folder), folder / "patient")
    assert isinstance(result, Patient)
    return result


def same_states(a: Result, b: Result) -> bool:
    return all(np.array_equal(a.trace(arm)["hash"], b.trace(arm)["hash"]) for arm in ("control", "late"))


def test_all_fields_of_the_selected_patient_are_run_in_natural_order(patient):
    assert list(patient.by_field) == ["image 1", "image 2", "image 10"]
    assert patient.complete
    assert patient.arms == ["control", "late"]
    assert list(patient.times("late")) == [0.0, 60.0, 120.0]
    assert patient.provenance["scenario"]["tissue"]["fields"] == [{"image": f"{n}"} for n in (1, 2, 10)]
    cells = patient.cells("1 h", "control")
    assert cells["field"].value_counts()["image 2"] == len(
        patient.by_field["image 2"].cells("1 h", "control")
    )


def test_a_field_has_the_same_bits_alone_in_another_order_and_beside_others(folder, patient):
    alone = run.run(asked(folder, tissue__fields=[2]))
    assert not isinstance(alone, Patient)
    assert same_states(alone, patient.by_field["image 2"])
    turned = run.run(asked(folder, tissue__fields=[{"image": 10}, {"image": "2"}]))
    assert list(turned.by_field) == ["image 10", "image 2"]
    for name, field in turned.by_field.items():
        assert same_states(field, patient.by_field[name])


def test_fields_have_chance_events_of_their_own(folder):
    one, two = (asked(folder, tissue__fields=[image]).by_field()[0] for image in (1, 2))
    keys = [tuple(opsonin.engine.compile.compile_scenario(field).key) for field in (one, two)]
    assert keys[0] != keys[1]


def test_a_scenario_of_one_field_is_what_it_was(folder):
    """No word of fields, or 'all' where there is one: the same patient key, and a plain result."""
    plans = [
        opsonin.engine.compile.compile_scenario(field)
        for changes in (
            {"tissue__select": {"patient": "B"}, "tissue__fields": None},
            {"tissue__select": {"patient": "B"}},
        )
        for field in asked(folder, **changes).by_field()
    ]
    assert len(plans) == 2
    assert tuple(plans[0].key) == tuple(plans[1].key)
    assert plans[0].input_digest == plans[1].input_digest
    assert plans[0].scenario.resolved() == plans[1].scenario.resolved()
    from opsonin.core.random import key_of

    assert tuple(plans[0].key) == key_of(1, "B", 0)


def test_counts_are_sums_and_all_else_is_weighted(patient):
    each = patient.each_field.sel(arm="late").isel(time=-1)
    whole = patient.observables.sel(arm="late").isel(time=-1)
    spread = patient.spread.sel(arm="late").isel(time=-1)
    assert patient.observables["burden"].dims == ("arm", "time")
    for name in ("cancer_count", "kills", "divisions", "area"):
        assert whole[name].item() == pytest.approx(each[name].values.sum(), rel=1e-12)
    area = each["area"].values
    for name in ("oxygen_mean", "cd8_density", "PD-1_occupancy"):
        mean = np.average(each[name].values, weights=area)
        sd = np.sqrt(np.average((each[name].values - mean) ** 2, weights=area))
        assert whole[name].item() == pytest.approx(mean, rel=1e-12)
        assert spread[name].sel(statistic="sd").item() == pytest.approx(sd, rel=1e-9, abs=1e-15)
        assert spread[name].sel(statistic="min").item() == each[name].values.min()
    assert whole["cd8_density"].item() == pytest.approx(
        whole["cd8_count"].item() / whole["area"].item(), rel=1e-12
    )
    start = patient.each_field["cancer_count"].sel(arm="late").isel(time=0).values
    assert whole["burden"].item() == pytest.approx(each["cancer_count"].values.sum() / start.sum(), rel=1e-12)
    imaged = np.array([field["area_mm2"] for field in patient.provenance["fields"]])
    scaled = each["cd8_count"].values / imaged * imaged.sum()
    assert spread["cd8_count"].sel(statistic="max").item() == pytest.approx(scaled.max())
    assert "weight" not in whole
    assert whole["cd8_count"].attrs["units"] == "cells"


def test_a_share_of_cells_that_a_field_lacks_is_passed_over_but_not_a_field_unseen():
    values, weights = np.array([[1.0, 1.0], [np.nan, np.nan], [4.0, 4.0]]), np.array([[2.0], [5.0], [1.0]])
    observed = np.array([[True, True], [True, False], [True, True]])
    mean, spread = weighted(values, weights, observed)
    assert mean[0] == 2.0
    assert list(spread[:, 0]) == [1.0, 4.0, np.sqrt(2.0)]
    assert np.isnan(mean[1]) and np.isnan(spread[:, 1]).all()
    mean, spread = weighted(np.full((2, 1), np.nan), np.ones((2, 1)), np.ones((2, 1), bool))
    assert np.isnan(mean).all() and np.isnan(spread).all()


def test_the_summary_stores_the_weighted_end_and_its_spread(patient):
    told = patient.summary
    assert told["fields"] == ["image 1", "image 2", "image 10"]
    end = patient.observables.isel(time=-1).sel(arm="late")
    assert told["arms"]["late"]["burden"] == end["burden"].item()
    assert set(told["spread"]["late"]["burden"]) == {"min", "max", "sd"}
    assert told["cells_read"] == sum(a * b for a, b in SHAPES.values())
    first = patient.observables.isel(time=0, arm=0)
    assert told["cells_at_start"] == sum(
        first[name].item() for name in first.data_vars if name.endswith("_count")
    )
    assert (patient.observables["burden"].isel(time=0) == 1.0).all()
    assert (patient.each_field["burden"].isel(time=0) == 1.0).all()
    assert json.loads((patient.path / "summary.json").read_text()) == told


def test_a_patient_is_rebuilt_from_its_result_and_compared_field_by_field(folder, patient):
    run.run(patient.path, folder / "again")
    assert diff(patient.path, folder / "again") is None
    assert Result.open(folder / "again").provenance == patient.provenance
    run.run(patient.path, folder / "other", seed=5)
    found = diff(patient.path, folder / "other")
    assert found.arm == "image 1: control"
    two = run.run(asked(folder, tissue__fields=[1, 2]))
    assert str(diff(patient.path, two.path)) == "'image 10' is not in both results: present | absent"
    one = next(iter(two.by_field.values()))
    told = str(diff(one.path, two.path))
    assert told == "the results are of different kinds: one run | 2 fields"


@pytest.mark.usefixtures("blank_pictures")
def test_a_killed_patient_goes_on_with_the_same_bits(folder, patient, tmp_path):
    (folder / "scenario.toml").write_text(asked(folder).to_toml())
    out = tmp_path / "out"
    words = [sys.executable, "-m", "opsonin", "run", str(folder / "scenario.toml"), "-o", str(out)]
    process = subprocess.Popen([*words, "--quiet", "--threads", "1"])
    while len(list(out.glob("fields/*/arms/*/[0-9]*/checkpoint.npz"))) < 8 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -9
    half = Result.open(out)
    assert not half.complete
    assert [field.complete for field in half.by_field.values()] == [True, False, False]
    assert np.isnan(half.observables["burden"].values).all()  # a field is not seen yet
    assert "Unfinished run" in html.render(half)
    assert "Arm control: done in 1 of 3 fields" in " ".join(html.render(half).split())
    moved = tmp_path / "moved"  # a result is whole without its biopsy
    out.rename(moved)
    run.resume(moved)
    assert diff(patient.path, moved) is None
    assert Result.open(moved).summary == patient.summary


def test_a_patient_that_was_killed_while_it_began_is_begun_again(folder, tmp_path, patient):
    (tmp_path / "fields" / "001" / "input").mkdir(parents=True)
    (tmp_path / ".lock").touch()
    again = run.run(asked(folder, tissue__fields=[1, 2]), tmp_path)
    assert same_states(again.by_field["image 1"], patient.by_field["image 1"])


def test_a_stop_between_fields_says_how_to_go_on(folder, patient, tmp_path, monkeypatch):
    from opsonin.core.errors import Interrupted
    from opsonin.engine import signals

    original = run.complete

    def stopped(plan, writer, hears, threads):
        hears[1].requested = False
        result = original(plan, writer, hears, threads)
        hears[1].requested = True
        return result

    assert signals.StopRequest().requested is False
    monkeypatch.setattr(run, "complete", stopped)
    with pytest.raises(Interrupted, match=r"image 1.*\n.*opsonin resume .*out$"):
        run.run(asked(folder), tmp_path / "out")
    monkeypatch.undo()
    run.resume(tmp_path / "out")
    assert diff(patient.path, tmp_path / "out") is None


def test_every_field_is_branched(folder, patient):
    out = folder / "branch"
    branched = patient.branch("1 h", arm="late", source="control", out=out)
    assert isinstance(branched, Patient)
    assert branched.provenance["branch"] == {
        "of": patient.provenance["run_hash"],
        "arm": "control",
        "tick": 3600,
    }
    for name, field in branched.by_field.items():
        np.testing.assert_array_equal(
            field.trace("late")["hash"], patient.by_field[name].trace("late")["hash"]
        )
    assert (
        branched.observables["burden"].sel(arm="late").equals(patient.observables["burden"].sel(arm="late"))
    )


def test_the_report_shows_fields_spread_and_links(patient):
    page = html.render(patient)
    assert set(re.findall(r'href="(fields/\d+/report.html)"', page)) == {
        f"fields/00{n}/report.html" for n in (1, 2, 3)
    }
    assert "fill-opacity: 0.16" in page
    assert ", SD " in page
    assert "by field)" in page
    assert "image 10" in page


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_rolls_up_what_was_placed_and_found_in_each_field(patient, tmp_path):
    page = html.render(patient)
    plain = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    for words in (
        "Thickness: 20 µm, set by the scenario.",
        "The tissue lived on for 50 minutes before time 0; the scenario changed that from the default of 21 days",
    ):
        assert plain.count(words) == 1
    placed, found = plain.split("Placed in each field")[1], plain.split("Tumour cells before time 0")[1]
    for entry in patient.provenance["fields"]:
        start = patient.by_field[entry["name"]].start
        values = [entry["vessels_seen"], entry["vessels_placed"], entry["thickness_um"]]
        assert f"{entry['name']} {' '.join(f'{value:g}' for value in values)} {number_of(entry)}" in placed
        rates = (
            start[key] for key in ("days", "gross_growth", "necrosis", "killing", "spontaneous", "growth")
        )
        assert f"{entry['name']} {' '.join(words_number(rate) for rate in rates)}" in found
        assert start["warnings"]
        for warning in start["warnings"]:
            assert f"Warning: {entry['name']}: {typeset(warning)}" in unescape(plain)
    shutil.copytree(patient.path, tmp_path / "lost")
    (tmp_path / "lost/fields/002/start.json").unlink()
    assert "image 2: start.json is missing" in html.render(Result.open(tmp_path / "lost"))


def number_of(entry):
    """The factor of the radii of tumour cells, as the page writes it."""
    return words_number(entry["radius_of_tumour_cells"])


def test_every_field_gets_a_report_of_its_own(patient, monkeypatch):
    monkeypatch.setattr(html, "render", lambda result: f"report of {result.path.name}")
    assert html.write_report(patient.path) == patient.path / "report.html"
    for folder in ("001", "002", "003"):
        assert (patient.path / "fields" / folder / "report.html").read_text() == f"report of {folder}"


def test_what_belongs_to_a_field_is_asked_of_it(patient):
    for asks in (
        lambda: patient.fields("1 h", "control"),
        lambda: patient.box("1 h", "control"),
        lambda: patient.trace("control"),
        patient.input_cells,
    ):
        with pytest.raises(InputError, match=r"by_field\['image 1'\]"):
            asks()


def test_a_field_that_is_not_the_patients_own_is_refused(patient, tmp_path):
    shutil.copytree(patient.path, tmp_path / "mixed")
    shutil.rmtree(tmp_path / "mixed/fields/002")
    shutil.copytree(patient.path / "fields/001", tmp_path / "mixed/fields/002")
    with pytest.raises(RunError, match=r"not the run of field 'image 2'"):
        run.resume(tmp_path / "mixed")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tissue__fields": "al"}, ["'al'", '"all"']),
        ({"tissue__fields": []}, ["fields", "[1, 2]"]),
        ({"tissue__fields": [1.5]}, ["1.5", "[1, 2]"]),
        ({"tissue__fields": [{}]}, ["fields"]),
        ({"tissue__fields": [{"patient": "A"}]}, ["column 'patient' is given in select"]),
        ({"tissue__fields": [1, 3]}, ["cells.csv", "no row has '3' in column 'image'", "1, 10, 2"]),
        ({"tissue__fields": [1, {"image": 1}]}, ['{ image = "1" } is asked for twice']),
        ({"tissue__select": {}}, ["2 patients: A, B", "select"]),
        (
            {"tissue__select": {}, "tissue__fields": [1]},
            ["told apart by patient, image", '{ patient = "A", image = "1" }'],
        ),
        (
            {"tissue__select": {}, "tissue__fields": [{"image": 1}, {"image": 2}]},
            ['{ image = "1" } are 2 fields, not one'],
        ),
        ({"tissue__select": {"patient": "B"}, "tissue__fields": [1, 2]}, ["no column tells fields apart"]),
        ({"tissue__fields": [{"imgae": 1}, 2]}, ["3 fields, not one"]),
        ({"tissue__biopsy": None, "tissue__labels": None}, ["fields is given without biopsy"]),
    ],
)
def test_fields_that_cannot_be_meant_are_told(folder, changes, words):
    with pytest.raises(InputError) as error:
        asked(folder, **changes).by_field()
    for word in words:
        assert word in str(error.value)


def test_a_fault_in_one_field_names_it_and_a_fault_of_all_is_told_once(folder, tmp_path):
    lines = (folder / "cells.csv").read_text().splitlines()
    spoilt = [line.replace("SOX10+", "SOX11+") if line.startswith("A,2,") else line for line in lines]
    (tmp_path / "cells.csv").write_text("\n".join(spoilt))
    file = tmp_path / "scenario.toml"
    file.write_text(asked(folder).to_toml())
    with pytest.raises(InputError) as error:
        check_scenario(file)
    assert str(error.value).count("SOX11+") == 1
    assert ", image 2  label 'SOX11+'" in str(error.value)
    (tmp_path / "cells.csv").write_text("\n".join(lines).replace("x_um", "x"))
    with pytest.raises(InputError) as error:
        check_scenario(file)
    assert str(error.value).count("no column 'x_um'") == 1


def test_check_lists_every_field(folder, capfd):
    (folder / "scenario.toml").write_text(asked(folder).to_toml())
    assert main(["check", str(folder / "scenario.toml")]) == 0
    said = capfd.readouterr().out
    for words in ("patient A, image 1", "patient A, image 10", "169 cells"):
        assert words in said
    assert main(["check", "--json", str(folder / "scenario.toml")]) == 0
    assert [field["select"]["image"] for field in json.loads(capfd.readouterr().out)["fields"]] == [
        "1",
        "2",
        "10",
    ]
