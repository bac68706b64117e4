"""Scenario to Plan: names become integers, texts become numbers, a biopsy becomes cells in a box."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, InputError
from opsonin.core.random import draws_of, id_of, key_of
from opsonin.core.schedule import ticks
from opsonin.engine import tabulate
from opsonin.engine.architecture import as_asked
from opsonin.engine.plausibility import (
    few_that_come,
    require_plausible_biology,
    require_plausible_tissue,
    require_plausible_vessels,
)
from opsonin.engine.regimens import Course, course_of
from opsonin.io.biopsies import Biopsy, became_told
from opsonin.io.packing import NO_TUMOUR, doubts_of
from opsonin.io.scenario import Scenario
from opsonin.io.unfit import doubts_in
from opsonin.knowledge.followed import MARKER, followed, left_out
from opsonin.knowledge.library import Library
from opsonin.knowledge.used import added
from opsonin.laws.cycle import growth_rate, potential_growth_rate
from opsonin.model import tables as column
from opsonin.model.knowledge import Tumour
from opsonin.model.panels import LabelMap, Marking
from opsonin.model.scenario import Dose
from opsonin.model.sourced import Sourced
from opsonin.model.specificity import recognising_among_marked
from opsonin.patient.extra import extra
from opsonin.state.tables import Tables
from opsonin.state.vessels import Vessels
from opsonin.tissue.endothelium import seen_vessels, vessels_with
from opsonin.tissue.generate import Drawn, draw, vessels_on
from opsonin.tissue.packing import scales_of
from opsonin.tissue.placement import Imaged
from opsonin.tissue.tissue import FIXED, MEDIUM, WINDOW, Arrivals, Species, Traits, Transport

Box = tuple[float, float, float]
UNNAMED = "unnamed"


# The longest between two looks of the ledger: most contacts that kill last longer, and each look costs as much.
_LOOK = ticks(60.0)
# The longest between two times at which tissue and patient hear of each other, where it is not said: blood counts and
# clones change over days.
_INTERVAL = ticks(360.0)


@dataclass(frozen=True)
class Plan:
    """A scenario resolved to integers and arrays: what the engine runs.

    Attributes:
        box: (Lx, Ly, Lz) [um] at time 0; boundary: WINDOW, FIXED or MEDIUM.
        scales: factor on the radius of each cell type for packing 1.
        vessels: at time 0, the first `seen_vessels` of which the biopsy shows.
        vessel_density: published one [1/um2] with its origin, None where there are none.
        duration, coupling, motion, burn_in, every: ticks; observe: ticks between rows of the observables; look: between
            looks of the ledger; interval: between two times at which tissue and patient hear of each other, 0 without.
        growth_scale, growth: of the tumour without and with its loss of cells [1/min].
        labels: what each label of the biopsy became; input_digest: of the cells as read.
        notes: in plain sentences: how thick the tissue is and why, what was measured per cell, what is doubtful.
    """

    scenario: Scenario
    library: Library
    tumour: Tumour
    species: Species
    tables: Tables
    traits: Traits
    transports: tuple[Transport, ...]
    arrivals: tuple[Arrivals, ...]
    courses: tuple[Course, ...]
    imaged: Imaged
    box: Box
    boundary: str
    scales: npt.NDArray[np.float64]
    vessels: Vessels
    seen_vessels: int
    vessel_density: Sourced | None
    key: npt.NDArray[np.uint32]
    duration: int
    coupling: int
    motion: int
    burn_in: int
    every: int
    observe: int
    look: int
    interval: int
    growth_scale: float
    growth: float
    labels: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]
    input_digest: str

    @property
    def expansion(self) -> float:
        """Rate at which the untreated tissue takes more room [1/min]: the tumour's growth, nothing in a fixed box."""
        return self.growth if self.boundary == WINDOW else 0.0

    @property
    def vessels_per_area(self) -> float:
        """Density at which vessels are kept [1/um2]: the published one, or what the biopsy shows if that is more."""
        if self.vessel_density is None:
            return 0.0
        return max(self.vessel_density.value, self.seen_vessels / (self.box[0] * self.box[1]))

    @property
    def dimension(self) -> int:
        return self.tables.dimension


