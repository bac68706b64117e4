"""`opsonin why`: what stands between killers and tumour cells, the worst first, in words, as a picture or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli import complete
from opsonin.cli.files import require_place
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.cli.results import require_result, require_untouched
from opsonin.core.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    import pandas

    from opsonin.store.why import Account

HELP = "Say why the tumour lives: its barriers to killing, ranked by what they take, per arm and over time."


def why(
    result: Annotated[Path, typer.Argument(metavar="out", help="Folder that a run wrote.")],
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm", metavar="NAME", help="An arm; may be repeated. Else all.", autocompletion=complete.arms
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("-o", "--out", help="Also a picture over time: .png, .svg or .pdf.")
    ] = None,
    as_json: Json = False,
) -> None:
    from opsonin.report import parts, why_picture
    from opsonin.report import why as words
    from opsonin.report.page import replace_file
    from opsonin.store import why as ledger
    from opsonin.store.result import Result

    require_result(result)
    require_untouched(result)
    kind = _format(picture, why_picture.FORMATS)
    stored, far = parts.begun(Result.open(result))
    assert isinstance(stored, Result)  # as what was opened
    chosen = _chosen(arm or [], stored.arms, result)
    found = ledger.accounts(stored, chosen)
    if not found:
        fix = f"Let the run go on first: opsonin resume {result}"
        raise InputError(Fault(str(result), "holds no stretch of time yet.", fix))
    tables = {account.arm: ledger.ranked(account) for account in found}
    waiting = [name for name in chosen if name not in tables]
    if picture is not None:
        replace_file(picture, why_picture.picture(found, kind), "opsonin why OUT -o FILE")
    if as_json:
        arms = [_as_json(account, tables[account.arm], words.totals(account)) for account in found]
        told = {"picture": str(picture) if picture else None, "arms": arms, "waiting": waiting}
        print_json({"ok": True, **told, "replicates": None if far is None else [far.pooled, far.of]})
        return
    if far is not None:
        print_lines([f"Of {far.pooled} of {far.of} replicates: the run is not finished.", ""])
    for account in found:
        print_lines(
            [
                words.sentence(account, tables[account.arm]),
                *_lines(tables[account.arm], len(account.each)),
                *_open(tables[account.arm]),
                "",
            ]
        )
    if waiting:
        print_lines(f"{name}: holds no stretch of time yet." for name in waiting)
    if picture is not None:
        typer.echo(f"picture: {picture}")


def _chosen(asked: list[str], arms: list[str], where: Path) -> list[str]:
    faults = [
        Fault(str(where), f"there is no arm '{name}'.", did_you_mean(name, arms))
        for name in asked
        if name not in arms
    ]
    if faults:
        raise InputError(*faults)
    return asked or arms


def _format(picture: Path | None, formats: tuple[str, ...]) -> str:
    """What a picture's name ends in, checked before anything is read."""
    if picture is None:
        return ""
    kind = picture.suffix.lower().removeprefix(".")
    if kind not in formats:
        listed = ", ".join(f".{name}" for name in formats)
        fix = f"Write -o {picture.with_suffix('.png') if picture.name else 'why.png'}."
        raise InputError(Fault("-o", f"'{picture}' does not end in one of {listed}.", fix))
    require_place(picture)
    return kind


def _open(table: pandas.DataFrame) -> list[str]:
    """What took nothing, in one line."""
    titles = [f"{title[:1].lower()}{title[1:]}" for title in table.loc[table["share"] == 0.0, "title"]]
    return [f"  Nothing is lost to {', '.join(titles)}."] if titles else []


def _lines(table: pandas.DataFrame, replicates: int) -> list[str]:
    """The table of one arm."""
    from opsonin.report.why import percent, within
    from opsonin.report.words import number

    table = table[table["share"] != 0.0]
    head = ["barrier", "share", "early", "late", "lets through"]
    rows = [
        [
            row["title"],
            percent(row["share"]),
            percent(row["early"]),
            percent(row["late"]),
            number(row["lets_through"]),
        ]
        for row in table.to_dict("records")
    ]
    if replicates > 1:
        head.insert(2, "90 % interval")
        for row, low, high in zip(rows, table["low"], table["high"], strict=True):
            row.insert(2, within(low, high))
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    return [
        "  ".join(
            [
                f"  {row[0]:<{widths[0]}}",
                *(f"{text:>{w}}" for text, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in [head, *rows]
    ]


def _as_json(account: Account, table: pandas.DataFrame, totals: dict[str, float]) -> dict[str, Any]:
    barriers = [
        {key: _number(value) for key, value in row.items() if key != "arm"}
        for row in table.to_dict("records")
    ]
    courses = zip(account.barriers, account.course().tolist(), strict=True)
    return {
        "arm": account.arm,
        "replicates": len(account.each),
        **{key: _number(value) for key, value in totals.items()},
        "barriers": barriers,
        "over_time": {
            "until_day": (account.times / 1440.0).tolist(),
            "share": {name: [_number(value) for value in course] for name, course in courses},
        },
    }


def _number(value: Any) -> Any:
    """JSON knows no NaN."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124
