"""Checks of doses that keep to the steps: concentrations held in the tissue, and fractions of radiation.

Drugs act from one coupling step to the next: what begins or ends between two would be lost, or last longer than asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opsonin.core.schedule import ticks
from opsonin.core.units import UnitError
from opsonin.io.wording import spelled
from opsonin.model.amounts import ABSORBED, HELD, read_amount
from opsonin.model.scenario import MOST_DOSES

if TYPE_CHECKING:
    from opsonin.io.check import Draft
    from opsonin.io.locate import KeyPath

_TIMED = ("at", "every", "lasting")


def check_held(draft: Draft, step: float | None) -> None:
    """Note every held concentration or fraction that misses the coupling steps of `step` [min], and overlaps."""
    held = [path for path in draft.doses() if _kind(draft, path) == HELD]
    for path in held:
        _check_repeats(draft, path)
    if step is not None:
        for path in draft.doses():
            if _kind(draft, path) in (HELD, ABSORBED):
                _check_steps(draft, path, step)
    for arm in range(draft.size("arm")):
        _check_overlaps(draft, [path for path in held if path[1] == arm])


def _kind(draft: Draft, path: KeyPath) -> str:
    try:
        return read_amount(draft.text(*path, "amount") or "")[1]
    except ValueError:
        return ""


def _check_steps(draft: Draft, path: KeyPath, step: float) -> None:
    for key in _TIMED:
        value = _whole(draft, (*path, key))
        if value is None or ticks(value) % ticks(step) == 0:
            continue
        least = 0 if key == "at" else 1
        nearest = max(least, round(value / step)) * step
        problem = f"{key} {draft.shown(*path, key)} is not a whole number of coupling steps of {step:g} min"
        draft.fault((*path, key), problem, f'The nearest allowed is "{spelled(nearest)}".')


def _check_repeats(draft: Draft, path: KeyPath) -> None:
    lasting, every = (draft.value("min", *path, key) for key in ("lasting", "every"))
    if lasting is not None and every is not None and 0.0 < every < lasting:
        shown = f"lasting {draft.shown(*path, 'lasting')} is longer than every {draft.shown(*path, 'every')}"
        problem = f"{shown}: the concentration is held while the one before still is"
        draft.fault((*path, "lasting"), problem, f"At most {draft.shown(*path, 'every')}.")


def _check_overlaps(draft: Draft, paths: list[KeyPath]) -> None:
    """Note each dose that holds its drug while another one does."""
    spans: dict[str, list[tuple[float, float, KeyPath]]] = {}
    for path in paths:
        spans.setdefault(draft.text(*path, "drug") or "", []).extend(_spans(draft, path))
    for drug, found in spans.items():
        told: set[KeyPath] = set()
        (_, latest, holder), *others = sorted(found) or [(0.0, 0.0, ())]
        for begin, end, path in others:
            if begin < latest and path != holder and path not in told:
                told.add(path)
                problem = f"{drug} is still held by dose {int(holder[-1]) + 1} at {spelled(begin)}"
                draft.fault((*path, "amount"), problem, "Give one concentration at a time.")
            if end > latest:
                latest, holder = end, path


def _spans(draft: Draft, path: KeyPath) -> Iterator[tuple[float, float, KeyPath]]:
    """(begin, end, path) of every time that a dose is held."""
    at, every, until, lasting = (
        draft.value("min", *path, key) for key in ("at", "every", "until", "lasting")
    )
    duration = draft.value("min", "scenario", "duration")
    if lasting is None or duration is None:
        return
    begin, last = at or 0.0, min(duration, until if until is not None else duration)
    count = int((last - begin) / every + 1e-9) + 1 if every else 1
    for number in range(min(max(count, 1), MOST_DOSES)):
        start = begin + number * (every or 0.0)
        yield start, start + lasting, path


def _whole(draft: Draft, path: KeyPath) -> float | None:
    """Minutes at a key path that are whole seconds; None for what is refused elsewhere."""
    try:
        value = draft.value("min", *path)
        return value if value is not None and ticks(value) > 0 else None
    except (UnitError, ValueError):
        return None
