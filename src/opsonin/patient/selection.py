"""Plausible patients: those within ranges, weighted so that together they have stated distributions.

Weights come from raking (iterative proportional fitting): of all weights that give each bin of each target its share,
those nearest to equal ones in relative entropy. Bins are quantiles of the target.

Source: Deming and Stephan 1940, doi:10.1214/aoms/1177731829. Instead of accepting some by chance (Allen 2016,
doi:10.1002/psp4.12063) all are kept, with a weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from opsonin.core.errors import Fault, InputError
from opsonin.model.selection import Acceptance, Wanted
from opsonin.model.varied import Marginal
from opsonin.patient.drawn import cumulative, quantiles

Array = npt.NDArray[np.float64]
_CLOSE = 1e-9  # how near each bin is brought to its share
_MOST_ROUNDS = 2000


@dataclass(frozen=True)
class Weighted:
    """Weights and how good they are.

    Attributes:
        weights: (patients,) that add up to 1.
        effective: how many patients of equal weight say as much: 1 / sum of squares (Kish).
        before, after: by target, the greatest distance of cumulative shares from it (Kolmogorov and Smirnov).
    """

    weights: Array
    effective: float
    before: Mapping[str, float]
    after: Mapping[str, float]


def accepted(columns: Mapping[str, Array], ranges: Mapping[str, Acceptance]) -> npt.NDArray[np.bool_]:
    """(patients,) who is within all ranges; a value that is missing (NaN) is within none.

    Raises:
        InputError: nobody is, with how many each range alone leaves.
    """
    within = {name: _within(columns[name], one) for name, one in ranges.items()}
    whole = np.ones(len(next(iter(columns.values()))), np.bool_)
    for one in within.values():
        whole &= one
    if not whole.any():
        each = ", ".join(f"{name} {int(one.sum()):,}" for name, one in within.items())
        problem = f"of {len(whole):,} patients nobody is within all ranges; within each alone: {each}."
        raise InputError(Fault("accept", problem, "Widen the ranges, or draw a wider population."))
    return whole


def _within(values: Array, asked: Acceptance) -> npt.NDArray[np.bool_]:
    found = np.isfinite(values)
    found &= values >= (-np.inf if asked.least is None else asked.least)
    found &= values <= (np.inf if asked.most is None else asked.most)
    return found


def raked(columns: Mapping[str, Array], targets: Mapping[str, Wanted]) -> Weighted:
    """Weights by which each column has its target.

    Args:
        columns: (patients,) finite, of each target.
    Raises:
        InputError: a target is out of reach: it lies where nobody is, or two contradict each other.
    """
    bins = {name: _bins(columns[name], wanted) for name, wanted in targets.items()}
    _require_everywhere(bins, targets)
    count = len(next(iter(columns.values())))
    weights = np.full(count, 1.0 / count)
    worst = ("", 0.0)
    for _ in range(_MOST_ROUNDS):
        for name, places in bins.items():
            shares = np.bincount(places, weights, targets[name].bins)
            with np.errstate(divide="ignore", invalid="ignore"):
                weights = weights * (1.0 / targets[name].bins / shares)[places]
        off = {
            name: float(
                np.abs(np.bincount(places, weights, targets[name].bins) * targets[name].bins - 1.0).max()
            )
            for name, places in bins.items()
        }
        worst = max(off.items(), key=lambda pair: pair[1])
        if not worst[1] > _CLOSE:
            break
    else:
        problem = (
            f"the targets of {' and '.join(targets)} contradict each other in this population: "
            f"a bin of {worst[0]} stays {100.0 * worst[1]:.2g} % from its share."
        )
        raise InputError(Fault("target", problem, "Take fewer bins, fewer targets or a wider population."))
    weights = weights / weights.sum()
    even = np.full(count, 1.0 / count)
    return Weighted(
        weights,
        float(1.0 / (weights * weights).sum()),
        {name: distance(columns[name], even, wanted.marginal) for name, wanted in targets.items()},
        {name: distance(columns[name], weights, wanted.marginal) for name, wanted in targets.items()},
    )


def within_target(values: Array, wanted: Wanted) -> npt.NDArray[np.bool_]:
    """(patients,) who has a value (not NaN) that the target has, too."""
    return (values >= wanted.marginal.low) & (values <= wanted.marginal.high)


def edges(wanted: Wanted) -> Array:
    """(bins - 1,) where one bin of a target ends and the next begins."""
    return quantiles(wanted.marginal, ndtri(np.arange(1, wanted.bins) / wanted.bins))


def _bins(values: Array, wanted: Wanted) -> npt.NDArray[np.int64]:
    """(patients,) in which bin each is."""
    places = (cumulative(wanted.marginal, values) * wanted.bins).astype(np.int64)
    return np.minimum(places, wanted.bins - 1)


def _require_everywhere(bins: Mapping[str, npt.NDArray[np.int64]], targets: Mapping[str, Wanted]) -> None:
    faults = []
    for name, places in bins.items():
        wanted = targets[name]
        empty = np.flatnonzero(np.bincount(places, minlength=wanted.bins) == 0)
        if len(empty):
            ends = [wanted.marginal.low, *edges(wanted).tolist(), wanted.marginal.high]
            where = ", ".join(_between(ends[place], ends[place + 1]) for place in empty[:3])
            more = f" and {len(empty) - 3} more such places" if len(empty) > 3 else ""
            problem = (
                f"out of reach: nobody who is accepted has {name} {where}{more}, "
                f"where the target has {100.0 / wanted.bins:.3g} % each."
            )
            fix = "Draw a wider population, move the target, or take fewer bins."
            faults.append(Fault(f"[target.{name}]", problem, fix))
    if faults:
        raise InputError(*faults)


def _between(low: float, high: float) -> str:
    if not np.isfinite(low):
        return f"below {high:.4g}"
    return f"above {low:.4g}" if not np.isfinite(high) else f"from {low:.4g} to {high:.4g}"


def distance(values: Array, weights: Array, marginal: Marginal) -> float:
    """The greatest difference between the cumulative shares of weighted patients and those of a distribution."""
    order = np.argsort(values, kind="stable")
    expected = cumulative(marginal, values[order])
    reached = np.cumsum(weights[order])
    return float(max(np.abs(reached - expected).max(), np.abs(reached - weights[order] - expected).max()))
