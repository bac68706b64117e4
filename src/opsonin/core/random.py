"""Randomness keyed by event, never by call order: Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405).

Key = (seed, patient, replicate); counter = (64-bit id, integer tick, stream << 20 | draw). The arm is in neither,
so arms are paired by construction, and no thread count, restart or order of cells changes a single bit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from opsonin.core import kernel_cache

kernel_cache.prepare()  # before the first cached kernel, however this module was reached

import numba as nb  # noqa: E402
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint32(0x9E3779B9)
_W1 = np.uint32(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_ROUNDS = 10
_TO_UNIT = 2.0**-53
_DRAWS = 2**19


class Stream(IntEnum):
    """What a draw is for. A number here is never reused for another purpose: it would change old runs."""

    PLACEMENT = 1
    TRAITS = 2
    FATE = 3
    DIVISION = 4
    MOTILITY = 5
    HITS = 6
    ARRIVAL = 7
    VESSELS = 8
    PARTNER = 9
    RENEWAL = 10
    MIXING = 11
    MUTATION = 12
    STEM = 14
    POPULATION = 15
    CLONES = 16


def key_of(seed: int, patient: str, replicate: int) -> tuple[np.uint32, np.uint32]:
    """The two 32-bit key words of a virtual patient's random stream (blake2b-64)."""
    text = f"{seed}\x1f{patient}\x1f{replicate}".encode()
    word = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
    return np.uint32(word & 0xFFFFFFFF), np.uint32(word >> 32)


def id_of(*parts: object) -> int:
    """A 64-bit id from content (a biopsy row, a vessel): the same content always gets the same id."""
    text = "\x1f".join(str(part) for part in parts).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def draws_of(names: Sequence[str]) -> npt.NDArray[np.uint32]:
    """A number of draws for each name, below 2**19: that of a name alone, whatever other names there are.

    So a molecule or cell type that is added to the knowledge base changes no draw of the others; where two names have
    the same number, the second in order takes the next.
    """
    taken: dict[int, str] = {}
    for name in names:
        draw = id_of("draw", name) % _DRAWS
        while draw in taken:
            draw = (draw + 1) % _DRAWS
        taken[draw] = name
    return np.array(list(taken), np.uint32)


@nb.njit(cache=True, error_model="numpy")
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """One Philox4x32-10 block: four 32-bit words from a 128-bit counter and a 64-bit key."""
    for _ in range(_ROUNDS):
        p0 = _M0 * np.uint64(c0)
        p1 = _M1 * np.uint64(c2)
        n0 = np.uint32(p1 >> _SHIFT) ^ c1 ^ k0
        n2 = np.uint32(p0 >> _SHIFT) ^ c3 ^ k1
        c1 = np.uint32(p1 & _LOW)
        c3 = np.uint32(p0 & _LOW)
        c0 = n0
        c2 = n2
        k0 = np.uint32(k0 + _W0)
        k1 = np.uint32(k1 + _W1)
    return c0, c1, c2, c3


@nb.njit(cache=True, error_model="numpy")
def uniforms(k0: Any, k1: Any, identity: Any, tick: Any, stream: Any, draw: Any) -> Any:
    """Two independent uniforms in (0, 1) for one event.

    Args:
        k0, k1: key words, from `key_of`.
        identity: uint64 id of the cell, contact or vessel.
        tick: integer time.
        stream: `Stream` number.
        draw: number of the draw within the event, 0 to 2**20 - 1.
    """
    who = np.uint64(identity)
    a, b, c, d = philox(
        np.uint32(who & _LOW),
        np.uint32(who >> _SHIFT),
        np.uint32(tick),
        np.uint32((np.uint32(stream) << np.uint32(20)) | np.uint32(draw)),
        k0,
        k1,
    )
    first = (np.uint64(a) << np.uint64(21)) ^ (np.uint64(b) >> np.uint64(11))
    second = (np.uint64(c) << np.uint64(21)) ^ (np.uint64(d) >> np.uint64(11))
    return (np.float64(first) + 0.5) * _TO_UNIT, (np.float64(second) + 0.5) * _TO_UNIT


@nb.njit(cache=True, error_model="numpy")
def normals(k0: Any, k1: Any, identity: Any, tick: Any, stream: Any, draw: Any) -> Any:
    """Two independent standard normals for one event (Box-Muller)."""
    u, v = uniforms(k0, k1, identity, tick, stream, draw)
    radius = math.sqrt(-2.0 * math.log(u))
    return radius * math.cos(2.0 * math.pi * v), radius * math.sin(2.0 * math.pi * v)


@nb.njit(cache=True, error_model="numpy")
def mixed(a: Any, b: Any) -> Any:
    """A 64-bit id for a pair (effector and target, parent and division number): order matters."""
    x = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = x ^ np.uint64(b) * np.uint64(0xD6E8FEB86659FD93)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@nb.njit(cache=True, error_model="numpy")
def poisson(mean: Any, uniform: Any) -> Any:
    """Poisson count by inversion of one uniform; means here are far below 1 per step, so the loop is short."""
    count = 0
    term = math.exp(-mean)
    total = term
    while uniform > total and count < 1000:
        count += 1
        term *= mean / count
        total += term
    return count
