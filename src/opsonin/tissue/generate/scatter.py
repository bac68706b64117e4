"""Cells at keyed places of their sites. An id is made of type and ordinal, so no type moves the cells of another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, InputError
from opsonin.core.random import Stream, id_of
from opsonin.kernels.draws import draw_places
from opsonin.tissue.generate.sites import Floats, Site
from opsonin.tissue.placement import Imaged
from opsonin.tissue.tissue import Species

_PLACEMENT = int(Stream.PLACEMENT)
# Places have draws of their own, apart from those of `tissue.placement`.
_COIN, _FIRST_DRAW = 98, 100
_MOST_ROUNDS = 2000


def scatter(
    key: npt.NDArray[np.uint32], counts: Mapping[str, int], sites: Mapping[str, Site], species: Species
) -> Imaged:
    """`counts` cells of each type, independently and uniformly placed in the site of the type; none is stained.

    Raises:
        InputError: a site has next to no room.
    """
    total = sum(counts.values())
    places, ids, kinds = np.empty((3, total)), np.empty(total, np.uint64), np.empty(total, np.int16)
    row = 0
    for name, count in sorted(counts.items()):
        own = slice(row, row + count)
        ids[own] = [id_of("generated", name, ordinal) for ordinal in range(count)]
        kinds[own] = species.cells.index(name)
        places[:, own] = placed(key, ids[own], sites[name], name)
        row += count
    unseen = (len(species.molecules), total)
    return Imaged(
        x=places[0],
        y=places[1],
        z=places[2],
        id=ids,
        kind=kinds,
        marks=np.zeros(unseen, np.int8),
        measured=np.full(unseen, np.nan),
    )


def placed(key: npt.NDArray[np.uint32], ids: npt.NDArray[np.uint64], site: Site, name: str) -> Floats:
    """(3, k) places: for each id the first of its keyed places that the site holds."""
    if site.preferred is None:
        return _first_held(key, ids, site, name)
    coins = np.empty((3, len(ids)))
    draw_places(key, ids, _PLACEMENT, _COIN, coins)
    prefer = coins[0] < site.share
    places = np.empty_like(coins)
    places[:, prefer] = _first_held(key, ids[prefer], site.preferred, name)
    places[:, ~prefer] = _first_held(key, ids[~prefer], site, name)
    return places


def _first_held(key: npt.NDArray[np.uint32], ids: npt.NDArray[np.uint64], site: Site, name: str) -> Floats:
    places = np.empty((3, len(ids)))
    waiting = np.arange(len(ids))
    for round_ in range(_MOST_ROUNDS):
        drawn = np.empty((3, len(waiting)))
        draw_places(key, ids[waiting], _PLACEMENT, _FIRST_DRAW + 2 * round_, drawn)
        tried = site.at(drawn)
        fits = np.ones(len(waiting), bool) if site.holds is None else site.holds(tried)
        places[:, waiting[fits]] = tried[:, fits]
        waiting = waiting[~fits]
        if len(waiting) == 0:
            return places
    raise InputError(
        Fault(
            "tissue.generate",
            f"there is no room for {name} where it should be.",
            "Give larger nests, or a smaller share of them.",
        )
    )
