"""Uptake and making of substrates by cells, and what lack or plenty of them does to their fitness and life."""

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
def hypoxic_fold(fold, oxygen, half):
    """How much more a cell takes up or makes for lack of oxygen, 1 + (F - 1) (1 - H(pO2)) [-].

    Args:
        fold: in complete anoxia F [-].
        oxygen: pO2 at the cell [mmHg].
        half: pO2 at half of the rise [mmHg].
    Source: Pasteur effect, HIF-1; a `hill` function whose steepness of 2 is assumed.
    """
    return 1.0 + (fold - 1.0) * (1.0 - hill(oxygen, half, 2.0))


@law
def enzymatic_release(turnover, enzymes):
    """What the enzymes of a cell make, k E [concentration um3/min].

    Args:
        turnover: of one enzyme at the substrate it finds k [concentration um3/min].
        enzymes: that no drug holds E [-].
    Source: Michaelis and Menten 1913, at a constant substrate.
    """
    return turnover * enzymes


@law
def fed_share(available, half, least):
    """Rate of an enzyme over that at rest, by the enzyme that makes what it works on [-].

    l + (1 - l) (1 + K) x / (K + x), which is 1 at rest.

    Args:
        available: of the enzyme before it, over rest x [-].
        half: of x, at which the first step limits the second by half of its most K [-].
        least: share of what it works on that comes by other ways l [-].
    Source: two Michaelis-Menten steps in a row (CD39, then CD73, Zimmermann 2012, recalled); form assumed.
    """
    return least + (1.0 - least) * (1.0 + half) * available / (half + available)


@law
def nourished(concentration, half, steepness, most):
    """Fitness that a needed substrate leaves a cell, 1 - a (1 - H(c)), in [1 - a, 1).

    Args:
        concentration: at the cell [concentration].
        half: at half of the lack [concentration].
        steepness: n [-].
        most: share of fitness that its lack can take a [-].
    Source: this model: a `hill` function.
    """
    return 1.0 - most * (1.0 - hill(concentration, half, steepness))


@law
def unharmed(concentration, half, steepness, most):
    """Fitness that a harmful substrate leaves a cell, 1 - a H(c), in [0, 1].

    Args:
        concentration: at the cell, times the share of its receptors that no drug holds c [concentration].
        half: at half of the harm [concentration].
        steepness: n [-].
        most: share of fitness that it can take a [-].
    Source: this model: one less a `hill` function; antagonists compete (Gaddum 1926).
    """
    return 1.0 - most * hill(concentration, half, steepness)


@law
def acidity(lactate, resting_lactate, resting_ph, buffering):
    """pH of the fluid around cells, pH0 - (L - L0) / b [-].

    Args:
        lactate: L, with a proton each [mM].
        resting_lactate: of blood L0 [mM].
        resting_ph: of blood pH0 [-].
        buffering: capacity of the fluid b [mM].
    Source: buffer capacity (Van Slyke 1922), taken as constant.
    """
    return resting_ph - (lactate - resting_lactate) / buffering


@law
def necrosis_hazard(oxygenated, fed, rate):
    """Hazard of necrosis for lack of oxygen or of glucose: r (1 - o g) [1/min].

    Args:
        oxygenated, fed: `hill` functions of both at the cell o, g [-].
        rate: without either r [1/min].
    Source: this model; both limit the live rim of spheroids, Freyer and Sutherland 1986.
    """
    return rate * (1.0 - oxygenated * fed)


@law
def released_by_corpse(release, marker, half):
    """What an apoptotic corpse releases, by how much of a molecule it showed when it died, e M/(K + M).

    Args:
        release: of one that shows plenty e [concentration um3/min].
        marker: of immunogenic death M [molecules].
        half: at half of the release K [molecules].
    Source: exposed calreticulin, ATP and HMGB1 go together in immunogenic death (Krysko 2012,
        doi:10.1038/nrc3380); form assumed.
    """
    return release * hill(marker, half, 1.0)
