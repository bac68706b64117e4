"""Process: molecules follow the signals that cells receive."""

from __future__ import annotations

from opsonin.kernels.expression import express
from opsonin.tissue.tissue import Tissue

NAME = "expression"
COLUMNS = ("level",)


# Longer than the half-life of any molecule, many times over [min].
_FOREVER = 1e9


def settle(tissue: Tissue) -> None:
    """All molecules at equilibrium with the signals as they are; for time 0."""
    step(tissue, _FOREVER)


def step(tissue: Tissue, duration: float) -> None:
    """Advance all molecules by `duration` [min]."""
    turnover, fold = tissue.traits.turnover, tissue.exposure.fold
    express(tissue.cells.arrays, tissue.cells.n, tissue.tables, turnover, fold, duration)
