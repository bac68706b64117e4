"""A tissue drawn at random from densities, where no biopsy is given: uniform places, keyed by ordinal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from opsonin.core.random import Stream, id_of, uniforms
from opsonin.tissue.placement import Imaged

_PLACEMENT = int(Stream.PLACEMENT)


def scatter(
    key: npt.NDArray[np.uint32], box: tuple[float, float, float], densities: dict[int, float], molecules: int
) -> Imaged:
    """Cells of each type at its density [cells/um2 of section], independently and uniformly placed.

    Args:
        densities: cell-type index -> density; counts are rounded to whole cells.
        molecules: number of molecules; none counts as stained.
    """
    counts = {kind: round(density * box[0] * box[1]) for kind, density in sorted(densities.items())}
    total = sum(counts.values())
    places, ids, kinds = np.empty((3, total)), np.empty(total, np.uint64), np.empty(total, np.int16)
    row = 0
    for kind, count in counts.items():
        for ordinal in range(count):
            identity = np.uint64(id_of("generated", kind, ordinal))
            u, v = uniforms(key[0], key[1], identity, np.uint32(0), _PLACEMENT, 3)
            w, _ = uniforms(key[0], key[1], identity, np.uint32(0), _PLACEMENT, 4)
            places[:, row] = u * box[0], v * box[1], w * box[2]
            ids[row], kinds[row] = identity, kind
            row += 1
    x, y, z = places
    unseen = np.zeros((molecules, total), np.int8), np.full((molecules, total), np.nan)
    return Imaged(x=x, y=y, z=z, id=ids, kind=kinds, marks=unseen[0], measured=unseen[1])
