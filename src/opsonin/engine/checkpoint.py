"""A tissue as plain arrays and back, bit for bit. What is not stored here must follow from the plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.errors import Fault, RunError
from opsonin.state.cells import Cells
from opsonin.state.fields import Fields
from opsonin.state.vessels import Vessels
from opsonin.tissue.tissue import COUNTERS, Balance, Tissue

_SCALARS = ("weight", "span", "resting_pressure", "resting_packing", "bulk_modulus", "measure")


def freeze(tissue: Tissue) -> dict[str, Any]:
    """Everything that changes in an arm, as arrays."""
    frozen = {f"cells.{name}": values for name, values in tissue.cells.columns().items()}
    frozen |= {
        "fields.values": tissue.fields.values.copy(),
        "fields.rates": tissue.fields.rates.copy(),
        "vessels.x": tissue.vessels.x.copy(),
        "vessels.y": tissue.vessels.y.copy(),
        "vessels.id": tissue.vessels.id.copy(),
        "vessels.made": np.array([tissue.vessels.made]),
        "box": np.array(tissue.box),
        "scalars": np.array([getattr(tissue, name) for name in _SCALARS]),
        **{f"balance.{name}": np.array(value) for name, value in vars(tissue.balance).items()},
        "counters": np.array([tissue.counters[name] for name in COUNTERS]),
        "initial": tissue.initial.copy(),
    }
    return frozen


def origin_of(run_hash: str, arm: str, tick: int) -> dict[str, Any]:
    """What says to which run, arm and time a checkpoint belongs."""
    return {"origin": np.array([run_hash, arm, str(tick)])}


def verify_origin(frozen: dict[str, Any], expected: tuple[str, str, int], where: str) -> None:
    """Raise RunError if a checkpoint is another run's, another arm's or of another time."""
    found = tuple(frozen["origin"].tolist()) if "origin" in frozen else ()
    if found != (expected[0], expected[1], str(expected[2])):
        problem = "the checkpoint belongs to another run, arm or time."
        raise RunError(
            Fault(where, problem, "Restore the folder as the run wrote it, or run the scenario anew.")
        )


def thaw(tissue: Tissue, frozen: dict[str, Any]) -> None:
    """Put a frozen state into a tissue of the same plan."""
    columns = {name.removeprefix("cells."): v for name, v in frozen.items() if name.startswith("cells.")}
    n = len(columns["id"])
    tissue.cells = Cells(n + n // 2 + 64, len(tissue.species.molecules), len(tissue.species.substrates))
    tissue.cells.append(columns)
    lx, ly, lz = (float(edge) for edge in frozen["box"])
    tissue.box = (lx, ly, lz)
    values = frozen["fields.values"]
    tissue.fields = Fields(len(values), values.shape[1:], tissue.box)
    # Copies: all arms start from one frozen state, and transport writes in place.
    tissue.fields.values = values.copy()
    tissue.fields.rates = frozen["fields.rates"].copy()
    tissue.vessels = Vessels(
        frozen["vessels.x"].copy(),
        frozen["vessels.y"].copy(),
        frozen["vessels.id"].copy(),
        int(frozen["vessels.made"][0]),
    )
    for name, value in zip(_SCALARS, frozen["scalars"], strict=True):
        setattr(tissue, name, float(value))
    balance = {name.removeprefix("balance."): v for name, v in frozen.items() if name.startswith("balance.")}
    hindrance = float(balance.pop("hindrance"))
    tissue.balance = Balance(hindrance, **{name: values.copy() for name, values in balance.items()})
    tissue.counters = {name: float(v) for name, v in zip(COUNTERS, frozen["counters"], strict=True)}
    tissue.initial = frozen["initial"].copy()
