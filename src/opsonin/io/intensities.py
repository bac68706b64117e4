"""Stained intensities become levels of molecules per cell, by the scale that a label map declares.

The scale itself is in `model/panels.py`; what a level does to a cell is the tissue's work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsonin.core.errors import Fault
from opsonin.io.columns import numbers
from opsonin.io.tables import Table, capped
from opsonin.model.panels import Intensity, LabelMap

Levels = dict[str, NDArray[np.float64]]


def measured_levels(
    table: Table, kept: NDArray[np.int64], cells: NDArray[np.str_], label_map: LabelMap
) -> tuple[Levels, list[Fault]]:
    """Level of each molecule over the resting level of the cell's type, NaN where it is not measured.

    Args:
        kept: records of the table, one per cell.
        cells: cell type of each.
    Returns:
        molecule -> (cells,) float64, and a fault for each intensity that is no number, or negative.
    """
    levels: Levels = {}
    faults: list[Fault] = []
    for molecule, scale in label_map.intensities.items():
        applies = np.isin(cells, scale.only) if scale.only else np.ones(len(cells), bool)
        level, wrong = _level(table, kept[applies], scale)
        faults += wrong
        levels[molecule] = np.full(len(cells), np.nan)
        levels[molecule][applies] = level
        levels[molecule].flags.writeable = False
    return levels, faults


def _level(
    table: Table, records: NDArray[np.int64], scale: Intensity
) -> tuple[NDArray[np.float64], list[Fault]]:
    total = np.zeros(len(records))
    faults: list[Fault] = []
    for column in scale.columns:
        values, wrong = numbers(table, column, records)
        total += values
        faults += wrong + _negative(table, column, records, values)
    above = np.maximum(total / len(scale.columns) - scale.background, 0.0)
    return above / (scale.reference - scale.background), faults


def _negative(
    table: Table, column: str, records: NDArray[np.int64], values: NDArray[np.float64]
) -> list[Fault]:
    fix = "Intensities are 0 or more; shift them, or clip them at 0."
    faults = [
        Fault(
            f"{table.name} row {table.rows[records[index]]}", f"{column} {values[index]:g} is negative.", fix
        )
        for index in np.flatnonzero(values < 0.0)
    ]
    return capped(faults, table.name)
