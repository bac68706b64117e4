"""A patient of several fields: what it says of its making and of its end.

How fields are weighted is in `store/patient.py`, except which observable is a sum and which a mean: that is said here.
How they are begun and carried out is in `gathered.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opsonin.core.provenance import digest
from opsonin.engine.compile import Plan
from opsonin.engine.placed import burn_in_of, numbers_of
from opsonin.engine.provenance import cells_at_start, origins_of, plain
from opsonin.observe.observables import TUMOUR_CELL
from opsonin.store.gathered import Gathered, part_folder
from opsonin.store.patient import FIELD, Patient

# What the provenance of every field, or replicate, says alike.
SHARED = (
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
    "barriers",
    "arms",
    "numbers",
    "assumed",
    "cited",
)
_SUMMED = {"cells", "events", "mm2"}
_OF_A_WINDOW = "weight"


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
    content: dict[str, Any] = {name: first[name] for name in SHARED}
    content["scenario"] = scenario
    content["observables"] = {
        name: {**about, "pooled": pooled}
        for name, about in first["observables"].items()
        if (pooled := _pooled(name, about["unit"]))
    }
    content |= origins_of(plans)  # a field may lack a type of cell that another has
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
        "folder": part_folder(FIELD, index),
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


def patient_summary(patient: Patient) -> dict[str, Any]:
    """The end of every arm over all fields, and how far the fields are apart."""
    return {
        **shared_summary(patient),
        "cells_read": sum(field["cells"] for field in patient.provenance["fields"]),
        "cells_at_start": sum(cells_at_start(field) for field in patient.by_field.values()),
        "fields": [field["name"] for field in patient.provenance["fields"]],
    }


def shared_summary(whole: Gathered) -> dict[str, Any]:
    """The end of every arm over all parts, and how far the parts are apart there."""
    end, spread = whole.observables.isel(time=-1), whole.spread.isel(time=-1)
    names, statistics = list(end.data_vars), spread["statistic"].values
    return {
        "name": whole.provenance["scenario"]["scenario"]["name"],
        "days": float(whole.observables["time"].values[-1]),
        "seed": whole.provenance["seed"],
        "labels": whole.provenance["labels"],
        "arms": {arm: {str(n): plain(end[n].sel(arm=arm).item()) for n in names} for arm in whole.arms},
        "spread": {
            arm: {
                str(n): {str(of): plain(spread[n].sel(arm=arm, statistic=of).item()) for of in statistics}
                for n in names
            }
            for arm in whole.arms
        },
    }
