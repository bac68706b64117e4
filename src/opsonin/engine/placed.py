"""What a tissue holds that nobody saw, in plain sentences: which, how many, by which number and from where.

Only told here: what places it is in `tissue/`. What a run found before time 0 is told by the report.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.engine import burn_in
from opsonin.engine.compile import Plan
from opsonin.model import tables as column
from opsonin.model.knowledge import CellType, Lytic
from opsonin.model.scenario import BURN_IN
from opsonin.model.sourced import Sourced
from opsonin.model.specificity import STEM_LIKE, recognising_among_marked
from opsonin.tissue.endothelium import LINING
from opsonin.tissue.placement import drawn_marks, drawn_reactive
from opsonin.tissue.tissue import FIXED, MEDIUM
from opsonin.tissue.trafficking import with_stem_like

_HELD_BY_DATA = (
    "; the hindrance by pressure, acid and lack of oxygen and glucose counts as part of it, "
    "and killing and necrosis as part of the loss of "
    "cells, as they were where these times were measured."
)


def placed(plan: Plan) -> list[str]:
    """What was drawn or assumed of the tissue: beside what the biopsy shows, or all of it where there is none."""
    return [
        *plan.notes,
        _supply(plan),
        _radii(plan),
        *_cycle(plan),
        _before(plan),
        *_effectors(plan),
        *_molecules(plan),
        *_niches(plan),
        *_patient(plan),
        *(f"Set by the scenario: {path} = {value}." for path, value in plan.scenario.knowledge.items()),
    ]


def numbers_of(plan: Plan) -> dict[str, float]:
    """Those of the sentences that differ between the fields of one patient."""
    scale = {
        plan.library.cells[name].role == "tumour": float(factor)
        for name, factor in zip(plan.species.cells, plan.scales, strict=True)
    }
    _, reactive = _drawn(plan)
    return {
        "vessels_seen": plan.seen_vessels,
        "vessels_placed": plan.vessels.n - plan.seen_vessels,
        "thickness_um": plan.box[2],
        "radius_of_tumour_cells": scale[True],
        "radius_of_others": scale[False],
        "reactive_cells": int(np.count_nonzero(reactive)),
    }


def burn_in_of(plan: Plan) -> dict[str, float]:
    """How long the tissue lives on before time 0 [d]; as asked for, and without being asked."""
    generate = plan.scenario.tissue.generate
    free = generate is not None and generate.free_standing
    return {
        "days": burn_in.steps(plan) * minutes(plan.coupling) / MINUTES_PER_DAY,
        "asked_days": 0.0 if free else plan.scenario.burn_in / MINUTES_PER_DAY,
        "default_days": 0.0 if free else BURN_IN / MINUTES_PER_DAY,
    }


def _imaged(plan: Plan) -> bool:
    return plan.scenario.tissue.generate is None


def _count(plan: Plan, name: str) -> int:
    return int(np.count_nonzero(plan.imaged.kind == plan.species.cells.index(name)))


def _origin(number: Sourced) -> str:
    return number.source or "assumed"


def _supply(plan: Plan) -> str:
    """What feeds the tissue."""
    if plan.vessel_density is None:
        return "Medium: no vessels, no arrivals; the medium feeds the cells and takes up what they secrete."
    per_mm2, source = plan.vessel_density.value * 1e6, _origin(plan.vessel_density)
    added = plan.vessels.n - plan.seen_vessels
    if not plan.seen_vessels:
        return f"Vessels: {added} placed far from each other, {per_mm2:.0f} per mm2 ({source}), at least one."
    more = f", {added} more placed far from them and each other" if added else ""
    return (
        f"Vessels: {plan.seen_vessels} where the biopsy shows endothelium (cells within {LINING:g} um line one)"
        f"{more}; {per_mm2:.0f} per mm2 are published ({source})."
    )


def _radii(plan: Plan) -> str:
    if plan.boundary == MEDIUM:
        return "Radii: as in the knowledge base."
    factors: dict[str, list[str]] = {}
    for name, factor in zip(plan.species.cells, plan.scales, strict=True):
        if _count(plan, name):
            factors.setdefault(f"{factor:.3f}", []).append(name)
    told = ", ".join(f"those of {', '.join(names)} by {factor}" for factor, names in factors.items())
    if len(factors) == 1:
        return f"Radii: all scaled by {next(iter(factors))}, so that the tissue is packed without gaps at its start."
    fill = (
        "so that either fill what lies nearest to them in the biopsy, without gaps at the start (those that are no "
        "tumour cells with the matrix around them)"
        if _imaged(plan)
        else "so that the parts that they were drawn in are packed without gaps at the start"
    )
    return f"Radii: {told}, {fill}."


def _cycle(plan: Plan) -> Iterator[str]:
    """Where tumour cells are in their cycle."""
    rate = plan.tables.types[:, column.EXIT_RATE]
    dividing = [(k, name) for k, name in enumerate(plan.species.cells) if rate[k] and _count(plan, name)]
    for kind, name in dividing:
        committed = float(plan.tables.types[kind, column.COMMITTED_TIME])
        share = min(float(np.expm1(plan.growth_scale * committed)), 1.0)
        yield (
            f"Cycle: {_count(plan, name):,} {name} cells drawn from the steady state of growth with the tumour's "
            f"potential doubling time, about {share * _count(plan, name):,.0f} of them in S to M"
            + ("." if plan.boundary == MEDIUM else _HELD_BY_DATA)
        )


def _before(plan: Plan) -> str:
    """What was before time 0."""
    if plan.boundary == MEDIUM:
        return (
            "Time 0 is when the cells meet: cells in medium have no untreated steady state, so there is no burn-in; "
            "tumour cells divide at their potential doubling time where oxygen and pressure let them, and are lost to "
            "killing and to lack of oxygen only."
        )
    dead = (
        "that died in the hours before the biopsy are" if _imaged(plan) else "that die in its last hours are"
    )
    return (
        "Before time 0 the tissue lives on untreated until its rates are known. Tumour cells are kept at their number "
        "by spontaneous loss, unless lack of oxygen or killing takes more than division gives; immune cells by who "
        f"comes and goes; others are not kept. Cells {dead} there from then on."
    )


def _drawn(plan: Plan) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Marks (molecules, cells) and tumour-reactive cells (cells,), as they are at the start."""
    marks = drawn_marks(plan.imaged, plan.arrivals, plan.key)
    with_marks = plan.imaged.marked(marks)
    matched = drawn_reactive(with_marks, plan.arrivals, plan.key)
    share = plan.traits.stem[plan.imaged.kind]
    return marks, with_stem_like(matched, share, plan.imaged.id, plan.key)


