"""Maps of cells and of fields as PNG: one panel per arm and time, all on one physical scale.

Colours and scales are settled once over all panels. Curves and words live elsewhere.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opsonin.report import palette
from opsonin.report.stored import DEAD_PHASES, Snapshot

if TYPE_CHECKING:
    import pandas as pd

KILLERS = ("nk", "cd8", "car_t")  # drawn last: the page is about them
BACKGROUND_TYPES = (
    "other",
    "fibroblast",
    "endothelium",
    "cancer",
)  # drawn first; the others lie on top, with a halo

_CELL_PIXELS = 5_000_000  # of all cell panels of a report together; keeps the file small
_FIELD_PIXELS = 2_400_000
_WIDEST = 900
_DPI = 100.0
BLOCK_DIAMETERS = 2.5  # a box deeper than this many cell diameters is cut, a thinner one looked through
STRIP = 0.085  # below every panel, for the scale bar: its height in panel widths
_LEAST_RADIUS = 0.006  # of the panel's width: the smallest radius at which a cell on top is still seen
_FIELD_TOP = 99.8  # percentile at which a colour scale ends; point sources would darken all the rest


@dataclass(frozen=True)
class Scene:
    """What all panels share.

    Attributes:
        extent: width and height of every panel [um]: the largest window of all.
        bar: length of the scale bar [um].
        colours: cell type to #rrggbb, in drawing order.
        reactive: types of which some cells are marked as reactive: the others of that type are drawn pale.
        block: whether the boxes are deep, so that a section through the middle is drawn.
        least_radius: cells on top are drawn at least this large [um]; 0 where none had to be enlarged.
    """

    extent: tuple[float, float]
    bar: float
    colours: dict[str, str]
    reactive: frozenset[str]
    block: bool
    least_radius: float


@dataclass(frozen=True)
class FieldScale:
    """The colour scale of one substrate; `clipped` where the largest value lies above it."""

    low: float
    high: float
    largest: float
    missing: bool

    @property
    def clipped(self) -> bool:
        return self.largest > self.high


def scene(panels: Iterable[Snapshot], cell_types: Mapping[str, Mapping[str, Any]]) -> Scene:
    """The common scale and colours of `panels` (at least one)."""
    panels = list(panels)
    found = {str(name) for panel in panels for name in panel.cells["type"].unique()}
    order = [name for name in (*cell_types, *sorted(found - set(cell_types))) if name in found]
    order.sort(key=_height)
    extent = max(panel.box[0] for panel in panels), max(panel.box[1] for panel in panels)
    radii = np.concatenate([panel.cells["radius_um"].to_numpy(float) for panel in panels])
    radii = radii[np.isfinite(radii)]
    depth = max(panel.box[2] for panel in panels)
    block = bool(len(radii)) and depth > BLOCK_DIAMETERS * 2.0 * float(np.median(radii))
    least = _LEAST_RADIUS * extent[0]
    smallest = min((_smallest_on_top(panel.cells) for panel in panels), default=math.inf)
    reactive = {
        str(name)
        for panel in panels
        if "reactive" in panel.cells
        for name in panel.cells.loc[panel.cells["reactive"].astype(bool), "type"].unique()
    }
    return Scene(
        extent,
        _round_length(0.24 * extent[0]),
        palette.cell_colours(order, cell_types),
        frozenset(reactive),
        block,
        least if smallest < least else 0.0,
    )


def _height(name: str) -> int:
    """Place of a type among those that lie on each other, the lowest first."""
    if name in BACKGROUND_TYPES:
        return BACKGROUND_TYPES.index(name)
    return len(BACKGROUND_TYPES) + (1 + KILLERS.index(name) if name in KILLERS else 0)


def field_scale(panels: Iterable[Snapshot], substrate: str) -> FieldScale | None:
    """One scale for a substrate over all panels; None without a finite value.

    It begins at 0, so that a change of a few per cent looks like one.
    """
    planes = [_plane(panel.fields[substrate]).ravel() for panel in panels if substrate in panel.fields]
    every = np.concatenate(planes) if planes else np.empty(0)
    finite = every[np.isfinite(every)]
    if not len(finite):
        return None
    low, top, largest = float(finite.min()), float(np.percentile(finite, _FIELD_TOP)), float(finite.max())
    low = min(low, 0.0)
    if not top > low:
        top = largest if largest > low else low + (abs(low) * 0.1 or 1.0)
    return FieldScale(low, top, largest, len(finite) < len(every))


@dataclass(frozen=True)
class Layer:
    """Cells that are drawn alike: of a type (of the reactive ones only, or of the others) or dead in a phase.

    `reactive` is None where all of a type are drawn alike; `edge` is the colour of their rims.
    """

    name: str
    title: str
    fill: str
    edge: str
    reactive: bool | None = None
    dead: bool = False

    @property
    def on_top(self) -> bool:
        return not self.dead and self.name not in BACKGROUND_TYPES

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Its cells among those of a table."""
        if self.dead:
            return table[table["phase"] == self.name]
        own = (table["type"] == self.name) & ~table["phase"].isin(DEAD_PHASES)
        if self.reactive is not None:
            own &= table["reactive"].astype(bool) == self.reactive
        return table[own]


