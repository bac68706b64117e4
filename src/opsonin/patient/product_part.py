"""Cells of a product: they grow as far as they find their antigen, contract without it, and enter the tumour.

Of a chimeric receptor, which sees a molecule of tumour cells and of B cells. Their killing is that of a contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.clones import at_least
from opsonin.laws.cycle import growth_rate
from opsonin.laws.events import approaching
from opsonin.laws.recognition import bridged_signal, effort, exhaustion_rate, exhaustion_target, vigour
from opsonin.laws.response import hill
from opsonin.laws.trafficking import availability, entering, in_contact, pressed
from opsonin.model.drugs import Adds, Drug
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import Killing
from opsonin.patient.blood_part import in_body
from opsonin.patient.clone_part import CANCER, Site
from opsonin.patient.contact_part import Contact, Side, side_of
from opsonin.patient.drug_part import Names
from opsonin.patient.effect_part import BODY, TUMOUR
from opsonin.patient.formulae import called, symbol
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
        doubling = self._number(
            "doubling", self.effect.doubling.value, "min", "doubling time among plenty of antigen"
        )
        engaged = self._engaged(there, sites)
        if engaged != 0:
            fast = self.sheet.derived(
                f"{name}_growth",
                called(growth_rate, doubling) + self._loss(),
                "1/min",
                f"full growth of {self.drug.name}",
            )
            self.sheet.flow(f"{name}_grown", None, name, fast * engaged, "that division adds")
        self._leave(BODY, name)
        seen = self._signal(B_CELL, self._b_cell(), self.contact)
        if seen != 0:
            killer = side_of(self.contact.library, self.effect.adds, self.contact.tumour)
            target = side_of(self.contact.library, CANCER, self.contact.tumour)
            delivered = called(effort, seen, 1, called(vigour, self._fresh()))
            rate = self.contact.kills_of(killer, target, delivered, "b_cell")
            held = self._held(Names(self.drug.name).of("held_b_cell"), name, in_body(B_CELL))
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
        came = called(entering, body, arrival, site.cells, site.here("burden_at_rest"))
        self.sheet.flow(f"{name}_arriving", body, name, came, "that come to the tumour")
        cell = self.contact.library.of_tumour(self.contact.tumour).cells[self.effect.adds]
        exit_rate = cell.trafficking.exit_rate.value if cell.trafficking is not None else 0.0
        leaving = self._number("exit", exit_rate, "1/min", "exit from the tumour")
        title = "that leave it and are in the body again"
        self.sheet.flow(f"{name}_leaving", name, body, leaving * inside, title)
        self._leave(TUMOUR, name)
        return self._killing(site, inside)

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
        return self.sheet.constant(Names(self.drug.name).of(key), value, unit, f"{self.drug.name}: {title}")

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
        for clone in (clone for site in sites for clone in site.clones):
            seen += self._signal(CANCER, clone.side, clone.contact) * symbol(clone.cells)
        seen += self._signal(B_CELL, self._b_cell(), self.contact) * symbol(in_body(B_CELL))
        if seen == 0:
            return 0
        name = Names(self.drug.name)
        found = self.sheet.derived(name.of("targets"), seen, "cell", f"cells that {self.drug.name} sees")
        half = self.sheet.constant(
            "product_targets_half",
            self.immunity.product_targets_half.value,
            "cell",
            "targets at half of full growth",
        )
        share = self.sheet.derived(
            name.of("found"), called(hill, found, half, 1), "1", f"share of full growth of {self.drug.name}"
        )
        rivals = self._rivals(product_in_body(self.drug.name))
        left = self.sheet.derived(
            name.of("left"), called(availability, found, rivals), "1", "what is left to a cell, of plenty"
        )
        return share * left * there

    def _killing(self, site: Site, inside: Any) -> dict[str, Any]:
        """By clone, the rate at which one is killed [1/min]."""
        numbers, library = self.immunity.tumour, self.contact.library
        killer = side_of(library, self.effect.adds, self.contact.tumour)
        signals = {clone.cells: self._signal(CANCER, clone.side, clone.contact) for clone in site.clones}
        if not any(signal != 0 for signal in signals.values()):
            return dict.fromkeys(signals, 0)
        share = self._contact()
        fitness = self.sheet.constant(
            "fitness", numbers.fitness.value, "1", "fitness of killers in the tumour"
        )
        helped = self.sheet.constant(
            "costimulated", numbers.costimulated.value, "1", "co-stimulation in the tumour"
        )
        seeing = [clone for clone in site.clones if signals[clone.cells] != 0]
        activations = {
            clone.cells: clone.contact.activation(killer, clone.side, helped, signals[clone.cells])[1]
            for clone in seeing
        }
        tired = self._tired(site, killer, site.mean(signals) * share)
        name = site.here(product_in_tumour(self.drug.name))
        rivals = self._rivals(name)
        left = self.sheet.derived(
            f"{name}_found",
            called(availability, site.cells, rivals),
            "1",
            "what is left to a cell, of plenty",
        )
        grown = self._division(killer, site.mean(activations) * share, fitness * called(vigour, tired)) * left
        self.sheet.flow(f"{name}_dividing", None, name, grown * inside, "that division in the tumour adds")
        self._held(site.here(Names(self.drug.name).of("held_cancer")), name, site.cells)
        each = self.sheet.derived(
            f"{name}_pressed",
            called(pressed, rivals, site.cells, share),
            "1",
            f"cells of {self.drug.name} that hold a tumour cell, for each tumour cell",
        )
        realised = self.sheet.constant(
            "realised", numbers.realised.value, "1", "kills that come about, over those of mean cells"
        )
        killed = {
            clone.cells: each
            * realised
            * clone.contact.kills(killer, clone.side, activations[clone.cells], fitness, tired)
            for clone in seeing
        }
        return dict.fromkeys(signals, 0) | killed

    def _contact(self) -> Any:
        return self.sheet.constant(
            "contact",
            self.immunity.tumour.contact.value,
            "1",
            "share of a killer's time with a target",
        )

    def _rivals(self, cells: str) -> Any:
        """Its cells in a place, which share the targets there."""
        title = f"cells of {self.drug.name} that share what targets there are"
        return self.sheet.derived(f"{cells}_rivals", called(at_least, cells, "nobody"), "cell", title)

    def _held(self, name: str, killers: str, targets: str) -> Any:
        """Cells of the product that hold a target [cells]."""
        return self.sheet.derived(
            name,
            called(in_contact, self._rivals(killers), targets, self._contact()),
            "cell",
            f"cells of {self.drug.name} that hold a target",
        )

    def _division(self, killer: Side, activation: Any, able: Any) -> Any:
        cycle = killer.cell.cycle
        if cycle is None or cycle.activated_rate is None:
            return 0
        most = self._number("division", cycle.activated_rate.value, "1/min", "most divisions in the tumour")
        return most * activation * able

    def _tired(self, site: Site, killer: Side, drive: Any) -> Any:
        """Mean exhaustion in the tumour [-], where newcomers replace what is lost."""
        killing: Killing | None = killer.cell.killing
        assert killing is not None  # a chimeric receptor is a killer's
        name, fresh = site.here(Names(self.drug.name).of("exhaustion")), self._fresh()
        now = self.sheet.amount(
            name, self.effect.exhaustion.value, "1", f"exhaustion of {self.drug.name} in the tumour"
        )
        gain = self._number("gain", killing.exhaustion_gain.value, "1/min", "tiring under full signal")
        recovery = self._number("recovery", killing.exhaustion_recovery.value, "1/min", "recovery")
        target = called(exhaustion_target, drive, gain, recovery, fresh)
        speed = called(exhaustion_rate, drive, gain, recovery)
        self.sheet.flow(
            f"{name}_change", None, name, called(approaching, now, target, speed), "by what cells see"
        )
        replaced = called(rate_of_half_life, symbol(Names(self.drug.name).of("half_life")))
        self.sheet.flow(
            f"{name}_diluted", None, name, called(approaching, now, fresh, replaced), "by newcomers"
        )
        return now
