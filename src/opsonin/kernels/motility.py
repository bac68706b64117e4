"""Motile cells choose headings: persistent, biased along the attractant and to their niche, slowed by a synapse."""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from opsonin.core.random import Stream, uniforms
from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined
from opsonin.laws.events import event_probability
from opsonin.laws.motility import chemotactic_bias, crawling_speed, receptor_difference
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import (
    ATTRACTANT_HALF,
    BIAS_MAX,
    DIAMETER,
    GRADIENT_HALF,
    PERSISTENCE,
    RETENTION_DELAY,
    SPEED,
)

_MOTILITY = int(Stream.MOTILITY)


@inlined
def random_direction(k0, k1, identity, tick, stream, dimension):
    """A unit vector, uniform on the circle (dimension 2) or sphere (3)."""
    u, v = uniforms(k0, k1, identity, tick, stream, 1)
    angle = 2.0 * math.pi * u
    up = 2.0 * v - 1.0 if dimension == 3 else 0.0
    flat = math.sqrt(1.0 - up * up)
    return flat * math.cos(angle), flat * math.sin(angle), up


def steer(
    cells: Any, n: Any, tables: Any, key: Any, tick: Any, duration: Any, cue: Any, velocity: Any
) -> None:
    """New headings where a turn is due, and the self-velocity of every cell (0 if it cannot crawl).

    Args:
        key: (2,) uint32 key words; `tick` of the start of the step; `duration` [min].
        cue: (3, n) direction back to the niche, as long as its weight in the heading of a cell that turns back.
        velocity: (3, capacity) output, x y z [um/min]. Writes `heading_*` too.
    Memory: in place; work: n.
    """
    spread(n, steer_some, cells, tables, key, tick, duration, cue, velocity)


@nb.njit(cache=True, error_model="numpy", nogil=True)
def steer_some(begin, end, cells, tables, key, tick, duration, cue, velocity):
    """`steer` of cells begin..end-1."""
    types = tables.types
    due = np.zeros(len(types))
    for t in range(len(types)):
        if types[t, SPEED] > 0.0:
            due[t] = event_probability(1.0 / types[t, PERSISTENCE], duration)
    _steer_each(begin, end, cells, tables, key, tick, duration, cue, due, velocity)


@bare
def _steer_each(begin, end, cells, tables, key, tick, duration, cue, due, velocity):
    """`steer`, given the probability that a turn is `due`, by type."""
    kind, phase, identity, engagement = cells.kind, cells.phase, cells.id, cells.engagement
    hx, hy, hz, signal, gradient = (
        cells.heading_x,
        cells.heading_y,
        cells.heading_z,
        cells.signal,
        cells.gradient,
    )
    types, attractant, dimension = tables.types, tables.attractant, tables.dimension
    for i in range(begin, end):
        velocity[0, i] = 0.0
        velocity[1, i] = 0.0
        velocity[2, i] = 0.0
        t = kind[i]
        if phase[i] <= COMMITTED and types[t, SPEED] > 0.0:
            turn, _ = uniforms(key[0], key[1], identity[i], tick, _MOTILITY, 0)
            unset = hx[i] == 0.0 and hy[i] == 0.0 and hz[i] == 0.0
            if unset or turn < due[t]:
                dx, dy, dz = random_direction(key[0], key[1], identity[i], tick, _MOTILITY, dimension)
                gz = gradient[0, i] if dimension == 3 else 0.0
                gy, gx = gradient[1, i], gradient[2, i]
                slope = math.sqrt(gx * gx + gy * gy + gz * gz)
                if slope > 0.0 and types[t, BIAS_MAX] > 0.0:
                    half = types[t, ATTRACTANT_HALF]
                    sensed = receptor_difference(signal[attractant, i], slope, types[t, DIAMETER], half)
                    bias = chemotactic_bias(sensed, types[t, BIAS_MAX], types[t, GRADIENT_HALF])
                    dx = (1.0 - bias) * dx + bias * gx / slope
                    dy = (1.0 - bias) * dy + bias * gy / slope
                    dz = (1.0 - bias) * dz + bias * gz / slope
                    length = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-12)
                    dx, dy, dz = dx / length, dy / length, dz / length
                hx[i], hy[i], hz[i] = dx, dy, dz
            weight = math.sqrt(cue[0, i] * cue[0, i] + cue[1, i] * cue[1, i] + cue[2, i] * cue[2, i])
            if weight > 0.0:
                back, _ = uniforms(key[0], key[1], identity[i], tick, _MOTILITY, 2)
                returns = back < event_probability(1.0 / types[t, RETENTION_DELAY], duration)
            else:
                returns = False
            if returns:
                dx = (1.0 - weight) * hx[i] + cue[0, i]
                dy = (1.0 - weight) * hy[i] + cue[1, i]
                dz = (1.0 - weight) * hz[i] + cue[2, i]
                length = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-12)
                hx[i], hy[i], hz[i] = dx / length, dy / length, dz / length
            speed = crawling_speed(types[t, SPEED], engagement[i])
            velocity[0, i] = speed * hx[i]
            velocity[1, i] = speed * hy[i]
            velocity[2, i] = speed * hz[i]
