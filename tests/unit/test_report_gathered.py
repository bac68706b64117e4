"""What the report shows of several fields, and of replicates that are not all there yet."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from made_results import FakeField, FakeResult, stored_parts
from opsonin.cli.main import main
from opsonin.report import field_maps, html, parts, words
from opsonin.store.result import Result

pytestmark = pytest.mark.usefixtures("blank_pictures")

SMALL = {"count": 40, "days": 2}
NOT_BEGUN = {"begun": [], "reach": {"control": 0, "nivolumab": 0}}


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def ensemble(out: Path, *changes: dict[str, object]) -> Result:
    stored_parts("replicate", [FakeResult(shift=0.001 * k, **SMALL | c) for k, c in enumerate(changes)], out)
    return Result.open(out)


def test_means_are_of_the_replicates_that_are_finished(tmp_path: Path) -> None:
    half = {"reach": {"nivolumab": 1}}
    result = ensemble(tmp_path / "out", {}, {}, half, NOT_BEGUN)
    some, far = parts.begun(result)
    assert far == parts.Progress(finished=2, begun=1, of=4)
    assert list(some.by_replicate) == ["1", "2"]
    text = text_of(html.render(result))
    for told in (
        "Arm control: done in 3 of 4 replicates;",
        "Arm nivolumab: done in 2 of 4 replicates, begun in 1 more.",
        "It is to be computed 4 times",
        "So far 2 of 4 replicates are finished, and 1 more has begun. All means below are of those that are finished.",
        "Means of 2 of 4 replicates",
        "Line: mean of 2 replicates.",
        "Maps are of replicate 1 of 4.",
    ):
        assert told in text, told
    assert "No observable is stored yet" not in text
    assert "It was computed" not in text


def test_while_none_is_finished_means_are_of_those_that_have_begun(tmp_path: Path) -> None:
    half = {"reach": {"control": 1, "nivolumab": 1}}
    result = ensemble(tmp_path / "out", NOT_BEGUN, half)
    text = text_of(html.render(result))
    assert "So far 0 of 2 replicates are finished, and 1 more has begun." in text
    assert "Line: one replicate, which has no interval." in text
    assert "Maps are of replicate 2 of 2." in text


def test_replicates_none_of_which_has_begun_still_have_a_page(tmp_path: Path) -> None:
    text = text_of(html.render(ensemble(tmp_path / "out", NOT_BEGUN, NOT_BEGUN)))
    assert "So far 0 of 2 replicates are finished." in text
    assert "All means below" not in text
    assert "No observable is stored yet." in text


def test_the_command_says_that_a_result_is_unfinished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ensemble(tmp_path / "out", {}, NOT_BEGUN)
    for folder, unfinished in (("out", True), ("out/replicates/001", False)):
        assert main(["report", str(tmp_path / folder), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["unfinished"] is unfinished


def test_every_field_is_drawn_on_the_page_of_the_patient(tmp_path: Path) -> None:
    stored_parts("field", [FakeField(**SMALL), FakeField(**SMALL | {"count": 60})], tmp_path / "out")
    result = Result.open(tmp_path / "out")
    made = field_maps.grids(
        result.by_field, result.provenance, ["control", "nivolumab"], words.Clock("day", 1440.0)
    )
    assert made is not None
    (grid,) = made["grids"]
    assert [row["arm"] for row in grid["rows"]] == ["image 1", "image 2"]
    assert [panel["time"] for panel in grid["rows"][0]["panels"]] == [
        "day 0",
        "control, day 2",
        "nivolumab, day 2",
    ]
    cells = pd.read_csv(io.BytesIO(base64.b64decode(grid["csv"].href.split(",", 1)[1])))
    assert cells.groupby("field").size()["image 2"] == sum(
        len(result.by_field["image 2"].cells(time, arm))
        for time, arm in ((0.0, "control"), (2880.0, "control"), (2880.0, "nivolumab"))
    )
    page = html.render(result)
    assert page.count('alt="Map of the cells of image 2') == 3
    assert "Line: sum over 2 fields." in text_of(page)
    assert "observables-by-field.csv" in page


def test_movies_are_led_to_where_they_lie(tmp_path: Path) -> None:
    stored_parts("field", [FakeField(**SMALL), FakeField(**SMALL)], tmp_path / "out")
    result = Result.open(tmp_path / "out")
    assert html._movies(result, result, "") == []
    for place in ("movie.html", "fields/002/movie.html"):
        (tmp_path / "out" / place).write_text("plays")
    led = [(movie["link"], movie["text"]) for movie in html._movies(result, result, "")]
    assert led == [
        ("movie.html", "Movie of the cells, all arms side by side"),
        ("fields/002/movie.html", "Movie of image 2"),
    ]


def test_a_patient_one_of_whose_fields_has_not_begun_says_why_there_are_no_curves(tmp_path: Path) -> None:
    stored_parts("field", [FakeField(**SMALL), FakeField(**SMALL | NOT_BEGUN)], tmp_path / "out")
    assert "Curves are drawn once every field has begun" in text_of(
        html.render(Result.open(tmp_path / "out"))
    )
