"""A tissue ready to run: built from the plan and relaxed, or thawed from a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.engine import checkpoint, coupling
from opsonin.engine.compile import Course, Plan
from opsonin.state.cells import Cells
from opsonin.state.fields import Fields, grid_shape
from opsonin.tissue import contacts, expression, fate, placement, relaxation, trafficking, transport
from opsonin.tissue.tissue import Tissue

# Fields, molecules and synapses at time 0 depend on each other; each round brings them closer by an order.
_ROUNDS = 6


def blank_tissue(plan: Plan) -> Tissue:
    """The plan's numbers around an empty box."""
    spacing = plan.scenario.numerics.spacing
    shape = grid_shape(plan.box, spacing, plan.dimension)
    molecules, substrates = len(plan.species.molecules), len(plan.species.substrates)
    density = plan.tumour.vessel_density.value
    return Tissue(
        cells=Cells(0, molecules, substrates),
        fields=Fields(substrates, shape, plan.box),
        vessels=placement.vessels_in(plan.key, plan.box, density),
        box=plan.box,
        tables=plan.tables,
        species=plan.species,
        substrates=plan.transports,
        traits=plan.traits,
        arrivals=plan.arrivals,
        vessel_density=density,
        spacing=spacing,
        key=plan.key,
        free=np.ones(molecules),
        growth_scale=plan.growth_scale,
    )


def started(plan: Plan) -> Tissue:
    """The tissue at time 0: placed, relaxed, at equilibrium with its fields, its synapses formed, untreated."""
    tissue = blank_tissue(plan)
    placement.populate(tissue, plan.imaged)
    relaxation.relax(tissue)
    for _ in range(_ROUNDS):
        transport.settle(tissue)
        expression.settle(tissue)
        contacts.meet(tissue)
    transport.settle(tissue)
    trafficking.balance(tissue)
    fate.balance(tissue)
    return tissue


def resumed(plan: Plan, frozen: dict[str, Any], tick: int, course: Course) -> Tissue:
    """The tissue as it was stored at `tick`."""
    tissue = blank_tissue(plan)
    checkpoint.thaw(tissue, frozen)
    coupling.step(tissue, course, tick)
    return tissue
