"""A scenario with one more arm: its dose is the label's where that can be given, else a held concentration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsonin.core.errors import InputError
from opsonin.io.label_dose import schedule
from opsonin.io.scenario import Scenario
from opsonin.io.trial import trial
from opsonin.knowledge.library import load_library
from tissues import CONTROL, NIVOLUMAB, scenario

WELL = {"geometry": "well", "size": ["200 um", "200 um"], "confluence": 0.5}


def dose_of(drug: str, folder: Path, **changes: Any) -> dict[str, Any]:
    asked = scenario(**changes)
    made = trial(asked, "control", drug, asked.library(), folder)
    (dose,) = Scenario.from_text(made.text).arm[-1].dose
    return dose.model_dump(mode="json", exclude_none=True, exclude={"drug", "at"})


@pytest.mark.parametrize(
    ("drug", "amount", "every"),
    [
        ("nivolumab", "240 mg", "14 d"),
        ("cemiplimab", "350 mg", "21 d"),
        ("trastuzumab", "6 mg/kg", "21 d"),
        ("cetuximab", "250 mg/m2", "7 d"),
        ("vorinostat", "400 mg", "1 d"),
        ("pexidartinib", "400 mg", "12 h"),
    ],
)
def test_a_labelled_schedule_is_given_as_it_is(drug: str, amount: str, every: str, tmp_path: Path) -> None:
    assert dose_of(drug, tmp_path) == {"amount": amount, "every": every}


def test_days_of_a_cycle_rests_and_infusions_are_those_of_the_label(tmp_path: Path) -> None:
    asked = scenario(scenario__duration="30 d")
    made = trial(asked, "control", "romidepsin", asked.library(), tmp_path)
    doses = Scenario.from_text(made.text).arm[-1].dose
    assert [dose.at for dose in doses] == [0.0, 7 * 1440.0, 14 * 1440.0]
    assert {(dose.amount, dose.every, dose.lasting) for dose in doses} == {("14 mg/m2", 28 * 1440.0, 240.0)}
    assert made.dose == "amount 14 mg/m2, every 28 d, lasting 4 h, also at 7 d, also at 14 d"


@pytest.mark.parametrize(
    ("label", "begins", "rest"),
    [
        (
            "1.3 mg/m2 s.c. or i.v. on days 1, 4, 8, 11 of 21",
            ["0 d", "3 d", "7 d", "10 d"],
            {"every": "21 d"},
        ),
        ("75 mg/m2 s.c. daily, days 1-3 of 28 (recalled)", ["0 d", "1 d", "2 d"], {"every": "28 d"}),
        ("1250 mg/m2 on days 1 and 8 of 21", ["0 d", "7 d"], {"every": "21 d"}),
        ("400 mg by mouth twice daily, 2 days on, 3 off", ["0 d", "12 h", "1 d", "36 h"], {"every": "5 d"}),
        ("60 mg by mouth once daily, 2 of 7 days", ["0 d", "1 d"], {"every": "7 d"}),
        ("0.038 mg of 2.6e8 IU/mg, three times a week", ["0 d", "2 d", "4 d"], {"every": "7 d"}),
        (
            "9 mg weekly, over 30 min, three weeks of four",
            ["0 d", "7 d", "14 d"],
            {"every": "28 d", "lasting": "30 min"},
        ),
        (
            "25 mg/m2 i.v., five days running, every 28 days",
            ["0 d", "1 d", "2 d", "3 d", "4 d"],
            {"every": "28 d"},
        ),
        ("28 ug a day by continuous infusion", ["0 d"], {"every": "1 d", "lasting": "1 d"}),
        (
            "85 mg/m2 every 2 weeks or 130 mg/m2 every 3 weeks, over 2 h",
            ["0 d"],
            {"every": "14 d", "lasting": "2 h"},
        ),
        ("3 mg/kg every 21 days for four doses", ["0 d"], {"every": "21 d", "until": "63 d"}),
        ("8 mg/kg, then 6 mg/kg every 21 days", ["0 d"], {"every": "21 d"}),
        ("75 mg/m2 i.v. over 1 h", [], {}),
        ("i.v. every 21 days", [], {}),
    ],
)
def test_a_schedule_is_read_from_the_words_of_a_label(
    label: str, begins: list[str], rest: dict[str, str]
) -> None:
    told = schedule(label, 30 * 1440.0)
    assert [one.get("at", "0 d") for one in told] == begins
    for one in told:
        assert {key: one[key] for key in one if key not in ("amount", "at")} == rest


def test_no_dose_of_a_label_begins_after_the_run() -> None:
    assert len(schedule("1 mg on days 1, 4, 8 of 21", 4 * 1440.0)) == 2


@pytest.mark.parametrize("drug", ["detanonoate", "cyclophosphamide", "lcl161"])
def test_what_has_no_such_schedule_or_kinetics_is_held(drug: str, tmp_path: Path) -> None:
    told = dose_of(drug, tmp_path, scenario__duration="2 d")
    assert told["amount"].endswith(" nM")
    assert told["lasting"] == "2 d"


def test_a_dish_and_a_mouse_have_a_concentration(tmp_path: Path) -> None:
    assert "lasting" in dose_of("nivolumab", tmp_path, tissue__tumour="b16")
    tables = {
        "scenario": {"name": "a well", "duration": "1 d"},
        "tissue": {"tumour": "melanoma", "generate": WELL},
        "arm": [CONTROL],
    }
    asked = Scenario.from_dict(tables)
    assert "lasting" in trial(asked, "control", "nivolumab", asked.library(), tmp_path).dose


def test_radiation_is_a_fraction_and_cells_come(tmp_path: Path) -> None:
    assert dose_of("radiation", tmp_path) == {"amount": "8 Gy"}
    assert dose_of("gd2_car_t", tmp_path) == {"amount": "5 cells/mm2"}


@pytest.mark.parametrize("drug", sorted(load_library().drugs))
def test_every_drug_can_be_written(drug: str, tmp_path: Path) -> None:
    asked = scenario(scenario__duration="2 d")
    made = trial(asked, "control", drug, asked.library(), tmp_path)
    assert [arm.name for arm in Scenario.from_text(made.text).arm] == ["control", drug]


def test_the_new_arm_has_a_name_of_its_own(tmp_path: Path) -> None:
    long = {**NIVOLUMAB, "name": "n" * 60}
    taken = {"name": "vorinostat"}
    asked = scenario(arm=[CONTROL, long, taken])
    assert trial(asked, "control", "vorinostat", asked.library(), tmp_path).arm == "vorinostat 2"
    assert trial(asked, "n" * 60, "vorinostat", asked.library(), tmp_path).arm == f"{'n' * 58} 2"


def test_a_biopsy_must_be_found_from_where_the_file_is(tmp_path: Path) -> None:
    asked = scenario()
    tissue = asked.tissue.model_copy(update={"generate": None, "biopsy": "cells.csv"})
    of_biopsy = asked.model_copy(update={"tissue": tissue})
    with pytest.raises(InputError, match=r"(?s)cells\.csv.*is not there.*its paths begin there"):
        trial(of_biopsy, "control", "nivolumab", asked.library(), tmp_path)