def _effectors(plan: Plan) -> Iterator[str]:
    """Who of those that kill recognises the tumour, and how tired they are."""
    marks, reactive = _drawn(plan)
    for source in plan.arrivals:
        cell = plan.library.cells[plan.species.cells[source.kind]]
        if cell.lytic is None:
            continue
        own = plan.imaged.kind == source.kind
        if not own.any():
            yield f"{cell.title}: none{'' if plan.boundary == MEDIUM else ', and none arrive'}."
            continue
        stained = plan.imaged.marks[source.marker, own] != 0
        carry, seen = marks[source.marker, own] > 0, plan.imaged.marks[source.marker, own] > 0
        counts = {
            "all": int(own.sum()),
            "carry": int(carry.sum()),
            "seen": int(seen.sum()),
            "unstained": int((~stained).sum()),
            "reactive": int(np.count_nonzero(reactive[own])),
            "stem": int(np.count_nonzero(reactive[own] == STEM_LIKE)),
        }
        yield _effector(plan, cell, cell.lytic, counts)


def _effector(plan: Plan, cell: CellType, lytic: Lytic, counts: dict[str, int]) -> str:
    carry, unstained = counts["carry"], counts["unstained"]
    positive, reactive = (
        f"{100 * share:.0f} %" for share in (lytic.pd1_positive.value, recognising_among_marked(lytic))
    )
    drawn = (
        f" ({counts['seen']:,} seen, the others drawn: {positive} of the {unstained:,} where "
        f"PD-1 was not stained, {_origin(lytic.pd1_positive)})"
        if unstained
        else " (all stained)"
    )
    if not _imaged(plan):
        drawn = f" (drawn, {positive}, {_origin(lytic.pd1_positive)})"
    kept = "imaged" if _imaged(plan) else "drawn"
    return (
        f"{cell.title}: {carry:,} of {counts['all']:,} carry PD-1{drawn}; {reactive} of those "
        f"that carry PD-1 drawn as tumour-reactive ({_origin(lytic.reactive_fraction)}), {counts['reactive']:,} here, "
        f"{counts['stem']:,} of them stem-like ({_origin(lytic.stem_fraction)}), the others are bystanders. Exhaustion "
        f"{lytic.exhaustion_initial.value:g} at the start in the {carry - counts['stem']:,} that carry PD-1 and are "
        f"not stem-like ({_origin(lytic.exhaustion_initial)}), 0 in the others"
        + ("." if plan.boundary == MEDIUM else f"; newcomers keep the {kept} density, marks and exhaustion.")
    )


