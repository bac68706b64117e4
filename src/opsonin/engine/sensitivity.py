"""Sensitivity of a population's metrics: patients at Sobol's points or as drawn are followed, and indices made of them.

The indices themselves are in `patient/sensitivity.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from opsonin.core.errors import Fault, InputError, RunError
from opsonin.engine.sweep import Swept, sweep
from opsonin.io.population import AskedPopulation
from opsonin.knowledge.library import Library
from opsonin.patient.drawn import valued
from opsonin.patient.sensitivity import Index, SobolDesign, partial_rank_correlations, standard

Array = npt.NDArray[np.float64]
SOBOL, PRCC = "sobol", "prcc"
METHODS = (SOBOL, PRCC)
_ROUNDING = 1e-9  # of its size, by which a metric that hangs on nothing may still differ


@dataclass(frozen=True)
class Sensitivity:
    """What decides each metric.

    Attributes:
        indices: by metric.
        notes: metrics that have none, and why.
        swept: who was followed.
        origin: what rebuilds it.
    """

    indices: Mapping[str, tuple[Index, ...]]
    notes: tuple[str, ...]
    swept: Swept
    origin: Mapping[str, Any]

    @property
    def table(self) -> pa.Table:
        """A row per metric, index and number: `metric`, `index`, `of`, `value`, `low`, `high`."""
        rows = [(metric, one) for metric, found in self.indices.items() for one in found]
        return pa.table(
            {
                "metric": pa.array([metric for metric, _ in rows], pa.string()),
                "index": pa.array([one.kind for _, one in rows], pa.string()),
                "of": pa.array([one.name for _, one in rows], pa.string()),
                **{
                    key: pa.array([getattr(one, key) for _, one in rows], pa.float64())
                    for key in ("value", "low", "high")
                },
            }
        )


def varying(asked: AskedPopulation) -> tuple[str, ...]:
    """Names of what varies at all; InputError where nothing does."""
    found = tuple(one.name for one in asked.sample.varied if one.marginal.kind != "fixed")
    if not found:
        fix = 'Add [parameter.X] with distribution = "lognormal" and cv = 0.3.'
        raise InputError(Fault("population", "nothing varies in it, so that nothing can decide.", fix))
    return found


def sensitivity(
    asked: AskedPopulation,
    library: Library,
    runs: Path,
    method: str,
    base: int,
    **how: Any,
) -> Sensitivity:
    """Follow patients and make indices of what is measured.

    Args:
        runs: table of those who were followed.
        method: "sobol", or "prcc", for which the patients are those of the file.
        base: for Sobol's indices, a power of 2.
        how: as `sweep` takes it.
    Raises:
        InputError: what is asked has no such indices. RunError: somebody could not be followed, for Sobol's indices.
    """
    names = varying(asked)
    indices: Callable[[Array, Array], list[Index]]
    if method == SOBOL:
        _require_independent(asked)
        design = SobolDesign(names, base, asked.population.seed)
        normals = np.zeros((len(design.shares), len(asked.sample.varied)))
        places = [asked.sample.names.index(name) for name in names]
        normals[:, places] = standard(design.shares)
        how["values"] = valued(asked.sample, normals)
        indices = lambda _, values: design.indices(values)  # noqa: E731 - one of two ways
    else:
        if asked.population.patients < len(names) + 4:
            problem = f"{asked.population.patients} patients are too few for {len(names)} numbers."
            raise InputError(
                Fault("population", problem, f"Ask for at least {len(names) + 4}, better hundreds.")
            )
        indices = lambda numbers, values: partial_rank_correlations(names, numbers, values)  # noqa: E731
    asked_so = {"method": method, **({"base": base} if method == SOBOL else {})}
    swept = sweep(asked, library, runs, more={"sensitivity": asked_so}, **how)
    if method == SOBOL and swept.failed:
        problem = (
            f"{len(swept.failed):,} of {len(swept.table):,} could not be followed; Sobol's indices need all."
        )
        fix = f"{runs} says why (column `failed`). Narrow the distributions, or use --method prcc."
        raise RunError(Fault("population", problem, fix))
    return _made(swept, names, indices)


def _require_independent(asked: AskedPopulation) -> None:
    if asked.sample.correlated:
        together = " and ".join(", ".join(group.names) for group in asked.sample.correlated)
        problem = f"Sobol's indices are of numbers that vary independently; {together} are correlated."
        raise InputError(Fault("population", problem, "Use --method prcc, or leave the correlations out."))


def _made(
    swept: Swept, names: tuple[str, ...], indices: Callable[[Array, Array], list[Index]]
) -> Sensitivity:
    found, notes = {}, []
    numbers = np.column_stack([swept.table[name].to_numpy() for name in names])
    for metric in swept.metrics:
        values = swept.table[metric].to_numpy(zero_copy_only=False).astype(np.float64)
        there = np.isfinite(values)
        if not there.all() and swept.origin["sensitivity"]["method"] == SOBOL:
            notes.append(f"{metric}: {(~there).sum():,} have none; Sobol's indices need that of all.")
        elif there.sum() < len(names) + 4:
            notes.append(f"{metric}: too few have it.")
        elif np.ptp(values[there]) <= _ROUNDING * np.abs(values[there]).max():
            notes.append(f"{metric}: it is the same in all, so that nothing decides it.")
        else:
            found[metric] = tuple(indices(numbers[there], values[there]))
    return Sensitivity(found, tuple(notes), swept, swept.origin)
