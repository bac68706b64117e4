"""An equation as an SVG that is part of the page: nothing is loaded, no program is needed, colours are the page's."""

from __future__ import annotations

from html import escape

SIZE = 18.0  # px: a little above the text around it
_PAD = 2.0


def svg(latex: str) -> str:
    """The equation drawn; `latex` without dollars is its text for those who cannot see it."""
    from matplotlib import rc_context
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    with rc_context({"mathtext.fontset": "stix"}):
        path = TextPath((0.0, 0.0), f"${latex}$", size=SIZE, prop=FontProperties(family="STIXGeneral"))
    box = path.get_extents()
    width, height = box.width + 2 * _PAD, box.height + 2 * _PAD
    view = f"{box.x0 - _PAD:.2f} {-box.y1 - _PAD:.2f} {width:.2f} {height:.2f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="equation" role="img" width="{width:.1f}" '
        f'height="{height:.1f}" viewBox="{view}"><title>{escape(latex)}</title>'
        f'<path fill="currentColor" d="{_drawn(path)}"/></svg>'
    )


def _drawn(path: object) -> str:
    """The outline as SVG path data, y down."""
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    parts = []
    for points, code in path.iter_segments(simplify=False, curves=True):  # type: ignore[attr-defined]
        letter = letters[int(code)]
        if letter == "Z":
            parts.append("Z")
            continue
        pairs = zip(points[::2], points[1::2], strict=True)
        parts.append(letter + " ".join(f"{x:.2f} {-y:.2f}" for x, y in pairs))
    return "".join(parts)
