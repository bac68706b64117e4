"""Process: immune cells arrive at vessels. Leaving is a fate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsonin.core.random import Stream, id_of, uniforms
from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.kernels.draws import draw_each, draw_normals
from opsonin.kernels.trafficking import arrivals, lower, recruitments
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.model.specificity import MATCHED, STEM_LIKE, UNMATCHED
from opsonin.tissue import accounts, apply
from opsonin.tissue.niche import in_nest
from opsonin.tissue.tissue import BYSTANDER, MARKED, NICHES, REACTIVE, Arrivals, Tissue

NAME = "trafficking"
COLUMNS = ("id", "x", "y", "z", "reactive")

_ARRIVAL = int(Stream.ARRIVAL)
_TRAITS = int(Stream.TRAITS)
_STEM = int(Stream.STEM)


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Draw and place the arrivals of a step of `duration` [min] from `tick`; none where there is no vessel."""
    if not tissue.balance.flux.any() or tissue.vessels.n == 0:
        return
    for index in range(len(tissue.arrivals)):
        for niche in NICHES:
            if inflow(tissue, index, niche).sum() > 0.0:
                arrived = _draw(tissue, index, niche, (tick, duration))
                if arrived:
                    now = tick + round(duration * TICKS_PER_MINUTE)
                    tissue.cells.append(_newcomers(tissue, index, niche, arrived, now))
                    tissue.count("arrivals", len(arrived))


def inflow(tissue: Tissue, index: int, niche: int) -> Any:
    """(3,) arrivals of a source and niche per section area, by receptor state, without recruitment [cells/um2/min]."""
    return tissue.balance.flux[index, NICHES.index(niche)] * tissue.called[index]


def _at_vessels(tissue: Tissue, substrate: int) -> Any:
    """A substrate at each vessel (vessels,): mean over depth of the voxel it crosses."""
    _, ny, nx = tissue.fields.shape
    column_y = np.minimum((tissue.vessels.y / tissue.box[1] * ny).astype(np.int64), ny - 1)
    column_x = np.minimum((tissue.vessels.x / tissue.box[0] * nx).astype(np.int64), nx - 1)
    return tissue.fields.values[substrate][:, column_y, column_x].mean(axis=0)


def recruitment(tissue: Tissue) -> Any:
    """Mean fold of recruitment over the vessels now, (sources,)."""
    if tissue.vessels.n == 0:
        return np.ones(len(tissue.arrivals))
    return np.array([recruitment_at_vessels(tissue, source).mean() for source in tissue.arrivals])


def recruitment_at_vessels(tissue: Tissue, source: Arrivals) -> Any:
    """(vessels,) fold of recruitment of a type now: what calls it, times what is left of the vessels' adhesion."""
    folds = recruitments(_at_vessels(tissue, tissue.tables.attractant), *source.recruitment)
    for by in source.lowered:
        free = float(tissue.exposure.free[by.through]) if by.through >= 0 else 1.0
        lower(folds, free * _at_vessels(tissue, by.substrate), by.half, by.hill, by.most)
    return folds


def members(tissue: Tissue, source: Arrivals) -> tuple[Any, Any, Any]:
    """Live cells of a source: slots, share of each in the niches (cells, niches), and receptor state.

    Those that roam belong half to either niche.
    """
    cells, n = tissue.cells.arrays, tissue.cells.n
    slots = np.flatnonzero((cells.kind[:n] == source.kind) & (cells.phase[:n] <= COMMITTED))
    state = np.where(cells.reactive[slots] > 0, REACTIVE, BYSTANDER)
    if source.marker >= 0:
        marked = (cells.variation[source.marker, slots] > 0.0) & (cells.reactive[slots] == 0)
        state = np.where(marked, MARKED, state)
    side = cells.niche[slots][:, None]
    return slots, np.where(side == 0, 0.5, side == np.array(NICHES)), state


def classes(tissue: Tissue, source: Arrivals) -> Any:
    """(niches, 3) live cells of a source by niche and receptor state."""
    slots, share, state = members(tissue, source)
    if len(slots) == 0:
        return np.zeros((len(NICHES), 3))
    return np.stack([share[state == column_].sum(axis=0) for column_ in range(3)], axis=1)


def homes(tissue: Tissue, kinds: tuple[int, ...], niche: int, arrived: list[tuple[int, int]]) -> Any:
    """(newcomers, 3) where each comes out [um]: at its vessel if that lies in its niche, else beside one of its kind.

    `kinds`: theirs, and others whose niches they take; `arrived`: (vessel, id) of each. Where
    vessels are that a biopsy does not show is not known; where its immune cells are, they found a way in.
    """
    vessels, cells, n = tissue.vessels, tissue.cells.arrays, tissue.cells.n
    at = np.array([vessel for vessel, _ in arrived], np.int64)
    homes = np.stack([vessels.x[at], vessels.y[at], np.full(len(at), 0.5 * tissue.box[2])], axis=1)
    numbers = tissue.tables.types[kinds[0]]
    kin = np.flatnonzero(
        np.isin(cells.kind[:n], kinds) & (cells.niche[:n] == niche) & (cells.phase[:n] <= COMMITTED)
    )
    if numbers[column.RETENTION] <= 0.0 or len(kin) == 0:
        return homes
    inside = in_nest(tissue, homes[:, 0], homes[:, 1], homes[:, 2], float(numbers[column.RETENTION_REACH]))
    kin = kin[np.argsort(cells.id[kin])]
    for row, (_, identity) in enumerate(arrived):
        if inside[row] != (niche > 0):
            u, _ = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 3)
            chosen = kin[int(u * len(kin))]
            homes[row] = cells.x[chosen], cells.y[chosen], cells.z[chosen]
    return homes


