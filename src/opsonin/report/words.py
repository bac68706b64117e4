"""Numbers, units, times and doses as a reader wants them written.

Plain text only: escaping belongs to the template, figures to their own modules.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.core.units import to_unit
from opsonin.model.amounts import MASSES, read_amount

MINUTES_PER_HOUR = 60.0
MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
SHORT_RUN_DAYS = 3.0  # shorter runs are told in hours

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_POWER_OF_TEN = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)(?!\w)")
_LENGTH = re.compile(r"(?<!\w)(um|mm|cm|nm|uM)([23]?)(?!\w)")
_NEGATIVE = re.compile(r"(?<![\w.)\]-])-(?=\d)")
_REFERENCES = ("doi:", "pmid:", "evidence:")
_UNITS = {
    "uM": "µM",
    "": "",
    "1": "",
    "-": "",
    "dimensionless": "",
    "um": "µm",
    "um2": "µm²",
    "um**2": "µm²",
    "um3": "µm³",
    "mm2": "mm²",
    "mm**2": "mm²",
    "mm^2": "mm²",
}


def heading(text: str) -> str:
    """A title with a capital, but for names that have their own: 'cFLIP', 'pO2', 'mRNA'."""
    first = text.split(" ", 1)[0]
    return text if any(letter.isupper() for letter in first) else text[:1].upper() + text[1:]


def number(value: float) -> str:
    """Three significant digits, thousands with a comma, powers of ten where needed, a true minus; a dash for NaN."""
    return MISSING if math.isnan(value) else _number(value).replace("-", MINUS)


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if size == 0.0:
        return "0"
    if size >= 1e7 or size < 1e-3:
        mantissa, exponent = f"{value:.2e}".split("e")
        return _times_ten(mantissa.rstrip("0").rstrip("."), exponent)
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def mark(value: float, among: Sequence[float]) -> str:
    """One of the marks of a scale, all of which have one style: decimals, or one power of ten if all are far from 1."""
    largest = max((abs(other) for other in among), default=0.0)
    sizes = [
        abs(other) for other in among if abs(other) > 1e-9 * largest
    ]  # the others are 0 but for rounding
    if not sizes or 1e-3 <= largest < 1e7 or abs(value) < min(sizes):
        told = f"{value:,.10f}".rstrip("0").rstrip(".")
        return "0" if told == "-0" else told.replace("-", MINUS)
    power = math.floor(math.log10(min(sizes) * (1.0 + 1e-9)))
    return _times_ten(f"{value / 10.0**power:.6g}", str(power)).replace("-", MINUS)


def _times_ten(mantissa: str, exponent: str) -> str:
    return f"{mantissa} {TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def typeset(text: str) -> str:
    """A stored sentence or quantity, plain ASCII, with the signs of print: 'µm', 'mm²', '5 × 10⁴', a true minus.

    References keep their letters: a DOI is copied.
    """
    return " ".join(
        word if any(mark in word for mark in _REFERENCES) else _signs(word) for word in text.split(" ")
    )


def _signs(word: str) -> str:
    word = _POWER_OF_TEN.sub(lambda found: _times_ten(found[1], found[2]), word)
    word = _LENGTH.sub(lambda found: found[1].replace("u", "µ") + found[2].translate(_SUPERSCRIPT), word)
    return _NEGATIVE.sub(MINUS, word)


def unit(text: str) -> str:
    """A unit with its signs: 'cells/mm2' as 'cells/mm²'; '' for a pure number."""
    text = text.strip()
    if text in _UNITS:
        return _UNITS[text]
    return "/".join(_UNITS.get(part, part) or "1" for part in text.split("/"))


def with_unit(value: float, of: str) -> str:
    """'12.5 mmHg'; the number alone where it has no unit or is missing."""
    text, sign = number(value), unit(of)
    return f"{text} {sign}" if sign and text != MISSING else text


def duration(minutes: float) -> str:
    """'84 days', '36 hours', '90 minutes': the largest unit that keeps it readable."""
    for size, name in ((MINUTES_PER_DAY, "day"), (MINUTES_PER_HOUR, "hour"), (1.0, "minute")):
        count = minutes / size
        if count >= 1.0 and (abs(count - round(count)) < 1e-9 or count >= 10 or size == 1.0):
            return f"{count:,.4g} {name}" + ("" if count == 1.0 else "s")
    return f"{minutes:.3g} minutes"


@dataclass(frozen=True)
class Clock:
    """How this run's times are told: in days, or in hours where the whole run is short."""

    name: str
    minutes: float

    @classmethod
    def over(cls, horizon: float) -> Clock:
        """The clock for a run of `horizon` minutes."""
        short = horizon < SHORT_RUN_DAYS * MINUTES_PER_DAY
        return cls("hour", MINUTES_PER_HOUR) if short else cls("day", MINUTES_PER_DAY)

    @property
    def unit(self) -> str:
        return "h" if self.name == "hour" else "d"

    def read(self, minutes: float) -> str:
        """'day 28', 'hour 4.5'."""
        return f"{self.name} {minutes / self.minutes:.4g}"


def base(value: Any, of: str) -> float:
    """A quantity of a resolved scenario as a number in its base unit; None counts as 0."""
    return to_unit(value, of) if isinstance(value, str) else float(value or 0.0)


def dose_times(dose: Mapping[str, Any], horizon: float) -> list[float]:
    """Times [min] at which a dose is given before `horizon` [min]."""
    first = base(dose.get("at"), "min")
    every, until = dose.get("every"), dose.get("until")
    last = horizon if until is None else base(until, "min")
    span = min(last, horizon) - first
    count = 1 if every is None else math.floor(span / base(every, "min") * (1 + 1e-12)) + 1
    times = [first + k * base(every, "min") for k in range(count)]
    return [time for time in times if time < horizon and time <= last]


def _is_mass(amount: str) -> bool:
    try:
        return read_amount(amount)[1] in MASSES
    except ValueError:
        return False


def dose(entry: Mapping[str, Any], horizon: float, clock: Clock) -> str:
    """'nivolumab 240 mg every 14 days from day 0 (7 doses)'."""
    given = dose_times(entry, horizon)
    text = f"{entry.get('drug', '?')} {typeset(str(entry.get('amount', '?')))}"
    if entry.get("lasting") is not None:
        word = "over" if _is_mass(str(entry.get("amount", ""))) else "for"
        text += f" {word} {duration(base(entry['lasting'], 'min'))}"
    if entry.get("every") is None:
        return f"{text} once, at {clock.read(base(entry.get('at'), 'min'))}"
    text += f" every {duration(base(entry['every'], 'min'))} from {clock.read(base(entry.get('at'), 'min'))}"
    if entry.get("until") is not None:
        text += f" until {clock.read(base(entry['until'], 'min'))}"
    return f"{text} ({len(given)} dose{'' if len(given) == 1 else 's'})"