def compile_scenario(
    scenario: Scenario,
    imaged: Imaged | None = None,
    box: Box | None = None,
    labels: tuple[dict[str, Any], ...] = (),
    notes: tuple[str, ...] = (),
) -> Plan:
    """Resolve a scenario.

    Args:
        imaged, box, labels, notes: the cells of an earlier run of it, to rebuild that run without its biopsy.
    Raises:
        InputError: the biopsy cannot be used, or a number of the knowledge base is out of its limits.
        HostError: a patient is asked for, and the extra is missing.
    """
    if scenario.patient is not None:
        for module in ("sympy", "libsbml", "roadrunner"):
            extra(module, "[patient]")
    library = scenario.library()
    tumour = library.tumours[scenario.tissue.tumour]
    require_plausible_biology(library, tumour)
    species = tabulate.species_of(library)
    generate = scenario.tissue.generate
    dimension = 2 if generate is None else generate.dimension
    key = np.array(
        key_of(scenario.scenario.seed, patient_of(scenario), scenario.scenario.replicate), np.uint32
    )
    drawn = None
    if generate is not None:
        drawn = draw(generate, scenario.thickness().um, library, tumour, species, key)
    if imaged is None or box is None:
        if drawn is not None:
            imaged, box, labels, notes = _drawn(scenario, drawn, library, species)
        else:
            imaged, box, labels, notes = _read(scenario, species)
    imaged = imaged.ordered()  # sums over cells must not know the order of a table's rows
    scales = drawn.scales if drawn is not None else _scales(imaged, library, species, box)
    vessel_density = tumour.vessel_density if drawn is None else drawn.vessel_density
    require_plausible_tissue(box, scales, scenario.numerics.spacing, dimension)
    seen = _seen_vessels(imaged, library, species) if drawn is None else np.empty((0, 2))
    if vessel_density is not None:
        organ = generate is not None and vessel_density is not tumour.vessel_density
        owner = f"geometry.{generate.kind}" if generate is not None and organ else f"tumour.{tumour.name}"
        require_plausible_vessels(box, vessel_density.value, f"{owner}.vessel_density")
    vessels = _vessels(drawn, seen, key, box, vessel_density)
    tables = tabulate.tables_of(library, tumour, scales, dimension)
    boundary = WINDOW if drawn is None else drawn.boundary
    if boundary == MEDIUM:
        tables.types[:, column.TISSUE_EXIT] = 0.0  # no lymph leads away from a well
    numerics = scenario.numerics
    duration = ticks(scenario.scenario.duration)
    every = min(ticks(scenario.output.every), duration)
    observe = _observation_interval(every, ticks(numerics.coupling_step))
    courses = tuple(course_of(arm, library, scenario) for arm in scenario.arm)
    return Plan(
        scenario=scenario,
        library=library,
        tumour=tumour,
        species=species,
        tables=tables,
        traits=tabulate.traits_of(library),
        transports=tabulate.transports_of(library, _permeability(scenario, library)),
        arrivals=_arrivals(library, tumour, species),
        courses=courses,
        imaged=imaged,
        box=box,
        boundary=boundary,
        scales=scales,
        vessels=vessels,
        seen_vessels=len(seen),
        vessel_density=vessel_density,
        key=key,
        duration=duration,
        coupling=ticks(numerics.coupling_step),
        motion=ticks(numerics.motion_step),
        burn_in=ticks(scenario.burn_in),
        every=every,
        observe=observe,
        look=_whole_part(every, ticks(numerics.coupling_step), _LOOK),
        interval=_interval(scenario, observe),
        growth_scale=potential_growth_rate(tumour.potential_doubling_time.value),
        growth=growth_rate(tumour.doubling_time.value),
        labels=labels,
        notes=(
            *notes,
            *(
                told
                for told in (
                    *_doubts(imaged, library, species, boundary),
                    *_omitted(scenario, library),
                    *_unfit(scenario, library, imaged, species),
                    *few_that_come(courses, species.cells, tables, box),
                )
                if not any(note.startswith(told) for note in notes)
            ),
        ),
        input_digest=digest_of(imaged, box),
    )


def patient_of(scenario: Scenario) -> str:
    """The patient's name in the random key: stated, or selected from the biopsy, or none; and that of the field.

    So each of several fields has its own chance events, whatever other fields are run beside it.
    """
    stated = scenario.scenario.patient or scenario.tissue.select.get("patient")
    name, field = str(stated) if stated is not None else UNNAMED, scenario.tissue.field_name
    return f"{name}\x1f{field}" if field else name


def _permeability(scenario: Scenario, library: Library) -> float:
    """Of the vessels of the organ that the tissue is drawn in, over those of tumours."""
    drawn = scenario.tissue.generate
    own = library.geometries[drawn.kind].permeability if drawn is not None else None
    return own.value if own is not None else 1.0


