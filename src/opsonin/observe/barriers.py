"""Why the tumour lives: the ledger's sums shared out among the barriers, so that the shares add up to what is lost.

Shapley values: what a barrier is worth on average over all orders in which the barriers could be taken away. They are
made in `kernels/ledger.shapley`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from opsonin.state.ledger import Ledger

Floats = npt.NDArray[np.float64]

NEAR, FAR = "near", "far"
_IN_CONTACT = {
    "receptor": "Receptors that do not match",
    "antigen": "Too little antigen on MHC-I",
    "ligands": "Too few ligands for NK cells and macrophages",
    "costimulation": "Lack of co-stimulation",
}
_UNFIT = {
    "oxygen": "Lack of oxygen",
    "glucose": "Lack of glucose",
    "lactate": "Acid",
}
_AFTER = {
    "exhaustion": "Exhaustion",
    "resistance": "Resistance to death",
}
_SPACE = {NEAR: "Near killers, but not in contact", FAR: "No killers in reach"}


def titles(checkpoints: dict[str, str], unfit: dict[str, str]) -> dict[str, str]:
    """Barrier -> its title: those of a contact in the order of the kernel, then space.

    Args:
        checkpoints, unfit: name -> title of the pairs, and of the substrates that decide how fit killers are.
    """
    pairs = {name: f"Checkpoint {title}" for name, title in checkpoints.items()}
    lacks = {name: _UNFIT.get(name, title) for name, title in unfit.items()}
    return {**_IN_CONTACT, **pairs, **lacks, **_AFTER, **_SPACE}


def lost_kills(ledger: Ledger, most: float) -> Floats:
    """(k + 2,) kills lost to each barrier of a contact, then to killers that are near and to those that are not there.

    Args:
        most: rate at which a killer kills with nothing in the way [1/min]; used where no contact was seen.
    """
    apart = ledger.near + ledger.far
    # A target that nobody holds: space is one player more, without whom the others are worth nothing.
    if ledger.contact > 0.0:
        of_space = apart / ledger.contact * ledger.apart
    else:
        of_space = np.zeros_like(ledger.apart)
        of_space[-1] = apart * most
    space = of_space[-1] / apart if apart > 0.0 else 0.0
    return np.concatenate([ledger.lost + of_space[:-1], [space * ledger.near, space * ledger.far]])


def _by_substrate(values: Floats, unfit: Floats, fitness: int) -> Floats:
    """What lack of fitness takes, shared out by the logarithm of what each substrate leaves of it."""
    whole = float(np.sum(unfit))
    shares = unfit / whole if whole > 0.0 else np.full(len(unfit), 1.0 / max(len(unfit), 1))
    return np.concatenate([values[:fitness], values[fitness] * shares, values[fitness + 1 :]])


def row(ledger: Ledger, barriers: Sequence[str], most: float) -> dict[str, float]:
    """The ledger as a row of a table; `barriers` as in `titles`, `most` as in `lost_kills`."""
    unfit = ledger.unfit
    fitness = barriers.index("exhaustion") - len(unfit)
    lost = _by_substrate(lost_kills(ledger, most), unfit, fitness)
    expected = float(ledger.expected[0])
    told = {"contact_min": ledger.contact, "near_min": ledger.near, "far_min": ledger.far}
    told |= {"expected": expected, "possible": expected + float(np.sum(lost))}
    told |= {f"lost.{name}": float(value) for name, value in zip(barriers, lost, strict=True)}
    parts = np.concatenate([ledger.losses[:fitness], unfit, ledger.losses[fitness + 1 :]])
    losses = zip(barriers, parts, strict=False)  # space has no factor
    return told | {f"log_loss.{name}": float(value) for name, value in losses}
