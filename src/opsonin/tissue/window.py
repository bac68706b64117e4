"""Process: the window breathes. It follows the volume of its cells and stays at the tissue's resting pressure.

That is the pressure of the cells as they are now at the packing of time 0. So a window that loses most of its cells
closes up, whoever is left in it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from opsonin.laws.window import breath, breathing_time, followed_pressure, pressure_at_rest
from opsonin.state.fields import grid_shape
from opsonin.tissue.placement import add_vessel, vessel_fraction
from opsonin.tissue.tissue import WINDOW, Tissue

NAME = "window"
COLUMNS = ("x", "y", "z")

# Voxels may stretch this far from the wanted spacing before the fields move to another grid.
_DRIFT = 0.15
# A vessel closes once the tissue is too small for it by this share of a vessel: none opens and closes in turn.
_SLACK = 0.25
_LEAST_PRESSURE = 1e-9


def measures(tissue: Tissue) -> npt.NDArray[np.float64]:
    """Area of each cell in a section [um2], volume in a block [um3], as mechanics sees it, (n,)."""
    radius = tissue.cells.arrays.radius[: tissue.cells.n]
    return math.pi * radius**2 if tissue.dimension == 2 else 4.0 / 3.0 * math.pi * radius**3


def pressure(tissue: Tissue) -> float:
    """Mean virial pressure of the tissue [1/min]: of every cell, weighted by the space it holds."""
    return float(np.sum(tissue.cells.arrays.pressure[: tissue.cells.n] * measures(tissue))) / tissue.space


def packing(tissue: Tissue) -> float:
    """Space of all cells, corpses included, over the space of the box [-]; 1 - packing / resting_packing is void."""
    return float(np.sum(measures(tissue))) / tissue.space


def step(tissue: Tissue, duration: float) -> None:
    """Grow or shrink the window over `duration` [min]; cells, vessels and fields are carried along."""
    now = float(np.sum(measures(tissue)))
    if tissue.boundary != WINDOW or now <= 0.0 or tissue.measure <= 0.0:
        return
    present, modulus = pressure(tissue), tissue.bulk_modulus
    # The pressure is that of the cells before they grew and died in this step.
    excess = math.log(tissue.measure / (tissue.space * tissue.resting_packing))
    at_rest = pressure_at_rest(present, excess, modulus)
    tau = breathing_time(tissue.resting_pressure, tissue.growth_scale, modulus)
    change = breath(math.log(now / tissue.measure), present, at_rest, modulus, tau, duration)
    followed = followed_pressure(tissue.resting_pressure, at_rest, tau, duration)
    tissue.resting_pressure = max(followed, _LEAST_PRESSURE)
    tissue.measure = now
    stretch(tissue, math.exp(change / tissue.dimension))
    follow_with_vessels(tissue)
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


def follow_with_vessels(tissue: Tissue) -> None:
    """Vessels keep their density: new ones open, the youngest close first, one stays at least."""
    wanted = tissue.area * tissue.vessel_density + vessel_fraction(tissue.key)
    while tissue.vessels.n + 1 <= wanted:
        add_vessel(tissue.vessels, tissue.key, tissue.box)
    while tissue.vessels.n > 1 and tissue.vessels.n >= wanted + _SLACK:
        tissue.vessels.close_youngest()


def _regrid(tissue: Tissue) -> None:
    shape = grid_shape(tissue.box, tissue.spacing, tissue.dimension)
    hz, hy, hx = tissue.fields.spacing
    edges = (hx, hy, hz) if tissue.dimension == 3 else (hx, hy)
    strayed = any(abs(edge / tissue.spacing - 1.0) > _DRIFT for edge in edges)
    if strayed and shape != tissue.fields.shape:
        tissue.fields.regrid(shape)
