"""Doses that are held or reduced by rule: each is asked just before it is given, with what is known of the patient.

Rules are written in `model/dosing.py`; how the patient is followed is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from opsonin.model.dosing import Given, Rule

Before = Callable[[float], Mapping[str, float]]
"""Time [min] of a dose -> what was watched just before it."""


def ruled(
    doses: Sequence[Given], rules: Sequence[Rule], follow: Callable[[Sequence[Given]], Before]
) -> tuple[Given, ...]:
    """The doses that are really given.

    What a dose does is only seen later, so the patient is followed anew after each decision that changes one.

    Args:
        doses: as planned.
        rules: asked in their order.
        follow: carries the patient through some doses.
    """
    given: list[Given] = []
    waiting = sorted(doses)
    before = follow(waiting)
    firing = [False] * len(rules)
    while waiting:
        dose, *rest = waiting
        known, held, factor = before(dose.time), False, 1.0
        for number, rule in enumerate(rules):
            if rule.drug != dose.drug:
                continue
            fires = rule.fires(known[rule.when])
            if fires and not firing[number] and rule.reduce_to is not None:
                factor *= rule.reduce_to  # once for each time that the limit is passed
            firing[number] = fires
            held |= fires and rule.hold
        waiting = rest
        if factor != 1.0:
            dose = replace(dose, amount=dose.amount * factor)
            waiting = [
                replace(later, amount=later.amount * factor) if later.drug == dose.drug else later
                for later in rest
            ]
        given += [] if held else [dose]
        if held or factor != 1.0:
            before = follow([*given, *waiting])
    return tuple(given)
