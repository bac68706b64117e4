"""A patient of several fields: a folder that holds one result per field, and what they come to together.

Each field is an ordinary result in `fields/NNN`; here they are gathered and weighted. How each observable is weighted
is stated by the engine, in the provenance.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from opsonin.core.errors import Fault, InputError, RunError
from opsonin.store import layout
from opsonin.store.commit import host_errors, make_folder, sweep, write_atomic
from opsonin.store.lock import LOCK_FILE, FolderLock
from opsonin.store.result import Result
from opsonin.store.segments import Array, Columns
from opsonin.store.writer import require_unused

if TYPE_CHECKING:
    import pandas
    import xarray

FIELDS = "fields"
STATISTICS = ("min", "max", "sd")
_BEGINNINGS = frozenset({LOCK_FILE, FIELDS, layout.PROVENANCE + ".tmp"})


class Patient(Result):
    """Several fields as one result. Curves are weighted over the fields; cells and maps are those of a field."""

    @cached_property
    def by_field(self) -> dict[str, Result]:
        """The result of each field by its name, in the order of the scenario.

        Raises:
            RunError: one is missing, or is not the one that the patient began with.
        """
        found = {}
        for entry in self.provenance["fields"]:
            path = self.path / entry["folder"]
            result = Result.open(path)
            if result.provenance.get("run_hash") != entry["run_hash"]:
                problem = f"is not the run of field '{entry['name']}' that this patient began with."
                raise RunError(Fault(str(path), problem, "Restore the folder, or run the scenario anew."))
            found[entry["name"]] = result
        return found

    @property
    def arms(self) -> list[str]:
        """Arms with a stored time in at least one field, in the order of the scenario."""
        planned = [arm["name"] for arm in self.provenance["scenario"]["arm"]]
        return [arm for arm in planned if any(arm in field.arms for field in self.by_field.values())]

    @property
    def start(self) -> dict[str, Any] | None:
        """None: what was found before time 0 is each field's own."""
        return None

    @cached_property
    def each_field(self) -> xarray.Dataset:
        """The observables of every field, of dimensions (field, arm, time); NaN where one was not observed."""
        import xarray

        fields = {name: field.observables for name, field in self.by_field.items()}
        joined = xarray.concat(list(fields.values()), dim="field", join="outer", combine_attrs="override")
        joined = joined.assign_coords(field=np.array(list(fields), dtype=object))
        return joined.reindex(arm=np.array(self.arms, dtype=object)).transpose("field", "arm", "time")

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

    def times(self, arm: str | None = None) -> Array:
        """Stored times [min] that all fields have, of an arm or of every arm."""
        each = [
            set(field.times(arm)) if arm in (None, *field.arms) else set() for field in self.by_field.values()
        ]
        return np.array(sorted(set.intersection(*each)))

    def input_cells(self) -> Columns:
        self._refuse()

    def cells(self, time: str | float, arm: str | None = None) -> pandas.DataFrame:
        """The cells of all fields at a stored time, with a first column 'field'; else as `Result.cells`."""
        import pandas

        tables = []
        for name, field in self.by_field.items():
            table = field.cells(time, arm)
            table.insert(0, "field", name)
            tables.append(table)
        return pandas.concat(tables, ignore_index=True)

    @cached_property
    def _pooled(self) -> tuple[xarray.Dataset, xarray.Dataset]:
        import xarray

        stored = self.each_field
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

    def _joined(self, arm: str, file: str) -> Columns:
        self._refuse()

    def _ticks(self, arm: str | None) -> list[int]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        names = list(self.by_field)
        problem = f"holds {len(names)} fields, each with cells, substrates and traces of its own."
        raise InputError(Fault(str(self.path), problem, f"Ask one of them: by_field['{names[0]}']."))


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


def field_folder(index: int) -> str:
    """Where the field at `index` lies, relative to its patient."""
    return f"{FIELDS}/{index + 1:03d}"


@contextmanager
def gathering(out: Path, provenance: dict[str, Any]) -> Iterator[None]:
    """While entered, the results of the fields are begun under `out`; a clean exit makes them a patient.

    Raises:
        InputError: `out` is a file or holds something already. RunError: another run is about to write there.
        HostError: it cannot be written.
    """
    stored = layout.json_bytes(provenance)
    require_unused(out, _BEGINNINGS)
    make_folder(out)
    lock = FolderLock(out)
    try:
        require_unused(out, _BEGINNINGS)
        sweep(out)
        with host_errors(out):
            shutil.rmtree(out / FIELDS, ignore_errors=True)
        yield
        write_atomic(out / layout.PROVENANCE, stored)
    finally:
        lock.release()


@contextmanager
def going_on(out: Path) -> Iterator[Patient]:
    """A patient whose fields are being continued, closed to other writers."""
    patient = Patient(out, layout.read_provenance(out))
    lock = FolderLock(out)
    try:
        sweep(out)
        yield patient
    finally:
        lock.release()


def finish(out: Path, summary: dict[str, Any]) -> None:
    """Store the summary, which marks the patient as complete; HostError if it cannot be written."""
    write_atomic(out / layout.SUMMARY, layout.json_bytes(summary))
