"""The time from one turn of the reservoir to the next is not biology: half of it cures and selects as often."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.body import Body
from opsonin.patient.clone_part import Lesion
from opsonin.patient.integrate import BRISK, Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.reservoir import TURN, Key, Reservoir

pytestmark = pytest.mark.statistical
ALPHA = 1e-3  # of each comparison
REPLICATES, DAYS = 40, 16.0


def cells_left(turn):
    """(replicates,) logarithm of the cells of a leukaemia that by then is cured in most of the replicates."""
    library = load_library().override("immunity.adult.tumour.burden", "2.5e8 cells")
    drug = library.drugs["tisagenlecleucel"]
    model = PatientModel.of([drug], Body(library, "b_all", (Lesion(),)))
    engine, end = Integrator(model.sbml, "patient", BRISK), DAYS * 1440.0
    doses = model.changes([Given(0.0, drug.name, 2e8)])
    found = []
    for replicate in range(REPLICATES):
        reservoir = Reservoir(model.sites, Key(round(turn), "1", replicate), end, turn)
        engine.run(["tumour_cells"], [0.0, end], doses, turns=reservoir)
        found.append(sum(cells[-1] for cells in reservoir.cells.values()))
    return np.log10(1.0 + np.array(found))


def test_half_the_time_between_turns_leaves_as_many_cells_and_cures():
    once, twice = cells_left(TURN), cells_left(TURN / 2.0)
    cured = [[(left == 0.0).sum(), (left > 0.0).sum()] for left in (once, twice)]
    assert min(map(min, cured)) > 3  # or nothing would be compared
    assert stats.fisher_exact(cured).pvalue > ALPHA
    assert stats.ttest_ind(once, twice, equal_var=False).pvalue > ALPHA
