"""The curves of a result: which observables are shown, under which heading, and their panels.

Drawing is in `curves`; what is computed from stored cells is in `contact`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.observe.killers import HOLDING, REACTIVE
from opsonin.observe.observables import CLONE, PATIENT
from opsonin.report import contact, curves, downloads, parts, words
from opsonin.report.curves import Curve
from opsonin.report.stored import StoredResult

_TUMOUR = {"burden", "cancer_count", "cancer_density", "divisions", "apoptoses", "necroses"}
_CONTACT = {"engaged", contact.NAME, "hits", "kills"}
_TISSUE = {"area", "weight", "corpses", "vessels"}
_TRAFFIC = {"arrivals", "departures", "cd8_per_cancer_cell"}
HEADINGS = (
    "The tumour",
    "Infiltration",
    "Contact and killing",
    "State of the cells",
    "Tissue and fields",
    "The patient around it",
)


def lines(result: StoredResult, arms: Sequence[str]) -> list[Curve]:
    """Every observable with a finite value, by heading and then in the result's order.

    None of cell types that are never there.
    """
    data = result.observables
    if "time" not in data.coords or not data.sizes.get("time"):
        return []
    times = np.asarray(data["time"].values, dtype=float) * MINUTES_PER_DAY
    declared, absent = result.provenance.get("observables", {}), _of(never_there(result))
    found = []
    for name in data.data_vars:
        variable = data[name]
        if set(variable.dims) != {"arm", "time"} or name in absent:
            continue
        if str(name).endswith(CLONE) and not np.nan_to_num(variable.values).any():
            continue  # a defect that no cell ever has
        said = declared.get(name, {})
        title = said.get("title") or variable.attrs.get("long_name") or str(name).replace("_", " ")
        unit = variable.attrs.get("units") or said.get("unit") or ""
        begun = {str(arm): variable.sel(arm=arm).values for arm in data["arm"].values}
        rows = {arm: np.asarray(begun.get(arm, np.full(len(times), np.nan)), dtype=float) for arm in arms}
        apart = parts.bands(result, str(name), arms)
        found.append(
            Curve(
                str(name),
                words.heading(title),
                str(unit),
                times,
                rows,
                apart.spread,
                apart.each,
                apart.interval,
            )
        )
    found += contact.ratio(found)
    found += contact.touching(result, arms)
    return sorted((curve for curve in found if not curve.empty), key=lambda curve: _rank(curve.name))


def panels(
    shown: Sequence[Curve],
    doses: Mapping[str, Sequence[float]],
    horizon: float,
    clock: words.Clock,
    declared: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The panels under their headings, in the order of `shown`.

    Args:
        declared: the observables of the provenance, which say what of several fields is a sum.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for curve in shown:
        ends = [f"{arm} {words.number(at_end(curve, arm)[1])}" for arm in curve.values]
        sign = words.unit(curve.unit)
        note = _note(curve, (declared or {}).get(curve.name, {}).get("pooled", ""))
        alt = f"{curve.title}{f' [{sign}]' if sign else ''} over time. Last values: {'; '.join(ends)}. {note}"
        groups.setdefault(HEADINGS[_rank(curve.name)], []).append(
            {
                "title": curve.title,
                "unit": sign,
                "alt": alt.strip(),
                "note": note,
                "svg": curves.draw(curve, doses, horizon, clock),
                "file": downloads.safe(curve.name),
                "csv": downloads.of_curve(curve),
            }
        )
    return [{"title": heading, "panels": found} for heading, found in groups.items()]


def _note(curve: Curve, pooled: str) -> str:
    """What line, whiskers and band of a panel are; '' where there is only a line."""
    of = max((len(rows) for rows in curve.each.values()), default=0)
    if curve.interval and of == 1:
        return "Line: one replicate, which has no interval."
    if curve.interval:
        told = f"Line: mean of {of} replicates. Whiskers: 90 % interval of the mean. Band: least to largest replicate."
        return told + (" Arrowhead: the interval goes on beyond the axis." if curves.cut(curve) else "")
    if not curve.spread:
        return ""
    if pooled == "sum":
        return (
            f"Line: sum over {of} fields. Band: what it would be if all were like the least or the largest."
        )
    return f"Line: all {of} fields together. Band: least to largest field."


def at_end(curve: Curve, arm: str) -> tuple[float, float]:
    """Time [min] and value of the last finite value of an arm; NaN where there is none."""
    index = last(curve, arm)
    if index is None:
        return float("nan"), float("nan")
    return float(curve.times[index]), float(curve.values[arm][index])


def last(curve: Curve, arm: str) -> int | None:
    """Where the last finite value of an arm is."""
    finite = np.flatnonzero(np.isfinite(curve.values.get(arm, np.empty(0))))
    return int(finite[-1]) if len(finite) else None


def _rank(name: str) -> int:
    """Index of the heading that an observable belongs under."""
    if name.startswith(PATIENT):
        return 5
    if name in _TUMOUR:
        return 0
    if name in _TISSUE or name.endswith("_mean") or name.startswith("mean_"):
        return 4
    if name in _TRAFFIC or name.endswith(("_count", "_density")):
        return 1
    return 2 if name in _CONTACT or name.endswith((f"_{REACTIVE}", f"_{HOLDING}")) else 3


def never_there(result: StoredResult) -> list[str]:
    """Cell types of which no arm has a cell at any time."""
    data = result.observables
    return [
        kind
        for kind in result.provenance.get("cell_types", {})
        if f"{kind}_count" in data and not np.nan_to_num(data[f"{kind}_count"].values).any()
    ]


def _of(kinds: Sequence[str]) -> set[str]:
    """The observables of these cell types."""
    return {f"{kind}_{of}" for kind in kinds for of in ("count", "density", REACTIVE, HOLDING)}
