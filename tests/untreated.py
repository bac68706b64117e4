"""Untreated fields over weeks: growth, densities, contacts of one replicate. What is asked of them is in the tests."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from opsonin.core.schedule import ticks
from opsonin.engine import loop
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.start import started
from opsonin.io.scenario import Scenario
from opsonin.kernels.fate import ENTRY, NECROSIS, PARTS
from opsonin.model import tables as column
from opsonin.tissue import fate
from opsonin.tissue.tissue import Tissue
from tissues import live

REACH = 15.0  # um, between the centres of a CD8 T cell and the nearest cancer cell
DAY = 1440.0
# Rates are noted so often [coupling steps].
_NOTED = 10


@functools.cache
def shared() -> Path:
    import os

    return Path(os.environ.get("OPSONIN_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def field_plan(
    table: str, labels: str, tumour: str, select: dict[str, Any], seed: int, **changes: Any
) -> Plan:
    """The plan of one real field of `data/biopsies`, untreated."""
    data: dict[str, Any] = {
        "scenario": {"name": "untreated", "duration": "90 d", "seed": seed},
        "tissue": {
            "tumour": tumour,
            "biopsy": str(shared() / "data/biopsies" / table),
            "select": select,
            "labels": labels,
            "thickness": "20 um",
        },
        "arm": [{"name": "control"}],
        **changes,
    }
    return compile_scenario(Scenario.from_dict(data))


def contact_share(effectors: Any, targets: Any, box: Any, *, cut: bool = False) -> float:
    """Share of effectors (k, 2) [um] with a target within REACH; of those inside a `cut` field that its edges spare."""
    edges = np.asarray(box[:2])
    spared = (
        np.all((effectors > REACH) & (effectors < edges - REACH), axis=1)
        if cut
        else np.ones(len(effectors), bool)
    )
    if not spared.any() or len(targets) == 0:
        return float("nan")
    distance, _ = cKDTree(targets % edges, boxsize=edges).query(effectors[spared] % edges)
    return float(np.mean(distance < REACH))


def imaged_contact(plan: Plan) -> float:
    cells, names = plan.imaged, plan.species.cells
    places = np.stack([cells.x, cells.y], axis=1)
    cd8, cancer = (places[cells.kind == names.index(name)] for name in ("cd8", "cancer"))
    return contact_share(cd8, cancer, plan.box, cut=True)


def contact(tissue: Tissue) -> float:
    cells, n, names = tissue.cells.arrays, tissue.cells.n, tissue.species.cells
    alive, places = cells.phase[:n] <= 1, np.stack([cells.x[:n], cells.y[:n]], axis=1)
    cd8, cancer = (places[alive & (cells.kind[:n] == names.index(name))] for name in ("cd8", "cancer"))
    return contact_share(cd8, cancer, tissue.box)


def felt_oxygen(tissue: Tissue) -> float:
    return float(np.mean(tissue.cells.arrays.signal[tissue.tables.oxygen, : tissue.cells.n]))


def imaged_density(plan: Plan) -> dict[str, tuple[int, float]]:
    """Imaged cells of each type, and per um2."""
    counts = np.bincount(plan.imaged.kind, minlength=len(plan.species.cells))
    area = plan.box[0] * plan.box[1]
    return {name: (int(k), k / area) for name, k in zip(plan.species.cells, counts, strict=True) if k}


def untreated(plan: Plan, days: int, *, retained: bool = True) -> dict[str, Any]:
    """One replicate from time 0 on; what holds immune cells is switched off there unless `retained`.

    Returns:
        growth: log growth of the live cancer cells per day.
        expected_growth: its compensator, what the hazards of division and loss and the kills add up to. They differ
            by chance alone, with mean 0; this one has a fraction of the variance.
        densities: type -> [per um2] daily; contact: daily share; area: daily [um2]; kills.
        oxygen: mean that the cells feel, daily [mmHg].
    """
    tissue = started(plan)
    if not retained:
        tissue.tables.types[:, column.RETENTION] = 0.0
    cancer = tissue.species.cells.index("cancer")
    before, area = live(tissue, "cancer") * tissue.weight, tissue.area * tissue.weight
    hazards: list[float] = []
    densities: dict[str, list[float]] = {name: [] for name in imaged_density(plan)}
    contacts, areas, oxygen = [contact(tissue)], [area], [felt_oxygen(tissue)]
    killed = 0.0
    for step in range(days * ticks(DAY) // plan.coupling):
        already, at_risk = tissue.counters["kills"], live(tissue, "cancer") * tissue.weight
        loop.advance(plan, plan.courses[0], tissue, step * plan.coupling, lambda *_: None)
        killed += (tissue.counters["kills"] - already) / max(at_risk, 1.0)
        if step % _NOTED == 0:
            row = fate.turnover(tissue)[cancer].sum(axis=0)
            hazards.append(
                (row[ENTRY] - row[NECROSIS]) / max(row[PARTS], 1.0) - fate.spontaneous(tissue)[cancer]
            )
        if ((step + 1) * plan.coupling) % ticks(DAY) == 0:
            contacts.append(contact(tissue))
            oxygen.append(felt_oxygen(tissue))
            areas.append(tissue.area * tissue.weight)
            for name, values in densities.items():
                values.append(live(tissue, name) / tissue.area)
    after = live(tissue, "cancer") * tissue.weight
    return {
        "growth": math.log(max(after, 0.5) / before) / days,
        "expected_growth": float(np.mean(hazards)) * DAY - killed / days,
        "densities": densities,
        "contact": contacts,
        "area": areas,
        "oxygen": oxygen,
        "kills": tissue.counters["kills"],
        "steadiness": tissue.steadiness,
    }
