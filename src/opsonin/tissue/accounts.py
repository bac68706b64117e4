"""Accounts of who came, left, died and divided, for a patient around the tissue. No process lives here.

Live cells are counted between processes: what a process changed is booked as what it does. Only where one process does
several things, as `apply.events`, it says itself what it did.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.model.phase import (
    COMMITTED,
    DIE_APOPTOTIC,
    DIE_NECROTIC,
    DIE_POISONED,
    DIVIDE,
    LEAVE,
)
from opsonin.tissue.tissue import ARRIVED, BROUGHT, DIED, DIVIDED, LEFT, Accounts, Tissue

_LOSSES = (LEFT, DIED)
_SAID = (
    (LEFT, (LEAVE,)),
    (DIED, (DIE_APOPTOTIC, DIE_NECROTIC, DIE_POISONED)),
    (DIVIDED, (DIVIDE,)),
)


def begin(tissue: Tissue) -> None:
    """Open accounts in which nothing is booked yet."""
    live = census(tissue)
    tissue.accounts = Accounts(live, np.zeros((*live.shape, BROUGHT + 1)))


def census(tissue: Tissue) -> Any:
    """(types, 2) live cells that this window stands for; [.., 1] those whose receptor matches the tumour."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    return _counted(tissue, cells.phase[:n] <= COMMITTED)


def book(tissue: Tissue, what: int) -> None:
    """Book as `what` all that has changed since anything was booked, if accounts are kept."""
    accounts = tissue.accounts
    if accounts is not None:
        live = census(tissue)
        accounts.passed[..., what] += (live - accounts.live) * (-1.0 if what in _LOSSES else 1.0)
        accounts.live = live


def book_events(tissue: Tissue, event: Any) -> None:
    """Book the events of a step that are about to be carried out, (n,), if accounts are kept."""
    accounts = tissue.accounts
    if accounts is None:
        return
    for what, which in _SAID:
        cells = _counted(tissue, np.isin(event, which))
        accounts.passed[..., what] += cells
        accounts.live = accounts.live + (-cells if what in _LOSSES else cells)


def book_brought(tissue: Tissue, kind: int, cells: int) -> None:
    """Book that so many of the matching cells that arrive now come of no clones of the body."""
    if tissue.accounts is not None and cells:
        tissue.accounts.passed[kind, 1, BROUGHT] += tissue.weight * cells
        tissue.accounts.passed[kind, 1, ARRIVED] -= tissue.weight * cells


def _counted(tissue: Tissue, which: Any) -> Any:
    """(types, 2) of the cells of a mask (n,)."""
    cells, types = tissue.cells.arrays, len(tissue.species.cells)
    slots = np.flatnonzero(which)
    rows = 2 * cells.kind[slots].astype(np.int64) + (cells.reactive[slots] > 0)
    return tissue.weight * np.bincount(rows, minlength=2 * types).reshape(types, 2)
