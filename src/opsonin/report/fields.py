"""How the report tells of several fields of one patient: which they are, and what was placed in each.

Their weights are the store's; how far they are apart is in `parts`; maps are in the report of each field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsonin.report import parts, steady, words
from opsonin.report.stored import StoredResult
from opsonin.store.patient import Patient

_PLACED = (
    "vessels_seen",
    "vessels_placed",
    "thickness_um",
    "radius_of_tumour_cells",
    "radius_of_others",
    "reactive_cells",
)


def listed(result: StoredResult, inside: str = "") -> list[dict[str, Any]]:
    """Name, size and report of every field; nothing for a result of one tissue.

    Args:
        inside: the folder that holds the result, from the page that is written; ends in '/'.
    """
    if not isinstance(result, Patient):
        return []
    whole = sum(field["area_mm2"] for field in result.provenance["fields"])
    return [
        {
            "name": field["name"],
            "link": f"{inside}{field['folder']}/report.html",
            "area": words.number(field["area_mm2"]),
            "share": f"{100 * field['area_mm2'] / whole:.0f} %",
            "cells": field["cells"],
            "tumour": field["tumour_cells"],
            "placed": [words.number(field[key]) for key in _PLACED if key in field],
        }
        for field in result.provenance["fields"]
    ]


def placed(result: StoredResult) -> list[str]:
    """What was placed, in sentences; of several fields those that all share, and each doubt with its field."""
    if not isinstance(result, Patient):
        return list(result.provenance.get("placed", ()))
    each = {name: list(field.provenance.get("placed", ())) for name, field in result.by_field.items()}
    shared = [text for text in next(iter(each.values())) if all(text in told for told in each.values())]
    doubts = [
        f"{name}: {text}"
        for name, told in each.items()
        for text in told
        if text.startswith("Doubtful") and text not in shared
    ]
    return [
        *shared,
        *doubts,
        "Whatever else was placed differs between fields: below, and in their own reports.",
    ]


def untreated(result: StoredResult) -> dict[str, Any] | None:
    """What was found before time 0, see `steady`."""
    replicates = parts.replicates(result)
    if replicates:
        starts = {
            name: {of: one.start for of, one in _tissues(each).items()} for name, each in replicates.items()
        }
        return steady.of_replicates(starts, result.provenance)
    if not isinstance(result, Patient):
        return steady.untreated(result.start, result.provenance, begun=bool(result.arms))
    fields = result.by_field
    return steady.of_fields(
        {name: field.start for name, field in fields.items()},
        result.provenance,
        {name: bool(field.arms) for name, field in fields.items()},
    )


def _tissues(result: StoredResult) -> dict[str, StoredResult]:
    return dict(result.by_field) if isinstance(result, Patient) else {"": result}


def told(region: Mapping[str, Any]) -> str:
    """The fields that a scenario names, in words; '' where it names none."""
    asked = region.get("fields") or ()
    return "; ".join(", ".join(f"{column} {value}" for column, value in field.items()) for field in asked)
