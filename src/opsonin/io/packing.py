"""How densely the cells of a biopsy lie, at the diameters of their types, and what to doubt where they are strewn.

Filling the field, as a run does, is the tissue's work.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsonin.core.errors import Fault
from opsonin.io.biopsies import Biopsy
from opsonin.knowledge.composition import of_role
from opsonin.knowledge.library import Library

# assumed: below it all radii grow 1.6-fold or more to fill the field. The 59 imaged fields at hand have 0.53 or more;
# the six with drawn positions 0.26 to 0.45. Decides only what is said.
STREWN_BELOW = 0.4
NO_TUMOUR = "there are no tumour cells, so burden, growth and killing say nothing."


def diameters_of(biopsy: Biopsy, library: Library) -> NDArray[np.float64]:
    """Diameter of each cell's type [um], (cells,)."""
    sizes = np.array([library.cells[name].diameter.value for name in biopsy.cell_of_label])
    return np.asarray(sizes[biopsy.label_codes], np.float64)


def packing_of(biopsy: Biopsy, library: Library) -> float:
    """Area of the cells' discs over the area of the field; 1 is a field that they just fill."""
    width, height = biopsy.field_um
    return float(np.sum(np.pi / 4.0 * diameters_of(biopsy, library) ** 2)) / (width * height)


def doubts_of(biopsy: Biopsy, library: Library) -> tuple[Fault, ...]:
    """All doubts of a biopsy: those of its table, no tumour in it, and cells too few to fill the field."""
    return (*biopsy.doubts, *_no_tumour(biopsy, library), *_strewn(biopsy, library))


def _no_tumour(biopsy: Biopsy, library: Library) -> tuple[Fault, ...]:
    if set(biopsy.cell_of_label) & of_role(library, "tumour"):
        return ()
    fix = "Select a field that has some, or check what the label map makes of the tumour's label."
    return (Fault(biopsy.name, NO_TUMOUR, fix),)


def _strewn(biopsy: Biopsy, library: Library) -> tuple[Fault, ...]:
    packing = packing_of(biopsy, library)
    if packing >= STREWN_BELOW:
        return ()
    problem = (
        f"the cells fill only {packing:.2f} of the field: a run enlarges their radii about {packing**-0.5:.2g}-fold "
        "and lets them close up, so the architecture is not kept."
    )
    fix = (
        "Select a denser field, or read the cells that the table leaves out (stroma, say); "
        "if the positions are in other units, set scale in a label map of your own."
    )
    return (Fault(biopsy.name, problem, fix),)
