"""Those rules between the keys of a scenario that JSON Schema can say, for editors; the models know none of them.

All of them, in words, are in `check.py` and `generated.py`.
"""

from __future__ import annotations

from typing import Any

from opsonin.io.generated import SIZES
from opsonin.model.scenario import GEOMETRY_KEYS, Generated

_BALLS = [kind for kind, keys in GEOMETRY_KEYS.items() if "diameter" in keys]
_IN_MEDIUM = [kind for kind in GEOMETRY_KEYS if Generated.model_validate({"geometry": kind}).free_standing]
_EMPTY = {"maxProperties": 0}  # as a resolved scenario writes a table that says nothing


def dose_rules(at_once: str, may_last: list[str]) -> dict[str, Any]:
    """Of a dose: what is at once lasts no time, a concentration does, masses and cells may; no end without repeats.

    Args:
        at_once: pattern of such amounts; may_last: patterns of masses and cells.
    """
    given = {"properties": {"amount": {"pattern": at_once}}}
    return {
        "if": given,
        "then": {"properties": {"lasting": False}},
        "else": {
            "if": {"not": {"properties": {"amount": {"anyOf": [{"pattern": one} for one in may_last]}}}},
            "then": {"required": ["lasting"]},
        },
        "dependentRequired": {"until": ["every"]},
    }


def region_rules() -> dict[str, Any]:
    """Of a tissue: read with its labels, or drawn; a ball has no thickness."""
    drawn = {"select": _EMPTY, "biopsy": False, "labels": False, "fields": False}
    return {
        "oneOf": [
            {"required": ["biopsy", "labels"], "properties": {"generate": False}},
            {"required": ["generate"], "properties": drawn},
        ],
        "if": _geometry_in(_BALLS, "generate"),
        "then": {"properties": {"thickness": False}},
    }


def generated_rules() -> dict[str, Any]:
    """Of a drawn tissue: which keys its geometry has, how many sizes, and one way to say how many cells."""
    by_kind = [_of_kind(kind) for kind in GEOMETRY_KEYS]
    by_kind.append({"properties": {"size": {"minItems": 2, "maxItems": 3}}})
    for name in ("fractions", "density"):
        given: dict[str, Any] = {"required": [name]}
        if name == "fractions":
            given["properties"] = {name: {"minProperties": 1}}
        by_kind.append({"if": given, "then": {"properties": {"densities": _EMPTY}}})
    return {"allOf": by_kind}


def scenario_rules() -> dict[str, Any]:
    """Of the whole: cells in medium have no untreated steady state to live on to."""
    return {
        "if": _geometry_in(_IN_MEDIUM, "tissue", "generate"),
        "then": {"properties": {"numerics": {"properties": {"burn_in": False}}}},
    }


def _of_kind(kind: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"properties": {"geometry": {"const": kind}}, "required": ["geometry"]}
    unused = set(Generated.model_fields) - GEOMETRY_KEYS[kind]
    tables = {name for name, field in Generated.model_fields.items() if field.default_factory is dict}
    keys: dict[str, Any] = {name: _EMPTY if name in tables else False for name in sorted(unused)}
    if kind in SIZES:
        keys["size"] = {"minItems": SIZES[kind][0], "maxItems": SIZES[kind][0]}
    needed = "diameter" if kind in _BALLS else "size"
    return {"if": asked, "then": {"properties": keys, "required": [needed]}}


def _geometry_in(kinds: list[str], *path: str) -> dict[str, Any]:
    """True where the table at `path` names one of these geometries."""
    rule: dict[str, Any] = {"properties": {"geometry": {"enum": kinds}}, "required": ["geometry"]}
    for key in reversed(path):
        rule = {"properties": {key: rule}, "required": [key]}
    return rule
