"""Cells of a product: they grow as far as they find their antigen, contract without it, and enter the tumour.

Of a chimeric receptor, which sees a molecule of tumour cells and of B cells. Their killing is that of a contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.cycle import growth_rate
from opsonin.laws.events import approaching
from opsonin.laws.recognition import bridged_signal, effort, exhaustion_rate, exhaustion_target, vigour
from opsonin.laws.response import hill
from opsonin.laws.trafficking import availability, entering, in_contact
from opsonin.model.drugs import Adds, Drug
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import Killing
from opsonin.patient.blood_part import in_body
from opsonin.patient.contact_part import Contact, Side, side_of
from opsonin.patient.drug_part import Names
from opsonin.patient.effect_part import BODY, TUMOUR
from opsonin.patient.formulae import called, symbol
from opsonin.patient.sheet import Sheet

B_CELL, CANCER = "b_cell", "cancer"


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

    def write(self, arrival: Any) -> Any:
        """All of it.

        Args:
            arrival: rate at which a T cell of the body comes to the tumour, at rest [1/min].
        Returns:
            tumour cells that the product kills [cells/min], as a formula.
        """
        name, tumour = product_in_body(self.drug.name), product_in_tumour(self.drug.name)
        there = self.sheet.amount(name, 0.0, "cell", f"cells of {self.drug.name} in the body")
        inside = self.sheet.amount(tumour, 0.0, "cell", f"cells of {self.drug.name} in the tumour")
        half_life = self._number("half_life", self.effect.half_life.value, "min", "half-life without antigen")
        loss = called(rate_of_half_life, half_life)
        doubling = self._number(
            "doubling", self.effect.doubling.value, "min", "doubling time among plenty of antigen"
        )
        engaged = self._engaged(there)
        if engaged != 0:
            fast = self.sheet.derived(
                f"{name}_growth",
                called(growth_rate, doubling) + loss,
                "1/min",
                f"full growth of {self.drug.name}",
            )
            self.sheet.flow(f"{name}_grown", None, name, fast * engaged, "that division adds")
        self.sheet.flow(f"{name}_lost", name, None, loss * there, "that are lost")
        came = called(entering, there, arrival, "tumour_cells", "burden_at_rest")
        self.sheet.flow(f"{name}_arriving", name, tumour, came, "that come to the tumour")
        self.sheet.flow(f"{tumour}_lost", tumour, None, loss * inside, "that are lost in the tumour")
        for place, where, cells in ((BODY, name, there), (TUMOUR, tumour, inside)):
            hazard = self.contact.effects.hazard(self.effect.adds, place, 0)
            if hazard != 0:
                self.sheet.flow(f"{where}_killed", where, None, hazard * cells, "that drugs kill")
        return self._killing(there, inside)

    def _number(self, key: str, value: float, unit: str, title: str) -> Any:
        return self.sheet.constant(Names(self.drug.name).of(key), value, unit, f"{self.drug.name}: {title}")

    def _signal(self, cell: str) -> Any:
        """What its receptors see of a cell type [-]; 0 where that has none of the antigen."""
        side = side_of(self.contact.library, cell, self.contact.tumour)
        assert (
            self.effect.antigen is not None and self.effect.half is not None
        )  # a chimeric receptor has both
        if side.levels.get(self.effect.antigen, 0.0) <= 0.0:
            return 0
        half = self._number(
            "antigen_half", self.effect.half.value, "molecule", "antigens at half of the signal"
        )
        return self.sheet.derived(
            Names(self.drug.name).of(f"signal_{cell}"),
            called(bridged_signal, self.contact.level(side, self.effect.antigen) / half),
            "1",
            f"what {self.drug.name} sees of a {cell} cell",
        )

    def _engaged(self, there: Any) -> Any:
        """Cells in the body that find their antigen [cells], each target as far as they see it."""
        seen: Any = 0
        for cell, targets in ((CANCER, symbol("tumour_cells")), (B_CELL, symbol(in_body(B_CELL)))):
            signal = self._signal(cell)
            if signal != 0:
                seen += signal * targets
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
        left = self.sheet.derived(
            name.of("left"), called(availability, found, there), "1", "what is left to a cell, of plenty"
        )
        return share * left * there

    def _killing(self, there: Any, inside: Any) -> Any:
        """Tumour cells that are killed [cells/min]; B cells are, too."""
        numbers, library = self.immunity.tumour, self.contact.library
        killer = side_of(library, self.effect.adds, self.contact.tumour)
        target = side_of(library, CANCER, self.contact.tumour)
        share = self.sheet.constant(
            "contact", numbers.contact.value, "1", "share of a killer's time with a target"
        )
        fresh = self._number(
            "exhaustion_new", self.effect.exhaustion.value, "1", "exhaustion of a cell that comes"
        )
        seen = self._signal(B_CELL)
        if seen != 0:
            rate = self.contact.kills_of(
                killer, target, called(effort, seen, 1, called(vigour, fresh)), "b_cell"
            )
            lost = self._held(B_CELL, there, in_body(B_CELL), share) * rate
            self.sheet.flow(
                Names(self.drug.name).of("b_cells_killed"),
                in_body(B_CELL),
                None,
                lost,
                "B cells that are killed",
            )
        signal = self._signal(CANCER)
        if signal == 0:
            return 0
        fitness = self.sheet.constant(
            "fitness", numbers.fitness.value, "1", "fitness of killers in the tumour"
        )
        helped = self.sheet.constant(
            "costimulated", numbers.costimulated.value, "1", "co-stimulation in the tumour"
        )
        _, activation = self.contact.activation(killer, target, helped, signal)
        tired = self._tired(killer, signal * share, fresh)
        rate = self.contact.kills(killer, target, activation, fitness, tired)
        name = product_in_tumour(self.drug.name)
        left = self.sheet.derived(
            f"{name}_found",
            called(availability, "tumour_cells", inside),
            "1",
            "what is left to a cell, of plenty",
        )
        grown = self._division(killer, activation * share, fitness * called(vigour, tired)) * left
        self.sheet.flow(f"{name}_dividing", None, name, grown * inside, "that division in the tumour adds")
        realised = self.sheet.constant(
            "realised", numbers.realised.value, "1", "kills that come about, over those of mean cells"
        )
        return self._held(CANCER, inside, "tumour_cells", share) * rate * realised

    def _held(self, cell: str, killers: Any, targets: str, share: Any) -> Any:
        """Cells of the product that hold a target [cells]."""
        return self.sheet.derived(
            Names(self.drug.name).of(f"held_{cell}"),
            called(in_contact, killers, targets, share),
            "cell",
            f"cells of {self.drug.name} that hold a {cell} cell",
        )

    def _division(self, killer: Side, activation: Any, able: Any) -> Any:
        cycle = killer.cell.cycle
        if cycle is None or cycle.activated_rate is None:
            return 0
        most = self._number("division", cycle.activated_rate.value, "1/min", "most divisions in the tumour")
        return most * activation * able

    def _tired(self, killer: Side, drive: Any, fresh: Any) -> Any:
        """Mean exhaustion in the tumour [-], where newcomers replace what is lost."""
        killing: Killing | None = killer.cell.killing
        assert killing is not None  # a chimeric receptor is a killer's
        name = Names(self.drug.name).of("exhaustion")
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
