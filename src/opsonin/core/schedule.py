"""Integer time. One tick is one second, so that halving a step keeps every tick's meaning.

No clock of the machine is read here.
"""

from __future__ import annotations

TICKS_PER_MINUTE = 60
MINUTES_PER_DAY = 1440.0


def ticks(minutes: float) -> int:
    """Minutes as a whole number of ticks; raises ValueError if they are not whole seconds."""
    count = round(minutes * TICKS_PER_MINUTE)
    if abs(count - minutes * TICKS_PER_MINUTE) > 1e-5:
        raise ValueError(f"{minutes} min is not a whole number of seconds")
    return count


def minutes(count: int) -> float:
    """Ticks as minutes."""
    return count / TICKS_PER_MINUTE
