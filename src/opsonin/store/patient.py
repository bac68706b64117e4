"""A patient of several fields: a folder that holds one result per field, and what they come to together.

Each field is an ordinary result in `fields/NNN`; here they are weighted. How each observable is weighted is stated by
the engine, in the provenance.
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

FIELD = "field"
STATISTICS = ("min", "max", "sd")


class Patient(Gathered):
    """Several fields as one result. Curves are weighted over the fields; cells and maps are those of a field."""

    kind = FIELD
    together = "patient"

    @property
    def by_field(self) -> dict[str, Result]:
        """The result of each field by its name, in the order of the scenario; RunError as `parts`."""
        return self.parts

    @property
    def each_field(self) -> xarray.Dataset:
        """The observables of every field, of dimensions (field, arm, time); NaN where one was not observed."""
        return self.each

    @cached_property
    def observables(self) -> xarray.Dataset:
        """Curves of dimensions (arm, time) over all fields; NaN where one of the fields was not observed.

        Numbers of cells, events and areas are sums. All else is the mean weighted by the area that each field stands
        for at that time, the burden by the tumour cells that each field began with.
        """
        return self._pooled[0]

    @cached_property
    def spread(self) -> xarray.Dataset:
        """How the fields differ: dimensions (statistic, arm, time); least, largest, weighted standard deviation.

        Of what is summed: between what the whole would hold if all of it were like one field.
        """
        return self._pooled[1]

    @cached_property
    def _pooled(self) -> tuple[xarray.Dataset, xarray.Dataset]:
        import xarray

        stored = self.each
        if "area" not in stored:  # nothing is observed yet
            return stored.drop_dims("field"), stored.drop_dims("field")
        represented = stored["area"].values * stored["weight"].values
        entries = self.provenance["fields"]
        whole = np.array([entry["area_mm2"] for entry in entries])[:, None, None]
        tumour = stored["cancer_count"].values[:, :, :1]
        means, spreads = {}, {}
        for name, about in self.provenance["observables"].items():
            if name not in stored:
                continue
            values = stored[name].values
            match about["pooled"]:
                case "sum":
                    values, weights = values * (whole.sum() / whole), whole
                case "tumour_cells":
                    weights = tumour
                case _:
                    weights = represented
            mean, spread = weighted(values, weights, observed=np.isfinite(represented))
            attributes = stored[name].attrs
            means[name] = (("arm", "time"), mean, attributes)
            spreads[name] = (("statistic", "arm", "time"), spread, attributes)
        axes = {"arm": stored["arm"], "time": stored["time"]}
        return xarray.Dataset(means, axes), xarray.Dataset(spreads, axes | {"statistic": list(STATISTICS)})


def weighted(values: Array, weights: Array, observed: Array) -> tuple[Array, Array]:
    """Mean and spread over the first axis.

    Args:
        values: (fields, ...); a NaN in a field that was observed is passed over: a share of cells that are not there.
        weights: broadcast to `values`; observed: False where nothing is known of a field yet.
    Returns:
        mean (...), NaN where a field was not observed; (3, ...) least, largest and standard deviation, weighted.
    """
    known = np.isfinite(values)
    weights = np.where(known, np.broadcast_to(weights, values.shape), 0.0)
    total = weights.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weights * np.where(known, values, 0.0)).sum(axis=0) / total
        deviation = np.where(known, values - mean, 0.0)
        sd = np.sqrt((weights * deviation**2).sum(axis=0) / total)
    least = np.where(known, values, np.inf).min(axis=0)
    most = np.where(known, values, -np.inf).max(axis=0)
    missing = ~observed.all(axis=0) | (total == 0.0)
    mean = np.where(missing, np.nan, mean)
    return mean, np.where(missing, np.nan, np.stack([least, most, sd]))
