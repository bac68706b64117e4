"""A scenario with one more arm: its dose is the label's where that can be given, else a held concentration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opsonin.core.errors import InputError
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


@pytest.mark.parametrize("drug", ["detanonoate", "bortezomib", "lcl161"])
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
