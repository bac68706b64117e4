"""The report: what must be in it, what must never be, and that it is the same bytes for the same result."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image

from opsonin.core.errors import HostError
from opsonin.core.provenance import FORMAT_VERSION
from opsonin.report import html, maps, palette, words
from opsonin.report.stored import map_times, snapshots
from opsonin.store.result import Result
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

    def _growth(self, arm: str, day: float) -> float:
        rate = 0.3 if arm == self.planned[0] else -0.5
        return float(np.exp(rate * day / self.days))

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
            "versions": {"opsonin": "0.1.0", "numba": "0.68.0", "numpy": "2.4.0"},
            "seed": 7,
            "hash": "b2:4f1c7a",
        }


class Page(HTMLParser):
    """Tags and their attributes, and the text outside style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def images(self) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == "img"]


def picture(attrs: dict[str, str | None]) -> np.ndarray:
    source = attrs["src"] or ""
    assert source.startswith("data:image/png;base64,")
    return np.asarray(
        Image.open(io.BytesIO(base64.b64decode(source.split(",", 1)[1]))).convert("RGB")
    ).astype(int)


@pytest.fixture(scope="module")
def two_arms() -> str:
    return html.render(FakeResult())


def test_the_page_refers_to_nothing_outside_itself(two_arms: str) -> None:
    page = Page(two_arms)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object"}
    for _tag, attrs in page.tags:
        for key in ("src", "href", "xlink:href"):
            assert (attrs.get(key) or "#").startswith(("#", "data:image/png;base64,"))
    assert not re.search(r"url\((?!#)", two_arms)
    assert "/somewhere" not in two_arms


def test_every_picture_is_described_in_words(two_arms: str) -> None:
    page = Page(two_arms)
    assert len(page.images()) >= 2 * 4 * 3
    assert all(attrs.get("alt") for attrs in page.images())
    drawn = [attrs for tag, attrs in page.tags if attrs.get("role") == "img"]
    assert len(drawn) == 9
    assert all(attrs.get("aria-label") for attrs in drawn)


def test_text_of_a_scenario_cannot_become_markup() -> None:
    evil = '<script>alert(1)</script> $x_{2}$ & "quotes"'
    fake = FakeResult(planned=["control", "a <b> $y^{"], name=evil, count=60, days=3)
    written = html.render(fake)
    assert "<script" not in written
    assert "<b>" not in written
    assert evil in Page(written).text


def test_the_same_result_gives_the_same_bytes_whatever_the_users_style() -> None:
    import matplotlib as mpl

    small = {"count": 40, "days": 3, "planned": ["control"]}
    first = html.render(FakeResult(**small))
    with mpl.rc_context(
        {"font.size": 23.0, "lines.linewidth": 9.0, "axes.facecolor": "red", "font.family": "serif"}
    ):
        assert html.render(FakeResult(**small)) == first
        assert mpl.rcParams["font.size"] == 23.0
    assert html.render(FakeResult(shift=1e-3, **small)) != first


def test_asked_doses_assumed_and_placed_are_said(two_arms: str) -> None:
    text = " ".join(Page(two_arms).text.split())
    assert "nivolumab 240 mg every 14 days from day 0 (6 doses)" in text
    assert "control: no drug" in text
    assert "2 of the 143 numbers" in text
    assert "not measured; spreads kills in time" in text
    assert "41 vessels" in text
    assert "SOX10+1,712cancer" in text
    assert "opsonin run" in text and "0.68.0" in text and "b2:4f1c7a" in text


def test_an_observable_without_values_is_left_out(two_arms: str) -> None:
    assert "Never" not in two_arms
    assert "Pd1 occupancy" in two_arms


