"""The same bits: between equal arms, before a dose, on any number of threads, after a resume, on a rebuild."""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pytest

from opsonin.engine import checkpoint, run
from opsonin.engine.start import resumed
from opsonin.engine.trace import Trace
from opsonin.store.diff import diff
from opsonin.store.result import Result
from tissues import CONTROL, NIVOLUMAB, carried_on, grown, plan, scenario

HOURS = 60.0


def hashes(plan_, minutes, arm=0):
    trace = Trace()
    grown(plan_, minutes, arm, trace)
    return trace.drain()["hash"]


def test_two_arms_with_the_same_treatment_are_identical_to_the_last_bit():
    twins = plan(arm=[NIVOLUMAB, {**NIVOLUMAB, "name": "again"}])
    np.testing.assert_array_equal(hashes(twins, 6 * HOURS, 0), hashes(twins, 6 * HOURS, 1))


def test_every_arm_of_a_stored_run_starts_from_the_same_bits(tmp_path: Path):
    """Also the fields: the first arm must not write into what the next ones start from."""
    arms = [{"name": name} for name in ("one", "two", "three")]
    stored = run.run(
        scenario(scenario__duration="30 min", output__every="30 min", arm=arms), tmp_path / "out"
    )
    for other in ("two", "three"):
        np.testing.assert_array_equal(stored.trace("one")["hash"], stored.trace(other)["hash"])


def test_an_extra_dose_changes_nothing_before_it_is_given_and_something_after():
    late = {"name": "late", "dose": [{"drug": "nivolumab", "amount": "240 mg", "at": "3 h"}]}
    arms = plan(arm=[CONTROL, late])
    without, given = hashes(arms, 6 * HOURS, 0), hashes(arms, 6 * HOURS, 1)
    per_step = len(without) // 60
    np.testing.assert_array_equal(without[: 30 * per_step], given[: 30 * per_step])
    assert (without[30 * per_step :] != given[30 * per_step :]).any()


def test_adding_an_arm_leaves_the_other_arms_bit_identical():
    np.testing.assert_array_equal(
        hashes(plan(arm=[CONTROL]), 2 * HOURS), hashes(plan(arm=[NIVOLUMAB, CONTROL]), 2 * HOURS, 1)
    )


def test_another_seed_differs_in_every_process_that_draws():
    one, other = Trace(), Trace()
    grown(plan(), 6.0, trace=one)
    grown(plan(scenario__seed=2), 6.0, trace=other)
    first, second = one.drain()["hash"], other.drain()["hash"]
    assert (first[1:] != second[1:]).all()  # all but the drug-free pharmacology


def test_another_replicate_and_another_patient_differ():
    base = hashes(plan(), 6.0)
    assert (hashes(plan(scenario__replicate=1), 6.0) != base).any()
    assert (hashes(plan(scenario__patient="other"), 6.0) != base).any()


@pytest.mark.parametrize("size", [["1050 um", "1050 um"], ["250 um", "250 um", "250 um"]])
def test_one_two_and_four_threads_give_the_same_bits(size):
    """Large enough for the parallel path of every kernel: 6,000 cells, and 128 x 128 or 32^3 voxels."""
    region = {"tumour": "melanoma", "generate": {"size": size}}
    large = plan(
        tissue=region if len(size) == 3 else {**region, "thickness": "20 um"},
        numerics={"burn_in": "10 min", "spacing": "8 um"},
    )
    seen = []
    before = numba.get_num_threads()
    try:
        for threads in (1, 2, 4):
            numba.set_num_threads(threads)
            trace = Trace()
            tissue = grown(large, 6.0, trace=trace)
            seen.append(trace.drain()["hash"])
    finally:
        numba.set_num_threads(before)
    assert tissue.cells.n >= 6000
    assert np.prod(tissue.fields.shape) >= 16384
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(seen[0], seen[2])


def test_a_block_is_a_stack_of_sections_one_cell_thick():
    size = [200.0, 200.0, 169.0]
    block = plan(tissue={"tumour": "melanoma", "generate": {"size": [f"{edge} um" for edge in size]}})
    slab = plan(tissue__generate__densities={})
    index = block.species.cells.index("cancer")
    in_slab = np.count_nonzero(slab.imaged.kind == index)
    assert np.count_nonzero(block.imaged.kind == index) == pytest.approx(10 * in_slab, rel=0.01)
    assert block.dimension == 3
    assert slab.dimension == 2


def test_a_checkpoint_goes_on_with_the_same_bits():
    plan_ = plan(arm=[NIVOLUMAB])
    whole = Trace()
    grown(plan_, 4 * HOURS, trace=whole)
    first = Trace()
    half = grown(plan_, 2 * HOURS, trace=first)
    frozen = checkpoint.freeze(half)
    second = Trace()
    tick = 2 * 3600
    carried_on(plan_, resumed(plan_, frozen, tick, plan_.courses[0]), tick, 2 * HOURS, trace=second)
    joined = np.concatenate([first.drain()["hash"], second.drain()["hash"]])
    np.testing.assert_array_equal(joined, whole.drain()["hash"])


def test_a_run_is_rebuilt_from_its_own_result_and_differs_with_another_seed(tmp_path: Path):
    asked = scenario(scenario__duration="6 h", output__every="2 h", arm=[CONTROL, NIVOLUMAB])
    run.run(asked, tmp_path / "one")
    run.run(tmp_path / "one", tmp_path / "two")
    assert diff(tmp_path / "one", tmp_path / "two") is None
    ours, theirs = Result.open(tmp_path / "one").provenance, Result.open(tmp_path / "two").provenance
    assert ours == theirs
    run.run(tmp_path / "one", tmp_path / "three", seed=99)
    found = diff(tmp_path / "one", tmp_path / "three")
    assert found is not None
    assert found.time_min == 0.0


def test_the_order_of_the_cells_in_a_biopsy_does_not_matter():
    from dataclasses import replace

    from opsonin.engine.compile import compile_scenario

    plan_ = plan()
    shuffled = np.random.default_rng(0).permutation(len(plan_.imaged.id))
    imaged = plan_.imaged
    other = replace(
        imaged,
        **{name: getattr(imaged, name)[shuffled] for name in ("x", "y", "z", "id", "kind")},
        marks=imaged.marks[:, shuffled],
    )
    again = compile_scenario(scenario(), other, plan_.box)
    np.testing.assert_array_equal(hashes(plan_, 6.0), hashes(again, 6.0))
    assert plan_.input_digest == again.input_digest


def test_the_lines_of_the_readme_work_from_python(tmp_path: Path):
    """In a process of its own, as a user would, with a scenario file and no output folder."""
    import subprocess
    import sys

    (tmp_path / "scenario.toml").write_text(
        scenario(scenario__duration="1 h", output__every="30 min").to_toml()
    )
    lines = (
        "import opsonin as op\n"
        "result = op.run(op.Scenario.load('scenario.toml'))\n"
        "print(result.observables['burden'].sizes['time'], len(result.cells('30 min')), result.path)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    times, cells, path = done.stdout.split()
    assert int(times) >= 3
    assert int(cells) > 100
    assert not Path(path).exists()
    assert [file.name for file in tmp_path.iterdir()] == ["scenario.toml"]
