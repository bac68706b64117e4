"""A small stored run that several tests read: two arms of a section of 200 um, stored at 0, 6 and 12 hours."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

import opsonin
from opsonin.store.result import Result
from tissues import CONTROL, NIVOLUMAB, scenario


@lru_cache(maxsize=1)
def small_run() -> Result:
    """The same stored result for all tests of a session; nothing may write to it."""
    asked = scenario(scenario__duration="12 h", arm=[CONTROL, NIVOLUMAB], output__every="6 h")
    return opsonin.run(asked, Path(tempfile.mkdtemp(prefix="opsonin-test-")) / "out", threads=1)
