"""The arms of one tissue: begun from the same time 0, taken to their ends side by side or one after the other.

Each goes on from what is stored of it, so which process does that changes no bit.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsonin.core import kernel_cache
from opsonin.core.errors import Interrupted
from opsonin.core.garbage import seldom_collected, uncollected
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.engine import checkpoint, team, warming
from opsonin.engine.compile import Plan
from opsonin.engine.lived import Lived, freeze
from opsonin.engine.loop import advance
from opsonin.engine.progress import Hears, Listener
from opsonin.engine.provenance import rebuilt, summary_of
from opsonin.engine.recording import Recorder
from opsonin.engine.regimens import Course
from opsonin.engine.signals import StopRequest
from opsonin.engine.start import Start, resumed, started
from opsonin.engine.team import Task
from opsonin.engine.trace import Trace
from opsonin.store.result import Result
from opsonin.store.writer import Writer
from opsonin.tissue.tissue import Tissue

if TYPE_CHECKING:
    from opsonin.engine.systemic import Systemic

_REPORT_SECONDS = 0.25
# A burn-in is kept so often, for a run that is killed: at most this much is lived through twice.
_KEEP_SECONDS = 60.0
# Below this, starting a second thread costs more than it saves.
_CELLS_PER_THREAD = 10_000


@seldom_collected()
def complete(plan: Plan, writer: Writer, hears: Hears, threads: int | None) -> Result:
    """Take every arm to its end from what the writer has stored, and finish the result.

    Args:
        threads: of kernels and of arms side by side, together; results do not depend on it. Default: all cores.
    """
    start, path = Start(plan, _time_0(plan, writer)), writer.path
    if not kernel_cache.is_warm():
        compile_kernels(plan, path, hears[0])
    left = [course for course in plan.courses if _reached(plan, course, writer) < plan.duration]
    cores = threads or kernel_cache.cores()
    size = min(len(left), cores)
    if size > 1 and _saved(plan, left, writer) > team.WORTH_A_PROCESS:
        for course in left:
            _begin(plan, course, start, writer, hears)
        tasks = {f"arm '{course.name}'": Task(path, hears[0], course.name) for course in left}
        team.carry_out(tasks, hears, (size, cores // size), path)
    else:
        use_threads(threads, len(plan.imaged.id))
        for course in plan.courses:
            _begin(plan, course, start, writer, hears)
            run_arm(plan, course, writer, hears)
    writer.finish(summary_of(plan, Result.open(path)))
    return Result.open(path)


@seldom_collected()
def go_on_with_arm(path: Path, arm: str, hears: Hears, threads: int | None) -> None:
    """Take one begun arm of the run in `path` to its end, for a process that holds the run and does the rest."""
    writer = Writer.within(path)
    plan = rebuilt(path, writer.provenance, None)
    use_threads(threads, len(plan.imaged.id))
    run_arm(plan, next(course for course in plan.courses if course.name == arm), writer, hears)


def use_threads(threads: int | None, cells: int) -> None:
    """Let kernels use this many threads, at most as many as numba's pool holds and as the cells keep busy."""
    import numba

    wanted = kernel_cache.cores() if threads is None else threads
    useful = max(1, cells // _CELLS_PER_THREAD)
    numba.set_num_threads(min(wanted, useful, numba.config.NUMBA_NUM_THREADS))


def _reached(plan: Plan, course: Course, writer: Writer) -> int:
    """The tick up to which an arm is stored; -1 before its time 0."""
    last = writer.last_segment(course.name)
    return -1 if last is None else min(last * plan.every, plan.duration)


def _saved(plan: Plan, left: list[Course], writer: Writer) -> float:
    """What need not be waited for if arms are computed side by side [cells x days]."""
    days = [
        minutes(plan.duration - max(_reached(plan, course, writer), 0)) / MINUTES_PER_DAY for course in left
    ]
    return (sum(days) - max(days)) * len(plan.imaged.id)


def _begin(plan: Plan, course: Course, start: Start, writer: Writer, hears: Hears) -> None:
    """Store the time 0 of an arm, if it is not stored yet."""
    if writer.last_segment(course.name) is not None:
        return
    _stop_if_asked(hears[1], course, 0, writer)
    tissue = start.tissue(_half_way(writer), _Keeper(plan, course, writer, hears))
    if start.steadiness is not None:
        writer.tell(asdict(start.steadiness))
    patient = _patient_at_start(plan, course, tissue)
    recorder = Recorder(plan, course, str(writer.provenance["run_hash"]), patient)
    recorder.observe(tissue, 0)
    with writer.alone_on(course.name):
        writer.commit(course.name, 0, recorder.segment(tissue, 0, Trace()))
    writer.forget_burn_in()


def _time_0(plan: Plan, writer: Writer) -> dict[str, Any] | None:
    """The time 0 of an arm that is stored: all arms have the same."""
    for course in plan.courses:
        if writer.last_segment(course.name) is not None:
            return _read(writer, course, 0, 0)
    return None


def _read(writer: Writer, course: Course, segment: int, tick: int) -> dict[str, Any]:
    """A checkpoint of an arm of this run; RunError if it is damaged or another's."""
    frozen, origin = writer.read_checkpoint(course.name, segment), str(writer.provenance["run_hash"])
    where = f"{writer.path}, arm '{course.name}', segment {segment}"
    checkpoint.verify_origin(frozen, (origin, course.name, tick), where)
    return frozen


def _half_way(writer: Writer) -> dict[str, Any] | None:
    """What a stopped or killed run kept of its burn-in; RunError if it is damaged or another's."""
    frozen = writer.burn_in()
    if frozen is not None:
        checkpoint.verify_origin(
            frozen, (str(writer.provenance["run_hash"]), "", 0), f"{writer.path}, burn-in"
        )
    return frozen


class _Keeper:
    """Tells of a burn-in, keeps it now and then, and ends it when a stop is asked for."""

    def __init__(self, plan: Plan, course: Course, writer: Writer, hears: Hears) -> None:
        self._step_min, self._course, self._writer = minutes(plan.coupling), course, writer
        self._listener, self._stop = hears
        self._told, self._kept = -math.inf, time.monotonic()

    def __call__(self, tissue: Tissue, lived: Lived, count: int) -> None:
        now = time.monotonic()
        if now - self._told > _REPORT_SECONDS:
            self._told = now
            self._listener.preparing(self._course.name, lived.done * self._step_min, count * self._step_min)
        if self._stop.requested or now - self._kept > _KEEP_SECONDS:
            origin = checkpoint.origin_of(str(self._writer.provenance["run_hash"]), "", 0)
            self._writer.keep_burn_in(freeze(tissue, lived) | origin)
            self._kept = time.monotonic()
        if self._stop.requested:
            raise _stopped(self._course, f"{lived.done / count:.0%} of the burn-in", self._writer)


def run_arm(plan: Plan, course: Course, writer: Writer, hears: Hears) -> None:
    """Take one arm from its last stored time to the end, storing every `plan.every`."""
    with writer.alone_on(course.name):
        _go_on(plan, course, writer, hears)


def _go_on(plan: Plan, course: Course, writer: Writer, hears: Hears) -> None:
    listener, stop = hears
    last, tick = writer.last_segment(course.name) or 0, _reached(plan, course, writer)
    _stop_if_asked(stop, course, tick, writer)
    frozen = _read(writer, course, last, tick)
    tissue, patient = resumed(plan, frozen, tick, course), _patient(plan, course, frozen, tick)
    recorder, trace = Recorder(plan, course, str(writer.provenance["run_hash"]), patient), Trace()
    recorder.follow(tissue)
    if patient is not None:
        patient.act(tissue)
    listener.started(course.name, minutes(tick), minutes(plan.duration))
    listener.heading(course.name, minutes(min(tick + plan.every, plan.duration)))
    told = time.monotonic()
    while tick < plan.duration:
        advance(plan, course, tissue, tick, trace.record)
        tick += plan.coupling
        if patient is not None and patient.due(tick):
            patient.follow(tissue, tick)
            patient.act(tissue)
        if tick % plan.observe == 0 or tick == plan.duration:
            recorder.observe(tissue, tick)
        if time.monotonic() - told > _REPORT_SECONDS:
            listener.step(course.name, minutes(tick), tissue.cells.n)
            told = time.monotonic()
        if tick % plan.every == 0 or tick == plan.duration:
            last += 1
            writer.commit(course.name, last, recorder.segment(tissue, tick, trace))
            if tick < plan.duration:
                _stop_if_asked(stop, course, tick, writer)
                listener.heading(course.name, minutes(min(tick + plan.every, plan.duration)))
    listener.finished(course.name)


def _patient_at_start(plan: Plan, course: Course, tissue: Tissue) -> Systemic | None:
    """The patient around a tissue at time 0; None where it is by itself."""
    if not plan.interval:
        return None
    from opsonin.engine import systemic  # needs the extra

    return systemic.begun(plan, course, tissue)


def _patient(plan: Plan, course: Course, frozen: dict[str, Any], tick: int) -> Systemic | None:
    """The same as it was stored at `tick`."""
    if not plan.interval:
        return None
    from opsonin.engine import systemic

    return systemic.thawed(plan, course, frozen, tick)


def _stop_if_asked(stop: StopRequest, course: Course, tick: int, writer: Writer) -> None:
    """End here, at a stored time or before the first, if someone asked for it."""
    if stop.requested:
        raise _stopped(course, f"day {minutes(tick) / MINUTES_PER_DAY:g}", writer)


def _stopped(course: Course, when: str, writer: Writer) -> Interrupted:
    return team.interrupted(f"arm '{course.name}'", writer.path, when)


def compile_kernels(plan: Plan, folder: Path, listener: Listener) -> None:
    """Burn a throw-away tissue in for a moment, so that all kernels are compiled and their caches written."""
    listener.compiling(done=False)
    with uncollected():
        warming.compile_halves(plan, folder)
        tissue = started(replace(plan, burn_in=4 * plan.coupling))
        Recorder(plan, plan.courses[0], "").follow(tissue)
        advance(plan, plan.courses[0], tissue, 0, Trace().record)
    kernel_cache.mark_warm()
    listener.compiling(done=True)
