"""Population files (TOML): read with every fault found at once, and resolved to plain numbers.

What a file holds is in `model/population.py`; what varies together is checked in `correlations.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from opsonin.core.errors import InputError, did_you_mean
from opsonin.io.check import Draft
from opsonin.io.correlations import correlated
from opsonin.io.course import Asked, read_course
from opsonin.io.distributions import marginal_of, number_in
from opsonin.io.locate import KeyPath, Lines
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.unfit import OF_ANIMAL, of_animal
from opsonin.io.wording import plain
from opsonin.knowledge.aliases import meant
from opsonin.knowledge.library import load_library
from opsonin.model.population import BODY, Distribution, Metric, Population
from opsonin.model.varied import Known, Marginal, Offered, Sample, Varied

_RESERVED = ("patient", "failed")


@dataclass(frozen=True)
class AskedPopulation:
    """A population as it was asked for.

    Attributes:
        population: as written.
        course: that each of its patients is given.
        offered: what the patient's model of it has.
        sample: what varies, and what is measured.
    """

    population: Population
    course: Asked
    offered: Offered
    sample: Sample


def read_population(path: Path, offers: Callable[[Asked, Population], Offered]) -> AskedPopulation:
    """Read a population and its course.

    Args:
        path: of the file; offers: what the patient's model of a course and a tumour has.
    Raises:
        InputError: with every fault found, each with file, line, value and what was expected.
    """
    text = read_text(path)
    draft = _Draft(parse_toml(text, path.name), path.name, path.parent, Lines(text))
    try:
        population = Population.model_validate(dict(draft.data))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            draft.fault(*_in_words(plain(found, Population)))
        raise _refusal(draft) from error
    course = read_course(path.parent / population.course)
    if course.course.table is not None:
        fix = "Give the doses in the course itself: dose = [{ ... }]."
        draft.fault(("course",), f"course '{population.course}' has a table of patients of its own", fix)
    _check_tumour(draft, population, course)
    if draft.faults:
        raise _refusal(draft)
    offered = offers(course, population)
    sample = _resolved(draft, population, course, offered)
    if draft.faults:
        raise _refusal(draft)
    return AskedPopulation(population, course, offered, sample)


class _Draft(Draft):
    """A population as written: what varies is told by its name."""

    def _section(self, path: KeyPath) -> str:
        match path:
            case (("covariate" | "parameter" | "metric") as kind, str(name), *_):
                return f"[{kind}.{name}]"
            case ("correlation", int(number), *_):
                return f"correlation {number + 1}"
            case _:
                return super()._section(path)


def _in_words(found: tuple[KeyPath, str, str]) -> tuple[KeyPath, str, str]:
    path, problem, fix = found
    fixes = {
        ("course",): 'For example course = "course.toml": what each patient is given.',
        ("patients",): "For example patients = 1000.",
    }
    if "is missing" in problem and path in fixes:
        return path, f"the key '{path[0]}' is missing", fixes[path]
    if "is missing" in problem and path[-1] == "distribution":
        return path, problem, 'For example distribution = "lognormal" with cv = 0.3.'
    return path, problem, fix


def _refusal(draft: Draft) -> InputError:
    return InputError(*dict.fromkeys(fault for _, fault in sorted(draft.faults, key=lambda pair: pair[0])))


def _check_tumour(draft: _Draft, population: Population, course: Asked) -> None:
    """Note a tumour that nobody knows, and what of the course needs one, or one patient."""
    tumours, name = load_library().tumours, population.tumour
    if name is not None and name not in tumours:
        draft.fault(("tumour",), f"tumour '{name}' is not in the knowledge base", meant(name, tumours))
    elif name is not None and of_animal(tumours[name]):
        draft.fault(("tumour",), f"tumour '{name}' {OF_ANIMAL}", "Name one of people, as melanoma.")
    if name is None and (course.course.lesion or course.course.new_lesions):
        problem = f"course '{population.course}' has lesions, and no tumour is named"
        draft.fault(("course",), problem, 'Add tumour = "melanoma".')
    if not population.clones and (name is None or course.course.lesion or course.course.new_lesions):
        problem = "clones = false is of a patient with a tumour in one place"
        draft.fault(("clones",), problem, "Leave it out.")
    if course.course.replicates > 1:
        problem = (
            f"course '{population.course}' has replicates; each patient of a population is followed once"
        )
        draft.fault(("course",), problem, "Draw more patients, and leave replicates out.")


def _resolved(draft: Draft, population: Population, course: Asked, offered: Offered) -> Sample:
    references: dict[str, float] = {}
    varied = [
        one
        for name in population.covariate
        if (one := _covariate(draft, population, course, name, references)) is not None
    ]
    varied += [
        one
        for name in population.parameter
        if (one := _parameter(draft, population, offered, name, references)) is not None
    ]
    metrics = dict(population.metric) or _usual(offered)
    _check_names(draft, population, metrics)
    for name, metric in population.metric.items():
        _check_metric(draft, ("metric", name), metric, offered, course.course.duration)
    groups = correlated(draft, population, {one.name: one.marginal for one in varied})
    return Sample(tuple(varied), groups, metrics)


def _covariate(
    draft: Draft, population: Population, course: Asked, name: str, references: dict[str, float]
) -> Varied | None:
    asked, path = population.covariate[name], ("covariate", name)
    unit, least, most = BODY.get(name, ("", -math.inf, math.inf))
    own = getattr(course.course.patient, name, None)
    known = Known(float(own), unit, most) if own is not None else None
    if asked.power:
        draft.fault(
            (*path, "power"), "power is of parameters, not of covariates", "Move it to [parameter.X]."
        )
    marginal = marginal_of(draft, path, asked, unit, known)
    if marginal is None:
        return None
    if name in BODY:
        marginal = _within(draft, path, marginal, least, most)
    reference = marginal.median
    if asked.reference is not None:
        written = number_in(draft, (*path, "reference"), unit)
        reference = math.nan if written is None else written
    references[name] = reference
    return Varied(name, marginal, parameter=False)


def _within(draft: Draft, path: KeyPath, marginal: Marginal, least: float, most: float) -> Marginal:
    """What a body may be: tails beyond it are cut off, ends and values beyond it refused."""
    if marginal.kind in ("normal", "lognormal"):
        low, high = max(marginal.low, least), min(marginal.high, most)
        return Marginal(marginal.kind, marginal.middle, marginal.spread, low, high, marginal.unit)
    if marginal.low < least or marginal.high > most:
        limits = f"{least:g} to {most:g} {marginal.unit}"
        draft.fault(path, f"{path[-1]} of {marginal.low:g} to {marginal.high:g} leaves {limits}")
    return marginal


def _parameter(
    draft: Draft, population: Population, offered: Offered, name: str, references: Mapping[str, float]
) -> Varied | None:
    asked, path = population.parameter[name], ("parameter", name)
    known = offered.numbers.get(name)
    if known is None:
        hint = did_you_mean(name, offered.numbers)
        draft.fault(path, f"the patient's model has no number '{name}'.", hint)
        return None
    marginal = marginal_of(draft, path, asked, known.unit, known)
    powers = _powers(draft, population, path, asked, references)
    if marginal is None:
        return None
    if not _lowest(marginal) > 0.0:
        fix = "Give least, above 0, or take a lognormal one."
        draft.fault(path, f"{name} may come to 0 or less, which it cannot be", fix)
    if known.most is not None and (marginal.high > known.most or powers):
        fix = f"Give most = {known.most:g} and no power."
        draft.fault(path, f"{name} may come to more than {known.most:g}, which it cannot be", fix)
    return Varied(name, marginal, parameter=True, powers=powers)


def _powers(
    draft: Draft, population: Population, path: KeyPath, asked: Distribution, references: Mapping[str, float]
) -> tuple[tuple[str, float, float], ...]:
    found = []
    for covariate, exponent in asked.power.items():
        where = (*path, "power", covariate)
        if covariate not in population.covariate:
            problem = f"power is of '{covariate}', which is no covariate of this file."
            draft.fault(where, problem, did_you_mean(covariate, population.covariate))
        elif not references.get(covariate, 1.0) > 0.0:
            draft.fault(where, f"the reference of '{covariate}' is not above 0, so that it has no powers")
        elif covariate in references:
            found.append((covariate, references[covariate], exponent))
    return tuple(found)


def _lowest(marginal: Marginal) -> float:
    if marginal.kind == "lognormal":
        return math.ulp(0.0)
    return marginal.low


def _usual(offered: Offered) -> dict[str, Metric]:
    """What is measured where nothing is said."""
    kinds = {
        "plasma": ("peak", "trough", "auc", "half-life"),
        "occupancy": ("mean", "trough"),
        "burden": ("end", "least-diameter", "end-diameter"),
    }
    return {
        f"{column}_{kind.replace('-', '_')}": Metric.model_validate({"of": column, "kind": kind})
        for column, told in offered.columns.items()
        for kind in kinds.get(told.kind, ())
    }


def _check_names(draft: Draft, population: Population, metrics: Mapping[str, Metric]) -> None:
    """One column of the result for each name."""
    seen = dict.fromkeys(_RESERVED, "by the result itself")
    groups = (
        ("covariate", population.covariate),
        ("parameter", population.parameter),
        ("metric", metrics),
    )
    for kind, names in groups:
        for name in names:
            if name in seen:
                draft.fault((kind, name), f"the name '{name}' is taken {seen[name]}", "Choose another.")
            seen[name] = f"by a {kind}"


def _check_metric(draft: Draft, path: KeyPath, metric: Metric, offered: Offered, duration: float) -> None:
    if metric.of not in offered.columns:
        problem = f"of '{metric.of}' is no column of a course."
        draft.fault((*path, "of"), problem, did_you_mean(metric.of, offered.columns))
    for key, time in (("since", metric.since), ("until", metric.until)):
        if time is not None and (time > duration or (key == "since" and time == duration)):
            wrong = "is after" if key == "until" else "is not before"
            draft.fault((*path, key), f"{key} {draft.shown(*path, key)} {wrong} the end of the course")
