"""Process: immune cells arrive at vessels. Leaving is a fate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsonin.core.random import Stream, id_of, normals, uniforms
from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.kernels.trafficking import arrivals
from opsonin.laws.response import fold_change
from opsonin.model import tables as column
from opsonin.tissue import apply
from opsonin.tissue.tissue import Arrivals, Tissue

NAME = "trafficking"
COLUMNS = ("id", "x", "y", "z", "reactive", "level")

_ARRIVAL = int(Stream.ARRIVAL)
_TRAITS = int(Stream.TRAITS)


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Draw and place the arrivals of a step of `duration` [min] from `tick`; none where there is no vessel."""
    for source in tissue.arrivals:
        comes = source.flux > 0.0 and tissue.vessels.n > 0
        places = _draw(tissue, source, tick, duration) if comes else []
        if places:
            now = tick + round(duration * TICKS_PER_MINUTE)
            tissue.cells.append(_newcomers(tissue, source, places, now))
            tissue.count("arrivals", len(places))


def _at_vessels(tissue: Tissue) -> Any:
    """Attractant at each vessel (vessels,): mean over depth of the voxel it crosses."""
    _, ny, nx = tissue.fields.shape
    column_y = np.minimum((tissue.vessels.y / tissue.box[1] * ny).astype(np.int64), ny - 1)
    column_x = np.minimum((tissue.vessels.x / tissue.box[0] * nx).astype(np.int64), nx - 1)
    return tissue.fields.values[tissue.tables.attractant][:, column_y, column_x].mean(axis=0)


def balance(tissue: Tissue) -> None:
    """At time 0 the imaged density already holds what the chemokine recruits: note its mean fold over the vessels."""
    for source in tissue.arrivals if tissue.vessels.n else ():
        fold, half = source.recruitment
        folds = [fold_change(fold, attractant, half, 1.0) for attractant in _at_vessels(tissue)]
        tissue.recruited = float(np.mean(folds))


def _draw(tissue: Tissue, source: Arrivals, tick: int, duration: float) -> list[tuple[int, int]]:
    """(vessel, id) of every newcomer of a step."""
    vessels = tissue.vessels
    count = np.zeros(vessels.n, np.int64)
    total = arrivals(
        vessels.id,
        _at_vessels(tissue),
        tissue.key,
        tick,
        source.kind,
        source.flux / tissue.recruited,
        tissue.area,
        source.recruitment,
        duration,
        count,
    )
    if total == 0:
        return []
    return [
        (int(v), id_of("arrival", int(vessels.id[v]), tick, source.kind, ordinal))
        for v in np.flatnonzero(count)
        for ordinal in range(count[v])
    ]


def _newcomers(tissue: Tissue, source: Arrivals, places: list[tuple[int, int]], now: int) -> dict[str, Any]:
    ids = np.array([identity for _, identity in places], np.uint64)
    count = len(ids)
    kinds = np.full(count, source.kind, np.int16)
    columns = blank(tissue, ids, kinds, now)
    diameter = tissue.tables.types[source.kind, column.DIAMETER]
    for row, (vessel, identity) in enumerate(places):
        u, v = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 1)
        w, s = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 2)
        angle = 2.0 * math.pi * u
        columns["x"][row] = apply.wrapped(
            tissue.vessels.x[vessel] + diameter * math.cos(angle), tissue.box[0]
        )
        columns["y"][row] = apply.wrapped(
            tissue.vessels.y[vessel] + diameter * math.sin(angle), tissue.box[1]
        )
        columns["z"][row] = v * tissue.box[2]
        carries = s < source.marker_positive
        columns["reactive"][row] = carries and w < source.reactive
        if not carries:
            columns["variation"][source.marker, row] = 0.0
    columns["level"] = columns["variation"] * tissue.tables.resting[source.kind][:, None]
    return columns


def blank(tissue: Tissue, ids: Any, kinds: Any, now: int) -> dict[str, Any]:
    """Columns of unstimulated resting cells of the given ids and kinds, with their own keyed traits, at 0, 0, 0."""
    count = len(ids)
    numbers = tissue.tables.types[kinds]
    molecules = len(tissue.species.molecules)
    z = np.empty((molecules, count))
    for row, identity in enumerate(ids):
        for m in range(0, molecules, 2):
            pair = normals(tissue.key[0], tissue.key[1], identity, np.uint32(0), _TRAITS, m)
            z[m : m + 2, row] = pair[: molecules - m]
    sigma = tissue.traits.sigma[:, None]
    variation = np.exp(sigma * z - 0.5 * sigma**2)
    return {
        "id": ids,
        "kind": kinds,
        "x": np.zeros(count),
        "y": np.zeros(count),
        "z": np.zeros(count),
        "volume": numbers[:, column.REFERENCE_VOLUME].copy(),
        "base_volume": numbers[:, column.REFERENCE_VOLUME].copy(),
        "radius": numbers[:, column.MODEL_RADIUS].copy(),
        "repulsion": tissue.traits.repulsion[kinds],
        "adhesion": tissue.traits.adhesion[kinds],
        "threshold": apply.thresholds(tissue, ids, kinds),
        "phase_start": np.full(count, now, np.int64),
        "phase_end": np.zeros(count, np.int64),
        "reactive": np.zeros(count, np.int8),
        "variation": variation,
        "level": variation * tissue.tables.resting[kinds].T,
    }
