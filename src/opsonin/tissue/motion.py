"""Process: motile cells crawl, and all cells push and pull each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.kernels.mechanics import TOO_FAST, Bodies, Moved, advance, keep_inside
from opsonin.kernels.motility import steer
from opsonin.kernels.neighbours import OK
from opsonin.model import tables as column
from opsonin.tissue import niche
from opsonin.tissue.tissue import MEDIUM, Tissue
from opsonin.tissue.window import measures

NAME = "motion"
COLUMNS = ("x", "y", "z", "heading_x", "heading_y", "heading_z", "pressure")

# A cell may move this far at once [um]: about half the distance at which a T cell and a cancer cell touch.
LIMIT = 8.0


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Headings, crawling and mechanics over `duration` [min] from `tick`."""
    _move(tissue, headings(tissue, tick, duration), duration, tick)


def headings(tissue: Tissue, tick: int, duration: float) -> Any:
    """(3, n) velocity at which each cell crawls from `tick` on, x y z [um/min]; their headings are written."""
    velocity = np.zeros((3, tissue.cells.n))
    cue = niche.cues(tissue)
    steer(tissue.cells.arrays, tissue.cells.n, tissue.tables, tissue.key, tick, duration, cue, velocity)
    return velocity


def settle(tissue: Tissue, duration: float) -> float:
    """Mechanics alone over `duration` [min], 0 to only measure pressure; returns the furthest displacement [um]."""
    return _move(tissue, np.zeros((3, tissue.cells.n)), duration, 0)


def _move(tissue: Tissue, velocity: Any, duration: float, tick: int) -> float:
    cells, n = tissue.cells.arrays, tissue.cells.n
    bodies = Bodies(
        cells.x,
        cells.y,
        cells.z,
        cells.radius,
        cells.repulsion,
        cells.adhesion,
        velocity[0],
        velocity[1],
        velocity[2],
        tissue.tables.types[cells.kind[:n], column.SHEATH],
        cells.id,
    )
    moved = Moved(np.empty(n), np.empty(n), np.empty(n), np.empty(n))
    status, furthest, _ = advance(bodies, n, tissue.box, tissue.dimension, duration, 1, LIMIT, moved)
    if status != OK:
        refuse(status, tick)
    if tissue.boundary == MEDIUM:
        for axis, name in enumerate("xyz"[: tissue.dimension]):
            before, heading = getattr(cells, name), getattr(cells, f"heading_{name}")
            keep_inside(before, heading, n, tissue.box[axis], getattr(moved, name))
    cells.x[:n], cells.y[:n], cells.z[:n] = moved.x, moved.y, moved.z
    press(tissue, moved.pressure)
    return float(furthest)


def press(tissue: Tissue, virial: Any) -> None:
    """Write the pressure of each cell: its virial (n,) [um2/min in a section] over the space it holds."""
    tissue.cells.arrays.pressure[: tissue.cells.n] = virial / measures(tissue)


def refuse(status: int, tick: int) -> None:
    """Raise RunError that says what mechanics met with, in the step that began at `tick`."""
    problem = (
        "a cell would move too far even in the shortest step" if status == TOO_FAST else "a cell is lost"
    )
    raise RunError(
        Fault(
            f"day {minutes(tick) / MINUTES_PER_DAY:.4f}, motion",
            f"{problem} (mechanics status {status}).",
            "This is a numerical fault; try a smaller numerics.motion_step.",
        )
    )
