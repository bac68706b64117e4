"""Populations: each patient as alone, the same bits by any way, nothing lost on a kill, one failure kept apart."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matplotlib.axes import Axes
from PIL import Image

from opsonin.cli.main import main
from opsonin.core.errors import HostError, InputError, Interrupted
from opsonin.engine import sweep as engine
from opsonin.engine.courses import follow_ours, model_of, model_with_clones
from opsonin.engine.signals import StopRequest
from opsonin.io.course import read_course
from opsonin.knowledge.library import load_library
from opsonin.patient import integrate
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose
from opsonin.report.population_picture import population_picture
from opsonin.store import sweep as store
from populations import COURSE, DAY, HEAD, VARIED, followed, write


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(store, "_SIZE", 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A population that was followed without a break, in one process."""
    return followed(tmp_path_factory.mktemp("whole"))


def rows(swept):
    return swept.table.to_pylist()


def test_each_patient_is_what_exact_sums_say(tmp_path):
    """Of a clearance that stays: the sums do not know that it falls."""
    steady = '[knowledge]\n"drug.nivolumab.kinetics.falling.fall" = 0\n'
    whole = followed(tmp_path / "steady", course=COURSE + steady)
    drug = load_library().drugs["nivolumab"]
    for row in rows(whole):
        numbers = {
            "clearance": row["nivolumab_clearance"],
            "central_volume": row["nivolumab_central_volume"],
        }
        kinetics = drug.kinetics.model_copy(
            update={
                name: getattr(drug.kinetics, name).model_copy(update={"value": value})
                for name, value in numbers.items()
            }
        )
        own = drug.model_copy(update={"kinetics": kinetics})
        mg = 3.0 * row["weight"]
        exact = DrugCourse(own, tuple(OneDose(14 * DAY * n, mg) for n in range(3)))
        assert row["nivolumab_plasma_nM_peak"] == pytest.approx(exact.plasma(28 * DAY), rel=1e-6)
        before = DrugCourse(own, tuple(OneDose(14 * DAY * n, mg) for n in range(2)))
        assert row["nivolumab_plasma_nM_trough"] == pytest.approx(before.plasma(28 * DAY), rel=1e-6)
        fine = np.linspace(0.0, 56.0, 56 * 200 + 1)
        middles = [exact.plasma(time * DAY) for time in 0.5 * (fine[1:] + fine[:-1])]
        assert row["nivolumab_plasma_nM_auc"] == pytest.approx(np.mean(middles) * 56.0, rel=1e-6)
        fall = np.log(exact.plasma(54 * DAY) / exact.plasma(56 * DAY)) / 2.0
        found, half_life = row["nivolumab_plasma_nM_half_life"], np.log(2.0) / fall
        assert found == (pytest.approx(half_life, rel=1e-3) if 2.0 * half_life < 28.0 else None)
    assert whole.failed == []
    assert whole.metrics["nivolumab_plasma_nM_auc"] == "nM d"
    assert whole.varied == {"weight": "kg", "nivolumab_clearance": "L/min", "nivolumab_central_volume": "L"}


def test_the_looser_tolerance_changes_no_metric_by_more_than_it_says(tmp_path, monkeypatch):
    course = COURSE.replace('"1 d"', '"2 h"').replace('"56 d"', '"40 d"')
    course = course.replace(
        "dose = [",
        'dose = [{ drug = "vorinostat", amount = "400 mg", every = "1 d" }, '
        '{ drug = "durvalumab", amount = "1500 mg", every = "28 d" }, ',
    )
    brisk = followed(tmp_path / "brisk", course=course)
    integrate.loaded.cache_clear()
    monkeypatch.setattr("opsonin.engine.follower.BRISK", integrate.EXACT)
    exact = followed(tmp_path / "exact", course=course)
    for name in brisk.metrics:
        loose, tight = (np.array(found.table[name].to_pylist(), float) for found in (brisk, exact))
        peak = name.rpartition("_nM_")[0] + "_nM_peak"
        highest = 0.0 if peak not in exact.metrics else min(exact.table[peak].to_pylist())
        assert loose == pytest.approx(tight, rel=1e-5, abs=1e-6 * highest, nan_ok=True), name
        assert (loose != tight).any() or np.isnan(loose).all(), name


