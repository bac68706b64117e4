"""The `opsonin` command: what can be asked, and the exit code of every answer.

Each command imports what it needs when called, so that help is instant; the work is done on the floors below.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from opsonin.cli import (
    INTERRUPTED,
    biopsy,
    complete,
    doctor,
    init,
    knowledge,
    lineage,
    movie,
    patient,
    schema,
    why,
)
from opsonin.cli.failure import discard_output, quiet_end, tell, telling_what_is_left
from opsonin.cli.files import require_place
from opsonin.cli.located import locating
from opsonin.cli.options import Json, print_json, print_lines, whole_number
from opsonin.cli.results import require_result, require_untouched
from opsonin.core.errors import Fault, HostError, InputError

if TYPE_CHECKING:
    from opsonin.store.result import Result

MOST_THREADS = 64
MOST_LETTERS, MOST_BYTES_OF_A_PART = 1000, 255  # of a folder; files have to have their names in it, too

RUN, PREPARE, LOOK, REST = "Run", "Prepare", "Look at results", "This program"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Simulate a biopsy under treatment, and see why the tumour responds or not.",
    epilog=(
        "Exit codes: 0 done, 2 bad input, 3 environment or run failure, 130 interrupted and resumable; `diff` has 1 "
        "where results differ. With --json every command prints one JSON document on standard output; of a failure "
        "it holds ok = false, exit_code and faults, each with where, problem and fix."
    ),
)
app.command("init", help=init.HELP, rich_help_panel=PREPARE)(init.init)
app.add_typer(biopsy.app, name="biopsy", rich_help_panel=PREPARE)
app.add_typer(knowledge.app, name="knowledge", rich_help_panel=PREPARE)
app.command("schema", help=schema.HELP, rich_help_panel=PREPARE)(schema.schema)

Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]


Threads = Annotated[
    int | None,
    typer.Option(
        parser=whole_number(1, MOST_THREADS),
        metavar="1..64",
        help="Threads of the kernels; they change no result.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(parser=whole_number(0, 2**63 - 1), metavar="N", help="In place of the scenario's seed."),
]
Folder = Annotated[Path, typer.Argument(metavar="out", help="Folder that a run wrote.")]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --version: as one JSON document.")] = False,
) -> None:
    """What can be given before any command."""
    if version:
        from importlib import metadata

        told = metadata.version("opsonin")
        if as_json:
            print_json({"ok": True, "version": told})
        else:
            typer.echo(f"opsonin {told}")
        raise typer.Exit
    if as_json:
        raise typer.BadParameter("--json stands after the command.")


@app.command(rich_help_panel=RUN)
def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario (TOML), or the folder of a result to rebuild.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the result; new or empty.")],
    seed: Seed = None,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run every arm of a scenario and write the result and its report."""
    from opsonin.cli.progress import progress
    from opsonin.core import kernel_cache
    from opsonin.io.scenario import Scenario, check_scenario
    from opsonin.store.layout import PROVENANCE

    kernel_cache.prepare(threads)
    faults = _faults_of_out(out)
    asked: Scenario | Path = scenario
    if not (scenario / PROVENANCE).is_file():
        try:
            asked, _ = check_scenario(scenario)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    _refuse_unwritable(out)

    with telling_what_is_left(out), locating(scenario):
        from opsonin.engine.run import run as carry_out

        with progress(silent=as_json or quiet) as listener:
            result = carry_out(asked, out, seed=seed, threads=threads, listener=listener)
        _finish(result, out, as_json=as_json, quiet=quiet)


