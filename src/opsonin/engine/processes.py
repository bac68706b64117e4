"""How this process starts others of its kind: with the same sources, wherever they were imported from."""

from __future__ import annotations

import os
from pathlib import Path

import opsonin

_SOURCES = str(Path(opsonin.__file__).parent.parent)


def environment() -> dict[str, str]:
    """The variables of a process that runs a module of this very package."""
    paths = [_SOURCES, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
