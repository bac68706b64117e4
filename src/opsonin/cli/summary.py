"""What `opsonin check` tells about a valid scenario: what was read, what it became, what will be done.

As tables for --json, and as lines for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from opsonin.io.biopsies import Biopsy, became_told
from opsonin.io.packing import NO_TUMOUR, doubts_of
from opsonin.io.scenario import Scenario
from opsonin.io.unfit import doubts_in
from opsonin.io.wording import spelled
from opsonin.knowledge.composition import compose, of_role
from opsonin.knowledge.library import Library
from opsonin.model.amounts import MASSES, read_amount
from opsonin.model.scenario import Dose


def summary(scenario: Scenario, biopsies: Sequence[Biopsy]) -> dict[str, Any]:
    """The resolved scenario in short; times in minutes, lengths in um."""
    header, numerics = scenario.scenario, scenario.numerics
    thickness, library = scenario.thickness(), scenario.library()
    return {
        "ok": True,
        "name": header.name,
        "duration_min": header.duration,
        "seed": header.seed,
        "replicates": header.replicates,
        "replicate": header.replicate,
        "tumour": scenario.tissue.tumour,
        "tissue": _imaged(biopsies[0], library) if biopsies else _generated(scenario),
        "fields": [_imaged(biopsy, library) for biopsy in biopsies] if len(biopsies) > 1 else [],
        "depth_um": thickness.um,
        "depth_given": thickness.given,
        "depth_note": thickness.note,
        "arms": [
            {"name": arm.name, "doses": [_dose(dose, header.duration) for dose in arm.dose]}
            for arm in scenario.arm
        ],
        "steps": {
            "coupling_min": numerics.coupling_step,
            "motion_min": numerics.motion_step,
            "output_min": min(scenario.output.every, header.duration),
            "output_asked_min": scenario.output.every,
            "spacing_um": numerics.spacing,
        },
        "patient": _patient(scenario),
        "overrides": dict(scenario.knowledge),
        "doubts": list(doubts_in(scenario, library, _present(scenario, biopsies))),
    }


def _present(scenario: Scenario, biopsies: Sequence[Biopsy]) -> set[str]:
    """Types of cells in the tissue."""
    if biopsies:
        return {cell for biopsy in biopsies for cell in biopsy.cell_of_label}
    return {cell for cell, count in _generated(scenario)["cells"].items() if count}


def lines(told: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    yield f"ok  {told['name']}"
    yield f"  tumour  {told['tumour']}, {spelled(told['duration_min'])}, seed {told['seed']}, {_courses(told)}"
    for tissue in told["fields"] or [told["tissue"]]:
        yield from _tissue_lines(tissue, told["depth_um"])
    if not told["depth_given"]:
        yield f"  depth   {told['depth_note']}"
    for arm in told["arms"]:
        doses = "; ".join(_dose_text(dose) for dose in arm["doses"]) or "no treatment"
        yield f"  arm     {arm['name']}: {doses}"
    for doubt in told["doubts"]:
        yield f"  doubt   {doubt}"
    steps = told["steps"]
    yield (
        f"  steps   coupling {spelled(steps['coupling_min'])}, motion {spelled(steps['motion_min'])}, "
        f"stored every {spelled(steps['output_min'])}, grid near {steps['spacing_um']:g} um (a multiple of 16 voxels)"
    )
    if steps["output_asked_min"] > steps["output_min"]:
        asked = spelled(steps["output_asked_min"])
        yield f"  note    output.every ({asked}) is longer than the run: only time 0 and the end are stored"
    if told["patient"] is not None:
        yield f"  patient {told['patient']}"
    for path, value in told["overrides"].items():
        yield f"  set     {path} = {value}"


def _patient(scenario: Scenario) -> str | None:
    """What is around the tissue, in words; None where it is by itself."""
    asked = scenario.patient
    if asked is None:
        return None
    often = "6 h at most" if asked.interval is None else spelled(asked.interval)
    heard = "followed, and seen by the tissue as before treatment" if asked.frozen else "coupled"
    return f"{heard}, every {often}"


def _courses(told: dict[str, Any]) -> str:
    """How often the question is put, in words: `replicate` is easily written where `replicates` is meant."""
    first, count = told["replicate"], told["replicates"]
    if count > 1:
        return f"{count} replicates" + (f", numbered from {first}" if first else "")
    return f"1 replicate, number {first} (replicates = {first} would run as many)" if first else "1 replicate"


def _tissue_lines(tissue: dict[str, Any], depth: float) -> Iterator[str]:
    size = " x ".join(f"{length:.0f}" for length in tissue["size_um"])
    if "file" in tissue:
        chosen = "".join(f", {column} {value}" for column, value in tissue["select"].items())
        yield f"  biopsy  {tissue['file']}{chosen}"
        yield f"          {tissue['cells']:,} cells in {size} um, {depth:g} um thick"
        width = max(len(row["label"]) for row in tissue["labels"])
        for row in tissue["labels"]:
            yield f"          {row['label']:<{width}}  {row['cells']:>7,}  {row['became']}"
        for label, count in tissue["ignored"].items():
            yield f"          {label:<{width}}  {count:>7,}  (ignored)"
        for doubt in tissue["doubts"]:
            yield f"  doubt   {doubt}"
    else:
        yield f"  drawn   {tissue['geometry']}, {size} um, {depth:g} um thick"
        width = max(len(cell) for cell in tissue["cells"])
        for cell, count in tissue["cells"].items():
            yield f"          {cell:<{width}}  {count:>7,}"
        for sentence in tissue["defaults"]:
            yield f"          {sentence}"
        for doubt in tissue["doubts"]:
            yield f"  doubt   {doubt}"


def _imaged(biopsy: Biopsy, library: Library) -> dict[str, Any]:
    return {
        "file": biopsy.name,
        "sha256": biopsy.sha256,
        "select": dict(biopsy.selected),
        "cells": len(biopsy),
        "size_um": list(biopsy.field_um),
        "labels": [
            {"label": label, "cells": biopsy.counts[label], "became": became_told(cell, positive, negative)}
            for label, cell, positive, negative in zip(
                biopsy.labels, biopsy.cell_of_label, biopsy.positive, biopsy.negative, strict=True
            )
        ],
        "ignored": biopsy.ignored,
        "measured": {
            molecule: int(np.isfinite(levels).sum()) for molecule, levels in biopsy.measured.items()
        },
        "doubts": [f"{doubt.problem} {doubt.fix}" for doubt in doubts_of(biopsy, library)],
    }


def _generated(scenario: Scenario) -> dict[str, Any]:
    generated = scenario.tissue.generate
    assert generated is not None  # a scenario has a biopsy or a generated tissue
    library = scenario.library()
    made = compose(generated, library.tumours[scenario.tissue.tumour], library)
    return {
        "geometry": generated.kind,
        "size_um": list(generated.edges),
        "cells": made.counts,
        "defaults": list(made.defaults),
        "doubts": [] if any(made.counts.get(name) for name in of_role(library, "tumour")) else [NO_TUMOUR],
    }


def _dose(dose: Dose, duration: float) -> dict[str, Any]:
    return {
        "drug": dose.drug,
        "amount": dose.amount,
        "lasting_min": dose.lasting,
        "times_min": list(dose.times(duration)),
        "every_min": dose.every,
    }


def _dose_text(dose: dict[str, Any]) -> str:
    times = dose["times_min"]
    every = f" every {spelled(dose['every_min'])}" if dose["every_min"] is not None and len(times) > 1 else ""
    count = f" ({len(times)} doses)" if len(times) > 1 else ""
    start = f"from day {times[0] / 1440.0:g}" if every else f"on day {times[0] / 1440.0:g}"
    word = "over" if read_amount(dose["amount"])[1] in MASSES else "for"
    held = f" {word} {spelled(dose['lasting_min'])}" if dose["lasting_min"] is not None else ""
    return f"{dose['drug']} {dose['amount']}{held}{every} {start}{count}"
