"""A window that has doubled is cropped, a narrow one tiled: what it stands for stays the same."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from opsonin.engine import checkpoint, run
from opsonin.engine.start import blank_tissue, resumed, settled, started
from opsonin.engine.trace import Trace
from opsonin.kernels.exchange import sample
from opsonin.model import phase
from opsonin.observe.observables import resizings
from opsonin.report.curves import Curve
from opsonin.report.ends import _resized
from opsonin.report.words import Clock
from opsonin.state.fields import cut
from opsonin.store.diff import diff
from opsonin.tissue import apply, extent, motion, transport, window
from opsonin.tissue.tissue import FIXED, MEDIUM
from tissues import carried_on, live, plan, scenario

KINDS = ("cancer", "cd8", "other")
SECTION = {
    "size": ["640 um", "352 um"],
    "densities": {"cancer": "2000 cells/mm2", "cd8": "600 cells/mm2", "other": "600 cells/mm2"},
}
BLOCK = {"size": ["240 um", "128 um", "112 um"]}
# Effectors that find and hold targets, so that there are links to keep.
KILLERS = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}


def planned(dimension=2):
    if dimension == 2:
        return plan(tissue__generate=SECTION, knowledge=KILLERS)
    return plan(tissue={"tumour": "melanoma", "generate": BLOCK}, knowledge=KILLERS)


@pytest.fixture(scope="module")
def frozen():
    """Settled tissues by dimension, as imaged: each test thaws its own."""
    plans = {dimension: planned(dimension) for dimension in (2, 3)}
    return {dimension: (p, checkpoint.freeze(settled(p))) for dimension, p in plans.items()}


def thawed(frozen, dimension=2):
    tissue_plan, state = frozen[dimension]
    tissue = blank_tissue(tissue_plan)
    checkpoint.thaw(tissue, state)
    return tissue


def amounts(tissue):
    """Of every substrate, in all windows that this one stands for."""
    return tissue.weight * tissue.fields.values.sum(axis=(1, 2, 3)) * tissue.fields.voxel_volume


def rows(tissue):
    """Columns of every cell, by id."""
    columns = tissue.cells.columns()
    return {int(i): {name: c[..., k] for name, c in columns.items()} for k, i in enumerate(columns["id"])}


def sampled(tissue, index):
    cells, n = tissue.cells.arrays, tissue.cells.n
    out = np.empty((1, n))
    sample(cells.x, cells.y, cells.z, n, tissue.box, tissue.fields.values[index : index + 1], out)
    return out[0]


def same(one, two, besides=()):
    return all(np.array_equal(one[name], two[name]) for name in one if name not in besides)


AXES = [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]


@pytest.mark.parametrize(("dimension", "axis"), AXES)
def test_a_crop_keeps_the_burden_and_half_of_everything_else(frozen, dimension, axis):
    tissue = thawed(frozen, dimension)
    space, cancer = tissue.space, live(tissue, "cancer")
    counts = {kind: live(tissue, kind) for kind in KINDS}
    extent.crop(tissue, axis, 360)
    assert tissue.weight == 2.0
    assert tissue.space == tissue.span == pytest.approx(0.5 * space)
    assert abs(2 * live(tissue, "cancer") - cancer) <= 1
    for kind, count in counts.items():
        left = live(tissue, kind)
        assert abs(left - 0.5 * count) < 4.0 * 0.5 * np.sqrt(count) + 1  # binomial, 4 sigma
    places = getattr(tissue.cells.arrays, "xyz"[axis])[: tissue.cells.n]
    assert (places >= 0.0).all()
    assert (places < tissue.box[axis]).all()
    assert tissue.measure == pytest.approx(window.measures(tissue).sum())


@pytest.mark.parametrize(("dimension", "axis"), AXES)
def test_who_is_kept_by_a_crop_keeps_its_columns_its_neighbours_and_its_partner(frozen, dimension, axis):
    tissue = thawed(frozen, dimension)
    before, length = rows(tissue), tissue.box[axis]
    assert (tissue.cells.arrays.partner[: tissue.cells.n] > 0).sum() > 5
    extent.crop(tissue, axis, 360)
    after, name = rows(tissue), "xyz"[axis]
    assert set(after) < set(before)
    assert all(same(after[i], before[i], besides=(name,)) for i in after)
    moved = np.array([(before[i][name] - after[i][name]) % length for i in after])
    assert np.ptp((moved - moved[0] + 0.5 * length) % length) < 1e-9  # one shift for all


@pytest.mark.parametrize(("dimension", "axis"), AXES)
def test_fields_are_cut_where_the_cells_are_cut(frozen, dimension, axis):
    """At every cell away from the cut, concentrations are those from before, as far as interpolation tells."""
    tissue = thawed(frozen, dimension)
    index = tissue.species.substrates.index("oxygen")
    before = dict(zip(tissue.cells.arrays.id, sampled(tissue, index), strict=False))
    extent.crop(tissue, axis, 360)
    n, arrays = tissue.cells.n, tissue.cells.arrays
    after = sampled(tissue, index)
    was = np.array([before[i] for i in arrays.id[:n]])
    places, side = getattr(arrays, "xyz"[axis])[:n], tissue.box[axis]
    inner = (places > 0.25 * side) & (places < 0.75 * side)
    assert np.std(was[inner]) > 0.01 * np.mean(was)
    assert np.corrcoef(after[inner], was[inner])[0, 1] > 0.97
    assert after[inner].mean() == pytest.approx(was[inner].mean(), rel=0.01)


@pytest.mark.parametrize("count", [24, 32, 16])
def test_the_two_halves_of_a_cut_field_hold_what_the_whole_held(count):
    field = np.random.default_rng(5).uniform(size=(1, 16, 48))
    for start in (0.0, 0.31, 0.83):
        halves = [cut(field, 2, begin % 1.0, 0.5, count) for begin in (start, start + 0.5)]
        held = sum(half.sum() for half in halves) * 24 / count
        assert held == pytest.approx(field.sum(), rel=1e-12)


def test_a_crop_of_a_field_without_tumour_cells_halves_all_cells(frozen):
    tissue = thawed(frozen)
    tumour = tissue.species.cells.index("cancer")
    tissue.cells.remove(np.flatnonzero(tissue.cells.arrays.kind[: tissue.cells.n] == tumour))
    n = tissue.cells.n
    extent.crop(tissue, 0, 0)
    assert abs(2 * tissue.cells.n - n) <= 1


def test_vessels_are_cropped_with_the_cells_beside_them(frozen):
    tissue = thawed(frozen)
    vessels, half = tissue.vessels, 0.5 * tissue.box[0]
    beside = {int(i): (x, y) for i, x, y in zip(vessels.id, vessels.x, vessels.y, strict=True)}
    marked = tissue.cells.columns()
    first = dict(zip(marked["id"], marked["x"], strict=True))
    extent.crop(tissue, 0, 360)
    moved = (first[tissue.cells.arrays.id[0]] - tissue.cells.arrays.x[0]) % (2 * half)
    for identity, x, y in zip(tissue.vessels.id, tissue.vessels.x, tissue.vessels.y, strict=True):
        if int(identity) in beside:
            assert (x + moved) % (2 * half) == pytest.approx(beside[int(identity)][0])
            assert y == beside[int(identity)][1]
    inside = sum((x - moved) % (2 * half) < half for x, _ in beside.values())
    assert tissue.vessels.n == pytest.approx(tissue.area * tissue.vessel_density, abs=1.3)
    assert sum(int(i) in beside for i in tissue.vessels.id) >= min(inside, tissue.vessels.n) - 1


def test_a_crop_leaves_one_vessel_at_least(frozen):
    tissue = thawed(frozen)
    while tissue.vessels.n > 1:
        tissue.vessels.close_youngest()
    tissue.vessel_density = 1e-9
    for tick in range(0, 3600, 360):
        extent.crop(tissue, 0, tick)
        assert tissue.vessels.n == 1
        assert 0.0 <= tissue.vessels.x[0] < tissue.box[0]
        if tissue.cells.n < 20:
            break


@pytest.mark.parametrize(("dimension", "axis"), AXES)
def test_a_tile_changes_nothing_that_the_window_stands_for(frozen, dimension, axis):
    tissue = thawed(frozen, dimension)
    burden = {kind: tissue.weight * live(tissue, kind) for kind in KINDS}
    density = {kind: live(tissue, kind) / tissue.space for kind in KINDS}
    amount, vessels, packing = amounts(tissue), tissue.vessels.n / tissue.area, window.packing(tissue)
    extent.tile(tissue, axis, 360)
    assert tissue.weight == 0.5
    assert {kind: tissue.weight * live(tissue, kind) for kind in KINDS} == burden
    assert {kind: live(tissue, kind) / tissue.space for kind in KINDS} == pytest.approx(density)
    np.testing.assert_allclose(amounts(tissue), amount, rtol=1e-12)
    assert window.packing(tissue) == pytest.approx(packing)
    if axis < 2:
        assert tissue.vessels.n / tissue.area == pytest.approx(vessels)
        assert len(np.unique(tissue.vessels.id)) == tissue.vessels.n
    assert tissue.span == tissue.space


@pytest.mark.parametrize(("dimension", "axis"), AXES)
def test_a_copy_is_another_cell_with_the_same_marks_and_a_link_to_the_copy_of_its_partner(
    frozen, dimension, axis
):
    tissue = thawed(frozen, dimension)
    n, length, name = tissue.cells.n, tissue.box[axis], "xyz"[axis]
    extent.tile(tissue, axis, 360)
    arrays = tissue.cells.arrays
    assert tissue.cells.n == 2 * n
    assert len(np.unique(arrays.id[: 2 * n])) == 2 * n
    for column, values in tissue.cells.columns().items():
        if column not in ("id", "partner", name):
            np.testing.assert_array_equal(values[..., n:], values[..., :n], err_msg=column)
    np.testing.assert_allclose(getattr(arrays, name)[n : 2 * n], getattr(arrays, name)[:n] + length)
    slot = {int(i): k for k, i in enumerate(arrays.id[: 2 * n])}
    held = np.flatnonzero(arrays.partner[:n])
    assert len(held) > 5
    assert (arrays.niche[:n] != 0).any()
    for k in held:
        assert slot[int(arrays.partner[n + k])] == n + slot[int(arrays.partner[k])]
    alone = np.flatnonzero(arrays.partner[:n] == 0)
    assert (arrays.partner[n + alone] == 0).all()


def test_copies_of_copies_are_all_different_cells(frozen):
    tissue = thawed(frozen)
    n = tissue.cells.n
    for axis, tick in ((0, 360), (1, 360), (0, 720)):
        extent.tile(tissue, axis, tick)
    assert len(np.unique(tissue.cells.arrays.id[: tissue.cells.n])) == 8 * n


@pytest.mark.parametrize("side", [240, 720, 1200, 1680])
def test_a_tiled_field_is_already_the_solution_on_its_grid(side):
    """Grids of 16, 48, 80, 112 voxels become 32, 96, 160, 224; the solver's workspace must follow."""
    tissue = settled(plan(tissue__generate={"size": [f"{side} um", "240 um"]}))
    assert tissue.fields.shape == (1, 16, side // 15)
    extent.tile(tissue, 0, 360)
    assert tissue.fields.shape == (1, 16, 2 * side // 15)
    index = tissue.species.substrates.index("oxygen")
    before = tissue.fields.values[index].copy()
    transport.step(tissue, 6.0)
    np.testing.assert_allclose(tissue.fields.values[index], before, rtol=2e-3)


@pytest.mark.parametrize("voxels", [32, 48, 80, 112])
def test_a_cropped_field_has_a_grid_that_multigrid_can_coarsen_near_the_wanted_spacing(voxels):
    tissue = settled(plan(tissue__generate={"size": [f"{15 * voxels} um", "240 um"]}))
    extent.crop(tissue, 0, 360)
    count = tissue.fields.shape[2]
    assert count % 16 == 0
    assert 0.6 < tissue.fields.spacing[2] / tissue.spacing < 1.4
    transport.step(tissue, 6.0)
    assert np.isfinite(tissue.fields.values).all()


def narrowed(tissue, axis, side):
    """The box with one side of this length [um]; nothing else is asked of the tissue."""
    sides = list(tissue.box)
    sides[axis] = side
    tissue.box = tissue.fields.box = tuple(sides)
    tissue.hierarchy = None
    for k, name in enumerate("xyz"):
        getattr(tissue.cells.arrays, name)[: tissue.cells.n] %= tissue.box[k]
    return tissue


@pytest.mark.parametrize(
    ("began", "side", "tiled"),
    [
        (640.0, 299.0, True),
        (640.0, 301.0, False),
        (300.0, 299.0, True),
        (200.0, 141.0, False),
        (200.0, 139.0, True),
    ],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_side_under_300_um_is_tiled_and_one_that_began_smaller_under_seven_tenths(
    frozen, axis, began, side, tiled
):
    tissue = thawed(frozen)
    n = tissue.cells.n
    tissue.began = (began, began, 20.0)
    tissue.box = tissue.fields.box = (began, began, 20.0)
    extent.step(narrowed(tissue, axis, side), 360)
    assert tissue.cells.n == (2 if tiled else 1) * n
    assert tissue.box[axis] == (2 if tiled else 1) * side


def test_every_narrow_side_is_tiled_at_once(frozen):
    tissue = thawed(frozen)
    n = tissue.cells.n
    narrowed(narrowed(tissue, 0, 250.0), 1, 200.0)
    extent.step(tissue, 360)
    assert tissue.box[:2] == (500.0, 400.0)
    assert tissue.cells.n == 4 * n
    assert tissue.weight == 0.25


def test_a_block_is_tiled_and_cropped_along_its_depth_too(frozen):
    tissue = thawed(frozen, 3)
    n, cancer = tissue.cells.n, live(tissue, "cancer")
    narrowed(tissue, 2, 0.69 * tissue.began[2])
    extent.step(tissue, 360)
    assert tissue.cells.n == 2 * n
    assert tissue.weight == 0.5
    tissue.began = (100.0, 100.0, 100.0)
    narrowed(tissue, 2, 400.0)
    extent.step(tissue, 720)
    assert tissue.box[2] == 200.0
    assert tissue.weight == 1.0
    assert live(tissue, "cancer") == pytest.approx(cancer, abs=1)


def test_a_window_is_cropped_across_its_longest_side_once_it_has_doubled(frozen):
    tissue = thawed(frozen)
    tissue.span = 0.51 * tissue.space
    extent.step(tissue, 360)
    assert tissue.weight == 1.0
    tissue.span = 0.49 * tissue.space
    side = tissue.box
    extent.step(tissue, 720)
    assert tissue.weight == 2.0
    assert tissue.box == (0.5 * side[0], side[1], side[2])


def test_a_window_is_not_cropped_to_one_that_is_tiled_at_once(frozen):
    tissue = thawed(frozen)
    tissue.span = 0.4 * tissue.space
    tissue.box = tissue.fields.box = (590.0, 352.0, 20.0)
    extent.step(tissue, 360)
    assert tissue.weight == 1.0


@pytest.mark.parametrize("boundary", [FIXED, MEDIUM])
def test_only_a_window_changes_its_extent(frozen, boundary):
    tissue = thawed(frozen)
    tissue.boundary = boundary
    area, n = tissue.area, tissue.cells.n
    tissue.span = 0.1 * area
    narrowed(tissue, 1, 200.0)
    extent.step(tissue, 360)
    window.step(tissue, 6.0)
    assert (tissue.cells.n, tissue.weight, tissue.box[1]) == (n, 1.0, 200.0)


def test_events_count_for_all_that_a_window_stands_for(frozen):
    tissue = thawed(frozen)
    for axis in (0, 1):
        extent.tile(tissue, axis, 360)
    cells, n = tissue.cells.arrays, tissue.cells.n
    events, rests = np.zeros(n, np.int8), cells.phase[:n] == phase.RESTING
    tumour = cells.kind[:n] == tissue.species.cells.index("cancer")
    for own, number in ((tumour, 8), (~tumour, 4)):
        events[np.flatnonzero(rests & own)[:number]] = phase.DIE_APOPTOTIC
    apply.events(tissue, events, 360, 6.0)
    assert tissue.counters["apoptoses"] == 2.0  # those of the tumour alone, each a quarter of one


def test_a_cropped_tissue_comes_to_rest_again(frozen):
    """Strangers meet at the new seam: they push each other apart, and nobody is lost."""
    tissue = thawed(frozen)
    extent.crop(tissue, 0, 360)
    for _ in range(60):
        furthest = motion.settle(tissue, 1.0)
    assert furthest < 0.2


@pytest.mark.parametrize("change", ["crop", "tile"])
def test_a_run_resumed_before_its_window_changed_has_the_same_bits_after(change):
    tissue_plan = plan(tissue__generate=SECTION, knowledge=KILLERS)
    tissue = started(tissue_plan)
    if change == "crop":
        tissue.span = 0.4 * tissue.space
    else:
        narrowed(tissue, 1, 290.0)
    state = checkpoint.freeze(tissue)
    whole, again = Trace(), Trace()
    carried_on(tissue_plan, tissue, 0, 12.0, trace=whole)
    assert tissue.weight == (2.0 if change == "crop" else 0.5)
    half = checkpoint.freeze(tissue)
    carried_on(tissue_plan, tissue, 720, 12.0, trace=whole)
    thawed_ = resumed(tissue_plan, state, 0, tissue_plan.courses[0])
    carried_on(tissue_plan, thawed_, 0, 12.0, trace=again)
    thawed_ = resumed(tissue_plan, half, 720, tissue_plan.courses[0])
    carried_on(tissue_plan, thawed_, 720, 12.0, trace=again)
    np.testing.assert_array_equal(whole.drain()["hash"], again.drain()["hash"])


FAST = {
    **KILLERS,
    "tumour.melanoma.potential_doubling_time": "1.5 d",
    "tumour.melanoma.doubling_time": "1.8 d",
}


@pytest.fixture(scope="module")
def doubled(tmp_path_factory):
    """A run whose window doubles and is cropped."""
    sparse = {"cancer": "3000 cells/mm2", "cd8": "50 cells/mm2", "other": "300 cells/mm2"}
    asked = scenario(
        scenario__duration="4 d", output__every="12 h", knowledge=FAST, tissue__generate__densities=sparse
    )
    return run.run(asked, tmp_path_factory.mktemp("extent") / "out")


def test_burden_goes_on_through_a_crop_and_the_run_tells_of_it(doubled):
    observed = doubled.observables.sel(arm="control")
    weight, burden = observed["weight"].values, observed["burden"].values
    at = int(np.flatnonzero(np.diff(weight))[0]) + 1
    assert set(weight) >= {1.0, 2.0}
    assert observed["area"].values[at] < 0.7 * observed["area"].values[at - 1]
    assert burden[at] == pytest.approx(burden[at - 1], rel=0.1)  # three hours of growth
    assert burden[-1] > 2.5
    assert (np.diff(observed["divisions"].values) >= 0).all()
    told = json.loads((doubled.path / "summary.json").read_text())["resized"]["control"]
    assert told[0] == {"day": float(observed["time"].values[at]), "window": "cropped"}


def test_killed_before_a_crop_and_resumed_a_run_has_the_same_bits(doubled, tmp_path):
    shutil.copytree(doubled.path, tmp_path / "out")
    weights = doubled.observables.sel(arm="control")["weight"]
    day = float(weights["time"].values[np.flatnonzero(weights.values > 1.0)[0]])
    for name in ("summary.json", "report.html"):
        (tmp_path / "out" / name).unlink(missing_ok=True)
    for segment in (tmp_path / "out/arms/control").glob("[0-9]*"):
        if int(segment.name) * 0.5 >= day:
            shutil.rmtree(segment)
    run.resume(tmp_path / "out")
    assert diff(doubled.path, tmp_path / "out") is None


def test_the_report_has_a_sentence_for_an_arm_whose_window_changed_and_none_for_another():
    days = np.arange(4.0)
    values = {"treated": np.array([1.0, 1.0, 0.5, 0.25]), "control": np.ones(4)}
    curve = Curve("weight", "", "1", days * 1440.0, values)
    clock = Clock.over(3 * 1440.0)
    assert _resized(curve, "control", clock) == []
    assert _resized(curve, "treated", clock) == [
        "treated: the window was tiled by day 2, tiled by day 3; at the end each of its cells stands for 0.25."
    ]


def test_a_sequence_of_weights_tells_when_the_window_was_cropped_or_tiled():
    days, weights = np.arange(6.0), np.array([1.0, 2.0, 2.0, 0.5, np.nan, np.nan])
    assert resizings(days, weights) == [(1.0, "cropped"), (3.0, "tiled"), (3.0, "tiled")]
