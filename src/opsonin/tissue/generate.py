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
    rows = []
    for kind, density in sorted(densities.items()):
        for ordinal in range(round(density * box[0] * box[1])):
            identity = np.uint64(id_of("generated", kind, ordinal))
            u, v = uniforms(key[0], key[1], identity, np.uint32(0), _PLACEMENT, 3)
            w, _ = uniforms(key[0], key[1], identity, np.uint32(0), _PLACEMENT, 4)
            rows.append((u * box[0], v * box[1], w * box[2], identity, kind))
    return Imaged(
        x=np.array([r[0] for r in rows], float),
        y=np.array([r[1] for r in rows], float),
        z=np.array([r[2] for r in rows], float),
        id=np.array([r[3] for r in rows], np.uint64),
        kind=np.array([r[4] for r in rows], np.int16),
        marks=np.zeros((molecules, len(rows)), np.int8),
    )
