"""The observables that every run records: counts, densities, events, fields, expression, contact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from opsonin.laws.metabolism import acidity
from opsonin.model.specificity import STEM_LIKE
from opsonin.observe import states
from opsonin.state.snapshot import Snapshot

TUMOUR_CELL = "cancer"
CD8 = "cd8"
PATIENT = "patient_"  # begins the name of what is of the patient around the tissue
CLONE = "_clone"  # ends the name of the share of cancer cells with a defect
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Observable:
    """A number that a tissue has at one time.

    Attributes:
        name: key in tables; unit; title: what axes and legends say.
        of: pure function of a snapshot.
    """

    name: str
    unit: str
    title: str
    of: Callable[[Snapshot], float]


class Acid(NamedTuple):
    """What `laws.metabolism.acidity` needs beside a substrate: its level in blood, pH there, buffer capacity."""

    resting: float
    resting_ph: float
    buffering: float


REGISTRY: list[Observable] = []


def observable(
    name: str, unit: str, title: str
) -> Callable[[Callable[[Snapshot], float]], Callable[[Snapshot], float]]:
    """Register a function of a snapshot as an observable of every run."""

    def register(of: Callable[[Snapshot], float]) -> Callable[[Snapshot], float]:
        REGISTRY.append(Observable(name, unit, title, of))
        return of

    return register


@observable("area", "mm2", "Area of the window")
def area(snapshot: Snapshot) -> float:
    return snapshot.area_mm2


@observable("burden", "1", "Tumour burden relative to the start")
def burden(snapshot: Snapshot) -> float:
    start = snapshot.initial.get(TUMOUR_CELL, 0)
    return snapshot.weight * np.count_nonzero(snapshot.live(TUMOUR_CELL)) / start if start else float("nan")


@observable("weight", "1", "Cells that each cell of the window stands for")
def weight(snapshot: Snapshot) -> float:
    return snapshot.weight


@observable("corpses", "cells", "Dead cells not yet cleared")
def corpses(snapshot: Snapshot) -> float:
    return snapshot.weight * np.count_nonzero(snapshot.cells.arrays.phase[: snapshot.cells.n] > 1)


@observable("vessels", "vessels", "Blood vessels; oxygen moves in steps where one opens or closes")
def vessels(snapshot: Snapshot) -> float:
    return snapshot.weight * snapshot.vessels


@observable("engaged", "1", "Share of all CD8 T and NK cells that hold a tumour cell")
def engaged(snapshot: Snapshot) -> float:
    effectors = _effectors(snapshot)
    partners = snapshot.cells.arrays.partner[: snapshot.cells.n][effectors]
    return float(np.mean(partners > 0)) if len(partners) else float("nan")


@observable("exhaustion", "1", "Mean exhaustion of tumour-reactive CD8 T cells")
def exhaustion(snapshot: Snapshot) -> float:
    return _mean_of_reactive(snapshot, "exhaustion")


@observable("stem_like", "cells", "Tumour-reactive CD8 T cells that are stem-like")
def stem_like(snapshot: Snapshot) -> float:
    own = _effectors(snapshot) & (snapshot.cells.arrays.reactive[: snapshot.cells.n] == STEM_LIKE)
    return snapshot.weight * np.count_nonzero(own)


@observable("cd8_effector", "cells", "Tumour-reactive CD8 T cells at work")
def cd8_effector(snapshot: Snapshot) -> float:
    return _cd8(snapshot, states.EFFECTOR)


@observable("cd8_memory", "cells", "Tumour-reactive CD8 T cells at rest")
def cd8_memory(snapshot: Snapshot) -> float:
    return _cd8(snapshot, states.MEMORY)


@observable("cd8_exhausted", "cells", "Tumour-reactive CD8 T cells that are exhausted")
def cd8_exhausted(snapshot: Snapshot) -> float:
    return _cd8(snapshot, states.EXHAUSTED)


@observable("activation", "1", "Mean activation of tumour-reactive CD8 T cells")
def activation(snapshot: Snapshot) -> float:
    return _mean_of_reactive(snapshot, "activation")


def _cd8(snapshot: Snapshot, state: str) -> float:
    """How many CD8 T cells are at this."""
    if CD8 not in snapshot.kinds:
        return 0.0
    own, arrays, n = snapshot.live(CD8), snapshot.cells.arrays, snapshot.cells.n
    found = states.states_of(arrays.reactive[:n][own], arrays.exhaustion[:n][own], arrays.activation[:n][own])
    return snapshot.weight * np.count_nonzero(found == state)


def _effectors(snapshot: Snapshot) -> np.ndarray:
    mask = np.zeros(snapshot.cells.n, bool)
    for kind in snapshot.effectors:
        mask |= snapshot.live(kind)
    return mask


def _mean_of_reactive(snapshot: Snapshot, column: str) -> float:
    reactive = _effectors(snapshot) & (snapshot.cells.arrays.reactive[: snapshot.cells.n] > 0)
    values = getattr(snapshot.cells.arrays, column)[: snapshot.cells.n][reactive]
    return float(values.mean()) if len(values) else float("nan")


def _count(kind: str) -> Callable[[Snapshot], float]:
    return lambda snapshot: snapshot.weight * np.count_nonzero(snapshot.live(kind))


def _density(kind: str) -> Callable[[Snapshot], float]:
    return lambda snapshot: np.count_nonzero(snapshot.live(kind)) / snapshot.area_mm2


def _event(name: str) -> Callable[[Snapshot], float]:
    return lambda snapshot: float(snapshot.counters[name])


def _mean_field(index: int) -> Callable[[Snapshot], float]:
    return lambda snapshot: float(snapshot.fields.values[index].mean())


def _mean_ph(index: int, acid: Acid) -> Callable[[Snapshot], float]:
    return lambda snapshot: float(acidity(snapshot.fields.values[index].mean(), *acid))


def _occupancy(index: int) -> Callable[[Snapshot], float]:
    return lambda snapshot: 1.0 - float(snapshot.free[index])


def _amount(drug: str) -> Callable[[Snapshot], float]:
    return lambda snapshot: snapshot.drugs.get(drug, 0.0)


def _expression(index: int) -> Callable[[Snapshot], float]:
    def mean_level(snapshot: Snapshot) -> float:
        levels = snapshot.cells.arrays.level[index, : snapshot.cells.n][snapshot.live(TUMOUR_CELL)]
        return float(levels.mean()) if len(levels) else float("nan")

    return mean_level


def _clone(number: int) -> Callable[[Snapshot], float]:
    def share(snapshot: Snapshot) -> float:
        lost = snapshot.cells.arrays.lost[: snapshot.cells.n][snapshot.live(TUMOUR_CELL)]
        return float(np.mean(lost >> number & 1)) if len(lost) else float("nan")

    return share


def resizings(days: Floats, weights: Floats) -> list[tuple[float, str]]:
    """When a window was cropped or tiled, as a sequence of its weights tells: (day by which it was, what)."""
    found = []
    for day, before, after in zip(days[1:], weights[:-1], weights[1:], strict=True):
        if np.isfinite(before) and np.isfinite(after) and after != before:
            what = "cropped" if after > before else "tiled"
            found += [(float(day), what)] * round(abs(np.log2(after / before)))
    return found


_EVENTS = {
    "hits": "Lytic hits delivered",
    "kills": "Cancer cells killed by T cells, NK cells and macrophages",
    "eaten": "Cancer cells eaten by macrophages, of those killed",
    "divisions": "Divisions of cancer cells",
    "apoptoses": "Spontaneous deaths of cancer cells",
    "drug_deaths": "Deaths by drugs, of all cells",
    "necroses": "Deaths of cancer cells for lack of oxygen",
    "arrivals": "Immune cells arrived",
    "departures": "Immune cells left",
}


def observables_of(
    kinds: dict[str, str],
    molecules: dict[str, str],
    substrates: dict[str, tuple[str, str]],
    blocked: set[str],
    expressed: set[str],
    drugs: dict[str, tuple[str, bool]],
    defects: dict[str, str],
    acids: dict[str, Acid],
    *,
    toxic: bool,
) -> Iterator[Observable]:
    """All observables of a run.

    Args:
        kinds, molecules: name -> title; substrates: name -> (title, unit), all in the order of the indices.
        blocked: molecules that some drug of the run blocks; expressed: those that cancer cells carry.
        drugs: name -> (title, whether it is radiation) of every drug that some arm is given.
        defects: name -> title, in the order of their bits.
        acids: substrate -> how it lowers pH.
        toxic: whether some drug of the run kills cells.
    """
    yield from REGISTRY
    for kind, title in kinds.items():
        yield Observable(f"{kind}_count", "cells", f"{title}: number alive", _count(kind))
        yield Observable(f"{kind}_density", "cells/mm2", f"{title}: density", _density(kind))
    for name, title in _EVENTS.items():
        if toxic or name != "drug_deaths":
            yield Observable(name, "events", f"{title} (cumulative)", _event(name))
    for index, (name, (title, unit)) in enumerate(substrates.items()):
        yield Observable(f"{name}_mean", unit, f"{title}: mean of the field", _mean_field(index))
        if name in acids:
            yield Observable("ph_mean", "1", "pH at the mean of the field", _mean_ph(index, acids[name]))
    for index, (name, title) in enumerate(molecules.items()):
        if name in expressed:
            label = f"{title} on cancer cells: mean"
            yield Observable(f"{name}_cancer", "molecules/cell", label, _expression(index))
        if name in blocked:
            yield Observable(f"{name}_occupancy", "1", f"{title} held by drugs", _occupancy(index))
    for number, (name, title) in enumerate(defects.items()):
        yield Observable(f"{name}{CLONE}", "1", f"{title}: share of cancer cells", _clone(number))
    for name, (title, radiates) in drugs.items():
        what = ("dose", "Gy", "given so far") if radiates else ("concentration", "nM", "free in the tissue")
        yield Observable(f"{name}_{what[0]}", what[1], f"{title}: {what[2]}", _amount(name))
