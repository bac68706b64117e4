"""What single processes must keep: supply that does not know the grid, a window at rest, conserved amounts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import cKDTree

from opsonin.engine.start import settled, started
from opsonin.kernels.expression import express
from opsonin.model import phase
from opsonin.state.fields import grid_shape, regridded
from opsonin.state.vessels import Vessels
from opsonin.tissue import apply, contacts, death, motion, placement, transport, window
from tissues import DENSITIES, carried_on, exchanged_by_cells, live, plan, slots

# All CD8 recognise the tumour: what they secrete and whom they hold is then there to be seen.
REACTIVE = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}


@pytest.fixture(scope="module")
def tissue():
    """As imaged, before the burn-in."""
    return settled(plan())


def oxygen(tissue):
    return tissue.fields.values[tissue.species.substrates.index("oxygen")]


def test_the_supply_of_oxygen_does_not_know_the_grid():
    """Peaceman's well: 8, 15 and 30 um voxels of the same tissue agree on the pO2 that its cells feel."""
    felt = {}
    for spacing in (8, 15, 30):
        tissue = started(
            plan(
                tissue__generate__size=["480 um", "480 um"],
                numerics={"spacing": f"{spacing} um"},
            )
        )
        felt[spacing] = tissue.cells.arrays.signal[tissue.tables.oxygen, : tissue.cells.n].mean()
    assert felt[15] == pytest.approx(felt[8], rel=0.05)
    assert felt[30] == pytest.approx(felt[15], rel=0.08)


def test_vessels_supply_what_cells_and_tissue_consume(tissue):
    """At steady state the budget of oxygen closes to the solver's residual."""
    index = tissue.species.substrates.index("oxygen")
    _, loss, source = list(transport.exchanges(tissue))[index]
    supplied, used = source.sum(), (loss * oxygen(tissue)).sum()
    assert supplied == pytest.approx(used, rel=transport.RESIDUAL)


def test_what_cells_secrete_is_what_the_field_gains(tissue):
    index = tissue.species.substrates.index("cxcl10")
    source = list(transport.exchanges(tissue))[index][2]
    _, release = exchanged_by_cells(tissue, "cxcl10")
    substrate, spacing = tissue.substrates[index], tissue.fields.spacing
    from_blood = (
        tissue.vessels.n * transport.vessel_conductance(substrate, spacing, tissue.box[2]) * substrate.blood
    )
    gained = source.sum() * tissue.fields.voxel_volume
    assert gained == pytest.approx(release.sum() + from_blood, rel=1e-12)


def test_how_many_substrates_are_exchanged_at_once_changes_no_bit(monkeypatch):
    found = []
    for together in (1, 1000, 10**9):
        monkeypatch.setattr(transport, "_TOGETHER", together)
        tissue = settled(plan())
        transport.step(tissue, 10.0)
        found.append(tissue.fields.values)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_the_window_of_a_field_full_of_t_cells_keeps_its_packing_and_its_area():
    """A fifth of CD8: their crawling pushes, and the pressure to hold must know it."""
    tissue_plan = plan(
        tissue__generate={
            "size": ["400 um", "400 um"],
            "densities": {"cancer": "2000 cells/mm2", "cd8": "900 cells/mm2", "other": "1500 cells/mm2"},
        },
        numerics__burn_in="1 d",  # corpses come to their steady number
    )
    tissue = started(tissue_plan)
    packing, area = window.measures(tissue).sum() / tissue.area, tissue.area
    carried_on(tissue_plan, tissue, 0, 720.0)
    assert window.measures(tissue).sum() / tissue.area == pytest.approx(packing, rel=0.05)
    assert tissue.area == pytest.approx(area, rel=0.05)


def test_molecules_start_at_equilibrium_with_the_fields():
    tissue = settled(plan())
    before = tissue.cells.arrays.level[:, : tissue.cells.n].copy()
    express(
        tissue.cells.arrays,
        tissue.cells.n,
        tissue.tables,
        tissue.traits.turnover,
        tissue.exposure.fold,
        tissue.exposure.through,
        1e9,
    )
    np.testing.assert_allclose(tissue.cells.arrays.level[:, : tissue.cells.n], before, rtol=0.02)


