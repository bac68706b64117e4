"""What each barrier takes, stacked over time: a panel per arm in the report, and all arms in one picture for a slide.

The numbers are the store's (`store/why.py`); words, tables and the legend of the report are in `why.py` and its page.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from opsonin.report import curves, palette, words
from opsonin.store.why import Account, taking

# Of one tone what belongs together: recognition, checkpoints, killers that tire or starve, targets that resist, space.
_COLOURS = {
    "receptor": "#2b6cb0",
    "antigen": "#63a4dc",
    "ligands": "#7fd0d6",
    "costimulation": "#a9cdee",
    "oxygen": "#2f6b3a",
    "glucose": "#4f9d5d",
    "lactate": "#9db84a",
    "adenosine": "#c8b53c",
    "kynurenine": "#e0a43a",
    "tgf_beta": "#b5792b",
    "il2": "#3f9c8c",
    "exhaustion": "#98cf9a",
    "resistance": "#8e6bbf",
    "near": "#c9c5bb",
    "far": "#8b8880",
}
_CHECKPOINTS = (
    *("#c2417c", "#e58bb4", "#7d1d49", "#f2bcd4", "#a8555f", "#d98f7e"),
    *("#5c2a2a", "#e0457b", "#b98aa5", "#f6a58e", "#8c4a76", "#ff7f9f"),
)
_EDGE = "#ffffff"
_PANEL_INCH = (4.6, 2.75)
_ACROSS = 3
_ROW_INCH = 0.19  # of the legend of a picture, whose columns are as wide as a panel
_DPI = 200
_NAME_WIDTH = 38  # letters above a panel
FORMATS = ("png", "svg", "pdf")


def colours(barriers: Mapping[str, str]) -> dict[str, str]:
    """Barrier -> colour; what has none of its own is a checkpoint."""
    pairs = [name for name in barriers if name not in _COLOURS]
    shades = {name: _CHECKPOINTS[k % len(_CHECKPOINTS)] for k, name in enumerate(pairs)}
    return {name: _COLOURS.get(name) or shades[name] for name in barriers}


def svg(account: Account, seen: Collection[str], horizon: float, clock: words.Clock) -> str:
    """The panel of one arm for the page, which explains the colours of the barriers in `seen`."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    salt = f"opsonin why {account.arm}"
    with palette.plain_style(**{"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 9.5}):
        drawn = Figure(figsize=_PANEL_INCH)
        FigureCanvasSVG(drawn)
        axes = drawn.add_axes((0.155, 0.175, 0.825, 0.79))
        _stack(axes, account, seen, horizon, clock, curves.INK)
        written = io.StringIO()
        drawn.savefig(written, format="svg", transparent=True, metadata=curves.NO_METADATA)
    return curves.themed(written.getvalue(), 0)


def picture(accounts: Sequence[Account], kind: str) -> bytes:
    """All arms beside each other on white; `kind` is one of FORMATS."""
    from matplotlib.figure import Figure

    horizon = max(float(account.times[-1]) for account in accounts)
    clock, seen = words.Clock.over(horizon), taking(accounts)
    across = min(len(accounts), _ACROSS)
    down = -(-len(accounts) // across)
    columns = max(across, 2)
    size = (0.4 + 3.6 * max(across, 1.4), 0.4 + 2.9 * down + _ROW_INCH * -(-len(seen) // columns))
    with palette.plain_style(**{"svg.fonttype": "none", "svg.hashsalt": "opsonin why", "font.size": 9.5}):
        drawn = Figure(figsize=size, layout="constrained")
        grid: Any = drawn.subplots(down, across, squeeze=False)
        for axes, account in zip(grid.flat, accounts, strict=False):
            _stack(axes, account, seen, horizon, clock, palette.INK)
            named = textwrap.fill(account.arm, _NAME_WIDTH)
            axes.set_title(named, fontsize=10.5, color=palette.INK, parse_math=False)
        for axes in grid.flat[len(accounts) :]:
            axes.set_visible(False)
        handles, labels = grid.flat[0].get_legend_handles_labels()
        # As read: the top of the stack first.
        drawn.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=columns, frameon=False)
        written = io.BytesIO()
        told = {"Software": None} if kind == "png" else _no_clock(kind)
        drawn.savefig(written, format=kind, metadata=told, dpi=_DPI)
    return written.getvalue()


def _no_clock(kind: str) -> dict[str, Any]:
    return (
        dict(curves.NO_METADATA)
        if kind == "svg"
        else {"CreationDate": None, "Creator": None, "Producer": None}
    )


def _stack(
    axes: Any, account: Account, seen: Collection[str], horizon: float, clock: words.Clock, ink: str
) -> None:
    """Shares of what is lost, from the last barrier at the bottom to the first on top; each stretch of time is flat."""
    shares = dict(zip(account.barriers, np.nan_to_num(100.0 * account.course()), strict=True))
    fill = colours(account.barriers)
    times = np.concatenate([[0.0], account.times]) / clock.minutes
    base = np.zeros(len(times))
    for name in [name for name in reversed(account.barriers) if name in seen]:
        share = shares[name]
        top = base + np.concatenate([share[:1], share])
        axes.fill_between(
            times,
            base,
            top,
            step="pre",
            color=fill[name],
            edgecolor=_EDGE,
            linewidth=0.4,
            label=account.barriers[name],
        )
        base = top
    axes.set_xlim(0.0, horizon / clock.minutes)
    axes.set_ylim(0.0, 100.0)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_xlabel(f"time [{clock.unit}]", color=ink, labelpad=2)
    axes.set_ylabel("share of lost kills [%]", color=ink, labelpad=3)
    axes.tick_params(color=ink, labelcolor=ink, length=3, width=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=ink, linewidth=0.8)
