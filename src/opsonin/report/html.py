"""The report: one self-contained HTML file from a stored result, the same bytes for the same result.

It gathers what the template shows. Drawing is in `maps` and `curves`, wording in `words`.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core.errors import Fault, HostError
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.observe.observables import resizings
from opsonin.report import curves, fields, maps, palette, words
from opsonin.report.stored import Snapshot, StoredResult, map_times, planned_arms, reached, snapshots
from opsonin.store.patient import Patient

_LONGEST = 70  # characters of a version; the processor's features run to a thousand
MOST_MAPPED_ARMS = 6  # maps of more arms would not fit a readable file; curves and numbers show all


def write_report(out: Path) -> Path:
    """Write OUT/report.html from the result stored in the folder `out`, replacing an older one at once.

    Of several fields, each has a report of its own beside its result; that of the patient leads to them.

    Raises:
        RunError: there is no readable result in `out`.
        HostError: the file cannot be written.
    """
    from opsonin.store.result import Result

    result = Result.open(out)
    if isinstance(result, Patient):
        for field in result.by_field.values():
            write_report(field.path)
    page = render(result).encode()
    target = out / "report.html"
    unfinished = out / f".report.{os.getpid()}.html"
    try:
        with unfinished.open("wb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        fix = "Free some space or check the folder's permissions, then `opsonin report` again."
        raise HostError(Fault(str(target), f"the report cannot be written: {error.strerror}", fix)) from error
    return target


def render(result: StoredResult) -> str:
    """The page as text."""
    import jinja2

    source = resources.files("opsonin.report").joinpath("template.html.j2").read_text(encoding="utf-8")
    page = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    ).from_string(source)
    page.globals["number"] = words.number
    return page.render(_contents(result)) + "\n"


def _contents(result: StoredResult) -> dict[str, Any]:
    told = result.provenance
    scenario = told.get("scenario", {})
    header = scenario.get("scenario", {})
    arms = planned_arms(result)
    ends = {arm: reached(result, arm) for arm in arms}
    last = max((end for end in ends.values() if end is not None), default=0.0)
    horizon = words.base(header.get("duration"), "min") or last
    clock = words.Clock.over(horizon)
    given = {str(arm["name"]): list(arm.get("dose", ())) for arm in scenario.get("arm", ())}
    lines = _curves(result, arms)
    doses = {
        arm: sorted({time for entry in given.get(arm, []) for time in words.dose_times(entry, horizon)})
        for arm in arms
    }
    styles = [curves.arm_style(index) for index in range(len(arms))]
    assumed = [dict(item) for item in told.get("assumed", ())]
    return {
        "name": str(header.get("name", "Unnamed run")),
        "complete": result.complete,
        "branch": _branch(told, clock),
        "arms": [
            {
                "name": arm,
                "colour": styles[index][0],
                "dash": styles[index][1],
                "doses": [words.dose(entry, horizon, clock) for entry in given.get(arm, [])],
                "reached": None if ends[arm] is None else clock.read(ends[arm] or 0.0),
                "done": ends[arm] is not None and (ends[arm] or 0.0) >= horizon,
            }
            for index, arm in enumerate(arms)
        ],
        "duration": words.duration(horizon),
        "header": header,
        "tissue": _tissue(scenario.get("tissue", {})),
        "fields": fields.listed(result),
        "drawn": bool(scenario.get("tissue", {}).get("generate")),
        "untreated": fields.untreated(result),
        "labels": list(told.get("labels", ())),
        "placed": fields.placed(result),
        "assumed": [item | {"value": _plain(item.get("value"))} for item in assumed],
        "numbers": told.get("numbers"),
        "headline": _headline(lines, arms, clock),
        "maps": None if isinstance(result, Patient) else _maps(result, arms, clock),
        "panels": _panels(lines, doses, horizon, clock),
        "dosed": _dose_key(sum(bool(given) for given in doses.values())),
        "table": _table(lines, arms, clock),
        "origin": _origin(told),
        "light": list(enumerate(palette.ARMS_LIGHT)),
        "dark": list(enumerate(palette.ARMS_DARK)),
    }


def _branch(told: Mapping[str, Any], clock: words.Clock) -> dict[str, str] | None:
    """Where the run left another one; None if it began by itself."""
    left = told.get("branch")
    if left is None:
        return None
    return {"arm": str(left["arm"]), "of": str(left["of"]), "at": clock.read(minutes(left["tick"]))}


def _dose_key(treated: int) -> str:
    """What the marks above the curves mean; empty where no arm is treated."""
    if not treated:
        return ""
    return "dose, in the arm's colour" if treated <= curves.MOST_DOSE_ROWS else "dose in any arm"


def _curves(result: StoredResult, arms: Sequence[str]) -> list[curves.Curve]:
    """Every observable with a finite value, in the result's order; none of cell types that are never there."""
    data = result.observables
    declared = result.provenance.get("observables", {})
    absent = _absent(result)
    if "time" not in data.coords or not data.sizes.get("time"):
        return []
    times = np.asarray(data["time"].values, dtype=float) * MINUTES_PER_DAY
    found = []
    for name in data.data_vars:
        variable = data[name]
        if set(variable.dims) != {"arm", "time"} or name in absent:
            continue
        said = declared.get(name, {})
        title = said.get("title") or variable.attrs.get("long_name") or str(name).replace("_", " ")
        unit = variable.attrs.get("units") or said.get("unit") or ""
        begun = {str(arm): variable.sel(arm=arm).values for arm in data["arm"].values}
        rows = {arm: np.asarray(begun.get(arm, np.full(len(times), np.nan)), dtype=float) for arm in arms}
        apart = fields.spreads(result, str(name), arms), fields.each(result, str(name), arms)
        curve = curves.Curve(str(name), title[:1].upper() + title[1:], str(unit), times, rows, *apart)
        if not curve.empty:
            found.append(curve)
    return found


