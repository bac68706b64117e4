"""The five operations laws are built from, and the decorator that lets one source serve several readers.

A law uses + - * / and `power`, `exp`, `expm1`, `minimum`, `maximum`. The same source then runs on floats,
inside numba kernels, on sympy symbols (formulae for SBML and C) and on pint quantities (a dimension test).
No biology lives here.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.extending import overload

LAWS: dict[str, Callable[..., Any]] = {}
_structured = False


def _symbolic(*args: Any) -> bool:
    sympy = sys.modules.get("sympy")  # imported only by whoever passes symbols in
    return sympy is not None and any(isinstance(a, sympy.Basic) for a in args)


def _magnitude(x: Any) -> Any:
    """A dimensionless quantity as a float; anything with a dimension is refused by the quantity itself."""
    return x.to("").magnitude if hasattr(x, "to") and hasattr(x, "magnitude") else x


def power(x: Any, n: Any) -> Any:
    """x**n for x >= 0; a negative x (rounding) counts as 0."""
    if _symbolic(x, n):
        import sympy

        return sympy.Pow(sympy.Max(x, 0), n)
    return _power(x, n)


def _power(x, n):
    base = 0.0 * x if x < 0.0 else x
    # Most Hill coefficients are one of these, and the general power costs as much as all the rest of a law.
    if n == 1.0:
        return base
    if n == 2.0:
        return base * base
    if n == 4.0:
        return (base * base) * (base * base)
    if n == 6.0:
        return (base * base) * (base * base) * (base * base)
    return base**n


def exp(x: Any) -> Any:
    """e**x."""
    if _symbolic(x):
        import sympy

        return sympy.exp(x)
    return math.exp(_magnitude(x))


def expm1(x: Any) -> Any:
    """e**x - 1 without cancellation near 0."""
    if _symbolic(x):
        import sympy

        return sympy.exp(x) - 1
    return math.expm1(_magnitude(x))


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two."""
    if _symbolic(a, b):
        import sympy

        return sympy.Min(a, b)
    return a if a < b else b


def maximum(a: Any, b: Any) -> Any:
    """The larger of two."""
    if _symbolic(a, b):
        import sympy

        return sympy.Max(a, b)
    return a if a > b else b


@overload(power)
def _power_in_kernels(x, n):
    # numba insists on equal, unannotated signatures here
    return _power


@overload(exp)
def _exp(x):
    return lambda x: math.exp(x)


@overload(expm1)
def _expm1(x):
    return lambda x: math.expm1(x)


@overload(minimum)
def _minimum(a, b):
    return lambda a, b: a if a < b else b


@overload(maximum)
def _maximum(a, b):
    return lambda a, b: a if a > b else b


def law(f: Callable[..., Any]) -> Callable[..., Any]:
    """Register a scalar law: callable from Python, from numba kernels and on sympy symbols.

    Inside `structured()` a call on symbols stays a call, so that nested laws do not blow up into one formula.
    """

    @functools.wraps(f)
    def call(*args: Any) -> Any:
        if _structured and _symbolic(*args):
            import sympy

            return sympy.Function(f.__name__)(*args)
        return f(*args)

    call.law = f  # type: ignore[attr-defined]
    overload(call)(functools.wraps(f)(lambda *args: f))
    if f.__name__ in LAWS:
        raise ValueError(f"law '{f.__name__}' is defined twice; give one of them another name")
    LAWS[f.__name__] = call
    return call


@contextmanager
def structured() -> Iterator[None]:
    """Within this block a law called on symbols returns a named function call instead of its formula."""
    global _structured  # noqa: PLW0603
    before, _structured = _structured, True
    try:
        yield
    finally:
        _structured = before
