"""How the report tells of several fields of one patient: which they are, and how far they are apart.

Their weights are the store's; maps are in the report of each field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsonin.report import curves, steady, words
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


def listed(result: StoredResult) -> list[dict[str, Any]]:
    """Name, size and report of every field; nothing for a result of one tissue."""
    if not isinstance(result, Patient):
        return []
    return [
        {
            "name": field["name"],
            "link": f"{field['folder']}/report.html",
            "area": words.number(field["area_mm2"]),
            "share": f"{field['area_mm2'] / sum(f['area_mm2'] for f in result.provenance['fields']):.0%}",
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
    if not isinstance(result, Patient):
        return steady.untreated(result.start, result.provenance, begun=bool(result.arms))
    fields = result.by_field
    return steady.of_fields(
        {name: field.start for name, field in fields.items()},
        result.provenance,
        {name: bool(field.arms) for name, field in fields.items()},
    )


def spreads(result: StoredResult, name: str, arms: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """(3, times) per arm: least, largest and weighted standard deviation over the fields; nothing for one tissue."""
    if not isinstance(result, Patient):
        return {}
    found = result.spread[name]
    return {arm: found.sel(arm=arm).values for arm in arms if arm in found["arm"].values}


def each(result: StoredResult, name: str, arms: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """(fields, times) per arm; nothing for one tissue."""
    if not isinstance(result, Patient):
        return {}
    found = result.each_field[name]
    return {arm: found.sel(arm=arm).values for arm in arms if arm in found["arm"].values}


def at_end(curve: curves.Curve, arm: str) -> str:
    """The spread of an arm at its last value, as text: '0.8 to 1.4, SD 0.2'; '' where there is none."""
    index = _last(curve, arm)
    if index is None or arm not in curve.spread:
        return ""
    least, most, deviation = (words.number(float(value)) for value in curve.spread[arm][:, index])
    return f"{least} to {most}, SD {deviation}"


def ratios_at_end(curve: curves.Curve, arm: str, first: str) -> str:
    """The ratios of two arms within each field, as text: '0.4 to 0.9 by field'; '' where there are none."""
    ends = _last(curve, arm), _last(curve, first)
    if arm == first or None in ends or not {arm, first} <= curve.each.keys():
        return ""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = curve.each[arm][:, ends[0]] / curve.each[first][:, ends[1]]
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return ""
    return f"{words.number(float(ratios.min()))} to {words.number(float(ratios.max()))} by field"


def _last(curve: curves.Curve, arm: str) -> int | None:
    finite: NDArray[np.int64] = np.flatnonzero(np.isfinite(curve.values.get(arm, np.empty(0))))
    return int(finite[-1]) if len(finite) else None


def told(region: Mapping[str, Any]) -> str:
    """The fields that a scenario names, in words; '' where it names none."""
    asked = region.get("fields") or ()
    return "; ".join(", ".join(f"{column} {value}" for column, value in field.items()) for field in asked)
