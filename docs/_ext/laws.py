"""What the model page says of each law: its equation, derived by running it on symbols, and its docstring in parts.

Equations are never written by hand here. How they are drawn is in `equations.py`, where they go in `generated.py`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

import opsonin.laws
from opsonin.laws import operations

ORDER = (  # of the model page: from the cell outwards
    "response",
    "events",
    "expression",
    "metabolism",
    "recognition",
    "apoptosis",
    "death",
    "ledger",
    "cycle",
    "motility",
    "mechanics",
    "trafficking",
    "window",
    "medium",
    "pharmacology",
)
LN2 = 0.6931471805599453
_AS_IN = re.compile(r"[Aa]rguments as in `(\w+)`")
_SECTIONS = ("Args", "Returns", "Source")
_GREEK = ("alpha", "beta", "gamma", "lambda", "phi", "rho", "tau")
_SYMBOL = re.compile(rf"(?:{'|'.join(_GREEK)}|[A-Za-z][a-z]?\d?\d?|[A-Z]{{2}}|[A-Za-z]_\w{{1,3}})")
_WORDS = {"as", "at", "by", "in", "is", "it", "no", "of", "on", "or", "so", "to", "up"}
_SHORT = {"dt": r"\Delta t"}


@dataclass(frozen=True)
class Argument:
    """One argument: its name in the code, its symbol in the equation, its unit ('' if not said) and its meaning."""

    name: str
    symbol: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Law:
    """A law as the page shows it; `text` and `source` are as in its docstring, `latex` is its equation in lines."""

    name: str
    summary: str
    text: str
    arguments: tuple[Argument, ...]
    returns: str
    source: str
    latex: tuple[str, ...]


def modules() -> Iterator[tuple[ModuleType, list[Law]]]:
    """Every module of laws with its laws, in the order of the page."""
    names = [
        module.name for module in pkgutil.iter_modules(opsonin.laws.__path__) if module.name != "operations"
    ]
    for name in sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)):
        module = importlib.import_module(f"opsonin.laws.{name}")
        own = [law for law in operations.LAWS.values() if law.__module__ == module.__name__]
        if own:
            yield module, [described(law) for law in own]


def described(law: Any) -> Law:
    """A law's docstring in parts, and its equation."""
    parts = _parts(inspect.getdoc(law) or "")
    if not parts["Source"] and (other := _AS_IN.search(parts["text"])):
        parts["Source"] = described(operations.LAWS[other[1]]).source
    names = list(inspect.signature(law).parameters)
    arguments = _arguments(names, parts["Args"], parts["text"])
    summary, _, text = parts["text"].partition("\n\n")
    return Law(
        name=law.__name__,
        summary=" ".join(summary.split()),
        text=" ".join(text.split()),
        arguments=arguments,
        returns=" ".join(parts["Returns"].split()),
        source=" ".join(parts["Source"].split()),
        latex=equation(law.__name__, {argument.name: argument.symbol for argument in arguments}),
    )


def formula(name: str) -> tuple[list[sympy.Symbol], sympy.Expr]:
    """The symbols of a law's arguments and what it makes of them; laws that it calls stay calls."""
    law = operations.LAWS[name]
    symbols = [sympy.Symbol(argument, real=True) for argument in inspect.signature(law).parameters]
    with operations.structured():
        # The outermost call must give its formula and not a call of itself.
        expression = sympy.sympify(law.law(*symbols))
    return symbols, tidied(expression)


def tidied(expression: sympy.Expr) -> sympy.Expr:
    """The same for all values that occur: whole numbers as such, ln 2 by name, no guards against rounding."""
    for number in expression.atoms(sympy.Float):
        value = float(number)
        exact: Any = sympy.nsimplify(number, rational=True)
        if abs(abs(value) - LN2) < 1e-12:
            exact = sympy.log(2) if value > 0 else -sympy.log(2)
        elif exact.q > 1000:
            exact = number
        expression = expression.xreplace({number: exact})
    return expression.replace(_is_guarded, lambda power: sympy.Pow(_unguarded(power.base), power.exp))


def _is_guarded(node: Any) -> bool:
    # A whole exponent is no `power` but a product that the law means: (max(1 - x, 0))^2.
    guarded = isinstance(node, sympy.Pow) and isinstance(node.base, sympy.Max) and 0 in node.base.args
    return guarded and not node.exp.is_Integer


def _unguarded(base: Any) -> Any:
    """`power` counts a base below 0, which only rounding makes, as 0."""
    others = [argument for argument in base.args if argument != 0]
    return others[0] if len(others) == 1 else base


class _Printer(LatexPrinter):  # type: ignore[misc]
    """LaTeX that matplotlib's mathtext can draw: calls of laws upright, no environments."""

    def __init__(self, symbols: dict[str, str]) -> None:
        super().__init__({"ln_notation": True, "mul_symbol": r" \cdot "})
        self._symbols = symbols

    def _as_ordered_terms(self, expr: Any, order: str | None = None) -> list[Any]:
        """What is subtracted last: x - 1 and not -1 + x."""
        return sorted(expr.args, key=lambda term: bool(term.could_extract_minus_sign()))

    def _print_Symbol(self, expr: Any, style: str = "plain") -> str:  # noqa: N802
        return latex_of(self._symbols.get(expr.name, expr.name))

    def _print_Function(self, expr: Any, exp: Any = None) -> str:  # noqa: N802
        inner = r",\, ".join(self._print(argument) for argument in expr.args)
        call = rf"{upright(expr.func.__name__)}\left({inner}\right)"
        return call if exp is None else rf"{call}^{{{exp}}}"

    def _call(self, name: str, args: Any) -> str:
        inner = r",\, ".join(self._print(argument) for argument in args)
        return rf"\mathrm{{{name}}}\left({inner}\right)"

    def _print_Max(self, expr: Any, exp: Any = None) -> str:  # noqa: N802
        call = self._call("max", sorted(expr.args, key=lambda argument: argument.is_number))
        return call if exp is None else rf"{call}^{{{exp}}}"

    def _print_Min(self, expr: Any, exp: Any = None) -> str:  # noqa: N802
        call = self._call("min", sorted(expr.args, key=lambda argument: argument.is_number))
        return call if exp is None else rf"{call}^{{{exp}}}"


