"""What a drug at full effect does to the molecules of a cell type: how far each moves, and by which way.

By what the drug shifts and blocks itself, and by the regulators that it moves. Every sign comes from an entry: folds of
the drug's effects and of the `shifts` of molecules. What this does to a contact is `observe/encounter.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from opsonin.knowledge.followed import followed
from opsonin.knowledge.library import Library
from opsonin.knowledge.regulators import regulators_first
from opsonin.laws.expression import regulated_fold
from opsonin.laws.response import fold_change, fold_change_of_lack
from opsonin.model.drugs import Blocks, Drug, Shifts, Supplies
from opsonin.model.knowledge import Shift

_STILL = 1e-9  # a logarithm of a fold that is no more than rounding
_LEAST = 1e-6  # fold that one of nothing counts as, so that its logarithm is finite


@dataclass(frozen=True)
class Move:
    """What comes of a molecule of one cell type.

    Attributes:
        fold: factor on its level [-]; free: share of it that the drug does not hold [-].
        path: by which way, in words: "lowers YY1, which holds Fas down".
    """

    fold: float
    free: float
    path: str


def carried(library: Library, tumour: str, cell: str) -> dict[str, float]:
    """Resting levels [molecules] of the followed molecules that a type carries in this tumour."""
    known = followed(library)
    levels = library.cells[cell].expresses | library.tumours[tumour].expresses.get(cell, {})
    return {name: levels[name].value for name in sorted(levels) if name in known and levels[name].value > 0.0}


def moves(library: Library, drug: Drug, carried: Mapping[str, float]) -> dict[str, Move]:
    """The molecules that the drug moves on cells that carry these, each after its regulators.

    Signals from outside, interferon among them, stay as they are unless the drug is one; a regulator acts by its
    level, whether or not a drug holds it, as in the tissue.
    """
    found: dict[str, Move] = {}
    held = {effect.blocks for effect in drug.effects if isinstance(effect, Blocks)}
    for name in regulators_first(library, carried):
        if name not in carried:
            continue
        causes = [
            *_own(drug, name, carried),
            *_by_supply(library, drug, name),
            *_by_regulators(library, name, found),
        ]
        total = sum(log for log, _ in causes)
        free = 0.0 if name in held else 1.0
        if name in held:
            found[name] = Move(math.exp(total), free, f"blocks {name}")
        elif abs(total) > _STILL:
            _, path = max(causes, key=lambda cause: cause[0] * math.copysign(1.0, total))
            found[name] = Move(math.exp(total), free, path)
    return found


def _own(drug: Drug, name: str, carried: Mapping[str, float]) -> list[tuple[float, str]]:
    """(logarithm of the fold, in words) of the effects that shift this molecule itself."""
    return [
        (_log(effect.fold_max.value), f"{'raises' if effect.fold_max.value > 1.0 else 'lowers'} {name}")
        for effect in drug.effects
        if isinstance(effect, Shifts)
        and effect.shifts == name
        and (effect.on is None or effect.on in carried)
        and effect.fold_max.value != 1.0
    ]


def _by_supply(library: Library, drug: Drug, name: str) -> list[tuple[float, str]]:
    """The same of every substrate that the drug is, plenty of it."""
    supplied = {effect.supplies for effect in drug.effects if isinstance(effect, Supplies)}
    return [
        (
            _log(shift.fold_max.value),
            f"{'raises' if shift.fold_max.value > 1.0 else 'lowers'} {name} as {shift.by}",
        )
        for shift in library.molecules[name].shifts
        if shift.by in supplied and shift.when == "high" and shift.fold_max.value != 1.0
    ]


def _by_regulators(library: Library, name: str, moved: Mapping[str, Move]) -> list[tuple[float, str]]:
    """The same of every regulator that has moved."""
    found = []
    for shift in library.molecules[name].shifts:
        regulator = moved.get(shift.by)
        log = 0.0 if regulator is None else _log(_passed_on(shift, regulator.fold))
        if regulator is not None and abs(log) > _STILL:
            found.append((log, f"{regulator.path}, which {_verb(regulator.fold > 1.0, log > 0.0, name)}"))
    return found


def _passed_on(shift: Shift, level: float) -> float:
    """Factor that a regulator at `level` resting levels puts on what it regulates."""
    numbers = shift.fold_max.value, shift.half.value, shift.hill.value
    answer = fold_change_of_lack if shift.when == "low" else fold_change
    at_rest, now = (float(answer(numbers[0], seen, *numbers[1:])) for seen in (1.0, level))
    return float(regulated_fold(now, at_rest))


def _log(fold: float) -> float:
    return math.log(max(fold, _LEAST))


def _verb(regulator_up: bool, up: bool, name: str) -> str:
    """What a regulator that rises or falls does to a molecule that rises or falls."""
    if regulator_up:
        return f"raises {name}" if up else f"lowers {name}"
    return f"holds {name} down" if up else f"keeps {name} up"
