"""Ionizing radiation: how many cells a fraction dooms, how soon they die, and how long its damage is felt."""

from __future__ import annotations

from opsonin.laws.operations import exp, expm1, law


@law
def lethal_lesions(dose, alpha, beta):
    """Mean number of lethal lesions per cell of a fraction, E = a D + b D^2: the share exp(-E) survives [-].

    Args:
        dose: of the fraction D [Gy].
        alpha: a [1/Gy]; beta: b [1/Gy2].
    Source: linear-quadratic model, Douglas and Fowler 1976; without repair between fractions, which are hours apart.
    """
    return alpha * dose + beta * dose * dose


@law
def doomed_hazard(lesions, elapsed, duration, rate):
    """Mean hazard of death over a step, of cells hit some time ago, E exp(-k t) (1 - exp(-k dt)) / dt [1/min].

    Summed over all time it is E, whatever the steps: the share that survives is that of the linear-quadratic model.

    Args:
        lesions: of the fraction E [-], from `lethal_lesions`.
        elapsed: from the fraction to the beginning of the step t [min], >= 0.
        duration: of the step dt [min].
        rate: at which doomed cells die k [1/min].
    Source: this model: first-order death of doomed cells, as in Kosinsky 2018 (evidence:E022).
    """
    return -lesions * exp(-rate * elapsed) * expm1(-rate * duration) / duration


@law
def unrepaired_dose(dose, elapsed, rate):
    """Dose of a fraction whose damage is still there, D exp(-k t) [Gy].

    Args:
        dose: of the fraction D [Gy].
        elapsed: time since it t [min], >= 0.
        rate: at which the damage fades k [1/min].
    Source: first-order repair.
    """
    return dose * exp(-rate * elapsed)
