"""Replicates: the same question asked of chance several times, and what the answers come to together.

Each replicate is an ordinary result (or a patient of several fields) in `replicates/NNN`, of the same seed and another
replicate number; its arms are paired with each other as in any run.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from opsonin.store.gathered import Gathered
from opsonin.store.result import Result
from opsonin.store.segments import Array

if TYPE_CHECKING:
    import xarray

REPLICATE = "replicate"
STATISTICS = ("min", "max", "sd", "low", "high")
CONFIDENCE = 0.90
_SHARES = ("engaged", "exhaustion", "activation")  # and occupancies: none is above 1


class Ensemble(Gathered):
    """Several replicates as one result. Curves are means over them; cells and maps are those of a replicate."""

    kind = REPLICATE
    together = "ensemble"

    @property
    def by_replicate(self) -> dict[str, Result]:
        """The result of each replicate by its number, from '1'; RunError as `parts`."""
        return self.parts

    @property
    def each_replicate(self) -> xarray.Dataset:
        """The observables of every replicate, of dimensions (replicate, arm, time); NaN where not observed."""
        return self.each

    @cached_property
    def observables(self) -> xarray.Dataset:
        """Means over the replicates, of dimensions (arm, time); NaN where one of them was not observed yet."""
        return self._pooled[0]

    @cached_property
    def spread(self) -> xarray.Dataset:
        """How the replicates differ: dimensions (statistic, arm, time).

        Least, largest, standard deviation of a replicate, and the 90 % interval (Student's t) of their mean, cut
        at zero for what is never below, and at one for a share.
        """
        return self._pooled[1]

    def ratio(self, arm: str, reference: str) -> xarray.Dataset:
        """What an arm does to each observable: its ratio to another arm, paired by replicate.

        Returns:
            (statistic, time), statistics mean, low, high: geometric mean and its 90 % interval (t of the logarithms);
            NaN where a replicate has no positive value.
        Raises:
            InputError: there is no such arm.
        """
        import xarray

        names = [self._known(name) for name in (arm, reference)]
        ratios = {}
        for name, values in self.each.data_vars.items():
            above, below = (values.sel(arm=one).values for one in names)
            with np.errstate(divide="ignore", invalid="ignore"):
                logarithms = np.where((above > 0.0) & (below > 0.0), np.log(above / below), np.nan)
            mean = logarithms.mean(axis=0)  # with a replicate missing there is no pairing: NaN
            half = interval(logarithms)
            ratios[name] = (("statistic", "time"), np.exp([mean, mean - half, mean + half]))
        return xarray.Dataset(ratios, {"statistic": ["mean", "low", "high"], "time": self.each["time"]})

    @cached_property
    def _pooled(self) -> tuple[xarray.Dataset, xarray.Dataset]:
        import xarray

        means, spreads = {}, {}
        begun = np.isfinite(self.each["cancer_count"].values) if "cancer_count" in self.each else None
        for name, values in self.each.data_vars.items():
            mean, spread = pooled(values.values, begun, most=1.0 if _is_share(str(name)) else np.inf)
            means[name] = (("arm", "time"), mean, values.attrs)
            spreads[name] = (("statistic", "arm", "time"), spread, values.attrs)
        axes = {"arm": self.each["arm"], "time": self.each["time"]}
        return xarray.Dataset(means, axes), xarray.Dataset(spreads, axes | {"statistic": list(STATISTICS)})


def _is_share(name: str) -> bool:
    return name in _SHARES or name.endswith("_occupancy") or "_holding_" in name


def pooled(values: Array, begun: Array | None, *, most: float = np.inf) -> tuple[Array, Array]:
    """Mean (...) and `STATISTICS` (5, ...) over the first axis.

    An interval ends at zero where no value is below: the mean of what cannot be negative is not.

    Args:
        values: (replicates, ...); a NaN in a replicate that was observed is passed over: a share of cells that are
            not there.
        begun: like `values`: False where nothing is known of a replicate yet; None if that cannot be told.
        most: what no value can exceed, and so no interval.
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / count
        deviation = np.where(known, values - mean, 0.0)
        sd = np.sqrt((deviation**2).sum(axis=0) / (count - 1.0))
    half = interval(values)
    least = np.where(known, values, np.inf).min(axis=0)
    largest = np.where(known, values, -np.inf).max(axis=0)
    missing = count == 0
    if begun is not None:
        missing = missing | ~begun.all(axis=0)
    low = np.where(least >= 0.0, np.maximum(mean - half, 0.0), mean - half)
    spread = np.stack([least, largest, np.where(count > 1, sd, np.nan), low, np.minimum(mean + half, most)])
    return np.where(missing, np.nan, mean), np.where(missing, np.nan, spread)


def interval(values: Array) -> Array:
    """Half the width of the 90 % interval of the mean over the first axis; NaN for fewer than two values."""
    from scipy.special import stdtrit

    known = np.isfinite(values)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=0) / count
        error = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / (count - 1.0) / count)
        half = stdtrit(np.maximum(count - 1.0, 1.0), 0.5 + 0.5 * CONFIDENCE) * error
    return np.where(count > 1, half, np.nan)
