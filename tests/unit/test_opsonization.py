"""Antibodies on tumour cells: CD16 of NK cells sees the coat, and needs antigen, antibody and its own receptor."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import settled
from opsonin.tissue import contacts
from tissues import plan

FIELD = {"cancer": "2500 cells/mm2", "nk": "600 cells/mm2", "cd8": "0 cells/mm2"}
TARGETS = {"trastuzumab": "HER2", "dinutuximab": "GD2", "cetuximab": "EGFR"}


def activation(drug=None, antigens=2e5, **knowledge):
    """Mean net activation of NK cells that hold a tumour cell with so many antigens, with or without antibody."""
    own = {f"tumour.melanoma.expresses.cancer.{name}": "0 molecules" for name in ("HER2", "EGFR", "GD2")}
    if drug:
        kept = next(key for key in own if key.endswith("." + TARGETS[drug]))
        own[kept] = f"{antigens} molecules"
    dose = [{"drug": drug, "amount": "100 nM", "lasting": "1 d"}] if drug else []
    asked = plan(
        tissue__generate__densities=FIELD, knowledge=own | knowledge, arm=[{"name": "a", "dose": dose}]
    )
    tissue = settled(asked)
    tissue.exposure = asked.courses[0].regimen.exposure(0.0, asked.species.molecules, asked.species.cells)
    contacts.step(tissue, 0, 0.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    holds = (cells.kind[:n] == asked.species.cells.index("nk")) & (cells.partner[:n] > 0)
    assert np.count_nonzero(holds) > 3
    return float(cells.engagement[:n][holds].mean())


@pytest.mark.parametrize("drug", sorted(TARGETS))
def test_an_antibody_makes_nk_cells_see_what_carries_its_antigen(drug):
    assert activation(drug) > 1.3 * activation()
    assert activation(drug, antigens=0.0) == activation()


def test_more_antigen_is_seen_better_until_it_suffices():
    few, some, many, most = (activation("trastuzumab", number) for number in (1e3, 2e4, 2e5, 2e6))
    assert few < 1.02 * activation()
    assert few < some < many
    assert most < 1.05 * many


def test_rituximab_coats_lymphoma_cells():
    """The tumour is another: its cells carry CD20, those of melanoma do not."""
    seen = []
    for dose in ([], [{"drug": "rituximab", "amount": "100 nM", "lasting": "1 d"}]):
        field = {
            "tissue__tumour": "dlbcl",
            "tissue__generate__densities": FIELD,
            "arm": [{"name": "a", "dose": dose}],
        }
        asked = plan(**field)
        tissue = settled(asked)
        tissue.exposure = asked.courses[0].regimen.exposure(0.0, asked.species.molecules, asked.species.cells)
        contacts.step(tissue, 0, 0.0)
        cells, n = tissue.cells.arrays, tissue.cells.n
        holds = (cells.kind[:n] == asked.species.cells.index("nk")) & (cells.partner[:n] > 0)
        seen.append(float(cells.engagement[:n][holds].mean()))
    assert seen[1] > 1.3 * seen[0]


def test_without_cd16_an_antibody_does_nothing():
    null = {"cell.nk.expresses.CD16": "0 molecules"}
    assert activation("trastuzumab", **null) == activation(**null)
