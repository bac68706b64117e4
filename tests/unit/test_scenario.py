"""Scenarios read back to themselves, know their lines, and turn doses into times and milligrams.

What is refused, and in which words, is in `malformed/`.
"""

from __future__ import annotations

import pickle
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from opsonin.core.errors import InputError
from opsonin.io.locate import Lines
from opsonin.io.scenario import Scenario
from opsonin.io.toml_files import toml_text
from opsonin.model.amounts import HELD, read_amount
from opsonin.model.scenario import Dose, Quantity
from opsonin.model.scenario import Scenario as Model

TEXT = """\
[scenario]
name = 'a "quoted" name'
duration = "2.5 h"
[tissue]
tumour = "melanoma"
[tissue.generate]
size = ["0.3 mm", "300.1 um", "300 um"]
densities = { cd8 = "333 cells/mm2" }
[[arm]]
name = "control"
[[arm]]
name = "treated"
dose = [{ drug = "nivolumab", amount = "3 mg/kg", at = "7 min", every = "1.7 h" }]
[knowledge]
"tumour.melanoma.patient_weight" = "81 kg"
"cell.cd8.lytic.reactive_fraction" = 0.25
"""


def test_resolved_scenario_reads_back_equal_to_the_last_bit(tmp_path: Path) -> None:
    scenario = Scenario.from_text(TEXT, folder=tmp_path)
    assert Scenario.from_text(scenario.to_toml(), folder=tmp_path) == scenario
    assert Scenario.from_dict(scenario.resolved(), folder=tmp_path) == scenario
    assert tomllib.loads(scenario.to_toml()) == scenario.resolved()
    assert pickle.loads(pickle.dumps(scenario)) == scenario


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("min", 2880.0, "2 d"),
        ("min", 840.0, "14 h"),
        ("min", 150.0, "150 min"),
        ("min", 0.0, "0 min"),
        ("cell/um**2", 9.99e-05, "99.9 cells/mm2"),
        ("um", 300.0, "300 um"),
    ],
)
def test_a_quantity_is_written_as_people_would(unit: str, value: float, text: str) -> None:
    assert Quantity(unit).write(value) == text


def test_resolved_scenario_states_the_defaults() -> None:
    resolved = Scenario.from_text(TEXT).resolved()
    assert resolved["numerics"] == {"coupling_step": "10 min", "motion_step": "1 min", "spacing": "15 um"}
    assert resolved["scenario"]["duration"] == "150 min"


def test_scenario_is_a_model_scenario_and_frozen() -> None:
    scenario = Scenario.from_text(TEXT)
    assert isinstance(scenario, Model)
    with pytest.raises(ValueError, match="frozen"):
        scenario.scenario = scenario.scenario  # type: ignore[misc]


def test_overrides_reach_the_library_of_the_scenario_only() -> None:
    plain = Scenario.from_text(TEXT[: TEXT.index("[knowledge]")]).library()
    assert Scenario.from_text(TEXT).library().tumours["melanoma"].patient_weight.value == 81.0
    assert plain.tumours["melanoma"].patient_weight.value != 81.0


def test_depth_of_a_block_is_its_third_size_and_of_a_slab_its_thickness() -> None:
    assert Scenario.from_text(TEXT).tissue.depth == 300.0
    slab = TEXT.replace(', "300 um"]', "]").replace('tumour = "mel', 'thickness = "20 um"\ntumour = "mel')
    assert Scenario.from_text(slab).tissue.depth == 20.0


def test_every_fault_is_told_at_once_in_the_order_of_lines() -> None:
    text = (
        TEXT.replace('"2.5 h"', '"2.5"')
        .replace('"melanoma"\n[', '"melanomaa"\n[')
        .replace("3 mg/kg", "3 mg/m3")
    )
    with pytest.raises(InputError) as refused:
        Scenario.from_text(text, name="s.toml")
    places = [fault.where for fault in refused.value.faults]
    assert places == ["s.toml:3  [scenario]", "s.toml:5  [tissue]", "s.toml:13  arm 'treated', dose 1"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("9" * 10_000, "999999999999..."),
        ("-1" + "_234" * 3_000, "-12342342342..."),
        ("0x" + "f" * 9_000, "0xffffffffff..."),
        ("9" * 40, "999999999999..."),
        ("1e999", "1e999"),
        ("-1.5e400", "-1.5e400"),
        ("7" * 400 + ".5", "777777777777..."),
    ],
)
def test_an_endless_number_is_a_fault_beside_the_others_and_shown_shortened(number: str, shown: str) -> None:
    lines = TEXT.replace("[scenario]", f"[scenario]\nseed = {number}\nreplicates = {number}", 1)
    text = lines.replace("3 mg/kg", "3 mg/m3").replace('"81 kg"', number)
    with pytest.raises(InputError) as refused:
        Scenario.from_text(text, name="s.toml")
    told = [str(fault) for fault in refused.value.faults]
    assert [line.split("  ")[1] for line in told] == ["[scenario]"] * 2 + [
        "arm 'treated', dose 1",
        "[knowledge]",
    ]
    assert f"seed {shown} is too large a number" in told[0]
    assert shown in told[3]
    assert max(map(len, told)) < 300


def test_an_endless_number_of_a_table_is_refused_too() -> None:
    data = tomllib.loads(TEXT)
    data["scenario"] |= {"seed": 10**9_000, "duration": -(10**5_000)}
    with pytest.raises(InputError, match=r"(?s)duration -0x.*seed 0x.*too large"):
        Scenario.from_dict(data)


