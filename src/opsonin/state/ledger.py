"""The encounter ledger of one arm: sums over contacts since the last stored time. Layout only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass
class Ledger:
    """Sums over time, each cell counted as often as the window stands for.

    Attributes:
        lost: (k,) kills that each barrier of a contact took, by Shapley values.
        apart: (k + 1,) likewise of the same contacts with space as one barrier more, the last.
        expected: (1,) kills to be expected of all contacts as they were.
        losses: (k,) minus the logarithm of what each barrier lets through, times the time of the contact [min].
        unfit: likewise, of what each substrate that decides on it leaves of the killer's fitness, one of the barriers.
        contact: time that killers held a target [min].
        near, far: time of targets that no killer held, with and without one in reach [min].
    """

    lost: Floats
    apart: Floats
    expected: Floats
    losses: Floats
    unfit: Floats
    contact: float = 0.0
    near: float = 0.0
    far: float = 0.0

    @classmethod
    def of(cls, barriers: int, substrates: int) -> Ledger:
        """Nothing noted yet."""
        return cls(
            np.zeros(barriers), np.zeros(barriers + 1), np.zeros(1), np.zeros(barriers), np.zeros(substrates)
        )
