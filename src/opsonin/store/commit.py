"""Durable writing: a file or folder is there as a whole or not at all, whatever kills the process.

What the bytes mean is not known here.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opsonin.core.errors import Fault, HostError

Content = bytes | memoryview

KEPT = "What was stored before, if anything, is intact: `opsonin resume` goes on with a run."
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_UNFINISHED_SEGMENT = re.compile(r"\d{6,}\.tmp")


@contextmanager
def host_errors(place: Path, kept: str = KEPT) -> Iterator[None]:
    """Turn an operating-system error met while writing `place` into a HostError in plain words; `kept`: what stays."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            problem, fix = "the disk (or the quota) is full", "Free some space."
        elif error.errno in _FORBIDDEN:
            problem, fix = "permission denied", "Choose a folder you may write to."
        elif error.errno == errno.EROFS:
            problem, fix = "its file system is read-only", "Choose a folder you may write to."
        else:
            problem, fix = error.strerror or str(error), "Choose another folder."
        raise HostError(
            Fault(str(place), f"cannot be written: {problem}.", f"{fix} {kept}".strip())
        ) from error


def refused_target(path: Path) -> str:
    """Why no file can take the place of what is at `path`; "" where one can. A pipe or a device would be gone."""
    if path.is_dir():
        return "is a folder."
    if path.exists() and not path.is_file():
        return "is a pipe or a device, not a file."
    return ""


def write_atomic(path: Path, data: Content, kept: str = KEPT, *, locked: bool = True) -> None:
    """Replace the file `path` by `data` in one step that survives a power cut; raises HostError.

    Args:
        kept: what stays if it fails, or what to do then; locked: no other process can be writing it.
    """
    with host_errors(path, kept):
        if problem := refused_target(path):
            raise HostError(Fault(str(path), problem, f"Choose the name of a file. {kept}".strip()))
        target = Path(os.path.realpath(path))  # what a link leads to is replaced, not the link
        unfinished = target.with_name(f"{target.name}.tmp" if locked else f"{target.name}.{os.getpid()}.tmp")
        try:
            unfinished.write_bytes(data)
            _sync(unfinished)
            unfinished.replace(target)
        except OSError:
            with suppress(OSError):  # what keeps it from being written may keep it from being removed
                unfinished.unlink(missing_ok=True)
            raise
        _sync(target.parent)


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents durably, if absent; raises HostError."""
    with host_errors(folder):
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for place in missing:
            _sync(place.parent)


def commit_folder(folder: Path, files: Iterable[tuple[str, Content]]) -> None:
    """Write `files` (relative path, content) into a new `folder`: the rename is the commit.

    Raises HostError; the space taken by the attempt is given back first.
    """
    unfinished = folder.with_name(folder.name + ".tmp")
    with host_errors(folder):
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            for name, data in files:
                path = unfinished / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            for path in sorted(unfinished.rglob("*")):
                _sync(path)
            _sync(unfinished)
            unfinished.rename(folder)
        except OSError:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        _sync(folder.parent)


def sweep(out: Path) -> None:
    """Remove what a killed run had not committed: unfinished files of `out`, unfinished segments."""
    with host_errors(out):
        for path in out.glob("*.tmp"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in out.glob("arms/*/*.tmp"):
            if _UNFINISHED_SEGMENT.fullmatch(path.name):
                shutil.rmtree(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
