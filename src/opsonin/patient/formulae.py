"""From laws to the formulae of an SBML model: laws called on symbols, printed in the infix notation of SBML.

A law stays one function of the model, so that a formula reads as the call it is. No biology lives here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import sympy

from opsonin.laws.operations import LAWS, structured

_NUMBER = " dimensionless"  # laws hold pure numbers only; an SBML number without a unit could be anything


def symbol(name: str) -> Any:
    """What stands for a name of the model in a formula."""
    return sympy.Symbol(name, real=True)


def called(law: Callable[..., Any], *arguments: Any) -> Any:
    """A law as one call, on names of the model or on formulae of them."""
    with structured():
        return law(*(symbol(a) if isinstance(a, str) else a for a in arguments))


def evaluated(formula: Any, value_of: Callable[[str], float]) -> float:  # noqa: PLR0911 - one case per operation
    """The number that a formula comes to.

    Args:
        formula: of names of the model; or a number.
        value_of: of each name.
    """
    match formula:
        case float() | int():
            return float(formula)
        case sympy.Symbol():
            return value_of(str(formula.name))
        case sympy.Number() | sympy.NumberSymbol():
            return float(formula)
    inner = [evaluated(argument, value_of) for argument in formula.args]
    match formula:
        case sympy.Add():
            return math.fsum(inner)
        case sympy.Mul():
            return math.prod(inner)
        case sympy.Pow():
            return float(inner[0] ** inner[1])
        case _:
            return float(LAWS[formula.func.__name__](*inner))


def printed(formula: Any) -> str:  # noqa: PLR0911 - one case per operation
    """A sympy expression as SBML's infix text; every number has its unit, `dimensionless`.

    Raises:
        TypeError: an operation that laws do not have.
    """
    match formula:
        case sympy.Symbol():
            return str(formula.name)
        case sympy.Number() | sympy.NumberSymbol():
            value = float(formula)
            return f"({value!r}{_NUMBER})" if value < 0.0 else f"{value!r}{_NUMBER}"
        case sympy.Add():
            return f"({' + '.join(map(printed, formula.args))})"
        case sympy.Mul():
            return _product(formula)
        case sympy.Pow():
            base, exponent = formula.args
            if exponent == -1:
                return f"(1.0{_NUMBER} / {printed(base)})"
            return f"({printed(base)})^({printed(exponent)})"
        case sympy.exp():
            return f"exp({printed(formula.args[0])})"
        case sympy.Max() | sympy.Min():
            return _extreme(formula)
        case sympy.Function():
            return f"{formula.func.__name__}({', '.join(map(printed, formula.args))})"
        case _:
            raise TypeError(f"laws have no {type(formula).__name__}")


def _extreme(formula: Any) -> str:
    """The greater or smaller; the 0 that guards a power is 0 of the unit of what it guards."""
    name = "max" if isinstance(formula, sympy.Max) else "min"
    others = [printed(argument) for argument in formula.args if argument != 0]
    guard = [f"0.0{_NUMBER} * {others[0]}"] if len(others) < len(formula.args) else []
    return f"{name}({', '.join([*guard, *others])})"


def _product(formula: Any) -> str:
    """Factors over divisors: where units are checked, 1/x has one that few readers expect."""
    below = [f for f in formula.args if isinstance(f, sympy.Pow) and f.args[1].is_negative]
    above = [printed(f) for f in formula.args if f not in below] or [f"1.0{_NUMBER}"]
    divisors = "".join(f" / {printed(1 / f)}" for f in below)
    return f"({' * '.join(above)}{divisors})"


def functions(formulae: Iterable[Any]) -> dict[str, tuple[tuple[str, ...], str]]:
    """The laws that these formulae call, and those which they call, each after the ones it needs.

    Returns:
        arguments and printed formula of each, by name.
    """
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for formula in formulae:
        for call in sorted(formula.atoms(sympy.Function), key=str):
            name = call.func.__name__
            if name in LAWS and name not in found:
                names = _arguments(name)
                with structured():
                    inner = LAWS[name].law(*map(symbol, names))  # type: ignore[attr-defined]
                found |= {key: value for key, value in functions([inner]).items() if key not in found}
                found[name] = names, printed(inner)
    return found


def _arguments(name: str) -> tuple[str, ...]:
    code = LAWS[name].law.__code__  # type: ignore[attr-defined]
    return tuple(code.co_varnames[: code.co_argcount])
