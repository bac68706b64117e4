"""A tissue and its patient: each gives what the other gets; frozen, it is the run without; kills cost no bit."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

from opsonin.cli.main import main
from opsonin.core.errors import HostError, InputError, RunError
from opsonin.core.schedule import ticks
from opsonin.engine import loop, run, systemic
from opsonin.engine.start import started
from opsonin.io.scenario import Scenario
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.model.tables import TISSUE_EXIT
from opsonin.patient.blood_part import in_body
from opsonin.patient.free_drug import free_drug
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose
from opsonin.patient.window_part import ARRIVING, LEAVING, given
from opsonin.report.html import write_report
from opsonin.store.diff import diff
from opsonin.tissue import accounts, extent
from opsonin.tissue.tissue import ARRIVED, BROUGHT, DIED, DIVIDED, LEFT, REACTIVE
from tissues import CONTROL, plan, scenario

LIBRARY = load_library()
HOUR = 60.0
CELLS = {
    "cancer": "2500 cells/mm2",
    "cd8": "900 cells/mm2",
    "nk": "200 cells/mm2",
    "macrophage": "300 cells/mm2",
}
TISSUE = {"size": ["200 um", "200 um"], "densities": CELLS}
EARLY = {"name": "early", "dose": [{"drug": "nivolumab", "amount": "240 mg", "every": "8 h"}]}
LATE = {"name": "late", "dose": [{"drug": "durvalumab", "amount": "1500 mg", "at": "5 h"}]}


def asked(**changes):
    timed = {"scenario__duration": "8 h", "output__every": "2 h", "arm": [CONTROL, EARLY, LATE]}
    return scenario(**timed | {"tissue__generate": TISSUE, "patient": {"interval": "1 h"}} | changes)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return run.run(asked(), tmp_path_factory.mktemp("coupled") / "out", threads=1)


def patient_at_start():
    """A tissue of many killers and its patient, at time 0."""
    asked_for = plan(
        tissue__generate=TISSUE, patient={"interval": "1 h"}, scenario__duration="8 h", arm=[CONTROL]
    )
    tissue = started(asked_for)
    patient = systemic.begun(asked_for, asked_for.courses[0], tissue)
    patient.act(tissue)
    return asked_for, tissue, patient


def carried(asked_for, tissue, begin, end):
    for tick in range(ticks(begin), ticks(end), asked_for.coupling):
        loop.advance(asked_for, asked_for.courses[0], tissue, tick, lambda *_: None)


@pytest.mark.parametrize(
    "patient", [{"interval": "1 h", "frozen": True}, {"interval": "2 h", "frozen": True}]
)
def test_with_the_patient_frozen_the_run_is_the_one_without_a_patient(tmp_path, patient):
    run.run(asked(patient=patient, arm=[CONTROL, EARLY]), tmp_path / "frozen", threads=1)
    alone = asked(arm=[CONTROL, EARLY]).resolved()
    del alone["patient"]
    bare = run.run(Scenario.from_dict(alone), tmp_path / "alone", threads=1)
    frozen = run.Result.open(tmp_path / "frozen")
    for arm in ("control", "early"):
        np.testing.assert_array_equal(frozen.trace(arm)["hash"], bare.trace(arm)["hash"])
        for hour in range(0, 9, 2):
            assert frozen.cells(HOUR * hour, arm).equals(bare.cells(HOUR * hour, arm))
    for name, values in bare.observables.items():
        np.testing.assert_array_equal(frozen.observables[name].values, values.values, name)
    assert not any(name.startswith("patient_") for name in bare.observables)
    moved = frozen.patient("early")["clones_tumour_cells"]
    assert moved.iloc[-1] != moved.iloc[0]  # who is not heard is followed all the same
    with pytest.raises(InputError, match="no patient"):
        bare.patient("early")


def test_the_burden_is_the_net_growth_of_the_tissue(stored):
    for arm in stored.arms:
        table = stored.patient(arm)
        assert list(table["time"] * 24.0) == pytest.approx(range(9))
        burden = stored.observables["burden"].sel(arm=arm)
        grown = burden.sel(time=table["time"].to_numpy(), method="nearest", tolerance=1e-6)
        assert table["tumour_cells"].to_numpy() / 1e9 == pytest.approx(grown.values, rel=1e-9)
        told = stored.observables["patient_tumour_cells"].sel(arm=arm)
        whole = np.round(told["time"].values * 48.0) % 2 == 0  # between them it is as last brought up to date
        assert told.values[whole] / 1e9 == pytest.approx(burden.values[whole], rel=1e-9)
    assert stored.observables["patient_tumour_cells"].units == "cells"
    ends = stored.summary["arms"]["early"]
    assert ends["patient_blood_cd8_per_L"] == pytest.approx(636e6, rel=0.01)
    assert ends["patient_nivolumab_plasma_nM"] > 100.0
    assert stored.summary["arms"]["late"]["patient_nivolumab_plasma_nM"] == 0.0


@pytest.mark.usefixtures("blank_pictures")
def test_report_and_provenance_tell_of_the_patient(stored):
    page = write_report(stored.path).read_text()
    assert "The patient around it" in page
    assert "Tumour cells of the patient" in page
    assert any("at rest with this tissue" in sentence for sentence in stored.provenance["placed"])
    assert "libroadrunner" in stored.provenance["versions"]
    assert "immunity.adult.tumour.burden" in {row["path"] for row in stored.provenance["assumed"]}
    assert "immunity.adult.tumour.contact" not in {row["path"] for row in stored.provenance["assumed"]}


def test_replicates_have_a_patient_each_and_means_of_all(tmp_path):
    again = {"scenario__duration": "2 h", "scenario__replicates": 2, "output__every": "1 h", "arm": [CONTROL]}
    both = run.run(asked(**again), tmp_path / "both", threads=1)
    table = both.patient("control")
    assert list(table["replicate"]) == ["1"] * 3 + ["2"] * 3
    ends = table[table["time"] == table["time"].max()]["tumour_cells"]
    mean = both.observables["patient_tumour_cells"].sel(arm="control").values[-1]
    assert mean == pytest.approx(ends.mean())


def test_check_tells_of_the_patient(tmp_path, capsys):
    (tmp_path / "s.toml").write_text(asked().to_toml())
    assert main(["check", str(tmp_path / "s.toml")]) == 0
    assert "coupled, every 1 h" in capsys.readouterr().out


def test_what_the_patient_books_is_what_the_tissue_counted():
    asked_for, tissue, patient = patient_at_start()
    tissue.balance.flux *= 200.0  # so that some come and leave within hours
    tissue.tables.types[:, TISSUE_EXIT] *= 20.0
    first, summed = tissue.accounts.live.copy(), 0.0
    cd8, nk, cancer = (tissue.species.cells.index(name) for name in ("cd8", "nk", "cancer"))
    taken = {"tumour": 0.0, "nk": 0.0}
    for hour in range(6):
        carried(asked_for, tissue, HOUR * hour, HOUR * (hour + 1))
        passed = tissue.accounts.passed.copy()
        rates = patient.rates(tissue, HOUR)
        for group, own in (("tumour", passed[cd8, 1]), ("nk", passed[nk].sum(axis=0))):
            booked = (rates[given(group, ARRIVING)] - rates[given(group, LEAVING)]) * HOUR
            assert booked == pytest.approx(patient.stands_for * (own[ARRIVED] - own[LEFT]), rel=1e-12)
            taken[group] += lost_to_the_tumour(patient, rates, group)
        summed = summed + passed
        patient.follow(tissue, ticks(HOUR * (hour + 1)))
        live = tissue.accounts.live
        for told, cells in (
            ("tumour_cells", live[cancer].sum()),
            ("tumour_cd8_cells", live[cd8, 1]),
            ("tumour_nk_cells", live[nk].sum()),
        ):
            assert patient.told[told] == pytest.approx(patient.stands_for * cells, rel=1e-9), told
        patient.act(tissue)
    signs = np.zeros(5)
    signs[[ARRIVED, DIVIDED, BROUGHT]], signs[[LEFT, DIED]] = 1.0, -1.0
    np.testing.assert_array_equal(first + summed @ signs, accounts.census(tissue))
    for group, own in (("tumour", summed[cd8, 1]), ("nk", summed[nk].sum(axis=0))):
        assert own[ARRIVED] > 0.0
        assert own[LEFT] > 0.0
        assert taken[group] == pytest.approx(patient.stands_for * (own[ARRIVED] - own[LEFT]), rel=1e-4), group


def lost_to_the_tumour(patient, rates, group):
    """What the body has less at the end of an hour than if nobody had come or left, as its own losses undo it."""
    model = patient._model(0.0)
    body = in_body("nk") if group == "nk" else f"clones_{group}"
    loss = math.log(2.0) / (
        LIBRARY.immunity["adult"].blood["nk"].half_life.value
        if group == "nk"
        else LIBRARY.immunity["adult"].node.contraction.value
    )
    ends = []
    for inputs in (rates, rates | {given(group, what): 0.0 for what in (ARRIVING, LEAVING)}):
        found = systemic._loaded(model).run([body], [0.0, HOUR], (), patient.state | inputs)
        ends.append(found.values[-1, 0])
    return (ends[1] - ends[0]) * loss * HOUR / -math.expm1(-loss * HOUR)


def test_accounts_add_up_where_the_window_is_cropped_or_tiled():
    asked_for, tissue, patient = patient_at_start()
    carried(asked_for, tissue, 0.0, HOUR)
    extent.tile(tissue, 0, ticks(HOUR))
    accounts.book(tissue, BROUGHT)
    extent.crop(tissue, 1, ticks(HOUR))
    accounts.book(tissue, BROUGHT)
    patient.follow(tissue, ticks(HOUR))
    cancer = tissue.species.cells.index("cancer")
    live = accounts.census(tissue)
    assert patient.told["tumour_cells"] == pytest.approx(patient.stands_for * live[cancer].sum(), rel=1e-9)
    assert patient.told["tumour_nk_cells"] == pytest.approx(
        patient.stands_for * live[tissue.species.cells.index("nk")].sum(), rel=1e-9
    )


def test_arrivals_follow_what_the_body_has():
    _, tissue, patient = patient_at_start()
    names = [tissue.species.cells[source.kind] for source in tissue.arrivals]
    np.testing.assert_array_equal(tissue.called, np.ones((len(names), 3)))
    patient.state["clones_tumour"] *= 3.0
    patient.state[in_body("nk")] *= 0.5
    patient.state[in_body("monocyte")] *= 0.1
    patient.state[in_body("neutrophil")] = -1.0  # rounding of the integrator
    patient.act(tissue)
    called = dict(zip(names, tissue.called, strict=True))
    assert called["cd8"] == pytest.approx([1.0, 1.0, 3.0])
    assert called["cd8"][REACTIVE] == pytest.approx(3.0)
    assert called["nk"] == pytest.approx([0.5] * 3)
    for name in ("macrophage", "mdsc", "dc"):
        assert called[name] == pytest.approx([0.1] * 3), name
    assert called["neutrophil"] == pytest.approx([0.0] * 3)
    assert called["car_t"] == pytest.approx([1.0] * 3)


def test_fewer_in_blood_means_fewer_in_the_tissue():
    def arrived(share):
        asked_for, tissue, patient = patient_at_start()
        patient.state[in_body("monocyte")] *= share
        patient.act(tissue)
        tissue.balance.flux *= 1e3  # so that an hour tells
        carried(asked_for, tissue, 0.0, HOUR)
        return tissue.accounts.passed[tissue.species.cells.index("macrophage"), :, ARRIVED].sum()

    many, few = arrived(1.0), arrived(0.1)
    assert many > 10.0
    assert few < 0.4 * many


def test_a_tumour_that_takes_more_clones_than_there_are_stops_the_run_and_says_why():
    asked_for, tissue, patient = patient_at_start()
    carried(asked_for, tissue, 0.0, HOUR)
    tissue.accounts.passed[tissue.species.cells.index("cd8"), 1, ARRIVED] += 1e3
    with pytest.raises(RunError) as error:
        patient.follow(tissue, ticks(HOUR))
    told = str(error.value)
    assert "clones_tumour" in told
    assert "stands for" in told
    assert "larger tissue" in told


def test_a_killed_run_goes_on_with_the_same_bits(stored, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(stored.path, out)
    (out / "summary.json").unlink()
    for arm in stored.arms:
        for index in (2, 3, 4):
            shutil.rmtree(out / "arms" / arm / f"{index:06d}")
    again = run.resume(out, threads=1)
    assert diff(stored.path, out) is None
    for arm in stored.arms:
        assert again.patient(arm).equals(stored.patient(arm))
        for file in ("checkpoint.npz", "patient.parquet", "observables.parquet"):
            ours, theirs = (path / "arms" / arm / "000004" / file for path in (out, stored.path))
            assert ours.read_bytes() == theirs.read_bytes(), file


@pytest.mark.parametrize("at", ["4 h", "5 h"])
def test_a_branch_is_the_run_of_its_doses_and_so_is_its_patient(stored, at):
    branched = stored.branch(at, arm="late", source="control", threads=1)
    np.testing.assert_array_equal(branched.trace("late")["hash"], stored.trace("late")["hash"])
    assert branched.patient("late").equals(stored.patient("late"))
    for name in branched.observables:
        ours, theirs = (of.observables[name].sel(arm="late").values for of in (branched, stored))
        np.testing.assert_array_equal(ours, theirs, name)


def test_a_later_dose_or_end_changes_no_bit_of_what_was_before():
    drug = LIBRARY.drugs["durvalumab"]
    grid = 5.0 * np.arange(2 * 24 * 12 + 1)
    short = free_drug(drug, [Given(60.0, drug.name, 1500.0)], grid[: len(grid) // 2])
    long = free_drug(drug, [Given(60.0, drug.name, 1500.0), Given(2000.0, drug.name, 1500.0)], grid)
    early = np.arange(0.0, 1400.0, 2.5)
    assert [short.at(time) for time in early] == [long.at(time) for time in early]
    assert short.at(59.99) == 0.0
    assert short.at(60.0) > 0.0


def test_free_drug_is_the_exact_sum_where_kinetics_are_linear_and_less_where_elimination_saturates():
    grid, doses = 5.0 * np.arange(28 * 288 + 1), (0.0, 10080.0)
    for name, mg, least, most in (
        ("pembrolizumab", 240.0, 1 - 1e-6, 1 + 1e-6),
        ("durvalumab", 100.0, 0.0, 0.95),
    ):
        drug = LIBRARY.drugs[name]
        exact = DrugCourse(drug, tuple(OneDose(time, mg) for time in doses))
        followed = free_drug(drug, [Given(time, name, mg) for time in doses], grid)
        for day in (6.9, 13.9, 20.0):
            assert least <= followed.at(1440.0 * day) / exact.tissue(1440.0 * day) <= most, (name, day)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"patient": {"intervall": "1 h"}}, ("intervall", "'interval'")),
        ({"patient": {"interval": "15 min"}}, ("15 min", "coupling steps of 10 min", '"10 min"')),
        ({"patient": {"interval": "90 min"}}, ("90 min", "output.every", '"1 h"')),
        ({"patient": {"interval": "3 h"}}, ("3 h", '"2 h"')),
        ({"patient": {"interval": "0 h"}}, ("0 h", "above 0")),
        ({"patient": {"interval": 6}}, ("6", "no unit")),
        ({"patient": {"frozen": "yes"}}, ("frozen", "true or false")),
        ({"patient": {"weight": "3 m"}}, ("weight", "kg")),
        ({"patient": True}, ("patient", "table of keys")),
        ({"tissue__tumour": "b16"}, ("b16", "animal")),
        ({"tissue__generate": {"geometry": "spheroid", "diameter": "120 um"}}, ("spheroid", "medium")),
    ],
)
def test_what_is_wrong_with_the_patient_is_told(changes, words):
    with pytest.raises(InputError) as error:
        asked(**changes)
    for word in words:
        assert word in str(error.value)


def test_several_fields_have_no_patient(tmp_path):
    (tmp_path / "cells.csv").write_text("x,y,cell\n1,1,a\n")
    data = asked().resolved()
    data["tissue"] = {
        "tumour": "melanoma",
        "biopsy": "cells.csv",
        "labels": "melanoma-markers",
        "fields": "all",
    }
    with pytest.raises(InputError, match="name one field"):
        Scenario.from_dict(data, folder=tmp_path)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    from opsonin.patient import extra

    def missing(module):
        raise ImportError(module)

    monkeypatch.setattr(extra, "import_module", missing)
    with pytest.raises(HostError, match=r"opsonin\[patient\]"):
        plan(patient={})


def test_left_out_the_interval_fits_what_is_observed_and_the_weight_is_that_of_the_tumour():
    assert plan(patient={}).interval == ticks(6 * HOUR)
    assert plan(patient={}, output__every="2 h").interval == ticks(0.5 * HOUR)
    dosed = {"name": "dosed", "dose": [{"drug": "nivolumab", "amount": "3 mg/kg"}]}
    (heavy,) = plan(patient={"weight": "100 kg"}, arm=[dosed]).courses[0].regimen.drugs[0].doses
    assert heavy.amount == pytest.approx(300.0)
