"""Which numbers decide a metric: Sobol indices of independent numbers, partial rank correlations of any.

Numbers and metrics are plain arrays here; who is followed for them is in `engine/sensitivity.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

from opsonin.patient.extra import extra

Array = npt.NDArray[np.float64]
LEVEL = 0.95  # of the intervals
_RESAMPLES = 1000  # of the bootstrap that Sobol's intervals come from
_EDGE = 2.0**-40  # how near to 0 and 1 a share may be: beyond, a normal distribution has no end


@dataclass(frozen=True)
class Index:
    """How much one number decides a metric.

    Attributes:
        name: of the number; kind: "S1", "ST" or "PRCC".
        value: of the index; low, high: ends of its 95 % interval.
    """

    name: str
    kind: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SobolDesign:
    """Points at which a model is looked at for Sobol's indices, by Saltelli's scheme.

    Attributes:
        names: of the numbers that vary.
        base: a power of 2; there are base (names + 2) points.
        seed: of the scrambling and of the bootstrap.

    Source: Saltelli 2010, doi:10.1016/j.cpc.2009.09.018, as SALib has it (doi:10.21105/joss.00097).
    """

    names: tuple[str, ...]
    base: int
    seed: int

    @property
    def _problem(self) -> dict[str, Any]:
        count = len(self.names)
        return {"num_vars": count, "names": list(self.names), "bounds": [[0.0, 1.0]] * count}

    @cached_property
    def shares(self) -> Array:
        """(points, names) within 0 and 1; HostError where the extra is missing."""
        sample = extra("SALib.sample.sobol").sample
        found = sample(self._problem, self.base, calc_second_order=False, seed=self.seed % 2**32)
        return np.asarray(found, np.float64)

    def indices(self, values: Array) -> list[Index]:
        """First-order and total indices of a metric.

        Args:
            values: (points,) of the metric, finite and not all the same.
        """
        found = extra("SALib.analyze.sobol").analyze(
            self._problem,
            (values - values.mean()) / values.std(),
            calc_second_order=False,
            num_resamples=_RESAMPLES,
            conf_level=LEVEL,
            seed=self.seed % 2**32,
        )
        return [
            Index(name, kind, value, value - reach, value + reach)
            for kind in ("S1", "ST")
            for name, value, reach in zip(
                self.names, found[kind].tolist(), found[f"{kind}_conf"].tolist(), strict=True
            )
        ]


def standard(shares: Array) -> Array:
    """Standard normals at these shares."""
    return np.asarray(ndtri(np.clip(shares, _EDGE, 1.0 - _EDGE)))


def partial_rank_correlations(names: Sequence[str], numbers: Array, values: Array) -> list[Index]:
    """How a metric's rank goes with that of each number, what the others explain left out of both.

    Args:
        names, numbers: (patients, names), none of them constant; values: (patients,) of the metric, not constant.
    Raises:
        ValueError: fewer patients than numbers + 4.
    Source: Marino 2008, doi:10.1016/j.jtbi.2008.04.011; intervals by Fisher's transformation.
    """
    count = len(names)
    if len(values) < count + 4:
        raise ValueError(
            f"{len(values)} patients are too few for {count} numbers; at least {count + 4} are needed"
        )
    ranks = np.column_stack([rankdata(column) for column in numbers.T])
    of_metric = rankdata(values)
    reach = float(ndtri(0.5 + 0.5 * LEVEL)) / math.sqrt(len(values) - (count - 1) - 3)
    found = []
    for column, name in enumerate(names):
        others = np.column_stack([np.ones(len(values)), np.delete(ranks, column, axis=1)])
        left = [
            one - others @ np.linalg.lstsq(others, one, rcond=None)[0]
            for one in (ranks[:, column], of_metric)
        ]
        lengths = math.sqrt(float(left[0] @ left[0]) * float(left[1] @ left[1]))
        value = float(left[0] @ left[1]) / lengths if lengths > 0.0 else 0.0
        middle = math.atanh(min(max(value, -1.0 + 1e-15), 1.0 - 1e-15))
        found.append(Index(name, "PRCC", value, math.tanh(middle - reach), math.tanh(middle + reach)))
    return found
