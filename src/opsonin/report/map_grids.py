"""Grids of maps: rows of arms, columns of the same times, one grid of cells and one per substrate, with their words.

Drawing is in `maps`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opsonin.report import curves, downloads, maps, words
from opsonin.report.stored import Snapshot, StoredResult, map_times, snapshots

MOST_MAPPED_ARMS = 6  # maps of more arms would not fit a readable file; curves and numbers show all

Panels = Mapping[tuple[str, float], Snapshot]


@dataclass(frozen=True)
class _Place:
    """Where the panels of every grid go."""

    arms: Sequence[str]
    times: Sequence[float]
    clock: words.Clock


def grids(result: StoredResult, arms: Sequence[str], clock: words.Clock) -> dict[str, Any] | None:
    """All grids of one tissue with what they share; None where nothing is stored."""
    place = _Place(list(arms[:MOST_MAPPED_ARMS]), map_times(result, arms[:MOST_MAPPED_ARMS]), clock)
    panels = snapshots(result, place.arms, place.times)
    if not panels:
        return None
    told = result.provenance
    scene = maps.scene(panels.values(), told.get("cell_types", {}))
    titles = titles_of(told, scene)
    substrates = dict.fromkeys(name for panel in panels.values() for name in panel.fields)
    scales = {
        name: scale for name in substrates if (scale := maps.field_scale(panels.values(), name)) is not None
    }
    made = [_cell_grid(place, panels, scene, titles)]
    for name, scale in scales.items():
        named = str(told.get("substrates", {}).get(name, name))
        made.append(_field_grid(_Substrate(len(made), name, named, len(scales)), scale, panels, place, scene))
    return shared(panels.values(), scene, titles) | {
        "grids": made,
        "bar": downloads.png(maps.colour_bar()),
        "hidden_arms": list(arms[MOST_MAPPED_ARMS:]),
        "hidden_fields": 0,
        "columns": len(place.times),
    }


def shared(panels: Collection[Snapshot], scene: maps.Scene, titles: Mapping[str, str]) -> dict[str, Any]:
    """What all panels of a scene have in common."""
    largest = max(panels, key=lambda panel: panel.box[0] * panel.box[1]).box
    return {
        "legend": legend(scene, titles),
        "extent": f"{largest[0]:,.0f} {words.TIMES} {largest[1]:,.0f} µm",
        "depth": f"{largest[2]:,.0f} µm",
        "block": scene.block,
        "least": f"{2 * scene.least_radius:.2g} µm" if scene.least_radius else "",
    }


def titles_of(told: Mapping[str, Any], scene: maps.Scene) -> dict[str, str]:
    """What the cell types of a scene are called."""
    known = told.get("cell_types", {})
    return {name: str(known.get(name, {}).get("title", name)) for name in scene.colours}


def cell_panel(panel: Snapshot, scene: maps.Scene, many: int, titles: Mapping[str, str]) -> dict[str, str]:
    """Picture, caption and counts in words of the cells of one of `many` panels."""
    counts = maps.census(panel, scene)
    told = [f"{titles.get(name, name)}: {counts[name]:,}" for name in (*reversed(scene.colours), "dead")]
    if panel.weight != 1.0:
        told.append(f"each stands for {words.number(panel.weight)}")
    return {
        "image": downloads.png(maps.cell_map(panel, scene, many)),
        "counts": "; ".join(f"{titles.get(name, name)}: {count:,}" for name, count in counts.items()),
        "caption": " · ".join(told),
    }


def legend(scene: maps.Scene, titles: Mapping[str, str]) -> list[dict[str, str]]:
    """Fill and words of every kind of cell that is drawn: those on top first, the dead last."""
    found = maps.layers(scene, titles)
    alive, dead = ([layer for layer in found if layer.dead == gone] for gone in (False, True))
    return [{"fill": layer.fill, "text": layer.title} for layer in (*reversed(alive), *dead)]


@dataclass(frozen=True)
class _Substrate:
    """One of `of` substrates whose grid has the number `topic`."""

    topic: int
    name: str
    title: str
    of: int


def _grid(topic: int, place: _Place) -> dict[str, Any]:
    """A panel that was not reached has no image. `topic` numbers the grid."""
    rows = [
        {
            "arm": arm,
            "colour": curves.arm_style(index)[0],
            "panels": [
                {
                    "id": f"map-{topic}-{index}-{k}",
                    "at": time,
                    "time": place.clock.read(time),
                    "image": "",
                    "alt": "",
                    "caption": "",
                    "file": "",
                }
                for k, time in enumerate(place.times)
            ],
        }
        for index, arm in enumerate(place.arms)
    ]
    return {"rows": rows}


def _panel(grid: Mapping[str, Any], arm: str, time: float) -> dict[str, Any]:
    """The panel of a grid for one arm and time."""
    row = next(row for row in grid["rows"] if row["arm"] == arm)
    found: dict[str, Any] = next(panel for panel in row["panels"] if panel["at"] == time)
    return found


def _cell_grid(place: _Place, panels: Panels, scene: maps.Scene, titles: Mapping[str, str]) -> dict[str, Any]:
    grid = _grid(0, place)
    for (arm, time), panel in panels.items():
        into = _panel(grid, arm, time)
        into |= cell_panel(panel, scene, len(panels), titles)
        into["alt"] = f"Map of the cells in arm {arm} at {into['time']}: {into['counts']}."
        into["file"] = downloads.safe(f"cells {arm} {into['time']}")
    csv = downloads.of_cells(panels.values())
    return grid | {"title": "Cells", "unit": "", "ticks": [], "range": "", "note": "", "csv": csv}


def _field_grid(
    of: _Substrate, scale: maps.FieldScale, panels: Panels, place: _Place, scene: maps.Scene
) -> dict[str, Any]:
    unit = words.unit(next(p.units.get(of.name, "") for p in panels.values() if of.name in p.fields))
    grid = _grid(of.topic, place)
    for (arm, time), panel in panels.items():
        if of.name not in panel.fields:
            continue
        middle = panel.fields[of.name][panel.fields[of.name].shape[0] // 2]
        mean = words.with_unit(float(np.nanmean(middle)) if np.isfinite(middle).any() else float("nan"), unit)
        into = _panel(grid, arm, time)
        into["image"] = downloads.png(maps.field_map(panel, of.name, scale, scene, len(panels) * of.of))
        into["alt"] = f"Map of {of.title} in arm {arm} at {into['time']}; mean {mean}."
        into["caption"] = f"mean {mean}"
        into["file"] = downloads.safe(f"{of.name} {arm} {into['time']}")
    span, ticks = scale.high - scale.low, maps.scale_ticks(scale)
    note = "One scale for all panels"
    note += f"; the largest value is {words.with_unit(scale.largest, unit)}." if scale.clipped else "."
    return grid | {
        "title": words.heading(of.title),
        "unit": unit,
        "ticks": [
            {"text": words.mark(value, ticks), "share": f"{100 * (value - scale.low) / span:.2f}"}
            for value in ticks
        ],
        "range": f"{words.number(scale.low)} to {words.with_unit(scale.high, unit)}",
        "note": note + (" Grey: no value." if scale.missing else ""),
        "csv": downloads.of_field(panels.values(), of.name, unit),
    }
