"""Cells as a structure of arrays with spare capacity; the first `n` entries of every column are valid.

Layout, growth, removal and appending only. What the columns mean biologically is in `laws/` and `tissue/`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SCALARS: tuple[tuple[str, type], ...] = (
    ("x", np.float64),  # um
    ("y", np.float64),  # um
    ("z", np.float64),  # um
    ("volume", np.float64),  # um3
    ("base_volume", np.float64),  # um3, at the start of the present phase
    ("radius", np.float64),  # um, used by mechanics
    ("repulsion", np.float64),  # um/min
    ("adhesion", np.float64),  # um/min
    ("pressure", np.float64),  # 1/min in a section or block: virial over the cell's measure
    ("heading_x", np.float64),  # unit vector of a motile cell
    ("heading_y", np.float64),
    ("heading_z", np.float64),
    ("damage", np.float64),  # hits not yet repaired
    ("bound", np.float64),  # death receptors that the ligands of effectors hold
    ("disc", np.float64),  # the way to apoptosis, see `model.death.DeathState`
    ("caspase8", np.float64),
    ("bid", np.float64),
    ("pores", np.float64),
    ("caspase3", np.float64),
    ("engagement", np.float64),  # net activation of the synapse held now
    ("activation", np.float64),  # its memory
    ("costimulated", np.float64),  # co-stimulation taken in from cells touched, and its memory
    ("exhaustion", np.float64),
    ("fixed", np.float64),  # part of it that does not recede
    ("id", np.uint64),
    ("partner", np.uint64),  # id of the target engaged, 0 if none
    ("phase_start", np.int64),  # tick
    ("phase_end", np.int64),  # tick; only for phases of fixed length
    ("divisions", np.int32),
    ("lost", np.int32),  # heritable defects, one bit each in the order of `Species.defects`
    ("kind", np.int16),
    ("phase", np.int8),
    ("reactive", np.int8),  # whether its receptor matches an antigen of this tumour, see `model.phase`
    ("niche", np.int8),  # of a retained cell: 1 tumour nests, -1 stroma; 0 if it roams
)
_TABLES = ("level", "variation", "signal", "gradient")


class CellArrays(NamedTuple):
    """The columns as numba sees them; see `_SCALARS` for units. Tables have one row per molecule or substrate."""

    x: Floats
    y: Floats
    z: Floats
    volume: Floats
    base_volume: Floats
    radius: Floats
    repulsion: Floats
    adhesion: Floats
    pressure: Floats
    heading_x: Floats
    heading_y: Floats
    heading_z: Floats
    damage: Floats
    bound: Floats
    disc: Floats
    caspase8: Floats
    bid: Floats
    pores: Floats
    caspase3: Floats
    engagement: Floats
    activation: Floats
    costimulated: Floats
    exhaustion: Floats
    fixed: Floats
    id: npt.NDArray[np.uint64]
    partner: npt.NDArray[np.uint64]
    phase_start: npt.NDArray[np.int64]
    phase_end: npt.NDArray[np.int64]
    divisions: npt.NDArray[np.int32]
    lost: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int16]
    phase: npt.NDArray[np.int8]
    reactive: npt.NDArray[np.int8]
    niche: npt.NDArray[np.int8]
    level: Floats  # (molecules, capacity) molecules per cell
    variation: Floats  # (molecules, capacity) lognormal factor
    signal: Floats  # (substrates, capacity) concentration at the cell
    gradient: Floats  # (3, capacity) of the attractant [nM/um], z y x


class Cells:
    """All cells of a tissue.

    Attributes:
        n: number of cells, dead ones not yet cleared included.
        arrays: the columns; replaced when capacity grows.
    """

    def __init__(self, capacity: int, molecules: int, substrates: int) -> None:
        self.n = 0
        columns: dict[str, Any] = {name: np.zeros(capacity, dtype) for name, dtype in _SCALARS}
        rows = {"level": molecules, "variation": molecules, "signal": substrates, "gradient": 3}
        columns |= {name: np.zeros((rows[name], capacity)) for name in _TABLES}
        self.arrays = CellArrays(**columns)

    @property
    def capacity(self) -> int:
        return len(self.arrays.x)

    def reserve(self, count: int) -> None:
        """Make room for `count` cells, growing by half at least; the arrays are new objects afterwards."""
        if count <= self.capacity:
            return
        capacity = max(count, self.capacity + self.capacity // 2, 64)
        grown = {}
        for name, column in self.arrays._asdict().items():
            wider = np.zeros((*column.shape[:-1], capacity), column.dtype)
            wider[..., : self.n] = column[..., : self.n]
            grown[name] = wider
        self.arrays = CellArrays(**grown)

    def remove(self, slots: npt.NDArray[np.int64]) -> None:
        """Drop the cells in `slots` (ascending); the last cells move into the holes, in order."""
        left = self.n - len(slots)
        gone = np.zeros(self.n, bool)
        gone[slots] = True
        holes = slots[slots < left]
        movers = left + np.flatnonzero(~gone[left:])
        for column in self.arrays:
            column[..., holes] = column[..., movers]
        self.n = left

    def append(self, columns: dict[str, Any]) -> slice:
        """Add cells given as columns (missing ones are 0); returns the slots they got."""
        added = len(columns["id"])
        self.reserve(self.n + added)
        slots = slice(self.n, self.n + added)
        for name, column in self.arrays._asdict().items():
            column[..., slots] = columns.get(name, 0)
        self.n += added
        return slots

    def columns(self) -> dict[str, Any]:
        """Copies of the valid part of every column."""
        return {name: column[..., : self.n].copy() for name, column in self.arrays._asdict().items()}

    def bytes_per_cell(self) -> int:
        """Memory of one cell's columns [bytes]."""
        return int(sum(column.nbytes for column in self.arrays) // max(self.capacity, 1))
