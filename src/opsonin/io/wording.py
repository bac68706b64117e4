"""What a model's refusal means in plain words: key, value as written, what was expected, how to mend it.

Shapes of single values; what must hold between keys is in `check.py`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel

from opsonin.core.errors import did_you_mean
from opsonin.io.locate import KeyPath
from opsonin.io.long_numbers import LongNumber

_MISSING = {
    "scenario": 'Add [scenario] with name = "..." and duration = "84 d".',
    "tissue": 'Add [tissue] with tumour = "melanoma" and a biopsy or [tissue.generate].',
    "arm": 'Add [[arm]] with name = "control".',
    "duration": 'For example duration = "84 d".',
    "amount": 'For example amount = "240 mg", "3 mg/kg", or "1 uM" in the tissue.',
    "size": 'For example size = ["600 um", "600 um"].',
}
# Told by `check.py`, which knows the drug.
TOLD_OF_DOSES = frozenset({"held", "mass_per_volume"})
AMOUNTS = (
    'Write an amount as "240 mg", per body weight as "3 mg/kg" or surface as "20 mg/m2", as "1 uM" in the tissue, of '
    'radiation as "8 Gy", of cells as "200 cells/mm2", or of a vaccine as "1 dose".'
)
_LONGEST = 60
_SECTIONS = {
    "scenario",
    "tissue",
    "generate",
    "arm",
    "dose",
    "output",
    "numerics",
}  # the place already says these
_UNITS = ((1440.0, "d"), (60.0, "h"), (1.0, "min"))


def shown(value: object) -> str:
    """A value as a scenario would write it, shortened."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            text = f"'{value}'"
        case Mapping():
            text = "a table"
        case list() | tuple():
            text = "[" + ", ".join(shown(item) for item in value[:4]) + (", ...]" if len(value) > 4 else "]")
        case datetime.date() | datetime.time():
            text = f"the date or time {value.isoformat()}"
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + "...'"


