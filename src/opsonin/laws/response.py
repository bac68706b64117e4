"""Dose-response shapes that other laws are made of: Hill saturation and fold change. No molecule is named here."""

from __future__ import annotations

from opsonin.laws.operations import law, power


@law
def hill(signal, half, steepness):
    """Hill saturation H = s^n / (K^n + s^n), in [0, 1).

    Args:
        signal: its amount s [any], >= 0.
        half: signal at half effect K [as the signal], > 0.
        steepness: Hill coefficient n [-].
    Source: Hill 1910.
    """
    scaled = power(signal / half, steepness)
    return scaled / (1.0 + scaled)


@law
def fold_change(fold_max, signal, half, steepness):
    """Factor by which a signal multiplies a resting level: f = 1 + (F - 1) H(signal) [-].

    Args:
        fold_max: factor at saturation F [-].
        signal, half, steepness: as in `hill`.
    Source: this model: a `hill` function between no change and the largest fold.
    """
    return 1.0 + (fold_max - 1.0) * hill(signal, half, steepness)


@law
def fold_change_of_lack(fold_max, signal, half, steepness):
    """Factor by which the lack of a signal multiplies a resting level: f = 1 + (F - 1) (1 - H(signal)) [-].

    Args:
        fold_max: factor without any of it F [-].
        signal, half, steepness: as in `hill`.
    Source: this model: as `fold_change`, of a signal that acts where it is scarce.
    """
    return 1.0 + (fold_max - 1.0) * (1.0 - hill(signal, half, steepness))
