"""A picture of a population: how each metric is spread over its patients."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

_COLUMNS = 3
_BINS = 40
_WIDE = 20.0  # 95 over 5 %; beyond it a metric is shown on a logarithmic axis
_SAME = 1e-5  # of the greatest: a smaller spread is error of the integrator


def population_picture(title: str, table: pa.Table, metrics: Mapping[str, str]) -> bytes:
    """A PNG.

    Args:
        title: above it.
        table: a row per patient; metrics: unit by column that is shown.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(_COLUMNS, len(metrics))
    down = -(-len(metrics) // across)
    figure = Figure(figsize=(4.0 * across, 2.8 * down + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(down, across, squeeze=False).ravel()
    for axes, (name, unit) in zip(places, metrics.items(), strict=False):
        column = table[name].drop_null()
        values = column.to_numpy() if len(column) else np.zeros(0)
        axes.set_xlabel(f"{name}\n[{'-' if unit == '1' else unit}]", fontsize="small")
        axes.set_ylabel("patients")
        axes.grid(alpha=0.25)
        if not len(values):
            axes.text(0.5, 0.5, "nobody has it", ha="center", transform=axes.transAxes)
            continue
        if np.ptp(values) <= _SAME * np.abs(values).max():
            axes.text(0.5, 0.5, f"all have {np.median(values):.4g}", ha="center", transform=axes.transAxes)
            axes.set_xticks([])
            axes.set_yticks([])
            continue
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        bins = np.linspace(values.min(), values.max(), _BINS + 1)
        if low > 0.0 and high > _WIDE * low:
            bins = np.geomspace(values[values > 0.0].min(), values.max(), _BINS + 1)
            axes.set_xscale("log")
        else:
            axes.locator_params(axis="x", nbins=5)
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.hist(values, bins=bins, color="#0072b2")
        for value, style in ((low, ":"), (middle, "-"), (high, ":")):
            axes.axvline(value, color="#d55e00", linestyle=style, linewidth=1.2)
    for axes in places[len(metrics) :]:
        axes.set_visible(False)
    figure.suptitle(f"{title}: {len(table):,} patients (lines: median, 5 and 95 %)")
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=120, metadata={"Software": None})
    return written.getvalue()
