"""Between the tiers: what the patient's blood does to the tissue. One direction so far: drugs act, and cells come."""

from __future__ import annotations

from opsonin.core.schedule import minutes
from opsonin.engine.compile import Course
from opsonin.tissue.tissue import Tissue

NAME = "pharmacology"


def step(tissue: Tissue, course: Course, tick: int, duration: float) -> None:
    """Set what the drugs do to the cells at `tick`, and which cells come in the `duration` [min] from it."""
    species = tissue.species
    tissue.exposure = course.regimen.exposure(
        minutes(tick), species.molecules, species.cells, species.defects
    )
    tissue.shifted = course.regimen.shifted(species.molecules)
    tissue.coming = course.regimen.coming(minutes(tick), duration, species.cells)
