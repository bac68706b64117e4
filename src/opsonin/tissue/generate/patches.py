"""Nests and follicles: patches that repeat across the edges of the box, and hold a stated share of it.

Their middles are keyed places, spread out. Nests are what is deep inside the territory of a middle, so that stroma of
even width runs between them; follicles are what is near to a middle. How deep, or how near, is chosen so that the
share is met.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from opsonin.core.random import Stream, id_of, uniforms
from opsonin.tissue.generate.sites import Box, Floats, Mask

_PLACEMENT = int(Stream.PLACEMENT)
# Of so many keyed places the one that is farthest from the middles so far is the next.
_CANDIDATES = 24
# Places of a regular grid at which depths are measured, along each axis.
_GRID = {2: 128, 3: 32}
# Territories that may border on a place: the nearest middles, copies across the edges included.
_NEIGHBOURS = {2: 12, 3: 24}


@dataclass(frozen=True)
class Patches:
    """Patches of a box.

    Attributes:
        depth: how deep inside its patch's territory each of (3, k) places lies [um], (k,).
        edge: the depth at which patches begin [um]: they hold what is deeper.
        sample: depths of a regular grid of places.
    """

    depth: Callable[[Floats], Floats]
    edge: float
    sample: Floats

    def holds(self, places: Floats) -> Mask:
        """Which of (3, k) places lie in a patch."""
        return np.asarray(self.depth(places) > self.edge)

    def outside(self, places: Floats, margin: float = 0.0) -> Mask:
        """Which of (3, k) places lie outside of all patches, and by how much at least [um]."""
        return np.asarray(self.depth(places) <= self.edge - margin)

    def share_outside(self, margin: float) -> float:
        """Share of the box that lies outside of all patches by `margin` [um] at least."""
        return float(np.mean(self.sample <= self.edge - margin))


def nests(middles: Floats, box: Box, dimension: int, share: float) -> Patches:
    """Patches whose borders lie equally far from the border between two territories."""
    return _cut(lambda places: _depth_in_territory(middles, box, dimension, places), box, dimension, share)


def follicles(middles: Floats, box: Box, dimension: int, share: float) -> Patches:
    """Round patches around their middles."""
    tree = cKDTree(_images(middles, box, dimension))
    return _cut(lambda places: -tree.query(places[:dimension].T)[0], box, dimension, share)


def spread_middles(key: npt.NDArray[np.uint32], what: str, count: int, box: Box, dimension: int) -> Floats:
    """`count` keyed places (dimension, count) [um] that keep apart, also across the edges."""
    edges = np.array(box[:dimension])
    found = np.empty((0, dimension))
    for ordinal in range(count):
        identity = np.uint64(id_of(what, ordinal))
        drawn = [
            (
                *uniforms(key[0], key[1], identity, np.uint32(0), _PLACEMENT, 2 * n),
                *uniforms(key[0], key[1], identity, np.uint32(0), _PLACEMENT, 2 * n + 1),
            )
            for n in range(_CANDIDATES)
        ]
        candidates = np.array(drawn)[:, :dimension] * edges
        if ordinal:
            distance, _ = cKDTree(found, boxsize=edges).query(candidates)
            candidates = candidates[[int(np.argmax(distance))]]
        found = np.concatenate([found, candidates[:1]])
    return found.T


def _images(middles: Floats, box: Box, dimension: int) -> Floats:
    """The middles and their copies across every edge, (copies, dimension)."""
    shifts = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=dimension)))
    return np.asarray(
        (middles.T[None] + (shifts * np.array(box[:dimension]))[:, None]).reshape(-1, dimension)
    )


def _depth_in_territory(middles: Floats, box: Box, dimension: int, places: Floats) -> Floats:
    """Distance of each place to the nearest border between two territories [um], (k,)."""
    images = _images(middles, box, dimension)
    points = places[:dimension].T
    distance, index = cKDTree(images).query(points, min(_NEIGHBOURS[dimension], len(images)))
    own, others = images[index[:, 0]], images[index[:, 1:]]
    apart = np.linalg.norm(others - own[:, None], axis=2)
    # The border between two territories is the plane halfway between their middles.
    return np.asarray(((distance[:, 1:] ** 2 - distance[:, :1] ** 2) / (2.0 * apart)).min(axis=1))


def _cut(depth: Callable[[Floats], Floats], box: Box, dimension: int, share: float) -> Patches:
    """Patches that hold this share of the box."""
    sides = [(np.arange(_GRID[dimension]) + 0.5) / _GRID[dimension] * edge for edge in box[:dimension]]
    grid = np.stack(np.meshgrid(*sides)).reshape(dimension, -1)
    sample = depth(grid)
    return Patches(depth, float(np.quantile(sample, 1.0 - share)), sample)
