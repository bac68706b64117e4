"""The report in a real browser: whole at every width, legible in both themes, with figures and numbers to take.

That no page has an error or a request is checked by the fixture that opens it.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from browser.legibility import too_faint
from browser.pages import NAMELESS, OVERFLOW, WIDTHS, saved
from opsonin.report import html
from opsonin.store.result import Result
from small_run import small_run


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(open_page: Any, folder: Path, replicated: Path, width: int) -> None:
    for path in (folder / "report.html", replicated):
        opened = open_page(path, width)
        assert opened.page.evaluate(OVERFLOW) <= 0
        assert opened.page.evaluate("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")


def test_the_biopsy_fits_a_phone_and_can_be_read(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html", 375)
    image = opened.page.locator(".biopsy img").first
    assert 300 < image.bounding_box()["width"] <= 375
    fits = "(e) => { while ((e = e.parentElement)) if (e.scrollWidth > e.clientWidth + 1) return false; return true; }"
    assert image.evaluate(fits)
    assert 0.047 * image.evaluate("(e) => e.clientWidth") >= 12  # the scale bar's letters, in pixels


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(open_page: Any, folder: Path, scheme: str) -> None:
    opened = open_page(folder / "report.html", scheme=scheme)
    faint, texts = too_faint(opened.page)
    assert texts > 150
    assert not faint
    ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")


def test_faint_text_would_be_found(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    opened.page.evaluate("document.querySelector('h1').style.color = '#bbb'")
    assert len(too_faint(opened.page)[0]) == 1


def test_every_figure_is_named(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    assert opened.page.evaluate(NAMELESS) == []
    assert opened.page.locator("[role=img], img").count() > 30


def test_every_link_inside_the_page_leads_somewhere(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    lost = opened.page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].filter((a) => !document.querySelector(a.hash)).length"
    )
    assert lost == 0
    opened.page.locator(".panel a").first.click()
    box = opened.page.locator(".panel:target img").bounding_box()
    assert box["height"] > 500  # enlarged
    opened.page.locator(".panel:target .close").click()
    assert opened.page.locator(".panel:target").count() == 0
    opened.page.locator(".panel a").first.click()
    opened.page.keyboard.press("Escape")
    assert opened.page.locator(".panel:target").count() == 0


def test_a_curves_numbers_are_those_of_the_result(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    name, content = saved(opened, "a[download='burden.csv']")
    assert name == "burden.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    result = Result.open(folder)
    for arm in result.arms:
        values = [float(row["value"]) for row in rows if row["arm"] == arm]
        assert values == result.observables["burden"].sel(arm=arm).values.tolist()


def test_the_cells_of_the_maps_can_be_taken(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    name, content = saved(opened, "a[download^='cells-of-the-maps']")
    text = gzip.decompress(content) if name.endswith(".gz") else content
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    result = Result.open(folder)
    first = [row for row in rows if row["arm"] == "control" and float(row["time_d"]) == 0.0]
    cells = result.cells(0.0, "control")
    assert [row["type"] for row in first] == cells["type"].tolist()
    assert [float(row["x_um"]) for row in first] == pytest.approx(cells["x_um"].tolist(), abs=0.006)


def test_a_map_is_saved_with_the_meaning_of_its_colours_below_it(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    name, content = saved(opened, ".panel button[data-save=png]")
    assert name == "cells_control_day_0.png"
    with Image.open(io.BytesIO(content)) as picture:
        seen = opened.page.evaluate("document.querySelector('.panel img').naturalWidth")
        assert picture.width == seen
        below = np.asarray(picture.convert("RGB"), dtype=int)[
            opened.page.evaluate("document.querySelector('.panel img').naturalHeight") :
        ]
        for fill in opened.page.evaluate(
            "[...document.querySelector('.maps').querySelectorAll('circle')].map((e) => e.getAttribute('fill'))"
        ):
            colour = [int(fill[k : k + 2], 16) for k in (1, 3, 5)]
            assert (np.abs(below - colour).max(axis=2) < 4).sum() > 5, fill
    name, content = saved(opened, ".maps:nth-of-type(2) .panel button[data-save=png]")
    assert name.startswith("IFN-gamma_control") or name.startswith("oxygen_control")


def test_a_saved_curve_says_what_its_band_is(open_page: Any, replicated: Path) -> None:
    _, content = saved(open_page(replicated), "button[data-save=svg][data-file=burden]")
    texts = [item.text for item in ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}text")]
    assert "Band: least to largest replicate." in texts
    assert "Whiskers: 90 % interval of the mean." in texts


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_curve_is_saved_in_the_colours_of_paper(open_page: Any, folder: Path, scheme: str) -> None:
    opened = open_page(folder / "report.html", scheme=scheme)
    name, content = saved(opened, "button[data-save=svg][data-file=burden]")
    assert name == "burden.svg"
    text = content.decode()
    assert "var(" not in text and "currentColor" not in text
    assert "#565c68" in text and "#b9bfca" not in text
    assert ">control</text>" in text and ">nivolumab</text>" in text and ">Burden" in text
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_saved_bars_are_explained_by_areas(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html")
    _, content = saved(opened, "figure[data-legend=bars] button[data-save=svg]")
    areas = ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}rect")
    assert len({area.get("fill") for area in areas if area.get("fill")}) == 2  # one of each arm


def test_barriers_can_be_read_on_a_phone_and_are_named_beside_a_saved_stack(
    open_page: Any, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text(html.render(small_run()), encoding="utf-8")
    opened = open_page(page, 390)
    assert opened.page.evaluate(OVERFLOW) <= 0
    sizes = opened.page.evaluate(
        "[...document.querySelectorAll('.barrier-key, [data-legend=barriers] svg text')].map((e) => {"
        " const at = e.getScreenCTM?.(); return parseFloat(getComputedStyle(e).fontSize)"
        " * (at ? Math.hypot(at.a, at.b) : 1); })"
    )
    assert min(sizes) >= 10.0
    _, content = saved(opened, "button[data-save=svg][data-file=why-control]")
    root, named = ElementTree.fromstring(content), "{http://www.w3.org/2000/svg}text"
    texts = [item.text for item in root.iter(named)]
    assert "Lost kills by barrier: control" in texts
    assert set(opened.page.locator(".barrier-key").all_inner_texts()) <= set(texts)


def test_on_paper_everything_is_there_and_nothing_is_cut(open_page: Any, folder: Path) -> None:
    opened = open_page(folder / "report.html", scheme="dark")
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 700, "height": 1000})  # of A4 less its margins
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    faint, _ = too_faint(opened.page)
    assert not faint
    cut = opened.page.evaluate(
        "[...document.querySelectorAll('.tall, .grid')].filter((e) => e.scrollHeight > e.clientHeight + 1).length"
    )
    assert cut == 0
    assert opened.page.evaluate("getComputedStyle(document.querySelector('figure')).breakInside") == "avoid"
    assert opened.page.evaluate("getComputedStyle(document.querySelector('.take')).display") == "none"
    tallest = "getComputedStyle(document.querySelector('.biopsy.alone img')).maxHeight"
    assert opened.page.evaluate(tallest).endswith("px")  # else a tall biopsy leaves the first page half empty
    rows = "getComputedStyle(document.querySelector('.maps .wide'))"
    assert opened.page.evaluate(f"[{rows}.orphans, {rows}.widows]") == ["1", "1"]  # else no arm begins a page
    assert opened.page.pdf(format="A4").startswith(b"%PDF")


def test_intervals_on_paper_take_a_line_each(open_page: Any, replicated: Path) -> None:
    opened = open_page(replicated)
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 700, "height": 1000})
    lines = opened.page.evaluate(
        "[...document.querySelectorAll('.short .ratio')]"
        ".map((e) => e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight))"
    )
    assert lines and max(lines) < 1.5


def test_bands_of_replicates_are_seen(open_page: Any, replicated: Path) -> None:
    opened = open_page(replicated)
    figure = opened.page.locator("figure", has_text="Burden").first
    shades = figure.evaluate(
        "(f) => [...f.querySelectorAll('[style*=\"opacity: 0.\"]')]"
        ".filter((e) => e.getBoundingClientRect().width > 20).length"
    )
    assert shades == 2
    with Image.open(io.BytesIO(figure.screenshot())) as picture:
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20
