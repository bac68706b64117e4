"""Which event each cell undergoes in a step, and how its volume changes. Proposes; `tissue.apply` carries out."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from opsonin.core.random import Stream, uniforms
from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined
from opsonin.kernels.metabolism import fitness_of
from opsonin.laws.apoptosis import corpse_volume
from opsonin.laws.cycle import (
    committed_volume,
    cycle_entry_hazard,
    model_radius,
    not_arrested,
    pressure_gate,
)
from opsonin.laws.events import event_probability
from opsonin.laws.metabolism import necrosis_hazard
from opsonin.laws.recognition import vigour
from opsonin.laws.response import hill
from opsonin.model.phase import (
    APOPTOTIC,
    COMMITTED,
    DIE_APOPTOTIC,
    DIE_NECROTIC,
    DIE_POISONED,
    DIVIDE,
    ENTER_CYCLE,
    LEAVE,
    NOTHING,
    RESTING,
    VANISH,
)
from opsonin.model.tables import (
    ACTIVATED_RATE,
    APOPTOTIC_TIME,
    COMMITTED_TIME,
    EXIT_RATE,
    MODEL_RADIUS,
    NECROSIS_GLUCOSE,
    NECROSIS_HILL,
    NECROSIS_OXYGEN,
    NECROSIS_RATE,
    NECROTIC_TIME,
    PRESSURE_HALF,
    PRESSURE_HILL,
    REFERENCE_VOLUME,
    TISSUE_EXIT,
)

_FATE = int(Stream.FATE)
_TICKS = 60.0

# Columns of `turnover`.
LIVE, PARTS, GATE, AT_REST, ENTRY, NECROSIS, COLUMNS = range(7)


@inlined
def _unarrested(cells, tables, i):
    """Share of cells such as `i` that the signal which stops their cycle still lets in."""
    arrest = tables.arrests[cells.kind[i]]
    by = arrest.signal
    if by < 0 or cells.lost[i] & tables.deaf_by[by]:
        return 1.0
    return not_arrested(arrest.share, cells.signal[by, i], arrest.half)


@inlined
def _cycles(numbers):
    """Whether cells of a type with these `numbers` enter the cycle by themselves or when activated."""
    return numbers[EXIT_RATE] > 0.0 or numbers[ACTIVATED_RATE] > 0.0


@inlined
def _entry_rate(numbers, hindrance, let_in, activation, exhaustion):
    """Rate of entering the cycle [1/min]: the type's own plus what activation adds, as far as drugs let it."""
    rate = numbers[EXIT_RATE] / hindrance + numbers[ACTIVATED_RATE] * activation * vigour(exhaustion)
    return max(rate * let_in, 0.0)


@inlined
def _gate(numbers, pressure, resting_pressure):
    return pressure_gate(pressure, resting_pressure, numbers[PRESSURE_HALF], numbers[PRESSURE_HILL])


@inlined
def _necrosis(cells, tables, i):
    """Hazard of cell `i` of dying for lack of oxygen or glucose [1/min]."""
    numbers = tables.types[cells.kind[i]]
    if numbers[NECROSIS_RATE] <= 0.0:
        return 0.0
    steepness, fed = numbers[NECROSIS_HILL], 1.0
    if numbers[NECROSIS_GLUCOSE] > 0.0:
        fed = hill(cells.signal[tables.glucose, i], numbers[NECROSIS_GLUCOSE], steepness)
    oxygenated = hill(cells.signal[tables.oxygen, i], numbers[NECROSIS_OXYGEN], steepness)
    return necrosis_hazard(oxygenated, fed, numbers[NECROSIS_RATE])


@inlined
def _live_event(numbers, entry, necrosis, spontaneous, toxic, chance, which, duration):
    """Event of a live cell in a step: total hazard first, then which of the competing ones."""
    leave = numbers[TISSUE_EXIT]
    total = spontaneous + necrosis + leave + toxic + entry
    if total <= 0.0 or chance >= event_probability(total, duration):
        return NOTHING
    share = which * total
    if share < spontaneous:
        return DIE_APOPTOTIC
    if share < spontaneous + necrosis:
        return DIE_NECROTIC
    if share < spontaneous + necrosis + leave:
        return LEAVE
    if share < spontaneous + necrosis + leave + toxic:
        return DIE_POISONED
    return ENTER_CYCLE


@inlined
def _highest_hazard(numbers, hindrance, spontaneous, toxic, let_in):
    """No cell of a type with these `numbers` has a higher hazard of any event [1/min]."""
    entry = (max(numbers[EXIT_RATE], 0.0) / hindrance + max(numbers[ACTIVATED_RATE], 0.0)) * let_in
    return spontaneous + max(numbers[NECROSIS_RATE], 0.0) + numbers[TISSUE_EXIT] + toxic + entry


def decide(
    cells: Any,
    n: Any,
    tables: Any,
    key: Any,
    tick: Any,
    duration: Any,
    resting_pressure: Any,
    rates: Any,
    event: Any,
) -> None:
    """Propose one event per cell for the step that starts at `tick`; writes `event`, `volume` and `radius`.

    Args:
        key: (2,) uint32 key words; `duration` [min]; `resting_pressure` in the unit of `pressure`.
        rates: (hindrance, spontaneous, toxic, let_in, free): share of resting tumour cells that fitness, pressure and
            signals let into the cycle in the untreated tumour, which proliferation data already hold [-]; (types,)
            hazard of spontaneous loss [1/min]; what drugs do, see `state.exposure`.
        event: (capacity,) int8 output, see `model.phase`.
    Memory: in place; work: n.
    """
    spread(n, _decide, cells, tables, key, tick, duration, resting_pressure, rates, event)


