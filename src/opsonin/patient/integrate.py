"""An SBML model carried through time by libroadrunner, from one change to the next; each model is loaded once.

What the model is of is not known here: ours and foreign ones go the same way.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, RunError
from opsonin.patient.doses import Change
from opsonin.patient.extra import extra

Array = npt.NDArray[np.float64]

# Not physics: with these, sums of doses agree with the exact ones to about 1e-9.
_RELATIVE, _ABSOLUTE = 1e-11, 1e-12
_MOST_STEPS = 1_000_000  # between two times that are asked for
_AS_THEY_ARE: Mapping[str, float] = MappingProxyType({})
_SPARE = 1e-6  # share of its own greatest value by which an amount may be below 0: error of the integrator


@dataclass(frozen=True)
class Trajectory:
    """What was watched, at the times that were asked for and just before each change.

    Attributes:
        names: (n,) what was watched.
        times, values: (times,) and (times, n); what changes at a time counts.
        change_times, before: (changes,) and (changes, n).
    """

    names: tuple[str, ...]
    times: Array
    values: Array
    change_times: Array
    before: Array

    def of(self, name: str) -> Array:
        """(times,) the values of one name."""
        return self.values[:, self.names.index(name)]


class Integrator:
    """A loaded model, ready for any number of patients, one after the other."""

    def __init__(self, sbml: str, name: str) -> None:
        """Load a model.

        Args:
            sbml: its text; name: what faults call it.
        Raises:
            HostError: the extra is missing. RunError: the library cannot load it.
        """
        for kind in ("WARNING", "ERROR"):  # CVODE writes to standard error what is raised as well
            os.environ.setdefault(f"SUNLOGGER_{kind}_FILENAME", os.devnull)
        roadrunner = extra("roadrunner")
        roadrunner.Logger.disableLogging()  # it prints what it then raises
        self.name = name
        try:
            self._engine: Any = roadrunner.RoadRunner(sbml)
        except RuntimeError as error:
            raise RunError(Fault(name, f"cannot be loaded: {_told(error)}.")) from error
        for key, value in (
            ("relative_tolerance", _RELATIVE),
            ("absolute_tolerance", _ABSOLUTE),
            ("maximum_num_steps", _MOST_STEPS),
        ):
            self._engine.integrator.setValue(key, value)

    @property
    def amounts(self) -> tuple[str, ...]:
        """What it carries through time."""
        return tuple(self._engine.model.getFloatingSpeciesIds())

    def rates(self, state: Sequence[float], numbers: Mapping[str, float] = _AS_THEY_ARE) -> Array:
        """Rates of change of `amounts` in a state, per time of the model; `numbers` as in `run`."""
        self._begin(numbers)
        self._engine.model.setFloatingSpeciesAmounts(list(map(float, state)))
        return np.array([self._engine.getValue(f"{name}'") for name in self.amounts], np.float64)

    def run(
        self,
        watched: Sequence[str],
        times: Sequence[float],
        changes: Sequence[Change] = (),
        numbers: Mapping[str, float] = _AS_THEY_ARE,
    ) -> Trajectory:
        """Carry the model from its beginning, time 0, through all `times`.

        Args:
            watched: names of the model, "[name]" for a concentration.
            times: when they are asked for, ascending, none below 0.
            changes: in time; those after the last time are left out.
            numbers: parameters and initial amounts that are not as the model has them; what the model computes from
                them before it begins stays as it was.
        Raises:
            RunError: the integrator fails, a value is no number or an amount falls below 0; it names time and value.
        """
        self._begin(numbers)
        asked = np.asarray(times, np.float64)
        due = [change for change in changes if change.time <= asked[-1]]
        self._engine.timeCourseSelections = ["time", *watched]
        rows: list[Array] = []
        before: list[Array] = []
        for start, end, change in _spans(due, float(asked[-1])):
            if change is not None:
                before.append(self._state(len(watched)))
                self._apply(change)
            inside = asked[(asked >= start) & (asked < end)] if end < math.inf else asked[asked >= start]
            stops = np.unique([start, *inside, end if end < math.inf else asked[-1]])
            found = self._through(stops)
            rows.append(found[np.searchsorted(stops, inside), 1:])
        values = np.concatenate(rows) if rows else np.zeros((0, len(watched)))
        self._refuse_nonsense(asked, values, watched)
        return Trajectory(
            tuple(watched),
            asked,
            values,
            np.array([change.time for change in due]),
            np.array(before).reshape(len(due), len(watched)),
        )

    def _begin(self, numbers: Mapping[str, float]) -> None:
        self._engine.resetAll()
        for name, value in sorted(numbers.items()):
            try:
                self._engine.setValue(name, value)
            except RuntimeError as error:
                raise RunError(Fault(self.name, f"has no '{name}' that could be given a value.")) from error

    def _through(self, stops: Array) -> Array:
        """(stops, 1 + watched) at each stop, the first of which is now."""
        if len(stops) == 1:
            return np.array([[stops[0], *self._state(len(self._engine.timeCourseSelections) - 1)]])
        try:
            return np.array(self._engine.simulate(times=stops.tolist()), np.float64)
        except RuntimeError as error:
            where = f"{self.name} after time {self._engine.model.getTime():g}"
            fix = "An amount may run away there, or change within no time: see what it depends on."
            raise RunError(Fault(where, f"cannot be integrated: {_told(error)}.", fix)) from error

    def _state(self, count: int) -> Array:
        return np.array(self._engine.getSelectedValues(), np.float64)[1 : 1 + count]

    def _apply(self, change: Change) -> None:
        for name, amount in sorted(change.added.items()):
            self._engine.setValue(name, self._engine.getValue(name) + amount)
        for name, rate in sorted(change.rates.items()):
            self._engine.setValue(name, rate)

    def _refuse_nonsense(self, times: Array, values: Array, watched: Sequence[str]) -> None:
        for column, name in enumerate(watched):
            found = values[:, column]
            wrong = ~np.isfinite(found)
            if name.strip("[]") in self.amounts:
                wrong |= found < -max(_SPARE * float(np.nanmax(np.abs(found), initial=0.0)), _ABSOLUTE)
            if wrong.any():
                first = int(np.flatnonzero(wrong)[0])
                where = f"{self.name} at time {times[first]:g}"
                raise RunError(Fault(where, f"{name} is {found[first]:g}, which it cannot be."))


def _spans(changes: Sequence[Change], last: float) -> Iterator[tuple[float, float, Change | None]]:
    """From one change to the next: when it begins and ends, and what changes at its beginning; the last is open."""
    starts: list[tuple[float, Change | None]] = [(change.time, change) for change in changes]
    if not starts or starts[0][0] > 0.0:
        starts.insert(0, (0.0, None))
    for number, (start, change) in enumerate(starts):
        yield start, starts[number + 1][0] if number + 1 < len(starts) else math.inf, change


@lru_cache(maxsize=4)
def loaded(sbml: str, name: str) -> Integrator:
    """The model of this text as this process has loaded it: compiling it takes up to a second."""
    return Integrator(sbml, name)


def _told(error: Exception) -> str:
    """What the library says, without where in its own source it says so."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (re.split(r"; In |, at llvm", lines[0])[0] if lines else type(error).__name__).rstrip(".")
