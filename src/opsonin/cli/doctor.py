"""`opsonin doctor`: whether a run would work here, what it would use, and what is missing.

What is looked at is in `host.py`; the tiny run of --run is made here.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsonin.cli.options import Json, print_json, whole_number

if TYPE_CHECKING:
    from opsonin.cli.host import Finding

MOST_CELLS = 5_000_000
TINY = """\
[scenario]
name = "doctor"
duration = "1 h"
[tissue]
tumour = "melanoma"
thickness = "20 um"
generate = { size = ["200 um", "200 um"] }
[[arm]]
name = "control"
[numerics]
burn_in = "1 h"
"""

HELP = """Say whether a run would work on this machine: versions, cores, memory, kernel cache, extras.

Exit code 0 if it would, 3 if something keeps it from working.
"""


def doctor(
    cells: Annotated[
        int,
        typer.Option(
            "--cells",
            parser=whole_number(1, MOST_CELLS),
            metavar="N",
            help="Cells of the field that is to be run.",
        ),
    ] = 10_000,
    run: Annotated[
        bool, typer.Option("--run", help="Make a tiny run, too; the first compiles the kernels.")
    ] = False,
    as_json: Json = False,
) -> None:
    from dataclasses import asdict

    from opsonin.cli.host import findings

    found: list[Finding] = []
    ran = (
        [_tiny_run(silent=as_json)] if run else []
    )  # before all else is looked at, as it warms the kernel cache
    width = len("kernel cache")
    for finding in (*findings(cells), *ran):
        found.append(finding)
        if not as_json:
            mark = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}[finding.state]
            typer.echo(f"{mark}  {finding.name:<{width}}  {finding.told}")
            if finding.fix:
                typer.echo(f"{'':<{width + 9}}{finding.fix}")
    faults = [finding for finding in found if finding.state == "fault"]
    if as_json:
        told = {"ok": not faults, "checks": [asdict(finding) for finding in found]}
        listed = [{"where": f.name, "problem": f.told, "fix": f.fix} for f in faults]
        print_json(told | ({"exit_code": 3, "faults": listed} if faults else {}))
    else:
        typer.echo(
            "A run would fail here." if faults else "A run works here." if run else "A run would work here."
        )
    if faults:
        raise typer.Exit(3)


def _tiny_run(*, silent: bool) -> Finding:
    """One arm of a few hundred cells for an hour, report included, in a folder that is removed."""
    import tempfile

    from opsonin.cli.failure import as_failure
    from opsonin.cli.host import Finding
    from opsonin.cli.progress import progress
    from opsonin.engine.run import run
    from opsonin.report.html import write_report

    start = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="opsonin-doctor-") as place,
            progress(silent=silent) as listener,
        ):
            folder = Path(place)
            (folder / "scenario.toml").write_text(TINY, encoding="utf-8")
            run(folder / "scenario.toml", folder / "out", listener=listener)
            write_report(folder / "out")
    except Exception as error:
        failure = as_failure(error)
        return Finding("run", "fault", str(failure.faults[0]), failure.faults[0].fix)
    seconds = time.monotonic() - start
    return Finding("run", "ok", f"a tiny run and its report took {seconds:.1f} s", data={"seconds": seconds})
