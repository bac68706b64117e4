"""Process: effectors engage the targets they touch, hit them, and tire."""

from __future__ import annotations

from typing import Any

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import minutes
from opsonin.kernels.contacts import Found, Known, at_work, engage, nothing_to_do, strike
from opsonin.kernels.neighbours import OK
from opsonin.kernels.neighbours import touched_by as search
from opsonin.laws.mechanics import ADHESION_REACH
from opsonin.tissue.tissue import Tissue

NAME = "contacts"
COLUMNS = ("damage", "bound", "engagement", "activation", "exhaustion", "partner", "phase")

_DAMPING = 0.6


def step(tissue: Tissue, tick: int, duration: float, known: Known | None = None) -> None:
    """Contacts over `duration` [min] from `tick`: propose from the old state, then apply.

    Args:
        known: what the steps before found out, if only contacts, death and motion have gone on since.
    """
    cells, n, drugs = tissue.cells.arrays, tissue.cells.n, tissue.exposure
    effectors = at_work(cells, n, tissue.tables, drugs)
    if nothing_to_do(cells, n, effectors):
        return
    seen, found = (effectors, *touched_by(tissue, effectors, tick)), Found.room(len(effectors))
    known = Known.nothing(n) if known is None else known
    engage(cells, tissue.tables, tissue.key, tick, duration, drugs, seen, found, known)
    count(tissue, *strike(cells, n, tissue.tables, drugs, tick, duration, seen, found))


def count(tissue: Tissue, hits: int, eaten: int) -> None:
    """Note hits, and cells that phagocytes ate."""
    tissue.count("hits", hits)
    tissue.count("kills", eaten)
    tissue.count("eaten", eaten)


def touched_by(tissue: Tissue, effectors: Any, tick: int) -> tuple[Any, Any]:
    """Slots of the cells that each effector touches, as (begin, target): effector e has target[begin[e]:begin[e+1]].

    Membranes meet up to the range of adhesion.
    """
    cells, n = tissue.cells.arrays, tissue.cells.n
    status, begin, target = search(
        effectors,
        cells.x,
        cells.y,
        cells.z,
        cells.radius,
        n,
        ADHESION_REACH,
        tissue.box,
        tissue.dimension,
    )
    if status != OK:
        refuse(status, tick)
    return begin, target


def refuse(status: int, tick: int) -> None:
    """Raise RunError that says what the search for contacts met with, and when."""
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
