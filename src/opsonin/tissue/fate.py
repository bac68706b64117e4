"""Process: cells enter the cycle, divide, die, leave and vanish."""

from __future__ import annotations

import numpy as np

from opsonin.kernels.fate import decide, held_back
from opsonin.tissue import apply
from opsonin.tissue.tissue import Tissue

NAME = "fate"
# A tissue whose cells hardly cycle at all at time 0 is not scaled up without bound.
_LEAST_GATE = 0.05

COLUMNS = ("id", "phase", "phase_start", "phase_end", "volume", "base_volume", "radius", "divisions")


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Propose events for the step of `duration` [min] from `tick`, and carry them out."""
    event = np.zeros(tissue.cells.capacity, np.int8)
    decide(
        tissue.cells.arrays,
        tissue.cells.n,
        tissue.tables,
        tissue.key,
        tick,
        duration,
        tissue.resting_pressure,
        (tissue.hindrance, tissue.counted_necrosis),
        event,
    )
    apply.events(tissue, event[: tissue.cells.n], tick, duration)


def balance(tissue: Tissue) -> None:
    """At time 0: note what the growth and loss measured in such tumours already hold of hindrance and necrosis."""
    gate, necrosis = held_back(tissue.cells.arrays, tissue.cells.n, tissue.tables, tissue.resting_pressure)
    tissue.hindrance, tissue.counted_necrosis = max(float(gate), _LEAST_GATE), float(necrosis)