def test_cytokines_are_stepped_implicitly_and_a_step_that_is_too_long_is_halved(monkeypatch):
    tissue = started(plan(knowledge=REACTIVE))
    index = tissue.species.substrates.index("ifn_gamma")
    assert not tissue.substrates[index].steady
    assert tissue.fields.values[index].max() > 0.0
    lengths = []
    real = transport.implicit_step

    def noted(*arguments):
        lengths.append(arguments[9])
        return real(*arguments)

    monkeypatch.setattr(transport, "implicit_step", noted)
    tissue.fields.values[index] *= 50.0  # far above what its sources hold: it falls fast
    transport.step(tissue, 6.0)
    assert min(lengths) < 6.0


def test_a_field_that_nobody_feeds_fades_to_nothing(tissue):
    """Its numbers once became so small that their squares were none, and no solver converged."""
    index = tissue.species.substrates.index("ifn_gamma")
    tissue.cells.arrays.activation[: tissue.cells.n] = 0.0
    values = tissue.fields.values[index]
    values[:] = 1e-94 * np.random.default_rng(1).uniform(0.0, 1.0, values.shape) ** 8
    tissue.fields.rates[index] = -values / 60.0
    transport.step(tissue, 6.0)
    assert not tissue.fields.values[index].any()
    tissue.cells.arrays.activation[: tissue.cells.n] = 1e-94
    transport.settle(tissue, 1)
    assert not tissue.fields.values[index].any()


def test_the_start_is_at_rest_and_packed_without_gaps(tissue):
    motion.settle(tissue, 0.0)
    assert window.pressure(tissue) == pytest.approx(tissue.resting_pressure, rel=1e-6)
    assert motion.settle(tissue, 1.0) < 0.05
    # At the sizes of resting cells they just fill the box; those that will divide are larger already.
    n, arrays = tissue.cells.n, tissue.cells.arrays
    grown = arrays.volume[:n] / arrays.base_volume[:n]
    assert np.sum(window.measures(tissue) / grown) == pytest.approx(tissue.area, rel=1e-9)
    assert 1.0 < window.packing(tissue) < 1.1


def test_the_window_holds_its_packing_and_its_pressure_while_the_tissue_changes():
    pressures = []
    for seed in (1, 2, 3):
        tissue_plan = plan(
            scenario__seed=seed,
            knowledge={"tumour.melanoma.potential_doubling_time": "2 d"},
            numerics={"burn_in": "1 d"},
        )
        tissue = started(tissue_plan)
        packing, pressure = tissue.resting_packing, tissue.resting_pressure
        carried_on(tissue_plan, tissue, 0, 2 * 1440.0)
        assert tissue.counters["divisions"] > 50
        assert tissue.counters["apoptoses"] > 50
        assert window.packing(tissue) == pytest.approx(packing, rel=0.01)
        pressures.append(window.pressure(tissue) / pressure)
    # 14 % between seeds, and 5 to 10 % above rest while the tissue doubles in two days
    assert np.mean(pressures) == pytest.approx(1.0, abs=0.3)


def test_a_stretched_window_returns_to_its_packing_within_hours():
    tissue_plan = plan()
    tissue = started(tissue_plan)
    for factor in (1.05, 0.95):
        window.stretch(tissue, factor)
        carried_on(tissue_plan, tissue, 0, 360.0)
        assert window.packing(tissue) == pytest.approx(tissue.resting_packing, rel=0.01)


def test_killing_most_of_a_field_shrinks_the_window_with_it():
    tissue_plan = plan(tissue__generate={"size": ["500 um", "500 um"], "densities": DENSITIES})
    tissue = started(tissue_plan)
    n = tissue.cells.n
    doomed = np.flatnonzero(np.arange(n) % 10 != 0)
    events = np.zeros(n, np.int8)
    events[doomed] = phase.DIE_APOPTOTIC
    apply.events(tissue, events, 0, 0.0)
    area = tissue.area
    carried_on(tissue_plan, tissue, 0, 1440.0)
    assert tissue.weight == 0.25  # tiled along both sides
    assert 0.08 * area < tissue.weight * tissue.area < 0.2 * area
    assert window.packing(tissue) == pytest.approx(tissue.resting_packing, rel=0.01)
    assert window.pressure(tissue) == pytest.approx(tissue.resting_pressure, rel=0.2)


