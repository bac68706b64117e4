"""The report: one self-contained HTML file from a stored result, the same bytes for the same result.

It gathers what the template shows. Each part of the page is made in a module of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opsonin.core.schedule import minutes
from opsonin.report import (
    asked,
    astray,
    curves,
    downloads,
    ends,
    field_maps,
    fields,
    growth,
    imaged,
    map_grids,
    observed,
    origin,
    page,
    palette,
    parts,
    proposals,
    waterfall,
    why,
    words,
)
from opsonin.report.stored import StoredResult, planned_arms, reached
from opsonin.store.gathered import Gathered, plural
from opsonin.store.patient import Patient

MOVIE = "movie.html"
AGAIN = "opsonin report OUT -o FILE"


def write_report(out: Path, target: Path | None = None) -> Path:
    """Write OUT/report.html from the result stored in the folder `out`, replacing an older one at once.

    Of several fields, each has a report of its own beside its result, to which that of the patient leads; of replicates
    of several fields, those of the first, and it has one itself.

    Args:
        target: the file to write instead; then nothing is written into `out`.

    Raises:
        RunError: there is no readable result in `out`.
        HostError: the file cannot be written.
    """
    from opsonin.store.result import Result

    result = Result.open(out)
    if target is not None:
        way = f"{Path(os.path.relpath(out, target.parent)).as_posix()}/"
        return page.replace_file(target, render(result, way).encode(), AGAIN)
    tissue, inside = parts.shown(parts.begun(result)[0])
    if isinstance(tissue, Patient):
        for part in [tissue] if inside else tissue.by_field.values():
            write_report(part.path)
    return page.replace_file(out / "report.html", render(result).encode(), AGAIN)


def render(result: StoredResult, way: str = "") -> str:
    """The page as text; `way` leads from it to the folder of the result and ends in '/'."""
    return page.rendered("report.html.j2", _contents(result, way), "save.js")


def _contents(result: StoredResult, way: str) -> dict[str, Any]:
    whole, (result, far) = result, parts.begun(result)
    told = result.provenance
    scenario = told.get("scenario", {})
    header = scenario.get("scenario", {})
    arms = planned_arms(result)
    ended = {arm: reached(whole, arm) for arm in arms}
    last = max((end for end in ended.values() if end is not None), default=0.0)
    horizon = words.base(header.get("duration"), "min") or last
    clock = words.Clock.over(horizon)
    given = {str(arm["name"]): list(arm.get("dose", ())) for arm in scenario.get("arm", ())}
    doses = {
        arm: sorted({time for entry in given.get(arm, []) for time in words.dose_times(entry, horizon)})
        for arm in arms
    }
    told_arms = [
        {
            "name": arm,
            "colour": curves.arm_style(index)[0],
            "dash": curves.arm_style(index)[1],
            "doses": [words.dose(entry, horizon, clock) for entry in given.get(arm, [])],
            "parts": _parts_done(whole, arm, horizon),
            "reached": None if ended[arm] is None else clock.read(ended[arm] or 0.0),
            "done": ended[arm] is not None and (ended[arm] or 0.0) >= horizon,
        }
        for index, arm in enumerate(arms)
    ]
    tissue, inside = parts.shown(result)
    drawn = bool(scenario.get("tissue", {}).get("generate"))
    return {
        "name": str(header.get("name", "Unnamed run")),
        "complete": result.complete,
        "branch": _branch(told, clock),
        "arms": told_arms,
        "duration": words.duration(horizon),
        "header": header,
        "asked": asked.sentences(scenario, arms, horizon, complete=result.complete, far=far),
        "tissue": asked.tissue(scenario.get("tissue", {})),
        "imaged": imaged.imaged(tissue, drawn),
        "fields": fields.listed(tissue, way + inside),
        "replicates": list(parts.replicates(result)),
        "inside": way + inside,
        "many": _many(len(parts.replicates(result)), far),
        "asked_for": far.of if far else len(parts.replicates(result)),
        "drawn": drawn,
        "untreated": fields.untreated(result),
        "labels": list(tissue.provenance.get("labels", ())),
        "placed": fields.placed(tissue),
        "maps": _maps(tissue, arms, clock),
        "movies": _movies(result, tissue, inside, way),
        "why": why.section(result, arms, horizon, clock),
        "proposals": proposals.section(result, arms),
        **_course(result, arms, doses, horizon, clock),
        **_grounds(told, told_arms),
    }


def _many(replicates: int, far: parts.Progress | None) -> str:
    """'3 replicates', '2 of 3 replicates': what means are of."""
    if far is not None and far.pooled < far.of:
        return f"{replicates} of {far.of} replicates"
    return f"{replicates} replicates"


def _maps(tissue: StoredResult, arms: Sequence[str], clock: words.Clock) -> dict[str, Any] | None:
    if isinstance(tissue, Patient):
        return field_maps.grids(tissue.by_field, tissue.provenance, arms, clock)
    return map_grids.grids(tissue, arms, clock)


def _movies(result: StoredResult, tissue: StoredResult, inside: str, way: str = "") -> list[dict[str, str]]:
    """Movies that lie where `opsonin movie` writes them: of the whole, of the part that is drawn, of its fields."""
    places = {"Movie of the cells, all arms side by side": ""}
    if inside:
        places[f"Movie of replicate {next(iter(parts.replicates(result)))}"] = inside
    if isinstance(tissue, Patient):
        places |= {
            f"Movie of {field['name']}": f"{inside}{field['folder']}/"
            for field in tissue.provenance["fields"]
        }
    folder = Path(getattr(result, "path", ""))
    return [
        {"link": f"{way}{place}{MOVIE}", "text": text}
        for text, place in places.items()
        if (folder / place / MOVIE).is_file()
    ]


def _parts_done(result: StoredResult, arm: str, horizon: float) -> str:
    """How many replicates or fields of an unfinished result have an arm; '' where it has no parts."""
    if not isinstance(result, Gathered):
        return ""
    ends = [reached(part, arm) for part in result.parts.values()]
    done = sum(end is not None and end >= horizon for end in ends)
    begun = sum(end is not None for end in ends) - done
    more = f", begun in {begun} more" if begun else ""
    return f"done in {done} of {len(ends)} {plural(result.kind)}{more}"


def _course(
    result: StoredResult,
    arms: Sequence[str],
    doses: Mapping[str, Sequence[float]],
    horizon: float,
    clock: words.Clock,
) -> dict[str, Any]:
    """What happened: headline, growth, curves and last values."""
    lines = observed.lines(result, arms)
    burden = next((curve for curve in lines if curve.name == growth.BURDEN), None)
    panels = observed.panels(lines, doses, horizon, clock, result.provenance.get("observables"))
    return {
        "headline": ends.headline(lines, arms, clock),
        "astray": astray.sentences(result, lines, [arm for arm in arms if not doses[arm]]),
        "growth": growth.table(lines, arms, clock),
        "waterfall": None if burden is None else waterfall.figure(growth.courses(burden), arms),
        "panels": panels,
        "explained": any(panel["note"] for group in panels for panel in group["panels"]),
        "waiting": _waiting(result),
        "observables": downloads.of_observables(result) if lines else [],
        "dosed": _dose_key(sum(bool(given) for given in doses.values())),
        "table": ends.table(lines, arms, clock),
    }


def _grounds(told: Mapping[str, Any], told_arms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the numbers rest on, and how to cite and repeat the run."""
    return {
        "assumed": origin.assumed(told),
        "numbers": told.get("numbers"),
        "references": origin.references(told),
        "citation": origin.citation(told),
        "origin": origin.versions(told),
        "light_colours": page.embedded_json(
            {
                "light": {f"--arm-{k}": colour for k, colour in enumerate(palette.ARMS_LIGHT)},
                "arms": [{key: arm[key] for key in ("name", "colour", "dash")} for arm in told_arms],
            }
        ),
    }


def _branch(told: Mapping[str, Any], clock: words.Clock) -> dict[str, str] | None:
    """Where the run left another one; None if it began by itself."""
    left = told.get("branch")
    if left is None:
        return None
    return {"arm": str(left["arm"]), "of": str(left["of"]), "at": clock.read(minutes(left["tick"]))}


def _waiting(result: StoredResult) -> str:
    """Why there are no curves of several parts yet though some have begun; '' where nothing has."""
    if not isinstance(result, Gathered) or not any(part.arms for part in result.parts.values()):
        return ""
    return f"Curves are drawn once every {result.kind} has begun; what is stored is in the folder of each."


def _dose_key(treated: int) -> str:
    """What the marks above the curves mean; empty where no arm is treated."""
    if not treated:
        return ""
    return "dose, in the arm's colour" if treated <= curves.MOST_DOSE_ROWS else "dose in any arm"
