"""Which molecules a tissue follows: those that a law reads. The others wait in the knowledge base for theirs.

So an entry that nothing reads costs no time, changes no bit and fills no report.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsonin.knowledge.library import Library
from opsonin.knowledge.regulators import with_regulators
from opsonin.model.death import PROTEINS
from opsonin.model.drugs import Adds, Agonizes, Blocks, Bridges, Drug, Effect, Opsonizes, Shifts

RECOGNISED = "MHC-I"
SEEN_BY_HELPERS = "MHC-II"
MARKER = "PD-1"


def followed(library: Library) -> tuple[str, ...]:
    """Molecules that a pair, a drug, recognition, death or metabolism reads, and those that regulate them.

    In alphabetical order.
    """
    pairs = library.interactions.values()
    paired = {name for pair in pairs for name in (pair.receptor, pair.ligand, pair.guard) if name}
    reached = {
        antigen
        for drug in library.drugs.values()
        for effect in drug.effects
        if (antigen := antigen_of(effect)) is not None
    }
    marks = {
        effect.on
        for drug in library.drugs.values()
        for effect in drug.effects
        if isinstance(effect, Shifts) and effect.on is not None
    }
    shown = {name for tumour in library.tumours.values() for name in tumour.antigens}
    read = {
        RECOGNISED,
        SEEN_BY_HELPERS,
        MARKER,
        *PROTEINS,
        *paired,
        *reached,
        *marks,
        *shown,
        *_metabolic(library),
    } & set(library.molecules)
    return tuple(sorted(with_regulators(library, read)))


def _metabolic(library: Library) -> Iterator[str]:
    """Enzymes that make a substrate, marks of corpses that release one, and receptors by which one does harm."""
    for cell in library.cells.values():
        yield from (exchange.enzyme for exchange in cell.exchanges.values() if exchange.enzyme)
        yield from (exchange.fed_by for exchange in cell.exchanges.values() if exchange.fed_by)
        yield from (exchange.marker for exchange in cell.exchanges.values() if exchange.marker)
        answers = [*cell.suffers.values(), *(cell.trafficking.lowered.values() if cell.trafficking else ())]
        yield from (answer.through for answer in answers if answer.through)


def antigen_of(effect: Effect) -> str | None:
    """The molecule on a target by which an effect turns killers to it, of an effect that does."""
    match effect:
        case Opsonizes():
            return effect.opsonizes
        case Bridges():
            return effect.bridges
        case Adds():
            return effect.antigen
    return None


def death_receptors(library: Library) -> set[str]:
    """Molecules whose cell dies of their ligand."""
    return {pair.receptor for pair in library.interactions.values() if pair.kind == "death"}


def agonizable(library: Library) -> set[str]:
    """Receptors that drugs may hold as their ligands do: of death, and of co-stimulation."""
    helped = {pair.receptor for pair in library.interactions.values() if pair.kind == "costimulation"}
    return death_receptors(library) | helped


def left_out(drug: Drug, library: Library) -> Iterator[str]:
    """What a drug is known to do and the model does not carry: as told, and to molecules that are not followed."""
    yield from drug.omitted
    known = followed(library)
    for effect in drug.effects:
        if isinstance(effect, Shifts) and effect.shifts not in known:
            yield f"{'raises' if effect.fold_max.value > 1.0 else 'lowers'} {effect.shifts}"
        elif isinstance(effect, Blocks) and effect.blocks not in known:
            yield f"blocks {effect.blocks}"
        elif isinstance(effect, Agonizes) and effect.agonizes not in agonizable(library):
            yield f"agonizes {effect.agonizes}"
