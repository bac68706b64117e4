"""What a result says of its own making, and how a run is rebuilt from that alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core import kernel_cache
from opsonin.core.errors import Fault, RunError
from opsonin.core.provenance import FORMAT_VERSION, digest, versions
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.engine import recording, trace
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.io.scenario import Scenario
from opsonin.knowledge.checker import numbers
from opsonin.observe.observables import resizings
from opsonin.store.result import Result
from opsonin.tissue.endothelium import LINING
from opsonin.tissue.placement import Imaged
from opsonin.tissue.tissue import MEDIUM

_HELD_BY_DATA = (
    "; the hindrance by oxygen and pressure counts as part of it, and killing and necrosis as part of the loss of "
    "cells, as they were where these times were measured."
)


def provenance_of(plan: Plan) -> dict[str, Any]:
    """Everything that decides the bits of a run, and what a reader needs to understand its tables."""
    library = plan.library
    sources = numbers(library)
    content: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "versions": versions(),
        "sources": kernel_cache.digest_of_sources(kernel_cache.DECIDES_BITS),
        "scenario": plan.scenario.resolved(),
        "seed": plan.scenario.scenario.seed,
        "knowledge_digest": library.digest(),
        "input_digest": plan.input_digest,
        "box": list(plan.box),
        "processes": list(trace.NAMES),
        "observables": {o.name: {"unit": o.unit, "title": o.title} for o in recording.observables(plan)},
        "cell_types": {
            name: {"title": library.cells[name].title, "colour": library.cells[name].colour}
            for name in plan.species.cells
        },
        "molecules": {name: library.molecules[name].title for name in plan.species.molecules},
        "substrates": {name: library.substrates[name].title for name in plan.species.substrates},
        "field_units": {item.name: item.unit for item in plan.transports},
        "arms": [
            {
                "name": course.name,
                "doses": [
                    {
                        "drug": drug.drug.title,
                        "amount_mg": dose.amount,
                        "day": dose.time / MINUTES_PER_DAY,
                    }
                    for drug in course.drugs
                    for dose in drug.doses
                ],
            }
            for course in plan.courses
        ],
        "labels": list(plan.labels),
        "notes": list(plan.notes),
        "placed": placed(plan),
        "numbers": len(sources),
        "assumed": [
            {"path": row.path, "value": row.text, "reason": row.assumed} for row in sources if row.assumed
        ],
    }
    content["run_hash"] = digest(content)
    return content


def placed(plan: Plan) -> list[str]:
    """In plain sentences: what the tissue holds that the biopsy does not show."""
    effectors = [name for name in plan.species.cells if plan.library.cells[name].lytic is not None]
    sentences = [
        *plan.notes,
        _supply(plan),
        _radii(plan),
        "Cycle: cells drawn from the steady state of growth with the tumour's potential doubling time"
        + ("." if plan.boundary == MEDIUM else _HELD_BY_DATA),
        _before(plan),
    ]
    for name in effectors:
        cell = plan.library.cells[name]
        if cell.lytic is not None:
            share = cell.lytic.reactive_fraction
            sentences.append(
                f"{cell.title}: {share.value:.0%} of those that carry PD-1 drawn as tumour-reactive "
                f"({share.source or 'assumed'}), the others are bystanders; where PD-1 was not stained, "
                f"{cell.lytic.pd1_positive.value:.0%} carry it"
                + (
                    "."
                    if plan.boundary == MEDIUM
                    else "; newcomers keep the imaged density, marks and exhaustion."
                )
            )
    sentences += _niches(plan)
    return sentences + [
        f"Set by the scenario: {path} = {value}." for path, value in plan.scenario.knowledge.items()
    ]


def _supply(plan: Plan) -> str:
    """What feeds the tissue."""
    if plan.vessel_density is None:
        return "Medium: no vessels, no arrivals; the medium feeds the cells and takes up what they secrete."
    per_mm2, source = plan.vessel_density.value * 1e6, plan.vessel_density.source or "assumed"
    placed = plan.vessels.n - plan.seen_vessels
    if not plan.seen_vessels:
        return f"Vessels: {placed} placed at random, {per_mm2:.0f} per mm2 ({source}), at least one."
    more = f", {placed} more placed at random" if placed else ""
    return (
        f"Vessels: {plan.seen_vessels} where the biopsy shows endothelium (cells within {LINING:g} um line one)"
        f"{more}; {per_mm2:.0f} per mm2 are published ({source})."
    )


def _before(plan: Plan) -> str:
    """What was before time 0."""
    if plan.boundary == MEDIUM:
        return (
            "Time 0 is when the cells meet: cells in medium have no untreated steady state, so there is no burn-in; "
            "tumour cells divide at their potential doubling time where oxygen and pressure let them, and are lost to "
            "killing and to lack of oxygen only."
        )
    return (
        "Before time 0 the tumour lives on untreated, its densities held, until its rates are known; cells that died "
        "in the hours before the biopsy are there from then on."
    )


def _radii(plan: Plan) -> str:
    if plan.boundary == MEDIUM:
        return "Radii: as in the knowledge base."
    found = {name: float(k) for name, k in zip(plan.species.cells, plan.scales, strict=True)}
    tumour = {k for name, k in found.items() if plan.library.cells[name].role == "tumour"}
    others = set(found.values()) - tumour
    factor = f"those of tumour cells by {max(tumour):.3f}" if tumour else ""
    if not others:
        return (
            f"Radii: all scaled by {max(tumour):.3f}, so that the field is packed without gaps at its start."
        )
    return (
        f"Radii: {factor}, those of the others (with the matrix around them) by {max(others):.3f}, so that either "
        "fill what lies nearest to them in the biopsy, without gaps at the start."
    )


def _niches(plan: Plan) -> list[str]:
    """What holds immune cells where the biopsy shows them."""
    held = [
        (cell.title, cell.trafficking.retention_reach.value)
        for name in plan.species.cells
        if (cell := plan.library.cells[name]).trafficking is not None
        and cell.trafficking.retention.value > 0.0
        and np.any(plan.imaged.kind == plan.species.cells.index(name))
    ]
    if not held or plan.boundary == MEDIUM:
        return []
    return [
        f"Niches: {', '.join(title for title, _ in held)} keep to the tumour nests (a tumour cell within "
        f"{held[0][1]:g} um) or to the stroma, where each was imaged; newcomers are divided alike (matrix around the "
        "nests, doi:10.1172/JCI45817; CD103 on E-cadherin within, doi:10.3389/fimmu.2018.01904)."
    ]


def with_seed(scenario: Scenario, seed: int) -> Scenario:
    """The same question asked with another seed."""
    return scenario.model_copy(update={"scenario": scenario.scenario.model_copy(update={"seed": seed})})


def rebuilt(folder: Path, provenance: dict[str, Any], seed: int | None) -> Plan:
    """The plan of a stored run, from its own scenario and cells; its biopsy file is not needed.

    With another `seed` a generated tissue is another one.
    """
    verify_untouched(provenance, str(folder))
    if seed is not None and "generate" in provenance["scenario"]["tissue"]:
        return compile_scenario(with_seed(Scenario.model_validate(provenance["scenario"]), seed))
    stored = Result.open(folder).input_cells()
    scenario = Scenario.model_validate(provenance["scenario"])
    molecules = [name.removeprefix("mark.") for name in stored if name.startswith("mark.")]
    unmeasured = np.full(len(stored["id"]), np.nan)
    imaged = Imaged(
        x=np.asarray(stored["x_um"]),
        y=np.asarray(stored["y_um"]),
        z=np.asarray(stored["z_um"]),
        id=np.asarray(stored["id"]),
        kind=np.asarray(stored["kind"]),
        marks=np.array([stored[f"mark.{name}"] for name in molecules]),
        measured=np.array([stored.get(f"measured.{name}", unmeasured) for name in molecules]),
    )
    lx, ly, lz = provenance["box"]
    plan = compile_scenario(
        scenario if seed is None else with_seed(scenario, seed),
        imaged,
        (lx, ly, lz),
        tuple(provenance["labels"]),
        tuple(provenance["notes"]),
    )
    if plan.input_digest != provenance["input_digest"]:
        raise RunError(
            Fault(f"{folder}/input", "holds other cells than the run began with.", "Run the scenario anew.")
        )
    if seed is None and plan.library.digest() != provenance["knowledge_digest"]:
        raise RunError(
            Fault(
                str(folder),
                "was made with other numbers in the knowledge base.",
                "Install the version that made it, or run its scenario anew into another folder.",
            )
        )
    return plan


def verify_untouched(provenance: dict[str, Any], where: str) -> None:
    """Raise RunError if a provenance lacks what a run needs, or is not as the run wrote it."""
    needed = {"scenario", "versions", "sources", "box", "labels", "notes", "knowledge_digest", "input_digest"}
    lacking = needed - set(provenance)
    if lacking:
        raise _useless(where, f"lacks {', '.join(sorted(lacking))}.")
    verify_unchanged(provenance, where)


def verify_unchanged(provenance: dict[str, Any], where: str) -> None:
    """Raise RunError if a provenance is not as the run wrote it."""
    content = {key: value for key, value in provenance.items() if key != "run_hash"}
    if digest(content) != provenance.get("run_hash"):
        raise _useless(where, "was changed after the run wrote it.")


def _useless(where: str, problem: str) -> RunError:
    fix = "Run the scenario anew into another folder."
    return RunError(Fault(f"{where}/provenance.json", problem, fix))


def verify_resumable(provenance: dict[str, Any], where: str) -> None:
    """Raise RunError if going on would change the bits: other versions, processor or sources."""
    now, then = versions(), provenance["versions"]
    changed = [f"{name} {then.get(name)} -> {now[name]}" for name in now if then.get(name) != now[name]]
    if provenance["sources"] != kernel_cache.digest_of_sources(kernel_cache.DECIDES_BITS):
        changed.append("opsonin's own sources")
    if changed:
        raise RunError(
            Fault(
                where,
                f"was begun with something else: {'; '.join(changed)[:400]}. Going on would change its bits.",
                f"Install what it was begun with, or run it anew: opsonin run {where} -o NEW_FOLDER",
            )
        )


def summary_of(plan: Plan, result: Result) -> dict[str, Any]:
    """The end of every arm in one table."""
    observed = result.observables
    arms, resized = {}, {}
    for course in plan.courses:
        last = observed.sel(arm=course.name).isel(time=-1)
        arms[course.name] = {name: plain(last[name].item()) for name in observed.data_vars}
        weights = observed["weight"].sel(arm=course.name).values
        resized[course.name] = [
            {"day": day, "window": what} for day, what in resizings(observed["time"].values, weights)
        ]
    return {
        "name": plan.scenario.scenario.name,
        "days": plan.scenario.scenario.duration / MINUTES_PER_DAY,
        "seed": plan.scenario.scenario.seed,
        "cells_at_start": len(plan.imaged.id),
        "labels": list(plan.labels),
        "arms": arms,
        "resized": resized,
    }


def plain(value: float) -> float | None:
    """A number as JSON has it: NaN is none."""
    return None if math.isnan(value) else value
