"""A stored result in the terms of other software: pandas, xarray, AnnData with the keys of scanpy and squidpy.

Nothing is computed and nothing is left out; writing a file is left to what receives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from opsonin.core.errors import Fault, HostError, InputError, did_you_mean
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.core.units import to_unit
from opsonin.model.phase import COMMITTED, PHASES
from opsonin.store.ensemble import Ensemble
from opsonin.store.result import Result, time_text

if TYPE_CHECKING:
    import anndata
    import pandas
    import xarray

Time = str | float

FIELD = "field"
PARTS = ("replicate", FIELD)  # what a cell belongs to, in a result of several
NO_COLOUR = "#9a9a9a"
UNITS = {
    "time": "d",
    "radius_um": "um",
    "volume_um3": "um3",
    "damage": "hits",
    "caspase3": "1",
    "pressure": "1/min",
}
_ALIVE = PHASES[: COMMITTED + 1]
_AXES = ("x_um", "y_um", "z_um")


def to_pandas(result: Result, time: Time | None = None, arm: str | None = None) -> pandas.DataFrame:
    """Curves, or with a `time` the cells stored then, as a table.

    Args:
        result: a run, a patient or replicates.
        time: "12 d", "6 h", ... or minutes; left out, the observables at every observed time.
        arm: only this one.
    Returns:
        Of curves a row per arm and time [d]; of replicates the means, and beside each `NAME_low` and `NAME_high`, the
        90 % interval of that mean. Of cells a row each, with `cell_id`, `cell_type`, `library_id`, `arm`,
        `time` [d], `x_um`, `y_um`, `z_um`, `phase`, `alive`, and what else was stored. `attrs["units"]` has the units.
    Raises:
        InputError: no such time or arm.
    """
    if time is not None:
        return _cells(result, [time], arm)
    curves = _with_intervals(result)
    table: pandas.DataFrame = curves.sel(arm=_arms(result, arm)).to_dataframe().reset_index()
    table.attrs["units"] = {"time": "d"} | {
        str(name): values.attrs["units"] for name, values in curves.data_vars.items()
    }
    return table


def _with_intervals(result: Result) -> xarray.Dataset:
    """The curves; of replicates each is followed by the ends of the interval of its mean."""
    curves = result.observables
    if not isinstance(result, Ensemble):
        return curves
    spread, joined = result.spread, {}
    for name, values in curves.data_vars.items():
        joined[name] = values
        for end in ("low", "high"):
            edge = spread[name].sel(statistic=end, drop=True)
            joined[f"{name}_{end}"] = edge.assign_attrs(units=values.attrs["units"])
    return curves.assign(joined)


def to_xarray(result: Result, time: Time | None = None, arm: str | None = None) -> xarray.Dataset:
    """Curves, or with a `time` the fields stored then, with units as attributes.

    Args:
        result: a run; for curves also a patient or replicates.
        time: "12 d", "6 h", ... or minutes; left out, the observables over (arm, time [d]).
        arm: only this one; may be left out of a run with one arm.
    Returns:
        Of fields a variable per substrate over (z, y, x), the middles of the voxels [um], with `arm` and `time` [d]
        as coordinates.
    Raises:
        InputError: no such time or arm, or fields of several arms at once: their windows differ.
    """
    arms = _arms(result, arm)
    if time is None:
        return result.observables.sel(arm=arms)
    if len(arms) > 1:
        problem = f"holds {len(arms)} arms, each with a window and a grid of its own."
        raise InputError(Fault(str(result.path), problem, f"Ask one of them: arm={arms[0]!r}."))
    import xarray

    only = arms[0]
    fields, units = result.fields(time, only), result.field_units(time, only)
    shape = next(iter(fields.values())).shape if fields else (0, 0, 0)
    spacing = result.spacing(time, only) if fields else (0.0, 0.0, 0.0)
    axes = {
        name: (name, (np.arange(count) + 0.5) * step, {"units": "um"})
        for name, count, step in zip("zyx", shape, reversed(spacing), strict=True)
    }
    titles = result.provenance.get("substrates", {})
    return xarray.Dataset(
        {
            name: (("z", "y", "x"), values, {"units": units[name], "long_name": titles.get(name, name)})
            for name, values in fields.items()
        },
        axes | {"arm": only, "time": ((), _minutes(time) / MINUTES_PER_DAY, {"units": "d"})},
        {"box": list(result.box(time, only))},
    )


def to_anndata(
    result: Result, time: Time | Sequence[Time] | None = None, arm: str | None = None
) -> anndata.AnnData:
    """Cells as scanpy and squidpy expect them.

    `obsm["spatial"]` holds places [um], of a section (x, y), of a block (x, y, z). `obs["library_id"]` names the piece
    of tissue that a cell is in, one per arm and time, and is squidpy's `library_key`; `obs["cell_type"]` is categorical
    with its colours in `uns["cell_type_colors"]`; `obs["time"]` is in days. `X` holds molecules per cell, one variable
    per molecule. What else was stored of a cell is in `obs`; dead cells are there until they are cleared, with `alive`
    false.

    Args:
        result: a run, a patient or replicates.
        time: "12 d", "6 h", ... or minutes, one or several; left out, all stored times.
        arm: only this one.
    Raises:
        HostError: the extra 'anndata' is not installed.
        InputError: no such time or arm.
    """
    try:
        import anndata
    except ImportError as error:
        problem = "is written by the extra 'anndata', which is not installed."
        raise HostError(Fault("AnnData", problem, "Install it: pip install 'opsonin[anndata]'.")) from error
    table = _cells(result, time, arm)
    molecules = [name for name in result.provenance.get("molecules", {}) if name in table]
    places = _AXES[: _dimension(result)]
    obs = table.drop(columns=[*_AXES, *molecules])
    obs.index = (obs["library_id"].astype(str) + ":" + obs["cell_id"].astype(str)).astype(object)
    adata = anndata.AnnData(X=table[molecules].to_numpy(float), obs=obs)
    adata.var_names = molecules
    adata.var["title"] = [str(result.provenance["molecules"][name]) for name in molecules]
    adata.var["unit"] = "molecules/cell"
    adata.obsm["spatial"] = table[list(places)].to_numpy(float)
    colours = result.provenance.get("cell_types", {})
    adata.uns["cell_type_colors"] = [
        colours.get(name, {}).get("colour", NO_COLOUR) for name in obs["cell_type"].cat.categories
    ]
    adata.uns["opsonin"] = _origin(result) | {"units": dict(table.attrs["units"])}
    return adata


def _cells(result: Result, time: Time | Sequence[Time] | None, arm: str | None) -> pandas.DataFrame:
    """The cells of all arms and times that are asked for, in the columns of other software."""
    import pandas

    tables = list(_each(result, time, arm))
    joined = pandas.concat(tables, ignore_index=True) if tables else pandas.DataFrame()
    if joined.empty:
        raise InputError(Fault(str(result.path), "stores no cells there.", "Ask for another time or arm."))
    known = [str(name) for name in result.provenance.get("cell_types", {})]
    found = set(joined["cell_type"])
    order = [name for name in known if name in found] + sorted(found - set(known))
    joined["cell_type"] = pandas.Categorical(joined["cell_type"], categories=order)
    joined["phase"] = pandas.Categorical(joined["phase"], categories=list(PHASES))
    for name in ("library_id", "arm", *(part for part in PARTS if part in joined)):
        joined[name] = pandas.Categorical(joined[name], categories=list(dict.fromkeys(joined[name])))
    molecules = dict.fromkeys(result.provenance.get("molecules", {}), "molecules/cell")
    units = UNITS | dict.fromkeys(_AXES, "um") | molecules
    joined.attrs["units"] = {name: units[name] for name in joined.columns if name in units}
    return joined


def _each(result: Result, time: Time | Sequence[Time] | None, arm: str | None) -> Iterator[pandas.DataFrame]:
    for name in _arms(result, arm):
        for moment in _moments(result, time, name):
            table = result.cells(moment, name)
            at = _minutes(moment)
            parts = [part for part in PARTS if part in table]
            library: Any = f"{name}, {time_text(at)}"
            for part in reversed(parts):
                of = "" if part == FIELD else f"{part} "
                library = of + table[part].astype(str) + ", " + library
            first = {
                "cell_id": table["id"],
                "cell_type": table["type"],
                "library_id": library,
                **{part: table[part] for part in parts},
                "arm": name,
                "time": at / MINUTES_PER_DAY,
                "alive": table["phase"].isin(_ALIVE),
            }
            rest = table.drop(columns=["id", "type", *parts])
            yield rest.assign(**first)[[*first, *rest.columns]]


def _moments(result: Result, time: Time | Sequence[Time] | None, arm: str) -> list[Time]:
    if time is None:
        return [float(moment) for moment in result.times(arm)]
    return list(time) if isinstance(time, Sequence | np.ndarray) and not isinstance(time, str) else [time]


def _dimension(result: Result) -> int:
    """3 where cells lie at a depth of their own; in a section z is chance."""
    generate = result.provenance["scenario"]["tissue"].get("generate") or {}
    return len(generate.get("size") or ()) or (3 if "diameter" in generate else 2)


def _arms(result: Result, arm: str | None) -> list[str]:
    if arm is None:
        return result.arms
    if arm not in result.arms:
        raise InputError(Fault(str(result.path), f"there is no arm '{arm}'.", did_you_mean(arm, result.arms)))
    return [arm]


def _minutes(time: Time) -> float:
    return to_unit(time, "min") if isinstance(time, str) else float(time)


def _origin(result: Result) -> dict[str, Any]:
    """What a file says of the run that it came from."""
    about = result.provenance
    return {
        "name": about["scenario"]["scenario"]["name"],
        "seed": about["seed"],
        "version": about["versions"]["opsonin"],
        "run_hash": about["run_hash"],
    }
