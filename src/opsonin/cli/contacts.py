"""`opsonin patient contacts`: what a patient's tumour takes from tissue runs, in words, as TOML or as JSON.

What is measured, and how, is in `engine/contact_rates.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli.files import require_suffix, write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.cli.results import require_result, require_untouched
from opsonin.core.errors import Fault, InputError

if TYPE_CHECKING:
    from opsonin.engine.contact_rates import MeasuredRates
    from opsonin.observe.contact_rates import Share


def contacts(
    results: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders that runs of one tumour wrote.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Numbers (TOML) for `opsonin patient simulate --tumour NAME --knowledge FILE`.",
        ),
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option("--arm", metavar="NAME", help="Whose killers; else the first arm without a drug."),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help='What is before is left out, as in "2 d".')
    ] = "0 d",
    as_json: Json = False,
) -> None:
    """Measure contact, fitness and co-stimulation of killers in tissue runs, for a tumour without places."""
    from opsonin.engine.contact_rates import measure
    from opsonin.patient.extra import extra
    from opsonin.store.result import Result, time_asked

    extra("sympy")
    if out is not None:
        require_suffix(out, ".toml", "TOML")
    for folder in results:
        require_result(folder)
        require_untouched(folder)
    _require_once(results)
    found = measure([Result.open(folder) for folder in results], arm, time_asked(since, "--since"))
    if out is not None:
        write_file(out, _toml(found).encode())
    if as_json:
        written = {"numbers": found.numbers, "wrote": None if out is None else str(out)}
        print_json({"ok": True, **asdict(found), **written})
        return
    print_lines([*_lines(found), *([f"numbers: {out}"] if out is not None else [])])


def _require_once(results: list[Path]) -> None:
    seen: set[Path] = set()
    for folder in results:
        place = folder.resolve()
        if place in seen or any(parent in seen for parent in place.parents):
            raise InputError(Fault(str(folder), "is named twice.", "Each run counts once."))
        seen.add(place)


def _lines(found: MeasuredRates) -> list[str]:
    """What was measured, in words; each share with its 90 % interval."""
    from opsonin.engine.contact_rates import LEAST_KILLS

    of = f"{found.runs} runs" if found.runs > 1 else f"{found.samples} stretches of one run"
    lines = [
        f"contact         {_share(found.contact)}",
        f"fitness         {_share(found.fitness)}",
    ]
    if found.costimulated is not None:
        lines.append(f"co-stimulation  {_share(found.costimulated)}")
    lines += [
        f"  {kind}: {one.killers:.3g} at a time; contact {_share(one.contact)}, fitness {_share(one.fitness)}"
        for kind, one in found.by_type.items()
    ]
    if found.realised is not None:
        lines.append(f"realised        {_share(found.realised)} of the kills of mean killers at mean targets")
    lines.append(f"  {found.kills:.6g} kills, {_share(found.killing)} per day of a killer with a target")
    if found.realised is None:
        lines.append("note: what comes about of kills is told of arms without a drug only.")
    elif found.kills < LEAST_KILLS:
        lines.append(
            f"note: fewer than {LEAST_KILLS:g} kills do not tell what comes about; it is not written."
        )
    if found.contact.value > 1.0:
        lines.append("note: several killers hold one target, so that contact is above 1; 1 is written.")
    return [*lines, f"with 90 % intervals over {of}, {found.days:.3g} d each"]


def _share(share: Share) -> str:
    if share.low != share.low:  # one sample
        return f"{share.value:.3g}"
    return f"{share.value:.3g} ({share.low:.3g} to {share.high:.3g})"


def _toml(found: MeasuredRates) -> str:
    from opsonin.io.toml_files import toml_text

    tables: dict[str, Any] = {"knowledge": found.numbers}
    return "".join(f"# {line}\n" for line in _lines(found)) + toml_text(tables)
