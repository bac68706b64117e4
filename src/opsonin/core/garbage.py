"""Python's search for circular garbage, held back where there is little of it and looking takes long."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made and not let go of between two searches. Python's own number is 700; reading modules makes some 1e5.
_SELDOM = 500_000


@contextmanager
def uncollected() -> Iterator[None]:
    """Without it, but for one at the end: while kernels are compiled it takes a tenth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
            gc.collect()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """With few searches: modules stay, and a run works on arrays, which hold no circles."""
    before = gc.get_threshold()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
