"""`opsonin biopsy`: look at a table of cells before a scenario names it, and draft the label map of its panel.

What a biopsy means is decided in `io/`; nothing is simulated here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli import complete
from opsonin.cli.files import faults_of_file, shell_word, write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.core.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from opsonin.cli.biopsy_summary import Understood
    from opsonin.io.fields import Field
    from opsonin.io.tables import Table
    from opsonin.knowledge.library import Library
    from opsonin.model.panels import LabelMap

MOST_PANELS = 64

app = typer.Typer(no_args_is_help=True, help="Look at a table of cells, or draft the label map of its panel.")

File = Annotated[Path, typer.Argument(help="Table of cells: CSV, TSV (also .gz), parquet or h5ad.")]


@app.command("labels")
def draft(
    file: File,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write; else it is printed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft a label map (TOML): every label with its count and a guess of its cell type, to be checked."""
    from opsonin.io.draft import draft_label_map
    from opsonin.io.tables import read_table
    from opsonin.knowledge.library import load_library

    text = draft_label_map(read_table(file), load_library())
    if out is not None:
        faults = faults_of_file(out, "Choose another name; a checked map is precious.")
        if faults:
            raise InputError(*faults)
        write_file(out, text.encode())
    if as_json:
        print_json({"ok": True, "label_map": text, "file": None if out is None else str(out)})
    elif out is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"label map: {out}")


@app.command("show")
def show(
    file: File,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="Label map: a name, or the path of your own (TOML).",
            autocompletion=complete.label_maps,
        ),
    ] = None,
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="COLUMN=VALUE", help="One field; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Draw it into this PNG.")] = None,
    as_json: Json = False,
) -> None:
    """Say what is understood of a table of cells, and draw it; or list its fields, if it holds several."""
    from opsonin.io.fields import fields_of
    from opsonin.io.tables import read_even_rows
    from opsonin.knowledge.library import load_library

    chosen = _selection(select or [])
    _require_png(out)
    library, table = load_library(), read_even_rows(file)
    asked = _Asked(file, table, _label_map(labels, file, table, library), library, out, as_json)
    fields = fields_of(table, chosen)
    if len(fields) > 1:
        _show_fields(asked, fields)
    else:
        _show_field(asked, chosen)


@dataclass(frozen=True)
class _Asked:
    """A table to show, and how."""

    file: Path
    table: Table
    label_map: LabelMap
    library: Library
    out: Path | None
    as_json: bool

    def understood(self, chosen: dict[str, str]) -> Understood:
        from opsonin.cli.biopsy_summary import Understood
        from opsonin.io.biopsies import biopsy_of

        biopsy = biopsy_of(self.table, chosen, self.label_map)
        return Understood(self.table, self.label_map, biopsy, self.library)

    def tell(self, told: dict[str, Any], lines: Iterable[str]) -> None:
        """Print it as JSON or as lines, and where the drawing is."""
        drawn = {} if self.out is None else {"drawing": str(self.out)}
        if self.as_json:
            print_json(told | drawn)
            return
        print_lines([*lines, *(f"drawing: {path}" for path in drawn.values())])


def _show_field(asked: _Asked, chosen: dict[str, str]) -> None:
    from opsonin.cli.biopsy_summary import lines, summary

    seen = asked.understood(chosen)
    told = summary(seen)
    if asked.out is not None:
        name = ", ".join(f"{column} {value}" for column, value in chosen.items()) or asked.table.name
        found = f"{told['architecture'] or 'no tumour cells'}, packing {told['packing']:.2f}"
        subtitle = f"{asked.table.name}: {found}. {seen.size_told}"
        _draw([(name, seen)], subtitle, asked.out)
    asked.tell(told, lines(told))


def _show_fields(asked: _Asked, fields: list[Field]) -> None:
    """All fields in a list with their counts, and the first of them as small panels."""
    from opsonin.cli.biopsy_summary import field_lines, field_row
    from opsonin.io.tables import capped

    seen, rows = [], []
    faults: list[Fault] = []
    for field in fields:
        try:
            seen.append((field.name, asked.understood(field.select)))
            rows.append(field_row(field, seen[-1][1]))
        except InputError as error:  # told in its place in the list
            faults += error.faults
            rows.append(
                {"select": field.select, "rows": field.rows, "faults": [str(f) for f in error.faults]}
            )
    if not seen:
        raise InputError(*capped(list(dict.fromkeys(faults)), asked.table.name))
    if asked.out is not None:
        more = f" The first {MOST_PANELS} of them." if len(seen) > MOST_PANELS else ""
        subtitle = f"{asked.table.name}: {len(seen)} fields, label map '{asked.label_map.name}'.{more}"
        _draw(seen[:MOST_PANELS], subtitle, asked.out)
    chosen = " ".join(
        f"--select {shell_word(f'{column}={value}')}" for column, value in fields[0].select.items()
    )
    told = {"ok": True, "file": asked.table.name, "label_map": asked.label_map.name, "fields": rows}
    example = f"One of them: opsonin biopsy show {shell_word(str(asked.file))} {chosen}"
    asked.tell(told, [*field_lines(told), example])


def _label_map(labels: str | None, file: Path, table: Table, library: Library) -> LabelMap:
    """The map asked for; else the shipped one that fits; else a draft, and it is said which."""
    from opsonin.io.draft import drafted_map, fitting_map

    if labels is not None:
        return label_map_named(labels, library)
    fitting = fitting_map(table, library)
    if fitting is not None:
        return fitting
    guessed, how = drafted_map(table, library)
    typer.echo(
        f"No shipped label map fits {table.name}: {how}. Check it: opsonin biopsy labels {shell_word(str(file))}",
        err=True,
    )
    return guessed


def label_map_named(labels: str, library: Library) -> LabelMap:
    """The label map that --labels names: a shipped one, or a file; InputError if it is neither."""
    from opsonin.io.check import is_path
    from opsonin.io.labels import load_label_map

    if labels not in library.labels and not is_path(labels):
        problem = f"'{labels}' is not a shipped label map."
        raise InputError(Fault("--labels", problem, did_you_mean(labels, library.labels)))
    return load_label_map(labels, Path(), library)


def _selection(written: list[str]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for item in written:
        column, equals, value = item.partition("=")
        if not equals or not column:
            raise InputError(
                Fault("--select", f"'{item}' is not COLUMN=VALUE.", "As in --select patient=MEL05.")
            )
        if column in chosen:
            raise InputError(
                Fault("--select", f"column '{column}' is given twice.", "Give one value for it.")
            )
        chosen[column] = value
    return chosen


def _require_png(out: Path | None) -> None:
    if out is not None and out.suffix.lower() != ".png":
        better = out.with_suffix(".png") if out.name else "biopsy.png"
        raise InputError(Fault("-o", f"'{out}' does not end in .png.", f"Write -o {better}."))


def _draw(seen: list[tuple[str, Understood]], subtitle: str, out: Path) -> None:
    from opsonin.report.biopsy_map import biopsy_png

    cells = seen[0][1].library.cells
    looks = {name: {"title": cell.title, "colour": cell.colour} for name, cell in cells.items()}
    write_file(out, biopsy_png([understood.picture(name) for name, understood in seen], looks, subtitle))
