"""How much of a molecule a cell comes to carry: resting level, cell-to-cell variation and shifts by signals."""

from __future__ import annotations

from opsonin.laws.operations import law


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
