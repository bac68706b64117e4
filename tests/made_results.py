"""Results for tests of what is shown: made up in memory or stored in a folder, with nothing computed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from opsonin.core.provenance import FORMAT_VERSION, digest
from opsonin.store.gathered import part_folder, plural
from opsonin.store.segments import Segment
from opsonin.store.writer import Writer

DAY = 1440.0
STEADY = {
    "displacement": 1.5,
    "days": 2.4,
    "gross_growth": 0.165,
    "necrosis": 0.001,
    "killing": 0.02,
    "spontaneous": 0.14,
    "growth": 0.004,
    "published_growth": 0.0108,
    "killing_halves": [0.019, 0.021],
    "sources": [
        {
            "type": "cd8",
            "cells": 171.0,
            "arrivals": 36.1,
            "loss": 0.2,
            "proliferation": 0.0123,
            "recruitment": 2.02,
            "elasticity": 0.139,
            "exhaustion": 0.54,
        }
    ],
    "census": [
        {"type": "cancer", "imaged": 3456, "alive": 2791, "dead": 2179, "held": "loss"},
        {"type": "cd8", "imaged": 171, "alive": 170, "dead": 3, "held": "arrivals"},
        {"type": "other", "imaged": 402, "alive": 402, "dead": 0, "held": ""},
    ],
    "warnings": ["Killing takes more than the tumour can lose."],
}


@dataclass
class FakeResult:
    """A result in memory: packed tumour with T cells, one snapshot a day, arms that drift apart."""

    planned: list[str] = field(default_factory=lambda: ["control", "nivolumab"])
    begun: list[str] | None = None
    name: str = "MEL04 field 1: nivolumab"
    days: int = 84
    count: int = 300
    effectors: float = 0.08
    depth: float = 20.0
    reach: dict[str, int] = field(default_factory=dict)  # last stored day of arms that are not finished
    path: Path = Path("out")
    summary: dict[str, Any] | None = None
    shift: float = 0.0

    @property
    def arms(self) -> list[str]:
        return self.planned if self.begun is None else self.begun

    @property
    def complete(self) -> bool:
        return not self.reach

    @property
    def start(self) -> dict[str, Any]:
        return STEADY

    def input_cells(self) -> dict[str, np.ndarray]:
        cells = self.cells(0.0, self.planned[0])
        names = list(self.provenance["cell_types"])
        places = {name: cells[name].to_numpy() for name in ("id", "x_um", "y_um", "z_um")}
        return places | {"kind": np.array([names.index(kind) for kind in cells["type"]])}

    def _growth(self, arm: str, day: float) -> float:
        rate = 0.3 if arm == self.planned[0] else -0.5
        return float(np.exp(rate * (1.0 + 100.0 * self.shift) * day / self.days))

    def times(self, arm: str) -> np.ndarray:
        return np.arange(self.reach.get(arm, self.days) + 1) * DAY

    def box(self, time_min: float, arm: str) -> tuple[float, float, float]:
        side = (
            14.5
            * np.sqrt(self.count * self._growth(arm, time_min / DAY))
            * np.sqrt(max(self.depth / 20.0, 1.0))
        )
        return 1.2 * side, side / 1.2, self.depth

    def cells(self, time_min: float, arm: str) -> pd.DataFrame:
        rng = np.random.default_rng([int(time_min), self.planned.index(arm)])
        box = self.box(time_min, arm)
        n = int(self.count * self._growth(arm, time_min / DAY) * (max(self.depth / 20.0, 1.0)))
        columns = max(int(np.sqrt(n * box[0] / box[1])), 1)
        grid = np.stack(
            [np.arange(n) % columns + 0.5 * (np.arange(n) // columns % 2), np.arange(n) // columns], axis=1
        )
        spacing = np.array([box[0] / columns, box[1] * columns / n])
        place = (grid + 0.5 + rng.normal(0, 0.15, (n, 2))) * spacing % np.array(box[:2])
        patch = np.sin(place[:, 0] / 90.0) + np.cos(place[:, 1] / 70.0) + rng.normal(0, 0.6, n)
        kind = np.where(patch > 1.3, "other", "cancer").astype(object)
        kind[
            rng.random(n) < self.effectors * (1.0 if arm == self.planned[0] else 1.0 + time_min / DAY / 40)
        ] = "cd8"
        phase = np.where(rng.random(n) < 0.12, "committed", "resting").astype(object)
        dying = (kind == "cancer") & (rng.random(n) < 0.05)
        phase[dying] = np.where(rng.random(n)[dying] < 0.6, "apoptotic", "necrotic")
        radius = np.where(kind == "cd8", 4.2, np.where(kind == "cancer", 8.5, 7.0)) * rng.lognormal(
            0, 0.08, n
        )
        return pd.DataFrame(
            {
                "id": np.arange(n, dtype=np.uint64),
                "type": kind,
                "x_um": place[:, 0],
                "y_um": place[:, 1],
                "z_um": rng.random(n) * self.depth if self.depth > 40 else np.full(n, self.depth / 2),
                "radius_um": radius,
                "phase": phase,
                "reactive": (kind == "cd8") & (rng.random(n) < 0.4),
            }
        )

    def fields(self, time_min: float, arm: str) -> dict[str, np.ndarray]:
        nx, ny, nz = 48, 32, 1 if self.depth < 40 else 8
        x, y = np.meshgrid(np.linspace(0, 6.28, nx), np.linspace(0, 6.28, ny))
        wave = np.sin(x + time_min / DAY / 20) * np.cos(y)
        level = 3.0 if arm == self.planned[0] else 5.0
        oxygen = 24 + 14 * wave
        ifn = level * np.exp(4 * wave) / 500
        return {
            name: np.repeat(plane[None], nz, axis=0)
            for name, plane in (("oxygen", oxygen), ("IFN-gamma", ifn))
        }

    def field_units(self, time_min: float, arm: str) -> dict[str, str]:
        return {"oxygen": "mmHg", "IFN-gamma": "nM"}

    @property
    def observables(self) -> xr.Dataset:
        time = np.arange(self.days + 1, dtype=float)
        shape = {
            "cancer_count": (
                "cells",
                lambda a: self.count * 0.8 * np.array([self._growth(a, t) for t in time]),
            ),
            "cd8_count": (
                "cells",
                lambda a: (
                    self.count * self.effectors * (1 + 0.3 * np.sin(time / 9) + (a != "control") * time / 50)
                ),
            ),
            "dead": ("cells", lambda a: 12 + 6 * np.cos(time / 11)),
            "kills": ("cells", lambda a: np.cumsum(np.full(len(time), 1.0 if a == "control" else 4.0))),
            "cancer_density": ("cells/mm2", lambda a: 2500 + 100 * np.sin(time / 8)),
            "burden": ("", lambda a: np.array([self._growth(a, t) for t in time])),
            "pd1_occupancy": ("", lambda a: 0.0 * time if a == "control" else 0.92 * (1 - np.exp(-time / 2))),
            "mean_oxygen": ("mmHg", lambda a: 21 + 0.4 * np.sin(time / 5)),
            "mean_ifn_gamma": (
                "nM",
                lambda a: (1e-3 if a == "control" else 4e-3) * (1 + time / 84) + self.shift,
            ),
            "never": ("cells", lambda a: np.full(len(time), np.nan)),
        }
        data = {}
        for key, (unit, law) in shape.items():
            rows = []
            for arm in self.planned:
                row = np.asarray(law(arm), dtype=float).copy()
                row[self.reach.get(arm, self.days) + 1 :] = np.nan
                rows.append(row)
            data[key] = (("arm", "time"), np.array(rows), {"units": unit, "long_name": key.replace("_", " ")})
        return xr.Dataset(data, coords={"arm": self.planned, "time": time}).sel(arm=self.arms)

    @property
    def provenance(self) -> dict[str, Any]:
        dose = {
            "drug": "nivolumab",
            "amount": "240 mg",
            "at": 0.0,
            "every": f"{14 * DAY:g} min",
            "until": None,
        }
        return {
            "scenario": {
                "scenario": {
                    "name": self.name,
                    "duration": f"{self.days * DAY:g} min",
                    "seed": 7,
                    "patient": None,
                    "replicate": 0,
                },
                "tissue": {
                    "tumour": "melanoma",
                    "biopsy": "/somewhere/private/melanoma_cells.csv.gz",
                    "select": {"patient": "MEL04", "image": 1},
                    "labels": "melanoma-markers",
                    "thickness": "20 um",
                },
                "arm": [{"name": arm, "dose": [] if arm == "control" else [dose]} for arm in self.planned],
            },
            "cell_types": {
                "cancer": {"title": "Melanoma cell", "colour": "#D55E00"},
                "cd8": {"title": "CD8 T cell", "colour": "#0072B2"},
                "other": {"title": "Other cell", "colour": "#999999"},
            },
            "observables": {"cancer_count": {"unit": "cells", "title": "live cancer cells"}},
            "labels": [
                {"label": "SOX10+", "cells": 1712, "became": "cancer"},
                {"label": "CD8+PD1+", "cells": 96, "became": "cd8, PD-1 seen"},
                {"label": "other", "cells": 402, "became": "other"},
            ],
            "placed": ["41 vessels at 88 per mm², at random, because the panel has no vessel marker."],
            "assumed": [
                {
                    "path": "cell.cd8.lytic.hits_variation",
                    "value": 0.35,
                    "reason": "not measured; spreads kills in time",
                },
                {
                    "path": "molecule.PD-1.half_life",
                    "value": "14 h",
                    "reason": "as for PD-L1; sets how fast marks fade",
                },
            ],
            "numbers": 143,
            "box": list(self.box(0.0, self.planned[0])),
            "versions": {"opsonin": "0.1.0", "numba": "0.68.0", "numpy": "2.4.0"},
            "seed": 7,
            "hash": "b2:4f1c7a",
        }


class FakeField(FakeResult):
    """One field of a patient: it knows its area and what its window stands for."""

    @property
    def observables(self) -> xr.Dataset:
        found = super().observables
        like = xr.ones_like(found["burden"])
        return found.assign(
            area=(0.1 * like).assign_attrs(units="mm2"),
            weight=like.assign_attrs(units="", long_name="weight"),
        )


def stored(fake: FakeResult, out: Path, *, finished: bool = True) -> None:
    """The fake's content as a result folder."""
    told = _sealed(fake.provenance | {"format": FORMAT_VERSION, "processes": []})
    with Writer.create(out, told, fake.input_cells()) as writer:
        for arm in fake.arms:
            for index, time in enumerate(fake.times(arm)):
                curves = {
                    str(name): row.sel(arm=arm).values[index : index + 1]
                    for name, row in fake.observables.items()
                }
                tick = int(time * 60)
                segment = Segment(
                    tick=tick,
                    cells={name: values.to_numpy() for name, values in fake.cells(time, arm).items()},
                    fields=fake.fields(time, arm),
                    box=fake.box(time, arm),
                    field_units=fake.field_units(time, arm),
                    trace={name: np.zeros(0, np.int64) for name in ("tick", "process", "hash")}
                    | {"hash": np.zeros(0, np.uint64)},
                    observables={"tick": np.array([tick])} | curves,
                    checkpoint={"slot": np.zeros(1)},
                )
                writer.commit(arm, index, segment)
        if finished:
            writer.finish({"status": "done"})


