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
        id: uint64, shape (vessels,), oldest first.
        made: how many were ever placed; the next one is keyed by it.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    id: npt.NDArray[np.uint64]
    made: int = 0

    @classmethod
    def none(cls) -> Vessels:
        """A tissue without vessels."""
        return cls(np.empty(0), np.empty(0), np.empty(0, np.uint64))

    @property
    def n(self) -> int:
        return len(self.x)

    def append(self, x: float, y: float, identity: int) -> None:
        self.x = np.append(self.x, x)
        self.y = np.append(self.y, y)
        self.id = np.append(self.id, np.uint64(identity))
        self.made += 1

    def close_youngest(self) -> None:
        """Take away the vessel placed last."""
        self.x, self.y, self.id = self.x[:-1], self.y[:-1], self.id[:-1]
