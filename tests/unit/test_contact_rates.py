"""What a tumour without places takes from runs: sums of known answer, intervals, refusals, and the command."""

from __future__ import annotations

import json
import re
import tempfile
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import opsonin
from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.engine.contact_rates import LEAST_KILLS, measure
from opsonin.engine.recording import Recorder
from opsonin.engine.start import started
from opsonin.knowledge.library import load_library
from opsonin.laws.trafficking import in_contact
from opsonin.model.phase import COMMITTED
from opsonin.observe.contact_rates import Watched, contact, mean_of, ratio
from opsonin.observe.killers import EXHAUSTION, FITNESS, HOLDING, REACTIVE
from opsonin.patient.killing import kills_of_one
from opsonin.reference.metabolism import fitness_of
from small_run import small_run
from tissues import CONTROL, NIVOLUMAB, carried_on, plan, scenario

LIBRARY = load_library()
MINUTES = 360.0
KILLS = 2.0  # per day of a killer with a target


def watched(holding, reactive=40.0, targets=160.0, fitness=0.5):
    rows = np.ones(len(holding))
    return Watched(reactive * rows, np.array(holding), targets * rows, {FITNESS: fitness * rows})


@dataclass
class MadeRun:
    """A run in memory with so many killers, of which a share holds a target all the time."""

    share: float = 0.5
    killers: float = 30.0
    targets: float = 570.0
    days: float = 5.0
    fitness: float = 0.6
    tumour: str = "melanoma"
    knowledge: dict = field(default_factory=dict)
    dose: tuple = ()
    complete: bool = True
    path: Path = Path("out")
    looked: bool = True

    @property
    def provenance(self):
        arms = [{"name": "control", "dose": self.dose}]
        return {"scenario": {"tissue": {"tumour": self.tumour}, "arm": arms, "knowledge": self.knowledge}}

    @property
    def arms(self):
        return ["control"]

    def joined(self, arm, file):
        assert arm == "control"
        tick = np.arange(0.0, self.days * 1440.0 + 1.0, MINUTES) * 60
        rows = np.ones(len(tick))
        holding = float(in_contact(self.killers, self.targets, self.share))
        kills = KILLS * holding * tick / 86400.0
        eaten = 7.0 + 3.0 * tick / 86400.0
        table = {"tick": tick.astype(np.int64), "kills": kills + eaten, "eaten": eaten}
        table |= {"cancer_count": self.targets * rows}
        if self.looked:
            for kind, there in (("cd8", 1.0), ("nk", 0.0)):
                table[f"{kind}_{REACTIVE}"] = there * self.killers * rows
                table[f"{kind}_{HOLDING}"] = there * holding * rows
                given = {FITNESS: self.fitness, "holding_costimulated": 0.25, EXHAUSTION: 0.4}
                table |= {f"{kind}_{name}": value * rows for name, value in given.items()}
        return table


def test_contact_is_the_share_that_the_mean_field_multiplies():
    share = 0.7
    holding = float(in_contact(40.0, 160.0, share))
    found = contact([[watched([holding] * 3)], [watched([holding] * 3)]])
    assert found.value == pytest.approx(share)
    assert (found.low, found.high) == pytest.approx((share, share))
    both = [watched([holding] * 3), watched([0.0] * 3)]
    assert contact([both, both]).value == pytest.approx(share / 2.0)


def test_means_are_over_killers_with_a_target_as_often_as_they_hold_one():
    one, other = watched([30.0, 30.0], fitness=0.2), watched([10.0, 10.0], fitness=0.6)
    none = Watched(np.ones(2), np.zeros(2), np.ones(2), {FITNESS: np.full(2, np.nan)})
    assert mean_of([[one], [other], [none]], FITNESS).value == pytest.approx(0.3)


def test_of_samples_alike_in_size_the_interval_is_that_of_their_mean():
    values = np.array([1.0, 2.0, 4.0, 5.5])
    found = ratio(values, np.ones(4))
    low, high = stats.t.interval(0.9, 3, values.mean(), stats.sem(values))
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))
    assert ratio([3.0], [4.0]).value == 0.75
    assert np.isnan(ratio([3.0], [4.0]).low)


