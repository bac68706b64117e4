"""Process: motile cells crawl, and all cells push and pull each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.kernels.mechanics import TOO_FAST, Bodies, Moved, advance
from opsonin.kernels.motility import steer
from opsonin.kernels.neighbours import OK
from opsonin.model import tables as column
from opsonin.tissue import niche
from opsonin.tissue.apply import reflected
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
    if tissue.boundary == MEDIUM:
        _keep_inside(tissue, moved)
    cells.x[:n], cells.y[:n], cells.z[:n] = moved.x, moved.y, moved.z
    cells.pressure[:n] = moved.pressure / measures(tissue)
    return float(furthest)


def _keep_inside(tissue: Tissue, moved: Moved) -> None:
    """Medium ends at a wall: a cell that the periodic kernel took around the edge is mirrored back, and turns."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    for axis, name in enumerate("xyz"[: tissue.dimension]):
        length = tissue.box[axis]
        after = getattr(moved, name)
        step = after - getattr(cells, name)[:n]
        around = length * np.rint(step / length)  # -L where it left at the top, L where it left at the bottom
        crossed = around != 0.0
        after[crossed] = reflected((after - around)[crossed], length)
        getattr(cells, f"heading_{name}")[:n][crossed] *= -1.0
