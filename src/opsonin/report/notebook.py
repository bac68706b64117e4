"""How a scenario, a result, the knowledge base and its entries show themselves in a notebook: HTML without scripts.

Everything is escaped, and colours follow the page, so that it is readable in light and dark. The report is `html.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import PurePosixPath
from typing import Any

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.core.units import split
from opsonin.knowledge.checker import numbers
from opsonin.knowledge.library import KINDS, Library, children
from opsonin.model.scenario import Dose, Scenario
from opsonin.model.sourced import Entry, Sourced
from opsonin.report import observed, palette, words
from opsonin.store.ensemble import Ensemble
from opsonin.store.gathered import plural
from opsonin.store.result import Result

Row = Sequence[str]  # cells that are HTML already

_BOX = "border:1px solid rgba(128,128,128,.45);border-radius:6px;padding:.6em .9em;max-width:60em;overflow-x:auto"
_CELL = "text-align:left;vertical-align:top;padding:.12em .9em .12em 0;border:0;background:none;color:inherit"
_FAINT = "opacity:.75;font-size:.92em"
_DOT = "display:inline-block;width:.75em;height:.75em;border-radius:50%;margin-right:.3em"
_UNFOLDED = 12  # rows; longer tables are folded away
_SHOWN = ("burden", "cancer_count", "cd8_count", "kills")
_ADDRESSES = {"doi": "https://doi.org/", "pmid": "https://pubmed.ncbi.nlm.nih.gov/"}


def as_html(thing: Result | Scenario | Library | Entry) -> str:
    """A compact view of a result, a scenario, the knowledge base or one of its entries, as an HTML element.

    What notebooks call as `_repr_html_`.
    """
    match thing:
        case Result():
            return _result(thing)
        case Library():
            return _library(thing)
        case Scenario():
            return _scenario(thing)
        case _:
            return _entry(thing)


def _scenario(scenario: Scenario) -> str:
    about = scenario.scenario
    rows = [
        ("Duration", escape(words.duration(about.duration))),
        ("Tissue", escape(_tissue(scenario.model_dump(mode="json", exclude_none=True)["tissue"]))),
        ("Before time 0", escape(_burn_in(scenario.burn_in))),
        ("Seed", str(about.seed)),
        *([("Replicates", str(about.replicates))] if about.replicates > 1 else []),
    ]
    clock = words.Clock.over(about.duration)
    arms = [
        (
            escape(arm.name),
            "<br>".join(_dose(dose, about.duration, clock) for dose in arm.dose) or "untreated",
        )
        for arm in scenario.arm
    ]
    changed = [
        (f"<code>{escape(path)}</code>", escape(str(value))) for path, value in scenario.knowledge.items()
    ]
    parts = [_table(rows), _table(arms, ("Arm", "Treatment"))]
    if changed:
        parts.append(_table(changed, ("In place of the knowledge base", "")))
    return _card(about.name, "Scenario", *parts)


def _tissue(region: Mapping[str, Any]) -> str:
    """The tissue of a resolved scenario in a line."""
    tumour, generate = region.get("tumour", "?"), region.get("generate")
    if generate is not None:
        drawn = generate.get("geometry") or ("block" if len(generate.get("size", ())) == 3 else "section")
        return f"{tumour}: a generated {drawn}"
    chosen = ", ".join(f"{column} {value}" for column, value in (region.get("select") or {}).items())
    fields = region.get("fields")
    of = f", {fields if isinstance(fields, str) else len(fields)} fields" if fields else ""
    return (
        f"{tumour}: {PurePosixPath(str(region.get('biopsy', '?'))).name}"
        + (f" ({chosen})" if chosen else "")
        + of
    )


def _burn_in(minutes: float) -> str:
    return f"lives on untreated for {words.duration(minutes)}" if minutes else "nothing: cells in medium"


def _dose(dose: Dose, horizon: float, clock: words.Clock) -> str:
    return escape(words.dose(dose.model_dump(mode="json", exclude_none=True), horizon, clock))


def _result(result: Result) -> str:
    about = result.provenance
    asked = about["scenario"]
    parts = getattr(result, "parts", None) or getattr(result, "by_field", {})
    kind = type(result).__name__
    rows = [("State", "complete" if result.complete else "unfinished: <code>opsonin.resume</code> goes on")]
    if parts:
        rows.append(
            (plural(str(getattr(result, "kind", "part"))).capitalize(), escape(", ".join(map(str, parts))))
        )
    rows += [("Tissue", escape(_tissue(asked["tissue"]))), ("Seed", str(about["seed"]))]
    if "cell_types" in about and not parts:
        never = observed.never_there(result)
        seen = {name: look for name, look in about["cell_types"].items() if name not in never}
        rows.append(("Cell types", _legend(seen)))
    if "assumed" in about and "numbers" in about:
        rows.append(
            ("Numbers", f"{about['numbers']} of the knowledge base, {len(about['assumed'])} of them assumed")
        )
    horizon = words.base(asked["scenario"]["duration"], "min")
    return _card(asked["scenario"]["name"], kind, _table(rows), _ends(result, horizon))


def _ends(result: Result, horizon: float) -> str:
    """What every arm came to."""
    if not result.arms:
        return "<p>No output time is stored yet.</p>"
    curves = result.observables
    clock = words.Clock.over(horizon)
    shown = [name for name in _SHOWN if name in curves]
    heads = [escape(str(curves[name].attrs.get("long_name", name))) for name in shown]
    rows = []
    for arm in result.arms:
        observed = curves.sel(arm=arm).dropna("time", how="all")
        if not observed.sizes["time"]:  # of several tissues, one has not come to this arm yet
            continue
        at = observed.isel(time=-1)
        told = [
            escape(words.with_unit(float(at[name]), str(curves[name].attrs.get("units", ""))))
            + _within(result, name, arm, float(at["time"]))
            for name in shown
        ]
        rows.append((escape(arm), escape(clock.read(float(at["time"]) * MINUTES_PER_DAY)), *told))
    means = f'<p style="{_FAINT}">Means of the replicates, in brackets the 90 % interval of the mean.</p>'
    return _table(rows, ("Arm", "Reached", *heads)) + (means if isinstance(result, Ensemble) else "")


def _within(result: Result, name: str, arm: str, day: float) -> str:
    """' [low to high]' of the mean over replicates; '' for any other result, or where there is none."""
    if not isinstance(result, Ensemble) or name not in result.spread:
        return ""
    edges = result.spread[name].sel(arm=arm, time=day, statistic=["low", "high"]).values.tolist()
    return "" if math.isnan(edges[0]) else f" [{words.number(edges[0])} to {words.number(edges[1])}]"


def _legend(types: Mapping[str, Mapping[str, Any]]) -> str:
    colours = palette.cell_colours(list(types), types)
    each = (
        f'<span style="white-space:nowrap">{_swatch(colours[name])}{escape(name)}</span>' for name in types
    )
    return ", ".join(each)


def _swatch(colour: str) -> str:
    return f'<span style="{_DOT};background:{escape(colour)}"></span>'


def _library(library: Library) -> str:
    every = numbers(library)
    rows = []
    for kind, (folder, _) in KINDS.items():
        names = sorted(getattr(library, folder))
        mine = [row for row in every if row.path.startswith(f"{kind}.")]
        assumed = sum(bool(row.assumed) for row in mine)
        rows.append((folder, escape(", ".join(names)), str(len(mine)), str(assumed)))
    return _card("Knowledge base", "Library", _table(rows, ("Kind", "Entries", "Numbers", "Assumed")))


def _entry(entry: Entry) -> str:
    if isinstance(entry, Sourced):
        return _card(entry.text, "Number", _table([("", *_number(entry))], ("", "Value", "Range", "Origin")))
    title = getattr(entry, "title", None) or getattr(entry, "name", None) or type(entry).__name__
    told = [
        (key, value)
        for key, value in entry
        if key not in ("title", "colour") and isinstance(value, str | int | float)
    ]
    rows = [(escape(key), escape(str(value))) for key, value in told]
    colour = getattr(entry, "colour", None)
    if colour is not None:
        rows.append(("colour", f"{_swatch(colour)}{escape(colour)}"))
    found = [(f"<code>{escape(path)}</code>", *_number(number)) for path, number in numbers_of(entry)]
    parts = [_table(rows)] if rows else []
    if found:
        assumed = sum(bool(number.assumed) for _, number in numbers_of(entry))
        summary = f"{len(found)} numbers, {assumed} of them assumed"
        state = " open" if len(found) <= _UNFOLDED else ""
        table = _table(found, ("Number", "Value", "Range", "Origin"))
        parts.append(f"<details{state}><summary>{summary}</summary>{table}</details>")
    return _card(str(title), type(entry).__name__, *parts)


def numbers_of(node: Any, path: str = "") -> Iterator[tuple[str, Sourced]]:
    """Every number of an entry with its dotted path below it."""
    if isinstance(node, Sourced):
        yield path, node
        return
    for key, child in (children(node) or {}).items():
        yield from numbers_of(child, f"{path}.{key}" if path else key)


def _number(number: Sourced) -> Row:
    """Value, range and origin of a number."""
    origin = f"assumed: {escape(number.assumed)}" if number.assumed else _sources(number)
    return escape(number.text), escape(range_of(number)), f'<span style="{_FAINT}">{origin}</span>'


def range_of(number: Sourced) -> str:
    """Lowest and highest value in the unit in which the value is written; '' if no range is given."""
    if number.range is None:
        return ""
    written, unit = split(number.text)
    scale, unit = (written / number.value, unit) if number.value else (1.0, number.unit)
    low, high = (words.number(edge * scale) for edge in number.range)
    return f"{low} to {high} {unit}".rstrip()


def _sources(number: Sourced) -> str:
    told = []
    for reference in number.references:
        kind, _, identity = reference.partition(":")
        address = escape(_ADDRESSES[kind] + identity) if kind in _ADDRESSES else ""
        told.append(f'<a href="{address}">{escape(reference)}</a>' if address else escape(reference))
    return "; ".join(told)


def _card(title: str, kind: str, *parts: str) -> str:
    head = f'<strong>{escape(title)}</strong> <span style="{_FAINT}">{escape(kind)}</span>'
    return f'<div class="opsonin" style="{_BOX}"><div>{head}</div>{"".join(parts)}</div>'


def _table(rows: Iterable[Row], heads: Row = ()) -> str:
    above = "".join(f'<th style="{_CELL}">{head}</th>' for head in heads)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    top = f"<thead><tr>{above}</tr></thead>" if heads else ""
    return f'<table style="border-collapse:collapse;margin:.5em 0 0;color:inherit">{top}<tbody>{body}</tbody></table>'