def test_a_larger_sample_counts_for_more():
    assert ratio([1.0, 9.0], [1.0, 3.0]).value == 2.5


def test_runs_of_known_numbers_give_them_back():
    found = measure([MadeRun(), MadeRun(killers=60.0)])
    assert found.contact.value == pytest.approx(0.5)
    assert found.fitness.value == pytest.approx(0.6)
    assert found.costimulated is not None
    assert found.costimulated.value == pytest.approx(0.25)
    assert found.killing.value == pytest.approx(KILLS)
    expected = 1440.0 * kills_of_one(LIBRARY, "melanoma", "cd8", 0.6, 0.25, 0.4)
    assert found.realised is not None
    assert found.realised.value == pytest.approx(KILLS / expected)
    assert list(found.by_type) == ["cd8"]
    assert found.by_type["cd8"].killers == pytest.approx(90.0)
    assert (found.runs, found.samples, found.days) == (2, 2, 5.0)
    assert found.numbers["immunity.adult.tumour.contact"] == 0.5
    assert found.numbers["immunity.adult.tumour.realised"] == pytest.approx(KILLS / expected, abs=1e-4)


def test_one_run_is_cut_into_stretches():
    found = measure([MadeRun()])
    assert (found.runs, found.samples) == (1, 5)
    assert found.contact.value == pytest.approx(0.5)
    assert found.killing.value == pytest.approx(KILLS)
    assert found.by_type["cd8"].killers == pytest.approx(30.0)
    later = measure([MadeRun()], since=2 * 1440.0)
    assert (later.days, later.samples) == (3.0, 3)


def test_numbers_of_the_run_decide_what_the_mean_field_would_do():
    known = {"cell.cd8.lytic.hit_rate_max": "0.03 1/min"}
    found = measure([MadeRun(knowledge=known), MadeRun(knowledge=known)])
    slow = LIBRARY.override("cell.cd8.lytic.hit_rate_max", "0.03 1/min")
    assert found.by_type["cd8"].kills == pytest.approx(
        1440.0 * kills_of_one(slow, "melanoma", "cd8", 0.6, 0.25, 0.4)
    )


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([MadeRun(killers=0.0)], "no killers"),
        ([MadeRun(killers=9.0), MadeRun(killers=9.0)], "fewer than 20"),
        ([MadeRun(targets=0.0)], "no tumour cells"),
        ([MadeRun(share=0.0)], "ever held"),
        ([MadeRun(complete=False)], "not finished"),
        ([MadeRun(looked=False)], "did not look"),
        ([MadeRun(dose=({"drug": "nivolumab"},))], "no arm without a drug"),
        ([MadeRun(), MadeRun(tumour="tnbc")], "is of tnbc"),
        ([MadeRun(), MadeRun(knowledge={"cell.cd8.diameter": "7 um"})], "other numbers"),
        ([MadeRun(days=0.5)], "3 rows"),
        ([MadeRun(days=1.5)], "no stretches"),
    ],
)
def test_runs_that_cannot_tell_are_refused(runs, said):
    with pytest.raises(InputError, match=said):
        measure(runs)


def test_an_arm_may_be_named():
    treated = MadeRun(dose=({"drug": "nivolumab"},))
    found = measure([treated, treated], "control")
    assert found.contact.value == pytest.approx(0.5)
    assert found.realised is None
    assert "immunity.adult.tumour.realised" not in found.numbers
    with pytest.raises(InputError, match="no arm 'contrl'"):
        measure([treated, treated], "contrl")


