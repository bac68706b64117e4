"""Slow, readable twin of `kernels.fate`: cycle, division and death of one cell after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.laws.apoptosis import corpse_volume
from opsonin.laws.cycle import committed_volume, cycle_entry_hazard, model_radius, not_arrested, pressure_gate
from opsonin.laws.events import event_probability
from opsonin.laws.metabolism import necrosis_hazard
from opsonin.laws.recognition import vigour
from opsonin.laws.response import hill
from opsonin.model import phase as phases
from opsonin.model import tables as column
from opsonin.reference.cells import is_live
from opsonin.reference.metabolism import fitness_of
from opsonin.reference.random import Key, uniforms


def decide(
    cells: Any,
    n: int,
    tables: Any,
    key: Key,
    tick: int,
    duration: float,
    resting: float,
    rates: tuple[float, Any, Any, Any, Any],
) -> tuple[Any, Any, Any]:
    """Events, volumes and radii, (n,) each; see `kernels.fate.decide`."""
    event, volume = np.zeros(n, np.int8), cells.volume[:n].copy()
    radius = np.zeros(n)
    now = tick + duration * 60.0
    for i in range(n):
        numbers = tables.types[cells.kind[i]]
        elapsed = (now - cells.phase_start[i]) / 60.0
        over = cells.phase_end[i] <= now
        if is_live(cells, i):
            event[i] = _live_event(cells, i, tables, key, tick, duration, resting, rates)
            if cells.phase[i] == phases.COMMITTED:
                length = numbers[column.COMMITTED_TIME]
                volume[i] = committed_volume(cells.base_volume[i], min(elapsed, length), length)
                if over and event[i] == phases.NOTHING:
                    event[i] = phases.DIVIDE
        else:
            apoptotic = cells.phase[i] == phases.APOPTOTIC
            clearance = numbers[column.APOPTOTIC_TIME if apoptotic else column.NECROTIC_TIME]
            volume[i] = corpse_volume(cells.base_volume[i], elapsed, clearance)
            if over:
                event[i] = phases.VANISH
        radius[i] = model_radius(
            volume[i], numbers[column.REFERENCE_VOLUME], numbers[column.MODEL_RADIUS], float(tables.dimension)
        )
    return event, volume, radius


def _live_event(
    cells: Any,
    i: int,
    tables: Any,
    key: Key,
    tick: int,
    duration: float,
    resting: float,
    rates: tuple[float, Any, Any, Any, Any],
) -> int:
    kind = cells.kind[i]
    numbers = tables.types[kind]
    hindrance, spontaneous, toxic, let_in, free = rates
    at_rest = cells.phase[i] == phases.RESTING
    entry = _entry(cells, i, tables, resting, hindrance, free) * let_in[kind] if at_rest else 0.0
    hazards = (
        (phases.DIE_APOPTOTIC, spontaneous[kind]),
        (phases.DIE_NECROTIC, _necrosis(cells, i, tables)),
        (phases.LEAVE, numbers[column.TISSUE_EXIT]),
        (phases.DIE_POISONED, toxic[kind, cells.phase[i]]),
        (phases.ENTER_CYCLE, entry),
    )
    total = sum(hazard for _, hazard in hazards)
    chance, which = uniforms(key, int(cells.id[i]), tick, Stream.FATE, 0)
    if total <= 0.0 or chance >= event_probability(total, duration):
        return phases.NOTHING
    reached = 0.0
    for event, hazard in hazards:
        reached += hazard
        if which * total < reached:
            return event
    return phases.ENTER_CYCLE


def _entry(cells: Any, i: int, tables: Any, resting: float, hindrance: float, free: Any) -> float:
    """Hazard of a resting cell of entering the cycle [1/min]."""
    numbers = tables.types[cells.kind[i]]
    rate = numbers[column.EXIT_RATE] / hindrance
    rate += numbers[column.ACTIVATED_RATE] * cells.activation[i] * vigour(cells.exhaustion[i])
    if rate <= 0.0:
        return 0.0
    gate = pressure_gate(
        cells.pressure[i], resting, numbers[column.PRESSURE_HALF], numbers[column.PRESSURE_HILL]
    )
    unarrested, fitness = _unarrested(cells, i, tables), fitness_of(cells, tables, free, i)
    return float(unarrested * cycle_entry_hazard(rate, fitness, gate))


def _unarrested(cells: Any, i: int, tables: Any) -> float:
    """Share of cells such as this one that the signal which stops their cycle still lets in."""
    by, share, half = tables.arrests[cells.kind[i]].tolist()
    if by < 0 or cells.lost[i] & tables.deaf_by[by]:
        return 1.0
    return float(not_arrested(share, float(cells.signal[by, i]), half))


def _necrosis(cells: Any, i: int, tables: Any) -> float:
    """Hazard of dying for lack of oxygen or glucose [1/min]."""
    numbers = tables.types[cells.kind[i]]
    steepness, fed = numbers[column.NECROSIS_HILL], 1.0
    if numbers[column.NECROSIS_GLUCOSE] > 0.0:
        fed = hill(float(cells.signal[tables.glucose, i]), numbers[column.NECROSIS_GLUCOSE], steepness)
    oxygenated = hill(float(cells.signal[tables.oxygen, i]), numbers[column.NECROSIS_OXYGEN], steepness)
    return float(necrosis_hazard(oxygenated, fed, numbers[column.NECROSIS_RATE]))


def turnover(
    cells: Any, n: int, tables: Any, resting: float, hindrance: float, let_in: Any, free: Any
) -> dict[tuple[int, int], dict[str, float]]:
    """(type, reactive) -> sums over its live cells; see `kernels.fate.turnover`."""
    sums: dict[tuple[int, int], dict[str, float]] = {}
    for i in filter(lambda i: is_live(cells, i), range(n)):
        numbers = tables.types[cells.kind[i]]
        row = sums.setdefault(
            (int(cells.kind[i]), int(cells.reactive[i] > 0)),
            dict.fromkeys(("live", "parts", "gate", "at rest", "entry", "necrosis"), 0.0),
        )
        parts = 1 if cells.phase[i] == phases.RESTING else 2
        row["live"] += 1
        row["parts"] += parts
        row["necrosis"] += parts * _necrosis(cells, i, tables)
        if parts == 1:
            row["at rest"] += 1
            gate = pressure_gate(
                cells.pressure[i], resting, numbers[column.PRESSURE_HALF], numbers[column.PRESSURE_HILL]
            )
            divides = max(numbers[column.EXIT_RATE], numbers[column.ACTIVATED_RATE]) > 0.0
            fitness = fitness_of(cells, tables, free, i) if divides else 0.0
            share = cycle_entry_hazard(1.0, fitness, gate)
            row["gate"] += share * _unarrested(cells, i, tables)
            row["entry"] += _entry(cells, i, tables, resting, hindrance, free) * let_in[cells.kind[i]]
    return sums
