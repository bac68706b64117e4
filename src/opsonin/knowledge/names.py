"""What entries mention of each other: names that must exist, numbers that must fit a substrate's unit.

Only listed here; `library.py` looks them up and words the faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from opsonin.model.drugs import ALL, Drug
from opsonin.model.geometries import Geometry
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import CellType, Defect, Interaction, Molecule, Needs, Suffers, Tumour
from opsonin.model.panels import LabelMap
from opsonin.model.sourced import Sourced

if TYPE_CHECKING:
    from opsonin.knowledge.library import Library

Place = tuple[str, ...]  # keys from the top of an entry
Named = tuple[Place, str, str]  # key, kind mentioned, name mentioned
Mention = tuple[str, str, Place, str, str]  # kind, entry, key, kind mentioned, name mentioned

SIGNAL = "substrate or molecule"  # what may shift a molecule
_TARGETS = {  # what each key of an effect names
    "blocks": "molecule",
    "opsonizes": "molecule",
    "bridges": "molecule",
    "agonizes": "molecule",
    "shifts": "molecule",
    "on": "molecule",
    "adds": "cell",
    "antigen": "molecule",
    "kills": "cell",
    "arrests": "cell",
    "irradiates": "cell",
    "mutates": "defect",
    "supplies": "substrate",
    "presents": "cell",
}


def mentions(library: Library) -> Iterator[Mention]:
    """Every name that an entry mentions."""
    readers: tuple[tuple[str, Mapping[str, Any], Callable[[Any], Iterator[Named]]], ...] = (
        ("molecule", library.molecules, _of_molecule),
        ("cell", library.cells, _of_cell),
        ("interaction", library.interactions, _of_pair),
        ("drug", library.drugs, _of_drug),
        ("defect", library.defects, _of_defect),
        ("tumour", library.tumours, _of_tumour),
        ("geometry", library.geometries, _of_geometry),
        ("immunity", library.immunity, _of_immunity),
        ("label", library.labels, _of_labels),
    )
    for kind, entries, named in readers:
        for name, entry in entries.items():
            for place, wanted, target in named(entry):
                yield kind, name, place, wanted, target


def levels(library: Library) -> Iterator[tuple[str, str, Place, str, Sourced]]:
    """(kind, entry, key, signal, number) for every number held in the unit of a substrate, or in resting levels."""
    for name, substrate in library.substrates.items():
        yield "substrate", name, ("blood",), name, substrate.blood
        yield "substrate", name, ("medium",), name, substrate.medium
        if substrate.acidifies is not None:
            yield "substrate", name, ("acidifies", "buffering"), name, substrate.acidifies.buffering
    for name, molecule in library.molecules.items():
        for index, shift in enumerate(molecule.shifts):
            yield "molecule", name, ("shifts", str(index), "half"), shift.by, shift.half
    for name, pair in library.interactions.items():
        if pair.kind == "ligation":
            yield "interaction", name, ("affinity",), pair.ligand, pair.affinity
    for name, cell in library.cells.items():
        yield from (("cell", name, *rest) for rest in _levels_of(cell))


def _levels_of(cell: CellType) -> Iterator[tuple[Place, str, Sourced]]:
    """(key, signal, number) likewise of a cell type."""
    if cell.cycle is not None and cell.cycle.arrest_half is not None:
        yield ("cycle", "arrest_half"), cell.cycle.arrested_by or "", cell.cycle.arrest_half
    if cell.death is not None and cell.death.necrosis_glucose is not None:
        yield ("death", "necrosis_glucose"), "glucose", cell.death.necrosis_glucose
    for place, answers in _answers(cell):
        for target, answer in answers.items():
            yield (*place, target, "half"), target, answer.half
    for target, exchange in cell.exchanges.items():
        by = {"induction_half": exchange.induced_by or ""}
        for key in ("uptake_max", "uptake_half", "secretion", "induction_half", "necrotic", "apoptotic"):
            if (number := getattr(exchange, key)) is not None:
                yield ("exchanges", target, key), by.get(key, target), number


def _answers(cell: CellType) -> Iterator[tuple[Place, Mapping[str, Needs | Suffers]]]:
    """How a type answers to substrates, by the keys where it says so."""
    yield ("needs",), cell.needs
    yield ("suffers",), cell.suffers
    if cell.trafficking is not None:
        yield ("trafficking", "lowered"), cell.trafficking.lowered


def _of_molecule(molecule: Molecule) -> Iterator[Named]:
    for number, shift in enumerate(molecule.shifts):
        yield ("shifts", str(number), "by"), SIGNAL, shift.by


def _of_pair(pair: Interaction) -> Iterator[Named]:
    yield ("receptor",), "molecule", pair.receptor
    if pair.ligand:
        yield ("ligand",), "substrate" if pair.kind == "ligation" else "molecule", pair.ligand
    if pair.guard is not None:
        yield ("guard",), "molecule", pair.guard


def _of_defect(defect: Defect) -> Iterator[Named]:
    yield from ((("removes",), "molecule", target) for target in defect.removes)
    yield from ((("changes", target), "molecule", target) for target in defect.changes)
    yield from ((("deafens",), "substrate", target) for target in defect.deafens)


def _of_cell(cell: CellType) -> Iterator[Named]:
    for target in cell.expresses:
        yield ("expresses", target), "molecule", target
    for target, exchange in cell.exchanges.items():
        yield ("exchanges", target), "substrate", target
        if exchange.induced_by is not None:
            yield ("exchanges", target, "induced_by"), "substrate", exchange.induced_by
        if exchange.made_from is not None:
            yield ("exchanges", target, "made_from"), "substrate", exchange.made_from
        if exchange.enzyme is not None:
            yield ("exchanges", target, "enzyme"), "molecule", exchange.enzyme
        if exchange.fed_by is not None:
            yield ("exchanges", target, "fed_by"), "molecule", exchange.fed_by
        if exchange.marker is not None:
            yield ("exchanges", target, "marker"), "molecule", exchange.marker
    for place, answers in _answers(cell):
        for target, answer in answers.items():
            yield (*place, target), "substrate", target
            if isinstance(answer, Suffers) and answer.through is not None:
                yield (*place, target, "through"), "molecule", answer.through
    if cell.chimeric is not None:
        yield ("chimeric", "homes_as"), "cell", cell.chimeric.homes_as
    if cell.cycle is not None and cell.cycle.arrested_by is not None:
        yield ("cycle", "arrested_by"), "substrate", cell.cycle.arrested_by


def _of_drug(drug: Drug) -> Iterator[Named]:
    for number, effect in enumerate(drug.effects):
        fields = type(effect).model_fields
        for key, wanted in _TARGETS.items():
            named = (getattr(effect, key) if key in fields else None) or ()
            for target in (named,) if isinstance(named, str) else named:
                if target != ALL:
                    yield ("effects", str(number), key), wanted, target


def _of_tumour(tumour: Tumour) -> Iterator[Named]:
    for target in tumour.densities:
        yield ("densities", target), "cell", target
    for target in tumour.antigens:
        yield ("antigens", target), "molecule", target
    for target in tumour.clones:
        yield ("clones", target), "defect", target
    for target, molecules in tumour.expresses.items():
        yield ("expresses", target), "cell", target
        for molecule in molecules:
            yield ("expresses", target, molecule), "molecule", molecule


def _of_geometry(geometry: Geometry) -> Iterator[Named]:
    for target in geometry.densities:
        yield ("densities", target), "cell", target


def _of_immunity(immunity: Immunity) -> Iterator[Named]:
    for name, lineage in immunity.blood.items():
        yield ("blood", name, "cell"), "cell", lineage.cell


def _of_labels(labels: LabelMap) -> Iterator[Named]:
    for label, marking in labels.labels.items():
        yield ("labels", label, "cell"), "cell", marking.cell
        for target in marking.positive:
            yield ("labels", label, "positive"), "molecule", target
        for target in marking.negative:
            yield ("labels", label, "negative"), "molecule", target
    for target, intensity in labels.intensities.items():
        yield ("intensities", target), "molecule", target
        for cell in intensity.only:
            yield ("intensities", target, "only"), "cell", cell
