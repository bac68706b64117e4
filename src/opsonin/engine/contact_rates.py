"""What a tumour without places takes from stored tissue runs: contact, fitness and co-stimulation of its killers.

And how far its rate of kills, for the same killers, is from what was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.core.schedule import MINUTES_PER_DAY, TICKS_PER_MINUTE
from opsonin.io.overrides import of_patient
from opsonin.knowledge.library import Library, load_library
from opsonin.observe.contact_rates import Share, Watched, contact, mean_of, ratio
from opsonin.observe.killers import COSTIMULATED, EXHAUSTION, FITNESS, HOLDING, REACTIVE
from opsonin.observe.observables import TUMOUR_CELL
from opsonin.patient.killing import kills_of_one
from opsonin.patient.tumour_part import KILLERS, T_CELL
from opsonin.store.gathered import Gathered
from opsonin.store.result import Result
from opsonin.store.segments import OBSERVABLES, Columns

# Assumed; they decide only what is refused: fewer killers at a time, of all runs together, tell nothing; a single run
# is cut into stretches, so many at most, of so many rows at least.
LEAST_KILLERS = 20.0
MOST_STRETCHES = 8
LEAST_ROWS = 4
LEAST_KILLS = 30.0  # with fewer, what of kills comes about is not told
_MEANS = (FITNESS, COSTIMULATED, EXHAUSTION)


@dataclass(frozen=True)
class Sample:
    """A run, or a stretch of one.

    Attributes:
        days: how long it was watched.
        killers: by type; held: time that they held a target, by type [cells min].
        kills: of tumour cells by killers that were counted, without what macrophages ate.
    """

    days: float
    killers: dict[str, Watched]
    held: dict[str, float]
    kills: float


@dataclass(frozen=True)
class OfType:
    """Killers of one type.

    Attributes:
        killers: that recognise the tumour, at a time, of all runs [cells].
        contact, fitness, costimulated, exhaustion: as those of `MeasuredRates`; of the killers that hold a target.
        kills: rate that the mean field has for one that holds a target [1/d].
    """

    killers: float
    contact: Share
    fitness: Share
    costimulated: Share
    exhaustion: Share
    kills: float


@dataclass(frozen=True)
class MeasuredRates:
    """What was measured.

    Attributes:
        contact: share of its time that a killer among plenty of targets holds one.
        fitness: mean of the killers that hold a target; costimulated: of the T cells among them, None without any.
        by_type: the same of each type of killer that was there.
        kills: counted; killing: per killer that holds a target [1/d].
        realised: the same over what mean killers would kill of mean targets; None of an arm with a drug, which moves
            these and is not known here.
        samples: runs, or stretches of the one that there is; runs: how many; days: watched, of each run on average.
    """

    contact: Share
    fitness: Share
    costimulated: Share | None
    by_type: dict[str, OfType]
    kills: float
    killing: Share
    realised: Share | None
    samples: int
    runs: int
    days: float

    @property
    def numbers(self) -> dict[str, float]:
        """For `[knowledge]` of a course: coefficients by their place in the knowledge base."""
        told = {"contact": min(self.contact.value, 1.0), "fitness": self.fitness.value}
        if self.costimulated is not None:
            told["costimulated"] = self.costimulated.value
        if self.realised is not None and self.kills >= LEAST_KILLS:
            told["realised"] = self.realised.value
        return {f"immunity.adult.tumour.{key}": round(value, 4) for key, value in told.items()}


def measure(results: Sequence[Result], arm: str | None = None, since: float = 0.0) -> MeasuredRates:
    """Measure them.

    Args:
        results: runs of one tumour; of replicates and fields each counts by itself.
        arm: whose killers; left out, the first without a drug.
        since: rows before that time are left out [min].
    Raises:
        InputError: a run is not finished or holds no such arm, tumours differ, or too little was there to tell.
    """
    runs = [leaf for result in results for leaf in _leaves(result)]
    tumour = _tumour_of(runs)
    arms = [_arm_of(run, arm) for run in runs]
    tables = [_rows(run, chosen, since) for run, chosen in zip(runs, arms, strict=True)]
    samples = [_sample(table, 0, len(table["tick"]) - 1) for table in tables]
    days = float(np.mean([sample.days for sample in samples]))
    _require_enough(runs, samples)
    if len(runs) == 1:
        samples = list(_stretches(tables[0], runs[0]))
    library = of_patient(load_library(), runs[0].provenance["scenario"].get("knowledge", {}), tumour)
    found = _measured(samples, library, tumour, (len(runs), days))
    treated = any(chosen not in _untreated(run) for run, chosen in zip(runs, arms, strict=True))
    return replace(found, realised=None) if treated else found


def _leaves(result: Result) -> Iterator[Result]:
    if isinstance(result, Gathered):
        for part in result.parts.values():
            yield from _leaves(part)
    else:
        yield result


def _tumour_of(runs: Sequence[Result]) -> str:
    """The tumour that all runs are of, with the same numbers."""
    first = runs[0].provenance["scenario"]
    for run in runs[1:]:
        asked = run.provenance["scenario"]
        if asked["tissue"]["tumour"] != first["tissue"]["tumour"]:
            problem = f"is of {asked['tissue']['tumour']}, and {runs[0].path} of {first['tissue']['tumour']}."
            raise InputError(Fault(str(run.path), problem, "Measure each tumour by itself."))
        if asked.get("knowledge", {}) != first.get("knowledge", {}):
            problem = f"has other numbers in [knowledge] than {runs[0].path}."
            raise InputError(Fault(str(run.path), problem, "Measure each by itself."))
    return str(first["tissue"]["tumour"])


def _arm_of(run: Result, arm: str | None) -> str:
    if not run.complete:
        raise InputError(
            Fault(str(run.path), "is not finished.", f"Go on with it: opsonin resume {run.path}")
        )
    if arm is not None:
        if arm not in run.arms:
            raise InputError(Fault(str(run.path), f"there is no arm '{arm}'.", did_you_mean(arm, run.arms)))
        return arm
    untreated = _untreated(run)
    if not untreated:
        fix = "Name one with --arm, if its drugs change neither contact nor fitness."
        raise InputError(Fault(str(run.path), "has no arm without a drug.", fix))
    return untreated[0]


def _untreated(run: Result) -> list[str]:
    return [str(one["name"]) for one in run.provenance["scenario"]["arm"] if not one.get("dose")]


def _rows(run: Result, arm: str, since: float) -> Columns:
    table = run.joined(arm, OBSERVABLES)
    if f"{T_CELL}_{HOLDING}" not in table:
        problem = "does not tell which killers hold a target: it was made by an opsonin that did not look."
        fix = f"Run it anew: opsonin run {run.path} -o NEW_FOLDER"
        raise InputError(Fault(str(run.path), problem, fix))
    later = table["tick"] >= since * TICKS_PER_MINUTE
    if np.count_nonzero(later) < LEAST_ROWS:
        problem = f"holds {np.count_nonzero(later)} rows of that time; at least {LEAST_ROWS} are needed."
        raise InputError(Fault(str(run.path), problem, "Run it for longer, or take more of its time."))
    return {name: values[later] for name, values in table.items()}


def _sample(table: Columns, first: int, last: int) -> Sample:
    """The rows from `first` to `last`, both included."""
    rows = slice(first, last + 1)
    times = table["tick"][rows] / TICKS_PER_MINUTE
    killers = {
        kind: Watched(
            table[f"{kind}_{REACTIVE}"][rows],
            table[f"{kind}_{HOLDING}"][rows],
            table[f"{TUMOUR_CELL}_count"][rows],
            {name: table[f"{kind}_{name}"][rows] for name in _MEANS},
        )
        for kind in KILLERS
        if table.get(f"{kind}_{REACTIVE}", np.zeros(1)).any()
    }
    held = {kind: float(np.trapezoid(of.holding, times)) for kind, of in killers.items()}
    lytic = table["kills"] - table["eaten"]
    days = float(times[-1] - times[0]) / MINUTES_PER_DAY
    return Sample(days, killers, held, float(lytic[last] - lytic[first]))


def _stretches(table: Columns, run: Result) -> Iterator[Sample]:
    """The time of one run in pieces of the same length, each with the row in which the next begins."""
    count = min(MOST_STRETCHES, (len(table["tick"]) - 1) // LEAST_ROWS)
    if count < 2:
        problem = f"is one run with {len(table['tick'])} rows, which leaves no stretches to compare."
        fix = "Add replicates, run it for longer, or take more of its time."
        raise InputError(Fault(str(run.path), problem, fix))
    edges = np.linspace(0, len(table["tick"]) - 1, count + 1).round().astype(int)
    for first, last in pairwise(edges.tolist()):
        yield _sample(table, first, last)


def _require_enough(runs: Sequence[Result], samples: Sequence[Sample]) -> None:
    where = str(runs[0].path) if len(runs) == 1 else f"{len(runs)} runs"
    targets = sum(float(of.targets.sum()) for sample in samples for of in sample.killers.values())
    killers = sum(_number(samples, kind) for kind in KILLERS)
    if not any(sample.killers for sample in samples):
        raise InputError(Fault(where, "hold no killers that recognise the tumour.", "Take other runs."))
    if targets == 0.0:
        raise InputError(Fault(where, "hold no tumour cells.", "Take other runs."))
    if killers < LEAST_KILLERS:
        problem = (
            f"hold {killers:.3g} killers that recognise the tumour at a time, fewer than {LEAST_KILLERS:g}."
        )
        raise InputError(Fault(where, problem, "Add replicates or fields."))
    if not any(sum(sample.held.values()) for sample in samples):
        raise InputError(Fault(where, "hold no killer that ever held a tumour cell.", "Take other runs."))


def _number(samples: Sequence[Sample], kind: str) -> float:
    """Killers of a type at a time, of all samples together."""
    return sum(float(s.killers[kind].reactive.mean()) for s in samples if kind in s.killers)


def _measured(
    samples: Sequence[Sample], library: Library, tumour: str, runs: tuple[int, float]
) -> MeasuredRates:
    held = [kind for kind in KILLERS if sum(sample.held.get(kind, 0.0) for sample in samples) > 0.0]
    by_type = {kind: _of_type(samples, kind, library, tumour, runs[0]) for kind in held}
    each = [list(sample.killers.values()) for sample in samples]
    counted = [sample.kills for sample in samples]
    times = [sum(sample.held.values()) / MINUTES_PER_DAY for sample in samples]
    expected = [
        sum(time / MINUTES_PER_DAY * by_type[kind].kills for kind, time in sample.held.items() if time > 0.0)
        for sample in samples
    ]
    return MeasuredRates(
        contact=contact(each),
        fitness=mean_of(each, FITNESS),
        costimulated=by_type[T_CELL].costimulated if T_CELL in by_type else None,
        by_type=by_type,
        kills=sum(counted),
        killing=ratio(counted, times),
        realised=ratio(counted, expected),
        samples=len(samples),
        runs=runs[0],
        days=runs[1],
    )


def _of_type(samples: Sequence[Sample], kind: str, library: Library, tumour: str, runs: int) -> OfType:
    own = [[sample.killers[kind]] for sample in samples if kind in sample.killers]
    fitness, helped, tired = (mean_of(own, name) for name in _MEANS)
    kills = kills_of_one(library, tumour, kind, fitness.value, helped.value, tired.value)
    killers = _number(samples, kind) * runs / len(samples)
    return OfType(killers, contact(own), fitness, helped, tired, kills * MINUTES_PER_DAY)
