"""How the report sets the cells of time 0 beside those imaged or drawn, by cell type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from opsonin.report import parts, words

Rows = list[dict[str, Any]]

_NUMBERS = ("imaged", "alive", "dead")
_HELD = {
    "loss": "spontaneous loss, until lack of oxygen or killing takes more than division gives",
    "arrivals": "arrivals and departures",
    "": "nothing",
}


def summed(starts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows of one or several fields by type; counts are sums. A result of an older writer has none."""
    found: dict[str, dict[str, Any]] = {}
    for start in starts:
        for row in start.get("census", ()):
            sums = found.setdefault(row["type"], dict.fromkeys(_NUMBERS, 0) | {"held": row["held"]})
            for name in _NUMBERS:
                sums[name] += row[name]
    return found


def table(replicates: Sequence[Sequence[Mapping[str, Any]]], titles: Mapping[str, Any]) -> Rows:
    """A row per type: means over replicates with their intervals.

    Args:
        replicates: for each the starts of its fields.
    """
    each = [summed(starts) for starts in replicates if starts]
    kinds = {kind: row["held"] for sums in each for kind, row in sums.items()}
    return [
        {
            "title": titles.get(kind, {}).get("title", kind),
            "values": _values([sums.get(kind, dict.fromkeys(_NUMBERS, 0)) for sums in each]),
            "held": _HELD[held],
        }
        for kind, held in kinds.items()
    ]


def _values(rows: Sequence[Mapping[str, int]]) -> list[tuple[str, str]]:
    counts = {name: np.array([row[name] for row in rows], dtype=float) for name in _NUMBERS}
    imaged, alive = counts["imaged"].sum(), counts["alive"].sum()
    percent = round(100.0 * (alive / imaged - 1.0)) if imaged else 0
    change = f"{percent:{'+' if percent else ''}d} %".replace("-", words.MINUS) if imaged else words.MISSING
    imaged_, alive_, dead = (parts.told_mean(counts[name], signed=False) for name in _NUMBERS)
    return [imaged_, alive_, (change, ""), dead]
