"""Where things lie in a result folder, and whether a folder is a result at all.

How segments are encoded is `segments.py`; docs/result-format.md states the layout for other readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from opsonin.core.errors import Fault, OpsoninError, RunError, out_of_memory
from opsonin.core.provenance import FORMAT_VERSION, digest

PROVENANCE = "provenance.json"
SUMMARY = "summary.json"
START = "start.json"
BURN_IN = "burn_in.npz"
INPUT = "input"
INPUT_CELLS = "input/cells.parquet"
ARMS = "arms"
_TABLES = (
    "scenario",
    "versions",
    "observables",
    "barriers",
    "cell_types",
    "molecules",
    "substrates",
    "field_units",
)
_LISTS = ("arms", "processes", "labels", "notes", "replicates", "fields")
_SEGMENT = re.compile(r"\d{6,}")


def arm_folder(out: Path, arm: str) -> Path:
    """The folder of an arm: its name percent-encoded as in an address, a leading dot too."""
    encoded = quote(arm, safe="")
    return out / ARMS / ("%2E" + encoded[1:] if encoded.startswith(".") else encoded)


def segment_folder(out: Path, arm: str, index: int) -> Path:
    return arm_folder(out, arm) / f"{index:06d}"


def stored_arms(out: Path) -> list[str]:
    """Names of the arms that have a committed segment, sorted."""
    folders = (out / ARMS).iterdir() if (out / ARMS).is_dir() else ()
    names = [unquote(folder.name) for folder in folders if folder.is_dir()]
    return sorted(name for name in names if segment_count(out, name))


def segment_count(out: Path, arm: str) -> int:
    """How many segments of an arm are committed; RunError if one in between is missing."""
    folder = arm_folder(out, arm)
    if not folder.is_dir():
        return 0
    indices = {int(path.name) for path in folder.iterdir() if _SEGMENT.fullmatch(path.name)}
    for index in range(len(indices)):
        if index not in indices:
            missing = segment_folder(out, arm, index)
            raise RunError(
                Fault(str(missing), "is missing, yet later segments are there.", "Restore it, or run again.")
            )
    return len(indices)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises on a missing or damaged file into a RunError that names the file."""
    try:
        yield
    except (OpsoninError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise RunError(
            Fault(str(path), "is missing from the result.", "Restore it, or run again.")
        ) from error
    except Exception as error:
        if out_of_memory(error):
            raise MemoryError from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RunError(Fault(str(path), f"cannot be read: {reason}", "Restore it, or run again.")) from error


def read_json(path: Path) -> dict[str, Any]:
    """The table a JSON file holds; RunError if there is none."""
    with reading(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("expected a JSON object")
        return content


def json_bytes(content: dict[str, Any]) -> bytes:
    """JSON as stored: indented, in the order given; ValueError on NaN or infinity."""
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_provenance(out: Path) -> dict[str, Any]:
    """The provenance of a result; RunError if `out` is not one or is of another format version."""
    if not out.is_dir():
        raise RunError(Fault(str(out), "there is no such folder.", "Give the folder that a run wrote (-o)."))
    if not (out / PROVENANCE).is_file():
        raise RunError(
            Fault(
                str(out),
                f"is not an opsonin result: it has no {PROVENANCE}.",
                "Give the folder that a run wrote (-o).",
            )
        )
    provenance = read_json(out / PROVENANCE)
    written = provenance.get("format")
    if written != FORMAT_VERSION:
        raise RunError(
            Fault(
                str(out),
                f"is of result format {written!r}; this opsonin reads format {FORMAT_VERSION}.",
                "Use the opsonin version named in its provenance.json, or run again.",
            )
        )
    wrong = [name for name in _TABLES if not isinstance(provenance.get(name, {}), dict)]
    wrong += [name for name in _LISTS if not isinstance(provenance.get(name, []), list)]
    if wrong:
        problem = f"is damaged: {', '.join(map(repr, wrong))} hold something else than a run writes there."
        raise RunError(Fault(str(out / PROVENANCE), problem, "Restore it, or run again."))
    return provenance


def verify_unchanged(provenance: dict[str, Any], where: str) -> None:
    """Raise RunError if a provenance is not as the run wrote it."""
    content = {key: value for key, value in provenance.items() if key != "run_hash"}
    if digest(content) != provenance.get("run_hash"):
        raise useless(where, "was changed after the run wrote it.")


def useless(where: str, problem: str) -> RunError:
    """What a provenance that cannot be relied on raises."""
    fix = "Restore it, or run the scenario anew into another folder."
    return RunError(Fault(f"{where}/{PROVENANCE}", problem, fix))
