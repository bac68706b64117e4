"""Laws of centre-based mechanics: how fast two cells push apart or pull together along their line of centres.

No positions, neighbours or steps here: those belong to the kernels.
"""

from __future__ import annotations

from opsonin.laws.operations import law, maximum

ADHESION_REACH = 1.25  # cells adhere up to this multiple of their distance of contact
_PER_REACH = 1.0 / ADHESION_REACH


@law
def contact_distance(radius, other_radius, sheath):
    """Distance of the centres at which two cells touch, with the matrix that lies between a tumour and a stroma cell.

    (r_i + r_j)(1 + h). Two tissues stay apart where unlike cells keep off each other; that each holds to its own kind
    does far less.

    Args:
        radius, other_radius: r_i, r_j, of the two cells [um].
        sheath: h, the matrix between over the sum of the radii, 0 between like cells [-].
    Returns:
        distance [um].
    Source: Canty 2017 (doi:10.1038/s41467-017-00146-x) for tension between unlike cells; its form is assumed.
    """
    return (radius + other_radius) * (1.0 + sheath)


@law
def repulsion_speed(strength, stretch):
    """Speed at which two overlapping cells push each other apart.

    k (1 - d/R)^2 while d < R, else 0; R is the distance of contact.

    Args:
        strength: sqrt(k_i k_j), strength over drag [um/min].
        stretch: distance of the centres over that of contact, d/R [-].
    Returns:
        speed [um/min].
    Source: Ghaffarizadeh 2018 (doi:10.1371/journal.pcbi.1005991).
    """
    overlap = maximum(1.0 - stretch, 0.0)
    return strength * overlap * overlap


@law
def adhesion_speed(strength, stretch):
    """Speed at which two cells within reach pull each other together.

    a (1 - d/(1.25 R))^2 while d < 1.25 R, else 0; R is the distance of contact.

    Args:
        strength: sqrt(a_i a_j), strength over drag [um/min].
        stretch: distance of the centres over that of contact, d/R [-].
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
        stretch: distance of the centres over that of contact, d/R [-].
    Returns:
        speed [um/min].
    Source: the sum of `repulsion_speed` and `adhesion_speed`, as in Ghaffarizadeh 2018.
    """
    return repulsion_speed(repulsion, stretch) - adhesion_speed(adhesion, stretch)
