"""A picture of weights: for each target its cumulative shares, and those of the patients before and after."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from opsonin.model.selection import Wanted
from opsonin.patient.drawn import quantiles

Array = npt.NDArray[np.float64]
_COLUMNS = 2


def selection_picture(
    title: str,
    columns: Mapping[str, Array],
    weights: Array,
    targets: Mapping[str, Wanted],
    units: Mapping[str, str],
) -> bytes:
    """A PNG.

    Args:
        columns: (patients,) by target; weights: (patients,) of them; units: by column, where known.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(_COLUMNS, len(columns))
    down = -(-len(columns) // across)
    figure = Figure(figsize=(4.8 * across, 3.4 * down + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(down, across, squeeze=False).ravel()
    shares = (np.arange(400) + 0.5) / 400
    for axes, (name, values) in zip(places, columns.items(), strict=False):
        order = np.argsort(values)
        even = np.arange(1, len(values) + 1) / len(values)
        axes.plot(quantiles(targets[name].marginal, ndtri(shares)), shares, color="black", label="target")
        axes.step(values[order], even, where="post", color="#d55e00", linestyle=":", label="accepted")
        axes.step(values[order], np.cumsum(weights[order]), where="post", color="#0072b2", label="weighted")
        unit = units.get(name, "")
        axes.set_xlabel(f"{name} [{'-' if unit == '1' else unit}]" if unit else name)
        axes.set_ylabel("share of patients below")
        axes.grid(alpha=0.25)
        axes.legend(fontsize="small")
    for axes in places[len(columns) :]:
        axes.set_visible(False)
    figure.suptitle(title)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=120, metadata={"Software": None})
    return written.getvalue()
