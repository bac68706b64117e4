"""The patient around a tissue: blood, node and clones, carried on from interval to interval.

Explicit, of first order in the interval: over one of them the tissue sees the patient of its beginning; what it did
then, scaled to the whole tumour, is what the patient's model is given as rates for the same time. So either gives what
the other gets. How the model is made is in `patient/`; how tissue and drugs meet in `coupling.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.engine.at_rest import share_of, untreated_of
from opsonin.engine.compile import Plan
from opsonin.engine.regimens import Course
from opsonin.laws.trafficking import recruited_from
from opsonin.model.dosing import Given, instant
from opsonin.model.tables import TUMOUR
from opsonin.patient.blood_part import in_body
from opsonin.patient.body import ADULT, Body
from opsonin.patient.clone_part import BURDEN
from opsonin.patient.doses import Change
from opsonin.patient.integrate import Integrator, loaded
from opsonin.patient.model import PatientModel
from opsonin.patient.node_part import clones
from opsonin.patient.tumour_part import KILLERS, T_CELL, in_tumour
from opsonin.patient.window_part import (
    ARRIVING,
    BROUGHT,
    DIVIDING,
    DYING,
    LEAVING,
    Untreated,
    given,
    groups_of,
)
from opsonin.store.segments import Segment
from opsonin.tissue import accounts
from opsonin.tissue import tissue as booked
from opsonin.tissue.tissue import REACTIVE, Tissue

_RATES = (
    (ARRIVING, booked.ARRIVED),
    (LEAVING, booked.LEFT),
    (DYING, booked.DIED),
    (DIVIDING, booked.DIVIDED),
    (BROUGHT, booked.BROUGHT),
)


@dataclass
class Systemic:
    """The patient of one arm, at `tick`.

    Attributes:
        untreated: what the tissue does before treatment; stands_for: cells that each cell of the window stands for at
            weight 1 [-].
        state: what the model carries, by name; what a drug adds to it is there once that drug is given.
        told: by column of the patient's table, what was told last.
    """

    plan: Plan
    course: Course
    untreated: Untreated
    stands_for: float
    tick: int = 0
    state: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    _rows: list[tuple[int, list[float]]] = field(default_factory=list)
    _models: dict[tuple[str, ...], PatientModel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._doses = [
            Given(dose.time, course.drug.name, dose.amount)
            for course in self.course.regimen.drugs
            if course.drug.kinetics is not None
            for dose in course.doses
        ]
        first = self._model(0.0)
        self._rest: dict[str, float] = {amount.name: amount.initial for amount in first.parts.amounts}
        self.columns = {output.column: output.name for output in self._model(math.inf).outputs}
        if not self.state:
            self.state = dict(self._rest)
            self._tell(self._carried(first, 0.0, {}, ()))

    def due(self, tick: int) -> bool:
        """Whether tissue and patient hear of each other at `tick`."""
        return tick % self.plan.interval == 0 or tick == self.plan.duration

    def act(self, tissue: Tissue) -> None:
        """Let the tissue see the patient as it is now, and open the accounts of what it does."""
        asked = self.plan.scenario.patient
        if asked is not None and not asked.frozen:
            tissue.called = np.array([self._called(tissue, source.kind) for source in tissue.arrivals])
        accounts.begin(tissue)

    def follow(self, tissue: Tissue, tick: int) -> None:
        """Carry the patient on to `tick` with what the tissue has done since."""
        duration = minutes(tick - self.tick)
        rates = self.rates(tissue, duration)
        model = self._model(minutes(tick))
        for amount in model.parts.amounts:
            self.state.setdefault(amount.name, amount.initial)
        try:
            found = self._carried(model, duration, rates, self._changes(model, tick))
        except RunError as error:
            raise self._failed(error, tick) from error
        self.tick = tick
        self._tell(found)
        self._take_counts(tissue)

    def rows(self) -> dict[str, Any]:
        """The patient's table since it was asked for last: 'tick' and its columns."""
        rows, self._rows = self._rows, []
        values = np.array([row for _, row in rows], float).reshape(-1, len(self.columns))
        told: dict[str, Any] = {"tick": np.array([tick for tick, _ in rows], np.int64)}
        return told | {column: values[:, k].copy() for k, column in enumerate(self.columns)}

    def freeze(self) -> dict[str, Any]:
        """Everything that changes, and what it was scaled by, as arrays."""
        groups, of = sorted(self.untreated.arriving), self.untreated
        numbers = [[of.cells[g], of.arriving[g], of.leaving[g]] for g in groups]
        return {
            "patient.names": np.array(list(self.state)),
            "patient.state": np.array(list(self.state.values()), np.float64),
            "patient.columns": np.array(list(self.told)),
            "patient.told": np.array(list(self.told.values()), np.float64),
            "patient.groups": np.array(groups, np.str_),
            "patient.untreated": np.array(numbers, np.float64).reshape(-1, 3),
            "patient.tumour": np.array([of.cells[BURDEN], of.dying, self.stands_for]),
        }

    def _tell(self, found: dict[str, float]) -> None:
        """What the columns are now; of a drug that is not given yet there is nothing."""
        self.told = {column: found.get(name, 0.0) for column, name in self.columns.items()}
        self._rows.append((self.tick, list(self.told.values())))

    def _model(self, until: float) -> PatientModel:
        """The patient with all drugs that are given before a time [min].

        One that is given later must not change a bit of what comes before, for a branch may add it.
        """
        names = {dose.drug for dose in self._doses if dose.time < instant(until)}
        drugs = (course.drug for course in self.course.regimen.drugs if course.drug.name in names)
        model = PatientModel.of(
            drugs, Body(self.plan.library, self.plan.tumour.name, untreated=self.untreated)
        )
        return self._models.setdefault(tuple(drug.name for drug in model.drugs), model)

    def _carried(
        self, model: PatientModel, duration: float, rates: dict[str, float], changes: Any
    ) -> dict[str, float]:
        """All that the model has by name after a `duration` [min]; its amounts become the state."""
        amounts = [amount.name for amount in model.parts.amounts]
        names = [*amounts, *(output.name for output in model.outputs)]
        times = [0.0, duration] if duration else [0.0]
        state = {name: self.state[name] for name in amounts}
        found = dict(
            zip(names, _loaded(model).run(names, times, changes, state | rates).values[-1], strict=True)
        )
        found = {name: float(value) for name, value in found.items()}
        self.state |= {name: found[name] for name in amounts}
        return found

    def _changes(self, model: PatientModel, tick: int) -> list[Change]:
        """What doses do from now up to `tick`; one at `tick` counts in what follows."""
        begin, end = instant(minutes(self.tick)), instant(minutes(tick))
        doses = [dose for dose in self._doses if begin <= dose.time < end]
        return [replace(change, time=change.time - begin) for change in model.changes(doses)]

    def rates(self, tissue: Tissue, duration: float) -> dict[str, float]:
        """What the tissue did in a `duration` [min], as inputs of the model: for the whole tumour [cells/min]."""
        assert tissue.accounts is not None  # opened by `act`
        passed = tissue.accounts.passed * (self.stands_for / duration)
        tumour = tissue.tables.types[:, TUMOUR] > 0.0
        rates = {
            given(BURDEN, what): float(passed[tumour, :, row].sum())
            for what, row in _RATES
            if what not in (ARRIVING, LEAVING)
        }
        for killer in KILLERS:
            cells = _of_killers(tissue, passed, killer)
            for group in self._groups(killer):
                for what, row in _RATES:
                    share = (
                        self._share_of_newcomers(group) if what == ARRIVING else self._share(killer, group)
                    )
                    rates[given(group, what)] = float(cells[row] * share)
        return rates

    def _take_counts(self, tissue: Tissue) -> None:
        """The cells of the tumour are those of the tissue: no rounding of the integrator may add up."""
        assert tissue.accounts is not None
        live, tumour = tissue.accounts.live, tissue.tables.types[:, TUMOUR] > 0.0
        self.state[BURDEN] = self.stands_for * float(live[tumour].sum())
        for killer in KILLERS:
            cells = self.stands_for * float(_of_killers(tissue, live, killer))
            shares = {group: self._share(killer, group) for group in self._groups(killer)}
            self.state |= {in_tumour(group): cells * share for group, share in shares.items()}

    def _groups(self, killer: str) -> list[str]:
        immunity = self.plan.library.immunity[ADULT]
        return [group for group in groups_of(immunity, killer) if group in self.untreated.arriving]

    def _share(self, killer: str, group: str) -> float:
        """Of the killers of a type in the tumour, how many are of a group [-]; where there are none, as at rest."""
        for cells in (self.state, self._rest):
            each = {name: cells[in_tumour(name)] for name in self._groups(killer)}
            if total := sum(each.values()):
                return each[group] / total
        return 1.0 / len(self._groups(killer))

    def _share_of_newcomers(self, group: str) -> float:
        """Of those of its type that come now, how many are of a group [-]."""
        calling = self._calling()
        return calling[group] / (sum(calling.values()) or 1.0) if group in calling else 1.0

    def _calling(self) -> dict[str, float]:
        """By antigen, its share of tumour-reactive newcomers at rest, times what there is of its clones [-]."""
        immunity = self.plan.library.immunity[ADULT]
        return {name: share_of(immunity, name) * self._recruited(clones(name)) for name in immunity.antigens}

    def _recruited(self, name: str) -> float:
        return float(recruited_from(self.state[name], self._rest[name]))

    def _called(self, tissue: Tissue, kind: int) -> Any:
        """(3,) arrivals of a type over those before treatment, by receptor state; 1 where blood tells nothing."""
        cell, called = tissue.species.cells[kind], np.ones(3)
        for name, lineage in self.plan.library.immunity[ADULT].blood.items():
            if cell in (lineage.cell, *lineage.becomes):
                called[:] = self._recruited(in_body(name))
        if cell == T_CELL:
            called[REACTIVE] = sum(self._calling().values())
        return called

    def _failed(self, error: RunError, tick: int) -> RunError:
        when = minutes(self.tick) / MINUTES_PER_DAY
        where = f"arm '{self.course.name}', patient from day {when:g} to {minutes(tick) / MINUTES_PER_DAY:g}"
        stands = f"One cell of this tissue stands for {self.stands_for:.3g} of the tumour."
        fix = "A larger tissue, a smaller immunity.adult.tumour.burden or a shorter interval takes less at once."
        return RunError(*(Fault(where, f"{f.where}: {f.problem} {stands}", fix) for f in error.faults))


