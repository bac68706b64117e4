"""Slow, readable twins of `kernels.metabolism`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsonin.laws.metabolism import (
    enzymatic_release,
    fed_share,
    hypoxic_fold,
    nourished,
    released_by_corpse,
    unharmed,
    uptake_clearance,
)
from opsonin.laws.response import hill
from opsonin.model import phase as phases
from opsonin.model import tables as column


def exchange(cells: Any, n: int, tables: Any, free: Any, substrate: int) -> tuple[Any, Any]:
    """Clearance and release of every cell, (n,) each; see `kernels.metabolism.exchange`."""
    clearance, release = np.zeros(n), np.zeros(n)
    for i in range(n):
        own = tables.exchanges[cells.kind[i], substrate]
        if cells.phase[i] > phases.COMMITTED:
            release[i] = _released_dead(cells, i, own)
            continue
        clearance[i] = own["clearance"] + _cleared(cells, i, tables, substrate)
        by = own["induced_by"]
        if by == column.BY_ACTIVATION:
            induction = cells.activation[i]
        elif by == column.ALWAYS:
            induction = 1.0
        elif cells.lost[i] & tables.deaf_by[by]:
            induction = 0.0
        else:
            induction = hill(float(cells.signal[by, i]), own["induction_half"], 1.0)
        release[i] = own["secretion"] * induction * _fold(cells, i, tables, own)
        if (burnt := own["made_from"]) >= 0:
            release[i] += own["made_per"] * _cleared(cells, i, tables, burnt) * cells.signal[burnt, i]
        if (enzyme := own["enzyme"]) >= 0:
            made = enzymatic_release(own["turnover"], float(cells.level[enzyme, i] * free[enzyme]))
            release[i] += made * _fold(cells, i, tables, own) * _fed(cells, i, tables, free, own)
    return clearance, release


def _released_dead(cells: Any, i: int, own: Any) -> float:
    """What a corpse releases [concentration um3/min]."""
    if cells.phase[i] == phases.NECROTIC:
        return float(own["necrotic"])
    if own["marker"] < 0:
        return float(own["apoptotic"])
    return float(released_by_corpse(own["apoptotic"], cells.level[own["marker"], i], own["marker_half"]))


def _cleared(cells: Any, i: int, tables: Any, substrate: int) -> float:
    """What a cell clears of a substrate by saturating uptake [um3/min]."""
    own = tables.exchanges[cells.kind[i], substrate]
    taken = uptake_clearance(own["uptake_max"], own["uptake_half"], float(cells.signal[substrate, i]))
    return float(_fold(cells, i, tables, own) * taken)


def _fed(cells: Any, i: int, tables: Any, free: Any, own: Any) -> float:
    """Rate of a cell's enzyme by the enzyme that feeds it, over rest."""
    if (m := own["fed_by"]) < 0:
        return 1.0
    rest = tables.resting[cells.kind[i], m]
    available = float(free[m]) * (float(cells.level[m, i]) / rest if rest > 0.0 else 1.0)
    return float(fed_share(available, own["fed_half"], own["fed_least"])) / float(own["fed_mean"])


def _fold(cells: Any, i: int, tables: Any, own: Any) -> float:
    """What lack of oxygen makes of an exchange [-]."""
    return float(
        hypoxic_fold(own["hypoxic_fold"], float(cells.signal[tables.oxygen, i]), own["hypoxic_half"])
    )


def fitness_of(cells: Any, tables: Any, free: Any, i: int) -> float:
    """Metabolic fitness of a cell; see `kernels.metabolism.fitness_of`."""
    return math.prod(fitness_under(cells, tables, free, i, s) for s in range(len(cells.signal)))


def fitness_under(cells: Any, tables: Any, free: Any, i: int, substrate: int) -> float:
    """Fitness that a substrate leaves a cell; see `kernels.metabolism.fitness_under`."""
    role, half, steepness, most, through = tables.fitness[cells.kind[i], substrate].tolist()
    felt = float(cells.signal[substrate, i])
    if role == column.NEEDED:
        return float(nourished(felt, half, steepness, most))
    if role == column.HARMFUL:
        held = float(free[through]) if through >= 0 else 1.0
        return float(unharmed(felt * held, half, steepness, most))
    return 1.0
