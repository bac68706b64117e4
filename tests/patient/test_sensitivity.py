"""Sensitivity: Sobol's indices of a function whose exact ones are known, partial rank correlations, and the command."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.stats import rankdata

from opsonin.cli.main import main
from opsonin.patient.sensitivity import SobolDesign, partial_rank_correlations, standard
from populations import COURSE, HEAD, VARIED, write

pytest.importorskip("SALib")

INDEPENDENT = VARIED.partition("[[correlation]]")[0].replace("power = { weight = 0.5 }\n", "")


def ishigami(shares, a=7.0, b=0.1):
    x = math.pi * (2.0 * shares - 1.0)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def exact_ishigami(a=7.0, b=0.1):
    """Ishigami and Homma 1990: variances of the parts, by hand."""
    first = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    second = a * a / 8.0
    joint = b * b * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    total = first + second + joint
    return {
        ("S1", "a"): first / total,
        ("S1", "b"): second / total,
        ("S1", "c"): 0.0,
        ("ST", "a"): (first + joint) / total,
        ("ST", "b"): second / total,
        ("ST", "c"): joint / total,
    }


def test_sobol_indices_of_ishigami_are_the_exact_ones():
    design = SobolDesign(("a", "b", "c"), 4096, 1)
    exact = exact_ishigami()
    for one in design.indices(ishigami(design.shares)):
        expected = exact[one.kind, one.name]
        assert one.value == pytest.approx(expected, abs=0.01)
        assert one.low <= expected <= one.high
        assert one.high - one.low < 0.12


def test_sobol_indices_of_a_linear_model_of_normals_are_its_shares_of_variance():
    design = SobolDesign(("a", "b"), 2048, 3)
    values = standard(design.shares) @ np.array([3.0, 4.0]) + 1e4
    found = {(one.kind, one.name): one.value for one in design.indices(values)}
    for kind in ("S1", "ST"):
        assert found[kind, "a"] == pytest.approx(9.0 / 25.0, abs=0.01)
        assert found[kind, "b"] == pytest.approx(16.0 / 25.0, abs=0.01)


def test_the_same_seed_gives_the_same_indices():
    one, two = (SobolDesign(("a", "b", "c"), 64, 5) for _ in range(2))
    assert (one.shares == two.shares).all()
    assert one.indices(ishigami(one.shares)) == two.indices(ishigami(two.shares))
    assert (SobolDesign(("a", "b", "c"), 64, 6).shares != one.shares).any()


def test_partial_rank_correlations_of_a_linear_model_are_the_known_ones():
    chance = np.random.default_rng(1)
    numbers = chance.normal(size=(20_000, 3))
    noise, slopes = 2.0, np.array([3.0, -1.0, 0.0])
    values = numbers @ slopes + noise * chance.normal(size=20_000)
    # Of ranks the relation is not quite linear, so that what is left out is not quite all: hence 0.03.
    for one, slope in zip(partial_rank_correlations("abc", numbers, values), slopes, strict=True):
        pearson = slope / math.hypot(slope, noise)
        assert one.value == pytest.approx(6.0 / math.pi * math.asin(0.5 * pearson), abs=0.03)
        assert one.low < one.value < one.high


def test_partial_rank_correlations_are_those_of_the_inverse_matrix():
    """The other way to them: from the inverse of the correlation matrix of all ranks."""
    chance = np.random.default_rng(2)
    numbers = chance.normal(size=(60, 3))
    numbers[:, 1] += numbers[:, 0]  # correlated
    values = np.exp(numbers[:, 1]) - numbers[:, 2] + chance.normal(size=60)
    inverse = np.linalg.inv(np.corrcoef(np.column_stack([numbers, values]).argsort(0).argsort(0).T))
    expected = [-inverse[k, 3] / math.sqrt(inverse[k, k] * inverse[3, 3]) for k in range(3)]
    assert [one.value for one in partial_rank_correlations("abc", numbers, values)] == pytest.approx(expected)
    assert np.array_equal(rankdata(values), values.argsort().argsort() + 1)


def test_the_interval_of_a_partial_rank_correlation_holds_what_it_says():
    chance = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        numbers = chance.normal(size=(30, 10))  # so many that they must be counted
        found = partial_rank_correlations("abcdefghij", numbers, chance.normal(size=30))
        inside += found[0].low <= 0.0 <= found[0].high
    assert 0.92 < inside / 400 < 0.98


def test_too_few_patients_are_refused():
    with pytest.raises(ValueError, match="at least 6 are needed"):
        partial_rank_correlations("ab", np.ones((5, 2)), np.ones(5))


def said(arguments, capfd, code=0):
    assert main(["patient", "sensitivity", *map(str, arguments)]) == code, capfd.readouterr()
    printed = capfd.readouterr()
    return printed.err if code else printed.out


METRICS = """\
[metric.exposure]
of = "nivolumab_plasma_nM"
kind = "auc"
[metric.before_any]
of = "nivolumab_plasma_nM"
kind = "trough"
until = "7 d"
[metric.nothing]
of = "nivolumab_eliminated_mg"
kind = "least"
"""


def test_the_area_under_a_curve_is_decided_by_clearance_and_dose(tmp_path, capfd):
    """After three half-lives nearly all is cleared, so that the area is the dose over the clearance."""
    course = COURSE.replace("28 d", "0 d").replace("56 d", "200 d")
    file, out = write(tmp_path, HEAD + INDEPENDENT + METRICS, course), tmp_path / "out.parquet"
    printed = said([file, "-o", out, "--samples", "64"], capfd)
    frame = pq.read_table(out).to_pandas()
    assert set(frame["metric"]) == {"exposure"}
    total = frame[frame["index"] == "ST"].set_index("of")["value"]
    shares = {"nivolumab_clearance": math.log1p(0.35**2), "weight": math.log1p(0.22**2)}
    for name, share in shares.items():
        assert total[name] == pytest.approx(share / sum(shares.values()), abs=0.12)
    assert total["nivolumab_central_volume"] < 0.02
    assert "before_any: 320 have none" in printed
    assert "nothing: it is the same in all" in printed
    assert len(pq.read_table(tmp_path / "out.runs.parquet")) == 64 * 5
    origin = json.loads(pq.read_schema(out).metadata[b"opsonin"])
    assert origin["sensitivity"] == {"method": "sobol", "base": 64}
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.width > 500


def test_partial_rank_correlations_take_correlated_numbers(tmp_path, capfd):
    text = HEAD.replace("patients = 6", "patients = 80") + VARIED + METRICS
    file, out = write(tmp_path, text), tmp_path / "out.parquet"
    told = json.loads(said([file, "-o", out, "--method", "prcc", "--json"], capfd))
    found = {one["name"]: one["value"] for one in told["indices"]["exposure"]}
    assert found["nivolumab_clearance"] < -0.8
    assert found["weight"] > 0.8
    assert len(pq.read_table(tmp_path / "out.runs.parquet")) == 80


REFUSED = {
    "correlated": (HEAD + VARIED, [], "nivolumab_clearance, nivolumab_central_volume are correlated"),
    "nothing varies": (HEAD, [], "nothing varies in it"),
    "few": (HEAD + VARIED, ["--method", "prcc"], "6 patients are too few for 3 numbers"),
    "no such method": (HEAD, ["--method", "morris"], "'morris' is not one of sobol, prcc"),
    "no power of 2": (HEAD, ["--samples", "100"], "'100' is not a power of 2"),
    "not a number": (HEAD, ["--samples", "²"], "is not a power of 2"),
    "no table": (HEAD, ["-o", "out.csv"], "is not the name of a parquet file"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_such_indices_is_refused_in_words(what, tmp_path, capfd, monkeypatch):
    text, options, words = REFUSED[what]
    monkeypatch.chdir(tmp_path)
    assert words in said([write(tmp_path, text), "-o", "out.parquet", *options], capfd, 2)


def test_sobol_indices_are_refused_where_somebody_failed(tmp_path, capfd, monkeypatch):
    from opsonin.patient import integrate

    def run(self, *_, **__):
        raise integrate.RunError(integrate.Fault("patient's model", "cannot be integrated."))

    monkeypatch.setattr(integrate.Integrator, "run", run)
    file = write(tmp_path, HEAD + INDEPENDENT)
    told = said([file, "-o", tmp_path / "out.parquet", "--samples", "2"], capfd, 3)
    assert "10 of 10 could not be followed; Sobol's indices need all" in told
    assert not (tmp_path / "out.parquet").exists()


def test_without_salib_it_says_what_to_install(tmp_path, capfd, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "SALib", None)
    told = said([write(tmp_path, HEAD + INDEPENDENT), "-o", tmp_path / "out.parquet"], capfd, 3)
    assert "pip install 'opsonin[patient]'" in told