def test_more_patients_and_smaller_parts_change_no_bit(tmp_path, whole, small_parts):
    more = followed(tmp_path, HEAD.replace("patients = 6", "patients = 9") + VARIED)
    assert more.table.slice(0, 6).equals(whole.table)
    assert len(more.table) == 9


def test_several_processes_give_the_same_file(tmp_path, whole, small_parts, monkeypatch):
    monkeypatch.setattr(engine, "WORTH_PROCESSES", 1)
    heard = []
    two = followed(tmp_path, threads=2, tell=lambda done, total: heard.append((done, total)))
    assert two.table.equals(whole.table)
    assert heard == [(0, 6), (2, 6), (4, 6), (6, 6)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "course.toml",
        "out.parquet",
        "population.toml",
    ]


def test_the_file_says_what_rebuilds_it_and_is_the_same_each_time(tmp_path, whole):
    followed(tmp_path)
    first = (tmp_path / "out.parquet").read_bytes()
    origin = json.loads(pq.read_schema(tmp_path / "out.parquet").metadata[b"opsonin"])
    assert origin["population"]["parameter"]["nivolumab_clearance"]["power"] == {"weight": 0.5}
    assert origin["course"]["duration"] == "56 d"
    assert origin["units"]["metrics"]["nivolumab_on_PD_1_mean"] == "1"
    followed(tmp_path)
    assert (tmp_path / "out.parquet").read_bytes() == first


def test_courses_are_kept_where_they_are_asked_for(tmp_path, whole, small_parts):
    out = tmp_path / "courses.parquet"
    swept = followed(tmp_path, courses=out)
    assert swept.table.equals(whole.table)
    frame = pq.read_table(out).to_pandas()
    assert frame.groupby("patient").size().to_dict() == dict.fromkeys(range(1, 7), 57)
    assert list(frame.columns[:3]) == ["patient", "time_min", "nivolumab_plasma_nM"]
    assert not [column for column in frame.columns if "over_time" in column]
    peaks = frame.groupby("patient")["nivolumab_plasma_nM"].max().to_list()
    assert peaks == swept.table["nivolumab_plasma_nM_peak"].to_pylist()


def test_one_who_fails_is_told_with_what_it_has_and_the_others_are_kept(tmp_path, whole, monkeypatch):
    """The third is given a volume in which no number is left."""
    real = integrate.Integrator.run

    def run(self, watched, times, changes=(), numbers=None, turns=None):
        if numbers["nivolumab_central_volume"] == rows(whole)[2]["nivolumab_central_volume"]:
            numbers = numbers | {"nivolumab_central_volume": 0.0}
        return real(self, watched, times, changes, numbers, turns)

    monkeypatch.setattr(integrate.Integrator, "run", run)
    swept = followed(tmp_path)
    assert [row["patient"] for row in swept.failed] == [3]
    failed = rows(swept)[2]
    assert failed["nivolumab_plasma_nM_peak"] is None
    assert failed["weight"] == rows(whole)[2]["weight"]
    assert "which it cannot be" in failed["failed"] or "cannot be integrated" in failed["failed"]
    assert [row for row in rows(swept) if row["patient"] != 3] == [
        r for r in rows(whole) if r["patient"] != 3
    ]


