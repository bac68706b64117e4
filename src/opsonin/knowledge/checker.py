"""Where every number of the library comes from: listed, counted, and checked against a table of evidence.

The library's own shape and names are checked when it is read, in `library.py`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.core.units import split, to_unit
from opsonin.knowledge.evidence import evidence as publications
from opsonin.knowledge.library import SET_BY_SCENARIO, Library, children
from opsonin.model.sourced import Sourced

# The table's README: printed with an implausible unit or value.
NOT_AS_PRINTED = frozenset({"C012", "D003", "D004", "D005", "D006", "G020", "G023"})
_MENTION = re.compile(r"evidence:([A-Z]\d{1,4})")


@dataclass(frozen=True)
class NumberRow:
    """One number of the library, ready to print.

    Attributes:
        path: dotted, as `Library.override` takes it.
        text: the value as written.
        unit: base unit it is held in.
        range: lowest and highest value in that unit, "" if none is given.
        range_told: the same with the unit that the value is written in.
        source: references, "" if assumed.
        assumed: why, "" if there is a source.
        note: which of several sources was taken, how it was derived.
    """

    path: str
    text: str
    unit: str
    range: str
    range_told: str
    source: str
    assumed: str
    note: str


def numbers(library: Library) -> list[NumberRow]:
    """Every number, in the order of kinds, names and keys."""
    rows = []
    for path, number in sourced(library):
        edges = "" if number.range is None else f"{number.range[0]:g} to {number.range[1]:g}"
        rows.append(
            NumberRow(
                path,
                number.text,
                number.unit,
                edges,
                range_told(number),
                number.source or "",
                number.assumed or "",
                number.note,
            )
        )
    return rows


def range_told(number: Sourced) -> str:
    """The range of a number in the unit that its value is written in; "" if it has none."""
    if number.range is None:
        return ""
    _, unit = split(number.text)
    size = to_unit(f"1 {unit}", number.unit) if unit else 1.0
    return f"{number.range[0] / size:.6g} to {number.range[1] / size:.6g} {unit}".rstrip()


def count_assumed(library: Library) -> int:
    """How many numbers have no source."""
    return sum(number.assumed is not None for _, number in sourced(library))


def check(library: Library, evidence: Path | None = None) -> list[Fault]:
    """Everything wrong with the origins of the numbers.

    An assumed number needs a range, and every id that is mentioned must exist: in the publications that come with
    the library, or in a table of evidence (CSV with columns id, use, seen_in). With such a table a source must also
    be a row marked `parameter`, not one that only scores the model (`validation`), not one known to be misprinted,
    and not recalled from memory alone.

    Raises:
        InputError: the table cannot be read, or a column is missing.
    """
    faults = [
        Fault(path, "is assumed and has no range", "Give the lowest and highest plausible value.")
        for path, number in sourced(library)
        if number.assumed not in (None, SET_BY_SCENARIO) and number.range is None
    ]
    rows = None if evidence is None else _evidence(evidence)
    known = publications() if rows is None else rows
    for path, number in sourced(library):
        faults += _unknown(path, number, known)
        faults += _faults_of(path, number, rows) if rows is not None else ()
    return faults


def _unknown(path: str, number: Sourced, known: Mapping[str, object]) -> Iterator[Fault]:
    texts = (number.source, number.assumed, number.note)
    for identity in dict.fromkeys(_MENTION.findall(" ".join(text for text in texts if text))):
        if identity not in known:
            yield Fault(path, f"evidence:{identity} does not exist.", did_you_mean(identity, known))


def _faults_of(path: str, number: Sourced, rows: Mapping[str, Mapping[str, str]]) -> Iterator[Fault]:
    cited = [i for i in _MENTION.findall(number.source or "") if i in rows]
    for identity in cited:
        if identity in NOT_AS_PRINTED:
            yield Fault(path, f"evidence:{identity} must not be used as printed", "Find another source.")
        elif rows[identity]["use"] != "parameter":
            use = rows[identity]["use"]
            yield Fault(
                path,
                f"evidence:{identity} is marked '{use}': it may score the model, not set a number",
                "Find another source or say 'assumed'.",
            )
    if cited and len(cited) == len(number.references) and all(rows[i]["seen_in"] == "memory" for i in cited):
        yield Fault(
            path,
            f"rests on recalled citations alone (evidence:{', evidence:'.join(cited)})",
            "Add a source that was read, or say 'assumed'.",
        )


def _evidence(file: Path) -> dict[str, dict[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            missing = {"id", "use", "seen_in"} - set(reader.fieldnames or ())
            if missing:
                raise InputError(Fault(str(file), f"lacks the column {', '.join(sorted(missing))}"))
            return {row["id"]: row for row in reader}
    except OSError as error:
        raise InputError(
            Fault(str(file), f"cannot be read: {error.strerror}.", "Name a CSV file.")
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(Fault(str(file), f"is no CSV in UTF-8: {error}.")) from error


def sourced(library: Library) -> Iterator[tuple[str, Sourced]]:
    """Every number with its path, dotted as `Library.override` takes it."""
    for kind, name, entry in library.entries():
        yield from _below(f"{kind}.{name}", entry)


def _below(path: str, node: Any) -> Iterator[tuple[str, Sourced]]:
    if isinstance(node, Sourced):
        yield path, node
        return
    for key, child in (children(node) or {}).items():
        yield from _below(f"{path}.{key}", child)
