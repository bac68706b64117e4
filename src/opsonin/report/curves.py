"""Observables over time as inline SVG: one panel per quantity, all arms in it, doses marked above.

Text stays text and colours stay CSS variables, so that a panel follows the page. No map is drawn here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsonin.report import palette, words

_SIZE_INCH = (4.6, 2.75)
_FONT_SIZE = 9.5
_MOST_MARKS = 60
_WHISKERS = 6
_FARTHEST = 3.0  # of the height of lines and bands: what whiskers may add to the axis on either side
NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}  # the bytes tell no clock
MOST_DOSE_ROWS = 3  # with more treated arms, one row of marks stands for all of them
_TIME_STEPS = {
    "hour": (0.1, 0.2, 0.5, 1, 2, 3, 6, 12, 24),
    "day": (0.5, 1, 2, 7, 14, 28, 56, 91, 182, 365, 730),
}
# Stand-ins that matplotlib writes and `themed` turns into the page's own colours.
INK = "#0a0a0a"
RULE = "#0a0a0b"
ARM = "#0a0b{:02x}"


@dataclass(frozen=True)
class Curve:
    """One quantity: times [min] and a row of values per arm, NaN where there is none.

    Of several fields or replicates also, per arm: (3, times) least, largest, standard deviation; (parts, times) the
    values of each; of replicates (2, times) the 90 % interval of the mean.
    """

    name: str
    title: str
    unit: str
    times: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]
    spread: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    each: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    interval: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return not any(np.isfinite(row).any() for row in self.values.values())


def draw(curve: Curve, doses: Mapping[str, Sequence[float]], horizon: float, clock: words.Clock) -> str:
    """The panel as an <svg> element: x from 0 to `horizon` [min], doses [min] per arm as marks above."""
    style = {"svg.fonttype": "none", "svg.hashsalt": f"opsonin {curve.name}", "font.size": _FONT_SIZE}
    with palette.plain_style(**style):
        written = io.StringIO()
        figure = panel(curve, doses, horizon, clock)
        figure.savefig(written, format="svg", transparent=True, metadata=NO_METADATA)
    return themed(written.getvalue(), len(curve.values))


def panel(curve: Curve, doses: Mapping[str, Sequence[float]], horizon: float, clock: words.Clock) -> Any:
    """The panel as a matplotlib figure, in the stand-in colours that `themed` replaces."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCH)
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0.155, 0.175, 0.825, 0.715))
    arms = list(curve.values)
    axes.set_ylim(*_limits(curve))
    for index, arm in enumerate(arms):
        if arm in curve.spread:
            _band(axes, curve.times / clock.minutes, curve.spread[arm], index)
        _line(axes, curve.times / clock.minutes, curve.values[arm], index)
        if arm in curve.interval:
            _whiskers(axes, curve, arm, (index, len(arms)), clock)
    axes.set_xlim(0.0, max(horizon / clock.minutes, 1e-9) * 1.01)
    _doses(axes, arms, doses, clock)
    _scales(axes, curve, horizon, clock)
    return figure


