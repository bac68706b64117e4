"""Radii at which the cells of a biopsy fill it: tumour cells and all others each their own territory."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.tissue.packing import packing_scale, scales_of, territory
from opsonin.tissue.placement import Imaged

BOX = (400.0, 300.0, 20.0)
DIAMETERS = np.array([18.0, 8.0, 10.0])  # a tumour cell, a lymphocyte, another one
TUMOUR = np.array([True, False, False])


def imaged(x, y, kind):
    n = len(x)
    return Imaged(
        x=np.asarray(x, float),
        y=np.asarray(y, float),
        z=np.full(n, 10.0),
        id=np.arange(n, dtype=np.uint64),
        kind=np.asarray(kind, np.int16),
        marks=np.zeros((1, n), np.int8),
        measured=np.full((1, n), np.nan),
    )


def lattice(left, right, spacing):
    """Places of a square lattice that fills a vertical strip."""
    across = np.arange(left + 0.5 * spacing, right, spacing)
    along = np.arange(0.5 * spacing, BOX[1], spacing)
    x, y = np.meshgrid(across, along)
    return x.ravel(), y.ravel()


def half_planes(share=0.625):
    """Dense tumour cells on one side, sparse others of two kinds on the other one."""
    edge = share * BOX[0]
    (x1, y1), (x2, y2) = lattice(0.0, edge, 10.0), lattice(edge, BOX[0], 18.0)
    kinds = np.concatenate([np.zeros(len(x1)), 1 + np.arange(len(x2)) % 2])
    return imaged(np.concatenate([x1, x2]), np.concatenate([y1, y2]), kinds)


def filled(cells, scales, group):
    """Area of the discs of a group [um2]."""
    own = group[cells.kind]
    return float(np.sum(np.pi / 4.0 * (scales * DIAMETERS)[cells.kind[own]] ** 2))


def test_a_territory_is_the_ground_nearest_to_a_group_whatever_its_density():
    """The border lies half way between the last dense cell (5 um inside) and the first sparse one (9 um)."""
    cells = half_planes()
    expected = (250.0 + 0.5 * (9.0 - 5.0)) / BOX[0]
    found = territory(cells, TUMOUR[cells.kind], BOX)
    assert found == pytest.approx(expected, abs=2.0 / BOX[0])
    assert territory(cells, ~TUMOUR[cells.kind], BOX) == pytest.approx(1.0 - found)


def test_each_group_fills_its_own_territory_and_together_the_box():
    cells = half_planes()
    scales = scales_of(cells, DIAMETERS, TUMOUR, BOX, biopsy=True, dimension=2)
    share = territory(cells, TUMOUR[cells.kind], BOX)
    assert filled(cells, scales, TUMOUR) == pytest.approx(share * BOX[0] * BOX[1], rel=1e-12)
    assert filled(cells, scales, ~TUMOUR) == pytest.approx((1.0 - share) * BOX[0] * BOX[1], rel=1e-12)
    assert scales[1] == scales[2] > 2.0 * scales[0]  # stroma is sparse: its cells hold matrix


@pytest.mark.parametrize("few", [0, 19, 20])
@pytest.mark.parametrize("tumour", [TUMOUR, ~TUMOUR], ids=["few others", "few tumour cells"])
def test_a_group_of_fewer_than_twenty_cells_has_no_scale_of_its_own(few, tumour):
    x, y = lattice(0.0, BOX[0], 12.0)
    kinds = np.zeros(len(x))
    kinds[:few] = 1
    scales = scales_of(imaged(x, y, kinds), DIAMETERS, tumour, BOX, biopsy=True, dimension=2)
    assert (len(set(scales.tolist())) == 1) == (few < 20)


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_generated_tissue_has_one_scale_and_fills_its_box(dimension):
    cells = half_planes()
    scales = scales_of(cells, DIAMETERS, TUMOUR, BOX, biopsy=False, dimension=dimension)
    assert len(set(scales.tolist())) == 1
    diameters = (scales * DIAMETERS)[cells.kind]
    held, space = (
        (np.pi / 4.0 * np.sum(diameters**2), BOX[0] * BOX[1])
        if dimension == 2
        else (np.pi / 6.0 * np.sum(diameters**3), BOX[0] * BOX[1] * BOX[2])
    )
    assert held == pytest.approx(space, rel=1e-12)


def test_the_order_of_the_cells_does_not_matter():
    cells = half_planes()
    order = np.random.default_rng(2).permutation(len(cells.x))
    shuffled = imaged(cells.x[order], cells.y[order], cells.kind[order])
    one, other = (scales_of(c, DIAMETERS, TUMOUR, BOX, biopsy=True, dimension=2) for c in (cells, shuffled))
    assert territory(cells, TUMOUR[cells.kind], BOX) == territory(shuffled, TUMOUR[shuffled.kind], BOX)
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_no_cells_need_no_scale():
    assert packing_scale(np.empty(0), 100.0, 2) == 1.0
