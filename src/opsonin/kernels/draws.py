"""Keyed uniforms and normals for many ids at once."""

from __future__ import annotations

import numba as nb
import numpy as np

from opsonin.core.random import normals, uniforms


@nb.njit(cache=True, error_model="numpy")
def draw_places(key, identity, stream, draw, out):
    """Three uniforms in (0, 1) for each id; writes `out`.

    Args:
        key: (2,) uint32; identity: (k,) uint64; stream: `Stream` number.
        draw: number of the first of two draws.
        out: (3, k) output.
    Memory: none beside `out`; work: ids.
    """
    for i in range(len(identity)):
        out[0, i], out[1, i] = uniforms(key[0], key[1], identity[i], 0, stream, draw)
        out[2, i], _ = uniforms(key[0], key[1], identity[i], 0, stream, draw + 1)


@nb.njit(cache=True, error_model="numpy")
def draw_each(key, identity, tick, stream, draw):
    """(k,) one uniform in (0, 1) for each id.

    Args:
        key: (2,) uint32; identity: (k,) uint64; tick: integer time; stream: `Stream` number; draw: number of the draw.
    Memory and work: ids.
    """
    drawn = np.empty(len(identity))
    for i in range(len(identity)):
        drawn[i], _ = uniforms(key[0], key[1], identity[i], np.uint32(tick), stream, draw)
    return drawn


@nb.njit(cache=True, error_model="numpy")
def draw_normals(key, identity, stream, draws):
    """(draws, k) a standard normal for each draw and id.

    Args:
        key: (2,) uint32; identity: (k,) uint64; stream: `Stream` number; draws: numbers of the draws.
    Memory and work: ids times draws.
    """
    drawn = np.empty((len(draws), len(identity)))
    for d in range(len(draws)):
        for i in range(len(identity)):
            drawn[d, i], _ = normals(key[0], key[1], identity[i], np.uint32(0), stream, draws[d])
    return drawn
