"""T cells that recognise nothing of the tumour by themselves, and that bispecific antibodies hold to their targets.

CD8 T cells of any specificity, in the tumour and in the body, where B cells carry the antigen too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opsonin.laws.recognition import bridged_signal, effort
from opsonin.laws.trafficking import entering
from opsonin.model.immunity import Immunity
from opsonin.model.specificity import recognising
from opsonin.patient.blood_part import at_rest_in_body, in_body
from opsonin.patient.clone_part import CANCER, Site
from opsonin.patient.contact_part import Contact, Side, side_of
from opsonin.patient.drug_names import Names
from opsonin.patient.effect_part import TUMOUR
from opsonin.patient.formulae import called, symbol
from opsonin.patient.marrow_part import in_marrow_at_rest, met_outside
from opsonin.patient.recruits_part import Recruits

T_CELL, B_CELL = "cd8", "b_cell"
NAMES = Names("bystander_cd8")


def bystanders_in_tumour(site: Site) -> str:
    """What the model calls them in a lesion."""
    return site.here(NAMES.of("in_tumour"))


@dataclass(frozen=True)
class Bystanders:
    """They come, leave and die as those that recognise the tumour do, and do not divide before they are held to it.

    Attributes:
        immunity: numbers of the patient; contact: of the tumour, with the effects of drugs.
    """

    immunity: Immunity
    contact: Contact

    def write(self, site: Site, burden: float, growth: float) -> dict[str, Any]:
        """Those of a lesion.

        Args:
            burden: its tumour cells before treatment; growth: of it then [1/min].
        Returns:
            by clone, the rate at which they kill one [1/min].
        """
        none: dict[str, Any] = {clone.cells: 0 for clone in site.clones}
        there = self._resting(site, burden) * site.lesion.killers
        signals = self._signals(site)
        if there <= 0.0 or all(signal == 0 for signal in signals.values()):
            return none
        sheet, killer, name = self.contact.sheet, self._killer(), bystanders_in_tumour(site)
        trafficking, death = killer.cell.trafficking, killer.cell.death
        out = trafficking.exit_rate.value if trafficking is not None else 0.0
        loss = death.spontaneous.value if death is not None and death.spontaneous is not None else 0.0
        turnover = out + loss + (0.0 if site.in_marrow else growth)
        inside = sheet.amount(
            name, there if site.lesion.present else 0.0, "cell", "bystander CD8 cells in the tumour"
        )
        arrival = there * turnover / at_rest_in_body(self.immunity, T_CELL)
        rate = sheet.constant(f"{name}_arrival", arrival, "1/min", "at which one of the body comes, at rest")
        body = in_body(T_CELL)
        came: Any = called(entering, body, rate, site.met, site.here("burden_at_rest"))
        if site.in_marrow:
            came = rate * symbol(body)
        # Hundreds of times more are in the body: what the tumour takes and gives back is not seen there.
        sheet.flow(f"{name}_arriving", None, name, came, "that come to the tumour")
        recruits = self._recruits(killer)
        gone = recruits.number("gone", out + loss, "1/min", "exit from the tumour and death there")
        sheet.flow(f"{name}_gone", name, None, gone * inside, "that leave it or die")
        hazard = self.contact.effects.hazard(T_CELL, TUMOUR, 0)
        if hazard != 0:
            sheet.flow(f"{name}_killed", name, None, hazard * inside, "that drugs kill")
        fresh = recruits.number("exhaustion_new", 0.0, "1", "exhaustion of a cell that comes")
        return recruits.kill(site, name, signals, (0.0, fresh), came)

    def kill_in_blood(self, site: Site) -> dict[str, Any]:
        """By clone of a lesion, the rate at which those of the body kill one in blood [1/min]."""
        recruits = self._recruits(self._killer())
        return recruits.kill_in_blood(site, in_body(T_CELL), met_outside([site]), self._signals(site), 1)

    def write_b_cells(self, sites: Sequence[Site]) -> None:
        """What CD8 T cells of the body, held to them, do to B cells."""
        target = side_of(self.contact.library, B_CELL, self.contact.tumour)
        bridges = self.contact.bridges(target)
        if bridges == 0:
            return
        killer = self._killer()
        recruits = self._recruits(killer)
        tumour_cell = side_of(self.contact.library, CANCER, self.contact.tumour)  # B cells die as these do
        delivered = called(effort, called(bridged_signal, bridges), 1, 1)
        rate = self.contact.kills_of(killer, tumour_cell, delivered, B_CELL)
        outside = met_outside(sites)
        held = recruits.held(NAMES.of("held_b_cell"), in_body(T_CELL), outside)
        if outside != in_body(B_CELL):
            held = recruits.pressed_outside(in_body(T_CELL), outside) * symbol(in_body(B_CELL))
        title = "B cells that bridged T cells kill"
        self.contact.sheet.flow(NAMES.of("b_cells_killed"), in_body(B_CELL), None, held * rate, title)

    def _killer(self) -> Side:
        """A CD8 T cell under a name of its own, so that numbers of those that recognise the tumour stay apart."""
        own = side_of(self.contact.library, T_CELL, self.contact.tumour)
        return Side(own.cell.model_copy(update={"name": "bystander_cd8"}), own.levels)

    def _recruits(self, killer: Side) -> Recruits:
        library, marrow = self.contact.library, self.immunity.marrow
        circulates = library.tumours[self.contact.tumour].circulation is not None
        few = marrow.inhibited.value if circulates else None  # of marrow and blood, not of an infiltrate
        return Recruits(NAMES, "bystander CD8 cells", killer, self.immunity, self.contact, few)

    def _signals(self, site: Site) -> dict[str, Any]:
        """By clone, what they see of its cells by bridges [-]."""
        return {
            clone.cells: called(bridged_signal, bridges)
            if (bridges := clone.contact.bridges(clone.side)) != 0
            else 0
            for clone in site.clones
        }

    def _resting(self, site: Site, burden: float) -> float:
        """In the tumour before treatment [cells]; 0 where their density is not known."""
        if site.in_marrow:
            return in_marrow_at_rest(self.immunity, site)
        densities = self.contact.library.tumours[self.contact.tumour].densities
        cell = self.contact.library.of_tumour(self.contact.tumour).cells[T_CELL]
        if T_CELL not in densities or cell.lytic is None:
            return 0.0
        every = burden * densities[T_CELL].value / densities[CANCER].value
        return float(every * (1.0 - recognising(cell.lytic)))
