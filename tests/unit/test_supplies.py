"""Drugs that are a substrate: they come by the vessels, or in medium, and cells sense them through the field."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from opsonin.core.schedule import minutes
from opsonin.engine import coupling
from opsonin.engine.compile import compile_scenario
from opsonin.engine.start import started
from opsonin.io.scenario import Scenario
from opsonin.kernels.metabolism import fitness_under
from opsonin.knowledge.influence import moves
from opsonin.knowledge.library import load_library
from opsonin.observe.pulls import Setting, pulls
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose
from tissues import grown, plan, slots

LIBRARY = load_library()
SUBSTRATES = tuple(sorted(LIBRARY.substrates))
IL2 = SUBSTRATES.index("il2")
FIELD = {"tissue__generate__size": ["300 um", "300 um"]}


def held(drug, amount, **changes):
    dose = {"drug": drug, "amount": amount, "lasting": "1 d"}
    return plan(arm=[{"name": "a", "dose": [dose]}], **FIELD, **changes)


def mean(tissue, substrate):
    return float(tissue.fields.values[tissue.species.substrates.index(substrate)].mean())


def in_blood(drug, times, dose=1.0):
    regimen = Regimen((DrugCourse(LIBRARY.drugs[drug], (OneDose(0.0, dose),)),), 1440.0)
    return np.array([regimen.supplied(time, SUBSTRATES) for time in times])


def test_interleukin_2_leaves_blood_as_it_was_measured():
    """evidence:D019: the dose over the volume of plasma, then half-lives of 12.9 and 85 min."""
    times = np.linspace(0.0, 600.0, 601)
    levels = in_blood("aldesleukin", times)[:, IL2]
    molar = LIBRARY.drugs["aldesleukin"].molar_mass.value
    assert levels[0] == pytest.approx(1.0 / 2.66 / molar * 1e9)
    late = levels[400:501]
    assert math.log(2.0) * 100.0 / math.log(late[0] / late[-1]) == pytest.approx(85.0, rel=0.02)
    fast = levels - late[0] * np.exp((400.0 - times) * math.log(2.0) / 85.0)
    assert math.log(2.0) * 13.0 / math.log(fast[0] / fast[13]) == pytest.approx(12.9, rel=0.02)
    assert not np.delete(in_blood("aldesleukin", [5.0]), IL2, axis=1).any()


def test_what_is_in_blood_comes_by_the_vessels_as_far_as_walls_and_uptake_let_it():
    control, treated = (grown(held("aldesleukin", amount), 180.0) for amount in ("1 pM", "20 nM"))
    assert mean(treated, "il2") > 20.0 * mean(control, "il2")
    assert mean(treated, "il2") < 0.2 * 20.0  # nM in blood
    field = treated.fields.values[treated.species.substrates.index("il2")][0]
    ny, nx = field.shape
    vessels = treated.vessels
    near = field[(vessels.y / treated.box[1] * ny).astype(int), (vessels.x / treated.box[0] * nx).astype(int)]
    assert near.mean() > field.mean()


def test_cells_that_lack_it_are_fitter_for_it():
    found = []
    for amount in ("1 pM", "20 nM"):
        tissue = grown(held("aldesleukin", amount), 180.0)
        own = tissue.tables.fitness[tissue.species.cells.index("cd8")]
        signal, free = tissue.cells.arrays.signal, tissue.exposure.free
        found.append(np.mean([fitness_under(signal, own, free, i, IL2) for i in slots(tissue, "cd8")]))
    assert found[1] > found[0] + 0.1


def test_without_potency_it_does_nothing():
    off = {"drug.aldesleukin.effects.supplies:il2.potency": 0}
    one, other = grown(held("aldesleukin", "20 nM", knowledge=off), 120.0), grown(plan(**FIELD), 120.0)
    np.testing.assert_array_equal(one.fields.values, other.fields.values)


def test_in_medium_it_is_in_the_medium():
    well = {"geometry": "well", "size": ["200 um", "200 um"]}
    dose = {"drug": "ifn_gamma_1b", "amount": "5 nM", "lasting": "2 d"}
    asked = {
        "scenario": {"name": "well", "duration": "1 d"},
        "tissue": {"tumour": "melanoma", "generate": well},
        "arm": [{"name": "a", "dose": [dose]}],
    }
    tissue = grown(compile_scenario(Scenario.from_dict(asked)), 1000.0)
    assert 0.5 * 5.0 < mean(tissue, "ifn_gamma") <= 5.0


def test_interferon_in_blood_raises_what_interferon_raises():
    mhc = LIBRARY.molecules["MHC-I"].name
    levels = []
    for amount in ("0.01 pM", "50 nM"):
        tissue = grown(held("ifn_gamma_1b", amount), 720.0)
        row = tissue.cells.arrays.level[tissue.species.molecules.index(mhc)]
        levels.append(row[slots(tissue, "cancer")].mean())
    assert levels[1] > 1.1 * levels[0]


def test_as_much_comes_whatever_the_coupling_step():
    """A bolus leaves blood with a half-life of 13 min: what a step brings is that of its middle."""
    dose = [{"drug": "aldesleukin", "amount": "3 mg"}]
    brought = []
    for step in (10.0, 5.0, 1.0):
        asked = plan(arm=[{"name": "a", "dose": dose}], numerics__coupling_step=f"{step} min")
        tissue, total = started(asked), 0.0
        for tick in range(0, 7200, round(step * 60)):
            coupling.step(tissue, asked.courses[0], tick, step)
            total += tissue.supplied[IL2] * step
        brought.append(total)
        assert minutes(7200) == 120.0
    assert brought[0] == pytest.approx(brought[2], rel=0.02)
    assert brought[1] == pytest.approx(brought[2], rel=0.005)


def given_as(substrate):
    """A drug like aldesleukin that is another substrate."""
    base = LIBRARY.drugs["aldesleukin"]
    effect = base.effects[0].model_copy(update={"supplies": substrate})
    return base.model_copy(update={"effects": (effect,)})


def test_a_concentration_is_taken_into_the_unit_of_the_field():
    asked = held("aldesleukin", "3 uM")
    (course,) = asked.courses[0].regimen.drugs
    as_adenosine = replace(asked.courses[0].regimen, drugs=(replace(course, drug=given_as("adenosine")),))
    tissue = started(asked)
    coupling.step(tissue, replace(asked.courses[0], regimen=as_adenosine), 0, 10.0)
    assert tissue.supplied[SUBSTRATES.index("adenosine")] == pytest.approx(3.0)  # uM


def test_no_drug_is_oxygen():
    library = replace(LIBRARY, drugs={"aldesleukin": given_as("oxygen")})
    with pytest.raises(ValueError, match="'oxygen' is held in mmHg"):
        library.override("substrate.oxygen.blood", "40 mmHg")


def test_it_is_proposed_where_killers_lack_it():
    setting = Setting(LIBRARY, "melanoma", {"cancer": 100.0, "cd8": 5.0})
    assert list(pulls(setting, LIBRARY.drugs["aldesleukin"])["il2"].ways) == ["supplies interleukin 2"]
    assert "il2" not in pulls(
        Setting(LIBRARY, "melanoma", {"cancer": 100.0, "nk": 5.0}), LIBRARY.drugs["aldesleukin"]
    )
    moved = moves(LIBRARY, LIBRARY.drugs["ifn_gamma_1b"], setting.carried["cancer"])
    assert moved["MHC-I"].fold > 1.5
    assert "ifn_gamma" in moved["MHC-I"].path
