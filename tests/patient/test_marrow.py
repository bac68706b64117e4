"""Leukaemia and myeloma in marrow and blood: counts, exchange without loss, and what drugs and killers do in both."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_patient_model import in_copasi

from opsonin.knowledge.library import load_library
from opsonin.laws.trafficking import spilled
from opsonin.model.dosing import Given
from opsonin.patient.body import Body
from opsonin.patient.clone_part import Lesion
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.reservoir import Key, Reservoir
from opsonin.patient.sbml import faults_of

LIBRARY = load_library()
DAY = 1440.0
IN_MARROW = ("aml", "b_all", "myeloma")
CAR_T = [Given(0.0, "tisagenlecleucel", 2e8)]
ENGAGER = [Given(0.0, "blinatumomab", 0.028 * 14, 14.0 * DAY)]
PILLS = [Given(day * DAY, "venetoclax", 400.0) for day in range(7)]
PLACES = ("marrow_tumour_cells", "blood_tumour_cells")


def patient(tumour, *drugs, library=LIBRARY, lesions=()):
    model = PatientModel.of([library.drugs[name] for name in drugs], Body(library, tumour, lesions))
    return model, Integrator(model.sbml, "patient")


def of_burden(cells):
    return LIBRARY.override("immunity.adult.tumour.burden", f"{cells:g} cells")


@pytest.mark.parametrize("tumour", IN_MARROW)
def test_before_treatment_blood_keeps_its_share_and_both_grow_as_published(tumour):
    _, engine = patient(tumour)
    names = [*PLACES, "tumour_cells", "blood_tumour_per_uL", "marrow_tumour_share"]
    days = np.array([0.0, 60.0])
    marrow, blood, cells, count, share = engine.run(names, days * DAY).values.T
    numbers = LIBRARY.tumours[tumour]
    growth = math.log(2.0) / numbers.doubling_time.value
    rates = (numbers.circulation.spilling, numbers.circulation.returning, numbers.circulation.loss)
    assert blood / marrow == pytest.approx(spilled(*(rate.value for rate in rates), growth), rel=1e-5)
    assert math.log(cells[1] / cells[0]) == pytest.approx(growth * 60.0 * DAY, rel=1e-4)
    assert marrow + blood == pytest.approx(cells, rel=1e-12)
    assert cells[0] == pytest.approx(LIBRARY.immunity["adult"].tumour.burden.value, rel=1e-12)
    assert count == pytest.approx(blood / 5e6, rel=1e-12)
    others = LIBRARY.immunity["adult"].marrow.cells.value
    assert share == pytest.approx(marrow / (marrow + others), rel=1e-12)


def test_blasts_of_a_microlitre_are_not_drawn_among_counts_of_a_litre():
    model, _ = patient("b_all")
    kinds = {output.column: output.kind for output in model.outputs}
    assert kinds["blood_tumour_per_uL"] == "blasts"
    assert {kind for column, kind in kinds.items() if column.endswith("_per_L")} == {"blood"}


def test_of_a_lymphoma_or_a_solid_tumour_nothing_is_in_blood():
    for tumour in ("dlbcl", "melanoma"):
        model = PatientModel.of([], Body(LIBRARY, tumour))
        assert not {"blood_tumour_per_uL", "marrow_tumour_share", *PLACES} & set(model.parts.names())


@pytest.mark.parametrize(
    ("drug", "given"), [("tisagenlecleucel", CAR_T), ("blinatumomab", ENGAGER), ("venetoclax", PILLS)]
)
def test_what_changes_is_what_divides_less_what_dies(drug, given):
    """Cells that spill and come back are neither made nor lost."""
    model, engine = patient("b_all", drug, library=of_burden(1e11))
    flows = [flow for flow in model.parts.flows if {flow.source, flow.target} & set(PLACES)]
    between = [flow for flow in flows if {flow.source, flow.target} == set(PLACES)]
    assert len(between) == 2
    names = ["tumour_division", "tumour_dying", *PLACES, *(flow.name for flow in flows)]
    found = engine.run(names, np.array([0.0, 0.5, 2.0, 6.0]) * DAY, model.changes(given))
    into, out = (
        sum(found.of(flow.name) for flow in flows if getattr(flow, side) is not None and flow not in between)
        for side in ("target", "source")
    )
    assert into == pytest.approx(found.of("tumour_division") * found.of(PLACES[0]), rel=1e-12)
    assert out == pytest.approx(found.of("tumour_dying"), rel=1e-9)
    assert all((found.of(flow.name) > 0.0).all() for flow in between)


@pytest.mark.parametrize(
    ("drug", "given"), [("tisagenlecleucel", CAR_T), ("blinatumomab", ENGAGER), ("venetoclax", PILLS)]
)
def test_drugs_and_killers_act_in_blood_as_well(drug, given):
    """With no exchange cells of blood only die there: on their own, or of what is given."""
    library = of_burden(1e10)
    for key in ("spilling", "returning"):
        library = library.override(f"tumour.b_all.circulation.{key}", "0 1/d")
    model, engine = patient("b_all", drug, library=library)
    start = {"blood_tumour_cells": 1e9}
    days = np.array([0.0, 6.0]) * DAY
    untreated, treated = (
        engine.run(["blood_tumour_cells"], days, model.changes(doses), start).values[-1, 0]
        for doses in ((), given)
    )
    loss = LIBRARY.tumours["b_all"].circulation.loss.value
    assert untreated == pytest.approx(
        1e9 * math.exp(-6.0 * DAY * loss), rel=5e-3
    )  # some die of their priming
    assert treated < 0.3 * untreated


def test_t_cells_come_to_marrow_however_few_tumour_cells_it_holds():
    names = ["tisagenlecleucel_in_tumour", "tisagenlecleucel_cells"]
    shares = []
    for cells in (1e7, 1e9):
        model, engine = patient("b_all", "tisagenlecleucel", library=of_burden(cells))
        inside, outside = engine.run(names, np.array([0.0, 3.0]) * DAY, model.changes(CAR_T)).values[-1]
        shares.append(inside / outside)
    assert shares[0] == pytest.approx(shares[1], rel=0.3)
    assert shares[0] > 0.01
    _, engine = patient("b_all", "blinatumomab")
    name = "bystander_cd8_in_tumour"
    there = engine.run([name], np.array([0.0, 60.0]) * DAY).values[:, 0]
    every = 0.636e9 * 5.0 / 0.02
    assert there == pytest.approx(LIBRARY.immunity["adult"].marrow.t_cells.value * every, rel=0.01)


def test_a_t_cell_that_is_bridged_to_leukaemia_kills_some_cells_a_day():
    """Five T cells' targets are gone within a day (Int J Cancer 2005, 115:98, abstract); not if all were held back."""
    all_held = of_burden(1e11).override("immunity.adult.marrow.inhibited", 1)
    found = []
    for library in (of_burden(1e11), all_held):
        model, engine = patient("b_all", "blinatumomab", library=library)
        names = ["bystander_cd8_kills", "tumour_cells"]
        rows = engine.run(names, np.array([0.0, 1.0, 7.0]) * DAY, model.changes(ENGAGER)).values
        found.append((rows[1, 0] * DAY, rows[-1, 1]))
    (kills, left), (held_kills, held_left) = found
    assert 2.0 < kills < 12.0
    assert left < 1e-3 * 1e11
    assert held_kills < 0.1 * kills
    assert held_left > 0.5 * 1e11


