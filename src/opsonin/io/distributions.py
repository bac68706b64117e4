"""A distribution as a file writes it, brought to plain numbers in one unit; what cannot be is refused in words.

Its keys are in `model/population.py`.
"""

from __future__ import annotations

import math

from opsonin.core.units import UnitError, to_unit
from opsonin.io.check import Draft
from opsonin.io.locate import KeyPath
from opsonin.model.population import Distribution
from opsonin.model.varied import Known, Marginal, share_between

_BOUNDS_95 = 2.0 * 1.959963984540054  # standard deviations that hold 95 % of a normal distribution
_LEAST_SHARE = 1e-6  # of a distribution that may be left when its tails are cut off


def marginal_of(
    draft: Draft, path: KeyPath, asked: Distribution, unit: str, known: Known | None = None
) -> Marginal | None:
    """A distribution in plain numbers; None, with a fault noted, where it cannot be read.

    Args:
        path: where it is written; unit: that its numbers are brought to.
        known: whose value is the middle where none is written.
    """
    before = len(draft.faults)
    low, high = -math.inf, math.inf
    middle = spread = 0.0
    match asked.distribution:
        case "fixed":
            low = high = _given(draft, (*path, "value"), unit)
        case "uniform" | "loguniform":
            low, high = _range(draft, path, unit)
        case "lognormal" if asked.range is not None:
            first, last = _range(draft, path, unit)
            if first > 0.0:
                middle, spread = math.sqrt(first * last), math.log(last / first) / _BOUNDS_95
        case "lognormal":
            middle = _middle(draft, (*path, "median"), known, unit)
            spread = math.sqrt(math.log1p((asked.cv or 0.0) ** 2))
        case _:
            middle = _middle(draft, (*path, "mean"), known, unit)
            spread = (
                (asked.cv or 0.0) * abs(middle) if asked.sd is None else _given(draft, (*path, "sd"), unit)
            )
    if asked.distribution in ("normal", "lognormal"):
        low = low if asked.least is None else _given(draft, (*path, "least"), unit)
        high = high if asked.most is None else _given(draft, (*path, "most"), unit)
    if len(draft.faults) > before:
        return None
    found = Marginal(asked.distribution, middle, spread, low, high, unit)
    _check_marginal(draft, path, found)
    return found if len(draft.faults) == before else None


def _check_marginal(draft: Draft, path: KeyPath, found: Marginal) -> None:
    first = found.middle if found.kind == "lognormal" else found.low
    if found.kind in ("lognormal", "loguniform") and not first > 0.0:
        draft.fault(path, f"a {found.kind} distribution is of numbers above 0, not {first:g}")
    elif found.kind in ("normal", "lognormal") and not found.spread > 0.0:
        draft.fault(path, "its spread is not above 0", 'Write distribution = "fixed" of what does not vary.')
    elif found.kind != "fixed" and not found.low < found.high:
        what = "least" if found.kind in ("normal", "lognormal") else "the first of range"
        draft.fault(path, f"{what}, {found.low:g}, is not below {found.high:g} {found.unit}".rstrip())
    elif share_between(found, found.low, found.high) < _LEAST_SHARE:
        problem = f"nearly nobody is between {found.low:g} and {found.high:g} {found.unit}".rstrip()
        draft.fault(path, problem, "Move least and most, or the middle.")


def _range(draft: Draft, path: KeyPath, unit: str) -> tuple[float, float]:
    first, last = (_given(draft, (*path, "range", number), unit) for number in (0, 1))
    if first >= last:
        draft.fault((*path, "range"), f"range {draft.shown(*path, 'range')} does not go upwards")
    return first, last


def _middle(draft: Draft, path: KeyPath, known: Known | None, unit: str) -> float:
    if draft.get(*path) is not None:
        return _given(draft, path, unit)
    if known is None:
        draft.fault(path[:-1], f"the key '{path[-1]}' is missing", "Nothing else says what it is here.")
        return math.nan
    return known.value


def _given(draft: Draft, path: KeyPath, unit: str) -> float:
    found = number_in(draft, path, unit)
    return math.nan if found is None else found


def number_in(draft: Draft, path: KeyPath, unit: str) -> float | None:
    """A number in `unit`; None, with a fault noted, of anything else."""
    try:
        return to_unit(draft.get(*path), unit)
    except UnitError as error:
        key = next(str(part) for part in reversed(path) if isinstance(part, str))
        fix = f'Write it in quotes with its unit, one that converts to "{unit}".' if unit else ""
        draft.fault(path, f"{key}: {error}", fix)
        return None