def digest_of(imaged: Imaged, box: Box) -> str:
    """Digest of the cells as read, in the order of their ids."""
    ordered = imaged.ordered()
    parts = (ordered.id, ordered.kind, ordered.x, ordered.y, ordered.z, ordered.marks, ordered.measured)
    return f"{id_of(box, *(part.tobytes().hex() for part in parts)):016x}"


def _observation_interval(every: int, coupling: int) -> int:
    """Four rows per stored time at least, on the coupling grid."""
    for parts in (4, 3, 2):
        if every % (parts * coupling) == 0:
            return every // parts
    return every


def _whole_part(every: int, coupling: int, most: int) -> int:
    """The longest whole part of `every` that is made of coupling steps and at most `most`."""
    steps = every // coupling
    return coupling * max(
        part for part in range(1, steps + 1) if steps % part == 0 and part * coupling <= most
    )


def _interval(scenario: Scenario, observe: int) -> int:
    """As asked, or a whole part of what lies between rows of the observables, so that these are up to date."""
    if scenario.patient is None:
        return 0
    if scenario.patient.interval is not None:
        return ticks(scenario.patient.interval)
    return _whole_part(observe, ticks(scenario.numerics.coupling_step), _INTERVAL)


def _doubts(imaged: Imaged, library: Library, species: Species, boundary: str) -> Iterator[str]:
    """What a tissue lacks that its user may have forgotten."""
    tumour = [library.cells[name].role == "tumour" for name in species.cells]
    if boundary != FIXED and not np.any(np.array(tumour)[imaged.kind]):
        yield f"Doubtful: {NO_TUMOUR}"


def _omitted(scenario: Scenario, library: Library) -> Iterator[str]:
    """What the drugs of this run are known to do and the model does not carry: without it, a result misleads."""
    for name in sorted({dose.drug for dose in _doses(scenario)}):
        if told := list(left_out(library.drugs[name], library)):
            each = " and ".join([", ".join(told[:-1]), told[-1]] if told[1:] else told)
            yield f"Doubtful: the model leaves out that {name} {each}."


def _doses(scenario: Scenario) -> list[Dose]:
    return [dose for arm in scenario.arm for dose in arm.dose]


def _unfit(scenario: Scenario, library: Library, imaged: Imaged, species: Species) -> Iterator[str]:
    present = {species.cells[kind] for kind in np.unique(imaged.kind)} | added(_doses(scenario), library)
    return (f"Doubtful: {told}" for told in doubts_in(scenario, library, present))


def _scales(imaged: Imaged, library: Library, species: Species, box: Box) -> npt.NDArray[np.float64]:
    """Factor on the radius of each type, (types,), of the cells of a biopsy."""
    return scales_of(
        imaged,
        np.array([library.cells[name].diameter.value for name in species.cells]),
        np.array([library.cells[name].role == "tumour" for name in species.cells]),
        box,
        biopsy=True,
        dimension=2,
    )


def _seen_vessels(imaged: Imaged, library: Library, species: Species) -> npt.NDArray[np.float64]:
    """(vessels, 2) where a biopsy shows them [um]."""
    return seen_vessels(imaged, np.array([library.cells[name].role == "vessel" for name in species.cells]))


def _vessels(
    drawn: Drawn | None,
    seen: npt.NDArray[np.float64],
    key: npt.NDArray[np.uint32],
    box: Box,
    density: Sourced | None,
) -> Vessels:
    """Vessels at time 0: those of the biopsy, filled up at random; where the ground lets them be in what was drawn."""
    if density is None:
        return Vessels.none()
    if drawn is None:
        return vessels_with(seen, key, box, density.value)
    return vessels_on(drawn.ground, key, box, density.value)


def _drawn(
    scenario: Scenario, drawn: Drawn, library: Library, species: Species
) -> tuple[Imaged, Box, tuple[dict[str, Any], ...], tuple[str, ...]]:
    counts = np.bincount(drawn.imaged.kind, minlength=len(species.cells))
    labels = tuple(
        {"label": name, "cells": int(count), "became": name}
        for name, count in zip(species.cells, counts, strict=True)
        if count
    )
    asked = as_asked(drawn, library, species)
    return drawn.imaged, drawn.box, labels, (scenario.thickness().note, *drawn.told, *asked)


