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
from opsonin.model.phase import COMMITTED
from opsonin.tissue import apply
from opsonin.tissue.niche import in_nest
from opsonin.tissue.tissue import BYSTANDER, MARKED, NICHES, REACTIVE, Arrivals, Tissue

NAME = "trafficking"
COLUMNS = ("id", "x", "y", "z", "reactive", "level")

_ARRIVAL = int(Stream.ARRIVAL)
_TRAITS = int(Stream.TRAITS)


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Draw and place the arrivals of a step of `duration` [min] from `tick`."""
    if not tissue.balance.flux.any():
        return
    attractant = _at_vessels(tissue)
    for index, source in enumerate(tissue.arrivals):
        flux = tissue.balance.flux[index]
        for niche, doors in zip(NICHES, _doors(tissue, source), strict=True):
            part = flux[NICHES.index(niche)]
            if part.sum() > 0.0:
                places = _draw(tissue, index, niche, doors, attractant, (tick, duration))
                if places:
                    now = tick + round(duration * TICKS_PER_MINUTE)
                    tissue.cells.append(_newcomers(tissue, index, niche, places, now))
                    tissue.counters["arrivals"] += len(places)


def _at_vessels(tissue: Tissue) -> Any:
    """Attractant at each vessel (vessels,): mean over depth of the voxel it crosses."""
    _, ny, nx = tissue.fields.shape
    column_y = np.minimum((tissue.vessels.y / tissue.box[1] * ny).astype(np.int64), ny - 1)
    column_x = np.minimum((tissue.vessels.x / tissue.box[0] * nx).astype(np.int64), nx - 1)
    return tissue.fields.values[tissue.tables.attractant][:, column_y, column_x].mean(axis=0)


def recruitment(tissue: Tissue) -> Any:
    """Mean fold of recruitment over the vessels now, (sources,)."""
    attractant = _at_vessels(tissue)
    return np.array(
        [
            np.mean([fold_change(source.recruitment[0], a, source.recruitment[1], 1.0) for a in attractant])
            for source in tissue.arrivals
        ]
    )


def classes(tissue: Tissue, source: Arrivals) -> Any:
    """(niches, 3) live cells of a source by niche and receptor state; roaming ones count half in either niche."""
    cells, n = tissue.cells.arrays, tissue.cells.n
    own = (cells.kind[:n] == source.kind) & (cells.phase[:n] <= COMMITTED)
    state = np.where(cells.reactive[:n] > 0, REACTIVE, BYSTANDER)
    if source.marker >= 0:
        marked = (cells.variation[source.marker, :n] > 0.0) & (cells.reactive[:n] == 0)
        state = np.where(marked, MARKED, state)
    counts = np.zeros((len(NICHES), 3))
    for row, niche in enumerate(NICHES):
        for column_, _ in enumerate(counts[row]):
            here = own & (state == column_)
            settled = np.count_nonzero(here & (cells.niche[:n] == niche))
            counts[row, column_] = settled + 0.5 * np.count_nonzero(here & (cells.niche[:n] == 0))
    return counts


def _doors(tissue: Tissue, source: Arrivals) -> list[Any]:
    """Vessels (indices) by which cells of the stroma and of the nests come: those of their own niche, if any."""
    every = np.arange(tissue.vessels.n)
    numbers = tissue.tables.types[source.kind]
    if numbers[column.RETENTION] <= 0.0:
        return [every, every]
    middle = np.full(tissue.vessels.n, 0.5 * tissue.box[2])
    reach = float(numbers[column.RETENTION_REACH])
    inside = in_nest(tissue, tissue.vessels.x, tissue.vessels.y, middle, reach)
    return [every[~inside] if not inside.all() else every, every[inside] if inside.any() else every]


def _draw(
    tissue: Tissue, index: int, niche: int, doors: Any, attractant: Any, when: tuple[int, float]
) -> list[tuple[int, int]]:
    """(vessel, id) of every newcomer of a source and niche in a step `when` = (tick, duration [min])."""
    vessels, source, balance = tissue.vessels, tissue.arrivals[index], tissue.balance
    count = np.zeros(len(doors), np.int64)
    stream = 2 * source.kind + NICHES.index(niche)
    total = arrivals(
        vessels.id[doors],
        attractant[doors],
        tissue.key,
        when[0],
        stream,
        float(balance.flux[index, NICHES.index(niche)].sum() / balance.recruited[index]),
        tissue.area,
        source.recruitment,
        when[1],
        count,
    )
    if total == 0:
        return []
    return [
        (int(doors[v]), id_of("arrival", int(vessels.id[doors[v]]), when[0], stream, ordinal))
        for v in np.flatnonzero(count)
        for ordinal in range(count[v])
    ]


def _newcomers(
    tissue: Tissue, index: int, niche: int, places: list[tuple[int, int]], now: int
) -> dict[str, Any]:
    source, flux = tissue.arrivals[index], tissue.balance.flux[index, NICHES.index(niche)]
    ids = np.array([identity for _, identity in places], np.uint64)
    count = len(ids)
    kinds = np.full(count, source.kind, np.int16)
    columns = blank(tissue, ids, kinds, now)
    diameter = tissue.tables.types[source.kind, column.DIAMETER]
    shares = np.cumsum(flux) / flux.sum()
    for row, (vessel, identity) in enumerate(places):
        u, v = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 1)
        w, _ = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 2)
        angle = 2.0 * math.pi * u
        columns["x"][row] = apply.wrapped(
            tissue.vessels.x[vessel] + diameter * math.cos(angle), tissue.box[0]
        )
        columns["y"][row] = apply.wrapped(
            tissue.vessels.y[vessel] + diameter * math.sin(angle), tissue.box[1]
        )
        columns["z"][row] = v * tissue.box[2]
        state = int(np.searchsorted(shares, w))
        columns["reactive"][row] = state == REACTIVE
        columns["exhaustion"][row] = _exhaustion(tissue, index, state)
        if state == BYSTANDER and source.marker >= 0:
            columns["variation"][source.marker, row] = 0.0
    if tissue.tables.types[source.kind, column.RETENTION] > 0.0:
        columns["niche"] = np.full(count, niche, np.int8)
    columns["level"] = columns["variation"] * tissue.tables.resting[source.kind][:, None]
    return columns


def _exhaustion(tissue: Tissue, index: int, state: int) -> float:
    if state == REACTIVE:
        return float(tissue.balance.exhaustion[index])
    return float(tissue.traits.exhaustion[tissue.arrivals[index].kind]) if state == MARKED else 0.0


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
        "exhaustion": np.zeros(count),
        "phase_start": np.full(count, now, np.int64),
        "phase_end": np.zeros(count, np.int64),
        "reactive": np.zeros(count, np.int8),
        "variation": variation,
        "level": variation * tissue.tables.resting[kinds].T,
    }
