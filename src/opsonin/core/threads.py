"""One loop over cells, cut into as many pieces as there are threads; the pieces share nothing that they write."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numba
import numpy as np

# To numba a literal is a type of its own: a kernel called with 0 and with the first of a piece is compiled twice.
FIRST = np.int64(0)
_FEW = 2_000  # indices; fewer are done before a second thread has begun


def alone(n: int) -> bool:
    """Whether one thread does a loop over n indices by itself."""
    return n < _FEW or numba.get_num_threads() == 1


def spread(n: int, kernel: Callable[..., Any], *arguments: Any) -> None:
    """Call `kernel(begin, end, *arguments)` for pieces of 0..n-1 on numba's threads.

    The kernel must let go of the interpreter (`nogil=True`) and treat each index by itself: then the number of threads
    changes no bit. Numba's own parallel loops would do the same, and take several times as long to compile.
    """
    if alone(n):
        kernel(0, n, *arguments)
        return
    threads = numba.get_num_threads()
    edges = [n * piece // threads for piece in range(threads + 1)]
    pieces = _pool(threads).map(lambda t: kernel(edges[t], edges[t + 1], *arguments), range(threads))
    list(pieces)  # wait, and raise what any of them raised


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="opsonin-kernel")
