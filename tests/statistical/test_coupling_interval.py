"""Halving the interval of the coupling moves the tumour's burden by under 2 %: a 90 % interval inside the margin.

Paired: all intervals go on from one burnt-in tissue, and meet the same chance events while arrivals are the same. The
order of the error is in `tests/convergence/test_coupling_order.py`.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from opsonin.core.schedule import ticks
from opsonin.engine import checkpoint, loop, systemic
from opsonin.engine.start import blank_tissue, started
from tissues import interval, over_seeds, plan

pytestmark = pytest.mark.statistical

MARGIN = 0.02
REPLICATES = 96
DAYS = 4
HOURS = (12, 6)
# Clones grow by a fifth within these days, so that the patient is heard.
TISSUE = {
    "size": ["200 um", "200 um"],
    "densities": {"cancer": "2500 cells/mm2", "cd8": "900 cells/mm2", "nk": "100 cells/mm2"},
}
# All T cells see the tumour and stay for a day: with fewer that come, no chance event differs and nothing is tested.
MANY_COME = {
    "cell.cd8.lytic.reactive_fraction": 1,
    "cell.cd8.lytic.pd1_positive": 1,
    "cell.cd8.trafficking.exit_rate": "7e-4 1/min",
    "immunity.adult.tumour.burden": "2e8 cells",
}
TREATED = {"name": "treated", "dose": [{"drug": "ipilimumab", "amount": "3 mg/kg"}]}


def asked(seed: int, hours: float):
    return plan(
        scenario__seed=seed,
        scenario__duration=f"{DAYS} d",
        tissue__generate=TISSUE,
        numerics={"burn_in": "2 d"},
        knowledge=MANY_COME,
        patient={"interval": f"{hours} h"},
        arm=[TREATED],
    )


def outcome(seed: int) -> list[tuple[float, float]]:
    """Burden over that of time 0, and clones likewise, at the end, for each interval."""
    frozen = checkpoint.freeze(started(asked(seed, HOURS[0])))
    return [followed(asked(seed, hours), frozen) for hours in HOURS]


def followed(tissue_plan, frozen) -> tuple[float, float]:
    tissue = blank_tissue(tissue_plan)
    checkpoint.thaw(tissue, frozen)
    course = tissue_plan.courses[0]
    patient = systemic.begun(tissue_plan, course, tissue)
    first = dict(patient.told)
    patient.act(tissue)
    for tick in range(0, ticks(DAYS * 1440.0), tissue_plan.coupling):
        loop.advance(tissue_plan, course, tissue, tick, lambda *_: None)
        if patient.due(tick + tissue_plan.coupling):
            patient.follow(tissue, tick + tissue_plan.coupling)
            patient.act(tissue)
    return tuple(patient.told[name] / first[name] for name in ("tumour_cells", "clones_tumour_cells"))


@functools.cache
def measured() -> np.ndarray:
    """(replicates, intervals, 2)"""
    return np.array(over_seeds(outcome, range(REPLICATES)))


def test_halving_the_interval_moves_the_burden_by_under_two_percent(record_property):
    burden, clones = measured()[..., 0], measured()[..., 1]
    assert clones.mean() > 1.1  # the patient moves at all
    difference = np.log(burden[:, 1] / burden[:, 0])
    assert abs(difference).max() > 1e-6  # some chance event differs
    low, high = interval(difference, 0.90)
    record_property("relative difference", [low, high])
    assert low > -MARGIN
    assert high < MARGIN
