"""The JSON Schema (draft 2020-12) of a scenario, made from its models, for editors.

It knows keys, shapes, units, limits and names; of what must hold between keys it knows `schema_rules.py`.
A description of a key that the model does not have is no fault, a key without one is (`tests/unit/test_schema.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from opsonin.io.schema_rules import dose_rules, generated_rules, region_rules, scenario_rules
from opsonin.io.wording import spelled
from opsonin.knowledge.library import Library, children
from opsonin.model.scenario import EXAMPLES, GEOMETRY_KEYS, Generated, Quantity, Scenario
from opsonin.model.sourced import Sourced

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER = r"^\s*[+-]?([0-9][0-9_]*\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
_UNITS = {
    "min": r"(ms|s|seconds?|min|minutes?|h|hours?|d|days?|weeks?)",
    "um": r"(nm|um|µm|μm|microns?|micrometers?|mm|cm|m)",
    "kg": r"(g|kg)",
    "cm": r"(mm|cm|m)",
    "cell/um**2": r"cells?\s*/\s*(um|µm|μm|mm|cm)(2|\^2|\*\*2)",
}
_MASS = r"(ng|ug|µg|μg|mg|g|kg)"
_AT_ONCE = _NUMBER + r"(c?Gy|doses?)\s*$"
_MASS_GIVEN = _NUMBER + rf"{_MASS}\s*(/\s*({_MASS}|m(2|²|\^2|\*\*2)))?\s*$"
_CELLS_GIVEN = _NUMBER + _UNITS["cell/um**2"] + r"\s*$"
_CONCENTRATION = r"([fpnuµμm]?M|[pnuµμm]?mol\s*/\s*(L|l|mL|ml)|[fpnuµμm]?mol\s*/\s*m(3|\^3|\*\*3))"
_VALUE = {"type": ["string", "integer"]}

_TABLES = {
    "Header": "Who, how long, which seed.",
    "Region": "The tissue: a biopsy to read or one to draw, and the tumour that fills what it does not say.",
    "Generated": "A tissue drawn at random instead of read.",
    "Arm": "One treatment, given to the same virtual patient as every other arm.",
    "Dose": "An amount of a drug, once or again and again.",
    "Coupled": "The patient around the tissue: blood, node and clones, which feed it and are fed by it.",
    "Output": "What is kept.",
    "Numerics": "Steps and grid: not physics, changing them must not change results beyond stated error.",
}
DESCRIPTIONS = {
    "Scenario.scenario": _TABLES["Header"],
    "Scenario.tissue": _TABLES["Region"],
    "Scenario.arm": "The arms: [[arm]] once for each.",
    "Scenario.patient": _TABLES["Coupled"],
    "Scenario.output": _TABLES["Output"],
    "Scenario.numerics": _TABLES["Numerics"],
    "Scenario.knowledge": 'Single numbers in place of those of the knowledge base, as "path" = "value with unit".',
    "Header.name": "What it is called in the report.",
    "Header.duration": "How long the arms run.",
    "Header.seed": "Another seed is another course of the same question; the same seed gives the same bits.",
    "Header.patient": "Name of the virtual patient: part of the key of all randomness.",
    "Header.replicate": "Number of the replicate: part of the key of all randomness.",
    "Header.replicates": "How many courses of the same question are run, each with randomness of its own.",
    "Region.tumour": "Preset of the knowledge base: `opsonin knowledge list tumours`.",
    "Region.biopsy": "Table of cells: CSV, TSV (also .gz), parquet or h5ad; the path starts at the scenario.",
    "Region.select": "Column = value that the rows of the field have.",
    "Region.fields": 'Several fields of one patient: "all", or a list of values or of tables such as { image = 1 }.',
    "Region.labels": "What the labels mean: a map of the knowledge base, or the path of your own (TOML).",
    "Region.thickness": "How thick the tissue is; left out, what a section shows: the cut and a nuclear diameter.",
    "Region.generate": _TABLES["Generated"],
    "Generated.geometry": "What it is cut from or grown in; left out, two sizes are a section and three a block.",
    "Generated.size": "Edges of the slab (two) or block (three); of the medium around a spheroid or organoid.",
    "Generated.densities": "Cells per section area by cell type, in place of those of the tumour or organ.",
    "Generated.fractions": "Shares of all cells by cell type; `density` is then that of all cells together.",
    "Generated.density": "Of all cells together, where fractions are given.",
    "Generated.architecture": "Where immune cells are, and how many.",
    "Generated.nest_diameter": "Of the nests of tumour cells.",
    "Generated.tumour_share": "Share of the area or volume that nests of tumour cells hold.",
    "Generated.confluence": "Share of a well's floor that tumour cells cover.",
    "Generated.diameter": "Of the spheroid or organoid.",
    "Generated.lumen": "Diameter of the hollow in an organoid.",
    "Generated.per_tumour_cell": "Cells of another type for one tumour cell: the effector-to-target ratio of killers.",
    "Generated.follicle_diameter": "Of the B-cell follicles of a node.",
    "Generated.follicle_share": "Share of the area or volume that B-cell follicles of a node hold.",
    "Arm.name": "Results are stored by it.",
    "Arm.dose": "All doses of this arm; none is no treatment.",
    "Dose.drug": "Drug of the knowledge base: `opsonin knowledge list drugs`.",
    "Dose.amount": "Of one dose, also per body weight or surface; of free drug in the tissue; of radiation; cells that "
    "reach the tissue, per section area; or a dose of a vaccine.",
    "Dose.lasting": "How long that concentration is held; over which time a mass is infused, or cells come evenly.",
    "Dose.at": "Time of the first dose, from the start of the run.",
    "Dose.every": "Time between doses; left out, it is given once.",
    "Dose.until": "No dose after it, but one at it.",
    "Coupled.interval": "How often tissue and patient hear of each other; left out, 6 h at most. Divides output.every.",
    "Coupled.frozen": "The tissue sees the patient as before treatment, and runs as without; the patient is followed.",
    "Coupled.weight": "For doses per body weight or surface; left out, that of the tumour's patients.",
    "Coupled.height": "For doses per body surface, by Mosteller; left out, the surface follows from the weight.",
    "Output.every": "How often cells and fields are stored, to be read or gone on from.",
    "Numerics.coupling_step": "Step in which the processes take turns.",
    "Numerics.motion_step": "Step of contacts and motion; divides coupling_step.",
    "Numerics.spacing": "Edge of a voxel of the fields.",
    "Numerics.burn_in": "How long the untreated tumour lives before time 0; left out, 21 d (in medium not at all).",
}


def scenario_schema(library: Library) -> dict[str, Any]:
    """The schema, with the names that `library` knows; every table refuses keys that it does not have."""
    made = Scenario.model_json_schema(schema_generator=_Generator)
    tables = {"Scenario": made, **made["$defs"]}
    for (table, key), shape in _shapes(library).items():
        tables[table]["properties"][key] |= shape
    for name, table in tables.items():
        table["description"] = _TABLES.get(name, "A scenario of opsonin: the whole question.")
        for key, found in table["properties"].items():
            found.pop("title", None)
            inner = found.get("items", found.get("additionalProperties", {}))
            limits = (inner if isinstance(inner, dict) else {}).pop("limits", found.pop("limits", ""))
            told = [DESCRIPTIONS.get(f"{name}.{key}", ""), limits, _used_by(name, key)]
            found["description"] = " ".join(part for part in told if part)
    rules = {
        "Scenario": scenario_rules(),
        "Region": region_rules(),
        "Generated": generated_rules(),
        "Dose": dose_rules(_AT_ONCE, [_MASS_GIVEN, _CELLS_GIVEN]),
    }
    for name, rule in rules.items():
        tables[name].update(rule)
    return {"$schema": DIALECT, **made, "title": "opsonin scenario"}


class _Generator(GenerateJsonSchema):
    """Quantities as texts with a unit; no nulls, which TOML does not have."""

    def function_plain_schema(self, schema: Any) -> JsonSchemaValue:
        quantity = _quantity(schema)
        if quantity is None:
            return {}  # one of `_shapes`
        pattern = _NUMBER + _UNITS[quantity.unit] + r"\s*$"
        examples = [text.strip('"') for text in EXAMPLES[quantity.unit].split(" or ")]
        return {"type": "string", "pattern": pattern, "examples": examples, "limits": _limits(quantity)}

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        made = self.generate_inner(schema["schema"])
        default, quantity = schema.get("default"), _quantity(schema["schema"])
        if isinstance(default, float) and quantity is not None:
            return made | {"default": _written(default, quantity)}
        return made | ({"default": default} if isinstance(default, int) else {})


def _quantity(schema: Any) -> Quantity | None:
    """The quantity that a core schema reads, if it does."""
    owner = getattr(schema.get("function", {}).get("function"), "__self__", None)
    return owner if isinstance(owner, Quantity) else None


def _limits(quantity: Quantity) -> str:
    edges = (("Above", quantity.above), ("At least", quantity.least), ("At most", quantity.most))
    return " ".join(f"{word} {_written(edge, quantity)}." for word, edge in edges if edge is not None)


def _written(value: float, quantity: Quantity) -> str:
    if quantity.unit == "min":
        return spelled(value) if value else "0 d"
    return f"{value:g} {quantity.unit}"


def _used_by(table: str, key: str) -> str:
    """Which geometries a key of a generated tissue is for."""
    if table != Generated.__name__ or key == "geometry":
        return ""
    kinds = [kind for kind, keys in GEOMETRY_KEYS.items() if key in keys]
    return "" if len(kinds) in (0, len(GEOMETRY_KEYS)) else f"For geometry {', '.join(kinds)}."


def _shapes(library: Library) -> dict[tuple[str, str], dict[str, Any]]:
    """What the models' types do not say: names of the knowledge base, and values read by functions of their own."""
    cells = {"propertyNames": {"enum": sorted(library.cells)}}
    own_map = {"type": "string", "pattern": r"(\.toml$|/|\\)"}
    held = _NUMBER + _CONCENTRATION + r"\s*$"
    field = {"type": "object", "additionalProperties": _VALUE, "minProperties": 1}
    listed = {"type": "array", "minItems": 1, "items": {"anyOf": [_VALUE, field]}}
    numbers = {path: _number(number) for path, number in _paths(library)}
    return {
        ("Region", "tumour"): {"enum": sorted(library.tumours)},
        ("Region", "labels"): {"anyOf": [{"enum": sorted(library.labels)}, own_map]},
        ("Region", "select"): {"additionalProperties": _VALUE},
        ("Region", "fields"): {"anyOf": [{"const": "all"}, listed], "examples": ["all", [1, 2]]},
        ("Generated", "densities"): cells,
        ("Generated", "fractions"): cells,
        ("Generated", "per_tumour_cell"): cells,
        ("Dose", "drug"): {"enum": sorted(library.drugs)},
        ("Dose", "amount"): {
            "type": "string",
            "anyOf": [{"pattern": pattern} for pattern in (_AT_ONCE, _MASS_GIVEN, held, _CELLS_GIVEN)],
            "examples": ["240 mg", "3 mg/kg", "1 uM", "8 Gy", "200 cells/mm2", "1 dose"],
        },
        ("Scenario", "knowledge"): {"properties": numbers, "additionalProperties": False},
    }


def _paths(library: Library) -> Iterator[tuple[str, Sourced | None]]:
    """Every dotted path that a scenario may set, and the number there, if there is one."""
    for kind, name, entry in library.entries():
        yield from _below(f"{kind}.{name}", entry)


def _below(path: str, node: Any) -> Iterator[tuple[str, Sourced | None]]:
    if node is None or isinstance(node, Sourced):
        yield path, node
        return
    for key, child in (children(node) or {}).items():
        yield from _below(f"{path}.{key}", child)


def _number(number: Sourced | None) -> dict[str, Any]:
    if number is None:
        return {"type": ["string", "number"], "description": "Not set in the knowledge base."}
    edges = "" if number.range is None else f", from {number.range[0]:g} to {number.range[1]:g} {number.unit}"
    origin = "assumed" if number.assumed else number.source
    kinds = "string" if number.unit else ["string", "number"]
    return {"type": kinds, "description": f"{number.text}{edges}; {origin}.".replace(" ;", ";")}
