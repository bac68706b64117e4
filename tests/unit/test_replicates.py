"""Replicates: each has the bits of its own run whoever computes it, and together they have means and intervals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import opsonin
from opsonin.cli.main import main
from opsonin.core import kernel_cache
from opsonin.core.errors import HostError, InputError, Interrupted, RunError
from opsonin.engine import run, team, worker
from opsonin.io.scenario import Scenario
from opsonin.report import contact, html, words
from opsonin.store.diff import diff
from opsonin.store.ensemble import Ensemble, pooled
from opsonin.store.export import to_pandas
from opsonin.store.patient import Patient
from opsonin.store.result import Result
from tissues import CONTROL, NIVOLUMAB, scenario

COUNT = 3


def asked(**changes) -> Scenario:
    changes = {"scenario__replicates": COUNT, "scenario__duration": "4 h", "output__every": "1 h"} | changes
    return scenario(**{"arm": [CONTROL, NIVOLUMAB], **changes})


@pytest.fixture
def side_by_side(monkeypatch):
    """However little there is to do, processes do it."""
    monkeypatch.setattr(team, "WORTH_A_PROCESS", 0.0)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory) -> Ensemble:
    result = run.run(asked(), tmp_path_factory.mktemp("replicates") / "out", threads=1)
    assert isinstance(result, Ensemble)
    return result


def test_each_replicate_has_the_bits_of_its_own_run(ensemble):
    assert list(ensemble.by_replicate) == ["1", "2", "3"]
    for number, replicate in enumerate(ensemble.by_replicate.values()):
        alone = run.run(asked(scenario__replicates=1, scenario__replicate=number))
        assert diff(alone.path, replicate.path) is None
    assert diff(ensemble.by_replicate["1"].path, ensemble.by_replicate["2"].path) is not None


def test_processes_side_by_side_change_no_bit(ensemble, tmp_path, side_by_side):
    heard = []

    class Listener:
        def __getattr__(self, event):
            return lambda *words, **more: heard.append((event, *words, *more.values()))

    beside = run.run(asked(), tmp_path / "out", threads=2, listener=Listener())
    assert diff(ensemble.path, beside.path) is None
    assert beside.summary == ensemble.summary
    assert beside.provenance == ensemble.provenance
    assert {event[1] for event in heard if event[0] == "finished"} == {
        f"replicate {k}: {arm['name']}" for k in (1, 2, 3) for arm in (CONTROL, NIVOLUMAB)
    }
    ways = [event[2] for event in heard if event[:2] == ("heading", "replicate 2: control")]
    assert ways == [60.0, 120.0, 180.0, 240.0]


def test_curves_are_means_with_students_interval(ensemble):
    each = ensemble.each_replicate
    assert each["cancer_count"].dims == ("replicate", "arm", "time")
    values = each["cancer_count"].values
    np.testing.assert_allclose(ensemble.observables["cancer_count"].values, values.mean(axis=0))
    spread = ensemble.spread["cancer_count"]
    np.testing.assert_allclose(spread.sel(statistic="sd").values, values.std(axis=0, ddof=1))
    half = stats.t.ppf(0.95, COUNT - 1) * stats.sem(values, axis=0)
    np.testing.assert_allclose(spread.sel(statistic="high").values, values.mean(axis=0) + half)
    np.testing.assert_allclose(spread.sel(statistic="low").values, values.mean(axis=0) - half)
    np.testing.assert_array_equal(spread.sel(statistic="min").values, values.min(axis=0))


def test_arms_are_compared_in_pairs(ensemble):
    ratio = ensemble.ratio("nivolumab", "control")["cancer_count"]
    each = ensemble.each_replicate["cancer_count"]
    logs = np.log(each.sel(arm="nivolumab").values / each.sel(arm="control").values)
    half = stats.t.ppf(0.95, COUNT - 1) * stats.sem(logs, axis=0)
    np.testing.assert_allclose(ratio.sel(statistic="mean").values, np.exp(logs.mean(axis=0)))
    np.testing.assert_allclose(ratio.sel(statistic="high").values, np.exp(logs.mean(axis=0) + half))
    with pytest.raises(InputError, match="Did you mean 'control'"):
        ensemble.ratio("nivolumab", "contrl")


def test_intervals_hold_the_mean_as_often_as_they_say():
    """5,000 ensembles of 4: 90 % +- 1.4 % (alpha 0.001)."""
    rng = np.random.default_rng(1)
    _, spread = pooled(rng.normal(3.0, 2.0, (4, 5000)), None)
    share = np.mean((spread[3] < 3.0) & (spread[4] > 3.0))
    assert abs(share - 0.9) < stats.norm.ppf(0.9995) * np.sqrt(0.09 / 5000)


def test_what_a_replicate_lacks_is_passed_over_but_not_a_replicate_unseen():
    values = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, np.nan]])
    begun = np.array([[True, True, True], [True, True, False]])
    mean, spread = pooled(values, begun)
    np.testing.assert_array_equal(mean, [2.0, 4.0, np.nan])
    np.testing.assert_array_equal(spread[:, 1], [4.0, 4.0, np.nan, np.nan, np.nan])


def test_the_summary_tells_mean_interval_and_number(ensemble):
    told = json.loads((ensemble.path / "summary.json").read_text())
    assert told["replicates"] == COUNT
    end = ensemble.observables["cancer_count"].sel(arm="control").isel(time=-1).item()
    assert told["arms"]["control"]["cancer_count"] == end
    low = ensemble.spread["cancer_count"].sel(arm="control", statistic="low").isel(time=-1).item()
    assert told["spread"]["control"]["cancer_count"]["low"] == low


def test_cells_are_told_apart_by_replicate(ensemble):
    cells = ensemble.cells("1 h", "control")
    assert list(cells["replicate"].unique()) == ["1", "2", "3"]
    with pytest.raises(InputError, match=r"by_replicate\['1'\]"):
        ensemble.fields("1 h", "control")


def test_an_ensemble_is_rebuilt_and_branched(ensemble, tmp_path):
    again = run.run(ensemble.path, tmp_path / "again")
    assert diff(ensemble.path, again.path) is None
    branched = ensemble.branch("2 h", arm="nivolumab", source="nivolumab", out=tmp_path / "branch")
    assert isinstance(branched, Ensemble)
    for name, replicate in branched.by_replicate.items():
        own = ensemble.by_replicate[name].trace("nivolumab")["hash"]
        np.testing.assert_array_equal(replicate.trace("nivolumab")["hash"], own)


@pytest.mark.parametrize("name", [1, "0", "one", None])
def test_a_replicate_that_is_not_there_is_refused_with_the_names_of_all(ensemble, name):
    with pytest.raises(InputError, match=rf"there is no replicate {name!r}(?s:.*)'1'") as refused:
        ensemble.by_replicate[name]
    assert refused.value.faults[0].where == str(ensemble.path)


@pytest.mark.parametrize(
    "ask",
    [
        lambda whole: whole.branch("2 h", arm="nivolumab", source="nivolumb"),
        lambda whole: whole.branch("2 h", arm="nivolumab"),
        lambda whole: whole.branch("2.5 min", arm="nivolumab", source="control"),
        lambda whole: whole.branch("9 h", arm="nivolumab", source="control"),
        lambda whole: whole.branch("2 h", arm="nivolumab", source="control", duration="1 h"),
        lambda whole: whole.cells("9 h"),
        lambda whole: whole.cells("1 h", "nivolumb"),
        lambda whole: whole.to_pandas(["1 h"]),
        lambda whole: whole.to_anndata("90 min"),
    ],
)
def test_what_is_asked_wrongly_of_an_ensemble_names_its_folder(ensemble, ask):
    with pytest.raises(InputError) as refused:
        ask(ensemble)
    assert [fault.where.split(",")[0] for fault in refused.value.faults] == [str(ensemble.path)]
    assert "replicates/" not in str(refused.value)


def test_a_replicate_that_is_lost_or_behind_is_named_with_what_to_do_about_the_whole(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        run.run(asked(), out, threads=1, listener=_Once())
    with pytest.raises(RunError, match=rf"{out}/replicates/001, arm 'nivolumab'(?s:.*)opsonin resume {out}$"):
        opsonin.branch(out, "2 h", arm="control", source="nivolumab")
    (out / "replicates/002").rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match=rf"{out}/replicates/002  replicate 2 of this ensemble is not there"):
        run.resume(out)


def test_an_ensemble_begun_with_something_else_is_refused_as_a_whole(ensemble, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        run.run(asked(), out, threads=1, listener=_Once())
    monkeypatch.setattr(kernel_cache, "digest_of_sources", lambda folders=(): "other")
    with pytest.raises(RunError, match=rf"^{out}  was begun with something else(?s:.*)opsonin run {out} -o"):
        run.resume(out)


def test_a_killed_ensemble_goes_on_with_the_same_bits(ensemble, tmp_path, side_by_side):
    file, out = tmp_path / "scenario.toml", tmp_path / "out"
    file.write_text(asked().to_toml())
    words = [
        "import sys; from opsonin.engine import team; team.WORTH_A_PROCESS = 0.0",
        "from opsonin.cli.main import entry; entry()",
    ]
    said = tmp_path / "said.txt"
    with said.open("w") as heard:
        process = subprocess.Popen(
            [sys.executable, "-c", "; ".join(words), "run", str(file), "-o", str(out), "--quiet"],
            stderr=heard,
        )
    while len(list(out.glob("replicates/*/arms/*/[0-9]*/checkpoint.npz"))) < 4 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -9
    wait_until_unlocked(out)
    assert "Traceback" not in said.read_text()  # of the workers, whom nobody hears any more
    assert not Result.open(out).complete
    run.resume(out)
    assert diff(ensemble.path, out) is None
    assert Result.open(out).summary == ensemble.summary


def test_a_worker_whom_nobody_hears_any_more_says_nothing_and_goes_on():
    reader, writer = os.pipe()
    told = worker._Told(os.fdopen(writer, "w"))
    os.close(reader)
    for time_min in (0.0, 1.0):
        told.step("control", time_min, 100)


def wait_until_unlocked(out: Path) -> None:
    """The workers notice that nobody listens, and end."""
    from opsonin.store.lock import FolderLock

    for folder in [out, *out.glob("replicates/*")]:
        for _ in range(50):
            try:
                FolderLock(folder).release()
                break
            except RunError:
                time.sleep(0.1)
        else:
            pytest.fail(f"{folder} is still being written")


def test_a_stop_reaches_every_process_and_says_how_to_go_on(ensemble, tmp_path, side_by_side):
    class StopAtFirst:
        """Asks for a stop as soon as anything is heard."""

        def __getattr__(self, event):
            return lambda *words, **more: signal.raise_signal(signal.SIGINT) if self.first() else None

        def stopping(self):
            self.told = True

        def first(self):
            before, self.__dict__["heard"] = self.__dict__.get("heard", False), True
            return not before

    listener = StopAtFirst()
    with pytest.raises(Interrupted, match=r"(?s)replicate.*opsonin resume .*out"):
        run.run(asked(), tmp_path / "out", threads=2, listener=listener)
    assert listener.told
    assert not Result.open(tmp_path / "out").complete
    run.resume(tmp_path / "out", threads=1)
    assert diff(ensemble.path, tmp_path / "out") is None


@pytest.mark.parametrize("stopped", [False, True])
def test_a_dead_worker_is_told_at_once_and_the_others_go_on(
    ensemble, tmp_path, side_by_side, monkeypatch, stopped
):
    victims, notes = [], []

    class Listener:
        """Asks for a stop, or not, when it hears of the death."""

        def note(self, text):
            notes.append(text)
            if stopped:
                signal.raise_signal(signal.SIGINT)

        def __getattr__(self, event):
            return lambda *words, **more: None

    class Doomed(team._Member):
        def __init__(self, *words):
            super().__init__(*words)
            if not victims:
                victims.append(self._process)
                self._process.kill()

    monkeypatch.setattr(team, "_Member", Doomed)
    with pytest.raises(HostError, match=r"(?s)replicate \d: worker.*signal 9.*resume"):
        run.run(asked(), tmp_path / "out", threads=2, listener=Listener())
    assert len(notes) == 1 and "signal 9" in notes[0]
    monkeypatch.undo()
    done = [part.complete for part in Result.open(tmp_path / "out").by_replicate.values()]
    assert sum(done) <= COUNT - 1 if stopped else sum(done) == COUNT - 1
    run.resume(tmp_path / "out", threads=1)
    assert diff(ensemble.path, tmp_path / "out") is None


def test_a_fault_in_one_replicate_names_it_and_the_others_are_done(ensemble, tmp_path, side_by_side):
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        run.run(asked(), out, threads=1, listener=_Once())
    (out / "replicates/002/input/cells.parquet").write_bytes(b"no table")
    with pytest.raises(RunError, match=r"cells\.parquet"):
        run.resume(out, threads=2)


class _Once:
    """Stops a run when its first arm is done."""

    def __getattr__(self, event):
        return lambda *words, **more: (
            signal.raise_signal(signal.SIGINT)
            if event == "finished" and not self.__dict__.get("told")
            else None,
            self.__dict__.update(told=self.__dict__.get("told") or event == "finished"),
        )


@pytest.mark.usefixtures("blank_pictures")
def test_fields_of_a_patient_are_replicated_together(tmp_path):
    header = "patient,image,x_um,y_um,cell_type"
    rng = np.random.default_rng(0)
    rows = [
        f"A,{image},{15 * (k % 12) + rng.uniform(-3, 3) + 5:.2f},{15 * (k // 12) + rng.uniform(-3, 3) + 5:.2f},"
        + ("SOX10+" if k % 5 else "CD8+PD1+PDL1-")
        for image in (1, 2)
        for k in range(144)
    ]
    (tmp_path / "cells.csv").write_text("\n".join([header, *rows]))
    data = {
        "scenario": {"name": "both", "duration": "1 h", "replicates": 2},
        "tissue": {
            "tumour": "melanoma",
            "biopsy": "cells.csv",
            "select": {"patient": "A"},
            "fields": "all",
            "labels": "melanoma-markers",
        },
        "arm": [{"name": "control"}],
        "output": {"every": "1 h"},
        "numerics": {"burn_in": "40 min"},
    }
    result = opsonin.run(opsonin.Scenario.from_dict(data, folder=tmp_path))
    assert isinstance(result, Ensemble)
    assert all(isinstance(part, Patient) for part in result.by_replicate.values())
    counts = result.observables["cancer_count"].sel(arm="control").values
    each = [
        part.observables["cancer_count"].sel(arm="control").values for part in result.by_replicate.values()
    ]
    np.testing.assert_allclose(counts, np.mean(each, axis=0))
    assert result.summary["replicates"] == 2
    assert diff(result.path, result.path) is None
    page = html.write_report(result.path).read_text()
    low, high = result.spread["cancer_count"].sel(arm="control", statistic=["low", "high"]).values[:, -1]
    shown = result._repr_html_()
    assert ">Replicates<" in shown and f"[{words.number(low)} to {words.number(high)}]" in shown
    for text in (
        "Maps are of replicate 1 of 2.",
        "in replicate 1</caption>",
        "replicates/001/fields/001/report.html",
    ):
        assert text in page, text
    assert "drawn as a band from the least to the largest, and told" not in page  # that is of fields alone
    (curve,) = contact.touching(result, ["control"])
    shares = [contact.touching(part, ["control"])[0] for part in result.by_replicate.values()]
    np.testing.assert_allclose(
        curve.values["control"], np.mean([one.values["control"] for one in shares], axis=0)
    )
    (field,) = shares[0].each["control"][:1]
    part = next(iter(result.by_replicate.values()))
    cells, box = (getattr(part.by_field["image 1"], of)(60.0, "control") for of in ("cells", "box"))
    assert field[-1] == contact.share_touching(cells, box)
    assert (shares[0].spread["control"][0] <= shares[0].values["control"]).all()
    assert main(["report", str(result.path / "replicates" / "002")]) == 0
    assert (result.path / "replicates/002/fields/002/report.html").is_file()


@pytest.mark.parametrize("value", [0, -1, "3", 2.5, True, 10**6])
def test_numbers_of_replicates_that_cannot_be_meant_are_told(value):
    with pytest.raises(InputError, match="replicates"):
        asked(scenario__replicates=value)


def test_the_table_of_curves_carries_the_interval_of_each_mean(ensemble):
    table = to_pandas(ensemble, arm="control")
    spread = ensemble.spread.sel(arm="control")
    assert table["burden"].tolist() == ensemble.observables["burden"].sel(arm="control").values.tolist()
    for end in ("low", "high"):
        expected = spread["burden"].sel(statistic=end).values
        np.testing.assert_array_equal(table[f"burden_{end}"], expected)
        assert table.attrs["units"][f"burden_{end}"] == table.attrs["units"]["burden"]
    assert "burden_low" not in to_pandas(ensemble.by_replicate["1"])


def test_parts_of_another_kind_are_refused_with_those_that_are_there(ensemble):
    with pytest.raises(InputError, match=r"by_replicate\['1'\]"):
        ensemble.by_field  # noqa: B018
    with pytest.raises(InputError, match="use it as it is"):
        ensemble.by_replicate["1"].by_replicate  # noqa: B018
    assert not hasattr(ensemble, "by_field")
    with pytest.raises(AttributeError, match="'Ensemble' has no attribute 'replicates'"):
        ensemble.replicates  # noqa: B018


def test_a_run_has_a_ratio_of_its_arms_without_an_interval(ensemble):
    alone = ensemble.by_replicate["1"]
    ratio = alone.ratio("nivolumab", "control")
    above, below = (alone.observables["burden"].sel(arm=arm) for arm in ("nivolumab", "control"))
    np.testing.assert_allclose(ratio["burden"].sel(statistic="mean"), above / below)
    assert np.isnan(ratio["burden"].sel(statistic="low")).all()
    with pytest.raises(InputError, match="there is no arm"):
        alone.ratio("nivolumab", "untreated")


def test_a_result_tells_itself_in_a_line(ensemble):
    assert repr(ensemble).startswith("<Ensemble '")
    assert "3 replicates, arms control, nivolumab; complete" in repr(ensemble)
    assert "\n" not in repr(ensemble)
    assert repr(ensemble.by_replicate["2"]).startswith("<Result '")