def plain(  # noqa: PLR0911, PLR0912 - one case per kind of error
    found: Mapping[str, Any], model: type[BaseModel]
) -> tuple[KeyPath, str, str]:
    """(key path, problem, fix) of one error of a pydantic model, free of its jargon.

    Args:
        found: one item of `ValidationError.errors()`.
        model: the model that refused the input.
    """
    path: KeyPath = tuple(part for part in found["loc"] if part != "[key]")
    key, value, context = str(path[-1]) if path else "", found["input"], found.get("ctx", {})
    named = f"{key} {shown(value)}" if path and isinstance(path[-1], str) else shown(value)
    match found["type"]:
        case "missing":
            what = f"the section [{key}]" if len(path) == 1 else f"the key '{key}'"
            return path, f"{what} is missing", _MISSING.get(key, "")
        case "extra_forbidden":
            fix = _where_it_belongs(key, model, path[:-1]) or did_you_mean(key, _fields_at(model, path[:-1]))
            return path, f"unknown key '{key}'.", fix
        case _ if isinstance(value, LongNumber):
            return path, f"{named} is too large a number", ""
        case "quantity":
            message = context["message"]
            named_parts = [part for part in path if isinstance(part, str) and part not in _SECTIONS]
            of = ".".join(named_parts) or key
            problem = f"{of}: {message}"
            if "expected a number with a unit" in message:
                problem += f", got {shown(value)}"
            return path, problem, f"Write it with its unit, as in {context['example']}."
        case "amount":
            message = str(context["message"])
            problem = f"{key}: {message}" if message.startswith("'") else f"{named} {message}"
            return path, problem, AMOUNTS
        case "fields":
            return path, f"{named} does not say which fields", f"Please {context['message']}."
        case "scalar" | "number":
            return path, f"{named}: {found['msg']}", ""
        case "model_type" | "dict_type" | "model_attributes_type":
            header = ".".join(part for part in path if isinstance(part, str))
            if key.isdecimal():
                return (
                    path,
                    f"{named} should be a table of keys",
                    f"Write each of {header} as {{ ... }} or [[{header}]].",
                )
            return path, f"{named} should be a table of keys", f"Write it as [{header}] or {key} = {{ ... }}."
        case "tuple_type" | "list_type":
            return path, f"{named} should be a list", _as_list(key)
        case "string_type":
            return path, f"{named} should be text in quotes", ""
        case "int_type" | "int_from_float" | "int_parsing":
            return path, f"{named} should be a whole number", ""
        case "greater_than_equal":
            return path, f"{named} is below the least allowed, {context['ge']}", ""
        case "less_than_equal":
            return path, f"{named} is above the most allowed, {context['le']:g}", ""
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", str(context["expected"]))
            hint = did_you_mean(str(value), allowed)
            return (
                path,
                f"{named} is not one of {', '.join(allowed)}.",
                hint if hint.startswith("Did") else "",
            )
        case "less_than":
            return path, f"{named} is above the largest allowed, {context['lt'] - 1}", ""
        case "greater_than":
            return path, f"{named} must be above {context['gt']:g}", ""
        case "bool_type":
            return path, f"{named} should be true or false", ""
        case "float_type" | "float_parsing" | "finite_number":
            return path, f"{named} should be a number", ""
        case "string_too_short":
            return path, f"{key} is empty", ""
        case "illegible":
            return path, f"{named} {context['message']}", ""
        case "string_too_long":
            return path, f"{named} is longer than {context['max_length']} characters", ""
        case "value_error":
            return path, str(context["error"]), ""
        case "too_short" if key == "arm":
            return path, "at least one [[arm]] is needed", _MISSING["arm"]
        case "too_short" | "too_long":
            return path, f"{named} has a wrong number of values", _MISSING.get(key, "")
        case "string_pattern_mismatch":
            fix = "Use letters, digits, space and . _ + - and begin with a letter or digit."
            return path, f"{named} has characters that are not allowed", fix
        case _:
            return path, f"{named} is not accepted here", ""


def _as_list(key: str) -> str:
    match key:
        case "arm":
            return "Write each arm as [[arm]], in double brackets."
        case "dose":
            return 'Write dose = [{ drug = "nivolumab", amount = "240 mg" }].'
        case "size":
            return _MISSING["size"]
        case _:
            return f"Write {key} = [...]."


def _where_it_belongs(key: str, model: type[BaseModel], path: KeyPath) -> str:
    """The section that has this key, where it stands in another one; '' if none has."""
    tables: list[tuple[str, ...]] = [(part,) for part in _fields_at(model, ())]
    tables += [(*table, part) for table in tables for part in _fields_at(model, table)]
    homes = [
        table
        for table in [(), *tables]
        if table != path and key in _fields_at(model, table) and table != (key,)
    ]
    if not homes or key in _fields_at(model, path):
        return ""
    return (
        f"It belongs to [{'.'.join(homes[0])}]."
        if homes[0]
        else f"Write it as [{key}], a section of its own."
    )


def _fields_at(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys allowed in the table at `path`."""
    here: Any = model
    for part in path:
        fields = getattr(here, "model_fields", {})
        if part in fields:
            inner = [leaf for leaf in _leaves(fields[part].annotation) if hasattr(leaf, "model_fields")]
            here = inner[0] if inner else None
    return list(getattr(here, "model_fields", {}))


def _leaves(annotation: Any) -> list[Any]:
    inner = [part for part in get_args(annotation) if part not in (NoneType, Ellipsis)]
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [annotation]


def spelled(minutes: float) -> str:
    """Minutes in the largest unit that leaves a whole number."""
    for size, unit in _UNITS:
        count = minutes / size
        if count >= 1.0 and abs(count - round(count)) < 1e-9:
            return f"{round(count)} {unit}"
    return f"{round(minutes * 60)} s"
