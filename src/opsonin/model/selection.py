"""Which patients of a population are plausible, and which distributions they are to have together. Shapes only.

All numbers are in the unit of their column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, model_validator

from opsonin.model.population import Distribution
from opsonin.model.sourced import Entry
from opsonin.model.varied import Marginal

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Acceptance(Entry):
    """A patient is plausible whose value lies from `least` to `most`, both included; one may be left out."""

    least: Finite | None = None
    most: Finite | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Acceptance:
        if self.least is None and self.most is None:
            raise ValueError("a range has 'least', 'most' or both")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"'least', {self.least:g}, is above 'most', {self.most:g}")
        return self


class Target(Distribution):
    """A distribution that a column is to have.

    Attributes:
        bins: of equal share, in each of which the patients together are given that share.
    """

    bins: Annotated[int, Field(ge=2, le=1000, strict=True)] = 20


class Selection(Entry):
    """What is accepted, and what the accepted are weighted to.

    Attributes:
        accept: ranges by column.
        target: distributions by column.
    """

    accept: dict[str, Acceptance] = Field(default_factory=dict)
    target: dict[str, Target] = Field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A target in plain numbers."""

    marginal: Marginal
    bins: int


@dataclass(frozen=True)
class Criteria:
    """A selection, resolved: ranges and targets by column."""

    accept: Mapping[str, Acceptance]
    targets: Mapping[str, Wanted]
