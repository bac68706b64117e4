"""Process: effectors engage the targets they touch, hit them, and tire."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import minutes
from opsonin.kernels.contacts import Found, engage, strike
from opsonin.kernels.neighbours import FULL, OK, contacts_of
from opsonin.laws.mechanics import ADHESION_REACH
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import CHIMERIC, KILLER, NATURAL
from opsonin.tissue.tissue import Tissue

NAME = "contacts"
COLUMNS = ("damage", "bound", "engagement", "activation", "exhaustion", "partner", "phase")

# Contacts per effector for which room is made at first; a full array is enlarged.
_USUAL_CONTACTS = 16
_DAMPING = 0.6


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Contacts over `duration` [min] from `tick`: propose from the old state, then apply."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    effectors = (_at_work(tissue) & (cells.phase[:n] <= COMMITTED)).nonzero()[0]
    if len(effectors) == 0 and not cells.damage[:n].any() and not cells.bound[:n].any():
        return
    begin, touched = touched_by(tissue, effectors, tick)
    seen, found = (effectors, begin, touched), Found.room(len(effectors))
    drugs = tissue.exposure
    engage(cells, tissue.tables, tissue.key, tick, duration, drugs, seen, found)
    struck, eaten = strike(cells, n, tissue.tables, drugs, tick, duration, seen, found)
    tissue.count("hits", struck)
    tissue.count("kills", eaten)
    tissue.count("eaten", eaten)


def _at_work(tissue: Tissue) -> Any:
    """(n,) cells that may see a target, or did: one that bispecific antibodies let go of comes to rest.

    Those with a chimeric receptor see what a product of the arm was made for. A bystander that nothing
    bridges recognises nothing: looking at its contacts would change nothing.
    """
    cells, n = tissue.cells.arrays, tissue.cells.n
    types, kind = tissue.tables.types, cells.kind[:n]
    sees = (cells.reactive[:n] > 0) | (types[:, NATURAL] > 0.0)[kind] | (cells.activation[:n] > 0.0)
    if tissue.exposure.chimeric.any():
        sees |= (types[:, CHIMERIC] > 0.0)[kind]
    kills = (types[:, KILLER] > 0.0)[kind]
    return kills if tissue.exposure.bridged.any() else sees & kills


def touched_by(tissue: Tissue, effectors: Any, tick: int) -> tuple[Any, Any]:
    """Slots of the cells that each effector touches, as (begin, target): effector e has target[begin[e]:begin[e+1]].

    Membranes meet up to the range of adhesion.
    """
    cells, n = tissue.cells.arrays, tissue.cells.n
    begin = np.empty(len(effectors) + 1, np.int64)
    status, needed = FULL, _USUAL_CONTACTS * len(effectors)
    while status == FULL:
        target = np.empty(needed, np.int64)
        status, needed = contacts_of(
            effectors,
            cells.x,
            cells.y,
            cells.z,
            cells.radius,
            n,
            ADHESION_REACH,
            tissue.box,
            tissue.dimension,
            begin,
            target,
        )
        if status == OK:
            return begin, target
    raise RunError(
        Fault(
            f"day {minutes(tick) / 1440.0:.3f}, contacts",
            f"neighbour search failed with status {status}: a cell left the box or is not at a finite place",
            "This is a numerical fault; try a smaller numerics.motion_step.",
        )
    )


def meet(tissue: Tissue) -> None:
    """At time 0 the synapses seen in the biopsy have lasted: activation comes towards what each contact gives now.

    Only part of the way, for interferon and PD-L1 answer: repeated with them, this settles instead of swinging.
    """
    step(tissue, 0, 0.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    cells.activation[:n] += _DAMPING * (cells.engagement[:n] - cells.activation[:n])
