"""A tumour that is a tissue: what its cells do is told from there, interval by interval, as rates that are inputs.

In place of the mean field of `tumour_part.py`: the same amounts, and flows by the same names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsonin.model.immunity import Immunity
from opsonin.patient.blood_part import in_body
from opsonin.patient.clone_part import BURDEN
from opsonin.patient.formulae import symbol
from opsonin.patient.node_part import clones
from opsonin.patient.sheet import Sheet
from opsonin.patient.tumour_part import NATURAL, T_CELL, in_tumour

ARRIVING, LEAVING, DYING, DIVIDING, BROUGHT = "arriving", "leaving", "dying", "dividing", "brought"


@dataclass(frozen=True)
class Untreated:
    """What the tissue does before treatment, over the whole tumour.

    Attributes:
        cells: of the tumour, as `BURDEN`, and killers that recognise it by group: an antigen, or their type.
        dying: tumour cells that die [cells/min].
        arriving, leaving: killers by group that come from the body, and that go back [cells/min].
    """

    cells: Mapping[str, float]
    dying: float
    arriving: Mapping[str, float]
    leaving: Mapping[str, float]


def given(group: str, what: str) -> str:
    """What the model calls a rate that the tissue gives [cells/min]: of tumour cells, or of a group of killers."""
    return f"given_{group if group == BURDEN else in_tumour(group)}_{what}"


@dataclass(frozen=True)
class WindowTumour:
    """The tumour of a patient, as a tissue shows it.

    Attributes:
        immunity: numbers of the patient; sheet: on which all is written; untreated: of the tissue.
    """

    immunity: Immunity
    sheet: Sheet
    untreated: Untreated

    def write(self) -> tuple[Any, dict[str, float]]:
        """All of it; returns what `MeanTumour.write` does."""
        self.sheet.amount(BURDEN, self.untreated.cells[BURDEN], "cell", "living tumour cells")
        dying = self._rate(BURDEN, DYING, self.untreated.dying, "tumour cells that die")
        self.sheet.flow("tumour_died", BURDEN, None, dying, "tumour cells that die")
        self._gained(BURDEN, BURDEN)
        for killer in (T_CELL, NATURAL):
            together = [symbol(in_tumour(group)) for group in self._groups(killer)]
            if together:
                for group in self._groups(killer):
                    self._killers(group, in_body(group) if killer == NATURAL else clones(group))
                title = f"{killer} cells in the tumour that recognise it"
                self.sheet.derived(f"tumour_all_{killer}", sum(together), "cell", title)
        taken = {
            group: self.untreated.arriving[group] - self.untreated.leaving[group]
            for group in self._groups(T_CELL)
        }
        return self.sheet.derived("tumour_dying", dying, "cell/min", "tumour cells that die"), taken

    def _groups(self, killer: str) -> list[str]:
        return [name for name in groups_of(self.immunity, killer) if name in self.untreated.cells]

    def _killers(self, group: str, body: str) -> None:
        name = in_tumour(group)
        self.sheet.amount(name, self.untreated.cells[group], "cell", f"killers in the tumour: {group}")
        for what, source, target, rate, title in (
            (ARRIVING, body, name, self.untreated.arriving[group], "that come to the tumour"),
            (LEAVING, name, body, self.untreated.leaving[group], "that leave it and are in the body again"),
            (DYING, name, None, 0.0, "that die in the tumour"),
        ):
            self.sheet.flow(f"{name}_{what}", source, target, self._rate(group, what, rate, title), title)
        self._gained(group, name)

    def _gained(self, group: str, name: str) -> None:
        """What comes of division, and what comes to the tissue neither by it nor from the body."""
        for what, title in (
            (DIVIDING, "that division in the tumour adds"),
            (BROUGHT, "that products, vaccines and changes of the window add"),
        ):
            self.sheet.flow(f"{name}_{what}", None, name, self._rate(group, what, 0.0, title), title)

    def _rate(self, group: str, what: str, value: float, title: str) -> Any:
        return self.sheet.constant(given(group, what), value, "cell/min", f"{title}, as the tissue tells")


def groups_of(immunity: Immunity, killer: str) -> Iterator[str]:
    """Names of the groups that killers of a type are counted in."""
    if killer == NATURAL:
        yield killer
    else:
        yield from sorted(immunity.antigens)