def _absent(result: StoredResult) -> set[str]:
    """Observables of the cell types of which no arm has a cell at any time."""
    data = result.observables
    never = [
        kind
        for kind in result.provenance.get("cell_types", {})
        if f"{kind}_count" in data and not np.nan_to_num(data[f"{kind}_count"].values).any()
    ]
    return {f"{kind}_{of}" for kind in never for of in ("count", "density")}


def _panels(
    lines: Sequence[curves.Curve], doses: Mapping[str, Sequence[float]], horizon: float, clock: words.Clock
) -> list[dict[str, Any]]:
    """Curve panels, those of one unit together, units in the order in which they first appear."""
    groups: dict[str, list[dict[str, str]]] = {}
    for curve in lines:
        ends = [f"{arm} {words.number(_at_end(curve, arm)[1])}" for arm in curve.values]
        sign = words.unit(curve.unit)
        alt = f"{curve.title}{f' [{sign}]' if sign else ''} over time. Last values: {'; '.join(ends)}."
        svg = curves.draw(curve, doses, horizon, clock)
        groups.setdefault(sign, []).append({"title": curve.title, "unit": sign, "alt": alt, "svg": svg})
    return [panel for panels in groups.values() for panel in panels]


def _maps(result: StoredResult, arms: Sequence[str], clock: words.Clock) -> dict[str, Any] | None:
    shown = list(arms[:MOST_MAPPED_ARMS])
    times = map_times(result, shown)
    panels = snapshots(result, shown, times)
    if not panels:
        return None
    told = result.provenance
    scene = maps.scene(panels.values(), told.get("cell_types", {}))
    substrates = list(dict.fromkeys(name for panel in panels.values() for name in panel.fields))
    scales = {
        name: scale for name in substrates if (scale := maps.field_scale(panels.values(), name)) is not None
    }
    titles = {name: told.get("cell_types", {}).get(name, {}).get("title", name) for name in scene.colours}
    grids = [_cell_grid(_grid(0, shown, times, clock), panels, scene, titles)]
    for name, scale in scales.items():
        unit = words.unit(
            next(panel.units.get(name, "") for panel in panels.values() if name in panel.fields)
        )
        named = str(told.get("substrates", {}).get(name, name))
        grid = _grid(len(grids), shown, times, clock)
        for (arm, time), panel in panels.items():
            if name not in panel.fields:
                continue
            middle = panel.fields[name][panel.fields[name].shape[0] // 2]
            mean = words.with_unit(
                float(np.nanmean(middle)) if np.isfinite(middle).any() else float("nan"), unit
            )
            place = _place(grid, arm, time)
            place["image"] = _data(maps.field_map(panel, name, scale, scene, len(panels) * len(scales)))
            place["alt"] = f"Map of {named} in arm {arm} at {place['time']}; mean {mean}."
            place["caption"] = f"mean {mean}"
        span = scale.high - scale.low
        ticks = [
            {"text": words.number(value), "share": f"{100 * (value - scale.low) / span:.2f}"}
            for value in maps.scale_ticks(scale)
        ]
        grids.append(
            grid
            | {
                "title": named[:1].upper() + named[1:],
                "unit": unit,
                "ticks": ticks,
                "range": f"{words.number(scale.low)} to {words.with_unit(scale.high, unit)}",
                "note": (
                    f"One scale for all panels; the largest value is {words.with_unit(scale.largest, unit)}."
                    if scale.clipped
                    else "One scale for all panels."
                )
                + (" Grey: no value." if scale.missing else ""),
            }
        )
    largest = max(panels.values(), key=lambda panel: panel.box[0] * panel.box[1]).box
    return {
        "grids": grids,
        "legend": _legend(scene, titles),
        "bar": _data(maps.colour_bar()),
        "hidden_arms": list(arms[MOST_MAPPED_ARMS:]),
        "columns": len(times),
        "extent": f"{largest[0]:,.0f} {words.TIMES} {largest[1]:,.0f} µm",
        "depth": f"{largest[2]:,.0f} µm",
        "block": scene.block,
        "least": f"{2 * scene.least_radius:.2g} µm" if scene.least_radius else "",
    }


def _grid(topic: int, arms: Sequence[str], times: Sequence[float], clock: words.Clock) -> dict[str, Any]:
    """Rows of arms, columns of times; a panel that was not reached has no image. `topic` numbers the grid."""
    rows = [
        {
            "arm": arm,
            "colour": curves.arm_style(index)[0],
            "panels": [
                {
                    "id": f"map-{topic}-{index}-{k}",
                    "at": time,
                    "time": clock.read(time),
                    "image": "",
                    "alt": "",
                    "caption": "",
                }
                for k, time in enumerate(times)
            ],
        }
        for index, arm in enumerate(arms)
    ]
    return {"rows": rows}


def _place(grid: Mapping[str, Any], arm: str, time: float) -> dict[str, Any]:
    """The panel of a grid for one arm and time."""
    row = next(row for row in grid["rows"] if row["arm"] == arm)
    return next(panel for panel in row["panels"] if panel["at"] == time)


def _cell_grid(
    grid: dict[str, Any],
    panels: Mapping[tuple[str, float], Snapshot],
    scene: maps.Scene,
    titles: Mapping[str, str],
) -> dict[str, Any]:
    for (arm, time), panel in panels.items():
        counts = maps.census(panel, scene)
        said = ", ".join(f"{count:,} {titles.get(name, name)}" for name, count in counts.items())
        place = _place(grid, arm, time)
        place["image"] = _data(maps.cell_map(panel, scene, len(panels)))
        place["alt"] = f"Map of the cells in arm {arm} at {place['time']}: {said}."
        place["caption"] = " · ".join(
            f"{counts[name]:,} {name}" for name in (*reversed(scene.colours), "dead")
        )
    return grid | {"title": "Cells", "unit": "", "ticks": [], "range": "", "note": ""}


def _legend(scene: maps.Scene, titles: Mapping[str, str]) -> list[dict[str, str]]:
    entries = []
    for name, colour in reversed(list(scene.colours.items())):
        if name in scene.reactive:
            entries.append({"fill": colour, "text": f"{titles[name]}, tumour-reactive"})
            entries.append({"fill": maps.pale(colour), "text": f"{titles[name]}, bystander"})
        else:
            fill = maps.muted(colour) if name in maps.BACKGROUND_TYPES else colour
            entries.append({"fill": fill, "text": titles[name]})
    return entries + [{"fill": fill, "text": f"dead, {phase}"} for phase, fill in palette.DEAD.items()]


def _at_end(curve: curves.Curve, arm: str) -> tuple[float, float]:
    """Time [min] and value of the last finite value of an arm; NaN where there is none."""
    finite = np.flatnonzero(np.isfinite(curve.values[arm]))
    if not len(finite):
        return float("nan"), float("nan")
    return float(curve.times[finite[-1]]), float(curve.values[arm][finite[-1]])


def _table(lines: Sequence[curves.Curve], arms: Sequence[str], clock: words.Clock) -> dict[str, Any] | None:
    """End values per arm, beside the common start and, from the second arm on, relative to the first."""
    if not lines:
        return None
    rows = []
    for curve in lines:
        starts = {words.number(float(row[0])) for row in curve.values.values()}
        ends = [_at_end(curve, arm)[1] for arm in arms]
        ratios = [end / ends[0] if k and ends[0] > 0.0 else float("nan") for k, end in enumerate(ends)]
        rows.append(
            {
                "title": curve.title,
                "unit": words.unit(curve.unit),
                "start": starts.pop() if len(starts) == 1 else "differs",
                "ends": [
                    {
                        "value": words.number(end),
                        "ratio": f"{words.TIMES} {words.number(ratio)}" if np.isfinite(ratio) else "",
                        "spread": fields.at_end(curve, arm),
                        "ratios": fields.ratios_at_end(curve, arm, arms[0]),
                    }
                    for arm, end, ratio in zip(arms, ends, ratios, strict=True)
                ],
            }
        )
    times = [
        max(
            (_at_end(curve, arm)[0] for curve in lines if arm in curve.values),
            default=float("nan"),
            key=_nan_last,
        )
        for arm in arms
    ]
    return {
        "rows": rows,
        "at": [clock.read(time) if np.isfinite(time) else words.MISSING for time in times],
        "from": clock.read(float(lines[0].times[0])),
    }


def _nan_last(time: float) -> float:
    return time if np.isfinite(time) else -1.0


def _headline(lines: Sequence[curves.Curve], arms: Sequence[str], clock: words.Clock) -> list[str]:
    """One sentence per arm: how the tumour and the CD8 cells stand at the last stored time."""
    known = {curve.name: curve for curve in lines}
    sentences = []
    for arm in arms:
        parts = []
        time = float("nan")
        for name, wording in (
            ("burden", "tumour burden {} times the start"),
            ("cancer_count", "{} cancer cells"),
            ("cd8_count", "{} CD8 T cells"),
        ):
            if name not in known or arm not in known[name].values:
                continue
            time, value = _at_end(known[name], arm)
            if np.isfinite(value):
                parts.append(wording.format(words.number(value)))
        if parts:
            sentences.append(f"{arm}, {clock.read(time)}: {', '.join(parts)}.")
        if "weight" in known and arm in known["weight"].values:
            sentences += _resized(known["weight"], arm, clock)
    return sentences


def _resized(weight: curves.Curve, arm: str, clock: words.Clock) -> list[str]:
    """One sentence on an arm whose window was cropped or tiled, none for the others."""
    changes = [f"{what} by {clock.read(time)}" for time, what in resizings(weight.times, weight.values[arm])]
    if not changes:
        return []
    last = words.number(_at_end(weight, arm)[1])
    return [f"{arm}: the window was {', '.join(changes)}; at the end each of its cells stands for {last}."]


def _tissue(region: Mapping[str, Any]) -> dict[str, str]:
    """Where the tissue came from, as short label and text."""
    told = {"tumour": str(region.get("tumour", words.MISSING))}
    if region.get("biopsy"):
        told["biopsy"] = Path(str(region["biopsy"])).name
        chosen = region.get("select") or {}
        told["selected"] = ", ".join(f"{key} {value}" for key, value in chosen.items()) or "all rows"
        if region.get("fields"):
            told["fields"] = fields.told(region)
        told["label map"] = Path(str(region.get("labels") or words.MISSING)).name
    elif region.get("generate"):
        told["tissue"] = _drawn(region["generate"])
    if region.get("thickness"):
        told["thickness"] = f"{words.base(region['thickness'], 'um'):g} µm"
    return told


def _drawn(generate: Mapping[str, Any]) -> str:
    """What a generated tissue is, in a few words."""
    sides = generate.get("size") or ()
    kind = generate.get("geometry") or ("block" if len(sides) == 3 else "section")
    ball = f"{words.base(generate['diameter'], 'um'):,.0f} µm across" if generate.get("diameter") else ""
    box = f" {words.TIMES} ".join(f"{words.base(side, 'um'):,.0f}" for side in sides)
    extent = ball or f"{box} µm"
    pattern = generate.get("architecture")
    return f"generated {f'{pattern} ' if pattern else ''}{kind}, {extent}"


def _origin(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions, seed and hashes as the provenance holds them, flattened to label and text; long ones cut."""
    shown = []
    for key in sorted(told):
        value = told[key]
        if "version" in key and isinstance(value, Mapping):
            shown += [(f"{name}", str(value[name])) for name in sorted(value)]
        elif isinstance(value, str | int) and any(
            word in key for word in ("version", "seed", "hash", "digest")
        ):
            shown.append((key.replace("_", " "), str(value)))
    return [(label, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ...") for label, text in shown]


def _plain(value: Any) -> str:
    return (
        words.number(float(value))
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value)
    )


def _data(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
