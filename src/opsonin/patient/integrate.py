"""An SBML model carried through time by libroadrunner, from one change to the next; each model is loaded once.

What the model is of is not known here: ours and foreign ones go the same way.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, RunError
from opsonin.patient.doses import Change
from opsonin.patient.extra import extra

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tolerance:
    """Of the integrator, relative and absolute (in units of the model); not physics."""

    relative: float
    absolute: float


EXACT = Tolerance(1e-11, 1e-12)
"""Sums of doses agree with the exact ones to about 1e-9."""
BRISK = Tolerance(1e-9, 1e-10)
"""Two thirds of the time; what is measured of a population differs by less than 1e-5 of it, or 1e-6 of the peak of its
column, from that with `EXACT` (tested)."""
# What is counted in cells, as `sbml.py` writes it. Where a tumour has none left, killers that share it make rates so
# steep in its cells that to follow these to 1e-12 of one stalls the integrator.
_CELLS = re.compile(r'<species id="(\w+)"[^>]*substanceUnits="cell"')
_LEAST_CELLS = 1e-6  # cells
_MOST_STEPS = 1_000_000  # between two times that are asked for
ValueOf = Callable[[str], float]  # by name of the model
_AS_THEY_ARE: Mapping[str, float] = MappingProxyType({})
_MOST = 1e50  # of anything, in any unit: the Earth has no more atoms
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


class Broken(RunError):
    """A model that can be carried no further; `time`: of the model, from which on it is no longer to be trusted."""

    def __init__(self, *faults: Fault, time: float = 0.0) -> None:
        super().__init__(*faults)
        self.time = time


class Turns(Protocol):
    """Who takes turns with the integrator: at its times it sees the state and says what it sets."""

    @property
    def times(self) -> Sequence[float]:
        """Of the model, ascending, above 0."""

    def begin(self, value_of: ValueOf) -> Mapping[str, float]:
        """What it sets at time 0, before anything else happens."""

    def take(self, time: float, value_of: ValueOf) -> Mapping[str, float]:
        """What it sets at one of its times, before what doses change then."""


class Integrator:
    """A loaded model, ready for any number of patients, one after the other."""

    def __init__(self, sbml: str, name: str, tolerance: Tolerance = EXACT) -> None:
        """Load a model.

        Args:
            sbml: its text; name: what faults call it; tolerance: of its integrator.
        Raises:
            HostError: the extra is missing. RunError: the library cannot load it.
        """
        for kind in ("WARNING", "ERROR"):  # CVODE writes to standard error what is raised as well
            os.environ.setdefault(f"SUNLOGGER_{kind}_FILENAME", os.devnull)
        roadrunner = extra("roadrunner")
        roadrunner.Logger.disableLogging()  # it prints what it then raises
        _configure(roadrunner.Config)
        self.name, self._tolerance = name, tolerance
        try:
            self._engine: Any = roadrunner.RoadRunner(sbml)
        except RuntimeError as error:
            raise RunError(Fault(name, f"cannot be loaded: {_told(error)}.")) from error
        for key, value in (
            ("relative_tolerance", tolerance.relative),
            ("absolute_tolerance", tolerance.absolute),
            ("maximum_num_steps", _MOST_STEPS),
        ):
            self._engine.integrator.setValue(key, value)
        for key in _CELLS.findall(sbml):
            least = max(tolerance.absolute, _LEAST_CELLS)
            self._engine.integrator.setIndividualTolerance(key, least)
        self._carried = frozenset(self.amounts)

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
        turns: Turns | None = None,
    ) -> Trajectory:
        """Carry the model from its beginning, time 0, through all `times`.

        Args:
            watched: names of the model, "[name]" for a concentration.
            times: when they are asked for, ascending, none below 0.
            changes: in time; those after the last time are left out.
            numbers: parameters and initial amounts that are not as the model has them; what the model computes from
                them before it begins stays as it was.
            turns: whoever takes turns with the integrator.
        Raises:
            Broken: the integrator fails, a value is no number, an amount falls below 0 or grows beyond everything; it
                names time and value.
            RunError: there is nothing of a name in `numbers`.
        """
        self._begin(numbers)
        asked = np.asarray(times, np.float64)
        due = [change for change in changes if change.time <= asked[-1]]
        taken = [] if turns is None else [time for time in turns.times if time <= asked[-1]]
        if turns is not None:
            self._set(turns.begin(self._engine.getValue))
        self._engine.timeCourseSelections = ["time", *watched]
        rows: list[Array] = []
        before: list[Array] = []
        now: Array | None = None  # the state that the last span has led to
        for span in _spans(asked, due, taken):
            if span.turn and turns is not None:
                self._set(turns.take(span.stops[0], self._engine.getValue))
                now = None
            if span.change is not None:
                before.append(self._state() if now is None else now)
                self._apply(span.change)
            found = self._through(span.stops)
            rows.append(found[span.told])
            now = found[-1]
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
        self._engine.resetToOrigin()
        for name, value in sorted(numbers.items()):
            try:
                self._engine.setValue(name, value)
            except RuntimeError as error:
                raise RunError(Fault(self.name, f"has no '{name}' that could be given a value.")) from error

    def _through(self, stops: list[float]) -> Array:
        """(stops, watched) at each stop, the first of which is now."""
        if len(stops) == 1:
            return self._state()[np.newaxis]
        try:
            return np.array(self._engine.simulate(times=stops), np.float64)[:, 1:]
        except RuntimeError as error:
            time = float(self._engine.model.getTime())
            where = f"{self.name} after time {time:g}"
            fix = "An amount may run away there, or change within no time: see what it depends on."
            fault = Fault(where, f"cannot be integrated: {_told(error)}.", fix)
            raise Broken(fault, time=time) from error

    def _state(self) -> Array:
        return np.array(self._engine.getSelectedValues(), np.float64)[1:]

    def _apply(self, change: Change) -> None:
        for name, amount in sorted(change.added.items()):
            self._engine.setValue(name, self._engine.getValue(name) + amount)
        for name, rate in sorted(change.rates.items()):
            self._engine.setValue(name, rate)

    def _set(self, values: Mapping[str, float]) -> None:
        for name, value in sorted(values.items()):
            self._engine.setValue(name, value)

    def _refuse_nonsense(self, times: Array, values: Array, watched: Sequence[str]) -> None:
        wrong = ~(np.abs(values) <= _MOST)
        carried = [number for number, name in enumerate(watched) if name.strip("[]") in self._carried]
        for column in carried:
            found = values[:, column]
            greatest = float(np.nanmax(np.abs(found), initial=0.0))
            wrong[:, column] |= found < -max(_SPARE * greatest, self._tolerance.absolute)
        if wrong.any():
            column = int(np.flatnonzero(wrong.any(axis=0))[0])
            first = int(np.flatnonzero(wrong[:, column])[0])
            where = f"{self.name} at time {times[first]:g}"
            value = values[first, column]
            problem = f"{watched[column]} is {value:g}, which it cannot be."
            fix = "It runs away: see what it depends on." if abs(value) > _MOST else ""
            raise Broken(Fault(where, problem, fix), time=float(times[first]))


def _configure(settings: Any) -> None:
    """The newer backend loads three times as fast, but ended processes in which kernels are, too.

    Initial values that can be set would double what is compiled; a model begins from its text instead (`_begin`).
    """
    shared = any(name.startswith("opsonin.kernels.") for name in sys.modules)
    settings.setValue(settings.LLVM_BACKEND, settings.MCJIT if shared else settings.LLJIT)
    settings.setValue(settings.LLJIT_OPTIMIZATION_LEVEL, settings.LESS)
    settings.setValue(settings.LOADSBMLOPTIONS_MUTABLE_INITIAL_CONDITIONS, False)


@dataclass(frozen=True)
class _Span:
    """From one change or turn to the next, or to the end.

    Attributes:
        change: at its beginning; None where there is none.
        turn: whether somebody else's turn is at its beginning.
        stops: [min] its beginning, all times that are asked for in it, and its end.
        told: which of the stops are asked for; what a change does at its end is told by the next span.
    """

    change: Change | None
    turn: bool
    stops: list[float]
    told: slice


def _spans(asked: Array, changes: Sequence[Change], turns: Sequence[float] = ()) -> Iterator[_Span]:
    """All spans from time 0 to the last of the times that are asked for."""
    by_time = {change.time: change for change in changes}
    taken = set(turns)
    starts = sorted({0.0, *by_time, *taken})
    times = asked.tolist()
    firsts = [*np.searchsorted(asked, starts).tolist(), len(times)]
    for number, start in enumerate(starts):
        inside = times[firsts[number] : firsts[number + 1]]
        begins = bool(inside) and inside[0] == start
        stops = inside if begins else [start, *inside]
        told = slice(0 if begins else 1, len(stops))
        if number + 1 < len(starts):
            stops = [*stops, starts[number + 1]]
        yield _Span(by_time.get(start), start in taken, stops, told)


@lru_cache(maxsize=4)
def loaded(sbml: str, name: str, tolerance: Tolerance = EXACT) -> Integrator:
    """The model of this text as this process has loaded it: compiling it takes up to a second."""
    return Integrator(sbml, name, tolerance)


def _told(error: Exception) -> str:
    """What the library says, without where in its own source it says so."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (re.split(r"; In |, at llvm", lines[0])[0] if lines else type(error).__name__).rstrip(".")