def _draw(tissue: Tissue, index: int, niche: int, when: tuple[int, float]) -> list[tuple[int, int]]:
    """(vessel, id) of every newcomer of a source and niche in a step `when` = (tick, duration [min])."""
    vessels, source, balance = tissue.vessels, tissue.arrivals[index], tissue.balance
    count = np.zeros(vessels.n, np.int64)
    stream = 2 * source.draw + NICHES.index(niche)
    total = arrivals(
        vessels.id,
        recruitment_at_vessels(tissue, source),
        tissue.key,
        when[0],
        stream,
        float(inflow(tissue, index, niche).sum() / balance.recruited[index]),
        tissue.area,
        when[1],
        count,
    )
    if total == 0:
        return []
    return [
        (int(v), id_of("arrival", int(vessels.id[v]), when[0], stream, ordinal))
        for v in np.flatnonzero(count)
        for ordinal in range(count[v])
    ]


def _newcomers(
    tissue: Tissue, index: int, niche: int, arrived: list[tuple[int, int]], now: int
) -> dict[str, Any]:
    source, flux = tissue.arrivals[index], inflow(tissue, index, niche)
    ids = np.array([identity for _, identity in arrived], np.uint64)
    count = len(ids)
    kinds = np.full(count, source.kind, np.int16)
    columns = blank(tissue, ids, kinds, now)
    shares = np.cumsum(flux) / flux.sum()
    places = homes(tissue, (source.kind,), niche, arrived)
    by_vaccine = 0
    for row, (_, identity) in enumerate(arrived):
        w, v = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 2)
        place = beside(tissue, source.kind, places[row], identity)
        columns["x"][row], columns["y"][row], columns["z"][row] = place
        state = int(np.searchsorted(shares, w))
        primed = state != REACTIVE and source.marker >= 0 and v < tissue.primed[source.kind]
        columns["exhaustion"][row] = 0.0 if primed else _exhaustion(tissue, index, state)
        state, by_vaccine = (REACTIVE, by_vaccine + 1) if primed else (state, by_vaccine)
        columns["reactive"][row] = MATCHED if state == REACTIVE else UNMATCHED
        if state == BYSTANDER and source.marker >= 0:
            columns["variation"][source.marker, row] = 0.0
    accounts.book_brought(tissue, source.kind, by_vaccine)
    share = tissue.traits.stem[kinds]
    columns["reactive"] = with_stem_like(columns["reactive"], share, ids, tissue.key)
    columns["exhaustion"][columns["reactive"] == STEM_LIKE] = 0.0
    columns["fixed"] = tissue.traits.fixed[kinds] * columns["exhaustion"]
    if tissue.tables.types[source.kind, column.RETENTION] > 0.0:
        columns["niche"] = np.full(count, niche, np.int8)
    columns["level"] = columns["variation"] * tissue.tables.resting[source.kind][:, None]
    return columns


def beside(tissue: Tissue, kind: int, home: Any, identity: int) -> tuple[float, float, float]:
    """A keyed place one diameter of the type off `home` [um], at any depth."""
    u, v = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, 1)
    angle, diameter = 2.0 * math.pi * u, tissue.tables.types[kind, column.DIAMETER]
    x = apply.wrapped(home[0] + diameter * math.cos(angle), tissue.box[0])
    y = apply.wrapped(home[1] + diameter * math.sin(angle), tissue.box[1])
    return x, y, v * tissue.box[2]


def _exhaustion(tissue: Tissue, index: int, state: int) -> float:
    if state == REACTIVE:
        return float(tissue.balance.exhaustion[index])
    return float(tissue.traits.exhaustion[tissue.arrivals[index].kind]) if state == MARKED else 0.0


def with_stem_like(reactive: Any, share: Any, ids: Any, key: Any) -> Any:
    """(cells,) what receptors are to the tumour, with the stem-like cells drawn among those that match it."""
    chance = draw_each(key, ids, 0, _STEM, 0)
    return np.where((reactive == MATCHED) & (chance < share), STEM_LIKE, reactive).astype(np.int8)


def blank(tissue: Tissue, ids: Any, kinds: Any, now: int) -> dict[str, Any]:
    """Columns of unstimulated resting cells of the given ids and kinds, with their own keyed traits, at 0, 0, 0."""
    count = len(ids)
    numbers = tissue.tables.types[kinds]
    z = draw_normals(tissue.key, ids, _TRAITS, tissue.traits.draw)
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
        "exhaustion": np.zeros(count),
        "phase_start": np.full(count, now, np.int64),
        "phase_end": np.zeros(count, np.int64),
        "reactive": np.zeros(count, np.int8),
        "variation": variation,
        "level": variation * tissue.tables.resting[kinds].T,
    }
