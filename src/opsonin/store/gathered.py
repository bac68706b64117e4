"""Several results in one folder, read as one: what all of them share, and how they are begun and finished together.

What the parts are, and what they come to together, is said by `patient.py` (fields) and `ensemble.py` (replicates).
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np

from opsonin.core.errors import Fault, InputError, RunError, did_you_mean
from opsonin.store import layout
from opsonin.store.commit import host_errors, make_folder, sweep, write_atomic
from opsonin.store.lock import LOCK_FILE, FolderLock
from opsonin.store.result import Result
from opsonin.store.segments import Array, Columns
from opsonin.store.writer import require_unused

if TYPE_CHECKING:
    import pandas
    import xarray


class Parts(dict[str, Result]):
    """The parts of a result by name; InputError for a name that is not there."""

    def __init__(self, kind: str, path: Path) -> None:
        super().__init__()
        self._kind, self._path = kind, path

    def __missing__(self, name: object) -> NoReturn:
        fix = (
            f"{did_you_mean(str(name), self)} Names are texts: by_{self._kind}['{next(iter(self), '...')}']."
        )
        raise InputError(Fault(str(self._path), f"there is no {self._kind} {name!r}.", fix))


class Gathered(Result, ABC):
    """A result whose parts are results. Curves are over all of them; cells and maps are those of a part.

    Attributes:
        kind: what a part is: 'field' or 'replicate'.
        together: what all parts are, in words.
    """

    kind: ClassVar[str]
    together: ClassVar[str]

    def _extent(self) -> str:
        return f"{len(self.provenance[plural(self.kind)])} {plural(self.kind)}, "

    def _instead(self, kind: str) -> str:
        first = next(iter(self.parts), "...")
        return f"It is of several {plural(self.kind)}: ask one of them, by_{self.kind}['{first}'], for its {kind}s."

    @cached_property
    def parts(self) -> dict[str, Result]:
        """The result of each part by its name, in order.

        Raises:
            RunError: one is missing, or is not the one that this result began with.
        """
        found = Parts(self.kind, self.path)
        for entry in self.provenance[plural(self.kind)]:
            path = self.path / entry["folder"]
            if not (path / layout.PROVENANCE).is_file():
                problem = f"{called(self.kind, entry['name'])} of this {self.together} is not there."
                raise RunError(Fault(str(path), problem, "Restore the folder, or run the scenario anew."))
            result = Result.open(path)
            if result.provenance.get("run_hash") != entry["run_hash"]:
                problem = (
                    f"is not the run of {self.kind} '{entry['name']}' that this {self.together} began with."
                )
                raise RunError(Fault(str(path), problem, "Restore the folder, or run the scenario anew."))
            found[entry["name"]] = result
        return found

    @property
    def arms(self) -> list[str]:
        """Arms with a stored time in at least one part, in the order of the scenario."""
        planned = [arm["name"] for arm in self.provenance["scenario"]["arm"]]
        return [arm for arm in planned if any(arm in part.arms for part in self.parts.values())]

    @property
    def complete(self) -> bool:
        """True once all has ended, and while every part is whole: the arms are theirs."""
        return (self.path / layout.SUMMARY).is_file() and all(part.complete for part in self.parts.values())

    @property
    def start(self) -> dict[str, Any] | None:
        """None: what was found before time 0 is each part's own."""
        return None

    @property
    @abstractmethod
    def spread(self) -> xarray.Dataset:
        """How the parts differ: dimensions (statistic, arm, time)."""

    @cached_property
    def each(self) -> xarray.Dataset:
        """The observables of every part, of dimensions (`kind`, arm, time); NaN where one was not observed."""
        import xarray

        parts = {name: part.observables for name, part in self.parts.items()}
        joined = xarray.concat(list(parts.values()), dim=self.kind, join="outer", combine_attrs="override")
        joined = joined.assign_coords({self.kind: np.array(list(parts), dtype=object)})
        return joined.reindex(arm=np.array(self.arms, dtype=object)).transpose(self.kind, "arm", "time")

    def times(self, arm: str | None = None) -> Array:
        """Stored times [min] that all parts have, of an arm or of every arm."""
        each = [set(part.times(arm)) if arm in (None, *part.arms) else set() for part in self.parts.values()]
        return np.array(sorted(set.intersection(*each)))

    def input_cells(self) -> Columns:
        self._refuse()

    def cells(self, time: str | float, arm: str | None = None) -> pandas.DataFrame:
        """The cells of all parts at a stored time, with a first column named after their kind; else as `Result`."""
        import pandas

        tables = []
        for name, part in self.parts.items():
            try:
                table = part.cells(time, arm)
            except InputError as error:
                if not part.complete:  # others may have it
                    raise
                raise InputError(*(replace(fault, where=str(self.path)) for fault in error.faults)) from error
            table.insert(0, self.kind, name)
            tables.append(table)
        return pandas.concat(tables, ignore_index=True)

    def joined(self, arm: str, file: str) -> Columns:
        self._refuse()

    def _ticks(self, arm: str | None) -> list[int]:
        self._refuse()

    def _refuse(self) -> NoReturn:
        names = list(self.parts)
        problem = (
            f"holds {len(names)} {plural(self.kind)}, each with cells, substrates and traces of its own."
        )
        raise InputError(Fault(str(self.path), problem, f"Ask one of them: by_{self.kind}['{names[0]}']."))


def called(kind: str, name: str) -> str:
    """A part in words, as messages name it: fields have names that say what they are."""
    return name if kind == "field" else f"{kind} {name}"


def plural(kind: str) -> str:
    """The parts: the name of their folder, and of their list in the provenance."""
    return f"{kind}s"


def part_folder(kind: str, index: int) -> str:
    """Where the part at `index` lies, relative to the whole."""
    return f"{plural(kind)}/{index + 1:03d}"


@contextmanager
def gathering(out: Path, kind: str) -> Iterator[dict[str, Any]]:
    """While entered, the parts are begun under `out`; a clean exit makes them one result.

    Yields:
        the provenance, to be filled before the exit.
    Raises:
        InputError: `out` is a file or holds something already. RunError: another run is about to write there.
        HostError: it cannot be written.
    """
    beginnings = frozenset({LOCK_FILE, plural(kind), layout.PROVENANCE + ".tmp"})
    require_unused(out, beginnings)
    make_folder(out)
    lock = FolderLock(out)
    try:
        require_unused(out, beginnings)
        sweep(out)
        with host_errors(out):
            shutil.rmtree(out / plural(kind), ignore_errors=True)
        provenance: dict[str, Any] = {}
        yield provenance
        write_atomic(out / layout.PROVENANCE, layout.json_bytes(provenance))
    finally:
        lock.release()


@contextmanager
def going_on(result: Gathered) -> Iterator[None]:
    """While entered, the parts are continued, and the whole is closed to other writers."""
    lock = FolderLock(result.path)
    try:
        sweep(result.path)
        yield
    finally:
        lock.release()


def finish(out: Path, summary: dict[str, Any]) -> None:
    """Store the summary, which marks the whole as complete; HostError if it cannot be written."""
    write_atomic(out / layout.SUMMARY, layout.json_bytes(summary))
