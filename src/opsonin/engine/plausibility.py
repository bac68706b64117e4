"""What a plan may ask of the engine: numbers outside these limits are slips of the pen, and named as such."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, InputError
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.engine.regimens import Course
from opsonin.kernels.mechanics import SHEATH_MAX, STRENGTH_MAX
from opsonin.knowledge.library import Library
from opsonin.laws.cycle import potential_growth_rate
from opsonin.model import tables as column
from opsonin.model.knowledge import Tumour
from opsonin.state.fields import grid_shape
from opsonin.state.tables import Tables
from opsonin.tissue.packing import SCALE

Box = tuple[float, float, float]

MOST_ELONGATED = 20.0
MOST_VOXELS = 50_000_000
MOST_VESSELS = 200_000
# Cells of a product [-]: below, one run in twenty sees less than half or none of what was meant.
FEW = 5.0


def require_plausible_biology(library: Library, tumour: Tumour) -> None:
    """InputError with every number of the knowledge base, as set for this run, that the engine cannot use."""
    faults = [*_growth(library, tumour), *_mechanics(library), *_attractants(library)]
    if faults:
        raise InputError(*faults)


def require_plausible_tissue(
    box: Box, scales: npt.NDArray[np.float64], spacing: float, dimension: int
) -> None:
    """InputError if the cells cannot fill the box, or the box cannot be resolved."""
    faults = []
    for scale in sorted({float(k) for k in scales if not SCALE[0] <= k <= SCALE[1]}):
        faults.append(
            Fault(
                "tissue",
                f"cells fill {scale**-dimension:.3g} of their part of the field of {box[0]:.4g} x {box[1]:.4g} um: "
                f"their radii would have to be multiplied by {scale:.3g}; expected {SCALE[0]} to {SCALE[1]}.",
                "Is a cell far outside, a position in other units, or a density slipped?",
            )
        )
    sides = box if dimension == 3 else box[:2]
    if max(sides) > MOST_ELONGATED * min(sides):
        faults.append(
            Fault(
                "tissue",
                f"the field of {box[0]:.4g} x {box[1]:.4g} um is a line.",
                "Select a wider field, or draw one.",
            )
        )
    else:
        voxels = math.prod(grid_shape(box, spacing, dimension))
        if voxels > MOST_VOXELS:
            faults.append(
                Fault(
                    "numerics.spacing",
                    f"{voxels:,} voxels; at most {MOST_VOXELS:,}.",
                    "Use a larger spacing.",
                )
            )
    if faults:
        raise InputError(*faults)


def require_plausible_vessels(box: Box, density: float, where: str) -> None:
    """InputError if a box would hold more vessels than any tissue; `density` [1/um2], set at the path `where`."""
    vessels = box[0] * box[1] * density
    if vessels > MOST_VESSELS:
        raise InputError(
            Fault(
                where,
                f"{vessels:,.0f} vessels in this field; at most {MOST_VESSELS:,}.",
                "Vessels are counted per mm2 of section: tens to hundreds.",
            )
        )


def few_that_come(
    courses: Iterable[Course], cells: tuple[str, ...], tables: Tables, box: Box
) -> Iterator[str]:
    """A sentence for each arm and product of which fewer than `FEW` cells are expected within the run.

    Args:
        cells: types, in the order of the tables. A block is a stack of sections one cell thick.
    """
    diameter = tables.types[:, column.DIAMETER]
    sections = box[0] * box[1] * (box[2] / diameter if tables.dimension == 3 else np.ones_like(diameter))
    for course in courses:
        regimen = course.regimen
        expected = {drug.drug.name: 0.0 for drug in regimen.drugs if drug.infusions}
        for coming in regimen.coming(0.0, regimen.duration, cells):
            expected[coming.product] += coming.density * float(sections[coming.kind])
        for name, count in expected.items():
            if count < FEW:
                yield (
                    f"Doubtful: {count:.2g} cells of {name} are expected in this field within the "
                    f"{regimen.duration / MINUTES_PER_DAY:g} d of arm '{course.name}': few or none will come. Give "
                    "more, or let the run last until they have come."
                )


def _growth(library: Library, tumour: Tumour) -> Iterator[Fault]:
    potential, observed = tumour.potential_doubling_time, tumour.doubling_time
    where = f"tumour.{tumour.name}.potential_doubling_time"
    for name, cell in library.cells.items():
        if cell.cycle is None:
            continue
        committed = cell.cycle.committed
        if potential_growth_rate(potential.value) * committed.value >= math.log(2.0):
            yield Fault(
                where,
                f"'{potential.text}' is shorter than S, G2 and M of '{name}' alone, cell.{name}.cycle.committed = "
                f"'{committed.text}'.",
                "No cell could divide that fast.",
            )
    if observed.value < potential.value:
        yield Fault(
            where,
            f"'{potential.text}' is longer than tumour.{tumour.name}.doubling_time = '{observed.text}'.",
            "A tumour cannot grow faster than it would without losing a cell.",
        )


def _mechanics(library: Library) -> Iterator[Fault]:
    for name, cell in library.cells.items():
        for key, number, least in (("repulsion", cell.repulsion, 1e-3), ("adhesion", cell.adhesion, 0.0)):
            if not least <= number.value <= STRENGTH_MAX:
                yield Fault(
                    f"cell.{name}.{key}",
                    f"'{number.text}' is outside {least:g} to {STRENGTH_MAX:g} um/min.",
                    "Cells push with about 10 and pull with about 0.4 um/min.",
                )
        if cell.adhesion.value > cell.repulsion.value:
            yield Fault(
                f"cell.{name}.adhesion",
                f"'{cell.adhesion.text}' exceeds the repulsion '{cell.repulsion.text}': the tissue would collapse.",
            )
        if cell.sheath and cell.sheath.value > SHEATH_MAX:
            yield Fault(
                f"cell.{name}.sheath",
                f"'{cell.sheath.text}' is above {SHEATH_MAX:g}: neighbours are not sought that far.",
            )


def _attractants(library: Library) -> Iterator[Fault]:
    found = sorted(
        {c.motility.attractant for c in library.cells.values() if c.motility and c.motility.attractant}
    )
    if len(found) > 1:
        yield Fault("cell.*.motility.attractant", f"one attractant is supported, found {', '.join(found)}.")
