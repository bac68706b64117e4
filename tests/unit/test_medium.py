"""Free-standing cells in medium: oxygen against analytic solutions, and walls that cells do not cross."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq

from opsonin.engine.start import blank_tissue
from opsonin.model import tables as column
from opsonin.state.vessels import Vessels
from opsonin.tissue import apply, motion, placement, relaxation, transport, window
from opsonin.tissue.placement import Imaged
from opsonin.tissue.tissue import MEDIUM
from tissues import exchanged_by_cells, plan

BLOCK = {"tumour": "melanoma", "generate": {"size": ["120 um", "120 um", "120 um"]}}
SIDE = 480.0


def immersed(tissue_plan, box, cells):
    """These cells in a box of medium; they have the radii of the tissue that was planned."""
    tissue_plan = replace(tissue_plan, imaged=cells, box=box)
    tissue = blank_tissue(tissue_plan)
    tissue.boundary, tissue.arrivals = MEDIUM, ()
    tissue.vessels, tissue.vessel_density = Vessels.none(), 0.0
    placement.populate(tissue, cells, 0)
    return tissue


def cells_of(tissue_plan, name, x, y, z):
    n, molecules = len(x), len(tissue_plan.species.molecules)
    return Imaged(
        x=x,
        y=y,
        z=z,
        id=np.arange(1, n + 1, dtype=np.uint64),
        kind=np.full(n, tissue_plan.species.cells.index(name), np.int16),
        marks=np.zeros((molecules, n), np.int8),
        measured=np.full((molecules, n), np.nan),
    )


def well(density, name="cancer", side=SIDE):
    """A layer of cells [per mm2] on the floor of a well, with a plate's 3 mm of medium above."""
    tissue_plan = plan()
    places = np.random.default_rng(4).uniform(0.0, side, (2, round(density * side**2 * 1e-6)))
    height = np.full(places.shape[1], 10.0)
    return immersed(tissue_plan, (side, side, 20.0), cells_of(tissue_plan, name, *places, height))


def ball(radius):
    """Cancer cells spread evenly through a ball in the middle of a box of medium."""
    tissue_plan = plan(tissue=BLOCK)
    side = np.arange(-radius, radius, 15.0) + 7.5
    x, y, z = (part.ravel() for part in np.meshgrid(side, side, side))
    inside = x**2 + y**2 + z**2 < radius**2
    places = (part[inside] + 0.5 * SIDE for part in (x, y, z))
    return immersed(tissue_plan, (SIDE, SIDE, SIDE), cells_of(tissue_plan, "cancer", *places))


def oxygen(tissue):
    index = tissue.species.substrates.index("oxygen")
    return index, tissue.substrates[index]


def uptake(tissue):
    """Of every cell now [mmHg um3/min]."""
    index, _ = oxygen(tissue)
    cells, n = tissue.cells.arrays, tissue.cells.n
    clearance, _ = exchanged_by_cells(tissue, "oxygen")
    return clearance * cells.signal[index, :n]


@pytest.mark.parametrize("density", [500, 3000, 6000])
def test_oxygen_on_the_floor_of_a_well_is_what_diffuses_through_the_liquid(density):
    """D (medium - floor) / h = cells per area x uptake(floor), Michaelis-Menten: from medium to anoxic floors."""
    tissue = well(density)
    transport.settle(tissue, 40)
    index, substrate = oxygen(tissue)
    numbers = tissue.tables
    kind = tissue.species.cells.index("cancer")
    own = numbers.exchanges[kind, index]
    most, half = own["uptake_max"], own["uptake_half"]
    per_area = tissue.cells.n / tissue.area

    def surplus(floor):
        supply = substrate.diffusivity * (substrate.medium - floor) / substrate.liquid_height
        return supply - per_area * most * floor / (floor + half)

    floor = brentq(surplus, 0.0, substrate.medium)
    assert tissue.fields.values[index].mean() == pytest.approx(floor, rel=0.03)


def test_more_liquid_over_the_same_cells_leaves_less_oxygen():
    felt = []
    for height in (1000.0, 3000.0):
        tissue = well(3000)
        tissue.substrates = tuple(replace(s, liquid_height=height) for s in tissue.substrates)
        transport.settle(tissue)
        felt.append(tissue.fields.values[oxygen(tissue)[0]].mean())
    assert felt[1] < 0.9 * felt[0]


