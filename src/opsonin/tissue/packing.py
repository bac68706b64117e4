"""Factors on the radii at which the cells fill their box without gaps: packing 1 (area in 2D, volume in 3D).

In a biopsy, tumour cells and all others have a factor of their own: what is nearest to a tumour cell is filled by
tumour cells, what is nearest to another one by the others with the matrix that they lie in. With one factor for all,
large tumour cells spread over the stroma within days, and no architecture lasts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from opsonin.tissue.placement import Imaged

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Box = tuple[float, float, float]

# Plausible factors; measured biopsies lie well inside.
SCALE = (0.4, 2.5)
# A group of fewer cells does not say how much room it has.
_LEAST_CELLS = 20
# Grid on which territories are measured [um]: well below a cell.
_GRID = 2.0


def packing_scale(diameters: Floats, space: float, dimension: int) -> float:
    """Factor on all radii at which cells of these diameters [um] fill a space [um2 in 2D, um3 in 3D]."""
    measure = np.pi / 4.0 * diameters**2 if dimension == 2 else np.pi / 6.0 * diameters**3
    filled = float(np.sum(measure))
    return (space / filled) ** (1.0 / dimension) if filled > 0.0 else 1.0


def scales_of(
    imaged: Imaged, diameters: Floats, tumour: Mask, box: Box, *, biopsy: bool, dimension: int
) -> Floats:
    """Factor on the radius of each cell type, (types,).

    Args:
        imaged: the cells; diameters: (types,) [um]; tumour: (types,) whether a type is of the tumour.
        box: [um]; biopsy: whether the places of the cells were seen, and not drawn.
    """
    space = box[0] * box[1] * (box[2] if dimension == 3 else 1.0)
    own, inside = diameters[imaged.kind], tumour[imaged.kind]
    common = packing_scale(own, space, dimension)
    if biopsy and min(np.count_nonzero(inside), np.count_nonzero(~inside)) >= _LEAST_CELLS:
        share = territory(imaged, inside, box)
        of_tumour = packing_scale(own[inside], share * space, dimension)
        of_others = packing_scale(own[~inside], (1.0 - share) * space, dimension)
        # Cells strewn thinly do not fill what is nearest to them.
        if SCALE[0] <= min(of_tumour, of_others) and max(of_tumour, of_others) <= SCALE[1]:
            return np.where(tumour, of_tumour, of_others)
    return np.full(len(diameters), common)


def territory(imaged: Imaged, inside: Mask, box: Box) -> float:
    """Share of a section's area that is nearer to a cell `inside` a group, (cells,) bool, than to any other cell."""
    sides = [
        (np.arange(count) + 0.5) * (length / count)
        for length in box[:2]
        if (count := round(length / _GRID) or 1)
    ]
    places = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    _, nearest = cKDTree(np.stack([imaged.x, imaged.y], axis=1)).query(places)
    return float(np.mean(inside[nearest]))
