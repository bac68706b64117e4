"""`opsonin why`: what stands between killers and tumour cells, the worst first, in words, as a picture or as JSON.

And which drugs act on it, with a scenario to test one in.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsonin.cli import complete
from opsonin.cli.files import faults_of_file, require_place, shell_word, write_file
from opsonin.cli.options import Json, print_json, print_lines, whole_number
from opsonin.cli.results import require_result, require_untouched
from opsonin.core.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    import pandas

    from opsonin.observe.proposals import Proposal
    from opsonin.store.result import Result
    from opsonin.store.why import Account

HELP = (
    "Say why the tumour lives: its barriers to killing, ranked by what they take, per arm and over time; and which "
    "drugs act on them."
)
_MOST = 10  # as `observe.proposals.MOST`, which takes too long to load for `--help`


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
    propose: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=whole_number(0, _MOST),
            help=f"How many drugs are proposed for an arm, at most {_MOST}; 0: none.",
        ),
    ] = 5,
    test: Annotated[
        str | None,
        typer.Option(metavar="DRUG", help="The drug that --write adds; else the best that is not given."),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="FILE", help="A scenario (TOML) with one more arm, that gives a proposed drug."
        ),
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
    _require_writable(test, write)
    stored, far = parts.begun(Result.open(result))
    assert isinstance(stored, Result)  # as what was opened
    chosen = _chosen(arm or [], stored.arms, result)
    found = ledger.accounts(stored, chosen)
    if not found:
        fix = f"Let the run go on first: opsonin resume {result}"
        raise InputError(Fault(str(result), "holds no stretch of time yet.", fix))
    tables = {account.arm: ledger.ranked(account) for account in found}
    proposed = _Proposed(stored, found, propose, wanted=write is not None)
    written = None if write is None else _written(stored, found[0], proposed, test, write)
    waiting = [name for name in chosen if name not in tables]
    if picture is not None:
        replace_file(picture, why_picture.picture(found, kind), "opsonin why OUT -o FILE")
    if as_json:
        arms = [
            _as_json(account, tables[account.arm], words.totals(account)) | proposed.as_json(account)
            for account in found
        ]
        told: dict[str, Any] = {"picture": str(picture) if picture else None, "arms": arms}
        told |= {"waiting": waiting, "proposals_note": proposed.note, "written": written}
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
                *proposed.lines(account),
            ]
        )
    if proposed.note:
        print_lines([proposed.note])
    if waiting:
        print_lines(f"{name}: holds no stretch of time yet." for name in waiting)
    if picture is not None:
        typer.echo(f"picture: {picture}")
    if written is not None:
        print_lines(
            [
                f"scenario: {write}, with the arm '{written['arm']}' ({written['dose']})",
                f"Run it: opsonin run {shell_word(str(write))} -o NEW_FOLDER",
            ]
        )


class _Proposed:
    """The drugs that are proposed for each arm."""

    def __init__(self, stored: Result, found: list[Account], most: int, *, wanted: bool) -> None:
        """Find them if any are to be told, or one is `wanted`; a knowledge base that does not fit is only noted."""
        from opsonin.report import proposals

        self.note = ""
        self.all: dict[str, list[Proposal]] = {}
        self._most = most
        if not (most or wanted):
            return
        try:
            library = proposals.library_of(stored)
        except InputError as error:
            if wanted:
                raise
            self.note = f"No drugs are proposed: the result {error.faults[0].problem}"
            return
        self.all = {account.arm: proposals.of_arm(stored, account, library) for account in found}
        if not proposals.is_of_run(library, stored):
            self.note = proposals.CHANGED

    def lines(self, account: Account) -> list[str]:
        from opsonin.report import proposals

        if not self._most or account.arm not in self.all:
            return []
        return [*proposals.lines(self.all[account.arm][: self._most], account.barriers), ""]

    def as_json(self, account: Account) -> dict[str, Any]:
        from opsonin.report import proposals

        found = self.all.get(account.arm, [])[: self._most]
        return {"proposals": [proposals.as_json(one, account.barriers) for one in found]}


def _require_writable(test: str | None, write: Path | None) -> None:
    """InputError before anything is read."""
    if test is not None and write is None:
        fix = f"Add --write FILE.toml: opsonin why OUT --test {shell_word(test)} --write FILE.toml"
        raise InputError(Fault("--test", "needs a file to write the scenario to.", fix))
    if write is not None and (faults := faults_of_file(write, "Choose another name.")):
        raise InputError(*faults)


def _written(
    stored: Result, account: Account, proposed: _Proposed, test: str | None, write: Path
) -> dict[str, Any]:
    """Write a scenario in which one more arm gives a drug beside what an arm gives; what it is of."""
    from opsonin.io.trial import trial
    from opsonin.report.proposals import library_of, scenario_of

    drug = test or next((one.drug for one in proposed.all[account.arm] if not one.given), None)
    if drug is None:
        problem = f"no drug is proposed for arm '{account.arm}'."
        raise InputError(Fault("--write", problem, "Name one: --test DRUG."))
    made = trial(scenario_of(stored), account.arm, drug, library_of(stored), write.absolute().parent)
    write_file(write, made.text.encode())
    return {"file": str(write), "drug": drug, "beside": account.arm, "arm": made.arm, "dose": made.dose}


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
