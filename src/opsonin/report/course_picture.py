"""A picture of courses: concentrations over time on a logarithmic axis, and which share of receptors is held.

Of a foreign model, what its port map names.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")  # told apart by all
_MOST_PATIENTS = 50  # lines of each kind; more would be a blot
_DECADES = 1e-6  # of the highest value: what lies below has left
_COUNTS = ("[cells]", "[cells/L]", "[cells/uL]")
_UNITS = ((1440.0 * 3.0, 1440.0, "d"), (0.0, 60.0, "h"))  # from which duration on [min], its length, its name


def course_picture(
    title: str, panels: Mapping[str, Mapping[str, int]], followed: Mapping[str, tuple[Array, Array]]
) -> bytes:
    """A PNG.

    Args:
        title: above it.
        panels: by label of the upright axis, columns of the values by what the legend calls them; one that ends in
            "[nM]", "[cells]", "[cells/L]" or "[cells/uL]" is logarithmic.
        followed: times (n,) [min] and values (n, columns) by patient.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 2.6 * len(panels) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    shown = list(followed.values())[:_MOST_PATIENTS]
    longest = max((float(times[-1]) for times, _ in shown), default=0.0)
    _, length, unit = next(found for found in _UNITS if longest >= found[0])
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for place, (label, lines) in zip(axes, panels.items(), strict=True):
        _panel(place, label, lines, [(times / length, values) for times, values in shown])
    axes[-1].set_xlabel(f"time [{unit}]")
    left = len(followed) - len(shown)
    figure.suptitle(f"{title}{f' (the first {len(shown)} of {len(followed)} patients)' if left else ''}")
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=120, metadata={"Software": None})
    return written.getvalue()


def _panel(axes: Any, label: str, lines: Mapping[str, int], shown: Sequence[tuple[Array, Array]]) -> None:
    faint = 1.0 if len(shown) == 1 else 0.5
    for number, (name, column) in enumerate(lines.items()):
        for place, (times, values) in enumerate(shown):
            colour = _COLOURS[number % len(_COLOURS)]
            axes.plot(
                times,
                values[:, column],
                color=colour,
                alpha=faint,
                linewidth=1.2,
                linestyle="-" if number < len(_COLOURS) else "--",
                label=name if place == 0 else None,
            )
    axes.set_ylabel(label)
    highest = max((float(values[:, list(lines.values())].max()) for _, values in shown), default=0.0)
    if label.endswith("[nM]") and highest > 0.0:
        axes.set_yscale("log")
        axes.set_ylim(highest * _DECADES, highest * 3.0)
    elif label.endswith(_COUNTS):
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(axes.get_ylim()[0], 1.0))  # less than one cell is none
    elif label.endswith("[-]"):
        axes.set_ylim(-0.02, 1.02)
    axes.grid(alpha=0.25)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)
