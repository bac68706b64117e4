"""One column of a table as numbers or as coded texts, with a fault for each value that cannot be one.

What a column means is not known here.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from opsonin.core.errors import Fault
from opsonin.io.tables import Table, as_text, capped

_MISSING = {"na", "n/a", "nan", "none", "null", "-", ".", "?", "inf", "-inf", "infinity"}
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
_WITH_UNIT = re.compile(r"([+-]?\d+\.?\d*) ?[a-zµμ%]+", re.IGNORECASE)


def coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct values of a column as text, and for each record which of them it has."""
    encoded: Any = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return [as_text(value) for value in encoded.dictionary.to_pylist()], np.array(
        encoded.indices.to_pylist(), np.int64
    )


def numeric(column: pa.ChunkedArray) -> bool:
    """Whether every value of a column is a number or empty; a column of texts counts if it spells numbers."""
    kind = column.type
    if _is_number(kind):
        return True
    return _is_text(kind) and bool(np.isfinite(_numbers(column.cast(pa.large_string()))).all())


def numbers(table: Table, column: str, kept: NDArray[np.int64]) -> tuple[NDArray[np.float64], list[Fault]]:
    """Values of a column at the kept records, and a fault for each that is not a finite number."""
    # As a buffer: Arrow imports pandas to make an array of Python's numbers.
    indices = pa.Array.from_buffers(pa.int64(), len(kept), [None, pa.py_buffer(kept.astype(np.int64))])
    raw = table.column(column).take(indices)
    kind = raw.type
    if _is_number(kind):
        values = np.array(raw.cast(pa.float64(), safe=False).to_pylist(), np.float64)
    elif _is_text(kind):
        values = _numbers(raw.cast(pa.large_string()))
    else:
        return np.zeros(len(kept)), [
            Fault(table.name, f"column '{column}' holds {kind}, not numbers.", "Write it as numbers.")
        ]
    faults = []
    for index in np.flatnonzero(~np.isfinite(values)):
        text = as_text(raw[int(index)].as_py()).strip()
        problem = f"{column} '{text}' is not a finite number." if text else f"{column} is empty."
        faults.append(Fault(f"{table.name} row {table.rows[kept[index]]}", problem, _number_hint(text)))
    return np.array(values, dtype=np.float64), capped(faults, table.name)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _numbers(written: pa.ChunkedArray) -> NDArray[np.float64]:
    """Texts as float64, NaN where one is not a number."""
    trimmed = pyarrow.compute.utf8_trim_whitespace(written)
    try:
        return np.array(trimmed.cast(pa.float64()).to_pylist(), np.float64)
    except pa.ArrowInvalid:
        return np.array([_number(text) for text in trimmed.to_pylist()], dtype=np.float64)


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None and "_" not in text else np.nan
    except ValueError:
        return np.nan


def _number_hint(text: str) -> str:
    if not text or text.lower() in _MISSING:
        return "Fill it in, or leave the row out."
    plain = text.strip("+-")
    if text.count(",") == 1 and plain.replace(",", "").isdigit():
        return "Write decimals with a point."
    if _THOUSANDS.fullmatch(plain):
        return f"Write it without marks between thousands: {text.replace(',', '')}."
    if found := _WITH_UNIT.fullmatch(text):
        return f"Write the number alone, {found[1]}; what its unit is in um is the label map's scale."
    return "Write a number, with a point before its decimals."
