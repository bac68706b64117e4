"""Process: T cells take in co-stimulation and help from the cells they touch, and strip these of their ligands."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.kernels.costimulation import costimulate
from opsonin.model.phase import COMMITTED
from opsonin.tissue.contacts import touched_by
from opsonin.tissue.tissue import Tissue

NAME = "costimulation"
COLUMNS = ("costimulated", "activation", "engagement", "level")


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Contacts with cells that present, as they are at `tick`, for `duration` [min]."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    seekers = (_seeks(tissue)[cells.kind[:n]] & (cells.phase[:n] <= COMMITTED)).nonzero()[0]
    if len(seekers) == 0:
        return
    begin, touched = touched_by(tissue, seekers, tick)
    costimulate(cells, tissue.tables, tissue.exposure, seekers, begin, touched, duration)


def _seeks(tissue: Tissue) -> Any:
    """(types,) whether a type carries a receptor of co-stimulation or one that competes with it."""
    tables = tissue.tables
    receptors = np.concatenate([tables.costimulating["receptor"], tables.competing["receptor"]])
    return (tables.resting[:, receptors] > 0.0).any(axis=1)
