"""Drawings of biopsies as understood: cells by type in their true size and place, one field large or many small.

What a run made of a tissue is drawn in `maps.py`.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsonin.report import palette
from opsonin.report.maps import BACKGROUND_TYPES, muted

_DPI = 120
_LARGE = 7.6  # inches, the longer side of one field
_SMALL = 2.1
_MOST_ACROSS = 8
_SHOWN_AT_LEAST = 0.004  # radius over the width of a panel at which a cell is still seen


@dataclass(frozen=True)
class Picture:
    """One field to draw.

    Attributes:
        title: over the panel.
        x, y: (cells,) [um]; radius: (cells,) [um].
        cells: (cells,) cell type of each.
    """

    title: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    radius: NDArray[np.float64]
    cells: NDArray[np.str_]


def biopsy_png(
    pictures: Sequence[Picture], cell_types: Mapping[str, Mapping[str, Any]], subtitle: str
) -> bytes:
    """PNG of fields with axes in um and one legend with counts; several fields share one scale.

    Args:
        pictures: at least one.
        cell_types: name -> "title" and "colour", as in the knowledge base.
        subtitle: one line under the title of the figure.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    single = len(pictures) == 1
    across = 1 if single else min(_MOST_ACROSS, math.ceil(math.sqrt(1.4 * len(pictures))))
    down = math.ceil(len(pictures) / across)
    wide = max(float(np.ptp(picture.x)) for picture in pictures)
    high = max(float(np.ptp(picture.y)) for picture in pictures)
    side = (_LARGE if single else _SMALL) / max(wide, high)
    panel = wide * side, high * side
    with palette.plain_style(**{"font.size": 10 if single else 7}):
        legend_width, head, foot = 2.9, 0.6, 0.55
        gap = (0.75, 0.3) if single else (0.35, 0.42)
        width = across * (panel[0] + gap[0]) + legend_width
        height = head + down * (panel[1] + gap[1]) + foot
        figure = Figure(figsize=(width, height), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        colours = palette.cell_colours(_order(pictures, cell_types), cell_types)
        for number, picture in enumerate(pictures):
            row, place = divmod(number, across)
            left = gap[0] + place * (panel[0] + gap[0])
            bottom = foot + (down - 1 - row) * (panel[1] + gap[1])
            axes = figure.add_axes((left / width, bottom / height, panel[0] / width, panel[1] / height))
            _panel(axes, picture, colours, (wide, high), single=single)
            if row == down - 1 or number + across >= len(pictures):
                axes.set_xlabel("x (µm)")
            else:
                axes.tick_params(labelbottom=False)
            if place == 0:
                axes.set_ylabel("y (µm), downwards as in the image" if single else "y (µm), down")
            else:
                axes.tick_params(labelleft=False)
        _legend(
            figure, pictures, colours, cell_types, 1.0 - (legend_width - 0.2) / width, 1.0 - head / height
        )
        figure.text(0.15 / width, 1.0 - 0.14 / height, subtitle, fontsize=9, va="top", color=palette.INK)
        written = io.BytesIO()
        # Tight: as wide as the longest name in the legend needs.
        figure.savefig(
            written, format="png", metadata={"Software": None}, bbox_inches="tight", pad_inches=0.12
        )
        return written.getvalue()


def _order(pictures: Sequence[Picture], cell_types: Mapping[str, Any]) -> list[str]:
    """Types that occur: background first, else as in the knowledge base."""
    found = {str(name) for picture in pictures for name in np.unique(picture.cells)}
    order = [*cell_types, *sorted(found - set(cell_types))]
    ground = [name for name in BACKGROUND_TYPES if name in found]
    return ground + [name for name in order if name in found and name not in ground]


def _panel(
    axes: Any, picture: Picture, colours: Mapping[str, str], extent: tuple[float, float], *, single: bool
) -> None:
    from matplotlib.collections import EllipseCollection

    axes.set_facecolor(palette.PAPER)
    axes.set_title(picture.title, fontsize=10 if single else 6.5, pad=4)
    middle = 0.5 * (picture.x.min() + picture.x.max()), 0.5 * (picture.y.min() + picture.y.max())
    margin = 1.02
    axes.set_xlim(middle[0] - 0.5 * margin * extent[0], middle[0] + 0.5 * margin * extent[0])
    # Down, as images count: else a field is the mirror image of its slide.
    axes.set_ylim(middle[1] + 0.5 * margin * extent[1], middle[1] - 0.5 * margin * extent[1])
    for name, colour in colours.items():
        chosen = picture.cells == name
        if not chosen.any():
            continue
        ground = name in BACKGROUND_TYPES
        across = 2.0 * np.maximum(picture.radius[chosen], _SHOWN_AT_LEAST * extent[0])
        axes.add_collection(
            EllipseCollection(
                across,
                across,
                np.zeros(len(across)),
                units="xy",
                offsets=np.column_stack([picture.x[chosen], picture.y[chosen]]),
                offset_transform=axes.transData,
                facecolors=muted(colour) if ground else colour,
                edgecolors=colour if ground else "white",
                linewidths=0.4 if single else 0.15,
            ),
            autolim=False,
        )


def _legend(
    figure: Any,
    pictures: Sequence[Picture],
    colours: Mapping[str, str],
    cell_types: Mapping[str, Mapping[str, Any]],
    left: float,
    top: float,
) -> None:
    from matplotlib.lines import Line2D

    total = sum(len(picture.x) for picture in pictures)
    entries = []
    for name, colour in colours.items():
        count = sum(int((picture.cells == name).sum()) for picture in pictures)
        ground = name in BACKGROUND_TYPES
        title = str(cell_types.get(name, {}).get("title", name))
        handle = Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            markersize=8,
            markerfacecolor=muted(colour) if ground else colour,
            markeredgecolor=colour if ground else "white",
            label=f"{title}: {count:,}",
        )
        entries.append((count, handle))
    entries.sort(key=lambda entry: -entry[0])
    figure.legend(
        handles=[handle for _, handle in entries],
        loc="upper left",
        bbox_to_anchor=(left, top),
        frameon=False,
        fontsize=9,
        title=f"{total:,} cells" + (f" in {len(pictures)} fields" if len(pictures) > 1 else ""),
        title_fontsize=9,
        alignment="left",
    )
