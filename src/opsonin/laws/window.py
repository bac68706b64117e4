"""How a window in a growing tumour changes its size: it follows its cells and holds its resting pressure."""

from __future__ import annotations

from opsonin.laws.operations import expm1, law

CONTROL_SHARE = 0.05


@law
def breathing_time(resting_pressure, growth_rate, bulk_modulus):
    """Time constant of the pressure controller, tau = 0.05 P0 / (g K) [min].

    Slow beside mechanics and fast beside growth: the pressure then strays from P0 by under 5 %.

    Args:
        resting_pressure: P0 and `bulk_modulus` K = dP/dln(density): same unit.
        growth_rate: fastest growth of the tissue g [1/min].
    Source: MODEL.md section 12.
    """
    return CONTROL_SHARE * resting_pressure / (growth_rate * bulk_modulus)


@law
def breath(cell_growth, pressure, resting_pressure, bulk_modulus, time_constant, duration):
    """Change of the log of the window's area (section) or volume (block) over a step [-].

    dlnA = cell growth fed forward + (P - P0)/K (1 - exp(-dt/tau))

    Args:
        cell_growth: change of the log of the cells' total measure over the step [-].
        pressure, resting_pressure, bulk_modulus: same unit.
        time_constant: tau [min]; duration: step [min].
    Source: MODEL.md section 12.
    """
    return cell_growth - (pressure - resting_pressure) / bulk_modulus * expm1(-duration / time_constant)
