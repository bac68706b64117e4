"""Whose the stored arms of a result are: a folder that was swapped, copied or taken from another run is met at once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.store import layout
from opsonin.store.layout import reading
from opsonin.store.result import Result
from opsonin.store.segments import CHECKPOINT

_ORIGIN = "origin"


def verify_arms(result: Result) -> None:
    """RunError if the last segment of an arm is that of another arm or run; older writers did not say."""
    own = str(result.provenance.get("run_hash"))
    for arm in layout.stored_arms(result.path):
        folder = layout.segment_folder(result.path, arm, layout.segment_count(result.path, arm) - 1)
        told = _origin(folder / CHECKPOINT)
        if told and told[:2] != (own, arm):
            whose = f"arm '{told[1]}'" if told[0] == own else "another run"
            fix = "Restore the folder as the run wrote it, or run the scenario anew."
            raise RunError(Fault(str(folder), f"belongs to {whose}, not to arm '{arm}' of this run.", fix))


def _origin(checkpoint: Path) -> tuple[str, ...]:
    """(run hash, arm, tick) of a checkpoint; nothing where none is told. No other array is read."""
    with reading(checkpoint), checkpoint.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is not a whole archive.")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            return tuple(archive[_ORIGIN].tolist()) if _ORIGIN in archive.files else ()
