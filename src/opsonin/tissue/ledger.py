"""The encounter ledger: what stood between every killer and its target. Changes nothing.

It looks at the contacts with which a coupling step begins, and counts them until it looks again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import minutes
from opsonin.kernels.ledger import AFTER_CHECKPOINTS, FIRST_CHECKPOINT, count_targets, mark_near, tally
from opsonin.kernels.neighbours import OK
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import INDIFFERENT, KILLER
from opsonin.state.ledger import Ledger
from opsonin.tissue.contacts import touched_by
from opsonin.tissue.tissue import Tissue

# Assumed: between centres [um], two to three cell diameters, what a T cell crawls in a quarter of an hour. It decides
# only how what space takes is divided between targets with a killer near and without.
REACH = 30.0


def barriers_of(tissue: Tissue) -> int:
    """How many barriers a contact has."""
    return FIRST_CHECKPOINT + len(tissue.tables.checkpoints) + AFTER_CHECKPOINTS


def empty(tissue: Tissue) -> Ledger:
    """A ledger for this tissue in which nothing is noted yet."""
    return Ledger.of(barriers_of(tissue), len(_decisive(tissue)))


def _decisive(tissue: Tissue) -> Any:
    """Substrates that decide how fit any killer is."""
    tables = tissue.tables
    return np.flatnonzero((tables.fitness["role"][tables.types[:, KILLER] > 0.0] != INDIFFERENT).any(axis=0))


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Note the contacts of this moment for `duration` [min] in the tissue's ledger, if it keeps one."""
    ledger = tissue.ledger
    if ledger is None:
        return
    cells, n, tables = tissue.cells.arrays, tissue.cells.n, tissue.tables
    kills = tables.types[:, KILLER] > 0.0
    killers = (kills[cells.kind[:n]] & (cells.phase[:n] <= COMMITTED)).nonzero()[0]
    begin, touched = touched_by(tissue, killers, tick)
    place = np.empty(n, np.int8)
    status = mark_near(cells, n, killers, REACH, tissue.box, tissue.dimension, place)
    if status != OK:
        where = f"day {minutes(tick) / 1440.0:.3f}, ledger"
        raise RunError(Fault(where, "a cell left the box or is not at a finite place"))
    sums = [np.zeros_like(of) for of in (ledger.lost, ledger.apart, ledger.expected, ledger.losses)]
    unfit = np.zeros(len(tissue.species.substrates))
    contacts = tally(cells, tables, tissue.key, tissue.exposure, killers, begin, touched, place, *sums, unfit)
    far, near, _ = count_targets(cells, n, tables, place)
    time = tissue.weight * duration
    ledger.lost += time * sums[0]
    ledger.apart += time * sums[1]
    ledger.expected += time * sums[2]
    ledger.losses += time * sums[3]
    ledger.unfit += time * unfit[_decisive(tissue)]
    ledger.contact += time * contacts
    ledger.near += time * near
    ledger.far += time * far
