"""A tissue drawn where no biopsy is given: what it holds, where that lies, and what its edges are.

All places are keyed by type and ordinal: the same scenario has the same cells, whatever else is in the knowledge base.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsonin.knowledge.composition import compose
from opsonin.knowledge.library import Library
from opsonin.model.knowledge import Tumour
from opsonin.model.scenario import Generated
from opsonin.model.sourced import Sourced
from opsonin.tissue.generate.ground import Ground, lay, scales_of, vessels_on
from opsonin.tissue.generate.scatter import scatter
from opsonin.tissue.generate.sites import Box
from opsonin.tissue.placement import Imaged
from opsonin.tissue.tissue import Species

__all__ = ["Drawn", "draw", "vessels_on"]


@dataclass(frozen=True)
class Drawn:
    """A generated tissue at its start.

    Attributes:
        asked: what the scenario says of it.
        box: [um]; edges: those that cells are spread along, two in a slab; boundary: WINDOW, FIXED or MEDIUM.
        scales: (types,) factor on the radius of each cell type.
        ground: where vessels may be, for `vessels_on`.
        vessel_density: [1/um2] with its origin; None in medium.
        told: what was made and what the scenario left open, as sentences.
    """

    asked: Generated
    imaged: Imaged
    box: Box
    edges: tuple[float, ...]
    boundary: str
    scales: npt.NDArray[np.float64]
    ground: Ground
    vessel_density: Sourced | None
    told: tuple[str, ...]


def draw(
    generate: Generated,
    thickness: float,
    library: Library,
    tumour: Tumour,
    species: Species,
    key: npt.NDArray[np.uint32],
) -> Drawn:
    """The generated tissue of a scenario.

    Args:
        thickness: extent in z of a slab [um].
    Raises:
        InputError: the cells cannot be where they are asked to be.
    """
    geometry = library.geometries[generate.kind]
    made = compose(generate, tumour, library)
    edges = generate.edges
    box: Box = (edges[0], edges[1], edges[2] if len(edges) == 3 else thickness)
    scales = scales_of(generate, made, library)
    ground = lay(generate, made, library, scales, key, box)
    density = None if geometry.boundary == "medium" else geometry.vessel_density or tumour.vessel_density
    return Drawn(
        asked=generate,
        imaged=scatter(key, made.counts, ground.sites, species),
        box=box,
        edges=edges,
        boundary=geometry.boundary,
        scales=np.array([scales[name] for name in species.cells]),
        ground=ground,
        vessel_density=density,
        told=(f"{geometry.title}, drawn: {made.total:,} cells.", *ground.told, *made.defaults),
    )
