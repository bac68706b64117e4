"""Time of one mechanics step, ours and the peer's, interleaved: python benchmarks/mechanics.py [--repeats 7]

Every contestant is a process of its own that waits while another is timed; figures are medians with min-max
over repeats. The peer, pyphysicell 0.1.4 (extra `peers`), works out the same law: its kernels are called
directly, without the Python of its simulation loop, which favours it. It has no periodic box: cells near the
edge differ. The ball is in random order in memory, as cells are after births and deaths.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing as mp
import os
import statistics
import time
from multiprocessing.connection import Connection

import numpy as np

RADIUS, REPULSION, ADHESION = 8.4, 10.0, 0.4  # um, um/min, um/min
DT, LIMIT = 0.1, 1e3  # min, um
# ms per step: tuned numba in f64 on a 2-core machine (twice is allowed), and the aim for a biopsy field
BARS = {
    ("ball", 1): ("tuned numba", 21.9),
    ("ball", 2): ("tuned numba", 11.0),
    ("section", 1): ("target", 0.10),
}
STEPS = {"ball": 3, "section": 200}  # per timing


def ball(n=100_000):
    """Cells filling a ball at packing 1, in random order; box with room around it."""
    rng = np.random.default_rng(1)
    outer = RADIUS * n ** (1.0 / 3.0)
    towards = rng.normal(size=(3, n))
    towards *= outer * rng.random(n) ** (1.0 / 3.0) / np.linalg.norm(towards, axis=0)
    side = 2.0 * outer + 120.0
    return towards + 0.5 * side, np.full(n, RADIUS), (side, side, side), 3


def section(n=2_200):
    """A biopsy-like slab at packing 1: two thirds large cells, one third small."""
    rng = np.random.default_rng(2)
    radius = np.where(np.arange(n) % 3 == 0, 5.0, RADIUS)
    side = float(np.sqrt(np.pi * (radius**2).sum()))
    position = rng.random((3, n)) * np.array([[side], [side], [0.0]])
    return position, radius, (side, side, 20.0), 2


CASES = {"ball": ball, "section": section}


class Ours:
    """opsonin's kernel, on a given number of threads."""

    def __init__(self, threads):
        from opsonin.core import kernel_cache

        kernel_cache.prepare(threads)
        import numba

        from opsonin.kernels import mechanics

        numba.set_num_threads(threads)
        self.kernel = mechanics

    def load(self, position, radius, box, dimension):
        n = len(radius)
        none, full = np.zeros(n), np.ones(n)
        identity = np.arange(n, dtype=np.uint64)
        self.bodies = self.kernel.Bodies(
            *position, radius, REPULSION * full, ADHESION * full, none, none, none, none, identity
        )
        self.moved = self.kernel.Moved(*np.empty((4, n)))
        self.rest = (n, box, dimension)

    def run(self, steps, dt=DT):
        n, box, dimension = self.rest
        status, _, _ = self.kernel.advance(self.bodies, n, box, dimension, dt, steps, LIMIT, self.moved)
        assert status == self.kernel.OK

    def velocities(self):
        """Velocity of every cell [um/min], from one short step."""
        self.run(1, 1e-3)
        return np.stack([(self.moved[a] - self.bodies[a]) / 1e-3 for a in range(3)])

    def relaxed(self, steps):
        self.run(steps)
        return np.stack(self.moved[:3])


