"""Memory at 1e6 cells, of mechanics alone and of a whole tissue: python benchmarks/memory.py [--cells 1000000]

Counts what the arrays hold and how far the process's peak memory rises above where it stood. A further part
of the state is a function of its own in PARTS.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys

import numpy as np

LIMIT = 1000.0  # bytes per cell


def peak():
    """Peak resident memory of this process so far [bytes]."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def mechanics(n):
    """Bodies filling a block at packing 1, and one step; returns the bytes of the caller's arrays."""
    from opsonin.kernels.mechanics import OK, Bodies, Moved, advance

    radius = 8.4
    side = radius * (4.0 / 3.0 * np.pi * n) ** (1.0 / 3.0)
    rng = np.random.default_rng(1)
    bodies = Bodies(
        *(rng.random(n) * side for _ in range(3)),
        np.full(n, radius), np.full(n, 10.0), np.full(n, 0.4),
        *(np.zeros(n) for _ in range(4)), np.arange(n, dtype=np.uint64),
    )  # fmt: skip
    moved = Moved(*(np.empty(n) for _ in range(4)))
    status, _, _ = advance(bodies, n, (side, side, side), 3, 0.1, 1, 1e3, moved)
    assert status == OK
    return sum(column.nbytes for column in (*bodies, *moved))


def tissue(n):
    """A generated block, made, relaxed and taken one whole coupling step; returns the bytes of its columns."""
    from opsonin.engine import loop
    from opsonin.engine.compile import compile_scenario
    from opsonin.engine.start import started
    from opsonin.io.scenario import Scenario

    side = (n / CELLS_PER_UM3) ** (1.0 / 3.0)
    plan = compile_scenario(
        Scenario.from_dict(
            {
                "scenario": {"name": "memory", "duration": "1 d"},
                "tissue": {
                    "tumour": "melanoma",
                    "generate": {"size": [f"{side} um"] * 3, "densities": DENSITIES},
                },
                "arm": [{"name": "control"}],
            }
        )
    )
    state = started(plan)
    loop.advance(plan, plan.courses[0], state, 0, lambda *_: None)
    print(f"tissue: {state.cells.n} cells, {state.fields.shape} voxels")
    return (
        state.cells.bytes_per_cell() * state.cells.capacity
        + state.fields.values.nbytes
        + state.fields.rates.nbytes
    )


# Per section of one cell's thickness; in a block that makes this many cells per volume.
DENSITIES = {"cancer": "3000 cells/mm2", "cd8": "100 cells/mm2", "other": "500 cells/mm2"}
CELLS_PER_UM3 = 3000e-6 / 16.9 + 100e-6 / 6.94 + 500e-6 / 10.0

PARTS = {"mechanics": mechanics, "tissue": tissue}


def measured(name, n):
    """Bytes per cell that a part holds, and by which it raises the peak of this fresh process."""
    from opsonin.core import kernel_cache

    kernel_cache.prepare()
    PARTS[name](1000)  # compiling takes memory of its own
    PARTS[name](10_000)
    before = peak()
    held = PARTS[name](n)
    return held / n, (peak() - before) / n


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1_000_000)
    n = parser.parse_args().cells
    worst = 0.0
    for name in PARTS:
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            held, rise = fresh.apply(measured, (name, n))
        worst = max(worst, rise)
        print(f"{name}: arrays {held:.0f} B per cell, peak rise {rise:.0f} B per cell ({n} cells)")
    print(f"limit {LIMIT:.0f} B per cell: {'kept' if worst < LIMIT else 'EXCEEDED'}")
    return 0 if worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
