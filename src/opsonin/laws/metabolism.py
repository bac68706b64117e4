"""Uptake of substrates by cells, and what lack of oxygen does to their fitness and life."""

from __future__ import annotations

from opsonin.laws.operations import law
from opsonin.laws.response import hill


@law
def uptake_clearance(uptake_max, half, concentration):
    """Volume of surroundings that one cell clears of a substrate per minute, V_max / (K_m + c) [um3/min].

    Michaelis-Menten uptake is this clearance times c.

    Args:
        uptake_max: V_max [concentration um3/min].
        half: K_m [concentration].
        concentration: at the cell c [concentration].
    Source: Michaelis and Menten 1913.
    """
    return uptake_max / (half + concentration)


@law
def oxygen_fitness(oxygen, half):
    """Metabolic fitness M of an effector under its oxygen, in [0, 1).

    Args:
        oxygen: pO2 at the cell [mmHg].
        half: pO2 at half fitness [mmHg].
    Source: this model: a `hill` function of steepness 1.
    """
    return hill(oxygen, half, 1.0)


@law
def necrosis_hazard(oxygen, rate, half, steepness):
    """Hazard of necrosis for lack of oxygen: rate * (1 - H(pO2)) [1/min].

    Args:
        oxygen: pO2 at the cell [mmHg].
        rate: hazard in complete anoxia [1/min].
        half: pO2 at half of it [mmHg].
        steepness: Hill coefficient [-].
    Source: this model: one less a `hill` function of oxygen.
    """
    return rate * (1.0 - hill(oxygen, half, steepness))
