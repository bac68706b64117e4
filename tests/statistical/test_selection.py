"""Killing selects, and only killing does: which clones rise under T cells, under NK cells, and under nobody."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tissues import grown, interval, over_seeds, plan

pytestmark = pytest.mark.statistical

SEEDS = range(1, 9)
DAYS = 4.0
ALPHA = 0.05
# What drift may do to a share of 0.3 among some 225 cells in which a tenth are replaced per day.
MARGIN = 0.06
# So many NK cells kill a fifth of the tumour in four days; more of them, or unchecked ones, leave nothing to compare.
KILLERS = {"cd8": "900 cells/mm2", "nk": "100 cells/mm2"}
STRONG = {
    "cell.cd8.lytic.pd1_positive": 1.0,
    "cell.cd8.lytic.exhaustion_initial": 0.0,
    "tumour.melanoma.matching_antigen_fraction": 0.1,
    "interaction.PD-1:PD-L1.half": "1e4 molecules/um2",
    "interaction.TIGIT:CD155.half": "1e4 molecules/um2",
    "interaction.TIM-3:Gal-9.half": "1e4 molecules/um2",
}


def change(seed: int, defect: str, killers: str, recognising: float) -> float:
    """How much the share of a clone rises in four days."""
    asked = plan(
        scenario__seed=seed,
        tissue__generate__size=["300 um", "300 um"],
        tissue__generate__densities={"cancer": "2500 cells/mm2", killers: KILLERS[killers]},
        knowledge=(STRONG if killers == "cd8" else {})
        | {f"defect.{defect}.share": 0.3, "cell.cd8.lytic.reactive_fraction": recognising},
    )
    before, after = (_share(grown(asked, minutes), defect) for minutes in (0.0, DAYS * 1440.0))
    return after - before


def _share(tissue, defect: str) -> float:
    cells, n = tissue.cells.arrays, tissue.cells.n
    own = (cells.kind[:n] == tissue.species.cells.index("cancer")) & (cells.phase[:n] <= 1)
    return float(np.mean(cells.lost[:n][own] >> tissue.species.defects.index(defect) & 1))


def changes(defect: str, killers: str, recognising: float = 1.0) -> tuple[float, float]:
    """The 95 % interval of the mean change over replicates."""
    found = over_seeds(partial(change, defect=defect, killers=killers, recognising=recognising), SEEDS)
    return interval(found, 1.0 - ALPHA)


@pytest.mark.parametrize("defect", ["antigen-loss", "b2m-loss"])
def test_under_t_cells_the_clone_they_do_not_see_rises(defect):
    assert changes(defect, "cd8")[0] > 0.05


@pytest.mark.parametrize("defect", ["antigen-loss", "b2m-loss"])
def test_where_no_t_cell_recognises_the_tumour_no_clone_rises(defect):
    low, high = changes(defect, "cd8", recognising=0.0)
    assert -MARGIN < low < high < MARGIN


def test_under_nk_cells_the_clone_without_mhc_i_falls():
    assert changes("b2m-loss", "nk")[1] < 0.0


def test_under_nk_cells_the_clone_without_antigen_neither_rises_nor_falls():
    low, high = changes("antigen-loss", "nk")
    assert -MARGIN < low < high < MARGIN