def test_the_command_tells_of_who_failed(tmp_path, monkeypatch, capfd):
    def run(self, *_, **__):
        raise integrate.RunError(
            integrate.Fault("patient's model at time 3", "x is nan, which it cannot be.")
        )

    monkeypatch.setattr(integrate.Integrator, "run", run)
    file = write(tmp_path)
    assert main(["patient", "sweep", str(file), "-o", str(tmp_path / "out.parquet")]) == 3
    printed = capfd.readouterr()
    assert "patient 6  patient's model at time 3: x is nan" in printed.err
    assert "It has weight = " in printed.err
    assert "nobody has it; 6 have none" in printed.out
    assert pq.read_table(tmp_path / "out.parquet")["failed"].null_count == 0
    assert main(["patient", "sweep", str(file), "-o", str(tmp_path / "again.parquet"), "--json"]) == 3
    assert len(json.loads(capfd.readouterr().out)["failed"]) == 6  # one document


def test_rules_hold_doses_of_each_patient_by_itself(tmp_path):
    rule = 'rule = [{ drug = "nivolumab", when = "nivolumab_plasma_nM", above = 150.0, hold = true }]\n'
    swept = followed(tmp_path, course=COURSE.replace("[patient]", rule + "[patient]"))
    free = followed(tmp_path / "free")
    kept = [
        a["nivolumab_plasma_nM_auc"] / b["nivolumab_plasma_nM_auc"]
        for a, b in zip(rows(swept), rows(free), strict=True)
    ]
    assert min(kept) < 0.9
    with pytest.raises(InputError, match="Did you mean 'nivolumab_plasma_nM'"):
        followed(
            tmp_path / "wrong", course=COURSE.replace("[patient]", rule.replace("_nM", "") + "[patient]")
        )


def test_a_stop_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, whole, small_parts):
    stop = StopRequest()

    def tell(done, total):
        stop.requested = done >= 2

    with pytest.raises(Interrupted, match=r"stopped after 2 of 6 patients(?s:.*)same command"):
        followed(tmp_path, stop=stop, tell=tell)
    assert not (tmp_path / "out.parquet").exists()
    heard = []
    swept = followed(tmp_path, tell=lambda done, total: heard.append(done))
    assert heard == [2, 4, 6]
    assert swept.table.equals(whole.table)
    assert not store.folder_of(tmp_path / "out.parquet").exists()


def test_a_full_disk_loses_nothing(tmp_path, whole, small_parts, monkeypatch):
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor)

    with monkeypatch.context() as filled:
        filled.setattr(os, "fsync", full)
        with pytest.raises(HostError, match=r"disk .* is full(?s:.*)same command"):
            followed(tmp_path)
    parts = store.folder_of(tmp_path / "out.parquet")
    assert 0 < len(list(parts.glob("00*.parquet"))) < 3
    assert followed(tmp_path).table.equals(whole.table)


def test_parts_of_another_population_are_not_mixed_in(tmp_path, small_parts):
    stop = StopRequest()
    stop.requested = True
    with pytest.raises(Interrupted):
        followed(tmp_path, stop=stop)
    with pytest.raises(InputError, match="parts of another population"):
        followed(tmp_path, HEAD.replace("seed = 3", "seed = 4") + VARIED)


@pytest.mark.parametrize("name", ["job.json", "000000.parquet"])
def test_what_is_damaged_is_named(name, tmp_path, small_parts):
    stop = StopRequest()
    with pytest.raises(Interrupted):
        followed(tmp_path, stop=stop, tell=lambda done, total: setattr(stop, "requested", done > 0))
    (store.folder_of(tmp_path / "out.parquet") / name).write_bytes(b"half of it")
    with pytest.raises(engine.OpsoninError, match="is damaged"):
        followed(tmp_path)


