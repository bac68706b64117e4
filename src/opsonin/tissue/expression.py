"""Process: molecules follow the signals that cells receive, and cells forget how they differed from each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.kernels.expression import express, remix
from opsonin.tissue.tissue import Tissue

NAME = "expression"
COLUMNS = ("level", "variation")

# Longer than the half-life of any molecule, many times over [min].
_FOREVER = 1e9
# Variation is mixed on the hour [min] whatever the coupling step, so that the draws are the same.
_HOUR = 60.0


def settle(tissue: Tissue) -> None:
    """All molecules at equilibrium with the signals as they are; for time 0."""
    _express(tissue, _FOREVER)


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Advance all molecules by `duration` [min] from `tick`."""
    ticks = round(_HOUR * TICKS_PER_MINUTE)
    for hour in range(tick // ticks + 1, (tick + round(duration * TICKS_PER_MINUTE)) // ticks + 1):
        _remix(tissue, hour)
    _express(tissue, duration)


def _moving(tissue: Tissue) -> Any:
    """Molecules that may leave their level, as indices in the order of the tables: all others are where they were.

    A molecule that nothing shifts, mixes, changes or removes has its level from the start, exactly.
    """
    tables, drugs = tissue.tables, tissue.exposure
    moves = (tissue.traits.mixing > 0.0) | (tables.removed_by > 0) | (drugs.fold != 1.0)
    moves[tables.shifts["molecule"]] = True
    moves[tables.changes["molecule"]] = True
    moves[list(tissue.shifted)] = True
    moves[tables.competing["ligand"]] = True  # stripped by others
    return tables.order[moves[tables.order]]


def _express(tissue: Tissue, duration: float) -> None:
    drugs, tables = tissue.exposure, tissue.tables
    if duration != _FOREVER:
        tables = tables._replace(order=_moving(tissue))
    express(
        tissue.cells.arrays,
        tissue.cells.n,
        tables,
        tissue.traits.turnover,
        drugs.fold,
        drugs.through,
        duration,
    )


def _remix(tissue: Tissue, hour: int) -> None:
    traits, cells = tissue.traits, tissue.cells
    kept, number = np.exp(-traits.mixing * _HOUR), np.uint32(hour & 0xFFFFFFFF)
    remix(cells.arrays, cells.n, tissue.tables.resting, traits.sigma, kept, traits.draw, tissue.key, number)
