"""AnnData files (.h5ad) as columns: obs as they are, obsm["spatial"] as x_um, y_um (and z_um), markers from X.

Read by the library `anndata`, an extra that is imported only here; what the columns mean is not known here.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa

from opsonin.core.errors import Fault, HostError, InputError

SPATIAL = ("x_um", "y_um", "z_um")
MOST_MARKERS = 200  # a panel of antibodies; a transcriptome is not read
_FIX = 'Save it with anndata: adata.write_h5ad("cells.h5ad").'

Column = tuple[str, pa.ChunkedArray]


def read_columns(raw: bytes, name: str) -> list[Column]:
    """Columns of an AnnData file, in the order obs, positions, markers.

    Raises:
        HostError: anndata is not installed.
        InputError: the file is damaged, or HDF5 but not AnnData.
    """
    try:
        import h5py
        from anndata.io import read_elem
    except ImportError as error:
        problem = "is an HDF5 file (.h5ad); reading it needs the extra 'anndata'."
        raise HostError(Fault(name, problem, "Install it: pip install 'opsonin[anndata]'.")) from error
    try:
        with h5py.File(io.BytesIO(raw), "r") as file:
            if "obs" not in file:
                raise InputError(Fault(name, "is an HDF5 file, but not AnnData: it has no 'obs'.", _FIX))
            obs = read_elem(file["obs"])
            spatial = read_elem(file["obsm/spatial"]) if "obsm/spatial" in file else None
            columns = [(str(column), _array(obs[column])) for column in obs.columns]
            columns += _positions(spatial, dict(columns), len(obs)) + _markers(file, read_elem, len(obs))
    except InputError:
        raise
    except Exception as error:  # the libraries raise whatever a damaged file makes them
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(Fault(name, f"is a damaged AnnData file: {reason}.", _FIX)) from error
    return columns


def _positions(spatial: Any, known: dict[str, pa.ChunkedArray], cells: int) -> list[Column]:
    """obsm["spatial"] by axis; one that obs already spells, value for value, is not there twice."""
    if spatial is None:
        return []
    values = np.asarray(spatial)
    if values.ndim != 2 or len(values) != cells:
        raise ValueError(f"obsm['spatial'] is {values.shape}; expected ({cells}, 2) or ({cells}, 3)")
    axes = zip(SPATIAL, values.T, strict=False)
    columns = [(axis, pa.chunked_array([np.ascontiguousarray(column)])) for axis, column in axes]
    return [(axis, column) for axis, column in columns if axis not in known or not column.equals(known[axis])]


def _markers(file: Any, read_elem: Any, cells: int) -> list[Column]:
    """X by marker, dense or sparse."""
    if "X" not in file or "var" not in file:
        return []
    names = [str(name) for name in read_elem(file["var"]).index]
    if not 0 < len(names) <= MOST_MARKERS:
        return []
    matrix = read_elem(file["X"])
    dense = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
    if dense.shape != (cells, len(names)):
        raise ValueError(f"X is {dense.shape}; expected ({cells}, {len(names)})")
    return [
        (name, pa.chunked_array([np.ascontiguousarray(column)]))
        for name, column in zip(names, dense.T, strict=True)
    ]


def _array(column: Any) -> pa.ChunkedArray:
    """A pandas column; mixed values as texts."""
    try:
        return pa.chunked_array([pa.Array.from_pandas(column)])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.chunked_array([pa.array([None if value is None else str(value) for value in column])])
