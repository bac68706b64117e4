"""Writing a result: created or reopened under a lock, then one committed segment after another.

What goes into a segment is the engine's business.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from opsonin.core.errors import Fault, InputError, RunError
from opsonin.core.provenance import FORMAT_VERSION
from opsonin.store import layout
from opsonin.store.commit import commit_folder, host_errors, make_folder, sweep, write_atomic
from opsonin.store.lock import LOCK_FILE, FolderLock
from opsonin.store.segments import (
    CHECKPOINT,
    Columns,
    Segment,
    checkpoint_bytes,
    encoded,
    read_checkpoint,
    read_segment,
    table_bytes,
)

_BEGINNINGS = frozenset({LOCK_FILE, layout.INPUT, layout.INPUT + ".tmp", layout.PROVENANCE + ".tmp"})


class Writer:
    """The only writer of a result folder for as long as it is open; a context manager.

    Attributes:
        path: the result folder.
        provenance: what rebuilds the run, as stored.
    """

    def __init__(self, out: Path, lock: FolderLock | None, provenance: dict[str, Any]) -> None:
        self.path = out
        self.provenance = provenance
        self._lock = lock  # none where another process holds the result
        self._arms: set[str] = set()  # held

    @classmethod
    def create(cls, out: Path, provenance: dict[str, Any], input_cells: Columns) -> Writer:
        """Begin a result in a new or empty folder.

        Args:
            out: the folder; parents are made.
            provenance: JSON-able; its 'format' is FORMAT_VERSION.
            input_cells: the cells as read, column -> values.
        Raises:
            InputError: `out` is a file or holds something already.
            RunError: another run is about to write there.
            HostError: the folder cannot be written.
            ValueError: provenance of another format, or not JSON-able.
        """
        if provenance.get("format") != FORMAT_VERSION:
            raise ValueError(f"provenance['format'] must be {FORMAT_VERSION}")
        stored = layout.json_bytes(provenance)
        require_unused(out)
        make_folder(out)
        lock = FolderLock(out)
        try:
            require_unused(out)
            sweep(out)
            _write_input(out, input_cells)
            # Last: with the provenance the folder becomes a result; without it, create() may begin again.
            write_atomic(out / layout.PROVENANCE, stored)
        except BaseException:
            lock.release()
            raise
        return cls(out, lock, layout.read_provenance(out))

    @classmethod
    def reopen(cls, out: Path) -> Writer:
        """Go on with a stored result; removes what a killed run left uncommitted.

        Raises:
            RunError: not a result, of another format version, or locked by another run.
            HostError: the folder cannot be written.
        """
        provenance = layout.read_provenance(out)
        lock = FolderLock(out)
        try:
            sweep(out)
        except BaseException:
            lock.release()
            raise
        return cls(out, lock, provenance)

    @classmethod
    def within(cls, out: Path) -> Writer:
        """For a process that goes on with arms of a result that another one holds: see `alone_on`.

        Raises:
            RunError: not a result, or of another format version.
        """
        return cls(out, None, layout.read_provenance(out))

    @contextmanager
    def alone_on(self, arm: str) -> Iterator[None]:
        """Hold one arm: a process that a killed run left behind may be at it for a moment yet.

        Raises:
            RunError: another process holds it.
        """
        folder = layout.arm_folder(self.path, arm)
        make_folder(folder)
        lock = FolderLock(folder)
        self._arms.add(arm)
        try:
            yield
        finally:
            self._arms.discard(arm)
            lock.release()

    def commit(self, arm: str, index: int, segment: Segment) -> None:
        """Store segment `index` (0, 1, 2, ... without a gap) of an arm, as a whole or not at all.

        Raises:
            HostError: disk full, permission denied, ...; earlier segments remain, the run can be resumed.
            ValueError: the index is not the next one, the writer is closed, or the segment is malformed.
        """
        if not (self._held or arm in self._arms):
            raise ValueError("this writer is closed")
        expected = layout.segment_count(self.path, arm)
        if index != expected:
            raise ValueError(f"segment {index} of arm '{arm}' cannot be stored: the next one is {expected}")
        make_folder(layout.arm_folder(self.path, arm))
        commit_folder(layout.segment_folder(self.path, arm, index), encoded(segment))

    def last_segment(self, arm: str) -> int | None:
        """Index of the last committed segment of an arm, None if there is none."""
        count = layout.segment_count(self.path, arm)
        return count - 1 if count else None

    def read_checkpoint(self, arm: str, index: int) -> Columns:
        """The checkpoint of a committed segment; RunError if missing or damaged."""
        return read_checkpoint(layout.segment_folder(self.path, arm, index) / CHECKPOINT)

    def verify(self) -> None:
        """Raise RunError if a committed segment cannot be read, with what to remove so that it is computed again."""
        for arm in layout.stored_arms(self.path):
            for index in range(layout.segment_count(self.path, arm)):
                folder = layout.segment_folder(self.path, arm, index)
                try:
                    read_segment(folder)
                except RunError as error:
                    fix = (
                        f"Restore it; or remove {folder}, those after it and {layout.SUMMARY}: "
                        "`opsonin resume` then computes them again."
                    )
                    raise RunError(*(replace(fault, fix=fix) for fault in error.faults)) from error

    def keep_burn_in(self, frozen: Columns) -> None:
        """Store how far the burn-in is, in place of what was kept of it; HostError if it cannot be written."""
        if not self._held:
            raise ValueError("this writer is closed")
        write_atomic(self.path / layout.BURN_IN, checkpoint_bytes(frozen))

    def burn_in(self) -> Columns | None:
        """What was kept of an unfinished burn-in; RunError if it is damaged."""
        path = self.path / layout.BURN_IN
        try:
            return read_checkpoint(path) if path.is_file() else None
        except RunError as error:
            fix = "Restore it; or remove it: `opsonin resume` then begins the burn-in anew."
            raise RunError(*(replace(fault, fix=fix) for fault in error.faults)) from error

    def forget_burn_in(self) -> None:
        """Time 0 is stored: how it was lived up to is of no more use."""
        with host_errors(self.path / layout.BURN_IN):
            (self.path / layout.BURN_IN).unlink(missing_ok=True)

    def finish(self, summary: dict[str, Any]) -> None:
        """Store the summary, which marks the result as complete; HostError if it cannot be written."""
        if not self._held:
            raise ValueError("this writer is closed")
        write_atomic(self.path / layout.SUMMARY, layout.json_bytes(summary))

    def tell(self, start: dict[str, Any]) -> None:
        """Store what was found before time 0; HostError if it cannot be written."""
        if not self._held:
            raise ValueError("this writer is closed")
        write_atomic(self.path / layout.START, layout.json_bytes(start))

    def close(self) -> None:
        """Let others write; no effect if already closed."""
        if self._lock is not None:
            self._lock.release()

    @property
    def _held(self) -> bool:
        return self._lock is not None and self._lock.held

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _write_input(out: Path, cells: Columns) -> None:
    folder = out / layout.INPUT
    with host_errors(folder):
        if folder.exists():
            shutil.rmtree(folder)
    commit_folder(folder, [(Path(layout.INPUT_CELLS).name, table_bytes(cells))])


def require_unused(out: Path, beginnings: frozenset[str] = _BEGINNINGS) -> None:
    """InputError unless `out` is absent, empty, or holds only the beginning of a run that never started."""
    if out.exists() and not out.is_dir():
        raise InputError(Fault(str(out), "is a file; a result is a folder.", "Choose another name."))
    if not out.is_dir():
        return
    with host_errors(out):
        names = {path.name for path in out.iterdir()}
    if names and not (LOCK_FILE in names and names <= beginnings):
        if layout.PROVENANCE in names:
            fix = f"Choose another folder, or go on with the run stored there: opsonin resume {out}"
        else:
            fix = "Choose another folder."
        raise InputError(Fault(str(out), "the output folder is not empty.", fix))
