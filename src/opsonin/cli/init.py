"""`opsonin init`: a first scenario with comments, from a table of cells or with a tissue drawn at random.

What it says is decided in `io/first_scenario.py`; here it is named, written and checked.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsonin.cli import complete
from opsonin.cli.files import faults_of_file, shell_word, write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.core.errors import Fault, InputError

if TYPE_CHECKING:
    from opsonin.io.first_scenario import FirstScenario, Names

HELP = """Write a first scenario with comments: two arms for a biopsy, or for a tissue drawn at random.

The label map is the shipped one that fits the table; if none does, one is drafted beside the scenario. Patients and
images are found by their columns, the tumour by names. What was guessed is told; `opsonin check` accepts the result.
"""


def init(
    cells: Annotated[
        Path | None, typer.Argument(help="Table of cells: CSV, TSV (also .gz), parquet or h5ad.")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Scenario to write.")] = Path("scenario.toml"),
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="Label map: a name, or the path of your own (TOML).",
            autocompletion=complete.label_maps,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    as_json: Json = False,
) -> None:
    from opsonin.io.scenario import check_scenario

    if labels is not None and cells is None:
        raise InputError(
            Fault("--labels", f"'{labels}' is given without a table of cells.", "Name the table.")
        )
    beside = out.parent / f"{cells.name.partition('.')[0] if cells else 'cells'}.labels.toml"
    if not force:
        _refuse_existing(out)
    names = _names(out, cells, labels, beside)
    made = _made(cells, labels, names)
    if made.labels is not None:
        if not force:
            _refuse_existing(beside)
        write_file(beside, made.labels.encode())
    write_file(out, made.text.encode())
    check_scenario(out)
    told = {
        "ok": True,
        "scenario": str(out),
        "labels": None if made.labels is None else str(beside),
        "guesses": list(made.guesses),
    }
    if as_json:
        print_json(told)
        return
    lines = [f"scenario: {out}"]
    if made.labels is not None:
        lines.append(f"label map: {beside}")
    lines += [f"  guessed  {guess}" for guess in made.guesses]
    print_lines([*lines, f"next: opsonin check {shell_word(str(out))}"])


def _refuse_existing(out: Path) -> None:
    faults = faults_of_file(out, "Choose another name with -o, or write over it with --force.")
    if faults:
        raise InputError(*faults)


def _names(out: Path, cells: Path | None, labels: str | None, beside: Path) -> Names:
    from opsonin.io.first_scenario import Names
    from opsonin.knowledge.library import load_library

    own = beside.name
    if labels is not None:
        own = labels if labels in load_library().labels else _from(out, Path(labels))
    return Names(shell_word(out.name), "" if cells is None else _from(out, cells), own)


def _from(out: Path, file: Path) -> str:
    """The path of a file from the folder of the scenario."""
    try:
        return Path(os.path.relpath(file, out.parent)).as_posix()
    except ValueError:  # another drive
        return file.absolute().as_posix()


def _made(cells: Path | None, labels: str | None, names: Names) -> FirstScenario:
    from opsonin.cli.biopsy import label_map_named
    from opsonin.io.first_scenario import scenario_of_drawn, scenario_of_table
    from opsonin.io.tables import read_even_rows
    from opsonin.knowledge.library import load_library

    library = load_library()
    if cells is None:
        return scenario_of_drawn(names, library)
    table = read_even_rows(cells)
    given = None if labels is None else label_map_named(labels, library)
    return scenario_of_table(table, names, library, given)
