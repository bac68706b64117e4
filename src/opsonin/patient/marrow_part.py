"""Tumour cells of marrow and blood: they divide in marrow, spill into blood, and come back or die there.

Where cells of a lesion circulate, what is said of a lesion elsewhere is said of marrow. T cells that nothing of the
tumour calls are there as in any marrow, however few tumour cells it holds. Outside it, killers meet B cells and tumour
cells of blood alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from opsonin.laws.clones import share_of
from opsonin.laws.trafficking import spilled
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import CellType, Circulation
from opsonin.patient.blood_part import at_rest_in_body, in_body
from opsonin.patient.clone_part import IN_BLOOD, IN_MARROW, Site
from opsonin.patient.formulae import called, symbol
from opsonin.patient.sheet import Sheet

COUNT, SHARE, OUTSIDE = "blood_tumour_per_uL", "marrow_tumour_share", "met_outside_marrow"
_MICROLITRE = 1e-6  # L
T_CELL, B_CELL = "cd8", "b_cell"


def blood_over_marrow(circulation: Circulation | None, growth: float) -> float:
    """Cells in blood over those in marrow before treatment [-], in a tumour that grows at a rate [1/min]."""
    if circulation is None:
        return 0.0
    rates = (circulation.spilling.value, circulation.returning.value, circulation.loss.value)
    return float(spilled(*rates, growth))


def leaving_marrow(circulation: Circulation | None, growth: float) -> float:
    """Rate at which a cell of the marrow goes to blood for good before treatment [1/min]: it dies or stays there."""
    if circulation is None:
        return 0.0
    return blood_over_marrow(circulation, growth) * (circulation.loss.value + growth)


@dataclass(frozen=True)
class Blood:
    """What the tumour cells of a lesion do between marrow and blood.

    Attributes:
        site: the lesion; circulation: its rates; sheet: on which all is written.
    """

    site: Site
    circulation: Circulation
    sheet: Sheet

    def exchange(self) -> None:
        """Cells that go to blood, and those that come back."""
        go = self._rate("spilling", "at which tumour cells of the marrow go to blood")
        back = self._rate("returning", "at which tumour cells of blood go to marrow")
        for clone in self.site.clones:
            home, blood, mark = clone.home, clone.blood, clone.contact.mark
            self.sheet.flow(
                f"tumour_spilled{mark}", home, blood, go * symbol(home), "tumour cells that go to blood"
            )
            self.sheet.flow(
                f"tumour_returned{mark}", blood, home, back * symbol(blood), "tumour cells that come back"
            )

    def loss(self) -> Any:
        """Rate at which one dies in blood on its own [1/min]."""
        return self._rate("loss", "at which tumour cells of blood die")

    def _rate(self, key: str, title: str) -> Any:
        value = getattr(self.circulation, key).value
        return self.sheet.constant(f"tumour_{key}", value, "1/min", title)


def in_marrow_at_rest(immunity: Immunity, site: Site) -> float:
    """CD8 T cells of any specificity in the marrow of a lesion before treatment [cells]."""
    return float(immunity.marrow.t_cells.value * at_rest_in_body(immunity, T_CELL) * site.lesion.share)


def homing_rate(immunity: Immunity, site: Site, cell: CellType) -> float:
    """Rate at which one of the body comes to it [1/min], so that their number there holds while they leave and die."""
    exits = cell.trafficking.exit_rate.value if cell.trafficking is not None else 0.0
    death = cell.death.spontaneous.value if cell.death is not None and cell.death.spontaneous else 0.0
    there = in_marrow_at_rest(immunity, site)
    return float(there * (exits + death) / at_rest_in_body(immunity, T_CELL))


def met_outside(sites: Iterable[Site]) -> str:
    """What the model calls the cells that killers meet outside marrow and tumour."""
    return OUTSIDE if any(site.circulates for site in sites) else in_body(B_CELL)


def write_counts(immunity: Immunity, sheet: Sheet, sites: Sequence[Site]) -> None:
    """Tumour cells of blood and marrow as they are counted, and what is met outside; nothing if none circulate."""
    if not any(site.circulates for site in sites):
        return
    if len(sites) > 1 or not sites[0].alone:
        for name, where in ((IN_BLOOD, "blood"), (IN_MARROW, "marrow")):
            pools = [clone.blood if name == IN_BLOOD else clone.home for s in sites for clone in s.clones]
            if name not in sheet.part.names():
                sheet.derived(name, sum(map(symbol, pools)), "cell", f"tumour cells in {where}")
    microlitre = sheet.constant("microlitre", _MICROLITRE, "L", "a microlitre")
    count = symbol(IN_BLOOD) / symbol("blood_volume") * microlitre
    sheet.derived(COUNT, count, "cell", "tumour cells in a microlitre of blood")
    others = sheet.constant(
        "marrow_cells", immunity.marrow.cells.value, "cell", "nucleated cells of marrow without the tumour"
    )
    share = called(share_of, IN_MARROW, symbol(IN_MARROW) + others, "nobody")
    sheet.derived(SHARE, share, "1", "share of tumour cells among the nucleated cells of marrow")
    met = symbol(in_body(B_CELL)) + symbol(IN_BLOOD)
    sheet.derived(OUTSIDE, met, "cell", "B cells, and tumour cells in blood")
