"""How every arm ends: the table of last values, relative to the first arm, and the sentences at the top of the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from opsonin.observe.observables import resizings
from opsonin.report import parts, words
from opsonin.report.curves import Curve
from opsonin.report.observed import at_end, last

_OFTEN = ("", "", " twice", " three times", " four times")


def table(lines: Sequence[Curve], arms: Sequence[str], clock: words.Clock) -> dict[str, Any] | None:
    """End values per arm, beside the common start and, from the second arm on, relative to the first."""
    if not lines:
        return None
    rows = []
    for curve in lines:
        rows.append(
            {
                "title": curve.title,
                "unit": words.unit(curve.unit),
                "start": _start(curve),
                "ends": [
                    {
                        "value": words.number(at_end(curve, arm)[1]),
                        "spread": _apart(curve, arm),
                        "ratio": _relative(curve, arm, arms[0]),
                    }
                    for arm in arms
                ],
            }
        )
    times = [
        max((at_end(curve, arm)[0] for curve in lines if arm in curve.values), key=_nan_last) for arm in arms
    ]
    return {
        "rows": rows,
        "at": [clock.read(time) if np.isfinite(time) else words.MISSING for time in times],
        "from": clock.read(float(lines[0].times[0])),
    }


def _start(curve: Curve) -> str:
    """The value that all arms begin with, or from which to which they begin, as under a dose at time 0."""
    starts = sorted(float(row[0]) for row in curve.values.values() if np.isfinite(row[0]))
    ends = [words.number(start) for start in starts[:1] + starts[-1:]] or [words.MISSING]
    return ends[0] if ends[0] == ends[-1] else f"{ends[0]} to {ends[-1]}, by arm"


def headline(lines: Sequence[Curve], arms: Sequence[str], clock: words.Clock) -> list[str]:
    """One sentence per arm: how the tumour and the CD8 cells stand at the last stored time."""
    known = {curve.name: curve for curve in lines}
    sentences = []
    for arm in arms:
        told = []
        time = float("nan")
        for name, wording in (
            ("burden", "tumour burden {} times the start"),
            ("cancer_count", "{} cancer cells"),
            ("cd8_count", "{} CD8 T cells"),
        ):
            if name not in known or arm not in known[name].values:
                continue
            time, value = at_end(known[name], arm)
            if np.isfinite(value):
                within = _interval(known[name], arm)
                told.append(wording.format(words.number(value) + (f" [{within}]" if within else "")))
        if told:
            sentences.append(f"{arm}, {clock.read(time)}: {', '.join(told)}.")
        if "weight" in known and arm in known["weight"].values:
            sentences += _resized(known["weight"], arm, clock)
    return sentences


def _resized(weight: Curve, arm: str, clock: words.Clock) -> list[str]:
    """One sentence on an arm whose window was cropped or tiled, none for the others."""
    if arm in weight.each:
        return _resized_in_parts(weight.each[arm], arm)
    found = Counter((what, clock.read(time)) for time, what in resizings(weight.times, weight.values[arm]))
    if not found:
        return []
    changes = ", ".join(
        f"{what}{_OFTEN[count] if count < len(_OFTEN) else f' {count} times'} by {when}"
        for (what, when), count in found.items()
    )
    end = words.number(at_end(weight, arm)[1])
    return [f"{arm}: the window was {changes}; at the end each of its cells stands for {end}."]


def _resized_in_parts(each: parts.Floats, arm: str) -> list[str]:
    """The same of several replicates or fields, each with a window of its own."""
    ends = [row[np.isfinite(row)][-1] for row in each if np.isfinite(row).any()]
    changed = [end for row, end in zip(each, ends, strict=False) if np.nanmax(row) != np.nanmin(row)]
    if not changed:
        return []
    least, most = words.number(min(changed)), words.number(max(changed))
    stands = least if least == most else f"{least} to {most}"
    return [
        f"{arm}: the window was cropped or tiled in {len(changed)} of {len(ends)}; there each cell that is drawn "
        f"stands for {stands} at the end."
    ]


def _apart(curve: Curve, arm: str) -> str:
    """How far parts are apart at an arm's last value: of replicates the interval of the mean; '' for one tissue."""
    index = last(curve, arm)
    if index is None or arm not in curve.spread:
        return ""
    if arm in curve.interval:
        return _interval(curve, arm)
    least, most, deviation = (words.number(float(value)) for value in curve.spread[arm][:, index])
    return f"{least} to {most}, SD {deviation}"


def _interval(curve: Curve, arm: str) -> str:
    index = last(curve, arm)
    if index is None or arm not in curve.interval:
        return ""
    low, high = (float(value) for value in curve.interval[arm][:, index])
    edges = words.number(low), words.number(high)
    return f"{edges[0]} to {edges[1]}" if math.isfinite(low) and edges[0] != edges[1] else ""


def _relative(curve: Curve, arm: str, first: str) -> str:
    """An arm's end relative to the first arm's, paired within each part; '' for the first arm itself."""
    if arm == first or not {arm, first} <= curve.values.keys():
        return ""
    if arm in curve.interval and first in curve.interval:
        return _paired(curve, arm, first)
    above, below = at_end(curve, arm)[1], at_end(curve, first)[1]
    ratio = above / below if below > 0.0 else float("nan")
    if not np.isfinite(ratio):
        return ""
    return f"{words.TIMES} {words.number(ratio)}{_by_field(curve, arm, first)}"


def _paired(curve: Curve, arm: str, first: str) -> str:
    """The geometric mean of the replicates' ratios with its interval; '' where one of them has none."""
    ends = _each_at_end(curve, arm), _each_at_end(curve, first)
    if ends[0] is None or ends[1] is None:
        return ""
    mean, low, high = parts.paired_ratio(ends[0], ends[1])
    if not math.isfinite(mean):
        return ""
    told = f"{words.TIMES} {words.number(mean)}"
    return f"{told} [{words.number(low)} to {words.number(high)}]" if math.isfinite(low) else told


def _by_field(curve: Curve, arm: str, first: str) -> str:
    """The ratios within each field, as text: ' (0.4 to 0.9 by field)'; '' where there are none."""
    above, below = _each_at_end(curve, arm), _each_at_end(curve, first)
    if above is None or below is None:
        return ""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = above / below
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return ""
    return f" ({words.number(float(ratios.min()))} to {words.number(float(ratios.max()))} by field)"


def _each_at_end(curve: Curve, arm: str) -> parts.Floats | None:
    index = last(curve, arm)
    return curve.each[arm][:, index] if index is not None and arm in curve.each else None


def _nan_last(time: float) -> float:
    return time if np.isfinite(time) else -1.0
