"""Whatever a scenario or a table holds, `opsonin check` answers with 0, 2 or 3 and words, never with a traceback.

Named malformed inputs, each with the word that must be said, are in `unit/malformed/`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsonin.cli.main import main
from opsonin.io.toml_files import toml_text

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "malformed"))
from field import SCENARIO, biopsy_lines  # beside the tests that name each fault

pytestmark = pytest.mark.slow
TRIES = int(os.environ.get("OPSONIN_FUZZ_TRIES", "2000"))  # in all


def thorough(share: float) -> settings:
    """This share of all tries, the same ones each time."""
    return settings(
        max_examples=round(TRIES * share),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


DRAWN = """\
[scenario]
name = "drawn"
duration = "10 d"
[tissue]
tumour = "melanoma"
thickness = "20 um"
[tissue.generate]
geometry = "section"
size = ["400 um", "400 um"]
architecture = "excluded"
nest_diameter = "100 um"
tumour_share = 0.4
densities = { cancer = "2500 cells/mm2", cd8 = "300 cells/mm2" }
[[arm]]
name = "control"
[[arm]]
name = "treated"
dose = [{ drug = "nivolumab", amount = "3 mg/kg", at = "1 d", every = "3 d", until = "9 d" }]
[output]
every = "1 d"
[numerics]
coupling_step = "6 min"
motion_step = "1 min"
spacing = "15 um"
burn_in = "7 d"
[knowledge]
"tumour.melanoma.patient_weight" = "70 kg"
"cell.cd8.lytic.pd1_positive" = 1
"""
BALL = """\
[scenario]
name = "ball"
duration = "2 d"
patient = "me"
replicate = 3
[tissue]
tumour = "melanoma"
generate = { geometry = "organoid", diameter = "160 um", lumen = "40 um", per_tumour_cell = { cd8 = 2 } }
[[arm]]
name = "control"
"""
SEVERAL = SCENARIO.replace('select = { patient = "P1", image = 1 }', "fields = [{ image = 1 }]")
WHOLE = [tomllib.loads(text) for text in (SCENARIO, SEVERAL, DRAWN, BALL)]
TABLE = ("\n".join(biopsy_lines()) + "\n").encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def answered(scenario: Path, *, accepted: bool = False) -> None:
    """Check it, and see that the answer is one."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["check", str(scenario), "--json"])
    said = out.getvalue()
    told = json.loads(said)
    assert code in ((0,) if accepted else (0, 2, 3)), said
    assert told["ok"] is (code == 0)
    for word in ("Traceback", "failed unexpectedly", "Input should", "Error:"):
        assert word not in said + err.getvalue(), said
    if code:
        assert told["exit_code"] == code
        assert told["faults"] and all(fault["where"] and fault["problem"] for fault in told["faults"])


def begun(table: Path) -> None:
    """Begin a scenario with a table: what is written is one that `check` accepts, else nothing is written."""
    out, err = io.StringIO(), io.StringIO()
    first = table.parent / "first.toml"
    for left in table.parent.glob("*.toml"):
        left.unlink()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["init", str(table), "-o", str(first)])
    assert code in (0, 2, 3)
    assert "unexpectedly" not in err.getvalue(), err.getvalue()
    assert first.exists() is (code == 0)
    if code == 0:
        answered(first, accepted=True)


# Values that a person, a program or an accident may write in place of any other.
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.sampled_from([0, -1, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 2**63]),
    st.just(5000).map(lambda digits: 10**digits),  # more than Python turns into text
)
QUANTITIES = st.builds(
    "{}{}{}".format,
    st.one_of(
        st.floats().map(repr),
        st.integers(-9, 99).map(str),
        st.sampled_from(["1e999", "-0", "1_0", "٣", "1e-320", ".5", "5.", "0x1F", "1,5", ""]),
    ),
    st.sampled_from(["", " ", "  ", "\t", "\n", "\u00a0"]),
    st.sampled_from(
        ["", "d", "min", "um", "µm", "mg", "mg/kg", "/", "1/d", "mg/", "/kg", "cells/mm2", "d**99", "d^-9", "d**9**9",
         "mm**1e9", "kg/0", "()", "d(", "%", "1/0 d", "d d", "um*", "**", "mm-mm", "d.d", "-d", "weeks", "lightyears"]
    ),
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "melanoma", "nivolumab", "cancer", "cells.csv", "all", ".", "..", "/", "/dev/null", "/proc/self/mem",
         "a" * 300, "a/" * 2000, "\0", "\ud800".encode("utf-8", "replace").decode(), "con", "NUL", "scenario.toml"]
    ),
)  # fmt: skip
LEAVES = st.one_of(NUMBERS, QUANTITIES, TEXTS, st.booleans(), st.dates(), st.times(), st.datetimes())
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every key path below a node."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def copied(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: copied(value) for key, value in node.items()}
    return [copied(value) for value in node] if isinstance(node, list) else node


def misspelt(draw: st.DrawFn, name: str) -> str:
    at = draw(st.integers(0, max(0, len(name) - 1)))
    return draw(
        st.sampled_from(
            [name[:at] + name[at + 1 :], name[:at] + "x" + name[at:], name.upper(), f"{name} ", ""]
        )
    )


@st.composite
def broken(draw: st.DrawFn) -> dict[str, Any]:
    """A valid scenario after one to four accidents."""
    data = copied(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 4))):
        paths = list(places(data))
        if not paths:
            break
        *way, key = draw(st.sampled_from(paths))
        here = data
        for part in way:
            here = here[part]
        accident = draw(st.sampled_from(["drop", "rename", "replace", "replace", "insert", "repeat", "wrap"]))
        if accident == "drop":
            del here[key]
        elif accident == "rename" and isinstance(key, str):
            here[misspelt(draw, key)] = here.pop(key)
        elif accident == "replace":
            here[key] = draw(JUNK)
        elif accident == "insert" and isinstance(here, dict):
            here[draw(TEXTS)] = draw(JUNK)
        elif accident == "repeat" and isinstance(here, list):
            here.append(copied(here[key]))
        elif accident == "wrap":
            here[key] = draw(st.sampled_from([[here[key]], {"value": here[key]}, "text"]))
    return data


