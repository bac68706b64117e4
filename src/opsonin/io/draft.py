"""A label map drafted from a table, as TOML for a person to check: labels with counts, guesses, and what is left to do.

The guesses are in `guesses.py`; finding a shipped map that reads the table as it is, is here too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from opsonin.core.errors import Fault, InputError
from opsonin.io.biopsies import columns_of, label_faults
from opsonin.io.columns import coded, numbers, numeric
from opsonin.io.fields import fields_of
from opsonin.io.guesses import Columns, guess_columns, guess_marking, guess_stains
from opsonin.io.places import USUAL_UM, nearest_distance
from opsonin.io.tables import Table, capped
from opsonin.io.text_tables import short
from opsonin.io.toml_files import inline, parse_toml, toml_key
from opsonin.knowledge.library import Library
from opsonin.model.panels import SECTION, LabelMap, Marking


def fitting_map(table: Table, library: Library) -> LabelMap | None:
    """The shipped label map that knows every column and every label of a table; the smallest, if several do."""
    fitting = [
        label_map
        for label_map in _with_columns(table, library)
        if _knows(label_map, coded(table.column(label_map.label))[0])
    ]
    return _smallest(fitting)


def _with_columns(table: Table, library: Library) -> list[LabelMap]:
    """The shipped maps all of whose columns a table has."""
    return [
        label_map
        for label_map in library.labels.values()
        if all(table.columns.count(column) == 1 for column in columns_of(label_map))
    ]


def knowing(texts: list[str], library: Library) -> LabelMap | None:
    """The smallest shipped map that knows all these labels, whatever its columns are called."""
    return _smallest([label_map for label_map in library.labels.values() if _knows(label_map, texts)])


def _knows(label_map: LabelMap, texts: list[str]) -> bool:
    return set(texts) <= {*label_map.labels, *label_map.ignore}


def _smallest(label_maps: list[LabelMap]) -> LabelMap | None:
    return min(label_maps, key=lambda label_map: (len(label_map.labels), label_map.name), default=None)


def _texts(table: Table, column: str | None) -> list[str]:
    return [] if column is None else coded(table.column(column))[0]


def draft_label_map(table: Table, library: Library) -> str:
    """TOML of a label map for `table`: it loads as it is; what no guess is possible for is a comment with TODO."""
    known = fitting_map(table, library)
    columns = guess_columns(table, library) if known is None else Columns(known.x, known.y, known.label)
    name = re.sub(r"[^A-Za-z0-9_-]", "-", table.name.partition(".")[0]).lstrip("-_") or "panel"
    lines = [
        f"# Label map for {table.name}, drafted from its columns and labels. Check every line, then name this file",
        '# in a scenario: labels = "FILE.toml"; or look at what it makes: opsonin biopsy show ... --labels FILE.toml',
    ]
    if known is not None:
        lines.append(f"# All of it is known: the shipped label map '{known.name}' reads this table as it is.")
    lines += [
        f"name = {inline(name)}",
        f"title = {inline(known.title if known else f'Labels of {table.name}')}",
    ]
    lines += _positions(table, columns, known)
    lines += _section(known)
    lines += _labels(table, columns.label, known, library)
    lines += _intensities(table, known, library)
    return "\n".join(lines) + "\n"


def _positions(table: Table, columns: Columns, known: LabelMap | None) -> list[str]:
    lines = []
    if columns.x is None or columns.y is None:
        lines.append(f'# TODO x = "...", y = "..."  # {_on_one_line(_no_positions(table))}')
    else:
        lines += [f"x = {inline(columns.x)}", f"y = {inline(columns.y)}"]
    if columns.label is None:
        lines.append(f'# TODO label = "..."  # {_on_one_line(_no_labels(table))}')
    else:
        lines.append(f"label = {inline(columns.label)}")
    return [*lines, _scale(table, columns, known)]


def _no_positions(table: Table) -> str:
    found = [column for column in table.columns if numeric(table.column(column))]
    return f"no two columns look like positions; columns of numbers: {', '.join(found[:30]) or 'none'}"


def _no_labels(table: Table) -> str:
    return f"no column looks like cell types; columns: {', '.join(table.columns[:30])}"


def _scale(table: Table, columns: Columns, known: LabelMap | None) -> str:
    """The scale, with what the distance between cells says of it."""
    scale = known.scale if known is not None else columns.um
    line = f"scale = {inline(scale)}  # um per unit of x and y"
    nearest = _nearest(table, columns)
    if nearest is None:
        return line
    line += f"; the median distance to the nearest cell is then {nearest * scale:.3g} um"
    if known is None and columns.in_pixels:
        return f"{line}. TODO: {columns.x} is usually in pixels; write um per pixel."
    if not USUAL_UM[0] <= nearest * scale <= USUAL_UM[1]:
        low, high = USUAL_UM
        return f"{line}, in solid tissue {low:g} to {high:g}. TODO: if these are pixels, write um per pixel."
    return line


def _nearest(table: Table, columns: Columns) -> float | None:
    """Median nearest distance in the first field, in units of the table; None where positions are no numbers."""
    if columns.x is None or columns.y is None:
        return None
    field = fields_of(table, {})[0]
    kept = np.ones(len(table.rows), bool)
    for column, value in field.select.items():
        texts, codes = coded(table.column(column))
        kept &= codes == texts.index(value)
    rows = np.flatnonzero(kept)
    x, wrong = numbers(table, columns.x, rows)
    y, also = numbers(table, columns.y, rows)
    return None if wrong or also or len(rows) < 2 else nearest_distance(np.column_stack([x, y]))


def _section(known: LabelMap | None) -> list[str]:
    if known is not None and known.section is not None:
        return [f'section = "{known.section:g} um"']
    return [f'# section = "{SECTION:g} um"  # thickness of the cut, if you know it; this is the default']


def _labels(table: Table, column: str | None, known: LabelMap | None, library: Library) -> list[str]:
    """One line per label, the commonest first."""
    if column is None:
        return ["", "[labels]"]
    texts, codes = coded(table.column(column))
    counts = Counter(dict(zip(texts, np.bincount(codes, minlength=len(texts)).tolist(), strict=True)))
    like = known if known is not None else knowing(texts, library)
    shipped = like.labels if like is not None else {}
    ignored = like.ignore if like is not None else ()
    lines = []
    if like is not None and known is None:
        lines.append(f"# All labels are known: they are those of the shipped label map '{like.name}'.")
    if ignored:
        lines.append(f"ignore = {inline(ignored)}")
    lines += ["", f"[labels]  # cell types: {', '.join(sorted(library.cells))}"]
    for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        marking = shipped.get(label) or guess_marking(label, library)
        if label not in ignored:
            lines.append(_label(label, count, marking))
    return lines


def _label(label: str, count: int, marking: Marking | None) -> str:
    cells = _cells(count)
    if not label.strip():
        have, them = (
            ("has", "it one, or remove its row") if count == 1 else ("have", "them one, or remove their rows")
        )
        return f"# TODO {cells} {have} an empty label: give {them}."
    if marking is None:
        return f'# TODO {toml_key(label)} = {{ cell = "..." }}  # {cells}; its words name no cell type: write one'
    return f"{toml_key(label)} = {inline(marking.model_dump(exclude_defaults=True))}  # {cells}"


def _cells(count: int) -> str:
    return f"{count:,} cell{'' if count == 1 else 's'}"


def _intensities(table: Table, known: LabelMap | None, library: Library) -> list[str]:
    lines: list[str] = []
    scales: Mapping[str, object] = {} if known is None else known.intensities
    for molecule in scales:
        assert known is not None  # it has scales
        lines += ["", f"[intensities.{toml_key(molecule)}]"]
        content = known.intensities[molecule].model_dump(exclude_defaults=True)
        lines += [f"{key} = {inline(value)}" for key, value in content.items()]
    if known is not None:
        return lines
    for molecule, columns in guess_stains(table, library).items():
        lines += [
            "",
            f"# TODO {', '.join(columns)} may hold the stain of {molecule}. To set its level per cell, say:",
            f"# [intensities.{toml_key(molecule)}]",
            f"# columns = {inline(columns)}",
            "# background = ...  # intensity that counts as none",
            "# reference = ...  # intensity of a cell at the resting level of its type",
            '# assumed = "..."  # or source: where both come from',
        ]
    return lines


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def drafted_map(table: Table, library: Library) -> tuple[LabelMap, str]:
    """The draft as a label map, and in words how it came about; InputError with what no guess is possible for."""
    columns = guess_columns(table, library)
    missing = list(_gaps(table, columns, library))
    if missing:
        name = table.name
        fix = f"Draft one, complete it, and give it as --labels: opsonin biopsy labels {name} -o labels.toml"
        raise InputError(
            *(_all_but_some(table, library) or capped(missing, name)),
            Fault(name, "fits no shipped label map as it is.", fix),
        )
    like = knowing(_texts(table, columns.label), library)
    how = "its labels are guessed from their words"
    if like is not None:
        how = f"its columns are found by their names, its labels are those of '{like.name}'"
    return LabelMap.model_validate(parse_toml(draft_label_map(table, library), "draft")), how


def _gaps(table: Table, columns: Columns, library: Library) -> Iterator[Fault]:
    """What keeps a table from being read by guesses alone."""
    if columns.x is None or columns.y is None:
        yield Fault(table.name, f"{_no_positions(table)}.", "Say which hold them in a label map: x and y.")
    if columns.label is None:
        yield Fault(table.name, f"{_no_labels(table)}.", "Say which holds them in a label map: label.")
        return
    texts, codes = coded(table.column(columns.label))
    if knowing(texts, library) is not None:
        return
    for code, text in enumerate(texts):
        if guess_marking(text, library) is not None:
            continue
        rows = np.flatnonzero(codes == code)
        where = f"{table.name} row {table.rows[rows[0]]}"
        what = (
            f"the words of label '{short(text)}' name no cell type" if text.strip() else "the label is empty"
        )
        yield Fault(where, f"{what} ({_cells(len(rows))}).")


def _all_but_some(table: Table, library: Library) -> list[Fault]:
    """The labels that keep a table from fitting the shipped map that knows most of its cells, at least half of them."""
    best: tuple[float, LabelMap, list[Fault]] | None = None
    every = np.arange(len(table.rows))
    for label_map in _with_columns(table, library):
        texts, codes = coded(table.column(label_map.label))
        known = [text in label_map.labels or text in label_map.ignore for text in texts]
        share = float(np.mean(np.array(known)[codes]))
        if share >= 0.5 and (best is None or share > best[0]):
            best = share, label_map, label_faults(table, texts, codes, every, label_map)
    if best is None:
        return []
    _, label_map, faults = best
    return [
        Fault(table.name, f"fits label map '{label_map.name}' but for these labels:"),
        *faults,
    ]
