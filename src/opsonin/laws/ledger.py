"""What a contact is worth: how fast hits kill a target that repairs them, and how little a barrier may let through.

Which barriers there are is the process's; how losses are shared out among them is `observe/barriers.py`.
"""

from __future__ import annotations

from opsonin.laws.operations import law, maximum, power

# Assumed: a barrier that lets nothing through counts as one that lets this share through, so that its loss is large and
# not infinite. It decides the logarithms, and how much of a loss is shared with other barriers as good as closed.
LEAST_SHARE = 1e-3
# Fitted to the death switch under random hits (see `hits_in_a_row`): the cell of EARM, the powers, how much faster hits
# add up that are repaired bit by bit, and the time that a cell on its way still takes to die [min].
HITS = 2.87
GUARD_POWER = 1.06
XIAP_POWER = 0.37
ADDING_UP = 1.29
DYING = 105.0
# Fitted to the death switch with death receptors held (see `ligand_kill_rate`); below the least share of those needed
# they do as good as nothing.
NEEDED = 2.24
NEEDED_GUARD_POWER = 1.48
NEEDED_XIAP_POWER = 0.35
NEEDED_STEEPNESS = 4.9
LEAST_NEEDED = 0.1
LIGAND_SPEED = 3.47e-3  # 1/min
LIGAND_POWER = 0.273
XIAP_HALF = 1.29
XIAP_STEEPNESS = 6.0


@law
def let_through(share):
    """Share of the hits, or of the kills, that a barrier lets through, at least 0.001 [-].

    Args:
        share: of one factor of the hazard x [-], from 0 to 1.
    Source: by definition of a barrier; the least share is assumed.
    """
    return maximum(share, LEAST_SHARE)


@law
def hits_in_a_row(guarding, xiap):
    """Hits that kill a cell if none is repaired between them, 2.87 a^1.06 x^0.37 [-].

    Args:
        guarding: hold of the guards over the pores that BAX and BAK can form, relative to the cell of EARM a [-].
        xiap: hold of XIAP on caspase-3, relative to it x [-].
    Source: fitted to `kernels.death` under random hits, one in 17 min to one in 14 h, for the cell of EARM and ten with
        other proteins (benchmarks/kill_rate.py): `kill_rate` is 0.8 to 1.4 times the simulated rate (5th to 95th
        percentile), at worst 1.9 times, where MCL-1 is doubled and hits come every three hours.
    """
    return HITS * power(guarding, GUARD_POWER) * power(xiap, XIAP_POWER)


@law
def kill_rate(hazard, hits, repair, dying):
    """Rate at which the hits of one killer kill the target it holds [1/min].

    The target is lost at its n-th hit in a row with no repair between two of them, after ((1 + r/h)^n - 1)/(1.29 r)
    on average, and dies some time later.

    Args:
        hazard: of a hit h [1/min], > 0.
        hits: that it takes n [-], from `hits_in_a_row`.
        repair: rate of repair r [1/min], > 0.
        dying: time from there to its death t [min].
    Source: mean waiting time for a run of n successes (Feller 1968, XIII.7), as if repair undid all hits at once; it
        stands for the death switch, where they go bit by bit and add up 1.29 times as fast, fitted as `hits_in_a_row`.
    """
    in_a_row = power(hazard / (hazard + repair), hits)
    speed = ADDING_UP * repair * in_a_row
    return speed / (1.0 - in_a_row + speed * dying)


@law
def unresisted_kill_rate(hazard, bound, speed):
    """Rate of kills if every hit killed, and every death receptor held at the speed of the switch, h + v b [1/min].

    Both come from the killer in proportion to its effort, so that this is a product of factors.

    Args:
        hazard: of a hit h [1/min].
        bound: number of death receptors held b [-].
        speed: of the switch v [1/min].
    Source: by definition of resistance.
    """
    return hazard + speed * bound


@law
def receptors_needed(guarding, xiap):
    """Number of death receptors that half of the cells without cFLIP withstand, 2.24 a^1.48 x^0.35 [-].

    Args:
        guarding, xiap: a and x as in `hits_in_a_row` [-].
    Source: fitted to `kernels.death`, as `ligand_kill_rate`.
    """
    return NEEDED * power(guarding, NEEDED_GUARD_POWER) * power(xiap, NEEDED_XIAP_POWER)


@law
def passed_by_xiap(xiap):
    """Share of what death receptors have begun that XIAP does not halt, 1 / (1 + (x/1.29)^6) [-].

    Args:
        xiap: hold of XIAP on caspase-3 relative to the cell of EARM x [-].
    Source: fitted to `kernels.death`, as `ligand_kill_rate`.
    """
    return 1.0 / (1.0 + power(xiap / XIAP_HALF, XIAP_STEEPNESS))


@law
def ligand_kill_rate(bound, needed, speed):
    """Rate at which death receptors that stay held kill their cell, v b^0.27 / (1 + (n/b)^4.9) [1/min].

    Few receptors do nothing.

    Args:
        bound: number of receptors that cFLIP leaves b [-], > 0.
        needed: n [-], from `receptors_needed`.
        speed: of the switch with one receptor held v [1/min], times what XIAP does not halt, from `passed_by_xiap`.
    Source: fitted to `kernels.death` with 1 to 300 receptors held and proteins that vary by 25 %: mean of one over the
        time to death, within 28 % (root mean square of the logarithm).
    """
    return speed_under_threshold(power(bound, LIGAND_POWER), power(needed / bound, NEEDED_STEEPNESS), speed)


@law
def speed_under_threshold(raised, withheld, speed):
    """`ligand_kill_rate` of the two powers in it, v p / (1 + q) [1/min].

    What barriers let through multiplies, and so do its powers: of many sets of barriers they need not be taken anew.

    Args:
        raised: number of receptors held to its power p = b^0.27 [-].
        withheld: needed over held to its power q = (n/b)^4.9 [-].
        speed: v, as in `ligand_kill_rate` [1/min].
    Source: as `ligand_kill_rate`.
    """
    return speed * raised / (1.0 + withheld)
