"""`opsonin patient select`: plausible patients of a population, weighted to stated distributions.

Weights are made in `patient/selection.py`; here they are asked for and told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from opsonin.cli.files import write_file
from opsonin.cli.options import Json, print_json, print_lines
from opsonin.cli.population import Quiet, Table, require_parquet


def select(
    table: Annotated[Path, typer.Argument(help="Table that `opsonin patient sweep` wrote.")],
    selection: Annotated[Path, typer.Argument(help="Selection (TOML): ranges and target distributions.")],
    out: Table,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Keep plausible patients, and weight them so that together they have stated distributions."""
    from opsonin.engine.selection import numeric
    from opsonin.engine.selection import select as choose
    from opsonin.io.selection import read_selection
    from opsonin.report.selection_picture import selection_picture
    from opsonin.store.sweep import read_table, table_bytes

    require_parquet(out, table)
    found, origin = read_table(table)
    criteria = read_selection(selection, numeric(found))
    selected = choose(found, criteria)
    told = selected.in_json
    asked = {
        "accept": {n: vars(one) for n, one in criteria.accept.items()},
        "target": _targets(criteria.targets),
    }
    write_file(out, table_bytes(selected.table, {**origin, "selection": asked | told}))
    wrote = {"table": str(out)}
    if selected.weighted is not None:
        units = {**origin.get("units", {}).get("varied", {}), **origin.get("units", {}).get("metrics", {})}
        title = (
            f"{len(selected.table):,} of {selected.of:,} patients, worth {selected.weighted.effective:,.0f}"
        )
        weights = selected.weighted.weights
        picture = selection_picture(title, selected.columns, weights, criteria.targets, units)
        write_file(out.with_suffix(".png"), picture)
        wrote["picture"] = str(out.with_suffix(".png"))
    if as_json:
        print_json({"ok": True, "notes": list(selected.notes), **told, **wrote})
    elif not quiet:
        lines = [f"note: {note}" for note in selected.notes]
        lines.append(f"accepted: {told['accepted']:,} of {told['patients']:,} patients")
        if "effective" in told:
            lines.append(f"weighted: worth {told['effective']:,.0f} patients of equal weight")
        for name, one in told.get("distance", {}).items():
            lines.append(f"{name}: {one['before']:.3f} from its target before, {one['after']:.3f} after")
        print_lines([*lines, *(f"{what}: {path}" for what, path in wrote.items())])


def _targets(targets: Any) -> dict[str, Any]:
    """What rebuilds the targets; an end that there is none of is left out."""
    import math

    return {
        name: {
            key: value
            for key, value in vars(one.marginal).items()
            if not (isinstance(value, float) and math.isinf(value))
        }
        | {"bins": one.bins}
        for name, one in targets.items()
    }
