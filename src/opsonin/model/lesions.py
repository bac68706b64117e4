"""Where a patient's tumour is, as a course says it: lesions, their share of the tumour and what differs in them.

Shapes and single values only; checks against the knowledge base are in `io/` and `engine/lesions.py`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from opsonin.model.scenario import Quantity
from opsonin.model.sourced import Entry

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class Lesion(Entry):
    """One lesion; what is left out is as the tumour type has it.

    Attributes:
        name: small letters, digits and "_".
        share: of the patient's tumour cells; left out of all, they are shared evenly.
        killers: density of T and NK cells in it, over that of the tumour type.
        doubling_time: as it grows untreated.
        levels: factor on what its tumour cells carry, by molecule.
        clones: share of its cells that has a defect at time 0, by defect.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    killers: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] = 1.0
    doubling_time: Annotated[float, Quantity("min", above=0.0)] | None = None
    levels: dict[str, Factor] = Field(default={})
    clones: dict[str, Share] = Field(default={})
