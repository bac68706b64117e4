"""The report: what must be in it, what must never be, and that it is the same bytes for the same result."""

from __future__ import annotations

import base64
import hashlib
import html as markup
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from made_results import DAY, STEADY, FakeEnsemble, FakeResult, stored
from opsonin.cli.main import main
from opsonin.core.errors import HostError
from opsonin.report import html, maps, palette, words
from opsonin.report.stored import map_times, snapshots
from opsonin.store.result import Result


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


def html_text(page: str) -> str:
    return markup.unescape(page)


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
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "form"}
    inside = ("#", "data:image/png;base64,", "data:text/csv", "data:application/gzip")
    for _tag, attrs in page.tags:
        for key in ("src", "href", "xlink:href", "action"):
            assert (attrs.get(key) or "#").startswith(inside)
    assert not re.search(r"url\((?!#)", two_arms)
    assert "/somewhere" not in two_arms


def test_the_only_script_that_may_run_is_the_pages_own(two_arms: str) -> None:
    codes = re.findall(r"<script(?: [^>]*)?>(.*?)</script>", two_arms, re.DOTALL)
    assert len(codes) == 2  # the colours as data, and the code
    allowed = re.findall(r"script-src '(sha256-[^']+)'", html_text(two_arms))
    assert allowed == ["sha256-" + base64.b64encode(hashlib.sha256(codes[1].encode()).digest()).decode()]
    assert "unsafe-inline'; script-src" in html_text(two_arms)  # of styles alone


def test_every_picture_is_described_in_words(two_arms: str) -> None:
    page = Page(two_arms)
    assert len(page.images()) >= 2 * 4 * 3
    assert all(attrs.get("alt") for attrs in page.images())
    drawn = [attrs for tag, attrs in page.tags if attrs.get("role") == "img"]
    assert len(drawn) == 9 + 3  # observables, CD8 per cancer cell, those that touch, the best change
    assert all(attrs.get("aria-label") for attrs in drawn)


@pytest.mark.usefixtures("blank_pictures")
def test_text_of_a_scenario_cannot_become_markup() -> None:
    evil = '<script>alert(1)</script> $x_{2}$ & "quotes"'
    fake = FakeResult(planned=["control", "a <b> $y^{"], name=evil, count=60, days=3)
    written = html.render(fake)
    assert "<script>alert" not in written
    assert "<b>" not in written
    assert evil in Page(written).text


def test_the_same_result_gives_the_same_bytes_whatever_the_users_style() -> None:
    import matplotlib as mpl

    small = {"count": 40, "days": 1, "planned": ["control"]}
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


def test_everything_that_may_be_wider_than_a_phone_can_be_reached_by_keys(two_arms: str) -> None:
    wide = [attrs for _, attrs in Page(two_arms).tags if "wide" in (attrs.get("class") or "").split()]
    assert len(wide) > 5
    assert all(attrs.get("tabindex") == "0" and attrs.get("aria-label") for attrs in wide)


def test_what_is_told_is_there_and_cells_have_their_titles(two_arms: str) -> None:
    assert "is said below each curve" not in two_arms  # a single run has no bands
    assert "is said below each curve" in html.render(FakeEnsemble(count=40, days=2))
    assert re.search(r"<br>CD8 T cell: \d+ · Melanoma cell: \d+ · Other cell: \d+ · dead: \d+<", two_arms)
    assert not re.search(r"\d+ (cd8|other|cancer) · ", two_arms)
    assert '<td class="n">0.001 to 0.004, by arm</td>' in two_arms


def test_an_observable_without_values_is_left_out(two_arms: str) -> None:
    assert "Never" not in two_arms
    assert "Pd1 occupancy" in two_arms


def test_no_movie_is_led_to_where_there_is_none(two_arms: str) -> None:
    assert 'href="movie.html"' not in two_arms


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


def test_a_colour_scale_begins_at_zero_however_little_a_field_varies() -> None:
    fake = FakeResult()
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    even = replace(panel, fields={"cxcl10": np.linspace(2.12e-4, 2.26e-4, 64).reshape(1, 8, 8)})
    scale = maps.field_scale([even], "cxcl10")
    assert scale is not None and scale.low == 0.0 and scale.high == pytest.approx(2.26e-4, rel=0.01)


