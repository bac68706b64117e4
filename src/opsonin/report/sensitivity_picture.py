"""A picture of sensitivity: for each metric a bar per number and index, with its interval."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from opsonin.patient.sensitivity import Index

_COLOURS = {"S1": "#56b4e9", "ST": "#0072b2", "PRCC": "#009e73"}
_WORDS = {
    "S1": "first order: alone",
    "ST": "total: with all interactions",
    "PRCC": "partial rank correlation",
}
_COLUMNS = 2


def sensitivity_picture(title: str, indices: Mapping[str, Sequence[Index]]) -> bytes:
    """A PNG; `indices` by metric."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(_COLUMNS, len(indices))
    down = -(-len(indices) // across)
    names = list(dict.fromkeys(one.name for found in indices.values() for one in found))
    kinds = list(dict.fromkeys(one.kind for found in indices.values() for one in found))
    height = 0.35 * len(names) * len(kinds) + 1.0
    figure = Figure(figsize=(5.5 * across, max(height, 1.8) * down + 0.8), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    thick = 0.8 / len(kinds)
    for axes, (metric, found) in zip(places, indices.items(), strict=False):
        for number, kind in enumerate(kinds):
            bars = [one for one in found if one.kind == kind]
            axes.barh(
                [names.index(one.name) + thick * (number - 0.5 * (len(kinds) - 1)) for one in bars],
                [one.value for one in bars],
                height=thick,
                xerr=[[one.value - one.low for one in bars], [one.high - one.value for one in bars]],
                color=_COLOURS[kind],
                ecolor="#333333",
                capsize=2.0,
                label=f"{kind}, {_WORDS[kind]}",
            )
        axes.axvline(0.0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.set_title(metric, fontsize="small")
        axes.grid(axis="x", alpha=0.25)
    places[0].invert_yaxis()
    for axes in places[len(indices) :]:
        axes.set_visible(False)
    for axes in places[max(0, len(indices) - across) : len(indices)]:
        axes.set_xlabel("index [-] (line: 95 % interval)")
        axes.tick_params(labelbottom=True)
    figure.legend(
        *places[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(kinds), fontsize="small"
    )
    figure.suptitle(title)
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=120, metadata={"Software": None})
    return written.getvalue()