def layers(of: Scene, titles: Mapping[str, str]) -> list[Layer]:
    """Which cells lie on which, and what they are called: background types, the dead, all others from below."""
    found = [
        Layer(name, titles[name], muted(colour), colour)
        for name, colour in of.colours.items()
        if name in BACKGROUND_TYPES
    ]
    found += [
        Layer(phase, f"dead, {phase}", fill, palette.INK, dead=True) for phase, fill in palette.DEAD.items()
    ]
    for name, colour in of.colours.items():
        edge = palette.mix(colour, "#000000", 0.5)
        if name in BACKGROUND_TYPES:
            continue
        if name in of.reactive:
            found.append(Layer(name, f"{titles[name]}, bystander", pale(colour), edge, reactive=False))
            found.append(Layer(name, f"{titles[name]}, tumour-reactive", colour, edge, reactive=True))
        else:
            found.append(Layer(name, titles[name], colour, edge))
    return found


def cell_map(panel: Snapshot, of: Scene, panels: int) -> bytes:
    """PNG of the cells of one snapshot, when `panels` of them share the report's pixels.

    From below: background types, dead cells, then every other type with a white halo.
    """
    with palette.plain_style():
        canvas = _canvas(of, panel.box, _width(of, panels, _CELL_PIXELS))
        table = visible(panel, of)
        for layer in layers(of, {name: name for name in of.colours}):
            cells, least = layer.of(table), of.least_radius
            if layer.on_top:
                _discs(canvas, cells, _Look("#ffffff", "none", 1.35, 0.0, least))
                _discs(canvas, cells, _Look(layer.fill, layer.edge, 1.0, 0.9, least))
            else:
                grow, line = (0.9, 0.8) if layer.dead else (1.0, 0.5)
                _discs(canvas, cells, _Look(layer.fill, layer.edge, grow, line, 0.0))
        _scale_bar(canvas, of)
        return _png(canvas)


def field_map(panel: Snapshot, substrate: str, scale: FieldScale, of: Scene, panels: int) -> bytes:
    """PNG of one substrate in one snapshot; the middle plane where the grid is deep."""
    import matplotlib as mpl

    with palette.plain_style():
        canvas = _canvas(of, panel.box, _width(of, panels, _FIELD_PIXELS))
        colours = mpl.colormaps[palette.FIELD_MAP].with_extremes(bad=palette.NO_VALUE)
        x, y = canvas.origin
        image = canvas.axes.imshow(
            np.ma.masked_invalid(_plane(panel.fields[substrate])),
            extent=(x, x + panel.box[0], y, y + panel.box[1]),
            origin="lower",
            cmap=colours,
            vmin=scale.low,
            vmax=scale.high,
            interpolation="nearest" if scale.missing else "bilinear",
            aspect="auto",
        )
        image.set_clip_path(canvas.window)
        _scale_bar(canvas, of)
        return _png(canvas)


def scale_ticks(scale: FieldScale) -> list[float]:
    """Round values on a scale, at most six."""
    from matplotlib.ticker import MaxNLocator

    span = scale.high - scale.low
    values = MaxNLocator(5).tick_values(scale.low, scale.high)
    return [float(value) for value in values if -1e-9 * span <= value - scale.low <= span * (1 + 1e-9)]


def colour_bar() -> bytes:
    """PNG of the field colours from low (left) to high (right)."""
    import matplotlib as mpl
    from PIL import Image

    ramp = mpl.colormaps[palette.FIELD_MAP](np.linspace(0.0, 1.0, 256), bytes=True)[:, :3]
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.broadcast_to(ramp, (8, 256, 3)))).save(written, format="PNG")
    return written.getvalue()


def muted(colour: str) -> str:
    """The colour of a background type: light enough for the cells on top to be seen."""
    return palette.mix(colour, "#ffffff", 0.4)


def pale(colour: str) -> str:
    """The colour of those cells of a type that are not reactive."""
    return palette.mix(colour, "#ffffff", 0.68)


def census(panel: Snapshot, of: Scene) -> dict[str, int]:
    """Live cells by type and 'dead', as drawn in this panel: in the section where a block is cut."""
    table = visible(panel, of)
    dead = table["phase"].isin(DEAD_PHASES)
    alive = table.loc[~dead, "type"].value_counts()
    return {name: int(alive.get(name, 0)) for name in of.colours} | {"dead": int(dead.sum())}


