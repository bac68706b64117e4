"""Which tumour cells there are: lesions, and in each the clones that differ in what killers see or in how they die.

A clone has one defect of the knowledge base. Its numbers are carried here by their mean rates; few cells are drawn in
`reservoir.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opsonin.knowledge.library import Library
from opsonin.laws.clones import mutants_made, share_of
from opsonin.model.death import PROTEINS
from opsonin.model.drugs import Adds, Bridges, Drug, Opsonizes
from opsonin.model.knowledge import Defect
from opsonin.patient.contact_part import RECOGNISED, Contact, Side, side_of
from opsonin.patient.formulae import called, symbol
from opsonin.patient.parts import identifier

BURDEN, CANCER, SUSCEPTIBLE = "tumour_cells", "cancer", "susceptible"
IN_MARROW, IN_BLOOD = "marrow_tumour_cells", "blood_tumour_cells"  # where they live in marrow
# Of a clone, summed over time; where it circulates births and deaths are those in marrow.
BIRTHS, DEATHS, NEWCOMERS, DEATHS_IN_BLOOD = "births", "deaths", "newcomers", "deaths_in_blood"


@dataclass(frozen=True)
class Lesion:
    """One of the places where a patient's tumour is.

    Attributes:
        name: "" of the only one.
        share: of the patient's tumour cells before treatment; of a place where there is none yet, the size at which it
            would have the killers that it has in proportion.
        killers: density of killers in it, over that of its tumour type.
        doubling_time: its own [min]; None as of its tumour type.
        levels: factor on what its cells carry, by molecule.
        clones: share of its cells that has a defect at time 0, where it is known.
        present: whether tumour cells are there; a place without may be seeded.
    """

    name: str = ""
    share: float = 1.0
    killers: float = 1.0
    doubling_time: float | None = None
    levels: Mapping[str, float] = field(default_factory=dict)
    clones: Mapping[str, float] = field(default_factory=dict)
    present: bool = True


@dataclass(frozen=True)
class Clone:
    """Tumour cells of one kind in one lesion.

    Attributes:
        cells: what the model calls them; defect: None of the cells without any.
        share: of the lesion's cells at time 0, as it is written; 0 where it follows from growth.
        side, contact: of a killer at one of them.
        circulates: whether they live in marrow and are found in blood, too.
    """

    cells: str
    defect: Defect | None
    share: float
    side: Side
    contact: Contact
    circulates: bool = False

    @property
    def home(self) -> str:
        """What the model calls those that divide and that killers of the lesion meet."""
        return f"marrow_{self.cells}" if self.circulates else self.cells

    @property
    def blood(self) -> str:
        """What it calls those in blood."""
        return f"blood_{self.cells}"

    @property
    def name(self) -> str:
        """Of its defect."""
        return self.defect.name if self.defect is not None else SUSCEPTIBLE


@dataclass(frozen=True)
class Site:
    """A lesion as it is written.

    Attributes:
        clones: of its cells, first those without a defect; alone: whether its cells are all of one kind, and the
            only lesion's, as in a mean field without clones.
    """

    lesion: Lesion
    clones: tuple[Clone, ...]
    alone: bool = False

    def here(self, name: str) -> str:
        """What the model calls something of this lesion."""
        return f"{name}_in_{self.lesion.name}" if self.lesion.name else name

    @property
    def cells(self) -> str:
        """What the model calls all its tumour cells."""
        return self.here(BURDEN)

    @property
    def circulates(self) -> bool:
        """Whether its cells live in marrow and are found in blood, too."""
        return any(clone.circulates for clone in self.clones)

    @property
    def in_marrow(self) -> bool:
        """Whether it is marrow, which T cells come to whatever the tumour; a place that may be seeded is not."""
        return self.circulates and self.lesion.present

    @property
    def met(self) -> str:
        """What the model calls all tumour cells that killers of the lesion meet."""
        return self.here(IN_MARROW) if self.circulates else self.cells

    def mean(self, values: Mapping[str, Any]) -> Any:
        """Over the tumour cells, of a formula by clone; those that lack one count as 0."""
        if self.alone:
            return next(iter(values.values()))
        total: Any = 0
        for clone in self.clones:
            if values.get(clone.cells, 0) == 0:
                continue
            sheet = clone.contact.effects.sheet
            share = called(share_of, clone.home, self.met, "nobody")
            title = f"share of the lesion's cells: {clone.name}"
            total += sheet.derived(f"{clone.cells}_share", share, "1", title) * values[clone.cells]
        return total


def mean_field(contact: Contact) -> Site:
    """The only lesion of a tumour whose cells are all alike."""
    side = side_of(contact.library, CANCER, contact.tumour)
    clone = Clone(BURDEN, None, 1.0, side, contact, _circulates(contact))
    return Site(Lesion(), (clone,), alone=True)


def _circulates(contact: Contact) -> bool:
    return contact.library.tumours[contact.tumour].circulation is not None


def site_of(contact: Contact, lesion: Lesion, drugs: Iterable[Drug]) -> Site:
    """A lesion with a clone for each defect that matters under some drugs.

    Raises:
        ValueError: the shares of its clones leave nothing.
    """
    library, tumour = contact.library, contact.tumour
    plain = side_of(library, CANCER, tumour)
    levels = {key: value * lesion.levels.get(key, 1.0) for key, value in plain.levels.items()}
    matter = defects_that_matter(library, tumour, drugs)
    stated = {name: _share(library, tumour, lesion, library.defects[name]) for name in matter}
    bare = Site(lesion, ())
    clones = []
    for name in ("", *matter):
        defect = library.defects[name] if name else None
        key = identifier(name or SUSCEPTIBLE)
        mark = bare.here(f"_{key}") if name else (f"_in_{lesion.name}" if lesion.name else "")
        side = Side(plain.cell.model_copy(update={"name": f"{CANCER}{mark}"}), levels)
        share = stated[name] if name else 1.0 - sum(stated.values())
        clones.append(
            Clone(
                bare.here(f"{CANCER}_{key}"),
                defect,
                share,
                side if defect is None else _with(side, defect),
                replace(contact, mark=mark),
                _circulates(contact),
            )
        )
    return Site(lesion, tuple(clones))


def defects_that_matter(library: Library, tumour: str, drugs: Iterable[Drug]) -> tuple[str, ...]:
    """Defects that change what killers of this patient see of a tumour cell, or how it dies; by name.

    One that only deafens to a signal does not: no signal acts on cells of the mean field.
    """
    levels = side_of(library, CANCER, tumour).levels
    seen = {RECOGNISED, *PROTEINS, *library.tumours[tumour].antigens}
    kinds = ("checkpoint", "activating")
    seen |= {pair.ligand for pair in library.interactions.values() if pair.kind in kinds}
    for drug in drugs:
        for effect in drug.effects:
            match effect:
                case Opsonizes():
                    seen.add(effect.opsonizes)
                case Bridges():
                    seen.add(effect.bridges)
                case Adds(antigen=str(antigen)):
                    seen.add(antigen)
    there = {molecule for molecule in seen if levels.get(molecule, 0.0) > 0.0}
    return tuple(
        name
        for name, defect in sorted(library.defects.items())
        if defect.hides or there & {*defect.removes, *defect.changes}
    )


def _share(library: Library, tumour: str, lesion: Lesion, defect: Defect) -> float:
    written = library.tumours[tumour].clones.get(defect.name, defect.share)
    return lesion.clones.get(defect.name, written.value)


def _with(side: Side, defect: Defect) -> Side:
    """A side whose cell has a defect for long: what it no longer makes is gone."""
    levels = {key: 0.0 if key in defect.removes else value for key, value in side.levels.items()}
    for molecule, factor in defect.changes.items():
        levels[molecule] = levels.get(molecule, 0.0) * factor.value
    return replace(side, levels=levels, hidden=defect.hides)


def reverts(defect: Defect) -> bool:
    """Whether daughters of cells with it may lose it."""
    return defect.reverts is not None and defect.reverts.value > 0.0


def write_mutation(site: Site, division: Any) -> dict[str, tuple[Any, Any]]:
    """Flows of cells that get or lose a defect.

    Args:
        division: of a tumour cell of this lesion [1/min].
    Returns:
        by clone: of its daughters the share that is of another clone [-], and cells that come to it from others
        [cells/min].
    """
    first, *mutants = site.clones
    sheet = first.contact.effects.sheet
    leaving: dict[str, Any] = {clone.cells: 0 for clone in site.clones}
    coming: dict[str, Any] = dict(leaving)
    for clone in mutants:
        defect = clone.defect
        assert defect is not None  # of a mutant
        key = identifier(defect.name)
        rate = sheet.constant(f"rate_{key}", defect.rate.value, "1", f"daughters that get {defect.name}")
        factor = 1 if reverts(defect) else clone.contact.effects.mutation(defect.name)
        ways = [(first, clone, rate, factor)]
        if reverts(defect):
            assert defect.reverts is not None
            back = sheet.constant(
                f"reverts_{key}", defect.reverts.value, "1", f"daughters that lose {defect.name}"
            )
            ways.append((clone, first, back, 1))
        for source, target, probability, fold in ways:
            made = called(mutants_made, probability, fold, division, symbol(source.home))
            name = f"{target.cells}_from_{source.cells}"
            flow = sheet.flow(name, source.home, target.home, made, "daughters with another defect")
            leaving[source.cells] += probability * fold
            coming[target.cells] += flow
    return {name: (leaving[name], coming[name]) for name in leaving}
