"""Entries of the knowledge base on what a tissue is drawn in. Shapes only, as in `model.knowledge`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from opsonin.model.knowledge import CellsPerArea, Fraction, Length, Name, PerArea, Positive
from opsonin.model.sourced import Entry


class Patches(Entry):
    """Parts of a tissue that hold other cells than the rest: nests of tumour cells, follicles of B cells.

    `share` is their part of the area or volume: of nests the most, where the tumour's own cells would hold more.
    """

    diameter: Length
    share: Fraction | None = None


class Infiltrate(Entry):
    """What an architecture makes of immune cells: all are raised or lowered by the CD8 cells per section area."""

    infiltrated: CellsPerArea  # raised to this at least
    cold: CellsPerArea  # lowered to this at most
    homing: Fraction  # of the immune cells of a mixed tissue: these lie in nests, the others anywhere


class Geometry(Entry):
    """What a tissue is drawn in, and what of it a scenario need not say.

    Attributes:
        boundary: "window", "fixed" or "medium", see `tissue.tissue`.
        densities, vessel_density: of an organ, in place of the tumour's.
        permeability: of its vessels, over those of tumours; left out, as theirs.
        packing: volume of the cells over that of the ball they form.
        shell: width of the layer around an organoid that its matrix cells lie in.
        confluence: share of a well's floor under tumour cells.
    """

    name: Name
    title: str
    boundary: Literal["window", "fixed", "medium"]
    densities: dict[str, CellsPerArea] = Field(default={})
    vessel_density: PerArea | None = None
    permeability: Positive | None = None
    nests: Patches | None = None
    infiltrate: Infiltrate | None = None
    follicles: Patches | None = None
    packing: Fraction | None = None
    shell: Length | None = None
    confluence: Fraction | None = None