def test_the_profile_of_oxygen_in_a_ball_is_that_of_a_sphere_in_a_box_of_medium():
    """Inside, c(0) + q r2 / 6D; outside, a point sink whose images in six faces add Madelung's sum. Within 4 %.

    q is what the cells take, by then almost the same everywhere; 1.74756 is the Madelung constant of rock salt, as the
    images of a sink in the middle of a cube of side L are a lattice of alternating signs with spacing L.
    """
    tissue = ball(110.0)
    radius, side = (tissue.cells.n * 15.0**3 * 0.75 / math.pi) ** (1.0 / 3.0), SIDE
    transport.settle(tissue, 40)
    index, substrate = oxygen(tissue)
    taken = uptake(tissue)
    assert np.ptp(taken) < 0.1 * taken.mean()
    total, diffusivity = taken.sum(), substrate.diffusivity
    surface = substrate.medium - total / (4.0 * math.pi * diffusivity) * (1.0 / radius - 1.74756 / side)
    drop = total / (8.0 * math.pi * diffusivity * radius)  # q R2 / 6D
    cells, n = tissue.cells.arrays, tissue.cells.n
    r = np.sqrt(sum((getattr(cells, name)[:n] - 0.5 * side) ** 2 for name in "xyz"))
    expected = surface - drop * (1.0 - (r / radius) ** 2)
    error = np.abs(cells.signal[index, :n] - expected)
    assert drop > 2.0  # mmHg
    assert error.max() < 0.04 * (substrate.medium - expected.min())


def test_medium_holds_at_the_walls_of_a_block():
    tissue = ball(60.0)
    transport.settle(tissue)
    index, substrate = oxygen(tissue)
    field = tissue.fields.values[index]
    for axis in range(3):
        rim = np.moveaxis(field, axis, 0)
        assert rim[0].mean() == pytest.approx(substrate.medium, rel=0.01)
        assert rim[-1].mean() == pytest.approx(substrate.medium, rel=0.01)
    assert field.max() <= substrate.medium * (1.0 + 1e-9)


def test_a_box_of_medium_does_not_breathe():
    tissue = well(1000)
    box = tissue.box
    window.step(tissue, 6.0)
    assert tissue.box == box


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_cell_at_a_wall_is_mirrored_and_turns(dimension):
    tissue = well(500) if dimension == 2 else ball(60.0)
    cells, n, length = tissue.cells.arrays, tissue.cells.n, tissue.box[0]
    cells.repulsion[:n], cells.adhesion[:n] = 0.0, 0.0
    for axis, name in enumerate("xyz"[:dimension]):
        getattr(cells, name)[:n] = 0.5 * tissue.box[axis]
        getattr(cells, name)[0], getattr(cells, name)[1] = tissue.box[axis] - 1.0, 1.0
        getattr(cells, f"heading_{name}")[:2] = 1.0, -1.0
    velocity = np.zeros((3, n))
    velocity[:dimension, 0], velocity[:dimension, 1] = 3.0, -3.0
    motion._move(tissue, velocity, 1.0, 0)
    for name in "xyz"[:dimension]:
        assert getattr(cells, name)[0] == pytest.approx(length - 2.0)
        assert getattr(cells, name)[1] == pytest.approx(2.0)
        assert getattr(cells, f"heading_{name}")[:2].tolist() == [-1.0, 1.0]


def test_crawling_cells_stay_between_the_walls_of_a_well():
    """None is found across the well from one minute to the next."""
    tissue = well(800, "cd8", 200.0)
    assert (tissue.tables.types[tissue.cells.arrays.kind[: tissue.cells.n], column.SPEED] > 0.0).all()
    n, touched = tissue.cells.n, 0
    for tick in range(0, 240 * 60, 60):
        before = np.stack([tissue.cells.arrays.x[:n], tissue.cells.arrays.y[:n]])
        motion.step(tissue, tick, 1.0)
        after = np.stack([tissue.cells.arrays.x[:n], tissue.cells.arrays.y[:n]])
        assert (after >= 0.0).all()
        assert (after < 200.0).all()
        assert np.abs(after - before).max() < 100.0
        touched += int(np.count_nonzero((after < 2.0) | (after > 198.0)))
    assert touched > 10


@pytest.mark.parametrize(("position", "kept"), [(-3.0, 3.0), (203.0, 197.0), (50.0, 50.0), (200.0, 200.0)])
def test_a_daughter_beyond_a_wall_is_put_back_from_it(position, kept):
    tissue = well(500)
    tissue.box = (200.0, 200.0, 20.0)
    assert apply.inside(tissue, 0, position) == pytest.approx(kept)
    assert apply.inside(tissue, 0, position) < 200.0


def test_the_pressure_that_slows_a_cycle_is_that_of_the_same_cells_packed_without_gaps():
    tissue = ball(60.0)
    places = tissue.cells.columns()["x"]
    patch = relaxation.patch_of(tissue)
    assert window.packing(patch) == pytest.approx(1.0)
    assert set(patch.cells.arrays.kind[: patch.cells.n]) == set(tissue.cells.arrays.kind[: tissue.cells.n])
    relaxation.relax(tissue)
    assert tissue.resting_pressure > 1e-6
    assert tissue.bulk_modulus > tissue.resting_pressure
    assert tissue.cells.n == len(places)  # the patch leaves the tissue itself alone
