"""Process: substrates diffuse, decay, and are exchanged with cells and vessels; cells sense the result."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.kernels.diffusion import implicit_step, steady
from opsonin.kernels.exchange import deposit, gradient, sample
from opsonin.kernels.metabolism import exchange
from opsonin.kernels.multigrid import NOT_FINITE, OK, Hierarchy
from opsonin.model import tables as column
from opsonin.tissue import medium
from opsonin.tissue.tissue import MEDIUM, Tissue, Transport

NAME = "transport"

# Substrates x cells that are exchanged at once: memory for as many numbers, twice.
_TOGETHER = 200_000
# The solver stops at this share of the total source; the budget carries the rest.
RESIDUAL = 1e-4
_MAX_CYCLES = 40
# Fields that change nowhere by more than this share in a round are settled.
_SETTLED = 1e-5
# A step whose estimated local error exceeds this share of the field's maximum is taken in halves.
STEP_ERROR = 0.02
_MOST_HALVINGS = 6
# Fields below this share of the largest are not resolved further: it keeps the estimate finite in an empty field.
_FLOOR = 1e-9
# A concentration [nM] below this is none: less than a molecule per litre. A field that nobody feeds would otherwise
# decay to numbers whose squares are no numbers any more.
_NONE = 1e-15

# Peaceman (1978), doi:10.2118/6893-PA: a point sink on a grid acts at this distance, in units of sqrt(hx^2 + hy^2).
_WELL = 0.14
# Least resistance between vessel and voxel, over 1/D: where voxels are so fine that the vessel is resolved.
_LEAST_RESISTANCE = 0.02


def settle(tissue: Tissue, rounds: int = 20) -> None:
    """All substrates at equilibrium with the cells as they are; for time 0."""
    for _ in range(rounds):
        before = tissue.fields.values.copy()
        for index, loss, source in exchanges(tissue):
            _solve_steady(tissue, index, tissue.substrates[index], loss, source)
        sense(tissue)
        if np.all(np.abs(tissue.fields.values - before) <= _SETTLED * np.abs(before)):
            return


def step(tissue: Tissue, duration: float) -> None:
    """Advance all substrates by `duration` [min] and let the cells sense them."""
    for index, loss, source in exchanges(tissue):
        if tissue.substrates[index].steady:
            _solve_steady(tissue, index, tissue.substrates[index], loss, source)
        else:
            _advance(tissue, index, loss, source, duration, 0)
    sense(tissue)


def vessel_conductance(substrate: Transport, spacing: tuple[float, float, float], length: float) -> float:
    """Exchange of one vessel of `length` [um] with the voxel it crosses [um3/min].

    Wall resistance and the part of the diffusion field that the voxel cannot resolve, in series; the latter
    (Peaceman's well) makes the supply independent of the grid.
    """
    if substrate.wall_permeability <= 0.0:
        return 0.0
    wall = 1.0 / (substrate.wall_radius * substrate.wall_permeability)
    _, hy, hx = spacing
    around = math.log(_WELL * math.hypot(hx, hy) / substrate.wall_radius) / substrate.diffusivity
    return 2.0 * math.pi * length / max(wall + around, _LEAST_RESISTANCE / substrate.diffusivity)


def exchanges(tissue: Tissue) -> Iterator[tuple[int, Any, Any]]:
    """Of every substrate its index, and its loss rate [1/min] and source [concentration/min] in each voxel.

    From what the cells felt last: which field is solved first is of no matter. Several at once where the tissue is
    small, as finding a cell's voxels costs more than adding to them; one by one where it is large, for memory.
    """
    count = len(tissue.substrates)
    together = max(1, min(count, _TOGETHER // max(tissue.cells.n, 1)))
    for first in range(0, count, together):
        losses, sources = _exchanged(tissue, range(first, min(first + together, count)))
        for row, (loss, source) in enumerate(zip(losses, sources, strict=True)):
            yield first + row, loss, source


def _exchanged(tissue: Tissue, those: range) -> tuple[Any, Any]:
    """Loss rates and sources of these substrates in every voxel, (substrates, nz, ny, nx) each."""
    cells, n, fields = tissue.cells.arrays, tissue.cells.n, tissue.fields
    count = len(those)
    amounts = np.empty((2 * count, n))
    exchange(cells, n, tissue.tables, tissue.exposure.free, those.start, amounts[:count], amounts[count:])
    terms = np.zeros((2 * count, *fields.shape))
    deposit(cells.x, cells.y, cells.z, amounts, n, tissue.box, terms)
    losses, sources = terms[:count], terms[count:]
    _add_vessels(tissue, those, losses, sources)
    terms /= fields.voxel_volume
    for row, index in enumerate(those):
        substrate, loss, source = tissue.substrates[index], losses[row], sources[row]
        if tissue.boundary == MEDIUM:
            rate = medium.exchange_rate(tissue, substrate)
            loss += rate
            source += rate * (substrate.medium + tissue.supplied[index])
        loss += substrate.decay
        source[source < _NONE * loss] = 0.0
    return losses, sources


def _add_vessels(tissue: Tissue, those: range, losses: Any, sources: Any) -> None:
    """What each vessel takes and brings [um3/min], in the voxels of every plane that it crosses."""
    fields = tissue.fields
    _, ny, nx = fields.shape
    up = np.minimum((tissue.vessels.y / tissue.box[1] * ny).astype(np.int64), ny - 1)
    across = np.minimum((tissue.vessels.x / tissue.box[0] * nx).astype(np.int64), nx - 1)
    crossed = np.zeros((ny, nx))
    np.add.at(crossed, (up, across), 1.0)
    for row, index in enumerate(those):
        substrate, loss, source = tissue.substrates[index], losses[row], sources[row]
        conductance = vessel_conductance(substrate, fields.spacing, fields.spacing[0])
        if conductance > 0.0:
            loss += conductance * crossed
            source += conductance * (substrate.blood + tissue.supplied[index]) * crossed


def _hierarchy(tissue: Tissue) -> Hierarchy:
    if tissue.hierarchy is None or tissue.hierarchy.shape != tissue.fields.shape:
        tissue.hierarchy = Hierarchy.of(tissue.fields.shape, tissue.fields.spacing)
    return tissue.hierarchy


def _solve_steady(tissue: Tissue, index: int, substrate: Transport, loss: Any, source: Any) -> None:
    status, _, residual = steady(
        _hierarchy(tissue),
        tissue.fields.values[index],
        loss,
        source,
        substrate.diffusivity,
        tissue.fields.spacing,
        RESIDUAL,
        _MAX_CYCLES,
    )
    _require(status, substrate, residual)


def _advance(tissue: Tissue, index: int, loss: Any, source: Any, duration: float, halvings: int) -> None:
    """One implicit step, or two of half the length where its error estimate is too large."""
    substrate, fields = tissue.substrates[index], tissue.fields
    old, old_rate = fields.values[index], fields.rates[index]
    new, rate = np.empty_like(old), np.empty_like(old)
    gain = source * duration / (1.0 + loss * duration)
    reference = max(float(old.max()), float(gain.max()), _FLOOR)
    status, _, residual, error = implicit_step(
        _hierarchy(tissue),
        old,
        old_rate,
        new,
        rate,
        loss,
        source,
        substrate.diffusivity,
        fields.spacing,
        duration,
        reference,
        RESIDUAL,
        _MAX_CYCLES,
    )
    _require(status, substrate, residual)
    if error > STEP_ERROR and halvings < _MOST_HALVINGS:
        _advance(tissue, index, loss, source, 0.5 * duration, halvings + 1)
        _advance(tissue, index, loss, source, 0.5 * duration, halvings + 1)
        return
    new[new < _NONE] = 0.0
    fields.values[index] = new
    fields.rates[index] = rate


def _require(status: int, substrate: Transport, residual: float) -> None:
    if status == OK:
        return
    what = "is not finite" if status == NOT_FINITE else f"did not converge (residual {residual:.3g})"
    raise RunError(
        Fault(
            f"field '{substrate.name}'",
            f"the solution {what} within {_MAX_CYCLES} multigrid cycles.",
            "This is a numerical fault; try another numerics.spacing or a smaller numerics.coupling_step.",
        )
    )


def sense(tissue: Tissue) -> None:
    """Every cell feels the substrates where it is."""
    cells, n, values = tissue.cells.arrays, tissue.cells.n, tissue.fields.values
    sample(cells.x, cells.y, cells.z, n, tissue.box, values, cells.signal)
    _sense_slope(tissue, values[tissue.tables.attractant])


def _sense_slope(tissue: Tissue, field: Any) -> None:
    """Gradient of the attractant at the cells that crawl."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    crawlers = np.flatnonzero(tissue.tables.types[cells.kind[:n], column.SPEED] > 0.0)
    x, y, z = cells.x[crawlers], cells.y[crawlers], cells.z[crawlers]
    slope = np.empty((3, len(crawlers)))
    gradient(x, y, z, len(crawlers), tissue.box, field, slope[2], slope[1], slope[0])
    cells.gradient[:, crawlers] = slope
