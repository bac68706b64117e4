"""Which event each cell undergoes in a step, and how its volume changes. Proposes; `tissue.apply` carries out."""

from __future__ import annotations

import numba as nb

from opsonin.core.random import Stream, uniforms
from opsonin.laws.apoptosis import corpse_volume
from opsonin.laws.cycle import committed_volume, cycle_entry_hazard, model_radius, pressure_gate
from opsonin.laws.events import event_probability
from opsonin.laws.metabolism import necrosis_hazard
from opsonin.laws.recognition import vigour
from opsonin.model.phase import (
    APOPTOTIC,
    COMMITTED,
    DIE_APOPTOTIC,
    DIE_NECROTIC,
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
    CYCLE_OXYGEN,
    EXIT_RATE,
    MODEL_RADIUS,
    NECROSIS_HILL,
    NECROSIS_OXYGEN,
    NECROSIS_RATE,
    NECROTIC_TIME,
    PRESSURE_HALF,
    PRESSURE_HILL,
    REFERENCE_VOLUME,
    SPONTANEOUS,
    TISSUE_EXIT,
)

_FATE = int(Stream.FATE)
_TICKS = 60.0


@nb.njit(cache=True, error_model="numpy")
def _entry_hazard(numbers, oxygen, pressure, resting_pressure, hindrance, activation, exhaustion):
    """Hazard of entering the cycle [1/min]: the type's own rate plus what activation adds."""
    rate = numbers[EXIT_RATE] / hindrance + numbers[ACTIVATED_RATE] * activation * vigour(exhaustion)
    if rate <= 0.0:
        return 0.0
    gate = pressure_gate(pressure, resting_pressure, numbers[PRESSURE_HALF], numbers[PRESSURE_HILL])
    return cycle_entry_hazard(rate, oxygen, numbers[CYCLE_OXYGEN], gate)


@nb.njit(cache=True, error_model="numpy")
def _live_event(numbers, resting, entry, oxygen, counted, chance, which, duration):
    """Event of a live cell in a step: total hazard first, then which of the competing ones."""
    # The loss measured in tumours already holds the necrosis that they had.
    spontaneous = (
        max(numbers[SPONTANEOUS] - counted, 0.0) if numbers[EXIT_RATE] > 0.0 else numbers[SPONTANEOUS]
    )
    necrosis = 0.0
    if numbers[NECROSIS_RATE] > 0.0:
        necrosis = necrosis_hazard(
            oxygen, numbers[NECROSIS_RATE], numbers[NECROSIS_OXYGEN], numbers[NECROSIS_HILL]
        )
    leave = numbers[TISSUE_EXIT]
    if not resting:
        entry = 0.0
    total = spontaneous + necrosis + leave + entry
    if total <= 0.0 or chance >= event_probability(total, duration):
        return NOTHING
    share = which * total
    if share < spontaneous:
        return DIE_APOPTOTIC
    if share < spontaneous + necrosis:
        return DIE_NECROTIC
    if share < spontaneous + necrosis + leave:
        return LEAVE
    return ENTER_CYCLE


@nb.njit(cache=True, error_model="numpy", parallel=True)
def decide(cells, n, tables, key, tick, duration, resting_pressure, start, event):
    """Propose one event per cell for the step that starts at `tick`; writes `event`, `volume` and `radius`.

    Args:
        key: (2,) uint32 key words; `duration` [min]; `resting_pressure` in the unit of `pressure`.
        start: (hindrance, necrosis) of cycling cells at time 0, which proliferation data already hold: mean share
            let into the cycle [-] and mean hazard of necrosis [1/min].
        event: (capacity,) int8 output, see `model.phase`.
    Memory: in place; work: n.
    """
    kind, phase, identity = cells.kind, cells.phase, cells.id
    phase_start, phase_end, signal = cells.phase_start, cells.phase_end, cells.signal
    volume, base_volume, radius = cells.volume, cells.base_volume, cells.radius
    pressure, activation, exhaustion = cells.pressure, cells.activation, cells.exhaustion
    types, oxygen, dimension = tables.types, tables.oxygen, tables.dimension
    for i in nb.prange(n):
        numbers = types[kind[i]]
        now = tick + duration * _TICKS
        elapsed = (now - phase_start[i]) / _TICKS
        over = phase_end[i] <= now
        happens = NOTHING
        if phase[i] <= COMMITTED:
            chance, which = uniforms(key[0], key[1], identity[i], tick, _FATE, 0)
            entry = _entry_hazard(
                numbers,
                signal[oxygen, i],
                pressure[i],
                resting_pressure,
                start[0],
                activation[i],
                exhaustion[i],
            )
            resting = phase[i] == RESTING
            happens = _live_event(
                numbers, resting, entry, signal[oxygen, i], start[1], chance, which, duration
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


@nb.njit(cache=True, error_model="numpy")
def held_back(cells, n, tables, resting_pressure):
    """What proliferation data already hold, over live cells that cycle by themselves: (mean gate, mean necrosis).

    The share that oxygen and pressure let enter the cycle [-], 1 if there is no such cell; hazard [1/min].
    """
    gates = 0.0
    necroses = 0.0
    count = 0
    for i in range(n):
        numbers = tables.types[cells.kind[i]]
        if cells.phase[i] <= COMMITTED and numbers[EXIT_RATE] > 0.0:
            oxygen = cells.signal[tables.oxygen, i]
            gate = pressure_gate(
                cells.pressure[i], resting_pressure, numbers[PRESSURE_HALF], numbers[PRESSURE_HILL]
            )
            gates += cycle_entry_hazard(1.0, oxygen, numbers[CYCLE_OXYGEN], gate)
            if numbers[NECROSIS_RATE] > 0.0:
                necroses += necrosis_hazard(
                    oxygen, numbers[NECROSIS_RATE], numbers[NECROSIS_OXYGEN], numbers[NECROSIS_HILL]
                )
            count += 1
    return (gates / count, necroses / count) if count > 0 else (1.0, 0.0)
