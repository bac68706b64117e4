"""The JSON Schema for editors accepts what `check` accepts, and marks what a person mistypes."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.core.units import to_unit
from opsonin.io.first_scenario import Names, scenario_of_drawn
from opsonin.io.scenario import Scenario
from opsonin.io.schema import DESCRIPTIONS, scenario_schema
from opsonin.knowledge.library import load_library

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCHEMA = scenario_schema(load_library())
WHOLE = """\
[scenario]
name = "all keys"
duration = "10 d"
seed = 7
patient = "me"
replicate = 2
[tissue]
tumour = "melanoma"
biopsy = "cells.csv"
select = { patient = "P1", image = 1 }
fields = [1, { roi = "a" }]
labels = "mine.toml"
thickness = "20 µm"
[[arm]]
name = "treated"
dose = [{ drug = "nivolumab", amount = "3 mg/kg", at = "12 h", every = "2 weeks", until = "1e1 days" }]
[patient]
interval = "6 h"
frozen = true
weight = "70 kg"
[output]
every = "1 d"
[numerics]
coupling_step = "6 min"
motion_step = "60 s"
spacing = "0.02 mm"
burn_in = "1 week"
[knowledge]
"tumour.melanoma.patient_weight" = "70 kg"
"cell.cd8.lytic.pd1_positive" = 1
"""


def faults(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(text))]


def test_it_is_a_schema_of_the_newest_draft() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.name)
def test_the_examples_are_accepted(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


def test_every_key_and_a_first_scenario_are_accepted() -> None:
    assert faults(WHOLE) == []
    assert faults(scenario_of_drawn(Names("s.toml", "", ""), load_library()).text) == []


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("seed", "sede", "'sede'"),
        ("duration =", "durations =", "'durations'"),
        ("[output]", "[ouput]", "'ouput'"),
        ("amount =", "amuont =", "'amuont'"),
        ('"nivolumab", am', '"nivolumap", am', "nivolumap"),
        ('"melanoma"', '"melanom"', "melanom"),
        ('"10 d"', '"10"', "'10'"),
        ('"10 d"', "10", "10"),
        ('"10 d"', '"10 um"', "10 um"),
        ('"3 mg/kg"', '"3 mL"', "3 mL"),
        ('"20 µm"', '"20 d"', "20 d"),
        ('"mine.toml"', '"melanoma-marker"', "melanoma-marker"),
        ("seed = 7", "seed = -7", "-7"),
        ("seed = 7", "seed = 7.5", "7.5"),
        ("[[arm]]", "[arm]", "array"),
        ("patient_weight", "patient_wieght", "patient_wieght"),
        ('"70 kg"', "70", "70"),
        ("[1, {", "[1.5, {", "1.5"),
        ('tumour = "melanoma"\n', "", "'tumour'"),
        ('labels = "mine.toml"\n', "", "not valid"),
        ('biopsy = "cells.csv"', 'generate = { densities = { cd9 = "1 cells/mm2" } }', "cd9"),
    ],
)
def test_what_is_mistyped_is_marked(old: str, new: str, word: str) -> None:
    assert old in WHOLE
    found = faults(WHOLE.replace(old, new, 1))
    assert any(word in fault for fault in found), found


DRAWN = """\
scenario = { name = "drawn", duration = "1 d" }
tissue.tumour = "melanoma"
tissue.generate = { GENERATE }
arm = [{ name = "control", dose = [{ DOSE }] }]
"""
SLAB = 'size = ["300 um", "300 um"]'


@pytest.mark.parametrize(
    ("generate", "dose"),
    [
        (SLAB, 'drug = "radiation", amount = "2 Gy", lasting = "2 h"'),
        (SLAB, 'drug = "nivolumab", amount = "1 uM"'),
        (SLAB, 'drug = "nivolumab", amount = "1 umol/L"'),
        (SLAB, 'drug = "nivolumab", amount = "240 mg", until = "2 h"'),
        ('geometry = "section"', ""),
        ('size = ["300 um"]', ""),
        ('size = ["300 um", "300 um", "300 um", "300 um"]', ""),
        ('geometry = "spheroid", ' + SLAB.replace("]", ', "300 um"]'), ""),
        ('geometry = "block", ' + SLAB, ""),
        ('geometry = "well", architecture = "mixed", ' + SLAB, ""),
        ('geometry = "well", densities = { cd8 = "1 cells/mm2" }, ' + SLAB, ""),
        ('densities = { cd8 = "1 cells/mm2" }, fractions = { cd8 = 0.5 }, ' + SLAB, ""),
        ('densities = { cd8 = "1 cells/mm2" }, density = "9 cells/mm2", ' + SLAB, ""),
    ],
)
def test_keys_that_exclude_each_other_are_marked(generate: str, dose: str) -> None:
    text = DRAWN.replace("GENERATE", generate).replace("{ DOSE }", f"{{ {dose} }}" if dose else "")
    with pytest.raises(InputError):
        Scenario.from_text(text)
    assert faults(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('tumour = "melanoma"', 'tumour = "melanoma"\nlabels = "melanoma-markers"'),
        ('tumour = "melanoma"', 'tumour = "melanoma"\nselect = { image = 1 }'),
        ('duration = "2 d"', 'duration = "2 d"\n[numerics]\nburn_in = "1 d"'),
        ('tumour = "melanoma"', 'tumour = "melanoma"\nthickness = "20 um"'),
    ],
)
def test_keys_of_different_tables_that_exclude_each_other_are_marked(old: str, new: str) -> None:
    text = (EXAMPLES / "spheroid.toml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError):
        Scenario.from_text(text.replace(old, new))
    assert faults(text.replace(old, new))


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.name)
def test_the_examples_with_all_their_defaults_are_accepted(file: Path) -> None:
    if "biopsy = " not in (text := file.read_text(encoding="utf-8")):
        assert faults(Scenario.from_text(text).to_toml()) == []


def tables() -> list[tuple[str, dict[str, Any]]]:
    return [("Scenario", SCHEMA), *SCHEMA["$defs"].items()]


@pytest.mark.parametrize(
    ("name", "table"), tables(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_has_a_description_and_no_other_is_allowed(name: str, table: dict[str, Any]) -> None:
    assert table["additionalProperties"] is False
    for key, found in table["properties"].items():
        assert DESCRIPTIONS.get(f"{name}.{key}"), f"say in io/schema.py what {name}.{key} is"
        assert found["description"].startswith(DESCRIPTIONS[f"{name}.{key}"])


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        (
            "min",
            [
                "1 ms",
                "2s",
                "1 second",
                "3 min",
                "1 minutes",
                "2 h",
                "2 hours",
                "1 d",
                "2 days",
                "1 week",
                "-1 d",
            ],
        ),
        ("um", ["1 nm", "2 um", "2µm", "3 micron", "3 micrometers", "1e-1 mm", ".5 cm", "1_000 m"]),
        ("cell/um**2", ["1 cell/um2", "300 cells/mm^2", "3 cells / cm**2"]),
    ],
)
def test_units_of_the_schema_are_units_of_opsonin(unit: str, written: list[str]) -> None:
    key = {
        "min": ("Header", "duration"),
        "um": ("Region", "thickness"),
        "cell/um**2": ("Generated", "density"),
    }[unit]
    pattern = SCHEMA["$defs"][key[0]]["properties"][key[1]]["pattern"]
    for text in written:
        assert re.search(pattern, text), text
        to_unit(text, unit)


def test_it_is_printed_or_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capfd.readouterr().out) == SCHEMA
    out = tmp_path / "scenario.schema.json"
    for _ in range(2):  # written over an older one
        assert main(["schema", "-o", str(out)]) == 0
        assert json.loads(out.read_text(encoding="utf-8")) == SCHEMA
        assert "#:schema ./scenario.schema.json" in capfd.readouterr().out


@pytest.mark.parametrize("unit", ["uM", "nmol/L", "pmol / ml", "mmol/m3", "mmol/m^3", "umol / m**3"])
def test_concentrations_of_the_schema_are_concentrations_of_opsonin(unit: str) -> None:
    text = DRAWN.replace("GENERATE", SLAB).replace(
        "DOSE", f'drug = "navitoclax", amount = "1 {unit}", lasting = "2 h"'
    )
    assert Scenario.from_text(text)
    assert faults(text) == []
