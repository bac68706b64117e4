"""How fast primed cells die where drugs hold their guards: a mean rate of the death switch, for cells that differ.

The switch itself is `death.py`; rates of its answer to hits and death ligands are in `ledger.py`.
"""

from __future__ import annotations

from opsonin.laws.operations import law, power

# Fitted to the death switch of primed cells (see `primed_death_rate`).
PRIMING_NEEDED = 7.6e-4
PRIMING_GUARD_POWER = 1.29
PRIMING_XIAP_POWER = 0.42
PRIMED_SPEED = 3.35e-3  # 1/min
PRIMED_POWER = 0.88
PRIMED_STEEPNESS = 6.0


@law
def priming_needed(guarding, xiap):
    """Standing BH3-only activity of which half of the cells die in a while, 7.6e-4 a^1.29 x^0.42 [-].

    Args:
        guarding, xiap: a and x as in `laws.ledger.hits_in_a_row` [-].
    Source: fitted to `kernels.death`, as `primed_death_rate`.
    """
    return PRIMING_NEEDED * power(guarding, PRIMING_GUARD_POWER) * power(xiap, PRIMING_XIAP_POWER)


@law
def primed_death_rate(priming, needed, speed):
    """Rate at which primed cells die without any other drive, v (p/n)^0.88 / (1 + (n/p)^6) [1/min].

    Args:
        priming: BH3-only activity that stands without a signal, as a share of all Bid truncated p [-], > 0.
        needed: n [-], from `priming_needed`.
        speed: of the switch at the priming needed v [1/min], times what XIAP does not halt, from
            `laws.ledger.passed_by_xiap`.
    Source: fitted to `kernels.death` over three days, with proteins that vary by 25 %, mix within a day and turn over
        (benchmarks/primed_death_rate.py): 0.65 to 1.5 times the simulated rate, where XIAP is 1.4 times that of EARM
        and priming high up to 4.7 times, as the cells with most of it stay. One rate for cells that differ: a part of
        them dies within hours, the others more slowly.
    """
    return speed * power(priming / needed, PRIMED_POWER) / (1.0 + power(needed / priming, PRIMED_STEEPNESS))
