"""`opsonin lineage`: who descends from whom, as a tree in Newick form or as a table of births."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsonin.cli import complete
from opsonin.cli.files import require_place
from opsonin.cli.options import Json, print_json
from opsonin.cli.results import require_result, require_untouched
from opsonin.core.errors import Fault, InputError

ENDINGS = (".nwk", ".csv")


def lineage(
    result: Annotated[Path, typer.Argument(metavar="out", help="Folder that a run wrote.")],
    target: Annotated[
        Path, typer.Option("-o", "--out", help="The file to write: tree.nwk, or births.csv for all births.")
    ],
    arm: Annotated[
        str | None,
        typer.Option(
            "--arm", metavar="NAME", help="The arm, if there are several.", autocompletion=complete.arms
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help='A stored time, as in "28 d"; else the last. Of a tree.'),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the family tree of the tumour cells alive at a time, or all their births."""
    from opsonin.report.page import replace_file
    from opsonin.store import lineage as kept
    from opsonin.store.result import Result

    require_result(result)
    require_untouched(result)
    _require_ending(target)
    require_place(target)
    stored = Result.open(result)
    name = kept.one_arm(stored, arm)
    if target.suffix.lower() == ".csv":
        if at is not None:
            raise InputError(
                Fault("--at", "belongs to a tree; births are told of all times.", "Leave it out.")
            )
        births = kept.births(stored, name)
        content, told = births.to_csv(index=False), {"births": len(births)}
    else:
        content = kept.newick(stored, float(stored.times(name)[-1]) if at is None else at, name)
        told = {"trees": content.count(";\n")}
    replace_file(target, content.encode(), "opsonin lineage")
    if as_json:
        print_json({"ok": True, "lineage": str(target), "arm": name, **told})
    else:
        (what, count), *_ = told.items()
        typer.echo(f"lineage: {target}, {count:,} {what} of arm {name}")


def _require_ending(target: Path) -> None:
    if target.suffix.lower() not in ENDINGS:
        fix = f"Write -o {target.with_suffix('.nwk') if target.name else 'tree.nwk'}."
        raise InputError(Fault("-o", f"'{target}' does not end in {' or '.join(ENDINGS)}.", fix))
