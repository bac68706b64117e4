"""Populations: many patients drawn, followed by several processes, and gathered to one table.

How one is followed is in `follower.py`, what is drawn in `patient/drawn.py`, what is stored in `store/sweep.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from opsonin.core import kernel_cache
from opsonin.core.errors import Fault, Interrupted, OpsoninError
from opsonin.engine import team
from opsonin.engine.courses import check_rules, model_of, model_with_clones
from opsonin.engine.follower import INTEGRATED, Follower, Job
from opsonin.engine.progress import Silent
from opsonin.engine.signals import StopRequest
from opsonin.io.course import Asked
from opsonin.io.population import AskedPopulation
from opsonin.knowledge.library import Library
from opsonin.model.population import Population
from opsonin.model.varied import Known, Offered, Told
from opsonin.patient.accumulated import with_integrals
from opsonin.patient.drawn import drawn
from opsonin.patient.integrate import BRISK
from opsonin.patient.metrics import unit_of
from opsonin.patient.model import PatientModel
from opsonin.store.commit import write_atomic
from opsonin.store.lock import FolderLock
from opsonin.store.sweep import FAILED, KEPT, SweepFolder, folder_of, table_bytes

Array = npt.NDArray[np.float64]
WORTH_PROCESSES = 6  # parts: starting a process takes as long as a few of them
AT_ROWS = ("peak", "least", "time-above")
MODULE = "opsonin.engine.sweep_worker"
_UNITS = {
    "_nM": "nM",
    "_mg": "mg",
    "_cells": "cells",
    "_per_L": "1/L",
    "_per_uL": "1/uL",
}  # by the end of a column's name


@dataclass(frozen=True)
class Swept:
    """A population that was followed.

    Attributes:
        table: `patient`, what each has, what was measured, and `failed`: why, null of most.
        varied, metrics: units by column.
        origin: what rebuilds it.
    """

    table: pa.Table
    varied: Mapping[str, str]
    metrics: Mapping[str, str]
    origin: Mapping[str, Any]

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Rows of the patients that could not be followed."""
        rows: list[dict[str, Any]] = self.table.filter(self.table[FAILED].is_valid()).to_pylist()
        return rows


def offered(asked: Asked, library: Library, population: Population) -> Offered:
    """What our model of the drugs of a course, and of the tumour of a population, offers; InputError without both."""
    model = _model(asked, library, population)
    numbers = {c.name: Known(c.value, _plain(c.unit), _most(c.name)) for c in model.parts.constants}
    numbers |= {room.name: Known(room.volume, "L") for room in model.parts.rooms}
    columns = {o.column: Told(unit_of_column(o.column), o.drug, o.kind) for o in model.outputs}
    return Offered(dict(sorted(numbers.items())), columns)


def _model(asked: Asked, library: Library, population: Population) -> PatientModel:
    made = model_with_clones if population.clones else model_of
    return made(asked.course, asked.drugs, library, population.tumour)


def notes(asked: AskedPopulation, library: Library) -> tuple[str, ...]:
    """What is measured at the rows of the course only, and would need more of them."""
    every = asked.course.course.every
    told = []
    for name, metric in asked.sample.metrics.items():
        name_of = asked.offered.columns[metric.of].drug
        drug = library.drugs.get(name_of)
        absorption = drug.kinetics.absorption_half_life if drug and drug.kinetics else None
        if metric.kind in AT_ROWS and absorption is not None and every > absorption.value:
            told.append(
                f"{name} is looked for at the rows of the course, every {every:g} min; {name_of} is absorbed with a "
                f"half-life of {absorption.value:g} min. A shorter `every` in the course sees more."
            )
    return tuple(told)


def unit_of_column(column: str) -> str:
    """What a column of a course is in, as its name says; "1" where it names no unit."""
    return next((unit for end, unit in _UNITS.items() if column.endswith(end)), "1")


def _plain(unit: str) -> str:
    return "" if unit == "1" else unit


def _most(name: str) -> float | None:
    return 1.0 if name.endswith("_fraction_unbound") else None


