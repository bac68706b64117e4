"""Vessels where a biopsy shows endothelium, and as many more as the published density lacks."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.core.random import key_of
from opsonin.tissue.endothelium import LINING, seen_vessels, vessels_with
from opsonin.tissue.placement import Imaged

KEY = np.array(key_of(1, "x", 0), np.uint32)
BOX = (400.0, 400.0, 20.0)
LINED = np.array([False, True])


def imaged(places: list[tuple[float, float]], kinds: list[int]) -> Imaged:
    n = len(places)
    x, y = np.array(places, float).reshape(-1, 2).T
    return Imaged(
        x=x,
        y=y,
        z=np.full(n, 10.0),
        id=np.arange(n, dtype=np.uint64) + 7,
        kind=np.array(kinds, np.int16),
        marks=np.zeros((1, n), np.int8),
        measured=np.full((1, n), np.nan),
    )


def test_endothelial_cells_that_lie_together_line_one_vessel() -> None:
    row = [(100.0 + k * (LINING - 1.0), 50.0) for k in range(4)]
    cells = imaged([*row, (300.0, 300.0), (310.0, 50.0), (101.0, 52.0)], [1, 1, 1, 1, 1, 1, 0])
    found = seen_vessels(cells, LINED)
    assert sorted(map(tuple, found)) == [(100.0 + 1.5 * (LINING - 1.0), 50.0), (300.0, 300.0), (310.0, 50.0)]


def test_the_order_of_cells_does_not_matter() -> None:
    places = [tuple(place) for place in np.random.default_rng(3).uniform(0.0, 400.0, (60, 2))]
    one = imaged(places, [1] * 60)
    order = np.random.default_rng(4).permutation(60)
    other = Imaged(
        *(getattr(one, name)[..., order] for name in ("x", "y", "z", "id", "kind", "marks", "measured"))
    )
    assert np.array_equal(seen_vessels(one, LINED), seen_vessels(other, LINED))


@pytest.mark.parametrize(
    ("seen", "per_mm2", "expected"), [(3, 60.0, (9, 10)), (20, 60.0, (20, 20)), (0, 0.1, (1, 1))]
)
def test_the_published_density_is_filled_up(seen: int, per_mm2: float, expected: tuple[int, int]) -> None:
    places = np.random.default_rng(5).uniform(0.0, 400.0, (seen, 2))
    vessels = vessels_with(places, KEY, BOX, per_mm2 * 1e-6)
    assert expected[0] <= vessels.n <= expected[1]
    assert np.array_equal(np.stack([vessels.x, vessels.y], axis=1)[:seen], places)
    assert len(set(vessels.id)) == vessels.n
    again = vessels_with(places, KEY, BOX, per_mm2 * 1e-6)
    assert np.array_equal(vessels.x, again.x)
