"""How a patient is dosed, as pharmacologists write it: amounts per weight or surface, routes, infusions, repeats.

Shapes and single values only; tables of doses and checks against the knowledge base are in `io/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from opsonin.core.units import UnitError, split, to_unit
from opsonin.model.amounts import MASS, MASSES, PER_WEIGHT, read_amount
from opsonin.model.lesions import Lesion
from opsonin.model.scenario import YEAR, Numbers, Quantity, repeated
from opsonin.model.sourced import Entry

PER_WEIGHT_CELLS, CELLS = "cell/kg", "cell"
MOST_CELLS = 1e13  # of a product: a tenth of all cells of a body
MOST_REPLICATES = 10_000
MOST_LESIONS = 10
EXAMPLE = 'Write "240 mg", per body weight "3 mg/kg", or per body surface "20 mg/m2".'


def instant(minutes: float) -> float:
    """A time [min] to the nearest 60 us: times that were computed in two ways are then the same time."""
    return round(minutes, 6)


@dataclass(frozen=True, order=True)
class Given:
    """One dose as it is given.

    Attributes:
        time: [min] since the start, when it begins; an `instant`.
        drug: entry of the knowledge base.
        amount: [mg] in all; of a product of cells [cells].
        lasting: [min] over which it flows in evenly; 0 where it is given at once.
    """

    time: float
    drug: str
    amount: float
    lasting: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", instant(self.time))
        object.__setattr__(self, "lasting", instant(self.lasting))

    @property
    def end(self) -> float:
        """When the last of it is in the body [min]."""
        return instant(self.time + self.lasting)


def read_dose(text: str) -> tuple[float, str]:
    """A dose in MASS, PER_WEIGHT or PER_SURFACE, or of a product in CELLS or PER_WEIGHT_CELLS.

    Args:
        text: "240 mg", "3 mg/kg", "20 mg/m2", "2e8 cells" or "2e6 cells/kg".
    Raises:
        ValueError: none of these, not above zero, or beyond any real dose.
    """
    number, unit = split(text)
    for cells in (CELLS, PER_WEIGHT_CELLS):
        try:
            value = number * to_unit(f"1 {unit}", cells)
        except UnitError:
            continue
        if not 0.0 < value <= MOST_CELLS:
            raise ValueError(
                f"'{text}' {'must be above 0' if not value > 0.0 else 'is beyond any real dose'}"
            )
        return value, cells
    value, kind = read_amount(text)
    if kind not in MASSES:
        raise ValueError(f"'{text}' is no amount that blood carries; expected a mass")
    return value, kind


def _dose(raw: Any) -> str:
    try:
        if isinstance(raw, bool) or not isinstance(raw, str):
            raise ValueError("has no unit" if isinstance(raw, int | float) else "is not an amount")
        read_dose(raw)
    except ValueError as error:
        raise PydanticCustomError("dose", "{message}", {"message": str(error)}) from error
    return raw


class Body(Entry):
    """What a dose is measured by.

    Attributes:
        weight: of the patient.
        height: only needed for doses per body surface.
        surface: the formula of body surface: of Mosteller 1987, sqrt(height weight / 3600), or of Du Bois 1916,
            0.007184 weight^0.425 height^0.725; in m2, of cm and kg.
    """

    weight: Annotated[float, Quantity("kg", least=1.0, most=400.0)]
    height: Annotated[float, Quantity("cm", least=30.0, most=250.0)] | None = None
    surface: Literal["mosteller", "du-bois"] = "mosteller"

    @property
    def surface_m2(self) -> float | None:
        """Body surface [m2]; None without a height."""
        if self.height is None:
            return None
        if self.surface == "mosteller":
            return math.sqrt(self.height * self.weight / 3600.0)
        return float(0.007184 * self.weight**0.425 * self.height**0.725)


def surface_of_weight(weight: float) -> float:
    """Body surface [m2] of an adult, child or small animal of this weight [kg] whose height is not known.

    Source: Livingston and Lee 2001, Am J Physiol Endocrinol Metab 281:E586 (abstract): 0.1173 W^0.6466, below 10 kg
    0.1037 W^0.6724; of people.
    """
    surface = 0.1173 * weight**0.6466 if weight >= 10.0 else 0.1037 * weight**0.6724
    return float(surface)


def dose_mg(value: float, kind: str, body: Body | None) -> float:
    """A dose [mg, or cells] for a patient; ValueError, with what is missing, where it cannot be told."""
    if kind in (MASS, CELLS):
        return value
    if body is None:
        raise ValueError("needs the weight of the patient")
    if kind in (PER_WEIGHT, PER_WEIGHT_CELLS):
        return value * body.weight
    if body.surface_m2 is None:
        raise ValueError("needs the height of the patient, for the body surface")
    return value * body.surface_m2


Route = Literal["iv", "oral", "sc"]


class Administration(Entry):
    """An amount of a drug, once at `at`, or each `every` from `at` to `until`, included, or the end.

    The same keys as a dose of an arm, and two ways more to say how it is given.

    Attributes:
        drug: entry of the knowledge base.
        amount: of one dose: "240 mg", "3 mg/kg" or "20 mg/m2".
        lasting: over which time it is infused; left out, it is given at once.
        route: "iv", "oral" or "sc"; left out, as the kinetics of the drug have it.
        at: when the first one is given.
        every: time between two doses; left out, it is given once.
        until: no dose is given later; left out, the end.
    """

    drug: str
    amount: Annotated[str, PlainValidator(_dose)]
    lasting: Annotated[float, Quantity("min", above=0.0)] | None = None
    route: Route | None = None
    at: Annotated[float, Quantity("min", least=0.0)] = 0.0
    every: Annotated[float, Quantity("min", above=0.0)] | None = None
    until: Annotated[float, Quantity("min", least=0.0)] | None = None

    def given(self, body: Body | None, duration: float) -> tuple[Given, ...]:
        """Each dose within `duration` [min]; ValueError where the patient's weight or height is needed and missing."""
        mg = dose_mg(*read_dose(self.amount), body)
        times = repeated(self.at, self.every, self.until, duration)
        return tuple(Given(time, self.drug, mg, self.lasting or 0.0) for time in times)


