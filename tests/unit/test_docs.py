"""The documentation says what the code does: every law, key, stored column; its examples run; no number typed by hand.

The whole build is in the slow set and in `make docs`.
"""

from __future__ import annotations

import doctest
import functools
import json
import math
import os
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sympy

import opsonin
from opsonin.laws import operations
from opsonin.model.scenario import BURN_IN, Scenario
from opsonin.model.sourced import Entry
from small_run import small_run

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "auto_tutorials" not in page.parts)
TUTORIAL = DOCS / "tutorials" / "plot_two_arms.py"

sys.path.insert(0, str(DOCS / "_ext"))

import equations  # noqa: E402
import generated  # noqa: E402
import keys  # noqa: E402
import laws  # noqa: E402

equations.svg = functools.cache(equations.svg)  # each is looked at alone and as a part of its page

SHOWN = {law.name: law for _, found in laws.modules() for law in found}


def test_every_law_is_on_the_model_page():
    assert set(SHOWN) == set(operations.LAWS)


@pytest.mark.parametrize("name", sorted(operations.LAWS))
def test_the_equation_on_the_page_is_what_the_law_computes(name):
    # As shown, laws that it uses are calls.
    symbols, expression = laws.formula(name)
    chance = random.Random(name)
    shown = sympy.lambdify(symbols, expression, [dict(operations.LAWS), "math"])
    for _ in range(100):
        values = [10.0 ** chance.uniform(-1.0, 0.7) for _ in symbols]
        # resting_exit_rate holds while lambda tau < ln 2
        values = [0.3 * value for value in values] if name == "resting_exit_rate" else values
        # what is kept of a variation is a correlation
        values = [min(value, 1.0) for value in values] if name == "remixed_variation" else values
        assert shown(*values) == pytest.approx(operations.LAWS[name](*values), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("law", SHOWN.values(), ids=SHOWN)
def test_a_law_says_what_its_arguments_are_their_units_and_its_source(law):
    assert law.source, f"{law.name} has no Source"
    for argument in law.arguments:
        assert argument.meaning, f"{law.name}: {argument.name} has no meaning"
        assert argument.unit, f"{law.name}: {argument.name} has no unit"
    symbols = [argument.symbol for argument in law.arguments]
    assert len(set(symbols)) == len(symbols)


@pytest.mark.parametrize("law", SHOWN.values(), ids=SHOWN)
def test_an_equation_is_a_picture_with_a_text_and_the_page_s_colour(law):
    for line in law.latex:
        drawn = equations.svg(line)
        assert drawn.count("<path") == 1
        assert "currentColor" in drawn
        assert f"<title>{line.split(' = ')[0]}" in drawn
        width, height = (float(re.search(rf'{side}="([\d.]+)"', drawn)[1]) for side in ("width", "height"))
        assert 20.0 < width < 900.0
        assert 8.0 < height < 120.0


def paths(model: type[Entry], path: str = "") -> set[str]:
    """Every dotted key of a model, found without what the page uses."""
    found = set()
    for name, field in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        found.add(here)
        for inner in Entry.__subclasses__():
            if re.search(rf"\b{inner.__name__}\b", str(field.annotation)) and inner is not model:
                found |= paths(inner, here)
    return found


def test_every_key_of_a_scenario_is_in_the_reference():
    shown = {key.path for table in keys.tables() for key in table.keys}
    assert shown == paths(Scenario)
    assert {"arm.dose.amount", "tissue.generate.per_tumour_cell", "numerics.burn_in"} <= shown


@pytest.mark.parametrize(
    "key", [key for table in keys.tables() for key in table.keys], ids=lambda key: key.path
)
def test_a_key_says_its_type_and_meaning(key):
    assert key.meaning, f"{key.path}: name it under Attributes: in the docstring of its table"
    assert "class" not in key.type
    assert key.type


def test_the_reference_has_limits_and_defaults_as_the_schema_does():
    known = {key.path: key for table in keys.tables() for key in table.keys}
    assert known["numerics.coupling_step"].default == "10 min"
    assert known["numerics.coupling_step"].limits == "above 0 min, at most 1 h"
    assert known["scenario.name"].default == ""
    assert known["tissue.generate.densities"].type == 'table of cells per area, as in "300 cells/mm2"'
    assert f"left out, {keys.amount(BURN_IN, 'min')}" in known["numerics.burn_in"].meaning
    assert known["tissue.generate.lumen"].limits.endswith("of the geometries organoid")


def test_the_result_format_names_all_that_a_run_stores():
    page = (DOCS / "result-format.md").read_text()
    result = small_run()
    molecules = set(result.provenance["molecules"])
    stored = set(result.provenance) | set(json.loads((result.path / "start.json").read_text()))
    stored |= set(json.loads((result.path / "summary.json").read_text()))
    for file in ("input/cells.parquet", "arms/control/000000/cells.parquet"):
        stored |= {name for name in pq.read_schema(result.path / file).names if name not in molecules}
    missing = {name for name in stored if not name.startswith(("mark.", "measured."))} - set(
        re.findall(r"`([^`\n]+)`", page)
    )
    assert not missing
    assert {path.name for path in result.path.iterdir()} - {".lock"} <= {
        name.rstrip("/") for name in re.findall(r"[\w.]+", page)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_examples_with_a_prompt_do_what_they_say(page):
    # A fence ends an example as an empty line does.
    text = re.sub(r"^```.*$", "", page.read_text(), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    failed, _ = doctest.DocTestRunner(verbose=False).run(examples)
    assert failed == 0


def test_examples_in_public_docstrings_do_what_they_say():
    tried = 0
    for name in opsonin.__all__:
        public = getattr(opsonin, name)
        names = vars(sys.modules[public.__module__])
        for example in doctest.DocTestFinder().find(public, name, globs=dict(names)):
            failed, attempted = doctest.DocTestRunner(verbose=False).run(example)
            assert failed == 0, example.name
            tried += attempted
    assert tried >= 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_toml_on_a_page_is_toml(page):
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL):
        tomllib.loads(re.sub(r"^ {3}", "", block, flags=re.MULTILINE))


def test_the_tutorial_s_prose_holds_no_number_that_is_not_an_input():
    text = TUTORIAL.read_text()
    prose = [line for line in text.splitlines() if line.startswith("# ")]
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in prose:
        for number in re.findall(r"(?<![\w-])\d+(?:\.\d+)?(?![\w-])", re.sub(r"``.*?``", "", line)):
            assert number in {"0", "8", "1"} or re.search(rf'"{number} d"', code), line


@pytest.mark.parametrize("file", [*PAGES, *sorted(DOCS.rglob("*.rst")), TUTORIAL, DOCS / "conf.py"], ids=str)
def test_no_page_holds_an_address_of_one_machine(file):
    assert not re.search(r"localhost|127\.0\.0\.1|file://|/home/|/root/", file.read_text())


@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_load_nothing_from_elsewhere(tmp_path):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-n",
        "-q",
        "-d",
        str(tmp_path / "trees"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [*command, str(DOCS), str(tmp_path / "site")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip()
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text()
        for tag in re.findall(r"<(?:script|link|img|iframe)[^>]*>", text):
            address = re.search(r'(?:src|href)="([^"]*)"', tag)
            assert address is None or not re.match(r"(https?:)?//", address[1]), tag
        for target in re.findall(r'href="([^"#:]+\.html)(?:#[^"]*)?"', text):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"
    tutorial = (tmp_path / "site/auto_tutorials/plot_two_arms.html").read_text()
    burden = re.search(r"nivolumab leaves ([\d.]+) times the tumour", tutorial)
    assert burden
    assert math.isfinite(float(burden[1]))


@pytest.mark.parametrize("page", generated.Generated.__subclasses__(), ids=lambda page: page.__name__)
def test_a_page_made_from_the_package_has_its_lines(page):
    assert len(list(page.lines(page.__new__(page)))) > 10


def test_an_address_may_hold_brackets_and_ends_before_the_one_around_it():
    text = generated.marked("(doi:10.1016/S1074-7613(03)00050-5). See doi:10.1038/nature08012.")
    assert "<https://doi.org/10.1016/S1074-7613(03)00050-5>" in text
    assert "<https://doi.org/10.1038/nature08012>" in text
    old = generated.marked(
        "doi:10.1002/1097-0142(19871201)60:11<2797::aid-cncr2820601133>3.0.co;2-b; pmid:10873364"
    )
    assert "60:11%3C2797::aid-cncr2820601133%3E3.0.co;2-b>`__; `pmid:10873364 <" in old
