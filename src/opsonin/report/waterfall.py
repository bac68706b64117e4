"""The best change of every arm, or of every replicate of every arm, as bars from the worst to the best.

The numbers are made in `growth`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.model.recist import PROGRESSION, RESPONSE
from opsonin.report import curves, downloads, growth, palette

if TYPE_CHECKING:
    from opsonin.report.growth import Course

_HEIGHT = 2.75
_WIDTH = 4.6
_MOST_BARS = 200
_MOST_LABELS = 12  # bars that are wide enough for their number
_MOST_FINE = 8  # and for its decimal
_LEAST_SEEN = 0.015  # of the height: a lower bar is marked by a disc, as its height must not lie


def figure(found: Mapping[str, Sequence[Course]], arms: Sequence[str]) -> dict[str, Any] | None:
    """The panel with its words and numbers; None where there is nothing to compare."""
    bars = [
        (one.best_diameter, arms.index(arm), index + 1)
        for arm, each in found.items()
        for index, one in enumerate(each)
    ]
    if not 1 < len(bars) <= _MOST_BARS:
        return None
    bars.sort(key=lambda bar: (-bar[0], bar[1], bar[2]))
    several = any(len(each) > 1 for each in found.values())
    told = "; ".join(
        f"{arm} {growth.signed(min(one.best_diameter for one in each))}"
        + (f" to {growth.signed(max(one.best_diameter for one in each))}" if len(each) > 1 else "")
        for arm, each in found.items()
    )
    return {
        "title": "Best change of diameter, " + ("a bar per replicate" if several else "a bar per arm"),
        "unit": "%",
        "note": "",
        "alt": f"Waterfall of the best change of tumour diameter. {told}.",
        "svg": _draw(bars, len(arms)),
        "file": "best-change",
        "csv": _csv(found),
    }


def _draw(bars: Sequence[tuple[float, int, int]], arms: int) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with palette.plain_style(
        **{"svg.fonttype": "none", "svg.hashsalt": "opsonin waterfall", "font.size": 9.5}
    ):
        drawn = Figure(figsize=(_WIDTH, _HEIGHT))
        FigureCanvasSVG(drawn)
        axes = drawn.add_axes((0.155, 0.06, 0.825, 0.87))
        changes = [change for change, _, _ in bars]
        low, high = min(1.15 * min(changes), -40.0), max(1.15 * max(changes), 30.0)
        axes.set_xlim(-0.7, max(len(bars), 6) - 0.3)
        axes.set_ylim(low, high)
        for place, (change, arm, _) in enumerate(bars):
            colour = curves.ARM.format(arm)
            axes.bar(place, change, width=0.8, color=colour, linewidth=0.0)
            if abs(change) < _LEAST_SEEN * (high - low):
                axes.plot(
                    place, change, marker="o", markersize=4.5, color=colour, markeredgewidth=0.0, zorder=3
                )
            if len(bars) <= _MOST_LABELS:
                _label(axes, place, change, fine=len(bars) <= _MOST_FINE)
        for edge in (RESPONSE, PROGRESSION):
            axes.axhline(edge, color=curves.INK, linewidth=0.7, linestyle=(0, (4, 3)))
        axes.axhline(0.0, color=curves.INK, linewidth=0.8)
        axes.set_xticks([])
        axes.set_ylabel("[%]", color=curves.INK, labelpad=3)
        axes.tick_params(color=curves.INK, labelcolor=curves.INK, length=3, width=0.8)
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
        axes.spines["left"].set(color=curves.INK, linewidth=0.8)
        written = io.StringIO()
        drawn.savefig(written, format="svg", transparent=True, metadata=curves.NO_METADATA)
    return curves.themed(written.getvalue(), arms)


def _label(axes: Any, place: int, change: float, *, fine: bool) -> None:
    """The number of a bar beyond its end."""
    away = 1.0 if change > 0.0 else -1.0
    axes.annotate(
        growth.signed(change, 1 if fine else 0).removesuffix(" %"),
        (place, change),
        xytext=(0.0, 4.0 * away),
        textcoords="offset points",
        ha="center",
        va="bottom" if change > 0.0 else "top",
        fontsize=8.0,
        color=curves.INK,
    )


def _csv(found: Mapping[str, Sequence[Course]]) -> downloads.Download:
    import pandas as pd

    rows = [
        {
            "arm": arm,
            "replicate": index + 1,
            "growth_per_day": one.rate,
            "best_change_percent": one.best,
            "best_at_d": one.when / MINUTES_PER_DAY,
            "best_change_of_diameter_percent": one.best_diameter,
            "last_change_percent": one.last,
        }
        for arm, each in found.items()
        for index, one in enumerate(each)
    ]
    return downloads.table("best-change", pd.DataFrame(rows))
