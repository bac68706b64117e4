"""Tables from CSV, TSV (plain or gzip), parquet and h5ad files, with the row each value stands in.

Whether a file is a whole, readable table is decided here; what its columns mean is not known here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
from numpy.typing import NDArray

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.h5ad import read_columns
from opsonin.io.text_tables import header_faults, quote_faults

MOST_BYTES = 4 * 2**30
MOST_LISTED = 20
_GZIP = b"\x1f\x8b"
_HDF5 = b"\x89HDF"
_KNOWN_BY_FIRST_BYTES = (
    (b"PK\x03\x04", "an Excel workbook or zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_MARK = b"\xef\xbb\xbf"  # of a byte order, before UTF-8
_SAVE = "Save it as CSV in UTF-8, with commas, or as parquet."
_KNOWN_BY_FIRST_WORDS = (
    (b"version https://git-lfs.github.com", "a pointer of Git LFS", "Fetch what it points to: git lfs pull."),
    (b"<", "a page of HTML or XML", "What was downloaded may be a page about the table: open it and see."),
    (b"{", "JSON", _SAVE),
    (b"[", "JSON", _SAVE),
)


@dataclass(frozen=True)
class Table:
    """Columns of a file.

    Attributes:
        name: of the file.
        columns: names as written, in order.
        data: the columns by position; of text for CSV, of any type for parquet and h5ad.
        rows: the row of each record; a header is row 1, as in a spreadsheet (parquet and h5ad have none).
        separator: between the columns of text; "" for parquet and h5ad.
        sha256: hex digest of the file as stored.
        faults: rows with too few or too many values, which are not among the records.
    """

    name: str
    columns: tuple[str, ...]
    data: tuple[pa.ChunkedArray, ...]
    rows: NDArray[np.int64]
    separator: str
    sha256: str
    faults: tuple[Fault, ...] = ()

    def column(self, name: str) -> pa.ChunkedArray:
        return self.data[self.columns.index(name)]


def read_table(path: Path) -> Table:
    """The table in a file; InputError if it is missing, damaged, no table, empty or ragged."""
    table = read_even_rows(path)
    if table.faults:
        raise InputError(*table.faults)
    return table


def read_even_rows(path: Path) -> Table:
    """The table in a file without its ragged rows, for a reader that tells these `faults` with those of the others.

    Raises:
        InputError: the file is missing, damaged, no table or empty.
    """
    name = path.name
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        around = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(name, around) if around else ""
        raise InputError(Fault(str(path), "there is no such file.", hint)) from error
    except OSError as error:
        raise InputError(Fault(str(path), f"cannot be read: {error.strerror}.")) from error
    _refuse_if(len(raw) > MOST_BYTES, name, "is larger than 4 GiB.")
    _refuse_if(not raw, name, "is empty.")
    digest = hashlib.sha256(raw).hexdigest()
    if raw.startswith(b"PAR1"):
        return _from_parquet(raw, name, digest)
    _refuse_if(
        path.suffix in (".parquet", ".pq"), name, "is not a parquet file.", "Its first bytes are not PAR1."
    )
    if raw.startswith(_HDF5):
        return _from_h5ad(raw, name, digest)
    _refuse_if(path.suffix == ".h5ad", name, "is not an h5ad file.", "Its first bytes are not those of HDF5.")
    if raw.startswith(_GZIP):
        raw = _unzipped(raw, name)
    else:
        _refuse_if(
            path.suffix == ".gz",
            name,
            "is not a gzip file, though it is named so.",
            "Rename or save it again.",
        )
    for first, kind in _KNOWN_BY_FIRST_BYTES:
        _refuse_if(raw.startswith(first), name, f"is {kind}, not a table of text.", _SAVE)
    for first, kind, fix in _KNOWN_BY_FIRST_WORDS:
        _refuse_if(
            raw.removeprefix(_MARK).lstrip()[: len(first)].lower() == first,
            name,
            f"is {kind}, not a table.",
            fix,
        )
    _refuse_if(b"\0" in raw, name, f"is not text: byte 0 in row {raw[: raw.find(0)].count(10) + 1}.", _SAVE)
    return _from_text(_utf8(raw, name), _separator(path), name, digest)


def _refuse_if(wrong: bool, name: str, problem: str, fix: str = "") -> None:
    if wrong:
        raise InputError(Fault(name, problem, fix))


def _unzipped(raw: bytes, name: str) -> bytes:
    """All members of a gzip file; InputError if it is cut short, damaged or too large."""
    parts: list[bytes] = []
    size = 0
    while raw:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            part = unpacker.decompress(raw, MOST_BYTES + 1 - size)
        except zlib.error as error:
            raise InputError(Fault(name, "is a damaged gzip file.", "Copy or download it again.")) from error
        parts.append(part)
        size += len(part)
        _refuse_if(size > MOST_BYTES, name, "unpacks to more than 4 GiB.")
        _refuse_if(not unpacker.eof, name, "is a gzip file that is cut short.", "Copy or download it again.")
        raw = unpacker.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _utf8(raw: bytes, name: str) -> bytes:
    """The text without its byte-order mark; InputError with the row of the first byte that is not UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise InputError(
            Fault(f"{name} row {row}", f"byte 0x{raw[error.start]:02x} is not UTF-8 text.", _SAVE)
        ) from error
    content = raw.removeprefix(_MARK)
    _refuse_if(not content.strip(), name, "is empty.")
    return content


