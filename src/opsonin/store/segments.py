"""A segment - the state at one output time and the record that led to it - as bytes, and back.

Bytes depend on content alone: no times, no paths. Where and how durably they are written is `commit.py`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.store.commit import Content
from opsonin.store.layout import read_json, reading

if TYPE_CHECKING:
    import pyarrow

Array = np.ndarray[Any, Any]
Columns = dict[str, Array]

CELLS = "cells.parquet"
FIELDS = "fields.zarr"
TRACE = "trace.parquet"
OBSERVABLES = "observables.parquet"
LEDGER = "ledger.parquet"
LINEAGE = "lineage.parquet"
PATIENT = "patient.parquet"
CHECKPOINT = "checkpoint.npz"

_TRACE_TYPES = {"tick": np.int64, "process": np.int16, "hash": np.uint64}
_LARGEST_CHUNK = (64, 256, 256)
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Segment:
    """What is stored at one output time.

    Attributes:
        tick: simulated time [s].
        cells: column -> values, one row per cell; the column 'id' identifies a cell.
        fields: substrate -> concentrations of shape (nz, ny, nx), floating point, all of one shape.
        box: edge lengths Lx, Ly, Lz [um].
        field_units: substrate -> unit.
        trace: 'tick' int64, 'process' int16 (index into the provenance's processes), 'hash' uint64.
        observables: 'tick' and float64 columns, one row per observed time since the last segment.
        checkpoint: what the engine needs to go on; opaque here.
        ledger: 'tick' and float64 columns, one row for the time since the last segment; empty if none was kept.
        lineage: columns of births since the last segment, 'tick' first; empty if none were kept.
        patient: 'tick' and float64 columns of the patient around the tissue since the last segment; empty without one.
    """

    tick: int
    cells: Columns
    fields: Columns
    box: tuple[float, float, float]
    field_units: dict[str, str]
    trace: Columns
    observables: Columns
    checkpoint: Columns
    ledger: Columns = field(default_factory=dict)
    lineage: Columns = field(default_factory=dict)
    patient: Columns = field(default_factory=dict)


def encoded(segment: Segment) -> Iterator[tuple[str, Content]]:
    """The segment's files, one at a time: relative path and content.

    Raises:
        ValueError, TypeError: shapes or types that the segment's description does not allow.
    """
    if "arm" in segment.cells:
        raise ValueError("the cell column 'arm' is reserved")
    yield CELLS, table_bytes(segment.cells)
    yield from _field_files(segment)
    trace = {name: _typed(name, segment.trace[name], dtype) for name, dtype in _TRACE_TYPES.items()}
    yield TRACE, table_bytes(trace)
    yield OBSERVABLES, table_bytes(_over_time(segment.observables))
    if segment.ledger:
        yield LEDGER, table_bytes(_over_time(segment.ledger))
    if segment.lineage:
        yield LINEAGE, table_bytes(segment.lineage)
    if segment.patient:
        yield PATIENT, table_bytes(_over_time(segment.patient))
    yield CHECKPOINT, checkpoint_bytes(segment.checkpoint)


def read_segment(folder: Path) -> Segment:
    """A committed segment as it was given to be stored; RunError if a file is missing or damaged."""
    frame = read_frame(folder)
    x, y, z = frame["box"]
    return Segment(
        tick=frame["tick"],
        cells=read_columns(folder / CELLS),
        fields=read_fields(folder),
        box=(x, y, z),
        field_units=read_field_units(folder),
        trace=read_columns(folder / TRACE),
        observables=read_columns(folder / OBSERVABLES),
        checkpoint=read_checkpoint(folder / CHECKPOINT),
        ledger=read_columns(folder / LEDGER) if (folder / LEDGER).is_file() else {},
        lineage=read_columns(folder / LINEAGE) if (folder / LINEAGE).is_file() else {},
        patient=read_columns(folder / PATIENT) if (folder / PATIENT).is_file() else {},
    )


def table_bytes(columns: Columns) -> Content:
    """A parquet file of one-dimensional columns of equal length, with checksums."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lengths = {name: np.shape(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise ValueError(f"columns must be one-dimensional and of one length, not {lengths}")
    table = pa.table({name: pa.array(values, from_pandas=False) for name, values in columns.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=[
            name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)
        ],
        write_statistics=False,
        write_page_checksum=True,
    )
    return memoryview(sink.getvalue())


def read_table(path: Path) -> pyarrow.Table:
    """A stored table; RunError if the file is missing or damaged."""
    with reading(path):
        import pyarrow.parquet as pq

        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read()


def read_columns(path: Path) -> Columns:
    """A stored table as arrays; text columns come back as object arrays."""
    table = read_table(path)
    return {name: table.column(name).to_numpy() for name in table.column_names}


def read_checkpoint(path: Path) -> Columns:
    """A stored checkpoint; RunError if the file is missing or damaged."""
    # numpy leaves the file open if it is not a whole archive: it is opened and closed here.
    with reading(path), path.open("rb") as file:
        if not zipfile.is_zipfile(file):  # numpy would take it for a pickle, and advise to trust it
            raise ValueError("it is not a whole archive.")
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}


