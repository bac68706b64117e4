"""`opsonin patient sweep`: many patients drawn from distributions, what is measured of each, and its picture.

What is drawn and followed is in `engine/sweep.py`; here it is asked for and told.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli.files import require_apart, require_suffix, write_file
from opsonin.cli.options import Json, print_json, print_lines, whole_number
from opsonin.core.errors import Fault, RunError

if TYPE_CHECKING:
    from opsonin.engine.sweep import Swept

MOST_TOLD = 20  # patients that failed, in words
_SECONDS = 10.0  # between two lines on how far it is

Threads = Annotated[
    int | None,
    typer.Option(
        parser=whole_number(1, 64), metavar="1..64", help="Processes side by side; they change no result."
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]
Table = Annotated[
    Path, typer.Option("-o", "--out", help="Table to write (parquet); its picture is beside it (PNG).")
]


def sweep(
    population: Annotated[Path, typer.Argument(help="Population (TOML): a course, what varies, how many.")],
    out: Table,
    courses: Annotated[
        Path | None, typer.Option("--courses", metavar="FILE", help="Write all courses, too (parquet).")
    ] = None,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Follow many patients drawn from distributions; one row each. Stopped, the same command goes on."""
    from opsonin.engine import sweep as engine
    from opsonin.engine.signals import StopRequest
    from opsonin.io.population import read_population
    from opsonin.knowledge.library import load_library
    from opsonin.patient.extra import extra
    from opsonin.report.population_picture import population_picture

    extra("sympy")
    require_parquet(out, courses)
    library = load_library()
    asked = read_population(population, lambda course, whose: engine.offered(course, library, whose))
    with StopRequest(stopping) as stop:
        tell = Progress(silent=as_json or quiet)
        swept = engine.sweep(asked, library, out, stop=stop, tell=tell, threads=threads, courses=courses)
    title = asked.population.name or population.stem
    notes = engine.notes(asked, library)
    wrote = {"table": str(out)}
    if swept.metrics:
        write_file(out.with_suffix(".png"), population_picture(title, swept.table, swept.metrics))
        wrote["picture"] = str(out.with_suffix(".png"))
    if courses is not None:
        wrote["courses"] = str(courses)
    _tell(swept, notes, wrote, as_json=as_json, quiet=quiet)
    if swept.failed and as_json:
        raise typer.Exit(RunError.exit_code)  # the one document has told of them
    if swept.failed:
        raise RunError(*_failures(swept))


def require_parquet(*targets: Path | None) -> None:
    """InputError where one of the files that are to be written cannot be, or is no parquet file."""
    named = [target for target in targets if target is not None]
    for target in named:
        require_suffix(target, ".parquet", "parquet")
    require_apart(named)


def stopping() -> None:
    """Said at once when a stop is asked for."""
    print("Stopping as soon as the patients at work are stored.", file=sys.stderr)


class Progress:
    """Lines on standard error on how many patients are done."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._begun: tuple[float, int] | None = None
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now, done
            if done and not self._silent:
                print(f"{done:,} of {total:,} patients are there already", file=sys.stderr)
        since, first = self._begun
        if self._silent or now - self._last < _SECONDS or done == first:
            return
        self._last = now
        minutes, seconds = divmod(round((total - done) * (now - since) / (done - first)), 60)
        print(f"{done:,} of {total:,} patients, {minutes}:{seconds:02d} left", file=sys.stderr)


def _tell(swept: Swept, notes: tuple[str, ...], wrote: dict[str, str], *, as_json: bool, quiet: bool) -> None:
    told = {name: spread(swept.table[name].to_pylist(), unit) for name, unit in swept.metrics.items()}
    count = len(swept.table)
    if as_json:
        failed = {row["patient"]: row["failed"] for row in swept.failed}
        ok = not failed
        print_json(
            {
                "ok": ok,
                "notes": list(notes),
                "patients": count,
                "metrics": told,
                **wrote,
                **({"failed": failed} if failed else {}),
            }
        )
    elif not quiet:
        lines = [*(f"note: {note}" for note in notes), f"{count:,} patients: median (5 to 95 %)"]
        lines += [f"{name}: {in_words(one)}" for name, one in told.items()]
        print_lines([*lines, *(f"{what}: {path}" for what, path in wrote.items())])


def spread(values: list[float | None], unit: str) -> dict[str, Any]:
    """Median, 5 and 95 % of the values that there are, their unit, and how many are missing."""
    import numpy as np

    there = [value for value in values if value is not None]
    told: dict[str, Any] = {"unit": unit, "missing": len(values) - len(there)}
    if there:
        told |= dict(
            zip(("p5", "median", "p95"), np.quantile(there, (0.05, 0.5, 0.95)).tolist(), strict=True)
        )
    return told


def in_words(told: dict[str, Any]) -> str:
    """What `spread` gives, on one line."""
    unit = "" if told["unit"] == "1" else f" {told['unit']}"
    missing = f"; {told['missing']:,} have none" if told["missing"] else ""
    if "median" not in told:
        return f"nobody has it{missing}"
    return f"{told['median']:.4g}{unit} ({told['p5']:.4g} to {told['p95']:.4g}){missing}"


def _failures(swept: Swept) -> list[Fault]:
    rows, faults = swept.failed, []
    for row in rows[:MOST_TOLD]:
        has = ", ".join(f"{name} = {row[name]:.6g}" for name in swept.varied)
        faults.append(Fault(f"patient {row['patient']}", row["failed"], f"It has {has}."))
    if len(rows) > MOST_TOLD:
        more = f"{len(rows) - MOST_TOLD:,} more patients failed."
        faults.append(Fault("and", more, "The column `failed` of the table says why."))
    return faults