class Peer:
    """pyphysicell's kernels: cell list, forces, Adams-Bashforth positions."""

    def __init__(self, threads):
        os.environ["PHYSICELL_THREADS"] = str(threads)
        from pyphysicell import _kernels

        self.kernel = _kernels

    def load(self, position, radius, box, dimension):
        n = len(radius)
        self.start = np.ascontiguousarray(position.T)
        voxel = max(30.0, 2.5 * radius.max())
        shape = [max(1, int(np.ceil(length / voxel))) for length in box]
        if dimension == 2:
            shape[2] = 1
        full = np.ones(n)
        self.law = (
            radius,
            1.25 * full,
            ADHESION * full,
            REPULSION * full,
            np.zeros(n, np.int64),
            np.ones((n, 1)),
        )
        self.movable, self.grid, self.flat = (
            np.ones(n, np.uint8),
            ((0.0, 0.0, 0.0), voxel, shape),
            dimension == 2,
        )
        self.velocity, self.before, self.pressure = np.zeros((n, 3)), np.zeros((n, 3)), np.zeros(n)
        self.head, self.next = np.empty(int(np.prod(shape)), np.int64), np.empty(n, np.int64)
        self.neighbours = np.zeros(n, np.int64)

    def run(self, steps):
        position = self.start.copy()
        self.before[:] = 0.0
        for _ in range(steps):
            self.kernel.build_cell_list(position, *self.grid, self.head, self.next)
            self.kernel.forces(
                position, *self.law, self.movable, *self.grid, self.head, self.next, self.flat,
                self.velocity, self.pressure, self.neighbours,
            )  # fmt: skip
            self.kernel.update_positions(position, self.velocity, self.before, self.movable, DT, self.flat)

    def velocities(self):
        self.run(1)
        return np.ascontiguousarray(self.velocity.T)


def serve(contestant, threads, pipe: Connection):
    """Do what is asked through the pipe until told to stop; send (result, milliseconds)."""
    one = (Ours if contestant == "ours" else Peer)(threads)
    while (order := pipe.recv())[0] != "stop":
        begin = time.perf_counter()
        result = getattr(one, order[0])(*order[1:])
        pipe.send((result, 1e3 * (time.perf_counter() - begin)))


def ask(pipe, *order):
    pipe.send(order)
    return pipe.recv()


def span(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def described(case, name, threads, times):
    """One line: the times of a contestant; for ours also the ratios to the bar and to the peer."""
    values = times[name, threads]
    line = f"  {name}, {threads} thread{'s' * (threads > 1)}: {span(values, 3)}"
    if name == "ours" and (case, threads) in BARS:
        label, bar = BARS[case, threads]
        line += f" = {span([value / bar for value in values], 2)} x {label} ({bar} ms)"
    if name == "ours" and ("peer", threads) in times:
        ratios = [peer / own for peer, own in zip(times["peer", threads], values, strict=True)]
        line += f"; the peer takes {span(ratios, 1)} times as long"
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    names = ["ours"]
    if importlib.util.find_spec("pyphysicell"):
        names.append("peer")
    else:
        print("pyphysicell is not installed: its column is skipped (pip install 'opsonin[peers]')\n")
    context = mp.get_context("spawn")
    pipes = {}
    for name in names:
        for threads in (1, 2):
            near, far = context.Pipe()
            context.Process(target=serve, args=(name, threads, far), daemon=True).start()
            pipes[name, threads] = near

    for case, make in CASES.items():
        position, radius, box, dimension = make()
        ask(pipes["ours", 1], "load", position, radius, box, dimension)
        position, _ = ask(pipes["ours", 1], "relaxed", 30)
        for pipe in pipes.values():
            ask(pipe, "load", position, radius, box, dimension)
            ask(pipe, "run", 1)
        times = {who: [] for who in pipes}
        for _ in range(repeats):
            for who, pipe in pipes.items():
                times[who].append(ask(pipe, "run", STEPS[case])[1] / STEPS[case])
        print(f"{case}: {len(radius)} cells, {dimension}D, f64, ms per step, median (min-max) of {repeats}")
        for name, threads in times:
            print(described(case, name, threads, times))
        if "peer" in names:
            ours, theirs = (ask(pipes[name, 1], "velocities")[0] for name in ("ours", "peer"))
            edge = np.array(box)[:dimension, None]
            inner = np.all((position[:dimension] > 25.0) & (position[:dimension] < edge - 25.0), axis=0)
            worst = np.abs(ours - theirs)[:, inner].max()
            print(f"  largest difference of a velocity, ours and the peer's: {worst:.1e} um/min")
    for pipe in pipes.values():
        pipe.send(("stop",))


if __name__ == "__main__":
    main()
