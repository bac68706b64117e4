"""Follows the patients of a population, part by part, in one loaded model; each part is stored as a whole.

Whoever asks for parts, in this process or another, is in `sweep.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import RunError
from opsonin.engine.courses import OURS, Carrier, Followed, follow_one, model_with_clones
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Body, Course, Given
from opsonin.model.population import BODY, Metric
from opsonin.patient.accumulated import integral
from opsonin.patient.doses import Change, Entries, changes
from opsonin.patient.integrate import BRISK, Integrator, loaded
from opsonin.patient.metrics import Curve, measured
from opsonin.patient.model import PatientModel
from opsonin.patient.reservoir import Key
from opsonin.store.sweep import SweepFolder

Array = npt.NDArray[np.float64]
INTEGRATED = ("mean", "auc")


@dataclass(frozen=True)
class Job:
    """What every patient of a population has in common; made of plain values, so that it can be stored as JSON.

    Attributes:
        sbml: the model, with integrals of what is averaged.
        course: as `Course` reads it.
        outputs: names of the model by column; drugs: by column, of those that metrics are of.
        entries: where the doses of each drug go, as `Entries` has it.
        varied: names in the order of the drawn columns; parameters: which of them are of the model.
        metrics: as `Metric` reads them, by name.
        courses: whether the courses are kept, too.
        tumour, clones, seed: as in `Population`; given: names of all drugs.
    """

    sbml: str
    course: Mapping[str, Any]
    outputs: Mapping[str, str]
    drugs: Mapping[str, str]
    entries: Mapping[str, tuple[str, str, float, float]]
    varied: Sequence[str]
    parameters: Sequence[str]
    metrics: Mapping[str, Mapping[str, Any]]
    courses: bool
    tumour: str | None
    clones: bool
    seed: int
    given: Sequence[str]


class Follower:
    """Patients of one population, one after the other."""

    def __init__(self, job: Job, values: Array, folder: SweepFolder, model: PatientModel | None) -> None:
        """
        Args:
            values: (patients, varied) what each has; folder: where parts are stored.
            model: whose clones are followed; None where there are none.
        """
        self._job, self._values, self._folder = job, values, folder
        self._course = Course.model_validate(job.course)
        self._metrics = {name: Metric.model_validate(metric) for name, metric in job.metrics.items()}
        entries = {drug: Entries(*places) for drug, places in job.entries.items()}
        self._made: tuple[tuple[Given, ...], tuple[Change, ...]] | None = None

        def made(given: Iterable[Given]) -> tuple[Change, ...]:
            """What the doses of most populations do is the same for all patients."""
            doses = tuple(given)
            if self._made is None or self._made[0] != doses:
                self._made = doses, changes(doses, entries)
            return self._made[1]

        sites, seeding = ((), 0.0) if model is None else (model.sites, model.seeding)
        self._carrier = Carrier(job.sbml, OURS, self._columns(), made, sites=sites, seeding=seeding)

    @classmethod
    def open(cls, folder: Path) -> Follower:
        """Of a folder that another process has begun."""
        stored = SweepFolder(folder)
        job = Job(**stored.job())
        model = None
        if job.tumour is not None and job.clones:
            course = Course.model_validate(job.course)
            model = model_with_clones(course, job.given, load_library(), job.tumour)
        return cls(job, stored.values(), stored, model)

    def _columns(self) -> dict[str, str]:
        """What is watched: columns of the course that are asked for, and integrals of what is averaged."""
        of = {metric.of for metric in self._metrics.values()} | {rule.when for rule in self._course.rule}
        outputs = self._job.outputs
        watched = {column: name for column, name in outputs.items() if self._job.courses or column in of}
        sums = {metric.of for metric in self._metrics.values() if metric.kind in INTEGRATED}
        return watched | {integral(column): integral(outputs[column]) for column in sorted(sums)}

    @cached_property
    def _engine(self) -> Integrator:
        return loaded(self._job.sbml, OURS, BRISK)

    @cached_property
    def _common(self) -> tuple[Given, ...]:
        return self._doses(self._course.patient)

    def follow(self, part: int) -> None:
        """Follow the patients of a part and store what was found."""
        numbers = self._folder.patients_of(part)
        found: list[dict[str, float]] = []
        failed: list[str | None] = []
        kept: dict[int, Followed] = {}
        for number in numbers:
            try:
                one = self._one(number)
                found.append(self._measured(one))
                failed.append(None)
                kept[number] = one
            except RunError as error:
                found.append(dict.fromkeys(self._metrics, math.nan))
                failed.append("; ".join(f"{fault.where}: {fault.problem}" for fault in error.faults))
        metrics = {name: np.array([one[name] for one in found]) for name in self._metrics}
        courses = None
        if self._job.courses:
            told = list(self._job.outputs)
            courses = told, {number: (one.times, one.values[:, : len(told)]) for number, one in kept.items()}
        self._folder.store(part, metrics, failed, courses)

    def _one(self, number: int) -> Followed:
        own = dict(zip(self._job.varied, self._values[number - 1].tolist(), strict=True))
        numbers = {name: own[name] for name in self._job.parameters}
        body = {name: f"{own[name]!r} {unit}" for name, (unit, _, _) in BODY.items() if name in own}
        doses = self._doses(self._body(body)) if body else self._common
        also = [
            time
            for metric in self._metrics.values()
            for time in (metric.since, metric.until)
            if time is not None
        ]
        key = Key(self._job.seed, str(number), 1)  # as `patient simulate` has it
        return follow_one(self._engine, self._carrier, doses, self._course, numbers, also, key)

    def _body(self, own: Mapping[str, str]) -> Body:
        written = self._course.patient.model_dump(mode="json") if self._course.patient else {}
        return Body.model_validate({"weight": "1 kg"} | written | dict(own))

    def _doses(self, body: Body | None) -> tuple[Given, ...]:
        course = self._course
        return tuple(sorted(dose for entry in course.dose for dose in entry.given(body, course.duration)))

    def _measured(self, one: Followed) -> dict[str, float]:
        place = {column: number for number, column in enumerate(self._carrier.columns)}

        def curve(metric: Metric) -> Curve:
            column = place[metric.of]
            summed = metric.kind in INTEGRATED
            drug = self._job.drugs[metric.of]  # "" of the body, on which all of them act
            doses = [dose for dose in one.doses if drug in ("", dose.drug)]
            return Curve(
                one.times,
                one.values[:, column],
                one.change_times,
                one.before[:, column],
                np.unique([dose.time for dose in doses]),
                np.unique([dose.end for dose in doses]),
                one.values[:, place[integral(metric.of)]] if summed else None,
            )

        return {name: measured(metric, curve(metric)) for name, metric in self._metrics.items()}
