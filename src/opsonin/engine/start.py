"""A tissue ready to run: built from the plan and relaxed, or thawed from a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from opsonin.core.schedule import minutes
from opsonin.engine import burn_in, checkpoint, coupling, lived
from opsonin.engine.burn_in import Steadiness
from opsonin.engine.compile import Plan
from opsonin.engine.lived import Watch, unwatched
from opsonin.engine.regimens import Course
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.state.cells import Cells
from opsonin.state.exposure import Exposure
from opsonin.state.fields import Fields, grid_shape
from opsonin.tissue import contacts, expression, niche, placement, relaxation, transport
from opsonin.tissue.tissue import MEDIUM, Balance, Tissue

# Fields, molecules and synapses at time 0 depend on each other; each round brings them closer by an order.
_ROUNDS = 6


def blank_tissue(plan: Plan) -> Tissue:
    """The plan's numbers around an empty box."""
    spacing = plan.scenario.numerics.spacing
    shape = grid_shape(plan.box, spacing, plan.dimension)
    molecules, substrates = len(plan.species.molecules), len(plan.species.substrates)
    return Tissue(
        cells=Cells(0, molecules, substrates),
        fields=Fields(substrates, shape, plan.box),
        vessels=replace(plan.vessels),
        box=plan.box,
        tables=plan.tables,
        species=plan.species,
        substrates=plan.transports,
        traits=plan.traits,
        arrivals=plan.arrivals,
        vessel_density=plan.vessels_per_area,
        spacing=spacing,
        key=plan.key,
        exposure=Exposure.none(molecules, len(plan.species.cells), len(plan.species.defects)),
        growth_scale=plan.growth_scale,
        balance=Balance.none(len(plan.species.cells), len(plan.arrivals)),
        boundary=plan.boundary,
    )


def started(plan: Plan, half_way: dict[str, Any] | None = None, watch: Watch = unwatched) -> Tissue:
    """The untreated tissue at time 0: settled, burnt in and balanced; in medium just settled.

    Args:
        half_way: a burn-in of the same plan as `lived.freeze` left it, to go on with.
    """
    done = None
    if half_way is None:
        tissue = settled(plan)
    else:
        tissue = blank_tissue(plan)
        done = lived.thaw(tissue, half_way)
    if plan.boundary == MEDIUM:
        types = tissue.tables.types
        tissue.balance.spontaneous = np.where(
            types[:, column.TUMOUR] > 0.0, 0.0, types[:, column.SPONTANEOUS]
        )
    else:
        tissue.steadiness = burn_in.live_through(plan, tissue, done, watch)
    cells, n = tissue.cells.arrays, tissue.cells.n
    alive = cells.kind[:n][cells.phase[:n] <= COMMITTED]
    tissue.initial = np.bincount(alive, minlength=len(tissue.species.cells)).astype(np.int64)
    return tissue


def placed(plan: Plan) -> Tissue:
    """The cells where they were imaged or drawn, at rest in empty fields."""
    tissue = blank_tissue(plan)
    placement.populate(tissue, plan.imaged, -burn_in.steps(plan) * plan.coupling)
    if plan.boundary != MEDIUM:  # no matrix keeps cells apart there
        niche.assign(tissue, cut=plan.scenario.tissue.generate is None)
    return tissue


def settled(plan: Plan) -> Tissue:
    """The tissue as imaged: placed, relaxed, at equilibrium with its fields, its synapses formed."""
    tissue = placed(plan)
    relaxation.relax(tissue)
    for _ in range(_ROUNDS):
        transport.settle(tissue)
        expression.settle(tissue)
        contacts.meet(tissue)
    transport.settle(tissue)
    return tissue


class Start:
    """Time 0 of all arms: lived up to once, and the same bits for each.

    Attributes:
        frozen: time 0 of another arm, if one is stored; steadiness: None then.
    """

    def __init__(self, plan: Plan, frozen: dict[str, Any] | None = None) -> None:
        self._plan, self._frozen = plan, frozen
        self.steadiness: Steadiness | None = None

    def tissue(self, half_way: dict[str, Any] | None = None, watch: Watch = unwatched) -> Tissue:
        """A tissue at time 0 of its own; how it is lived up to is in `started`."""
        if self._frozen is None:
            tissue = started(self._plan, half_way, watch)
            self._frozen, self.steadiness = checkpoint.freeze(tissue), tissue.steadiness
        tissue = blank_tissue(self._plan)
        checkpoint.thaw(tissue, self._frozen)
        return tissue


def resumed(plan: Plan, frozen: dict[str, Any], tick: int, course: Course) -> Tissue:
    """The tissue as it was stored at `tick`."""
    tissue = blank_tissue(plan)
    checkpoint.thaw(tissue, frozen)
    coupling.step(tissue, course, tick, minutes(plan.coupling))
    return tissue
