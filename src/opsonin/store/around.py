"""The patient around a tissue as a run stored it: what `opsonin patient simulate` tells, at each interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsonin.core.errors import Fault, InputError
from opsonin.core.schedule import MINUTES_PER_DAY, TICKS_PER_MINUTE
from opsonin.store.gathered import Gathered
from opsonin.store.layout import segment_folder
from opsonin.store.lineage import one_arm
from opsonin.store.result import Result
from opsonin.store.segments import PATIENT

if TYPE_CHECKING:
    import pandas


def table(result: Result, arm: str | None = None) -> pandas.DataFrame:
    """The patient of an arm; see `Result.patient`."""
    import pandas

    name = one_arm(result, arm)
    if isinstance(result, Gathered):
        parts = {part: table(of, name) for part, of in result.parts.items()}
        for part, rows in parts.items():
            rows.insert(0, result.kind, part)
        return pandas.concat(parts.values(), ignore_index=True)
    if not (segment_folder(result.path, name, 0) / PATIENT).is_file():
        problem, fix = "has no patient around its tissue.", "Add [patient] to the scenario, and run it."
        raise InputError(Fault(str(result.path), problem, fix))
    columns = result.joined(name, PATIENT)
    days = columns.pop("tick") / (TICKS_PER_MINUTE * MINUTES_PER_DAY)
    return pandas.DataFrame({"time": days, **columns})
