"""The loop, and only the loop: an arm's coupling steps from its last stored time to the end.

One coupling step from tick t to t + dt; each process reads the state that the one before left:

    pharmacology   drugs in blood -> share of each receptor that is free          (engine.coupling)
    transport      cells and vessels -> substrates -> signals at cells            (tissue.transport)
    expression     signals -> molecules                                          (tissue.expression)
    ledger         every second time: what stands between killers and targets   (tissue.ledger)
    repeat dt / motion_step times:
        contacts   synapses -> hits, exhaustion                                  (tissue.contacts)
        death      hits, priming -> caspases -> kills                            (tissue.death)
        motion     headings, crawling, pushing and pulling                       (tissue.motion)
    fate           cycle, division, death, exit, clearance                       (tissue.fate, tissue.apply)
    trafficking    arrivals at vessels                                           (tissue.trafficking, tissue.apply)
    window         box follows its cells and stays at their pressure at rest     (tissue.window)
    extent         a doubled box is cropped, a narrow one tiled                  (tissue.extent)
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from opsonin.core import kernel_cache
from opsonin.core.errors import Fault, Interrupted
from opsonin.core.schedule import minutes
from opsonin.engine import checkpoint, coupling, warming
from opsonin.engine.compile import Course, Plan, compile_scenario
from opsonin.engine.fields import patient_provenance
from opsonin.engine.gathered import carry_out
from opsonin.engine.progress import Hears, Listener, Silent
from opsonin.engine.provenance import (
    provenance_of,
    rebuilt,
    summary_of,
    verify_resumable,
    verify_untouched,
    with_seed,
)
from opsonin.engine.recording import Recorder
from opsonin.engine.replicates import ensemble_provenance
from opsonin.engine.signals import StopRequest
from opsonin.engine.start import Start, resumed, started
from opsonin.engine.trace import Trace
from opsonin.io.scenario import Scenario
from opsonin.store.ensemble import REPLICATE, Ensemble
from opsonin.store.gathered import Gathered, gathering, part_folder
from opsonin.store.patient import FIELD, Patient
from opsonin.store.result import Result
from opsonin.store.writer import Writer
from opsonin.tissue import (
    contacts,
    death,
    expression,
    extent,
    fate,
    ledger,
    motion,
    trafficking,
    transport,
    window,
)
from opsonin.tissue.integrity import check_state
from opsonin.tissue.tissue import Tissue

_REPORT_SECONDS = 0.25
# Below this, starting a second thread costs more than it saves.
_CELLS_PER_THREAD = 10_000


def run(
    scenario: Scenario | str | Path,
    out: str | Path | None = None,
    *,
    seed: int | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> Result:
    """Run all arms of a scenario and store the result: a `Patient` of several fields, an `Ensemble` of replicates.

    Args:
        scenario: a scenario, the path of its file, or the folder of an earlier result to rebuild.
        out: the result folder, new or empty. Default: a temporary one that lasts as long as this Python does.
        seed: in place of the scenario's own.
        threads: of kernels, and of fields and replicates computed side by side; results do not depend on it.
            Default: all cores. Where there is little to compute (under 5,000 cells x days in all), fields and
            replicates are computed one after the other in this process: starting others would take longer.
    Raises:
        InputError: bad scenario, biopsy or folder. RunError, HostError: the run could not go on.
        Interrupted: stopped by a signal; `resume` goes on.
    """
    replicates = _replicates(scenario, seed)
    first = replicates[0]()
    folder = temporary_folder() if out is None else Path(out)
    if len(replicates) == len(first) == 1:
        use_threads(threads, len(first[0].imaged.id))
        created = Writer.create(folder, provenance_of(first[0]), input_cells(first[0]))
        hearer = listener or Silent()
        with created as writer, StopRequest(hearer.stopping) as stop:
            return complete(first[0], writer, (hearer, stop))
    if len(replicates) == 1:
        _begin(folder, first)
    else:
        with gathering(folder, REPLICATE) as told:
            begun = chain([first], (plans() for plans in replicates[1:]))
            parts = [
                _begin(folder / part_folder(REPLICATE, index), plans) for index, plans in enumerate(begun)
            ]
            told.update(ensemble_provenance(parts))
    return resume(folder, threads=threads, listener=listener)


def _begin(folder: Path, plans: list[Plan]) -> dict[str, Any]:
    """Begin the run of one tissue, or of the fields of a patient; returns what it says of its making."""
    told = [provenance_of(plan) for plan in plans]
    if len(plans) == 1:
        Writer.create(folder, told[0], input_cells(plans[0])).close()
        return told[0]
    with gathering(folder, FIELD) as patient:
        for index, (plan, provenance) in enumerate(zip(plans, told, strict=True)):
            Writer.create(folder / part_folder(FIELD, index), provenance, input_cells(plan)).close()
        patient.update(patient_provenance(plans, told))
    return patient


def temporary_folder() -> Path:
    """A new folder that is removed when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="opsonin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def resume(out: str | Path, *, threads: int | None = None, listener: Listener | None = None) -> Result:
    """Go on with a stored run where its last committed time left it; the bits are those of an unbroken run."""
    path = Path(out)
    result = Result.open(path)
    hearer = listener or Silent()
    with StopRequest(hearer.stopping) as stop:
        hears = (hearer, stop)
        if isinstance(result, Gathered):
            return carry_out(result, hears, threads, go_on, _compile_for)
        return go_on(path, hears, threads)


