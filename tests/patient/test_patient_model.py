"""The patient's model: valid SBML made of laws, integrated as the exact sums say, the same in a second engine."""

from __future__ import annotations

import inspect
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_laws import LIMITS, NAMES

import second_engine
from opsonin.core.errors import RunError
from opsonin.knowledge.library import load_library
from opsonin.laws import operations
from opsonin.laws.pharmacology import cleared_saturably, held_by_one
from opsonin.laws.response import hill
from opsonin.model.dosing import Given
from opsonin.patient.doses import given_by
from opsonin.patient.drug_names import Names
from opsonin.patient.drug_part import drug_part
from opsonin.patient.formulae import called, functions, printed
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.parts import Amount, Constant, Derived, Flow, Part, Room, identifier, together
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose
from opsonin.patient.sbml import faults_of, written

DRUGS = load_library().drugs
CARRIED = [name for name, drug in sorted(DRUGS.items()) if drug.kinetics is not None]
DAY = 1440.0


def integrator(*names):
    model = PatientModel.of(DRUGS[name] for name in names)
    return model, Integrator(model.sbml, "patient")


def doses(*names):
    """Two at one time, one at time 0, one later."""
    return [Given(time, name, mg) for name in names for time, mg in ((0.0, 200.0), (0.0, 50.0), (DAY, 100.0))]


@pytest.mark.parametrize("name", CARRIED)
def test_the_model_of_a_drug_is_valid_sbml_with_all_its_units(name):
    model = PatientModel.of([DRUGS[name]])
    assert faults_of(model.with_doses(model.changes(doses(name)))) == []


def test_the_model_of_all_drugs_is_valid_too():
    model = PatientModel.of(DRUGS[name] for name in CARRIED)
    assert faults_of(model.sbml) == []
    assert 'level="3" version="2"' in model.sbml


def test_a_wrong_unit_would_be_seen():
    part = drug_part(DRUGS["nivolumab"])
    swapped = Derived("wrong", called(held_by_one, "nivolumab_central", "nivolumab_plasma"), "nM", "nothing")
    assert faults_of(written(together([part, Part(derived=(swapped,))]), "wrong"))


def linear(kinetics):
    return kinetics.max_elimination is None and kinetics.falling is None


@pytest.mark.parametrize("name", [name for name in CARRIED if linear(DRUGS[name].kinetics)])
def test_the_integrated_model_is_the_exact_sum_of_doses(name):
    model, engine = integrator(name)
    times = np.linspace(0.0, 4 * DAY, 33)
    course = DrugCourse(DRUGS[name], tuple(OneDose(dose.time, dose.amount) for dose in doses(name)))
    exactly = {Names(name).tumour: course.tissue, Names(name).plasma: course.plasma}
    if DRUGS[name].kinetics.metabolite is not None:
        exactly[Names(name).metabolite] = course.metabolite
    found = engine.run(list(exactly), times, model.changes(doses(name)))
    for column, exact in enumerate(exactly.values()):
        expected = np.array([exact(time) for time in times])
        error = np.abs(found.values[:, column] - expected)
        # What is left when a drug is all but gone is below what any assay sees.
        assert (error <= 1e-6 * np.maximum(expected, 1e-3 * expected.max())).all()


@pytest.mark.parametrize("name", CARRIED)
def test_what_was_given_is_in_the_body_or_has_left_it(name):
    model, engine = integrator(name)
    given = [*doses(name), Given(0.5 * DAY, name, 80.0, lasting=300.0)]
    times = np.linspace(0.0, 4 * DAY, 65)
    amounts = Names(name).amounts(DRUGS[name].kinetics)
    assert set(amounts) == set(engine.amounts)
    found = engine.run(amounts, times, model.changes(given)).values.sum(axis=1)
    expected = [given_by(given, time)[name] for time in times]
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_drug_that_was_not_given_is_nowhere_and_holds_nothing():
    model, engine = integrator("nivolumab", "pembrolizumab")
    found = engine.run(
        [output.name for output in model.outputs], [0.0, DAY], model.changes(doses("nivolumab"))
    )
    for output, value in zip(model.outputs, found.values[-1], strict=True):
        if output.drug == "pembrolizumab":
            assert value == 0.0, output.name