@dataclass(frozen=True)
class _Look:
    fill: str
    edge: str
    grow: float
    line: float
    least: float


def visible(panel: Snapshot, of: Scene) -> pd.DataFrame:
    """Cells to draw, far to near, with the radius that is seen [um]; the middle section of a block."""
    table = panel.cells
    table = table[np.isfinite(table[["x_um", "y_um", "radius_um"]].to_numpy(float)).all(axis=1)]
    seen = table["radius_um"].to_numpy(float)
    if of.block:
        height = table["z_um"].to_numpy(float) - 0.5 * panel.box[2]
        inside = np.abs(height) < seen
        table, seen = table[inside], np.sqrt(seen[inside] ** 2 - height[inside] ** 2)
    order = np.lexsort((table["id"].to_numpy(), table["z_um"].to_numpy(float)))
    shown: pd.DataFrame = table.assign(seen_um=seen).iloc[order]
    return shown


def _smallest_on_top(cells: pd.DataFrame) -> float:
    radii = cells.loc[~cells["type"].isin(BACKGROUND_TYPES), "radius_um"].to_numpy(float)
    return float(np.nanmin(radii)) if np.isfinite(radii).any() else math.inf


def _round_length(most: float) -> float:
    """The largest of 1, 2, 5 x 10^k that is at most `most`."""
    decade = 10.0 ** math.floor(math.log10(most))
    return max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= most * (1 + 1e-9))


def _plane(field: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(field[field.shape[0] // 2], dtype=float)


def _width(of: Scene, panels: int, pixels: int) -> int:
    aspect = of.extent[1] / of.extent[0] + STRIP
    return int(min(_WIDEST, math.sqrt(pixels / max(panels, 1) / aspect)))


@dataclass(frozen=True)
class _Canvas:
    """An empty panel: matplotlib's figure and axes, the window of tissue in it, and its corner at the origin."""

    figure: Any
    axes: Any
    window: Any
    origin: tuple[float, float]


def _canvas(of: Scene, box: Sequence[float], width: int) -> _Canvas:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    strip = STRIP * of.extent[0]
    height = max(round(width * (of.extent[1] + strip) / of.extent[0]), 1)
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=palette.OUTSIDE)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    axes.set_xlim(0.0, of.extent[0])
    axes.set_ylim(of.extent[1] + strip, 0.0)  # y down, as images count
    # A window smaller than the panel sits in its middle.
    origin = 0.5 * (of.extent[0] - box[0]), 0.5 * (of.extent[1] - box[1])
    window = Rectangle(origin, box[0], box[1], facecolor=palette.PAPER, edgecolor="none", zorder=0)
    axes.add_patch(window)
    return _Canvas(figure, axes, window, origin)


def _discs(canvas: _Canvas, cells: pd.DataFrame, look: _Look) -> None:
    from matplotlib.collections import EllipseCollection

    if cells.empty:
        return
    across = 2.0 * look.grow * np.maximum(cells["seen_um"].to_numpy(float), look.least)
    discs = EllipseCollection(
        across,
        across,
        np.zeros(len(cells)),
        units="xy",
        offsets=cells[["x_um", "y_um"]].to_numpy(float) + canvas.origin,
        offset_transform=canvas.axes.transData,
        facecolors=look.fill,
        edgecolors=look.edge,
        linewidths=look.line,
    )
    canvas.axes.add_collection(discs, autolim=False)
    discs.set_clip_path(canvas.window)


def _scale_bar(canvas: _Canvas, of: Scene) -> None:
    """A bar and its length in the strip below the map, so that nothing is hidden by it."""
    from matplotlib.patches import Rectangle

    strip = STRIP * of.extent[0]
    bar = Rectangle(
        (0.25 * strip, of.extent[1] + 0.44 * strip), of.bar, 0.16 * strip, facecolor=palette.INK, zorder=9
    )
    canvas.axes.add_patch(bar)
    canvas.axes.text(
        0.5 * strip + of.bar,
        of.extent[1] + 0.52 * strip,
        f"{of.bar:g} µm",
        fontsize=0.047 * canvas.figure.get_figwidth() * 72.0,  # points: 4.7 % of the panel's width
        color=palette.INK,
        ha="left",
        va="center",
        zorder=9,
    )


def _png(canvas: _Canvas) -> bytes:
    canvas.figure.canvas.draw()
    return _reduced(np.asarray(canvas.figure.canvas.buffer_rgba())[:, :, :3].copy())


def _reduced(pixels: NDArray[np.uint8]) -> bytes:
    """PNG in 256 colours: a third of the size; the many edge tones are what it merges."""
    from PIL import Image

    written = io.BytesIO()
    picture = Image.fromarray(pixels).quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(written, format="PNG", compress_level=6)
    return written.getvalue()
