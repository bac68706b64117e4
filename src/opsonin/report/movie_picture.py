"""A movie as one animated picture (GIF, WebP or PNG), arms side by side, for slides and for readers without a browser.

Drawn by pillow alone at twice the size and halved, so that edges are smooth; nothing needs to be installed for it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from opsonin.report import maps, palette
from opsonin.report.movie import Frame, Movie, Style, legend

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Key = tuple[str, tuple[Style, ...]]  # of the legend

FORMATS = {"gif": "GIF", "webp": "WEBP", "png": "PNG"}
_FINER = 2
_WIDEST = 1280  # pixels of the whole picture
_PANEL = 560
_GAP, _LINE = 14, 19
_DISC, _BETWEEN = 16, 18  # of the legend: a sign's width, and what parts entries
_LAST_HELD = 8  # the last frame stays this many times as long
_WHITE, _SOFT = "#ffffff", "#565c66"


def animated(movie: Movie, kind: str, frames_per_second: float) -> bytes:
    """The whole movie as a file of `kind`, a key of `FORMATS`; it plays again and again."""
    pictures = list(pictures_of(movie))
    if kind == "gif":
        pictures = _one_palette(pictures)
    each = round(1000 / frames_per_second)
    options: dict[str, Any] = {"quality": 80, "method": 4} if kind == "webp" else {}
    written = io.BytesIO()
    pictures[0].save(
        written,
        format=FORMATS[kind],
        save_all=True,
        append_images=pictures[1:],
        duration=[each] * (len(pictures) - 1) + [each * _LAST_HELD],
        loop=0,
        **options,
    )
    return written.getvalue()


def pictures_of(movie: Movie) -> Iterator[Image]:
    """Every frame in turn: title, clock, a panel per arm with its counts, legend."""
    sheet = _Sheet.of(movie)
    for index in range(len(movie.times)):
        yield _picture(movie, index, sheet)


@dataclass(frozen=True)
class _Sheet:
    """Sizes in pixels of the finished picture: of a panel, of what lies above and below it, and of the whole."""

    panel: tuple[int, int]
    head: int
    foot: int
    size: tuple[int, int]

    @classmethod
    def of(cls, movie: Movie) -> _Sheet:
        arms = len(movie.frames)
        wide = min(_PANEL, (_WIDEST - _GAP) // arms - _GAP)
        high = round(wide * (movie.extent[1] / movie.extent[0] + maps.STRIP))
        lines = max(len(_wrapped(movie.said(arm, 0), wide)) + 1 for arm in movie.frames)
        total = max(arms * (wide + _GAP) + _GAP, 360)
        keys = len(_rows_of_keys(movie.styles, total))
        head, foot = 3 * _LINE + _GAP // 2, (lines + keys) * _LINE + 2 * _GAP
        return cls((wide, high), head, foot, (total, head + high + foot))


def _picture(movie: Movie, index: int, sheet: _Sheet) -> Image:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", sheet.size, _WHITE)
    draw = ImageDraw.Draw(picture)
    title = f"{movie.name} ({movie.of})" if movie.of else movie.name
    draw.text((_GAP, 6), _cut(title, sheet.size[0] - 2 * _GAP, 15), palette.INK, _font(15))
    draw.text((_GAP, 6 + _LINE), movie.clock.read(movie.times[index]), palette.INK, _font(15))
    for place, (arm, frames) in enumerate(movie.frames.items()):
        left = _GAP + place * (sheet.panel[0] + _GAP)
        colour = palette.ARMS_LIGHT[place % len(palette.ARMS_LIGHT)]
        draw.rectangle((left, sheet.head - 15, left + 11, sheet.head - 4), colour)
        draw.text((left + 17, sheet.head - 17), _cut(arm, sheet.panel[0] - 20, 13), palette.INK, _font(13))
        picture.paste(_panel(movie, frames[index], sheet.panel), (left, sheet.head))
        top = sheet.head + sheet.panel[1] + 5
        for line in _wrapped(movie.said(arm, index), sheet.panel[0]):
            draw.text((left, top), line, _SOFT, _font(12))
            top += _LINE
        if (frame := frames[index]) is not None and frame.weight != 1.0:
            draw.text((left, top), f"each cell stands for {frame.weight:.4g}", _SOFT, _font(12))
    _legend(draw, movie, sheet)
    return picture


def _panel(movie: Movie, frame: Frame | None, size: tuple[int, int]) -> Image:
    """One arm's window on grey, its scale bar below."""
    from PIL import Image, ImageDraw

    wide, high = size[0] * _FINER, size[1] * _FINER
    panel = Image.new("RGB", (wide, high), palette.OUTSIDE)
    scale = wide / movie.extent[0]
    if frame is not None:
        left = round(0.5 * (movie.extent[0] - frame.box[0]) * scale)
        top = round(0.5 * (movie.extent[1] - frame.box[1]) * scale)
        panel.paste(_window(frame, movie.styles, scale, wide), (left, top))
    draw = ImageDraw.Draw(panel)
    strip = maps.STRIP * wide
    middle = movie.extent[1] * scale + 0.5 * strip
    draw.rectangle(
        (0.25 * strip, middle - 0.08 * strip, 0.25 * strip + movie.bar * scale, middle + 0.08 * strip),
        palette.INK,
    )
    text = f"{movie.bar:g} µm" if frame is not None else f"{movie.bar:g} µm      not stored"
    draw.text(
        (0.5 * strip + movie.bar * scale, middle), text, palette.INK, _font(round(0.4 * strip)), anchor="lm"
    )
    return panel.resize(size, Image.Resampling.BOX)


