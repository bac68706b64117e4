"""Population files: what they come to in plain numbers, and what is refused, with its line."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsonin.core.errors import InputError
from opsonin.io.selection import read_selection
from populations import COURSE, HEAD, VARIED, asked, write


def refused(folder, text, course=COURSE):
    with pytest.raises(InputError) as caught:
        asked(folder, text, course)
    return str(caught.value)


def test_a_population_is_resolved_to_the_units_of_the_model(tmp_path):
    sample = asked(tmp_path).sample
    assert sample.names == ("weight", "nivolumab_clearance", "nivolumab_central_volume")
    weight, clearance, volume = sample.varied
    assert (weight.marginal.middle, weight.marginal.low, weight.marginal.high) == (78.0, 1.0, 400.0)
    assert clearance.marginal.middle == pytest.approx(0.23 / 1440.0)
    assert clearance.marginal.spread == pytest.approx(math.sqrt(math.log(1.0 + 0.35**2)))
    assert clearance.powers == (("weight", 78.0, 0.5),)
    assert volume.marginal.middle == pytest.approx(3.63)
    assert sample.correlated[0].names == ("nivolumab_clearance", "nivolumab_central_volume")


def test_the_range_of_a_lognormal_one_holds_95_per_cent(tmp_path):
    text = (
        HEAD + '[parameter.nivolumab_clearance]\ndistribution = "lognormal"\nrange = ["0.1 L/d", "0.4 L/d"]\n'
    )
    marginal = asked(tmp_path, text).sample.varied[0].marginal
    assert marginal.middle * 1440.0 == pytest.approx(0.2)
    assert math.exp(1.96 * marginal.spread) == pytest.approx(2.0, rel=1e-4)


def test_without_metrics_the_usual_ones_are_measured(tmp_path):
    assert list(asked(tmp_path).sample.metrics) == [
        "nivolumab_plasma_nM_peak",
        "nivolumab_plasma_nM_trough",
        "nivolumab_plasma_nM_auc",
        "nivolumab_plasma_nM_half_life",
        "nivolumab_on_PD_1_mean",
        "nivolumab_on_PD_1_trough",
    ]


def test_names_that_pairs_join_are_one_group_in_the_order_of_the_file(tmp_path):
    text = HEAD + VARIED + '[[correlation]]\nbetween = ["weight", "nivolumab_central_volume"]\nvalue = 0.3\n'
    (group,) = asked(tmp_path, text).sample.correlated
    assert group.names == ("weight", "nivolumab_clearance", "nivolumab_central_volume")
    assert group.matrix == ((1.0, 0.0, 0.3), (0.0, 1.0, 0.6), (0.3, 0.6, 1.0))


def parameter(keys, name="nivolumab_clearance"):
    return f"{HEAD}[parameter.{name}]\n{keys}\n"


def correlation(keys):
    more = '[parameter.nivolumab_affinity_PD_1]\ndistribution = "fixed"\nvalue = "2 nM"\n'
    more += '[parameter.nivolumab_peripheral_volume]\ndistribution = "lognormal"\ncv = 0.3\n'
    return HEAD + VARIED + more + f"[[correlation]]\n{keys}\n"


def metric(keys):
    return f"{HEAD}[metric.m]\n{keys}\n"


PLASMA = 'of = "nivolumab_plasma_nM"\n'
WRONG = {
    "no course": ("patients = 3\n", "the key 'course' is missing"),
    "no number of patients": ('course = "course.toml"\n', "the key 'patients' is missing"),
    "no such course": ('course = "curse.toml"\npatients = 3\n', "Did you mean 'course.toml'?"),
    "nobody": ('course = "course.toml"\npatients = 0\n', "patients 0 is below the least allowed, 1"),
    "half a patient": ('course = "course.toml"\npatients = 2.5\n', "patients 2.5 should be a whole number"),
    "too many": ('course = "course.toml"\npatients = 2000000\n', "is above the most allowed"),
    "a seed below 0": ('course = "course.toml"\npatients = 3\nseed = -1\n', "seed -1 is below"),
    "a wrong key": (HEAD + "patient = 3\n", "Did you mean 'patients'?"),
    "no such number": (
        parameter('distribution = "lognormal"\ncv = 0.3', "nivolumab_klearance"),
        "population.toml:4  [parameter.nivolumab_klearance]  the patient's model has no number "
        "'nivolumab_klearance'.\n    Did you mean 'nivolumab_clearance'?",
    ),
    "no distribution": (parameter("cv = 0.3"), "the key 'distribution' is missing"),
    "no such distribution": (parameter('distribution = "lognormale"'), "Did you mean 'lognormal'?"),
    "no spread": (parameter('distribution = "lognormal"'), "has 'cv' or 'range', one of them"),
    "two spreads": (
        parameter('distribution = "lognormal"\ncv = 0.3\nrange = ["1 L/d", "2 L/d"]'),
        "has 'cv' or 'range', one of them",
    ),
    "a median twice": (
        parameter('distribution = "lognormal"\nmedian = "1 L/d"\nrange = ["1 L/d", "2 L/d"]'),
        "leave 'median' out",
    ),
    "a mean of a lognormal one": (
        parameter('distribution = "lognormal"\nmean = "1 L/d"\ncv = 0.3'),
        "a lognormal distribution has no 'mean'",
    ),
    "a cv of a uniform one": (parameter('distribution = "uniform"\ncv = 0.3'), "needs the key 'range'"),
    "a cv of 0": (parameter('distribution = "lognormal"\ncv = 0'), "cv 0 must be above 0"),
    "a cv in per cent": (parameter('distribution = "lognormal"\ncv = 35'), "above the most allowed"),
    "no unit": (
        parameter('distribution = "lognormal"\nmedian = 0.2\ncv = 0.3'),
        "population.toml:6  [parameter.nivolumab_clearance]  median: 0.2 has no unit",
    ),
    "a wrong unit": (parameter('distribution = "lognormal"\nmedian = "3 L"\ncv = 0.3'), "wrong dimension"),
    "a word": (parameter('distribution = "fixed"\nvalue = "much"'), "'much' is not a number with a unit"),
    "below 0": (parameter('distribution = "lognormal"\nmedian = "-3 L/d"\ncv = 0.3'), "of numbers above 0"),
    "a fixed one of 0": (parameter('distribution = "fixed"\nvalue = "0 L/d"'), "may come to 0 or less"),
    "a normal one without an end": (
        parameter('distribution = "normal"\ncv = 0.3'),
        "nivolumab_clearance may come to 0 or less, which it cannot be",
    ),
    "backwards": (parameter('distribution = "uniform"\nrange = ["2 L/d", "1 L/d"]'), "does not go upwards"),
    "three ends": (
        parameter('distribution = "uniform"\nrange = ["1 L/d", "2 L/d", "3 L/d"]'),
        "wrong number",
    ),
    "a range from 0": (
        parameter('distribution = "loguniform"\nrange = ["0 L/d", "1 L/d"]'),
        "of numbers above 0",
    ),
    "least above most": (
        parameter('distribution = "lognormal"\ncv = 0.3\nleast = "2 L/d"\nmost = "1 L/d"'),
        "is not below",
    ),
    "nothing left": (
        parameter('distribution = "lognormal"\ncv = 0.1\nleast = "20 L/d"'),
        "nearly nobody is between",
    ),
    "a share above 1": (
        parameter('distribution = "lognormal"\ncv = 0.1', "nivolumab_fraction_unbound"),
        "may come to more than 1",
    ),
    "no such covariate": (
        parameter('distribution = "lognormal"\ncv = 0.1\npower = { age = 1 }'),
        "'age', which is no covariate of this file",
    ),
    "a steep power": (
        HEAD + VARIED.replace("weight = 0.5", "weight = 50"),
        "weight 50 is above the most allowed",
    ),
    "a power of a covariate": (
        HEAD + VARIED.replace("cv = 0.22", "cv = 0.22\npower = { weight = 1 }"),
        "power is of parameters",
    ),
    "a giant": (
        HEAD + '[covariate.weight]\ndistribution = "uniform"\nrange = ["50 kg", "900 kg"]\n',
        "leaves 1 to 400 kg",
    ),
    "a weight in cm": (
        HEAD + '[covariate.weight]\ndistribution = "fixed"\nvalue = "170 cm"\n',
        "wrong dimension",
    ),
    "a covariate without a middle": (
        HEAD + '[covariate.age]\ndistribution = "normal"\nsd = 10\n',
        "the key 'mean' is missing",
    ),
    "a reserved name": (
        HEAD + '[covariate.failed]\ndistribution = "fixed"\nvalue = 1\n',
        "'failed' is taken",
    ),
    "a name twice": (
        HEAD + VARIED + f'[metric.weight]\n{PLASMA}kind = "peak"\n',
        "the name 'weight' is taken by a covariate",
    ),
    "a bad name": (f'{HEAD}[metric."a b"]\n{PLASMA}kind = "peak"\n', "not allowed"),
    "correlated with nobody": (
        correlation('between = ["weight", "nivolumab_volume"]\nvalue = 0.1'),
        "correlation 2  'nivolumab_volume' is no covariate or parameter",
    ),
    "correlated with itself": (
        correlation('between = ["weight", "weight"]\nvalue = 0.1'),
        "one of them twice",
    ),
    "correlated beyond 1": (
        correlation('between = ["weight", "nivolumab_clearance"]\nvalue = 1.1'),
        "above the most allowed",
    ),
    "a pair twice": (
        correlation('between = ["nivolumab_central_volume", "nivolumab_clearance"]\nvalue = 0.1'),
        "is given twice",
    ),
    "a fixed one": (
        correlation('between = ["weight", "nivolumab_affinity_PD_1"]\nvalue = 0.1'),
        "is fixed, so that nothing varies with it",
    ),
    "three and a value": (
        correlation('between = ["weight", "nivolumab_clearance", "nivolumab_central_volume"]\nvalue = 0.1'),
        "of more, give a 'matrix'",
    ),
    "a ragged matrix": (
        correlation('between = ["weight", "nivolumab_peripheral_volume"]\nmatrix = [[1, 0.1], [0.1]]'),
        "needs 2 rows of 2 numbers",
    ),
    "a crooked matrix": (
        correlation('between = ["weight", "nivolumab_peripheral_volume"]\nmatrix = [[1, 0.1], [0.2, 1]]'),
        "is not symmetric",
    ),
    "a covariance": (
        correlation('between = ["weight", "nivolumab_peripheral_volume"]\nmatrix = [[0.1, 0], [0, 0.1]]'),
        "on its diagonal",
    ),
    "impossible": (
        correlation(
            'between = ["weight", "nivolumab_clearance"]\nvalue = 0.9\n'
            '[[correlation]]\nbetween = ["weight", "nivolumab_central_volume"]\nvalue = -0.9'
        ),
        "weight, nivolumab_clearance, nivolumab_central_volume: their correlation matrix is not positive "
        "semidefinite (smallest eigenvalue -0",
    ),
    "no such column": (
        metric('of = "nivolumab_plasma"\nkind = "peak"'),
        "of 'nivolumab_plasma' is no column of a course.\n    Did you mean 'nivolumab_plasma_nM'?",
    ),
    "no such tumour": (HEAD + 'tumour = "melanom"\n', "Did you mean 'melanoma'?"),
    "a tumour of an animal": (HEAD + 'tumour = "b16"\n', "tumour 'b16' is of an animal"),
    "clones of nobody": (HEAD + "clones = false\n", "of a patient with a tumour in one place"),
    "clones that are no yes or no": (HEAD + 'tumour = "melanoma"\nclones = "no"\n', "clones"),
    "no such metric": (metric(f'{PLASMA}kind = "peek"'), "Did you mean 'peak'?"),
    "above what": (metric(f'{PLASMA}kind = "time-above"'), "go together"),
    "a peak above": (metric(f'{PLASMA}kind = "peak"\nabove = 3'), "go together"),
    "since the end": (metric(f'{PLASMA}kind = "peak"\nsince = "56 d"'), "is not before the end"),
    "until later": (
        metric(f'{PLASMA}kind = "peak"\nuntil = "57 d"'),
        "until '57 d' is after the end of the course",
    ),
    "until before since": (
        metric(f'{PLASMA}kind = "peak"\nsince = "5 d"\nuntil = "4 d"'),
        "is not after 'since'",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_population_is_refused_in_words(what, tmp_path):
    text, words = WRONG[what]
    assert words in refused(tmp_path, text)


def test_faults_are_told_at_once_with_their_lines(tmp_path):
    text = (
        HEAD
        + VARIED.replace("0.35", "0.35\nmedian = 3")
        + f'[metric.a]\n{PLASMA.replace("plasma", "x")}kind = "end"'
    )
    told = refused(tmp_path, text)
    assert "population.toml:12  [parameter.nivolumab_clearance]  median: 3 has no unit" in told
    assert "[metric.a]  of 'nivolumab_x_nM' is no column" in told


def test_a_course_that_is_wrong_is_told_by_its_own_line(tmp_path):
    assert "course.toml:3  dose 1  drug 'nivo'" in refused(
        tmp_path, HEAD, COURSE.replace("nivolumab", "nivo")
    )


def test_a_course_with_patients_of_its_own_is_refused(tmp_path):
    (tmp_path / "doses.csv").write_text("ID,TIME,AMT\n1,0,5\n")
    course = (
        'duration = "9 d"\ntable = { file = "doses.csv", time = "h", amount = "mg", drug = "nivolumab" }\n'
    )
    assert "has a table of patients of its own" in refused(tmp_path, HEAD, course)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[[lesion]]\nname = "lung"\n', "has lesions, and no tumour is named"),
        ("replicates = 3\n", "each patient of a population is followed once"),
    ],
)
def test_what_a_course_has_and_a_population_not_is_refused(more, words, tmp_path):
    course = COURSE.replace("[patient]", "replicates = 3\n[patient]") if "rep" in more else COURSE + more
    assert words in refused(tmp_path, HEAD, course)


def test_a_course_of_no_drug_is_refused(tmp_path):
    assert "gives no drug" in refused(tmp_path, HEAD, 'duration = "1 d"\n')


KEYS = [
    "course",
    "patients",
    "seed",
    "distribution",
    "cv",
    "range",
    "power",
    "between",
    "matrix",
    "of",
    "kind",
]
SIGNS = [
    "=",
    "\n",
    '"',
    "[",
    "]",
    "{}",
    "\x00",
    "é",
    "[covariate.weight]",
    "[parameter.x]",
    "[[correlation]]",
]
VALUES = ['"lognormal"', '"course.toml"', "1", "-1", "nan", "inf", "1e999", "[[1]]", "true"]
WORDS = st.sampled_from([*KEYS, *SIGNS, *VALUES])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, max_size=25))
def test_no_population_gives_a_traceback(tmp_path, words):
    file = write(tmp_path, HEAD + " ".join(words))
    assert file.exists()
    try:
        asked(tmp_path, HEAD + " ".join(words))
    except InputError as error:
        assert all(fault.problem for fault in error.faults)


def test_the_example_of_the_documentation_is_a_population(tmp_path):
    page = Path(__file__).resolve().parents[2] / "docs" / "patient.md"
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    (example,) = [block for block in blocks if block.startswith("course = ")]
    found = asked(tmp_path, example, COURSE.replace('"56 d"', '"84 d"'))
    assert found.sample.names == ("weight", "nivolumab_clearance", "nivolumab_central_volume")
    assert found.sample.varied[2].marginal.middle == pytest.approx(math.sqrt(2.5 * 5.0))
    (chosen,) = [block for block in blocks if block.startswith("[accept")]
    (tmp_path / "select.toml").write_text(chosen)
    columns = found.sample.metrics.keys() | {"nivolumab_plasma_nM_trough", "nivolumab_plasma_nM_half_life"}
    assert (
        read_selection(tmp_path / "select.toml", columns).targets["nivolumab_plasma_nM_half_life"].bins == 20
    )
