"""Priming in a patient: drugs that hold BCL-2 kill primed blood cancers as in a tissue, and nothing else changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_death_in_tissue import BY_MOUTH, dying_of_the_drug
from test_patient_body import DAY, LIBRARY, every, patient, through
from test_patient_model import in_copasi

from opsonin.model.dosing import Given
from opsonin.patient.body import Body
from opsonin.patient.clone_part import CANCER, Lesion
from opsonin.patient.contact_part import Contact, side_of
from opsonin.patient.drug_names import Names
from opsonin.patient.drug_part import drug_part
from opsonin.patient.effect_part import Effects
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.receptor_part import receptor_parts
from opsonin.patient.sbml import faults_of
from opsonin.patient.sheet import Sheet

VENETOCLAX = LIBRARY.drugs["venetoclax"]
TUMOURS = ("aml", "b_all", "dlbcl", "myeloma", "melanoma")
MARGIN = (
    0.15  # of the share alive: one rate stands for cells that differ, and 270 cells have an error of 0.03
)


def by_mouth(days):
    return every(1.0, "venetoclax", 400.0, days)


def rate_at(tumour, free_drug):
    """Rate of death of primed cells [1/d] at a concentration of free venetoclax [nM] that stays."""
    library = LIBRARY.of_tumour(tumour)
    sheet = Sheet([drug_part(VENETOCLAX), *receptor_parts([VENETOCLAX])])
    rate = Contact(library, tumour, Effects((VENETOCLAX,), sheet)).primed(side_of(library, CANCER, tumour))
    return DAY * sheet.at_rest(rate, **{Names("venetoclax").tumour: free_drug})


@pytest.mark.parametrize("tumour", TUMOURS)
@pytest.mark.parametrize("free_drug", [0.05, 0.15, 0.5])
def test_the_share_alive_under_a_constant_drug_is_that_of_the_tissue(tumour, free_drug):
    held = {"drug": "venetoclax", "amount": f"{free_drug} nM", "lasting": "5 d"}
    for days in (1, 2):
        alive = math.exp(-days * rate_at(tumour, free_drug))
        assert alive == pytest.approx(1.0 - dying_of_the_drug(tumour, days, held), abs=MARGIN), days


@pytest.mark.parametrize("tumour", TUMOURS)
def test_the_share_alive_after_a_day_of_the_drug_by_mouth_is_that_of_the_tissue(tumour):
    model, engine = patient("venetoclax", tumour=tumour)
    times = np.linspace(0.0, DAY, 97)
    died = 0.0
    if "primed_deaths" in model.parts.names():
        died = np.trapezoid(
            engine.run(["primed_deaths"], times, model.changes(by_mouth(1))).values[:, 0], times
        )
    assert math.exp(-died) == pytest.approx(1.0 - dying_of_the_drug(tumour, 1, BY_MOUTH), abs=MARGIN)


@pytest.mark.parametrize(
    ("tumour", "least", "most"), [("aml", 0.0, 0.1), ("b_all", 0.0, 0.1), ("dlbcl", 0.2, 0.7)]
)
def test_venetoclax_kills_primed_blood_cancers_within_days(tumour, least, most):
    treated = through(1.0, by_mouth(1), tumour, rows=2)["tumour_cells"][-1]
    assert least < treated / through(1.0, tumour=tumour, rows=2)["tumour_cells"][-1] < most


def test_it_kills_no_tumour_that_is_not_primed_and_hardly_one_that_rests_on_mcl1():
    for tumour, least in (("melanoma", 0.995), ("myeloma", 0.97)):
        treated, plain = (through(14.0, given, tumour, rows=2) for given in (by_mouth(14), ()))
        assert treated["tumour_cells"][-1] > least * plain["tumour_cells"][-1]
    unprimed = LIBRARY.override("tumour.aml.priming", 0)
    model, _ = patient("venetoclax", tumour="aml", library=unprimed)
    assert "primed_deaths" not in model.parts.names()


def test_a_drug_that_leaves_the_switch_alone_leaves_priming_out():
    for drugs in ((), ("nivolumab",), ("cyclophosphamide",)):
        model, _ = patient(*drugs, tumour="aml")
        assert not {"primed_deaths", "tumour_primed"} & set(model.parts.names())


@pytest.mark.parametrize("tumour", TUMOURS)
def test_priming_kills_nobody_at_rest_beyond_what_growth_contains(tumour):
    """With the drug in the model and none given, the tumour grows as without it."""
    plain = through(60.0, tumour=tumour)
    waiting = through(60.0, [Given(60.0 * DAY, "venetoclax", 400.0)], tumour)
    assert waiting["tumour_cells"] == pytest.approx(plain["tumour_cells"], rel=1e-7)
    assert rate_at("aml", 0.0) < 2e-3  # as of the shipped priming: less than one in five hundred a day


def test_cells_with_more_mcl1_outlive_the_drug():
    model = PatientModel.of([VENETOCLAX], Body(LIBRARY, "aml", (Lesion(),)))
    engine = Integrator(model.sbml, "patient")
    rates = ["marrow_cancer_susceptible", "marrow_cancer_mcl1_gain"]
    found = engine.run(rates, [0.0, 2.0 * DAY], model.changes(by_mouth(2)), dict.fromkeys(rates, 1e6)).values
    lost = np.log(found[0] / found[1])
    assert lost[0] > 3.0 * lost[1] > 0.0


@pytest.mark.slow
def test_two_lesions_with_clones_are_valid_and_each_dies_by_what_it_carries():
    resistant = Lesion("skin", 0.5, levels={"MCL-1": 10.0})
    model = PatientModel.of([VENETOCLAX], Body(LIBRARY, "aml", (Lesion("marrow", 0.5), resistant)))
    made = model.changes(by_mouth(2))
    assert faults_of(model.with_doses(made)) == []
    names = ["tumour_cells_in_marrow", "tumour_cells_in_skin"]
    found = Integrator(model.sbml, "patient").run(names, [0.0, 2.0 * DAY], made).values
    marrow, skin = found[-1] / found[0]
    assert marrow < 0.01
    assert skin > 0.1


def test_the_model_with_priming_is_valid_sbml_and_the_same_in_a_second_engine():
    model, engine = patient("venetoclax", tumour="dlbcl")
    made = model.changes(by_mouth(3))
    assert faults_of(model.with_doses(made)) == []
    watched, end, count = ["tumour_cells", "primed_deaths", "needed_priming"], 3.0 * DAY, 73
    theirs = in_copasi(model.with_doses(made), watched, end, count)
    times = np.linspace(0.0, end, count)
    ours = engine.run(watched, times, made)
    apart = ~np.isin(times, ours.change_times)
    assert theirs[apart] == pytest.approx(ours.values[apart], rel=1e-6)
