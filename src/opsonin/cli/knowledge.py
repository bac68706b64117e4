"""The commands that look into the knowledge base: list, show, check.

The numbers themselves are in `knowledge/`; here they are only printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from opsonin.cli import complete
from opsonin.cli.options import Json, print_json
from opsonin.core.errors import Fault, InputError, did_you_mean

app = typer.Typer(
    no_args_is_help=True, help="Look into the knowledge base: every number, and where it comes from."
)


@app.command("list")
def list_entries(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="drugs, cells, molecules, tumours, ...; all if left out.", autocompletion=complete.kinds
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Names and titles of the entries, by kind."""
    from opsonin.knowledge.library import KINDS, load_library

    library = load_library()
    folders = [folder for folder, _ in KINDS.values()]
    if kind is not None:
        folder = KINDS[kind][0] if kind in KINDS else kind
        if folder not in folders:
            raise InputError(
                Fault("command line", f"there is no kind '{kind}'.", did_you_mean(kind, folders))
            )
        folders = [folder]
    found = {
        folder: {name: entry.title for name, entry in sorted(getattr(library, folder).items())}
        for folder in folders
    }
    if as_json:
        print_json({"ok": True} | found)
        return
    for folder, entries in found.items():
        typer.echo(f"{folder} ({len(entries)})")
        width = max((len(name) for name in entries), default=0)
        for name, title in entries.items():
            typer.echo(f"  {name:<{width}}  {title}")


@app.command("show")
def show_entry(
    name: Annotated[
        str,
        typer.Argument(
            help="A name such as nivolumab, or kind and name as in drug.nivolumab.",
            autocompletion=complete.entries,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Every number of one entry: value, range, and where it comes from; and what it says in words."""
    from opsonin.knowledge.aliases import meant
    from opsonin.knowledge.checker import numbers
    from opsonin.knowledge.evidence import spelled_out
    from opsonin.knowledge.library import load_library
    from opsonin.knowledge.words import words

    library = load_library()
    entries: dict[str, Any] = {f"{kind}.{known}": entry for kind, known, entry in library.entries()}
    found = [path for path in entries if name in (path, path.partition(".")[2])]
    if not found:
        known = entries | {path.partition(".")[2]: entry for path, entry in entries.items()}
        fix = f"{meant(name, known)}  `opsonin knowledge list` shows all {len(entries)}."
        raise InputError(Fault("command line", f"'{name}' is not in the knowledge base.", fix))
    if as_json:
        told = {path: entries[path].model_dump(mode="json", exclude_none=True) for path in found}
        print_json({"ok": True} | told)
        return
    for path in found:
        typer.echo(f"{path}  {entries[path].title}")
        for line in entries[path].in_words():
            typer.echo(f"  {line}")
        for key, said in words(entries[path]):
            typer.echo(f"  {key}: {said}")
        for row in numbers(library):
            if row.path.startswith(f"{path}."):
                edges = f"  [{row.range_told}]" if row.range_told else ""
                typer.echo(f"  {row.path.removeprefix(path + '.')} = {row.text}{edges}")
                origin = f"{row.source or 'assumed: ' + row.assumed}{'; ' + row.note if row.note else ''}"
                typer.echo(f"      {spelled_out(origin)}")


@app.command("check")
def check_numbers(
    evidence: Annotated[
        Path | None, typer.Option(help="CSV of published values, to check the ids against.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that every number has a source, or says why it is assumed."""
    from opsonin.knowledge.checker import check, count_assumed, numbers
    from opsonin.knowledge.library import load_library

    library = load_library()
    faults = check(library, evidence)
    if faults:
        raise InputError(*faults)
    count, assumed = len(numbers(library)), count_assumed(library)
    if as_json:
        print_json({"ok": True, "numbers": count, "assumed": assumed})
    else:
        typer.echo(f"ok  {count} numbers, {assumed} of them assumed")
