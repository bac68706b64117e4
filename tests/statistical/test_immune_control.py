"""What the model must show of immune control: over replicates, with intervals; alpha 5 %, two-sided."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import started
from tissues import CONTROL, NIVOLUMAB, carried_on, interval, live, over_seeds, plan

pytestmark = pytest.mark.statistical

DAYS = 4.0
REPLICATES = 16
SIZE = ["300 um", "300 um"]
HIGH = "4e4 molecules"  # of the published range, evidence:C025 and C037, before interferon adds its share
LOW = "1e3 molecules"


def cancer_and_kills(seed: int, cd8: str, pd_l1: str | None, arm: int) -> tuple[float, int]:
    """Cancer cells of the field as it began, of which a narrow window that was tiled holds several; and kills."""
    tissue_plan = plan(
        scenario__seed=seed,
        arm=[CONTROL, NIVOLUMAB],
        tissue__generate={
            "size": SIZE,
            "densities": {"cancer": "2500 cells/mm2", "cd8": cd8, "other": "500 cells/mm2"},
        },
        knowledge={} if pd_l1 is None else {"tumour.melanoma.expresses.cancer.PD-L1": pd_l1},
    )
    tissue = started(tissue_plan)
    carried_on(tissue_plan, tissue, 0, DAYS * 1440.0, arm)
    return live(tissue, "cancer") * tissue.weight, tissue.counters["kills"]


def without_cd8(seed: int) -> list[tuple[float, int]]:
    return [cancer_and_kills(seed, "0 cells/mm2", None, arm) for arm in (0, 1)]


def by_density(seed: int) -> list[tuple[float, int]]:
    return [cancer_and_kills(seed, f"{d} cells/mm2", None, 1) for d in (0, 500, 2000)]


def by_pd_l1(seed: int) -> list[tuple[float, int]]:
    cases = ((LOW, 0), (HIGH, 0), (HIGH, 1))
    return [cancer_and_kills(seed, "1500 cells/mm2", level, arm) for level, arm in cases]


def test_a_field_without_cd8_is_not_helped_by_anti_pd1():
    """Exactly: nothing else in the field carries PD-1 that matters, so both arms are the same run."""
    for control, treated in over_seeds(without_cd8, range(4)):
        assert control == treated
        assert control[1] == 0


def test_more_cd8_means_fewer_cancer_cells():
    """500 per mm2 kill, but so few that their cells left are not told from none by so many replicates."""
    found = np.array(over_seeds(by_density, range(REPLICATES)))
    none, some, many = found[:, :, 0].T
    print(f"\ncancer cells left: {none.mean():.1f}, {some.mean():.1f}, {many.mean():.1f}")
    assert interval(found[:, 1, 1], 0.95)[0] > 0
    assert interval(many - none, 0.95)[1] < 0
    assert interval(many - some, 0.95)[1] < 0


def test_high_pd_l1_blunts_killing_and_anti_pd1_restores_it():
    kills = np.array(over_seeds(by_pd_l1, range(REPLICATES)))[:, :, 1]
    low, high, blocked = kills.T
    print(
        f"\nkills: low PD-L1 {low.mean():.1f}, high {high.mean():.1f}, high with nivolumab {blocked.mean():.1f}"
    )
    assert interval(high - 0.5 * low, 0.95)[1] < 0  # less than half is left
    assert interval(blocked - high, 0.95)[0] > 0
    assert interval(blocked - 0.1 * low, 0.95)[0] > 0  # in part: interferon adds PD-L1 as killing comes back
