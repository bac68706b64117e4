"""How far a burn-in is: all that it remembers from step to step, and that as plain arrays, bit for bit.

What it does with it is `burn_in.py`; the tissue itself is frozen by `checkpoint.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from opsonin.engine import checkpoint
from opsonin.engine.census import living
from opsonin.model import tables as column
from opsonin.tissue import trafficking
from opsonin.tissue.tissue import Tissue


@dataclass
class Rest:
    """What the resting tissue was like, step by step, in the first part; `tiring`: the sum, with the second part."""

    pressures: list[float] = field(default_factory=list)
    packings: list[float] = field(default_factory=list)
    gates: list[float] = field(default_factory=list)
    steps: int = 0
    tiring: Any = 0.0

    def forget(self) -> None:
        """Begin anew: what was so far belongs to the field as imaged, not to living tissue."""
        for noted in (self.pressures, self.packings, self.gates):
            noted.clear()
        self.steps, self.tiring = 0, 0.0


@dataclass
class Sums:
    """Sums over the steps of the second part."""

    steps: int = 0
    entry: float = 0.0
    parts: float = 0.0
    necrosis: float = 0.0
    live: list[float] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    loss: Any = 0.0
    proliferation: Any = 0.0
    recruited: Any = 0.0
    tiring: Any = 0.0


@dataclass(frozen=True)
class Clamp:
    """What is held: live tumour cells by type, immune cells by source, niche and receptor state."""

    tumour: dict[int, int]
    immune: tuple[Any, ...]

    @classmethod
    def of(cls, tissue: Tissue) -> Clamp:
        """The numbers of cells that the tissue holds now."""
        cells, n = tissue.cells.arrays, tissue.cells.n
        kinds = np.flatnonzero(tissue.tables.types[:, column.TUMOUR])
        counts = {int(k): int(np.count_nonzero(cells.kind[:n] == k)) for k in kinds}
        return cls(counts, tuple(trafficking.classes(tissue, source) for source in tissue.arrivals))


@dataclass
class Lived:
    """What a burn-in remembers.

    Attributes:
        begun_with: (types,) live cells before it.
        strays: per source, how often cells of either niche were found near a tumour cell, (4,).
        done: steps.
    """

    clamp: Clamp
    begun_with: Any
    strays: list[Any]
    rest: Rest = field(default_factory=Rest)
    sums: Sums = field(default_factory=Sums)
    done: int = 0

    @classmethod
    def nothing(cls, tissue: Tissue) -> Lived:
        """Before the first step."""
        return cls(Clamp.of(tissue), living(tissue), [np.zeros(4) for _ in tissue.arrivals])


Watch = Callable[[Tissue, Lived, int], None]
"""Is called after each step of a burn-in with the tissue, what is lived of it, and the number of steps."""


def unwatched(tissue: Tissue, lived: Lived, count: int) -> None:
    """Nobody hears how far the burn-in is."""


def freeze(tissue: Tissue, lived: Lived) -> dict[str, Any]:
    """A burn-in and its tissue as arrays."""
    frozen = checkpoint.freeze(tissue)
    frozen["lived.done"] = np.array(lived.done)
    frozen["lived.displacement"] = np.array(tissue.displacement)
    frozen["lived.begun_with"] = lived.begun_with.copy()
    frozen["lived.held"] = np.array(list(lived.clamp.tumour.items()), np.int64).reshape(-1, 2)
    for index, (numbers, strays) in enumerate(zip(lived.clamp.immune, lived.strays, strict=True)):
        frozen[f"lived.immune.{index}"] = np.array(numbers)
        frozen[f"lived.strays.{index}"] = np.array(strays)
    for part in ("rest", "sums"):
        for name, value in vars(getattr(lived, part)).items():
            frozen[f"lived.{part}.{name}"] = np.array(value)
    return frozen


def thaw(tissue: Tissue, frozen: dict[str, Any]) -> Lived:
    """Put a frozen burn-in into a tissue of the same plan; returns what is lived of it."""
    checkpoint.thaw(tissue, frozen)
    tissue.displacement = float(frozen["lived.displacement"])
    sources = range(len(tissue.arrivals))
    return Lived(
        clamp=Clamp(
            {int(kind): int(cells) for kind, cells in frozen["lived.held"]},
            tuple(frozen[f"lived.immune.{index}"] for index in sources),
        ),
        begun_with=frozen["lived.begun_with"],
        strays=[frozen[f"lived.strays.{index}"] for index in sources],
        rest=Rest(**_noted(frozen, "rest", Rest)),
        sums=Sums(**_noted(frozen, "sums", Sums)),
        done=int(frozen["lived.done"]),
    )


def _noted(frozen: dict[str, Any], part: str, kind: type[Rest] | type[Sums]) -> dict[str, Any]:
    """The notes of one part: lists and numbers again as they were, sums over sources as arrays."""
    noted = {}
    for name, empty in vars(kind()).items():
        value = frozen[f"lived.{part}.{name}"]
        noted[name] = value if isinstance(empty, float) and value.ndim else value.tolist()
    return noted
