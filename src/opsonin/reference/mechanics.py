"""Mechanics and neighbour search written out over all pairs: slow, plain NumPy, the executable specification.

The kernels are tested against this; nothing in a run calls it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from opsonin.core.random import mixed
from opsonin.laws.mechanics import contact_distance, separation_speed

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

COINCIDENT = 1e-10  # um; closer centres are taken to be this far apart, in a direction made from their ids


def differences(position: Floats, box: tuple[float, float, float], dimension: int) -> Floats:
    """Position of i less position of j, to the nearest periodic image.

    Args:
        position: (n, 3), x y z [um].
        box: (Lx, Ly, Lz) [um].
        dimension: 2 (z counts as equal) or 3.
    Returns:
        (n, n, 3) [um].
    """
    length = np.array(box)
    apart: Floats = position[:, None, :] - position[None, :, :]
    apart -= length * np.rint(apart / length)
    if dimension == 2:
        apart[:, :, 2] = 0.0
    return apart


def direction(id_i: int, id_j: int, dimension: int) -> Floats:
    """Unit vector from cell j to cell i where their centres coincide: from the ids, opposite for the two."""
    low, high = sorted((int(id_i), int(id_j)))
    word = int(mixed(np.uint64(low), np.uint64(high)))
    azimuth = 2.0 * np.pi * (word >> 32) * 2.0**-32
    height = (word & 0xFFFFFFFF) * 2.0**-31 - 1.0 if dimension == 3 else 0.0
    across = np.sqrt(1.0 - height * height)
    sign = 1.0 if id_i > id_j else -1.0
    return np.array([across * np.cos(azimuth), across * np.sin(azimuth), height]) * sign


def pair_speeds(
    position: Floats, radius: Floats, repulsion: Floats, adhesion: Floats, sheath: Floats,
    identity: npt.NDArray[np.uint64], box: tuple[float, float, float], dimension: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Speed that j gives to i, for all pairs.

    Args:
        position: (n, 3) [um].
        radius: (n,) [um].
        repulsion, adhesion: (n,) [um/min].
        sheath: (n,), -1 for tumour cells, what keeps stroma off them, 0 for others.
        identity: (n,), all different.
        box: (Lx, Ly, Lz) [um].
        dimension: 2 or 3.
    Returns:
        velocity of i caused by j, (n, n, 3) [um/min]; speed times distance, (n, n) [um2/min].
    """
    n = len(radius)
    apart = differences(position, box, dimension)
    for i in range(n):
        for j in range(n):
            if i != j and np.abs(apart[i, j]).sum() < COINCIDENT:
                apart[i, j] = COINCIDENT * direction(int(identity[i]), int(identity[j]), dimension)
    velocity, virial = np.zeros((n, n, 3)), np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            distance = float(np.sqrt((apart[i, j] ** 2).sum()))
            between = max(-sheath[i] * sheath[j], 0.0)
            speed = separation_speed(
                np.sqrt(repulsion[i] * repulsion[j]),
                np.sqrt(adhesion[i] * adhesion[j]) * (between == 0.0),
                distance / contact_distance(radius[i], radius[j], between),
            )
            velocity[i, j] = speed * apart[i, j] / distance
            virial[i, j] = speed * distance
    return velocity, virial


def move(
    position: Floats, radius: Floats, repulsion: Floats, adhesion: Floats, own: Floats,
    sheath: Floats, identity: npt.NDArray[np.uint64], box: tuple[float, float, float], dimension: int, dt: float,
) -> tuple[Floats, Floats, float]:  # fmt: skip
    """One step of the overdamped motion by the explicit midpoint rule.

    Args:
        position: (n, 3) [um].
        radius, repulsion, adhesion, sheath, identity: (n,), as in `pair_speeds`.
        own: (n, 3), velocity of motile cells [um/min].
        box: (Lx, Ly, Lz) [um].
        dimension: 2 (z does not change) or 3.
        dt: step [min].
    Returns:
        new positions in the box, (n, 3) [um]; pressure halfway, sum_j f_ij d_ij / (2 dimension), (n,) [um2/min];
        the largest displacement [um].
    """
    halfway = position
    for share in (0.5, 1.0):
        velocity, virial = pair_speeds(halfway, radius, repulsion, adhesion, sheath, identity, box, dimension)
        total = velocity.sum(axis=1) + own
        if dimension == 2:
            total[:, 2] = 0.0
        new = np.mod(position + share * dt * total, np.array(box))
        if dimension == 2:
            new[:, 2] = position[:, 2]
        halfway = new
    furthest = dt * float(np.sqrt((total**2).sum(axis=1)).max(initial=0.0))
    return new, virial.sum(axis=1) / (2.0 * dimension), furthest


def touching(
    effectors: Integers, position: Floats, radius: Floats, reach_factor: float,
    box: tuple[float, float, float], dimension: int,
) -> list[Integers]:  # fmt: skip
    """For each effector the other slots, ascending, with centres within reach_factor (r_i + r_j)."""
    distance = np.sqrt((differences(position, box, dimension) ** 2).sum(axis=2))
    close = distance < reach_factor * (radius[:, None] + radius[None, :])
    np.fill_diagonal(close, False)
    return [np.flatnonzero(close[i]) for i in effectors]
