"""A patient with a tumour: at rest before treatment, moved by drugs through their targets alone, in balance."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_patient_model import in_copasi

from opsonin.cli.main import main
from opsonin.core.errors import RunError
from opsonin.knowledge.library import load_library
from opsonin.laws.recognition import net_activation
from opsonin.model.dosing import Given
from opsonin.observe.encounter import Side, Turned, log_factors
from opsonin.patient.body import Body
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.parts import Amount
from opsonin.patient.sbml import faults_of
from opsonin.patient.sheet import Sheet

LIBRARY = load_library()
DAY = 1440.0
SOLID = sorted(set(LIBRARY.tumours) - {"aml", "b_all", "dlbcl", "myeloma", "b16"})


def patient(*drugs, tumour="melanoma", library=LIBRARY):
    model = PatientModel.of([library.drugs[name] for name in drugs], Body(library, tumour))
    return model, Integrator(model.sbml, "patient")


def through(days, given=(), tumour="melanoma", library=LIBRARY, rows=61):
    """What is told of a patient over time, by column."""
    model, engine = patient(*sorted({dose.drug for dose in given}), tumour=tumour, library=library)
    names = {output.column: output.name for output in model.outputs if not output.drug}
    found = engine.run(list(names.values()), np.linspace(0.0, days * DAY, rows), model.changes(given))
    return dict(zip(names, found.values.T, strict=True))


def every(days, drug, mg, count, lasting=0.0):
    return [Given(number * days * DAY, drug, mg, lasting) for number in range(count)]


@pytest.mark.parametrize("tumour", SOLID)
def test_untreated_counts_stay_and_the_tumour_grows_as_published(tumour):
    found = through(60.0, tumour=tumour, rows=3)
    published = math.log(2.0) / LIBRARY.tumours[tumour].doubling_time.value
    grown = math.log(found["tumour_cells"][-1] / found["tumour_cells"][0]) / (60.0 * DAY)
    assert grown == pytest.approx(published, rel=0.01)
    blood = [column for column in found if column.startswith("blood_")]
    assert len(blood) == 7
    for column in [*blood, "cd8_exhaustion", "node_costimulated"]:
        assert found[column] == pytest.approx(found[column][0], rel=0.01), column
    given = LIBRARY.immunity["adult"].blood["cd8"].count.value
    assert found["blood_cd8_per_L"][0] == pytest.approx(given, rel=1e-12)
    assert found["clones_tumour_cells"] == pytest.approx(found["clones_tumour_cells"][0], rel=0.03)


@pytest.mark.parametrize("tumour", ["aml", "b_all", "dlbcl", "myeloma"])
def test_a_tumour_that_outgrows_its_clones_grows_a_little_faster_than_published(tumour):
    found = through(60.0, tumour=tumour, rows=3)
    published = math.log(2.0) / LIBRARY.tumours[tumour].doubling_time.value
    grown = math.log(found["tumour_cells"][-1] / found["tumour_cells"][0]) / (60.0 * DAY)
    assert grown == pytest.approx(published, rel=0.05)


@pytest.mark.parametrize("tumour", ["melanoma", "nsclc", "dlbcl"])
def test_the_model_of_a_patient_is_valid_sbml_with_all_its_units(tumour):
    model = PatientModel.of(
        [LIBRARY.drugs[name] for name in ("nivolumab", "docetaxel")], Body(LIBRARY, tumour)
    )
    made = model.changes(every(21.0, "nivolumab", 240.0, 2))
    assert faults_of(model.with_doses(made)) == []


def test_the_model_with_every_drug_is_valid_too():
    drugs = [drug for drug in LIBRARY.drugs.values() if drug.kinetics is not None]
    assert faults_of(PatientModel.of(drugs, Body(LIBRARY, "nsclc")).sbml) == []


def test_what_comes_and_what_goes_is_what_changes():
    # Infused: a dose at once makes a jump, which the sum over time would blur.
    infused = {"cyclophosphamide": 1000.0, "nivolumab": 240.0}
    given = [dose for drug, mg in infused.items() for dose in every(14.0, drug, mg, 2, lasting=DAY)]
    model, engine = patient("cyclophosphamide", "nivolumab", tumour="nsclc")
    flows = [flow for flow in model.parts.flows if flow.name not in _of_drugs(model)]
    cells = [amount for amount in model.parts.amounts if amount.unit == "cell"]
    times = np.linspace(0.0, 40.0 * DAY, 8001)
    names = [*(flow.name for flow in flows), *(amount.name for amount in cells)]
    found = engine.run(names, times, model.changes(given))
    passed = {flow.name: np.trapezoid(found.of(flow.name), times) for flow in flows}
    assert len(cells) > 15
    for amount in cells:
        coming = sum(passed[flow.name] for flow in flows if flow.target == amount.name)
        leaving = sum(passed[flow.name] for flow in flows if flow.source == amount.name)
        changed = np.diff(found.of(amount.name)[[0, -1]])[0]
        assert changed == pytest.approx(coming - leaving, rel=1e-3, abs=1e-4 * (coming + leaving)), (
            amount.name
        )


def _of_drugs(model):
    mass = {amount.name for amount in model.parts.amounts if amount.unit == "mg"}
    return {flow.name for flow in model.parts.flows if {flow.source, flow.target} & mass}


def test_killers_come_from_the_body_and_go_back_there():
    model, _ = patient(tumour="nsclc")
    flows = {flow.name: (flow.source, flow.target) for flow in model.parts.flows}
    assert flows["tumour_tumour_arriving"] == ("clones_tumour", "tumour_tumour")
    assert flows["tumour_tumour_leaving"] == ("tumour_tumour", "clones_tumour")
    assert flows["tumour_nk_arriving"] == ("body_nk", "tumour_nk")
    assert flows["primed_tumour"] == ("naive_tumour", "dividing_tumour_1")


def test_a_contact_is_worth_what_it_is_worth_in_the_tissue():
    library = LIBRARY.of_tumour("nsclc")
    _, engine = patient(tumour="nsclc")
    found = engine.run(["cd8_signal", "cd8_activation", "nk_activation"], [0.0])
    signal, activation, natural = found.values[0]
    for killer, whole in (("cd8", activation), ("nk", natural)):
        own, theirs = (LIBRARY.tumours["nsclc"].expresses.get(name, {}) | {} for name in (killer, "cancer"))
        sides = [
            Side(library.cells[name], {k: n.value for k, n in (library.cells[name].expresses | mine).items()})
            for name, mine in ((killer, own), ("cancer", theirs))
        ]
        factors = log_factors(library, "nsclc", *sides, Turned())
        pairs = [pair.name for pair in library.interactions.values() if pair.kind == "checkpoint"]
        passed = math.exp(sum(factors[name] for name in pairs))
        seen = math.exp(factors["antigen"] + factors["ligands"])
        factor = 1.0
        if killer == "cd8":
            assert signal == pytest.approx(seen, rel=1e-12)
            least = library.cells["cd8"].lytic.costimulation.value
            factor = least + (1.0 - least) * LIBRARY.immunity["adult"].tumour.costimulated.value
        assert whole == pytest.approx(net_activation(seen, factor, passed), rel=1e-9)


def test_a_second_engine_makes_the_same_of_the_exported_model():
    given = [*every(14.0, "nivolumab", 240.0, 2), *every(21.0, "docetaxel", 140.0, 1, lasting=60.0)]
    model, engine = patient("docetaxel", "nivolumab", tumour="nsclc")
    made = model.changes(given)
    counts = [f"blood_{name}" for name in LIBRARY.immunity["adult"].blood]
    watched = [*counts, "tumour_all_cd8", "tumour_dying", "node_presented", "cd8_kills"]
    end, count = 30.0 * DAY, 109
    theirs = in_copasi(model.with_doses(made), watched, end, count)
    times = np.linspace(0.0, end, count)
    ours = engine.run(watched, times, made)
    apart = ~np.isin(times, ours.change_times)
    assert apart.sum() > 100
    assert theirs[apart] == pytest.approx(ours.values[apart], rel=1e-6)


@pytest.mark.parametrize(("drug", "mg"), [("cyclophosphamide", 1000.0), ("docetaxel", 140.0)])
def test_chemotherapy_lowers_lymphocytes_which_come_back(drug, mg):
    found = through(400.0, every(21.0, drug, mg, 3), rows=401)
    plain = through(400.0, rows=401)
    for column in ("blood_cd8_per_L", "blood_cd4_per_L", "blood_nk_per_L", "clones_tumour_cells"):
        counts = found[column] / plain[column]  # a tumour that grows for a year takes clones, drugs or not
        lowest = int(counts.argmin())
        assert counts[lowest] < 0.95, column
        assert lowest < 100
        assert 1.0 - counts[-1] < 0.7 * (1.0 - counts[lowest]), column
    shallow = found["blood_nk_per_L"] / found["blood_nk_per_L"][0]
    assert shallow[-1] == pytest.approx(1.0, rel=0.01)


def test_neutrophils_are_lowest_days_after_a_drug_against_cycling_cells():
    found = through(60.0, [Given(0.0, "docetaxel", 140.0, 60.0)], rows=241)
    counts = found["blood_neutrophil_per_L"] / found["blood_neutrophil_per_L"][0]
    assert 4.0 < counts.argmin() * 0.25 < 14.0
    assert counts.min() < 0.9
    assert counts[-1] == pytest.approx(1.0, abs=0.03)


def test_killers_divide_as_long_as_they_hold_a_target_and_as_far_as_they_are_not_tired():
    def division(**numbers):
        library = LIBRARY
        for path, value in numbers.items():
            library = library.override(path.replace("__", "."), value)
        _, engine = patient(library=library)
        names = ["tumour_tumour_dividing", "tumour_tumour", "cd8_activation", "tumour_found_cd8"]
        dividing, there, activation, found = engine.run(names, [0.0, 1.0], ()).values[0]
        return dividing / (there * activation * found)

    plain, fresh = division(), division(cell__cd8__lytic__exhaustion_initial=0.0)
    tired = LIBRARY.cells["cd8"].lytic.exhaustion_initial.value
    assert plain == pytest.approx(fresh * (1.0 - tired), rel=1e-9)
    half = 0.5 * LIBRARY.immunity["adult"].tumour.contact.value
    assert division(immunity__adult__tumour__contact=half) == pytest.approx(0.5 * plain, rel=1e-9)


def test_a_checkpoint_antibody_lifts_killing_and_more_killers_follow():
    untreated, treated = (through(84.0, given) for given in ((), every(14.0, "nivolumab", 240.0, 6)))
    assert treated["tumour_cells"][-1] < 0.96 * untreated["tumour_cells"][-1]
    density, with_drug = (found["tumour_cd8_cells"] / found["tumour_cells"] for found in (untreated, treated))
    assert with_drug[-1] > 1.05 * density[-1]


def test_a_block_of_ctla_4_primes_more():
    untreated, treated = (through(63.0, given) for given in ((), every(21.0, "ipilimumab", 240.0, 3)))
    assert treated["node_costimulated"].max() > 1.2 * untreated["node_costimulated"][0]
    assert treated["clones_tumour_cells"][-1] > 1.2 * untreated["clones_tumour_cells"][-1]
    assert treated["blood_treg_per_L"].min() < 0.9 * untreated["blood_treg_per_L"].min()


def test_the_block_of_ctla_4_primes_more_by_itself():
    """Where ipilimumab kills no regulatory cell, and not where nothing binds it."""
    spared = LIBRARY.override("drug.ipilimumab.effects.kills:treg.rate_max", "0 1/d")
    bare = spared
    for cell in ("treg", "cd8"):
        bare = bare.override(f"cell.{cell}.expresses.CTLA-4", "0 molecules")
    given = every(21.0, "ipilimumab", 240.0, 3)
    gain = {
        name: through(63.0, given, library=library, rows=4)["node_costimulated"].max()
        / through(63.0, library=library, rows=4)["node_costimulated"].max()
        for name, library in (("spared", spared), ("bare", bare))
    }
    assert gain["spared"] > 1.05
    assert gain["bare"] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("given", "without"),
    [
        (every(14.0, "nivolumab", 240.0, 4), ["cell.cd8.expresses.PD-1"]),
        (
            every(21.0, "ipilimumab", 240.0, 3),
            [
                "cell.treg.expresses.CTLA-4",
                "cell.cd8.expresses.CTLA-4",
                "drug.ipilimumab.effects.kills:treg.rate_max",
            ],
        ),
        (
            every(21.0, "cyclophosphamide", 1000.0, 3),
            [
                "drug.cyclophosphamide.effects.kills:cancer.rate_max",
                "drug.cyclophosphamide.effects.kills:cd8+cd4+treg+nk+b_cell.rate_max",
                "drug.cyclophosphamide.effects.kills:neutrophil+macrophage.rate_max",
            ],
        ),
    ],
)
def test_without_its_target_a_drug_does_nothing(given, without):
    library = LIBRARY
    for path in without:
        library = library.override(path, "0 molecules" if "expresses" in path else "0 1/d")
    with_drug, none = (through(60.0, doses, library=library, rows=4) for doses in (given, ()))
    real, plain = (through(60.0, doses, rows=4) for doses in (given, ()))
    moved = 0.0
    for column, values in none.items():
        assert with_drug[column] == pytest.approx(values, rel=1e-6), column
        moved = max(moved, float(np.abs(real[column] / plain[column] - 1.0).max()))
    assert moved > 0.05


def test_two_kinds_of_clones_share_the_tumour():
    immunity = LIBRARY.immunity["adult"]
    one = immunity.antigens["tumour"]
    half = one.model_copy(update={"share": one.share.model_copy(update={"value": 0.5})})
    twice = immunity.model_copy(update={"antigens": {"first": half, "second": half}})
    library = LIBRARY.__class__(**{**LIBRARY.__dict__, "immunity": {"adult": twice}})
    whole, split = through(30.0, rows=3), through(30.0, library=library, rows=3)
    assert split["tumour_cd8_cells"] == pytest.approx(whole["tumour_cd8_cells"], rel=0.01)
    assert split["clones_first_cells"] == pytest.approx(split["clones_second_cells"], rel=1e-9)
    assert split["tumour_cells"] == pytest.approx(whole["tumour_cells"], rel=1e-3)


def test_interleukin_2_lets_primed_cells_divide_more_while_it_is_there():
    given = every(0.34, "aldesleukin", 3.0, 14)
    untreated, treated = through(20.0, rows=81), through(20.0, given, rows=81)
    gain = treated["clones_tumour_cells"] / untreated["clones_tumour_cells"]
    assert gain.max() > 1.02
    library = LIBRARY.override("drug.aldesleukin.effects.supplies:il2.potency", 0)
    blind = through(20.0, given, library=library, rows=81)
    assert blind["clones_tumour_cells"] == pytest.approx(untreated["clones_tumour_cells"], rel=1e-6)


def test_mhc_that_a_drug_raises_shows_more_peptides():
    given = every(1.0, "vorinostat", 400.0, 10)
    model, engine = patient("vorinostat")
    found = engine.run(
        ["fold_MHC_I", "matched_complexes", "cd8_signal"], [0.0, 9.5 * DAY], model.changes(given)
    )
    before, after = found.values
    assert after[0] > 1.02
    assert after[1] == pytest.approx(before[1] * after[0], rel=1e-9)
    assert after[2] > before[2]


def test_a_small_tumour_primes_less():
    small = LIBRARY.override("immunity.adult.tumour.burden", "1e6 cells")
    assert through(1.0, library=small, rows=2)["node_presented"][0] < 0.1
    assert through(1.0, rows=2)["node_presented"][0] > 0.9


def test_killing_that_leaves_less_than_the_published_growth_is_refused():
    strong = LIBRARY.override("tumour.melanoma.densities.cd8", "3e5 cells/mm2")
    strong = strong.override("immunity.adult.tumour.fitness", 1)
    strong = strong.override("cell.cd8.lytic.exhaustion_initial", 0)
    with pytest.raises(RunError, match="killing of"):
        patient(library=strong)
    dividing = LIBRARY.override("cell.cd8.cycle.activated_rate", "20 1/d")
    with pytest.raises(RunError, match="divide in the tumour faster"):
        patient(library=dividing)


def test_a_name_that_two_formulae_mean_differently_is_refused():
    sheet = Sheet()
    sheet.constant("one", 1.0, "1", "")
    assert sheet.constant("one", 1.0, "1", "") == sheet.constant("one", 1.0, "1", "")
    with pytest.raises(ValueError, match="differently"):
        sheet.constant("one", 2.0, "1", "")
    assert sheet.part.amounts == ()
    assert Amount("a", None, "").unit == "mg"


CAR_T = [Given(0.0, "tisagenlecleucel", 2e8)]


def products(given, tumour, library=LIBRARY, days=120):
    model, engine = patient("tisagenlecleucel", tumour=tumour, library=library)
    assert faults_of(model.with_doses(model.changes(given))) == []
    names = ["tisagenlecleucel_cells", "tumour_cells", "blood_b_cell"]
    found = engine.run(names, np.linspace(0.0, days * DAY, days + 1), model.changes(given))
    return [found.of(name) for name in names]


def test_car_t_cells_grow_on_their_antigen_contract_and_leave_no_b_cells():
    cells, tumour, b_cells = products(CAR_T, "dlbcl")
    assert cells[0] == 2e8
    assert cells.max() > 20.0 * 2e8
    assert 4 <= cells.argmax() <= 15
    assert cells[60] < 0.7 * cells.max()
    assert b_cells.min() < 0.05 * b_cells[0]
    assert b_cells[-1] < 0.2 * b_cells[0]
    assert tumour[28] < 1.0


def test_car_t_cells_spare_a_tumour_without_their_antigen_but_not_b_cells():
    _, untouched, _ = products((), "melanoma")
    _, treated, b_cells = products(CAR_T, "melanoma")
    assert treated == pytest.approx(untouched, rel=0.01)
    assert b_cells.min() < 0.05 * b_cells[0]


def test_car_t_cells_leave_the_tumour_and_are_in_the_body_again():
    """In a minute; what grows there or goes back is less than a five-hundredth of that."""
    names = ["tisagenlecleucel_cells", "tisagenlecleucel_in_tumour"]
    still = LIBRARY.override("cell.car_t.trafficking.exit_rate", "0 1/d")
    found = []
    for library in (LIBRARY, still):
        _, engine = patient("tisagenlecleucel", tumour="b_all", library=library)
        found.append(engine.run(names, [0.0, 1.0], (), {"tisagenlecleucel_in_tumour": 1e6}).values[-1])
    left = 1e6 * LIBRARY.cells["car_t"].trafficking.exit_rate.value
    assert found[0] - found[1] == pytest.approx([left, -left], rel=2e-3)


def test_a_leukaemia_of_1e12_cells_does_not_use_up_the_car_t_cells():
    """They expand on it, clear it and leave no B cells; some stay in the body, however many enter."""
    library = LIBRARY.override("immunity.adult.tumour.burden", "1e12 cells")
    cells, leukaemia, b_cells = products(CAR_T, "b_all", library)
    assert cells.min() > 1e7
    assert cells.max() > 100.0 * 2e8
    assert leukaemia.min() < 0.03 * 1e12
    assert b_cells[28:].max() < 0.1 * b_cells[0]


BLINATUMOMAB = [Given(0.0, "blinatumomab", 0.063, 7 * DAY), Given(7 * DAY, "blinatumomab", 0.588, 21 * DAY)]


def test_bridges_hold_any_t_cell_to_b_cells_and_leukaemia():
    """28 ug a day take the B cells within days, and they come back after; CD8 cells of any kind kill leukaemia."""
    model, engine = patient("blinatumomab", tumour="b_all")
    assert faults_of(model.with_doses(model.changes(BLINATUMOMAB))) == []
    assert "bystander_cd8_in_tumour_cells" in [output.column for output in model.outputs]
    names = ["body_b_cell", "bystander_cd8_in_tumour", "crs_index"]
    days = np.array([0.0, 3.0, 27.0, 60.0]) * DAY
    b_cells, bystanders, index = engine.run(names, days, model.changes(BLINATUMOMAB)).values.T
    assert b_cells[1:3].max() < 0.05 * b_cells[0]
    assert b_cells[3] > 0.5 * b_cells[0]
    undisturbed, fewer, none = engine.run(names, days).values.T
    assert bystanders[1] > fewer[1]  # they divide there, while they find leukaemia
    assert index[1] > 0.1
    assert none == pytest.approx(0.0, abs=1e-12)
    assert undisturbed == pytest.approx(b_cells[0], rel=1e-2)


def test_bystanders_of_a_solid_tumour_keep_their_density_until_they_are_held():
    model, _ = patient("blinatumomab", tumour="melanoma")
    assert "bystander_cd8_in_tumour" not in model.parts.names()  # nothing of a melanoma carries CD19
    _, engine = patient("blinatumomab", tumour="dlbcl")
    found = engine.run(["bystander_cd8_in_tumour", "tumour_cells"], np.array([0.0, 30.0]) * DAY)
    bystanders, cells = found.values.T
    assert bystanders[1] / bystanders[0] == pytest.approx(cells[1] / cells[0], rel=0.02)


def test_rituximab_takes_the_b_cells_for_months():
    """Below a tenth within ten days of four weekly doses, half back after a year at the earliest."""
    found = through(365.0, every(7, "rituximab", 700.0, 4), "dlbcl", rows=366)["blood_b_cell_per_L"]
    assert found[10:120].max() < 0.1 * found[0]
    assert found[365] > 2.0 * found[120]


def test_car_t_cells_without_any_antigen_only_fade():
    library = LIBRARY.override("cell.b_cell.expresses.CD19", "0 molecules")
    cells, _, b_cells = products(CAR_T, "melanoma", library, days=30)
    assert (np.diff(cells) < 0.0).all()
    assert b_cells == pytest.approx(b_cells[0], rel=0.01)


COURSE = """\
name = "nivolumab"
duration = "42 d"
every = "1 d"
dose = [{ drug = "nivolumab", amount = "240 mg", every = "14 d" }]
"""


def said(arguments, capfd, code=0):
    assert main(["patient", "simulate", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


def test_the_command_tells_of_burden_blood_and_clones(tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text(COURSE)
    out = tmp_path / "out.parquet"
    told = json.loads(said([course, "--tumour", "melanoma", "-o", out, "--json"], capfd))
    assert told["ok"]
    table = pq.read_table(out)
    assert {"tumour_cells", "blood_cd8_per_L", "clones_tumour_cells", "cd8_exhaustion"} <= set(
        table.column_names
    )
    assert np.array(table["tumour_cells"])[0] == pytest.approx(1e9)
    origin = json.loads(pq.read_schema(out).metadata[b"opsonin"])
    assert origin["tumour"] == "melanoma"
    assert out.with_suffix(".png").stat().st_size > 20_000


def test_a_patient_without_drugs_can_be_followed(tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text('duration = "28 d"\nevery = "1 d"\n')
    assert "tumour" in said([course, "--tumour", "nsclc", "-o", tmp_path / "out.parquet"], capfd)
    assert "gives no drug" in said([course], capfd, code=2)


def test_a_tumour_that_is_not_known_is_told(tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text(COURSE)
    assert "there is no tumour 'melanom'." in said([course, "--tumour", "melanom"], capfd, code=2)
    model, ports = tmp_path / "a.xml", tmp_path / "p.toml"
    refused = said([course, "--tumour", "melanoma", "--model", model, "--ports", ports], capfd, code=2)
    assert "--tumour is of our model" in refused


def test_cells_are_given_as_a_number_and_only_to_a_patient(tmp_path, capfd):
    course = tmp_path / "course.toml"
    text = (
        'duration = "60 d"\nevery = "1 d"\ndose = [{ drug = "tisagenlecleucel", amount = "2e6 cells/kg" }]\n'
    )
    course.write_text(text + '[patient]\nweight = "80 kg"\n')
    out = tmp_path / "out.parquet"
    assert "1.6e+08 cells in all" in said([course, "--tumour", "dlbcl", "-o", out], capfd)
    assert np.array(pq.read_table(out)["tisagenlecleucel_cells"])[0] == pytest.approx(1.6e8)
    assert "made of cells, which need a patient" in said([course], capfd, code=2)


@pytest.mark.parametrize(
    ("dose", "told"),
    [
        ('{ drug = "tisagenlecleucel", amount = "240 mg" }', "is made of cells"),
        ('{ drug = "nivolumab", amount = "1e8 cells" }', "is not made of cells"),
        ('{ drug = "tisagenlecleucel", amount = "1e8 cells", lasting = "1 h" }', "given at once"),
        ('{ drug = "tisagenlecleucel", amount = "1e15 cells" }', "beyond any real dose"),
        ('{ drug = "tisagenlecleucel", amount = "1e6 cells/kg" }', "needs the weight"),
        ('{ drug = "lifileucel", amount = "1e10 cells" }', "is made of cells, which have no kinetics"),
    ],
)
def test_a_dose_of_cells_that_cannot_be_is_told(dose, told, tmp_path, capfd):
    course = tmp_path / "course.toml"
    course.write_text(f'duration = "60 d"\ndose = [{dose}]\n')
    assert told in said([course, "--tumour", "dlbcl"], capfd, code=2)