def sweep(
    asked: AskedPopulation,
    library: Library,
    out: Path,
    *,
    stop: StopRequest,
    tell: Callable[[int, int], None] = lambda done, total: None,
    threads: int | None = None,
    courses: Path | None = None,
    values: Array | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Swept:
    """Follow every patient of a population and write its table.

    Args:
        out: the table; beside it lie its parts until it is whole.
        stop: set when no further part is to be begun; tell: hears how many patients are done, of how many.
        threads: processes side by side; they change no bit. Left out, one for each core.
        courses: where the courses are written, if they are wanted.
        values: (patients, varied) in place of what would be drawn; more: said of the table's origin.
    Raises:
        Interrupted, RunError, HostError: what was reached is stored; the same call goes on.
        InputError: parts of something else lie there.
    """
    model = _model(asked.course, library, asked.population)
    check_rules(asked.course, [output.column for output in model.outputs])
    if values is None:
        numbers = range(1, asked.population.patients + 1)
        values = drawn(asked.sample, numbers, asked.population.seed)
    job = _job(asked, model, courses=courses is not None)
    origin = _origin(asked, job) | dict(more)
    folder = SweepFolder(folder_of(out))
    version = kernel_cache.digest_of_sources(kernel_cache.DECIDES_BITS)
    folder.begin(asdict(job), asked.sample.names, values, version)
    lock = FolderLock(folder.path)
    try:
        counting = _Counting(folder, tell)
        with _told(folder, out):
            _follow_all(
                folder,
                Follower(job, values, folder, model),
                (counting, stop),
                threads or kernel_cache.cores(),
            )
        table = folder.table()
        write_atomic(out, table_bytes(table, origin), KEPT)
        if courses is not None:
            folder.write_courses(courses, origin)
        folder.remove()
    finally:
        lock.release()
    return Swept(table, origin["units"]["varied"], origin["units"]["metrics"], origin)


def _job(asked: AskedPopulation, model: PatientModel, *, courses: bool) -> Job:
    outputs = {output.column: output.name for output in model.outputs}
    metrics = asked.sample.metrics
    sums = sorted({outputs[metric.of] for metric in metrics.values() if metric.kind in INTEGRATED})
    return Job(
        sbml=with_integrals(model.sbml, sums),
        course=asked.course.course.model_dump(mode="json", exclude_none=True),
        outputs=outputs,
        drugs={column: told.drug for column, told in asked.offered.columns.items()},
        entries={drug: astuple(places) for drug, places in model.entries.items()},
        varied=asked.sample.names,
        parameters=[one.name for one in asked.sample.varied if one.parameter],
        metrics={name: m.model_dump(mode="json", exclude_none=True) for name, m in metrics.items()},
        courses=courses,
        tumour=asked.population.tumour,
        clones=asked.population.clones,
        seed=asked.population.seed,
        given=asked.course.drugs,
    )


def _origin(asked: AskedPopulation, job: Job) -> dict[str, Any]:
    """What rebuilds the table, and what its columns are in."""
    columns = asked.offered.columns
    return {
        "opsonin": metadata.version("opsonin"),
        "population": asked.population.model_dump(mode="json", exclude_none=True),
        "course": job.course,
        "tolerance": [BRISK.relative, BRISK.absolute],
        "units": {
            "varied": {one.name: one.marginal.unit or "1" for one in asked.sample.varied},
            "metrics": {name: unit_of(m, columns[m.of].unit) for name, m in asked.sample.metrics.items()},
        },
    }


class _Counting(Silent):
    """Hears which parts are done and tells how many patients that makes."""

    def __init__(self, folder: SweepFolder, tell: Callable[[int, int], None]) -> None:
        self._folder, self._tell, self._done = folder, tell, folder.done
        tell(self._done, folder.count)

    def finished(self, arm: str) -> None:
        self._done += len(self._folder.patients_of(int(arm)))
        self._tell(self._done, self._folder.count)


def _follow_all(
    folder: SweepFolder, here: Follower, hears: tuple[_Counting, StopRequest], threads: int
) -> None:
    """Every part that is not stored, by this process or by several."""
    left = folder.left()
    workers = min(threads, len(left))
    if workers > 1 and len(left) >= WORTH_PROCESSES:
        tasks = {f"part {part}": team.Task(folder.path, hears[0], str(part)) for part in left}
        team.carry_out(tasks, hears, (workers, 1), folder.path, MODULE)
        return
    for part in left:
        if hears[1].requested:
            raise Interrupted()
        here.follow(part)
        hears[0].finished(str(part))


@contextmanager
def _told(folder: SweepFolder, out: Path) -> Iterator[None]:
    """A stop, or a failure of many parts, said once with how to go on."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt) as error:
        problem = f"stopped after {folder.done:,} of {folder.count:,} patients, which are stored."
        raise Interrupted(Fault(str(out), problem, "Go on with the same command.")) from error
    except OpsoninError as error:
        raise type(error)(*_once(error.faults)) from error


def _once(faults: tuple[Fault, ...]) -> list[Fault]:
    """What failed, told once and not for each part."""
    told = {fault.problem: fault for fault in reversed(faults)}
    return [Fault(fault.where, fault.problem, f"{KEPT} {_advice(fault)}".strip()) for fault in told.values()]


def _advice(fault: Fault) -> str:
    return "" if KEPT in fault.fix or "resume" in fault.fix else fault.fix
