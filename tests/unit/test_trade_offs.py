"""Sensitizers take with one hand what they give with the other: the same drug on the target and on the killer."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import settled
from opsonin.model import phase
from opsonin.tissue import contacts, expression, fate
from tissues import live, plan, slots

DAY = 1440.0
FIELD = {
    "tissue__generate__densities": {"cancer": "2500 cells/mm2", "nk": "400 cells/mm2", "cd8": "400 cells/mm2"}
}
REACT = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}


def under(drug, amount="1 uM", **knowledge):
    """A tissue whose molecules have come to rest under a strong dose of a drug; None: without."""
    dose = [{"drug": drug, "amount": amount, "lasting": "10 d"}] if drug else []
    asked = plan(
        scenario__duration="10 d", arm=[{"name": "a", "dose": dose}], knowledge=REACT | knowledge, **FIELD
    )
    tissue = settled(asked)
    names = tissue.species.molecules, tissue.species.cells, tissue.species.defects
    tissue.exposure = asked.courses[0].regimen.exposure(9 * DAY, *names)
    expression.settle(tissue)
    return tissue


def level(tissue, kind, molecule):
    n = tissue.cells.n
    own = tissue.cells.arrays.kind[:n] == tissue.species.cells.index(kind)
    return float(tissue.cells.arrays.level[tissue.species.molecules.index(molecule), :n][own].mean())


def drive(tissue, kind):
    """Mean antigen signal to killers of a type that hold a target, before checkpoints."""
    contacts.step(tissue, 0, 0.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    own = (cells.kind[:n] == tissue.species.cells.index(kind)) & (cells.partner[:n] > 0)
    assert np.count_nonzero(own) > 3
    return float(cells.engagement[:n][own].mean())


def test_bortezomib_raises_dr5_on_targets_and_takes_trail_off_nk_cells():
    resting, treated = under(None), under("bortezomib")
    assert level(treated, "cancer", "DR5") > 1.3 * level(resting, "cancer", "DR5")
    assert level(treated, "nk", "TRAIL") < 0.8 * level(resting, "nk", "TRAIL")
    assert level(treated, "nk", "FasL") == pytest.approx(level(resting, "nk", "FasL"), rel=1e-9)


@pytest.mark.parametrize(
    ("mhc_i", "least", "most"), [("1e4 molecules", 1.2, 4.0), ("3e6 molecules", 0.99, 1.03)]
)
def test_raising_mhc_i_helps_where_it_is_low_and_saturates_where_it_is_high(mhc_i, least, most):
    """Nothing but MHC-I is raised, 3-fold."""
    gain = []
    for fold in (1.0, 3.0):
        tissue = settled(plan(knowledge=REACT | {"tumour.melanoma.expresses.cancer.MHC-I": mhc_i}, **FIELD))
        tissue.cells.arrays.level[tissue.species.molecules.index("MHC-I")] *= fold
        gain.append(drive(tissue, "cd8"))
    assert least < gain[1] / gain[0] < most


def effectors_lost(drug):
    """Share of the CD8 and NK cells, all of them in their cycle, that drugs kill in a day."""
    tissue = under(drug, "100 uM")
    arrays = tissue.cells.arrays
    own = np.concatenate([slots(tissue, kind) for kind in ("cd8", "nk")])
    arrays.phase[own], arrays.phase_start[own], arrays.phase_end[own] = phase.COMMITTED, 0, 10**9
    before = len(own)
    for step in range(144):
        fate.step(tissue, 600 * step, 10.0)
    return 1.0 - sum(live(tissue, kind) for kind in ("cd8", "nk")) / before


@pytest.mark.parametrize("drug", ["cyclophosphamide", "bortezomib", "trametinib"])
def test_drugs_kill_effectors_too(drug):
    assert effectors_lost(drug) > effectors_lost(None) + 0.1
