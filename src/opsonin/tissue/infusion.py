"""Process: cells of a product come to the tissue, as many as its doses say. Where they come out is here, no biology.

Each comes by a vessel, or beside a cell of its niche, as other immune cells do; in medium at a place that no cell
holds. Who comes when follows from product, dose and time alone: arms stay paired, a branch or resume needs no state.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsonin.core.random import Stream, id_of, poisson, uniforms
from opsonin.core.schedule import TICKS_PER_MINUTE
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.model.specificity import MATCHED, STEM_LIKE, UNMATCHED
from opsonin.state.exposure import Coming
from opsonin.tissue.niche import in_nest
from opsonin.tissue.tissue import MEDIUM, NICHES, Arrivals, Tissue
from opsonin.tissue.trafficking import beside, blank, homes, recruitment_at_vessels, with_stem_like

_ARRIVAL = int(Stream.ARRIVAL)
_COUNT, _VESSEL, _NICHE, _REACTIVE = 4, 5, 6, 7  # draws of a dose, and of a cell that comes
_PLACE = 16
# Places that a cell is tried at in medium; the first that no cell holds is taken.
_PLACES = 16
# A Poisson count is drawn in parts of this mean at most.
_MOST = 16.0


def step(tissue: Tissue, tick: int, duration: float) -> None:
    """Draw and place the cells of products that come in a step of `duration` [min] from `tick`."""
    for coming in tissue.coming:
        ids = _who(tissue, coming, tick)
        if len(ids):
            now = tick + round(duration * TICKS_PER_MINUTE)
            tissue.cells.append(_newcomers(tissue, coming, ids, now))
            tissue.count("arrivals", len(ids))


def expected(tissue: Tissue, coming: Coming) -> float:
    """How many cells come in this step on average; a block is a stack of sections one cell thick."""
    layers = 1.0
    if tissue.dimension == 3:
        layers = tissue.box[2] / float(tissue.tables.types[coming.kind, column.DIAMETER])
    return coming.density * tissue.area * layers


def _who(tissue: Tissue, coming: Coming, tick: int) -> Any:
    """Ids of those that come."""
    mean = expected(tissue, coming)
    dose = np.uint64(id_of("dose", coming.product, coming.number))
    parts = max(1, math.ceil(mean / _MOST))
    count = 0
    for part in range(parts):
        chance, _ = uniforms(tissue.key[0], tissue.key[1], dose, np.uint32(tick), _ARRIVAL, _COUNT + part)
        count += poisson(mean / parts, chance)
    return np.array(
        [id_of("infused", coming.product, coming.number, tick, ordinal) for ordinal in range(count)],
        np.uint64,
    )


def _draw(tissue: Tissue, identity: Any, draw: int) -> tuple[float, float]:
    u, v = uniforms(tissue.key[0], tissue.key[1], np.uint64(identity), np.uint32(0), _ARRIVAL, draw)
    return float(u), float(v)


def _newcomers(tissue: Tissue, coming: Coming, ids: Any, now: int) -> dict[str, Any]:
    count = len(ids)
    source = next(source for source in tissue.arrivals if source.kind == coming.kind)
    columns = blank(tissue, ids, np.full(count, coming.kind, np.int16), now)
    places, niche = _in_medium(tissue, ids) if tissue.boundary == MEDIUM else _in_tissue(tissue, source, ids)
    for axis, name in enumerate("xyz"):
        columns[name] = places[:, axis]
    columns["niche"] = niche
    reactive = np.array([_draw(tissue, identity, _REACTIVE)[0] < coming.reactive for identity in ids])
    columns["reactive"] = with_stem_like(
        np.where(reactive, MATCHED, UNMATCHED), coming.stem_like, ids, tissue.key
    )
    columns["exhaustion"][columns["reactive"] != STEM_LIKE] = coming.exhaustion
    columns["fixed"] = tissue.traits.fixed[coming.kind] * columns["exhaustion"]
    if source.marker >= 0:
        shown = np.array([_draw(tissue, identity, _NICHE)[1] < source.marker_positive for identity in ids])
        columns["variation"][source.marker, ~(reactive | shown)] = 0.0
    columns["level"] = columns["variation"] * tissue.tables.resting[coming.kind][:, None]
    return columns


def _in_tissue(tissue: Tissue, source: Arrivals, ids: Any) -> tuple[Any, Any]:
    """(newcomers, 3) places [um], and the niche of each."""
    niche = np.zeros(len(ids), np.int8)
    if tissue.vessels.n == 0:
        return np.array([_anywhere(tissue, identity, 0) for identity in ids]), niche
    fold = np.cumsum(recruitment_at_vessels(tissue, source))
    vessel = np.searchsorted(fold / fold[-1], [_draw(tissue, identity, _VESSEL)[0] for identity in ids])
    arrived = [(int(v), int(identity)) for v, identity in zip(vessel, ids, strict=True)]
    if tissue.tables.types[source.kind, column.RETENTION] > 0.0:
        niche = _niches(tissue, source, arrived)
    places = np.empty((len(ids), 3))
    kin = (source.kind,) if source.homes_as < 0 else (source.kind, source.homes_as)
    for side in (0, *NICHES):
        own = np.flatnonzero(niche == side)
        places[own] = homes(tissue, kin, side, [arrived[row] for row in own])
    return np.array([beside(tissue, source.kind, *pair) for pair in zip(places, ids, strict=True)]), niche


def _niches(tissue: Tissue, source: Arrivals, arrived: list[tuple[int, int]]) -> Any:
    """(newcomers,) niche of each: divided as those that arrive by themselves of their type or of that whose niches
    they take.

    Where none of that type arrive, each belongs where its vessel lies.
    """
    like = source.kind if source.homes_as < 0 else source.homes_as
    for index, other in enumerate(tissue.arrivals):
        flux = tissue.balance.flux[index].sum(axis=1)
        if other.kind == like and flux.sum() > 0.0:
            share = flux[NICHES.index(1)] / flux.sum()
            inside = np.array([_draw(tissue, identity, _NICHE)[0] < share for _, identity in arrived])
            return np.where(inside, 1, -1).astype(np.int8)
    at = np.array([vessel for vessel, _ in arrived])
    x, y, z = tissue.vessels.x[at], tissue.vessels.y[at], np.full(len(at), 0.5 * tissue.box[2])
    reach = float(tissue.tables.types[source.kind, column.RETENTION_REACH])
    return np.where(in_nest(tissue, x, y, z, reach), 1, -1).astype(np.int8)


def _in_medium(tissue: Tissue, ids: Any) -> tuple[Any, Any]:
    """Likewise: each where no cell is, if one of several places is free."""
    cells, n, box = tissue.cells.arrays, tissue.cells.n, np.array(tissue.box)
    alive = cells.phase[:n] <= COMMITTED
    there = np.stack([cells.x[:n], cells.y[:n], cells.z[:n]], axis=1)[alive]
    places = np.empty((len(ids), 3))
    for row, identity in enumerate(ids):
        room = np.empty(_PLACES)
        tried = np.array([_anywhere(tissue, identity, number) for number in range(_PLACES)])
        for number, place in enumerate(tried):
            apart = there - place
            apart -= box * np.rint(apart / box)
            if tissue.dimension == 2:
                apart[:, 2] = 0.0
            room[number] = (np.linalg.norm(apart, axis=1) - cells.radius[:n][alive]).min(initial=np.inf)
        free = np.flatnonzero(room > 0.0)
        places[row] = tried[free[0] if len(free) else int(np.argmax(room))]
    return places, np.zeros(len(ids), np.int8)


def _anywhere(tissue: Tissue, identity: Any, number: int) -> tuple[float, float, float]:
    u, v = _draw(tissue, identity, _PLACE + 2 * number)
    w, _ = _draw(tissue, identity, _PLACE + 2 * number + 1)
    return u * tissue.box[0], v * tissue.box[1], w * tissue.box[2]
