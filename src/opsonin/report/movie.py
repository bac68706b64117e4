"""A movie of stored cells: every frame of every arm on one physical scale, in the colours and order of the maps.

What is gathered here is packed into a page by `movie_page` and drawn as pictures by `movie_picture`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opsonin.core.errors import Fault, InputError, RunError, did_you_mean
from opsonin.report import maps, parts, words
from opsonin.report.stored import DEAD_PHASES, Snapshot, StoredResult, planned_arms, stored_times, weights
from opsonin.store.patient import Patient

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 1_300_000  # of all frames together: a page of about 9 MB
_COLUMNS = ("id", "type", "phase", "x_um", "y_um", "z_um", "radius_um", "reactive")


@dataclass(frozen=True)
class Style:
    """How one kind of cell looks.

    Attributes:
        title: for the legend; fill, edge: #rrggbb; line: width of the edge over that of a panel of 600 pixels.
        halo: a white ring, that parts cells on top from what lies below; least: smallest radius drawn [um].
        dead: counted as dead and not by its type.
    """

    title: str
    fill: str
    edge: str
    line: float
    halo: bool
    least: float
    dead: bool = False


@dataclass(frozen=True)
class Frame:
    """The cells of one arm at one time, in drawing order.

    Attributes:
        box: width and height of the window [um]; counts: cells of each style.
        places: (cells, 2) [um] from the window's corner, y down; radii: (cells,) [um].
        weight: how many cells each stands for, after windows were cropped or tiled.
    """

    box: tuple[float, float]
    counts: tuple[int, ...]
    places: NDArray[np.float64]
    radii: NDArray[np.float64]
    weight: float


@dataclass(frozen=True)
class Movie:
    """Frames of several arms at the same times.

    Attributes:
        of: which field and replicate, in words; '' for a result of one tissue.
        times: [min]; frames: arm -> a frame per time, None where it is not stored.
        extent: of every panel [um]; bar: length of the scale bar [um]; block: a section through a deep box.
        left_out: what was thinned, as a sentence; '' where every stored time is shown.
    """

    name: str
    of: str
    clock: words.Clock
    times: tuple[float, ...]
    frames: Mapping[str, tuple[Frame | None, ...]]
    styles: tuple[Style, ...]
    extent: tuple[float, float]
    bar: float
    block: bool
    left_out: str

    def said(self, arm: str, index: int) -> list[str]:
        """The counts of a frame by type, the dead last, as text."""
        frame = self.frames[arm][index]
        if frame is None:
            return ["not stored"]
        told = [f"{s.title}: {n:,}" for s, n in zip(self.styles, frame.counts, strict=True) if not s.dead]
        dead = sum(n for style, n in zip(self.styles, frame.counts, strict=True) if style.dead)
        each = [f"each stands for {words.number(frame.weight)}"] if frame.weight != 1.0 else []
        return [*reversed(told), f"dead: {dead:,}", *each]


def legend(styles: Sequence[Style]) -> list[tuple[str, tuple[Style, ...]]]:
    """(title, styles) of every entry, what lies on top first; the dead are one entry, as they are counted together."""
    alive = [(style.title, (style,)) for style in reversed(styles) if not style.dead]
    dead = tuple(style for style in styles if style.dead)
    kinds = " or ".join(style.title.removeprefix("dead, ") for style in dead)
    return [*alive, *([(f"dead ({kinds})", dead)] if dead else [])]


def chosen(result: StoredResult, field: str | None, replicate: str | None) -> tuple[StoredResult, str]:
    """One tissue of a result and what it is called; by default the first of several.

    Raises:
        InputError: there is no such field or replicate.
    """
    told = []
    for kind, wanted in (("replicate", replicate), ("field", field)):
        each = parts.replicates(result) if kind == "replicate" else _fields(result)
        if not each and wanted is not None:
            place = str(getattr(result, "path", "the result"))
            raise InputError(Fault(f"--{kind}", f"{place} does not hold several {kind}s.", "Leave it out."))
        if each:
            name = next(iter(each)) if wanted is None else wanted
            if name not in each:
                raise InputError(
                    Fault(f"--{kind}", f"there is no {kind} '{name}'.", did_you_mean(name, each))
                )
            result = each[name]
            told.append(f"{kind} {name}, one of {len(each)}")
    return result, ", ".join(told)


def _fields(result: StoredResult) -> dict[str, StoredResult]:
    return dict(result.by_field) if isinstance(result, Patient) else {}


def gathered(
    result: StoredResult, of: str = "", arms: Sequence[str] = (), most_cells: int = MOST_CELLS
) -> Movie:
    """The movie of one tissue.

    Args:
        of: what the tissue is called; arms: those to show, all if empty.
        most_cells: in all frames together; times are left out evenly until they fit, never the last.
    Raises:
        InputError: there is no such arm. RunError: nothing is stored yet.
    """
    begun = [arm for arm in planned_arms(result) if arm in result.arms]
    for arm in arms:
        if arm not in begun:
            raise InputError(Fault("--arm", f"there is no stored arm '{arm}'.", did_you_mean(arm, begun)))
    shown = [arm for arm in begun if not arms or arm in arms]
    stored = {arm: set(stored_times(result, arm).tolist()) for arm in shown}
    every = sorted(set().union(*stored.values())) if stored else []
    if not every:
        place = str(getattr(result, "path", "the result"))
        raise RunError(Fault(place, "no output time is stored yet.", "Let the run go on: opsonin resume."))
    kept = _thinned(every, _cells_in_all(result, stored), most_cells)
    header = result.provenance.get("scenario", {}).get("scenario", {})
    panels = {
        (arm, time): _snapshot(result, arm, time) for arm in shown for time in kept if time in stored[arm]
    }
    scene = maps.scene(panels.values(), result.provenance.get("cell_types", {}))
    styles = _styles(scene, result.provenance.get("cell_types", {}))
    stands = weights(result, shown)
    frames = {
        arm: tuple(
            _frame(panels[arm, time], scene, styles, stands.get((arm, time), 1.0))
            if (arm, time) in panels
            else None
            for time in kept
        )
        for arm in shown
    }
    return Movie(
        name=str(header.get("name", "Unnamed run")),
        of=of,
        clock=words.Clock.over(words.base(header.get("duration"), "min") or every[-1]),
        times=tuple(kept),
        frames=frames,
        styles=tuple(styles.values()),
        extent=scene.extent,
        bar=scene.bar,
        block=scene.block,
        left_out=_left_out(len(kept), len(every)),
    )


def _cells_in_all(result: StoredResult, stored: Mapping[str, set[float]]) -> float:
    """About how many cells all stored times hold, from the first and the last of each arm."""
    total = 0.0
    for arm, times in stored.items():
        if times:
            ends = [len(result.cells(time, arm)) for time in (min(times), max(times))]
            total += len(times) * sum(ends) / 2.0
    return total


def _thinned(times: Sequence[float], cells: float, most: int) -> list[float]:
    step = max(math.ceil(cells / most), 1)
    kept = list(times[::step])
    return kept if kept[-1] == times[-1] else [*kept, times[-1]]


def _left_out(kept: int, of: int) -> str:
    return (
        "" if kept == of else f"{kept} of {of} stored times are shown, evenly, so that the file stays small."
    )


def _snapshot(result: StoredResult, arm: str, time: float) -> Snapshot:
    cells = result.cells(time, arm)
    columns = [name for name in _COLUMNS if name in cells]
    return Snapshot(arm, time, cells[columns], {}, {}, result.box(time, arm))


def _styles(
    scene: maps.Scene, looks: Mapping[str, Mapping[str, str]]
) -> dict[tuple[str, bool | None], Style]:
    """(type or phase, reactive or not) -> look, in drawing order."""
    titles = {name: str(looks.get(name, {}).get("title", name)) for name in scene.colours}
    return {
        (layer.name, layer.reactive): Style(
            layer.title,
            layer.fill,
            layer.edge,
            0.8 if layer.dead else 0.9 if layer.on_top else 0.5,
            halo=layer.on_top,
            least=scene.least_radius if layer.on_top else 0.0,
            dead=layer.dead,
        )
        for layer in maps.layers(scene, titles)
    }


def _frame(
    panel: Snapshot, scene: maps.Scene, styles: Mapping[tuple[str, bool | None], Style], weight: float
) -> Frame:
    table = maps.visible(panel, scene)
    keys = _keys(table, scene)
    order = {key: index for index, key in enumerate(styles)}
    codes = np.array([order[key] for key in keys], dtype=int)
    by_style = np.argsort(codes, kind="stable")  # within a style far cells stay below near ones
    return Frame(
        box=panel.box[:2],
        counts=tuple(np.bincount(codes, minlength=len(styles)).tolist()),
        places=table[["x_um", "y_um"]].to_numpy(float)[by_style],
        radii=table["seen_um"].to_numpy(float)[by_style],
        weight=weight,
    )


def _keys(table: pd.DataFrame, scene: maps.Scene) -> list[tuple[str, bool | None]]:
    reacts = table["reactive"].astype(bool) if "reactive" in table else np.zeros(len(table), bool)
    return [
        (phase, None) if phase in DEAD_PHASES else (name, bool(active) if name in scene.reactive else None)
        for name, phase, active in zip(table["type"], table["phase"], reacts, strict=True)
    ]
