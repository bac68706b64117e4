"""The window is a sample: its size decides nothing, and an imaged field does not jump when time begins.

Equivalence: 90 % intervals inside the margin.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import stats

from opsonin.engine.start import started
from tissues import carried_on, interval, over_seeds, plan
from untreated import DAY, field_plan, untreated

pytestmark = pytest.mark.statistical

MARGIN = 0.05
DAYS = 3
# Homogeneous tissue on a quarter of an area, on it, and on four times it: edge [um], replicates.
WINDOWS = {"quarter": (310, 32), "one": (620, 8), "four": (1240, 4)}
# Homogeneous as far as vessels go: of the default number, four would stand in the smallest window.
VESSELS = "200 1/mm2"
OUTCOMES = ("cancer", "cd8", "other", "oxygen", "growth")

FIELDS = (("MEL04", 2), ("MEL05", 2), ("MEL07", 1), ("MEL18", 4), ("MEL27", 5))
FIELD_REPLICATES = 3
JUMP = 0.02


def outcome(seed: int, edge: int) -> list[float]:
    """Time means of densities [1/um2] and of the oxygen that cells feel [mmHg], and growth [1/d]."""
    told = untreated(
        plan(
            scenario__seed=seed,
            tissue__generate={
                "size": [f"{edge} um", f"{edge} um"],
                "densities": {"cancer": "3000 cells/mm2", "cd8": "300 cells/mm2", "other": "1500 cells/mm2"},
            },
            # Much of what is born is kept, so that 5 % of growth can be told from chance.
            knowledge={
                "tumour.melanoma.potential_doubling_time": "4 d",
                "tumour.melanoma.doubling_time": "8 d",
                "tumour.melanoma.vessel_density": VESSELS,
            },
            numerics={"burn_in": "2 d"},
        ),
        DAYS,
    )
    densities = [float(np.mean(told["densities"][kind])) for kind in OUTCOMES[:3]]
    return [*densities, float(np.mean(told["oxygen"])), told["expected_growth"]]


def quarter(seed: int) -> list[float]:
    return outcome(seed, WINDOWS["quarter"][0])


def one(seed: int) -> list[float]:
    return outcome(seed, WINDOWS["one"][0])


def four(seed: int) -> list[float]:
    return outcome(seed, WINDOWS["four"][0])


@functools.cache
def measured() -> dict[str, np.ndarray]:
    return {
        job.__name__: np.array(over_seeds(job, range(WINDOWS[job.__name__][1])))
        for job in (quarter, one, four)
    }


def relative_difference(values: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """Welch's 90 % interval of the difference of two means, over the second one."""
    squares = np.array([group.var(ddof=1) / len(group) for group in (values, base)])
    freedom = squares.sum() ** 2 / np.sum(squares**2 / (np.array([len(values), len(base)]) - 1))
    half = stats.t.ppf(0.95, freedom) * np.sqrt(squares.sum())
    middle = values.mean() - base.mean()
    return float((middle - half) / base.mean()), float((middle + half) / base.mean())


@pytest.mark.parametrize("size", ["quarter", "four"])
@pytest.mark.parametrize("column", range(len(OUTCOMES)), ids=OUTCOMES)
def test_homogeneous_tissue_does_not_know_the_size_of_its_window(size, column):
    runs = measured()
    base = runs["one"][:, column]
    low, high = relative_difference(runs[size][:, column], base)
    print(
        f"\n{OUTCOMES[column]}, {size}: mean {base.mean():.4g}, relative difference {low:+.4f} to {high:+.4f}"
    )
    assert low > -MARGIN
    assert high < MARGIN


def change_of_area(number: int) -> float:
    """Of one replicate of one field over the first 24 h [-]."""
    (patient, image), seed = FIELDS[number // FIELD_REPLICATES], number % FIELD_REPLICATES
    tissue_plan = field_plan(
        "melanoma_cells.csv.gz", "melanoma-markers", "melanoma", {"patient": patient, "image": image}, seed
    )
    tissue = started(tissue_plan)
    area = tissue.area
    carried_on(tissue_plan, tissue, 0, DAY)
    return tissue.weight * tissue.area / area - 1.0


def test_imaged_fields_keep_their_area_over_the_first_day(shared_data):
    """Of the 2 %, growth at the published rate is 1.1 %."""
    changes = np.array(over_seeds(change_of_area, range(len(FIELDS) * FIELD_REPLICATES)))
    by_field = changes.reshape(len(FIELDS), FIELD_REPLICATES)
    low, high = interval(changes, 0.90)
    print(f"\narea after 24 h: {changes.mean():+.4f} ({low:+.4f} to {high:+.4f})")
    for field, own in zip(FIELDS, by_field, strict=True):
        print(*field, np.round(own, 4))
    assert low > -JUMP
    assert high < JUMP
    assert (np.abs(by_field.mean(axis=1)) < JUMP).all()
