"""The matrix between nests and stroma reaches the mechanics from the knowledge base, and no other cell feels it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from opsonin.core.errors import InputError
from opsonin.tissue import motion
from opsonin.tissue.tissue import Tissue
from tissues import plan, started

DENSITIES = {"cancer": "3000 cells/mm2", "fibroblast": "1500 cells/mm2", "cd8": "1500 cells/mm2"}


def settled(sheath: float) -> Tissue:
    tissue = started(
        plan(
            tissue__generate__densities=DENSITIES,
            knowledge={"cell.fibroblast.sheath": sheath},
        )
    )
    for _ in range(100):
        motion.settle(tissue, 1.0)
    return tissue


def gap(tissue: Tissue, one: str, other: str) -> float:
    """Mean distance from cells of one type to the nearest of another [um]."""
    cells, n, names = tissue.cells.arrays, tissue.cells.n, tissue.species.cells
    box = np.array(tissue.box[:2])
    at = np.stack([cells.x[:n], cells.y[:n]], axis=1) % box
    of, to = (at[cells.kind[:n] == names.index(name)] for name in (one, other))
    return float(np.mean(cKDTree(to, boxsize=box).query(of)[0]))


def test_stroma_keeps_further_off_tumour_cells_and_t_cells_do_not() -> None:
    without, within = settled(0.0), settled(0.25)
    assert gap(within, "fibroblast", "cancer") > 1.05 * gap(without, "fibroblast", "cancer")
    assert gap(within, "cd8", "fibroblast") < 1.05 * gap(without, "cd8", "fibroblast")


def test_a_sheath_beyond_the_reach_of_neighbours_is_refused() -> None:
    with pytest.raises(InputError, match=r"cell\.fibroblast\.sheath.*0\.25"):
        plan(knowledge={"cell.fibroblast.sheath": 0.3})
