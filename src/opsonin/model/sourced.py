"""A number of the knowledge base: value, unit, range, and where it comes from.

The shape and its checks only; which numbers an entry has is said in `knowledge.py`, the numbers are in TOML.
"""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from opsonin.core.units import UnitError, to_unit

REFERENCE = re.compile(r"(evidence:[A-Z]\d{1,4}|doi:10\.\d{4,9}/\S+|pmid:\d{1,9})")
REFERENCES_APART = re.compile(r";\s+")  # a DOI may hold a semicolon, without a space
WRITTEN = ("value", "range", "source", "assumed", "note")


class Entry(BaseModel):
    """Base of every frozen model: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)

    def in_words(self) -> list[str]:
        """What an entry says beside its numbers."""
        return []

    def _repr_html_(self) -> str:
        """How a notebook shows it: see `opsonin.as_html`."""
        # By the public name, which is loaded when first used: what a thing is does not know how it looks.
        import opsonin

        return opsonin.as_html(self)


class Sourced(Entry):
    """One number with its unit and its origin.

    Attributes:
        value: in `unit`, a plain float.
        text: the value as written ("14 h").
        unit: the base unit of `value` and `range`.
        range: lowest and highest published or plausible value.
        source: `evidence:ID`, `doi:...` or `pmid:...`; several separated by ';'.
        assumed: why it had to be assumed and what it decides, if there is no source.
        note: which of several sources was taken, how it was derived.
    """

    value: float
    text: str
    unit: str
    range: tuple[float, float] | None = None
    source: str | None = None
    assumed: str | None = None
    note: str = ""

    @property
    def references(self) -> tuple[str, ...]:
        """The single references in `source`; empty for an assumed number."""
        return tuple(part.strip() for part in REFERENCES_APART.split(self.source or "") if part.strip())

    @model_validator(mode="after")
    def _has_an_origin(self) -> Sourced:
        if (self.source is None) == (self.assumed is None):
            raise ValueError(
                "give either 'source' (evidence:ID, doi:... or pmid:...) or 'assumed' with the reason"
            )
        if self.source is not None and not (
            self.references and all(REFERENCE.fullmatch(reference) for reference in self.references)
        ):
            raise ValueError(
                f"source '{self.source}' is not evidence:ID, doi:10... or pmid:..., several separated by ';'"
            )
        if self.assumed is not None and len(self.assumed.split()) < 3:
            raise ValueError("'assumed' must say why and what it decides")
        if self.range is not None and not self.range[0] <= self.value <= self.range[1]:
            low, high = self.range
            raise ValueError(
                f"value {self.value:g} lies outside its own range {low:g} to {high:g} {self.unit}".rstrip()
            )
        return self


def _in_first_that_fits(raw: Any, units: tuple[str, ...]) -> tuple[float, str]:
    problem = ""
    for unit in units:
        try:
            return to_unit(raw, unit), unit
        except UnitError as error:
            problem = problem or str(error)
    others = "".join(f" or to '{unit}'" for unit in units[1:])
    raise ValueError(problem + others)


def held_in(
    *units: str, lowest: float = 0.0, highest: float = math.inf, positive: bool = False
) -> BeforeValidator:
    """Marks a field `Annotated[Sourced, held_in("min")]`: read from a table and held in that unit.

    Args:
        units: the base unit; several where it depends on the substrate, the first that fits is taken.
        lowest, highest: values outside are refused.
        positive: zero is refused too (a time, a size, anything that is divided by).
    """

    def read(raw: Any) -> Any:
        if isinstance(raw, Sourced):
            return raw
        if not isinstance(raw, dict):
            raise ValueError("expected a table with 'value', and 'source' or 'assumed'")
        unknown = sorted(set(raw) - set(WRITTEN))
        if unknown:
            raise ValueError(f"unknown key '{unknown[0]}'; a number has {', '.join(WRITTEN)}")
        if "value" not in raw:
            raise ValueError("the key 'value' is missing")
        value, unit = _in_first_that_fits(raw["value"], units)
        if value < lowest or (positive and value <= 0.0):
            above_zero = positive and value <= 0.0
            least = "must be above 0" if above_zero else f"is below the least allowed value, {lowest:g}"
            raise ValueError(f"{raw['value']} {least} {unit}".rstrip())
        if value > highest:
            raise ValueError(
                f"{raw['value']} is above the highest allowed value, {highest:g} {unit}".rstrip()
            )
        table = dict(raw) | {"text": str(raw["value"]), "value": value, "unit": unit}
        if "range" in raw:
            if not isinstance(raw["range"], list | tuple) or len(raw["range"]) != 2:
                raise ValueError("'range' is the lowest and the highest value: two texts with units")
            table["range"] = tuple(_in_first_that_fits(edge, (unit,))[0] for edge in raw["range"])
        return table

    return BeforeValidator(read)
