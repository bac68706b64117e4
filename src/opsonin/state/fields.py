"""Substrate concentrations on the voxels of the box. Layout and regridding only; solvers are in `kernels/`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_COARSENABLE = 16


def voxels_along(length: float, spacing: float) -> int:
    """Number of voxels on a periodic axis: a multiple of 16 (multigrid coarsens it), near the wanted spacing."""
    return max(1, round(length / (spacing * _COARSENABLE))) * _COARSENABLE


def grid_shape(box: tuple[float, float, float], spacing: float, dimension: int) -> tuple[int, int, int]:
    """Voxels (nz, ny, nx) for a box (Lx, Ly, Lz) [um]; nz is 1 in a section."""
    nz = voxels_along(box[2], spacing) if dimension == 3 else 1
    return nz, voxels_along(box[1], spacing), voxels_along(box[0], spacing)


def _overlap(old: int, new: int) -> Floats:
    """Weight of each old voxel in the mean over each new one, (new, old); rows sum to 1."""
    edges_old = np.arange(old + 1) / old
    edges_new = np.arange(new + 1) / new
    low = np.maximum(edges_new[:-1, None], edges_old[None, :-1])
    high = np.minimum(edges_new[1:, None], edges_old[None, 1:])
    return np.asarray(np.maximum(high - low, 0.0) * new)


def regridded(field: Floats, shape: tuple[int, int, int]) -> Floats:
    """The same amount of substrate on another grid of the same box (volume-weighted overlap), (nz, ny, nx)."""
    out = field
    for axis, count in enumerate(shape):
        if out.shape[axis] != count:
            weights = _overlap(out.shape[axis], count)
            out = np.moveaxis(np.tensordot(weights, out, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(out)


def cut(field: Floats, axis: int, start: float, share: float, count: int) -> Floats:
    """The stretch [start, start + share) of a periodic axis (lengths as shares of it) on `count` voxels.

    Volume-weighted overlap: the amount of substrate in the stretch is kept.
    """
    old = field.shape[axis]
    edges = (start + share * np.arange(count + 1) / count) * old
    here = np.arange(2 * old)  # a stretch may go on past the seam
    low, high = np.maximum(edges[:-1, None], here), np.minimum(edges[1:, None], here + 1)
    overlap = np.maximum(high - low, 0.0) / (share * old / count)
    weights = overlap[:, :old] + overlap[:, old:]
    return np.ascontiguousarray(np.moveaxis(np.tensordot(weights, field, axes=(1, axis)), 0, axis))


class Fields:
    """One concentration array per substrate, (substrates, nz, ny, nx), on the box (Lx, Ly, Lz) [um]."""

    def __init__(self, substrates: int, shape: tuple[int, int, int], box: tuple[float, float, float]) -> None:
        self.values = np.zeros((substrates, *shape))
        self.rates = np.zeros((substrates, *shape))  # last rate of change: starts the next error estimate
        self.box = box

    @property
    def shape(self) -> tuple[int, int, int]:
        nz, ny, nx = self.values.shape[1:]
        return nz, ny, nx

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edges (hz, hy, hx) [um]."""
        nz, ny, nx = self.shape
        return self.box[2] / nz, self.box[1] / ny, self.box[0] / nx

    @property
    def voxel_volume(self) -> float:
        """[um3]"""
        hz, hy, hx = self.spacing
        return hz * hy * hx

    def crop(self, axis: int, start: float, count: int, box: tuple[float, float, float]) -> None:
        """Keep the half of spatial axis 0 (x), 1 (y) or 2 (z) that begins at the share `start` of it, as `box`."""
        array_axis = self.values.ndim - 1 - axis
        self.values = cut(self.values, array_axis, start, 0.5, count)
        self.rates = cut(self.rates, array_axis, start, 0.5, count)
        self.box = box

    def tile(self, axis: int, box: tuple[float, float, float]) -> None:
        """Repeat all substrates along spatial axis 0 (x), 1 (y) or 2 (z), as `box`."""
        array_axis = self.values.ndim - 1 - axis
        self.values = np.concatenate([self.values, self.values], array_axis)
        self.rates = np.concatenate([self.rates, self.rates], array_axis)
        self.box = box

    def regrid(self, shape: tuple[int, int, int]) -> None:
        """Move all substrates to another grid, conserving their amounts."""
        self.values = np.stack([regridded(field, shape) for field in self.values])
        self.rates = np.stack([regridded(field, shape) for field in self.rates])
