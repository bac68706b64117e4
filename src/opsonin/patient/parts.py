"""What a patient's model is made of, before it is written as SBML: amounts, flows between them, what follows from them.

Nouns only. A part of the model (a drug, who holds a receptor, ...) is one file that gives one `Part`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opsonin.core.errors import Fault, RunError

UNITS = (
    "mg",
    "min",
    "L",
    "nM",
    "mg/min",
    "L/min",
    "mg/L",
    "mg/nmol",
    "cell",
    "cell/min",
    "cell/L",
    "1/min",
    "molecule",
    "molecule/um2",
    "um2",
    "1",
)
RATES = {"mg": "mg/min", "cell": "cell/min", "1": "1/min"}
"""Units that an amount may have: that of its flows."""


@dataclass(frozen=True)
class Constant:
    """A number of the knowledge base.

    Attributes:
        name: identifier; unit: one of `UNITS`; title: what it is, in words.
    """

    name: str
    value: float
    unit: str
    title: str


@dataclass(frozen=True)
class Room:
    """A volume [L] in which amounts are; its name stands for the volume in formulae."""

    name: str
    volume: float
    title: str


@dataclass(frozen=True)
class Amount:
    """What is followed over time: drug [mg], cells, or a level [-], with what there is of it at time 0.

    `room` is None where it has no volume, as in a gut.
    """

    name: str
    room: str | None
    title: str
    unit: str = "mg"  # one of `RATES`
    initial: float = 0.0


@dataclass(frozen=True)
class Input:
    """A rate [mg/min] at which infusions fill the amount `into`; 0 until a dose sets it."""

    name: str
    into: str
    title: str


@dataclass(frozen=True)
class Flow:
    """What passes from one amount to another; one `to_and_fro` also passes back, where `rate` is below 0.

    Drug always has a `source` and a `target`; cells may come from None and go to None, as they divide and die.
    """

    name: str
    source: str | None
    target: str | None
    rate: Any  # a sympy expression of names
    title: str
    to_and_fro: bool = False


@dataclass(frozen=True)
class Derived:
    """What follows from amounts at any time, in `unit`."""

    name: str
    formula: Any  # a sympy expression of names
    unit: str
    title: str


@dataclass(frozen=True)
class Part:
    """Some of the model; what it names may be defined by another part.

    Attributes:
        constants, rooms, amounts, inputs, flows, derived: in the order in which they are written.
    """

    constants: tuple[Constant, ...] = ()
    rooms: tuple[Room, ...] = ()
    amounts: tuple[Amount, ...] = ()
    inputs: tuple[Input, ...] = ()
    flows: tuple[Flow, ...] = ()
    derived: tuple[Derived, ...] = ()

    def names(self) -> list[str]:
        """Every identifier that it defines."""
        groups = (self.constants, self.rooms, self.amounts, self.inputs, self.flows, self.derived)
        return [item.name for group in groups for item in group]


def together(parts: Iterable[Part]) -> Part:
    """All parts as one.

    Raises:
        RunError: two parts define one name.
    """
    parts = tuple(parts)
    seen: set[str] = set()
    for name in (name for part in parts for name in part.names()):
        if name in seen:
            raise RunError(Fault(name, "is defined by two parts of the patient's model."))
        seen.add(name)
    return Part(
        constants=tuple(item for part in parts for item in part.constants),
        rooms=tuple(item for part in parts for item in part.rooms),
        amounts=tuple(item for part in parts for item in part.amounts),
        inputs=tuple(item for part in parts for item in part.inputs),
        flows=tuple(item for part in parts for item in part.flows),
        derived=tuple(item for part in parts for item in part.derived),
    )


def identifier(name: str) -> str:
    """A name of the knowledge base as SBML may write it: 'PD-1' is PD_1."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if not plain[:1].isdigit() else f"_{plain}"
