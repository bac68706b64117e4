"""Process: cells enter the cycle, divide, die, leave and vanish; stroma is renewed as the tissue grows."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.kernels import fate as kernel
from opsonin.kernels.draws import draw_each
from opsonin.laws.cycle import spontaneous_loss
from opsonin.model.phase import COMMITTED, ENTER_CYCLE, NOTHING, RESTING
from opsonin.tissue import apply
from opsonin.tissue.tissue import Tissue

NAME = "fate"

COLUMNS = ("id", "phase", "phase_start", "phase_end", "volume", "base_volume", "radius", "divisions")

_RENEWAL = int(Stream.RENEWAL)


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Propose events for the step of `duration` [min] from `tick`, and carry them out."""
    event, drugs = np.zeros(tissue.cells.capacity, np.int8), tissue.exposure
    kernel.decide(
        tissue.cells.arrays,
        tissue.cells.n,
        tissue.tables,
        tissue.key,
        tick,
        duration,
        tissue.resting_pressure,
        (tissue.balance.hindrance, spontaneous(tissue), drugs.toxic, drugs.let_in, drugs.free),
        event,
    )
    _renew_stroma(tissue, event, tick)
    apply.events(tissue, event[: tissue.cells.n], tick, duration)


def spontaneous(tissue: Tissue) -> Any:
    """(types,) hazard of spontaneous loss now [1/min]: of tumour cells a share of what they produce."""
    balance = tissue.balance
    hazards = balance.spontaneous.copy()
    known = np.flatnonzero(balance.loss_factor)
    if len(known):
        rates = turnover(tissue, known).sum(axis=1)
        for kind in known:
            gross = rates[kind, kernel.ENTRY] / max(rates[kind, kernel.PARTS], 1.0)
            hazards[kind] = spontaneous_loss(balance.loss_factor[kind], gross)
    return hazards


def _renew_stroma(tissue: Tissue, event: Any, tick: int) -> None:
    """As many stroma cells enter the cycle as the density held lacks; whose turn it is, is drawn."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    for kind in np.flatnonzero(tissue.balance.stroma):
        own = (cells.kind[:n] == kind) & (cells.phase[:n] <= COMMITTED)
        parts = np.count_nonzero(own) + np.count_nonzero(own & (cells.phase[:n] == COMMITTED))
        lacking = int(tissue.balance.stroma[kind] * tissue.area - parts)
        waiting = np.flatnonzero(own & (cells.phase[:n] == RESTING) & (event[:n] == NOTHING))
        if lacking > 0 and len(waiting):
            turn = draw_each(tissue.key, cells.id[waiting], tick & 0xFFFFFFFF, _RENEWAL, 0)
            event[waiting[np.argsort(turn, kind="stable")[:lacking]]] = ENTER_CYCLE


def turnover(tissue: Tissue, kinds: Any = slice(None)) -> Any:
    """(types, 2, columns) of `kernels.fate.turnover`: how fast live cells of these types divide and die now."""
    rates, asked = (
        np.empty((len(tissue.tables.types), 2, kernel.COLUMNS)),
        np.zeros(len(tissue.tables.types), bool),
    )
    asked[kinds] = True
    kernel.turnover(
        tissue.cells.arrays,
        tissue.cells.n,
        tissue.tables,
        tissue.resting_pressure,
        tissue.balance.hindrance,
        tissue.exposure.let_in,
        tissue.exposure.free,
        asked,
        rates,
    )
    return rates
