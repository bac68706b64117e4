"""Vessels as nodes on lines: where blood meets the tissue. Layout only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass
class Vessels:
    """Vessels perpendicular to the section; in a block each is a straight line of nodes along z.

    Attributes:
        x, y: position of each vessel [um], shape (vessels,).
        id: uint64, shape (vessels,).
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    id: npt.NDArray[np.uint64]

    @property
    def n(self) -> int:
        return len(self.x)

    def append(self, x: float, y: float, identity: int) -> None:
        self.x = np.append(self.x, x)
        self.y = np.append(self.y, y)
        self.id = np.append(self.id, np.uint64(identity))
