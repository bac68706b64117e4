"""Process: the window breathes. It follows the volume of its cells and holds the tissue's resting pressure."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from opsonin.laws.window import breath, breathing_time
from opsonin.state.fields import grid_shape
from opsonin.tissue.placement import add_vessel
from opsonin.tissue.tissue import Tissue

NAME = "window"
COLUMNS = ("x", "y", "z")

# Voxels may stretch this far from the wanted spacing before the fields move to another grid.
_DRIFT = 0.15


def measures(tissue: Tissue) -> npt.NDArray[np.float64]:
    """Area of each cell in a section [um2], volume in a block [um3], as mechanics sees it, (n,)."""
    radius = tissue.cells.arrays.radius[: tissue.cells.n]
    return math.pi * radius**2 if tissue.dimension == 2 else 4.0 / 3.0 * math.pi * radius**3


def pressure(tissue: Tissue) -> float:
    """Mean virial pressure of the tissue [1/min]: of every cell, weighted by the space it holds."""
    total = float(np.sum(tissue.cells.arrays.pressure[: tissue.cells.n] * measures(tissue)))
    return total / (tissue.area if tissue.dimension == 2 else tissue.volume)


def step(tissue: Tissue, duration: float) -> None:
    """Grow or shrink the window over `duration` [min]; cells, vessels and fields are carried along."""
    now = float(np.sum(measures(tissue)))
    if now <= 0.0 or tissue.measure <= 0.0:
        return
    tau = breathing_time(tissue.resting_pressure, tissue.growth_scale, tissue.bulk_modulus)
    change = breath(
        math.log(now / tissue.measure),
        pressure(tissue),
        tissue.resting_pressure,
        tissue.bulk_modulus,
        tau,
        duration,
    )
    tissue.measure = now
    stretch(tissue, math.exp(change / tissue.dimension))
    _renew_vessels(tissue)
    _regrid(tissue)


def stretch(tissue: Tissue, factor: float) -> None:
    """Scale the box and all positions in it; substrates keep their amounts."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    cells.x[:n] *= factor
    cells.y[:n] *= factor
    tissue.vessels.x = tissue.vessels.x * factor
    tissue.vessels.y = tissue.vessels.y * factor
    lx, ly, lz = tissue.box
    if tissue.dimension == 3:
        cells.z[:n] *= factor
        lz *= factor
    tissue.box = (lx * factor, ly * factor, lz)
    tissue.fields.box = tissue.box
    tissue.fields.values *= factor**-tissue.dimension
    for axis, name in enumerate("xyz"):
        column = getattr(cells, name)[:n]
        column[column >= tissue.box[axis]] = 0.0  # rounding at the seam


def _renew_vessels(tissue: Tissue) -> None:
    """Growing tissue keeps its vessel density."""
    while tissue.vessels.n + 1 <= tissue.area * tissue.vessel_density:
        add_vessel(tissue.vessels, tissue.key, tissue.box, tissue.vessels.n)


def _regrid(tissue: Tissue) -> None:
    shape = grid_shape(tissue.box, tissue.spacing, tissue.dimension)
    hz, hy, hx = tissue.fields.spacing
    edges = (hx, hy, hz) if tissue.dimension == 3 else (hx, hy)
    strayed = any(abs(edge / tissue.spacing - 1.0) > _DRIFT for edge in edges)
    if strayed and shape != tissue.fields.shape:
        tissue.fields.regrid(shape)
