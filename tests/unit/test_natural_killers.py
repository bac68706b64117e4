"""NK cells: activating ligands, missing self, and the trade-off that interferon makes between them and T cells."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.recording import barriers_told
from opsonin.engine.start import settled, started
from opsonin.observe import barriers
from opsonin.tissue import contacts, expression, ledger
from tissues import grown, plan

NK = {"cancer": "2500 cells/mm2", "nk": "600 cells/mm2", "cd8": "0 cells/mm2"}
T_CELLS = {"cancer": "2500 cells/mm2", "cd8": "600 cells/mm2", "nk": "0 cells/mm2"}
ALL_REACT = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}
LIGANDS = ("MICA", "ULBP", "CD155", "CD112", "B7-H6")
NO_BRAKE = {
    "tumour.melanoma.expresses.cancer.PD-L1": "0 molecules",
    "cell.cancer.expresses.PD-L2": "0 molecules",
    "cell.cancer.expresses.Gal-9": "0 molecules",
    "tumour.melanoma.expresses.cancer.MHC-II": "0 molecules",
}
FEW = {
    "tumour.melanoma.expresses.cancer.MHC-I": "1e3 molecules",
    "cell.cancer.expresses.HLA-E": "0 molecules",
}


def of(densities, **knowledge):
    return plan(tissue__generate__densities=densities, knowledge=ALL_REACT | knowledge)


def blind():
    own = {f"cell.cancer.expresses.{name}": "0 molecules" for name in LIGANDS}
    return own | {"tumour.melanoma.expresses.cancer.MICA": "0 molecules"}


def mean_drive(densities, killer, interferon, **knowledge):
    """Mean net activation of the killers that hold a target, with all cells at this interferon [nM]."""
    asked = of(densities, **knowledge)
    tissue = settled(asked)
    cells, n = tissue.cells.arrays, tissue.cells.n
    cells.signal[asked.species.substrates.index("ifn_gamma"), :n] = interferon
    expression.settle(tissue)
    contacts.step(tissue, 0, 0.0)
    holds = (cells.kind[:n] == asked.species.cells.index(killer)) & (cells.partner[:n] > 0)
    assert np.count_nonzero(holds) > 3
    return float(cells.engagement[:n][holds].mean())


def test_nk_cells_kill_what_lacks_mhc_i_and_spare_what_has_it():
    missing = grown(of(NK, **FEW), 12 * 60.0).counters["kills"]
    present = grown(of(NK, **{"tumour.melanoma.expresses.cancer.MHC-I": "3e5 molecules"}), 12 * 60.0)
    assert missing > 5
    assert present.counters["kills"] < 0.5 * missing


def test_nk_cells_without_ligands_see_nothing():
    assert grown(of(NK, **FEW, **blind()), 6 * 60.0).counters["hits"] == 0.0


@pytest.mark.parametrize("ligand", LIGANDS)
def test_each_activating_ligand_is_seen(ligand):
    key = "tumour.melanoma.expresses.cancer.MICA" if ligand == "MICA" else f"cell.cancer.expresses.{ligand}"
    assert mean_drive(NK, "nk", 0.0, **FEW, **blind() | {key: "1e5 molecules"}) > 0.1


def test_interferon_helps_t_cells_and_hides_from_nk_cells():
    """Of what it raises MHC-I and HLA-E alone: without ligands of PD-1, TIM-3 and LAG-3."""
    helped, hidden = (
        mean_drive(who, killer, 1.0, **NO_BRAKE) / mean_drive(who, killer, 0.0, **NO_BRAKE)
        for who, killer in ((T_CELLS, "cd8"), (NK, "nk"))
    )
    assert helped > 1.1
    assert hidden < 0.7


def test_without_mhc_i_interferon_hides_from_nk_cells_by_nkg2d_ligands_alone():
    """As cells that have lost B2M: no MHC-I and no HLA-E to raise, but MICA and ULBP to lower."""
    lost = {f"tumour.melanoma.expresses.cancer.{name}": "0 molecules" for name in ("MHC-I", "HLA-E")}
    quiet, loud = (mean_drive(NK, "nk", interferon, **NO_BRAKE, **lost) for interferon in (0.0, 1.0))
    assert 0.75 < loud / quiet < 1.0
    lost["cell.nk.expresses.NKG2D"] = "0 molecules"
    quiet, loud = (mean_drive(NK, "nk", interferon, **NO_BRAKE, **lost) for interferon in (0.0, 1.0))
    assert loud == pytest.approx(quiet, rel=0.02)


def test_the_ledger_counts_nk_cells_by_their_own_barriers():
    asked = of(NK)
    tissue = started(asked)
    tissue.ledger = ledger.empty(tissue)
    ledger.step(tissue, 0, 6.0)
    told = barriers.row(tissue.ledger, tuple(barriers_told(asked)), 0.06)
    assert told["log_loss.ligands"] > 0.0
    assert told["log_loss.receptor"] == told["log_loss.antigen"] == 0.0
    assert told["log_loss.KIR:MHC-I"] > 0.0
