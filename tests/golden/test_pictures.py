"""Pictures as they were: a cell map, a field map, a panel of curves with bands, a frame of a movie.

Compared with tolerance, as fonts and edges differ a little between versions of what draws them. To accept a change on
purpose, look at the new pictures, which this writes, and say why in the commit:

    python -m pytest tests/golden/test_pictures.py --basetemp=out/pictures   # the drawn ones stay there
    OPSONIN_NEW_PICTURES=1 python -m pytest tests/golden/test_pictures.py    # takes them as the new standard
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba_array
from PIL import Image, ImageFilter

from made_results import DAY, FakeEnsemble, FakeResult
from opsonin.report import curves, maps, movie, movie_picture, observed, palette, words
from opsonin.report.stored import Snapshot, snapshots

HERE = Path(__file__).parent
MOST_ON_AVERAGE = 2.0  # of 255, over all pixels and colours of the pictures, blurred by a pixel
MOST_ODD = 0.005  # share of pixels that differ by more than 40 of 255
LARGEST_BYTES = 60_000
_PANELS_TOGETHER = 100  # as many as share the pixels of a report, so that each is small


def _snapshot() -> tuple[FakeResult, Snapshot]:
    fake = FakeResult(count=120, days=4)
    return fake, snapshots(fake, ["nivolumab"], [2 * DAY])["nivolumab", 2 * DAY]


def cell_map() -> bytes:
    fake, panel = _snapshot()
    return maps.cell_map(panel, maps.scene([panel], fake.provenance["cell_types"]), _PANELS_TOGETHER)


def field_map() -> bytes:
    fake, panel = _snapshot()
    scale = maps.field_scale([panel], "oxygen")
    assert scale is not None
    scene = maps.scene([panel], fake.provenance["cell_types"])
    return maps.field_map(panel, "oxygen", scale, scene, _PANELS_TOGETHER)


def curve_panel() -> bytes:
    fake = FakeEnsemble(count=40, days=20)
    curve = next(curve for curve in observed.lines(fake, fake.arms) if curve.name == "burden")
    with palette.plain_style(**{"font.size": 9.5}):
        figure = curves.panel(curve, {"nivolumab": [0.0, 14 * DAY]}, 20 * DAY, words.Clock.over(20 * DAY))
        # The page puts the arms' colours in place of stand-ins that are all nearly black.
        for artist in (*figure.axes[0].lines, *figure.axes[0].collections):
            _coloured(artist)
        written = io.BytesIO()
        figure.savefig(written, format="png", dpi=70, metadata={"Software": None})
    return written.getvalue()


def _coloured(artist: Any) -> None:
    for kind in ("", "face", "markeredge"):
        read, write = getattr(artist, f"get_{kind}color", None), getattr(artist, f"set_{kind}color", None)
        found = to_rgba_array(read())[:1] if read and write else ()
        for colour, stand_in in zip(palette.ARMS_LIGHT, map(curves.ARM.format, range(7)), strict=True):
            if len(found) and to_hex(found[0]) == stand_in:
                write(colour)


def movie_frame() -> bytes:
    made = movie.gathered(FakeResult(count=60, days=2))
    written = io.BytesIO()
    list(movie_picture.pictures_of(made))[1].reduce(2).convert("RGB").quantize(256).save(
        written, format="PNG"
    )
    return written.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "cell_map": cell_map,
    "field_map": field_map,
    "curve_panel": curve_panel,
    "movie_frame": movie_frame,
}


def apart(drawn: bytes, golden: bytes) -> tuple[float, float]:
    """Mean difference of 255 and share of odd pixels; infinite where the sizes differ."""
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in (drawn, golden)]
    if pictures[0].size != pictures[1].size:
        return float("inf"), 1.0
    soft = [np.asarray(picture.filter(ImageFilter.GaussianBlur(1)), dtype=int) for picture in pictures]
    difference = np.abs(soft[0] - soft[1])
    return float(difference.mean()), float((difference.max(axis=2) > 40).mean())


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_was(name: str, tmp_path: Path) -> None:
    drawn = PICTURES[name]()
    (tmp_path / f"{name}.png").write_bytes(drawn)
    golden = HERE / f"{name}.png"
    if os.environ.get("OPSONIN_NEW_PICTURES"):
        golden.write_bytes(drawn)
    assert golden.stat().st_size < LARGEST_BYTES
    mean, odd = apart(drawn, golden.read_bytes())
    assert mean < MOST_ON_AVERAGE and odd < MOST_ODD, f"{mean:.2f}, {odd:.2%}: look at {tmp_path}/{name}.png"


def test_the_tolerance_sees_another_colour_a_moved_window_and_a_missing_bar() -> None:
    golden = (HERE / "cell_map.png").read_bytes()
    assert apart(golden, golden) == (0.0, 0.0)
    pixels = np.asarray(Image.open(io.BytesIO(golden)).convert("RGB")).copy()
    swapped, moved, barless = pixels[:, :, ::-1], np.roll(pixels, 6, axis=1), pixels.copy()
    barless[-round(0.07 * pixels.shape[1]) :] = pixels[-1, -1]
    for changed in (swapped, moved, barless):
        written = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(changed)).save(written, format="PNG")
        mean, odd = apart(written.getvalue(), golden)
        assert mean >= MOST_ON_AVERAGE or odd >= MOST_ODD
