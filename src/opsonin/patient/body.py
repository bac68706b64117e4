"""The patient beside the drugs: blood, node and tumour, as one part of the model, at rest before treatment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from opsonin.knowledge.library import Library
from opsonin.model.drugs import Drug
from opsonin.model.immunity import Immunity
from opsonin.patient.blood_part import write_blood
from opsonin.patient.bridged_part import Bystanders
from opsonin.patient.clone_part import BURDEN, Lesion, Site, mean_field, site_of
from opsonin.patient.contact_part import Contact, side_of
from opsonin.patient.cytokine_part import write_cytokines
from opsonin.patient.effect_part import Effects
from opsonin.patient.formulae import symbol
from opsonin.patient.marrow_part import write_counts
from opsonin.patient.node_part import Draining, clones, clones_at_rest
from opsonin.patient.parts import Part
from opsonin.patient.product_part import Product, product_in_tumour
from opsonin.patient.sheet import Sheet
from opsonin.patient.tumour_part import KILLERS, MeanTumour
from opsonin.patient.window_part import Untreated, WindowTumour

ADULT = "adult"


@dataclass(frozen=True)
class Body:
    """A patient with a tumour.

    Attributes:
        library: the knowledge base; tumour: its entry.
        lesions: where it is, each with its clones; without any it is one, whose cells are all alike.
        untreated: what a tissue does that stands for the tumour; None where it is a mean field.
    """

    library: Library
    tumour: str
    lesions: tuple[Lesion, ...] = ()
    untreated: Untreated | None = None

    @property
    def immunity(self) -> Immunity:
        """Numbers of the patient."""
        found: Immunity = self.library.of_tumour(self.tumour).immunity[ADULT]
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
            sites = self._sites(contact, drugs)
            dying, taken = self._tumour(contact, sites)
            write_cytokines(self.immunity, effects, contact, sites)
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

    def sites(self, drugs: Iterable[Drug]) -> tuple[Site, ...]:
        """Its lesions with their clones under some drugs, not yet written."""
        effects = Effects((), Sheet())
        return self._sites(Contact(self.library.of_tumour(self.tumour), self.tumour, effects), tuple(drugs))

    def _sites(self, contact: Contact, drugs: tuple[Drug, ...]) -> tuple[Site, ...]:
        if not self.lesions:
            return (mean_field(contact),)
        return tuple(site_of(contact, lesion, drugs) for lesion in self.lesions)

    def _tumour(self, contact: Contact, sites: Sequence[Site]) -> tuple[Any, dict[str, float]]:
        """All lesions: tumour cells that die [cells/min], and by antigen what they take from the body, net."""
        dying: Any = 0
        taken: dict[str, float] = {}
        for site in sites:
            died, net = MeanTumour(self.immunity, contact, site).write()
            dying += died
            taken |= {name: taken.get(name, 0.0) + rate for name, rate in net.items()}
        for drug in contact.effects.products:
            assert drug.product is not None  # of a product
            Product(drug, drug.product, self.immunity, contact).write(sites)
        Bystanders(self.immunity, contact).write_b_cells(sites)
        write_counts(self.immunity, contact.sheet, sites)
        if all(site.lesion.name for site in sites):
            self._together(contact, sites)
        return dying, taken

    def _together(self, contact: Contact, sites: Sequence[Site]) -> None:
        """What is told of all lesions together."""
        names = [BURDEN, *(f"tumour_all_{killer}" for killer in KILLERS)]
        names += [product_in_tumour(drug.name) for drug in contact.effects.products]
        there = set(contact.sheet.part.names())
        for name in names:
            each = [symbol(site.here(name)) for site in sites if site.here(name) in there]
            if each:
                contact.sheet.derived(name, sum(each), "cell", "of all lesions together")
