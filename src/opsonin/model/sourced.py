"""A number of the knowledge base: value, unit, range, and where it comes from."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from opsonin.core.units import UnitError, to_unit

_SOURCE = re.compile(r"^(evidence:[A-Z]\d{1,4}|doi:10\.\d{4,9}/\S+|pmid:\d+)(\s*[;,]\s*(evidence:[A-Z]\d{1,4}|doi:10\.\d{4,9}/\S+|pmid:\d+))*$")


class Entry(BaseModel):
    """Base of every frozen model: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


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

    @model_validator(mode="after")
    def _has_an_origin(self) -> Sourced:
        if (self.source is None) == (self.assumed is None):
            raise ValueError("give either 'source' (evidence:ID, doi:... or pmid:...) or 'assumed' with the reason")
        if self.source is not None and not _SOURCE.match(self.source):
            raise ValueError(f"source '{self.source}' is not evidence:ID, doi:10... or pmid:...")
        if self.assumed is not None and len(self.assumed.split()) < 3:
            raise ValueError("'assumed' must say why and what it decides")
        if self.range is not None and not self.range[0] <= self.value <= self.range[1]:
            raise ValueError(f"value {self.value} {self.unit} lies outside its own range {self.range}")
        return self

    def with_value(self, text: str | float) -> Sourced:
        """A copy holding a value that a scenario sets by hand; its origin then is the scenario."""
        return Sourced(
            value=to_unit(text, self.unit), text=str(text), unit=self.unit,
            assumed="set by the scenario, in place of the knowledge base",
        )  # fmt: skip


def _read(raw: Any, info: ValidationInfo, unit: str, lowest: float) -> Any:
    if isinstance(raw, Sourced):
        return raw
    if not isinstance(raw, dict):
        raise ValueError("expected a table with value, and source or assumed")
    table = dict(raw)
    if "value" not in table:
        raise ValueError("the key 'value' is missing")
    try:
        value = to_unit(table["value"], unit)
        table["text"], table["value"], table["unit"] = str(raw["value"]), value, unit
        if "range" in table:
            table["range"] = tuple(to_unit(edge, unit) for edge in table["range"])
    except UnitError as error:
        raise ValueError(str(error)) from error
    if value < lowest:
        raise ValueError(f"{raw['value']} is below the least allowed value, {lowest} {unit}")
    return table


def sourced(unit: str, *, lowest: float = 0.0) -> Any:
    """The type of a sourced number held in `unit`; values below `lowest` are refused."""

    def read(raw: Any, info: ValidationInfo) -> Any:
        return _read(raw, info, unit, lowest)

    return Annotated[Sourced, BeforeValidator(read), Field(json_schema_extra={"opsonin_unit": unit})]
