"""What an entry says in words beside its numbers: who binds whom, what induces what, in which direction it acts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opsonin.knowledge.library import children
from opsonin.model.sourced import Entry, Sourced

# Told elsewhere, or for pictures.
_NOT_HERE = frozenset({"name", "title", "colour", "note", "family", "label_dose", "also_known_as", "omitted"})


def words(entry: Entry) -> Iterator[tuple[str, str]]:
    """(key, what it says) of every key that holds words or a switch that is on, numbers apart; keys are dotted."""
    yield from _below(entry, "")


def _below(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Sourced):
        return
    if isinstance(node, Entry):
        for key, value in node:
            if key not in _NOT_HERE and (told := _told(value)):
                yield f"{path}{key}", told
    for key, value in (children(node) or {}).items():
        yield from _below(value, f"{path}{key}.")


def _told(value: Any) -> str:
    """Words as they are read; nothing for all else."""
    if value is True:
        return "true"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and value and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return ""
