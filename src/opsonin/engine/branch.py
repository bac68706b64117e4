"""A stored arm continued under another treatment, from any coupling step of it.

A branch is the run of one arm whose doses are the source's before the branch time and the new arm's from then on. So
what the source stored up to that time is its beginning, bit for bit, and everything else (going on after a kill,
rebuilding, comparing) is that of any run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core.errors import Fault, InputError, RunError, did_you_mean
from opsonin.core.provenance import digest
from opsonin.core.schedule import minutes
from opsonin.engine import checkpoint
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.fields import patient_provenance
from opsonin.engine.progress import Listener
from opsonin.engine.provenance import provenance_of, rebuilt, verify_resumable, verify_untouched
from opsonin.engine.recording import observables
from opsonin.engine.regimens import measures_of
from opsonin.engine.replicates import ensemble_provenance
from opsonin.engine.run import input_cells, resume, temporary_folder
from opsonin.io.scenario import Scenario
from opsonin.io.treatment import read_arm
from opsonin.model.scenario import YEAR, Arm, Dose
from opsonin.store import layout
from opsonin.store.gathered import Gathered, gathering, part_folder
from opsonin.store.patient import Patient
from opsonin.store.result import Result, time_asked, time_text
from opsonin.store.segments import Segment, read_segment
from opsonin.store.writer import Writer

_LISTED = 5


@dataclass(frozen=True)
class _Source:
    """The arm that is continued.

    Attributes:
        result, plan: the run that stored it; where: the folder that was asked for, of which the run may be a part;
        arm: its name; tick: when the branch leaves it.
    """

    result: Result
    where: str
    plan: Plan
    arm: str
    tick: int


@dataclass(frozen=True)
class _Begun:
    """A branch before its first new step: where it comes from, what it is, and the segments that it adopts."""

    stem: _Source
    plan: Plan
    provenance: dict[str, Any]
    carried: tuple[int, ...]


@dataclass(frozen=True)
class _Whole:
    """The branches of all parts of a result."""

    parent: Gathered
    parts: list[_Begun | _Whole]


# When to leave, the arm to leave, the new treatment, and how long the whole lasts.
_Asked = tuple[str | float, str | None, str | Path | Mapping[str, Any], str | float | None]


def branch(
    result: Result | str | Path,
    time: str | float,
    *,
    arm: str | Path | Mapping[str, Any],
    source: str | None = None,
    out: str | Path | None = None,
    duration: str | float | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> Result:
    """Continue a stored arm under another treatment; the same treatment gives the bits of the original run.

    Args:
        result: a stored run, or its folder; nothing in it is changed.
        time: when the branch leaves it, "3 d" or minutes from the start of the run: any coupling step that the source
            has stored or passed. Between stored times the steps from the last one before are computed again.
        arm: the new treatment: an arm of the scenario by name, a TOML file with one [[arm]], or a table. Its doses
            count from the start of the run; those before `time` must be among the source's, which stay in effect.
        source: the arm to continue; may be left out if there is only one.
        out: the folder of the branch, new or empty. Default: a temporary one.
        duration: of the whole, from the start of the run. Default: that of the scenario.
    Raises:
        InputError: no such arm, a time that is not a step of the run, a dose too late to be given, folder in use.
        RunError: the source is damaged, not stored that far, or was made by other versions.
    """
    parent = result if isinstance(result, Result) else Result.open(result)
    folder = temporary_folder() if out is None else Path(out)
    _begin(_branched(parent, str(parent.path), (time, source, arm, duration)), folder)
    return resume(folder, threads=threads, listener=listener)


def _branched(parent: Result, where: str, asked: _Asked) -> _Begun | _Whole:
    """The branch of a result and of all its parts, everything checked that can be before it is written.

    Args:
        where: the folder that was asked for, as faults of what was asked name it.
    """
    if not isinstance(parent, Gathered):
        return _prepared(parent, where, *asked)
    return _Whole(parent, [_branched(part, where, asked) for part in parent.parts.values()])


def _prepared(
    part: Result,
    where: str,
    time: str | float,
    source: str | None,
    arm: str | Path | Mapping[str, Any],
    duration: str | float | None,
) -> _Begun:
    """The branch of one tissue, everything checked that can be before it is written."""
    stem = _source(part, where, time, source)
    old = stem.plan
    plan = compile_scenario(_scenario(stem, arm, duration), old.imaged, old.box, old.labels, old.notes)
    carried = tuple(_carried(plan, stem))
    for index in carried:
        _segment(stem, index)  # damage is met before anything is written
    return _Begun(stem, plan, _provenance(plan, stem), carried)


def _begin(begun: _Begun | _Whole, folder: Path) -> dict[str, Any]:
    """Write the branch up to where it leaves its source; from there on it is a run that was stopped."""
    if isinstance(begun, _Whole):
        return _begin_parts(begun, folder)
    plan, stem = begun.plan, begun.stem
    with Writer.create(folder, begun.provenance, input_cells(plan)) as writer:
        if stem.result.start is not None:
            writer.tell(stem.result.start)
        for index in begun.carried:
            adopted = _adopted(_segment(stem, index), plan, begun.provenance)
            writer.commit(plan.courses[0].name, index, adopted)
    return begun.provenance


def _begin_parts(begun: _Whole, folder: Path) -> dict[str, Any]:
    kind = begun.parent.kind
    with gathering(folder, kind) as told:
        parts = [_begin(part, folder / part_folder(kind, index)) for index, part in enumerate(begun.parts)]
        left = {"of": begun.parent.provenance["run_hash"], **_left(begun)}
        if isinstance(begun.parent, Patient):
            plans = [part.plan for part in begun.parts if isinstance(part, _Begun)]
            told.update(patient_provenance(plans, parts, branch=left))
        else:
            told.update(ensemble_provenance(parts, branch=left))
    return told


def _left(begun: _Begun | _Whole) -> dict[str, Any]:
    """Which arm the branch leaves, and when."""
    if isinstance(begun, _Whole):
        return _left(begun.parts[0])
    return {"arm": begun.stem.arm, "tick": begun.stem.tick}


def _source(parent: Result, where: str, time: str | float, arm: str | None) -> _Source:
    """The arm to continue, checked to be stored up to `time` by these very versions."""
    verify_untouched(parent.provenance, str(parent.path))
    verify_resumable(parent.provenance, where)
    plan = rebuilt(parent.path, parent.provenance, None)
    names = [course.name for course in plan.courses]
    if arm is None and len(names) > 1:
        raise InputError(
            Fault(
                where, f"has {len(names)} arms.", f"Say which to continue (--from, arm=): {', '.join(names)}."
            )
        )
    if arm is not None and arm not in names:
        raise InputError(Fault(where, f"there is no arm '{arm}'.", did_you_mean(arm, names)))
    name = names[0] if arm is None else arm
    tick = _tick(time, f"{where}, branch time", plan.coupling)
    if not 0 <= tick <= plan.duration:
        ends = time_text(minutes(plan.duration))
        problem = f"{time_text(minutes(tick))} is outside the run, which lasts from 0 d to {ends}."
        raise InputError(Fault(f"{where}, branch time", problem))
    stored = parent.times(name) if name in parent.arms else np.zeros(0)
    if not len(stored) or minutes(tick) > stored[-1]:
        until = (
            f"is stored up to {time_text(float(stored[-1]))} only"
            if len(stored)
            else "has nothing stored yet"
        )
        fix = f"Let the run go on first: opsonin resume {where}"
        raise RunError(Fault(f"{parent.path}, arm '{name}'", f"{until}.", fix))
    return _Source(parent, where, plan, name, tick)


def _tick(time: str | float, where: str, coupling: int) -> int:
    """A time as a tick on the coupling grid."""
    wanted = time_asked(time, where)
    step = minutes(coupling)
    if not np.isfinite(wanted):
        raise InputError(Fault(where, f"{wanted} is no time."))
    nearest = round(wanted / step)
    if abs(wanted - nearest * step) > 1e-6:
        problem = f"{time_text(wanted)} is not a whole number of coupling steps of {step:g} min."
        raise InputError(Fault(where, problem, f"The nearest is {time_text(nearest * step)}."))
    return nearest * coupling


def _scenario(stem: _Source, arm: str | Path | Mapping[str, Any], duration: str | float | None) -> Scenario:
    """The question that the branch answers: one arm, the source's doses and then the new ones."""
    asked = stem.plan.scenario
    end = stem.plan.duration
    if duration is not None:
        end = _tick(duration, "duration", stem.plan.coupling)
        if minutes(end) > 5 * YEAR:
            problem = f"{time_text(minutes(end))} is above the most allowed, {time_text(5 * YEAR)}."
            raise InputError(Fault("duration", problem))
    if end <= stem.tick:
        problem = (
            f"the branch leaves at {time_text(minutes(stem.tick))} and ends at {time_text(minutes(end))}."
        )
        raise InputError(Fault(stem.where, problem, "Branch earlier, or give a longer duration."))
    data = asked.resolved()
    data["scenario"]["duration"] = f"{minutes(end)!r} min"
    longer = Scenario.model_validate(data)
    spliced = _spliced(stem, read_arm(arm, longer), minutes(end))
    return longer.model_copy(update={"arm": (spliced,)})


