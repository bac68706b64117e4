"""What `opsonin biopsy show` tells of a field: what was understood, what it looks like, and what is missing.

As tables for --json, and as lines for people; drawing it is the report's work.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from opsonin.io.biopsies import Biopsy, became_told, columns_of
from opsonin.io.fields import Field, field_columns
from opsonin.io.packing import STREWN_BELOW, diameters_of, doubts_of, packing_of
from opsonin.io.tables import Table
from opsonin.io.thickness import NUCLEUS_OF
from opsonin.knowledge.followed import followed
from opsonin.knowledge.library import Library
from opsonin.model.panels import LabelMap
from opsonin.observe.architecture import RULE, architecture, contact_share
from opsonin.report.biopsy_map import Picture

EFFECTOR = "cd8"
TUMOUR = NUCLEUS_OF
VESSEL = "endothelium"


@dataclass(frozen=True)
class Understood:
    """A field with everything that was used to read it."""

    table: Table
    label_map: LabelMap
    biopsy: Biopsy
    library: Library

    @property
    def area_mm2(self) -> float:
        width, height = self.biopsy.field_um
        return width * height * 1e-6

    @property
    def packing(self) -> float:
        """Area of the cells, at the diameters of their types, over that of the field."""
        return packing_of(self.biopsy, self.library)

    @property
    def size_told(self) -> str:
        """What is said of the discs in the picture."""
        told = (
            f"Discs are {self.packing**-0.5:.2g} times the size of their types: in area they equal the field."
        )
        few = " It is too empty to be filled: in a run cells close up."
        return told if self.packing >= STREWN_BELOW else told + few

    @property
    def radii(self) -> Any:
        """Radius of each cell [um], scaled so that their discs equal the field in area."""
        return 0.5 * diameters_of(self.biopsy, self.library) / np.sqrt(self.packing)

    def picture(self, title: str) -> Picture:
        """What is to be drawn of it."""
        biopsy = self.biopsy
        return Picture(title, biopsy.x_um, biopsy.y_um, self.radii, biopsy.cells)


def summary(seen: Understood) -> dict[str, Any]:
    """The field in numbers; densities per mm2, lengths in um."""
    biopsy, cells = seen.biopsy, seen.biopsy.cells
    kinds, counts = np.unique(cells, return_counts=True)
    density = {str(kind): int(count) / seen.area_mm2 for kind, count in zip(kinds, counts, strict=True)}
    places = np.column_stack([biopsy.x_um, biopsy.y_um])
    share = contact_share(places, seen.radii, cells == EFFECTOR, cells == TUMOUR)
    markings = seen.label_map.labels
    return {
        "ok": True,
        "file": biopsy.name,
        "select": dict(biopsy.selected),
        "label_map": seen.label_map.name,
        "cells": len(biopsy),
        "size_um": list(biopsy.field_um),
        "types": [
            {
                "type": str(kind),
                "title": seen.library.cells[str(kind)].title,
                "cells": int(count),
                "per_mm2": density[str(kind)],
            }
            for kind, count in sorted(zip(kinds, counts, strict=True), key=lambda pair: -pair[1])
        ],
        "labels": [
            {
                "label": label,
                "cells": count,
                "became": cell,
                "positive": list(markings[label].positive),
                "negative": list(markings[label].negative),
                "note": markings[label].note,
            }
            for label, (cell, count) in biopsy.became.items()
        ],
        "ignored": biopsy.ignored,
        "measured": {molecule: _levels(biopsy, molecule) for molecule in biopsy.measured},
        "architecture": architecture(density.get(EFFECTOR, 0.0), share) if TUMOUR in density else None,
        "cd8_in_contact_with_tumour": share,
        "rule": RULE,
        "nearest_um": biopsy.nearest_um,
        "packing": seen.packing,
        "missing": list(_missing(seen)),
        "doubts": [f"{doubt.problem} {doubt.fix}" for doubt in doubts_of(biopsy, seen.library)],
    }


def _levels(biopsy: Biopsy, molecule: str) -> dict[str, float | int]:
    """How many cells are measured, in how many the label denies the molecule, and how the levels of the rest spread."""
    levels = biopsy.measured[molecule]
    denied = np.array([molecule in negative for negative in biopsy.negative])[biopsy.label_codes]
    measured = np.isfinite(levels)
    counts: dict[str, float | int] = {
        "cells": int(measured.sum()),
        "negative": int((measured & denied).sum()),
    }
    if counts["cells"] == counts["negative"]:
        return counts
    low, middle, high = np.percentile(levels[measured & ~denied], (10, 50, 90))
    return {**counts, "p10": float(low), "median": float(middle), "p90": float(high)}


def _missing(seen: Understood) -> Iterator[str]:
    """What a run has to fill, draw or assume because the table does not show it."""
    label_map, found = seen.label_map, set(seen.biopsy.cell_of_label)
    markings = label_map.labels.values()
    stained = {molecule for marking in markings for molecule in (*marking.positive, *marking.negative)}
    unstained = sorted(set(followed(seen.library)) - stained - set(label_map.intensities))
    if unstained:
        yield f"not stained: {', '.join(unstained)}; every cell gets the level of its type, with its spread"
    if TUMOUR not in found:
        yield "no tumour cells"
    if EFFECTOR not in found:
        yield "no CD8 cells"
    if VESSEL not in found:
        yield "vessels are not shown; a run places them at random, at the tumour's density"
    if label_map.section is None:
        yield "thickness of the cut: no column or label map says it; assumed unless the scenario gives a thickness"
    if not field_columns(seen.table):
        yield "no column names a patient or image: the whole table is taken as one field"
    used = {*columns_of(label_map), *(column for column, _ in seen.biopsy.selected)}
    unread = [column or "(no name)" for column in seen.table.columns if column not in used]
    if unread:
        yield f"columns not read: {', '.join(unread[:30])}" + (", ..." if len(unread) > 30 else "")


def lines(told: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    chosen = "".join(f", {column} {value}" for column, value in told["select"].items())
    width, height = told["size_um"]
    yield f"{told['file']}{chosen}"
    yield f"  {told['cells']:,} cells in {width:.0f} x {height:.0f} um, read with label map '{told['label_map']}'"
    yield ""
    size = max(len(row["title"]) for row in told["types"])
    yield f"  {'type':<{size}}  {'cells':>7}  {'per mm2':>8}"
    for row in told["types"]:
        yield f"  {row['title']:<{size}}  {row['cells']:>7,}  {row['per_mm2']:>8,.0f}"
    yield ""
    size = max(
        len(row["label"]) for row in [*told["labels"], *({"label": label} for label in told["ignored"])]
    )
    yield f"  {'label':<{size}}  {'cells':>7}  became"
    for row in told["labels"]:
        became = became_told(row["became"], row["positive"], row["negative"])
        note = f"  ({row['note']})" if row["note"] else ""
        yield f"  {row['label']:<{size}}  {row['cells']:>7,}  {became}{note}"
    for label, count in told["ignored"].items():
        yield f"  {label:<{size}}  {count:>7,}  (ignored)"
    for molecule, levels in told["measured"].items():
        if levels["cells"]:
            yield from _wrapped("measured", f"{molecule} in {levels['cells']:,} cells{_spread(levels)}")
    yield ""
    share = told["cd8_in_contact_with_tumour"]
    contact = "no CD8 cells" if share is None else f"{100 * share:.0f} % of CD8 cells touch a tumour cell"
    yield f"  architecture      {told['architecture'] or 'no tumour cells'}: {contact}"
    yield from _wrapped("", f"({told['rule']})")
    yield f"  nearest distance  {told['nearest_um']:.2f} um (median)"
    yield f"  packing           {told['packing']:.2f} (area of the cells, at their types' diameters, over the field's)"
    for what in told["missing"]:
        yield from _wrapped("missing", what)
    for doubt in told["doubts"]:
        yield from _wrapped("DOUBT", doubt)


def _spread(levels: dict[str, float | int]) -> str:
    denied = (
        f"; {levels['negative']:,} are negative by their label and get none" if levels["negative"] else ""
    )
    if "median" not in levels:
        return denied
    low, middle, high = (levels[key] for key in ("p10", "median", "p90"))
    told = f"{middle:.2g} times the resting level (10th to 90th percentile {low:.2g} to {high:.2g})"
    return f"{denied}; {'the others have ' if denied else ''}{told}"


def field_row(field: Field, seen: Understood) -> dict[str, Any]:
    """One of several fields in short."""
    told = summary(seen)
    kept = {key: told[key] for key in ("cells", "size_um", "types", "architecture", "doubts")}
    return {"select": field.select, "rows": field.rows} | kept


def field_lines(told: dict[str, Any]) -> Iterator[str]:
    """Several fields for people, one line each."""
    yield f"{told['file']}  {len(told['fields'])} fields, read with label map '{told['label_map']}'"
    names = [
        ", ".join(f"{column} {value}" for column, value in row["select"].items()) for row in told["fields"]
    ]
    width = max(map(len, names))
    for name, row in zip(names, told["fields"], strict=True):
        if "faults" in row:
            yield f"  {name:<{width}}  {row['rows']:>7,} rows   NOT READ     {row['faults'][0]}"
            continue
        kinds = ", ".join(f"{kind['type']} {kind['cells']:,}" for kind in row["types"])
        yield f"  {name:<{width}}  {row['cells']:>7,} cells  {row['architecture'] or '-':<11}  {kinds}"
        yield from (f"  {'':<{width}}  DOUBT  {doubt}" for doubt in row["doubts"])


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent=f"  {head:<16}  ", subsequent_indent=" " * 20)
