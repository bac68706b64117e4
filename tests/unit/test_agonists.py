"""Agonist antibodies of co-stimulation: 4-1BB on T cells, CD40 on cells that present."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.recording import observables
from opsonin.engine.start import settled
from opsonin.knowledge.followed import left_out
from opsonin.knowledge.library import load_library
from opsonin.laws.recognition import natural_signal
from opsonin.model.tables import SURFACE
from opsonin.observe.presenting import on_costimulation
from opsonin.observe.proposals import proposed
from opsonin.observe.pulls import Setting
from opsonin.tissue import costimulation, expression
from tissues import exposed, plan, slots

LIBRARY = load_library()
ALONE = {"cancer": "1200 cells/mm2", "cd8": "400 cells/mm2", "other": "0 cells/mm2"}
PRESENTED = ALONE | {"dc": "400 cells/mm2", "macrophage": "200 cells/mm2"}


def under(drug, densities, **changes):
    dose = {"drug": drug, "amount": "1000 nM", "lasting": "10 d"}
    return plan(
        tissue__generate__size=["300 um", "300 um"],
        tissue__generate__densities=densities,
        arm=[{"name": "treated", "dose": [dose]}],
        **changes,
    )


def taken_in(tissue, hours=48):
    for hour in range(hours):
        costimulation.step(tissue, hour * 3600, 60.0)
    return float(tissue.cells.arrays.costimulated[slots(tissue, "cd8")].mean())


def level(tissue, molecule, kind):
    own = slots(tissue, kind)
    return float(tissue.cells.arrays.level[tissue.species.molecules.index(molecule), own].mean())


def test_an_agonist_of_4_1bb_helps_t_cells_that_touch_nobody_who_presents():
    asked = under("urelumab", ALONE)
    assert taken_in(settled(asked)) == 0.0
    tissue = exposed(asked)
    found = taken_in(tissue)
    pair = tissue.tables.costimulating
    (row,) = pair[pair["receptor"] == tissue.species.molecules.index("4-1BB")]
    own = slots(tissue, "cd8")
    surface = tissue.tables.types[tissue.species.cells.index("cd8"), SURFACE]
    held = tissue.cells.arrays.level[row["receptor"], own] * tissue.exposure.agonized[row["receptor"]]
    wanted = np.mean([natural_signal(one / surface / row["half"]) for one in held])
    assert found == pytest.approx(wanted * (1.0 - np.exp(-4.8)), rel=1e-6)
    assert 0.3 < found < 0.7


def test_without_4_1bb_or_without_efficacy_it_does_nothing():
    for off in (
        {"cell.cd8.expresses.4-1BB": "0 molecules"},
        {"drug.urelumab.effects.agonizes:4-1BB.efficacy": 0},
    ):
        assert taken_in(exposed(under("urelumab", ALONE, knowledge=off))) == 0.0


def test_the_milder_agonist_helps_less_and_takes_the_place_of_the_ligand():
    strong, mild = (taken_in(exposed(under(drug, ALONE))) for drug in ("urelumab", "utomilumab"))
    assert 0.0 < mild < 0.6 * strong
    only_ligand = {
        "cell.dc.expresses.CD80": "0 molecules",
        "cell.dc.expresses.CD86": "0 molecules",
        "cell.macrophage.expresses.CD80": "0 molecules",
        "cell.macrophage.expresses.CD86": "0 molecules",
        "cell.dc.expresses.4-1BBL": "1e4 molecules",
        "drug.utomilumab.effects.agonizes:4-1BB.efficacy": 0,
    }
    asked = under("utomilumab", PRESENTED, knowledge=only_ligand)
    by_ligand, blocked = taken_in(settled(asked)), taken_in(exposed(asked))
    assert by_ligand > 0.1
    assert blocked < 0.05 * by_ligand


def test_an_agonist_of_cd40_matures_dendritic_cells_and_turns_macrophages():
    asked = under("selicrelumab", PRESENTED)
    rest, treated = settled(asked), exposed(asked)
    expression.settle(treated)
    assert level(treated, "maturation", "dc") > 3.0 * level(rest, "maturation", "dc")
    assert level(treated, "CD86", "dc") > 1.3 * level(rest, "CD86", "dc")
    assert level(treated, "M2", "macrophage") < 0.6 * level(rest, "M2", "macrophage")
    assert level(treated, "PD-L1", "cancer") == pytest.approx(level(rest, "PD-L1", "cancer"), rel=0.02)


def test_it_acts_only_where_cd40_is():
    bare = {f"cell.{kind}.expresses.CD40": "0 molecules" for kind in ("dc", "macrophage")}
    asked = under("selicrelumab", PRESENTED, knowledge=bare)
    rest, treated = settled(asked), exposed(asked)
    expression.settle(rest)
    expression.settle(treated)
    np.testing.assert_array_equal(
        rest.cells.arrays.level[:, : rest.cells.n], treated.cells.arrays.level[:, : treated.cells.n]
    )


def test_what_they_do_is_no_longer_left_out_and_kills_nobody():
    for name in ("urelumab", "utomilumab", "selicrelumab"):
        assert tuple(left_out(LIBRARY.drugs[name], LIBRARY)) == LIBRARY.drugs[name].omitted
    assert not any("drug_death" in one.name for one in observables(under("urelumab", ALONE)))


def test_what_they_open_is_told():
    setting = Setting(LIBRARY, "melanoma", {"cancer": 100.0, "cd8": 5.0, "dc": 2.0})
    pull = on_costimulation(setting, LIBRARY.drugs["urelumab"])["costimulation"]
    assert list(pull.ways) == ["holds 4-1BB as its ligand does"]
    assert pull.change > 0.05
    assert proposed(setting, LIBRARY.drugs["urelumab"], {"costimulation": 0.2}).also == ()
    matured = on_costimulation(setting, LIBRARY.drugs["selicrelumab"])["costimulation"]
    assert matured.change > 0.0