@nb.njit(cache=True, error_model="numpy", nogil=True)
def _decide(begin, end, cells, tables, key, tick, duration, resting_pressure, rates, event):
    hindrance, spontaneous, toxic, let_in, _ = rates
    most = np.empty(toxic.shape)
    for t in range(len(most)):
        for p in range(most.shape[1]):
            at_most = _highest_hazard(tables.types[t], hindrance, spontaneous[t], toxic[t, p], let_in[t])
            most[t, p] = event_probability(at_most, duration)
    _decide_each(begin, end, cells, tables, key, tick, duration, resting_pressure, rates, most, event)


@bare
def _decide_each(begin, end, cells, tables, key, tick, duration, resting_pressure, rates, most, event):
    """`decide`, given the highest probability of any event of cells of a type in a phase, `most`."""
    kind, phase, identity = cells.kind, cells.phase, cells.id
    phase_start, phase_end, signal = cells.phase_start, cells.phase_end, cells.signal
    volume, base_volume, radius = cells.volume, cells.base_volume, cells.radius
    pressure, activation, exhaustion = cells.pressure, cells.activation, cells.exhaustion
    types, dimension = tables.types, tables.dimension
    hindrance, spontaneous, toxic, let_in, free = rates
    for i in range(begin, end):
        numbers = types[kind[i]]
        now = tick + duration * _TICKS
        elapsed = (now - phase_start[i]) / _TICKS
        over = phase_end[i] <= now
        happens = NOTHING
        if phase[i] <= COMMITTED:
            chance, which = uniforms(key[0], key[1], identity[i], tick, _FATE, 0)
            if chance < most[kind[i], phase[i]]:  # else nothing happens, whatever the cell senses
                entry = 0.0
                if phase[i] == RESTING and _cycles(numbers):
                    allowed = let_in[kind[i]] * _unarrested(cells, tables, i)
                    rate = _entry_rate(numbers, hindrance, allowed, activation[i], exhaustion[i])
                    fitness = fitness_of(signal, tables.fitness[kind[i]], free, i)
                    entry = cycle_entry_hazard(rate, fitness, _gate(numbers, pressure[i], resting_pressure))
                happens = _live_event(
                    numbers,
                    entry,
                    _necrosis(cells, tables, i),
                    spontaneous[kind[i]],
                    toxic[kind[i], phase[i]],
                    chance,
                    which,
                    duration,
                )
            if phase[i] == COMMITTED:
                volume[i] = committed_volume(
                    base_volume[i], min(elapsed, numbers[COMMITTED_TIME]), numbers[COMMITTED_TIME]
                )
                if over and happens == NOTHING:
                    happens = DIVIDE
        else:
            clearance = numbers[APOPTOTIC_TIME] if phase[i] == APOPTOTIC else numbers[NECROTIC_TIME]
            volume[i] = corpse_volume(base_volume[i], elapsed, clearance)
            if over:
                happens = VANISH
        radius[i] = model_radius(
            volume[i], numbers[REFERENCE_VOLUME], numbers[MODEL_RADIUS], float(dimension)
        )
        event[i] = happens


@bare
def turnover(cells, n, tables, resting_pressure, hindrance, let_in, free, asked, rates):
    """How fast live cells divide and die at this moment, by type and by whether they recognise the tumour.

    Args:
        resting_pressure, hindrance, let_in, free: as in `decide`.
        asked: (types,) bool, types that are counted.
        rates: (types, 2, COLUMNS) output, 0 of other types; [.., 1, ..] of reactive cells. Columns: LIVE number; PARTS
            number, a committed cell counted as two; GATE sum over resting cells of the share let into the cycle without
            drugs, 0 in types that never divide; AT_REST number of resting cells; ENTRY sum of hazards of entering the
            cycle [1/min]; NECROSIS sum of hazards, a committed cell counted twice [1/min].
    Memory: in place; work: n. Serial: the order of cells fixes the bits.
    """
    rates[:] = 0.0
    for i in range(n):
        t = cells.kind[i]
        if cells.phase[i] > COMMITTED or not asked[t]:
            continue
        numbers, row = tables.types[t], rates[t, 1 if cells.reactive[i] > 0 else 0]
        parts = 1.0 if cells.phase[i] == RESTING else 2.0
        row[LIVE] += 1.0
        row[PARTS] += parts
        row[NECROSIS] += parts * _necrosis(cells, tables, i)
        if cells.phase[i] == RESTING:
            row[AT_REST] += 1.0
            if _cycles(numbers):
                unarrested = _unarrested(cells, tables, i)
                fitness = fitness_of(cells.signal, tables.fitness[t], free, i)
                gate = _gate(numbers, cells.pressure[i], resting_pressure)
                rate = _entry_rate(
                    numbers, hindrance, let_in[t] * unarrested, cells.activation[i], cells.exhaustion[i]
                )
                row[GATE] += unarrested * cycle_entry_hazard(1.0, fitness, gate)
                row[ENTRY] += cycle_entry_hazard(rate, fitness, gate)
