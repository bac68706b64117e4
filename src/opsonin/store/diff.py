"""Where two results first differ: arm, time, process, cell, quantity; compared bit by bit.

Why they differ (another seed, another scenario) is for the reader of their provenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from opsonin.core.schedule import minutes
from opsonin.store import layout
from opsonin.store.gathered import Gathered, called, plural
from opsonin.store.result import Result, time_text
from opsonin.store.segments import (
    CELLS,
    FIELDS,
    OBSERVABLES,
    TRACE,
    Array,
    Columns,
    read_columns,
    read_fields,
    read_frame,
)

ABSENT, PRESENT = "absent", "present"
PART = "part"
KIND = "kind of result"
STORED = "stored time [min]"


@dataclass(frozen=True)
class Difference:
    """The first difference between two results.

    Attributes:
        arm: the arm; of several fields or replicates 'PART: ARM', or the part that only one result has.
        time_min: when they first differ [min]; None if the whole arm is absent from one.
        process: the process after which the states first differ, if the traces say so. Where the two ran
            different processes: None, quantity is 'process run', and `values` name both.
        cell: id of the first cell that differs (its row, if cells have no id).
        quantity: a cell column, 'presence' (of the cell), 'field NAME[z,y,x]', 'observable NAME',
            'state hash', 'length', 'kind of result' (one run, or replicates or fields), ...
        values: the two values.
        stored_min: the stored time at which `quantity` was read [min], where it is not `time_min`.
    """

    arm: str
    time_min: float | None
    process: str | None
    cell: int | None
    quantity: str
    values: tuple[Any, Any]
    stored_min: float | None = None

    def __str__(self) -> str:
        a, b = (repr(value) if isinstance(value, float) else str(value) for value in self.values)
        if self.quantity == KIND:
            return f"the results are of different kinds: {a} | {b}"
        if self.quantity == PART:
            return f"'{self.arm}' is not in both results: {a} | {b}"
        if self.time_min is None:
            return f"arm '{self.arm}' is not in both results: {a} | {b}"
        if self.quantity == "length":
            same = f"arm '{self.arm}' is the same up to {time_text(self.time_min)}"
            return f"the lengths differ: {same}, but {a} | {b} times are stored"
        if self.quantity == STORED:
            one, other = (time_text(value) for value in self.values)
            return f"arm '{self.arm}' is stored at other times: {one} | {other}; output.every or the duration differs"
        process = f", process '{self.process}'" if self.process else ""
        where = f"arm '{self.arm}' first differs at {time_text(self.time_min)}{process}"
        cell = f"cell {self.cell}, " if self.cell is not None else ""
        stored = f"\nas stored at {time_text(self.stored_min)}" if self.stored_min is not None else ""
        return f"{where}{stored}: {cell}{self.quantity} {a} | {b}"


def diff(a: Path | str, b: Path | str) -> Difference | None:
    """The first difference between two results, or None if their content is the same.

    Unfinished results are compared up to the shorter one; that the lengths differ is then the difference.

    Raises:
        RunError: not a result, another format version, or a file that is missing or damaged.
    """
    results = Result.open(a), Result.open(b)
    if isinstance(results[0], Gathered) or isinstance(results[1], Gathered):
        return _of_parts(*results)
    arms = [results[0].arms, results[1].arms]
    alone = [_absent(arm, arm in arms[0]) for arm in sorted(set(arms[0]) ^ set(arms[1]))]
    shared = [arm for arm in arms[0] if arm in arms[1]]
    # An unfinished result may not have come to an arm yet: what both have is compared first.
    not_yet = [lone for lone in alone if not results[lone.values.index(ABSENT)].complete]
    for lone in alone:
        if lone not in not_yet:
            return lone
    pairs = [_Pair(results[0], results[1], arm) for arm in shared]
    found = _earliest(_trace_difference(pair) for pair in pairs)
    if found is not None:
        pair = pairs[shared.index(found.arm)]
        return _with_state(found, pair)
    found = _earliest(_state_difference(pair, 0) for pair in pairs)
    if found is not None:
        return found
    return _earliest(_length_difference(pair) for pair in pairs) or next(iter(not_yet), None)


def _of_parts(a: Result, b: Result) -> Difference | None:
    """The first difference between two results of parts: a part that only one has, else the first in a part of both."""
    if not (isinstance(a, Gathered) and isinstance(b, Gathered) and a.kind == b.kind):
        return Difference("", None, None, None, KIND, (_kind(a), _kind(b)))
    parts, others = _parts(a), _parts(b)
    for name in [*parts, *others]:
        if name not in parts or name not in others:
            return replace(_absent(name, name in parts), quantity=PART)
    for name, path in parts.items():
        found = diff(path, others[name])
        if found is not None:
            return replace(found, arm=f"{name}: {found.arm}")
    return None


def _kind(result: Result) -> str:
    return f"{len(result.parts)} {plural(result.kind)}" if isinstance(result, Gathered) else "one run"


def _parts(result: Gathered) -> dict[str, Path]:
    """The folder of each part by kind and name."""
    return {called(result.kind, name): part.path for name, part in result.parts.items()}


class _Pair:
    """The same arm in two results."""

    def __init__(self, a: Result, b: Result, arm: str) -> None:
        self.arm = arm
        self.paths = a.path, b.path
        self.counts = layout.segment_count(a.path, arm), layout.segment_count(b.path, arm)
        self.processes = a.provenance.get("processes", []), b.provenance.get("processes", [])

    def folders(self, start: int = 0) -> Iterator[tuple[Path, Path]]:
        """The segments that both have."""
        for index in range(start, min(self.counts)):
            yield (
                layout.segment_folder(self.paths[0], self.arm, index),
                layout.segment_folder(self.paths[1], self.arm, index),
            )

    def process(self, side: int, number: Any) -> str:
        names = self.processes[side]
        return str(names[number]) if 0 <= number < len(names) else f"number {number}"


def _earliest(found: Iterable[Difference | None]) -> Difference | None:
    differences = [difference for difference in found if difference is not None]
    return min(differences, key=lambda difference: difference.time_min or 0.0, default=None)


def _absent(arm: str, in_first: bool) -> Difference:
    values = (PRESENT, ABSENT) if in_first else (ABSENT, PRESENT)
    return Difference(arm, None, None, None, "arm", values)


def _length_difference(pair: _Pair) -> Difference | None:
    if pair.counts[0] == pair.counts[1]:
        return None
    last = layout.segment_folder(pair.paths[0], pair.arm, min(pair.counts) - 1)
    return Difference(pair.arm, minutes(read_frame(last)["tick"]), None, None, "length", pair.counts)


def _trace_difference(pair: _Pair) -> Difference | None:
    for folders in pair.folders():
        if _same_bytes(folders[0] / TRACE, folders[1] / TRACE) and pair.processes[0] == pair.processes[1]:
            continue
        a, b = (read_columns(folder / TRACE) for folder in folders)
        names = [
            np.array([pair.process(side, number) for number in columns["process"]], dtype=object)
            for side, columns in enumerate((a, b))
        ]
        shorter = min(len(names[0]), len(names[1]))
        moved = (a["tick"][:shorter] != b["tick"][:shorter]) | (names[0][:shorter] != names[1][:shorter])
        differ = np.flatnonzero(moved | (a["hash"][:shorter] != b["hash"][:shorter]))
        if differ.size:
            row = int(differ[0])
            at = minutes(min(int(a["tick"][row]), int(b["tick"][row])))
            if moved[row]:
                ran = tuple(
                    f"{time_text(minutes(int(c['tick'][row])))} {n[row]}"
                    for c, n in zip((a, b), names, strict=True)
                )
                return Difference(pair.arm, at, None, None, "process run", (ran[0], ran[1]))
            hashes = f"{int(a['hash'][row]):016x}", f"{int(b['hash'][row]):016x}"
            return Difference(pair.arm, at, names[0][row], None, "state hash", hashes)
        if len(names[0]) != len(names[1]):
            if _ends(folders)[0] != _ends(folders)[1]:
                return (
                    None  # stored at other times: no process is to blame, and no later segment is comparable
                )
            side = 0 if len(names[0]) > shorter else 1
            at = minutes(int((a, b)[side]["tick"][shorter]))
            values = (PRESENT, ABSENT) if side == 0 else (ABSENT, PRESENT)
            return Difference(pair.arm, at, names[side][shorter], None, "state hash", values)
    return None


def _ends(folders: tuple[Path, Path]) -> tuple[float, float]:
    """When two segments were stored [min]."""
    first, second = (minutes(read_frame(folder)["tick"]) for folder in folders)
    return first, second


def _with_state(found: Difference, pair: _Pair) -> Difference:
    """A trace's difference, completed by what differs in the first stored state after it."""
    if found.quantity == "process run":
        return found
    start = 0
    for folder, _ in pair.folders():
        if minutes(read_frame(folder)["tick"]) >= (found.time_min or 0.0):
            break
        start += 1
    state = _state_difference(pair, start)
    if state is None:
        return found
    stored = state.time_min if state.time_min != found.time_min else None
    return replace(found, cell=state.cell, quantity=state.quantity, values=state.values, stored_min=stored)


