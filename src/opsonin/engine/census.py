"""Who is there at time 0, beside who was imaged or drawn: what the burn-in could not hold is counted and told.

What holds the numbers of cells is in `burn_in`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.tissue.tissue import Tissue

Row = dict[str, Any]

# A type of so many cells is told of once its number is further from the imaged one than this share of it.
_MANY, _FAR = 50, 0.1


def living(tissue: Tissue) -> npt.NDArray[np.int64]:
    """(types,) live cells."""
    return _of_types(tissue, dead=False)


def census(tissue: Tissue, begun_with: npt.NDArray[np.int64]) -> tuple[Row, ...]:
    """Per type that occurs: cells imaged or drawn, live and dead cells now, and what held their number.

    Args:
        begun_with: (types,) live cells before the burn-in.
    """
    alive, dead = living(tissue), _of_types(tissue, dead=True)
    return tuple(
        {
            "type": name,
            "imaged": int(begun_with[kind]),
            "alive": int(alive[kind]),
            "dead": int(dead[kind]),
            "held": _held(tissue, kind),
        }
        for kind, name in enumerate(tissue.species.cells)
        if begun_with[kind] or alive[kind] or dead[kind]
    )


def drifted(rows: Sequence[Row], source: str) -> Iterator[str]:
    """A warning for each type whose number at time 0 is not that of the source.

    Args:
        source: 'imaged' or 'drawn'.
    """
    for row in rows:
        off = row["alive"] / row["imaged"] - 1.0 if row["imaged"] else 0.0
        if row["imaged"] >= _MANY and abs(off) > _FAR:
            yield (
                f"Time 0 is not what was {source}: {row['imaged']:,} {row['type']} cells were, {row['alive']:,} are "
                f"alive at time 0 ({100 * off:+.0f} %), and {row['dead']:,} are dead."
            )


def _of_types(tissue: Tissue, *, dead: bool) -> npt.NDArray[np.int64]:
    cells, n = tissue.cells.arrays, tissue.cells.n
    kinds = cells.kind[:n][(cells.phase[:n] > COMMITTED) == dead]
    return np.bincount(kinds, minlength=len(tissue.species.cells)).astype(np.int64)


def _held(tissue: Tissue, kind: int) -> str:
    """'loss': by how fast cells are lost, which cannot be undone; 'arrivals': by who comes and goes; '': by nothing."""
    if tissue.tables.types[kind, column.TUMOUR]:
        return "loss"
    return "arrivals" if any(source.kind == kind for source in tissue.arrivals) else ""