class DoseTable(Entry):
    """A table of doses as NONMEM reads it, with what its numbers are in.

    Attributes:
        file: CSV, TSV or parquet, relative to this file.
        drug: of all rows, where the table has no column DRUG.
        time: unit of TIME and II, as "h" or "d".
        amount: unit of AMT, as "mg", "mg/kg" or "mg/m2"; RATE is in it per unit of time.
    """

    file: str
    drug: str | None = None
    time: str | None = None
    amount: str | None = None


class Rule(Entry):
    """Doses of a drug are held or reduced where something of the patient is beyond a limit just before them.

    Attributes:
        drug: whose doses.
        when: column of the result that is looked at, as "blood_anc".
        above, below: the limit, in the unit of that column; one of them.
        hold: a dose is left out as long as the limit is passed.
        reduce_to: each time that the limit is passed, this and all later doses become this share of what they were.
    """

    drug: str
    when: str
    above: Annotated[float, Field(allow_inf_nan=False)] | None = None
    below: Annotated[float, Field(allow_inf_nan=False)] | None = None
    hold: Annotated[bool, Field(strict=True)] = False
    reduce_to: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Rule:
        if (self.above is None) == (self.below is None):
            raise ValueError("a rule has one limit: 'above' or 'below'")
        if not self.hold and self.reduce_to is None:
            raise ValueError("a rule does something: hold = true, reduce_to = 0.75, or both")
        return self

    def fires(self, value: float) -> bool:
        """Whether a value is beyond the limit."""
        return value > self.above if self.above is not None else value < (self.below or 0.0)


class Course(Entry):
    """What one patient, or each of a table, is given and for how long it is followed.

    Attributes:
        name: of the course, as pictures call it.
        duration: from time 0 on.
        every: time between two rows of the result.
        patient: needed for doses per body weight or surface; a table may hold its own.
        dose: what is given.
        table: doses from a table, beside those of `dose`.
        rule: when doses are held or reduced.
        knowledge: single numbers in place of those of the knowledge base, as in a scenario.
        lesion: where the tumour is; left out, it is in one place.
        new_lesions: places where the tumour may seed others.
        seed: of chance among few tumour cells; replicates: how often each patient is followed, by other chances.
    """

    name: Annotated[str, Field(max_length=200)] = ""
    duration: Annotated[float, Quantity("min", above=0.0, most=50 * YEAR)]
    every: Annotated[float, Quantity("min", above=0.0)] = 60.0
    patient: Body | None = None
    dose: tuple[Administration, ...] = ()
    table: DoseTable | None = None
    rule: tuple[Rule, ...] = ()
    knowledge: Numbers = Field(default_factory=dict)
    lesion: Annotated[tuple[Lesion, ...], Field(max_length=MOST_LESIONS)] = ()
    new_lesions: Annotated[int, Field(ge=0, le=MOST_LESIONS, strict=True)] = 0
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 1
    replicates: Annotated[int, Field(ge=1, le=MOST_REPLICATES, strict=True)] = 1