def _window(frame: Frame, styles: tuple[Style, ...], scale: float, wide: int) -> Image:
    from PIL import Image, ImageDraw

    size = max(round(frame.box[0] * scale), 1), max(round(frame.box[1] * scale), 1)
    window = Image.new("RGB", size, palette.PAPER)
    draw = ImageDraw.Draw(window)
    first = 0
    for style, count in zip(styles, frame.counts, strict=True):
        places, radii = frame.places[first : first + count], frame.radii[first : first + count]
        first += count
        discs = [
            (x * scale, y * scale, max(radius, style.least) * scale)
            for (x, y), radius in zip(places.tolist(), radii.tolist(), strict=True)
        ]
        if style.halo:
            for x, y, radius in discs:
                _disc(draw, (x, y, 1.35 * radius), "#ffffff")
        line = max(round(style.line * wide / 600), 1)
        for disc in discs:
            _disc(draw, disc, style.fill, style.edge, line)
    return window


def _disc(
    draw: ImageDraw, disc: tuple[float, float, float], fill: str, edge: str | None = None, line: int = 0
) -> None:
    x, y, radius = disc
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill, outline=edge, width=line)


def _legend(draw: ImageDraw, movie: Movie, sheet: _Sheet) -> None:
    rows = _rows_of_keys(movie.styles, sheet.size[0])
    top = sheet.size[1] - _GAP // 2 - len(rows) * _LINE
    for row in rows:
        left = _GAP
        for title, styles in row:
            for style in styles:
                draw.ellipse((left, top + 2, left + 11, top + 13), fill=style.fill, outline=style.edge)
                left += _DISC
            draw.text((left, top), title, palette.INK, _font(12))
            left += round(_font(12).getlength(title)) + _BETWEEN
        top += _LINE


def _rows_of_keys(styles: tuple[Style, ...], wide: int) -> list[list[Key]]:
    """The entries of the legend on as few lines as hold them."""
    rows: list[list[Key]] = [[]]
    left = _GAP
    for title, shown in legend(styles):
        long = _DISC * len(shown) + round(_font(12).getlength(title)) + _BETWEEN
        if left + long > wide and rows[-1]:
            rows.append([])
            left = _GAP
        rows[-1].append((title, shown))
        left += long
    return rows


def _wrapped(items: list[str], wide: int) -> list[str]:
    """Items on as few lines of `wide` pixels as hold them."""
    lines: list[str] = []
    for item in items:
        longer = f"{lines[-1]} · {item}" if lines else ""
        if lines and _font(12).getlength(longer) <= wide:
            lines[-1] = longer
        else:
            lines.append(item)
    return lines


def _cut(text: str, wide: int, size: int) -> str:
    while len(text) > 4 and _font(size).getlength(text) > wide:
        text = f"{text[:-4]}..."
    return text


@cache
def _font(size: int) -> Any:
    import matplotlib as mpl
    from PIL import ImageFont

    # The one that matplotlib brings: pillow's own lacks the micro sign and most names' letters.
    return ImageFont.truetype(f"{mpl.get_data_path()}/fonts/ttf/DejaVuSans.ttf", size)


def _one_palette(pictures: list[Image]) -> list[Image]:
    """All frames in the same 256 colours: a colour of its own per frame would flicker."""
    from PIL import Image

    chosen = [pictures[round(k * (len(pictures) - 1) / 2)] for k in range(3)]
    sample = Image.new("RGB", (pictures[0].width, 3 * pictures[0].height))
    for place, picture in enumerate(chosen):
        sample.paste(picture, (0, place * picture.height))
    shared = sample.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return [picture.quantize(palette=shared, dither=Image.Dither.NONE) for picture in pictures]