def test_tables_without_a_file_have_faults_without_lines() -> None:
    with pytest.raises(InputError) as refused:
        Scenario.from_dict({**tomllib.loads(TEXT), "output": {"every": "5"}})
    assert [fault.where for fault in refused.value.faults] == ["scenario  [output]"]


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_a_written_quantity_reads_back_to_the_same_bits(value: float) -> None:
    for unit in ("min", "um", "cell/um**2"):
        quantity = Quantity(unit)
        assert quantity.read(quantity.write(value)) == value


@pytest.mark.parametrize(
    ("dose", "times"),
    [
        ({}, (0.0,)),
        ({"at": "1 d"}, (1440.0,)),
        ({"every": "1 d"}, (0.0, 1440.0, 2880.0)),
        ({"every": "1 d", "until": "1 d"}, (0.0, 1440.0)),
        ({"every": "1 d", "until": "0 d"}, (0.0,)),
        ({"at": "1 d", "every": "36 h"}, (1440.0, 3600.0)),
        ({"every": "30 d"}, (0.0,)),
    ],
)
def test_doses_are_given_from_at_to_until_but_not_at_the_end(
    dose: dict[str, str], times: tuple[float, ...]
) -> None:
    given_dose = Dose.model_validate({"drug": "nivolumab", "amount": "1 mg", **dose})
    assert given_dose.times(3 * 1440.0) == times


@pytest.mark.parametrize(
    ("amount", "milligrams"),
    [
        ("240 mg", 240.0),
        ("0.24 g", 240.0),
        ("3 mg/kg", 240.0),
        ("3000 ug / kg", 240.0),
        ("3 ug/g", 240.0),
        ("120 mg/m2", 240.0),
        ("0.12 g/m^2", 240.0),
        ("120 mg/m²", 240.0),
    ],
)
def test_amounts_become_milligrams_for_a_body(amount: str, milligrams: float) -> None:
    assert Dose(drug="nivolumab", amount=amount).size(80.0, 2.0) == pytest.approx(milligrams)


@pytest.mark.parametrize("amount", ["1 uM", "1000 nM", "1e-6 M", "1 umol/L", "1 nmol/mL", "0.001 mmol/l"])
def test_concentrations_are_read_in_moles_per_volume(amount: str) -> None:
    value, kind = read_amount(amount)
    assert kind == HELD
    assert value == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("quantity", "text", "limit"),
    [
        (Quantity("min", most=5 * 365.25 * 1440.0), "6000 d", "at most 1826.25 d"),
        (Quantity("cell/um**2", most=0.1), "200000 cells/mm2", "at most 100000 cells/mm2"),
        (Quantity("um", least=20.0), "0.001 mm", "at least 0.02 mm"),
        (Quantity("min", above=0.0), "-1 h", "above 0 h"),
    ],
)
def test_limits_are_told_in_the_unit_that_was_written(quantity: Quantity, text: str, limit: str) -> None:
    with pytest.raises(PydanticCustomError, match=limit):
        quantity.read(text)


@pytest.mark.parametrize(
    "amount", ["240", "240 um", "3 mg/m3", "1e9 mg/m2", "3 kg/kg", "0 mg", "-1 mg", "1e999 mg", "mg", "5 %"]
)
def test_amounts_that_are_no_dose_are_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=amount):
        read_amount(amount)


LOCATED = '''\
# comment [not.a.table]
top = 1
"quoted.key" = [1,
  2, # two ]
  { a = "}", b = [
     3] }
]
[a.b]
c.d = """
x = 1
"""
e = 'no # comment'
[[list]]
x = 1
[[list]]
y = 2
[list.sub]
z = 1979-05-27T07:32:00Z
[[list.deep]]
w = "\\"]"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted.key",), 3),
        (("quoted.key", 1), 4),
        (("quoted.key", 2, "b", 0), 6),
        (("a", "b", "c", "d"), 9),
        (("a", "b", "e"), 12),
        (("list", 0, "x"), 14),
        (("list", 1, "y"), 16),
        (("list", 1, "sub", "z"), 18),
        (("list", 1, "deep", 0, "w"), 20),
        (("list", 1, "missing"), 15),
        (("nothing",), None),
    ],
)
def test_key_paths_are_found_at_their_lines(path: tuple[str | int, ...], line: int | None) -> None:
    tomllib.loads(LOCATED)
    assert Lines(LOCATED).line(path) == line


KEYS = st.text(min_size=1, max_size=5)
LEAVES = st.text(max_size=6) | st.integers(-(10**12), 10**12) | st.booleans() | st.floats(allow_nan=False)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in _paths(item, (*path, key)))]


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_written_toml_reads_back_and_every_path_has_a_line_in_order(data: dict[str, object]) -> None:
    text = toml_text(data)
    assert tomllib.loads(text) == data
    lines = Lines(text)
    for path in _paths(data)[1:]:
        line = lines.line(path)
        assert line is not None
        assert 1 <= line <= text.count("\n") + 1


def test_a_scenario_tells_itself_in_a_line() -> None:
    asked = Scenario.load(Path(__file__).resolve().parents[2] / "examples" / "demo.toml")
    told = repr(asked)
    assert told == str(asked)
    assert told.startswith("<Scenario 'Demo: a generated")
    assert told.endswith("melanoma, 2 d, seed 7, arms control, nivolumab>")


def test_a_scenario_that_is_called_says_how_to_make_one() -> None:
    with pytest.raises(InputError, match=r"(?s)not made by calling it.*Scenario\.from_dict"):
        Scenario(name="x")
