"""A part of the model while it is written: what is added gives back its symbol, for the formulae that follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from opsonin.patient.formulae import evaluated, symbol
from opsonin.patient.parts import Amount, Constant, Derived, Flow, Part


class Sheet:
    """What two formulae need may be added twice, if it is the same; ValueError if it is not.

    Attributes:
        others: parts of the model that are written already, whose names may be used.
    """

    def __init__(self, others: Iterable[Part] = ()) -> None:
        self.others = tuple(others)
        self._items: dict[str, Constant | Amount | Derived | Flow] = {}

    def constant(self, name: str, value: float, unit: str, title: str) -> Any:
        """The symbol of a number."""
        return self._add(Constant(name, float(value), unit, title))

    def amount(self, name: str, initial: float, unit: str, title: str, room: str | None = None) -> Any:
        """The symbol of what is followed over time."""
        return self._add(Amount(name, room, title, unit, float(initial)))

    def derived(self, name: str, formula: Any, unit: str, title: str) -> Any:
        """The symbol of what follows from others."""
        return self._add(Derived(name, formula, unit, title))

    def flow(self, name: str, source: str | None, target: str | None, rate: Any, title: str) -> Any:
        """The symbol of a flow of cells, or of a change of a level."""
        return self._add(Flow(name, source, target, rate, title))

    def _add(self, item: Constant | Amount | Derived | Flow) -> Any:
        if self._items.setdefault(item.name, item) != item:
            raise ValueError(f"{item.name} is written twice, and differently")
        return symbol(item.name)

    @property
    def part(self) -> Part:
        """All of it."""
        items = tuple(self._items.values())
        return Part(
            constants=tuple(item for item in items if isinstance(item, Constant)),
            amounts=tuple(item for item in items if isinstance(item, Amount)),
            flows=tuple(item for item in items if isinstance(item, Flow)),
            derived=tuple(item for item in items if isinstance(item, Derived)),
        )

    def at_rest(self, formula: Any, **given: float) -> float:
        """What a formula comes to at time 0, before any dose.

        Args:
            formula: of names of this part and the others; or a number.
            given: what is taken for some names, in place of what the parts say.
        """
        known: dict[str, Any] = {}
        for part in (*self.others, self.part):
            known |= {item.name: item.value for item in part.constants}
            known |= {item.name: item.volume for item in part.rooms}
            known |= {item.name: item.initial for item in part.amounts}
            known |= {item.name: item.formula for item in part.derived}
            known |= {item.name: item.rate for item in part.flows}
        known |= given

        def value_of(name: str) -> float:
            known[name] = evaluated(known[name], value_of)
            return float(known[name])

        return evaluated(formula, value_of)


class Marked(Sheet):
    """A sheet on which what is derived carries a mark, as of one kind of tumour cells among several."""

    def __init__(self, sheet: Sheet, mark: str) -> None:
        """Write on `sheet`, too; `mark` ends the names of what is derived."""
        self.others, self._items, self._mark = sheet.others, sheet._items, mark

    def derived(self, name: str, formula: Any, unit: str, title: str) -> Any:
        """The symbol of what follows from others, for this kind."""
        return super().derived(f"{name}{self._mark}", formula, unit, title)
