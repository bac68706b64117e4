"""What the shell offers when a word of a command is half written: names of the knowledge base, arms of a result.

Files are listed, nothing is loaded: an answer has to come faster than the next key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import typer

_LIBRARY = Path(__file__).resolve().parents[1] / "knowledge" / "library"
FOLDERS = {  # of a kind; the library has the same, but takes too long to load
    "substrate": "substrates",
    "molecule": "molecules",
    "cell": "cells",
    "interaction": "interactions",
    "drug": "drugs",
    "defect": "defects",
    "tumour": "tumours",
    "geometry": "geometries",
    "immunity": "immunity",
    "label": "labels",
}
_NAME = re.compile(r'^name\s*=\s*"([^"]+)"', re.MULTILINE)


def kinds(incomplete: str) -> list[str]:
    """Kinds of entries: drugs, cells, ..."""
    return _beginning(incomplete, (folder.name for folder in _LIBRARY.iterdir() if folder.is_dir()))


def entries(incomplete: str) -> list[str]:
    """Names of all entries; once there is a dot, with their kind before it."""
    kind, dot, _ = incomplete.partition(".")
    if not dot:
        return _beginning(incomplete, _names("*"))
    return _beginning(incomplete, (f"{kind}.{name}" for name in _names(FOLDERS.get(kind, ""))))


def label_maps(incomplete: str) -> list[str]:
    return _beginning(incomplete, _names("labels"))


def arms(ctx: typer.Context, incomplete: str) -> list[str]:
    """Arms of the result that the command line names."""
    return _of_result(ctx, "arms", incomplete)


def fields(ctx: typer.Context, incomplete: str) -> list[str]:
    """Its fields; in each replicate they are the same."""
    return _of_result(ctx, "fields", incomplete)


def replicates(ctx: typer.Context, incomplete: str) -> list[str]:
    return _of_result(ctx, "replicates", incomplete)


def _of_result(ctx: typer.Context, what: str, incomplete: str) -> list[str]:
    """Names of what its provenance lists under `what`."""
    for word in (
        ctx.params.get("result"),
        ctx.params.get("out"),
        *ctx.args,
    ):  # before an option without its value, words are in `args`
        try:
            told = json.loads((Path(str(word)) / "provenance.json").read_bytes())
            return _beginning(incomplete, (str(item["name"]) for item in told[what]))
        except (OSError, ValueError, LookupError, TypeError):
            continue
    return []


def _names(folder: str) -> Iterator[str]:
    for file in _LIBRARY.glob(f"{folder}/*.toml"):
        named = _NAME.search(file.read_text(encoding="utf-8"))
        yield named[1] if named else file.stem


def _beginning(incomplete: str, names: Iterator[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