def test_stretching_the_window_keeps_the_amount_of_every_substrate():
    tissue = started(plan())
    before = tissue.fields.values.sum(axis=(1, 2, 3)) * tissue.fields.voxel_volume
    window.stretch(tissue, 1.1)
    after = tissue.fields.values.sum(axis=(1, 2, 3)) * tissue.fields.voxel_volume
    np.testing.assert_allclose(after, before, rtol=1e-12)
    n = tissue.cells.n
    assert (tissue.cells.arrays.x[:n] < tissue.box[0]).all()


@pytest.mark.parametrize(("old", "new"), [((1, 32, 48), (1, 48, 32)), ((16, 32, 16), (32, 16, 16))])
def test_regridding_keeps_the_amount_and_a_constant(old, new):
    field = np.random.default_rng(3).uniform(size=old)
    moved = regridded(field, new)
    assert moved.shape == new
    assert moved.mean() == pytest.approx(field.mean(), rel=1e-12)
    np.testing.assert_allclose(regridded(np.full(old, 2.5), new), 2.5, rtol=1e-12)


def test_grids_are_multiples_of_sixteen_near_the_wanted_spacing():
    shape = grid_shape((668.0, 498.0, 20.0), 15.0, 2)
    assert shape[0] == 1
    assert all(edge % 16 == 0 for edge in shape[1:])
    assert 0.7 < 668.0 / shape[2] / 15.0 < 1.4


def test_a_division_conserves_volume_space_and_identity(tissue_plan=None):
    tissue = started(plan())
    n = tissue.cells.n
    index = tissue.species.cells.index("cancer")
    slot = int(np.flatnonzero(tissue.cells.arrays.kind[:n] == index)[0])
    volume = tissue.cells.arrays.volume[slot]
    space = window.measures(tissue).sum()
    events = np.zeros(n, np.int8)
    events[slot] = phase.DIVIDE
    apply.events(tissue, events, 600, 6.0)
    arrays = tissue.cells.arrays
    assert tissue.cells.n == n + 1
    assert arrays.volume[slot] + arrays.volume[n] == pytest.approx(volume)
    assert window.measures(tissue).sum() == pytest.approx(space, rel=1e-9)
    assert len(np.unique(arrays.id[: n + 1])) == n + 1
    assert arrays.phase[slot] == arrays.phase[n] == phase.RESTING


def test_a_division_shares_out_what_is_in_the_cell_and_keeps_what_is_a_state():
    """Hits and signalling complexes are things, half for each; active shares of caspases are not."""
    tissue = started(plan())
    n, arrays = tissue.cells.n, tissue.cells.arrays
    slot = int(slots(tissue, "cancer")[0])
    arrays.damage[slot], arrays.disc[slot], arrays.caspase8[slot] = 3.0, 40.0, 0.2
    events = np.zeros(n, np.int8)
    events[slot] = phase.DIVIDE
    apply.events(tissue, events, 600, 6.0)
    arrays = tissue.cells.arrays
    for one in (slot, n):
        assert arrays.damage[one] == pytest.approx(1.5)
        assert arrays.disc[one] == pytest.approx(20.0)
        assert arrays.caspase8[one] == pytest.approx(0.2)


def test_removing_cells_keeps_every_other_cell_whole(tissue):
    from opsonin.engine import checkpoint
    from opsonin.engine.start import blank_tissue

    copy = blank_tissue(plan())
    checkpoint.thaw(copy, checkpoint.freeze(tissue))
    n = copy.cells.n
    gone = np.array([0, 5, 6, n - 2, n - 1])
    before = {
        int(i): (x, k)
        for i, x, k in zip(*(getattr(copy.cells.arrays, c)[:n] for c in ("id", "x", "kind")), strict=True)
    }
    lost = set(copy.cells.arrays.id[gone].tolist())
    copy.cells.remove(gone)
    after = {
        int(i): (x, k)
        for i, x, k in zip(
            *(getattr(copy.cells.arrays, c)[: copy.cells.n] for c in ("id", "x", "kind")), strict=True
        )
    }
    assert after == {i: v for i, v in before.items() if i not in lost}


