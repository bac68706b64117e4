"""The one place where cells are born, change phase and disappear, in the order of their slots."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.core.random import Stream, mixed
from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.kernels.draws import draw_each
from opsonin.kernels.mechanics import mirrored
from opsonin.kernels.motility import random_direction
from opsonin.model import tables as column
from opsonin.model.phase import (
    APOPTOTIC,
    COMMITTED,
    DIE_APOPTOTIC,
    DIE_NECROTIC,
    DIE_POISONED,
    DIVIDE,
    ENTER_CYCLE,
    LEAVE,
    NECROTIC,
    RESTING,
    VANISH,
)
from opsonin.model.specificity import MATCHED, STEM_LIKE
from opsonin.tissue import accounts
from opsonin.tissue.tissue import MEDIUM, Tissue

Events = npt.NDArray[np.int8]
_DIVISION = int(Stream.DIVISION)
_MUTATION = int(Stream.MUTATION)


def events(tissue: Tissue, event: Events, tick: int, duration: float) -> None:
    """Carry out the proposed events of a step; `event` is (n,) int8, see `model.phase`."""
    now = tick + round(duration * TICKS_PER_MINUTE)
    _enter(tissue, event == ENTER_CYCLE, COMMITTED, column.COMMITTED_TIME, now)
    dying = (event == DIE_APOPTOTIC) | (event == DIE_POISONED)
    _enter(tissue, dying, APOPTOTIC, column.APOPTOTIC_TIME, now)
    _enter(tissue, event == DIE_NECROTIC, NECROTIC, column.NECROTIC_TIME, now)
    _count(tissue, event)
    accounts.book_events(tissue, event)
    daughters = _divide(tissue, np.flatnonzero(event == DIVIDE), now)
    gone = np.flatnonzero((event == VANISH) | (event == LEAVE))
    if len(gone):
        tissue.cells.remove(gone)
    if daughters:
        tissue.cells.append(daughters)


def _count(tissue: Tissue, event: Events) -> None:
    """Of the tumour, what makes it grow or shrink; of all cells, who leaves and who dies of drugs."""
    tumour = event[tissue.tables.types[tissue.cells.arrays.kind[: len(event)], column.TUMOUR] > 0.0]
    for name, counted, which in (
        ("divisions", tumour, DIVIDE),
        ("apoptoses", tumour, DIE_APOPTOTIC),
        ("necroses", tumour, DIE_NECROTIC),
        ("drug_deaths", event, DIE_POISONED),
        ("departures", event, LEAVE),
    ):
        tissue.count(name, int(np.count_nonzero(counted == which)))


def _enter(tissue: Tissue, which: npt.NDArray[np.bool_], phase: int, length: int, now: int) -> None:
    slots = np.flatnonzero(which)
    if len(slots) == 0:
        return
    cells = tissue.cells.arrays
    lengths = tissue.tables.types[cells.kind[slots], length] * TICKS_PER_MINUTE
    cells.phase[slots] = phase
    cells.phase_start[slots] = now
    cells.phase_end[slots] = now + np.rint(lengths).astype(np.int64)
    cells.base_volume[slots] = cells.volume[slots]
    if phase > COMMITTED:
        cells.engagement[slots] = 0.0
        cells.partner[slots] = 0


def _divide(tissue: Tissue, slots: npt.NDArray[np.int64], now: int) -> dict[str, Any]:
    """Halve each dividing cell and return the columns of its daughters, placed beside their mothers."""
    if len(slots) == 0:
        return {}
    cells = tissue.cells.arrays
    cells.volume[slots] *= 0.5
    cells.base_volume[slots] = cells.volume[slots]
    cells.phase[slots] = RESTING
    cells.phase_start[slots] = now
    cells.divisions[slots] += 1
    cells.damage[slots] *= 0.5
    cells.disc[slots] *= 0.5
    kinds = cells.kind[slots]
    numbers = tissue.tables.types[kinds]
    scale = (cells.volume[slots] / numbers[:, column.REFERENCE_VOLUME]) ** (1.0 / tissue.dimension)
    cells.radius[slots] = numbers[:, column.MODEL_RADIUS] * scale
    daughters = {name: values[..., slots].copy() for name, values in cells._asdict().items()}
    for row, slot in enumerate(slots):
        mother, division = cells.id[slot], int(cells.divisions[slot])
        daughters["id"][row] = mixed(mother, np.uint64(division))
        direction = random_direction(
            tissue.key[0],
            tissue.key[1],
            daughters["id"][row],
            np.uint32(now & 0xFFFFFFFF),
            _DIVISION,
            tissue.dimension,
        )
        offset = 0.5 * cells.radius[slot]
        for axis, name in enumerate("xyz"):
            column_of = getattr(cells, name)
            centre = column_of[slot]
            column_of[slot] = inside(tissue, axis, centre - offset * direction[axis])
            daughters[name][row] = inside(tissue, axis, centre + offset * direction[axis])
    cells.lost[slots] = _mutated(tissue, kinds, cells.lost[slots], cells.id[slots], now)
    daughters["lost"] = _mutated(tissue, kinds, daughters["lost"], daughters["id"], now)
    tissue.note_births(now, kinds, cells.id[slots], daughters["id"], (cells.lost[slots], daughters["lost"]))
    daughters["reactive"][daughters["reactive"] == STEM_LIKE] = MATCHED
    daughters["divisions"][:] = 0
    daughters["partner"][:] = 0
    daughters["engagement"][:] = 0.0
    for name in ("heading_x", "heading_y", "heading_z"):
        daughters[name][:] = 0.0
    return daughters


def _mutated(
    tissue: Tissue, kinds: npt.NDArray[np.int16], lost: Any, identity: npt.NDArray[np.uint64], now: int
) -> Any:
    """The defects of daughters with what their division adds or mends: each is drawn by itself, in tumour cells alone.

    Mutagens raise the rates of what does not revert.
    """
    tumour = tissue.tables.types[kinds, column.TUMOUR] > 0.0
    defects = tissue.tables.defects
    rates = defects["rate"] * np.where(defects["reverts"] > 0.0, 1.0, tissue.exposure.mutation)
    for number, (rate, reverts) in enumerate(zip(rates, defects["reverts"], strict=True)):
        if rate > 0.0 or reverts > 0.0:
            chance = draw_each(tissue.key, identity, now & 0xFFFFFFFF, _MUTATION, defects["draw"][number])
            had = lost & (1 << number) > 0
            gets, mends = tumour & ~had & (chance < rate), tumour & had & (chance < reverts)
            lost = np.where(gets, lost | (1 << number), np.where(mends, lost & ~(1 << number), lost))
    return lost


def inside(tissue: Tissue, axis: int, position: float) -> float:
    """A coordinate moved into the box: around its edge, or back from its wall where there is one."""
    length = tissue.box[axis]
    walled = tissue.boundary == MEDIUM and (axis < 2 or tissue.dimension == 3)
    return float(mirrored(position, length)) if walled else wrapped(position, length)


def wrapped(position: float, length: float) -> float:
    """A coordinate moved into [0, length)."""
    inside = position % length
    return inside if inside < length else 0.0