def _molecules(plan: Plan) -> Iterator[str]:
    """Which molecules nobody saw on which cells, and what these have of them."""
    why = "Neither label nor stain tells, of" if _imaged(plan) else "Placed on"
    unseen = _unseen(plan)
    for who, levels in unseen.items():
        yield f"{why} {who}: {', '.join(f'{name} ({level})' for name, level in levels.items())}."
    if unseen:
        yield f"They have the resting level of their type, varied between cells: {_variation(plan, unseen)}."
    seen = (plan.imaged.marks > 0) & ~np.isfinite(plan.imaged.measured)
    if seen.any():
        told = ", ".join(
            f"{name} on {np.count_nonzero(seen[m]):,} cells"
            for m, name in enumerate(plan.species.molecules)
            if seen[m].any()
        )
        yield f"Seen, but not how much of it: {told}; they have the resting level of their type, varied likewise."


def _unseen(plan: Plan) -> dict[str, dict[str, str]]:
    """Cells, as counted -> molecule that nobody saw on them -> its resting level there."""
    markers = {source.kind: source.marker for source in plan.arrivals if source.marker >= 0}
    unseen = (plan.imaged.marks == 0) & ~np.isfinite(plan.imaged.measured)
    found: dict[str, dict[str, str]] = {}
    for kind, cell in enumerate(plan.species.cells):
        own = plan.imaged.kind == kind
        rest = plan.library.cells[cell].expresses | plan.tumour.expresses.get(cell, {})
        for m, name in enumerate(plan.species.molecules):
            count = int(np.count_nonzero(unseen[m] & own))
            drawn = markers.get(kind) == m  # of effectors: told there
            if not plan.tables.resting[kind, m] or not count or drawn:
                continue
            who = f"all {count:,}" if count == _count(plan, cell) else f"{count:,} of {_count(plan, cell):,}"
            found.setdefault(f"{who} {cell}", {})[name] = f"{rest[name].text}, {_origin(rest[name])}"
    return found


def _variation(plan: Plan, unseen: dict[str, dict[str, str]]) -> str:
    """Coefficient of variation of each of these molecules, those with the same one together."""
    alike: dict[str, list[str]] = {}
    for name in sorted({name for levels in unseen.values() for name in levels}):
        variation = plan.library.molecules[name].variation
        alike.setdefault(f"{variation.value:g} ({_origin(variation)})", []).append(name)
    told = "; ".join(f"{value} of {', '.join(names)}" for value, names in alike.items())
    return f"coefficient of variation {told}"


def _patient(plan: Plan) -> Iterator[str]:
    """What is around the tissue, and what of its treatment the patient does not get."""
    asked = plan.scenario.patient
    if asked is None:
        return
    burden = plan.library.immunity["adult"].tumour.burden
    seen = (
        "is followed, and seen as before treatment" if asked.frozen else "hears of the tissue and acts on it"
    )
    yield (
        f"Patient: an adult at rest with this tissue at time 0 {seen}, every {minutes(plan.interval) / 60.0:g} h. The "
        f"tissue stands for a tumour of {burden.text} ({_origin(burden)})."
    )
    alone = sorted(
        {
            given.drug.title
            for course in plan.courses
            for given in course.regimen.drugs
            if given.held or given.infusions or given.drug.kinetics is None
        }
    )
    if alone:
        yield f"Given to the tissue and not to the patient around it: {', '.join(alone)}."


def _niches(plan: Plan) -> Iterator[str]:
    """What holds immune cells where they are."""
    tumour = any(
        plan.library.cells[name].role == "tumour" and _count(plan, name) for name in plan.species.cells
    )
    held = [
        (cell.title, cell.trafficking.retention_reach.value)
        for name in plan.species.cells
        if (cell := plan.library.cells[name]).trafficking is not None
        and cell.trafficking.retention.value > 0.0
        and _count(plan, name)
    ]
    if not held or not tumour or plan.boundary == MEDIUM:
        return
    who, reach = ", each ".join(title for title, _ in held), held[0][1]
    evidence = "(matrix around nests, doi:10.1172/JCI45817; CD103 on E-cadherin in them, doi:10.3389/fimmu.2018.01904)"
    if plan.boundary == FIXED:
        yield (
            f"Niches: each {who} stays near tumour cells (within {reach:g} um) or away from them, as it was drawn; "
            f"assumed, from solid tumours {evidence}."
        )
        return
    where = "imaged" if _imaged(plan) else "drawn"
    yield (
        f"Niches: each {who} keeps to the tumour nests (a tumour cell within {reach:g} um) or to the stroma, where it "
        f"was {where}; newcomers are divided alike {evidence}."
    )