def test_observables_count_killers_that_see_the_tumour_and_look_at_those_with_a_target():
    asked = plan(
        tissue__generate={
            "size": ["200 um", "200 um"],
            "densities": {
                "cancer": "1500 cells/mm2",
                "cd8": "800 cells/mm2",
                "nk": "300 cells/mm2",
                "other": "1200 cells/mm2",
            },
        }
    )
    tissue = started(asked)
    carried_on(asked, tissue, 0, 120.0)
    recorder = Recorder(asked, asked.courses[0], "")
    snapshot = recorder._snapshot(tissue, 120.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    for kind in ("cd8", "nk"):
        own = (cells.kind[:n] == asked.species.cells.index(kind)) & (cells.phase[:n] <= COMMITTED)
        if kind == "cd8":
            own &= cells.reactive[:n] > 0
        holding = np.flatnonzero(own & (cells.partner[:n] > 0))
        told = {item.name: item.of(snapshot) for item in recorder._observables if item.name.startswith(kind)}
        assert told[f"{kind}_{REACTIVE}"] == own.sum() > 0
        assert told[f"{kind}_{HOLDING}"] == len(holding) > 0
        each = [fitness_of(cells, tissue.tables, tissue.exposure.free, i) for i in holding]
        assert told[f"{kind}_{FITNESS}"] == pytest.approx(np.mean(each), rel=1e-12)
        assert told[f"{kind}_{EXHAUSTION}"] == pytest.approx(cells.exhaustion[holding].mean(), rel=1e-12)


@lru_cache(maxsize=1)
def run_of_killers() -> Path:
    """A stored run in which all T cells recognise the tumour."""
    known = dict.fromkeys(("cell.cd8.lytic.pd1_positive", "cell.cd8.lytic.reactive_fraction"), 1)
    asked = scenario(
        scenario__duration="12 h", arm=[NIVOLUMAB, CONTROL], output__every="2 h", knowledge=known
    )
    out = Path(tempfile.mkdtemp(prefix="opsonin-test-")) / "out"
    return opsonin.run(asked, out, threads=1).path


def said(arguments, capfd, code=0):
    assert main(["patient", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


COURSE = 'duration = "10 d"\nevery = "1 d"\n'


def test_the_command_writes_numbers_that_a_patient_takes(tmp_path, capfd):
    out = tmp_path / "contacts.toml"
    printed = said(["contacts", run_of_killers(), "-o", out], capfd)
    assert "contact" in printed
    assert "stretches of one run" in printed
    numbers = tomllib.loads(out.read_text())["knowledge"]
    told = json.loads(said(["contacts", run_of_killers(), "--json"], capfd))
    assert told["numbers"] == numbers
    written = ["contact", "fitness", "costimulated"] + ["realised"] * (told["kills"] >= LEAST_KILLS)
    assert set(numbers) == {f"immunity.adult.tumour.{key}" for key in written}
    assert told["contact"]["low"] <= told["contact"]["value"] <= told["contact"]["high"]
    treated = json.loads(said(["contacts", run_of_killers(), "--arm", "nivolumab", "--json"], capfd))
    assert treated["kills"] != told["kills"] or treated["fitness"] != told["fitness"]

    course, model = tmp_path / "course.toml", tmp_path / "model.xml"
    course.write_text(COURSE)
    said(["simulate", course, "--tumour", "melanoma", "--knowledge", out, "--sbml", model], capfd)
    parameter = re.search(r'<parameter [^>]*id="contact"[^>]*>', model.read_text())
    value = re.search(r'value="([^"]*)"', parameter[0])
    assert float(value[1]) == numbers["immunity.adult.tumour.contact"]


def test_files_and_options_that_do_not_fit_are_refused(tmp_path, capfd):
    course, numbers = tmp_path / "course.toml", tmp_path / "numbers.toml"
    course.write_text(COURSE)
    numbers.write_text("duration = 3\n")
    assert "knowledge" in said(["simulate", course, "--tumour", "melanoma", "--knowledge", numbers], capfd, 2)
    assert "is of our model" in said(
        ["simulate", course, "--model", "a.xml", "--ports", "a.toml", "--knowledge", numbers], capfd, 2
    )
    assert "fewer than 20" in said(["contacts", small_run().path], capfd, 2)
    assert "no such folder" in said(["contacts", tmp_path / "none"], capfd, 2)
    assert "named twice" in said(["contacts", run_of_killers(), run_of_killers()], capfd, 2)
    assert "TOML file" in said(["contacts", run_of_killers(), "-o", tmp_path / "a.txt"], capfd, 2)
    assert "--since" in said(["contacts", run_of_killers(), "--since", "2 um"], capfd, 2)
