"""What the report reads of a stored result, as a protocol; and its times, chosen once for every map.

No file is opened here: the store does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from opsonin.core.schedule import MINUTES_PER_DAY

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

DEAD_PHASES = ("apoptotic", "necrotic")
MAPS_PER_ARM = 4


class StoredResult(Protocol):
    """The reading side of a result."""

    @property
    def arms(self) -> list[str]: ...
    @property
    def provenance(self) -> dict[str, Any]: ...
    @property
    def complete(self) -> bool: ...
    @property
    def start(self) -> dict[str, Any] | None: ...
    @property
    def observables(self) -> xr.Dataset: ...
    def input_cells(self) -> dict[str, NDArray[Any]]: ...
    def times(self, arm: str, /) -> NDArray[np.float64]: ...
    def cells(self, time_min: float, arm: str, /) -> pd.DataFrame: ...
    def fields(self, time_min: float, arm: str, /) -> dict[str, NDArray[np.float64]]: ...
    def field_units(self, time_min: float, arm: str, /) -> dict[str, str]: ...
    def box(self, time_min: float, arm: str, /) -> tuple[float, float, float]: ...


@dataclass(frozen=True)
class Snapshot:
    """One arm at one stored time: cells, fields by substrate (nz, ny, nx) with their units, the box [um]."""

    arm: str
    time: float
    cells: pd.DataFrame
    fields: dict[str, NDArray[np.float64]]
    units: dict[str, str]
    box: tuple[float, float, float]
    weight: float = 1.0  # cells that each stands for, after windows were cropped or tiled


def planned_arms(result: StoredResult) -> list[str]:
    """Every arm of the scenario in its order, begun or not."""
    asked = [str(arm["name"]) for arm in result.provenance.get("scenario", {}).get("arm", ())]
    return asked + [arm for arm in result.arms if arm not in asked]


def stored_times(result: StoredResult, arm: str) -> NDArray[np.float64]:
    """Stored times of an arm [min], none where it has not begun."""
    return np.asarray(result.times(arm) if arm in result.arms else [], dtype=float)


def reached(result: StoredResult, arm: str) -> float | None:
    """The last stored time of an arm [min], or None where nothing is stored yet."""
    times = stored_times(result, arm)
    return float(times[-1]) if len(times) else None


def map_times(result: StoredResult, arms: Sequence[str]) -> list[float]:
    """Stored times [min] nearest to 0, 1/3, 2/3 and all of what was reached, ascending, each once.

    Of one time more than that all are: one left out would be missed. A time that more arms have stored wins over one
    that fewer have, so that columns can be compared.
    """
    stored = [stored_times(result, arm) for arm in arms]
    every = np.unique(np.concatenate(stored)) if stored else np.empty(0)
    if len(every) <= MAPS_PER_ARM + 1:
        return [float(time) for time in every]
    shared = np.array([sum(bool(np.any(times == time)) for times in stored) for time in every])
    targets = np.linspace(every[0], every[-1], MAPS_PER_ARM)
    reach = (every[-1] - every[0]) / (2 * (MAPS_PER_ARM - 1))
    chosen = []
    for target in targets:
        distance = np.abs(every - target)
        near = np.flatnonzero((distance <= reach) & (target not in (every[0], every[-1])))
        pool = near if len(near) else np.array([int(np.argmin(distance))])
        chosen.append(int(min(pool, key=lambda k: (-shared[k], distance[k], k))))
    return [float(every[k]) for k in sorted(set(chosen))]


def snapshots(
    result: StoredResult, arms: Sequence[str], times: Sequence[float]
) -> dict[tuple[str, float], Snapshot]:
    """Every (arm, time) of the grid that is stored; the others are absent."""
    found, stands = {}, weights(result, arms)
    for arm in arms:
        stored = set(stored_times(result, arm).tolist())
        for time in times:
            if time in stored:
                found[arm, time] = Snapshot(
                    arm=arm,
                    time=time,
                    cells=result.cells(time, arm),
                    fields=result.fields(time, arm),
                    units=result.field_units(time, arm),
                    box=result.box(time, arm),
                    weight=stands.get((arm, round(time * 60.0) / 60.0), 1.0),
                )
    return found


def weights(result: StoredResult, arms: Sequence[str]) -> dict[tuple[str, float], float]:
    """The weight of the window by arm and time [min], to the second."""
    data = result.observables
    if "weight" not in data:
        return {}
    times = np.round(data["time"].values * MINUTES_PER_DAY * 60.0) / 60.0
    return {
        (arm, float(time)): float(weight)
        for arm in arms
        if arm in data["arm"].values
        for time, weight in zip(times, data["weight"].sel(arm=arm).values, strict=True)
        if np.isfinite(weight)
    }
