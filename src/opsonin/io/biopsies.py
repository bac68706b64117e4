"""Biopsies: a table of cells becomes positions and labels with their meaning, or a list of faults.

Reading files is in `tables.py`; turning a biopsy into a tissue is the engine's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.columns import coded, numbers
from opsonin.io.fields import Field, fields_of, names_patients, normalised, told_apart_by
from opsonin.io.intensities import Levels, measured_levels
from opsonin.io.places import nearest_distance, place_doubts, place_faults
from opsonin.io.tables import Table, as_text, capped, read_even_rows
from opsonin.io.text_tables import short
from opsonin.io.toml_files import inline
from opsonin.model.panels import LabelMap

FEWEST_CELLS = 10
MOST_CELLS = 5_000_000
# Of positions in um.
_DECIMALS = 6
_UNITS = ("um", "microns", "px", "pixel", "pixels", "nm", "mm")
_IDS = frozenset({"cellid", "objectid", "cellname", "cellnumber"})
_SCIMAP = ("X_centroid", "Y_centroid")


@dataclass(frozen=True)
class Biopsy:
    """Cells as imaged, in the order of the file. Arrays have one entry per cell and cannot be written to.

    Attributes:
        name: of the file.
        sha256: hex digest of the file as stored.
        selected: the `select` it was read with.
        x_um, y_um, z_um: positions [um], float64; z is None in a section.
        rows: row of the file each cell stands in (the header is row 1; parquet counts from 1).
        label_codes: index into `labels`, int32.
        labels: labels that occur, sorted.
        cell_of_label: cell type that each label became.
        positive, negative: molecules that each label shows, and shows not to be there.
        counts: cells per label.
        ignored: cells per label that the label map leaves out.
        measured: molecule -> level of each cell over the resting level of its type, NaN where not measured.
        nearest_um: median distance of a cell to its nearest neighbour [um].
        doubts: what is read, but is unlikely to be meant.
    """

    name: str
    sha256: str
    selected: tuple[tuple[str, str], ...]
    x_um: NDArray[np.float64]
    y_um: NDArray[np.float64]
    z_um: NDArray[np.float64] | None
    rows: NDArray[np.int64]
    label_codes: NDArray[np.int32]
    labels: tuple[str, ...]
    cell_of_label: tuple[str, ...]
    positive: tuple[tuple[str, ...], ...]
    negative: tuple[tuple[str, ...], ...]
    counts: dict[str, int]
    ignored: dict[str, int]
    measured: dict[str, NDArray[np.float64]]
    nearest_um: float
    doubts: tuple[Fault, ...]

    def __len__(self) -> int:
        return len(self.x_um)

    @property
    def label(self) -> NDArray[np.str_]:
        """Label of each cell."""
        return np.array(self.labels)[self.label_codes]

    @property
    def cells(self) -> NDArray[np.str_]:
        """Cell type of each cell."""
        return np.array(self.cell_of_label)[self.label_codes]

    @property
    def became(self) -> dict[str, tuple[str, int]]:
        """For each label, its cell type and how many cells have it."""
        return {
            label: (cell, self.counts[label])
            for label, cell in zip(self.labels, self.cell_of_label, strict=True)
        }

    @property
    def field_um(self) -> tuple[float, float]:
        """Width and height of the field [um]: the extent of n uniform points falls short by 2 parts in n + 1."""
        stretch = (len(self) + 1) / (len(self) - 1)
        return float(np.ptp(self.x_um)) * stretch, float(np.ptp(self.y_um)) * stretch


def read_biopsy(path: str | Path, select: Mapping[str, str | int], label_map: LabelMap) -> Biopsy:
    """The cells of one field of a table.

    Args:
        path: CSV, TSV (either may be gzip), parquet or h5ad.
        select: column -> value that a row must have; 1 and "1" are the same.
        label_map: names the columns, and says what the labels mean.
    Raises:
        InputError: with every fault found; of each kind, the first 20 and how many more there are.
        HostError: the file needs an extra that is not installed.
    """
    return biopsy_of(read_even_rows(Path(path)), select, label_map)


def biopsy_of(table: Table, select: Mapping[str, str | int], label_map: LabelMap) -> Biopsy:
    """The cells of one field of a table that was read already; raises as `read_biopsy` does."""
    faults = _column_faults(table, select, label_map)
    if faults:
        raise InputError(*table.faults, *faults)
    kept = _selected(table, select)
    label_texts, codes = coded(table.column(label_map.label))
    codes = codes[kept]
    faults = label_faults(table, label_texts, codes, kept, label_map)
    ignored_codes = [code for code, text in enumerate(label_texts) if text in label_map.ignore]
    use = ~np.isin(codes, ignored_codes)
    ignored = {
        label_texts[code]: int((codes == code).sum()) for code in ignored_codes if (codes == code).any()
    }
    kept, codes = kept[use], codes[use]
    axes = {"x": label_map.x, "y": label_map.y} | ({"z": label_map.z} if label_map.z is not None else {})
    positions = []
    for column in axes.values():
        values, wrong = numbers(table, column, kept)
        with np.errstate(over="ignore"):  # an infinite place is far outside, and told so
            # whoever converted the unit beforehand differs by rounding, which must not change an id
            positions.append(np.round(values * label_map.scale, _DECIMALS) + 0.0)
        faults += wrong
    texts = np.array(label_texts, dtype=object)[codes]
    known = label_map.labels
    cells = np.array([known[text].cell if text in known else "" for text in texts], dtype=str)
    measured, wrong = measured_levels(table, kept, cells, label_map)
    faults += wrong
    if not faults:
        faults = _count_faults(table, kept) or place_faults(
            table, np.column_stack(positions), kept, label_map
        )
        fields = fields_of(table, select)
        if len(fields) > 1 and (faults or any(map(names_patients, told_apart_by(fields)))):
            faults = [_several(table, fields)]  # what is said of places in one field is not to the point
    if table.faults or faults:
        raise InputError(*table.faults, *faults)
    doubts = (_several(table, fields),) if len(fields) > 1 else tuple(_id_doubts(table, kept))
    return _biopsy(table, select, label_map, kept, positions, texts.tolist(), ignored, measured, doubts)


def _several(table: Table, fields: list[Field]) -> Fault:
    return Fault(
        table.name,
        f"holds {len(fields)} fields, told apart by {', '.join(told_apart_by(fields))}, which are read as one tissue.",
        f'Choose one, as in select = {inline(fields[0].select)}, or name several in fields; fields = "all" reads each. '
        f"opsonin biopsy show {table.name} lists them.",
    )


def _id_doubts(table: Table, kept: NDArray[np.int64]) -> Iterator[Fault]:
    """One doubt per column of ids in which cells share one: the table may hold a cell twice."""
    for column in table.columns:
        if normalised(column) not in _IDS or table.columns.count(column) > 1:
            continue
        texts, codes = coded(table.column(column))
        _, first, inverse = np.unique(codes[kept], return_index=True, return_inverse=True)
        original, blank = first[inverse], [code for code, text in enumerate(texts) if not text.strip()]
        twice = np.flatnonzero((original != np.arange(len(kept))) & ~np.isin(codes[kept], blank))
        if len(twice):
            again, before = (table.rows[kept[index]] for index in (twice[0], original[twice[0]]))
            problem = (
                f"{column} '{short(texts[codes[kept[twice[0]]]])}' is that of row {before} too; "
                f"{len(twice):,} of {len(kept):,} cells share the id of one above."
            )
            fix = "If these are the same cells twice, remove one of each; if the ids begin anew, all is well."
            yield Fault(f"{table.name} row {again}", problem, fix)


def _biopsy(
    table: Table,
    select: Mapping[str, str | int],
    label_map: LabelMap,
    kept: NDArray[np.int64],
    positions: list[NDArray[np.float64]],
    label_of_cell: list[str],
    ignored: dict[str, int],
    measured: Levels,
    doubts: tuple[Fault, ...],
) -> Biopsy:
    """Faultless content in its final form; as many arguments as a biopsy has sources."""
    labels, codes, counts = np.unique(np.array(label_of_cell), return_inverse=True, return_counts=True)
    names = tuple(str(label) for label in labels)
    markings = [label_map.labels[name] for name in names]
    places, rows, codes32 = np.column_stack(positions), table.rows[kept], codes.astype(np.int32)
    arrays: list[NDArray[Any]] = [*positions, rows, codes32]
    for array in arrays:
        array.flags.writeable = False
    return Biopsy(
        name=table.name,
        sha256=table.sha256,
        selected=tuple((column, str(value)) for column, value in select.items()),
        x_um=positions[0],
        y_um=positions[1],
        z_um=positions[2] if len(positions) == 3 else None,
        rows=rows,
        label_codes=codes32,
        labels=names,
        cell_of_label=tuple(marking.cell for marking in markings),
        positive=tuple(marking.positive for marking in markings),
        negative=tuple(marking.negative for marking in markings),
        counts={name: int(count) for name, count in zip(names, counts, strict=True)},
        ignored=ignored,
        measured=measured,
        nearest_um=nearest_distance(places),
        doubts=place_doubts(table, places, kept, label_map) + doubts,
    )


def _column_faults(table: Table, select: Mapping[str, str | int], label_map: LabelMap) -> list[Fault]:
    """Columns that are missing or there twice, and values to select that no row has."""
    needed = columns_of(label_map)
    faults = []
    for column in dict.fromkeys([*needed, *select]):
        count = table.columns.count(column)
        if count == 0:
            asked = "select" if column not in needed else f"label map '{label_map.name}'"
            faults.append(
                Fault(
                    table.name,
                    f"has no column '{column}', which {asked} asks for.",
                    _column_hint(table, column),
                )
            )
        elif count > 1:
            faults.append(Fault(table.name, f"has {count} columns named '{column}'.", "Rename all but one."))
        elif column in select:
            available = sorted({as_text(value) for value in table.column(column).unique().to_pylist()})
            if str(select[column]) not in available:
                listed = ", ".join(available[:30]) + (", ..." if len(available) > 30 else "")
                problem = f"select: no row has '{select[column]}' in column '{column}'."
                faults.append(Fault(table.name, problem, f"{_plural(column)}: {listed}."))
    if not faults and select and not len(_selected(table, select)):
        written = ", ".join(f"{column} = {value}" for column, value in select.items())
        faults.append(Fault(table.name, f"select: each value is there, but no row has {written} together."))
    return faults


def columns_of(label_map: LabelMap) -> list[str]:
    """The columns that a label map asks for."""
    depth = [label_map.z] if label_map.z is not None else []
    stains = [column for intensity in label_map.intensities.values() for column in intensity.columns]
    return list(dict.fromkeys([label_map.x, label_map.y, *depth, label_map.label, *stains]))


def became_told(cell: str, positive: Iterable[str], negative: Iterable[str]) -> str:
    """What a label became, with the marks that it sets: "cancer, PD-L1 negative: never induced"."""
    marks = [f"{molecule} positive" for molecule in positive]
    marks += [f"{molecule} negative: never induced" for molecule in negative]
    return ", ".join([cell, *marks])


def _plural(column: str) -> str:
    return column if column.endswith("s") else f"{column}s"


def _column_hint(table: Table, column: str) -> str:
    if all(name in table.columns for name in _SCIMAP) and column not in ("patient", "image"):
        return (
            "It has X_centroid and Y_centroid, as scimap and MCMICRO write them; "
            f"`opsonin biopsy labels {table.name}` drafts a label map that reads them."
        )
    alike = [name for name in table.columns if name and _without_unit(name) == _without_unit(column)]
    if len(alike) == 1:
        return f"Did you mean '{alike[0]}'? Rename it if it is in the same unit, or name it in a label map of your own."
    return did_you_mean(column, [name for name in table.columns if name])


def _without_unit(column: str) -> str:
    """A name as far as it does not say in what the values are measured: `x` of 'x', 'X (px)' and 'x_um'."""
    name = normalised(column)
    return next((name.removesuffix(unit) for unit in _UNITS if name.endswith(unit)), name)


def _selected(table: Table, select: Mapping[str, str | int]) -> NDArray[np.int64]:
    """Indices of the records that match, ascending."""
    chosen = np.ones(len(table.rows), dtype=bool)
    for column, value in select.items():
        written, codes = coded(table.column(column))
        chosen &= np.isin(codes, [code for code, text in enumerate(written) if text == str(value)])
    return np.flatnonzero(chosen)


def label_faults(
    table: Table, written: list[str], codes: NDArray[np.int64], kept: NDArray[np.int64], label_map: LabelMap
) -> list[Fault]:
    """One fault per label that the map does not know, with its first row and how many cells have it."""
    faults = []
    known = [*label_map.labels, *label_map.ignore]
    for code, first in zip(*np.unique(codes, return_index=True), strict=True):
        label = written[code]
        if label in known:
            continue
        count = int((codes == code).sum())
        also = "" if count == 1 else f" ({count:,} cells have it)"
        where = f"{table.name} row {table.rows[kept[first]]}"
        problem = (
            f"label '{short(label)}' is not in label map '{label_map.name}'{also}."
            if label.strip()
            else f"the label is empty{also}."
        )
        faults.append(Fault(where, problem, did_you_mean(label, known)))
    return capped(faults, table.name)


def _count_faults(table: Table, kept: NDArray[np.int64]) -> list[Fault]:
    if len(kept) < FEWEST_CELLS:
        cells = "1 cell is" if len(kept) == 1 else f"{len(kept)} cells are"
        return [Fault(table.name, f"only {cells} selected; at least {FEWEST_CELLS} are needed.")]
    if len(kept) > MOST_CELLS:
        fix = "Select a smaller field."
        return [
            Fault(table.name, f"{len(kept):,} cells are selected; at most {MOST_CELLS:,} are allowed.", fix)
        ]
    return []