def _state_difference(pair: _Pair, start: int) -> Difference | None:
    for folders in pair.folders(start):
        frames = [read_frame(folder) for folder in folders]
        at = _ends(folders)
        if at[0] != at[1]:
            return Difference(pair.arm, min(at), None, None, STORED, (at[0], at[1]))
        found = _cell_difference(folders) or _field_difference(folders, frames)
        if found is not None:
            cell, quantity, values = found
            return Difference(pair.arm, at[0], None, cell, quantity, values)
        observed = _observable_difference(folders)
        if observed is not None:
            tick, quantity, values = observed
            return Difference(
                pair.arm, at[0] if tick is None else minutes(tick), None, None, quantity, values
            )
    return None


_Found = tuple[int | None, str, tuple[Any, Any]]


def _cell_difference(folders: tuple[Path, Path]) -> _Found | None:
    if _same_bytes(folders[0] / CELLS, folders[1] / CELLS):
        return None
    a, b = (read_columns(folder / CELLS) for folder in folders)
    found = _column_difference(a, b)
    if found is not None:
        return None, *found
    ids = _ids(a), _ids(b)
    for side, values in ((0, (PRESENT, ABSENT)), (1, (ABSENT, PRESENT))):
        for cell in ids[side][~np.isin(ids[side], ids[1 - side])]:
            return int(cell), "presence", values
    rows = np.argsort(ids[1], kind="stable")[np.searchsorted(np.sort(ids[1]), ids[0])]
    matched = {name: values[rows] for name, values in b.items()}
    first = _first_unequal(a, matched)
    if first is not None:
        row, name = first
        return int(ids[0][row]), name, (_plain(a[name][row]), _plain(matched[name][row]))
    for moved in np.flatnonzero(rows != np.arange(len(rows))):
        return int(ids[0][moved]), "row", (int(moved), int(rows[moved]))
    return None


