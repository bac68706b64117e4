"""All kernels of a run compiled before it begins: half of them by a second process, where there is a second core.

    python -m opsonin.engine.warming FOLDER

compiles the turns of a step and what cells do with what they sense, for the run in that folder. Meanwhile the run
itself compiles how cells push and divide and what diffuses, waits, and finds the rest in the cache. A second process
that fails or is ended leaves its half to the run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opsonin.core import kernel_cache
from opsonin.core.garbage import uncollected
from opsonin.core.schedule import minutes
from opsonin.engine.compile import Plan
from opsonin.engine.processes import environment
from opsonin.engine.provenance import rebuilt
from opsonin.engine.recording import Recorder
from opsonin.engine.start import placed
from opsonin.store.result import Result
from opsonin.tissue import (
    costimulation,
    expression,
    fate,
    ledger,
    relaxation,
    trafficking,
    transport,
    turns,
)

_PATIENCE = 120.0  # s; whoever is that much later than this half will not be worth the wait


def compile_halves(plan: Plan, folder: Path) -> None:
    """Leave most kernels of the run in `folder` compiled and in the cache; some only its first steps need."""
    if kernel_cache.cores() < 2:
        return
    with _second_process(folder) as second:
        tissue = placed(plan)
        relaxation.relax(tissue)
        transport.settle(tissue, 1)
        fate.step(tissue, 0, minutes(plan.coupling))
        fate.turnover(tissue)
        with suppress(subprocess.TimeoutExpired):
            second.wait(_PATIENCE)


@contextmanager
def _second_process(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    second = subprocess.Popen(
        [sys.executable, "-m", "opsonin.engine.warming", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,  # Ctrl-C is for the run, which ends this process
    )
    try:
        yield second
    finally:
        second.kill()
        second.wait()


def main(folder: Path) -> None:
    """Compile the second half."""
    with uncollected():
        kernel_cache.prepare()
        plan = rebuilt(folder, Result.open(folder).provenance, None)
        tissue = placed(plan)
        next(transport.exchanges(tissue))
        transport.sense(tissue)
        turns.step(tissue, range(1), minutes(plan.motion))
        costimulation.step(tissue, 0, minutes(plan.coupling))
        Recorder(plan, plan.courses[0], "").follow(tissue)
        ledger.step(tissue, 0, minutes(plan.look))
        trafficking.step(tissue, 0, minutes(plan.coupling))
        expression.settle(tissue)
        expression.step(tissue, 0, 60.0)  # min; molecules are mixed at every full hour


if __name__ == "__main__":
    main(Path(sys.argv[1]))
