"""Killers in a lesion that see tumour cells by what treatment brought: a chimeric receptor, or bridges to any T cell.

How they come and go is in `product_part.py` and `bridged_part.py`; what they do there is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsonin.laws.clones import at_least
from opsonin.laws.events import approaching
from opsonin.laws.recognition import effort, exhaustion_rate, exhaustion_target, vigour
from opsonin.laws.trafficking import availability, in_contact, pressed, renewed
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import Killing
from opsonin.patient.clone_part import Clone, Site
from opsonin.patient.contact_part import Carrying, Contact, Side
from opsonin.patient.drug_names import Names
from opsonin.patient.formulae import called, symbol
from opsonin.patient.sheet import Sheet


@dataclass(frozen=True)
class Recruits:
    """Killers of one kind.

    Attributes:
        names: of all that is theirs; title: what they are called.
        killer: one of them; immunity: numbers of the patient; contact: of the tumour.
        inhibited: share of them that has the receptors of checkpoints; None where all have.
        receptor: the one that this is about, which all others lack; None of all receptors.
    """

    names: Names
    title: str
    killer: Side
    immunity: Immunity
    contact: Contact
    inhibited: float | None = None
    receptor: str | None = None

    @property
    def sheet(self) -> Sheet:
        """On which all is written."""
        return self.contact.sheet

    def number(self, key: str, value: float, unit: str, title: str) -> Any:
        """One of their own, called after them."""
        return self.sheet.constant(self.names.of(key), value, unit, f"{self.title}: {title}")

    def kill(
        self,
        site: Site,
        name: str,
        signals: Mapping[str, Any],
        fresh: tuple[float, Any],
        came: Any,
        fast: Any = None,
        room: Any = 1,
    ) -> dict[str, Any]:
        """What they do in a lesion.

        Args:
            name: what the model calls them there.
            signals: by clone, what they see of its cells [-]; 0 where nothing.
            fresh: exhaustion of one that comes, as a number and as the model has it.
            came: that come to it [cells/min].
            fast: growth of one among what is there [1/min]; left out, by its activation as in a tissue.
            room: share of growth that their own number leaves [-].
        Returns:
            by clone, the rate at which one is killed [1/min].
        """
        seeing = [clone for clone in site.clones if signals[clone.cells] != 0]
        if not seeing:
            return dict.fromkeys(signals, 0)
        numbers, share = self.immunity.tumour, self._contact()
        fitness = self.sheet.constant(
            "fitness", numbers.fitness.value, "1", "fitness of killers in the tumour"
        )
        activations = {clone.cells: self._activation(clone, signals) for clone in seeing}
        rivals = self._rivals(name)
        left = self.sheet.derived(
            f"{name}_found",
            called(availability, site.met, rivals),
            "1",
            "what is left to a cell, of plenty",
        )
        tired = self._tired(site, site.mean(signals) * share * left, fresh, self._renewed(came, name))
        if fast is None:
            fast = self._division(site.mean(activations) * share, fitness * called(vigour, tired))
        grown = fast * left * room
        if grown != 0:
            title = "that division in the tumour adds"
            self.sheet.flow(f"{name}_dividing", None, name, grown * symbol(name), title)
        self.held(site.here(self.names.of("held_cancer")), name, site.met)
        each = self.sheet.derived(
            f"{name}_pressed",
            called(pressed, rivals, site.met, share),
            "1",
            f"cells of {self.title} that hold a tumour cell, for each tumour cell",
        )
        realised = self.sheet.constant(
            "realised", numbers.realised.value, "1", "kills that come about, over those of mean cells"
        )
        killed = {
            clone.cells: each
            * realised
            * clone.contact.kills(self.killer, clone.side, activations[clone.cells], fitness, tired)
            for clone in seeing
        }
        return dict.fromkeys(signals, 0) | killed

    def kill_in_blood(
        self, site: Site, name: str, outside: str, signals: Mapping[str, Any], left: Any
    ) -> dict[str, Any]:
        """What those of the body do to tumour cells in blood.

        Args:
            name: what the model calls them there; outside: all cells that they meet.
            signals: by clone, what they see of its cells [-]; left: their vigour [-].
        Returns:
            by clone, the rate at which one in blood is killed [1/min].
        """
        killed: dict[str, Any] = dict.fromkeys(signals, 0)
        for clone in site.clones:
            if clone.circulates and signals[clone.cells] != 0:
                delivered = called(effort, self._activation(clone, signals), 1, left)
                rate = clone.contact.kills_of(self.killer, clone.side, delivered, "blood")
                killed[clone.cells] = self.pressed_outside(name, outside) * rate
        return killed

    def pressed_outside(self, name: str, outside: str) -> Any:
        """Of those of the body that hold a cell, for each that they meet outside marrow [-]."""
        return self.sheet.derived(
            self.names.of("pressed_outside"),
            called(pressed, self._rivals(name), outside, self._contact()),
            "1",
            f"cells of {self.title} that hold a cell outside marrow, for each cell there",
        )

    def _activation(self, clone: Clone, signals: Mapping[str, Any]) -> Any:
        helped = self.sheet.constant(
            "costimulated", self.immunity.tumour.costimulated.value, "1", "co-stimulation in the tumour"
        )
        carrying = None
        if self.inhibited is not None:
            share = self.number("inhibited", self.inhibited, "1", "share that checkpoints hold back")
            carrying = Carrying(share, self.receptor)
        seen = signals[clone.cells]
        return clone.contact.activation(self.killer, clone.side, helped, seen, carrying)[1]

    def held(self, name: str, killers: str, targets: str) -> Any:
        """Those of `killers` that hold one of `targets` [cells]."""
        return self.sheet.derived(
            name,
            called(in_contact, self._rivals(killers), targets, self._contact()),
            "cell",
            f"cells of {self.title} that hold a target",
        )

    def availability(self, killers: str, found: Any) -> Any:
        """What of plenty is left to one of `killers` where so many targets are found [-]."""
        return self.sheet.derived(
            self.names.of("left"),
            called(availability, found, self._rivals(killers)),
            "1",
            "what is left to a cell, of plenty",
        )

    def _contact(self) -> Any:
        return self.sheet.constant(
            "contact", self.immunity.tumour.contact.value, "1", "share of a killer's time with a target"
        )

    def _rivals(self, cells: str) -> Any:
        """Cells in a place, which share the targets there."""
        title = f"cells of {self.title} that share what targets there are"
        return self.sheet.derived(f"{cells}_rivals", called(at_least, cells, "nobody"), "cell", title)

    def _renewed(self, came: Any, name: str) -> Any:
        one = self.sheet.constant("one_cell", 1.0, "cell", "a cell")
        return called(renewed, came, name, one)

    def _division(self, activation: Any, able: Any) -> Any:
        cycle = self.killer.cell.cycle
        if cycle is None or cycle.activated_rate is None:
            return 0
        most = self.number("division", cycle.activated_rate.value, "1/min", "most divisions in the tumour")
        return most * activation * able

    def _tired(self, site: Site, drive: Any, fresh: tuple[float, Any], replaced: Any) -> Any:
        """Mean exhaustion in the tumour [-], where newcomers replace them at a rate [1/min]."""
        killing: Killing | None = self.killer.cell.killing
        assert killing is not None  # of killers
        name, (first, newcomer) = site.here(self.names.of("exhaustion")), fresh
        now = self.sheet.amount(name, first, "1", f"exhaustion of {self.title} in the tumour")
        gain = self.number("gain", killing.exhaustion_gain.value, "1/min", "tiring under full signal")
        recovery = self.number("recovery", killing.exhaustion_recovery.value, "1/min", "recovery")
        target = called(exhaustion_target, drive, gain, recovery, newcomer)
        speed = called(exhaustion_rate, drive, gain, recovery)
        self.sheet.flow(
            f"{name}_change", None, name, called(approaching, now, target, speed), "by what cells see"
        )
        self.sheet.flow(
            f"{name}_diluted", None, name, called(approaching, now, newcomer, replaced), "by newcomers"
        )
        return now