def test_antibodies_that_compete_share_one_receptor():
    model, engine = integrator("nivolumab", "pembrolizumab")
    both = doses("nivolumab", "pembrolizumab")
    held = ["nivolumab_on_PD_1", "pembrolizumab_on_PD_1"]
    together_held = engine.run(held, [DAY], model.changes(both)).values[0]
    alone = engine.run(held, [DAY], model.changes(doses("nivolumab"))).values[0]
    assert 0.9 < together_held.sum() < 1.0
    assert together_held[0] < 0.8 * alone[0]


def test_an_infusion_ends_at_what_a_bolus_of_many_small_doses_gives():
    model, engine = integrator("nivolumab")
    whole = model.changes([Given(0.0, "nivolumab", 240.0, lasting=60.0)])
    parts = model.changes([Given(0.1 * n + 0.05, "nivolumab", 0.4) for n in range(600)])
    at = [60.0, DAY]
    found, expected = (engine.run(["nivolumab_plasma"], at, made).values for made in (whole, parts))
    assert found == pytest.approx(expected, rel=1e-6)


def test_an_infusion_shorter_than_any_time_is_a_dose_at_once():
    model, engine = integrator("nivolumab")
    found = engine.run(
        ["nivolumab_central"], [18.0, 19.0], model.changes([Given(18.0, "nivolumab", 5.0, lasting=1e-9)])
    )
    assert found.values[0, 0] == 5.0


def test_an_infusion_that_has_ended_leaves_no_rate_behind():
    given = [Given(0.0, "nivolumab", 0.1, lasting=10.0), Given(5.0, "nivolumab", 0.2, lasting=30.0)]
    made = PatientModel.of([DRUGS["nivolumab"]]).changes(given)
    rates = [change.rates["nivolumab_infusion"] for change in made if change.rates]
    assert rates == [0.01, 0.01 + 0.2 / 30.0, 0.2 / 30.0, 0.0]


def test_what_is_known_before_a_dose_is_told_beside_what_is_after_it():
    model, engine = integrator("nivolumab")
    given = [Given(0.0, "nivolumab", 240.0), Given(14 * DAY, "nivolumab", 240.0)]
    found = engine.run(["nivolumab_central"], [0.0, 14 * DAY, 20 * DAY], model.changes(given))
    assert found.values[0, 0] == 240.0
    assert found.before[:, 0] == pytest.approx([0.0, found.values[1, 0] - 240.0])
    assert list(found.change_times) == [0.0, 14 * DAY]


def test_a_model_is_used_again_as_if_it_were_new():
    model, engine = integrator("durvalumab")
    run = lambda: engine.run(engine.amounts, [0.0, DAY, 9 * DAY], model.changes(doses("durvalumab"))).values  # noqa: E731
    first = run()
    engine.run(engine.amounts, [1.0, 3.0], (), {"durvalumab_clearance": 1.0, "durvalumab_central": 7.0})
    engine.rates([1.0] * len(engine.amounts))
    assert (run() == first).all()


def test_saturable_clearance_empties_a_low_level_faster_than_the_linear_way():
    model, engine = integrator("durvalumab")
    low, high = (
        engine.run(
            ["durvalumab_central"], [30 * DAY, 60 * DAY], model.changes([Given(0.0, "durvalumab", mg)])
        )
        for mg in (10.0, 1500.0)
    )
    assert low.values[1, 0] / low.values[0, 0] < 0.5 * high.values[1, 0] / high.values[0, 0]


def test_a_tissue_run_may_leave_out_the_saturable_way_at_the_doses_of_the_label():
    model, engine = integrator("durvalumab")
    times = np.linspace(0.0, 28 * DAY, 57)
    found = engine.run(["durvalumab_tumour"], times, model.changes([Given(0.0, "durvalumab", 1500.0)]))
    course = DrugCourse(DRUGS["durvalumab"], (OneDose(0.0, 1500.0),))
    assert found.values[:, 0] == pytest.approx([course.tissue(time) for time in times], rel=0.05)


