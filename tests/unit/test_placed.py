"""What is told of what nobody saw: which, how many, and in words that suit the tissue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsonin.engine import compile
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.placed import burn_in_of, numbers_of, placed
from opsonin.engine.start import settled
from opsonin.io.scenario import Scenario
from opsonin.knowledge.followed import followed
from opsonin.knowledge.library import load_library
from opsonin.model.specificity import STEM_LIKE
from tissues import plan as generated

LABELS = ["SOX10+"] * 60 + ["CD8+PD1+PDL1-"] * 25 + ["CD8+PD1-PDL1-"] * 5 + ["CD8-PD1-PDL1-"] * 10

OWN_LABELS = """
name = "own"
title = "Own"
x = "x"
y = "y"
label = "label"

[labels]
a = { cell = "cancer", positive = ["CD39"] }
b = { cell = "cd8" }

[intensities.CD39]
columns = ["stain"]
background = 0
reference = 50
assumed = "for a test"
"""


@pytest.fixture(scope="module")
def biopsy(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder: Path = tmp_path_factory.mktemp("placed")
    rng = np.random.default_rng(1)
    places = np.stack(np.meshgrid(np.arange(10), np.arange(10)), axis=-1).reshape(-1, 2) * 15.0
    rows = [f"{x},{y},{label}" for (x, y), label in zip(places, rng.permutation(LABELS), strict=True)]
    (folder / "cells.csv").write_text("\n".join(["x_um,y_um,cell_type", *rows]) + "\n")
    data = {
        "scenario": {"name": "placed", "duration": "1 h"},
        "tissue": {"tumour": "melanoma", "biopsy": "cells.csv", "labels": "melanoma-markers"},
        "arm": [{"name": "control"}],
    }
    return compile_scenario(Scenario.from_dict(data, folder=folder))


def test_states_that_the_biopsy_does_not_show_are_told_with_which_and_how_many(biopsy: Plan) -> None:
    told = " ".join(placed(biopsy))
    tissue = settled(biopsy)
    cells, n = tissue.cells.arrays, tissue.cells.n
    reactive, tired = int((cells.reactive[:n] > 0).sum()), int((cells.exhaustion[:n] == 0.5).sum())
    assert 0 < reactive < 25
    assert tired == 25 - int((cells.reactive[:n] == STEM_LIKE).sum())
    assert "CD8 T cell: 25 of 30 carry PD-1 (all stained)" in told
    assert f"50 % of those that carry PD-1 drawn as tumour-reactive (assumed), {reactive} here" in told
    assert (
        f"Exhaustion 0.5 at the start in the {tired} that carry PD-1 and are not stem-like (assumed), 0 in the others"
        in told
    )
    assert numbers_of(biopsy)["reactive_cells"] == reactive
    for words in (
        "Neither label nor stain tells, of all 60 cancer: AKT (",
        "MHC-I (5e4 molecules, assumed), ",
        "PD-L1 (8e3 molecules, evidence:",
        "; 0.5 (assumed) of ",
        "PD-1 on 25 cells",
        "keep the imaged density",
        "hours before the biopsy",
        "where it was imaged",
    ):
        assert words in told


def test_molecules_are_told_once_for_the_cells_that_nobody_saw_them_on(biopsy: Plan) -> None:
    of_cancer = [text for text in placed(biopsy) if "60 cancer:" in text]
    assert len(of_cancer) == 1
    assert all(of_cancer[0].count(f" {name} (") == 1 for name in ("BAX", "MHC-I", "survivin", "XIAP"))


def test_the_densities_of_a_tumour_add_no_cell_to_a_biopsy(biopsy: Plan) -> None:
    densities = biopsy.library.tumours["melanoma"].densities
    assert densities["macrophage"].value > 0.0
    seen = {biopsy.species.cells[kind] for kind in np.unique(biopsy.imaged.kind)}
    assert seen == {"cancer", "cd8", "other"}
    assert len(biopsy.imaged.kind) == len(LABELS)


def test_a_label_or_stain_that_no_law_reads_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = tuple(name for name in followed(load_library()) if name != "CD39")
    monkeypatch.setattr(compile, "followed", lambda library: without)
    rows = [f"{15 * k % 150},{15 * (k // 10)},{'a' if k % 2 else 'b'},{k}" for k in range(100)]
    (tmp_path / "cells.csv").write_text("\n".join(["x,y,label,stain", *rows]) + "\n")
    (tmp_path / "own.toml").write_text(OWN_LABELS)
    data = {
        "scenario": {"name": "unread", "duration": "1 h"},
        "tissue": {"tumour": "melanoma", "biopsy": "cells.csv", "labels": "own.toml"},
        "arm": [{"name": "control"}],
    }
    told = compile_scenario(Scenario.from_dict(data, folder=tmp_path)).notes
    assert "CD39: labels or stains tell of it, but no law reads it; it changes nothing here." in told
    assert not [text for text in told if text.startswith("CD39: measured")]


@pytest.mark.parametrize(
    ("generate", "words", "never"),
    [
        (
            {"geometry": "well", "per_tumour_cell": {"cd8": 1}},
            ["no arrivals"],
            ["newcomers", "imaged", "Niches"],
        ),
        (
            {"geometry": "spheroid", "size": None, "diameter": "100 um"},
            ["A ball of 100 um in medium.", "CD8 T cell: none."],
            ["immune cells begin", "newcomers", "carry PD-1"],
        ),
        (
            {"geometry": "marrow"},
            ["keep the drawn density", "stays near tumour cells", "die in its last hours"],
            ["nests or", "stroma, where", "imaged", "before the biopsy"],
        ),
        ({"geometry": "node"}, ["keep the drawn density"], ["Niches", "Cycle", "imaged"]),
        ({}, ["where it was drawn", "Placed on all"], ["imaged", "biopsy"]),
    ],
)
def test_what_is_told_suits_where_the_tissue_comes_from(
    generate: dict[str, Any], words: list[str], never: list[str]
) -> None:
    drawn = {key: value for key, value in {"size": ["200 um", "200 um"], **generate}.items() if value}
    data = {
        "scenario": {"name": "drawn", "duration": "1 h"},
        "tissue": {"tumour": "melanoma", "generate": drawn},
        "arm": [{"name": "control"}],
    }
    told = " ".join(placed(compile_scenario(Scenario.from_dict(data))))
    for text in words:
        assert text in told
    for text in never:
        assert text not in told


def test_how_long_the_burn_in_is_says_what_was_asked_and_what_was_done() -> None:
    assert burn_in_of(generated(numerics__burn_in="1 s")) == {
        "days": pytest.approx(40 / 1440),
        "asked_days": pytest.approx(1 / 86400),
        "default_days": 21.0,
    }
