"""From a rate to what happens in one step, exactly for constant rates, so that the step is not physics."""

from __future__ import annotations

from opsonin.laws.operations import exp, expm1, law


@law
def event_probability(hazard, duration):
    """Probability that an event of constant hazard happens within a step: 1 - exp(-h dt) [-].

    Args:
        hazard: rate h [1/min].
        duration: step dt [min].
    Source: the exponential waiting time of a constant hazard.
    """
    return -expm1(-hazard * duration)


@law
def relaxed(level, target, rate, duration):
    """Exact first-order relaxation of a level towards a target over a step.

    Args:
        level: before the step L [any].
        target: level that it approaches [as the level].
        rate: of relaxation [1/min].
        duration: step dt [min].
    Source: solution of dL/dt = rate (target - L).
    """
    return target + (level - target) * exp(-rate * duration)


@law
def approaching(level, target, rate):
    """Rate of change of a level that relaxes towards a target, k (L* - L) [as the level, per min].

    Args:
        level: L [any]; target: L* [as the level].
        rate: of relaxation k [1/min].
    Source: first-order turnover, of which `relaxed` is the solution.
    """
    return rate * (target - level)


@law
def approached(level, target, kept):
    """As `relaxed`, from the share of the distance that is left after the step.

    Args:
        level: before the step L [any].
        target: level that it approaches [as the level].
        kept: exp(-rate dt) [-].
    Source: solution of dL/dt = rate (target - L).
    """
    return target + (level - target) * kept


@law
def driven(level, inflow, loss, duration):
    """Exact level after a step of constant inflow and first-order loss.

    As `relaxed` towards inflow / loss, without cancellation where the loss is slow.

    Args:
        level: before the step x [any].
        inflow: what is added j [as the level, per min].
        loss: first-order rate l [1/min], > 0.
        duration: step dt [min].
    Source: solution of dx/dt = j - l x.
    """
    return level - (inflow / loss - level) * expm1(-loss * duration)
