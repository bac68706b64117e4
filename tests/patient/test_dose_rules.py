"""Doses held and reduced by rule: which are given is decided just before each, from what earlier ones did."""

from __future__ import annotations

import json

import numpy as np
import pytest

import published_models as published
from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.io.course import read_course
from opsonin.model.dosing import Given, Rule
from opsonin.patient.rules import ruled

DAY = 1440.0


def rule(**keys):
    return Rule.model_validate({"drug": "x", "when": "count"} | keys)


def follow_counts(loss=0.5, recovery=0.1):
    """A count in blood that each mg lowers at once by a share, and that comes back by steps per day."""

    def follow(doses):
        def before(time):
            count, now = 1.0, 0.0
            for dose in sorted(doses):
                if dose.time >= time:
                    break
                count = min(count + recovery * (dose.time - now) / DAY, 1.0) - loss * dose.amount
                now = dose.time
            return {"count": min(count + recovery * (time - now) / DAY, 1.0)}

        return before

    return follow


DAILY = [Given(DAY * day, "x", 1.0) for day in range(6)]


def test_doses_are_held_until_the_count_is_back():
    given = ruled(DAILY, [rule(below=0.65, hold=True)], follow_counts())
    # 1.0, then 0.5 + 0.1 a day: 0.7 on day 2, when the next one is given.
    assert [dose.time / DAY for dose in given] == [0.0, 2.0]
    assert {dose.amount for dose in given} == {1.0}


def test_a_reduction_lasts_and_is_made_once_while_the_limit_stays_passed():
    given = ruled(DAILY, [rule(below=0.65, reduce_to=0.5)], follow_counts(recovery=0.0))
    assert [dose.amount for dose in given] == [1.0, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_a_held_dose_comes_back_reduced_each_time_anew():
    given = ruled(DAILY, [rule(below=0.64, hold=True, reduce_to=0.5)], follow_counts())
    # 0.6 on day 1; 0.7 on day 2, then 0.45 and 0.55 on day 3; 0.65 on day 4, and 0.625 on day 5.
    assert [(dose.time / DAY, dose.amount) for dose in given] == [(0.0, 1.0), (2.0, 0.5), (4.0, 0.25)]


def test_a_reduced_dose_does_less():
    rules = [rule(below=0.65, reduce_to=0.5), rule(below=0.1, hold=True)]
    given = ruled(DAILY, rules, follow_counts(loss=0.4, recovery=0.0))
    # 1.0, 0.6, then by halves 0.4, 0.2, 0.0; unreduced, the fourth would have met -0.2.
    assert [(dose.time / DAY, dose.amount) for dose in given] == [
        (0.0, 1.0),
        (1.0, 0.5),
        (2.0, 0.5),
        (3.0, 0.5),
    ]


def test_a_rule_of_another_drug_changes_nothing():
    doses = sorted([*DAILY, *(Given(dose.time, "y", 2.0) for dose in DAILY)])
    given = ruled(doses, [rule(drug="y", above=0.0, hold=True)], lambda _: lambda _: {"count": 1.0})
    assert list(given) == DAILY


def test_without_a_reason_all_doses_are_given():
    assert list(ruled(DAILY, [rule(below=-9.0, hold=True)], follow_counts())) == DAILY


COURSE = """\
duration = "60 d"
every = "1 d"
dose = [{{ drug = "chemo", amount = "10 mg", every = "7 d" }}]
rule = [{{ drug = "chemo", when = "blood_anc", {rule} }}]
"""


@pytest.fixture
def marrow(tmp_path):
    """Neutrophils that are made, live a day, and die of a drug: files of a model, its ports and a course."""
    rates = {"A": "-k*A", "N": "made - made/start*N - kill*A*N"}
    numbers = {"k": 0.35, "made": 0.4, "start": 4.0, "kill": 0.1}
    (tmp_path / "m.xml").write_text(published.sbml_of(rates, numbers, {"A": 0.0, "N": 4.0}))
    (tmp_path / "p.toml").write_text(
        'time = "d"\n[drug]\nchemo = { into = "A", unit = "mg" }\n[blood]\nanc = "N"\n'
    )
    return tmp_path


def told(folder, written, capfd, code=0):
    (folder / "c.toml").write_text(COURSE.format(rule=written))
    model = ["--model", str(folder / "m.xml"), "--ports", str(folder / "p.toml")]
    out = folder / "out.parquet"
    assert main(["patient", "simulate", str(folder / "c.toml"), *model, "-o", str(out), "--json"]) == code
    return json.loads(capfd.readouterr().out)


def test_chemotherapy_is_held_while_neutrophils_are_low(marrow, capfd):
    import pyarrow.parquet as pq

    free = told(marrow, "below = -1.0, hold = true", capfd)["patients"]["1"]["chemo"]
    assert free == {"doses": 9, "given_mg": 90.0}
    held = told(marrow, "below = 1.5, hold = true", capfd)["patients"]["1"]["chemo"]
    assert held["held"] > 0
    assert held["doses"] + held["held"] == 9
    table = pq.read_table(marrow / "out.parquet")
    times, amounts, counts = (np.array(table[name]) for name in ("time_min", "drug_chemo", "blood_anc"))
    weekly = [n for n in range(1, len(times)) if times[n] % (7 * DAY) == 0.0]
    for n in weekly:
        given = amounts[n] > amounts[n - 1]
        assert given == (counts[n] >= 1.5), times[n] / DAY


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("below = 1.0", "a rule does something"),
        ("hold = true", "a rule has one limit"),
        ("above = 1.0, below = 2.0, hold = true", "a rule has one limit"),
        ("below = 1.0, reduce_to = 1.5", "rule 1  reduce_to 1.5"),
        ("below = 1.0, hold = 1", "rule 1  hold 1"),
        ("belov = 1.0, hold = true", "Did you mean 'below'?"),
    ],
)
def test_a_wrong_rule_is_refused_in_words(written, words, tmp_path):
    file = tmp_path / "c.toml"
    file.write_text(COURSE.format(rule=written))
    with pytest.raises(InputError) as caught:
        read_course(file, foreign=True)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('when = "blood_anc"', 'when = "blood_ank"', "Did you mean 'blood_anc'?"),
        ('rule = [{{ drug = "chemo"', 'rule = [{{ drug = "kemo"', "drug 'kemo' is not given"),
    ],
)
def test_a_rule_about_nothing_is_refused(old, new, words, marrow, capfd, monkeypatch):
    monkeypatch.setattr(f"{__name__}.COURSE", COURSE.replace(old, new))
    said = told(marrow, "below = 1.0, hold = true", capfd, 2)
    assert words in " ".join(fault["problem"] + fault["fix"] for fault in said["faults"])
