"""Replicates of untreated fields on all cores. What was computed is kept in out/proof: a killed proof goes on."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

import opsonin

Row = dict[str, Any]
KEPT = Path("out/proof/replicates.jsonl")


def replicates(field: dict[str, Any], seeds: range, days: int, *, retained: bool = True) -> list[Row]:
    """One row of `untreated.untreated` for each seed of a field, with what was imaged.

    Args:
        field: arguments of `untreated.field_plan` but the seed.
    """
    asked = {"field": field, "days": days, "retained": retained, "code": _code()}
    rows = _kept(asked)
    missing = [seed for seed in seeds if seed not in rows]
    if missing:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
            waiting = {pool.submit(_replicate, field, seed, days, retained): seed for seed in missing}
            for done in as_completed(waiting):
                rows[waiting[done]] = done.result()
                with KEPT.open("a") as file:
                    file.write(json.dumps({**asked, "seed": waiting[done], "row": done.result()}) + "\n")
    return [rows[seed] for seed in seeds]


def _kept(asked: dict[str, Any]) -> dict[int, Row]:
    if not KEPT.exists():
        return {}
    lines = [json.loads(line) for line in KEPT.read_text().splitlines() if line.endswith("}")]
    return {line["seed"]: line["row"] for line in lines if all(line[k] == v for k, v in asked.items())}


def _code() -> str:
    """Digest of everything that a replicate depends on: rows of other code are not used."""
    sources = Path(opsonin.__file__).parent
    words = hashlib.sha256()
    for path in sorted([*sources.rglob("*.py"), *sources.rglob("*.toml")]):
        if not {"report", "cli"} & set(path.relative_to(sources).parts):
            words.update(path.read_bytes())
    return words.hexdigest()


def _replicate(field: dict[str, Any], seed: int, days: int, retained: bool) -> Row:
    import numba

    from opsonin.core import kernel_cache
    from untreated import field_plan, imaged_contact, imaged_density, untreated

    kernel_cache.prepare(1)
    numba.set_num_threads(1)
    plan = field_plan(**field, seed=seed)
    row = untreated(plan, days, retained=retained)
    row["steadiness"] = asdict(row["steadiness"])
    row["imaged"] = {"contact": imaged_contact(plan), "density": imaged_density(plan)}
    row["published_growth"] = plan.growth * 1440.0
    return json.loads(json.dumps(row, default=float))
