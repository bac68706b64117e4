"""What T cells get from the cells that they touch beside antigen on their targets, and what they take from these.

Co-stimulation and help come from cells that present: all that carry the ligands, whatever their type.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from opsonin.kernels.compiled import bare, inlined
from opsonin.kernels.contacts import antigens_shown, checkpoints_between, density, pairs_between
from opsonin.laws.events import relaxed
from opsonin.laws.recognition import (
    activating_part,
    antigen_signal,
    bound_pairs,
    costimulation,
    natural_signal,
    net_activation,
    presented_complexes,
    stripping_rate,
)
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import ACTIVATION_MEMORY, COSTIMULATION, HELPER, SIGNAL_HALF, SIGNAL_HILL, SURFACE


@inlined
def _left_to(cells, tables, drugs, i, j, ligand):
    """Density of a ligand on cell `j` that the competing receptors of cell `i` leave to its others [molecules/um2]."""
    there = density(cells, tables, drugs, j, ligand)
    for pair in tables.competing:
        if pair.ligand == ligand:
            there -= pairs_between(cells, tables, drugs, i, j, pair.receptor, ligand, pair.affinity)
    return max(there, 0.0)


@inlined
def _offered(cells, tables, drugs, i, j):
    """What cell `j` adds to the co-stimulation of cell `i` that touches it [-]."""
    total = 0.0
    for pair in tables.costimulating:
        receptor = density(cells, tables, drugs, i, pair.receptor)
        ligand = _left_to(cells, tables, drugs, i, j, pair.ligand)
        if receptor > 0.0 and ligand > 0.0:
            total += activating_part(bound_pairs(receptor, ligand, pair.affinity), pair.half, pair.hill)
    return total


@inlined
def _agonized(cells, tables, drugs, i):
    """What antibodies add that hold co-stimulatory receptors of cell `i` as their ligands do [-]."""
    total = 0.0
    for pair in tables.costimulating:
        if drugs.agonized[pair.receptor] > 0.0:
            held = cells.level[pair.receptor, i] * drugs.agonized[pair.receptor]
            total += activating_part(held / tables.types[cells.kind[i], SURFACE], pair.half, pair.hill)
    return total


@inlined
def _help(cells, tables, drugs, i, j, costimulated):
    """Net activation of helper cell `i` by the peptides that cell `j` shows on MHC-II [-]."""
    numbers = tables.types[cells.kind[i]]
    shown = antigens_shown(cells, tables, j)
    complexes = presented_complexes(cells.level[tables.mhc_ii, j], tables.matching_fraction, shown)
    signal = antigen_signal(complexes, numbers[SIGNAL_HALF], numbers[SIGNAL_HILL])
    factor = costimulation(numbers[COSTIMULATION], costimulated)
    return net_activation(signal, factor, checkpoints_between(cells, tables, drugs, i, j))


@nb.njit(cache=True, error_model="numpy")
def costimulate(cells, tables, drugs, seekers, start, touched, duration):
    """Let T cells take in co-stimulation and help from the live cells that they touch over a step [min].

    Args:
        drugs: `state.exposure.Exposure`.
        seekers, start, touched: as in `contacts.engage`, all cells that carry a co-stimulatory or a competing receptor.
    Writes `costimulated`, of helpers `activation` and `engagement`, from the cells as they were before the step; then
    the levels that competing receptors leave, one seeker after the other.
    Memory: two columns of the seekers; work: their contacts, times the pairs.
    """
    offered, helped = np.zeros(len(seekers)), np.zeros(len(seekers))
    _costimulate(cells, tables, drugs, seekers, start, touched, duration, offered, helped)


@bare
def _costimulate(cells, tables, drugs, seekers, start, touched, duration, offered, helped):
    """`costimulate`, with room for what each seeker is offered and how far it is helped, 0 at first."""
    for e in range(len(seekers)):
        i = seekers[e]
        helper = tables.types[cells.kind[i], HELPER] > 0.0 and cells.reactive[i] > 0
        offered[e] = _agonized(cells, tables, drugs, i)
        for j in touched[start[e] : start[e + 1]]:
            if cells.phase[j] <= COMMITTED:
                offered[e] += _offered(cells, tables, drugs, i, j)
                if helper and cells.level[tables.mhc_ii, j] > 0.0:
                    helped[e] = max(helped[e], _help(cells, tables, drugs, i, j, cells.costimulated[i]))
    for e in range(len(seekers)):
        i = seekers[e]
        numbers = tables.types[cells.kind[i]]
        if numbers[ACTIVATION_MEMORY] > 0.0:
            rate = 1.0 / numbers[ACTIVATION_MEMORY]
            signal = natural_signal(offered[e])
            cells.costimulated[i] = relaxed(cells.costimulated[i], signal, rate, duration)
            if numbers[HELPER] > 0.0:
                cells.engagement[i] = helped[e]
                cells.activation[i] = relaxed(cells.activation[i], helped[e], rate, duration)
        for j in touched[start[e] : start[e + 1]]:
            if cells.phase[j] <= COMMITTED:
                _strip(cells, tables, drugs, i, j, duration)


@inlined
def _strip(cells, tables, drugs, i, j, duration):
    """Let the competing receptors of cell `i` take off cell `j` the ligands that they hold in the contact.

    At the rate of the middle of the step: second order in it.
    """
    for pair in tables.competing:
        level = cells.level[pair.ligand, j]
        if level > 0.0:
            middle = relaxed(level, 0.0, _stripping(cells, tables, drugs, i, j, pair, level), 0.5 * duration)
            rate = _stripping(cells, tables, drugs, i, j, pair, middle)
            cells.level[pair.ligand, j] = relaxed(level, 0.0, rate, duration)


@inlined
def _stripping(cells, tables, drugs, i, j, pair, level):
    """Rate at which cell `j` loses a ligand, of which it has so much, to cell `i` [1/min]."""
    there = level * drugs.free[pair.ligand] / tables.types[cells.kind[j], SURFACE]
    pairs = bound_pairs(density(cells, tables, drugs, i, pair.receptor), there, pair.affinity)
    return stripping_rate(pairs, pair.contact, level, pair.rate)
