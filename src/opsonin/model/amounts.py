"""How much of a drug is given, as text: a mass, by weight or surface too, a concentration, radiation, cells, a dose."""

from __future__ import annotations

from typing import Annotated, Any, LiteralString

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from opsonin.core.units import UnitError, split, to_unit

MOST_MG = 1e5  # no single dose of any drug comes near 100 g; a slipped unit does
MOST_MG_PER_KG = 1e4
MOST_MG_PER_M2 = 40.0 * MOST_MG_PER_KG  # an adult has about 40 kg per m2
MOST_GY = 100.0  # one fraction of radiosurgery is at most 90 Gy
MOST_NM = 1e8
MOST_CELLS_PER_UM2 = 0.1  # a tissue of nothing but T cells holds a fifth of that

_ACTIVITIES = frozenset({"iu", "u", "ui", "miu", "unit", "units"})
MASS, PER_WEIGHT, PER_SURFACE = "mg", "mg/kg", "mg/m**2"
MASSES = frozenset({MASS, PER_WEIGHT, PER_SURFACE})
HELD, ABSORBED, CELLS, DOSE = "nM", "Gy", "cell/um**2", "dose"

_MOST = {  # of what is given in one unit: how much, and how it is called
    ABSORBED: (MOST_GY, f"{MOST_GY:g} Gy, beyond any real fraction"),
    CELLS: (MOST_CELLS_PER_UM2, "100,000 cells/mm2, more than a tissue holds"),
    HELD: (MOST_NM, "100 mM, beyond any drug in a tissue"),
    PER_SURFACE: (MOST_MG_PER_M2, "400 g/m2, beyond any real dose"),
}


def read_amount(text: str) -> tuple[float, str]:
    """A dose in MASS, PER_WEIGHT or PER_SURFACE, a concentration HELD, radiation that is ABSORBED, CELLS that come, or
    a whole DOSE.

    Args:
        text: "240 mg", "3 mg/kg", "20 mg/m2", "1 uM", "8 Gy", "200 cells/mm2" or "1 dose".
    Raises:
        ValueError: none of these, not above zero, or beyond any real dose.
    """
    number, unit = split(text)
    if unit in (DOSE, f"{DOSE}s"):
        if number != 1.0:
            raise ValueError(f"'{text}': one dose is given at a time")
        return number, DOSE
    for kind, (most, shown) in _MOST.items():
        try:
            value = number * to_unit(f"1 {unit}", kind)
        except UnitError:
            continue
        return _within(text, value, most, shown), kind
    over, slash, under = (part.strip() for part in unit.partition("/"))
    per_kg = bool(slash)
    try:
        value = number * to_unit(f"1 {over}", "mg") / (to_unit(f"1 {under}", "kg") if per_kg else 1.0)
    except UnitError as error:
        raise ValueError(f"'{text}' is {_no_amount(unit)}") from error
    most, shown = (MOST_MG_PER_KG, "10 g/kg") if per_kg else (MOST_MG, "100 g")
    return _within(text, value, most, f"{shown}, beyond any real dose"), PER_WEIGHT if per_kg else MASS


def _within(text: str, value: float, most: float, shown: str) -> float:
    if not value > 0.0:
        raise ValueError(f"'{text}' must be above 0")
    if not value <= most:
        raise ValueError(f"'{text}' is more than {shown}")
    return value


def mass_per_volume(text: str) -> float | None:
    """The mg/L of a text such as "5 ug/mL", which only a drug's molar mass makes a concentration; None of any other."""
    try:
        return to_unit(text, "mg/L")
    except UnitError:
        return None


def _no_amount(unit: str) -> str:
    """What an amount in this unit is, as none that is known."""
    if mass_per_volume(f"1 {unit}") is not None:
        return "a mass per volume; a concentration in the tissue is given in moles, as in uM or umol/L"
    if "cell" in unit.lower():
        return 'a number of cells; it is given as those that reach this tissue in all, as in "200 cells/mm2"'
    if unit.lower() in _ACTIVITIES:
        return "an activity, which is measured otherwise for each drug; give its mass or a concentration"
    return "neither a mass, also per body weight or surface, nor a concentration in moles"


def _amount(raw: Any) -> str:
    try:
        if isinstance(raw, bool) or not isinstance(raw, str):
            raise ValueError("has no unit" if isinstance(raw, int | float) else "is not an amount")
        read_amount(raw)
    except ValueError as error:
        kind: LiteralString = "amount" if mass_per_volume(str(raw)) is None else "mass_per_volume"
        raise PydanticCustomError(kind, "{message}", {"message": str(error)}) from error
    return raw


Amount = Annotated[str, PlainValidator(_amount)]
