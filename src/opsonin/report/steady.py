"""How the report tells what was found before time 0: of one tissue, of each field, as means over replicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.report import census, parts, words

Start = Mapping[str, Any]

_COLUMNS = ("cells", "arrivals", "loss", "proliferation", "recruitment", "elasticity", "exhaustion")
_OF_A_FIELD = ("days", "gross_growth", "necrosis", "killing", "spontaneous", "growth", "displacement")
_SIGNED = ("growth", "elasticity")  # the others cannot be negative
_MOST_WARNINGS = 12
_MISSING = (
    "start.json is missing from the result, and with it what was found before time 0: rates, arrivals and whether the "
    "tumour was steady. The curves do not need it; `opsonin resume` does not restore it, only running again does."
)


def untreated(
    found: Mapping[str, Any] | None, told: Mapping[str, Any], *, begun: bool
) -> dict[str, Any] | None:
    """Sentences, warnings and a table of the immune types; None where time 0 was not reached or nothing was before it.

    Args:
        found: `Result.start`; told: the provenance; begun: whether time 0 is stored.
    """
    if not found:
        return _table([], [_MISSING]) if begun and lived_on(told) else None
    number = words.number
    halves = " and ".join(number(value) for value in found["killing_halves"])
    sentences = [
        *lived_on(told),
        f"Relaxation moved the cells by {number(found['displacement'])} µm (median).",
    ]
    if found["gross_growth"]:
        sentences += [
            f"Tumour cells, per day, over {number(found['days'])} days of the burn-in: "
            f"{number(found['gross_growth'])} by division, less {number(found['necrosis'])} by lack of oxygen and "
            f"{number(found['killing'])} by killing ({halves} in the two halves).",
            f"The tumour is known to grow by {number(found['published_growth'])} per day, so "
            f"{number(found['spontaneous'])} are lost spontaneously; what is left is {number(found['growth'])}.",
        ]
    titles = told.get("cell_types", {})
    rows = [
        {
            "title": titles.get(row["type"], {}).get("title", row["type"]),
            "values": [(number(row[name]), "") for name in _COLUMNS],
        }
        for row in found["sources"]
        if row["cells"]
    ]
    return _table(sentences, list(found["warnings"]), rows=rows, there=census.table([[found]], titles))


def of_fields(
    found: Mapping[str, Mapping[str, Any] | None], told: Mapping[str, Any], begun: Mapping[str, bool]
) -> dict[str, Any] | None:
    """The same of the fields of one patient: a row of each, and every warning with the field that it is of.

    Args:
        found: `Result.start` of each field; told: the provenance of the patient; begun: whether time 0 is stored.
    """
    warnings, rows = [], []
    for name, start in found.items():
        if start is not None:
            warnings += [f"{name}: {text}" for text in start["warnings"]]
            rows.append({"title": name, "values": [(words.number(start[key]), "") for key in _OF_A_FIELD]})
        elif begun[name]:
            warnings.append(f"{name}: {_MISSING}")
    starts = [start for start in found.values() if start is not None]
    there = census.table([starts], told.get("cell_types", {}))
    return _table(lived_on(told), warnings, fields=rows, there=there) if rows or warnings else None


def of_replicates(
    found: Mapping[str, Mapping[str, Start | None]], told: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Means over the replicates with their 90 % intervals, and their warnings.

    Args:
        found: by replicate and field `Result.start`, of one tissue under the name ''; None where it is not known.
        told: the provenance of the ensemble.
    """
    names = list(next(iter(found.values())))
    each = {name: [start for of in found.values() if (start := of.get(name))] for name in names}
    fields = [
        {
            "title": name or "Tumour cells",
            "values": [_mean(key, [s[key] for s in starts]) for key in _OF_A_FIELD],
        }
        for name, starts in each.items()
        if starts
    ]
    if not fields:
        return None
    titles = told.get("cell_types", {})
    rows = [
        {
            "title": titles.get(kind, {}).get("title", kind),
            "values": [_mean(key, [row[key] for row in same]) for key in _COLUMNS],
        }
        for kind, same in (_sources(each[""]) if names == [""] else ())
        if any(row["cells"] for row in same)
    ]
    there = census.table(
        [[start for start in of.values() if start] for of in found.values()], told.get("cell_types", {})
    )
    warned = sum(any(start and start["warnings"] for start in of.values()) for of in found.values())
    whose = f"; {warned} of {len(found)} replicates have warnings"
    return _table(lived_on(told), _warnings(found), rows=rows, fields=fields, there=there, whose=whose)


def _mean(key: str, values: Sequence[float]) -> tuple[str, str]:
    return parts.told_mean(np.array(values, dtype=float), signed=key in _SIGNED)


def _sources(starts: Sequence[Start]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Rows of one type and niche over all replicates that have them."""
    gathered: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for start in starts:
        seen: Counter[str] = Counter()
        for row in start["sources"]:
            gathered.setdefault((row["type"], seen[row["type"]]), []).append(row)
            seen[row["type"]] += 1
    for (kind, _), rows in gathered.items():
        yield kind, rows


def _warnings(found: Mapping[str, Mapping[str, Start | None]]) -> list[str]:
    return [
        f"replicate {replicate}{f', {name}' if name else ''}: {text}"
        for replicate, of in found.items()
        for name, start in of.items()
        if start
        for text in start["warnings"]
    ]


def lived_on(told: Mapping[str, Any]) -> list[str]:
    """How long the tissue lived on before time 0, as a sentence; none where it did not."""
    before = told.get("burn_in") or {}
    if not before.get("days"):
        return []
    lived, asked, usual = (
        words.duration(before[key] * MINUTES_PER_DAY) for key in ("days", "asked_days", "default_days")
    )
    text = f"The tissue lived on for {lived} before time 0"
    if asked != usual:
        text += f"; the scenario changed that from the default of {usual}"
    if lived != asked:
        text += f", to {asked}, which is made a whole number of steps, four at least"
    return [f"{text}."]


def _table(
    sentences: list[str],
    warnings: list[str],
    rows: census.Rows | None = None,
    fields: census.Rows | None = None,
    there: census.Rows | None = None,
    whose: str = "",
) -> dict[str, Any]:
    """What the page shows; `warned` is how many warnings there are, the first are told, with `whose` they are."""
    return {
        "sentences": sentences,
        "warned": len(warnings),
        "warnings": _shortened(warnings, whose),
        "rows": rows or [],
        "fields": fields or [],
        "there": there or [],
    }


def _shortened(warnings: list[str], whose: str) -> list[str]:
    more = len(warnings) - _MOST_WARNINGS
    return warnings if more <= 0 else [*warnings[:_MOST_WARNINGS], f"{more:,} more{whose}."]
