"""Single files that a command writes: never over one that is there, and whole or not at all.

Result folders are the store's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from opsonin.core.errors import Fault, InputError


def faults_of_file(out: Path, fix: str) -> list[Fault]:
    """Why a new file cannot be made there; `fix` is the advice where one is there already."""
    if out.exists() or out.is_symlink():
        return [Fault(str(out), "is there already.", fix)]
    return _faults_of_folder(out)


def require_place(target: Path) -> None:
    """InputError where no file can be there; one that is there is written over."""
    if not target.parent.is_dir():
        raise InputError(Fault(str(target), "there is no such folder to write it into.", "Make it first."))
    if faults := _faults_of_target(target):
        raise InputError(*faults)


def require_suffix(target: Path, suffix: str, kind: str) -> None:
    """As `require_place`; InputError, too, where the name does not end as that of a `kind` of file does."""
    if faults := _faults_of_target(target):
        raise InputError(*faults)
    if target.suffix != suffix:
        fix = f"For example {target.with_suffix(suffix)}."
        raise InputError(Fault(str(target), f"is not the name of a {kind} file.", fix))
    require_place(target)


def require_apart(written: Iterable[Path], read: Iterable[Path] = ()) -> None:
    """InputError where two files that are to be written are one, or one of them is read by the same command."""
    sources, seen = {os.path.realpath(path) for path in read}, set[str]()
    for target in written:
        place = os.path.realpath(target)
        if place in sources:
            raise InputError(
                Fault(str(target), "is read by this command; it would be lost.", "Choose another name.")
            )
        if place in seen:
            raise InputError(Fault(str(target), "is named twice.", "Each needs a file of its own."))
        seen.add(place)


def write_file(out: Path, content: bytes) -> None:
    """Write a file in one step, over an older one, too; InputError if its folder is not there, else HostError."""
    from opsonin.store.commit import write_atomic

    if faults := _faults_of_target(out) or _faults_of_folder(out):
        raise InputError(*faults)
    write_atomic(out, content, kept="")


def _faults_of_target(target: Path) -> list[Fault]:
    from opsonin.store.commit import refused_target

    problem = refused_target(target)
    return [Fault(str(target), problem, "Give the name of a file.")] if problem else []


def _faults_of_folder(out: Path) -> list[Fault]:
    if out.parent.is_dir():
        return []
    return [Fault(str(out), f"there is no folder '{out.parent}'.", "Make it, or choose another place.")]


def shell_word(text: str) -> str:
    """A word of a shell command, in quotes where it needs them."""
    return f"'{text}'" if any(sign in text for sign in " ()&;|<>*?$") else text
