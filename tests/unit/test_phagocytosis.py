"""Macrophages eat tumour cells: what asks them to, what forbids it, and how they tire."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.core.errors import InputError
from opsonin.engine.recording import barriers_told
from opsonin.engine.start import started
from opsonin.laws.recognition import appetite, fatigued
from opsonin.observe import barriers
from opsonin.tissue import ledger
from tissues import grown, plan

NO_LYMPHOCYTES = {"cd8": "0 cells/mm2", "nk": "0 cells/mm2"}
DENSITIES = {"cancer": "2000 cells/mm2", "macrophage": "1500 cells/mm2"} | NO_LYMPHOCYTES
FIELD = {"tissue__generate__size": ["300 um", "300 um"], "tissue__generate__densities": DENSITIES}
HER2 = {"tumour.melanoma.expresses.cancer.HER2": "2e5 molecules"}
LOUD = {"cell.cancer.expresses.calreticulin": "1e5 molecules"}
SIX_HOURS = 360.0


def course(*drugs):
    dose = [{"drug": drug, "amount": "500 nM", "lasting": "1 d"} for drug in drugs]
    return {"arm": [{"name": "treated", "dose": dose}]} if drugs else {}


def field(*drugs, minutes=SIX_HOURS, knowledge=HER2, **changes):
    return grown(plan(knowledge=knowledge, **course(*drugs), **(FIELD | changes)), minutes)


def eaten(*drugs, **changes):
    return field(*drugs, **changes).counters["eaten"]


def test_antibodies_and_cd47_blockade_need_each_other():
    """Each alone lets macrophages eat some; both together far more than the sum."""
    antibody, blockade, both = (
        eaten(*drugs) for drugs in (("trastuzumab",), ("evorpacept",), ("trastuzumab", "evorpacept"))
    )
    assert eaten() <= 2
    assert both > 1.3 * (antibody + blockade)
    assert both > 30


def test_without_macrophages_nothing_is_eaten():
    densities = DENSITIES | {"macrophage": "0 cells/mm2", "fibroblast": "1500 cells/mm2"}
    others = {"tissue__generate__densities": densities}
    assert eaten("trastuzumab", "evorpacept", **others) == 0


def test_without_anything_to_see_nothing_is_eaten():
    """No antibody and no calreticulin: blocking CD47 asks for nothing."""
    mute = {"cell.cancer.expresses.calreticulin": "0 molecules"}
    assert eaten("evorpacept", knowledge=mute) == 0


def test_blocking_cd47_does_nothing_on_cells_without_it():
    bare = LOUD | {"cell.cancer.expresses.CD47": "0 molecules"}
    blocked, control = (field(*drugs, knowledge=bare) for drugs in (("evorpacept",), ()))
    assert control.counters["eaten"] > 0
    assert blocked.counters == control.counters


def test_calreticulin_makes_cells_be_eaten_once_cd47_is_blocked():
    quiet, loud = (eaten("evorpacept", minutes=720.0, knowledge=of) for of in ({}, LOUD))
    assert loud > quiet + 3


def test_cells_without_mhc_i_are_eaten_more():
    """LILRB1: at the level of a contact, since the drug alone decides the rest."""
    drive = {}
    for name, level in (("with", "3e5 molecules"), ("without", "0 molecules")):
        tumour = HER2 | {"tumour.melanoma.expresses.cancer.MHC-I": level}
        tissue = field("trastuzumab", "evorpacept", minutes=30.0, knowledge=tumour)
        cells, n = tissue.cells.arrays, tissue.cells.n
        own = cells.engagement[:n][cells.kind[:n] == tissue.species.cells.index("macrophage")]
        drive[name] = own[own > 0.0].mean()
    assert drive["without"] > 1.2 * drive["with"]


def test_what_is_eaten_is_a_corpse_and_counts_as_killed():
    tissue = field("trastuzumab", "evorpacept")
    assert tissue.counters["kills"] >= tissue.counters["eaten"] > 0
    cells, n = tissue.cells.arrays, tissue.cells.n
    dead = (cells.kind[:n] == tissue.species.cells.index("cancer")) & (cells.phase[:n] > 1)
    assert np.count_nonzero(dead) > 0


def test_macrophages_tire_with_each_meal_and_recover():
    tissue = field("trastuzumab", "evorpacept", minutes=60.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    own = cells.kind[:n] == tissue.species.cells.index("macrophage")
    fed = own & (cells.exhaustion[:n] > 0.0)
    assert 0 < np.count_nonzero(fed) < np.count_nonzero(own)
    assert cells.exhaustion[:n][fed].max() < 1.0
    assert fatigued(0.5, 0.5) == 0.75
    first = eaten("trastuzumab", "evorpacept", minutes=120.0)
    assert (
        eaten("trastuzumab", "evorpacept", minutes=360.0) < 2.5 * first
    )  # a third of the time holds most meals


def test_appetite_is_that_of_antibodies_and_of_ligands_in_part():
    assert appetite(0.0, 1.0, 0.02) == pytest.approx(0.02)
    assert appetite(0.7, 0.0, 0.02) == pytest.approx(0.7)
    assert appetite(0.7, 1.0, 0.02) == pytest.approx(1.0 - 0.3 * 0.98)


def test_the_ledger_names_cd47_and_no_resistance_of_what_is_eaten():
    asked = plan(knowledge=HER2, **course("trastuzumab"), **FIELD)
    tissue = started(asked)
    tissue.exposure = asked.courses[0].regimen.exposure(
        60.0, tissue.species.molecules, tissue.species.cells, tissue.species.defects
    )
    tissue.ledger = ledger.empty(tissue)
    ledger.step(tissue, 0, 6.0)
    told = barriers.row(tissue.ledger, tuple(barriers_told(asked)), 0.06)
    assert told["log_loss.resistance"] == pytest.approx(0.0, abs=1e-9)
    lost = {name: value for name, value in told.items() if name.startswith("lost.")}
    in_contact = {name: value for name, value in lost.items() if name not in ("lost.near", "lost.far")}
    assert max(in_contact, key=in_contact.get) == "lost.SIRPa:CD47"


def test_a_phagocyte_is_no_killer_by_hits_as_well():
    eats = {"rate_max": "1 1/h", "unaided": 0.1, "fatigue": 0.5, "recovery": "0.3 1/d"}
    with pytest.raises(InputError):
        plan(knowledge={f"cell.nk.eating.{key}": value for key, value in eats.items()})
