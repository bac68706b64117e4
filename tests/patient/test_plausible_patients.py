"""Plausible patients: who is accepted, weights that give each target its shares, and what is out of reach."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy import stats

from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.engine.selection import select
from opsonin.model.selection import Acceptance, Criteria, Wanted
from opsonin.model.varied import Marginal
from opsonin.patient.drawn import cumulative, quantiles
from opsonin.patient.selection import distance, raked

INF = float("inf")
NORMAL = Marginal("normal", 1.0, 1.0, -INF, INF, "")
MARGINALS = {
    "normal": NORMAL,
    "cut": Marginal("normal", 1.0, 1.0, 0.0, 1.5, ""),
    "lognormal": Marginal("lognormal", 2.0, 0.5, -INF, INF, ""),
    "lognormal, cut": Marginal("lognormal", 2.0, 0.5, 1.0, 5.0, ""),
    "uniform": Marginal("uniform", 0.0, 0.0, 1.0, 4.0, ""),
    "loguniform": Marginal("loguniform", 0.0, 0.0, 0.1, 4.0, ""),
}


@pytest.mark.parametrize("what", MARGINALS)
def test_cumulative_shares_are_the_other_way_of_quantiles(what):
    normals = np.linspace(-2.5, 2.5, 101)
    back = cumulative(MARGINALS[what], quantiles(MARGINALS[what], normals))
    assert back == pytest.approx(stats.norm.cdf(normals), abs=1e-12)
    assert cumulative(MARGINALS[what], np.array([-1e9, 1e9])).tolist() == [0.0, 1.0]


def population(count=4000, spread=1.0):
    chance = np.random.default_rng(4)
    a = chance.normal(0.0, spread, count)
    return {"a": a, "b": 0.5 * a + chance.normal(0.0, 1.0, count)}


def test_distance_is_that_of_kolmogorov_and_smirnov():
    values = population(200)["a"]
    even = np.full(200, 1.0 / 200)
    assert distance(values, even, NORMAL) == pytest.approx(stats.kstest(values, "norm", (1.0, 1.0)).statistic)


def test_weights_bring_a_normal_population_to_a_shifted_one():
    """The exact weights are exp(x - 1/2), of which the effective share is 1 / e."""
    columns = population(40_000)
    found = raked({"a": columns["a"]}, {"a": Wanted(NORMAL, 50)})
    assert found.weights.sum() == pytest.approx(1.0)
    assert found.weights @ columns["a"] == pytest.approx(1.0, abs=0.02)
    assert found.effective / 40_000 == pytest.approx(np.exp(-1.0), rel=0.1)
    assert found.before["a"] == pytest.approx(0.383, abs=0.01)  # 2 cdf(1/2) - 1
    assert found.after["a"] < 1.0 / 50


def test_two_targets_are_met_at_once():
    columns = population()
    other = Marginal("normal", -0.3, 1.2, -INF, INF, "")
    targets = {"a": Wanted(Marginal("normal", 0.5, 0.8, -INF, INF, ""), 10), "b": Wanted(other, 10)}
    found = raked(columns, targets)
    for name, wanted in targets.items():
        shares = np.histogram(
            cumulative(wanted.marginal, columns[name]), 10, (0.0, 1.0), weights=found.weights
        )[0]
        assert shares == pytest.approx(np.full(10, 0.1), abs=1e-8)
        assert found.after[name] < found.before[name]


def test_a_population_that_has_its_target_keeps_equal_weights():
    values = quantiles(NORMAL, stats.norm.ppf((np.arange(1000) + 0.5) / 1000))
    found = raked({"a": values}, {"a": Wanted(NORMAL, 20)})
    assert found.effective == pytest.approx(1000.0)
    assert found.before["a"] == pytest.approx(found.after["a"])


def test_a_target_where_nobody_is_is_refused_with_the_place():
    far = Marginal("normal", 8.0, 1.0, -INF, INF, "")
    with pytest.raises(
        InputError, match=r"nobody who is accepted has a from .* more such places.*the target has 10 %"
    ):
        raked({"a": population(200)["a"]}, {"a": Wanted(far, 10)})


def test_targets_that_contradict_each_other_are_refused():
    values = np.linspace(0.01, 0.99, 99)
    rising = Marginal("uniform", 0.0, 0.0, 0.0, 1.0, "")
    columns = {"a": values, "b": values**2}
    with pytest.raises(InputError, match="the targets of a and b contradict each other"):
        raked(columns, {"a": Wanted(rising, 4), "b": Wanted(rising, 4)})


def table(**columns):
    return pa.table({"patient": range(1, 1 + len(next(iter(columns.values())))), **columns})


def test_who_is_outside_a_range_or_has_no_value_is_left_out():
    found = select(
        table(a=[1.0, 2.0, 3.0, None], b=[5.0, 1.0, 5.0, 5.0]),
        Criteria({"a": Acceptance(least=1.0), "b": Acceptance(least=2.0, most=5.0)}, {}),
    )
    assert found.table.to_pylist() == [
        {"patient": 1, "a": 1.0, "b": 5.0, "prevalence": 0.5},
        {"patient": 3, "a": 3.0, "b": 5.0, "prevalence": 0.5},
    ]
    assert found.of == 4


def test_where_nobody_is_accepted_it_says_how_many_each_range_leaves():
    with pytest.raises(InputError, match=r"of 3 patients nobody .*: a 1, b 2\."):
        select(
            table(a=[1.0, 2.0, 3.0], b=[1.0, 2.0, 3.0]),
            Criteria({"a": Acceptance(least=3.0), "b": Acceptance(most=2.0)}, {}),
        )


def test_who_is_beyond_the_ends_of_a_target_has_no_place_in_it():
    uniform = Wanted(Marginal("uniform", 0.0, 0.0, 0.0, 1.0, ""), 2)
    found = select(table(a=[0.1, 0.2, 0.9, 1.5, -2.0]), Criteria({}, {"a": uniform}))
    assert found.table["prevalence"].to_pylist() == pytest.approx([0.25, 0.25, 0.5])
    with pytest.raises(InputError, match="within the ends of the targets"):
        select(table(a=[1.5, -2.0]), Criteria({}, {"a": uniform}))


def test_few_who_stand_for_all_are_said():
    values = np.concatenate([np.linspace(0.01, 0.49, 500), [0.75]])
    half = Wanted(Marginal("uniform", 0.0, 0.0, 0.0, 1.0, ""), 2)
    found = select(table(a=values), Criteria({}, {"a": half}))
    assert "one alone has 50 % of the weight" in found.notes[0]


def test_weights_are_not_made_twice():
    with pytest.raises(InputError, match="has a column `prevalence` already"):
        select(table(prevalence=[1.0]), Criteria({"prevalence": Acceptance(least=0.0)}, {}))


@pytest.fixture
def swept(tmp_path):
    columns = population(500)
    origin = {"units": {"varied": {"a": "L"}, "metrics": {"b": "nM"}}, "population": {"seed": 1}}
    told = table(**columns, failed=[None] * 500).replace_schema_metadata({"opsonin": json.dumps(origin)})
    pq.write_table(told, tmp_path / "swept.parquet")
    return tmp_path / "swept.parquet"


SELECTION = """\
[accept.b]
most = 2.5
[target.a]
distribution = "normal"
mean = 0.3
sd = 0.9
bins = 8
"""


def said(capfd, *arguments, code=0):
    assert main(["patient", "select", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    return printed.err if code else printed.out


def test_the_command_writes_weights_a_picture_and_tells_what_they_are_worth(swept, tmp_path, capfd):
    file, out = tmp_path / "select.toml", tmp_path / "out.parquet"
    file.write_text(SELECTION)
    printed = said(capfd, swept, file, "-o", out)
    assert "of 500 patients" in printed
    assert "patients of equal weight" in printed
    found = pq.read_table(out)
    assert sum(found["prevalence"].to_pylist()) == pytest.approx(1.0)
    origin = json.loads(found.schema.metadata[b"opsonin"])
    assert origin["population"] == {"seed": 1}
    assert origin["selection"]["target"]["a"]["bins"] == 8
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.width > 400
    told = json.loads(said(capfd, swept, file, "-o", out, "--json"))
    assert told["distance"]["a"]["after"] < told["distance"]["a"]["before"]
    assert told["effective"] < told["accepted"] == len(found)


WRONG = {
    "nothing": ("", "says nothing of any column"),
    "no such column": ("[accept.c]\nleast = 1\n", "select.toml:1  [accept.c]  'c' is no column of numbers"),
    "a text": ("[accept.failed]\nleast = 1\n", "'failed' is no column of numbers"),
    "no end": ("[accept.a]\n", "a range has 'least', 'most' or both"),
    "upside down": ("[accept.a]\nleast = 2\nmost = 1\n", "'least', 2, is above 'most', 1"),
    "not a number": ("[accept.a]\nleast = nan\n", "least nan should be a number"),
    "a wrong key": ("[accept.a]\nlest = 1\n", "Did you mean 'least'?"),
    "no distribution": ("[target.a]\nmean = 1\n", "the key 'distribution' is missing"),
    "fixed": ('[target.a]\ndistribution = "fixed"\nvalue = 1\n', "is no distribution to weight to"),
    "no middle": ('[target.a]\ndistribution = "normal"\nsd = 1\n', "the key 'mean' is missing"),
    "a unit": (
        '[target.a]\ndistribution = "normal"\nmean = "1 L"\nsd = 1\n',
        "expected one that converts to 'no unit'",
    ),
    "one bin": (SELECTION.replace("8", "1"), "bins 1 is below the least allowed, 2"),
    "a power": (SELECTION + "power = { b = 1 }\n", "a target has no power"),
    "out of reach": (
        SELECTION.replace("mean = 0.3", "mean = 30"),
        "[target.a]  out of reach: nobody who is accepted",
    ),
    "nobody": ("[accept.a]\nleast = 1e9\n", "nobody is within all ranges"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_selection_is_refused_in_words(what, swept, tmp_path, capfd):
    text, words = WRONG[what]
    file = tmp_path / "select.toml"
    file.write_text(text)
    assert words in said(capfd, swept, file, "-o", tmp_path / "out.parquet", code=2)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        (b"patient,a\n1,2\n", "is not a parquet file that can be read"),
        ({"time": [1.0]}, "has no patients"),
        ({"patient": pa.array([], pa.int64())}, "has no patients"),
    ],
)
def test_a_table_that_is_none_is_refused(content, words, tmp_path, capfd):
    place, file = tmp_path / "swept.parquet", tmp_path / "select.toml"
    file.write_text(SELECTION)
    if isinstance(content, bytes):
        place.write_bytes(content)
    elif content is not None:
        pq.write_table(pa.table(content), place)
    assert words in said(capfd, place, file, "-o", tmp_path / "out.parquet", code=2)