def _scales(axes: Any, curve: Curve, horizon: float, clock: words.Clock) -> None:
    """Ticks, labels and rules."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    axes.xaxis.set_major_locator(MultipleLocator(_time_step(horizon / clock.minutes, clock)))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.mark(value, axes.get_yticks())))
    axes.set_xlabel(f"time [{clock.unit}]", color=INK, labelpad=2)
    axes.set_ylabel(f"[{words.unit(curve.unit) or '-'}]", color=INK, labelpad=3, parse_math=False)
    axes.tick_params(color=INK, labelcolor=INK, length=3, width=0.8)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=INK, linewidth=0.8)


def arm_style(index: int) -> tuple[str, str]:
    """CSS colour and SVG dash pattern of the arm at `index`, for the legend."""
    dash = palette.DASHES[index % len(palette.DASHES)]
    pattern = "none" if isinstance(dash, str) else " ".join(str(1.6 * length) for length in dash[1])
    return f"var(--arm-{index % len(palette.ARMS_LIGHT)})", pattern


def _doses(axes: Any, arms: Sequence[str], doses: Mapping[str, Sequence[float]], clock: words.Clock) -> None:
    """Marks above the panel, a row per treated arm; a bar where they would be too many to tell apart."""
    rows = [(ARM.format(index), doses[arm]) for index, arm in enumerate(arms) if doses.get(arm)]
    if len(rows) > MOST_DOSE_ROWS:
        rows = [(INK, sorted({time for _, given in rows for time in given}))]
    for row, (colour, given) in enumerate(rows):
        times = np.asarray(given) / clock.minutes
        many = len(times) > _MOST_MARKS
        axes.plot(
            times[[0, -1]] if many else times,
            np.full(2 if many else len(times), 1.035 + 0.055 * row),
            linestyle="solid" if many else "none",
            linewidth=2.5,
            marker=None if many else "v",
            markersize=4.2,
            color=colour,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )


def _band(axes: Any, times: NDArray[np.float64], spread: NDArray[np.float64], index: int) -> None:
    """From the least to the largest part."""
    axes.fill_between(times, spread[0], spread[1], color=ARM.format(index), alpha=0.16, linewidth=0.0)


def _whiskers(axes: Any, curve: Curve, arm: str, place: tuple[int, int], clock: words.Clock) -> None:
    """The interval of the mean at a few times, other ones for each arm: of few replicates it is wider than the band.

    Where it goes on beyond the axis, an arrowhead stands in place of its cap.

    Args:
        place: the arm's index, and how many arms there are.
    """
    edges, at = curve.interval[arm], _whiskers_at(curve, arm, place)
    if not len(at):
        return
    times, colour, limits = curve.times[at] / clock.minutes, ARM.format(place[0]), axes.get_ylim()
    ends = np.clip(edges[:, at], *limits)
    axes.vlines(times, ends[0], ends[1], color=colour, linewidth=1.2)
    for end, edge, beyond in zip(ends, edges[:, at], ("v", "^"), strict=True):
        for marker, chosen in (("_", end == edge), (beyond, end != edge)):
            axes.plot(
                times[chosen],
                end[chosen],
                linestyle="none",
                marker=marker,
                markersize=5.0,
                color=colour,
                clip_on=False,
            )


def _line(axes: Any, times: NDArray[np.float64], values: NDArray[np.float64], index: int) -> None:
    style = {"color": ARM.format(index), "linestyle": palette.DASHES[index % len(palette.DASHES)]}
    axes.plot(times, values, linewidth=1.7, **style)
    finite = np.isfinite(values)
    before = np.concatenate(([False], finite[:-1]))
    after = np.concatenate((finite[1:], [False]))
    alone = finite & ~before & ~after  # a line needs two neighbours; a lone value still has to be seen
    if alone.any():
        axes.plot(
            times[alone],
            values[alone],
            linestyle="none",
            marker="o",
            markersize=3.5,
            color=ARM.format(index),
        )


def _limits(curve: Curve) -> tuple[float, float]:
    known = [*curve.values.values(), *(row for spread in curve.spread.values() for row in spread[:2])]
    low, high = _extent(known)
    most = _FARTHEST * ((high - low) or abs(high) or 1.0)
    ends = _extent([*known, *(row for edge in curve.interval.values() for row in edge)])
    low, high = min(low, max(ends[0], low - most)), max(high, min(ends[1], high + most))
    if 0.0 <= low < 0.6 * high:
        low = 0.0
    margin = 0.06 * (high - low) if high > low else abs(high) * 0.1 or 1.0
    top = high + margin
    # A line at zero must not lie under the axis.
    return (-0.03 * top if low == 0.0 else low - margin), top


def _whiskers_at(curve: Curve, arm: str, place: tuple[int, int]) -> NDArray[np.intp]:
    """Which times have whiskers; `place` as in `_whiskers`."""
    known = np.flatnonzero(np.isfinite(curve.values[arm]) & np.isfinite(curve.interval[arm]).all(axis=0))
    share = (np.arange(_WHISKERS) + 1.0 - place[0] / (2 * place[1])) / _WHISKERS
    return known[np.unique(np.round(share * (len(known) - 1)).astype(int))] if len(known) else known


def cut(curve: Curve) -> bool:
    """Whether a whisker goes on beyond the axis."""
    low, high = _limits(curve)
    drawn = (
        curve.interval[arm][:, _whiskers_at(curve, arm, (index, len(curve.values)))]
        for index, arm in enumerate(curve.values)
        if arm in curve.interval
    )
    return any(bool(((edges < low) | (edges > high)).any()) for edges in drawn)


def _extent(rows: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Least and largest finite value."""
    finite = np.concatenate([row[np.isfinite(row)] for row in rows])
    return float(finite.min()), float(finite.max())


def _time_step(span: float, clock: words.Clock) -> float:
    """Distance of the time marks: whole weeks or other round numbers, at most seven marks over `span`."""
    return next((step for step in _TIME_STEPS[clock.name] if span / step <= 7.0), span / 5.0)


def themed(svg: str, arms: int) -> str:
    """The bare <svg> element, its stand-in colours replaced by the page's, without ids that repeat."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r'\1 aria-hidden="true"', svg)
    svg = re.sub(r"font-family: [^;]*; ", "", svg)
    svg = svg.replace(INK, "currentColor").replace(RULE, "var(--rule)")
    for index in range(arms):
        svg = svg.replace(ARM.format(index), arm_style(index)[0])
    return re.sub(r"\n\s*", "\n", svg)
