"""Philox4x32-10 and the draws made of it in plain Python integers: the specification of `core.random`."""

from __future__ import annotations

import math

Key = tuple[int, int]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF


def philox(counter: tuple[int, int, int, int], key: Key) -> tuple[int, int, int, int]:
    """One block of four 32-bit words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product1 >> 32) ^ c1 ^ k0,
            product1 & _MASK32,
            (product0 >> 32) ^ c3 ^ k1,
            product0 & _MASK32,
        )
        k0, k1 = (k0 + _WEYL[0]) & _MASK32, (k1 + _WEYL[1]) & _MASK32
    return c0, c1, c2, c3


def uniforms(key: Key, identity: int, tick: int, stream: int, draw: int) -> tuple[float, float]:
    """Two uniforms in (0, 1) with 53 random bits each."""
    counter = (identity & _MASK32, identity >> 32, tick & _MASK32, (stream << 20 | draw) & _MASK32)
    a, b, c, d = philox(counter, key)
    return ((a << 21 ^ b >> 11) + 0.5) * 2.0**-53, ((c << 21 ^ d >> 11) + 0.5) * 2.0**-53


def normals(key: Key, identity: int, tick: int, stream: int, draw: int) -> tuple[float, float]:
    """Two standard normals (Box-Muller)."""
    u, v = uniforms(key, identity, tick, stream, draw)
    radius = math.sqrt(-2.0 * math.log(u))
    return radius * math.cos(2.0 * math.pi * v), radius * math.sin(2.0 * math.pi * v)


def mixed(a: int, b: int) -> int:
    """A 64-bit id for an ordered pair."""
    x = (a * 0x9E3779B97F4A7C15 + b) & _MASK64
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & _MASK64
    x ^= (b * 0xD6E8FEB86659FD93) & _MASK64
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & _MASK64
    return x ^ x >> 31


def poisson(mean: float, uniform: float) -> int:
    """Smallest count whose cumulative Poisson probability reaches the uniform."""
    count, term = 0, math.exp(-mean)
    total = term
    while uniform > total and count < 1000:
        count += 1
        term *= mean / count
        total += term
    return count
