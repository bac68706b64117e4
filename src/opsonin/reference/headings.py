"""Slow, readable twin of `kernels.motility`: where cells turn, one after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.laws.events import event_probability
from opsonin.laws.motility import chemotactic_bias, crawling_speed, receptor_difference
from opsonin.model import tables as column
from opsonin.reference.cells import is_live
from opsonin.reference.random import Key, uniforms


def steer(cells: Any, n: int, tables: Any, key: Key, tick: int, duration: float, cue: Any) -> tuple[Any, Any]:
    """Headings and velocities, (3, n) each, x y z; see `kernels.motility.steer`."""
    heading = np.array([cells.heading_x[:n], cells.heading_y[:n], cells.heading_z[:n]])
    velocity = np.zeros((3, n))
    for i in filter(lambda i: is_live(cells, i), range(n)):
        numbers = tables.types[cells.kind[i]]
        if numbers[column.SPEED] <= 0.0:
            continue
        who = int(cells.id[i])
        turn, _ = uniforms(key, who, tick, Stream.MOTILITY, 0)
        due = turn < event_probability(1.0 / numbers[column.PERSISTENCE], duration)
        if due or not heading[:, i].any():
            heading[:, i] = _new_heading(cells, i, tables, numbers, key, tick)
        weight = float(np.linalg.norm(cue[:, i]))
        back, _ = uniforms(key, who, tick, Stream.MOTILITY, 2)
        if weight > 0.0 and back < event_probability(1.0 / numbers[column.RETENTION_DELAY], duration):
            blend = (1.0 - weight) * heading[:, i] + cue[:, i]
            heading[:, i] = blend / np.linalg.norm(blend)
        velocity[:, i] = crawling_speed(numbers[column.SPEED], cells.engagement[i]) * heading[:, i]
    return heading, velocity


def niche_cues(cells: Any, n: int, tables: Any, box: tuple[float, float, float]) -> Any:
    """Direction back to its niche of every retained live cell, (3, n); see `kernels.niche.niche_cues`."""
    cue = np.zeros((3, n))
    place = np.array([cells.x[:n], cells.y[:n], cells.z[:n]])
    tumour = [j for j in range(n) if is_live(cells, j) and tables.types[cells.kind[j], column.TUMOUR] > 0]
    for i in filter(lambda i: is_live(cells, i) and cells.niche[i] != 0, range(n)):
        numbers = tables.types[cells.kind[i]]
        apart = place[:, [i]] - place[:, tumour]
        apart -= np.array(box)[:, None] * np.rint(apart / np.array(box)[:, None])
        if tables.dimension == 2:
            apart[2] = 0.0
        distance = np.linalg.norm(apart, axis=0)
        reach = numbers[column.RETENTION_REACH]
        near = distance < 1.25 * reach
        if cells.niche[i] < 0:
            way = np.sum(apart[:, near] / distance[near] * (1.0 - distance[near] / (1.25 * reach)), axis=1)
        elif distance.min(initial=np.inf) < reach / 1.25 or distance.min(initial=np.inf) >= 2.0 * reach:
            continue
        else:
            way = -apart[:, np.argmin(distance)]
        if np.linalg.norm(way) > 0.0:
            cue[:, i] = numbers[column.RETENTION] * way / np.linalg.norm(way)
    return cue


def _new_heading(cells: Any, i: int, tables: Any, numbers: Any, key: Key, tick: int) -> Any:
    u, v = uniforms(key, int(cells.id[i]), tick, Stream.MOTILITY, 1)
    up = 2.0 * v - 1.0 if tables.dimension == 3 else 0.0
    flat = math.sqrt(1.0 - up**2)
    random = np.array([flat * math.cos(2 * math.pi * u), flat * math.sin(2 * math.pi * u), up])
    slope = cells.gradient[::-1, i].copy()
    if tables.dimension == 2:
        slope[2] = 0.0
    steepness = float(np.linalg.norm(slope))
    if steepness == 0.0 or numbers[column.BIAS_MAX] == 0.0:
        return random
    sensed = receptor_difference(
        float(cells.signal[tables.attractant, i]),
        steepness,
        numbers[column.DIAMETER],
        numbers[column.ATTRACTANT_HALF],
    )
    bias = chemotactic_bias(sensed, numbers[column.BIAS_MAX], numbers[column.GRADIENT_HALF])
    blend = (1.0 - bias) * random + bias * slope / steepness
    return blend / np.linalg.norm(blend)
