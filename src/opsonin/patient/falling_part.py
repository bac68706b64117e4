"""A clearance that falls over a course of treatment, in a patient's model: a clock from the first dose on."""

from __future__ import annotations

from opsonin.laws.pharmacology import course_rate, fallen_clearance
from opsonin.model.drugs import Falling, Kinetics
from opsonin.patient.drug_names import Names
from opsonin.patient.formulae import called, symbol
from opsonin.patient.parts import Amount, Constant, Derived, Flow, Part

_TRACE = 1e-6  # [mg], far below any dose


def falling_part(names: Names, kinetics: Kinetics, falling: Falling) -> Part:
    """Of one drug: how long it has been given, and its clearance by now."""
    clock = names.of("course")
    given = sum(map(symbol, names.amounts(kinetics)))
    return Part(
        constants=(
            Constant(
                names.of("fall"), float(falling.fall.value), "1", f"{names.drug}: fall of its clearance"
            ),
            Constant(
                names.of("fall_half_time"), float(falling.half_time.value), "min", f"{names.drug}: half of it"
            ),
            Constant(
                names.of("fall_steepness"), float(falling.steepness.value), "1", "steepness of the fall"
            ),
            Constant(names.of("trace"), _TRACE, "mg", f"{names.drug}: an amount far below any dose"),
        ),
        amounts=(Amount(clock, None, f"time since {names.drug} was begun, in half-times of the fall", "1"),),
        flows=(
            Flow(
                names.of("course_change"),
                None,
                clock,
                called(course_rate, given, names.of("trace"), names.of("fall_half_time")),
                f"{names.drug} is given",
            ),
        ),
        derived=(
            Derived(
                names.clearance(kinetics),
                called(
                    fallen_clearance,
                    names.of("clearance"),
                    clock,
                    names.of("fall"),
                    names.of("fall_steepness"),
                ),
                "L/min",
                f"{names.drug}: clearance by now",
            ),
        ),
    )
