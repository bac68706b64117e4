"""Vessels where a biopsy shows them: endothelial cells that lie together line one vessel.

Those that it does not show are placed by `placement`, far from each other, up to the published density.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from opsonin.core.random import id_of
from opsonin.state.vessels import Vessels
from opsonin.tissue.placement import Imaged, add_vessel, vessel_fraction

# Assumed: nuclei of one capillary, 5 to 10 um wide, are closer than this across and along it [um]; decides how many
# vessels a cluster of endothelial cells counts as, and nothing where no two are this close.
LINING = 20.0


def seen_vessels(imaged: Imaged, lining: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(vessels, 2) middles of the clusters of cells of the types `lining`, (types,) [um], in the order of their ids."""
    ordered = imaged.ordered()
    own = lining[ordered.kind]
    places = np.stack([ordered.x[own], ordered.y[own]], axis=1)
    if len(places) == 0:
        return places
    from scipy.sparse import coo_matrix  # loaded only where a biopsy shows vessels
    from scipy.sparse.csgraph import connected_components

    pairs = cKDTree(places).query_pairs(LINING, output_type="ndarray")
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places), len(places)))
    count, member = connected_components(links, directed=False)
    return np.stack([places[member == vessel].mean(axis=0) for vessel in range(count)])


def vessels_with(
    seen: npt.NDArray[np.float64],
    key: npt.NDArray[np.uint32],
    box: tuple[float, float, float],
    density: float,
) -> Vessels:
    """The vessels seen, and as many more, far from each other, as a `density` [1/um2] lacks; at least one."""
    vessels = Vessels.none()
    for x, y in seen:
        vessels.append(float(x), float(y), id_of("seen vessel", float(x), float(y)))
    wanted = max(1, int(np.floor(box[0] * box[1] * density + vessel_fraction(key))))
    while vessels.n < wanted:
        add_vessel(vessels, key, box)
    return vessels
