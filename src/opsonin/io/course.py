"""Course files (TOML): what a patient is given, read with every fault found at once, and resolved to single doses.

What a course holds is in `model/dosing.py`; tables of doses are read by `dose_tables.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, isfinite
from pathlib import Path

from pydantic import ValidationError

from opsonin.core.errors import InputError
from opsonin.io.check import Draft, check_overrides
from opsonin.io.dose_tables import ONLY, read_doses
from opsonin.io.lesions import check_lesions, few_killers
from opsonin.io.locate import KeyPath, Lines
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.ways import amount_fix, refused_amount, refused_drug, refused_route
from opsonin.io.wording import plain
from opsonin.knowledge.library import Library, load_library
from opsonin.model.dosing import CELLS, PER_WEIGHT_CELLS, Course, Given, dose_mg, read_dose
from opsonin.model.scenario import MOST_DOSES

MOST_ROWS = 1_000_000  # of a result


@dataclass(frozen=True)
class Asked:
    """A course, and the doses of each of its patients.

    Attributes:
        course: as written.
        patients: doses by patient; "1" where no table names any.
    """

    course: Course
    patients: Mapping[str, tuple[Given, ...]]

    def with_numbers(self, numbers: Mapping[str, str | float]) -> Asked:
        """The same with numbers of the knowledge base over those that the course gives."""
        course = self.course.model_copy(update={"knowledge": {**self.course.knowledge, **numbers}})
        return replace(self, course=course)

    @property
    def drugs(self) -> tuple[str, ...]:
        """Names of all drugs that some patient is given, sorted."""
        return tuple(sorted({dose.drug for doses in self.patients.values() for dose in doses}))


def read_course(path: Path, *, foreign: bool = False) -> Asked:
    """Read a course and its table.

    Args:
        path: of the file.
        foreign: the doses are for a model of somebody else: drugs need not be in the knowledge base.
    Raises:
        InputError: with every fault found, each with file, line, value and what was expected.
    """
    text = read_text(path)
    draft = _Draft(parse_toml(text, path.name), path.name, path.parent, Lines(text))
    library = load_library()
    course = None
    try:
        course = Course.model_validate(dict(draft.data))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            if found["loc"] == ("duration",) and found["type"] == "missing":
                draft.fault((), "the key 'duration' is missing", 'For example duration = "84 d".')
            elif found["type"] == "dose":
                _fault_of_amount(draft, found["loc"], str(found["ctx"]["message"]), library)
            else:
                key, problem, fix = plain(found, Course)
                draft.fault(key, problem, fix or few_killers(key, found["input"]))
    _check_doses(draft, library, foreign=foreign)
    if foreign and draft.get("knowledge"):
        problem = "a model of your own takes no numbers of the knowledge base."
        draft.fault(("knowledge",), problem, "Leave [knowledge] out.")
    check_overrides(draft, library)
    check_lesions(draft, library)
    if course is not None:
        _check_rows(draft, course)
    if course is None or draft.faults:
        raise InputError(*dict.fromkeys(fault for _, fault in sorted(draft.faults, key=lambda pair: pair[0])))
    drugs = None if foreign else library.drugs
    return Asked(course, _patients(course, path.parent, drugs))


class _Draft(Draft):
    """A course as written: its doses are told by their number."""

    def _section(self, path: KeyPath) -> str:
        match path:
            case (("dose" | "rule" | "lesion") as kind, int(number), *_):
                return f"{kind} {number + 1}"
            case _:
                return super()._section(path)


def _patients(
    course: Course, folder: Path, drugs: Mapping[str, object] | None
) -> Mapping[str, tuple[Given, ...]]:
    own = [dose for entry in course.dose for dose in entry.given(course.patient, course.duration)]
    if course.table is None:
        return {ONLY: tuple(sorted(own))}
    found = read_doses(course.table, folder, course.patient, course.duration, drugs)
    return {patient: tuple(sorted([*own, *doses])) for patient, doses in found.items()}


def _fault_of_amount(draft: Draft, path: KeyPath, message: str, library: Library) -> None:
    text = draft.text(*path) or ""
    drug = library.drugs.get(draft.text(*path[:-1], "drug") or "")
    of_cells = "cell" in text if drug is None else drug.product is not None
    fix = amount_fix(text, of_cells=of_cells)
    shown = message if message.startswith("'") else f"{draft.shown(*path)} {message}"
    if text and "cell" in text and "beyond" not in message and "above 0" not in message:
        shown = f"'{text}' is no number of cells, in all or per body weight"
    draft.fault(path, f"amount: {shown}", fix)


def _check_doses(draft: Draft, library: Library, *, foreign: bool) -> None:
    for number in range(draft.size("dose")):
        path: KeyPath = ("dose", number)
        drug = draft.text(*path, "drug")
        if drug is not None and not foreign:
            _check_drug(draft, path, drug, library)
        elif foreign:
            _refuse_cells(draft, path)
        _check_body(draft, path)
        _check_times(draft, path)
    named = draft.text("table", "drug")
    if named is not None and not foreign and (refusal := refused_drug(named, library.drugs)):
        draft.fault(("table", "drug"), *refusal)


def _check_drug(draft: Draft, path: KeyPath, drug: str, library: Library) -> None:
    refusal = refused_drug(drug, library.drugs, cells=True)
    if refusal is not None:
        draft.fault((*path, "drug"), *refusal)
        return
    try:
        value, kind = read_dose(draft.text(*path, "amount") or "")
    except ValueError:
        pass  # told where it is written
    else:
        if unfit := refused_amount(value, kind, library.drugs[drug]):
            draft.fault((*path, "amount"), f"amount {draft.shown(*path, 'amount')}: {unfit[0]}", unfit[1])
    if library.drugs[drug].product is not None:
        for key in ("lasting", "route"):
            if draft.get(*path, key) is not None:
                draft.fault((*path, key), f"{key}: cells are given at once, into a vein.", "Leave it out.")
        return
    route = draft.text(*path, "route")
    if route in ("iv", "oral", "sc") and (refusal := refused_route(route, library.drugs[drug])):
        draft.fault((*path, "route"), f"route '{route}': {refusal[0]}", refusal[1])


def _refuse_cells(draft: Draft, path: KeyPath) -> None:
    """Note a dose in cells of a foreign model, whose ports take masses and moles."""
    try:
        _, kind = read_dose(draft.text(*path, "amount") or "")
    except ValueError:
        return
    if kind in (CELLS, PER_WEIGHT_CELLS):
        problem = f"amount {draft.shown(*path, 'amount')}: a model of your own takes no cells."
        draft.fault((*path, "amount"), problem, "Give it as a mass.")


def _check_body(draft: Draft, path: KeyPath) -> None:
    """Note a dose per weight or surface of a patient who has none."""
    try:
        value, kind = read_dose(draft.text(*path, "amount") or "")
    except ValueError:
        return
    try:
        body = Course.model_validate({"duration": "1 d", "patient": draft.get("patient")}).patient
    except ValidationError:
        return  # told where it is written
    try:
        dose_mg(value, kind, body)
    except ValueError as error:
        fix = 'Add [patient] with weight = "75 kg", and height = "175 cm" for doses per m2.'
        draft.fault((*path, "amount"), f"amount {draft.shown(*path, 'amount')} {error}.", fix)


def _check_times(draft: Draft, path: KeyPath) -> None:
    at, every, until = (draft.value("min", *path, key) for key in ("at", "every", "until"))
    duration = draft.value("min", "duration")
    if duration is not None and 0.0 < duration <= (at or 0.0):
        problem = f"at {draft.shown(*path, 'at')} is not before the end, {draft.shown('duration')}"
        draft.fault((*path, "at"), problem, "Give it earlier, or make the duration longer.")
    if until is not None and draft.get(*path, "every") is None:
        problem = f"until {draft.shown(*path, 'until')} is given without every"
        draft.fault((*path, "until"), problem, 'Add every = "14 d".')
    if until is not None and until < (at or 0.0):
        problem = f"until {draft.shown(*path, 'until')} is before at {draft.shown(*path, 'at')}"
        draft.fault((*path, "until"), problem, "Times count from the start.")
    end = min(inf if until is None else until, inf if duration is None else duration)
    if every is not None and every > 0.0 and isfinite(end) and (end - (at or 0.0)) / every > MOST_DOSES:
        count = f"{(end - (at or 0.0)) / every:,.0f} doses; at most {MOST_DOSES:,} are allowed"
        draft.fault((*path, "every"), f"every {draft.shown(*path, 'every')} makes {count}")


def _check_rows(draft: Draft, course: Course) -> None:
    count = course.duration / course.every
    if count > MOST_ROWS:
        problem = f"every {draft.shown('every')} makes {count:,.0f} rows; at most {MOST_ROWS:,} are allowed"
        draft.fault(("every",), problem)
    if course.every > course.duration:
        problem = f"every {draft.shown('every')} is longer than the duration, {draft.shown('duration')}"
        draft.fault(("every",), problem, "Make it shorter.")
