"""The window of an imaged field over its first days: no jump at the start, no holes after killing; vessels, stroma."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from opsonin.engine import checkpoint
from opsonin.engine.start import blank_tissue, settled, started
from opsonin.model import phase
from opsonin.tissue import apply, window
from opsonin.tissue.placement import vessel_fraction
from tissues import carried_on, live, plan
from untreated import DAY, field_plan

VOID = 0.03


@pytest.fixture(scope="module")
def imaged(shared_data):
    """A melanoma field of two lobes and stroma, and its state at time 0."""
    tissue_plan = field_plan(
        "melanoma_cells.csv.gz",
        "melanoma-markers",
        "melanoma",
        {"patient": "MEL27", "image": 5},
        1,
        numerics={"burn_in": "2 d"},
    )
    return tissue_plan, checkpoint.freeze(started(tissue_plan))


def thawed(imaged):
    tissue = blank_tissue(imaged[0])
    checkpoint.thaw(tissue, imaged[1])
    return tissue


def bare(tissue, grid=2.0):
    """Share of the section that no cell covers [-], on a grid [um]."""
    cells, n, edges = tissue.cells.arrays, tissue.cells.n, np.array(tissue.box[:2])
    sides = [np.arange(0.5 * grid, edge, grid) for edge in edges]
    points = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    covered = np.zeros(len(points), bool)
    places = np.stack([cells.x[:n], cells.y[:n]], axis=1)
    for under in cKDTree(points, boxsize=edges).query_ball_point(places, cells.radius[:n]):
        covered[under] = True
    return 1.0 - float(covered.mean())


def parts(tissue, kind):
    """Live cells of a type, one in division counted as the two that it becomes."""
    n, arrays = tissue.cells.n, tissue.cells.arrays
    own = arrays.kind[:n] == tissue.species.cells.index(kind)
    return live(tissue, kind) + int(np.count_nonzero(own & (arrays.phase[:n] == phase.COMMITTED)))


def test_an_imaged_field_keeps_its_area_over_the_first_day(imaged):
    tissue = thawed(imaged)
    area = tissue.area
    for hour in range(0, 24, 6):
        carried_on(imaged[0], tissue, hour * 3600, 360.0)
        assert tissue.weight * tissue.area == pytest.approx(area, rel=0.02)


def test_killing_nine_tenths_of_the_cancer_cells_shrinks_the_field_and_leaves_no_holes(imaged):
    """By packing, and by what is seen: the share of ground that no cell covers rises by less than 3 %."""
    tissue = thawed(imaged)
    area, uncovered, n = tissue.area, bare(tissue), tissue.cells.n
    arrays, cancer = tissue.cells.arrays, tissue.species.cells.index("cancer")
    own = np.flatnonzero((arrays.kind[:n] == cancer) & (arrays.phase[:n] <= phase.COMMITTED))
    share = window.measures(tissue)[own].sum() / window.measures(tissue).sum()
    doomed = own[np.argsort(arrays.id[own])][: round(0.9 * len(own))]
    events = np.zeros(n, np.int8)
    events[doomed] = phase.DIE_APOPTOTIC
    apply.events(tissue, events, 0, 0.0)
    carried_on(imaged[0], tissue, 0, 2.0 * DAY)
    assert tissue.weight * tissue.area == pytest.approx((1.0 - 0.9 * share) * area, rel=0.05)
    assert 1.0 - window.packing(tissue) / tissue.resting_packing < VOID
    assert bare(tissue) - uncovered < VOID


def test_vessels_open_and_close_with_the_area_the_youngest_first():
    tissue = settled(plan(tissue__generate__size=["640 um", "480 um"]))
    density, oldest = tissue.vessel_density, tissue.vessels.id.copy()
    for factor in (1.4, 1.4, 0.7, 0.6, 0.5):
        window.stretch(tissue, factor)
        window.follow_with_vessels(tissue)
        wanted = tissue.area * density + vessel_fraction(tissue.key)
        assert tissue.vessels.n == 1 or -1.0 < tissue.vessels.n - wanted < window._SLACK
        assert (tissue.vessels.x < tissue.box[0]).all()
        shared = min(len(oldest), tissue.vessels.n)
        np.testing.assert_array_equal(tissue.vessels.id[:shared], oldest[:shared])
    assert tissue.vessels.n < len(oldest)


def test_a_window_that_trembles_does_not_open_and_close_the_same_vessel():
    tissue = settled(plan(tissue__generate__size=["640 um", "480 um"]))
    made = tissue.vessels.made
    at_the_edge = (tissue.vessels.n + 1 - vessel_fraction(tissue.key)) / tissue.vessel_density
    window.stretch(tissue, float(np.sqrt(at_the_edge / tissue.area)) / 1.001)
    for step in range(40):
        window.stretch(tissue, 1.0 / 1.003 if step % 2 else 1.003)  # a tenth of a vessel
        window.follow_with_vessels(tissue)
    assert tissue.vessels.made == made + 1


def test_the_last_vessel_stays():
    tissue = settled(plan())
    window.stretch(tissue, 0.1)
    window.follow_with_vessels(tissue)
    assert tissue.vessels.n == 1


def test_stroma_and_vessels_are_renewed_at_the_rate_at_which_the_tissue_grows():
    tissue_plan = plan(
        tissue__generate={
            "size": ["400 um", "400 um"],
            "densities": {"cancer": "3000 cells/mm2", "cd8": "0 cells/mm2", "other": "1500 cells/mm2"},
        },
        knowledge={
            "tumour.melanoma.potential_doubling_time": "2 d",
            "tumour.melanoma.doubling_time": "2.5 d",
        },
        numerics={"burn_in": "6 h"},
    )
    tissue = started(tissue_plan)
    area, other, vessels = tissue.area, parts(tissue, "other"), tissue.vessels.n / tissue.area
    carried_on(tissue_plan, tissue, 0, 2.0 * DAY)  # not so long that it is cropped
    assert tissue.weight * tissue.area > 1.5 * area
    assert parts(tissue, "other") / tissue.area == pytest.approx(other / area, rel=0.03)
    assert tissue.vessels.n / tissue.area == pytest.approx(vessels, abs=1.5 / tissue.area)
