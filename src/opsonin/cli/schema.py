"""`opsonin schema`: the JSON Schema of a scenario, for editors that complete and check TOML while it is written.

What the schema says is made in `io/schema.py` from the models.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from opsonin.cli.options import Json, print_json

HELP = """Print the JSON Schema of a scenario, for an editor that completes and checks it while you write.

Write it beside your scenarios, `opsonin schema -o scenario.schema.json`, and begin each of them with the line
`#:schema ./scenario.schema.json`. Editors with Taplo understand it: "Even Better TOML" in VS Code, Zed, Helix, Neovim.
What holds between keys is checked by `opsonin check` only.
"""


def schema(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write, over an older one; else it is printed.")
    ] = None,
    as_json: Json = False,
) -> None:
    from opsonin.cli.files import write_file
    from opsonin.io.schema import scenario_schema
    from opsonin.knowledge.library import load_library

    made = scenario_schema(load_library())
    if out is None:
        print_json({"ok": True, "schema": made} if as_json else made)
        return
    write_file(out, (json.dumps(made, indent=2, ensure_ascii=False) + "\n").encode())
    if as_json:
        print_json({"ok": True, "schema": str(out)})
    else:
        typer.echo(f"schema: {out}\nbegin scenarios in its folder with:  #:schema ./{out.name}")
