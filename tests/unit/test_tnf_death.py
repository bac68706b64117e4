"""TNF kills cells whose cIAP1 a SMAC mimetic has taken, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.kernels.death import agonized_receptors
from opsonin.tissue import death
from tissues import exposed, plan, slots

NOBODY = {"cancer": "2000 cells/mm2", "cd8": "0 cells/mm2", "nk": "0 cells/mm2", "macrophage": "0 cells/mm2"}
HOURS = 24


def under(tnf, *drugs, amount="100 nM", **changes):
    """The tissue at rest, in so much TNF [nM]."""
    dose = [{"drug": drug, "amount": amount, "lasting": "10 d"} for drug in drugs]
    arm = {"arm": [{"name": "treated", "dose": dose}]} if drugs else {}
    tissue = exposed(plan(tissue__generate__densities=NOBODY, **arm, **changes))
    tissue.cells.arrays.signal[tissue.species.substrates.index("tnf"), : tissue.cells.n] = tnf
    return tissue


def dead(tissue):
    """Share of the cancer cells that die in a day of what holds their receptors now."""
    for minute in range(HOURS * 60):
        death.step(tissue, minute * 60, 1.0)
    return float(np.mean(tissue.cells.arrays.phase[slots(tissue, "cancer")] > 1))


def test_tnf_needs_the_smac_mimetic_and_the_smac_mimetic_needs_tnf():
    assert dead(under(1.0)) == 0.0
    assert dead(under(0.0, "lcl161")) == 0.0
    assert dead(under(1.0, "lcl161")) > 0.3


@pytest.mark.parametrize("dose", ["100 nM", "10 uM"])
@pytest.mark.parametrize(("tnf", "least", "most"), [(1e-4, 0.0, 0.0), (1e-3, 0.0, 0.0), (0.06, 0.3, 1.0)])
def test_traces_of_tnf_kill_nobody_at_any_dose_and_a_nanogram_does(tnf, dose, least, most):
    """0.1 and 1 pM occur in every infiltrate; 1 ng/mL, 60 pM, is what such assays add."""
    assert least <= dead(under(tnf, "lcl161", amount=dose)) <= most


def test_without_its_receptor_tnf_kills_nobody():
    bare = {"cell.cancer.expresses.TNFR1": "0 molecules"}
    assert dead(under(1.0, "birinapant", knowledge=bare)) == 0.0


def test_the_receptors_held_follow_occupancy_and_what_is_left_of_the_guard():
    tissue = under(0.3, "lcl161")
    i, m = int(slots(tissue, "cancer")[0]), tissue.species.molecules
    free = tissue.exposure.free[m.index("cIAP1")]
    level = tissue.cells.arrays.level[m.index("TNFR1"), i]
    held = agonized_receptors(tissue.cells.arrays, tissue.tables, tissue.exposure, i)
    assert 0.0 < free < 0.05
    assert held == pytest.approx(0.5 * level * (1.0 - free))
