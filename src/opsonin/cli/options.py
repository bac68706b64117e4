"""Options that several commands have, and how each prints its answer.

Options of one command alone are beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from opsonin.core.errors import printable

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, errors too.")]


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """How an option's text is read as a whole number between two limits, both allowed."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise typer.BadParameter(f"'{text[:40]}' is not a whole number from {least} to {most}.")
        return number

    return read


def print_json(told: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json_text(told))


def json_text(told: Any) -> str:
    """JSON in which whatever a terminal would obey rather than show is escaped; it reads back to the same."""
    text = json.dumps(told, indent=2, ensure_ascii=False)
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)


def print_lines(lines: Iterable[str]) -> None:
    """Lines on standard output; what they quote of a user's file is escaped where it would not be shown."""
    typer.echo("\n".join(map(printable, lines)))
