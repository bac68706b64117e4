"""Failure is a value: numerical faults name the time, the cell or field, and the quantity; bad results are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from opsonin.core.errors import InputError, RunError
from opsonin.engine import run
from opsonin.engine.start import started
from opsonin.tissue.integrity import check_state
from tissues import plan, scenario


@pytest.fixture(scope="module")
def tissue():
    return started(plan())


@pytest.mark.parametrize("name", ["x", "volume", "damage", "pressure"])
def test_a_nan_in_a_cell_is_named_with_cell_quantity_and_time(tissue, name):
    column = getattr(tissue.cells.arrays, name)
    before = column[7]
    column[7] = np.nan
    try:
        with pytest.raises(RunError) as raised:
            check_state(tissue, 2 * 86_400)
    finally:
        column[7] = before
    said = str(raised.value)
    assert "day 2.0000" in said
    assert f"{int(tissue.cells.arrays.id[7]):#018x}" in said
    assert name in said


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_an_impossible_concentration_is_named_with_field_and_time(tissue, value):
    index = tissue.species.substrates.index("oxygen")
    before = tissue.fields.values[index, 0, 3, 4]
    tissue.fields.values[index, 0, 3, 4] = value
    try:
        with pytest.raises(RunError, match=r"day 1\.0000, field 'oxygen'"):
            check_state(tissue, 86_400)
    finally:
        tissue.fields.values[index, 0, 3, 4] = before


def test_a_sound_state_passes(tissue):
    check_state(tissue, 0)


def test_a_result_of_other_sources_is_not_resumed(tmp_path):
    run.run(scenario(scenario__duration="1 h"), tmp_path / "out")
    file = tmp_path / "out" / "provenance.json"
    told = json.loads(file.read_text())
    told["sources"] = "0" * 20
    file.write_text(json.dumps(told))
    with pytest.raises(RunError, match="own sources"):
        run.resume(tmp_path / "out")


def test_an_existing_result_is_not_overwritten(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="not empty"):
        run.run(scenario(scenario__duration="1 h"), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


def test_a_seed_given_to_run_is_the_seed_that_is_stored(tmp_path):
    result = run.run(scenario(scenario__duration="1 h"), tmp_path / "out", seed=41)
    assert result.provenance["seed"] == 41
    assert result.provenance["scenario"]["scenario"]["seed"] == 41
