"""Plots for a notebook: a curve per arm, the cells of a window, a field; each onto matplotlib axes that are returned.

Colours and scales are those of the report; panels of the report itself are in `curves.py` and `maps.py`.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.core.units import to_unit
from opsonin.report import maps, palette, words
from opsonin.report.stored import Snapshot
from opsonin.store.result import Result, time_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from xarray import DataArray

_AXIS_LETTERS, _TITLE_LETTERS = 10.0, 12.0  # points, as matplotlib's style has them
_WHISKERS = 6  # of each arm
_HALF_LIGHT = 0.5
_LETTERS = 8.0  # points, of a legend
_LABELS, _KEY = 4.2, 4.0  # height of an axis with its label, and width of a legend's sign, in its letters
_LEAST_LETTERS = 20  # of a line
_LEAST_HEIGHT = 0.4  # of axes, whatever their legend needs


def plot(result: Result, observable: str = "burden", ax: Axes | None = None) -> Axes:
    """An observable of every arm over time.

    A band goes from the least to the largest field or replicate; of replicates, whiskers are the 90 % interval of the
    mean, as in the report.

    Args:
        result: a run, a patient or replicates.
        observable: a name in `result.observables`.
        ax: axes to draw onto; left out, new ones.
    Raises:
        InputError: there is no such observable.
    """
    curves = result.observables
    if observable not in curves:
        fix = did_you_mean(observable, [str(name) for name in curves.data_vars])
        raise InputError(Fault(str(result.path), f"there is no observable '{observable}'.", fix))
    axes = _axes(ax)
    values = curves[observable]
    clock = words.Clock.over(float(curves["time"].max()) * MINUTES_PER_DAY)
    times = curves["time"].values * MINUTES_PER_DAY / clock.minutes
    spread = getattr(result, "spread", {})
    banded = observable in spread
    tones = _arm_colours(axes)
    for index, arm in enumerate(result.arms):
        style: dict[str, Any] = {"color": tones[index % len(tones)], "linewidth": 1.7}
        dashes = palette.DASHES[index % len(palette.DASHES)]
        line = values.sel(arm=arm).values
        known = np.isfinite(line)
        axes.plot(times[known], line[known], label=arm, linestyle=dashes, **style)
        if banded:
            of_arm = spread[observable].sel(arm=arm)
            low, high = (of_arm.sel(statistic=name).values for name in ("min", "max"))
            axes.fill_between(times, low, high, color=style["color"], alpha=0.18, linewidth=0.0)
            if _is_of_mean(of_arm):
                low, high = (of_arm.sel(statistic=name).values for name in ("low", "high"))
                seen = _whiskers_at(low, index, len(result.arms))
                axes.vlines(times[seen], low[seen], high[seen], color=style["color"], linewidth=1.2)
    axes.set_xlabel(f"time [{clock.unit}]")
    sign = words.unit(str(values.attrs.get("units", "")))
    title = str(values.attrs.get("long_name", observable))
    _legend_below(axes, _band_told(spread[observable]) if banded else None)
    label = f"{title} [{sign}]" if sign else title
    axes.set_ylabel(_broken(label, axes.get_window_extent().height, _AXIS_LETTERS, axes), parse_math=False)
    return axes


def plot_cells(result: Result, time: str | float, arm: str, ax: Axes | None = None) -> Axes:
    """The cells of an arm at a stored time, to scale; of a block the section through its middle.

    y points down, as in the image of a slide. Cells of a type that reacts to the tumour are dark, the others pale.

    Args:
        result: a run, or one field or replicate of several.
        time: "12 d", "6 h", ... or minutes; must be a stored time.
        arm: its name.
        ax: axes to draw onto; left out, new ones.
    Raises:
        InputError: no such time or arm, or a result of several tissues.
    """
    shown = _snapshot(result, time, arm)
    of = maps.scene([shown], result.provenance.get("cell_types", {}))
    axes = _window(ax, shown)
    looks, table = result.provenance.get("cell_types", {}), _seen(shown, of)
    for layer in maps.layers(of, {name: str(looks.get(name, {}).get("title", name)) for name in of.colours}):
        cells = layer.of(table)
        _discs(axes, cells, layer.fill, f"{layer.title} ({len(cells):,})")
    _legend_below(axes)
    _title(axes, f"{arm}, {time_text(shown.time)}")
    return axes


def plot_field(
    result: Result, name: str, time: str | float, arm: str, ax: Axes | None = None, limits: Any = None
) -> Axes:
    """A substrate in an arm at a stored time, with its colour bar; of a block the middle plane.

    Args:
        result: a run, or one field or replicate of several.
        name: of the substrate, as in `result.fields`.
        time: "12 d", "6 h", ... or minutes; must be a stored time.
        arm: its name.
        ax: axes to draw onto; left out, new ones.
        limits: lowest and highest value of the colours, to compare plots; left out, those of this field.
    Raises:
        InputError: no such substrate, time or arm, or a result of several tissues.
    """
    shown = _snapshot(result, time, arm)
    if name not in shown.fields:
        fix = did_you_mean(name, shown.fields)
        raise InputError(Fault(str(result.path), f"there is no substrate '{name}'.", fix))
    axes = _window(ax, shown)
    scale = maps.field_scale([shown], name)
    low, high = limits or ((scale.low, scale.high) if scale is not None else (0.0, 1.0))
    field = shown.fields[name]
    image = axes.imshow(
        np.ma.masked_invalid(field[field.shape[0] // 2]),
        extent=(0.0, shown.box[0], shown.box[1], 0.0),
        cmap=palette.FIELD_MAP,
        vmin=low,
        vmax=high,
        interpolation="bilinear",
    )
    title = str(result.provenance.get("substrates", {}).get(name, name))
    figure: Any = axes.figure
    figure.colorbar(image, ax=axes, label=f"{title} [{words.unit(shown.units[name])}]")
    _title(axes, f"{arm}, {time_text(shown.time)}")
    return axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib import pyplot

    axes: Axes = pyplot.subplots(layout="constrained")[1]
    return axes


def _legend_below(axes: Axes, title: str | None = None) -> None:
    """Below the axes, where it hides nothing, in two columns if they are as wide.

    Where the figure does not arrange its axes by itself, they give up the room: it must not lie over a neighbour.
    """
    figure: Any = axes.figure
    letter, wide = _LETTERS * figure.dpi / 72.0, axes.get_window_extent().width
    for columns in (2, 1):
        legend = axes.legend(
            title=title,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            borderaxespad=_LABELS,
            ncols=columns,
            frameon=False,
            fontsize=_LETTERS,
            title_fontsize=_LETTERS,
        )
        if legend.get_window_extent().width <= wide:
            break
    for text in legend.get_texts():
        text.set_text(_broken(text.get_text(), wide - _KEY * letter, _LETTERS, axes))
    if figure.get_layout_engine() is None:
        spec = axes.get_subplotspec()
        cell = axes.get_position() if spec is None else spec.get_position(figure)
        needed = (legend.get_window_extent().height + _LABELS * letter) / figure.bbox.height
        taken = min(needed, (1.0 - _LEAST_HEIGHT) * cell.height)
        axes.set_position((cell.x0, cell.y0 + taken, cell.width, cell.height - taken))


def _title(axes: Axes, text: str) -> None:
    axes.set_title(_broken(text, axes.get_window_extent().width, _TITLE_LETTERS, axes), parse_math=False)


def _broken(text: str, pixels: float, size: float, axes: Axes) -> str:
    """A text in letters of `size` points on lines of about as many pixels."""
    figure: Any = axes.figure
    return textwrap.fill(text, max(int(pixels / (0.6 * size * figure.dpi / 72.0)), _LEAST_LETTERS))


def _window(ax: Axes | None, shown: Snapshot) -> Axes:
    """Axes in um, of the size of the window, y down."""
    axes = _axes(ax)
    axes.set_aspect("equal")
    axes.set_xlim(0.0, shown.box[0])
    axes.set_ylim(shown.box[1], 0.0)
    axes.set_xlabel("x [µm]")
    axes.set_ylabel("y [µm]")
    axes.set_facecolor(palette.PAPER)
    return axes


def _snapshot(result: Result, time: str | float, arm: str) -> Snapshot:
    box = result.box(time, arm)  # asked first: a result of several tissues says which to ask
    minutes = to_unit(time, "min") if isinstance(time, str) else float(time)
    fields, units = result.fields(time, arm), result.field_units(time, arm)
    return Snapshot(arm, minutes, result.cells(time, arm), fields, units, box)


def _seen(shown: Snapshot, of: maps.Scene) -> pd.DataFrame:
    """Cells with the radius that is seen [um], far to near; of a block those in its middle section."""
    table = shown.cells
    radius = table["radius_um"].to_numpy(float)
    if of.block:
        height = table["z_um"].to_numpy(float) - 0.5 * shown.box[2]
        inside = np.abs(height) < radius
        table, radius = table[inside], np.sqrt(radius[inside] ** 2 - height[inside] ** 2)
    seen: pd.DataFrame = table.assign(seen_um=radius).sort_values(["z_um", "id"])
    return seen


def _discs(axes: Axes, cells: pd.DataFrame, colour: str, label: str) -> None:
    from matplotlib.collections import EllipseCollection

    if cells.empty:
        return
    across = 2.0 * cells["seen_um"].to_numpy(float)
    discs = EllipseCollection(
        across,
        across,
        np.zeros(len(cells)),
        units="xy",
        offsets=cells[["x_um", "y_um"]].to_numpy(float),
        offset_transform=axes.transData,
        facecolors=colour,
        edgecolors=palette.mix(colour, palette.INK, 0.45),
        linewidths=0.5,
    )
    axes.add_collection(discs, autolim=False)
    # A legend draws no collection of this kind: an empty line stands for it.
    axes.plot([], [], "o", color=colour, markeredgecolor=palette.mix(colour, palette.INK, 0.45), label=label)


def _arm_colours(axes: Axes) -> tuple[str, ...]:
    """The arms' colours that can be read on these axes."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(axes.get_facecolor())
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return palette.ARMS_LIGHT if light > _HALF_LIGHT else palette.ARMS_DARK


def _is_of_mean(spread: DataArray) -> bool:
    return {"low", "high"} <= set(spread["statistic"].values.tolist())


def _whiskers_at(edges: Any, arm: int, arms: int) -> Any:
    """A few times with an interval, other ones for each arm."""
    known = np.flatnonzero(np.isfinite(edges))
    places = (np.arange(_WHISKERS) + (arm + 1.0) / (arms + 1.0)) / _WHISKERS * (len(known) - 1)
    return known[np.unique(places.round().astype(int))] if len(known) else known


def _band_told(spread: DataArray) -> str:
    if _is_of_mean(spread):
        return "band: least to largest replicate\nwhiskers: 90 % interval of the mean"
    return "band: least to largest field"
