"""Contacts, death and motion, turn after turn within a coupling step.

One after the other where threads share their loops; in one kernel where there is one thread, as most of the time of a
small tissue would go by between kernels. The bits are the same.
"""

from __future__ import annotations

import numpy as np

from opsonin.core.threads import alone
from opsonin.kernels import turns as kernel
from opsonin.kernels.contacts import Known
from opsonin.kernels.mechanics import Moved
from opsonin.kernels.neighbours import OK
from opsonin.model import tables as column
from opsonin.model.death import TISSUE_RATES
from opsonin.tissue import contacts, death, motion, niche
from opsonin.tissue.tissue import MEDIUM, Tissue


def step(tissue: Tissue, ticks: range, duration: float) -> None:
    """One turn of `duration` [min] from each of `ticks`."""
    if alone(tissue.cells.n):
        in_one(tissue, ticks, duration)
    else:
        one_by_one(tissue, ticks, duration)


def one_by_one(tissue: Tissue, ticks: range, duration: float) -> None:
    """`step` process by process."""
    known = Known.nothing(tissue.cells.n)
    for tick in ticks:
        contacts.step(tissue, tick, duration, known)
        death.step(tissue, tick, duration)
        motion.step(tissue, tick, duration)


def in_one(tissue: Tissue, ticks: range, duration: float) -> None:
    """`step` in one kernel."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    counted = np.zeros((len(ticks), kernel.COUNTED), np.int64)
    scratch = kernel.Scratch(
        tissue.tables.types[cells.kind[:n], column.SHEATH],
        np.flatnonzero(cells.niche[:n]),
        np.empty((3, n)),
        np.empty((3, n)),
        Moved(*np.empty((4, n))),
    )
    space = kernel.Space(tissue.box, tissue.dimension, tissue.boundary == MEDIUM, motion.LIMIT)
    status, process, tick = kernel.take_turns(
        cells,
        n,
        tissue.tables,
        tissue.key,
        tissue.exposure,
        TISSUE_RATES,
        ticks[0],
        duration,
        space,
        scratch,
        Known.nothing(n),
        counted,
    )
    if status != OK:
        _REFUSED[process](status, tick)
    motion.press(tissue, scratch.moved.pressure)
    for hits, eaten, killed, alone_dead in counted.tolist():
        contacts.count(tissue, hits, eaten)
        death.count(tissue, killed, alone_dead)


_REFUSED = {kernel.CONTACTS: contacts.refuse, kernel.NICHE: niche.refuse, kernel.MOTION: motion.refuse}
