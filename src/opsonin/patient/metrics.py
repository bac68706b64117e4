"""What is measured of one patient's course: peak, trough, area, mean, half-life, time above a level, diameter.

Areas come from integrals that the model carries (`accumulated.py`); the others from the rows of the course.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsonin.model.dosing import instant
from opsonin.model.population import Metric

Array = npt.NDArray[np.float64]
DAY = 1440.0
_GONE = 1e-6  # of the peak: below it a half-life would be that of rounding
_LAST = 3  # rows that a half-life is of: the fewest that non-compartmental analysis takes
# Half-lives that a decline is followed for before it is told: soon after a dose drug still goes into tissues, and what
# is seen then is not how it leaves the body. Usual in non-compartmental analysis.
_FOLLOWED = 2.0


@dataclass(frozen=True)
class Curve:
    """One column of a course.

    Attributes:
        times, values: (rows,) [min] and in the unit of the column; what changes at a time counts.
        change_times, before: (changes,) [min] and just before each change, all of which are rows, too.
        doses: (doses,) [min] when doses of its drug begin; ends: when they end.
        integral: (rows,) of the column over time [unit x min]; None where no metric needs it.
    """

    times: Array
    values: Array
    change_times: Array
    before: Array
    doses: Array
    ends: Array
    integral: Array | None = None


def measured(metric: Metric, curve: Curve) -> float:  # noqa: PLR0911 - one case per kind
    """One number of a course; NaN where the course has none, as a half-life while doses go on."""
    since = instant(metric.since)
    until = float(curve.times[-1]) if metric.until is None else instant(metric.until)
    match metric.kind:
        case "peak" | "least":
            seen = _seen(curve, since, until)
            return float(seen.max() if metric.kind == "peak" else seen.min())
        case "trough":
            return _trough(curve, since, until)
        case "end":
            return float(curve.values[np.searchsorted(curve.times, until)])
        case "least-diameter" | "end-diameter":
            return _diameter(curve, since, until, least=metric.kind == "least-diameter")
        case "mean":
            return _area(curve, since, until) / (until - since)
        case "auc":
            return _area(curve, since, until) / DAY
        case "half-life":
            return _half_life(curve, since, until)
        case "time-above":
            assert metric.above is not None
            return _time_above(curve, since, until, metric.above)


UNITS: Mapping[str, str] = {
    "auc": "{unit} d",
    "half-life": "d",
    "time-above": "d",
    "least-diameter": "%",
    "end-diameter": "%",
}
"""Of a metric, by its kind, where it is not that of its column."""


def unit_of(metric: Metric, unit: str) -> str:
    """The unit of a metric of a column in `unit`."""
    return UNITS.get(metric.kind, "{unit}").format(unit=unit).removeprefix("1 ")


def _seen(curve: Curve, since: float, until: float) -> Array:
    rows = (curve.times >= since) & (curve.times <= until)
    changes = (curve.change_times > since) & (curve.change_times <= until)
    return np.concatenate([curve.values[rows], curve.before[changes]])


def _diameter(curve: Curve, since: float, until: float, *, least: bool) -> float:
    """Change of the cube root since `since` [%]; NaN where nothing was there."""
    first, last = np.searchsorted(curve.times, [since, until])
    there = np.cbrt(curve.values[first : last + 1])
    if there[0] <= 0.0:
        return math.nan
    return float(100.0 * ((there.min() if least else there[-1]) / there[0] - 1.0))


def _trough(curve: Curve, since: float, until: float) -> float:
    """Just before the last dose, if there was one before it; NaN else."""
    given = curve.doses[(curve.doses >= since) & (curve.doses <= until)]
    if not len(given) or not (curve.doses < given[-1]).any():
        return math.nan
    return float(curve.before[np.searchsorted(curve.change_times, given[-1])])


def _area(curve: Curve, since: float, until: float) -> float:
    assert curve.integral is not None
    first, last = np.searchsorted(curve.times, [since, until])
    return float(curve.integral[last] - curve.integral[first])


def _half_life(curve: Curve, since: float, until: float) -> float:
    """Of the last three rows that nothing is given at or after [d]; NaN where it does not fall there, is gone, or was
    not followed for two half-lives."""
    begin = max([since, *curve.ends[curve.ends <= until].tolist()])
    if ((curve.doses < until) & (curve.ends > until)).any():
        return math.nan
    rows = np.flatnonzero((curve.times > begin) & (curve.times <= until))[-_LAST:]
    values = curve.values[rows]
    if len(rows) < _LAST or not (values > _GONE * _seen(curve, 0.0, until).max()).all():
        return math.nan
    times = curve.times[rows] - curve.times[rows].mean()
    slope = float((times * np.log(values)).sum() / (times * times).sum())
    if slope >= 0.0:
        return math.nan
    half_life = math.log(2.0) / -slope
    return half_life / DAY if until - begin >= _FOLLOWED * half_life else math.nan


def _time_above(curve: Curve, since: float, until: float, level: float) -> float:
    """[d] by exponentials between rows, straight lines where one of two is 0."""
    ends = curve.values[1:].copy()
    jumps = np.searchsorted(curve.times, curve.change_times)
    ends[jumps[jumps > 0] - 1] = curve.before[jumps > 0]
    begins, starts, stops = curve.values[:-1], curve.times[:-1], curve.times[1:]
    inside = (stops > since) & (starts < until)
    begins, ends, starts, stops = begins[inside], ends[inside], starts[inside], stops[inside]
    logs = (begins > 0.0) & (ends > 0.0) & (level > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bent = (np.log(level) - np.log(begins)) / (np.log(ends) - np.log(begins))
        straight = (level - begins) / (ends - begins)
    crossing = starts + np.where(logs, bent, straight) * (stops - starts)
    low = np.where(begins > level, starts, np.where(ends > level, crossing, stops))
    high = np.where(ends > level, stops, np.where(begins > level, crossing, stops))
    return float(np.maximum(np.minimum(high, until) - np.maximum(low, since), 0.0).sum()) / DAY
