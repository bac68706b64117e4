"""The loop, and only the loop.

One coupling step from tick t to t + dt; each process reads the state that the one before left:

    pharmacology   drugs in blood -> share of each receptor that is free          (engine.coupling)
    transport      cells and vessels -> substrates -> signals at cells            (tissue.transport)
    expression     signals -> molecules                                          (tissue.expression)
    costimulation  cells that present -> T cells that touch them                 (tissue.costimulation)
    ledger         once an hour: what stands between killers and targets   (tissue.ledger)
    repeat dt / motion_step times:                                               (tissue.turns)
        contacts   synapses -> hits, exhaustion                                  (tissue.contacts)
        death      hits, priming -> caspases -> kills                            (tissue.death)
        motion     headings, crawling, pushing and pulling                       (tissue.motion)
    fate           cycle, division, death, exit, clearance                       (tissue.fate, tissue.apply)
    trafficking    arrivals at vessels, and cells of products                    (tissue.trafficking, tissue.infusion)
    window         box follows its cells and stays at their pressure at rest     (tissue.window)
    extent         a doubled box is cropped, a narrow one tiled                  (tissue.extent)

Between them it is booked who came, left, died and divided, where a patient is around the tissue (tissue.accounts).
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from opsonin.core.schedule import minutes
from opsonin.engine import coupling
from opsonin.engine.compile import Plan
from opsonin.engine.regimens import Course
from opsonin.tissue import (
    accounts,
    contacts,
    costimulation,
    death,
    expression,
    extent,
    fate,
    infusion,
    ledger,
    motion,
    trafficking,
    transport,
    turns,
    window,
)
from opsonin.tissue.integrity import check_state
from opsonin.tissue.tissue import ARRIVED, BROUGHT, DIED, Tissue


def advance(
    plan: Plan, course: Course, tissue: Tissue, tick: int, record: Callable[[Tissue, ModuleType, int], None]
) -> None:
    """One coupling step from `tick`; `record` hears of every process as it ends."""
    duration = minutes(plan.coupling)
    coupling.step(tissue, course, tick, duration)
    record(tissue, coupling, tick)
    transport.step(tissue, duration)
    record(tissue, transport, tick)
    expression.step(tissue, tick, duration)
    record(tissue, expression, tick)
    costimulation.step(tissue, tick, duration)
    record(tissue, costimulation, tick)
    if tick % plan.look == 0:
        ledger.step(tissue, tick, minutes(min(plan.look, plan.duration - tick)))
    turns.step(tissue, range(tick, tick + plan.coupling, plan.motion), minutes(plan.motion))
    accounts.book(tissue, DIED)
    record(tissue, contacts, tick)
    record(tissue, death, tick)
    record(tissue, motion, tick)
    fate.step(tissue, tick, duration)
    record(tissue, fate, tick)
    trafficking.step(tissue, tick, duration)
    accounts.book(tissue, ARRIVED)
    infusion.step(tissue, tick, duration)
    record(tissue, trafficking, tick)
    window.step(tissue, duration)
    record(tissue, window, tick)
    extent.step(tissue, tick + plan.coupling)
    accounts.book(tissue, BROUGHT)
    record(tissue, extent, tick)
    check_state(tissue, tick + plan.coupling)
