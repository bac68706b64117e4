"""Contacts, death and motion in one kernel do what they do one by one, to the last bit."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from opsonin.core.errors import RunError
from opsonin.engine.start import started
from opsonin.tissue import turns
from opsonin.tissue.tissue import MEDIUM
from tissues import exposed, plan, slots

TICKS = range(0, 1800, 60)
KILLERS = {"cancer": "2500 cells/mm2", "cd8": "900 cells/mm2"}
BLOCK = {"tumour": "melanoma", "generate": {"size": ["110 um", "110 um", "110 um"]}}


def section():
    tissue = started(plan(tissue__generate={"size": ["200 um", "200 um"], "densities": KILLERS}))
    cells = tissue.cells.arrays
    cells.reactive[slots(tissue, "cd8")] = 1
    cells.damage[slots(tissue, "cancer")[::3]] = 20.0
    cells.caspase3[slots(tissue, "cancer")[::3]] = 0.34  # these die in the turns to come
    return tissue


def block_in_medium():
    tissue = exposed(plan(tissue=BLOCK))
    tissue.boundary = MEDIUM
    tissue.cells.arrays.x[: tissue.cells.n : 7] = 0.2  # some meet the wall
    return tissue


def taken(tissue, how):
    tissue = copy.deepcopy(tissue)
    how(tissue, TICKS, 1.0)
    return tissue


@pytest.mark.parametrize("begin", [section, block_in_medium])
def test_in_one_kernel_or_one_by_one_are_the_same_bits(begin):
    tissue = begin()
    alone, together = taken(tissue, turns.in_one), taken(tissue, turns.one_by_one)
    assert alone.counters == together.counters
    for name, column in alone.cells.arrays._asdict().items():
        np.testing.assert_array_equal(column, getattr(together.cells.arrays, name), name)


def test_the_turns_compared_hold_hits_kills_and_cells_that_move():
    tissue = section()
    after = taken(tissue, turns.in_one)
    counted = {name: after.counters[name] - tissue.counters[name] for name in ("hits", "kills")}
    assert all(counted.values()), counted
    n = tissue.cells.n
    assert np.any(after.cells.arrays.x[:n] != tissue.cells.arrays.x[:n])


@pytest.mark.parametrize("how", [turns.in_one, turns.one_by_one])
@pytest.mark.parametrize(
    ("kind", "column", "process"), [("cd8", "x", "contacts"), ("cancer", "adhesion", "motion")]
)
def test_a_cell_that_is_no_number_is_refused_with_the_process_and_the_time(how, kind, column, process):
    tissue = section()
    getattr(tissue.cells.arrays, column)[slots(tissue, kind)[0]] = np.nan
    with pytest.raises(RunError, match=rf"day 0\.\d+, {process}"):
        how(tissue, TICKS, 1.0)
