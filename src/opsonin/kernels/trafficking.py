"""How many immune cells arrive at each vessel in a step."""

from __future__ import annotations

import numba as nb
import numpy as np

from opsonin.core.random import Stream, poisson, uniforms
from opsonin.laws.metabolism import unharmed
from opsonin.laws.response import fold_change
from opsonin.laws.trafficking import vessel_arrival

_ARRIVAL = int(Stream.ARRIVAL)


@nb.njit(cache=True, error_model="numpy")
def arrivals(identity, fold, key, tick, kind, flux, area, duration, count):
    """Poisson counts of newcomers of one cell type at each vessel; writes `count`, returns their sum.

    Args:
        identity: (vessels,) uint64; fold: (vessels,) of recruitment at each [-]; key: (2,) uint32.
        flux: [cells/um2/min]; area: [um2]; duration: [min].
        count: (vessels,) int64 output.
    Memory: one column; work: vessels.
    """
    total = 0
    vessels = len(identity)
    for v in range(vessels):
        rate = vessel_arrival(flux, area, vessels, fold[v])
        chance, _ = uniforms(key[0], key[1], identity[v], tick, _ARRIVAL, kind)
        count[v] = poisson(rate * duration, chance)
        total += count[v]
    return total


@nb.njit(cache=True, error_model="numpy")
def recruitments(attractant, fold, half):
    """(vessels,) fold of recruitment at each vessel.

    Args:
        attractant: (vessels,) [nM]; fold: at saturation [-]; half: attractant of half effect [nM].
    Memory and work: vessels.
    """
    folds = np.empty(len(attractant))
    for v in range(len(attractant)):
        folds[v] = fold_change(fold, attractant[v], half, 1.0)
    return folds


@nb.njit(cache=True, error_model="numpy")
def lower(folds, signal, half, steepness, most):
    """Multiply folds of recruitment by what a signal at the vessels leaves of them; in place.

    Args:
        folds, signal: (vessels,); half, steepness, most: as in `laws.metabolism.unharmed`.
    Memory: none; work: vessels.
    """
    for v in range(len(folds)):
        folds[v] *= unharmed(signal[v], half, steepness, most)
