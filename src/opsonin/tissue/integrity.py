"""Every coupling step: no NaN, nothing outside the box, no negative concentration. On by default."""

from __future__ import annotations

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.tissue.tissue import Tissue

# Undershoot of a field that the solver's residual explains, as a share of its maximum.
_UNDERSHOOT = 1e-3
_CHECKED = (
    *("x", "y", "z", "volume", "radius", "damage", "activation", "exhaustion", "pressure"),
    *("disc", "caspase3", "costimulated"),
)


def check_state(tissue: Tissue, tick: int) -> None:
    """Raise RunError that names the cell or field, the quantity, its value and the time."""
    n, day = tissue.cells.n, minutes(tick) / MINUTES_PER_DAY
    for name in _CHECKED:
        column = getattr(tissue.cells.arrays, name)[:n]
        if not np.isfinite(column).all():
            slot = int(np.flatnonzero(~np.isfinite(column))[0])
            cell = tissue.cells.arrays.id[slot]
            raise RunError(Fault(f"day {day:.4f}, cell {cell:#018x}", f"{name} is {column[slot]}", _ADVICE))
    for index, substrate in enumerate(tissue.substrates):
        field = tissue.fields.values[index]
        low, high = float(field.min()), float(field.max())
        if not (low >= -_UNDERSHOOT * max(high, 0.0) and np.isfinite(high)):
            problem = (
                f"the concentration reaches {low:.4g} {substrate.unit}; expected finite values from 0 up"
            )
            raise RunError(Fault(f"day {day:.4f}, field '{substrate.name}'", problem, _ADVICE))


_ADVICE = "This is a numerical fault; try a smaller numerics.coupling_step or numerics.motion_step."
