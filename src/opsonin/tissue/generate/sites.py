"""Where a cell may be: a map from uniforms to places, and what is excepted from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Box = tuple[float, float, float]


@dataclass(frozen=True)
class Site:
    """A region that places are drawn from, all parts of it alike.

    Attributes:
        at: turns (3, k) uniforms into (3, k) places [um].
        holds: which of (3, k) places belong to it, (k,); None if all do.
        preferred: another site, that this `share` of its cells lies in.
    """

    at: Callable[[Floats], Floats]
    holds: Callable[[Floats], Mask] | None = None
    preferred: Site | None = None
    share: float = 0.0


def everywhere(box: Box, holds: Callable[[Floats], Mask] | None = None) -> Site:
    """The whole box, or the part of it that `holds`."""
    edges = np.array(box)[:, None]
    return Site(lambda uniforms: uniforms * edges, holds)


def shell(box: Box, inner: float, outer: float) -> Site:
    """Between two balls of these radii [um] around the middle of the box."""
    middle = 0.5 * np.array(box)[:, None]

    def at(uniforms: Floats) -> Floats:
        radius = np.cbrt(inner**3 + uniforms[0] * (outer**3 - inner**3))
        up, angle = 2.0 * uniforms[1] - 1.0, 2.0 * math.pi * uniforms[2]
        flat = np.sqrt(1.0 - up**2)
        direction = np.stack([flat * np.cos(angle), flat * np.sin(angle), up])
        return np.asarray(middle + radius * direction)

    return Site(at)
