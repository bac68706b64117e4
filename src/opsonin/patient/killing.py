"""What the mean field takes for the kills of one killer at its target, before any drug: to hold a tissue against."""

from __future__ import annotations

from opsonin.knowledge.library import Library
from opsonin.patient.clone_part import CANCER
from opsonin.patient.contact_part import Contact, side_of
from opsonin.patient.effect_part import Effects
from opsonin.patient.sheet import Sheet


def kills_of_one(
    library: Library, tumour: str, killer: str, fitness: float, costimulated: float, exhaustion: float
) -> float:
    """Rate at which a killer that holds a tumour cell kills it [1/min].

    Args:
        library, tumour: of the numbers; killer: type of cell.
        fitness, costimulated, exhaustion: of the killer [-].
    """
    sheet = Sheet()
    contact = Contact(library, tumour, Effects((), sheet))
    sides = side_of(library, killer, tumour), side_of(library, CANCER, tumour)
    _, activation = contact.activation(*sides, costimulated)
    return sheet.at_rest(contact.kills(*sides, activation, fitness, exhaustion))
