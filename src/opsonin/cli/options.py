"""Options that several commands have, and how each prints its answer.

Options of one command alone are beside it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, errors too.")]


def print_json(told: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
