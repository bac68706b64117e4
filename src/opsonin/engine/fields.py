"""A patient of several fields: each is a run of its own; all are begun together and carried out one after the other.

How they are weighted is in `store/patient.py`, except which observable is a sum and which a mean: that is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core.errors import Fault, Interrupted, OpsoninError
from opsonin.core.provenance import digest
from opsonin.engine.compile import Plan
from opsonin.engine.placed import burn_in_of, numbers_of
from opsonin.engine.progress import Listener
from opsonin.engine.provenance import cells_at_start, plain, verify_unchanged
from opsonin.engine.signals import StopRequest
from opsonin.observe.observables import TUMOUR_CELL
from opsonin.store.patient import STATISTICS, Patient, field_folder, finish, going_on

# What every field's provenance says alike.
_SHARED = (
    "format",
    "versions",
    "sources",
    "seed",
    "knowledge_digest",
    "processes",
    "cell_types",
    "molecules",
    "substrates",
    "field_units",
    "arms",
    "numbers",
    "assumed",
)
_SUMMED = {"cells", "events", "mm2"}
_OF_A_WINDOW = "weight"
Hears = tuple[Listener, StopRequest]


def patient_provenance(
    plans: Sequence[Plan], fields: Sequence[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """What a patient says of its making.

    Args:
        plans, fields: the plan and the provenance of each field; more: further entries.
    """
    first = fields[0]
    scenario = {**first["scenario"], "tissue": {**first["scenario"]["tissue"]}}
    scenario["tissue"]["fields"] = [plan.scenario.tissue.field for plan in plans]
    content: dict[str, Any] = {name: first[name] for name in _SHARED}
    content["scenario"] = scenario
    content["observables"] = {
        name: {**about, "pooled": pooled}
        for name, about in first["observables"].items()
        if (pooled := _pooled(name, about["unit"]))
    }
    content["labels"] = _labels(plans)
    content["burn_in"] = burn_in_of(plans[0])
    content["fields"] = [
        _field(index, plan, str(field["run_hash"]))
        for index, (plan, field) in enumerate(zip(plans, fields, strict=True))
    ]
    content |= more
    return content | {"run_hash": digest(content)}


def _pooled(name: str, unit: str) -> str:
    """How an observable of the fields becomes one of the patient; '' where it has no meaning for a patient."""
    if name == _OF_A_WINDOW:
        return ""
    if name == "burden":
        return "tumour_cells"
    return "sum" if unit in _SUMMED else "area"


def _field(index: int, plan: Plan, run_hash: str) -> dict[str, Any]:
    tumour = plan.species.cells.index(TUMOUR_CELL)
    return {
        "name": plan.scenario.tissue.field_name,
        "folder": field_folder(index),
        "run_hash": run_hash,
        "area_mm2": plan.box[0] * plan.box[1] * 1e-6,
        "cells": len(plan.imaged.id),
        "tumour_cells": int(np.count_nonzero(plan.imaged.kind == tumour)),
        **numbers_of(plan),
    }


def _labels(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """The labels of all fields, with their numbers of cells added up."""
    found: dict[str, dict[str, Any]] = {}
    for plan in plans:
        for row in plan.labels:
            held = found.setdefault(row["label"], {**row, "cells": 0})
            held["cells"] += row["cells"]
    return [found[label] for label in sorted(found)]


def carry_out(out: Path, hears: Hears, go_on: Callable[[Path, Hears], Any]) -> Patient:
    """Take every field from what is stored of it to its end, and finish the patient.

    Args:
        go_on: continues the result in a folder.
    """
    listener, stop = hears
    with going_on(out) as patient:
        verify_unchanged(patient.provenance, str(out))
        for name, field in patient.by_field.items():
            with _named(name, out):
                go_on(field.path, (_Named(listener, name), stop))
            if stop.requested and name != list(patient.by_field)[-1]:
                raise _interrupted(name, out)
        finish(out, _summary(Patient(out, patient.provenance)))
    return Patient(out, patient.provenance)


def _summary(patient: Patient) -> dict[str, Any]:
    """The end of every arm over all fields, and how far the fields are apart."""
    header = patient.provenance["scenario"]["scenario"]
    end, spread = patient.observables.isel(time=-1), patient.spread.isel(time=-1)
    names = list(end.data_vars)
    days = float(patient.observables["time"].values[-1])
    return {
        "name": header["name"],
        "days": days,
        "seed": patient.provenance["seed"],
        "cells_read": sum(field["cells"] for field in patient.provenance["fields"]),
        "cells_at_start": sum(cells_at_start(field) for field in patient.by_field.values()),
        "labels": patient.provenance["labels"],
        "fields": [field["name"] for field in patient.provenance["fields"]],
        "arms": {arm: {str(n): plain(end[n].sel(arm=arm).item()) for n in names} for arm in patient.arms},
        "spread": {
            arm: {
                str(n): {of: plain(spread[n].sel(arm=arm, statistic=of).item()) for of in STATISTICS}
                for n in names
            }
            for arm in patient.arms
        },
    }


@contextmanager
def _named(name: str, out: Path) -> Iterator[None]:
    """What goes wrong in a field says in which."""
    try:
        yield
    except Interrupted as error:
        raise _interrupted(name, out, error.faults[0].where) from error
    except OpsoninError as error:
        faults = (replace(fault, where=f"field '{name}': {fault.where}") for fault in error.faults)
        raise type(error)(*faults) from error


def _interrupted(name: str, out: Path, where: str = "") -> Interrupted:
    place = f"field '{name}'" + (f", {where}" if where else "")
    problem = "the run was stopped; everything up to here is stored."
    return Interrupted(Fault(place, problem, f"Go on with: opsonin resume {out}"))


class _Named:
    """Tells a listener which field an arm belongs to."""

    def __init__(self, listener: Listener, field: str) -> None:
        self._listener, self._field = listener, field

    def compiling(self, *, done: bool) -> None:
        self._listener.compiling(done=done)

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        self._listener.started(self._in_field(arm), time_min, duration_min)

    def step(self, arm: str, time_min: float, cells: int) -> None:
        self._listener.step(self._in_field(arm), time_min, cells)

    def finished(self, arm: str) -> None:
        self._listener.finished(self._in_field(arm))

    def note(self, text: str) -> None:
        self._listener.note(f"{self._field}: {text}")

    def _in_field(self, arm: str) -> str:
        return f"{self._field}: {arm}"
