"""How CD8 T cells meet the tumour over time: their number per cancer cell, and the share that touches one.

The share is measured on stored cells by the rule for biopsies, `observe.architecture`; whether a touch became a hit
is an observable of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.observe.architecture import contact_share
from opsonin.report import parts
from opsonin.report.curves import Curve
from opsonin.report.maps import BLOCK_DIAMETERS
from opsonin.report.stored import DEAD_PHASES, StoredResult, stored_times
from opsonin.store.patient import Patient, weighted

NAME = "cd8_touching"
TITLE = "Share of CD8 T cells that touch a cancer cell"
_EFFECTOR, _TARGET = "cd8", "cancer"
_MOST_READ = 240  # stored times of all arms and replicates together: each takes about 10 ms
_LEAST_TIMES, _MOST_TIMES = 5, 30

Floats = NDArray[np.float64]


def ratio(known: Sequence[Curve]) -> list[Curve]:
    """CD8 T cells per live cancer cell, from their numbers; nothing where either is not known."""
    by_name = {curve.name: curve for curve in known}
    if not {"cd8_count", "cancer_count"} <= by_name.keys():
        return []
    above, below = by_name["cd8_count"], by_name["cancer_count"]
    values = {arm: _share(above.values[arm], below.values[arm]) for arm in above.values}
    each = {arm: _share(above.each[arm], below.each[arm]) for arm in above.each if arm in below.each}
    if above.interval:  # replicates: the mean of the ratios, as the interval is of it
        values |= {arm: _mean(rows) for arm, rows in each.items()}
    return [_over_parts("cd8_per_cancer_cell", "CD8 T cells per cancer cell", above, values, each)]


def touching(result: StoredResult, arms: Sequence[str]) -> list[Curve]:
    """The share that touches, at stored times; over fields weighted by the area that each stands for."""
    members = list(parts.replicates(result).values()) or [result]
    tissues = sum(len(_tissues(member)) for member in members)
    begun = [arm for arm in arms if all(arm in member.arms for member in members)]
    most = int(np.clip(_MOST_READ // max(len(begun) * tissues, 1), _LEAST_TIMES, _MOST_TIMES))
    stored = {arm: _shared_times(members, arm) for arm in begun}
    every = np.unique(np.concatenate([np.empty(0), *stored.values()]))
    if not len(every):
        return []
    times = every[np.unique(np.linspace(0, len(every) - 1, most).round().astype(int))]
    nothing = np.full(len(times), np.nan)
    blank = Curve(NAME, TITLE, "1", times, dict.fromkeys(arms, nothing))
    found = {
        arm: [
            _Shares.of(member, arm, np.where(np.isin(times, stored[arm]), times, np.nan))
            for member in members
        ]
        for arm in begun
    }
    if len(members) > 1:
        each = {arm: np.array([shares.mean for shares in found[arm]]) for arm in begun}
        means = {arm: _mean(rows) for arm, rows in each.items()}
        return [_over_parts(NAME, TITLE, blank, dict(blank.values) | means, each, most=1.0)]
    whole = {arm: shares for arm, (shares,) in found.items()}
    values = dict(blank.values) | {arm: shares.mean for arm, shares in whole.items()}
    if not isinstance(result, Patient):
        return [replace(blank, values=values)]
    spread = {arm: shares.spread for arm, shares in whole.items()}
    return [replace(blank, values=values, spread=spread, each={arm: s.rows for arm, s in whole.items()})]


@dataclass(frozen=True)
class _Shares:
    """Of one arm: rows (tissues, times), their weighted mean (times,) and least, largest, SD (3, times)."""

    rows: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, member: StoredResult, arm: str, times: Floats) -> _Shares:
        """At times [min]; NaN where a time is."""
        tissues = _tissues(member)
        rows = np.array([[_at(tissue, arm, time) for time in times] for tissue in tissues])
        weights = _represented(member, arm, times) if isinstance(member, Patient) else np.ones(rows.shape)
        return cls(rows, *weighted(rows, weights, observed=np.isfinite(weights)))


def _tissues(member: StoredResult) -> list[StoredResult]:
    return list(member.by_field.values()) if isinstance(member, Patient) else [member]


def _represented(patient: Patient, arm: str, times: Floats) -> Floats:
    """(fields, times) area that each field stands for [mm2]; NaN where a time is."""
    curves = patient.each_field.sel(arm=arm)
    near = curves.sel(time=np.nan_to_num(times) / MINUTES_PER_DAY, method="nearest")
    areas = (near["area"] * near["weight"]).transpose("field", "time").values
    return np.where(np.isfinite(times), areas, np.nan)


def share_touching(cells: pd.DataFrame, box: tuple[float, float, float]) -> float:
    """Share of live CD8 T cells of one snapshot that touch a live cancer cell; NaN where there is none."""
    place = ["x_um", "y_um", "z_um", "radius_um"]
    alive = cells[~cells["phase"].isin(DEAD_PHASES) & np.isfinite(cells[place].to_numpy(float)).all(axis=1)]
    radii = alive["radius_um"].to_numpy(float)
    deep = len(radii) and box[2] > BLOCK_DIAMETERS * 2.0 * float(np.median(radii))
    places = alive[["x_um", "y_um", "z_um"] if deep else ["x_um", "y_um"]].to_numpy(float)
    types = alive["type"].to_numpy(str)
    share = contact_share(places, radii, types == _EFFECTOR, types == _TARGET)
    return float("nan") if share is None else share


def _at(tissue: StoredResult, arm: str, time: float) -> float:
    return (
        share_touching(tissue.cells(time, arm), tissue.box(time, arm)) if np.isfinite(time) else float("nan")
    )


def _shared_times(members: Sequence[StoredResult], arm: str) -> Floats:
    shared = set.intersection(*(set(stored_times(member, arm).tolist()) for member in members))
    return np.array(sorted(shared))


def _over_parts(
    name: str,
    title: str,
    like: Curve,
    values: dict[str, Floats],
    each: dict[str, Floats],
    most: float = np.inf,
) -> Curve:
    """A curve of its own over the times of another, with the bands of its parts."""
    spread, interval = {}, {}
    for arm, rows in each.items():
        known = np.isfinite(rows).any(axis=0)
        least = np.where(known, np.where(np.isfinite(rows), rows, np.inf).min(axis=0), np.nan)
        largest = np.where(known, np.where(np.isfinite(rows), rows, -np.inf).max(axis=0), np.nan)
        of_mean = np.array([parts.mean_interval(column, signed=False, most=most) for column in rows.T]).T
        sd = np.array(
            [
                np.std(column[np.isfinite(column)], ddof=1) if np.isfinite(column).sum() > 1 else np.nan
                for column in rows.T
            ]
        )
        spread[arm], interval[arm] = np.stack([least, largest, sd]), of_mean[1:]
    if like.each and not like.interval:  # fields: no sample of chance
        interval = {}
    return Curve(name, title, "1", like.times, values, spread, each, interval)


def _share(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0.0, above / below, np.nan)


def _mean(rows: Floats) -> Floats:
    return np.array([parts.mean_interval(column)[0] for column in rows.T])
