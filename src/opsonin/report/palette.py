"""Colours: arms (safe for colour-blind readers, on light and on dark), cell types, dead cells, field maps.

A cell type's own colour comes from the knowledge base with the result; only what it lacks is chosen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# At least 3:1 on their paper, apart for colour-blind readers, and led by tones that no cell type has.
ARMS_LIGHT = ("#565c68", "#b0357f", "#00845f", "#8a6500", "#4646b8", "#0072b2", "#c04a00")
ARMS_DARK = ("#b9bfca", "#f08cc8", "#3fd0a4", "#e8bd4a", "#a9a9ff", "#5db7ee", "#ff9049")
DASHES = (
    "solid",
    (0, (6, 2)),
    (0, (2, 1.6)),
    (0, (7, 2, 1.5, 2)),
)  # arms stay apart in print and where they coincide

PAPER = "#fcfcfa"  # tissue without cells
OUTSIDE = "#e3e3df"  # outside the window
NO_VALUE = "#b8b8b8"
INK = "#16181c"
DEAD = {"apoptotic": "#f4e58c", "necrotic": "#3a332e"}
FIELD_MAP = "viridis"

_SPARE_TYPES = ("#b0643c", "#2a78c8", "#9a9a9a", "#3c9a5f", "#a03c8c", "#c8a02a")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def cell_colours(types: list[str], declared: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Colour of each type: as declared, else from a spare list in the types' order."""
    colours = {}
    for index, name in enumerate(types):
        colour = str(declared.get(name, {}).get("colour", ""))
        colours[name] = colour if _HEX.fullmatch(colour) else _SPARE_TYPES[index % len(_SPARE_TYPES)]
    return colours


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with `share` of `other` in it, as #rrggbb."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _channels(colour: str) -> list[int]:
    return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]


@contextmanager
def plain_style(**settings: Any) -> Iterator[None]:
    """matplotlib's defaults plus `settings`, whatever the user's style: the bytes must not depend on it."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        yield
