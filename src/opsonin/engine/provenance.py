"""What a result says of its own making, and how a run is rebuilt from that alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core import kernel_cache
from opsonin.core.errors import Fault, RunError
from opsonin.core.provenance import FORMAT_VERSION, digest, versions
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.engine import recording, trace
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.placed import burn_in_of, placed
from opsonin.io.scenario import Scenario
from opsonin.knowledge.checker import NumberRow
from opsonin.knowledge.used import Use, used
from opsonin.model.drugs import Drug
from opsonin.model.sourced import REFERENCES_APART
from opsonin.observe.observables import resizings
from opsonin.store import layout
from opsonin.store.result import Result
from opsonin.tissue.placement import Imaged

_OF_THE_PATIENT = ("libroadrunner", "python-libsbml", "sympy")


def provenance_of(plan: Plan) -> dict[str, Any]:
    """Everything that decides the bits of a run, and what a reader needs to understand its tables."""
    library = plan.library
    content: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "versions": _versions(coupled=plan.scenario.patient is not None),
        "sources": kernel_cache.digest_of_sources(kernel_cache.DECIDES_BITS),
        "scenario": plan.scenario.resolved(),
        "seed": plan.scenario.scenario.seed,
        "knowledge_digest": library.digest(),
        "input_digest": plan.input_digest,
        "box": list(plan.box),
        "processes": list(trace.NAMES),
        "observables": {o.name: {"unit": o.unit, "title": o.title} for o in recording.observables(plan)},
        "barriers": recording.barriers_told(plan),
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
                        _unit_of(drug.drug): dose.amount,
                        "day": dose.time / MINUTES_PER_DAY,
                        "lasting_min": dose.lasting,
                    }
                    for drug in course.regimen.drugs
                    for dose in drug.doses
                ],
                "held": [
                    {
                        "drug": drug.drug.title,
                        "concentration_nM": span.concentration,
                        "from_day": span.start / MINUTES_PER_DAY,
                        "to_day": span.end / MINUTES_PER_DAY,
                    }
                    for drug in course.regimen.drugs
                    for span in drug.held
                ],
                "cells": [
                    {
                        "drug": drug.drug.title,
                        "cells_per_mm2": infusion.density * 1e6,
                        "day": infusion.start / MINUTES_PER_DAY,
                    }
                    for drug in course.regimen.drugs
                    for infusion in drug.infusions
                ],
            }
            for course in plan.courses
        ],
        "labels": list(plan.labels),
        "notes": list(plan.notes),
        "placed": placed(plan),
        "burn_in": burn_in_of(plan),
        **origins_of([plan]),
    }
    content["run_hash"] = digest(content)
    return content


def _versions(*, coupled: bool) -> dict[str, str]:
    """Versions that decide bits: where a patient is around the tissue, of what writes and integrates its model too."""
    return versions() | ({name: _version(name) for name in _OF_THE_PATIENT} if coupled else {})


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _unit_of(drug: Drug) -> str:
    return "amount_Gy" if drug.radiates else "amount_doses" if drug.vaccinates else "amount_mg"


def origins_of(plans: Sequence[Plan]) -> dict[str, Any]:
    """Where the numbers are from that decide these runs: how many, which are assumed and why, and what is cited."""
    rows = {row.path: row for plan in plans for row in _numbers_of(plan)}
    cited = Counter(
        reference for row in rows.values() if row.source for reference in REFERENCES_APART.split(row.source)
    )
    return {
        "numbers": len(rows),
        "assumed": [
            {"path": row.path, "value": row.text, "reason": row.assumed}
            for row in rows.values()
            if row.assumed
        ],
        "cited": [
            {"source": source, "numbers": count}
            for source, count in sorted(cited.items(), key=lambda item: (-item[1], item[0]))
        ],
    }


def _numbers_of(plan: Plan) -> list[NumberRow]:
    """The numbers that a plan takes from the knowledge base."""
    use = Use(
        plan.scenario.tissue.tumour,
        {plan.species.cells[kind] for kind in np.unique(plan.imaged.kind)},
        plan.scenario.tissue.generate,
        [dose for arm in plan.scenario.arm for dose in arm.dose],
        coupled=plan.scenario.patient is not None and not plan.scenario.patient.frozen,
    )
    return used(plan.library, use)


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
        raise layout.useless(where, f"lacks {', '.join(sorted(lacking))}.")
    layout.verify_unchanged(provenance, where)


def verify_resumable(provenance: dict[str, Any], where: str) -> None:
    """Raise RunError if going on would change the bits: other versions, processor or sources."""
    then = provenance["versions"]
    now = _versions(coupled="patient" in provenance["scenario"])
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
        "cells_read": len(plan.imaged.id),
        "cells_at_start": cells_at_start(result),
        "labels": list(plan.labels),
        "arms": arms,
        "resized": resized,
    }


def cells_at_start(result: Result) -> int:
    """Live cells at time 0, which is the same in every arm; a few more or fewer than were read."""
    first = result.observables.isel(arm=0, time=0)
    return int(sum(first[name].item() for name in first.data_vars if str(name).endswith("_count")))


def plain(value: float) -> float | None:
    """A number as JSON has it: NaN is none."""
    return None if math.isnan(value) else value
