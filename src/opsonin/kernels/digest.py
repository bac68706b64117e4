"""A 64-bit digest of columns, the same for any number of threads: integer sums commute exactly."""

from __future__ import annotations

import numba as nb
import numpy as np

_A = np.uint64(0xBF58476D1CE4E5B9)
_B = np.uint64(0x94D049BB133111EB)
_C = np.uint64(0x9E3779B97F4A7C15)


@nb.njit(cache=True, error_model="numpy")
def digest_words(words, seed):
    """Digest of a uint64 array; each word is mixed with its place, so that swapped values differ.

    Memory: none; work: len(words).
    """
    total = np.uint64(seed) * _C + np.uint64(len(words))
    for i in range(len(words)):
        x = words[i] + np.uint64(i + 1) * _C
        x = (x ^ (x >> np.uint64(30))) * _A
        x = (x ^ (x >> np.uint64(27))) * _B
        total += x ^ (x >> np.uint64(31))
    return total


@nb.njit(cache=True, error_model="numpy")
def digest_rows(rows, n, seed):
    """Digests of the first n words of every row of a uint64 array, seeded one after the other, taken together.

    Memory: none; work: rows x n.
    """
    total = np.uint64(0)
    for row in range(len(rows)):
        total ^= digest_words(rows[row, :n], seed + row)
    return total
