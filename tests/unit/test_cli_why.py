"""`opsonin why` on runs that are not finished: what it is of is said, and no arm is left out without a word."""

from __future__ import annotations

import json
import shutil

import pytest

from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.engine import run
from opsonin.store.result import Result
from tissues import CONTROL, NIVOLUMAB, scenario


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    asked = scenario(
        scenario__duration="2 h", scenario__replicates=2, output__every="1 h", arm=[CONTROL, NIVOLUMAB]
    )
    return run.run(asked, tmp_path_factory.mktemp("why") / "out").path


def cut(ensemble, folder, replicate, arm):
    """A copy in which one arm of one replicate has only its time 0."""
    shutil.copytree(ensemble, folder)
    part = folder / "replicates" / f"{replicate:03d}"
    for stored in ("000001", "000002"):
        shutil.rmtree(part / "arms" / arm / stored)
    for summary in (part / "summary.json", folder / "summary.json"):
        summary.unlink()
    return str(folder)


def test_of_an_unfinished_ensemble_the_finished_replicates_are_told(ensemble, tmp_path, capsys):
    out = cut(ensemble, tmp_path / "half", 2, "nivolumab")
    assert main(["why", out]) == 0
    told = capsys.readouterr().out
    assert "Of 1 of 2 replicates: the run is not finished." in told
    assert "control: " in told and "nivolumab: " in told
    assert main(["why", out, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["replicates"] == [1, 2]
    assert [arm["arm"] for arm in found["arms"]] == ["control", "nivolumab"]


def test_an_arm_without_a_stretch_of_time_is_named(ensemble, tmp_path, capsys):
    single = tmp_path / "single"
    shutil.copytree(ensemble / "replicates" / "001", single)
    for stored in ("000001", "000002"):
        shutil.rmtree(single / "arms" / "nivolumab" / stored)
    (single / "summary.json").unlink()
    assert main(["why", str(single)]) == 0
    assert "nivolumab: holds no stretch of time yet." in capsys.readouterr().out


def test_a_segment_with_the_curves_of_another_is_refused(ensemble, tmp_path, capsys):
    single = tmp_path / "mixed"
    shutil.copytree(ensemble / "replicates" / "001", single)
    arm = single / "arms" / "control"
    shutil.copy(arm / "000001" / "observables.parquet", arm / "000002" / "observables.parquet")
    shutil.copy(arm / "000002" / "observables.parquet", arm / "000000" / "observables.parquet")
    shutil.copy(arm / "000000" / "trace.parquet", arm / "000002" / "trace.parquet")
    assert main(["report", str(single)]) == 3
    assert "observables.parquet" in capsys.readouterr().err


def test_drugs_are_proposed_for_replicates_together(ensemble, tmp_path):
    whole = Result.open(ensemble)
    found = whole.propose("nivolumab")
    assert len(found) == 10
    shares = whole.why("nivolumab").set_index("barrier")["share"]
    best = found.iloc[0]
    net = shares[list(best["opens"])].sum() - shares[list(best["closes"])].sum()
    assert best["net"] == pytest.approx(net)
    with pytest.raises(InputError, match="there is no arm 'nivolumap'"):
        whole.propose("nivolumap")