def test_what_is_between_arrival_and_division_tells_how_tired_t_cells_of_marrow_are():
    """Newcomers are fresh, and daughters as tired as their mothers: the more divide there, the less is renewed."""
    model, engine = patient("b_all", "blinatumomab", library=of_burden(1e12))
    name = "bystander_cd8_in_tumour"
    names = [name, f"{name}_arriving", "bystander_cd8_exhaustion", "bystander_cd8_exhaustion_diluted"]
    found = engine.run(names, np.array([0.0, 7.0]) * DAY, model.changes(ENGAGER))
    there, coming, tired, diluted = found.values[-1]
    assert there > 2.0 * found.of(name)[0]  # most were made there
    assert tired > 0.3
    assert diluted == pytest.approx(-coming / there * tired, rel=1e-6)


def test_pd1_holds_back_the_share_of_a_product_that_carries_it():
    passed, kills = [], []
    for share in (0.0, 0.3, 1.0):
        library = of_burden(1e11).override("cell.car_t.chimeric.pd1_positive", share)
        _, engine = patient("b_all", "tisagenlecleucel", library=library)
        names = ["car_t_passed_PD_1_PD_L1", "car_t_kills"]
        found = engine.run(names, np.array([0.0, 1.0]) * DAY).values[0]
        passed.append(found[0])
        kills.append(found[1])
    assert passed[0] == 1.0
    assert passed[1] == pytest.approx(1.0 - 0.3 * (1.0 - passed[2]), rel=1e-12)
    assert passed[2] < 0.8
    assert kills[0] > kills[1] > kills[2]


