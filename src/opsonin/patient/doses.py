"""What doses do to the patient's model, and when: amounts that are added, rates of infusion that are set.

Doses are resolved here, in mg and min; how people write them is in `model/dosing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from opsonin.model.drugs import Drug
from opsonin.patient.drug_part import Names


@dataclass(frozen=True, order=True)
class Given:
    """One dose as it is given.

    Attributes:
        time: [min] since the start, when it begins.
        drug: entry of the knowledge base.
        amount: [mg] in all.
        lasting: [min] over which it flows in evenly; 0 where it is given at once.
    """

    time: float
    drug: str
    amount: float
    lasting: float = 0.0


@dataclass(frozen=True)
class Change:
    """What changes at a time.

    Attributes:
        time: [min].
        added: amounts by what they are added to [mg].
        rates: rates of infusion from then on, by input [mg/min].
    """

    time: float
    added: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)


def changes(given: Iterable[Given], drugs: Mapping[str, Drug]) -> tuple[Change, ...]:
    """All that doses change, in time; what is given at one time adds up, in whatever order it is listed.

    Args:
        given: doses of drugs whose kinetics are known.
        drugs: the knowledge base's.
    """
    doses = sorted(given)
    times = {dose.time for dose in doses}
    times |= {dose.time + dose.lasting for dose in doses}
    running: dict[str, float] = {}
    made = []
    for time in sorted(times):
        added: dict[str, float] = {}
        for dose in (dose for dose in doses if dose.time == time and not dose.lasting):
            entry = _entry(drugs[dose.drug])
            added[entry] = added.get(entry, 0.0) + dose.amount
        now = _rates(doses, time)
        rates = {
            name: now.get(name, 0.0) for name in {*running, *now} if now.get(name, 0.0) != running.get(name)
        }
        running = {**dict.fromkeys(running, 0.0), **now}
        made.append(Change(time, added, rates))
    return tuple(made)


def given_by(doses: Iterable[Given], time: float) -> dict[str, float]:
    """Amount [mg] of each drug that has been given up to `time` [min]."""
    total: dict[str, float] = {}
    for dose in sorted(doses):
        since = time - dose.time
        if since >= 0.0:
            share = min(since / dose.lasting, 1.0) if dose.lasting else 1.0
            total[dose.drug] = total.get(dose.drug, 0.0) + dose.amount * share
    return total


def _rates(doses: Iterable[Given], time: float) -> dict[str, float]:
    """Rates of all infusions that run from `time` on, summed anew so that nothing is left of those that ended."""
    rates: dict[str, float] = {}
    for dose in doses:
        if dose.lasting and dose.time <= time < dose.time + dose.lasting:
            name = Names(dose.drug).infusion
            rates[name] = rates.get(name, 0.0) + dose.amount / dose.lasting
    return rates


def _entry(drug: Drug) -> str:
    assert drug.kinetics is not None  # only drugs with kinetics are given to a patient
    return Names(drug.name).entry(drug.kinetics)
