"""Proliferation: when a cell enters the committed part of its cycle, what holds it back, how it grows."""

from __future__ import annotations

from opsonin.laws.operations import exp, law, maximum, power
from opsonin.laws.response import hill

LN2 = 0.6931471805599453


@law
def potential_growth_rate(potential_doubling_time):
    """Growth rate of a population that loses no cell: ln 2 / T_pot [1/min].

    Args:
        potential_doubling_time: T_pot [min].
    Source: Steel 1977.
    """
    return LN2 / potential_doubling_time


@law
def growth_rate(doubling_time):
    """Growth rate of the tumour as it is observed, loss of cells included: ln 2 / T_d [1/min].

    Args:
        doubling_time: T_d [min].
    Source: exponential growth over the weeks of a run.
    """
    return LN2 / doubling_time


@law
def cell_loss_factor(gross_growth, growth, necrosis, killing):
    """Share of the production of cells that is lost neither to necrosis nor to killing: (lambda - g - n - k) / lambda.

    The growth measured in patients is what division leaves after every loss, that by the immune system included.

    Args:
        gross_growth: of the cells with no loss at all, lambda [1/min]; above 0.
        growth: as observed, g [1/min].
        necrosis: per cell, n [1/min].
        killing: per cell, k [1/min].
    Returns:
        factor, at least 0 [-].
    Source: docs/untreated.md; cell-loss factor, Steel 1967.
    """
    return maximum(gross_growth - growth - necrosis - killing, 0.0 * growth) / gross_growth


@law
def spontaneous_loss(factor, gross_growth):
    """Hazard of spontaneous loss, s = phi lambda [1/min]: what does not divide is not lost either.

    Most of it is failed division and loss after it, so apoptotic and mitotic counts of a tumour go together.

    Args:
        factor: phi [-], from `cell_loss_factor`.
        gross_growth: as it is now, lambda [1/min].
    Source: cell-loss factor, Steel 1967.
    """
    return factor * gross_growth


@law
def cell_loss_rate(potential_doubling_time, doubling_time):
    """Loss that turns the potential into the observed doubling time: ln 2 (1/T_pot - 1/T_d) [1/min], at least 0.

    Args:
        potential_doubling_time: T_pot [min].
        doubling_time: T_d [min].
    Source: cell-loss factor, Steel 1967.
    """
    return maximum(LN2 / potential_doubling_time - LN2 / doubling_time, 0.0 / doubling_time)


@law
def resting_exit_rate(growth_rate, committed):
    """Hazard of leaving G0/G1 at which an unhindered population grows at `growth_rate` [1/min].

    Euler-Lotka for an exponential resting phase and a fixed committed phase:
    r = lambda / (2 exp(-lambda tau) - 1); valid while lambda tau < ln 2.

    Args:
        growth_rate: lambda [1/min].
        committed: length of S-G2-M tau [min].
    Source: Euler-Lotka equation (Lotka 1907).
    """
    return growth_rate / (2.0 * exp(-growth_rate * committed) - 1.0)


@law
def committed_share(growth_rate, committed):
    """Share of a population that is in the committed phase, e^(lambda tau) - 1 [-].

    Args:
        growth_rate: with no loss lambda [1/min].
        committed: length of S-G2-M tau [min], below ln 2 / lambda.
    Source: Euler-Lotka equation, as `resting_exit_rate`: 2 - e^(lambda tau) of it rests.
    """
    return exp(growth_rate * committed) - 1.0


@law
def pressure_gate(pressure, resting_pressure, half, steepness):
    """Share of cells that still enter the cycle under an excess of pressure, in (0, 1].

    Args:
        pressure: at the cell, P [1/min].
        resting_pressure: of the tissue, P0 [1/min].
        half: excess at half inhibition, in resting pressures [-].
        steepness: n [-].
    Source: this model's form of what Helmlinger 1997 found: solid stress inhibits growth.
    """
    excess = maximum(pressure / resting_pressure - 1.0, 0.0)
    return 1.0 / (1.0 + power(excess / half, steepness))


@law
def cycle_entry_hazard(exit_rate, fitness, gate):
    """Hazard of entering S phase: r M * pressure gate [1/min].

    Args:
        exit_rate: unhindered r [1/min], from `resting_exit_rate`.
        fitness: of the cell M [-], see `nourished` and `unharmed`.
        gate: from `pressure_gate` [-].
    Source: this model: what it lacks and pressure hold a cell back independently.
    """
    return exit_rate * fitness * gate


@law
def not_arrested(share_max, signal, half):
    """Share of cells that a cytostatic signal still lets into the cycle, 1 - a H(s) [-].

    Args:
        share_max: that saturation holds back a [-].
        signal: its amount at the cell s [any], >= 0.
        half: signal at half effect [as the signal].
    Source: interferon gamma stops tumour cells in G1 reversibly, doi:10.1038/s43018-020-0036-4; form of `hill`.
    """
    return 1.0 - share_max * hill(signal, half, 1.0)


@law
def committed_volume(volume_at_birth, elapsed, committed):
    """Volume during the committed phase, growing linearly to twice the volume at birth [um3].

    Args:
        volume_at_birth: of the cell [um3].
        elapsed: time since S entry t [min].
        committed: length of the committed phase tau [min].
    Source: linear growth, conserves volume at division.
    """
    return volume_at_birth * (1.0 + elapsed / committed)


@law
def model_radius(volume, reference_volume, reference_radius, dimension):
    """Radius used by mechanics: r = r_ref (V / V_ref)^(1/d), so that the packing measure r^d is conserved at division.

    Args:
        volume: of the cell V [um3].
        reference_volume: of a resting cell of its type [um3].
        reference_radius: radius of a cell of the reference volume in this tissue [um].
        dimension: 2 for a section, 3 for a block, d [-].
    Source: geometry; in a section a cell's area stands for its volume.
    """
    return reference_radius * power(volume / reference_volume, 1.0 / dimension)