def test_a_product_grows_where_its_antigen_is_until_it_lacks_antigen_or_room():
    """In marrow at the speed that was measured in patients; outside on B cells and blasts of blood alone."""
    model, engine = patient("b_all", "tisagenlecleucel", library=of_burden(5e11))
    names = [
        "tisagenlecleucel_in_tumour_dividing",
        "tisagenlecleucel_in_tumour",
        "tisagenlecleucel_cells_growth",
        "tisagenlecleucel_found_in_marrow",
        "tisagenlecleucel_in_tumour_found",
        "tisagenlecleucel_room",
        "tisagenlecleucel_targets",
        "tisagenlecleucel_signal_cancer",
        "tisagenlecleucel_signal_b_cell",
        "blood_tumour_cells",
        "body_b_cell",
    ]
    found = engine.run(names, np.array([0.0, 14.0]) * DAY, model.changes(CAR_T)).values[-1]
    grown, there, fast, allowed, left, room, targets, seen, seen_b, blood, b_cells = found
    assert grown == pytest.approx(there * fast * allowed * left * room, rel=1e-9)
    assert targets == pytest.approx(seen * blood + seen_b * b_cells, rel=1e-9)
    assert allowed > 0.9
    assert 0.2 < room < 0.9


@pytest.mark.parametrize("most", [1e11, 4e11])
def test_no_more_cells_of_a_product_are_there_than_find_room(most):
    library = of_burden(1e12).override("immunity.adult.product_most", f"{most:g} cells")
    model, engine = patient("b_all", "tisagenlecleucel", library=library)
    found = engine.run(["tisagenlecleucel_every"], np.arange(41) * DAY, model.changes(CAR_T)).values[:, 0]
    assert 0.4 * most < found.max() < most


def test_few_cells_are_whole_in_blood_and_in_marrow():
    model, engine = patient("b_all", "tisagenlecleucel", lesions=(Lesion(),))
    assert faults_of(model.with_doses(model.changes(CAR_T))) == []
    reservoir = Reservoir(model.sites, Key(1, "1"), 30.0 * DAY)
    clones = reservoir.clones
    names = [name for clone in clones for name in (clone.home, clone.blood, clone.cells)]
    found = engine.run(names, np.arange(31) * DAY, model.changes(CAR_T), turns=reservoir)
    few = 0
    for clone in clones:
        home, blood, cells = (found.of(name) for name in (clone.home, clone.blood, clone.cells))
        told = np.array(reservoir.cells[clone.cells])
        assert cells == pytest.approx(told, rel=1e-9)
        drawn = (told > 0.0) & (told < 1e6)
        few += int(drawn.sum())
        assert (home[drawn] % 1.0 == 0.0).all()
        assert (blood[drawn] % 1.0 == 0.0).all()
    assert few > 10


def test_it_is_valid_sbml_and_the_same_in_a_second_engine():
    model, engine = patient("b_all", "tisagenlecleucel")
    made = model.changes(CAR_T)
    assert faults_of(model.with_doses(made)) == []
    watched = [*PLACES, "body_b_cell", "tisagenlecleucel_in_tumour", "marrow_tumour_share"]
    end, count = 10.0 * DAY, 41
    theirs = in_copasi(model.with_doses(made), watched, end, count)
    times = np.linspace(0.0, end, count)
    ours = engine.run(watched, times, made)
    apart = ~np.isin(times, ours.change_times)
    assert theirs[apart] == pytest.approx(ours.values[apart], rel=1e-6)


@pytest.mark.slow
def test_a_patient_without_any_tumour_cell_left_can_be_followed_for_a_year():
    """T cells stay in marrow that holds none: rates are steep there, over which the integrator stalled."""
    library = of_burden(3e7)
    for name in ("mcl1-gain", "cd19-loss"):
        library = library.override(f"defect.{name}.rate", 0)
    model, engine = patient("b_all", "tisagenlecleucel", library=library, lesions=(Lesion(),))
    reservoir = Reservoir(model.sites, Key(1, "1"), 365.0 * DAY)
    names = ["tumour_cells", "tisagenlecleucel_in_tumour"]
    found = engine.run(names, np.array([0.0, 100.0, 365.0]) * DAY, model.changes(CAR_T), turns=reservoir)
    assert (found.of("tumour_cells")[1:] == 0.0).all()
    assert found.of("tisagenlecleucel_in_tumour")[-1] > 1e6
