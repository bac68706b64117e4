"""How each arm's tumour grew and shrank: rate, doubling time, best change of volume and of diameter.

Made from the burden alone. A window is no patient: what RECIST would call it is left to trials of whole tumours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.report import parts, words
from opsonin.report.curves import Curve
from opsonin.report.observed import at_end

BURDEN, _CELLS = "burden", "cancer_count"
_EVENTS = ("divisions", "apoptoses", "necroses", "kills")
_ERRORS = 2.0  # of a rate that one run tells from none

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """One tumour under one arm.

    Attributes:
        rate: logarithmic growth from time 0 to the last value [1/d]; NaN if no tumour cell is left.
        best: least burden after time 0 against time 0 [%], at `when` [min]; last: that of the last value [%].
    """

    rate: float
    best: float
    when: float
    last: float

    @property
    def best_diameter(self) -> float:
        """The best change as one of diameter [%]: the cube root of the volume's."""
        return diameter(self.best)


def diameter(volume: float) -> float:
    """Change of diameter [%] for a change of volume [%]: a tumour that keeps its shape."""
    return 100.0 * (math.cbrt(1.0 + volume / 100.0) - 1.0)


def course(times: Floats, burden: Floats) -> Course | None:
    """The course of a burden over times [min]; None unless it has a positive first value and a later one."""
    known = np.flatnonzero(np.isfinite(burden))
    if len(known) < 2 or known[0] != 0 or not burden[0] > 0.0:
        return None
    later = known[1:]
    relative = 100.0 * (burden[later] / burden[0] - 1.0)
    best, last = int(np.argmin(relative)), later[-1]
    days = (times[last] - times[0]) / MINUTES_PER_DAY
    rate = math.log(burden[last] / burden[0]) / days if burden[last] > 0.0 else float("nan")
    return Course(rate, float(relative[best]), float(times[later[best]]), float(relative[-1]))


def courses(burden: Curve) -> dict[str, list[Course]]:
    """Those of every arm that has one: of each replicate, else of the whole."""
    found: dict[str, list[Course]] = {}
    for arm, values in burden.values.items():
        rows = burden.each[arm] if arm in burden.interval else [values]
        made = [course(burden.times, np.asarray(row)) for row in rows]
        if made and all(one is not None for one in made):
            found[arm] = [one for one in made if one is not None]
    return found


def chance(known: Mapping[str, Curve], arm: str, parts: int) -> float:
    """Standard error of a growth rate by the number of births and deaths behind it [1/d]; NaN where they are not known.

    Args:
        known: curves by name; parts: replicates or fields that the arm is a mean of.
    """
    if not {*_EVENTS, _CELLS} <= known.keys():
        return float("nan")
    cells, (time, _) = known[_CELLS].values[arm], at_end(known[_CELLS], arm)
    events = sum(at_end(known[name], arm)[1] for name in _EVENTS)
    days = time / MINUTES_PER_DAY
    if not (cells[0] > 0.0 and days > 0.0 and math.isfinite(events)):
        return float("nan")
    return math.sqrt(max(events, 1.0) / parts) / (float(cells[0]) * days)


def table(lines: Sequence[Curve], arms: Sequence[str], clock: words.Clock) -> list[dict[str, Any]]:
    """A row per arm, as text; nothing where the burden is not known."""
    burden = next((curve for curve in lines if curve.name == BURDEN), None)
    if burden is None:
        return []
    found, known = courses(burden), {curve.name: curve for curve in lines}
    return [
        {"arm": arm, "cells": _told(found[arm], clock, chance(known, arm, len(found[arm])))}
        for arm in arms
        if arm in found
    ]


def _told(each: Sequence[Course], clock: words.Clock, error: float) -> list[tuple[str, str]]:
    """(value, interval) of every column; `error`: of the rate, by chance alone [1/d]."""
    rate = _statistic([one.rate for one in each])
    if len(each) == 1 and abs(rate[0]) < _ERRORS * error:
        rate = rate[0], rate[0] - _ERRORS * error, rate[0] + _ERRORS * error
    when = [one.when for one in each]
    first, last = clock.read(min(when)), clock.read(max(when))
    return [
        _text(rate, words.number),
        (_doubling(*rate), ""),
        _text(_change([one.best for one in each]), signed),
        (first if first == last else f"{first} to {last}", ""),
        _text(_change([one.best_diameter for one in each]), signed),
        _text(_change([one.last for one in each]), signed),
        _text(_change([diameter(one.last) for one in each]), signed),
    ]


def _statistic(values: Sequence[float], *, signed: bool = True) -> tuple[float, float, float]:
    """Mean and interval; NaN where one value is missing, as leaving it out would flatter."""
    every = np.array(values)
    if not np.isfinite(every).all():
        return float("nan"), float("nan"), float("nan")
    return parts.mean_interval(every, signed=signed)


def _change(percents: Sequence[float]) -> tuple[float, float, float]:
    """The same of changes [%]: nothing can lose more than all of itself."""
    mean, low, high = (
        100.0 * (ratio - 1.0) for ratio in _statistic([1.0 + p / 100.0 for p in percents], signed=False)
    )
    return mean, low, high


def _text(statistic: tuple[float, float, float], write: Any) -> tuple[str, str]:
    mean, low, high = statistic
    seen = math.isfinite(low) and write(low) != write(high)  # the same in all says nothing
    within = f"{write(low)} to {write(high)}".replace(" %", "") if seen else ""
    return write(mean), within


def signed(percent: float, decimals: int = 1) -> str:
    """'+12.3 %', with a true minus sign."""
    if not math.isfinite(percent):
        return words.MISSING
    return f"{round(percent, decimals) + 0.0:+.{decimals}f} %".replace("-", words.MINUS)


def _doubling(rate: float, low: float, high: float) -> str:
    if not math.isfinite(rate):
        return "no cell left"
    if abs(rate) < 1e-4:
        return "neither"
    if low < 0.0 < high:  # replicates do not tell which
        return "grows or shrinks"
    days = math.log(2.0) / abs(rate)
    return f"{'doubles' if rate > 0.0 else 'halves'} in {words.number(days)} days"
