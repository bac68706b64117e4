"""Numbers of a TOML text that are too long or too large for any use: kept as written, shortened, for a message.

What refuses them are the checks of whatever they are given for, beside all its other faults.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Self

_LARGEST = 10**30  # far beyond any number of a scenario
_LONGEST = 24  # characters that are shown
# Python makes no integer of over 4,300 digits, and takes long to make one of nearly as many.
_KEPT, _TOO_LONG = 60, re.compile(r"\d(?:_?\d){100,}")


class LongNumber(float):
    """A number that is as good as infinite, and says how it was written."""

    written: str

    def __new__(cls, written: str) -> Self:
        number = super().__new__(cls, "-inf" if written.startswith("-") else "inf")
        number.written = written if len(written) <= _LONGEST else f"{written[: _LONGEST // 2]}..."
        return number

    def __repr__(self) -> str:
        return self.written

    __str__ = __repr__


def cut(text: str) -> str:
    """A TOML text whose endless digits are few enough to be read, and still too many to be accepted."""
    return _TOO_LONG.sub(lambda match: match[0][:_KEPT].rstrip("_"), text)


def real(written: str) -> float:
    """The value of a TOML float; a `LongNumber` where it is finite, but too large for one."""
    value = float(written)
    return LongNumber(written) if math.isinf(value) and "inf" not in written else value


def without_long(node: Any) -> Any:
    """The same tables with a `LongNumber` in place of every whole number that is too large."""
    match node:
        case bool():
            return node
        case int() if abs(node) > _LARGEST:
            return LongNumber(hex(node) if abs(node) > 10**4000 else str(node))
        case Mapping():
            return {key: without_long(value) for key, value in node.items()}
        case list() | tuple():
            return [without_long(value) for value in node]
        case _:
            return node
