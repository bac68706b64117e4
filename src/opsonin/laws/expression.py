"""How much of a molecule a cell comes to carry: resting level, cell-to-cell variation and shifts by signals."""

from __future__ import annotations

from opsonin.laws.operations import exp, expm1, law, maximum, minimum, power

# Rates closer than this share of the larger are taken to be this far apart: the law divides by the gap.
_APART = 1e-6


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
def regulated_fold(fold, resting_fold):
    """Factor that a regulator puts on what it regulates: f(r) / f(1) [-].

    Args:
        fold: fold change of its level in resting levels f(r) [-].
        resting_fold: of a regulator at rest f(1) [-], > 0.
    Source: this model: resting levels are those of a cell whose regulators are at rest, docs/knowledge.md.
    """
    return fold / resting_fold


@law
def weight_of_the_past(regulator_turnover, turnover, duration):
    """How much of a regulator's level before a step still counts in what it regulates after it, w, in [0, 1] [-].

    w = k (exp(-k_r dt) - exp(-k dt)) / ((k - k_r) (1 - exp(-k dt))): the regulator relaxes with k_r, and the molecule
    remembers with k what it saw. Exact where the fold is linear in the regulator, so halving a step changes nothing.

    Args:
        regulator_turnover: rate of the regulator k_r [1/min].
        turnover: rate of the regulated molecule k [1/min].
        duration: of the step dt [min].
    Source: two first-order steps in a row (Bateman 1910); written so that it does not cancel where the rates are close.
    """
    slow, fast = minimum(regulator_turnover, turnover), maximum(regulator_turnover, turnover)
    gap = maximum(fast - slow, fast * _APART)
    kept = exp(-slow * duration) * expm1(-gap * duration) / gap
    return turnover * kept / expm1(-turnover * duration)


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
