"""What cells do to each other within a coupling step, turn after turn, on one thread and without a return to Python.

    repeat:  contacts -> death -> motion

The same kernels, in the same order, as `tissue.contacts`, `tissue.death` and `tissue.motion` call one by one where
there are threads to share them: the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from opsonin.core.threads import FIRST
from opsonin.kernels.contacts import Found, at_work, engage_some, nothing_to_do, strike
from opsonin.kernels.death import TICKS, succumb
from opsonin.kernels.mechanics import HALVINGS, Bodies, Moved, advance_rooted, keep_inside, take_roots
from opsonin.kernels.motility import steer_some
from opsonin.kernels.neighbours import NOT_FINITE, OK, touched_by
from opsonin.kernels.niche import nests, turn_back
from opsonin.laws.mechanics import ADHESION_REACH

CONTACTS, NICHE, MOTION = range(3)  # which process a status is of
HITS, EATEN, KILLED, ALONE, COUNTED = range(5)  # columns of what is counted


class Space(NamedTuple):
    """Where cells move."""

    box: tuple[float, float, float]  # um
    dimension: int  # 2 (section) or 3
    walled: bool  # medium ends at a wall; a section of tissue goes on around its edges
    limit: float  # um; a cell may move this far at once


class Scratch(NamedTuple):
    """Room for n cells, and what of them holds for the whole of a coupling step."""

    sheath: npt.NDArray[np.float64]
    movers: npt.NDArray[np.int64]  # slots of the cells that keep to a niche
    cue: npt.NDArray[np.float64]  # (3, n)
    velocity: npt.NDArray[np.float64]  # (3, n) um/min
    moved: Moved


@njit(cache=True, error_model="numpy")
def _contacts(cells, n, tables, key, tick, duration, drugs, space, known, counted):
    effectors = at_work(cells, n, tables, drugs)
    if nothing_to_do(cells, n, effectors):
        return OK
    status, begin, touched = touched_by(
        effectors, cells.x, cells.y, cells.z, cells.radius, n, ADHESION_REACH, space.box, space.dimension
    )
    if status != OK:
        return status
    m = len(effectors)
    slots, numbers = np.empty((2, m), np.int64), np.empty((4, m))
    found = Found(slots[0], slots[1], numbers[0], numbers[1], numbers[2], numbers[3])
    seen = (effectors, begin, touched)
    engage_some(FIRST, m, cells, tables, key, tick, duration, drugs, seen, found, known)
    counted[HITS], counted[EATEN] = strike(cells, n, tables, drugs, tick, duration, seen, found)
    return OK


@njit(cache=True, error_model="numpy")
def _crawl(cells, n, tables, key, tick, duration, space, scratch):
    scratch.cue[:] = 0.0
    if len(scratch.movers):
        status, bins, start, targets = nests(cells, n, tables.types, space.box, space.dimension)
        if status != OK:
            return status
        movers, cue = scratch.movers, scratch.cue
        turn_back(FIRST, len(movers), cells, tables, movers, targets, space.box, bins, start, cue)
    steer_some(FIRST, n, cells, tables, key, tick, duration, scratch.cue, scratch.velocity)
    return OK


@njit(cache=True, error_model="numpy")
def _bodies(cells, scratch):
    v = scratch.velocity
    return Bodies(
        cells.x, cells.y, cells.z, cells.radius, cells.repulsion, cells.adhesion,
        v[0], v[1], v[2], scratch.sheath, cells.id,
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _move(cells, n, duration, space, scratch, roots, widest):
    moved = scratch.moved
    status, _, _ = advance_rooted(
        _bodies(cells, scratch), roots, widest, n, space.box, space.dimension,
        duration, 1, space.limit, HALVINGS, moved,
    )  # fmt: skip
    if status != OK:
        return status
    if space.walled:
        keep_inside(cells.x, cells.heading_x, n, space.box[0], moved.x)
        keep_inside(cells.y, cells.heading_y, n, space.box[1], moved.y)
        if space.dimension == 3:
            keep_inside(cells.z, cells.heading_z, n, space.box[2], moved.z)
    for i in range(n):
        cells.x[i], cells.y[i], cells.z[i] = moved.x[i], moved.y[i], moved.z[i]
    return OK


@njit(cache=True, error_model="numpy", nogil=True)
def take_turns(cells, n, tables, key, drugs, rates, first, duration, space, scratch, known, counted):
    """Turns of `duration` [min] from tick `first` on, as many as `counted` has rows.

    Args:
        drugs: `state.exposure.Exposure`; rates: DeathRates.
        known: `contacts.Known`, nothing yet.
        counted: (turns, COUNTED) int64 output: hits, cells eaten, killed, dead of drugs alone.
    Returns:
        (status, process, tick): OK, or what went wrong, in which process, in the turn that began when.
    Writes the cells, and the virial of the last turn to `scratch.moved.pressure`.
    Memory: `scratch`, `known`; work: as of the kernels it calls.
    """
    tick = first
    roots = (np.empty(n), np.empty(n))
    widest = take_roots(_bodies(cells, scratch), n, roots[0], roots[1])
    if widest == 0.0:
        return (OK if n == 0 else NOT_FINITE), MOTION, tick
    for turn in range(len(counted)):
        row = counted[turn]
        status = _contacts(cells, n, tables, key, tick, duration, drugs, space, known, row)
        if status != OK:
            return status, CONTACTS, tick
        row[KILLED], row[ALONE] = succumb(cells, n, tables, drugs, rates, tick, duration)
        status = _crawl(cells, n, tables, key, tick, duration, space, scratch)
        if status != OK:
            return status, NICHE, tick
        status = _move(cells, n, duration, space, scratch, roots, widest)
        if status != OK:
            return status, MOTION, tick
        tick += np.int64(np.rint(duration * TICKS))
    return OK, MOTION, tick
