"""Reading a stored result, finished or still growing: times, observables, cells, fields, trace.

Nothing is written here, and nothing is computed from what is read.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.errors import Fault, InputError, RunError, did_you_mean
from opsonin.core.schedule import MINUTES_PER_DAY, TICKS_PER_MINUTE, minutes
from opsonin.core.units import UnitError, to_unit
from opsonin.store import layout
from opsonin.store.segments import (
    CELLS,
    OBSERVABLES,
    TRACE,
    Array,
    Columns,
    read_columns,
    read_field_units,
    read_fields,
    read_frame,
    read_table,
)

if TYPE_CHECKING:
    import anndata
    import pandas
    import xarray
    from matplotlib.axes import Axes

_LISTED = 12
_TICKS_PER_DAY = MINUTES_PER_DAY * TICKS_PER_MINUTE


class NotOfParts(InputError, AttributeError):
    """Parts are asked of a result that has none of this kind; an AttributeError too, so that `hasattr` answers."""


class Result:
    """A result folder.

    Attributes:
        path: the folder.
        provenance: what rebuilds the run.
    """

    def __init__(self, path: Path, provenance: dict[str, Any]) -> None:
        self.path = path
        self.provenance = provenance
        self._frames: dict[tuple[str, int], dict[str, Any]] = {}

    def __repr__(self) -> str:
        """The whole in a line: what it is of, how much of it, and where it lies."""
        asked = self.provenance.get("scenario", {})
        name = asked.get("scenario", {}).get("name", "")
        arms = ", ".join(str(arm.get("name")) for arm in asked.get("arm", ()))
        state = "complete" if self.complete else "unfinished"
        return f"<{type(self).__name__} '{name}': {self._extent()}arms {arms}; {state}; {self.path}>"

    def _extent(self) -> str:
        """How many parts it has, for `repr`."""
        return ""

    if not TYPE_CHECKING:  # a type checker shall know what is not there

        def __getattr__(self, name: str) -> Any:
            kind = {"by_field": "field", "by_replicate": "replicate"}.get(name)
            if kind is None:
                raise AttributeError(
                    f"'{type(self).__name__}' has no attribute '{name}'", name=name, obj=self
                )
            raise NotOfParts(Fault(str(self.path), f"has no {kind}s to tell apart.", self._instead(kind)))

    def _instead(self, kind: str) -> str:
        """What to do where parts of this kind are not there."""
        return f"It is of one {kind}: use it as it is."

    @classmethod
    def open(cls, out: Path | str) -> Result:
        """Open a result folder: a `Patient` if it holds several fields, an `Ensemble` if several replicates.

        Raises:
            RunError: it is not a result, or is of another format version.
        """
        from opsonin.store.ensemble import Ensemble  # results themselves
        from opsonin.store.patient import Patient

        path = Path(out)
        provenance = layout.read_provenance(path)
        if "replicates" in provenance:
            return Ensemble(path, provenance)
        return (Patient if "fields" in provenance else cls)(path, provenance)

    @property
    def arms(self) -> list[str]:
        """Arms with at least one stored time: in the order of the scenario, then by name."""
        stored = layout.stored_arms(self.path)
        planned = self._planned
        return sorted(stored, key=lambda arm: planned.index(arm) if arm in planned else len(planned))

    @property
    def _planned(self) -> list[str]:
        return [arm.get("name") for arm in self.provenance.get("scenario", {}).get("arm", ())]

    @cached_property
    def _stored_summary(self) -> dict[str, Any]:
        return layout.read_json(self.path / layout.SUMMARY)

    @property
    def summary(self) -> dict[str, Any] | None:
        """What the run wrote at its end; None while it is unfinished."""
        return self._stored_summary if self.complete else None

    @property
    def start(self) -> dict[str, Any] | None:
        """What was found before time 0, rates per day: see `engine.burn_in.Steadiness`; None if not yet reached."""
        stored = self.path / layout.START
        return layout.read_json(stored) if stored.is_file() else None

    @property
    def complete(self) -> bool:
        """True once the run has ended, and while all that it stored of its arms is still there."""
        return (self.path / layout.SUMMARY).is_file() and all(map(self._at_its_end, self._planned))

    def _at_its_end(self, arm: str) -> bool:
        count = layout.segment_count(self.path, arm)
        days = self._stored_summary.get("days", 0.0)
        end = round(days * _TICKS_PER_DAY)  # days are minutes divided, not always back to whole ticks
        return count > 0 and self._frame(arm, count - 1)["tick"] >= end

    def input_cells(self) -> Columns:
        """The cells as the run read them, column -> values."""
        return read_columns(self.path / layout.INPUT_CELLS)

    def times(self, arm: str | None = None) -> Array:
        """Stored times of an arm [min], ascending; without `arm`, those stored in every arm."""
        return np.array([minutes(tick) for tick in self._ticks(arm)])

    @cached_property
    def observables(self) -> xarray.Dataset:
        """Curves of dimensions (arm, time), time in days; NaN where an arm was not observed.

        Each variable has the attributes `units` and `long_name`.
        """
        import xarray

        curves = {arm: self._curves(arm) for arm in self.arms}
        ticks = np.unique(
            np.concatenate([np.zeros(0, np.int64), *(curve["tick"] for curve in curves.values())])
        )
        names = list(dict.fromkeys(name for curve in curves.values() for name in curve if name != "tick"))
        described = self.provenance.get("observables", {})
        variables = {}
        for name in names:
            values = np.full((len(curves), len(ticks)), np.nan)
            for row, curve in enumerate(curves.values()):
                if name in curve:
                    values[row, np.searchsorted(ticks, curve["tick"])] = curve[name]
            about = described.get(name, {})
            attributes = {"units": about.get("unit", ""), "long_name": about.get("title", name)}
            variables[name] = (("arm", "time"), values, attributes)
        time = ("time", ticks / _TICKS_PER_DAY, {"units": "d", "long_name": "time"})
        return xarray.Dataset(variables, coords={"arm": np.array(list(curves), dtype=object), "time": time})

    def cells(self, time: str | float, arm: str | None = None) -> pandas.DataFrame:
        """The cells at a stored time, one row each.

        Args:
            time: "12 d", "6 h", ... or minutes; must be a stored time.
            arm: may be left out; with several arms, all of them are returned with a first column 'arm'.
        Raises:
            InputError: no such time or arm.
            RunError: the stored file is missing or damaged.
        """
        arms = self.arms if arm is None else [self._known(arm)]
        if not arms:
            raise RunError(
                Fault(str(self.path), "no output time is stored yet.", "Let the run go on: opsonin resume.")
            )
        import pandas

        tables: list[pandas.DataFrame] = [
            read_table(self._folder(time, name) / CELLS).to_pandas() for name in arms
        ]
        if len(tables) == 1:
            return tables[0]
        for name, table in zip(arms, tables, strict=True):
            table.insert(0, "arm", name)
        return pandas.concat(tables, ignore_index=True)

    def fields(self, time: str | float, arm: str) -> Columns:
        """Substrate -> concentrations (nz, ny, nx) at a stored time; units are in `field_units`."""
        return read_fields(self._folder(time, arm))

    def field_units(self, time: str | float, arm: str) -> dict[str, str]:
        """Substrate -> unit at a stored time."""
        return read_field_units(self._folder(time, arm))

    def box(self, time: str | float, arm: str) -> tuple[float, float, float]:
        """Edge lengths Lx, Ly, Lz [um] at a stored time."""
        x, y, z = self._frame(arm, self._index(time, arm))["box"]
        return x, y, z

    def spacing(self, time: str | float, arm: str) -> tuple[float, float, float]:
        """Grid spacing hx, hy, hz [um] at a stored time; RunError if no field is stored."""
        spacing = self._frame(arm, self._index(time, arm))["spacing"]
        if spacing is None:
            raise RunError(Fault(str(self._folder(time, arm)), "stores no fields, so there is no grid."))
        x, y, z = spacing
        return x, y, z

    def trace(self, arm: str) -> Columns:
        """The state hashes of an arm: 'tick', 'process' (index into provenance['processes']), 'hash'."""
        return self.joined(self._known(arm), TRACE)

    def why(self, arm: str | None = None) -> pandas.DataFrame:
        """The barriers between killers and tumour cells, per arm the worst first; see `opsonin why`.

        Columns: `arm`, `barrier`, `title`; `lets_through` (geometric mean over contacts), `lost` (kills), `share` of
        all that is lost, and the same in the `early` and the `late` half of the time. Of replicates means, and `low`
        and `high`: the 90 % interval of the share.

        Args:
            arm: its name; left out, all arms.
        Raises:
            InputError: there is no such arm, or no ledger in this result.
        """
        from opsonin.store import why

        return why.table(self, arm)

    def propose(self, arm: str | None = None) -> pandas.DataFrame:
        """Drugs that would open the barriers of each arm, the best first; a screen: see `opsonin.propose`."""
        # By the public name, as in `branch`: what is stored does not know how it is read.
        import opsonin

        return opsonin.propose(self, arm)

    def lineage(self, arm: str | None = None) -> pandas.DataFrame:
        """The births of tumour cells in an arm; `opsonin lineage` draws the tree of those alive.

        Columns: `time` [d], `mother`, `daughter` (ids as in `cells`; a mother keeps hers), `mother_lost`,
        `daughter_lost` (defects after the division). The copies of a tiled window are daughters, too.

        Args:
            arm: its name; may be left out if there is one.
        Raises:
            InputError: there is no such arm, or no lineage in this result.
        """
        from opsonin.store import lineage

        return lineage.births(self, arm)

    def patient(self, arm: str | None = None) -> pandas.DataFrame:
        """The patient around the tissue of an arm, where the scenario has `[patient]`: a row per interval.

        Columns: `time` [d], and those of `opsonin patient simulate`, each with its unit; what a dose does at that
        time is not yet in a row. Of replicates a first column `replicate`.

        Args:
            arm: its name; may be left out if there is one.
        Raises:
            InputError: there is no such arm, or no patient in this result.
        """
        from opsonin.store import around

        return around.table(self, arm)

    def ratio(self, arm: str, reference: str) -> xarray.Dataset:
        """What an arm does to each observable: its ratio to another arm.

        Returns:
            (statistic, time), statistics mean, low, high; low and high are NaN but of an `Ensemble`.
        Raises:
            InputError: there is no such arm.
        """
        import xarray

        above, below = (self.observables.sel(arm=self._known(name)) for name in (arm, reference))
        ratios = {}
        for name, values in above.data_vars.items():
            known = (values.values > 0.0) & (below[name].values > 0.0)
            mean = np.divide(values.values, below[name].values, out=np.full(known.shape, np.nan), where=known)
            none = np.full(known.shape, np.nan)
            ratios[name] = (("statistic", "time"), np.stack([mean, none, none]))
        return xarray.Dataset(ratios, {"statistic": ["mean", "low", "high"], "time": above["time"]})

    def branch(self, time: str | float, *, arm: str | Path | Mapping[str, Any], **options: Any) -> Result:
        """This run continued from `time` under another treatment, as a result of its own: see `opsonin.branch`."""
        # By the public name, which is loaded when first used: what is stored does not know how to run.
        import opsonin

        return opsonin.branch(self, time, arm=arm, **options)

    def to_pandas(self, time: str | float | None = None, arm: str | None = None) -> pandas.DataFrame:
        """Curves, or with a `time` the cells stored then, in the terms of other software: see `opsonin.to_pandas`."""
        from opsonin.store import export

        return export.to_pandas(self, time, arm)

    def to_xarray(self, time: str | float | None = None, arm: str | None = None) -> xarray.Dataset:
        """Curves, or with a `time` the fields stored then, on their grid: see `opsonin.to_xarray`."""
        from opsonin.store import export

        return export.to_xarray(self, time, arm)

    def to_anndata(
        self, time: str | float | Sequence[str | float] | None = None, arm: str | None = None
    ) -> anndata.AnnData:
        """Cells as squidpy and scanpy expect them, at one, several or all stored times: see `opsonin.to_anndata`."""
        from opsonin.store import export

        return export.to_anndata(self, time, arm)

    def plot(self, observable: str = "burden", ax: Axes | None = None) -> Axes:
        """An observable of every arm over time: see `opsonin.plot`."""
        import opsonin

        return opsonin.plot(self, observable, ax)

    def plot_cells(self, time: str | float, arm: str, ax: Axes | None = None) -> Axes:
        """The cells of an arm at a stored time: see `opsonin.plot_cells`."""
        import opsonin

        return opsonin.plot_cells(self, time, arm, ax)

    def plot_field(self, name: str, time: str | float, arm: str, ax: Axes | None = None) -> Axes:
        """A substrate in an arm at a stored time: see `opsonin.plot_field`."""
        import opsonin

        return opsonin.plot_field(self, name, time, arm, ax)

    def _repr_html_(self) -> str:
        """How a notebook shows it: see `opsonin.as_html`."""
        import opsonin

        return opsonin.as_html(self)

    def _curves(self, arm: str) -> Columns:
        return self.joined(arm, OBSERVABLES)

    def joined(self, arm: str, file: str) -> Columns:
        """A table of all segments of an arm, one after the other."""
        count = layout.segment_count(self.path, arm)
        parts = [read_columns(layout.segment_folder(self.path, arm, index) / file) for index in range(count)]
        rows = [part for part in parts if len(next(iter(part.values())))] or parts[:1]
        names = list(rows[0])
        if any(part.keys() != rows[0].keys() for part in rows):
            place = f"{layout.arm_folder(self.path, arm)}/*/{file}"
            raise RunError(Fault(place, "have different columns in different segments.", "Run again."))
        joined = {name: np.concatenate([part[name] for part in rows]) for name in names}
        least = 1 if file == OBSERVABLES else 0  # others have several rows of one time
        if np.any(np.diff(joined.get("tick", np.zeros(0, np.int64))) < least):
            place = f"{layout.arm_folder(self.path, arm)}/*/{file}"
            raise RunError(
                Fault(place, "go back in time: a file is not its segment's.", "Restore it, or run again.")
            )
        return joined

    def _known(self, arm: str) -> str:
        if arm not in self.arms:
            raise InputError(Fault(str(self.path), f"there is no arm '{arm}'.", did_you_mean(arm, self.arms)))
        return arm

    def _frame(self, arm: str, index: int) -> dict[str, Any]:
        if (arm, index) not in self._frames:
            self._frames[arm, index] = read_frame(layout.segment_folder(self.path, arm, index))
        return self._frames[arm, index]

    def _ticks(self, arm: str | None) -> list[int]:
        if arm is None:
            each = [set(self._ticks(name)) for name in self.arms]
            return sorted(set.intersection(*each)) if each else []
        count = layout.segment_count(self.path, self._known(arm))
        return [self._frame(arm, index)["tick"] for index in range(count)]

    def _folder(self, time: str | float, arm: str) -> Path:
        return layout.segment_folder(self.path, arm, self._index(time, arm))

    def _index(self, time: str | float, arm: str) -> int:
        wanted, asked = time_asked(time, str(self.path)), time if isinstance(time, str) else ""
        ticks = self._ticks(arm)
        for index, tick in enumerate(ticks):
            if abs(wanted * TICKS_PER_MINUTE - tick) < 1e-5:  # seconds: rounding only
                return index
        nearest = sorted(sorted(ticks, key=lambda tick: abs(wanted * TICKS_PER_MINUTE - tick))[:_LISTED])
        listed = ", ".join(time_text(minutes(tick)) for tick in nearest)
        stored = (
            f"Stored: {listed}."
            if len(nearest) == len(ticks)
            else f"{len(ticks)} are stored, nearest: {listed}."
        )
        if not asked and math.isfinite(wanted):
            stored += f' A number is of minutes: write "{wanted:g} d" for days.'
        problem = f"arm '{arm}' is not stored at {asked or time_text(wanted)}."
        raise InputError(Fault(str(self.path), problem, stored))


def time_asked(time: object, where: str) -> float:
    """A time as a person gives it, in minutes; InputError, at `where`, if it is none."""
    fix = 'Give it as "3 d" or "12 h", or as a number of minutes.'
    if isinstance(time, str):
        try:
            return to_unit(time, "min")
        except UnitError as error:
            raise InputError(Fault(where, f"time {error}.", fix)) from error
    if isinstance(time, bool) or not isinstance(time, int | float | np.integer | np.floating):
        problem = f"{reprlib.repr(time)} is a {type(time).__name__}, not a time."
        raise InputError(Fault(where, problem, fix))
    try:
        return float(time)
    except OverflowError:  # a whole number too large for one
        return math.inf


def time_text(time_min: float) -> str:
    """A time [min] in its natural unit: '12 d', '6 h' or '90 min'."""
    for unit, length in (("d", MINUTES_PER_DAY), ("h", 60.0)):
        if time_min and time_min % length == 0:
            return f"{time_min / length:g} {unit}"
    return f"{time_min:g} min" if time_min else "0 d"
