"""Untreated arms that do not grow as the burn-in was balanced for: what others are compared with is then in doubt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from opsonin.report import growth, words
from opsonin.report.curves import Curve
from opsonin.report.stored import StoredResult
from opsonin.store.gathered import Gathered

# Told beyond so many standard errors of numbers of chance events, and this share of the rate that was balanced for.
_ERRORS, _SHARE = 2.0, 0.5


def sentences(result: StoredResult, lines: Sequence[Curve], untreated: Collection[str]) -> list[str]:
    """One for each arm of `untreated` whose growth is not that of the burn-in, by more than chance gives."""
    wanted = list(_balanced_for(result))
    known = {curve.name: curve for curve in lines}
    if not wanted or growth.BURDEN not in known:
        return []
    expected, told = float(np.mean(wanted)), []
    for arm, each in growth.courses(known[growth.BURDEN]).items():
        rate = float(np.mean([one.rate for one in each]))
        error = growth.chance(known, arm, len(each))
        off = abs(rate - expected)
        if arm in untreated and off > _ERRORS * error and off > _SHARE * abs(expected):
            told.append(_told(arm, rate, expected, _ERRORS * error))
    return told


def _told(arm: str, rate: float, expected: float, error: float) -> str:
    grew = "grew" if rate > 0.0 else "shrank"
    return (
        f"{arm}, untreated, {grew} by {words.number(abs(rate))} per day, where the burn-in was balanced for growth by "
        f"{words.number(expected)}; chance gives {words.number(error)} either way. What takes or feeds its cells "
        "changed after time 0 (killing, oxygen, crowding: see the curves): read the other arms against this one."
    )


def _balanced_for(result: StoredResult) -> Iterator[float]:
    """Growth that each tissue was balanced for [1/d]; none of cells in medium."""
    if isinstance(result, Gathered):
        for part in result.parts.values():
            yield from _balanced_for(part)
    elif result.start:
        yield float(result.start["growth"])
