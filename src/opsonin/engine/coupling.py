"""Between the tiers: what the patient's blood does to the tissue. One direction so far: drugs act, and cells come."""

from __future__ import annotations

import numpy as np

from opsonin.core.schedule import minutes
from opsonin.engine.regimens import Course
from opsonin.engine.tabulate import IN_UNIT
from opsonin.tissue.tissue import Tissue

NAME = "pharmacology"


def step(tissue: Tissue, course: Course, tick: int, duration: float) -> None:
    """Set what the drugs do to the cells at `tick`, and which cells come in the `duration` [min] from it."""
    species, regimen = tissue.species, course.regimen
    now = minutes(tick)
    exposure = regimen.exposure(now, species.molecules, species.cells, species.defects)
    # T cells do not look for what no cell type carries.
    carried = tissue.tables.resting.any(axis=0)
    tissue.exposure = exposure._replace(
        bridged=exposure.bridged * carried, chimeric=exposure.chimeric * carried
    )
    tissue.shifted = regimen.shifted(species.molecules)
    tissue.coming = regimen.coming(now, duration, species.cells)
    tissue.primed = regimen.primed(now, species.cells)
    # In the middle of the step: cytokines leave blood within it.
    added = regimen.supplied(now + 0.5 * duration, species.substrates)
    tissue.supplied = added / np.array([IN_UNIT.get(substrate.unit, 1.0) for substrate in tissue.substrates])