@pytest.mark.parametrize(("days", "shown"), [(4, 5), (5, 4)])
def test_of_five_stored_times_all_have_maps(days: int, shown: int) -> None:
    fake = FakeResult(days=days, count=20)
    assert len(map_times(fake, fake.arms)) == shown


def test_a_table_wider_than_the_page_has_a_shade_at_its_edge_on_screens() -> None:
    css = html.page._source("report.css")
    (rule,) = (line for line in css.splitlines() if ".wide { background" in line)
    assert rule.startswith("@media screen") and "no-repeat local" in rule and "no-repeat scroll" in rule


@pytest.mark.usefixtures("blank_pictures")
def test_a_block_is_cut_in_the_middle_and_says_so() -> None:
    fake = FakeResult(depth=200.0, count=60, days=3)
    assert "Middle section" in html.render(fake)
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    scene = maps.scene([panel], {})
    z, r = panel.cells["z_um"], panel.cells["radius_um"]
    assert sum(maps.census(panel, scene).values()) == int((np.abs(z - 100.0) < r).sum()) > 0


@pytest.mark.usefixtures("blank_pictures")
def test_a_flat_slab_shows_every_cell() -> None:
    fake = FakeResult(count=60)
    panel = snapshots(fake, ["control"], [0.0])["control", 0.0]
    assert sum(maps.census(panel, maps.scene([panel], {})).values()) == len(panel.cells)
    assert "seen from above" in html.render(FakeResult(count=60, days=3))


@pytest.mark.usefixtures("blank_pictures")
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
    fake = FakeResult(count=60, days=1, **change)
    page = Page(html.render(fake))
    assert len(page.images()) == min(len(fake.arms), 6) * 2 * 3 + 2 + 1


def test_missing_values_in_fields_and_cells_do_not_stop_the_report() -> None:
    fake = FakeResult(count=60, days=1)
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


def test_a_stored_result_becomes_one_file_that_replaces_the_old_report(tmp_path: Path) -> None:
    stored(FakeResult(count=40, days=1), tmp_path / "out")
    before = {path.name for path in (tmp_path / "out").iterdir()}
    (tmp_path / "out" / "report.html").write_text("old")
    assert html.write_report(tmp_path / "out") == tmp_path / "out" / "report.html"
    assert {path.name for path in (tmp_path / "out").iterdir()} == before | {"report.html"}
    first = (tmp_path / "out" / "report.html").read_bytes()
    assert first.startswith(b"<!DOCTYPE html>")
    assert b"Unfinished" not in first
    assert first.count(b"data:image/png") == 2 * 2 * 3 + 2 + 1
    (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert html.write_report(tmp_path / "elsewhere").read_bytes() == first


def test_a_report_that_cannot_be_written_names_the_place_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "render", lambda *_: "new")
    monkeypatch.setattr(Result, "open", classmethod(lambda cls, out: None))
    (tmp_path / "report.html").write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(HostError, match=r"report\.html.*disk"):
        html.write_report(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"


def test_the_report_of_a_folder_that_cannot_be_written_goes_elsewhere_and_leads_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stored(FakeResult(count=40, days=1), tmp_path / "out")
    (tmp_path / "out" / "movie.html").write_text("a movie")
    (tmp_path / "pages").mkdir()
    page = tmp_path / "pages" / "mine.html"
    assert main(["report", str(tmp_path / "out"), "-o", str(page), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["report"] == str(page)
    assert 'href="../out/movie.html"' in page.read_text()
    assert not (tmp_path / "out" / "report.html").exists()
    assert main(["report", str(tmp_path / "out"), "-o", str(tmp_path / "no" / "page.html")]) == 2
    assert "there is no such folder" in capfd.readouterr().err
    with pytest.raises(HostError, match="opsonin report OUT -o FILE` writes it elsewhere"):
        html.write_report(tmp_path / "out", Path("/proc/page.html"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.6, "1,235"),
        (0.01234, "0.0123"),
        (1.5e-7, f"1.5 {words.TIMES} 10⁻⁷"),
        (3e12, f"3 {words.TIMES} 10¹²"),
        (999.7, "1,000"),
        (-0.5, f"{words.MINUS}0.5"),
        (-1.5e-7, f"{words.MINUS}1.5 {words.TIMES} 10⁻⁷"),
        (float("-inf"), f"{words.MINUS}∞"),
        (float("nan"), words.MISSING),
    ],
)
def test_numbers_are_written_for_readers(value: float, text: str) -> None:
    assert words.MINUS == "\N{MINUS SIGN}"
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("20 um, 45 per mm2 (doi:10.1002/1e-5-2um; 5e4 molecules)", None),
        ("1 uM in uM", "1 µM in µM"),
        ("8e3 molecules at -2 mV", f"8 {words.TIMES} 10³ molecules at {words.MINUS}2 mV"),
        ("1e-6 cm2/s", f"1 {words.TIMES} 10⁻⁶ cm²/s"),
        (
            "label CD8-PD1-PDL1-, 10-20 cells, x_um, evidence:C025",
            "label CD8-PD1-PDL1-, 10-20 cells, x_um, evidence:C025",
        ),
    ],
)
def test_stored_sentences_are_typeset_and_references_and_labels_are_not(
    stored: str, shown: str | None
) -> None:
    expected = f"20 µm, 45 per mm² (doi:10.1002/1e-5-2um; 5 {words.TIMES} 10⁴ molecules)"
    assert words.typeset(stored) == (shown or expected)