def equation(name: str, symbols: dict[str, str] | None = None) -> tuple[str, ...]:
    """LaTeX of a law, with its name on the left; a call that it makes twice is a line of its own."""
    _, expression = formula(name)
    printer = _Printer(symbols or {})
    lines = []
    for call in sorted(expression.atoms(AppliedUndef), key=str):
        if expression.count(call) > 1:
            short = call.func.__name__
            expression = expression.xreplace({call: sympy.Symbol(short)})
            lines.append(f"{upright(short)} = {printer.doprint(call)}")
    return (f"{upright(name)} = {_displayed(printer.doprint(expression))}", *lines)


def _displayed(latex: str) -> str:
    """Outermost fractions at the size of the line."""
    parts, depth = [], 0
    for part in re.split(r"(\\frac|[{}])", latex):
        depth += {"{": 1, "}": -1}.get(part, 0)
        parts.append(r"\dfrac" if part == r"\frac" and depth == 0 else part)
    return "".join(parts)


def upright(name: str) -> str:
    """A name of the code in upright letters."""
    return r"\mathrm{" + name.replace("_", r"\_") + "}"


def latex_of(symbol: str) -> str:
    """A symbol as LaTeX: 'tau', 'K', 'v0', 'k10' as such, all longer ones as upright names."""
    if symbol in _GREEK:
        return rf"\{symbol}"
    if symbol in _SHORT:
        return _SHORT[symbol]
    if found := re.fullmatch(r"([A-Za-z])_?([a-z]|\d\d?)|([A-Za-z])_(\w{2,3})", symbol):
        base, index = found[1] or found[3], found[2] or found[4]
        return rf"{base}_\mathrm{{{index}}}"
    return symbol if len(symbol) == 1 else upright(symbol)


def _parts(text: str) -> dict[str, str]:
    """The docstring by section; what stands before the first one is 'text'."""
    found: dict[str, list[str]] = {"text": []} | {name: [] for name in _SECTIONS}
    here = "text"
    for line in text.splitlines():
        head = re.match(rf"({'|'.join(_SECTIONS)}):\s*(.*)", line)
        if head:
            here, line = head[1], head[2]  # noqa: PLW2901
        found[here].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def _arguments(names: list[str], told: str, text: str) -> tuple[Argument, ...]:
    """Each argument with what the docstring says of it; where it says 'as in', that law's words."""
    if not told and (other := _AS_IN.search(text)):
        known = {argument.name: argument for argument in described(operations.LAWS[other[1]]).arguments}
        return tuple(known.get(name, Argument(name, name, "", "")) for name in names)
    meanings = _meanings(names, told)
    found = {}
    for group, meaning in meanings:
        if other := re.match(r"as in `(\w+)`", meaning):
            known = {argument.name: argument for argument in described(operations.LAWS[other[1]]).arguments}
            found |= {name: known[name] for name in group}
            continue
        unit = re.findall(r"\[([^\]]+)\]", meaning)
        symbols = _symbols(group, meaning)
        words = re.sub(r"\s*\[[^\]]+\]", "", meaning).strip(" .;,")
        for name, symbol in zip(group, symbols, strict=True):
            found[name] = Argument(name, symbol, unit[-1] if unit else "", words)
    taken = [argument.symbol for argument in found.values()]
    return tuple(
        found[name]
        if name in found and taken.count(found[name].symbol) == 1
        else Argument(
            name, name, getattr(found.get(name), "unit", ""), getattr(found.get(name), "meaning", "")
        )
        for name in names
    )


def _meanings(names: list[str], told: str) -> list[tuple[list[str], str]]:
    """What is said of which arguments: an item begins a line, or follows '; ' or ', and '."""
    one = rf"`?(?:{'|'.join(sorted(names, key=len, reverse=True))})`?"
    head = re.compile(rf"(?:^\s*|; |, and |: same unit; )({one}(?:, {one})*)(?::| (?=[a-zK=]))", re.MULTILINE)
    starts = list(head.finditer(told))
    items = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        group = [name.strip("` ") for name in start[1].split(",")]
        end = following.start() if following else len(told)
        items.append((group, " ".join(told[start.end() : end].split())))
    return items


def _symbols(group: list[str], meaning: str) -> list[str]:
    """The symbols before the unit: as many as there are arguments, else their names."""
    before = meaning.partition("[")[0].strip(" ,;.")
    tokens = re.split(r"[,\s]+", before)[-len(group) :] if before else []
    fits = len(tokens) == len(group) and all(
        _SYMBOL.fullmatch(token) and token not in _WORDS for token in tokens
    )
    return tokens if fits else group