def _separator(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return "\t" if suffixes and suffixes[-1] in (".tsv", ".tab") else ","


def _from_text(raw: bytes, separator: str, name: str, digest: str) -> Table:
    raw = raw.lstrip(b"\r\n")
    first = io.StringIO(raw[: 2**20].decode("utf-8", errors="ignore"), newline="")
    try:
        columns = next(csv.reader(first, delimiter=separator))
    except (csv.Error, StopIteration) as error:
        raise InputError(Fault(f"{name} row 1", f"the header cannot be read: {error}.", _SAVE)) from error
    header = next((line for line in first if not line.startswith("#")), "")
    remark = columns[0].lstrip().startswith("#") and len(columns) == 1 and separator in header
    problem = f"'{columns[0]}' is a remark, not a header."
    _refuse_if(remark, f"{name} row 1", problem, "Remove the lines that begin with # at its top.")
    first_line = raw[: 2**20].splitlines()[0].decode("utf-8", errors="ignore")
    wrong = header_faults(name, first_line, columns, separator)
    wrong = wrong or capped([*quote_faults(name, raw, separator)], name)
    if wrong:
        raise InputError(*wrong)
    ragged: list[pyarrow.csv.InvalidRow] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    keys = [str(number) for number in range(len(columns))]
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(raw),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=keys, skip_rows_after_names=1
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=separator,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={key: pa.large_string() for key in keys}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(
            Fault(name, f"cannot be read as a table: {str(error).splitlines()[0]}.", _SAVE)
        ) from error
    faults = [
        Fault(
            f"{name} row {row.number}",
            f"has {row.actual_columns} values; the header has {row.expected_columns}.",
        )
        for row in ragged
        if row.text.strip()
    ]
    told = tuple(capped(faults, name))
    rows = _row_numbers(table.num_rows, [row.number for row in ragged])
    filled = _filled(table)
    if not pyarrow.compute.any(filled).as_py():
        raise InputError(*(told or [Fault(name, "has a header but no rows.")]))
    if not pyarrow.compute.all(filled).as_py():
        table, rows = table.filter(filled), rows[np.array(filled.to_pylist())]
    return Table(name, tuple(columns), tuple(table.columns), rows, separator, digest, told)


def _row_numbers(count: int, skipped: list[int]) -> NDArray[np.int64]:
    """Rows of the kept records: 2, 3, ... without the skipped ones."""
    rows = np.arange(2, count + len(skipped) + 2, dtype=np.int64)
    return rows[~np.isin(rows, skipped)]


def _filled(table: pa.Table) -> pa.ChunkedArray:
    """Which records are not blank lines (all values empty); kept in Arrow, for its way from Python imports pandas."""
    compute = pyarrow.compute
    filled = _has_text(table.column(0))
    for column in table.columns[1:]:
        if compute.all(filled).as_py():
            break
        filled = compute.or_(filled, _has_text(column))
    return filled


def _has_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pyarrow.compute.cast(pyarrow.compute.utf8_length(column), pa.bool_())


def _from_parquet(raw: bytes, name: str, digest: str) -> Table:
    from pyarrow.parquet import read_table  # slow to import, and most tables are text

    try:
        table = read_table(pa.BufferReader(raw))
        table.validate(full=True)  # texts that are no UTF-8, among others
        names = table.column_names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise InputError(
            Fault(name, f"is a damaged parquet file: {reason}.", "Copy or save it again.")
        ) from error
    _refuse_if(table.num_rows == 0, name, "has no rows.")
    return _records(list(zip(names, table.columns, strict=True)), name, digest)


def _from_h5ad(raw: bytes, name: str, digest: str) -> Table:
    columns = read_columns(raw, name)
    _refuse_if(not columns or len(columns[0][1]) == 0, name, "has no cells.")
    return _records(columns, name, digest)


def _records(columns: list[tuple[str, pa.ChunkedArray]], name: str, digest: str) -> Table:
    """A table without a header row; categories are spelled out, lists and tables in a column are texts."""
    plain = tuple(_flat(column) for _, column in columns)
    rows = np.arange(1, len(plain[0]) + 1, dtype=np.int64)
    return Table(name, tuple(key for key, _ in columns), plain, rows, "", digest)


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])
    return column


def as_text(value: Any) -> str:
    """A value as a person would type it: 1.0 is '1', nothing is ''."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def capped(faults: list[Fault], name: str) -> list[Fault]:
    """The first faults of one kind, and how many more there are."""
    if len(faults) <= MOST_LISTED:
        return faults
    return [
        *faults[:MOST_LISTED],
        Fault(name, f"... and {len(faults) - MOST_LISTED:,} more rows like these."),
    ]
