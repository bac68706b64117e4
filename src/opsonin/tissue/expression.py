"""Process: molecules follow the signals that cells receive."""

from __future__ import annotations

from opsonin.kernels.expression import express
from opsonin.tissue.tissue import Tissue

NAME = "expression"
COLUMNS = ("level",)


def step(tissue: Tissue, duration: float) -> None:
    """Advance all molecules by `duration` [min]."""
    express(tissue.cells.arrays, tissue.cells.n, tissue.tables, tissue.traits.turnover, duration)
