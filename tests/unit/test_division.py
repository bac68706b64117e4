"""Pressure holds tumour cells back from dividing, and nobody else."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import started
from opsonin.kernels.fate import ENTRY
from opsonin.knowledge.library import load_library
from opsonin.tissue import fate
from tissues import plan

SEEN = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}


def entering(tissue, name):
    return fate.turnover(tissue)[tissue.species.cells.index(name)].sum(axis=0)[ENTRY]


def test_pressed_t_cells_divide_as_before_and_pressed_tumour_cells_do_not():
    tissue = started(plan(knowledge=SEEN))
    cells, n = tissue.cells.arrays, tissue.cells.n
    cells.activation[:n] = np.where(cells.kind[:n] == tissue.species.cells.index("cd8"), 1.0, 0.0)
    cells.exhaustion[:n] = 0.0
    cells.pressure[:n] = tissue.resting_pressure
    at_rest = {name: entering(tissue, name) for name in ("cd8", "cancer")}
    cells.pressure[:n] = 100.0 * tissue.resting_pressure
    assert at_rest["cd8"] > 0.0 and at_rest["cancer"] > 0.0
    assert entering(tissue, "cd8") == at_rest["cd8"]
    assert entering(tissue, "cancer") < 1e-3 * at_rest["cancer"]


def test_half_and_steepness_of_the_pressure_go_together():
    cycle = load_library().cells["cancer"].cycle
    with pytest.raises(ValueError, match="'pressure_half' and 'pressure_hill' go together"):
        type(cycle).model_validate(dict(cycle) | {"pressure_hill": None})
