"""Doses, numbers, labels and sizes that a run would take without a word, though they fit no patient or no cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from opsonin.knowledge.aliases import tumours_called
from opsonin.knowledge.checker import range_told, sourced
from opsonin.knowledge.followed import antigen_of, followed
from opsonin.knowledge.library import Library, load_library
from opsonin.model.drugs import Blocks
from opsonin.model.knowledge import Tumour
from opsonin.model.scenario import Scenario
from opsonin.model.specificity import recognising

_LEAST_PERSON_KG = 1.0
_CUT = (3.0, 50.0)  # um
_OFTEN_MIN = 60.0
_FAR = 10.0  # times the range of a number


OF_ANIMAL = (
    "is of an animal, and blood and clones of the knowledge base are of people"  # why it has no patient
)


def of_animal(tumour: Tumour) -> bool:
    """Whether who carries it is no person: the kinetics of the knowledge base are those of people."""
    return tumour.patient_weight.value < _LEAST_PERSON_KG


def doubts_in(scenario: Scenario, library: Library, cells: Collection[str]) -> Iterator[str]:
    """Every sentence of these; `cells`: types that are in the tissue."""
    yield from _thickness(scenario)
    yield from _schedules(scenario)
    yield from labels_in_doubt(scenario, library)
    yield from numbers_in_doubt(scenario, library)
    yield from doses_in_doubt(scenario, library, cells)
    yield from _more_than_marked(library, cells)


def doses_in_doubt(scenario: Scenario, library: Library, cells: Collection[str]) -> Iterator[str]:
    """A sentence for each drug that is given into volumes of another species, or blocks what no cell carries.

    Args:
        cells: types that are in the tissue; no others arrive.
    """
    tumour = library.tumours[scenario.tissue.tumour]
    doses = [dose for arm in scenario.arm for dose in arm.dose]
    if of_animal(tumour):
        for name in sorted({dose.drug for dose in doses if not (dose.held or dose.cells)}):
            yield (
                f"{name} is given by amount to {tumour.title}, but its volumes and clearance are those of people: "
                f"concentrations in a body of {tumour.patient_weight.text} are not what they will be here. Hold a "
                'concentration instead, as in amount = "1 uM", lasting = "7 d".'
            )
    for name in sorted({dose.drug for dose in doses}):
        for effect in library.drugs[name].effects:
            antigen = antigen_of(effect)
            if antigen and not any(antigen in _expressed(cell, library, tumour) for cell in cells):
                yield f"{name} needs {antigen}, which no cell in this tissue carries."
            if isinstance(effect, Blocks) and effect.blocks in followed(library):
                who = _who_must_carry(effect.blocks, library)
                if not any(effect.blocks in _expressed(cell, library, tumour) for cell in {*cells} & who):
                    kills = "" if len(who) == len(library.cells) else "that kills "
                    yield f"{name} blocks {effect.blocks}, which no cell {kills}in this tissue carries."
                elif told := _nobody_offers(effect.blocks, cells, library, tumour):
                    yield f"{name} blocks {effect.blocks}, but no cell in this tissue carries {told}, which it takes."


def _more_than_marked(library: Library, cells: Collection[str]) -> Iterator[str]:
    """A sentence for each type of which more are to recognise the tumour than carry PD-1."""
    for name in sorted(cells):
        sees = library.cells[name].lytic or library.cells[name].helping
        if sees is not None and recognising(sees) < sees.reactive_fraction.value:
            yield (
                f"{sees.reactive_fraction.text} of {name} are to recognise the tumour, but only those with PD-1 do, "
                f"{sees.pd1_positive.text}: so many will. Set pd1_positive, too."
            )


def _thickness(scenario: Scenario) -> Iterator[str]:
    """A sentence if a biopsy's section is far from as thick as sections are cut."""
    depth = scenario.tissue.depth
    if scenario.tissue.biopsy is not None and depth is not None and not _CUT[0] <= depth <= _CUT[1]:
        yield (
            f"thickness = {depth:g} um for the section of a biopsy: sections are cut at 3 to 10 um and show the cells "
            "whose nuclei they cut, so that they stand for 10 to 25 um. Every concentration depends on it."
        )


def _schedules(scenario: Scenario) -> Iterator[str]:
    """A sentence for each dose that is given more often than anybody gives one."""
    for arm in scenario.arm:
        for dose in arm.dose:
            every = dose.every
            if every is not None and every < _OFTEN_MIN and not dose.held:
                yield f"arm '{arm.name}' is given {dose.drug} every {every:g} min: {1440.0 / every:,.0f} doses a day."


def numbers_in_doubt(scenario: Scenario, library: Library) -> Iterator[str]:
    """A sentence for each number of the scenario's own that is far from what the knowledge base holds possible.

    None for 0, which knocks out. `library` has them in it.
    """
    known, own = dict(sourced(load_library())), dict(sourced(library))
    for path in scenario.knowledge:
        if path in known and (edges := known[path].range) is not None:
            value = own[path].value
            if value > _FAR * edges[1] or 0.0 < value < edges[0] / _FAR:
                yield f"{path} = {own[path].text} is far outside its range, {range_told(known[path])}."


def labels_in_doubt(scenario: Scenario, library: Library) -> Iterator[str]:
    """A sentence where the cells are read by a shipped label map of another disease than the tumour."""
    named, tumour = scenario.tissue.labels or "", library.tumours[scenario.tissue.tumour]
    if (label_map := library.labels.get(named)) is None:
        return
    of = tumours_called(f"{named} {label_map.title}", library.tumours)
    if of and tumour.name not in of:
        yield (
            f"the labels '{named}' are those of '{of[0]}' ({library.tumours[of[0]].title}), but the tumour is "
            f"'{tumour.name}' ({tumour.title}), whose growth and molecules the cells get."
        )


# Kinds of pairs of which the killer has one side: the receptor, or the ligand of a death pair.
_TURNED = frozenset({"checkpoint", "activating", "antibody", "death"})


def _who_must_carry(molecule: str, library: Library) -> set[str]:
    """Cells on which a block counts: of what killers and eaters turn to their targets those that do."""
    turned = {
        pair.ligand if pair.kind == "death" else pair.receptor
        for pair in library.interactions.values()
        if pair.kind in _TURNED
    }
    return {
        name
        for name, cell in library.cells.items()
        if cell.killing is not None or cell.eating is not None or molecule not in turned
    }


def _nobody_offers(receptor: str, cells: Collection[str], library: Library, tumour: Tumour) -> str:
    """Ligands that a receptor takes from those of co-stimulation, in words, if none of the cells has any."""
    pairs = library.interactions.values()
    ligands = {pair.ligand for pair in pairs if pair.kind == "competing" and pair.receptor == receptor}
    offered = any(ligands & _expressed(cell, library, tumour) for cell in cells)
    return "" if offered else " or ".join(sorted(ligands))


def _expressed(cell: str, library: Library, tumour: Tumour) -> set[str]:
    return {*library.cells[cell].expresses, *tumour.expresses.get(cell, {})}
