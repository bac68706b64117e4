"""Who descends from whom: the births of tumour cells, and the tree of those alive at a time, in Newick form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opsonin.core.errors import Fault, InputError
from opsonin.core.schedule import MINUTES_PER_DAY
from opsonin.model.phase import COMMITTED, PHASES
from opsonin.store.gathered import Gathered
from opsonin.store.layout import segment_folder
from opsonin.store.result import Result, time_asked
from opsonin.store.segments import LINEAGE

if TYPE_CHECKING:
    import pandas

TUMOUR_CELL = "cancer"
_TICKS_PER_DAY = 86_400
_ROUNDING = 1e-6  # d
_ALIVE = PHASES[: COMMITTED + 1]


def births(result: Result, arm: str | None = None) -> pandas.DataFrame:
    """The births of an arm in the order of time; see `Result.lineage`."""
    import pandas

    name = one_arm(result, arm)
    if not isinstance(result, Gathered) and not (segment_folder(result.path, name, 0) / LINEAGE).is_file():
        raise InputError(Fault(str(result.path), "keeps no lineage.", "Run the scenario again."))
    columns = result.joined(name, LINEAGE)
    ticks = columns.pop("tick")
    return pandas.DataFrame({"time": ticks / _TICKS_PER_DAY, **columns})


def one_arm(result: Result, arm: str | None) -> str:
    """The arm named, or the only one; InputError if it is not known which."""
    if arm is None and len(result.arms) == 1:
        return result.arms[0]
    if arm not in result.arms:
        problem = "has several arms: which is meant?" if arm is None else f"there is no arm '{arm}'."
        raise InputError(Fault(str(result.path), problem, f"Arms: {', '.join(result.arms)}."))
    return arm


def newick(result: Result, time: str | float, arm: str | None = None) -> str:
    """The tree of the tumour cells alive at a stored time: one line per cell of time 0 that has descendants.

    Branches are in days; a name is the cell's id, with its defects as a comment, as in 17[&lost="b2m-loss"].

    Raises:
        InputError: no such time or arm, or no lineage. RunError: a stored file is missing or damaged.
    """
    name = one_arm(result, arm)
    born = births(result, name)
    cells = result.cells(time, name)
    alive = cells[(cells["type"] == TUMOUR_CELL) & cells["phase"].isin(_ALIVE)]
    end = time_asked(time, str(result.path)) / MINUTES_PER_DAY
    leaves = {
        int(cell): f'{cell}[&lost="{lost}"]' if lost else str(cell)
        for cell, lost in zip(alive["id"], alive["lost"], strict=True)
    }
    return "".join(f"{tree};\n" for tree in _trees(leaves, born, end))


def _trees(leaves: dict[int, str], born: pandas.DataFrame, end: float) -> Iterator[str]:
    """Trees by their founders' ids: births are undone, the last first, where two branches meet."""
    branches = {
        cell: (text, end) for cell, text in leaves.items()
    }  # id -> subtree and the time of its root [d]
    past = born[born["time"] <= end + _ROUNDING]
    for time, mother, daughter in zip(
        past["time"][::-1], past["mother"][::-1], past["daughter"][::-1], strict=True
    ):
        younger = branches.pop(int(daughter), None)
        if younger is None:
            continue  # it left nobody
        elder = branches.get(int(mother))
        if elder is None:
            branches[int(mother)] = younger
        else:
            joined = ",".join(f"{text}:{since - time:.6g}" for text, since in (elder, younger))
            branches[int(mother)] = f"({joined})", time
    for _, (text, since) in sorted(branches.items()):
        yield f"({text}:{since:.6g})"
