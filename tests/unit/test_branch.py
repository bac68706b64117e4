"""A branch: the bits of the run it leaves up to its time, the new treatment after it, and a result like any other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import opsonin
from opsonin.cli.main import main
from opsonin.core.errors import InputError, RunError
from opsonin.engine import run
from opsonin.engine.branch import branch
from opsonin.report.html import write_report
from opsonin.store.diff import diff
from opsonin.store.result import Result
from tissues import CONTROL, plan, scenario

DRUG = {"drug": "nivolumab", "amount": "240 mg"}
# Two entries whose doses interleave: their sum must not depend on which of them a branch cuts in two.
EARLY = {"name": "early", "dose": [{**DRUG, "every": "4 h"}, {**DRUG, "amount": "3 mg/kg", "every": "5 h"}]}
LATE = {"name": "late", "dose": [{**DRUG, "at": "6 h", "every": "5 h"}]}
SIX_HOURS = 360.0


def alike(a: Result, arm: str, b: Result, other: str, until: float = np.inf) -> bool:
    """Two arms of two results have the same states up to a time [min]."""
    one, two = a.trace(arm), b.trace(other)
    kept, theirs = one["tick"] < until * 60, two["tick"] < until * 60
    return np.array_equal(one["hash"][kept], two["hash"][theirs])


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Result:
    out = tmp_path_factory.mktemp("branch") / "parent"
    return run.run(scenario(scenario__duration="12 h", output__every="2 h", arm=[CONTROL, EARLY, LATE]), out)


@pytest.mark.parametrize("at", ["0 h", "6 h", "7 h", "690 min"])
def test_a_branch_of_the_same_arm_has_the_bits_of_the_original(stored, at):
    again = stored.branch(at, arm="early", source="early")
    assert alike(again, "early", stored, "early")
    for name, values in stored.observables.sel(arm="early").items():
        np.testing.assert_array_equal(again.observables[name].values[0], values.values, name)
    for hour in range(0, 13, 2):
        ours, theirs = again.cells(60.0 * hour, "early"), stored.cells(60.0 * hour, "early")
        assert ours.equals(theirs)
        assert list(ours.dtypes) == list(theirs.dtypes)


def test_a_new_treatment_differs_only_from_the_branch_on_and_is_what_a_whole_run_of_it_gives(stored):
    rescued = stored.branch("6 h", arm="late", source="control")
    assert alike(rescued, "late", stored, "control", until=SIX_HOURS)
    assert not alike(rescued, "late", stored, "control")
    assert alike(rescued, "late", stored, "late")


def test_the_order_of_dose_entries_decides_no_bit():
    turned = {"name": "turned", "dose": EARLY["dose"][::-1]}
    plan_ = plan(scenario__duration="12 h", arm=[EARLY, turned])
    assert plan_.courses[0].regimen == plan_.courses[1].regimen


def test_the_doses_of_the_source_stay_in_effect(stored, tmp_path):
    kept = stored.branch("6 h", arm="control", source="early", out=tmp_path / "kept")
    occupied = kept.observables["PD-1_occupancy"].values[0]
    assert occupied[-1] > 0.9
    run.run(tmp_path / "kept", tmp_path / "whole")  # the same question, asked from time 0 on
    assert diff(tmp_path / "kept", tmp_path / "whole") is None
    doses = kept.provenance["scenario"]["arm"][0]["dose"]
    assert [dose["until"] for dose in doses] == ["4 h", "5 h"]


def test_a_drug_that_the_source_never_saw_and_a_longer_run(tmp_path):
    run.run(scenario(scenario__duration="3 h", output__every="2 h", arm=[CONTROL]), tmp_path / "parent")
    new = {"name": "rescue", "dose": [{**DRUG, "at": "1 h"}, {**DRUG, "at": "4 h"}]}
    longer = opsonin.branch(tmp_path / "parent", "1 h", arm=new, out=tmp_path / "b", duration="5 h")
    assert list(longer.times("rescue")) == [0.0, 120.0, 240.0, 300.0]
    occupied = longer.observables["PD-1_occupancy"].sel(arm="rescue")
    assert occupied.values[occupied["time"] <= 1 / 24].max() == 0.0
    assert occupied.values[-1] > 0.9
    run.run(tmp_path / "b", tmp_path / "whole")
    assert diff(tmp_path / "b", tmp_path / "whole") is None


@pytest.mark.usefixtures("blank_pictures")
def test_a_branch_says_where_it_comes_from(stored, tmp_path):
    out = tmp_path / "out"
    told = stored.branch("6 h", arm="late", source="control", out=out)
    origin = {"of": stored.provenance["run_hash"], "arm": "control", "tick": 6 * 3600}
    assert told.provenance["branch"] == origin
    assert told.complete
    assert told.start == stored.start
    page = write_report(out).read_text()
    assert "Up to hour 6 this is the record of arm control" in page
    assert origin["of"] in page
    second = told.branch("9 h", arm=CONTROL)  # of a branch
    assert alike(second, "control", told, "late", until=540.0)


def test_a_killed_branch_goes_on_with_the_same_bits(stored, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    options = {"arm": "late", "source": "control", "duration": "36 h"}
    stored.branch("6 h", out=whole, **options)
    words = ["branch", stored.path, "--at", "6 h", "--arm", "late", "--from", "control", "-o", out]
    words += ["--duration", "36 h", "--quiet", "--threads", "1"]
    process = subprocess.Popen([sys.executable, "-m", "opsonin", *map(str, words)])
    while len(list(out.glob("arms/*/[0-9]*/checkpoint.npz"))) < 6 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -9
    assert not Result.open(out).complete
    run.resume(out)
    assert diff(whole, out) is None


@pytest.mark.parametrize("at_hours", [2, 6])
def test_a_branch_killed_while_it_carries_segments_over_goes_on_with_the_same_bits(
    stored, tmp_path, monkeypatch, at_hours
):
    from opsonin.store.writer import Writer

    class Killed(BaseException):
        pass

    commit = Writer.commit

    def dies(self, arm, index, segment):
        if index == at_hours // 2:
            raise Killed
        commit(self, arm, index, segment)

    monkeypatch.setattr(Writer, "commit", dies)
    with pytest.raises(Killed):
        stored.branch("6 h", arm="late", source="control", out=tmp_path / "out")
    monkeypatch.undo()
    resumed = run.resume(tmp_path / "out")
    assert alike(resumed, "late", stored, "late")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time": "13 h"}, ["13 h is outside the run", "12 h"]),
        ({"time": "-10 min"}, ["outside the run"]),
        ({"time": "12 h"}, ["longer duration"]),
        ({"time": "105 min"}, ["105 min is not a whole number of coupling steps of 10 min", "100 min"]),
        ({"time": "6 mL"}, ["branch time", '"3 d"']),
        ({"time": float("nan")}, ["is no time"]),
        ({"source": "contorl"}, ["no arm 'contorl'", "Did you mean 'control'?"]),
        ({"source": None}, ["has 3 arms", "control, early, late"]),
        ({"arm": "laet"}, ["no arm 'laet'", "Did you mean 'late'?", "[[arm]]"]),
        ({"arm": "nowhere.toml"}, ["nowhere.toml", "no such file"]),
        ({"arm": "early"}, ["arm 'early'", "nivolumab 240 mg at 0 d", "nivolumab 240 mg at 4 h", '"6 h"']),
        ({"arm": {"name": "x", "dose": [{"drug": "nivolumap", "amount": "1 mg"}]}}, ["'nivolumab'"]),
        ({"arm": {"name": "x", "dose": [{**DRUG, "at": "13 h"}]}}, ["not before the end", "12 h"]),
        ({"arm": "{ name = 'x', doses = [] }"}, ["unknown key 'doses'", "'dose'"]),
        ({"arm": "{ name = 'x' "}, ["not valid TOML"]),
        ({"arm": None}, ["NoneType, not an arm", "[[arm]]"]),
        ({"duration": "4 h"}, ["ends at 4 h"]),
        ({"duration": "13.001 h"}, ["not a whole number"]),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(stored, tmp_path, options, words):
    asked = {"time": "6 h", "arm": "late", "source": "control"} | options
    with pytest.raises(InputError) as error:
        branch(stored, out=tmp_path / "out", **asked)
    for word in words:
        assert word in str(error.value)
    assert not (tmp_path / "out").exists()


def test_faults_of_a_file_have_their_lines(stored, tmp_path):
    file = tmp_path / "rescue.toml"
    file.write_text('[[arm]]\nname = "rescue"\ndose = [{ drug = "nivolumab", amount = "240" }]\n[[arm]]\n')
    with pytest.raises(InputError) as error:
        stored.branch("6 h", arm=file, source="control")
    assert "rescue.toml:3  arm 'rescue', dose 1" in str(error.value)
    assert "holds 2 arms" in str(error.value)


def test_a_source_that_is_damaged_unfinished_or_no_result_is_refused(stored, tmp_path):
    import shutil

    hurt = tmp_path / "hurt"
    shutil.copytree(stored.path, hurt)
    file = hurt / "arms/control/000001/cells.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(RunError, match=r"000001/cells.parquet"):
        branch(hurt, "6 h", arm="late", source="control", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    shutil.copytree(stored.path / "arms/early/000001", hurt / "arms/control/000001", dirs_exist_ok=True)
    with pytest.raises(RunError, match=r"another run, arm or time"):
        branch(hurt, "6 h", arm="late", source="control", out=tmp_path / "out")
    for index in range(2, 7):
        shutil.rmtree(hurt / f"arms/late/{index:06d}")
    (hurt / "summary.json").unlink()
    with pytest.raises(RunError, match=r"up to 2 h only.*\n.*opsonin resume"):
        branch(hurt, "6 h", arm="control", source="late")
    with pytest.raises(RunError, match=r"not an opsonin result"):
        branch(tmp_path, "6 h", arm="late")
    with pytest.raises(InputError, match=r"not empty"):
        branch(stored, "6 h", arm="late", source="control", out=hurt)


@pytest.mark.usefixtures("blank_pictures")
def test_from_the_command_line(stored, tmp_path, capfd):
    file, out = tmp_path / "rescue.toml", tmp_path / "out"
    file.write_text(
        '[[arm]]\nname = "rescue"\ndose = [{ drug = "nivolumab", amount = "240 mg", at = "6 h" }]\n'
    )
    words = ["branch", str(stored.path), "--at", "6 h", "--arm", str(file), "--from", "control"]
    assert main([*words, "-o", str(out), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert list(told["summary"]["arms"]) == ["rescue"]
    assert Path(told["report"]).is_file()
    assert main([*words, "-o", str(out)]) == 2
    assert "holds a result already" in capfd.readouterr().err
    assert main(["branch", str(tmp_path / "uot"), *words[2:], "-o", str(tmp_path / "b")]) == 2
    assert "Did you mean 'out'?" in capfd.readouterr().err
    assert main(["branch", str(stored.path), "--at", "soon", "--arm", "late", "-o", str(tmp_path / "b")]) == 2
    assert "Traceback" not in capfd.readouterr().err