@app.command(rich_help_panel=RUN)
def resume(out: Folder, threads: Threads = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Go on with a run that was stopped, from what it had stored."""
    from opsonin.cli.progress import progress
    from opsonin.core import kernel_cache

    kernel_cache.prepare(threads)
    require_result(out)
    from opsonin.engine.run import resume as go_on

    with telling_what_is_left(out):
        with progress(silent=as_json or quiet) as listener:
            result = go_on(out, threads=threads, listener=listener)
        _finish(result, out, as_json=as_json, quiet=quiet)


@app.command(rich_help_panel=RUN)
def branch(
    result: Folder,
    at: Annotated[str, typer.Option("--at", metavar="TIME", help='When to leave it, as in "3 d".')],
    arm: Annotated[
        str,
        typer.Option(
            "--arm",
            help="The new treatment: an arm of the scenario, or a TOML file that holds one.",
            autocompletion=complete.arms,
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the branch; new or empty.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ARM",
            help="The arm to continue, if there are several.",
            autocompletion=complete.arms,
        ),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Of the whole run; else that of the scenario.")
    ] = None,
    threads: Threads = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue a stored run from a time of it under another treatment."""
    from opsonin.cli.progress import progress
    from opsonin.core import kernel_cache

    kernel_cache.prepare(threads)
    require_result(result)
    faults = _faults_of_out(out)
    if faults:
        raise InputError(*faults)
    _refuse_unwritable(out)
    from opsonin.engine.branch import branch as carry_on

    with telling_what_is_left(out):
        with progress(silent=as_json or quiet) as listener:
            branched = carry_on(
                result,
                at,
                arm=arm,
                source=source,
                out=out,
                duration=duration,
                threads=threads,
                listener=listener,
            )
        _finish(branched, out, as_json=as_json, quiet=quiet)


app.add_typer(patient.app, name="patient", rich_help_panel=RUN)


@app.command(rich_help_panel=LOOK)
def diff(a: Folder, b: Folder, as_json: Json = False) -> None:
    """Say where two results first differ; exit code 0 if they are the same, 1 if not."""
    from opsonin.store.diff import diff as compare

    require_result(a)
    require_result(b)
    found = compare(a, b)
    if as_json:
        print_json({"ok": True, "same": found is None, "difference": None if found is None else str(found)})
    else:
        print_lines(["the same"] if found is None else str(found).splitlines())
    raise typer.Exit(0 if found is None else 1)


@app.command(rich_help_panel=PREPARE)
def check(scenario: Annotated[Path, typer.Argument(help="Scenario (TOML).")], as_json: Json = False) -> None:
    """Read a scenario and its biopsy: every fault at once, or what will be run."""
    from opsonin.cli.summary import lines, summary
    from opsonin.engine.compile import compile_scenario
    from opsonin.io.scenario import check_scenario

    asked, biopsies = check_scenario(scenario)
    with locating(scenario):
        for field in asked.by_field():
            compile_scenario(field)  # only once placed is it known whether the cells fill the tissue
    told = summary(asked, biopsies)
    if as_json:
        print_json(told)
    else:
        print_lines(lines(told))


@app.command(rich_help_panel=LOOK)
def report(
    out: Folder,
    target: Annotated[
        Path | None, typer.Option("-o", "--out", help="The page to write; else OUT/report.html.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write report.html again from a stored result."""
    from opsonin.report.html import write_report
    from opsonin.store.result import Result

    require_result(out)
    require_untouched(out)
    if target is not None:
        require_place(target)
    page = write_report(out, target)
    if as_json:
        print_json({"ok": True, "report": str(page), "unfinished": not Result.open(out).complete})
    else:
        typer.echo(f"report: {page}")


app.command("why", help=why.HELP, rich_help_panel=LOOK)(why.why)
app.command("movie", rich_help_panel=LOOK)(movie.movie)
app.command("lineage", rich_help_panel=LOOK)(lineage.lineage)
app.command("doctor", help=doctor.HELP, rich_help_panel=REST)(doctor.doctor)


def _finish(result: Result, out: Path, *, as_json: bool, quiet: bool) -> None:
    """Write the report and say where everything is."""
    from opsonin.report.html import write_report

    talks = not (as_json or quiet)
    if talks:
        typer.echo(f"result: {out}")  # first, so that it is known even if the report fails
    page = write_report(out)
    if talks:
        typer.echo(f"report: {page}")
    if as_json:
        print_json({"ok": True, "out": str(out), "report": str(page), "summary": result.summary})


def _faults_of_out(out: Path) -> list[Fault]:
    """Why a folder cannot take a new result."""
    from opsonin.store.layout import PROVENANCE, SUMMARY
    from opsonin.store.lock import LOCK_FILE

    unusable = _fault_of_name(out) or _fault_of_way(out)
    if unusable is not None:
        return [unusable]
    if not out.exists():
        return []
    if (out / PROVENANCE).is_file():
        ended = (out / SUMMARY).is_file()
        fix = "" if ended else f"`opsonin resume {out}` goes on with it. "
        fix += "A new run needs another folder."
        return [Fault(str(out), "holds a result already.", fix)]
    if any(item.name != LOCK_FILE for item in out.iterdir()):
        return [
            Fault(str(out), "is not empty and not an opsonin result.", "Choose a new or empty folder for -o.")
        ]
    return []


def _fault_of_name(out: Path) -> Fault | None:
    """Why nothing could ever be made under this name."""
    if len(str(out)) > MOST_LETTERS or any(
        len(os.fsencode(part)) > MOST_BYTES_OF_A_PART for part in out.parts
    ):
        return Fault(f"{str(out)[:60]}...", "is too long a name.", "Choose a shorter one for -o.")
    if out.is_symlink() and not out.exists():
        return Fault(str(out), "is a link that leads nowhere.", "Choose another folder for -o.")
    return None


def _fault_of_way(out: Path) -> Fault | None:
    """What is wrong with the folders that lead to a new result."""
    from opsonin.store.layout import PROVENANCE

    for place in (out, *out.parents):
        if place.exists() and not place.is_dir():
            return Fault(str(place), "is a file; a result needs a folder.", "Choose another folder for -o.")
    for place in out.absolute().parents:
        if (place / PROVENANCE).is_file():
            return Fault(
                str(out), f"is inside the result '{place}'.", "Choose a folder outside of it for -o."
            )
    return None


def _refuse_unwritable(out: Path) -> None:
    place = next(place for place in (out, *out.parents) if place.exists())
    if not os.access(place, os.W_OK):
        raise HostError(
            Fault(str(out), f"cannot be written: '{place}' is read-only for you.", "Choose another folder.")
        )


def main(args: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; every failure is told, none is raised."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        return _carried_out(words)
    except BrokenPipeError:  # the reader has seen enough, as in `opsonin knowledge list | head`
        discard_output()
        return 0


def _carried_out(words: list[str]) -> int:
    try:
        code = app(args=words, prog_name="opsonin", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except typer.Abort:
        return tell(KeyboardInterrupt(), as_json="--json" in words)
    except SystemExit:  # how the command-line library answers a broken pipe
        return 0
    except (Exception, KeyboardInterrupt) as error:
        return tell(error, as_json="--json" in words)
    if code == INTERRUPTED:  # Ctrl-C, which the command-line library makes an exit without a word
        return tell(KeyboardInterrupt(), as_json="--json" in words)
    return int(code or 0)


def entry() -> NoReturn:
    """The console script; output may be closed, or too narrow for a sign of a name."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as Python
    quiet_end()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(main())
