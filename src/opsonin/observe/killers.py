"""Observables of killers that recognise the tumour: how many hold a target, and what these have in them.

They are what a tumour without places needs of one with places: see `observe/contact_rates.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from opsonin.observe.observables import Observable
from opsonin.state.snapshot import Snapshot

REACTIVE, HOLDING = "reactive", "holding"
FITNESS, COSTIMULATED, EXHAUSTION, ACTIVATION = (
    f"{HOLDING}_{what}" for what in ("fitness", "costimulated", "exhaustion", "activation")
)
_MEANS: Mapping[str, tuple[str, Callable[[Snapshot], npt.NDArray[np.float64]]]] = {
    FITNESS: ("fitness that metabolism leaves", lambda snapshot: snapshot.fitness),
    COSTIMULATED: (
        "co-stimulation taken in, of its most",
        lambda snapshot: _column(snapshot, "costimulated"),
    ),
    EXHAUSTION: ("exhaustion", lambda snapshot: _column(snapshot, "exhaustion")),
    ACTIVATION: ("net activation", lambda snapshot: _column(snapshot, "engagement")),
}


def observables_of_killers(killers: Mapping[str, str]) -> Iterator[Observable]:
    """Of killers by type (name -> title): those that may see the tumour, those that hold a target, means of these."""
    for kind, title in killers.items():
        seeing = f"{title}s that recognise the tumour"
        yield Observable(f"{kind}_{REACTIVE}", "cells", seeing, _count(_seeing, kind))
        yield Observable(f"{kind}_{HOLDING}", "cells", f"{seeing}, with a target", _count(_holding, kind))
        for key, (what, of) in _MEANS.items():
            yield Observable(f"{kind}_{key}", "1", f"{title}s with a target: mean {what}", _mean(kind, of))


def _column(snapshot: Snapshot, name: str) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = getattr(snapshot.cells.arrays, name)[: snapshot.cells.n]
    return values


def _seeing(snapshot: Snapshot, kind: str) -> npt.NDArray[np.bool_]:
    if kind not in snapshot.kinds:
        return np.zeros(snapshot.cells.n, bool)
    return snapshot.live(kind) & snapshot.recognises


def _holding(snapshot: Snapshot, kind: str) -> npt.NDArray[np.bool_]:
    partner = snapshot.cells.arrays.partner[: snapshot.cells.n]
    return _seeing(snapshot, kind) & (partner > 0)


def _count(of: Callable[[Snapshot, str], npt.NDArray[np.bool_]], kind: str) -> Callable[[Snapshot], float]:
    return lambda snapshot: snapshot.weight * np.count_nonzero(of(snapshot, kind))


def _mean(kind: str, of: Callable[[Snapshot], npt.NDArray[np.float64]]) -> Callable[[Snapshot], float]:
    def mean(snapshot: Snapshot) -> float:
        values = of(snapshot)[_holding(snapshot, kind)]
        return float(values.mean()) if len(values) else float("nan")

    return mean
