"""The reservoir of clones: few cells as a birth-death process, mutants before treatment, turns with the model."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

from opsonin.cli.main import main
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.body import Body
from opsonin.patient.clone_part import Lesion, defects_that_matter
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.outcome import Outcome, mixed, outcome
from opsonin.patient.reservoir import Key, Reservoir, drawn_at_first, drawn_later
from opsonin.patient.sbml import faults_of

LIBRARY = load_library()
DAY = 1440.0
ONE = (Lesion(),)
ALPHA = 1e-4  # of each test against theory
DRAWS = 4000
# A tumour that CAR-T cells end: as the knowledge base has it, cells with more MCL-1 outlive them.
CURABLE = {
    "immunity.adult.tumour.burden": "3e7 cells",
    "immunity.adult.tumour.contact": 1,
    "defect.mcl1-gain.rate": 0,
    "defect.cd19-loss.rate": 0,
}
CAR_T = [Given(0.0, "tisagenlecleucel", 2e8)]


def drawn(number, *arguments, law=drawn_later):
    """Many draws, each with a key of its own."""
    return np.array([law(Key(7, "p", k).generator("clone", number), *arguments) for k in range(DRAWS)], float)


def as_expected(found, mean, variance):
    """Whether a mean of draws is as expected."""
    return abs(found.mean() - mean) < stats.norm.isf(ALPHA / 2) * math.sqrt(variance / len(found))


def as_often(count, share, of=DRAWS):
    return stats.binomtest(int(count), of, share).pvalue > ALPHA


BIRTH, DEATH, TIME = 0.8, 0.5, 3.0  # of a cell, per day, and days


@pytest.mark.parametrize(("birth", "death"), [(0.8, 0.5), (0.5, 0.8), (0.5, 0.5), (0.0, 0.7), (0.9, 0.0)])
@pytest.mark.parametrize("cells", [1, 7])
def test_few_cells_die_out_and_grow_as_a_linear_birth_death_process(birth, death, cells):
    found = drawn(1, cells, birth * TIME, death * TIME, 0.0, TIME)
    rate = birth - death
    grown = math.exp(rate * TIME)
    span = TIME if rate == 0.0 else (grown - 1.0) / rate
    gone = death * span / (1.0 + birth * span)
    assert as_often((found == 0).sum(), gone**cells)
    variance = cells * (birth + death) * grown * span
    assert as_expected(found, cells * grown, variance)
    if variance:
        assert found.var() == pytest.approx(variance, rel=0.25)


def test_mutants_that_come_have_mean_and_variance_of_a_process_with_immigration():
    coming = 2.5
    found = drawn(2, 0, BIRTH * TIME, DEATH * TIME, coming * TIME, TIME)
    span = math.expm1((BIRTH - DEATH) * TIME) / (BIRTH - DEATH)
    mean, variance = coming * span, coming * span * (1.0 + BIRTH * span)
    assert as_expected(found, mean, variance)
    assert found.var() == pytest.approx(variance, rel=0.15)
    assert as_often((found == 0).sum(), (1.0 + BIRTH * span) ** (-coming / BIRTH))


def test_one_interval_is_as_good_as_two():
    once = drawn(3, 5, BIRTH * TIME, DEATH * TIME, 0.3 * TIME, TIME)
    half = TIME / 2.0
    first = drawn(4, 5, BIRTH * half, DEATH * half, 0.3 * half, half)
    twice = np.array(
        [
            drawn_later(
                Key(8, "p", k).generator("c", 0), int(n), BIRTH * half, DEATH * half, 0.3 * half, half
            )
            for k, n in enumerate(first)
        ]
    )
    assert stats.ks_2samp(once, twice).pvalue > ALPHA


def test_nothing_comes_of_nothing():
    assert drawn_later(Key(1, "p").generator("c", 0), 0, 2.0, 1.0, 0.0, 1.0) == 0
    assert drawn_later(Key(1, "p").generator("c", 0), 3, 0.0, 800.0, 0.0, 1.0) == 0


@pytest.mark.parametrize("loss", [0.0, 0.5, 0.9])
def test_mutants_before_treatment_are_as_many_as_luria_and_delbrueck_expect(loss):
    """The share of tumours without any, as of Keller and Antal 2015, and the mean."""
    rate, cells, birth = 2e-5, 2e4, 1.0
    growth = birth * (1.0 - loss)
    found = drawn(5, rate, 0.0, birth, growth, cells, law=drawn_at_first)
    expected = 2.0 * rate * birth * cells * math.log(cells) / growth
    lost = birth * loss
    founders = (
        2.0 * rate * birth * cells * math.log((birth - lost / cells) / growth) / lost
        if lost
        else 2.0 * rate * birth * (cells - 1.0) / growth
    )
    assert as_often((found == 0).sum(), math.exp(-founders))
    # the mean is dominated by rare early mutants: that of what is below a quarter of the tumour is finite enough
    assert found.mean() == pytest.approx(expected, rel=0.5)
    assert np.median(found) < expected


def test_silenced_genes_that_come_back_leave_fewer():
    kept, back = (drawn(6, 1e-4, v, 1.0, 0.5, 1e4, law=drawn_at_first).mean() for v in (0.0, 0.05))
    lost = 2.0 * 0.05 * math.log(1e4) / 0.5  # over the life of the tumour
    mean = -math.expm1(-lost) / lost
    assert back / kept == pytest.approx(mean, rel=0.2)


def test_draws_depend_on_their_key_alone():
    one = Key(1, "a", 0).generator("b2m-loss", 1440).random(3)
    assert (Key(1, "a", 0).generator("b2m-loss", 1440).random(3) == one).all()
    others = [
        Key(2, "a", 0).generator("b2m-loss", 1440),
        Key(1, "b", 0).generator("b2m-loss", 1440),
        Key(1, "a", 1).generator("b2m-loss", 1440),
        Key(1, "a", 0).generator("jak-loss", 1440),
        Key(1, "a", 0).generator("b2m-loss", 2880),
    ]
    for other in others:
        assert (other.random(3) != one).all()


@pytest.mark.slow
def test_only_defects_that_some_killer_or_the_death_switch_notices_are_followed():
    plain = defects_that_matter(LIBRARY, "b_all", [])
    assert set(plain) == {"antigen-loss", "antigen-silencing", "b2m-loss", "mcl1-gain"}
    product = defects_that_matter(LIBRARY, "b_all", [LIBRARY.drugs["tisagenlecleucel"]])
    assert set(product) - set(plain) == {"cd19-loss"}
    assert "cd19-loss" not in defects_that_matter(LIBRARY, "melanoma", [LIBRARY.drugs["tisagenlecleucel"]])


def patient(tumour, drugs, lesions=ONE, library=LIBRARY):
    model = PatientModel.of([library.drugs[name] for name in drugs], Body(library, tumour, lesions))
    return model, Integrator(model.sbml, "patient")


def followed(model, engine, days, given=(), replicate=0, turn=DAY, names=("tumour_cells",)):
    reservoir = Reservoir(model.sites, Key(1, "1", replicate), days * DAY, turn)
    times = np.linspace(0.0, days * DAY, days + 1)
    return reservoir, engine.run(names, times, model.changes(given), turns=reservoir)


@pytest.mark.slow
def test_the_model_with_clones_is_valid_sbml_and_kills_each_clone_as_its_defect_says():
    model, engine = patient("b_all", ["tisagenlecleucel"])
    assert faults_of(model.sbml) == []
    killers = ("cd8", "nk", "car_t")
    names = [f"{killer}_activation{mark}" for killer in killers for mark in ("", "_b2m_loss")]
    seen = dict(zip(names, engine.run(names, [0.0]).values[0], strict=True))
    assert seen["cd8_activation"] > 0.0 == seen["cd8_activation_b2m_loss"]
    assert seen["nk_activation_b2m_loss"] > seen["nk_activation"]
    assert seen["car_t_activation_b2m_loss"] >= seen["car_t_activation"] > 0.0
    assert "car_t_activation_cd19_loss" not in model.parts.names()
    hits = engine.run(["hits_needed", "hits_needed_mcl1_gain", "hits_needed_antigen_loss"], [0.0]).values[0]
    assert hits[1] > 1.15 * hits[0] == pytest.approx(1.15 * hits[2])


@pytest.mark.slow
def test_a_tumour_of_many_cells_is_that_of_the_mean_field():
    model, engine = patient("melanoma", [])
    plain = PatientModel.of([], Body(LIBRARY, "melanoma"))
    times = np.linspace(0.0, 28.0 * DAY, 29)
    mean = Integrator(plain.sbml, "patient").run(["tumour_cells"], times).values[:, 0]
    _, found = followed(model, engine, 28)
    assert found.of("tumour_cells") == pytest.approx(mean, rel=0.01)
    assert found.of("tumour_cells")[0] == pytest.approx(1e9)


@pytest.mark.slow
def test_clones_are_whole_or_carried_by_their_mean_and_what_is_gone_stays_gone():
    small = LIBRARY
    for path, value in CURABLE.items():
        small = small.override(path, value)
    model, engine = patient("dlbcl", ["tisagenlecleucel"], library=small)
    reservoir, found = followed(model, engine, 150, CAR_T)
    for values in map(np.array, reservoir.cells.values()):
        few = values < 1e6
        assert (values[few] == np.round(values[few])).all()
    left = found.of("tumour_cells")
    assert left[-1] == 0.0
    gone = int(np.flatnonzero(left == 0.0)[0])
    assert (left[gone:] == 0.0).all()
    again, twice = followed(model, engine, 150, CAR_T)
    assert again.cells == reservoir.cells
    assert (twice.values == found.values).all()


@pytest.mark.slow
def test_killing_selects_the_clone_that_it_does_not_see():
    model, engine = patient("b_all", ["tisagenlecleucel"], (Lesion(clones={"cd19-loss": 1e-6}),))
    reservoir, _ = followed(model, engine, 120, CAR_T)
    assert reservoir.cells["cancer_susceptible"][-1] == 0.0
    assert reservoir.cells["cancer_cd19_loss"][-1] > 100.0 * reservoir.cells["cancer_cd19_loss"][0]


def test_cells_without_cd19_are_in_few_leukaemias_and_more_often_in_large_ones():
    """Two hits in the cells that propagate it: a share of patients, as published, and more with more disease."""
    tumour, rate = LIBRARY.tumours["b_all"], LIBRARY.defects["cd19-loss"].rate.value
    birth = math.log(2.0) / tumour.potential_doubling_time.value
    growth = math.log(2.0) / tumour.doubling_time.value
    few, many = (
        np.count_nonzero(drawn(11, rate, 0.0, birth, growth, cells, law=drawn_at_first)) / DRAWS
        for cells in (1e9, 1e12)
    )
    assert few < 0.02
    assert 0.2 < many < 0.7


def test_a_patient_of_a_population_has_mutants_by_its_own_rate():
    model, _ = patient("b_all", ["tisagenlecleucel"])
    numbers = {"tumour_division": 1e-4, "cancer_susceptible_deaths_rate": 3e-5, "tumour_cells": 1e9}

    def mutants(rate):
        found = numbers | {f"rate_{name}": 0.0 for name in ("antigen_loss", "antigen_silencing", "b2m_loss")}
        found |= {"rate_mcl1_gain": 0.0, "rate_cd19_loss": rate, "reverts_antigen_silencing": 0.0}
        reservoir = Reservoir(model.sites, Key(1, "1"), DAY)
        return reservoir.begin(lambda name: found.get(name, 0.0)), reservoir.cells["cancer_cd19_loss"][0]

    assert mutants(0.0)[1] == 0.0
    assert mutants(1e-6)[1] > 1e3


@pytest.mark.slow
def test_a_share_that_is_written_stands_in_place_of_what_growth_would_bring():
    model, engine = patient("melanoma", [], (Lesion(clones={"b2m-loss": 0.25}),))
    reservoir, _ = followed(model, engine, 1)
    assert reservoir.cells["cancer_b2m_loss"][0] == 2.5e8
    assert sum(cells[0] for cells in reservoir.cells.values()) == pytest.approx(1e9)


@pytest.mark.slow
def test_a_drug_that_mutates_brings_more_mutants():
    library = LIBRARY.override("drug.cyclophosphamide.effects.mutates:all.fold_max", 50)
    given = [Given(0.0, "cyclophosphamide", 1000.0)]
    model, engine = patient("melanoma", ["cyclophosphamide"], library=library)
    names = ["cancer_b2m_loss_newcomers", "cancer_antigen_silencing_newcomers"]
    _, plain = followed(model, engine, 2, names=names)
    _, treated = followed(model, engine, 2, given, names=names)
    assert treated.values[-1, 0] > 1.5 * plain.values[-1, 0]
    assert treated.values[-1, 1] < 1.01 * plain.values[-1, 1]  # silencing is no mutation


def test_response_relapse_and_cure_are_told_apart():
    times = np.array([0.0, 10.0, 20.0, 60.0, 90.0])
    seen = 1e7
    relapse = outcome(
        times,
        [{"susceptible": np.array([1e9, 1e6, 1.0, 0.0, 0.0]), "b": np.array([10.0, 1e2, 1e3, 2e7, 4e9])}],
        seen,
    )
    assert (relapse.best, relapse.complete, relapse.cured, relapse.relapsed, relapse.relapse_of) == (
        "CR",
        10.0,
        None,
        60.0,
        "b",
    )
    assert relapse.last_diameter == pytest.approx(100.0 * (4.0 ** (1 / 3) - 1.0))
    cure = outcome(times, [{"susceptible": np.array([1e9, 1e6, 1.0, 0.0, 0.0])}], seen)
    assert (cure.best, cure.complete, cure.cured, cure.relapsed) == ("CR", 10.0, 60.0, None)
    left = outcome(times, [{"susceptible": np.array([1e9, 1e6, 1.0, 3.0, 5.0])}], seen)
    assert (left.complete, left.cured) == (10.0, None)
    small = outcome(times, [{"susceptible": np.array([1e6, 1e6, 1e6, 1e6, 1e6])}], seen)
    assert small.best == "NE"


@pytest.mark.parametrize(
    ("cells", "best"),
    [
        ([1.0, 1.1, 1.2, 1.3, 1.4], "SD"),
        ([1.0, 1.5, 2.0, 2.5, 3.0], "PD"),
        ([1.0, 0.5, 0.3, 0.8, 2.0], "PR"),
        ([1.0, 1.1, 1.2, 2.0, 3.0], "SD"),
    ],
)
def test_best_response_is_that_of_recist(cells, best):
    times = np.array([0.0, 10.0, 20.0, 60.0, 90.0])
    assert outcome(times, [{"susceptible": 1e9 * np.array(cells)}], 1e7).best == best


def test_a_response_is_mixed_where_one_lesion_shrinks_and_another_grows():
    shrunk, grown = Outcome("PR", -60.0, -50.0), Outcome("PD", 0.0, 40.0)
    assert mixed({"a": shrunk, "b": grown})
    assert not mixed({"a": shrunk, "b": shrunk})


def said(arguments, capfd, code=0):
    assert main(["patient", "simulate", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


@pytest.mark.slow
def test_the_command_tells_of_clones_and_of_what_became_of_them(tmp_path, capfd):
    course = tmp_path / "course.toml"
    text = 'duration = "120 d"\nevery = "1 d"\ndose = [{ drug = "tisagenlecleucel", amount = "2e8 cells" }]\n'
    pairs = ", ".join(f'"{path}" = {json.dumps(value)}' for path, value in CURABLE.items())
    text += f"knowledge = {{ {pairs} }}\n"
    course.write_text(text + "replicates = 2\nseed = 3\n")
    out = tmp_path / "out.parquet"
    told = json.loads(said([course, "--tumour", "dlbcl", "-o", out, "--json"], capfd))
    assert set(told["outcomes"]) == {"1/1", "1/2"}
    assert told["outcomes"]["1/1"]["outcome"]["best"] == "CR"
    assert told["replicates"]["1"]["cured"]["of"] == 2
    table = pq.read_table(out).to_pandas()
    assert {"clone_susceptible_cells", "clone_cd19_loss_cells", "replicate"} <= set(table)
    clones = table.filter(regex="^clone_").sum(axis=1)
    assert clones.to_numpy() == pytest.approx(table["tumour_cells"].to_numpy(), rel=1e-9, abs=1e-6)
    assert set(table["replicate"]) == {1, 2}
    course.write_text(text)
    words = said([course, "--tumour", "dlbcl"], capfd)
    assert "outcome: CR" in words
    assert "cured" in words


@pytest.mark.parametrize("line", ["seed = -1", "replicates = 0", "seed = 1.5", "replicates = 100000"])
@pytest.mark.slow
def test_a_seed_or_a_number_of_replicates_that_cannot_be_is_told(line, tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text(f'duration = "1 d"\n{line}\n')
    assert line.split()[0] in said([course, "--tumour", "melanoma"], capfd, code=2)
