"""What the scenario reference says of each key, read from the schema that a scenario is checked with.

The meaning is the key's line under `Attributes:` in the docstring of its table (or its `description`).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from opsonin.model.scenario import EXAMPLES, GEOMETRY_KEYS, Quantity, Scenario
from opsonin.model.sourced import Entry

_PER_DAY = 1440.0
_MM2 = 1e6  # um2
_KINDS = {"min": "time", "um": "length", "cell/um**2": "cells per area"}
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


@dataclass(frozen=True)
class Key:
    """One key: dotted path, type, default ('' where it must be given), limits and meaning in words."""

    path: str
    type: str
    default: str
    limits: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table of the file: how it is headed there, what it is, and its keys."""

    heading: str
    path: str
    about: str
    keys: tuple[Key, ...]


def tables(model: type[Entry] = Scenario, path: str = "", listed: bool = False) -> Iterator[Table]:
    """Every table of a scenario with its keys, outermost first; the file itself is the first."""
    meanings = attributes(model)
    keys, below = [], []
    for name, field in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        inner = _table_of(field.annotation)
        if inner is not None:
            below.append((inner, here, get_origin(_bare(field.annotation)) is tuple))
        keys.append(_key(here, field, meanings.get(name, "")))
    heading = f"[[{path}]]" if listed else f"[{path}]"
    yield Table(heading if path else "", path, _about(model), tuple(keys))
    for inner, here, many in below:
        yield from tables(inner, here, many)


def attributes(model: type[Entry]) -> dict[str, str]:
    """What the docstring says under `Attributes:`, by name."""
    text = inspect.getdoc(model) or ""
    _, _, told = text.partition("Attributes:\n")
    found: dict[str, str] = {}
    for name, meaning in re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", told, re.MULTILINE):
        found[name] = " ".join(meaning.split())
    return found


def _about(model: type[Entry]) -> str:
    text = (inspect.getdoc(model) or "").partition("Attributes:")[0]
    return text.partition("; which geometry uses")[0].rstrip(". \n") + "."


def _key(path: str, field: FieldInfo, meaning: str) -> Key:
    name = path.rpartition(".")[2]
    quantity = _find(field, Quantity)
    used = [geometry for geometry, keys in GEOMETRY_KEYS.items() if name in keys]
    limits = [_limits(field, quantity)]
    if path.startswith("tissue.generate.") and 0 < len(used) < len(GEOMETRY_KEYS):
        limits.append(f"of the geometries {', '.join(used)}")
    return Key(
        path=path,
        type=_type(_bare(field.annotation), quantity),
        default=_default(field, quantity),
        limits="; ".join(limit for limit in limits if limit),
        meaning=(field.description or meaning).removesuffix("."),
    )


def _limits(field: FieldInfo, quantity: Quantity | None) -> str:
    told = []
    if quantity is not None:
        pairs = (("above", quantity.above), ("at least", quantity.least), ("at most", quantity.most))
        told += [f"{word} {amount(value, quantity.unit)}" for word, value in pairs if value is not None]
    for constraint in _all(field):
        for attribute, word in _BOUNDS.items():
            bound = getattr(constraint, attribute, None)
            if isinstance(bound, int | float):
                told.append(f"{word} {_number(bound)}")
        most = getattr(constraint, "max_length", None)
        if most is not None:
            told.append(f"at most {most} characters")
        if getattr(constraint, "min_length", None):
            told.append("not empty")
        pattern = getattr(constraint, "pattern", None)
        if pattern is not None:
            told.append("letters, digits, spaces and ``. _ + -``, beginning with a letter or digit")
    return ", ".join(dict.fromkeys(told))


def _number(bound: float) -> str:
    power = isinstance(bound, int) and bound > 2**30 and not bound & (bound - 1)
    return f"2^{int(bound).bit_length() - 1}" if power else f"{bound:.12g}"


def _default(field: FieldInfo, quantity: Quantity | None) -> str:
    if field.is_required():
        return ""
    value = field.default if field.default is not PydanticUndefined else field.default_factory()  # type: ignore[misc,call-arg]
    if value is None:
        return "left out"
    if isinstance(value, Entry):
        return "as its keys say"
    if value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return amount(value, quantity.unit) if quantity is not None else str(value)


def amount(value: float, unit: str) -> str:
    """A quantity in the unit that a person would write it in."""
    if unit == "min":
        for size, name in ((_PER_DAY, "d"), (60.0, "h")):
            if value and value >= size:
                return f"{value / size:.6g} {name}"
        return f"{value:g} min"
    if unit == "cell/um**2":
        return f"{value * _MM2:,.0f} cells/mm2"
    return f"{value:g} {unit}"


def _type(annotation: Any, quantity: Quantity | None) -> str:
    listed = get_origin(annotation) is tuple
    if _table_of(annotation) is not None:
        return "list of tables" if listed else "table"
    if get_origin(annotation) is dict:
        return f"table of {_type(_bare(get_args(annotation)[1]), quantity)}"
    if listed:
        return f"list of {_type(_bare(get_args(annotation)[0]), quantity)}"
    if quantity is not None:
        return f"{_KINDS.get(quantity.unit, 'quantity')}, as in {EXAMPLES[quantity.unit]}"
    return _plain(annotation)


def _plain(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(f'"{choice}"' for choice in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not NoneType]
        return " or ".join(dict.fromkeys(_type(_bare(part), None) for part in parts))
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(
        annotation, str(annotation)
    )


def _bare(annotation: Any) -> Any:
    """Without `| None` and without what is annotated."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
            continue
        parts = [part for part in get_args(annotation) if part is not NoneType]
        if get_origin(annotation) in (Union, UnionType) and len(parts) == 1:
            annotation = parts[0]
            continue
        return annotation


def _table_of(annotation: Any) -> type[Entry] | None:
    bare = _bare(annotation)
    if get_origin(bare) is tuple:
        bare = _bare(get_args(bare)[0])
    return bare if isinstance(bare, type) and issubclass(bare, Entry) else None


def _all(field: FieldInfo) -> Iterator[Any]:
    """What constrains a field: of itself, and of what is inside a list, a table or `| None`."""
    yield from field.metadata
    yield from _inside(field.annotation)


def _inside(annotation: Any) -> Iterator[Any]:
    for constraint in getattr(annotation, "__metadata__", ()):
        yield from getattr(constraint, "metadata", (constraint,))
        if isinstance(constraint, FieldInfo):
            yield from constraint.metadata
    for part in get_args(annotation):
        if not isinstance(part, str):
            yield from _inside(part)


def _find(field: FieldInfo, kind: type[Any]) -> Any:
    return next((constraint for constraint in _all(field) if isinstance(constraint, kind)), None)
