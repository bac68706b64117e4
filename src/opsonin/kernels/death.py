"""The death decision of each cell over one step, made of `laws.death`; the same without steps is `reference.death`."""

from __future__ import annotations

import math

import numpy as np

from opsonin.kernels.compiled import bare, inlined
from opsonin.laws.apoptosis import rate_of_half_life, repaired_damage
from opsonin.laws.death import (
    active_disc,
    caspase3_gain,
    caspase3_loss,
    caspase8_gain,
    free_bid,
    free_xiap,
    guard_load,
    pore_gain,
    protease,
    released_share,
    stable_xiap,
)
from opsonin.laws.events import driven
from opsonin.laws.response import hill
from opsonin.model.death import LEAST_HELD, SPENT, DeathDrive, DeathProteins, DeathState
from opsonin.model.phase import APOPTOTIC, COMMITTED
from opsonin.model.tables import APOPTOTIC_TIME, DAMAGE_HALF_LIFE, PRIMING

TICKS = 60.0  # in a minute
LONGEST = 2.0  # min; without XIAP caspase-3 doubles within minutes, so longer steps are taken in parts


@inlined
def advance(state, proteins, drive, rates, duration):
    """State of a cell after a step; dead once its `caspase3` has reached `rates.commitment`.

    Args:
        state: DeathState; proteins: DeathProteins; drive: DeathDrive, constant over the step; rates: DeathRates.
        duration: step [min].
    """
    parts = math.ceil(duration / LONGEST)
    for _ in range(parts):
        state = _advance(state, proteins, drive, rates, duration / parts)
    return state


@inlined
def _advance(state, proteins, drive, rates, duration):
    """One part of a step.

    Each level takes its exact course for what drives it at the middle, from the receptor downwards; the loop from
    caspase-3 back to caspase-8 is closed by a second pass. Second order in the step, stable for any.
    """
    receptor = rate_of_half_life(rates.receptor_recovery)
    mitochondrial = rate_of_half_life(rates.mitochondrial_recovery)
    load = guard_load(
        proteins.bcl2,
        proteins.bclxl,
        proteins.mcl1,
        rates.bcl2_affinity,
        rates.bclxl_affinity,
        rates.mcl1_affinity,
    )
    xiap = stable_xiap(proteins.xiap, proteins.survivin, rates.survivin_share)
    disc = driven(state.disc, rates.disc_rate * drive.bound, receptor, duration)
    active = active_disc(0.5 * (state.disc + disc), proteins.flip, rates.flip_half)
    now = DeathState(disc, state.caspase8, state.bid, state.pores, state.caspase3)
    for _ in range(2):
        gain = caspase8_gain(
            active, 0.5 * (state.caspase3 + now.caspase3), rates.caspase8_rate, rates.loop_rate
        )
        caspase8 = driven(state.caspase8, gain, gain + receptor, duration)
        cut = protease(0.5 * (state.caspase8 + caspase8), drive.damage, rates.hit_protease)
        bid = driven(state.bid, rates.bid_rate * cut, rates.bid_rate * cut + mitochondrial, duration)
        free = free_bid(0.5 * (state.bid + bid), drive.priming, load)
        gain = pore_gain(free, proteins.bax, proteins.bak, rates.bax_share, rates.pore_rate)
        pores = driven(state.pores, gain, mitochondrial, duration)
        released = released_share(0.5 * (state.pores + pores), rates.release_steepness)
        gain = caspase3_gain(cut, released, rates.procaspase3_rate, rates.apoptosome_rate)
        held = free_xiap(xiap, released, rates.sink, rates.sink_affinity)
        loss = caspase3_loss(held, rates.destruction_rate, receptor)
        caspase3 = driven(state.caspase3, gain, gain + loss, duration)
        now = DeathState(disc, caspase8, bid, pores, caspase3)
    return now


