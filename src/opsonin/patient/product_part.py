"""Cells of a product: they grow as far as they find their antigen, contract without it, and enter the tumour.

Of a chimeric receptor, which sees a molecule of tumour cells and of B cells. Their killing is that of a contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsonin.knowledge.followed import MARKER
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.cycle import growth_rate
from opsonin.laws.recognition import bridged_signal, effort, vigour
from opsonin.laws.response import hill
from opsonin.laws.trafficking import entering, room_left
from opsonin.model.drugs import Adds, Drug
from opsonin.model.immunity import Immunity
from opsonin.patient.blood_part import in_body
from opsonin.patient.clone_part import CANCER, Site
from opsonin.patient.contact_part import Contact, Side, side_of
from opsonin.patient.drug_names import Names
from opsonin.patient.effect_part import BODY, TUMOUR
from opsonin.patient.formulae import called, symbol
from opsonin.patient.marrow_part import homing_rate, met_outside
from opsonin.patient.recruits_part import Recruits
from opsonin.patient.sheet import Sheet

B_CELL = "b_cell"


def product_in_body(drug: str) -> str:
    """What the model calls all cells of a product in the body."""
    return Names(drug).of("cells")


def product_in_tumour(drug: str) -> str:
    """What it calls those in the tumour."""
    return Names(drug).of("in_tumour")


@dataclass(frozen=True)
class Product:
    """A product whose cells have a chimeric receptor.

    Attributes:
        drug: it; effect: what it adds, with an antigen.
        immunity: numbers of the patient; contact: of the tumour.
    """

    drug: Drug
    effect: Adds
    immunity: Immunity
    contact: Contact

    @property
    def sheet(self) -> Sheet:
        """On which all is written."""
        return self.contact.sheet

    def write(self, sites: Sequence[Site]) -> None:
        """Its cells in the body, and what they do there.

        Args:
            sites: where there are tumour cells.
        """
        name = product_in_body(self.drug.name)
        there = self.sheet.amount(name, 0.0, "cell", f"cells of {self.drug.name} in the body")
        every = sum((symbol(site.here(product_in_tumour(self.drug.name))) for site in sites), there)
        self.sheet.derived(Names(self.drug.name).of("every"), every, "cell", f"all cells of {self.drug.name}")
        engaged = self._engaged(there, sites)
        if engaged != 0:
            grown = self._fast() * engaged * self._room()
            self.sheet.flow(f"{name}_grown", None, name, grown, "that division adds")
        self._leave(BODY, name)
        seen = self._signal(B_CELL, self._b_cell(), self.contact)
        if seen != 0:
            killer = side_of(self.contact.library, self.effect.adds, self.contact.tumour)
            target = side_of(self.contact.library, CANCER, self.contact.tumour)
            delivered = called(effort, seen, 1, called(vigour, self._fresh()))
            rate = self.contact.kills_of(killer, target, delivered, "b_cell")
            outside = met_outside(sites)
            held = self._recruits.held(Names(self.drug.name).of("held_b_cell"), name, outside)
            if outside != in_body(B_CELL):
                held = self._recruits.pressed_outside(name, outside) * symbol(in_body(B_CELL))
            title = "B cells that are killed"
            self.sheet.flow(
                Names(self.drug.name).of("b_cells_killed"), in_body(B_CELL), None, held * rate, title
            )

    def enter(self, site: Site, arrival: Any) -> dict[str, Any]:
        """Its cells in a lesion.

        Args:
            arrival: rate at which a T cell of the body comes to it, at rest [1/min].
        Returns:
            by clone, the rate at which they kill one [1/min], as a formula.
        """
        name = site.here(product_in_tumour(self.drug.name))
        inside = self.sheet.amount(name, 0.0, "cell", f"cells of {self.drug.name} in the tumour")
        body = product_in_body(self.drug.name)
        cell = self.contact.library.of_tumour(self.contact.tumour).cells[self.effect.adds]
        came: Any = called(entering, body, arrival, site.met, site.here("burden_at_rest"))
        if site.in_marrow:
            rate = homing_rate(self.immunity, site, cell)
            came = self._number("homing", rate, "1/min", "at which one comes to marrow") * symbol(body)
        self.sheet.flow(f"{name}_arriving", body, name, came, "that come to the tumour")
        exit_rate = cell.trafficking.exit_rate.value if cell.trafficking is not None else 0.0
        leaving = self._number("exit", exit_rate, "1/min", "exit from the tumour")
        title = "that leave it and are in the body again"
        self.sheet.flow(f"{name}_leaving", name, body, leaving * inside, title)
        self._leave(TUMOUR, name)
        signals = self._signals(site)
        # What is told of growth is of patients whose antigen is in marrow, not of cells that come to a solid tumour.
        fast: Any = None
        if site.in_marrow and any(signal != 0 for signal in signals.values()):
            seen = sum(signals[clone.cells] * symbol(clone.home) for clone in site.clones)
            fast = self._fast() * self._found(site.here("in_marrow"), seen)[0]
        fresh = (self.effect.exhaustion.value, self._fresh())
        return self._recruits.kill(site, name, signals, fresh, came, fast, self._room())

    def kill_in_blood(self, site: Site) -> dict[str, Any]:
        """By clone of a lesion, the rate at which its cells of the body kill one in blood [1/min]."""
        name, left = product_in_body(self.drug.name), called(vigour, self._fresh())
        return self._recruits.kill_in_blood(site, name, met_outside([site]), self._signals(site), left)

    def _signals(self, site: Site) -> dict[str, Any]:
        return {clone.cells: self._signal(CANCER, clone.side, clone.contact) for clone in site.clones}

    def _fast(self) -> Any:
        """Growth of a fresh cell among plenty of antigen, without loss [1/min]."""
        doubling = self._number(
            "doubling", self.effect.doubling.value, "min", "doubling time among plenty of antigen"
        )
        return self.sheet.derived(
            f"{product_in_body(self.drug.name)}_growth",
            called(growth_rate, doubling) + self._loss(),
            "1/min",
            f"full growth of {self.drug.name}",
        )

    def _room(self) -> Any:
        """Share of full growth that their own number leaves [-]."""
        most = self.sheet.constant(
            "product_most", self.immunity.product_most.value, "cell", "most cells of a product in a body"
        )
        every = Names(self.drug.name).of("every")
        title = f"share of full growth that their number leaves cells of {self.drug.name}"
        return self.sheet.derived(
            Names(self.drug.name).of("room"), called(room_left, every, most), "1", title
        )

    @property
    def _recruits(self) -> Recruits:
        killer = side_of(self.contact.library, self.effect.adds, self.contact.tumour)
        chimeric = killer.cell.chimeric
        assert chimeric is not None  # of a product with an antigen
        few = chimeric.pd1_positive.value  # as of those that come to a tissue
        return Recruits(
            Names(self.drug.name), self.drug.name, killer, self.immunity, self.contact, few, MARKER
        )

    def _leave(self, place: str, name: str) -> None:
        """What is lost of its cells in a place."""
        cells = symbol(name)
        self.sheet.flow(f"{name}_lost", name, None, self._loss() * cells, "that are lost")
        hazard = self.contact.effects.hazard(self.effect.adds, place, 0)
        if hazard != 0:
            self.sheet.flow(f"{name}_killed", name, None, hazard * cells, "that drugs kill")

    def _loss(self) -> Any:
        half_life = self._number("half_life", self.effect.half_life.value, "min", "half-life without antigen")
        return called(rate_of_half_life, half_life)

    def _fresh(self) -> Any:
        return self._number(
            "exhaustion_new", self.effect.exhaustion.value, "1", "exhaustion of a cell that comes"
        )

    def _number(self, key: str, value: float, unit: str, title: str) -> Any:
        return self._recruits.number(key, value, unit, title)

    def _b_cell(self) -> Side:
        return side_of(self.contact.library, B_CELL, self.contact.tumour)

    def _signal(self, cell: str, side: Side, contact: Contact) -> Any:
        """What its receptors see of cells called `cell` [-]; 0 where these have none of the antigen."""
        assert (
            self.effect.antigen is not None and self.effect.half is not None
        )  # a chimeric receptor has both
        if side.levels.get(self.effect.antigen, 0.0) <= 0.0:
            return 0
        half = self._number(
            "antigen_half", self.effect.half.value, "molecule", "antigens at half of the signal"
        )
        return contact.sheet.derived(
            Names(self.drug.name).of(f"signal_{cell}"),
            called(bridged_signal, contact.level(side, self.effect.antigen) / half),
            "1",
            f"what {self.drug.name} sees of a {cell} cell",
        )

    def _engaged(self, there: Any, sites: Sequence[Site]) -> Any:
        """Cells in the body that find their antigen [cells], each target as far as they see it."""
        seen: Any = 0
        for site in sites:
            for clone in site.clones:
                where = clone.blood if site.in_marrow else clone.cells
                seen += self._signal(CANCER, clone.side, clone.contact) * symbol(where)
        seen += self._signal(B_CELL, self._b_cell(), self.contact) * symbol(in_body(B_CELL))
        if seen == 0:
            return 0
        share, found = self._found("body", seen)
        return share * self._recruits.availability(product_in_body(self.drug.name), found) * there

    def _found(self, where: str, seen: Any) -> tuple[Any, Any]:
        """Share of full growth that targets in a place allow, and these, each as far as it is seen [cells]."""
        name = Names(self.drug.name)
        key = "targets" if where == "body" else f"targets_{where}"
        found = self.sheet.derived(name.of(key), seen, "cell", f"cells that {self.drug.name} sees: {where}")
        half = self.sheet.constant(
            "product_targets_half",
            self.immunity.product_targets_half.value,
            "cell",
            "targets at half of full growth",
        )
        key, title = key.replace("targets", "found"), f"share of full growth of {self.drug.name}: {where}"
        return self.sheet.derived(name.of(key), called(hill, found, half, 1), "1", title), found
