"""Maps of a patient of several fields on one page: of each field its cells at the start, and at the end of every arm.

Substrates, and the times between, are in the report of each field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opsonin.report import downloads, map_grids, maps, words
from opsonin.report.stored import Snapshot, StoredResult, snapshots, stored_times

_MOST_PANELS = 48

Panels = Mapping[tuple[str, str, float], Snapshot]  # by field, arm and time


def grids(
    fields: Mapping[str, StoredResult], told: Mapping[str, Any], arms: Sequence[str], clock: words.Clock
) -> dict[str, Any] | None:
    """One grid with a row per field, in the form of `map_grids.grids`; None where nothing is stored.

    Args:
        fields: by name; told: the provenance of the patient.
    """
    shown = list(arms[: map_grids.MOST_MAPPED_ARMS])
    drawn = dict(list(fields.items())[: _MOST_PANELS // (len(shown) + 1)])
    panels = {
        (name, *key): panel for name, field in drawn.items() for key, panel in _ends(field, shown).items()
    }
    if not panels:
        return None
    scene = maps.scene(panels.values(), told.get("cell_types", {}))
    titles = map_grids.titles_of(told, scene)
    rows = [
        {"arm": name, "colour": "", "panels": _row(index, name, panels, scene, titles, clock)}
        for index, name in enumerate(drawn)
        if any(key[0] == name for key in panels)
    ]
    csv = downloads.of_cells(panels.values(), fields=[key[0] for key in panels])
    title = "Cells of every field, at the start and at the end of each arm"
    grid = {"title": title, "unit": "", "ticks": [], "range": "", "note": "", "csv": csv, "rows": rows}
    return map_grids.shared(panels.values(), scene, titles) | {
        "grids": [grid],
        "bar": "",
        "hidden_arms": list(arms[len(shown) :]),
        "hidden_fields": len(fields) - len(drawn),
        "columns": max(len(row["panels"]) for row in rows),
    }


def _ends(field: StoredResult, arms: Sequence[str]) -> dict[tuple[str, float], Snapshot]:
    """The start, which all arms share, and the last stored time of each arm."""
    wanted: dict[tuple[str, float], None] = {}
    times = {arm: stored for arm in arms if len(stored := stored_times(field, arm))}
    for first in list(times)[:1]:
        wanted[first, float(times[first][0])] = None
    wanted |= {(arm, float(stored[-1])): None for arm, stored in times.items()}
    found: dict[tuple[str, float], Snapshot] = {}
    for arm, time in wanted:
        found |= snapshots(field, [arm], [time])
    return found


def _row(
    index: int,
    field: str,
    panels: Panels,
    scene: maps.Scene,
    titles: Mapping[str, str],
    clock: words.Clock,
) -> list[dict[str, Any]]:
    made = []
    for column, ((_, arm, time), panel) in enumerate(of for of in panels.items() if of[0][0] == field):
        when = clock.read(time) if column == 0 else f"{arm}, {clock.read(time)}"
        drawn = map_grids.cell_panel(panel, scene, len(panels), titles)
        about = {
            "id": f"map-{index}-{column}",
            "time": when,
            "alt": f"Map of the cells of {field}, {when}: {drawn['counts']}.",
            "file": downloads.safe(f"cells {field} {when}"),
        }
        made.append(drawn | about)
    return made