def stored_parts(kind: str, fakes: Sequence[FakeResult], out: Path) -> None:
    """Fakes as the fields of a patient or the replicates of an ensemble, which is not finished."""
    entries = []
    for index, fake in enumerate(fakes):
        folder = part_folder(kind, index)
        stored(fake, out / folder, finished=fake.complete)
        name = f"image {index + 1}" if kind == "field" else str(index + 1)
        sizes = {"area_mm2": 0.1, "cells": fake.count, "tumour_cells": fake.count}
        entries.append(
            {"name": name, "folder": folder, "run_hash": _hash_of(out / folder)}
            | (sizes if kind == "field" else {})
        )
    told = fakes[0].provenance | {"format": FORMAT_VERSION, plural(kind): entries}
    if kind == "field":
        units = {str(name): row.attrs["units"] for name, row in fakes[0].observables.items()}
        told["observables"] = {
            name: {"unit": unit, "title": name, "pooled": "sum" if unit == "cells" else "area"}
            for name, unit in units.items()
        }
    else:
        told["scenario"]["scenario"]["replicates"] = len(fakes)
    (out / "provenance.json").write_text(json.dumps(_sealed(told)))


def _hash_of(folder: Path) -> str:
    return str(json.loads((folder / "provenance.json").read_text())["run_hash"])


