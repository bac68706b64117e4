"""Units at the boundary: text such as "20 um" becomes a plain float in a stated unit, once, at load.

Only numbers with units are read here; what a number means belongs to the models.
"""

from __future__ import annotations

import math
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

# The whole registry: loading the field's few units takes 5 ms, pint's full table 220 ms.
_DEFINITIONS = """
um = [length] = um = micrometer = micron
nm = 1e-3 um
mm = 1e3 um
cm = 1e4 um
m = 1e6 um
minute = [time] = min
second = minute / 60 = s
ms = 1e-3 second
hour = 60 minute = h
day = 1440 minute = d
week = 7 day
molecule = [substance] = molecules
pmol = 6.02214076e11 molecule
nmol = 6.02214076e14 molecule
umol = 6.02214076e17 molecule
mmol = 6.02214076e20 molecule
mol = 6.02214076e23 molecule
liter = 1e15 um ** 3 = L = l
mL = 1e-3 liter = ml
uL = 1e-6 liter = ul
nM = 0.602214076 molecule / um ** 3
fM = 1e-6 nM
pM = 1e-3 nM
uM = 1e3 nM
mM = 1e6 nM
M = 1e9 nM
mg = [mass]
ng = 1e-6 mg
ug = 1e-3 mg
g = 1e3 mg
kg = 1e6 mg
mmHg = [pressure]
Gy = [absorbed_dose]
cGy = 0.01 Gy
cell = [cell] = cells
percent = 0.01
""".strip().splitlines()

_NAMES = tuple(dict.fromkeys(re.findall(r"(?m)^[a-zA-Z]+|(?<== )[a-zA-Z]+$", "\n".join(_DEFINITIONS))))
_VARYING = {"month", "mo", "year", "yr", "a"}

_QUANTITY = re.compile(
    r"^\s*(?P<number>[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*"
    r"(?P<unit>[A-Za-z%µμ/1][A-Za-z0-9²³%µμ*/^ ().\-]*)?\s*$"
)
_LONGEST_UNIT = 40
_LONGEST_TEXT = 100
_WILD_POWER = re.compile(r"(?:\*\*|\^)(?!\s*-?[1-9](?!\d|\s*(?:\*\*|\^)))")


class UnitError(ValueError):
    """A text is not a number with a unit of the expected dimension."""


@lru_cache(maxsize=1)
def registry() -> pint.UnitRegistry[float]:
    """The lazily built registry of the units opsonin reads."""
    import pint

    return pint.UnitRegistry(_DEFINITIONS, on_redefinition="ignore", autoconvert_to_preferred=False)


@lru_cache(maxsize=4096)
def _factor(unit: str, target: str) -> float:
    import pint

    units = registry()
    if len(unit) > _LONGEST_UNIT or _WILD_POWER.search(unit):  # the parser would compute 9**9**9 for hours
        raise UnitError(_unknown(unit[:_LONGEST_UNIT], target))
    try:
        source = units.Quantity(1.0, units.parse_units(_spelled(unit)))
    except Exception as error:
        raise UnitError(_unknown(unit, target)) from error
    try:
        return float(source.to(units.parse_units(_spelled(target))).magnitude)
    except pint.DimensionalityError as error:
        wanted = target or "no unit"
        problem = f"unit '{unit or 'none'}' has the wrong dimension; expected one that converts to '{wanted}'"
        if unit == "m" and wanted in ("min", "h", "d"):
            problem += ". m is the metre, min the minute"
        raise UnitError(problem) from error


def _unknown(unit: str, target: str) -> str:
    problem = (
        f"'{unit}' is not a unit opsonin knows; expected one that converts to {target or 'a plain number'}"
    )
    return f"{problem}. {_hint(unit)}".rstrip(". ") if _hint(unit) else problem


def _hint(unit: str) -> str:
    """What was meant by a unit that is not known: the same letters in another case, or a length of time that varies."""
    if unit.lower().rstrip("s") in _VARYING:
        return "Months and years differ in length: write days or weeks"
    close = [name for name in _NAMES if name.lower() == unit.lower() or f"{name}s" == unit.lower()]
    return f"Did you mean {' or '.join(repr(name) for name in close)}?" if close else ""


def _without_unit(text: object, unit: str) -> str:
    return f"{text!r} has no unit; expected one that converts to '{unit}', as in \"{text} {unit}\""


def _spelled(unit: str) -> str:
    plain = unit.strip().replace("µ", "u").replace("μ", "u").replace("^", "**").replace("%", "percent")
    plain = plain.replace("²", "2").replace("³", "3")
    plain = re.sub(r"(?<=[A-Za-z])([23])\b", r"**\1", plain)
    return f"1{plain}" if plain.startswith("/") else plain


def split(text: str) -> tuple[float, str]:
    """Number and unit of a text such as "240 mg"; raises UnitError if it is neither."""
    if len(text) > _LONGEST_TEXT:
        raise UnitError(f"'{text[:_LONGEST_UNIT]}...' is not a number with a unit")
    match = _QUANTITY.match(text)
    if match is None:
        raise UnitError(f"'{text}' is not a number with a unit")
    return float(match["number"]), (match["unit"] or "").strip()


def to_unit(text: object, unit: str) -> float:
    """Convert `text` ("14 h", or a bare number if `unit` is empty) to a finite float in `unit`.

    Args:
        text: the quantity as written by a person.
        unit: the unit wanted, such as "min" or "um**2/min"; "" for a pure number.
    Raises:
        UnitError: not a number, not finite, no unit, unknown unit or wrong dimension.
    """
    if isinstance(text, bool):
        raise UnitError(f"{text} is not a number with a unit")
    if isinstance(text, (int, float)):
        if unit:
            raise UnitError(_without_unit(text, unit))
        value = float(text) if abs(text) < sys.float_info.max else math.inf  # an int may be too large
    elif isinstance(text, str):
        number, written = split(text)
        if unit and not written:
            raise UnitError(_without_unit(text, unit))
        value = number * _factor(written, unit) if (written or unit) else number
    else:
        raise UnitError(f"{text!r} is not a number with a unit")
    if not math.isfinite(value):
        raise UnitError(f"{text} is not a finite number")
    return value
