"""Entries of the knowledge base on how the tables of one panel are read. Shapes only, as in `model.knowledge`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from opsonin.model.knowledge import Name
from opsonin.model.scenario import Quantity
from opsonin.model.sourced import Entry


class Marking(Entry):
    """What a label of a biopsy means: a cell type, and molecules seen (+) or not (-)."""

    cell: str
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    note: str = ""


class Intensity(Entry):
    """How much of a molecule a cell has, from its stain: max(I - background, 0) / (reference - background).

    That is relative to the resting level of the cell's type, and linear: staining has no absolute scale.

    Attributes:
        columns: of the table; their mean is the intensity I.
        background: intensity that counts as none.
        reference: intensity of a cell at the resting level of its type.
        only: cell types that it applies to; all, if none is named.
        source, assumed: where background and reference come from, as for every number: one of the two.
    """

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    background: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    reference: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    only: tuple[str, ...] = ()
    source: str | None = None
    assumed: str | None = None

    @model_validator(mode="after")
    def _is_a_scale(self) -> Intensity:
        if self.reference <= self.background:
            raise ValueError("'reference' must be above 'background'")
        if (self.source is None) == (self.assumed is None):
            raise ValueError("give either 'source' or 'assumed', with where both intensities come from")
        return self


SECTION = 5.0  # um, assumed: paraffin sections are cut at 3 to 5 um; decides the thickness of a slab


class LabelMap(Entry):
    """How the columns and labels of one panel are read; `section` [um] is the thickness of its cut."""

    name: Name
    title: str
    note: str = ""
    x: str = "x_um"
    y: str = "y_um"
    z: str | None = None
    label: str = "cell_type"
    scale: float = Field(
        default=1.0, ge=1e-4, le=1e5, allow_inf_nan=False
    )  # um per unit of the position columns
    section: Annotated[float, Quantity("um", above=0.0, most=1000.0)] | None = None
    labels: dict[str, Marking]
    ignore: tuple[str, ...] = ()
    intensities: dict[str, Intensity] = Field(default={})
