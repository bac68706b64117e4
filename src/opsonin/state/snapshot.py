"""What observables look at: a tissue at one time, read-only and without its machinery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from opsonin.model.phase import COMMITTED
from opsonin.state.cells import Cells
from opsonin.state.fields import Fields


@dataclass(frozen=True)
class Snapshot:
    """A tissue at one time.

    Attributes:
        kinds, molecules, substrates: names behind the indices.
        effectors: cell types that kill.
        box: (Lx, Ly, Lz) [um]; counters: events since the start, weighted; free: (molecules,) share that no drug holds.
        drugs: free concentration in the tissue by drug [nM]; of radiation the dose given so far [Gy].
        weight: windows of the original size that this one stands for.
        initial: number of live cells of each type at time 0.
        vessels: number of blood vessels in the window.
        recognises: (n,) whether a cell is a killer that may see the tumour; fitness: (n,) that metabolism leaves these,
            0 of all others [-].
        patient: what is told of the patient around the tissue, by column; empty without one.
    """

    cells: Cells
    fields: Fields
    box: tuple[float, float, float]
    kinds: tuple[str, ...]
    effectors: tuple[str, ...]
    molecules: tuple[str, ...]
    substrates: tuple[str, ...]
    counters: Mapping[str, float]
    free: npt.NDArray[np.float64]
    drugs: Mapping[str, float]
    initial: Mapping[str, int]
    weight: float = 1.0
    vessels: int = 0
    recognises: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    fitness: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    patient: Mapping[str, float] = field(default_factory=dict)

    def live(self, kind: str) -> npt.NDArray[np.bool_]:
        """(n,) mask of the live cells of a type."""
        n = self.cells.n
        arrays = self.cells.arrays
        return np.asarray((arrays.kind[:n] == self.kinds.index(kind)) & (arrays.phase[:n] <= COMMITTED))

    @property
    def area_mm2(self) -> float:
        """Area of the section [mm2]."""
        return self.box[0] * self.box[1] * 1e-6
