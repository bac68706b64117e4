"""Small segments and results for the tests of the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core.provenance import FORMAT_VERSION
from opsonin.store import Segment, Writer

HOUR = 3600
PROVENANCE: dict[str, Any] = {
    "format": FORMAT_VERSION,
    "opsonin": "0.1.0",
    "seed": 7,
    "scenario": {"arm": [{"name": "control"}, {"name": "anti-PD-1 + x"}]},
    "processes": ["transport", "contacts", "fate"],
    "observables": {"cancer": {"unit": "cells", "title": "Cancer cells"}},
}
INPUT = {"x": np.array([1.0, 2.0]), "cell_type": np.array(["tumor", "CD8"], dtype=object)}

Change = Callable[[str, int, Segment], Segment]


def segment(index: int, cells: int = 5, shift: float = 0.0) -> Segment:
    """Segment `index` of an hourly stored run: two observed times and three processes each."""
    if index == 0:
        ticks = np.array([0], dtype=np.int64)
    else:
        ticks = np.array([index * HOUR - HOUR // 2, index * HOUR], dtype=np.int64)
    base = np.arange(cells, dtype=np.float64)
    return Segment(
        tick=index * HOUR,
        cells={
            "id": np.arange(cells, dtype=np.uint64) + np.uint64(2**63),
            "x": base + index + shift,
            "type": np.arange(cells, dtype=np.uint8) % 2,
            "alive": base > 1,
        },
        fields={
            "oxygen": 40.0 - index + np.arange(12, dtype=np.float64).reshape(1, 3, 4),
            "ifng": np.zeros((1, 3, 4), dtype=np.float32),
        },
        box=(40.0, 30.0, 20.0),
        field_units={"oxygen": "mmHg", "ifng": "nM"},
        trace={
            "tick": np.repeat(ticks, 3),
            "process": np.tile(np.arange(3, dtype=np.int16), len(ticks)),
            "hash": np.arange(3 * len(ticks), dtype=np.uint64) + np.uint64(2**63 + 100 * index),
        },
        observables={"tick": ticks, "cancer": ticks / HOUR + shift, "killed": np.zeros(len(ticks))},
        checkpoint={"slots": np.arange(cells)[::-1], "file": np.array(3.5), "flags": base > 2},
    )


def unchanged(arm: str, index: int, stored: Segment) -> Segment:
    return stored


def changed(name: str, **parts: dict[str, Any]) -> Change:
    """Replace columns of segment 2 of arm `name`: `changed("control", cells={"x": ...})`."""

    def change(arm: str, index: int, stored: Segment) -> Segment:
        if (arm, index) != (name, 2):
            return stored
        return replace(
            stored, **{part: {**getattr(stored, part), **columns} for part, columns in parts.items()}
        )

    return change


def write(
    out: Path,
    change: Change = unchanged,
    *,
    arms: tuple[str, ...] = ("control", "anti-PD-1 + x"),
    count: int = 3,
    finish: bool = True,
    provenance: dict[str, Any] = PROVENANCE,
) -> Path:
    """A stored result of `count` segments per arm, of a scenario with these arms."""
    asked = {"scenario": {"arm": [{"name": arm} for arm in arms]}}
    with Writer.create(out, provenance | asked, INPUT) as writer:
        for arm in arms:
            for index in range(count):
                writer.commit(arm, index, change(arm, index, segment(index)))
        if finish:
            writer.finish({"cancer": 3})
    return out
