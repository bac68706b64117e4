"""Single files that a command writes: never over one that is there, and whole or not at all.

Result folders are the store's.
"""

from __future__ import annotations

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
    if target.is_dir():
        raise InputError(Fault(str(target), "is a folder.", "Give the name of a file."))


def write_file(out: Path, content: bytes) -> None:
    """Write a file in one step, over an older one, too; InputError if its folder is not there, else HostError."""
    from opsonin.store.commit import write_atomic

    faults = _faults_of_folder(out)
    if out.is_dir():
        faults = [Fault(str(out), "is a folder.", "Give the name of a file.")]
    if faults:
        raise InputError(*faults)
    write_atomic(out, content, kept="")


def _faults_of_folder(out: Path) -> list[Fault]:
    if out.parent.is_dir():
        return []
    return [Fault(str(out), f"there is no folder '{out.parent}'.", "Make it, or choose another place.")]


def shell_word(text: str) -> str:
    """A word of a shell command, in quotes where it needs them."""
    return f"'{text}'" if any(sign in text for sign in " ()&;|<>*?$") else text