def _spliced(stem: _Source, new: Arm, end: float) -> Arm:
    """The new arm with the source's doses in place of its own before the branch time."""
    old = next(arm for arm in stem.plan.scenario.arm if arm.name == stem.arm)
    left = minutes(stem.tick)
    given, early = _before(old, left, stem), _before(new, left, stem)
    missed = [dose for dose in early if dose not in given]
    if missed:
        told = "; ".join(f"{drug} {amount} at {time_text(time)}" for time, drug, amount in missed[:_LISTED])
        more = f" and {len(missed) - _LISTED} more" if len(missed) > _LISTED else ""
        raise InputError(
            Fault(
                f"arm '{new.name}'",
                f"gives {told}{more}: before the branch at {time_text(left)}, and not given in arm '{stem.arm}'.",
                f'Times count from the start of the run: give its doses from at = "{time_text(left)}" on.',
            )
        )
    if early == given:
        return new
    past = [kept for dose in old.dose if (kept := _until(dose, left)) is not None]
    future = [kept for dose in new.dose for kept in _from(dose, left, end)]
    return new.model_copy(update={"dose": (*past, *future)})


def _before(arm: Arm, left: float, stem: _Source) -> list[tuple[float, str, str]]:
    """Time [min], drug and amount of every dose before `left` [min]; one at `left` belongs to the branch."""
    body = measures_of(stem.plan.scenario, stem.plan.tumour)
    amounts = [
        f"{dose.amount if dose.cells else f'{dose.size(*body):g} {dose.unit}'}{_over(dose)}"
        for dose in arm.dose
    ]
    return sorted(
        (time, dose.drug, amount)
        for dose, amount in zip(arm.dose, amounts, strict=True)
        for time in dose.times(left)
    )