def test_a_clearance_that_falls_does_so_from_the_first_dose_on():
    model, engine = integrator("nivolumab")
    falling = DRUGS["nivolumab"].kinetics.falling
    clearance = DRUGS["nivolumab"].kinetics.clearance.value
    half, late = falling.half_time.value, 400 * DAY
    for begun in (0.0, 100 * DAY):
        made = model.changes([Given(begun, "nivolumab", 240.0), Given(begun + half, "nivolumab", 10.0)])
        times = [begun, begun + half, begun + late]
        found = engine.run(["nivolumab_clearance_now"], times, made).values[:, 0]
        end = math.exp(-falling.fall.value * hill(late / half, 1.0, falling.steepness.value))
        expected = [1.0, math.exp(-0.5 * falling.fall.value), end]
        assert found / clearance == pytest.approx(expected, rel=1e-6)
    assert engine.run(["nivolumab_clearance_now"], [late]).values[0, 0] == pytest.approx(clearance)


def test_a_tissue_run_may_leave_out_that_clearance_falls():
    """Within 5 % over six weeks: it takes months."""
    model, engine = integrator("nivolumab")
    times = np.linspace(0.0, 42 * DAY, 43)
    given = [Given(n * 14 * DAY, "nivolumab", 240.0) for n in range(3)]
    found = engine.run(["nivolumab_tumour"], times, model.changes(given)).values[:, 0]
    course = DrugCourse(DRUGS["nivolumab"], tuple(OneDose(dose.time, dose.amount) for dose in given))
    assert found == pytest.approx([course.tissue(time) for time in times], rel=0.05)


@pytest.mark.parametrize("amount", [0.01, 1.0, 500.0])
def test_rates_of_the_loaded_model_are_those_of_the_laws(amount):
    _, engine = integrator("durvalumab")
    kinetics = DRUGS["durvalumab"].kinetics
    state = dict.fromkeys(engine.amounts, 0.0) | {"durvalumab_central": amount}
    lost = cleared_saturably(
        amount, kinetics.max_elimination.value, kinetics.half_saturation.value, kinetics.central_volume.value
    )
    lost += kinetics.clearance.value / kinetics.central_volume.value * amount
    rates = dict(zip(engine.amounts, engine.rates(list(state.values())), strict=True))
    passed = kinetics.intercompartmental.value / kinetics.central_volume.value * amount
    assert rates["durvalumab_peripheral"] == pytest.approx(passed, rel=1e-12)
    assert rates["durvalumab_central"] == pytest.approx(-lost - passed, rel=1e-12)
    assert rates["durvalumab_eliminated"] == pytest.approx(lost, rel=1e-12)


def as_sbml(names):
    """A model that only computes each of these laws, on parameters of its own, all of them without a unit."""
    constants, derived = [], []
    for name in names:
        arguments = list(inspect.signature(operations.LAWS[name]).parameters)
        constants += [Constant(f"{name}__{argument}", 1.0, "1", argument) for argument in arguments]
        formula = called(operations.LAWS[name], *(f"{name}__{argument}" for argument in arguments))
        derived.append(Derived(f"{name}__value", formula, "1", name))
    rooms = (Room("room", 1.0, "any"),)
    amounts = (Amount("something", "room", "any"), Amount("other", "room", "any"))
    flow = Flow(
        "flow", "something", "other", called(operations.LAWS["cleared"], "something", "room", "room"), "any"
    )
    return written(Part(tuple(constants), rooms, amounts, (), (flow,), tuple(derived)), "laws")


def test_every_law_written_as_sbml_computes_what_it_computes():
    engine = Integrator(as_sbml(NAMES), "laws")
    chance = random.Random(1)
    for _ in range(20):
        numbers, expected = {}, {}
        for name in NAMES:
            arguments = list(inspect.signature(operations.LAWS[name]).parameters)
            values = [10.0 ** chance.uniform(-1.0, 0.7) for _ in arguments]
            while not LIMITS.get(name, lambda _: True)(values):
                values = [10.0 ** chance.uniform(-1.0, 0.3) for _ in arguments]
            numbers |= {
                f"{name}__{argument}": value for argument, value in zip(arguments, values, strict=True)
            }
            expected[name] = operations.LAWS[name](*values)
        found = engine.run([f"{name}__value" for name in NAMES], [0.0], (), numbers).values[0]
        for name, value in zip(NAMES, found, strict=True):
            assert value == pytest.approx(expected[name], rel=1e-7, abs=1e-9), name


def test_a_law_that_calls_another_stays_a_call():
    formula = called(operations.LAWS["absorbed"], "amount", "half_life")
    assert printed(formula) == "absorbed(amount, half_life)"
    assert list(functions([formula])) == ["rate_of_half_life", "absorbed"]
    assert "rate_of_half_life(half_life)" in functions([formula])["absorbed"][1]