def go_on(path: Path, hears: Hears, threads: int | None) -> Result:
    """Take the run of one tissue to its end, from what is stored of it."""
    with Writer.reopen(path) as writer:
        verify_untouched(writer.provenance, str(path))
        verify_resumable(writer.provenance, str(path))
        writer.verify()  # a damaged segment is met before hours are spent on what follows it
        plan = rebuilt(path, writer.provenance, None)
        use_threads(threads, len(plan.imaged.id))
        return complete(plan, writer, hears)


def _compile_for(path: Path, hears: Hears) -> None:
    """Compile all kernels here before several processes would each do it."""
    if not kernel_cache.is_warm():
        plan = rebuilt(path, Result.open(path).provenance, None)
        _compile(plan, plan.courses[0], path, hears[0])


def _replicates(scenario: Scenario | str | Path, seed: int | None) -> list[Callable[[], list[Plan]]]:
    """What makes the plans of each replicate, one per field."""
    if isinstance(scenario, (str, Path)):
        path = Path(scenario)
        if path.is_dir():
            stored = Result.open(path)
            parts = stored.by_replicate.values() if isinstance(stored, Ensemble) else [stored]
            return [partial(_rebuilt, part, seed) for part in parts]
        scenario = Scenario.load(path)
    asked = scenario if seed is None else with_seed(scenario, seed)
    return [partial(_compiled, copy) for copy in asked.by_replicate()]


def _rebuilt(stored: Result, seed: int | None) -> list[Plan]:
    parts = stored.by_field.values() if isinstance(stored, Patient) else [stored]
    return [rebuilt(part.path, part.provenance, seed) for part in parts]


def _compiled(scenario: Scenario) -> list[Plan]:
    return [compile_scenario(field) for field in scenario.by_field()]