@inlined
def agonized_receptors(cells, tables, drugs, i):
    """Death receptors of cell `i` that drugs hold, or that cytokines do without a guard that is free [molecules]."""
    held = 0.0
    for pair in tables.deadly:
        if drugs.agonized[pair.receptor] > 0.0:
            held += cells.level[pair.receptor, i] * drugs.agonized[pair.receptor]
    for way in tables.ligations:
        guarded = tables.resting[cells.kind[i], way.guard] > 0.0
        unguarded = 1.0 - drugs.free[way.guard] if guarded else 1.0
        if unguarded > 0.0:
            there = cells.level[way.receptor, i] * drugs.free[way.receptor]
            held += unguarded * there * hill(cells.signal[way.substrate, i], way.half, way.hill)
    return held


@inlined
def become_corpse(cells, i, numbers, now):
    """Cell `i` of a type with these `numbers` is dead from tick `now` on."""
    cells.phase[i] = APOPTOTIC
    cells.phase_start[i] = now
    cells.phase_end[i] = now + np.int64(np.rint(numbers[APOPTOTIC_TIME] * TICKS))
    cells.base_volume[i] = cells.volume[i]


@bare
def succumb(cells, n, tables, drugs, rates, tick, duration):
    """Advance every cell that something drives to death; returns (killed, died of drugs alone).

    What dies here is a corpse at once, so that its killers are free in the next step. Cells that nothing drives and
    that have no way behind them are at rest, where nothing moves: they are passed over.

    Args:
        drugs: `state.exposure.Exposure`; rates: DeathRates; `tick` of the start of the step; `duration` [min].
    Memory: in place; work: n, and about 0.6 us for each driven cell and minute.
    """
    killed = 0
    alone = 0
    now = tick + np.int64(np.rint(duration * TICKS))
    for i in range(n):
        numbers = tables.types[cells.kind[i]]
        if cells.phase[i] > COMMITTED or numbers[DAMAGE_HALF_LIFE] <= 0.0:
            continue
        damage, priming = cells.damage[i], numbers[PRIMING]
        state = DeathState(cells.disc[i], cells.caspase8[i], cells.bid[i], cells.pores[i], cells.caspase3[i])
        held = agonized_receptors(cells, tables, drugs, i)
        bound = cells.bound[i] + held
        if bound < LEAST_HELD:
            bound = 0.0
        if damage < SPENT and bound < SPENT and priming == 0.0 and max(state) < SPENT:
            continue
        mean = 0.5 * (damage + repaired_damage(damage, numbers[DAMAGE_HALF_LIFE], duration))
        drive = DeathDrive(bound, mean, priming)
        state = advance(state, proteins_of(cells, tables, drugs, i), drive, rates, duration)
        cells.disc[i], cells.caspase8[i], cells.bid[i], cells.pores[i], cells.caspase3[i] = state
        if state.caspase3 >= rates.commitment:
            if damage >= SPENT or cells.bound[i] >= SPENT or (held == 0.0 and state.disc >= SPENT):
                killed += 1
            else:
                alone += 1
            become_corpse(cells, i, numbers, now)
    return killed, alone


@inlined
def proteins_of(cells, tables, drugs, i):
    """What cell `i` has of the proteins that no drug holds; survivin relative to the resting level of its type."""
    m = tables.death
    resting = max(
        tables.resting[cells.kind[i], m[7]], 1.0
    )  # a type without survivin has none to compare with
    return DeathProteins(
        cells.level[m[0], i] * drugs.free[m[0]],
        cells.level[m[1], i] * drugs.free[m[1]],
        cells.level[m[2], i] * drugs.free[m[2]],
        cells.level[m[3], i] * drugs.free[m[3]],
        cells.level[m[4], i] * drugs.free[m[4]],
        cells.level[m[5], i] * drugs.free[m[5]],
        cells.level[m[6], i] * drugs.free[m[6]],
        cells.level[m[7], i] * drugs.free[m[7]] / resting,
    )
