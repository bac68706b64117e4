"""Replicates of untreated fields on all cores. What was computed is kept in out/proof: a killed proof goes on.

Rows of earlier sources count for a field once one of them is computed again and comes out the same to the last bit:
sources that only became faster do not ask for hours of the same numbers.
"""

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
    asked = {"field": field, "days": days, "retained": retained}
    code = _code()
    by_code = _kept(asked)
    rows = by_code.setdefault(code, {})
    if not rows and any(by_code.values()):
        first = min(min(kept) for kept in by_code.values() if kept)
        _compute(asked, code, [first], rows)
    for kept in by_code.values():
        if any(seed in kept and _same(kept[seed], row) for seed, row in rows.items()):
            rows |= kept
    _compute(asked, code, [seed for seed in seeds if seed not in rows], rows)
    return [rows[seed] for seed in seeds]


def _same(one: Row, other: Row) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)  # nan is no equal of itself


def _compute(asked: dict[str, Any], code: str, seeds: list[int], rows: dict[int, Row]) -> None:
    """Add the rows of these seeds to `rows`, and keep each on disk as soon as it is there."""
    if not seeds:
        return
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        waiting = {pool.submit(_replicate, *asked.values(), seed): seed for seed in seeds}
        for done in as_completed(waiting):
            rows[waiting[done]] = done.result()
            with KEPT.open("a") as file:
                file.write(
                    json.dumps({**asked, "code": code, "seed": waiting[done], "row": done.result()}) + "\n"
                )


def _kept(asked: dict[str, Any]) -> dict[str, dict[int, Row]]:
    """Rows on disk of what is asked, by digest of the sources and seed."""
    by_code: dict[str, dict[int, Row]] = {}
    if KEPT.exists():
        lines = [json.loads(line) for line in KEPT.read_text().splitlines() if line.endswith("}")]
        for line in lines:
            if all(line[k] == v for k, v in asked.items()):
                by_code.setdefault(line["code"], {})[line["seed"]] = line["row"]
    return by_code


def _code() -> str:
    """Digest of everything that a replicate depends on."""
    sources = Path(opsonin.__file__).parent
    words = hashlib.sha256()
    for path in sorted([*sources.rglob("*.py"), *sources.rglob("*.toml")]):
        if not {"report", "cli"} & set(path.relative_to(sources).parts):
            words.update(path.read_bytes())
    return words.hexdigest()


def _replicate(field: dict[str, Any], days: int, retained: bool, seed: int) -> Row:
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
