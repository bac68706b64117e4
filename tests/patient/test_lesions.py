"""Several lesions of one patient: they share blood, node and drugs, differ in what is written, and may seed others."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from opsonin.cli.main import main
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.body import Body
from opsonin.patient.clone_part import Lesion
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.outcome import outcome
from opsonin.patient.reservoir import Key, Reservoir
from opsonin.patient.sbml import faults_of

pytestmark = pytest.mark.slow  # beside kernels its models take half a minute to load

LIBRARY = load_library()
DAY = 1440.0
TWO = (Lesion("skin", 0.7), Lesion("liver", 0.3))


def through(days, lesions, drug="nivolumab", given=(), tumour="melanoma", seeding=None, replicate=0):
    model = PatientModel.of([LIBRARY.drugs[drug]], Body(LIBRARY, tumour, lesions))
    reservoir = Reservoir(
        model.sites,
        Key(1, "1", replicate),
        days * DAY,
        seeding=model.seeding if seeding is None else seeding,
    )
    names = {output.column: output.name for output in model.outputs if output.kind != "amount"}
    engine = Integrator(model.sbml, "patient")
    times = np.linspace(0.0, days * DAY, days + 1)
    found = engine.run(list(names.values()), times, model.changes(given), turns=reservoir)
    return model, reservoir, dict(zip(names, found.values.T, strict=True))


def test_lesions_that_are_alike_are_one_tumour():
    given = [Given(0.0, "nivolumab", 240.0)]
    _, _, one = through(28, (Lesion(),), given=given)
    model, _, two = through(28, TWO, given=given)
    assert faults_of(model.sbml) == []
    for column in ("tumour_cells", "tumour_cd8_cells", "clones_tumour_cells", "blood_cd8_per_L"):
        assert two[column] == pytest.approx(one[column], rel=0.02), column
    assert two["tumour_cells_in_skin"][0] == pytest.approx(7e8)
    whole = two["tumour_cells_in_skin"] + two["tumour_cells_in_liver"]
    assert whole == pytest.approx(two["tumour_cells"], rel=1e-12)


def test_a_lesion_with_few_killers_and_little_mhc_responds_less():
    given = [Given(number * 14.0 * DAY, "nivolumab", 240.0) for number in range(4)]
    lesions = (Lesion("skin", 0.5), Lesion("liver", 0.5, killers=0.3, levels={"MHC-I": 0.2}))
    _, _, found = through(56, lesions, given=given)
    skin, liver = (found[f"tumour_cells_in_{name}"] for name in ("skin", "liver"))
    assert skin[-1] < 0.98 * liver[-1]


def test_a_lesion_grows_as_its_own_doubling_time_says():
    lesions = (Lesion("skin", 0.5), Lesion("liver", 0.5, doubling_time=20.0 * DAY))
    _, _, found = through(20, lesions)
    liver, skin = (found[f"tumour_cells_in_{name}"] for name in ("liver", "skin"))
    assert liver[-1] / liver[0] == pytest.approx(2.0, rel=0.03)
    assert skin[-1] / skin[0] == pytest.approx(2.0 ** (20.0 / 64.0), rel=0.03)


def test_a_product_finds_all_lesions():
    given = [Given(0.0, "tisagenlecleucel", 2e8)]
    model, reservoir, found = through(40, TWO, "tisagenlecleucel", given, "dlbcl")
    assert faults_of(model.sbml) == []
    for name in ("skin", "liver"):
        assert found[f"tumour_cells_in_{name}"][-1] < 1e-3 * found[f"tumour_cells_in_{name}"][0]
    assert found["tisagenlecleucel_in_tumour_cells"].max() > 0.0
    assert reservoir.cells["cancer_susceptible_in_liver"][0] == pytest.approx(3e8, rel=0.05)


def test_places_without_tumour_are_seeded_by_chance_and_killers_follow():
    places = (Lesion("main"), Lesion("new_1", present=False))
    model, none, found = through(30, places, tumour="b_all", seeding=0.0)
    assert faults_of(model.sbml) == []
    assert found["tumour_cells_in_new_1"].max() < 1e-9
    assert found["tumour_cd8_in_new_1_cells"].max() < 1e-9
    assert np.isfinite(np.array(list(found.values()))).all()
    _, _, alone = through(30, (Lesion("main"),), tumour="b_all")
    assert found["tumour_cells"] == pytest.approx(alone["tumour_cells"], rel=1e-6)
    _, seeded, found = through(60, places, tumour="b_all", seeding=1e-9)
    assert found["tumour_cells_in_new_1"][-1] > 100.0
    assert found["tumour_cd8_in_new_1_cells"][-1] > 0.0
    assert seeded.cells["cancer_susceptible_in_new_1"] != none.cells["cancer_susceptible_in_new_1"]


def test_a_new_lesion_is_progression():
    times = np.array([0.0, 20.0, 40.0])
    old = {"susceptible": np.array([1e9, 1e8, 1e7])}
    new = {"susceptible": np.array([0.0, 1e3, 2e7])}
    assert outcome(times, [old], 1e6).best == "PR"
    both = outcome(times, [old, new], 1e6)
    assert (both.best, both.appeared) == ("PR", 40.0)
    early = outcome(times, [{"susceptible": np.array([1e9, 1e9, 1e9])}, new], 1e6)
    assert (early.best, early.appeared) == ("PD", 40.0)


def said(arguments, capfd, code=0):
    assert main(["patient", "simulate", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


COURSE = """\
duration = "14 d"
every = "1 d"
[[lesion]]
name = "skin"
share = 0.6
[[lesion]]
name = "liver"
share = 0.4
killers = 0.5
levels = { "MHC-I" = 0.3 }
clones = { "b2m-loss" = 0.1 }
"""


def test_the_command_tells_of_each_lesion(tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text(COURSE)
    out = tmp_path / "out.parquet"
    told = json.loads(said([course, "--tumour", "melanoma", "-o", out, "--json"], capfd))
    assert set(told["outcomes"]["1"]["lesions"]) == {"skin", "liver"}
    assert told["outcomes"]["1"]["mixed"] is False
    table = pq.read_table(out).to_pandas()
    assert table["clone_b2m_loss_in_liver_cells"][0] == pytest.approx(4e7)
    words = said([course, "--tumour", "melanoma"], capfd)
    assert "lesion liver: SD" in words


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("share = 0.4", "share = 0.5", "add up to 1.1, not to 1"),
        ("share = 0.4\n", "", "it has no share, and others have"),
        ('"liver"', '"skin"', "two lesions are called 'skin'"),
        ('"liver"', '"new_1"', "that come later"),
        ('"liver"', '"Liver 1"', "name"),
        ("MHC-I", "MHC-J", "molecule 'MHC-J' is not in the knowledge base"),
        ("b2m-loss", "b2m-los", "Did you mean 'b2m-loss'?"),
        ("b2m-loss", "jak-loss", "makes no difference in this patient"),
        ("MHC-I", "CD19", "cells of melanoma carry no CD19"),
        ("killers = 0.5", 'doubling_time = "1 d"', "below that of its cells without loss"),
        ("killers = 0.5", "killers = -1", "killers"),
        ("killers = 0.5", "killers = 0", "has few: for example killers = 0.01"),
        ("MHC-I", "HLA", "Did you mean 'MHC-I'?"),
        ("MHC-I", "HLA-DR", "Did you mean 'MHC-II'?"),
        ("MHC-I", "CD274", "Did you mean 'PD-L1'?"),
        ('"b2m-loss" = 0.1', '"b2m-loss" = 0.7, "antigen-loss" = 0.7', "its clones add up to 1.4"),
    ],
)
def test_lesions_that_cannot_be_are_told_with_their_place(was, now, told, tmp_path, capfd):
    course = tmp_path / "course.toml"
    assert was in COURSE
    text = COURSE.replace(was, now) if was != '"liver"' else COURSE.replace(was, now, 1)
    course.write_text(text)
    printed = said([course, "--tumour", "melanoma"], capfd, code=2)
    assert told in printed
    assert "lesion" in printed


def test_lesions_need_a_tumour(tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text(COURSE)
    assert "none is named" in said([course], capfd, code=2)
