"""What a contact is worth: how fast hits kill a target that repairs them, and how little a barrier may let through.

Which barriers there are is the process's; how losses are shared out among them is `observe/barriers.py`.
"""

from __future__ import annotations

from opsonin.laws.operations import law, maximum, power

# Assumed: a barrier that lets nothing through counts as one that lets this share through, so that its loss is large and
# not infinite. It decides the logarithms, and how much of a loss is shared with other barriers as good as closed.
LEAST_SHARE = 1e-3
# Hits beyond its threshold that a cell takes on average, as hits are whole and some of each is repaired before the next
# one. Fitted to simulated repair; with it `kill_rate` is right within a factor of two where killing is worth noting.
WASTED_HITS = 0.8


@law
def let_through(share):
    """Share of the hits, or of the kills, that a barrier lets through, at least 0.001 [-].

    Args:
        share: of one factor of the hazard x [-], from 0 to 1.
    Source: MODEL.md section 11; the least share is assumed.
    """
    return maximum(share, LEAST_SHARE)


@law
def kill_rate(hazard, hits, repair):
    """Rate at which one killer kills the target it holds [1/min].

    The target dies of its n-th hit in a row with no repair between two of them: the mean time to it is
    ((1 + r/h)^n - 1)/r. Of a target that one hit kills this is the hazard of a hit; of one without repair it is h/n.

    Args:
        hazard: of a hit h [1/min], > 0.
        hits: that it takes n [-], 1 or more.
        repair: rate of repair r [1/min], > 0.
    Source: mean waiting time for a run of n successes (Feller 1968, XIII.7), as if repair undid all hits at once; it
        stands for `repaired_damage`, which undoes them bit by bit.
    """
    in_a_row = power(hazard / (hazard + repair), hits)
    return repair * in_a_row / (1.0 - in_a_row)