def test_two_parts_cannot_define_one_name():
    part = drug_part(DRUGS["nivolumab"])
    with pytest.raises(RunError, match="nivolumab_clearance"):
        together([part, part])


def test_names_become_identifiers():
    assert [identifier(name) for name in ("PD-1", "nivolumab", "4-1BB", "a:b")] == [
        "PD_1",
        "nivolumab",
        "_4_1BB",
        "a_b",
    ]
    found = [identifier(name) for name in load_library().drugs]
    assert len(set(found)) == len(found)


def test_a_model_that_cannot_be_loaded_is_told_by_its_name():
    with pytest.raises(RunError, match="their model"):
        Integrator("<sbml>", "their model")


def test_a_number_that_the_model_does_not_have_is_told():
    _, engine = integrator("nivolumab")
    with pytest.raises(RunError, match="nivolumab_klearance"):
        engine.run(["nivolumab_plasma"], [0.0], (), {"nivolumab_klearance": 1.0})


def test_an_amount_below_zero_is_refused():
    _, engine = integrator("nivolumab")
    with pytest.raises(RunError, match="nivolumab_central is -"):
        engine.run(["nivolumab_central"], [0.0, 1.0], (), {"nivolumab_central": -3.0})


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 10.0, 60.0, DAY]),
            st.sampled_from(["nivolumab", "vorinostat"]),
            st.floats(0.5, 900.0),
            st.sampled_from([0.0, 50.0, 60.0]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_doses_are_listed_changes_no_bit(listed, chance):
    given = [Given(*one) for one in listed]
    shuffled = list(given)
    chance.shuffle(shuffled)
    model = PatientModel.of([DRUGS["nivolumab"], DRUGS["vorinostat"]])
    assert model.changes(shuffled) == model.changes(given)
    total = sum(dose.amount for dose in given)
    assert sum(given_by(given, 2 * DAY).values()) == pytest.approx(total)


def in_copasi(text, names, end, count):
    """The same SBML integrated by COPASI: values of `names` at `count` even times, (times, names)."""
    copasi = second_engine.copasi()
    model = copasi.CRootContainer.addDatamodel()
    assert model.importSBMLFromString(text)
    task = model.getTask("Time-Course")
    task.setMethodType(copasi.CTaskEnum.Method_deterministic)
    problem, method = task.getProblem(), task.getMethod()
    problem.setDuration(end)
    problem.setStepNumber(count - 1)
    problem.setTimeSeriesRequested(True)
    method.getParameter("Relative Tolerance").setDblValue(1e-11)
    method.getParameter("Absolute Tolerance").setDblValue(1e-13)
    method.getParameter("Max Internal Steps").setIntValue(10_000_000)
    assert task.process(True), copasi.CCopasiMessage.getAllMessageText()
    series = task.getTimeSeries()
    known = [series.getSBMLId(n, model) for n in range(series.getNumVariables())]
    columns = [known.index(name) for name in names]
    rows = range(series.getRecordedSteps())
    return np.array([[series.getConcentrationData(row, column) for column in columns] for row in rows])


@pytest.mark.parametrize(
    "names", [("nivolumab", "vorinostat"), ("durvalumab",), ("cyclophosphamide", "venetoclax")]
)
def test_a_second_engine_makes_the_same_of_the_exported_model(names):
    model, engine = integrator(*names)
    given = [*doses(*names), Given(100.0, names[0], 40.0, lasting=90.0)]
    made = model.changes(given)
    watched = [output.name for output in model.outputs if output.kind in ("plasma", "tumour", "occupancy")]
    end, count = 3 * DAY, 109
    theirs = in_copasi(model.with_doses(made), watched, end, count)
    # COPASI tells of an event's time what was before it.
    times = np.linspace(0.0, end, count)
    ours = engine.run(watched, times, made)
    apart = ~np.isin(times, ours.change_times)
    assert apart.sum() > 100
    # Of a drug that is all but gone, five decades below its peak, what is left is compared to that.
    scale = np.maximum(np.abs(ours.values), 1e-5 * np.abs(ours.values).max(axis=0))
    assert (np.abs(theirs - ours.values) / scale)[apart].max() < 1e-6
