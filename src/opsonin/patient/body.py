"""The patient beside the drugs: blood, node and tumour, as one part of the model, at rest before treatment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from opsonin.knowledge.library import Library
from opsonin.model.drugs import Drug
from opsonin.model.immunity import Immunity
from opsonin.patient.blood_part import write_blood
from opsonin.patient.contact_part import Contact, side_of
from opsonin.patient.effect_part import Effects
from opsonin.patient.formulae import symbol
from opsonin.patient.node_part import Draining, clones, clones_at_rest
from opsonin.patient.parts import Part
from opsonin.patient.sheet import Sheet
from opsonin.patient.tumour_part import MeanTumour
from opsonin.patient.window_part import Untreated, WindowTumour

ADULT = "adult"


@dataclass(frozen=True)
class Body:
    """A patient with a tumour.

    Attributes:
        library: the knowledge base; tumour: its entry.
        untreated: what a tissue does that stands for the tumour; None where it is a mean field.
    """

    library: Library
    tumour: str
    untreated: Untreated | None = None

    @property
    def immunity(self) -> Immunity:
        """Numbers of the patient."""
        found: Immunity = self.library.immunity[ADULT]
        return found

    def part(self, drugs: Iterable[Drug], others: Iterable[Part]) -> Part:
        """All of it.

        Args:
            drugs: that act on cells; others: their parts of the model.
        Raises:
            RunError: the numbers leave no patient at rest.
        """
        drugs = tuple(drugs)
        carried = tuple(drug for drug in drugs if drug.kinetics is not None)
        products = tuple(drug for drug in drugs if drug.product is not None)
        effects = Effects(carried, Sheet(others), products)
        contact = Contact(self.library.of_tumour(self.tumour), self.tumour, effects)
        antigens = sorted(self.immunity.antigens)
        every = sum(symbol(clones(antigen)) for antigen in antigens)
        resting = sum(clones_at_rest(self.immunity, antigen) for antigen in antigens)
        write_blood(self.immunity, effects, {"cd8": (every, resting)})
        if self.untreated is None:
            dying, taken = MeanTumour(self.immunity, contact).write()
        else:
            dying, taken = WindowTumour(self.immunity, effects.sheet, self.untreated).write()
        node = Draining(
            self.immunity,
            contact,
            side_of(self.library, "dc", self.tumour),
            side_of(self.library, "cd8", self.tumour),
            side_of(self.library, "treg", self.tumour),
        )
        node.write(
            dying, effects.sheet.at_rest(dying), {antigen: taken.get(antigen, 0.0) for antigen in antigens}
        )
        return effects.sheet.part
