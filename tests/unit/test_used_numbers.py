"""Which numbers a run says that it rests on: those of its own tumour, cells, molecules, drugs and geometry."""

from __future__ import annotations

import pytest

from opsonin.engine.fields import SHARED
from opsonin.engine.provenance import origins_of
from opsonin.knowledge.checker import numbers
from opsonin.knowledge.library import load_library
from opsonin.knowledge.used import Use, used
from opsonin.model.scenario import Dose, Generated
from tissues import plan as a_plan

LIBRARY = load_library()


def paths(**change: object) -> set[str]:
    asked = {"tumour": "melanoma", "cells": ("cancer", "cd8"), "generate": None, "doses": ()}
    return {row.path for row in used(LIBRARY, Use(**asked | change))}  # type: ignore[arg-type]


def names(found: set[str], kind: str) -> set[str]:
    return {path.split(".")[1] for path in found if path.startswith(f"{kind}.")}


def test_only_entries_that_the_run_looks_at_are_listed() -> None:
    found = paths(doses=[Dose(drug="nivolumab", amount="240 mg")])
    assert names(found, "tumour") == {"melanoma"}
    assert names(found, "cell") == {"cancer", "cd8"}
    assert names(found, "drug") == {"nivolumab"}
    assert "PD-1:PD-L1" in names(found, "interaction")
    assert names(found, "geometry") == set()
    assert len(found) < len(numbers(LIBRARY)) / 4
    assert names(paths(), "drug") == set()


def test_a_run_does_not_rest_on_what_only_the_patient_has() -> None:
    found = paths(doses=[Dose(drug="durvalumab", amount="1500 mg")])
    assert "drug.durvalumab.kinetics.clearance" in found
    assert "drug.durvalumab.kinetics.max_elimination" in {row.path for row in numbers(LIBRARY)}
    assert not any("max_elimination" in path or "half_saturation" in path for path in found)


def test_a_pair_counts_only_where_both_partners_are_carried() -> None:
    assert names(paths(cells=("endothelium",)), "interaction") == set()
    kir = {"KIR:MHC-I"}  # T cells have none, NK cells do
    assert not kir & names(paths(), "interaction")
    assert kir < names(paths(cells=("cancer", "nk")), "interaction")


def test_a_level_of_the_tumour_stands_in_place_of_that_of_the_cell_type() -> None:
    found = paths()
    assert "tumour.melanoma.expresses.cancer.MHC-I" in found
    assert "cell.cancer.expresses.MHC-I" not in found
    assert "cell.cd8.expresses.PD-1" in found


def test_medium_has_no_blood_and_tissue_no_medium() -> None:
    cultured = paths(generate=Generated(geometry="spheroid", diameter="200 um"))
    assert "substrate.oxygen.medium" in cultured
    assert not {"substrate.oxygen.blood", "tumour.melanoma.vessel_density"} & cultured
    assert not any(".trafficking." in path or ".densities." in path for path in cultured)
    assert "substrate.oxygen.blood" in paths()
    assert "substrate.oxygen.medium" not in paths()


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({"densities": {"cd8": "300 cells/mm2"}}, {"densities.other"}),
        ({"architecture": "cold"}, {"densities.cd8", "infiltrate.cold"}),
        ({"architecture": "excluded"}, {"infiltrate.infiltrated", "nests.share", "nests.diameter"}),
        ({"nest_diameter": "150 um"}, {"nests.share"}),
        ({"fractions": {"cancer": 0.5, "cd8": 0.5}}, {"densities.cancer", "densities.other"}),
    ],
)
def test_of_a_drawn_tissue_what_the_scenario_leaves_open(asked: dict[str, object], there: set[str]) -> None:
    found = paths(generate=Generated(size=("400 um", "400 um"), **asked))  # type: ignore[arg-type]
    of_ground = {path.split(".", 2)[2] for path in found if "densities" in path or "geometry." in path}
    assert there <= of_ground
    named = {f"densities.{name}" for name in asked.get("densities", {})}  # type: ignore[attr-defined]
    assert not of_ground & named
    assert ("nests.diameter" in of_ground) == (asked == {"architecture": "excluded"})


def test_a_weight_counts_only_for_doses_per_weight() -> None:
    flat, per_weight = (
        paths(doses=[Dose(drug="nivolumab", amount=amount)]) for amount in ("240 mg", "3 mg/kg")
    )
    assert per_weight - flat == {"tumour.melanoma.patient_weight"}


def test_a_run_tells_how_many_numbers_which_are_assumed_and_what_is_cited() -> None:
    plan = a_plan()
    told = origins_of([plan])
    assert set(told) <= set(SHARED)
    assert len(told["assumed"]) < told["numbers"] < len(numbers(LIBRARY)) / 2
    assert {"source": "evidence:C082", "numbers": 1} in told["cited"]
    assert all(row["reason"] for row in told["assumed"])
    assert origins_of([plan, plan]) == told