def test_ids_inside_the_page_are_unique(two_arms: str) -> None:
    ids = [attrs["id"] for _, attrs in Page(two_arms).tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_panels_of_all_arms_and_times_have_one_physical_scale() -> None:
    fake = FakeResult(count=200, effectors=0.0)
    times = map_times(fake, fake.arms)
    assert [time / DAY for time in times] == [0, 28, 56, 84]
    panels = snapshots(fake, fake.arms, times)
    scene = maps.scene(panels.values(), fake.provenance["cell_types"])
    for key, panel in panels.items():
        image = np.asarray(
            Image.open(io.BytesIO(maps.cell_map(panel, scene, len(panels)))).convert("RGB")
        ).astype(int)
        inside = np.abs(image[image.shape[0] // 2] - [0xE3, 0xE3, 0xDF]).sum(axis=1) > 6
        um_per_pixel = scene.extent[0] / image.shape[1]
        width = np.ptp(np.flatnonzero(inside)) + 1
        assert width * um_per_pixel == pytest.approx(panel.box[0], abs=2 * um_per_pixel), key


def test_t_cells_lie_on_top_of_tumour_cells_and_dead_cells_are_told_apart() -> None:
    fake = FakeResult()
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    place = {"x_um": 100.0, "y_um": 100.0, "z_um": 10.0}
    rows = [
        {"id": 2, "type": "cancer", "radius_um": 30.0, "phase": "resting", "reactive": False, **place},
        {"id": 1, "type": "cd8", "radius_um": 6.0, "phase": "resting", "reactive": True, **place},
        {
            "id": 3,
            "type": "cancer",
            "radius_um": 9.0,
            "phase": "necrotic",
            "reactive": False,
            **place | {"x_um": 120.0},
        },
    ]
    panel = replace(panel, cells=pd.DataFrame(rows), box=(200.0, 200.0, 20.0))
    scene = maps.scene([panel], fake.provenance["cell_types"])
    image = np.asarray(Image.open(io.BytesIO(maps.cell_map(panel, scene, 1))).convert("RGB")).astype(int)
    scale = image.shape[1] / 200.0

    def seen(x: float, y: float) -> str:
        return "#{:02x}{:02x}{:02x}".format(*image[int(y * scale), int(x * scale)])

    assert seen(100, 100) == "#0072b2"
    assert seen(120, 100) == palette.DEAD["necrotic"]
    assert seen(100, 120) == maps.muted("#d55e00")
    assert seen(100, 107.3) == "#ffffff"


def test_a_map_has_y_down_and_a_field_lies_where_its_cells_do() -> None:
    fake = FakeResult()
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    plane = np.zeros((1, 20, 20))
    plane[0, 16, 3] = 1.0  # y index 16 of 20, x index 3 of 20
    corner = pd.DataFrame(
        [
            {
                "id": 1,
                "type": "cancer",
                "x_um": 35.0,
                "y_um": 165.0,
                "z_um": 10.0,
                "radius_um": 9.0,
                "phase": "resting",
            }
        ]
    )
    panel = replace(panel, cells=corner, fields={"oxygen": plane}, box=(200.0, 200.0, 20.0))
    scene = maps.scene([panel], {})
    scale = maps.FieldScale(0.0, 1.0, 1.0, missing=False)
    for png in (maps.field_map(panel, "oxygen", scale, scene, 1), maps.cell_map(panel, scene, 1)):
        image = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        image = image[: image.shape[1]]  # the window is square; what lies below is the scale bar's strip
        odd = np.abs(image - image[2, -3]).sum(axis=2)
        rows, columns = np.nonzero(odd > 0.5 * odd.max())
        assert columns.mean() / image.shape[1] == pytest.approx(35 / 200, abs=0.02)
        assert rows.mean() / image.shape[0] == pytest.approx(165 / 200, abs=0.02)


def test_one_colour_scale_per_substrate_over_arms_and_times() -> None:
    fake = FakeResult()
    panels = snapshots(fake, fake.arms, map_times(fake, fake.arms))
    scale = maps.field_scale(panels.values(), "IFN-gamma")
    assert scale is not None
    every = np.concatenate([panel.fields["IFN-gamma"].ravel() for panel in panels.values()])
    assert scale.low == 0.0
    assert scale.high == pytest.approx(np.percentile(every, 99.8))
    assert scale.largest == every.max()


def test_a_block_is_cut_in_the_middle_and_says_so() -> None:
    fake = FakeResult(depth=200.0, count=60, days=3)
    assert "Middle section" in html.render(fake)
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    scene = maps.scene([panel], {})
    z, r = panel.cells["z_um"], panel.cells["radius_um"]
    assert sum(maps.census(panel, scene).values()) == int((np.abs(z - 100.0) < r).sum()) > 0


def test_a_flat_slab_shows_every_cell() -> None:
    fake = FakeResult(count=60)
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    assert sum(maps.census(panel, maps.scene([panel], {})).values()) == len(panel.cells)
    assert "seen from above" in html.render(FakeResult(count=60, days=3))


def test_an_unfinished_run_says_how_far_each_arm_got() -> None:
    fake = FakeResult(reach={"nivolumab": 40}, count=60)
    text = " ".join(Page(html.render(fake)).text.split())
    assert "Unfinished run. Arm control: done; Arm nivolumab: stored up to day 40." in text
    assert text.count("not stored") == 2 * 3


def test_an_arm_that_has_not_begun_is_named_and_keeps_its_place() -> None:
    fake = FakeResult(begun=["nivolumab"], reach={"nivolumab": 2}, count=60, days=3)
    written = html.render(fake)
    text = " ".join(Page(written).text.split())
    assert "Arm control: nothing stored yet; Arm nivolumab: stored up to day 2." in text
    assert text.count("not stored") == 3 * 3
    assert "stroke: var(--arm-1)" in written.split('role="img"')[1]


def test_a_run_with_nothing_stored_still_has_a_page() -> None:
    fake = FakeResult(begun=[], reach={"nivolumab": 0})
    text = Page(html.render(fake)).text
    assert "Nothing is stored yet." in text
    assert "No observable is stored yet." in text


@pytest.mark.parametrize(
    "change", [{"planned": ["control"]}, {"effectors": 0.0}, {"planned": [f"arm {k}" for k in range(9)]}]
)
def test_one_arm_no_t_cells_or_many_arms_are_drawn(change: dict[str, Any]) -> None:
    fake = FakeResult(count=60, days=3, **change)
    page = Page(html.render(fake))
    assert len(page.images()) == min(len(fake.arms), 6) * 4 * 3 + 2


def test_missing_values_in_fields_and_cells_do_not_stop_the_report() -> None:
    fake = FakeResult(count=60, days=3)
    whole_fields, whole_cells = fake.fields, fake.cells

    def broken_fields(time_min: float, arm: str) -> dict[str, np.ndarray]:
        found = whole_fields(time_min, arm)
        found["oxygen"][0, :5] = np.nan
        return found | {"empty": np.full((1, 4, 4), np.nan)}

    def broken_cells(time_min: float, arm: str) -> pd.DataFrame:
        table = whole_cells(time_min, arm)
        table.loc[0, "x_um"] = np.nan
        return table

    fake.fields, fake.cells = broken_fields, broken_cells  # type: ignore[method-assign]
    text = Page(html.render(fake)).text
    assert "Grey: no value." in text
    assert "nan" not in text.lower().replace("nanom", "")


def test_a_large_report_stays_below_eight_megabytes() -> None:
    """The worst case for the file: one crowded panel, as large as the share of pixels of 24 panels allows."""
    fake = FakeResult(count=2500)
    panels = snapshots(fake, ["control"], [0.0])
    scene = maps.scene(panels.values(), fake.provenance["cell_types"])
    cells = [len(maps.cell_map(panel, scene, 24)) for panel in panels.values()]
    scale = maps.field_scale(panels.values(), "oxygen")
    assert scale is not None
    fields = [len(maps.field_map(panel, "oxygen", scale, scene, 96)) for panel in panels.values()]
    curves_and_text = 1e6
    assert (24 * cells[0] + 96 * fields[0]) * 4 / 3 + curves_and_text < 8e6


def stored(fake: FakeResult, out: Path) -> None:
    """The fake's content as a finished result folder."""
    told = fake.provenance | {"format": FORMAT_VERSION, "processes": []}
    with Writer.create(out, told, {"id": np.zeros(1, np.uint64)}) as writer:
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
        writer.finish({"status": "done"})


def test_a_stored_result_becomes_one_file_that_replaces_the_old_report(tmp_path: Path) -> None:
    stored(FakeResult(count=40, days=3), tmp_path / "out")
    before = {path.name for path in (tmp_path / "out").iterdir()}
    (tmp_path / "out" / "report.html").write_text("old")
    assert html.write_report(tmp_path / "out") == tmp_path / "out" / "report.html"
    assert {path.name for path in (tmp_path / "out").iterdir()} == before | {"report.html"}
    first = (tmp_path / "out" / "report.html").read_bytes()
    assert first.startswith(b"<!DOCTYPE html>")
    assert b"Unfinished" not in first
    assert first.count(b"data:image/png") == 2 * 4 * 3 + 2
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert html.write_report(tmp_path / "elsewhere").read_bytes() == first


def test_a_report_that_cannot_be_written_names_the_place_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "render", lambda _: "new")
    monkeypatch.setattr(Result, "open", classmethod(lambda cls, out: None))
    (tmp_path / "report.html").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(HostError, match=r"report\.html.*No space left"):
        html.write_report(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.6, "1,235"),
        (0.01234, "0.0123"),
        (1.5e-7, f"1.5 {words.TIMES} 10⁻⁷"),
        (3e12, f"3 {words.TIMES} 10¹²"),
        (999.7, "1,000"),
        (-0.5, "-0.5"),
        (float("nan"), words.MISSING),
    ],
)
def test_numbers_are_written_for_readers(value: float, text: str) -> None:
    assert words.number(value) == text


