"""The movie: what is packed is what was stored, thinned evenly, in stable colours, of the part asked for."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from made_results import DAY, FakeEnsemble, FakeResult, stored
from opsonin.cli.main import main
from opsonin.core.errors import InputError, RunError
from opsonin.report import maps, movie, movie_page, movie_picture, palette
from opsonin.report.stored import snapshots


@pytest.fixture(scope="module")
def fake() -> FakeResult:
    return FakeResult(count=60, days=4)


@pytest.fixture(scope="module")
def made(fake: FakeResult) -> movie.Movie:
    return movie.gathered(fake)


def unpacked(page: str) -> tuple[dict[str, Any], bytes]:
    content = re.search(r'id="content">(.*?)</script>', page, re.DOTALL)
    packed = re.search(r'id="packed">(.*?)</script>', page, re.DOTALL)
    assert content and packed
    return json.loads(content[1]), base64.b64decode(packed[1])


def test_every_arm_has_a_frame_for_every_stored_time_with_the_counts_of_the_maps(
    fake: FakeResult, made: movie.Movie
) -> None:
    assert [time / DAY for time in made.times] == [0, 1, 2, 3, 4]
    panels = snapshots(fake, fake.arms, made.times)
    scene = maps.scene(panels.values(), fake.provenance["cell_types"])
    assert (made.extent, made.bar) == (scene.extent, scene.bar)
    for (arm, time), panel in panels.items():
        frame = made.frames[arm][made.times.index(time)]
        assert frame is not None
        counted = maps.census(panel, scene)
        assert sum(frame.counts) == sum(counted.values()) == len(panel.cells)
        dead = sum(n for style, n in zip(made.styles, frame.counts, strict=True) if style.dead)
        assert dead == counted["dead"]
        assert f"Melanoma cell: {counted['cancer']:,}" in made.said(arm, made.times.index(time))


def test_what_the_page_packs_comes_back_within_a_step(made: movie.Movie) -> None:
    content, packed = unpacked(movie_page.render(made))
    for arm in content["arms"]:
        for frame, told in zip(made.frames[arm["name"]], arm["frames"], strict=True):
            assert frame is not None
            n, at = len(frame.radii), told["at"]
            assert at % 2 == 0
            x, y = (np.frombuffer(packed, "<u2", n, at + 2 * k * n) / 65535.0 for k in range(2))
            radii = np.frombuffer(packed, "u1", n, at + 4 * n) * content["radius"]
            assert x * frame.box[0] == pytest.approx(frame.places[:, 0], abs=frame.box[0] / 65535)
            assert y * frame.box[1] == pytest.approx(frame.places[:, 1], abs=frame.box[1] / 65535)
            assert radii == pytest.approx(frame.radii, abs=content["radius"])


def test_cells_lie_in_drawing_order_with_reactive_t_cells_on_top(made: movie.Movie) -> None:
    titles = [style.title for style in made.styles]
    assert titles[-1] == "CD8 T cell, tumour-reactive" and titles[-2] == "CD8 T cell, bystander"
    assert titles.index("Melanoma cell") < titles.index("dead, apoptotic") < titles.index(titles[-2])
    assert [style.halo for style in made.styles][-2:] == [True, True]


def test_84_days_of_two_arms_of_3000_cells_stay_below_ten_megabytes_and_more_is_thinned() -> None:
    bytes_per_cell = 5 * 4 / 3
    assert movie.MOST_CELLS > 85 * 2 * 3000
    assert movie.MOST_CELLS * bytes_per_cell < 10e6
    fake = FakeResult(count=60, days=20)
    thinned = movie.gathered(fake, most_cells=600)
    assert thinned.times[0] == 0.0 and thinned.times[-1] == 20 * DAY
    assert 2 <= len(thinned.times) <= 7
    assert thinned.left_out == (
        f"{len(thinned.times)} of 21 stored times are shown, evenly, so that the file stays small."
    )


def test_an_arm_that_stopped_early_is_blank_from_then_on() -> None:
    made = movie.gathered(FakeResult(count=40, days=3, reach={"nivolumab": 1}))
    assert [frame is None for frame in made.frames["nivolumab"]] == [False, False, True, True]
    assert made.said("nivolumab", 3) == ["not stored"]
    assert unpacked(movie_page.render(made))[0]["arms"][1]["frames"][3] is None


def test_arms_can_be_chosen_and_a_wrong_one_is_told(fake: FakeResult) -> None:
    assert list(movie.gathered(fake, arms=["nivolumab"]).frames) == ["nivolumab"]
    with pytest.raises(InputError, match="Did you mean 'nivolumab'"):
        movie.gathered(fake, arms=["nivolumb"])
    with pytest.raises(RunError, match="no output time"):
        movie.gathered(FakeResult(begun=[], reach={"nivolumab": 0}))


def test_of_replicates_the_first_is_shown_unless_another_is_asked_for() -> None:
    ensemble: Any = FakeEnsemble(count=40, days=2)
    assert movie.chosen(ensemble, None, None) == (ensemble.by_replicate["1"], "replicate 1, one of 3")
    assert movie.chosen(ensemble, None, "3")[0] is ensemble.by_replicate["3"]
    with pytest.raises(InputError, match="no replicate '4'"):
        movie.chosen(ensemble, None, "4")
    with pytest.raises(InputError, match="--field"):
        movie.chosen(ensemble, "a", None)


def test_the_dead_are_one_entry_of_the_legend_as_they_are_one_count(made: movie.Movie) -> None:
    *alive, (title, dead) = movie.legend(made.styles)
    assert title == "dead (apoptotic or necrotic)"
    assert [style.fill for style in dead] == list(palette.DEAD.values())
    told = [line.partition(": ")[0] for line in made.said("control", 0)]
    assert told == [*(name for name, _ in alive), "dead"]
    assert movie_page.render(made).count("dead (apoptotic or necrotic)") == 1


def test_text_of_a_scenario_cannot_become_markup() -> None:
    evil = "</script><script>alert(1)</script>"
    page = movie_page.render(movie.gathered(FakeResult(count=40, days=1, name=evil, planned=["a</script>b"])))
    assert "alert(1)</script>" not in page
    assert page.count("<script") == page.count("</script>") == 3


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_an_animated_picture_has_a_frame_for_every_time(made: movie.Movie, kind: str) -> None:
    with Image.open(io.BytesIO(movie_picture.animated(made, kind, 5.0))) as picture:
        assert getattr(picture, "n_frames", 1) == 5
        assert picture.info.get("loop") == 0
        first = np.asarray(picture.convert("RGB")).astype(int)
        picture.seek(4)
        assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - first).max() > 100


def test_a_gif_has_the_same_colours_in_every_frame(made: movie.Movie) -> None:
    pictures = movie_picture._one_palette(list(movie_picture.pictures_of(made)))
    assert len({bytes(picture.getpalette() or b"") for picture in pictures}) == 1


def test_the_command_writes_the_movie_and_the_report_leads_to_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    stored(FakeResult(count=40, days=1), out)
    (out / "report.html").write_text("of before there was a movie")
    assert main(["movie", str(out)]) == 0
    assert f"movie: {out / 'movie.html'}\n" in capfd.readouterr().out
    assert '<a href="movie.html">' in (out / "report.html").read_text()
    assert '<a href="report.html">' in (out / "movie.html").read_text()
    assert main(["movie", str(out), "-o", str(tmp_path / "slide.gif"), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told == {
        "ok": True,
        "movie": str(tmp_path / "slide.gif"),
        "of": "",
        "times": 2,
        "left_out": "",
    }
    with Image.open(tmp_path / "slide.gif") as picture:
        assert picture.n_frames == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere"),
        (["OUT", "--arm", "contrl"], "Did you mean 'control'"),
        (["OUT", "--field", "2"], "--field"),
        (["OUT", "--replicate", "2"], "--replicate"),
        (["OUT", "--format", "avi"], "avi"),
        (["OUT", "-o", "movie.avi"], "movie.avi"),
        (["OUT", "-o", "movie.gif", "--format", "webp"], ".webp"),
        (["OUT", "-o", "."], "'.' does not end in .html"),
        (["OUT", "-o", ".", "--format", "gif"], "Write -o movie.gif"),
        (["OUT", "-o", "FOLDER.gif"], "FOLDER.gif  is a folder"),
        (["OUT", "-o", "no/such/folder/movie.gif"], "no/such/folder"),
        (["OUT", "--speed", "0"], "speed"),
    ],
)
def test_what_cannot_be_shown_is_told_with_its_name(
    words: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    stored(FakeResult(count=40, days=1), out)
    before = {path.name for path in out.iterdir()}
    (tmp_path / "FOLDER.gif").mkdir()
    places = {"OUT": str(out), "FOLDER.gif": str(tmp_path / "FOLDER.gif")}
    assert main(["movie", *(places.get(word, word) for word in words)]) == 2
    printed = capfd.readouterr()
    assert said in printed.out + printed.err
    assert "Traceback" not in printed.err
    assert {path.name for path in out.iterdir()} == before
