"""Free-standing cells in culture medium: what feeds them where there is no vessel. Not a process: transport asks it.

A block is a box of medium, well mixed outside: the medium's concentration holds at all six faces, and what lies between
them and the cells is crossed by diffusion. A section is the layer of cells on the floor of a well: every voxel
exchanges with the surface of the liquid above it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from opsonin.laws.medium import liquid_exchange
from opsonin.tissue.tissue import Tissue, Transport


def exchange_rate(tissue: Tissue, substrate: Transport) -> npt.NDArray[np.float64]:
    """Rate at which each voxel comes to equilibrium with the medium [1/min], (nz, ny, nx)."""
    fields = tissue.fields
    if tissue.dimension == 2:
        rate = liquid_exchange(substrate.diffusivity, substrate.liquid_height, tissue.box[2])
        return np.full(fields.shape, rate)
    rates = np.zeros(fields.shape)
    for axis, spacing in enumerate(fields.spacing):
        # From a face to the middle of its voxel it is half a voxel: D / (h/2) over the depth h.
        through_face = 2.0 * substrate.diffusivity / spacing**2
        rim = np.moveaxis(rates, axis, 0)
        rim[0] += through_face
        rim[-1] += through_face
    return rates
