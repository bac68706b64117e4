"""Tissue and patient hear of each other at intervals: the error is of first order in them, and small by default.

Without chance: in place of the tissue a few equations, so that nothing but the interval differs.
"""

from __future__ import annotations

import functools
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from opsonin.engine.systemic import Systemic
from opsonin.patient.window_part import Untreated
from opsonin.tissue.tissue import ARRIVED, DIED, DIVIDED, LEFT, REACTIVE, Accounts
from tissues import plan

DAYS, STEP = 21, 10.0
CANCER, KILLERS = 2000.0, 100.0  # in the window at time 0
PER_DAY = 1.0 / 1440.0
GROWTH, LOSS, EXIT, DEATH, KILLS = 0.09 * PER_DAY, 0.03 * PER_DAY, 0.1 * PER_DAY, 0.1 * PER_DAY, 1.0 * PER_DAY
DOSES = [{"drug": "ipilimumab", "amount": "3 mg/kg", "every": "7 d"}]


@functools.cache
def ends(hours: float) -> tuple[float, float]:
    """Burden and clones at the end, over those of time 0."""
    asked = plan(
        scenario__duration=f"{DAYS} d", patient={"interval": f"{hours} h"}, arm=[{"name": "a", "dose": DOSES}]
    )
    scale = 1e9 / CANCER
    arriving, leaving = (EXIT + DEATH + GROWTH - LOSS) * KILLERS * scale, EXIT * KILLERS * scale
    rest = Untreated(
        {"tumour_cells": 1e9, "tumour": KILLERS * scale},
        (LOSS * CANCER + KILLS * KILLERS) * scale,
        {"tumour": arriving},
        {"tumour": leaving},
    )
    patient = Systemic(asked, asked.courses[0], rest, scale)
    first = dict(patient.told)
    cancer, cd8 = (asked.species.cells.index(name) for name in ("cancer", "cd8"))
    stub = SimpleNamespace(species=asked.species, tables=asked.tables, accounts=None)
    live = np.zeros((len(asked.species.cells), 2))
    live[cancer, 0], live[cd8, 1] = CANCER, KILLERS
    for tick in range(0, asked.duration, asked.interval):
        called = patient._called(stub, cd8)[REACTIVE]
        stub.accounts = Accounts(live, np.zeros((*live.shape, 5)))
        for _ in range(round(asked.interval / 60.0 / STEP)):
            passed = step(live[cancer, 0], live[cd8, 1], called * arriving / scale)
            for kind, column, events in ((cancer, 0, passed[0]), (cd8, 1, passed[1])):
                stub.accounts.passed[kind, column] += events
                gains = events[ARRIVED] + events[DIVIDED] - events[LEFT] - events[DIED]
                live[kind, column] += gains
        patient.follow(stub, tick + asked.interval)
    return tuple(patient.told[name] / first[name] for name in ("tumour_cells", "clones_tumour_cells"))


def step(cancer: float, killers: float, arrivals: float) -> tuple[np.ndarray, np.ndarray]:
    """What happens in a step, booked as the tissue books it: to tumour cells and to killers."""
    tumour, effectors = np.zeros(5), np.zeros(5)
    tumour[DIVIDED], tumour[DIED] = (
        GROWTH * cancer,
        LOSS * cancer + KILLS * killers * cancer / (cancer + killers),
    )
    effectors[ARRIVED] = arrivals * cancer / CANCER
    effectors[LEFT], effectors[DIED] = EXIT * killers, DEATH * killers
    return tumour * STEP, effectors * STEP


def test_the_patient_moves_the_tumour():
    burden, clones = ends(1.0)
    assert clones > 1.5
    untreated = np.exp(DAYS * 1440.0 * (GROWTH - LOSS - KILLS * KILLERS / (CANCER + KILLERS)))
    assert burden < 0.8 * untreated


@pytest.mark.parametrize("what", [0, 1], ids=["burden", "clones"])
def test_the_error_is_of_first_order_in_the_interval(what):
    exact = 2.0 * ends(1.0)[what] - ends(2.0)[what]  # extrapolated
    errors = [abs(ends(hours)[what] / exact - 1.0) for hours in (24.0, 12.0, 6.0)]
    for coarse, fine in pairwise(errors):
        assert coarse / fine == pytest.approx(2.0, abs=0.35)


def test_halving_the_interval_that_is_left_out_moves_the_burden_by_well_under_two_percent():
    moved = ends(6.0)[0] / ends(3.0)[0] - 1.0
    assert abs(moved) < 0.005
