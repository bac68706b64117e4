"""From a population's table to its plausible patients: accepted, weighted, and what that cost.

How weights are made is in `patient/selection.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from opsonin.core.errors import Fault, InputError
from opsonin.model.selection import Criteria
from opsonin.patient.selection import Weighted, accepted, raked, within_target

Array = npt.NDArray[np.float64]
PREVALENCE = "prevalence"
_SCANT = 0.1  # share of the accepted; where fewer say as much, a few patients stand for nearly all


@dataclass(frozen=True)
class Selected:
    """Plausible patients.

    Attributes:
        table: of those who are accepted, with their `prevalence`, which adds up to 1.
        of: how many there were; who has none of what a target is of, or is beyond its ends, is not accepted.
        weighted: weights and diagnostics; None without targets.
        columns: (accepted,) of each target.
    """

    table: pa.Table
    of: int
    weighted: Weighted | None
    columns: Mapping[str, Array]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing before the weights are used."""
        if self.weighted is None or self.weighted.effective >= _SCANT * len(self.table):
            return ()
        most = 100.0 * float(self.weighted.weights.max())
        return (f"few patients stand for nearly all: one alone has {most:.3g} % of the weight.",)

    @property
    def in_json(self) -> dict[str, Any]:
        """Counts and diagnostics."""
        told: dict[str, Any] = {"patients": self.of, "accepted": len(self.table)}
        if self.weighted is not None:
            told["effective"] = self.weighted.effective
            told["distance"] = {
                name: {"before": before, "after": self.weighted.after[name]}
                for name, before in self.weighted.before.items()
            }
        return told


def numeric(table: pa.Table) -> tuple[str, ...]:
    """Columns of numbers, which a selection may be of."""
    return tuple(
        field.name
        for field in table.schema
        if field.name != "patient" and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
    )


def select(table: pa.Table, criteria: Criteria) -> Selected:
    """Patients within all ranges, weighted to the targets.

    Raises:
        InputError: nobody is within, a target is out of reach, or the table has weights already.
    """
    if PREVALENCE in table.column_names:
        problem = f"has a column `{PREVALENCE}` already."
        raise InputError(Fault("table", problem, "Select from the table of the population."))
    names = dict.fromkeys([*criteria.accept, *criteria.targets])
    columns = {name: _numbers(table[name]) for name in names}
    within = accepted(columns, criteria.accept)
    for name, wanted in criteria.targets.items():
        within &= within_target(columns[name], wanted)
    kept = table.filter(pa.array(within))
    if not len(kept):
        names_of = ", ".join(criteria.targets)
        problem = f"nobody who is accepted has {names_of} within the ends of the targets."
        raise InputError(Fault("target", problem, "Move the targets, or draw a wider population."))
    own = {name: columns[name][within] for name in criteria.targets}
    weighted = raked(own, criteria.targets) if criteria.targets else None
    weights = np.full(len(kept), 1.0 / len(kept)) if weighted is None else weighted.weights
    return Selected(kept.append_column(PREVALENCE, pa.array(weights)), len(table), weighted, own)


def _numbers(column: pa.ChunkedArray) -> Array:
    return np.asarray(column.to_numpy(), np.float64)