def test_cells_start_in_the_steady_state_of_the_cycle():
    """Share in S-G2-M of an exponentially growing population: exp(lambda tau) - 1."""
    tissue = started(
        plan(
            tissue__generate={
                "size": ["900 um", "900 um"],
                "densities": {"cancer": "3000 cells/mm2", "cd8": "0 cells/mm2", "other": "0 cells/mm2"},
            }
        )
    )
    share = np.mean(tissue.cells.arrays.phase[: tissue.cells.n] == phase.COMMITTED)
    numbers = tissue.tables.types[tissue.species.cells.index("cancer")]
    from opsonin.model.tables import COMMITTED_TIME

    expected = math.expm1(tissue.growth_scale * numbers[COMMITTED_TIME])
    error = math.sqrt(expected * (1 - expected) / tissue.cells.n)
    assert abs(share - expected) < 4 * error


def test_only_marker_positive_effectors_are_tumour_reactive():
    shares = {"cell.cd8.lytic.reactive_fraction": 0.5, "cell.cd8.lytic.pd1_positive": 0.5}
    tissue = settled(plan(tissue__generate__size=["300 um", "300 um"], knowledge=shares))
    n, arrays = tissue.cells.n, tissue.cells.arrays
    pd1 = tissue.species.molecules.index("PD-1")
    reactive = arrays.reactive[:n] > 0
    assert 4 < reactive.sum() < live(tissue, "cd8") / 2
    assert (arrays.variation[pd1, :n][reactive] > 0).all()
    assert (arrays.kind[:n][reactive] == tissue.species.cells.index("cd8")).all()


def many_vessels(key, box, count, suits=None):
    vessels = Vessels.none()
    for _ in range(count):
        placement.add_vessel(vessels, key, box, suits)
    return vessels


def test_vessels_are_spread_more_evenly_than_at_random_across_the_edges_too(tissue):
    """Clark-Evans: mean distance to the nearest other over that of random places, 1 at random, 2.15 in a lattice."""
    box = (1000.0, 800.0, 20.0)
    vessels = many_vessels(tissue.key, box, 60)
    tree = cKDTree(np.column_stack([vessels.x, vessels.y]), boxsize=box[:2])
    nearest = tree.query(np.column_stack([vessels.x, vessels.y]), 2)[0][:, 1]
    assert nearest.mean() / (0.5 / np.sqrt(60 / (box[0] * box[1]))) > 1.4


def test_each_vessel_lies_where_it_would_among_fewer(tissue):
    box = (500.0, 500.0, 20.0)
    few, more = many_vessels(tissue.key, box, 5), many_vessels(tissue.key, box, 9)
    np.testing.assert_array_equal(few.x, more.x[:5])


def test_vessels_keep_to_ground_that_suits_them(tissue):
    vessels = many_vessels(tissue.key, (500.0, 500.0, 20.0), 12, lambda x, y: (x < 200.0).astype(float))
    assert (vessels.x < 200.0).all()


def test_an_effector_holds_its_partner_and_a_killed_target_is_let_go():
    tissue_plan = plan(
        knowledge={
            "cell.cd8.lytic.reactive_fraction": 1,
            "cell.cd8.lytic.pd1_positive": 1,
            "cell.cd8.lytic.hit_rate_max": "30 1/min",
            "tumour.melanoma.expresses.cancer.PD-L1": "1 molecules",
        }
    )
    tissue = settled(tissue_plan)
    before = live(tissue, "cancer")
    minute = 0
    while tissue.counters["kills"] == 0:
        contacts.step(tissue, 60 * minute, 1.0)
        death.step(tissue, 60 * minute, 1.0)
        minute += 1
        assert minute < 300
    assert live(tissue, "cancer") == before - tissue.counters["kills"]
    contacts.step(tissue, 60 * minute, 1.0)
    n, arrays = tissue.cells.n, tissue.cells.arrays
    held = arrays.partner[:n][arrays.partner[:n] > 0]
    dead = set(arrays.id[:n][arrays.phase[:n] == phase.APOPTOTIC].tolist())
    killed_now = {int(i) for i in held} & dead
    assert len(killed_now) <= tissue.counters["kills"]
