"""Courses of patients: each patient's doses carried through one loaded model, ours or a foreign one.

No tissue is in it: what a dose does to cells is the run of a scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from opsonin.core.errors import Fault, InputError, RunError, did_you_mean
from opsonin.engine.lesions import lesions_of
from opsonin.io.course import Asked
from opsonin.io.overrides import of_patient
from opsonin.io.unfit import OF_ANIMAL, of_animal
from opsonin.io.wording import spelled
from opsonin.knowledge.library import Library
from opsonin.model.dosing import Course, Given, instant
from opsonin.patient.body import Body
from opsonin.patient.clone_part import Lesion, Site
from opsonin.patient.doses import Change
from opsonin.patient.foreign import Foreign
from opsonin.patient.integrate import Broken, Integrator, Trajectory, loaded
from opsonin.patient.model import PatientModel
from opsonin.patient.reservoir import Key, Reservoir
from opsonin.patient.rules import Before, ruled

Array = npt.NDArray[np.float64]
OURS = "patient's model"
_ATTEMPTS = 5  # to follow a patient until shortly before it fails
_AS_THEY_ARE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Followed:
    """One patient over time.

    Attributes:
        planned, doses: as they were planned, and as they were given: rules may hold or reduce some.
        times: (times,) [min]: each that was asked for, and each at which something changed.
        values: (times, columns); what changes at a time counts.
        change_times, before: (changes,) [min] and (changes, columns), just before each change.
        reservoir: of its tumour's clones, where these are followed.
        patient, replicate: who it is, and by which chances.
        complete: whether to the end of the course; else until the last row before it failed.
    """

    planned: tuple[Given, ...]
    doses: tuple[Given, ...]
    times: Array
    values: Array
    change_times: Array
    before: Array
    reservoir: Reservoir | None = None
    patient: str = ""
    replicate: int = 1
    complete: bool = True


@dataclass(frozen=True)
class Courses:
    """All patients of a course.

    Attributes:
        columns: of the result, each with its unit where the model is ours.
        followed: by patient, and by replicate if there are several; those that failed at once are not among them.
        failed: one fault for each patient that could not be followed to the end.
        sbml: the model, without doses.
        notes: what was supplied to a foreign model, and what could not be checked.
    """

    columns: tuple[str, ...]
    followed: Mapping[str, Followed]
    failed: tuple[Fault, ...]
    sbml: str
    notes: tuple[str, ...] = ()


def model_of(
    course: Course,
    given: Sequence[str],
    library: Library,
    tumour: str | None = None,
    lesions: tuple[Lesion, ...] = (),
) -> PatientModel:
    """Our model of all drugs that are given, in a patient with a tumour if one is named.

    Args:
        given: names of the drugs.
        lesions: where the tumour is, each with its clones; without any its cells are all alike.

    Raises:
        InputError: neither is there, or the tumour is not known or of an animal.
    """
    if not given and tumour is None:
        fix = 'Add dose = [{ drug = "...", amount = "..." }], or name a tumour.'
        raise InputError(Fault("course", "gives no drug.", fix))
    cells = [name for name in given if library.drugs[name].product is not None]
    if cells and tumour is None:
        problem = f"{cells[0]} is made of cells, which need a patient that they act on."
        raise InputError(Fault("course", problem, "Name a tumour: --tumour dlbcl."))
    if tumour is not None and of_animal(library.tumours[tumour]):
        problem = f"tumour '{tumour}' {OF_ANIMAL}."
        raise InputError(Fault("--tumour", problem, "Name one of people, as melanoma."))
    library = of_patient(library, course.knowledge, tumour)
    body = Body(library, tumour, lesions) if tumour is not None else None
    return PatientModel.of((library.drugs[name] for name in given), body)


def model_with_clones(
    course: Course, given: Sequence[str], library: Library, tumour: str | None
) -> PatientModel:
    """The same with the lesions of the course, and the clones of the tumour followed in each.

    Raises:
        InputError: as `model_of` and `engine.lesions.lesions_of`.
    """
    if tumour is None:
        return model_of(course, given, library)
    drugs = [library.drugs[name] for name in given]
    lesions = lesions_of(course.lesion, course.new_lesions, library, tumour, drugs)
    return model_of(course, given, library, tumour, lesions)


def follow_ours(asked: Asked, model: PatientModel) -> Courses:
    """Every patient of a course in our model; one that fails is told, and the others are kept."""
    columns = {output.column: output.name for output in model.outputs}
    ours = Carrier(model.sbml, OURS, columns, model.changes, sites=model.sites, seeding=model.seeding)
    return Courses(tuple(columns), *_all(asked, ours), model.sbml)


def follow_foreign(asked: Asked, foreign: Foreign) -> Courses:
    """Every patient of a course in a foreign model, likewise; InputError where no port takes a drug."""
    if not foreign.outputs:
        fix = 'For example [tumour] with burden = "T".'
        raise InputError(Fault("port map", "names nothing of the model, so that nothing would be told.", fix))
    try:
        loaded(foreign.sbml, foreign.name)
    except RunError as error:  # what the library lacks, as delays: another model is the way out
        raise InputError(*error.faults) from error
    theirs = Carrier(foreign.sbml, foreign.name, foreign.outputs, foreign.changes, foreign.minutes)
    return Courses(tuple(foreign.outputs), *_all(asked, theirs), foreign.sbml, foreign.notes)


@dataclass(frozen=True)
class Carrier:
    """A model as it is integrated.

    Attributes:
        sbml, name: its text, and what faults call it.
        columns: names of the model by column.
        changes: what doses do in it.
        minutes: length of its unit of time [min].
        sites: lesions whose clones are followed; seeding: rate at which a cell of theirs begins another [1/min].
    """

    sbml: str
    name: str
    columns: Mapping[str, str]
    changes: Callable[[Iterable[Given]], tuple[Change, ...]]
    minutes: float = 1.0
    sites: tuple[Site, ...] = ()
    seeding: float = 0.0


def _all(asked: Asked, model: Carrier) -> tuple[dict[str, Followed], tuple[Fault, ...]]:
    check_rules(asked, model.columns)
    engine = loaded(model.sbml, model.name)
    followed, failed = {}, []
    replicates = asked.course.replicates if model.sites else 1
    for patient, doses in asked.patients.items():
        for replicate in range(1, replicates + 1):
            named = f"patient {patient}, " if len(asked.patients) > 1 else ""
            key = Key(asked.course.seed, patient, replicate)
            label = patient if replicates == 1 else f"{patient}/{replicate}"
            try:
                found = follow_one(engine, model, doses, asked.course, key=key)
                followed[label] = replace(found, patient=patient, replicate=replicate)
            except RunError as error:
                kept = _before_failure(engine, model, doses, asked.course, key, error)
                failed += [_told(fault, named, kept) for fault in error.faults]
                if kept is not None:
                    followed[label] = replace(kept, patient=patient, replicate=replicate)
    return followed, tuple(failed)


def _before_failure(
    engine: Integrator, model: Carrier, doses: Sequence[Given], course: Course, key: Key, error: RunError
) -> Followed | None:
    """A patient who failed, until the last row before that; None where there is none after time 0."""
    for _ in range(_ATTEMPTS):
        if not isinstance(error, Broken):
            return None
        end = min(error.time * model.minutes, course.duration)
        rows = [time for time in _steps(course, ()).tolist() if 0.0 < time < end]
        if not rows:
            return None
        course = course.model_copy(update={"duration": rows[-1]})
        try:
            given = [dose for dose in doses if dose.time <= course.duration]
            return replace(follow_one(engine, model, given, course, key=key), complete=False)
        except RunError as again:
            error = again
    return None


def _told(fault: Fault, named: str, kept: Followed | None) -> Fault:
    """A fault of a patient, and what is kept of it."""
    until = "" if kept is None else f"Until {spelled(float(kept.times[-1]))} it was followed."
    return replace(fault, where=f"{named}{fault.where}", fix=f"{fault.fix} {until}".strip())


def check_rules(asked: Asked, columns: Iterable[str]) -> None:
    """InputError where a rule is about what nobody is given, or looks at what is not among the columns."""
    columns = tuple(columns)
    faults = []
    for number, rule in enumerate(asked.course.rule):
        where = f"rule {number + 1}"
        if rule.drug not in asked.drugs:
            faults.append(
                Fault(where, f"drug '{rule.drug}' is not given.", did_you_mean(rule.drug, asked.drugs))
            )
        if rule.when not in columns:
            problem = f"when '{rule.when}' is no column of the result."
            faults.append(Fault(where, problem, did_you_mean(rule.when, columns)))
    if faults:
        raise InputError(*faults)


def follow_one(
    engine: Integrator,
    model: Carrier,
    doses: Sequence[Given],
    course: Course,
    numbers: Mapping[str, float] = _AS_THEY_ARE,
    also: Iterable[float] = (),
    key: Key | None = None,
) -> Followed:
    """One patient of a course.

    Args:
        engine: that has loaded the model.
        doses: as planned; the rules of the course may change them.
        numbers: of the model, by its names, that are this patient's own.
        also: times [min] that get a row beside those of the course.
        key: of the chances of its tumour's clones.
    Raises:
        RunError: the patient cannot be followed.
    """
    watched = list(model.columns.values())
    steps = _steps(course, also)
    last = float(steps[-1]) / model.minutes
    reservoir = None
    if model.sites:
        reservoir = Reservoir(model.sites, key or Key(course.seed, ""), last, seeding=model.seeding)

    def through(doses: Sequence[Given]) -> Trajectory:
        made = model.changes(doses)
        inside = [change.time for change in made if change.time <= last]
        times = np.unique([*(steps / model.minutes), *inside])
        return engine.run(watched, times.tolist(), made, numbers, turns=reservoir)

    def before(doses: Sequence[Given]) -> Before:
        found = through(doses)
        known = dict(zip(found.change_times.tolist(), found.before, strict=True))
        return lambda time: dict(zip(model.columns, known[time / model.minutes], strict=True))

    given = ruled(doses, course.rule, before) if course.rule else tuple(doses)
    found = through(given)
    return Followed(
        tuple(doses),
        given,
        found.times * model.minutes,
        found.values,
        found.change_times * model.minutes,
        found.before,
        reservoir,
    )


def _steps(course: Course, also: Iterable[float]) -> Array:
    """(rows,) times [min] of a course, each an `instant`."""
    count = int(course.duration / course.every * (1.0 + 1e-12)) + 1
    times = [number * course.every for number in range(count)] + [course.duration, *also]
    return np.unique([instant(time) for time in times])
