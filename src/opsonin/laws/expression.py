"""How much of a molecule a cell comes to carry: resting level, cell-to-cell variation and shifts by signals."""

from __future__ import annotations

from opsonin.laws.operations import exp, law, power


@law
def steady_level(resting, variation, shift):
    """Level to which a molecule relaxes: L* = L0 * v * f [molecules/cell].

    Args:
        resting: resting level of the cell type L0 [molecules/cell].
        variation: this cell's own lognormal factor v [-].
        shift: product of the fold changes of all signals f [-].
    Source: this model: shifts multiply the cell's own resting level.
    """
    return resting * variation * shift


@law
def remixed_variation(variation, kept, sigma, normal):
    """A cell's own factor of a molecule after some time: v' = v^r exp(s z sqrt(1 - r^2) - (1 - r) s^2 / 2) [-].

    The logarithm forgets where it was and keeps its spread (Ornstein-Uhlenbeck); the mean over cells stays 1.

    Args:
        variation: factor before v [-].
        kept: correlation of the logarithm with what it was, exp(-dt / mixing time) r [-].
        sigma: standard deviation of the logarithm s [-].
        normal: standard normal z [-].
    Source: levels mix within one to a few cell generations, Sigal 2006, doi:10.1038/nature05316.
    """
    spread = sigma * power(1.0 - kept * kept, 0.5)
    return power(variation, kept) * exp(spread * normal - 0.5 * (1.0 - kept) * sigma * sigma)
