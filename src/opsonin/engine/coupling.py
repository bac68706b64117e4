"""Between the tiers: what the patient's blood does to the tissue. One direction so far: drugs occupy receptors."""

from __future__ import annotations

import numpy as np

from opsonin.core.schedule import minutes
from opsonin.engine.compile import Course
from opsonin.patient.pharmacokinetics import free_shares
from opsonin.tissue.tissue import Tissue

NAME = "pharmacology"


def step(tissue: Tissue, course: Course, tick: int) -> None:
    """Set the share of each molecule that no drug holds at `tick`."""
    tissue.free = np.array(free_shares(course.drugs, tissue.species.molecules, minutes(tick)))
