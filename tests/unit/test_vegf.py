"""VEGF at the vessels keeps killers out, and what blocks its receptor lets them in again."""

from __future__ import annotations

import pytest

from opsonin.engine.start import started
from opsonin.tissue import trafficking
from tissues import plan

SEASON = 200 * 1440.0  # min: long, so that arrivals are many
HELD = {"amount": "1 uM", "lasting": "1 d"}
MUCH = 0.5  # nM, five times the half


def arrived(vegf, drug=None, **knowledge):
    """Cells that come in a season into a field with so much VEGF [nM], and little else to call them."""
    doses = [HELD | {"drug": drug}] if drug else []
    asked = plan(arm=[{"name": "a", "dose": doses}], knowledge=knowledge)
    tissue, names = started(asked), asked.species
    tissue.exposure = asked.courses[0].regimen.exposure(0.0, names.molecules, names.cells, names.defects)
    tissue.fields.values[names.substrates.index("vegf")] = vegf
    trafficking.step(tissue, 0, SEASON)
    return tissue.counters["arrivals"]


def test_vegf_lowers_arrivals():
    """By up to 60 %: at five halves to a half."""
    none, some, much = (arrived(level) for level in (0.0, 0.1, MUCH))
    assert none > some > much
    assert 0.35 < much / none < 0.65


@pytest.mark.parametrize("drug", ["bevacizumab", "axitinib"])
def test_blockers_of_vegf_raise_them_and_no_other_antibody_does(drug):
    none, much, blocked = arrived(0.0), arrived(MUCH), arrived(MUCH, drug)
    assert blocked > 1.4 * much
    assert blocked == pytest.approx(none, rel=0.03)
    assert arrived(MUCH, "nivolumab") == much
    assert arrived(0.0, drug) == pytest.approx(none, rel=0.01)


def test_where_it_takes_no_adhesion_its_blocker_gains_nothing():
    of = {"cell.cd8.trafficking.lowered.vegf.most": 0}
    assert arrived(MUCH, **of) == arrived(0.0, **of) == arrived(MUCH, "bevacizumab", **of)