def command(folder, *more):
    words = ["patient", "sweep", str(folder / "population.toml"), "-o", str(folder / "out.parquet"), *more]
    program = (
        "import sys; from opsonin.store import sweep; sweep._SIZE = 2; from opsonin.engine import sweep; "
        "sweep.WORTH_PROCESSES = 1; from opsonin.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_parts(folder: Path, count: int, process: subprocess.Popen) -> None:
    parts = store.folder_of(folder / "out.parquet")
    while len(list(parts.glob("[0-9]*.parquet"))) < count and process.poll() is None:
        time.sleep(0.01)


MANY = HEAD.replace("patients = 6", "patients = 120") + VARIED


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_is_killed_goes_on_with_the_same_bits(number, threads, tmp_path, small_parts):
    write(tmp_path, MANY)
    process = command(tmp_path, "--threads", threads)
    wait_for_parts(tmp_path, 3, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number == signal.SIGINT:
        assert "Stopping as soon as" in said
        assert "Go on with the same command." in said
        assert "Traceback" not in said
    assert not (tmp_path / "out.parquet").exists()
    heard = []
    swept = followed(tmp_path, MANY, tell=lambda done, total: heard.append(done))
    assert 6 <= heard[0] < 120
    whole = followed(tmp_path / "whole", MANY)
    assert swept.table.equals(whole.table)


def test_the_command_writes_a_table_and_a_picture_and_tells_of_them(tmp_path, capfd):
    file, out = write(tmp_path), tmp_path / "out.parquet"
    assert main(["patient", "sweep", str(file), "-o", str(out)]) == 0
    printed = capfd.readouterr().out
    assert "6 patients: median (5 to 95 %)" in printed
    assert "nivolumab_plasma_nM_half_life: " in printed
    with Image.open(out.with_suffix(".png")) as picture:
        assert picture.width > 500
    assert main(["patient", "sweep", str(file), "-o", str(out), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    median = np.median(pq.read_table(out)["nivolumab_plasma_nM_peak"])
    assert told["metrics"]["nivolumab_plasma_nM_peak"]["median"] == pytest.approx(median)
    assert told["patients"] == 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "out.csv"], "is not the name of a parquet file"),
        (["-o", "nowhere/out.parquet"], "there is no such folder"),
        (["-o", "a.parquet", "--courses", "c.csv"], "is not the name of a parquet file"),
        (["-o", "a.parquet", "--courses", "a.parquet"], "is named twice"),
        (["-o", "a.parquet", "--threads", "0"], "is not a whole number from 1 to 64"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, words, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["patient", "sweep", str(write(tmp_path)), *options]) == 2
    assert words in capfd.readouterr().err


def test_rows_that_are_too_far_apart_for_what_is_swallowed_are_said(tmp_path, capfd):
    course = COURSE.replace('"nivolumab", amount = "3 mg/kg"', '"vorinostat", amount = "400 mg"')
    text = HEAD.replace("6", "2")
    file, out = write(tmp_path, text, course), str(tmp_path / "out.parquet")
    assert main(["patient", "sweep", str(file), "-o", out]) == 0
    assert (
        "note: vorinostat_plasma_nM_peak is looked for at the rows of the course, every 1440 min"
        in capfd.readouterr().out
    )
    write(tmp_path, text, course.replace('every = "1 d"', 'every = "30 min"'))
    assert main(["patient", "sweep", str(file), "-o", out]) == 0
    assert "note:" not in capfd.readouterr().out


def test_a_worker_that_dies_is_told_once_with_how_to_go_on(tmp_path, small_parts, monkeypatch, whole):
    monkeypatch.setattr(engine, "WORTH_PROCESSES", 1)
    with monkeypatch.context() as dying:
        dying.setattr(engine, "MODULE", "opsonin.engine.no_such_worker")
        with pytest.raises(HostError, match="its process ended with code 1") as caught:
            followed(tmp_path, threads=2)
    (fault,) = caught.value.faults
    assert fault.fix == store.KEPT
    assert followed(tmp_path, threads=2).table.equals(whole.table)


def test_a_column_says_its_unit():
    columns = (
        "nivolumab_plasma_nM",
        "nivolumab_central_mg",
        "nivolumab_on_PD_1",
        "tumour_cells",
        "blood_anc_per_L",
    )
    assert [engine.unit_of_column(column) for column in columns] == ["nM", "mg", "1", "cells", "1/L"]


def test_a_column_that_is_of_no_drug_has_its_trough_before_the_last_dose_of_any(tmp_path, whole, monkeypatch):
    real = engine.offered

    def offered(asked, library, whose):
        found = real(asked, library, whose)
        return replace(found, columns={name: replace(told, drug="") for name, told in found.columns.items()})

    monkeypatch.setattr("populations.offered", offered)
    assert followed(tmp_path).table.equals(whole.table)


def test_a_picture_shows_no_spread_where_there_is_none(monkeypatch):
    drawn = []
    real = Axes.hist
    monkeypatch.setattr(
        Axes, "hist", lambda axes, values, **more: drawn.append(values) or real(axes, values, **more)
    )
    table = pa.table(
        {"same": [825.75290, 825.75291, 825.75292], "none": [0.0] * 3, "varied": [1.0, 2.0, 4.0]}
    )
    population_picture("p", table, {"same": "nM", "none": "%", "varied": "d"})
    assert [values.tolist() for values in drawn] == [[1.0, 2.0, 4.0]]


MELANOMA = """\
tumour = "melanoma"
clones = false
[parameter.contact]
distribution = "lognormal"
cv = 0.5
most = 1
[parameter.potential_doubling_time]
distribution = "lognormal"
cv = 0.2
"""


def test_patients_with_a_tumour_differ_in_its_numbers(tmp_path, small_parts, monkeypatch):
    """Each is what the model comes to with its own numbers; those whose cells divide more slowly have fewer of them."""
    monkeypatch.setattr(engine, "WORTH_PROCESSES", 1)
    swept = followed(tmp_path, HEAD + MELANOMA, threads=2)
    course = read_course(tmp_path / "course.toml")
    model = model_of(course.course, course.drugs, load_library(), "melanoma")
    one = integrate.loaded(model.sbml, "alone", integrate.BRISK)
    mg = [replace(dose, amount=240.0) for dose in course.patients["1"]]
    for row in rows(swept):
        numbers = {name: row[name] for name in ("contact", "potential_doubling_time")}
        cells = one.run(["tumour_cells"], [0.0, 56 * DAY], model.changes(mg), numbers).of("tumour_cells")
        assert row["tumour_cells_end"] == pytest.approx(cells[-1], rel=1e-6)
        change = 100.0 * (np.cbrt(cells[-1] / cells[0]) - 1.0)
        assert row["tumour_cells_end_diameter"] == pytest.approx(change, rel=1e-6)
        assert row["tumour_cells_least_diameter"] <= min(0.0, change) + 1e-9
    assert swept.metrics["tumour_cells_end_diameter"] == "%"
    slower = np.argsort([row["potential_doubling_time"] for row in rows(swept)])
    grown = np.array([row["tumour_cells_end"] for row in rows(swept)])
    assert grown[slower[-1]] < grown[slower[0]]


@pytest.mark.slow
def test_clones_of_a_patient_are_drawn_as_simulate_draws_them(tmp_path, small_parts, monkeypatch):
    text = HEAD.replace("patients = 6", "patients = 3") + 'tumour = "melanoma"\n'
    here = followed(tmp_path / "here", text)
    monkeypatch.setattr(engine, "WORTH_PROCESSES", 1)
    there = followed(tmp_path / "there", text, threads=2)
    assert here.table.equals(there.table)
    course = read_course(tmp_path / "here" / "course.toml")
    course = replace(course, course=course.course.model_copy(update={"seed": 3}))
    model = model_with_clones(course.course, course.drugs, load_library(), "melanoma")
    alone = follow_ours(course, model)
    cells = alone.followed["1"].values[-1, alone.columns.index("tumour_cells")]
    assert rows(here)[0]["tumour_cells_end"] == pytest.approx(cells, rel=1e-6)
    assert len({row["tumour_cells_end"] for row in rows(here)}) == 3  # chances of their own
