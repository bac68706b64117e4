"""The scenario: a complete, declarative, immutable description of a run. What is asked, not how it is computed."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from opsonin.core.units import UnitError, to_unit
from opsonin.model.sourced import Entry


def quantity(unit: str, *, above: float | None = None, least: float | None = None, most: float | None = None) -> Any:
    """The type of a number that a scenario writes with its unit and the engine holds in `unit`."""

    def read(raw: Any) -> float:
        try:
            value = raw if isinstance(raw, float) and not unit else to_unit(raw, unit)
        except UnitError as error:
            raise ValueError(str(error)) from error
        if above is not None and not value > above:
            raise ValueError(f"{raw} must be above {above:g} {unit}".rstrip())
        if least is not None and value < least:
            raise ValueError(f"{raw} must be at least {least:g} {unit}".rstrip())
        if most is not None and value > most:
            raise ValueError(f"{raw} must be at most {most:g} {unit}".rstrip())
        return float(value)

    return Annotated[float, BeforeValidator(read), Field(json_schema_extra={"opsonin_unit": unit})]


YEAR = 365.25 * 1440.0
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Header(Entry):
    """Who, how long, which seed."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    duration: quantity("min", above=0.0, most=5 * YEAR)  # type: ignore[valid-type]
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 0
    patient: str | None = None
    replicate: Annotated[int, Field(ge=0, lt=2**31, strict=True)] = 0


class Generated(Entry):
    """A tissue drawn at random instead of read: densities per section area, by cell type."""

    size: tuple[quantity("um", least=100.0, most=20000.0), ...]  # type: ignore[valid-type]
    densities: dict[str, quantity("cell/um**2", least=0.0, most=0.1)] = {}  # type: ignore[valid-type]


class Region(Entry):
    """The tissue: a biopsy to read, or a generated one; and the tumour preset that fills what it does not say."""

    tumour: str
    biopsy: str | None = None
    select: dict[str, str | int] = {}
    labels: str | None = None
    thickness: quantity("um", least=1.0, most=2000.0)  # type: ignore[valid-type]
    generate: Generated | None = None


class Dose(Entry):
    """An amount of a drug, once at `at` or every so often from `at` until `until` (or the end)."""

    drug: str
    amount: str
    at: quantity("min", least=0.0) = 0.0  # type: ignore[valid-type]
    every: quantity("min", above=0.0) | None = None  # type: ignore[valid-type]
    until: quantity("min", least=0.0) | None = None  # type: ignore[valid-type]


class Arm(Entry):
    """One treatment, given to the same virtual patient as every other arm."""

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")]
    dose: tuple[Dose, ...] = ()


class Output(Entry):
    """What is kept. Every `every`, cells and fields are stored and the run can be resumed from there."""

    every: quantity("min", above=0.0) = 1440.0  # type: ignore[valid-type]


class Numerics(Entry):
    """Steps and grid. They are not physics: changing them must not change results beyond stated error."""

    coupling_step: quantity("min", above=0.0, most=60.0) = 6.0  # type: ignore[valid-type]
    motion_step: quantity("min", above=0.0, most=10.0) = 1.0  # type: ignore[valid-type]
    spacing: quantity("um", least=2.0, most=100.0) = 15.0  # type: ignore[valid-type]


class Scenario(Entry):
    """The whole question.

    `knowledge` overrides single numbers of the knowledge base, by dotted path:
    `"tumour.melanoma.expresses.cancer.PD-L1" = "2e5 molecules"`.
    """

    scenario: Header
    tissue: Region
    arm: Annotated[tuple[Arm, ...], Field(min_length=1)]
    output: Output = Output()
    numerics: Numerics = Numerics()
    knowledge: dict[str, str | float | int] = {}