def _field_difference(folders: tuple[Path, Path], frames: list[dict[str, Any]]) -> _Found | None:
    if frames[0]["box"] != frames[1]["box"]:
        return None, "box [um]", (tuple(frames[0]["box"]), tuple(frames[1]["box"]))
    if _same_tree(folders[0] / FIELDS, folders[1] / FIELDS):
        return None
    a, b = (read_fields(folder) for folder in folders)
    for name in dict.fromkeys([*a, *b]):
        quantity = f"field {name}"
        if name not in a or name not in b:
            return None, quantity, (PRESENT, ABSENT) if name in a else (ABSENT, PRESENT)
        if a[name].shape != b[name].shape or a[name].dtype != b[name].dtype:
            return None, quantity, (f"{a[name].shape} {a[name].dtype}", f"{b[name].shape} {b[name].dtype}")
        differ = _unequal(a[name].ravel(), b[name].ravel())
        if differ.size:
            place = np.unravel_index(differ[0], a[name].shape)
            voxel = ",".join(str(index) for index in place)
            return None, f"{quantity}[{voxel}]", (_plain(a[name][place]), _plain(b[name][place]))
    return None


def _observable_difference(folders: tuple[Path, Path]) -> tuple[int | None, str, tuple[Any, Any]] | None:
    if _same_bytes(folders[0] / OBSERVABLES, folders[1] / OBSERVABLES):
        return None
    a, b = (read_columns(folder / OBSERVABLES) for folder in folders)
    found = _column_difference(a, b)
    if found is not None:
        return None, f"observable {found[0]}", found[1]
    if len(a["tick"]) != len(b["tick"]):
        return None, "observed times", (len(a["tick"]), len(b["tick"]))
    first = _first_unequal(a, b)
    if first is None:
        return None
    row, name = first
    return int(a["tick"][row]), f"observable {name}", (_plain(a[name][row]), _plain(b[name][row]))


def _column_difference(a: Columns, b: Columns) -> tuple[str, tuple[str, str]] | None:
    for name in dict.fromkeys([*a, *b]):
        types = tuple(str(columns[name].dtype) if name in columns else ABSENT for columns in (a, b))
        if types[0] != types[1]:
            return name, (types[0], types[1])
    return None


def _ids(cells: Columns) -> Array:
    if "id" in cells:
        return cells["id"]
    return np.arange(len(next(iter(cells.values()), ())))


def _first_unequal(a: Columns, b: Columns) -> tuple[int, str] | None:
    """Row and column of the first difference: the earliest row, then the order of the columns."""
    firsts = [(int(rows[0]), name) for name in a if (rows := _unequal(a[name], b[name])).size]
    return min(firsts, key=lambda found: found[0], default=None)


def _unequal(a: Array, b: Array) -> Array:
    """Indices where two arrays of one type differ in their bits."""
    if a.dtype.kind in "fc":
        a, b = (
            np.ascontiguousarray(part).view(np.uint8).reshape(len(part), a.dtype.itemsize) for part in (a, b)
        )
        return np.flatnonzero((a != b).any(axis=1))
    return np.flatnonzero(a != b)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _same_bytes(a: Path, b: Path) -> bool:
    with layout.reading(a):
        first = a.read_bytes()
    with layout.reading(b):
        return first == b.read_bytes()


def _same_tree(a: Path, b: Path) -> bool:
    trees = [
        {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} for root in (a, b)
    ]
    return trees[0] == trees[1] and all(_same_bytes(a / name, b / name) for name in trees[0])