def _sealed(told: dict[str, Any]) -> dict[str, Any]:
    """A provenance with the hash that says it is as it was written."""
    content = {key: value for key, value in told.items() if key != "run_hash"}
    return content | {"run_hash": digest(content)}


class FakeEnsemble(FakeResult):
    """Three replicates, each a little more shifted than the one before."""

    @cached_property
    def by_replicate(self) -> dict[str, FakeResult]:
        common = {"planned": self.planned, "count": self.count, "days": self.days}
        return {str(k + 1): FakeResult(shift=0.001 * k, **common) for k in range(3)}

    @cached_property
    def each_replicate(self) -> xr.Dataset:
        parts = [part.observables for part in self.by_replicate.values()]
        return xr.concat(parts, dim="replicate").assign_coords(replicate=list(self.by_replicate))

    @property
    def observables(self) -> xr.Dataset:
        return self.each_replicate.mean("replicate", keep_attrs=True)

    @property
    def spread(self) -> xr.Dataset:
        each = self.each_replicate
        mean, sd = each.mean("replicate"), each.std("replicate", ddof=1)
        half = 2.919986 * sd / np.sqrt(3.0)  # Student's t for two degrees of freedom, 90 %
        rows = [each.min("replicate"), each.max("replicate"), sd, mean - half, mean + half]
        return xr.concat(rows, dim="statistic").assign_coords(statistic=["min", "max", "sd", "low", "high"])
