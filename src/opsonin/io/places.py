"""What the places of cells say of their units and of slips: distances that no tissue has, cells far outside the rest.

Reading the places is in `biopsies.py`; how densely the cells are packed in `packing.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsonin.core.errors import Fault
from opsonin.io.guesses import names_pixels
from opsonin.io.tables import Table, capped
from opsonin.model.panels import LabelMap

NEAREST_UM = (2.0, 60.0)  # no tissue has its cells closer or sparser than this at the median
USUAL_UM = (4.0, 13.0)  # where solid tissue lies: 65 real fields have 5.6 to 10.5 um
_NM = 1000.0  # a distance above this is no number of pixels
# Distance from the middle over the extent of the central 80 % of cells. A uniform field ends at 0.63, the 65 real
# fields at 1.3 at most; a single cell at the upper limit leaves its field all but empty.
_FAR, _ASTRAY = 10.0, 2.5


def nearest_distance(positions: NDArray[np.float64]) -> float:
    """Median distance of a cell to its nearest neighbour; the order of cells does not matter.

    Args:
        positions: (cells, axes), at least two.
    """
    from scipy.spatial import cKDTree

    return float(np.median(cKDTree(positions).query(positions, 2)[0][:, 1]))


def place_faults(
    table: Table, positions: NDArray[np.float64], kept: NDArray[np.int64], label_map: LabelMap
) -> list[Fault]:
    """Cells at the same place or absurdly far outside, and distances that no tissue has."""
    faults = _twice(table, positions, kept, label_map) or _outside(table, positions, kept, label_map)
    if faults:
        return faults
    nearest = nearest_distance(positions)
    low, high = NEAREST_UM
    if low <= nearest <= high:
        return []
    unit = "millimetres" if nearest < low else "nanometres" if nearest > _NM else "pixels"
    problem = (
        f"the median distance to the nearest cell is {nearest:.3g} um; tissue has {low:g} to {high:g} um."
    )
    fix = (
        f"Are the positions in {unit}? Set scale in a label map of your own; here it is {label_map.scale:g}."
    )
    return [Fault(table.name, problem, fix)]


def place_doubts(
    table: Table, positions: NDArray[np.float64], kept: NDArray[np.int64], label_map: LabelMap
) -> tuple[Fault, ...]:
    """Columns that are usually pixels, distances that solid tissue seldom has, and cells astray."""
    doubts = []
    nearest = nearest_distance(positions)
    low, high = USUAL_UM
    pixels = label_map.scale == 1.0 and names_pixels(label_map.x)
    if pixels:
        problem = (
            f"{label_map.x} and {label_map.y} are usually in pixels, but are read as um (scale = 1); "
            f"the median distance to the nearest cell is then {nearest:.3g} um."
        )
        fix = (
            "Set scale to um per pixel in a label map of your own, as in scale = 0.65; "
            "if they are um, name the columns x_um and y_um."
        )
        doubts.append(Fault(table.name, problem, fix))
    elif not low <= nearest <= high:
        usual = f"solid tissue has {low:g} to {high:g} um"
        problem = f"the median distance to the nearest cell is {nearest:.3g} um; {usual}."
        fix = (
            "If the positions are pixels, set scale to um per pixel in a label map of your own "
            f"(it is {label_map.scale:g}). If the field is sparse, or most of its cells are ignored, all is well."
        )
        doubts.append(Fault(table.name, problem, fix))
    astray = np.flatnonzero(_remoteness(positions).max(axis=1) > _ASTRAY)
    if len(astray):
        first = f"row {table.rows[kept[astray[0]]]}"
        which = f"{first} lies" if len(astray) == 1 else f"{len(astray):,} cells lie (the first in {first})"
        problem = f"{which} far from the other cells: the field is mostly empty."
        doubts.append(Fault(table.name, problem, "Select a smaller field, or remove what is not of it."))
    return tuple(doubts)


def _twice(
    table: Table, positions: NDArray[np.float64], kept: NDArray[np.int64], label_map: LabelMap
) -> list[Fault]:
    _, first, inverse = np.unique(positions, axis=0, return_index=True, return_inverse=True)
    original = first[inverse]
    twice = np.flatnonzero(original != np.arange(len(positions)))
    faults = [
        Fault(
            f"{table.name} row {table.rows[kept[index]]}",
            f"is at the same position as row {table.rows[kept[original[index]]]}: "
            f"{', '.join(f'{value / label_map.scale:g}' for value in positions[index])}.",
            "Remove one of the two cells.",
        )
        for index in twice
    ]
    return capped(faults, table.name)


def _outside(
    table: Table, positions: NDArray[np.float64], kept: NDArray[np.int64], label_map: LabelMap
) -> list[Fault]:
    """One fault per cell that is so far from the others that its position must be a slip."""
    remoteness = _remoteness(positions)
    far = remoteness.max(axis=1) > _FAR
    columns = [label_map.x, label_map.y, *([label_map.z] if label_map.z is not None else [])]
    faults = []
    for index in np.flatnonzero(far):
        axis = int(remoteness[index].argmax())
        others = positions[~far, axis] / label_map.scale
        faults.append(
            Fault(
                f"{table.name} row {table.rows[kept[index]]}",
                f"{columns[axis]} {positions[index, axis] / label_map.scale:g} is far outside: "
                f"the other cells lie between {others.min():g} and {others.max():g}.",
                "Correct it, or remove the row; if these are several fields, select one of them.",
            )
        )
    return capped(faults, table.name)


def _remoteness(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the middle along each axis over the larger extent of the central 80 % of cells, (cells, axes)."""
    with np.errstate(over="ignore", invalid="ignore"):
        low = np.percentile(positions, 10, axis=0, method="higher")
        high = np.percentile(positions, 90, axis=0, method="lower")
        away = np.abs(positions - np.median(positions, axis=0)) / np.max(high - low)
    return np.asarray(np.nan_to_num(away, nan=0.0), np.float64)
