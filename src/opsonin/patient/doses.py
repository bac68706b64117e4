"""What doses do to a patient's model, and when: amounts that are added, rates of infusion that are set.

Doses are resolved here, in mg and min; how people write them is in `model/dosing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from opsonin.model.dosing import Given


@dataclass(frozen=True)
class Entries:
    """Where doses of a drug enter a model.

    Attributes:
        amount: to which a dose at once is added.
        rate: that an infusion sets.
        per_mg: what a mg is in `amount`; per_mg_min: what a mg/min is in `rate`.
    """

    amount: str
    rate: str
    per_mg: float = 1.0
    per_mg_min: float = 1.0


@dataclass(frozen=True)
class Change:
    """What changes at a time.

    Attributes:
        time: of the model, in ours [min].
        added: amounts by what they are added to, in ours [mg].
        rates: rates of infusion from then on, by what they set, in ours [mg/min].
    """

    time: float
    added: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)


def changes(given: Iterable[Given], entries: Mapping[str, Entries]) -> tuple[Change, ...]:
    """All that doses change, in time [min]; what is given at one time adds up, in whatever order it is listed.

    Args:
        given: doses of any drugs.
        entries: of each of them.
    """
    doses = sorted(given)
    infused = [dose for dose in doses if dose.end > dose.time]
    times = {dose.time for dose in doses} | {dose.end for dose in infused}
    added: dict[float, dict[str, float]] = {time: {} for time in times}
    for dose in doses:
        if dose.end == dose.time:
            entry, at = entries[dose.drug], added[dose.time]
            at[entry.amount] = at.get(entry.amount, 0.0) + dose.amount * entry.per_mg
    running: dict[str, float] = {}
    made = []
    for time in sorted(times):
        now = dict.fromkeys(running, 0.0) | _rates(infused, time, entries)
        rates = {name: rate for name, rate in now.items() if rate != running.get(name)}
        made.append(Change(time, added[time], rates))
        running = now
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


def _rates(infused: Iterable[Given], time: float, entries: Mapping[str, Entries]) -> dict[str, float]:
    """Rates of all infusions that run from `time` on, summed anew so that nothing is left of those that ended."""
    rates: dict[str, float] = {}
    for dose in infused:
        if dose.time <= time < dose.end:
            entry = entries[dose.drug]
            rates[entry.rate] = (
                rates.get(entry.rate, 0.0) + dose.amount / (dose.end - dose.time) * entry.per_mg_min
            )
    return rates
