"""An untreated tumour without T cells grows at the rate its knowledge entry states: a 90 % interval in a margin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from opsonin.engine.start import started
from tissues import carried_on, interval, live, over_seeds, plan

pytestmark = pytest.mark.statistical

DAYS = 10.0
REPLICATES = 24
POTENTIAL, OBSERVED = 4.0, 12.0  # days
MARGIN = 0.10


def log_growth_per_day(seed: int) -> list[float]:
    tissue_plan = plan(
        scenario__seed=seed,
        tissue__generate={
            "size": ["400 um", "400 um"],
            "densities": {"cancer": "3000 cells/mm2", "cd8": "0 cells/mm2", "other": "0 cells/mm2"},
        },
        knowledge={
            "tumour.melanoma.potential_doubling_time": f"{POTENTIAL} d",
            "tumour.melanoma.doubling_time": f"{OBSERVED} d",
        },
        numerics={"burn_in": "21 d"},
    )
    tissue = started(tissue_plan)
    before, area = live(tissue, "cancer"), tissue.area
    carried_on(tissue_plan, tissue, 0, DAYS * 1440.0)
    return [
        math.log(tissue.weight * live(tissue, "cancer") / before) / DAYS,
        math.log(tissue.weight * tissue.area / area) / DAYS,
        tissue.counters["necroses"],
    ]


def test_growth_at_a_set_rate_is_recovered_and_the_window_follows():
    rates, areas, necroses = np.array(over_seeds(log_growth_per_day, range(REPLICATES))).T
    expected = math.log(2.0) / OBSERVED
    low, high = interval(rates, 0.90)
    print(
        f"\ngrowth {rates.mean():.4f} ({low:.4f} to {high:.4f}) per day; set {expected:.4f}; area {areas.mean():.4f}"
    )
    print(f"necroses per field {necroses.mean():.2f}")
    assert (1.0 - MARGIN) * expected < low
    assert high < (1.0 + MARGIN) * expected
    assert abs(areas.mean() / rates.mean() - 1.0) < 0.15
