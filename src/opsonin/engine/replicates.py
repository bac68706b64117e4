"""Replicates of one question: what they say together of their making and of their end.

How they are begun and carried out is in `gathered.py`, what they come to together in `store/ensemble.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsonin.core.provenance import digest
from opsonin.engine.fields import SHARED, shared_summary
from opsonin.store.ensemble import REPLICATE, Ensemble
from opsonin.store.gathered import part_folder

# Beside what is shared: the same for every replicate of a biopsy, and of a generated tissue said of the first.
_OF_THE_FIRST = ("observables", "labels", "burn_in", "notes", "placed")


def ensemble_provenance(parts: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What an ensemble says of its making; `parts` are the provenances of its replicates, `more` further entries."""
    first = parts[0]
    header = {**first["scenario"]["scenario"], "replicates": len(parts)}
    content: dict[str, Any] = {name: first[name] for name in SHARED}
    content["scenario"] = {**first["scenario"], "scenario": header}
    content |= {name: first[name] for name in _OF_THE_FIRST if name in first}
    content["replicates"] = [
        {
            "name": str(index + 1),
            "folder": part_folder(REPLICATE, index),
            "run_hash": part["run_hash"],
            "replicate": part["scenario"]["scenario"]["replicate"],
        }
        for index, part in enumerate(parts)
    ]
    content.update(more)
    return content | {"run_hash": digest(content)}


def ensemble_summary(ensemble: Ensemble) -> dict[str, Any]:
    """The mean end of every arm, its 90 % interval and spread; counts of cells are those of the first replicate."""
    first = next(iter(ensemble.by_replicate.values())).summary or {}
    counts: dict[str, Any] = {
        name: first[name] for name in ("cells_read", "cells_at_start", "fields") if name in first
    }
    return {**shared_summary(ensemble), **counts, "replicates": len(ensemble.by_replicate)}
