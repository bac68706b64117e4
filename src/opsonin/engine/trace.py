"""State hashes: after every process of every coupling step, so that `diff` can name the first that diverges."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from opsonin.engine import coupling
from opsonin.kernels.digest import digest_rows, digest_words
from opsonin.tissue import (
    contacts,
    costimulation,
    death,
    expression,
    extent,
    fate,
    motion,
    trafficking,
    transport,
    window,
)
from opsonin.tissue.tissue import Tissue

# The order of the loop; the index is what the trace stores.
PROCESSES: tuple[ModuleType, ...] = (
    coupling,
    transport,
    expression,
    costimulation,
    contacts,
    death,
    motion,
    fate,
    trafficking,
    window,
    extent,
)
NAMES = tuple(str(module.NAME) for module in PROCESSES)


class Trace:
    """Hashes since the last stored time."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int]] = []

    def record(self, tissue: Tissue, module: ModuleType, tick: int) -> None:
        """Hash what a process may have written, at the end of its turn in the coupling step that starts at `tick`."""
        self._rows.append((tick, PROCESSES.index(module), state_hash(tissue, module)))

    def drain(self) -> dict[str, Any]:
        """The rows so far as columns, and start anew."""
        rows, self._rows = self._rows, []
        return {
            "tick": np.array([row[0] for row in rows], np.int64),
            "process": np.array([row[1] for row in rows], np.int16),
            "hash": np.array([row[2] for row in rows], np.uint64),
        }


def state_hash(tissue: Tissue, module: ModuleType) -> int:
    """Digest of the part of the state that a process writes."""
    if module is coupling:
        parts = [np.array(part.tolist(), np.float64).ravel() for part in tissue.exposure]  # records, too
        return int(digest_words(_words(np.concatenate(parts)), 0))
    if module is transport:
        return int(digest_words(_words(tissue.fields.values), 0))
    n = tissue.cells.n
    total = 0
    for index, name in enumerate(module.COLUMNS):
        column = getattr(tissue.cells.arrays, name)
        if module is costimulation and name == "level":
            column = column[np.unique(tissue.tables.competing["ligand"])]  # it writes no other
        if column.ndim == 2:
            total ^= int(digest_rows(column.view(np.uint64), n, index * 64 + 1))
        else:
            total ^= int(digest_words(_words(column[:n]), index * 64 + 1))
    return total


def _words(values: Any) -> Any:
    flat = values.reshape(-1)
    return flat.view(np.uint64) if flat.dtype.itemsize == 8 else flat.astype(np.uint64)
