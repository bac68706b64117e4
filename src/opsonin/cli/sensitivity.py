"""`opsonin patient sensitivity`: which numbers of a population decide what is measured.

Indices are made in `engine/sensitivity.py`; here they are asked for and told.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsonin.cli.files import write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.cli.population import Progress, Quiet, Table, Threads, require_parquet, stopping

if TYPE_CHECKING:
    from opsonin.patient.sensitivity import Index

MOST_BASE = 2**16


def _method(text: str) -> str:
    if text not in ("sobol", "prcc"):
        raise typer.BadParameter(f"'{text[:40]}' is not one of sobol, prcc.")
    return text


def _base(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not 2 <= number <= MOST_BASE or number & (number - 1):
        raise typer.BadParameter(f"'{text[:40]}' is not a power of 2 from 2 to {MOST_BASE}.")
    return number


def sensitivity(
    population: Annotated[Path, typer.Argument(help="Population (TOML): a course, and what varies.")],
    out: Table,
    method: Annotated[
        str,
        typer.Option(
            parser=_method,
            metavar="sobol|prcc",
            help="Shares of variance, or partial rank correlations of the patients of the file.",
        ),
    ] = "sobol",
    samples: Annotated[
        int,
        typer.Option(
            parser=_base, metavar="N", help="For sobol, a power of 2: N (numbers + 2) patients are followed."
        ),
    ] = "256",  # type: ignore[assignment]  # read as what is typed
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell which parameters and covariates decide each metric, with intervals. Stopped, the same command goes on."""
    from opsonin.engine.sensitivity import sensitivity as decide
    from opsonin.engine.signals import StopRequest
    from opsonin.engine.sweep import offered
    from opsonin.io.population import read_population
    from opsonin.knowledge.library import load_library
    from opsonin.patient.extra import extra
    from opsonin.report.sensitivity_picture import sensitivity_picture
    from opsonin.store.sweep import table_bytes

    extra("sympy")
    extra("SALib")
    require_parquet(out)
    runs = out.with_suffix(".runs.parquet")
    require_parquet(out, runs)
    library = load_library()
    asked = read_population(population, lambda course, whose: offered(course, library, whose))
    with StopRequest(stopping) as stop:
        tell = Progress(silent=as_json or quiet)
        found = decide(asked, library, runs, method, samples, stop=stop, tell=tell, threads=threads)
    write_file(out, table_bytes(found.table, found.origin))
    wrote = {"table": str(out), "runs": str(runs)}
    if found.indices:
        title = asked.population.name or population.stem
        write_file(out.with_suffix(".png"), sensitivity_picture(title, found.indices))
        wrote["picture"] = str(out.with_suffix(".png"))
    if as_json:
        told = {metric: [vars(one) for one in indices] for metric, indices in found.indices.items()}
        print_json({"ok": True, "notes": list(found.notes), "indices": told, **wrote})
    elif not quiet:
        lines = [f"note: {note}" for note in found.notes]
        for metric, indices in found.indices.items():
            lines += [metric, *map(_line, sorted(indices, key=lambda one: (one.kind, -abs(one.value))))]
        print_lines([*lines, *(f"{what}: {path}" for what, path in wrote.items())])


def _line(one: Index) -> str:
    return f"  {one.kind} {one.name}: {one.value:.3f} ({one.low:.3f} to {one.high:.3f})"