def _over(dose: Dose) -> str:
    return "" if dose.lasting is None else f" over {dose.lasting:g} min"


def _until(dose: Dose, left: float) -> Dose | None:
    """A source's dose, ended before `left` [min]; its times stay the same floats."""
    times = dose.times(left)
    if not times:
        return None
    return dose if dose.every is None else dose.model_copy(update={"until": times[-1]})


def _from(dose: Dose, left: float, end: float) -> Iterator[Dose]:
    """A new dose from `left` [min] on: as written, or its times one by one where it began before."""
    if dose.at >= left:
        yield dose
        return
    for time in dose.times(end):
        if time >= left:
            yield dose.model_copy(update={"at": time, "every": None, "until": None})


def _provenance(plan: Plan, stem: _Source) -> dict[str, Any]:
    content = provenance_of(plan)
    del content["run_hash"]
    parent = str(stem.result.provenance["run_hash"])
    content["branch"] = {"of": parent, "arm": stem.arm, "tick": stem.tick}
    return content | {"run_hash": digest(content)}


def _carried(plan: Plan, stem: _Source) -> Iterator[int]:
    """The segments of the source that are the branch's own: those that it would store at the same times."""
    old = stem.plan
    alike = (plan.every, plan.observe) == (old.every, old.observe)
    last = min(stem.tick, old.duration) // plan.every if alike else 0
    yield from range(last + 1)


def _segment(stem: _Source, index: int) -> Segment:
    """A segment of the source; RunError if it is damaged or not this run's."""
    folder = layout.segment_folder(stem.result.path, stem.arm, index)
    segment = read_segment(folder)
    expected = (str(stem.result.provenance["run_hash"]), stem.arm, segment.tick)
    checkpoint.verify_origin(segment.checkpoint, expected, str(folder))
    return segment


def _adopted(segment: Segment, plan: Plan, provenance: dict[str, Any]) -> Segment:
    """The segment as the branch itself would have stored it."""
    rows = segment.observables
    # What only the parent observes is left out; what only the branch does is a drug that was not there yet.
    none = np.zeros(len(rows["tick"]))
    observed = {name: rows.get(name, none) for name in ("tick", *(item.name for item in observables(plan)))}
    origin = checkpoint.origin_of(str(provenance["run_hash"]), plan.courses[0].name, segment.tick)
    adopted = replace(segment, observables=observed, checkpoint=segment.checkpoint | origin)
    if not plan.interval:
        return adopted
    from opsonin.engine import systemic  # needs the extra

    return systemic.adopted(plan, plan.courses[0], adopted)
