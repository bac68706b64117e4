"""The movie as one self-contained page: cells packed into bytes, drawn by the browser on a canvas.

Per frame and cell five bytes: x and y in 65535ths of the window, the radius in 255ths of the largest.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from opsonin.report import maps, page, palette
from opsonin.report.curves import arm_style
from opsonin.report.movie import Frame, Movie, legend

_STEPS = 65535
_RADIUS_STEPS = 255


def render(movie: Movie, report: str = "") -> str:
    """The page as text; the same bytes for the same movie. `report` is a page to lead back to."""
    largest = max(
        (
            float(frame.radii.max())
            for each in movie.frames.values()
            for frame in each
            if frame and len(frame.radii)
        ),
        default=1.0,
    )
    packed = bytearray()
    arms = []
    for index, (arm, frames) in enumerate(movie.frames.items()):
        told: list[dict[str, Any] | None] = []
        for k, frame in enumerate(frames):
            if frame is None:
                told.append(None)
                continue
            told.append(
                {
                    "at": len(packed),
                    "box": [round(side, 3) for side in frame.box],
                    "counts": list(frame.counts),
                    "said": " · ".join(movie.said(arm, k)),
                    "weight": float(f"{frame.weight:.6g}"),
                }
            )
            packed += _bytes(frame, largest)
        arms.append({"name": arm, "colour": arm_style(index)[0], "frames": told})
    content = {
        "extent": list(movie.extent),
        "strip": maps.STRIP,
        "bar": movie.bar,
        "radius": largest / _RADIUS_STEPS,
        "paper": palette.PAPER,
        "outside": palette.OUTSIDE,
        "ink": palette.INK,
        "times": [movie.clock.read(time) for time in movie.times],
        "styles": [
            {"fill": s.fill, "edge": s.edge, "line": s.line, "halo": s.halo, "least": s.least}
            for s in movie.styles
        ],
        "arms": arms,
    }
    shown = {
        "movie": movie,
        "report": report,
        "legend": [
            {"fills": [style.fill for style in styles], "text": title}
            for title, styles in legend(movie.styles)
        ],
        "arms": arms,
        "content": page.embedded_json(content),
        "packed": base64.b64encode(bytes(packed)).decode("ascii"),
        "last": len(movie.times) - 1,
    }
    return page.rendered("movie.html.j2", shown, "movie.js")


def _bytes(frame: Frame, largest: float) -> bytes:
    """All x, all y, all radii; an even number of bytes, as the browser reads pairs."""
    share = np.clip(frame.places / np.array(frame.box), 0.0, 1.0)
    places = np.round(share * _STEPS).astype("<u2")
    radii = np.round(np.clip(frame.radii / largest, 0.0, 1.0) * _RADIUS_STEPS).astype("u1")
    written: bytes = places[:, 0].tobytes() + places[:, 1].tobytes() + radii.tobytes()
    return written + b"\0" * (len(written) % 2)
