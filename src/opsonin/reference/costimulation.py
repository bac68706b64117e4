"""Slow, readable twin of `kernels.costimulation`."""

from __future__ import annotations

from typing import Any

from opsonin.laws.events import relaxed
from opsonin.laws.recognition import (
    activating_part,
    antigen_signal,
    bound_pairs,
    checkpoint_factor,
    costimulation,
    natural_signal,
    net_activation,
    presented_complexes,
    stripping_rate,
)
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.reference.synapses import antigens_shown, pairs_between


def costimulate(
    cells: Any, tables: Any, drugs: Any, contacts: dict[int, list[int]], duration: float
) -> tuple[Any, Any, Any]:
    """What `costimulated`, `activation` and `level` become; see `kernels.costimulation.costimulate`."""
    costimulated, activation = cells.costimulated.copy(), cells.activation.copy()
    level = cells.level.copy()
    for i, touched in contacts.items():
        numbers, near = tables.types[cells.kind[i]], [j for j in touched if cells.phase[j] <= COMMITTED]
        memory = numbers[column.ACTIVATION_MEMORY]
        offered = _agonized(cells, tables, drugs, i) + sum(_offered(cells, tables, drugs, i, j) for j in near)
        if memory > 0.0:
            costimulated[i] = relaxed(cells.costimulated[i], natural_signal(offered), 1.0 / memory, duration)
        if memory > 0.0 and numbers[column.HELPER] > 0.0:
            sees = cells.reactive[i] > 0
            help_seen = max((_help(cells, tables, drugs, i, j) for j in near if sees), default=0.0)
            activation[i] = relaxed(cells.activation[i], help_seen, 1.0 / memory, duration)
    # Each takes in turn from what those before it have left.
    whole, cells = cells, cells._replace(level=level)
    for i, touched in contacts.items():
        for j in (j for j in touched if whole.phase[j] <= COMMITTED):
            for pair in tables.competing:
                if (there := float(level[pair["ligand"], j])) > 0.0:
                    middle = relaxed(
                        there, 0.0, _stripping(cells, tables, drugs, i, j, pair, there), 0.5 * duration
                    )
                    rate = _stripping(cells, tables, drugs, i, j, pair, middle)
                    level[pair["ligand"], j] = relaxed(there, 0.0, rate, duration)
    return costimulated, activation, level


def _stripping(cells: Any, tables: Any, drugs: Any, i: int, j: int, pair: Any, level: float) -> float:
    """Rate at which cell `j` loses a ligand, of which it has so much, to cell `i`."""
    there = level * drugs.free[pair["ligand"]] / tables.types[cells.kind[j], column.SURFACE]
    pairs = bound_pairs(_density(cells, tables, drugs, i, pair["receptor"]), there, pair["affinity"])
    return float(stripping_rate(pairs, pair["contact"], level, pair["rate"]))


def _density(cells: Any, tables: Any, drugs: Any, i: int, molecule: int) -> float:
    return float(
        cells.level[molecule, i] * drugs.free[molecule] / tables.types[cells.kind[i], column.SURFACE]
    )


def _offered(cells: Any, tables: Any, drugs: Any, i: int, j: int) -> float:
    """What cell `j` adds to the co-stimulation of cell `i`."""
    total = 0.0
    for receptor, ligand, affinity, half, steepness, *_ in tables.costimulating.tolist():
        left = _density(cells, tables, drugs, j, ligand)
        for rival in tables.competing[tables.competing["ligand"] == ligand]:
            left -= pairs_between(
                cells, tables, drugs, (i, rival["receptor"]), (j, ligand), rival["affinity"]
            )
        pairs = bound_pairs(_density(cells, tables, drugs, i, receptor), max(left, 0.0), affinity)
        total += float(activating_part(pairs, half, steepness))
    return total


def _agonized(cells: Any, tables: Any, drugs: Any, i: int) -> float:
    """What antibodies that hold co-stimulatory receptors of cell `i` add."""
    surface = tables.types[cells.kind[i], column.SURFACE]
    return sum(
        float(activating_part(cells.level[pair["receptor"], i] * share / surface, pair["half"], pair["hill"]))
        for pair in tables.costimulating
        if (share := float(drugs.agonized[pair["receptor"]])) > 0.0
    )


def _help(cells: Any, tables: Any, drugs: Any, i: int, j: int) -> float:
    """Net activation of helper cell `i` by what cell `j` shows on MHC-II."""
    numbers = tables.types[cells.kind[i]]
    complexes = presented_complexes(
        float(cells.level[tables.mhc_ii, j]), tables.matching_fraction, antigens_shown(cells, tables, j)
    )
    signal = antigen_signal(complexes, numbers[column.SIGNAL_HALF], numbers[column.SIGNAL_HILL])
    passed = 1.0
    for receptor, ligand, affinity, half, steepness, *_ in tables.checkpoints.tolist():
        pairs = pairs_between(cells, tables, drugs, (i, receptor), (j, ligand), affinity)
        passed *= checkpoint_factor(pairs, half, steepness)
    factor = costimulation(numbers[column.COSTIMULATION], float(cells.costimulated[i]))
    return float(net_activation(signal, factor, passed))
