"""What is stored of a population while it is followed, and the tables that it becomes.

Beside the table that is asked for lies a folder of parts until all are there: a kill loses no part, and the same
command goes on. Parts do not depend on how many processes there are.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from opsonin.core.errors import Fault, InputError, RunError
from opsonin.core.provenance import digest
from opsonin.store.commit import host_errors, make_folder, write_atomic

Array = npt.NDArray[np.float64]
KEPT = "What was stored before is intact: the same command goes on with it."
FAILED = "failed"
_SUFFIX = ".parts"
_JOB, _VALUES = "job.json", "drawn.parquet"
_SIZE, _MOST_PARTS = (
    50,
    1000,
)  # patients of a part, about half a second; more where there would be too many parts


def folder_of(out: Path) -> Path:
    """Where the parts of a table lie until it is whole."""
    return out.with_name(out.name + _SUFFIX)


class SweepFolder:
    """Parts of a population, and what they are parts of."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, job: Mapping[str, Any], names: Sequence[str], values: Array, version: str) -> None:
        """Store what is asked, or see that it is what was asked before.

        Args:
            job: JSON-able; names, values: (patients, names) what each patient has; version: of what follows them.
        Raises:
            InputError: another population was begun there. HostError: it cannot be written.
        """
        asked = {
            "digest": digest(
                [version, dict(job), list(names), hashlib.blake2b(values.tobytes()).hexdigest()]
            ),
            **job,
        }
        if (self.path / _JOB).is_file():
            if self._content().get("digest") != asked["digest"]:
                problem = "holds parts of another population, or of another version of this program."
                raise InputError(Fault(str(self.path), problem, "Remove it, or choose another name for -o."))
            return
        make_folder(self.path)
        patients = np.arange(1, len(values) + 1)
        table = pa.table({"patient": patients, **{name: values[:, i] for i, name in enumerate(names)}})
        write_atomic(self.path / _VALUES, _bytes(table), KEPT)
        size = max(_SIZE, math.ceil(len(values) / _MOST_PARTS))
        write_atomic(self.path / _JOB, json.dumps(asked | {"size": size}).encode(), KEPT)

    def job(self) -> dict[str, Any]:
        """What was asked, as it was given to `begin`."""
        return {key: value for key, value in self._content().items() if key not in ("digest", "size")}

    def _content(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads((self.path / _JOB).read_text())
        except ValueError as error:
            raise RunError(
                Fault(str(self.path / _JOB), "is damaged.", "Remove its folder and begin anew.")
            ) from error
        return content

    def values(self) -> Array:
        """(patients, names) what each patient has."""
        table = pq.read_table(self.path / _VALUES).drop_columns(["patient"])
        columns = [column.to_numpy() for column in table.columns]
        return np.stack(columns, axis=1) if columns else np.zeros((self.count, 0))

    @cached_property
    def count(self) -> int:
        """Of patients."""
        return int(pq.read_metadata(self.path / _VALUES).num_rows)

    @cached_property
    def size(self) -> int:
        """Patients of a part."""
        return int(self._content()["size"])

    def parts(self) -> range:
        """Numbers of all parts."""
        return range(math.ceil(self.count / self.size))

    def left(self) -> list[int]:
        """Numbers of the parts that are not stored."""
        return [part for part in self.parts() if not self._part(part).is_file()]

    @property
    def done(self) -> int:
        """Patients of the parts that are stored."""
        return self.count - sum(len(self.patients_of(part)) for part in self.left())

    def patients_of(self, part: int) -> range:
        """Numbers of the patients of a part."""
        return range(part * self.size + 1, min((part + 1) * self.size, self.count) + 1)

    def _part(self, part: int) -> Path:
        return self.path / f"{part:06}.parquet"

    def _courses(self, part: int) -> Path:
        return self.path / f"{part:06}.courses.parquet"

    def store(
        self,
        part: int,
        metrics: Mapping[str, Array],
        failed: Sequence[str | None],
        courses: tuple[Sequence[str], Mapping[int, tuple[Array, Array]]] | None,
    ) -> None:
        """Store a part as a whole.

        Args:
            metrics: (patients,) by name; failed: why, of those that could not be followed.
            courses: columns, and times (n,) [min] and values (n, columns) by patient; None where not asked for.
        """
        if courses is not None:
            write_atomic(self._courses(part), _bytes(_courses_table(*courses)), KEPT)
        table = pa.table({**metrics, FAILED: pa.array(failed, pa.string())})
        write_atomic(self._part(part), _bytes(table), KEPT)

    def table(self) -> pa.Table:
        """All patients: what each has, what was measured, and why it failed, if it did."""
        try:
            parts = pa.concat_tables([pq.read_table(self._part(part)) for part in self.parts()])
        except (OSError, pa.ArrowInvalid) as error:
            raise RunError(Fault(str(self.path), "is damaged.", "Remove it and begin anew.")) from error
        whole = pq.read_table(self.path / _VALUES)
        for name in parts.column_names:
            whole = whole.append_column(name, _without_nan(parts[name]))
        return whole.combine_chunks()

    def write_courses(self, out: Path, origin: Mapping[str, Any]) -> None:
        """All courses as one table, a part at a time."""
        unfinished = out.with_name(out.name + ".tmp")
        with host_errors(out, KEPT):
            try:
                self._write_courses(unfinished, origin)
                unfinished.replace(out)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise

    def _write_courses(self, out: Path, origin: Mapping[str, Any]) -> None:
        schema = pq.read_schema(self._courses(0)).with_metadata(described(origin))
        with pq.ParquetWriter(out, schema) as writer:
            for table in self._all_courses():
                writer.write_table(table.replace_schema_metadata(described(origin)))

    def _all_courses(self) -> Iterator[pa.Table]:
        for part in self.parts():
            yield pq.read_table(self._courses(part))

    def remove(self) -> None:
        """What the tables hold now."""
        with host_errors(self.path, KEPT):
            shutil.rmtree(self.path)


def read_table(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """A table and what rebuilds it, as it says itself; InputError where it is no table of a population."""
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError(Fault(str(path), "there is no such file.")) from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(Fault(str(path), "is not a parquet file that can be read.")) from error
    if "patient" not in table.column_names or not len(table):
        problem = "has no patients: no column `patient`, or no rows."
        raise InputError(Fault(str(path), problem, "Give a table that `opsonin patient sweep` wrote."))
    try:
        origin = json.loads((table.schema.metadata or {}).get(b"opsonin", b"{}"))
    except ValueError:
        origin = {}
    return table, origin if isinstance(origin, dict) else {}


def described(origin: Mapping[str, Any]) -> dict[str, str]:
    """What rebuilds a table, as its own description."""
    return {"opsonin": json.dumps(origin, sort_keys=True)}


def table_bytes(table: pa.Table, origin: Mapping[str, Any]) -> bytes:
    """A parquet file of a table with what rebuilds it."""
    return _bytes(table.replace_schema_metadata(described(origin)))


def _courses_table(columns: Sequence[str], followed: Mapping[int, tuple[Array, Array]]) -> pa.Table:
    patients = [np.full(len(times), number, np.int64) for number, (times, _) in followed.items()]
    times = np.concatenate([np.zeros(0), *(times for times, _ in followed.values())])
    values = np.concatenate([np.zeros((0, len(columns))), *(values for _, values in followed.values())])
    return pa.table(
        {
            "patient": np.concatenate([np.zeros(0, np.int64), *patients]),
            "time_min": times,
            **{column: values[:, index] for index, column in enumerate(columns)},
        }
    )


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(column.type):
        return column
    return pa.chunked_array([pa.array(chunk.to_numpy(), from_pandas=True) for chunk in column.chunks])


def _bytes(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()
