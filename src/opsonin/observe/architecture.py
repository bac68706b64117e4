"""The architecture of an imaged tissue: how dense, and whether its CD8 cells reach the tumour.

Pure functions of positions; they compare a biopsy with others, and decide nothing in a run.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from opsonin.laws.mechanics import ADHESION_REACH

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Architecture = Literal["infiltrated", "excluded", "desert"]

DESERT_BELOW = (
    100.0  # CD8 cells/mm2; doi:10.1136/jitc-2024-009550: below it a tumour centre counts as not infiltrated
)
CONTACT_SHARE = (
    0.5  # assumed: where most CD8 cells touch no tumour cell, they are kept out; decides the word only
)
RULE = (
    f"desert: fewer than {DESERT_BELOW:g} CD8 cells per mm2 (doi:10.1136/jitc-2024-009550, tumour centre); "
    f"infiltrated: at least {100 * CONTACT_SHARE:.0f} % of them touch a tumour cell (assumed); excluded: fewer do"
)


def contact_share(places: Floats, radii: Floats, effectors: Mask, targets: Mask) -> float | None:
    """Share of the effectors that touch a target: membranes meet up to the range of adhesion, as in a run.

    Args:
        places: (cells, 2), or 3 in a block [um]; radii: (cells,) [um], scaled to packing 1.
        effectors, targets: (cells,) which cells are meant.
    Returns:
        share; None where there is no effector.
    """
    from scipy.spatial import cKDTree

    if not effectors.any():
        return None
    if not targets.any():
        return 0.0
    reach = ADHESION_REACH * (radii[effectors] + radii[targets].max())
    near = cKDTree(places[targets]).query_ball_point(places[effectors], reach)
    target_places, target_radii = places[targets], radii[targets]
    touching = 0
    for place, radius, candidates in zip(places[effectors], radii[effectors], near, strict=True):
        gaps = np.linalg.norm(target_places[candidates] - place, axis=1)
        touching += bool((gaps <= ADHESION_REACH * (radius + target_radii[candidates])).any())
    return touching / int(effectors.sum())


def architecture(cd8_per_mm2: float, share: float | None) -> Architecture:
    """The word for a field, by `RULE`.

    Args:
        cd8_per_mm2: density of CD8 cells.
        share: of them in contact with a tumour cell; None where there are none.
    """
    if cd8_per_mm2 < DESERT_BELOW or share is None:
        return "desert"
    return "infiltrated" if share >= CONTACT_SHARE else "excluded"