def use_threads(threads: int | None, cells: int) -> None:
    """Let kernels use this many threads, at most as many as numba's pool holds and as the cells keep busy."""
    import numba

    wanted = kernel_cache.cores() if threads is None else threads
    useful = max(1, cells // _CELLS_PER_THREAD)
    numba.set_num_threads(min(wanted, useful, numba.config.NUMBA_NUM_THREADS))


def input_cells(plan: Plan) -> dict[str, Any]:
    """The cells that a plan starts from, as a result stores them."""
    imaged = plan.imaged.ordered()
    columns: dict[str, Any] = {"id": imaged.id, "x_um": imaged.x, "y_um": imaged.y, "z_um": imaged.z}
    columns["kind"] = imaged.kind
    columns |= {f"mark.{name}": imaged.marks[m] for m, name in enumerate(plan.species.molecules)}
    seen = zip(plan.species.molecules, imaged.measured, strict=True)
    columns |= {f"measured.{name}": levels for name, levels in seen if np.isfinite(levels).any()}
    return columns


def complete(plan: Plan, writer: Writer, hears: Hears) -> Result:
    """Take every arm to its end from what the writer has stored, and finish the result."""
    start = Start(plan)
    for course in plan.courses:
        run_arm(plan, course, start, writer, hears)
    result = Result.open(writer.path)
    writer.finish(summary_of(plan, result))
    return Result.open(writer.path)


def run_arm(plan: Plan, course: Course, start: Start, writer: Writer, hears: Hears) -> None:
    """Take one arm from its last stored time to the end, storing every `plan.every`."""
    listener, stop = hears
    if not kernel_cache.is_warm():
        _compile(plan, course, writer.path, listener)
    last = writer.last_segment(course.name)
    tick = min((last or 0) * plan.every, plan.duration)
    _stop_if_asked(stop, course, tick, writer)
    origin = str(writer.provenance["run_hash"])
    recorder = Recorder(plan, course, origin)
    trace = Trace()
    if last is None:
        listener.heading(course.name, 0.0)
        tissue = start.tissue()
        if start.steadiness is not None:
            writer.tell(asdict(start.steadiness))
        recorder.observe(tissue, 0)
        writer.commit(course.name, 0, recorder.segment(tissue, 0, trace))
        _stop_if_asked(stop, course, tick, writer)
        last = 0
    else:
        frozen = writer.read_checkpoint(course.name, last)
        checkpoint.verify_origin(
            frozen, (origin, course.name, tick), f"{writer.path}, arm '{course.name}', segment {last}"
        )
        tissue = resumed(plan, frozen, tick, course)
    recorder.follow(tissue)
    listener.started(course.name, minutes(tick), minutes(plan.duration))
    listener.heading(course.name, minutes(min(tick + plan.every, plan.duration)))
    told = time.monotonic()
    while tick < plan.duration:
        advance(plan, course, tissue, tick, trace.record)
        tick += plan.coupling
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


def _stop_if_asked(stop: StopRequest, course: Course, tick: int, writer: Writer) -> None:
    """End here, at a stored time or before the first, if someone asked for it."""
    if stop.requested:
        raise Interrupted(
            Fault(
                f"arm '{course.name}', day {minutes(tick) / 1440.0:g}",
                "the run was stopped; everything up to here is stored.",
                f"Go on with: opsonin resume {writer.path}",
            )
        )


def _compile(plan: Plan, course: Course, folder: Path, listener: Listener) -> None:
    """Burn a throw-away tissue in for a moment, so that all kernels are compiled and their caches written."""
    listener.compiling(done=False)
    with warming.uncollected():
        warming.compile_halves(plan, folder)
        tissue = started(replace(plan, burn_in=4 * plan.coupling))
        Recorder(plan, course, "").follow(tissue)
        advance(plan, course, tissue, 0, Trace().record)
    kernel_cache.mark_warm()
    listener.compiling(done=True)


def advance(
    plan: Plan, course: Course, tissue: Tissue, tick: int, record: Callable[[Tissue, ModuleType, int], None]
) -> None:
    """One coupling step from `tick`; `record` hears of every process as it ends."""
    duration = minutes(plan.coupling)
    coupling.step(tissue, course, tick)
    record(tissue, coupling, tick)
    transport.step(tissue, duration)
    record(tissue, transport, tick)
    expression.step(tissue, tick, duration)
    record(tissue, expression, tick)
    if tick % plan.look == 0:
        ledger.step(tissue, tick, minutes(min(plan.look, plan.duration - tick)))
    for now in range(tick, tick + plan.coupling, plan.motion):
        contacts.step(tissue, now, minutes(plan.motion))
        death.step(tissue, now, minutes(plan.motion))
        motion.step(tissue, now, minutes(plan.motion))
    record(tissue, contacts, tick)
    record(tissue, death, tick)
    record(tissue, motion, tick)
    fate.step(tissue, tick, duration)
    record(tissue, fate, tick)
    trafficking.step(tissue, tick, duration)
    record(tissue, trafficking, tick)
    window.step(tissue, duration)
    record(tissue, window, tick)
    extent.step(tissue, tick + plan.coupling)
    record(tissue, extent, tick)
    check_state(tissue, tick + plan.coupling)