def begun(plan: Plan, course: Course, tissue: Tissue) -> Systemic:
    """The patient at time 0.

    Raises:
        RunError: the tissue has no tumour cell, or leaves no patient at rest. HostError: the extra is missing.
    """
    return Systemic(plan, course, *untreated_of(plan, tissue))


def thawed(plan: Plan, course: Course, frozen: dict[str, Any], tick: int) -> Systemic:
    """The patient as it was stored at `tick`."""
    cells, dying, stands_for = (float(value) for value in frozen["patient.tumour"])
    rows = dict(zip(frozen["patient.groups"].tolist(), frozen["patient.untreated"].tolist(), strict=True))
    untreated = Untreated(
        {BURDEN: cells} | {group: row[0] for group, row in rows.items()},
        dying,
        {group: row[1] for group, row in rows.items()},
        {group: row[2] for group, row in rows.items()},
    )
    return Systemic(
        plan,
        course,
        untreated,
        stands_for,
        tick,
        dict(zip(frozen["patient.names"].tolist(), frozen["patient.state"].tolist(), strict=True)),
        dict(zip(frozen["patient.columns"].tolist(), frozen["patient.told"].tolist(), strict=True)),
    )


def _loaded(model: PatientModel) -> Integrator:
    return loaded(model.sbml, "patient's model")


def _of_killers(tissue: Tissue, values: Any, killer: str) -> Any:
    """What is counted by type and receptor, of those that recognise the tumour: T cells by theirs, NK cells all."""
    own = values[tissue.species.cells.index(killer)]
    return own[1] if killer == T_CELL else own.sum(axis=0)


def adopted(plan: Plan, course: Course, segment: Segment) -> Segment:
    """A segment of the arm that a branch leaves, as the branch itself would have stored it."""
    patient = thawed(plan, course, segment.checkpoint, segment.tick)
    none = np.zeros(len(segment.patient["tick"]))
    rows = {column: segment.patient.get(column, none) for column in ("tick", *patient.columns)}
    patient.told = {column: patient.told.get(column, 0.0) for column in patient.columns}
    return replace(segment, patient=rows, checkpoint=segment.checkpoint | patient.freeze())
