"""How a window in a growing tumour changes its size: it follows its cells and holds its resting pressure."""

from __future__ import annotations

from opsonin.laws.operations import expm1, law

CONTROL_SHARE = 0.05


@law
def breathing_time(resting_pressure, growth_rate, bulk_modulus):
    """Time constant of the pressure controller, tau = 0.05 P0 / (g K) [min].

    Slow beside mechanics and fast beside growth: the pressure then strays from P0 by under 5 %.

    Args:
        resting_pressure: P0 [1/min].
        growth_rate: fastest growth of the tissue g [1/min].
        bulk_modulus: dP/dln(density), K [1/min].
    Source: docs/window.md.
    """
    return CONTROL_SHARE * resting_pressure / (growth_rate * bulk_modulus)


@law
def pressure_at_rest(pressure, excess, bulk_modulus):
    """Resting pressure P0 of the tissue as its cells are now: P - K excess [1/min].

    P0 belongs to a packing, not to a number: small cells and crawling ones press harder at the same packing. Holding
    the number of time 0 left 28 % void where 90 % of the cancer cells died among T cells that stayed.

    Args:
        pressure: at the present packing, P [1/min].
        excess: log of the present packing over the resting one [-].
        bulk_modulus: dP/dln(density), K [1/min].
    Source: docs/window.md (P0 is the pressure at packing 1), linearised.
    """
    return pressure - bulk_modulus * excess


@law
def followed_pressure(followed, pressure, time_constant, duration):
    """A pressure that follows another one, smoothed over a time constant [1/min].

    Args:
        followed: the smoothed pressure before the step [1/min].
        pressure: that it follows, P [1/min].
        time_constant: of smoothing, tau [min].
        duration: step dt [min].
    Source: relaxation of first order.
    """
    return followed - (pressure - followed) * expm1(-duration / time_constant)


@law
def breath(cell_growth, pressure, resting_pressure, bulk_modulus, time_constant, duration):
    """Change of the log of the window's area (section) or volume (block) over a step [-].

    dlnA = cell growth fed forward + (P - P0)/K (1 - exp(-dt/tau))

    Args:
        cell_growth: change of the log of the cells' total measure over the step [-].
        pressure: P [1/min].
        resting_pressure: P0 [1/min].
        bulk_modulus: dP/dln(density), K [1/min].
        time_constant: from `breathing_time`, tau [min].
        duration: step dt [min].
    Source: docs/window.md.
    """
    return cell_growth - (pressure - resting_pressure) / bulk_modulus * expm1(-duration / time_constant)