def read_frame(folder: Path) -> dict[str, Any]:
    """Tick, box, spacing and the names of the fields of a segment, without reading the fields."""
    path = folder / FIELDS / "zarr.json"
    frame = read_json(path).get("attributes")
    if not isinstance(frame, dict) or not {"tick", "box", "spacing", "fields"} <= frame.keys():
        with reading(path):
            raise ValueError("tick, box, spacing or fields is missing from its attributes")
    return frame


def read_fields(folder: Path) -> Columns:
    """Substrate -> (nz, ny, nx) of a segment; RunError if a chunk is missing or damaged."""
    frame = read_frame(folder)
    if not frame["fields"]:
        return {}
    path = folder / FIELDS
    with reading(path):
        import zarr

        group = zarr.open_group(path, mode="r", zarr_format=3)
    fields = {}
    for name in frame["fields"]:
        with reading(path / name):
            stored = group[name]
            if not isinstance(stored, zarr.Array):
                raise TypeError("expected an array")
            # zarr reads an absent chunk as the fill value without a word; here every chunk is written.
            if stored.nchunks_initialized < stored.nchunks:
                raise FileNotFoundError(path / name)
            fields[name] = np.asarray(stored[...])
    return fields


def read_field_units(folder: Path) -> dict[str, str]:
    """Substrate -> unit of a segment."""
    units = {}
    for name in read_frame(folder)["fields"]:
        path = folder / FIELDS / name / "zarr.json"
        stored = read_json(path)
        with reading(path):
            units[name] = str(stored["attributes"]["units"])
    return units


def _field_files(segment: Segment) -> Iterator[tuple[str, Content]]:
    import zarr
    from zarr.codecs import ZstdCodec
    from zarr.storage import MemoryStore

    shapes = {np.shape(values) for values in segment.fields.values()}
    if len(shapes) > 1 or any(len(shape) != 3 for shape in shapes):
        raise ValueError(f"fields must all have one shape (nz, ny, nx), not {sorted(shapes)}")
    box = [float(length) for length in segment.box]
    cells = next(iter(shapes), None)
    spacing = [length / n for length, n in zip(box, reversed(cells), strict=True)] if cells else None
    frame: dict[str, Any] = {"tick": int(segment.tick), "box": box, "spacing": spacing}
    files: dict[str, Any] = {}
    group = zarr.create_group(
        MemoryStore(files), zarr_format=3, attributes={**frame, "fields": list(segment.fields)}
    )
    for name, values in segment.fields.items():
        if not np.issubdtype(values.dtype, np.floating):
            raise TypeError(f"field '{name}' must be floating point, not {values.dtype}")
        array = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=tuple(min(n, most) for n, most in zip(values.shape, _LARGEST_CHUNK, strict=True)),
            fill_value=np.nan,
            config={"write_empty_chunks": True},
            compressors=[ZstdCodec(level=1, checksum=True)],
            dimension_names=("z", "y", "x"),
            attributes={"units": segment.field_units[name], "spacing": spacing, "box": box},
        )
        array[...] = values
    for name in sorted(files):
        yield f"{FIELDS}/{name}", files[name].to_bytes()


def checkpoint_bytes(arrays: Columns) -> Content:
    """An uncompressed npz. numpy.savez would pickle objects and could not store an array named 'file'."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _ZIP_EPOCH), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)
    return target.getbuffer()


def _over_time(columns: Columns) -> Columns:
    """Columns of numbers by tick, the tick first."""
    return {
        name: _typed(name, values, np.int64 if name == "tick" else np.float64)
        for name, values in {"tick": columns["tick"], **columns}.items()
    }


def _typed(name: str, values: Array, dtype: type[Any]) -> Array:
    values = np.asarray(values)
    if values.size and not np.can_cast(values.dtype, dtype, "same_kind"):
        raise TypeError(f"column '{name}' must be {np.dtype(dtype)}, not {values.dtype}")
    return values.astype(dtype)
