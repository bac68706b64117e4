"""`opsonin movie`: the cells of a result over time, as a page that plays in a browser or as an animated picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from opsonin.cli import complete
from opsonin.cli.files import require_place
from opsonin.cli.options import Json, print_json
from opsonin.cli.results import require_result, require_untouched
from opsonin.core.errors import Fault, InputError

_SPEEDS = (0.1, 60.0)  # 1/s


class Format(StrEnum):
    """What a movie is written as."""

    HTML = "html"
    GIF = "gif"
    WEBP = "webp"
    PNG = "png"


def movie(
    out: Annotated[Path, typer.Argument(help="Folder that a run wrote.")],
    kind: Annotated[
        Format | None,
        typer.Option(
            "--format", help="A page (html), or an animated picture for slides. Else by the ending of -o."
        ),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file to write; else OUT/movie.html, .gif, ...")
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm", metavar="NAME", help="An arm to show; may be repeated.", autocompletion=complete.arms
        ),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(
            "--field",
            metavar="NAME",
            help="Of several fields; else the first.",
            autocompletion=complete.fields,
        ),
    ] = None,
    replicate: Annotated[
        str | None,
        typer.Option(
            "--replicate",
            metavar="N",
            help="Of several replicates; else the first.",
            autocompletion=complete.replicates,
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option("--speed", help="Stored times per second, of an animated picture: 0.1 to 60."),
    ] = 6.0,
    as_json: Json = False,
) -> None:
    """Write a movie of the cells: all arms side by side, playing in any browser."""
    from opsonin.report import movie as gathering
    from opsonin.report import movie_page, movie_picture
    from opsonin.report.html import MOVIE, write_report
    from opsonin.report.page import replace_file
    from opsonin.store.result import Result

    require_result(out)
    require_untouched(out)
    chosen = _format(kind, target)
    if not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        expected = f"it must be from {_SPEEDS[0]:g} to {_SPEEDS[1]:g} stored times per second."
        raise InputError(Fault("--speed", f"is {speed:g}; {expected}", "Leave it out for 6."))
    place = target or out / f"movie.{chosen}"
    require_place(place)
    tissue, of = gathering.chosen(Result.open(out), field, replicate)
    made = gathering.gathered(tissue, of, arm or [])
    if chosen is Format.HTML:
        report = "report.html" if (place.parent / "report.html").is_file() else ""
        content = movie_page.render(made, report).encode()
    else:
        content = movie_picture.animated(made, chosen.value, speed)
    replace_file(place, content, "opsonin movie OUT -o FILE")
    if place == out / MOVIE and (out / "report.html").is_file():
        write_report(out)  # it leads to the movie from now on
    told = {"ok": True, "movie": str(place), "of": of, "times": len(made.times), "left_out": made.left_out}
    lines = [f"movie: {place}", *(text for text in (f"of {of}" if of else "", made.left_out) if text)]
    if as_json:
        print_json(told)
    else:
        typer.echo("\n".join(lines))


def _format(kind: Format | None, target: Path | None) -> Format:
    """What to write: as asked, else as the file's name ends, else a page."""
    ending = target.suffix.lower().removeprefix(".") if target else ""
    if kind is None and target is None:
        return Format.HTML
    if kind is not None and target is not None and ending != kind:
        problem = f"'{target}' does not end in .{kind}, the format asked for."
        better = target.with_suffix(f".{kind}") if target.name else f"movie.{kind}"
        raise InputError(Fault("-o", problem, f"Write -o {better}."))
    if kind is not None:
        return kind
    if ending not in list(Format):
        problem = f"'{target}' does not end in .html, .gif, .webp or .png."
        better = target.with_suffix(".html") if target and target.name else "movie.html"
        raise InputError(Fault("-o", problem, f"Write -o {better}."))
    return Format(ending)
