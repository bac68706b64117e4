"""Several runs as one: begun together, carried out on all cores, finished together.

Each is a run of its own with the bits that it has alone, whichever process takes it to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from opsonin.core import kernel_cache
from opsonin.core.errors import Interrupted, OpsoninError
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.engine import team
from opsonin.engine.fields import patient_summary
from opsonin.engine.progress import Hears, Named
from opsonin.engine.provenance import verify_resumable
from opsonin.engine.replicates import ensemble_summary
from opsonin.engine.team import Task
from opsonin.model.scenario import Scenario
from opsonin.store.ensemble import Ensemble
from opsonin.store.gathered import Gathered, called, finish, going_on
from opsonin.store.layout import verify_unchanged
from opsonin.store.patient import Patient
from opsonin.store.result import Result


def carry_out(
    whole: Gathered,
    hears: Hears,
    threads: int | None,
    go_on: Callable[[Path, Hears, int | None], Any],
    compile_for: Callable[[Path, Hears], None],
) -> Gathered:
    """Take every run from what is stored of it to its end, and finish the whole.

    Args:
        threads: of all runs together. Default: all cores.
        go_on: continues the run in a folder; compile_for: sees to it that the kernels of one are compiled.
    Raises:
        Interrupted: stopped; all that was reached is stored. RunError, HostError: what went wrong, in which runs.
    """
    with ExitStack() as locks:
        for part in _wholes(whole):
            verify_unchanged(part.provenance, str(part.path))
            locks.enter_context(going_on(part))
        left = {name: run for name, run in _runs(whole, "") if not run.complete}
        if left:
            verify_resumable(whole.provenance, str(whole.path))
        cores = threads or kernel_cache.cores()
        size = min(len(left), cores)
        if size > 1 and _work(left) > team.WORTH_A_PROCESS:
            compile_for(next(iter(left.values())).path, hears)
            tasks = {name: Task(run.path, Named(hears[0], name)) for name, run in left.items()}
            team.carry_out(tasks, hears, (size, cores // size), whole.path)
        else:
            _one_by_one(left, hears, whole.path, lambda path, heard: go_on(path, heard, threads))
        for part in reversed(list(_wholes(whole))):
            finish(part.path, _summary(_anew(part)))
    return _anew(whole)


def _one_by_one(
    runs: dict[str, Result], hears: Hears, out: Path, go_on: Callable[[Path, Hears], Any]
) -> None:
    listener, stop = hears
    for name, run in runs.items():
        with named(name, out):
            go_on(run.path, (Named(listener, name), stop))
        if stop.requested and name != list(runs)[-1]:
            raise team.interrupted(name, out)


def _wholes(whole: Gathered) -> Iterator[Gathered]:
    """Everything in a result that has parts, the outer ones first."""
    yield whole
    for part in whole.parts.values():
        if isinstance(part, Gathered):
            yield from _wholes(part)


def _runs(result: Result, name: str) -> Iterator[tuple[str, Result]]:
    """Every run in a result, with a name that tells it from the others."""
    if not isinstance(result, Gathered):
        yield name, result
        return
    for own, part in result.parts.items():
        words = called(result.kind, own)
        yield from _runs(part, f"{name}, {words}" if name else words)


def _work(runs: dict[str, Result]) -> float:
    """What is to be computed, in cells x days, roughly."""
    total = 0.0
    for run in runs.values():
        scenario = Scenario.model_validate(run.provenance["scenario"])
        days = (scenario.burn_in + len(scenario.arm) * scenario.scenario.duration) / MINUTES_PER_DAY
        total += days * len(run.input_cells()["id"])
    return total


def _summary(whole: Gathered) -> dict[str, Any]:
    if isinstance(whole, Patient):
        return patient_summary(whole)
    assert isinstance(whole, Ensemble)
    return ensemble_summary(whole)


def _anew(whole: Gathered) -> Gathered:
    """The same result as it is stored by now."""
    return type(whole)(whole.path, whole.provenance)


@contextmanager
def named(name: str, out: Path) -> Iterator[None]:
    """What goes wrong in a run says in which."""
    try:
        yield
    except Interrupted as error:
        raise team.interrupted(name, out, error.faults[0].where) from error
    except OpsoninError as error:
        faults = (replace(fault, where=f"{name}: {fault.where}") for fault in error.faults)
        raise type(error)(*faults) from error
