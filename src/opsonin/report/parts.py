"""A result of several parts, fields of one patient or replicates of one question: how far they are apart.

Which fields there are, and what was placed in them, is in `fields`; how parts are weighted is the store's.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from opsonin.report import words
from opsonin.report.stored import StoredResult
from opsonin.store.ensemble import Ensemble, interval
from opsonin.store.patient import Patient

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bands:
    """Per arm, of one observable; empty where a result has no parts.

    Attributes:
        spread: (3, times) least, largest, standard deviation.
        each: (parts, times) the values of every part.
        interval: (2, times) the 90 % interval of the mean; of replicates only, as fields are no sample of chance.
    """

    spread: Mapping[str, Floats]
    each: Mapping[str, Floats]
    interval: Mapping[str, Floats]


def replicates(result: StoredResult) -> dict[str, Any]:
    """The result of each replicate by its name; nothing for a result that was computed once."""
    return dict(getattr(result, "by_replicate", None) or {})


def kind(result: StoredResult) -> str:
    """'replicate' or 'field': what the parts are; '' where there are none."""
    if replicates(result):
        return "replicate"
    return "field" if isinstance(result, Patient) else ""


@dataclass(frozen=True)
class Progress:
    """How far the replicates of an unfinished ensemble are: finished and begun, without the finished, of all."""

    finished: int
    begun: int
    of: int

    @property
    def pooled(self) -> int:
        """How many the means are of: those that are finished or, while none is, those that have begun."""
        return self.finished or self.begun


def begun(result: StoredResult) -> tuple[StoredResult, Progress | None]:
    """Of an unfinished ensemble one of the replicates that have something to show, and how far all are.

    Those that are finished or, while none is, those that have begun: a mean over others at each time would jump
    whenever one more joins it. Any other result is returned as it is.
    """
    if not isinstance(result, Ensemble) or result.complete:
        return result, None
    done = [name for name, one in result.parts.items() if one.complete]
    going = [name for name, one in result.parts.items() if not one.complete and _has_begun(one)]
    wanted = done or going
    entries = [entry for entry in result.provenance["replicates"] if entry["name"] in wanted]
    some = Ensemble(result.path, result.provenance | {"replicates": entries}) if entries else result
    return some, Progress(len(done), len(going), len(result.parts))


def _has_begun(replicate: StoredResult) -> bool:
    tissues = replicate.by_field.values() if isinstance(replicate, Patient) else (replicate,)
    return all(tissue.arms for tissue in tissues)


def shown(result: StoredResult) -> tuple[StoredResult, str]:
    """The part whose tissue is drawn, and its folder from that of the result, ending in '/'; '' for itself."""
    each = replicates(result)
    if not each:
        return result, ""
    first = next(iter(each.values()))
    return first, f"{Path(os.path.relpath(first.path, getattr(result, 'path', '.'))).as_posix()}/"


def bands(result: StoredResult, name: str, arms: Sequence[str]) -> Bands:
    """How the parts of a result differ in one observable."""
    of = kind(result)
    each = getattr(result, f"each_{of}", None)
    spread = getattr(result, "spread", None)
    if not of or each is None or spread is None or name not in each or name not in spread:
        return Bands({}, {}, {})
    of_mean = _rows(spread[name], ("low", "high"), arms) if of == "replicate" else {}
    return Bands(_rows(spread[name], ("min", "max", "sd"), arms), _rows(each[name], None, arms), of_mean)


def _rows(found: xr.DataArray, statistics: Sequence[str] | None, arms: Sequence[str]) -> dict[str, Floats]:
    chosen = found if statistics is None else found.sel(statistic=list(statistics))
    return {arm: chosen.sel(arm=arm).values for arm in arms if arm in found["arm"].values}


def mean_interval(
    values: Floats, *, signed: bool = True, most: float = math.inf
) -> tuple[float, float, float]:
    """Mean of independent values and its 90 % interval (Student's t); the edges are NaN for fewer than two.

    Args:
        signed: False of what cannot be negative, such as a count or a concentration: the interval then ends at 0, as
            that of `Ensemble.spread` does.
        most: what it cannot exceed, 1 of a share.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    mean, half = float(values.mean()), float(interval(values))
    low, high = mean - half, mean + half
    if math.isnan(half):
        return mean, low, high
    return mean, low if signed else max(low, 0.0), min(high, most)


def told_mean(values: Floats, *, signed: bool) -> tuple[str, str]:
    """The mean as text, and its interval where that is seen."""
    mean, low, high = mean_interval(values, signed=signed)
    edges = words.number(low), words.number(high)
    seen = math.isfinite(low) and edges[0] != edges[1]
    return words.number(mean), f"{edges[0]} to {edges[1]}" if seen else ""


def paired_ratio(above: Floats, below: Floats) -> tuple[float, float, float]:
    """Geometric mean of the ratios of paired values and its 90 % interval (t of the logarithms).

    NaN where a pair is missing or not positive: what is left out would not be left out by chance.
    """
    if len(above) != len(below) or not (np.isfinite(above) & np.isfinite(below)).all():
        return float("nan"), float("nan"), float("nan")
    if not ((above > 0.0) & (below > 0.0)).all():
        return float("nan"), float("nan"), float("nan")
    mean, low, high = mean_interval(np.log(above / below))
    return float(np.exp(mean)), float(np.exp(low)), float(np.exp(high))
