"""Laws of centre-based mechanics: how fast two cells push apart or pull together along their line of centres.

No positions, neighbours or steps here: those belong to the kernels.
"""

from __future__ import annotations

from opsonin.laws.operations import law, maximum

ADHESION_REACH = 1.25  # cells adhere up to this multiple of the sum of their radii
_PER_REACH = 1.0 / ADHESION_REACH


@law
def repulsion_speed(strength, stretch):
    """Speed at which two overlapping cells push each other apart.

    k (1 - d/R)^2 while d < R, else 0; R is the sum of the two radii.

    Args:
        strength: sqrt(k_i k_j), strength over drag [um/min].
        stretch: distance of the centres over the sum of the radii, d/R [-].
    Returns:
        speed [um/min].
    Source: Ghaffarizadeh 2018 (doi:10.1371/journal.pcbi.1005991).
    """
    overlap = maximum(1.0 - stretch, 0.0)
    return strength * overlap * overlap


@law
def adhesion_speed(strength, stretch):
    """Speed at which two cells within reach pull each other together.

    a (1 - d/(1.25 R))^2 while d < 1.25 R, else 0; R is the sum of the two radii.

    Args:
        strength: sqrt(a_i a_j), strength over drag [um/min].
        stretch: distance of the centres over the sum of the radii, d/R [-].
    Returns:
        speed [um/min].
    Source: Ghaffarizadeh 2018 (doi:10.1371/journal.pcbi.1005991).
    """
    closeness = maximum(1.0 - stretch * _PER_REACH, 0.0)
    return strength * closeness * closeness


@law
def separation_speed(repulsion, adhesion, stretch):
    """Net speed of each of two cells away from the other: repulsion less adhesion; negative draws together.

    Args:
        repulsion: sqrt(k_i k_j) [um/min].
        adhesion: sqrt(a_i a_j) [um/min].
        stretch: distance of the centres over the sum of the radii, d/R [-].
    Returns:
        speed [um/min].
    Source: the sum of `repulsion_speed` and `adhesion_speed`, as in Ghaffarizadeh 2018.
    """
    return repulsion_speed(repulsion, stretch) - adhesion_speed(adhesion, stretch)
