"""Numbers that a reader takes from the page: tables as CSV inside the page itself, pictures as data addresses.

Large tables are packed with gzip, which pandas, R and spreadsheets' unpackers read by the name's ending.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.schedule import MINUTES_PER_DAY

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from opsonin.report.curves import Curve
    from opsonin.report.stored import Snapshot, StoredResult

_PACKED_ABOVE = 40_000  # bytes of CSV
_CELL_COLUMNS = ("id", "type", "phase", "x_um", "y_um", "z_um", "radius_um", "reactive")


@dataclass(frozen=True)
class Download:
    """A file inside the page: its name and the address that holds it."""

    name: str
    href: str


def png(picture: bytes) -> str:
    """A picture as an address."""
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def table(name: str, content: pd.DataFrame) -> Download:
    """A table as `name`.csv, packed where it is large; floats are written so that they read back the same."""
    text = content.to_csv(index=False, lineterminator="\n").encode()
    if len(text) > _PACKED_ABOVE:
        packed = base64.b64encode(gzip.compress(text, 9, mtime=0)).decode("ascii")
        return Download(f"{safe(name)}.csv.gz", f"data:application/gzip;base64,{packed}")
    return Download(
        f"{safe(name)}.csv",
        f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text).decode('ascii')}",
    )


def of_curve(curve: Curve) -> Download:
    """One panel's numbers, in their unit: a row per arm and time, with the spread where the panel has a band."""
    import pandas as pd

    rows = []
    value = in_unit("value", curve.unit)
    for arm, values in curve.values.items():
        rows_of_arm: dict[str, Any] = {"arm": arm, "time_d": curve.times / MINUTES_PER_DAY, value: values}
        for names, found in ((("min", "max", "sd"), curve.spread), (("low", "high"), curve.interval)):
            if arm in found:
                columns = (in_unit(name, curve.unit) for name in names)
                rows_of_arm |= dict(zip(columns, found[arm], strict=True))
        rows.append(pd.DataFrame(rows_of_arm))
    return table(curve.name, _observed(pd.concat(rows, ignore_index=True), [value]))


def of_observables(result: StoredResult) -> list[Download]:
    """Every observable: a row per arm and time; of several parts also one table with a row of each part."""
    whole = _rows(result.observables)
    found = [table("observables", whole)] if len(whole) else []
    for part in ("replicate", "field"):
        each = getattr(result, f"each_{part}", None)
        if each is not None:
            found.append(table(f"observables-by-{part}", _rows(each)))
    return found


def _rows(data: xr.Dataset) -> pd.DataFrame:
    order = [str(name) for name in data.dims]
    rows = data.to_dataframe(
        dim_order=sorted(order, key=["replicate", "field", "arm", "time"].index)
    ).reset_index()
    columns = {str(name): in_unit(str(name), values.attrs.get("units", "")) for name, values in data.items()}
    return _observed(rows.rename(columns={"time": "time_d", **columns}), list(columns.values()))


def of_cells(panels: Iterable[Snapshot], fields: Sequence[str] = ()) -> Download:
    """The cells of every map in one table; x, y and z from the corner of the window.

    Args:
        fields: the field of each panel, where there are several.
    """
    import pandas as pd

    rows = []
    for index, panel in enumerate(panels):
        columns = [name for name in _CELL_COLUMNS if name in panel.cells]
        shown = panel.cells[columns].copy()
        for name in ("x_um", "y_um", "z_um", "radius_um"):
            shown[name] = shown[name].astype(float).round(2)
        shown.insert(0, "arm", panel.arm)
        shown.insert(1, "time_d", panel.time / MINUTES_PER_DAY)
        if fields:
            shown.insert(0, "field", fields[index])
        rows.append(shown)
    return table("cells-of-the-maps", pd.concat(rows, ignore_index=True))


def of_field(panels: Iterable[Snapshot], substrate: str, unit: str) -> Download:
    """The planes of one substrate's maps in one table, by the middles of the voxels."""
    import pandas as pd

    rows = []
    for panel in panels:
        if substrate not in panel.fields:
            continue
        plane = panel.fields[substrate][panel.fields[substrate].shape[0] // 2]
        y, x = np.indices(plane.shape) + 0.5
        rows.append(
            pd.DataFrame(
                {
                    "arm": panel.arm,
                    "time_d": panel.time / MINUTES_PER_DAY,
                    "x_um": (x * panel.box[0] / plane.shape[1]).ravel().round(2),
                    "y_um": (y * panel.box[1] / plane.shape[0]).ravel().round(2),
                    in_unit("value", unit): [float(f"{value:.5g}") for value in plane.ravel()],
                }
            )
        )
    return table(substrate, pd.concat(rows, ignore_index=True))


def in_unit(name: str, unit: str) -> str:
    """The name of a column that holds numbers in a unit, as in time_d; a pure number needs none."""
    return name if unit in ("", "1") else f"{name}_{safe(unit)}"


def safe(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("_.") or "figure"


def _observed(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rows at which anything was observed."""
    return rows[rows[list(columns)].notna().any(axis=1)]
