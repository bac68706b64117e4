"""One writer at a time: an exclusive flock in the output folder; it ends with the process, however that dies.

Readers take no lock: nothing that is committed is ever rewritten.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from opsonin.core.errors import Fault, RunError
from opsonin.store.commit import host_errors

LOCK_FILE = ".lock"
_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


class FolderLock:
    """Held from construction to `release`; RunError if another run holds it, HostError if none can be had."""

    def __init__(self, out: Path) -> None:
        path = out / LOCK_FILE
        with host_errors(path):
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self.release()
                if error.errno not in _TAKEN:
                    raise
                fault = Fault(str(out), "is being written by another run.", "Wait for it, or stop it first.")
                raise RunError(fault) from error

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def release(self) -> None:
        """Let the next writer in; no effect if already released."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
