"""Halving the steps twice changes no outcome by more than 3 %: equivalence, by a 90 % interval inside the margin."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from opsonin.engine.start import started
from tissues import carried_on, interval, over_seeds, plan

pytestmark = pytest.mark.statistical

MARGIN = 0.03
REPLICATES = 160
DAYS = 1.5
# Many effective and well fed killers, so that kills are counted in the hundreds and 3 % can be told apart.
POTENT = {
    "cell.cd8.lytic.reactive_fraction": 1,
    "cell.cd8.lytic.pd1_positive": 1,
    "cell.cd8.lytic.hit_rate_max": "0.15 1/min",
    "tumour.melanoma.vessel_density": "800 1/mm2",
}
LOW_PD_L1 = {"tumour.melanoma.expresses.cancer.PD-L1": "1e3 molecules"}
DENSITIES = {"cancer": "2500 cells/mm2", "cd8": "600 cells/mm2", "other": "500 cells/mm2"}
# A short potential doubling time, for the same reason.
FAST = {
    "tumour.melanoma.potential_doubling_time": "1.5 d",
    "tumour.melanoma.doubling_time": "30 d",
}


def outcome(seed: int, coupling: float, motion: float) -> list[float]:
    """Kills, divisions and mean displacement [um] of the cells that were there and are alive at the end."""
    tissue_plan = plan(
        scenario__seed=seed,
        tissue__generate={"size": ["400 um", "400 um"], "densities": DENSITIES},
        knowledge={**POTENT, **LOW_PD_L1, **FAST},
        numerics={"coupling_step": f"{coupling} min", "motion_step": f"{motion} min"},
    )
    tissue = started(tissue_plan)
    n = tissue.cells.n
    start = tissue.cells.arrays
    before = {int(i): (x, y) for i, x, y in zip(start.id[:n], start.x[:n], start.y[:n], strict=True)}
    box = np.array(tissue.box[:2])
    cancer = np.count_nonzero(tissue_plan.imaged.kind == tissue_plan.species.cells.index("cancer"))
    carried_on(tissue_plan, tissue, 0, DAYS * 1440.0)
    n, arrays = tissue.cells.n, tissue.cells.arrays
    scale = tissue.box[0] / box[0]
    moved = []
    for i, x, y in zip(arrays.id[:n], arrays.x[:n], arrays.y[:n], strict=True):
        if int(i) in before:
            step = np.array([x, y]) / scale - before[int(i)]
            moved.append(np.hypot(*(step - box * np.rint(step / box))))
    return [tissue.counters["kills"] / cancer, tissue.counters["divisions"] / cancer, float(np.mean(moved))]


def coarse(seed: int) -> list[float]:
    return outcome(seed, 10.0, 1.0)


def half(seed: int) -> list[float]:
    return outcome(seed, 5.0, 0.5)


def quarter(seed: int) -> list[float]:
    return outcome(seed, 2.5, 0.25)


@functools.cache
def measured() -> dict[str, np.ndarray]:
    seeds = range(REPLICATES)
    return {job.__name__: np.array(over_seeds(job, seeds)) for job in (coarse, half, quarter)}


@pytest.mark.parametrize("finer", ["half", "quarter"])
@pytest.mark.parametrize("column", [0, 1, 2], ids=["kill fraction", "division fraction", "mean displacement"])
def test_halving_the_steps_changes_an_outcome_by_less_than_three_percent(finer, column, record_property):
    runs = measured()
    base = runs["coarse"][:, column]
    low, high = interval((runs[finer][:, column] - base) / base.mean(), 0.90)
    record_property("interval", f"{low:+.4f} to {high:+.4f}")
    print(
        f"\n{finer}, column {column}: mean {base.mean():.4f}, relative difference {low:+.4f} to {high:+.4f}"
    )
    assert low > -MARGIN
    assert high < MARGIN
