"""The movie in a real browser: it plays when asked, stops at its end, and can be led by keys."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browser.legibility import too_faint
from browser.pages import NAMELESS, OVERFLOW, WIDTHS, saved
from made_results import FakeResult
from opsonin.report import movie, movie_page, palette
from opsonin.store.result import Result


def pixels(opened: Any) -> np.ndarray:
    """(height, width, 3) of the first arm's canvas as it is seen, without its border."""
    with Image.open(io.BytesIO(opened.page.locator("canvas").first.screenshot())) as picture:
        return np.asarray(picture.convert("RGB"), dtype=int)[1:-1, 1:-1]


def told(opened: Any, what: str, text: str) -> None:
    """Wait until an element says something; the page's own policy forbids to wait by script."""
    opened.page.locator(what, has_text=text).wait_for(timeout=10_000)


def clock(opened: Any) -> str:
    return str(opened.page.locator("#when").inner_text())


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(open_page: Any, folder: Path, width: int) -> None:
    assert open_page(folder / "movie.html", width).page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read_and_every_figure_is_named(open_page: Any, folder: Path, scheme: str) -> None:
    opened = open_page(folder / "movie.html", scheme=scheme)
    faint, texts = too_faint(opened.page)
    assert texts > 20
    assert not faint
    assert opened.page.evaluate(NAMELESS) == []


def test_cells_lie_where_they_are_stored_in_the_colours_of_their_types(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "movie.html")
    drawn = pixels(opened)
    cells, box = Result.open(folder).cells(0.0, "control"), Result.open(folder).box(0.0, "control")
    extent = opened.page.evaluate("movie.extent")
    scale = drawn.shape[1] / extent[0]  # a pixel of the page is a pixel of the canvas
    top = cells[(cells["type"] == "cd8") & ~cells["phase"].isin(["apoptotic", "necrotic"])]
    inside = top[top["x_um"].between(5, box[0] - 5) & top["y_um"].between(5, box[1] - 5)]
    assert len(inside)
    for cell in inside.tail(1).itertuples():  # the last lies on top of all
        x = (cell.x_um + 0.5 * (extent[0] - box[0])) * scale
        y = (cell.y_um + 0.5 * (extent[1] - box[1])) * scale
        found = drawn[int(y), int(x)]
        blue, pale = (0x00, 0x72, 0xB2), (0xAD, 0xD2, 0xE6)
        assert min(np.abs(found - blue).max(), np.abs(found - pale).max()) < 12
    assert "#{:02x}{:02x}{:02x}".format(*drawn[-2, -2]) == palette.OUTSIDE


def test_it_waits_until_it_is_asked_and_stops_at_its_end(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "movie.html")
    before = pixels(opened)
    assert clock(opened) == "day 0"
    opened.page.wait_for_timeout(400)
    assert clock(opened) == "day 0"
    opened.page.select_option("#speed", "24")
    opened.page.click("#play")
    told(opened, "#when", "day 4")
    told(opened, "#play", "Play")
    assert np.abs(pixels(opened) - before).max() > 100
    counts = opened.page.locator(".counts").first.inner_text()
    live = Result.open(folder).cells(4 * 1440.0, "control")
    cancer = ((live["type"] == "cancer") & ~live["phase"].isin(["apoptotic", "necrotic"])).sum()
    assert f"Melanoma cell: {cancer}" in counts
    opened.page.select_option("#speed", "3")
    opened.page.click("#play")  # from the start again
    told(opened, "#when", "day 2")


def test_keys_lead_it(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "movie.html")
    for key, day in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 4), ("Home", 0)):
        opened.page.keyboard.press(key)
        assert clock(opened) == f"day {day}"
    opened.page.keyboard.press(" ")
    assert opened.page.locator("#play").get_attribute("aria-pressed") == "true"
    opened.page.keyboard.press(" ")
    assert opened.page.locator("#play").get_attribute("aria-pressed") == "false"
    opened.page.locator("#frame").focus()
    now = clock(opened)
    opened.page.keyboard.press("ArrowRight")
    assert clock(opened) != now
    assert opened.page.locator("#frame").get_attribute("aria-valuetext") == clock(opened)


def test_panels_beside_each_other_align_whatever_their_arms_are_called(
    open_page: Any, tmp_path: Path
) -> None:
    arms = ["control", "nivolumab with dulanermin every other week", "x" * 40]
    page = tmp_path / "movie.html"
    made = movie.gathered(FakeResult(planned=arms, count=60, days=1))
    page.write_text(movie_page.render(made), encoding="utf-8")
    opened = open_page(page, 820)
    assert opened.page.evaluate(OVERFLOW) <= 0
    one, other = (opened.page.locator("canvas").nth(k).bounding_box() for k in (0, 1))
    assert one["x"] != other["x"] and one["y"] == other["y"] and one["height"] == other["height"]
    names = [opened.page.locator("figcaption").nth(k).bounding_box()["height"] for k in (0, 1)]
    assert names[1] > 1.5 * names[0]  # one is on two lines


def test_an_arm_can_be_seen_alone(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "movie.html")
    side_by_side = opened.page.locator("canvas").nth(1).bounding_box()
    assert side_by_side["x"] > opened.page.locator("canvas").nth(0).bounding_box()["x"] + 100
    opened.page.locator(".show").first.uncheck()
    assert not opened.page.locator("canvas").nth(0).is_visible()
    assert opened.page.locator("canvas").nth(1).bounding_box()["width"] > side_by_side["width"]


def test_those_who_want_less_motion_get_it_slowly(open_page: Any, folder: Path) -> None:
    calm = open_page(folder / "movie.html", motion="reduce")
    assert calm.page.locator("#speed").input_value() == "1"
    assert open_page(folder / "movie.html").page.locator("#speed").input_value() == "6"


def test_a_picture_of_all_arms_can_be_saved(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "movie.html")
    name, content = saved(opened, "#save")
    assert name == "day_0.png"
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.width > 2 * opened.page.evaluate("document.querySelector('canvas').width")


def test_the_report_and_the_movie_lead_to_each_other(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    opened.page.click("text=Movie of the cells")
    assert opened.page.url.endswith("movie.html")
    opened.page.click("text=Report")
    assert opened.page.url.endswith("report.html")