def test_dose_times_end_at_until_and_at_the_horizon() -> None:
    assert words.dose_times({"at": 0.0, "every": 14 * DAY}, 84 * DAY) == [k * 14 * DAY for k in range(6)]
    assert words.dose_times({"at": DAY, "every": DAY, "until": 3 * DAY}, 84 * DAY) == [DAY, 2 * DAY, 3 * DAY]
    assert words.dose_times({"at": 5 * DAY}, 84 * DAY) == [5 * DAY]
    assert words.dose_times({"at": 90 * DAY}, 84 * DAY) == []


@pytest.mark.usefixtures("blank_pictures")
def test_the_page_tells_what_was_found_before_time_0_and_what_is_not_steady() -> None:
    page = html.render(FakeResult(days=2))
    assert "Killing takes more than the tumour can lose." in page
    assert "0.139" in page
    assert "keep the imaged density" in page
    assert "The untreated tumour" not in html.render(replace_start(None))


@pytest.mark.usefixtures("blank_pictures")
def test_warnings_are_counted_at_the_head_and_cells_of_time_0_stand_beside_those_imaged() -> None:
    page = html.render(FakeResult(days=2))
    head = page[: page.index("</header>")]
    assert '<a href="#untreated">1 warning</a>' in head
    assert 'id="untreated"' in page
    row = page[page.index('aria-label="Cells at time 0"') :]
    for text in ("3,456", "2,791", f"{words.MINUS}19 %", "2,179", "arrivals and departures", "nothing"):
        assert text in row
    assert "densities held" not in page
    quiet = html.render(replace_start(STEADY | {"warnings": [], "census": []}))
    assert 'href="#untreated"' not in quiet and "Cells at time 0" not in quiet


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


@pytest.mark.usefixtures("blank_pictures")
def test_the_length_of_the_burn_in_is_told_and_that_it_was_changed() -> None:
    page = html.render(with_provenance(STEADY))
    assert (
        "The tissue lived on for 24 minutes before time 0; the scenario changed that from the default of 7 days"
        in page
    )


@pytest.mark.usefixtures("blank_pictures")
def test_a_missing_start_is_told_and_not_passed_over() -> None:
    page = html.render(with_provenance(None))
    assert "start.json is missing from the result" in page
    assert "`opsonin resume` does not restore it" in page
    assert "start.json" not in html.render(with_provenance(STEADY))


@pytest.mark.usefixtures("blank_pictures")
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
