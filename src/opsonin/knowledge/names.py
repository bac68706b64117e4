"""What entries mention of each other: names that must exist, numbers that must fit a substrate's unit.

Only listed here; `library.py` looks them up and words the faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opsonin.model.drugs import ALL_CELLS, Agonizes, Blocks, Drug, Kills, Opsonizes, Shifts
from opsonin.model.knowledge import CellType, LabelMap, Tumour
from opsonin.model.sourced import Sourced

if TYPE_CHECKING:
    from opsonin.knowledge.library import Library

Place = tuple[str, ...]  # keys from the top of an entry
Mention = tuple[str, str, Place, str, str]  # kind, entry, key, kind mentioned, name mentioned


def mentions(library: Library) -> Iterator[Mention]:
    """Every name that an entry mentions."""
    for name, molecule in library.molecules.items():
        for number, shift in enumerate(molecule.shifts):
            yield "molecule", name, ("shifts", str(number), "by"), "substrate", shift.by
    for name, cell in library.cells.items():
        for place, kind, target in _of_cell(cell):
            yield "cell", name, place, kind, target
    for name, pair in library.interactions.items():
        yield "interaction", name, ("receptor",), "molecule", pair.receptor
        if pair.ligand:
            yield "interaction", name, ("ligand",), "molecule", pair.ligand
    for name, drug in library.drugs.items():
        for place, kind, target in _of_drug(drug):
            yield "drug", name, place, kind, target
    for name, tumour in library.tumours.items():
        for place, kind, target in _of_tumour(tumour):
            yield "tumour", name, place, kind, target
    yield from _of_geometries(library)
    for name, labels in library.labels.items():
        for place, kind, target in _of_labels(labels):
            yield "label", name, place, kind, target


def levels(library: Library) -> Iterator[tuple[str, str, Place, str, Sourced]]:
    """(kind, entry, key, substrate, number) for every number held in the unit of a substrate."""
    for name, substrate in library.substrates.items():
        yield "substrate", name, ("blood",), name, substrate.blood
    for name, molecule in library.molecules.items():
        for index, shift in enumerate(molecule.shifts):
            yield "molecule", name, ("shifts", str(index), "half"), shift.by, shift.half
    for name, cell in library.cells.items():
        for target, exchange in cell.exchanges.items():
            for key, of in (
                ("uptake_max", target),
                ("uptake_half", target),
                ("secretion", target),
                ("induction_half", exchange.induced_by or ""),
            ):
                number = getattr(exchange, key)
                if number is not None:
                    yield "cell", name, ("exchanges", target, key), of, number


def _of_cell(cell: CellType) -> Iterator[tuple[Place, str, str]]:
    for target in cell.expresses:
        yield ("expresses", target), "molecule", target
    for target, exchange in cell.exchanges.items():
        yield ("exchanges", target), "substrate", target
        if exchange.induced_by is not None:
            yield ("exchanges", target, "induced_by"), "substrate", exchange.induced_by
    if cell.motility is not None and cell.motility.attractant is not None:
        yield ("motility", "attractant"), "substrate", cell.motility.attractant


def _of_drug(drug: Drug) -> Iterator[tuple[Place, str, str]]:
    for number, effect in enumerate(drug.effects):
        place = "effects", str(number)
        if isinstance(effect, Blocks):
            yield (*place, "blocks"), "molecule", effect.blocks
        elif isinstance(effect, Opsonizes):
            yield (*place, "opsonizes"), "molecule", effect.opsonizes
        elif isinstance(effect, Agonizes):
            yield (*place, "agonizes"), "molecule", effect.agonizes
        elif isinstance(effect, Shifts):
            yield (*place, "shifts"), "molecule", effect.shifts
        else:
            key, cells = ("kills", effect.kills) if isinstance(effect, Kills) else ("arrests", effect.arrests)
            for cell in cells:
                if cell != ALL_CELLS:
                    yield (*place, key), "cell", cell


def _of_tumour(tumour: Tumour) -> Iterator[tuple[Place, str, str]]:
    for target in tumour.densities:
        yield ("densities", target), "cell", target
    for target, molecules in tumour.expresses.items():
        yield ("expresses", target), "cell", target
        for molecule in molecules:
            yield ("expresses", target, molecule), "molecule", molecule


def _of_geometries(library: Library) -> Iterator[Mention]:
    for name, geometry in library.geometries.items():
        for target in geometry.densities:
            yield "geometry", name, ("densities", target), "cell", target


def _of_labels(labels: LabelMap) -> Iterator[tuple[Place, str, str]]:
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