@thorough(0.4)
@given(data=broken())
def test_no_scenario_gives_a_traceback(data: dict[str, Any], folder: Path) -> None:
    (folder / "cells.csv").write_bytes(TABLE)
    scenario = folder / "scenario.toml"
    scenario.write_bytes(as_toml(data).encode("utf-8", "surrogatepass"))
    answered(scenario)


def as_toml(data: dict[str, Any]) -> str:
    """As TOML, with what only TOML has: dates."""
    sections = {key: value for key, value in data.items() if isinstance(value, dict)}
    loose = {key: value for key, value in data.items() if not isinstance(value, dict)}
    return "".join(f"{written(key)} = {written(value)}\n" for key, value in loose.items()) + "".join(
        f"[{written(name)}]\n"
        + "".join(f"{written(key)} = {written(value)}\n" for key, value in table.items())
        for name, table in sections.items()
    )


def written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return hex(value) if value >= 10**30 else str(value) if value > -(10**30) else "-1e300"
    return repr(value)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes flipped, cut out, doubled or put in at one to six places."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        kind = draw(st.sampled_from(["flip", "cut", "cut short", "double", "insert", "digit"]))
        if kind == "flip" and at < len(content):
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del content[at : at + draw(st.integers(1, 40))]
        elif kind == "cut short":
            del content[at:]
        elif kind == "double":
            content[at:at] = content[at : at + draw(st.integers(1, 40))]
        elif kind == "insert":
            content[at:at] = draw(
                st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b",", b"\r", b"\0", b"#", b"["])
            )
        elif kind == "digit" and at < len(content):
            content[at : at + 1] = draw(st.sampled_from([b"9", b"e9", b"-", b".", b"nan", b"1e400"]))
    return bytes(content)


TOMLS = [SCENARIO.encode(), SEVERAL.encode(), DRAWN.encode(), BALL.encode(), toml_text(WHOLE[2]).encode()]


@thorough(0.2)
@given(content=st.sampled_from(TOMLS).flatmap(damaged))
def test_no_damaged_scenario_file_gives_a_traceback(content: bytes, folder: Path) -> None:
    (folder / "cells.csv").write_bytes(TABLE)
    scenario = folder / "scenario.toml"
    scenario.write_bytes(content)
    answered(scenario)


def _parquet() -> bytes:
    stream = io.BytesIO()
    table = pyarrow.csv.read_csv(io.BytesIO(TABLE))
    table = table.set_column(4, "cell_type", table.column("cell_type").dictionary_encode())
    pyarrow.parquet.write_table(table, stream)
    return stream.getvalue()


def _regzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


TABLES: list[tuple[str, bytes, Callable[[bytes], bytes]]] = [
    ("cells.csv", TABLE, bytes),
    ("cells.tsv", TABLE.replace(b",", b"\t"), bytes),
    ("cells.csv.gz", TABLE, _regzipped),
    ("cells.csv.gz", _regzipped(TABLE), bytes),
    ("cells.parquet", _parquet(), bytes),
]
_BROKEN = st.sampled_from(TABLES).flatmap(lambda kind: st.tuples(st.just(kind), damaged(kind[1])))


@thorough(0.25)
@given(drawn=_BROKEN, several=st.booleans())
def test_no_damaged_table_gives_a_traceback(
    drawn: tuple[tuple[str, bytes, Callable[[bytes], bytes]], bytes], several: bool, folder: Path
) -> None:
    (name, _, packed), content = drawn
    (folder / name).write_bytes(packed(content))
    scenario = folder / "scenario.toml"
    scenario.write_text((SEVERAL if several else SCENARIO).replace("cells.csv", name))
    answered(scenario)
    begun(folder / name)


CELLS = st.sampled_from(
    [
        None,
        float("nan"),
        float("inf"),
        -1.0,
        1e308,
        1,
        2**62,
        True,
        b"\xff",
        "SOX10+",
        "",
        "x",
        [1.0],
        {"a": 1},
    ]
)


@thorough(0.15)
@given(columns=st.lists(st.tuples(st.sampled_from(["patient", "image", "x_um", "y_um", "cell_type", ""]),
                                  CELLS, st.integers(0, 30)), min_size=1, max_size=8))  # fmt: skip
def test_no_type_of_column_gives_a_traceback(columns: list[tuple[str, Any, int]], folder: Path) -> None:
    whole = pyarrow.csv.read_csv(io.BytesIO(TABLE))
    for name, value, count in columns:
        changed = pa.array([value] * whole.num_rows) if count > 15 else pa.nulls(whole.num_rows)
        at = whole.column_names.index(name) if name in whole.column_names else 0
        whole = whole.set_column(at, name, changed) if count % 2 else whole.append_column(name, changed)
    pyarrow.parquet.write_table(whole, folder / "cells.parquet")
    scenario = folder / "scenario.toml"
    scenario.write_text(SCENARIO.replace("cells.csv", "cells.parquet"))
    answered(scenario)


def test_the_scenarios_that_are_broken_here_are_valid(folder: Path) -> None:
    (folder / "cells.csv").write_bytes(TABLE)
    for content in TOMLS:
        (folder / "scenario.toml").write_bytes(content)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert main(["check", str(folder / "scenario.toml"), "--json"]) == 0, out.getvalue()
