"""Which numbers of the library a run uses: those of its tumour, cells, their molecules, its drugs and its geometry.

A library is larger than any run; what a reader has to weigh is what decided the run. Only chosen here: where each
number is from is told in `checker.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from opsonin.knowledge.checker import NumberRow, numbers
from opsonin.knowledge.composition import EFFECTOR
from opsonin.knowledge.followed import followed
from opsonin.knowledge.library import OF_TUMOUR, Library
from opsonin.model.drugs import Adds, Arrests, Irradiates, Kills, Mutates, Presents, Supplies
from opsonin.model.scenario import Dose, Generated

# What a run leaves out, which adds up doses: only the patient's model has them.
_OF_THE_PATIENT = {"max_elimination", "half_saturation"}
_OF_MEAN_FIELD = {"tumour", "product_targets_half"}
_OF_BLOOD = {"blood", "vessel_permeability", "vessel_radius"}
_OF_MEDIUM = {"medium", "liquid_height"}
_INFILTRATES = {"infiltrated": ("mixed", "excluded"), "cold": ("cold",), "homing": ("mixed",)}


@dataclass(frozen=True)
class Use:
    """What a run takes from the library.

    Attributes:
        tumour: its entry; cells: types that occur; generate: how the tissue was drawn, None for a biopsy.
        doses: of all arms.
        coupled: a patient is around the tissue, and acts on it.
    """

    tumour: str
    cells: Collection[str]
    generate: Generated | None
    doses: Sequence[Dose]
    coupled: bool = False


def used(library: Library, use: Use) -> list[NumberRow]:
    """The numbers that decide a run, in the order of kinds, names and keys."""
    use = replace(use, cells={*use.cells, *added(use.doses, library)})
    entries = set(_entries(library, use))
    return [
        row
        for row in numbers(library)
        if tuple(row.path.split(".")[:2]) in entries and _counts(library, use, row.path.split("."))
    ]


def added(doses: Sequence[Dose], library: Library) -> set[str]:
    """Cell types that doses bring to the tissue."""
    products = (library.drugs[dose.drug].product for dose in doses)
    return {product.adds for product in products if product is not None}


def _entries(library: Library, use: Use) -> Iterator[tuple[str, str]]:
    """(kind, name) of every entry that is looked at; each substrate is in every tissue."""
    yield "tumour", use.tumour
    yield from (("substrate", name) for name in library.substrates)
    yield from (("cell", name) for name in use.cells)
    carried = _carried(library, use)
    yield from (("molecule", name) for name in carried)
    for name, pair in library.interactions.items():
        if {pair.receptor, pair.guard or pair.ligand} <= carried:
            yield "interaction", name
    yield from (("drug", dose.drug) for dose in use.doses)
    if any(library.cells[name].role == "tumour" for name in use.cells):
        yield from (("defect", name) for name in library.defects)
    if use.generate is not None:
        yield "geometry", use.generate.kind
    if use.coupled:
        yield from (("immunity", name) for name in library.immunity)


def _carried(library: Library, use: Use) -> set[str]:
    """Molecules of the cells that occur, as far as they are followed."""
    of_tumour = library.tumours[use.tumour].expresses
    known = followed(library)
    return {
        molecule
        for name in use.cells
        for molecule in (*library.cells[name].expresses, *of_tumour.get(name, {}))
        if molecule in known
    }


def _counts(library: Library, use: Use, path: Sequence[str]) -> bool:
    """Whether a number of an entry that is looked at has a part in this run."""
    cultured = use.generate is not None and use.generate.free_standing
    counts = True
    match path[:3]:
        case "substrate", _, key:
            counts = key not in (_OF_BLOOD if cultured else _OF_MEDIUM)
        case "cell", *_:
            counts = _of_cell(library, use, path, cultured=cultured)
        case "defect", name, key:
            counts = key != "share" or name not in library.tumours[use.tumour].clones
        case "drug", _, "kinetics":
            counts = use.coupled or path[3] not in _OF_THE_PATIENT
        case "drug", _, key:
            counts = key != "effects" or path[3].rpartition(":")[2] in _acted_on(library)
        case "tumour", *_:
            counts = _of_tumour(library, use, path[2:])
        case "immunity", *_:
            counts = path[2:] == ["tumour", "burden"] or path[2] not in _OF_MEAN_FIELD
        case "geometry", *_:
            counts = _of_geometry(use.generate, path[2:])
    return counts


def _of_cell(library: Library, use: Use, path: Sequence[str], *, cultured: bool) -> bool:
    """The same of a number of a cell type: what the tumour says stands in its place."""
    name, key = path[1:3]
    replaced = library.tumours[use.tumour].expresses.get(name, {}) if key == "expresses" else {}
    waits = key == "expresses" and path[3] not in followed(library)
    given = any(
        list(place) == path[1:] and getattr(library.tumours[use.tumour], own) is not None
        for own, place in OF_TUMOUR.items()
    )
    return not ((cultured and key == "trafficking") or waits or given or path[-1] in replaced)


def _acted_on(library: Library) -> set[str]:
    """What the label of a drug's effect may end in: molecules that are followed, whom it kills, arrests or adds, what
    it makes cells lose, what it supplies, whom it primes.
    """
    others = {
        effect.label.rpartition(":")[2]
        for drug in library.drugs.values()
        for effect in drug.effects
        if isinstance(effect, Kills | Arrests | Mutates | Irradiates | Adds | Supplies | Presents)
    }
    return {*followed(library), *others}


def _of_tumour(library: Library, use: Use, path: Sequence[str]) -> bool:
    """The same of a number of the tumour: what an organ or the scenario says stands in its place."""
    generate = use.generate
    organ = library.geometries[generate.kind] if generate is not None else None
    match path[0]:
        case "expresses":
            return path[1] in use.cells and path[2] in followed(library)
        case "densities":
            return not (organ and organ.densities) and _sets_a_density(generate, path[1])
        case "vessel_density":
            return organ is None or (organ.boundary != "medium" and organ.vessel_density is None)
        case "contact":
            return False  # of the mean field
        case "patient_weight":
            return any(dose.size(1.0, 1.0) != dose.size(2.0, 2.0) for dose in use.doses)
    return True


def _of_geometry(generate: Generated | None, path: Sequence[str]) -> bool:
    """The same of a number of the geometry: it stands for what the scenario left open."""
    if generate is None:
        return False
    match path[0]:
        case "densities":
            return _sets_a_density(generate, path[1])
        case "nests":
            asked = {"diameter": generate.nest_diameter, "share": generate.tumour_share}
            nested = generate.architecture == "excluded" or any(asked.values())
            return nested and asked[path[1]] is None
        case "infiltrate":
            return generate.architecture in _INFILTRATES[path[1]]
        case "confluence":
            return generate.confluence is None
    return True


def _sets_a_density(generate: Generated | None, cell: str) -> bool:
    """Whether the published density of a type has a part: the scenario does not name it, or builds on it."""
    if generate is None or generate.free_standing:
        return False
    if generate.fractions and generate.density is None:
        return True
    raised = generate.architecture is not None and cell == EFFECTOR
    return raised or cell not in (generate.fractions or generate.densities)
