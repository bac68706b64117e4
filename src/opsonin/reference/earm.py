"""The full extrinsic apoptosis reaction model EARM 2.0 M1a, from ligand to cleaved PARP: what the switch is held to.

Reactions and both parameter sets are tables in `data/`, with their origin; here is only mass action.
Source: Lopez 2013, doi:10.1038/msb.2013.1.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

ParameterSet = Literal["nominal", "fitted"]
HORIZON = 1200.0  # min
_SECONDS = 60.0
_SUBSTRATE, _CLEAVED = "PARP", "cPARP"

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What became of a cell: minutes to half of PARP cleaved (None where never), and the share cleaved in the end."""

    minutes_to_half: float | None
    cleaved: float


@dataclass(frozen=True)
class Network:
    """A mass-action network, each direction of a reaction a column of its own: dx/dt = N v, v = k x_a x_b.

    Attributes:
        species: names, one a row of `stoichiometry`; start: (species,) molecules per cell before the ligand comes.
        rates: (directions,) k [1/s, or 1/(molecule s)].
        reactants: (directions, 2) rows of a and b; where b is missing it is `len(species)`, a molecule held at 1.
        stoichiometry: (species, directions) N, molecules made less molecules used.
    """

    species: tuple[str, ...]
    start: Array
    rates: Array
    reactants: npt.NDArray[np.intp]
    stoichiometry: Array

    def slope(self, _: float, x: Array) -> Array:
        """dx/dt [molecules/s]."""
        a, b = np.append(x, 1.0)[self.reactants.T]
        change: Array = self.stoichiometry @ (self.rates * a * b)
        return change

    def jacobian(self, _: float, x: Array) -> Array:
        """d(dx/dt)/dx [1/s]."""
        a, b = np.append(x, 1.0)[self.reactants.T]
        by_species = np.zeros((len(self.rates), len(x) + 1))
        rows = np.arange(len(self.rates))
        np.add.at(by_species, (rows, self.reactants[:, 0]), self.rates * b)
        np.add.at(by_species, (rows, self.reactants[:, 1]), self.rates * a)
        jacobian: Array = self.stoichiometry @ by_species[:, :-1]
        return jacobian


def _rows(table: str) -> Iterator[dict[str, str]]:
    text = (
        resources.files("opsonin.reference")
        .joinpath("data", f"earm_m1a_{table}.csv")
        .read_text(encoding="utf-8")
    )
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _directions(parameters: Mapping[str, float]) -> Iterator[tuple[list[str], list[str], float]]:
    for row in _rows("reactions"):
        name, two_ways = row["name"], "<->" in row["reaction"]
        left, right = (side.split(" + ") for side in row["reaction"].replace("<->", "->").split(" -> "))
        yield left, right, parameters[f"{name}_kf" if two_ways else name]
        if two_ways:
            yield right, left, parameters[f"{name}_kr"]


@functools.cache
def network(parameters: ParameterSet) -> Network:
    """The reactions with one of the two parameter sets."""
    values = {row["name"]: float(row["value"]) for row in _rows(parameters)}
    directions = list(_directions(values))
    slot = {
        name: k
        for k, name in enumerate(dict.fromkeys(name for way in directions for name in way[0] + way[1]))
    }
    reactants = np.full((len(directions), 2), len(slot), dtype=np.intp)
    stoichiometry = np.zeros((len(slot), len(directions)))
    for k, (left, right, _) in enumerate(directions):
        reactants[k, : len(left)] = [slot[name] for name in left]
        for name in left:
            stoichiometry[slot[name], k] -= 1.0
        for name in right:
            stoichiometry[slot[name], k] += 1.0
    start = np.array([values.get(f"{name}_0", 0.0) for name in slot])
    return Network(tuple(slot), start, np.array([rate for *_, rate in directions]), reactants, stoichiometry)


def trajectory(
    parameters: ParameterSet, folds: Mapping[str, float], times: Array | None = None, horizon: float = HORIZON
) -> tuple[Array, Array, float | None]:
    """Follow one cell from the moment the ligand comes.

    Args:
        folds: factor on the number of a species before the ligand comes, as in `{"XIAP": 2.0}`.
        times: where to report [min], else where the integrator stepped; horizon: end [min].
    Returns:
        times [min], molecules (species, times), and when half of PARP is cleaved [min].
    Raises:
        ValueError: a species that the network lacks.
    """
    net = network(parameters)
    start = net.start.copy()
    for name, fold in folds.items():
        start[net.species.index(name)] *= fold
    cleaved, half = net.species.index(_CLEAVED), 0.5 * start[net.species.index(_SUBSTRATE)]
    solved = solve_ivp(
        net.slope,
        (0.0, horizon * _SECONDS),
        start,
        method="LSODA",
        jac=net.jacobian,
        t_eval=None if times is None else times * _SECONDS,
        events=lambda _, x: x[cleaved] - half,
        rtol=1e-7,
        atol=1e-4,
    )
    reached = solved.t_events[0]
    return solved.t / _SECONDS, solved.y, float(reached[0]) / _SECONDS if len(reached) else None


def outcome(parameters: ParameterSet, folds: Mapping[str, float], horizon: float = HORIZON) -> Outcome:
    """Whether and when half of PARP is cleaved, and how much in the end; arguments as in `trajectory`."""
    _, molecules, half = trajectory(parameters, folds, horizon=horizon)
    species = network(parameters).species
    whole = molecules[species.index(_SUBSTRATE), 0]
    return Outcome(half, float(molecules[species.index(_CLEAVED), -1] / whole))
