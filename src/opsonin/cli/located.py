"""Faults that are found once a scenario has become a tissue, with the line of the scenario that they are about."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from opsonin.core.errors import Fault, InputError


@contextmanager
def locating(scenario: Path) -> Iterator[None]:
    """Put file and line before the key that a fault of this scenario names as its place."""
    try:
        yield
    except InputError as error:
        if not scenario.is_file():
            raise
        text = scenario.read_text(encoding="utf-8")
        raise InputError(*(_located(fault, scenario.name, text) for fault in error.faults)) from error


def _located(fault: Fault, name: str, text: str) -> Fault:
    from opsonin.io.locate import Lines

    data: dict[str, Any] = tomllib.loads(text)
    own = fault.where in data.get("knowledge", {})
    key = ("knowledge", fault.where) if own else tuple(fault.where.split("."))
    line = Lines(text).line(key) if own or key[0] in data else None
    return replace(fault, where=f"{name}:{line}  {fault.where}") if line is not None else fault