def _read(
    scenario: Scenario, species: Species
) -> tuple[Imaged, Box, tuple[dict[str, Any], ...], tuple[str, ...]]:
    label_map, biopsy = scenario.label_map(), scenario.read_biopsy()
    if label_map is None or biopsy is None:
        raise InputError(
            Fault("tissue", "names neither a biopsy with its labels nor 'generate'", "Give one.")
        )
    thickness = scenario.thickness()
    imaged, box, labels = _imaged(biopsy, label_map, species, thickness.um)
    return imaged, box, labels, (thickness.note, *_told(biopsy, label_map, scenario.library()))


def _told(biopsy: Biopsy, label_map: LabelMap, library: Library) -> list[str]:
    """What was measured per cell and by which scale, and what is doubtful in the biopsy."""
    known = followed(library)
    sentences = []
    for molecule, levels in biopsy.measured.items():
        if molecule not in known:
            continue
        scale = label_map.intensities[molecule]
        sentences.append(
            f"{molecule}: measured in {np.count_nonzero(np.isfinite(levels)):,} cells from {', '.join(scale.columns)}; "
            f"{scale.background:g} counts as none, {scale.reference:g} as the resting level "
            f"({scale.source or f'assumed: {scale.assumed}'})."
        )
    marked = {name for marks in (*biopsy.positive, *biopsy.negative) for name in marks}
    if unread := sorted((marked | set(biopsy.measured)) - set(known)):
        sentences.append(
            f"{', '.join(unread)}: labels or stains tell of it, but no law reads it; it changes nothing here."
        )
    return sentences + [f"Doubtful: {doubt.problem} {doubt.fix}" for doubt in doubts_of(biopsy, library)]


def _imaged(
    biopsy: Biopsy, label_map: LabelMap, species: Species, thickness: float
) -> tuple[Imaged, Box, tuple[dict[str, Any], ...]]:
    x, y = np.asarray(biopsy.x_um), np.asarray(biopsy.y_um)
    n = len(x)
    box = (*biopsy.field_um, thickness)
    kinds = np.array([species.cells.index(label_map.labels[name].cell) for name in biopsy.label], np.int16)
    marks = np.zeros((len(species.molecules), n), np.int8)
    for row, name in enumerate(biopsy.label):
        marking = label_map.labels[name]
        for sign, molecules in ((1, marking.positive), (-1, marking.negative)):
            for molecule in set(molecules) & set(species.molecules):
                marks[species.molecules.index(molecule), row] = sign
    measured = np.full(marks.shape, np.nan)
    for molecule, levels in biopsy.measured.items():
        if molecule not in species.molecules:
            continue
        measured[species.molecules.index(molecule)] = levels
    ids = np.array([id_of("imaged", a, b, c) for a, b, c in zip(x, y, biopsy.label, strict=True)], np.uint64)
    imaged = Imaged(
        x=x - x.min() + 0.5 * (box[0] - np.ptp(x)),
        y=y - y.min() + 0.5 * (box[1] - np.ptp(y)),
        z=np.full(n, 0.5 * thickness),
        id=ids,
        kind=kinds,
        marks=marks,
        measured=measured,
    )
    labels = tuple(
        {"label": name, "cells": int(count), "became": _became(label_map.labels[name])}
        for name, count in sorted(biopsy.counts.items())
    )
    return imaged, box, labels


def _became(marking: Marking) -> str:
    return became_told(marking.cell, marking.positive, marking.negative)


def _arrivals(library: Library, tumour: Tumour, species: Species) -> tuple[Arrivals, ...]:
    """Every type that comes by the vessels and leaves again."""
    sources = []
    draws = draws_of(species.cells)
    for index, name in enumerate(species.cells):
        cell = library.cells[name]
        if cell.trafficking is None:
            continue
        recruitment = (cell.trafficking.recruitment_fold.value, cell.trafficking.recruitment_half.value)
        lowered = tabulate.lowered(library, tumour, species, cell.trafficking)
        source = Arrivals(index, int(draws[index]), recruitment, lowered=lowered)
        marker = species.molecules.index(MARKER)
        if (sees := cell.lytic or cell.helping) is not None:
            positive = sees.pd1_positive.value
            source = replace(
                source, marker=marker, marker_positive=positive, reactive=recognising_among_marked(sees)
            )
        elif cell.chimeric is not None:
            share, home = cell.chimeric.pd1_positive.value, species.cells.index(cell.chimeric.homes_as)
            source = replace(source, marker=marker, marker_positive=share, homes_as=home)
        sources.append(source)
    return tuple(sources)
