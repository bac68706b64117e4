"""Failure is a value: numerical faults name the time, the cell or field, and the quantity; bad results are refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from opsonin.core.errors import InputError, RunError
from opsonin.core.provenance import digest
from opsonin.engine import run
from opsonin.engine.start import started
from opsonin.tissue.integrity import check_state
from tissues import carried_on, plan, scenario


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
    del told["run_hash"]
    told["run_hash"] = digest(told)
    file.write_text(json.dumps(told))
    with pytest.raises(RunError, match="own sources"):
        run.resume(tmp_path / "out")


@pytest.mark.parametrize("change", [{"seed": 9}, {"box": [1.0, 1.0, 1.0]}, {"labels": None}])
def test_a_provenance_that_was_changed_by_hand_is_not_resumed_or_rebuilt(tmp_path, change):
    run.run(scenario(scenario__duration="1 h"), tmp_path / "out")
    file = tmp_path / "out" / "provenance.json"
    told = json.loads(file.read_text()) | change
    if change == {"labels": None}:
        del told["labels"]
    file.write_text(json.dumps(told))
    for again in (lambda: run.resume(tmp_path / "out"), lambda: run.run(tmp_path / "out", tmp_path / "two")):
        with pytest.raises(RunError, match=r"provenance\.json"):
            again()
    assert not (tmp_path / "two").exists()


def test_a_checkpoint_of_another_arm_is_not_gone_on_with(tmp_path):
    from tissues import CONTROL, NIVOLUMAB

    asked = scenario(scenario__duration="2 h", output__every="1 h", arm=[CONTROL, NIVOLUMAB])
    run.run(asked, tmp_path / "out")
    arms = tmp_path / "out" / "arms"
    (tmp_path / "out" / "summary.json").unlink()
    shutil.rmtree(arms / "control" / "000002")
    shutil.copy(
        arms / "nivolumab" / "000001" / "checkpoint.npz", arms / "control" / "000001" / "checkpoint.npz"
    )
    with pytest.raises(RunError, match="another run, arm or time"):
        run.resume(tmp_path / "out")


@pytest.mark.parametrize(
    ("knowledge", "named"),
    [
        ({"tumour.melanoma.potential_doubling_time": "5 h"}, "potential_doubling_time"),
        ({"tumour.melanoma.doubling_time": "1 d"}, "doubling_time"),
        ({"cell.cancer.cycle.committed": "1000 d"}, "committed"),
        ({"cell.cancer.repulsion": "1e6 um/min"}, "repulsion"),
        ({"cell.other.repulsion": "0 um/min"}, "repulsion"),
        ({"cell.cancer.adhesion": "1000 um/min"}, "adhesion"),
        ({"tumour.melanoma.vessel_density": "1e10 1/mm2"}, "vessel_density"),
        ({"cell.cancer.diameter": "900 um"}, "radii"),
    ],
)
def test_numbers_that_the_engine_cannot_use_are_named_before_anything_is_written(tmp_path, knowledge, named):
    with pytest.raises(InputError, match=named):
        run.run(scenario(knowledge=knowledge), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [[], ["200 um"], ["200 um"] * 4])
def test_a_size_of_neither_two_nor_three_edges_is_named(size):
    with pytest.raises(InputError, match="size") as raised:
        scenario(tissue__generate={"size": size})
    assert "arm" not in str(raised.value)


@pytest.mark.parametrize(
    "path",
    ["lytic.exhaustion_recovery", "lytic.exhaustion_gain", "trafficking.exit_rate", "lytic.hit_rate_max"],
)
def test_a_rate_of_zero_is_no_fault(path):
    tissue_plan = plan(knowledge={f"cell.cd8.{path}": "0 1/d"})
    carried_on(tissue_plan, started(tissue_plan), 0, 12.0)


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
