"""Options that several commands have, and how each prints its answer.

Options of one command alone are beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

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
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
