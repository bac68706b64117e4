"""The scenario: a complete, declarative, immutable description of a run: what is asked, not how.

Shapes and single values only; reading files and checks across keys are in `io/`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, LiteralString

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from opsonin.core.units import UnitError, split, to_unit
from opsonin.model.amounts import (
    ABSORBED,
    CELLS,
    DOSE,
    HELD,
    MASS,
    MASSES,
    PER_SURFACE,
    PER_WEIGHT,
    Amount,
    read_amount,
)
from opsonin.model.sourced import Entry

YEAR = 365.25 * 1440.0  # min
MOST_REPLICATES = 10_000
MOST_DOSES = 10_000  # of one entry
EXAMPLES = {
    "min": '"12 h" or "14 d"',
    "um": '"20 um"',
    "cell/um**2": '"300 cells/mm2"',
    "kg": '"75 kg"',
    "cm": '"175 cm"',
    "mg/mol": '"146 kg/mol"',
}


_ILLEGIBLE: LiteralString = "needs letters that can be seen, without line breaks and hidden signs"


def _legible(name: str) -> str:
    """A name that people can read; raises a pydantic error of type "illegible"."""
    if not name.strip() or not name.isprintable():
        raise PydanticCustomError("illegible", "{message}", {"message": _ILLEGIBLE})
    return name


# Units of which people speak, and whether only of whole numbers of them.
_SPOKEN = {"min": (("d", True), ("h", True)), "cell/um**2": (("cells/mm2", False),)}


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


@dataclass(frozen=True)
class Quantity:
    """Marks a float that a scenario writes with its unit, as text, and that is held in `unit`.

    Attributes:
        unit: base unit of the value.
        above, least, most: limits on the value, in `unit`.
    """

    unit: str
    above: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def example(self) -> str:
        """How such a value is written, within its limits."""
        if self.unit == "um" and self.least is not None and self.least > 20.0:
            return f'"{3.0 * self.least:g} um"'
        return EXAMPLES[self.unit]

    def read(self, raw: Any) -> float:
        """The value of a text such as "14 d"; raises a pydantic error of type "quantity"."""
        example = self.example
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise self._refused(f"expected a number with a unit in quotes, as in {example}")
        try:
            value = to_unit(raw, self.unit)
        except UnitError as error:
            raise self._refused(str(error)) from error
        if self.above is not None and not value > self.above:
            raise self._refused(f"'{raw}' must be above {self._bound(raw, self.above)}")
        if self.least is not None and value < self.least:
            raise self._refused(f"'{raw}' must be at least {self._bound(raw, self.least)}")
        if self.most is not None and value > self.most:
            raise self._refused(f"'{raw}' must be at most {self._bound(raw, self.most)}")
        return value

    def write(self, value: float) -> str:
        """The text that reads back to exactly this value, in the unit of which people would speak if that is exact."""
        for unit, whole in _SPOKEN.get(self.unit, ()):
            number = round(value / to_unit(f"1 {unit}", self.unit), 9)
            text = f"{_plain(number)} {unit}"
            if number and (number.is_integer() or not whole) and to_unit(text, self.unit) == value:
                return text
        return f"{_plain(value)} {self.unit}"

    def _bound(self, raw: Any, bound: float) -> str:
        """A limit in the unit that was written."""
        _, unit = split(raw)
        return f"{bound / to_unit(f'1 {unit}', self.unit):.10g} {unit}"

    def _refused(self, message: str) -> PydanticCustomError:
        told = {"message": message, "unit": self.unit, "example": self.example}
        return PydanticCustomError("quantity", "{message}", told)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json"),
        )


def _scalar(raw: Any) -> str | int:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise PydanticCustomError("scalar", "expected a text or a whole number")
    return raw


def _fields(raw: Any) -> Any:
    """ "all", or what selects each field: a value, or a table of columns and values."""
    example = 'write "all", a list of values as in [1, 2], or of tables as in [{ image = 1 }]'
    if raw is None or raw == "all":
        return raw
    if not isinstance(raw, list | tuple) or not raw:
        raise PydanticCustomError("fields", "{message}", {"message": example})
    for item in raw:
        values = list(item.values()) if isinstance(item, dict) else [item]
        if not values or any(isinstance(v, bool) or not isinstance(v, str | int) for v in values):
            raise PydanticCustomError("fields", "{message}", {"message": example})
    return tuple(dict(item) if isinstance(item, dict) else item for item in raw)


def _written(fields: Any) -> Any:
    """As a scenario writes it: what was read."""
    return list(fields) if isinstance(fields, tuple) else fields


def _number(raw: Any) -> str | float | int:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise PydanticCustomError(
            "number", 'expected a number, with its unit in quotes, as in "2e5 molecules"'
        )
    return raw


Numbers = dict[str, Annotated[str | float | int, PlainValidator(_number)]]  # by dotted path
Value = str | int
Fields = str | tuple[Value | dict[str, Value], ...]


class Header(Entry):
    """Who, how long, which seed.

    Attributes:
        name: of the run, as reports call it.
        duration: of treatment and observation, from time 0 on.
        seed: of all chance; the same scenario and seed give the same bits.
        patient: who is treated; all chance is keyed by it, so that two patients of one seed have other chances.
        replicate: number of the repetition: other chances under the same seed.
        replicates: how many repetitions are run, numbered from `replicate` on.
    """

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_legible)]
    duration: Annotated[float, Quantity("min", above=0.0, most=5 * YEAR)]
    seed: Annotated[int, Field(ge=0, lt=2**63, strict=True)] = 0
    patient: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_legible)] | None = None
    replicate: Annotated[int, Field(ge=0, lt=2**31 - MOST_REPLICATES, strict=True)] = 0
    replicates: Annotated[int, Field(ge=1, le=MOST_REPLICATES, strict=True)] = 1


GeometryName = Literal["section", "block", "well", "spheroid", "organoid", "marrow", "node"]
_DRAWN = frozenset({"geometry", "size"})
_MIXED = _DRAWN | {"densities", "fractions", "density"}
_NESTED = _MIXED | {"architecture", "nest_diameter", "tumour_share"}
_FREE = _DRAWN | {"per_tumour_cell"}
GEOMETRY_KEYS: dict[str, frozenset[str]] = {  # what each geometry is told by
    "section": _NESTED,
    "block": _NESTED,
    "well": _FREE | {"confluence"},
    "spheroid": _FREE | {"diameter"},
    "organoid": _FREE | {"diameter", "lumen"},
    "marrow": _MIXED,
    "node": _MIXED | {"follicle_diameter", "follicle_share"},
}

Density = Annotated[float, Quantity("cell/um**2", least=0.0, most=0.1)]
Span = Annotated[float, Quantity("um", least=20.0, most=5000.0)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class Generated(Entry):
    """A tissue drawn instead of read; which geometry uses which key is in `GEOMETRY_KEYS`.

    Attributes:
        geometry: what it is cut from or grown in; left out, two sizes are a section and three a block.
        size: (x, y) of a slab or (x, y, z) of a block; of the medium around a spheroid or organoid.
        densities: cells per section area by cell type, in place of those of the tumour or organ.
        fractions: shares of all cells, by cell type; met to within one cell.
        density: of all cells together, per section area, where `fractions` share them out.
        architecture: where immune cells are, and how many.
        nest_diameter: mean diameter of the nests of tumour cells.
        tumour_share: share of the area or volume that these nests hold.
        confluence: share of a well's floor that tumour cells cover.
        diameter: of a spheroid or organoid.
        lumen: diameter of the hollow of an organoid.
        per_tumour_cell: cells of each other type for one tumour cell: the effector-to-target ratio, if it kills.
        follicle_diameter: mean diameter of the B-cell follicles of a node.
        follicle_share: share of the area or volume that these follicles hold.
    """

    geometry: GeometryName | None = None
    size: tuple[Annotated[float, Quantity("um", least=100.0, most=20000.0)], ...] | None = None
    densities: dict[str, Density] = Field(default_factory=dict)
    fractions: dict[str, Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    density: Annotated[float, Quantity("cell/um**2", above=0.0, most=0.1)] | None = None
    architecture: Literal["mixed", "excluded", "cold"] | None = None
    nest_diameter: Span | None = None
    tumour_share: Share | None = None
    confluence: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = None
    diameter: Span | None = None
    lumen: Span | None = None
    per_tumour_cell: dict[str, Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    follicle_diameter: Span | None = None
    follicle_share: Share | None = None

    @property
    def kind(self) -> str:
        """The geometry, also where it is left out."""
        return self.geometry or ("block" if self.size is not None and len(self.size) == 3 else "section")

    @property
    def free_standing(self) -> bool:
        """Whether it lives in medium, outside of any patient."""
        return self.kind in ("well", "spheroid", "organoid")

    @property
    def edges(self) -> tuple[float, ...]:
        """(x, y) or (x, y, z) of the box [um]; around a ball twice its diameter, if no size is given."""
        return self.size if self.size is not None else (2.0 * (self.diameter or 0.0),) * 3

    @property
    def dimension(self) -> int:
        """3 where cells lie at a depth, 2 in a slab."""
        return len(self.edges)


class Region(Entry):
    """The tissue: a biopsy to read or a generated one, and the tumour preset that fills what it does not say.

    Attributes:
        tumour: entry of the knowledge base: growth, antigen, vessels, densities and levels of the tumour.
        biopsy: table of cells (CSV, TSV, parquet, h5ad), relative to the scenario; this or `generate`.
        select: value that a row must have, by column: the field of a table that holds several.
        fields: each of these fields is a tissue of its own, of one patient: all that `select` leaves, or those listed.
        labels: what the labels of the biopsy mean: a label map of the knowledge base, or a file of your own.
        thickness: of a slab; left out, what a section shows: the cut and the diameter of a nucleus.
        generate: a tissue drawn at random in place of a biopsy.
    """

    tumour: str
    biopsy: str | None = None
    select: dict[str, Annotated[str | int, PlainValidator(_scalar)]] = Field(default_factory=dict)
    fields: Annotated[Fields | None, PlainValidator(_fields), PlainSerializer(_written, return_type=Any)] = (
        None
    )
    labels: str | None = None
    thickness: Annotated[float, Quantity("um", least=1.0, most=2000.0)] | None = None
    generate: Generated | None = None

    @property
    def several(self) -> bool:
        """True while fields are asked for that have not been told apart yet: the table is needed for that."""
        return self.fields is not None and not (len(self.fields) == 1 and isinstance(self.fields[0], dict))

    @property
    def field(self) -> dict[str, Value]:
        """What selects the only field beyond `select`; nothing where the selected rows are one field."""
        listed = self.fields or ()
        return dict(listed[0]) if len(listed) == 1 and isinstance(listed[0], dict) else {}

    @property
    def field_name(self) -> str:
        """The only field in words, the same however it was selected: 'image 1'; '' where there is nothing to tell."""
        return ", ".join(f"{column} {value}" for column, value in sorted(self.field.items()))

    @property
    def depth(self) -> float | None:
        """Extent in z [um] as given: the third size of a generated block, or the thickness; None if left out."""
        if self.generate is not None and self.generate.dimension == 3:
            return self.generate.edges[2]
        return self.thickness


def repeated(at: float, every: float | None, until: float | None, duration: float) -> tuple[float, ...]:
    """Times [min] from `at` on, each `every` up to `until`, included, that are before the end, `duration`."""
    if every is None:
        return (at,) if at < duration else ()
    most = math.floor((min(duration, duration if until is None else until) - at) / every + 1e-9)
    given = (at + number * every for number in range(most + 1))
    return tuple(time for time in given if time < duration)


class Dose(Entry):
    """An amount of a drug, once at `at`, or each `every` from `at` to `until`, included, or the end.

    Attributes:
        drug: entry of the knowledge base.
        amount: of one dose: a mass, also per body weight or surface, as in "240 mg", "3 mg/kg" or "375 mg/m2"; or the
            concentration of free drug in the tissue, as in "1 uM", which is there at once, held for `lasting`, and
            then gone; a fraction of radiation, as in "8 Gy"; of a product of cells those that reach this tissue in
            all, per section area, as in "200 cells/mm2"; or "1 dose" of a vaccine.
        lasting: how long a concentration is held; over which time a mass is infused, in place of at once, or cells come
            evenly, in place of as they do in blood.
        at: when the first one is given.
        every: time between two doses; left out, it is given once.
        until: no dose is given later; left out, the end of the run.
    """

    drug: str
    amount: Amount
    lasting: Annotated[float, Quantity("min", above=0.0)] | None = None
    at: Annotated[float, Quantity("min", least=0.0)] = 0.0
    every: Annotated[float, Quantity("min", above=0.0)] | None = None
    until: Annotated[float, Quantity("min", least=0.0)] | None = None

    def times(self, duration: float) -> tuple[float, ...]:
        """When it is given [min] in a run of `duration`; not at the very end, where it could do nothing."""
        return repeated(self.at, self.every, self.until, duration)

    @model_validator(mode="after")
    def _is_whole(self) -> Dose:
        if self.held and self.lasting is None:
            raise PydanticCustomError("held", "a concentration needs 'lasting'")
        if self.unit in (ABSORBED, DOSE) and self.lasting is not None:
            raise PydanticCustomError("held", "what is given at once has no 'lasting'")
        return self

    @property
    def held(self) -> bool:
        """True of a concentration in the tissue."""
        return read_amount(self.amount)[1] == HELD

    @property
    def unit(self) -> str:
        """Unit of `size`."""
        kind = read_amount(self.amount)[1]
        return MASS if kind in MASSES else kind

    @property
    def cells(self) -> bool:
        """True of cells that reach the tissue."""
        return read_amount(self.amount)[1] == CELLS

    def size(self, weight_kg: float, surface_m2: float) -> float:
        """One dose [mg] for a patient of this weight [kg] and surface [m2]; of a concentration that [nM], of radiation
        [Gy], of cells [1/um2]."""
        value, kind = read_amount(self.amount)
        return value * {PER_WEIGHT: weight_kg, PER_SURFACE: surface_m2}.get(kind, 1.0)


class Arm(Entry):
    """One treatment, given to the same virtual patient as every other arm.

    Attributes:
        name: of the arm, another one for each.
        dose: what is given; nothing in an untreated arm.
    """

    name: Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")]
    dose: tuple[Dose, ...] = ()


class Output(Entry):
    """What is kept.

    Attributes:
        every: time between two stored states of cells and fields, to be read, branched or resumed from.
    """

    every: Annotated[float, Quantity("min", above=0.0)] = 1440.0


class Numerics(Entry):
    """Steps, grid, and how long the untreated tumour lives on before time 0.

    Not physics: changing them must not change results beyond stated error.

    Attributes:
        coupling_step: how often drugs, fields, molecules, fates and the window are brought up to date.
        motion_step: how often contacts and places are, within a coupling step.
        spacing: of the grid on which substrates diffuse.
        burn_in: how long the tissue lives on untreated before time 0; left out, 21 d, and not at all in medium.
    """

    coupling_step: Annotated[float, Quantity("min", above=0.0, most=60.0)] = 10.0
    motion_step: Annotated[float, Quantity("min", above=0.0, most=10.0)] = 1.0
    spacing: Annotated[float, Quantity("um", least=2.0, most=100.0)] = 15.0
    burn_in: Annotated[float, Quantity("min", above=0.0, most=90 * 1440.0)] | None = None


class Coupled(Entry):
    """The patient around the tissue: blood, node and clones, which feed it and are fed by it.

    Attributes:
        interval: how often each hears of the other; left out, 6 h at most, and a whole part of `output.every`.
        frozen: the tissue sees the patient as before treatment, and so runs as without one; the patient is followed.
        weight: for doses per body weight or surface; left out, that of the tumour's patients.
        height: for doses per body surface, by Mosteller; left out, it follows from the weight.
    """

    interval: Annotated[float, Quantity("min", above=0.0, most=7 * 1440.0)] | None = None
    frozen: Annotated[bool, Field(strict=True)] = False
    weight: Annotated[float, Quantity("kg", least=1.0, most=400.0)] | None = None
    height: Annotated[float, Quantity("cm", least=30.0, most=250.0)] | None = None


# min; some lifetimes of a T cell in the tissue: fields, exhaustion, niches, necrosis and who is killed first settle
BURN_IN = 21 * 1440.0


class Scenario(Entry):
    """The whole question.

    Attributes:
        scenario: who, how long, which seed.
        tissue: a biopsy to read or a tissue to draw.
        arm: the treatments that are compared.
        patient: what is around the tissue; left out, the tissue is by itself.
        output: what is kept.
        numerics: steps and grid.
        knowledge: single numbers in place of those of the knowledge base, by dotted path:
            `"tumour.melanoma.expresses.cancer.PD-L1" = "2e5 molecules"`.
    """

    scenario: Header
    tissue: Region
    arm: Annotated[tuple[Arm, ...], Field(min_length=1)]
    patient: Coupled | None = None
    output: Output = Output()
    numerics: Numerics = Numerics()
    knowledge: Numbers = Field(default_factory=dict)

    @property
    def burn_in(self) -> float:
        """How long the untreated tissue lives on before time 0 [min]: as given, or 21 d, but nothing in medium."""
        if self.numerics.burn_in is not None:
            return self.numerics.burn_in
        generate = self.tissue.generate
        return 0.0 if generate is not None and generate.free_standing else BURN_IN
