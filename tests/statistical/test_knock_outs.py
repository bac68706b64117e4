"""What a sensitizer brings is gone where its way is cut: paired replicates with and without it, 95 % intervals."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tissues import grown, interval, over_seeds, plan

pytestmark = pytest.mark.statistical

SEEDS = range(1, 9)
DAYS = 3.0
ALPHA = 0.05
FIELD = {"cancer": "2500 cells/mm2", "cd8": "600 cells/mm2"}
# T cells at work on a tumour that shows little antigen: there MHC-I limits what they see.
AT_WORK = {
    "cell.cd8.lytic.reactive_fraction": 0.6,
    "cell.cd8.lytic.pd1_positive": 1.0,
    "cell.cd8.lytic.exhaustion_initial": 0.0,
    "interaction.PD-1:PD-L1.half": "1e4 molecules/um2",
    "interaction.TIGIT:CD155.half": "1e4 molecules/um2",
    "interaction.TIM-3:Gal-9.half": "1e4 molecules/um2",
    "tumour.melanoma.matching_antigen_fraction": 1e-5,
}
# Of entinostat what it does to the tumour cells: that it kills by itself would hide what it brings to T cells.
ENTINOSTAT = {"drug": "entinostat", "amount": "500 nM", "lasting": "3 d"}
HARMLESS = {"drug.entinostat.effects.kills:all.rate_max": "0 1/d"}
VENETOCLAX = {"drug": "venetoclax", "amount": "1 uM", "lasting": "3 d"}


def brought(seed: int, dose: dict[str, str], **knowledge: object) -> float:
    """Kills under the drug less kills without it, per tumour cell there at first."""
    kills = []
    for given in ([dose], []):
        asked = plan(
            scenario__seed=seed,
            tissue__generate__size=["300 um", "300 um"],
            tissue__generate__densities=FIELD,
            arm=[{"name": "a", "dose": given}],
            knowledge=AT_WORK | HARMLESS | knowledge,
        )
        kills.append(grown(asked, DAYS * 1440.0).counters["kills"])
    return (kills[0] - kills[1]) / 225.0


def each_brought(dose: dict[str, str], **knowledge: object) -> np.ndarray:
    """(replicates,)."""
    return np.array(over_seeds(partial(_of_seed, dose, knowledge), SEEDS))


def _of_seed(dose: dict[str, str], knowledge: dict[str, object], seed: int) -> float:
    return brought(seed, dose, **knowledge)


def test_an_hdac_inhibitor_helps_t_cells_and_not_without_mhc_i():
    assert interval(each_brought(ENTINOSTAT), 1.0 - ALPHA)[0] > 0.0
    blind = {"tumour.melanoma.expresses.cancer.MHC-I": "0 molecules"}
    assert not each_brought(ENTINOSTAT, **blind).any()


def test_an_hdac_inhibitor_does_nothing_where_no_t_cell_recognises_the_tumour():
    assert not each_brought(ENTINOSTAT, **{"cell.cd8.lytic.reactive_fraction": 0.0}).any()


def test_venetoclax_helps_t_cells_and_not_where_bax_and_bak_are_gone():
    found = each_brought(VENETOCLAX)
    assert interval(found, 1.0 - ALPHA)[0] > 0.0
    null = {f"cell.cancer.expresses.{name}": "0 molecules" for name in ("BAX", "BAK")}
    gone = each_brought(VENETOCLAX, **null)
    assert (
        np.abs(gone).max() < 0.2 * found.mean()
    )  # in every replicate within a fifth of what it brings to others