def test_dose_times_end_at_until_and_at_the_horizon() -> None:
    assert words.dose_times({"at": 0.0, "every": 14 * DAY}, 84 * DAY) == [k * 14 * DAY for k in range(6)]
    assert words.dose_times({"at": DAY, "every": DAY, "until": 3 * DAY}, 84 * DAY) == [DAY, 2 * DAY, 3 * DAY]
    assert words.dose_times({"at": 5 * DAY}, 84 * DAY) == [5 * DAY]
    assert words.dose_times({"at": 90 * DAY}, 84 * DAY) == []


def test_the_page_tells_what_was_found_before_time_0_and_what_is_not_steady() -> None:
    page = html.render(FakeResult(days=2))
    assert "Killing takes more than the tumour can lose." in page
    assert "0.139" in page
    assert "keep the imaged density" in page
    assert "The untreated tumour" not in html.render(replace_start(None))


def with_provenance(start: dict[str, Any] | None, generate: dict[str, Any] | None = None) -> Any:
    class Told(FakeResult):
        @property
        def provenance(self) -> dict[str, Any]:
            told = super().provenance
            told["burn_in"] = {"days": 24 / 1440, "asked_days": 1 / 24, "default_days": 7.0}
            if generate is not None:
                told["scenario"]["tissue"] = {"tumour": "melanoma", "generate": generate}
            return told

    Told.start = property(lambda self: start)
    return Told(days=2, count=40)


def test_the_length_of_the_burn_in_is_told_and_that_it_was_changed() -> None:
    page = html.render(with_provenance(STEADY))
    assert (
        "The tissue lived on for 24 minutes before time 0; the scenario changed that from the default of 7 days"
        in page
    )


def test_a_missing_start_is_told_and_not_passed_over() -> None:
    page = html.render(with_provenance(None))
    assert "start.json is missing from the result" in page
    assert "`opsonin resume` does not restore it" in page
    assert "start.json" not in html.render(with_provenance(STEADY))


def test_a_drawn_tissue_is_not_told_as_a_biopsy() -> None:
    page = html.render(with_provenance(STEADY, {"size": ["200 um", "200 um"]}))
    for text in ("Labels of the biopsy", "Not in the biopsy", "imaged density"):
        assert text not in page
    assert "Cells as drawn" in page and "keep the drawn density" in page
    assert "Labels of the biopsy" in html.render(with_provenance(STEADY))


def replace_start(found: dict[str, Any] | None) -> Any:
    class Without(FakeResult):
        start = property(lambda self: found)

    return Without(days=2)
