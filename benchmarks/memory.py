"""Memory of one mechanics step at 1e6 cells, in bytes per cell: python benchmarks/memory.py [--cells 1000000]

Counts what the arrays hold and how far the process's peak memory rises above where it stood. A further part
of the state is a function of its own in PARTS.
"""

from __future__ import annotations

import argparse
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
        *(np.zeros(n) for _ in range(3)), np.arange(n, dtype=np.uint64),
    )  # fmt: skip
    moved = Moved(*(np.empty(n) for _ in range(4)))
    status, _, _ = advance(bodies, n, (side, side, side), 3, 0.1, 1, 1e3, moved)
    assert status == OK
    return sum(column.nbytes for column in (*bodies, *moved))


PARTS = {"mechanics": mechanics}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1_000_000)
    n = parser.parse_args().cells
    from opsonin.core import kernel_cache

    kernel_cache.prepare()
    for part in PARTS.values():
        part(1000)  # compiling takes memory of its own
        part(10_000)
    worst = 0.0
    for name, part in PARTS.items():
        before = peak()
        held = part(n) / n
        rise = (peak() - before) / n
        worst = max(worst, rise)
        print(f"{name}: arrays {held:.0f} B per cell, peak rise {rise:.0f} B per cell ({n} cells)")
    print(f"limit {LIMIT:.0f} B per cell: {'kept' if worst < LIMIT else 'EXCEEDED'}")
    return 0 if worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
