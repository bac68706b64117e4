"""Courses of patients as a parquet table: a row per patient and time, a column per output, and what rebuilds it.

How they are computed is not known here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Array = npt.NDArray[np.float64]


def course_table(
    columns: Sequence[str],
    followed: Mapping[str, tuple[Array, Array]],
    origin: Mapping[str, Any],
    repeated: Mapping[str, tuple[str, int]] | None = None,
) -> bytes:
    """A parquet file with the columns `patient`, `time_min` and those of the outputs.

    Args:
        columns: of the outputs.
        followed: times (n,) [min] and values (n, columns) by patient.
        repeated: patient and replicate by what `followed` calls them; then there is a column `replicate`, too.
        origin: what rebuilds it, kept as JSON under the key "opsonin" of the table's own description.
    """
    rows = [name for name, (times, _) in followed.items() for _ in times]
    who: dict[str, Any] = {"patient": pa.array(rows, pa.string())}
    if repeated is not None:
        who = {
            "patient": pa.array([repeated[name][0] for name in rows], pa.string()),
            "replicate": pa.array([repeated[name][1] for name in rows], pa.int32()),
        }
    empty = np.zeros((0, len(columns)))
    times = np.concatenate([np.zeros(0), *(times for times, _ in followed.values())])
    values = np.concatenate([empty, *(values for _, values in followed.values())])
    table = pa.table(
        {
            **who,
            "time_min": times,
            **{column: values[:, index] for index, column in enumerate(columns)},
        }
    ).replace_schema_metadata({"opsonin": json.dumps(origin, sort_keys=True)})
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()
