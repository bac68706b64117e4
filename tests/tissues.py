"""Small generated tissues for tests, run in memory: no store, no report."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.schedule import ticks
from opsonin.engine import loop
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.start import settled, started
from opsonin.engine.trace import Trace
from opsonin.io.scenario import Scenario
from opsonin.kernels.metabolism import exchange
from opsonin.knowledge.library import load_library
from opsonin.tissue.tissue import Tissue

NIVOLUMAB = {"name": "nivolumab", "dose": [{"drug": "nivolumab", "amount": "240 mg", "every": "14 d"}]}
CONTROL = {"name": "control"}
# Short: most tests ask how the parts work, not whether the tumour was steady.
BURN_IN = "1 h"
DENSITIES = {"cancer": "2500 cells/mm2", "cd8": "600 cells/mm2", "other": "600 cells/mm2"}


def exchanged_by_cells(tissue: Tissue, substrate: str) -> Any:
    """What every cell clears [um3/min] and releases [concentration um3/min] of a substrate now, (2, n)."""
    count, cells = len(tissue.substrates), tissue.cells
    amounts = np.empty((2, count, cells.n))
    exchange(cells.arrays, cells.n, tissue.tables, tissue.exposure.free, 0, *amounts)
    return amounts[:, tissue.species.substrates.index(substrate)]


def scenario(**changes: Any) -> Scenario:
    """A generated melanoma field of 200 um, of the cells that are named alone.

    Keys with '__' reach into tables, as in `scenario__seed=3`.
    """
    data: dict[str, Any] = {
        "scenario": {"name": "test", "duration": "1 d", "seed": 1},
        "tissue": {
            "tumour": "melanoma",
            "thickness": "20 um",
            "generate": {"size": ["200 um", "200 um"], "densities": dict(DENSITIES)},
        },
        "arm": [CONTROL],
        "numerics": {},
    }
    for path, value in changes.items():
        *tables, key = path.split("__")
        here = data
        for table in tables:
            here = here.setdefault(table, {})
        here[key] = value
    data.setdefault("numerics", {}).setdefault("burn_in", BURN_IN)
    data["tissue"] = _alone(data["tissue"])
    return Scenario.from_dict(data)


def _alone(tissue: dict[str, Any]) -> dict[str, Any]:
    """A melanoma whose densities are named has no other cells: tests ask what some types do to each other."""
    generate = tissue.get("generate", {})
    if tissue["tumour"] != "melanoma" or not generate.get("densities"):
        return tissue
    none = dict.fromkeys(load_library().tumours["melanoma"].densities, "0 cells/mm2")
    return tissue | {"generate": generate | {"densities": none | generate["densities"]}}


def plan(**changes: Any) -> Plan:
    return compile_scenario(scenario(**changes))


def grown(plan: Plan, minutes: float, arm: int = 0, trace: Trace | None = None) -> Tissue:
    """The tissue of one arm after a time, in memory."""
    tissue = started(plan)
    return carried_on(plan, tissue, 0, minutes, arm, trace)


def carried_on(
    plan: Plan, tissue: Tissue, tick: int, minutes: float, arm: int = 0, trace: Trace | None = None
) -> Tissue:
    """The same tissue, a time later."""
    record = trace.record if trace is not None else lambda *_: None
    for now in range(tick, tick + ticks(minutes), plan.coupling):
        loop.advance(plan, plan.courses[arm], tissue, now, record)
    return tissue


def live(tissue: Tissue, kind: str) -> int:
    """Number of live cells of a type."""
    n, arrays = tissue.cells.n, tissue.cells.arrays
    index = tissue.species.cells.index(kind)
    return int(np.count_nonzero((arrays.kind[:n] == index) & (arrays.phase[:n] <= 1)))


def exposed(plan: Plan) -> Tissue:
    """The tissue at rest, with what the drugs of the first arm do at time 0."""
    tissue, names = settled(plan), plan.species
    tissue.exposure = plan.courses[0].regimen.exposure(0.0, names.molecules, names.cells, names.defects)
    return tissue


def slots(tissue: Tissue, kind: str) -> Any:
    """Where the cells of a type are, dead or alive."""
    n = tissue.cells.n
    return np.flatnonzero(tissue.cells.arrays.kind[:n] == tissue.species.cells.index(kind))


def _single_threaded() -> None:
    from opsonin.core import kernel_cache

    kernel_cache.prepare(1)
    import numba

    numba.set_num_threads(1)


def over_seeds(job: Any, seeds: range) -> list[Any]:
    """`job(seed)` for every seed, on both cores; `job` is a module-level function."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=_single_threaded) as pool:
        return list(pool.map(job, seeds))


def interval(values: Any, confidence: float) -> tuple[float, float]:
    """Student's t interval of the mean."""
    from scipy import stats

    values = np.asarray(values, float)
    low, high = stats.t.interval(
        confidence, len(values) - 1, loc=values.mean(), scale=values.std(ddof=1) / np.sqrt(len(values))
    )
    return float(low), float(high)
