"""What is left of lytic hits under repair and of a corpse under clearance; what hits come to is `laws.death`."""

from __future__ import annotations

from opsonin.laws.operations import exp, law, maximum

LN2 = 0.6931471805599453
CORPSE_REST = 1e-3  # share of its volume that a corpse keeps until it vanishes: mechanics needs a size


@law
def rate_of_half_life(half_life):
    """First-order rate ln 2 / t_half [1/min].

    Args:
        half_life: of what decays [min], > 0.
    Source: first-order decay.
    """
    return LN2 / half_life


@law
def repaired_damage(damage, half_life, duration):
    """Lytic damage left after a step of repair [hits].

    Args:
        damage: accumulated hits not yet repaired [hits].
        half_life: of the damage [min].
        duration: step dt [min].
    Source: Weigelin 2021 (additive cytotoxicity: hits further apart than about 50 min do not add up).
    """
    return damage * exp(-LN2 * duration / half_life)


@law
def corpse_volume(volume_at_death, elapsed, clearance):
    """Volume of a corpse, shrinking linearly until it is cleared [um3].

    Args:
        volume_at_death: of the cell [um3].
        elapsed: time since death t [min].
        clearance: time to vanish [min].
    Source: linear clearance, so that the tissue closes over it without a jump.
    """
    return volume_at_death * maximum(1.0 - elapsed / clearance, CORPSE_REST)
