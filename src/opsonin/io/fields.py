"""Which imaged fields a table holds: rows that agree in the columns that name patients, images or regions.

Reading one of the fields is in `biopsies.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from opsonin.io.columns import coded
from opsonin.io.tables import Table

# Normalised names of columns that tell one field from another; outcomes and groups do not.
_FIELD = frozenset(
    {
        "patient",
        "patientid",
        "case",
        "caseid",
        "donor",
        "sample",
        "sampleid",
        "slide",
        "slideid",
        "image",
        "imageid",
        "imagenumber",
        "field",
        "fieldid",
        "fov",
        "roi",
        "roiid",
        "region",
        "regionid",
        "core",
        "coreid",
        "tile",
        "acquisition",
        "acquisitionid",
        "libraryid",
        "spot",
    }
)


@dataclass(frozen=True)
class Field:
    """One field: what selects it, and how many rows it has."""

    select: dict[str, str]
    rows: int

    @property
    def name(self) -> str:
        return ", ".join(f"{column} {value}" for column, value in self.select.items()) or "the whole table"


_PATIENT = frozenset({"patient", "patientid", "case", "caseid", "donor"})


def names_patients(column: str) -> bool:
    """True for a column whose values are patients."""
    return normalised(column) in _PATIENT


def normalised(column: str) -> str:
    """A column's name in lower case, without spaces and signs."""
    return "".join(sign for sign in column.lower().replace("µ", "u").replace("μ", "u") if sign.isalnum())


def field_columns(table: Table) -> list[str]:
    """Columns that name fields, in their order."""
    return [column for column in table.columns if normalised(column) in _FIELD]


def fields_of(table: Table, select: Mapping[str, str | int]) -> list[Field]:
    """The fields among the rows that `select` allows, by name; one that selects nothing more, if there is one only.

    Args:
        select: column -> value, as `read_biopsy` takes it; columns that the table lacks are passed over.
    """
    chosen = np.ones(len(table.rows), bool)
    names = [column for column in field_columns(table) if column not in select]
    for column, value in select.items():
        if column in table.columns:
            texts, codes = coded(table.column(column))
            chosen &= np.isin(codes, [code for code, text in enumerate(texts) if text == str(value)])
    kept = np.flatnonzero(chosen)
    given = {column: str(value) for column, value in select.items()}
    written = {column: coded(table.column(column)) for column in names}
    written = {column: pair for column, pair in written.items() if len(np.unique(pair[1][kept])) > 1}
    if not written:
        return [Field(given, len(kept))]
    combined = np.column_stack([codes[kept] for _, codes in written.values()])
    found, counts = np.unique(combined, axis=0, return_counts=True)
    fields = [
        Field(
            given
            | {column: texts[code] for (column, (texts, _)), code in zip(written.items(), row, strict=True)},
            int(count),
        )
        for row, count in zip(found, counts, strict=True)
    ]
    return sorted(fields, key=lambda field: [_natural(value) for value in field.select.values()])


def _natural(text: str) -> tuple[int, str]:
    """Sort key that puts 2 before 10."""
    return (int(text) if text.isdecimal() else -1, text)


def told_apart_by(fields: Sequence[Field]) -> list[str]:
    """Columns in which these fields differ."""
    return [column for column in fields[0].select if len({field.select.get(column) for field in fields}) > 1]
