"""Bispecific antibodies: T cells that recognise nothing kill what carries the antigen, as far as it is there."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.kernels import contacts as kernel
from opsonin.kernels import ledger
from opsonin.tissue import contacts
from opsonin.tissue.ledger import barriers_of
from tissues import carried_on, exposed, grown, plan, slots

FIELD = {"cancer": "2500 cells/mm2", "cd8": "600 cells/mm2", "nk": "0 cells/mm2"}
BYSTANDERS = {"cell.cd8.lytic.reactive_fraction": 0, "tumour.b_all.reactive_fraction": 0}
HELD = [{"drug": "blinatumomab", "amount": "10 pM", "lasting": "2 d"}]


def leukaemia(dose=(), **knowledge):
    return plan(
        tissue__tumour="b_all",
        tissue__generate__densities=FIELD,
        arm=[{"name": "a", "dose": list(dose)}],
        knowledge=BYSTANDERS | knowledge,
    )


def signal(tissue, antigens):
    """Of a target with so many antigens to a bystander."""
    i, j = slots(tissue, "cd8")[0], slots(tissue, "cancer")[0]
    tissue.cells.arrays.level[tissue.species.molecules.index("CD19"), j] = antigens
    return kernel.signal_seen(tissue.cells.arrays, tissue.tables, tissue.exposure, i, j)


def test_bystanders_kill_what_carries_the_antigen_and_only_bridged_to_it():
    assert grown(leukaemia(), 12 * 60.0).counters["hits"] == 0.0
    assert grown(leukaemia(HELD), 12 * 60.0).counters["kills"] > 5.0
    none = {"tumour.b_all.expresses.cancer.CD19": "0 molecules"}
    assert grown(leukaemia(HELD, **none), 12 * 60.0).counters["kills"] == 0.0


def test_t_cells_come_to_rest_when_the_drug_is_gone():
    asked = leukaemia([HELD[0] | {"lasting": "6 h"}])
    tissue = grown(asked, 6 * 60.0)
    cd8 = slots(tissue, "cd8")
    busy = tissue.cells.arrays.activation[cd8].max()
    assert np.any(tissue.cells.arrays.partner[cd8] > 0) and busy > 0.05
    tissue = carried_on(asked, tissue, 6 * 3600, 24 * 60.0)
    cd8 = slots(tissue, "cd8")
    assert not np.any(tissue.cells.arrays.partner[cd8])
    assert tissue.cells.arrays.activation[cd8].max() < 0.2 * busy


def test_mhc_i_does_not_matter_to_them():
    blind = {"tumour.b_all.expresses.cancer.MHC-I": "0 molecules"}
    assert grown(leukaemia(HELD, **blind), 12 * 60.0).counters["kills"] > 5.0


def test_the_signal_rises_with_the_antigen_as_lysis_does():
    """22.8 % of cells with 240 antigens are lysed, 40 to 60 % of those with 5,172 or more (evidence B064).

    Lysis falls faster than the signal, as a kill takes several hits: see the statistical set.
    """
    tissue = exposed(leukaemia([HELD[0] | {"amount": "1 uM"}]))
    few, many, most = (signal(tissue, number) for number in (240, 5_172, 230_546))
    assert 0.228 / 0.5 < few / many < 0.7
    assert most / many < 1.06
    assert signal(tissue, 0) == 0.0


def test_the_signal_rises_with_the_drug():
    low, half, high = (
        signal(exposed(leukaemia([HELD[0] | {"amount": f"{dose} pM"}])), 250) for dose in (0.01, 0.97, 1e4)
    )
    assert low < 0.02
    assert half == pytest.approx(1.0 / 3.0, abs=0.01)  # half of the bridges that give half of the signal
    assert high == pytest.approx(0.5, abs=0.01)


def test_a_cell_that_recognises_the_tumour_sees_both():
    tissue = exposed(leukaemia(HELD))
    cells = tissue.cells.arrays
    i, j = slots(tissue, "cd8")[0], slots(tissue, "cancer")[0]
    bridged = kernel.signal_seen(cells, tissue.tables, tissue.exposure, i, j)
    cells.reactive[i] = 1
    both = kernel.signal_seen(cells, tissue.tables, tissue.exposure, i, j)
    alone = kernel.signal_seen(cells, tissue.tables, exposed(leukaemia()).exposure, i, j)
    assert both == pytest.approx(1.0 - (1.0 - alone) * (1.0 - bridged))


def test_nk_cells_are_not_bridged():
    asked = plan(
        tissue__tumour="b_all",
        tissue__generate__densities={"cancer": "2500 cells/mm2", "nk": "300 cells/mm2"},
        arm=[{"name": "a", "dose": HELD}],
    )
    tissue = exposed(asked)
    i, j = slots(tissue, "nk")[0], slots(tissue, "cancer")[0]
    seen = kernel.signal_seen(tissue.cells.arrays, tissue.tables, tissue.exposure, i, j)
    tissue.exposure = exposed(leukaemia()).exposure
    assert seen == kernel.signal_seen(tissue.cells.arrays, tissue.tables, tissue.exposure, i, j)


def test_the_ledger_opens_the_barrier_of_receptors():
    shares = {}
    for name, dose in (("none", ()), ("held", HELD)):
        tissue = exposed(leukaemia(dose))
        contacts.step(tissue, 0, 1.0)
        i, j = slots(tissue, "cd8")[0], slots(tissue, "cancer")[0]
        share = np.empty(barriers_of(tissue))
        ledger._shares(tissue.cells.arrays, tissue.tables, tissue.exposure, i, j, share)
        shares[name] = share[ledger.RECEPTOR]
    assert shares == {"none": 1e-3, "held": 1.0}
