"""What CD8 T cells are at, in the names that people have for it, read from their state.

The bounds only name: nothing in a tissue knows of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from opsonin.model.specificity import STEM_LIKE, UNMATCHED

BYSTANDER = "bystander"  # of another antigen, most of them memory cells
STEM = "stem-like"
EXHAUSTED = "exhausted"
EFFECTOR = "effector"
MEMORY = "memory"  # tumour-reactive, and neither worn nor at work

# Assumed: half of the vigour gone, and a tenth of full activation over the last hours.
WORN = 0.5
AT_WORK = 0.1


def states_of(
    reactive: npt.NDArray[np.int8], exhaustion: npt.NDArray[np.float64], activation: npt.NDArray[np.float64]
) -> npt.NDArray[np.str_]:
    """State of each CD8 T cell, (n,) names, from three columns of its state, (n,) each [-]."""
    return np.select(
        [reactive == UNMATCHED, reactive == STEM_LIKE, exhaustion >= WORN, activation >= AT_WORK],
        [BYSTANDER, STEM, EXHAUSTED, EFFECTOR],
        MEMORY,
    )
