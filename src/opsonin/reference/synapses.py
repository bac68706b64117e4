"""Slow, readable twins of `kernels.contacts` and `kernels.death`: who holds whom, what is seen, hits and deaths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.laws.apoptosis import repaired_damage
from opsonin.laws.events import relaxed
from opsonin.laws.pharmacology import either
from opsonin.laws.recognition import (
    activating_part,
    antigen_part,
    antigen_signal,
    appetite,
    bound_pairs,
    bound_receptors,
    bridged_signal,
    checkpoint_factor,
    costimulation,
    effort,
    exhaustion_rate,
    exhaustion_target,
    fatigued,
    lytic_hit_hazard,
    natural_signal,
    net_activation,
    presented_complexes,
    vigour,
)
from opsonin.laws.response import hill
from opsonin.model import phase as phases
from opsonin.model import tables as column
from opsonin.model.death import (
    LEAST_HELD,
    SPENT,
    TISSUE_RATES,
    DeathDrive,
    DeathProteins,
    DeathRates,
    DeathState,
)
from opsonin.model.specificity import STEM_LIKE
from opsonin.reference.cells import is_live
from opsonin.reference.metabolism import fitness_of
from opsonin.reference.random import Key, mixed, poisson, uniforms

Follow = Callable[[DeathState, DeathProteins, DeathDrive, DeathRates, float], DeathState]


def antigens_shown(cells: Any, tables: Any, j: int) -> float:
    """What a cell makes of the antigens of this tumour; see `kernels.contacts.antigens_shown`."""
    if not tables.types[cells.kind[j], column.TUMOUR]:
        return 1.0
    parts = [
        antigen_part(share, float(cells.level[m, j]), rest) for m, share, rest in tables.antigens.tolist()
    ]
    return float(tables.antigens_fixed + sum(parts))


def engage(
    cells: Any, tables: Any, key: Key, tick: int, duration: float, drugs: Any, contacts: dict[int, list[int]]
) -> dict[int, tuple[int, int, float, float, float, float]]:
    """Effector slot -> (partner slot or -1, hits, receptors held, antigen signal, net activation, effort).

    See `kernels.contacts.engage`.
    """
    found = {}
    for i, touched in contacts.items():
        j = (
            target_of(cells, tables, key, i, touched)
            if recognises(cells, tables, drugs, i) and is_live(cells, i)
            else -1
        )
        if j < 0:
            found[i] = (-1, 0, 0.0, 0.0, 0.0, 0.0)
            continue
        numbers = tables.types[cells.kind[i]]
        drive = signal_seen(cells, tables, drugs, i, j)
        passed = 1.0
        for receptor, ligand, affinity, half, steepness, *_ in tables.checkpoints.tolist():
            pairs = pairs_between(cells, tables, drugs, (i, receptor), (j, ligand), affinity)
            passed *= checkpoint_factor(pairs, half, steepness)
        factor = costimulation(numbers[column.COSTIMULATION], float(cells.costimulated[i]))
        net = net_activation(drive, factor, passed)
        fitness = fitness_of(cells, tables, drugs.free, i)
        delivered = effort(net, fitness, vigour(cells.exhaustion[i]))
        hazard = lytic_hit_hazard(delivered, hit_rate_of(cells, tables, i))
        chance, _ = uniforms(key, mixed(int(cells.id[i]), int(cells.id[j])), tick, Stream.HITS, 0)
        held = delivered * death_receptors(cells, tables, drugs, i, j)
        found[i] = (j, poisson(hazard * duration, chance), held, drive, net, delivered)
    return found


def hit_rate_of(cells: Any, tables: Any, i: int) -> float:
    """Hits per minute of an effector with nothing in its way; see `kernels.contacts.hit_rate_of`."""
    numbers = tables.types[cells.kind[i]]
    own = numbers[column.STEM_HITS] if cells.reactive[i] == STEM_LIKE else 1.0
    return float(numbers[column.HIT_RATE] * own)


def recognises(cells: Any, tables: Any, drugs: Any, i: int) -> bool:
    """Whether effector `i` may see anything; see `kernels.contacts.recognises`."""
    numbers = tables.types[cells.kind[i]]
    own = cells.reactive[i] != 0 or numbers[column.NATURAL] > 0.0
    if numbers[column.CHIMERIC] > 0.0:
        own = max(drugs.chimeric) > 0.0
    return bool(own or max(drugs.bridged) > 0.0)


def signal_seen(cells: Any, tables: Any, drugs: Any, i: int, j: int) -> float:
    """Signal of target `j` to effector `i`; see `kernels.contacts.signal_seen`."""
    numbers = tables.types[cells.kind[i]]
    if numbers[column.NATURAL] == 0.0:
        bridged = float(bridged_signal(float(cells.level[:, j] @ drugs.bridged)))
        if numbers[column.CHIMERIC] > 0.0:
            return float(either(bridged_signal(float(cells.level[:, j] @ drugs.chimeric)), bridged))
        if cells.reactive[i] == 0 and max(drugs.bridged) > 0.0:
            return bridged
        if cells.lost[j] & tables.hidden_by:
            return bridged
        complexes = presented_complexes(
            float(cells.level[tables.mhc_i, j]), tables.matching_fraction, antigens_shown(cells, tables, j)
        )
        own = antigen_signal(complexes, numbers[column.SIGNAL_HALF], numbers[column.SIGNAL_HILL])
        return float(either(own, bridged))
    total = antibodies = 0.0
    for receptor, ligand, affinity, half, steepness, *_ in tables.activating.tolist():
        pairs = pairs_between(cells, tables, drugs, (i, receptor), (j, ligand), affinity)
        total += activating_part(pairs, half, steepness)
    coat = float(np.dot(cells.level[:, j], drugs.coated)) / tables.types[cells.kind[j], column.SURFACE]
    for receptor, _, affinity, half, steepness, *_ in tables.antibody.tolist():
        on_effector = float(cells.level[receptor, i]) / numbers[column.SURFACE]
        antibodies += activating_part(bound_pairs(on_effector, coat, affinity), half, steepness)
    if numbers[column.EATER] > 0.0:
        return float(appetite(natural_signal(antibodies), natural_signal(total), numbers[column.UNAIDED]))
    return float(natural_signal(total + antibodies))


def pairs_between(
    cells: Any, tables: Any, drugs: Any, first: tuple[int, int], second: tuple[int, int], affinity: float
) -> float:
    """Pairs of molecules, each of (cell, molecule), per area of the synapse; see `kernels.contacts.pairs_between`."""
    densities = [
        float(cells.level[m, i] * drugs.free[m] / tables.types[cells.kind[i], column.SURFACE])
        for i, m in (first, second)
    ]
    return float(bound_pairs(*densities, affinity))


def death_receptors(cells: Any, tables: Any, drugs: Any, i: int, j: int) -> float:
    """Death receptors of target `j` that effector `i` holds at full effort; see `kernels.contacts.death_receptors`."""
    return sum(
        float(
            bound_receptors(
                pairs_between(cells, tables, drugs, (i, ligand), (j, receptor), affinity), area, 1.0
            )
        )
        for receptor, ligand, affinity, _, _, area, _ in tables.deadly.tolist()
    )


def target_of(cells: Any, tables: Any, key: Key, i: int, touched: list[int]) -> int:
    """Slot of the target that effector `i` turns to, or -1; see `kernels.contacts.target_of`."""
    targets = [
        j for j in touched if is_live(cells, j) and tables.types[cells.kind[j], column.DAMAGE_HALF_LIFE] > 0.0
    ]
    held = [j for j in targets if cells.id[j] == cells.partner[i]]
    if held:
        return held[0]

    def priority(j: int) -> float:
        return uniforms(key, mixed(int(cells.id[i]), int(cells.id[j])), 0, Stream.PARTNER, 0)[0]

    return max(targets, key=priority, default=-1)


def strike(
    cells: Any,
    n: int,
    tables: Any,
    drugs: Any,
    tick: int,
    duration: float,
    contacts: dict[int, list[int]],
    engaged: dict[int, tuple[int, int, float, float, float, float]],
) -> tuple[int, int]:
    """Carry out `engage` on the cells themselves; returns (hits, meals). See `kernels.contacts.strike`."""
    cells.bound[:n] = 0.0
    for i in range(n):
        if cells.damage[i] > 0.0:
            half_life = tables.types[cells.kind[i], column.DAMAGE_HALF_LIFE]
            cells.damage[i] = repaired_damage(cells.damage[i], half_life, duration)
    delivered = eaten = 0
    for i, (j, hits, bound, drive, net, effort_made) in engaged.items():
        if not is_live(cells, i):
            continue
        numbers = tables.types[cells.kind[i]]
        gain, recovery = numbers[column.EXHAUSTION_GAIN], numbers[column.EXHAUSTION_RECOVERY]
        if gain * drive + recovery > 0.0 and cells.reactive[i] != STEM_LIKE:
            cells.exhaustion[i] = relaxed(
                cells.exhaustion[i],
                exhaustion_target(drive, gain, recovery, cells.fixed[i]),
                exhaustion_rate(drive, gain, recovery),
                duration,
            )
            cells.fixed[i] = relaxed(cells.fixed[i], cells.exhaustion[i], numbers[column.FIXING], duration)
        cells.activation[i] = relaxed(
            cells.activation[i], net, 1.0 / numbers[column.ACTIVATION_MEMORY], duration
        )
        cells.engagement[i] = net
        cells.partner[i] = cells.id[j] if j >= 0 else 0
        if j < 0 or not is_live(cells, j):
            continue
        for other in contacts[i]:
            target = tables.types[cells.kind[other], column.DAMAGE_HALF_LIFE] > 0.0
            if other != j and is_live(cells, other) and target:
                share = numbers[column.BYSTANDERS] * effort_made
                cells.bound[other] += share * death_receptors(cells, tables, drugs, i, other)
        if numbers[column.EATER] == 0.0:
            delivered += hits
            cells.damage[j] += hits
            cells.bound[j] += bound
        elif hits:
            eaten += 1
            cells.exhaustion[i] = fatigued(float(cells.exhaustion[i]), numbers[column.FATIGUE])
            _become_corpse(cells, j, tables, tick + round(duration * 60.0))
    return delivered, eaten


def _become_corpse(cells: Any, i: int, tables: Any, now: int) -> None:
    cells.phase[i] = phases.APOPTOTIC
    cells.phase_start[i] = now
    cells.phase_end[i] = now + round(tables.types[cells.kind[i], column.APOPTOTIC_TIME] * 60.0)
    cells.base_volume[i] = cells.volume[i]


def succumb(
    cells: Any, n: int, tables: Any, drugs: Any, tick: int, duration: float, follow: Follow
) -> tuple[int, int]:
    """Follow every driven cell over a step; returns (killed, died of drugs). See `kernels.death.succumb`.

    Args:
        follow: (state, proteins, drive, rates, duration) -> state: one cell's step, which `reference.death` checks.
    """
    killed = alone = 0
    now = tick + round(duration * 60.0)
    for i in range(n):
        numbers = tables.types[cells.kind[i]]
        half_life, priming = numbers[column.DAMAGE_HALF_LIFE], float(numbers[column.PRIMING])
        state = DeathState(*(float(getattr(cells, name)[i]) for name in DeathState._fields))
        damage = float(cells.damage[i])
        struck, held = float(cells.bound[i]), 0.0
        for r in tables.deadly["receptor"]:
            held += float(cells.level[r, i] * drugs.agonized[r])
        for receptor, substrate, half, steepness, guard in tables.ligations.tolist():
            there = float(cells.level[receptor, i] * drugs.free[receptor])
            sensed = hill(float(cells.signal[substrate, i]), half, steepness)
            guarded = tables.resting[cells.kind[i], guard] > 0.0
            held += float((1.0 - drugs.free[guard] if guarded else 1.0) * there * sensed)
        bound = struck + held if struck + held >= LEAST_HELD else 0.0
        at_rest = max(damage, bound, *state) < SPENT and priming == 0.0
        if not is_live(cells, i) or half_life <= 0.0 or at_rest:
            continue
        levels = [float(cells.level[m, i] * drugs.free[m]) for m in tables.death]
        levels[-1] /= max(tables.resting[cells.kind[i], tables.death[-1]], 1.0)
        drive = DeathDrive(bound, 0.5 * (damage + repaired_damage(damage, half_life, duration)), priming)
        after = follow(state, DeathProteins(*levels), drive, TISSUE_RATES, duration)
        for name, value in zip(DeathState._fields, after, strict=True):
            getattr(cells, name)[i] = value
        if after.caspase3 >= TISSUE_RATES.commitment:
            by_killers = max(damage, struck) >= SPENT or (held == 0.0 and after.disc >= SPENT)
            killed += by_killers
            alone += not by_killers
            _become_corpse(cells, i, tables, now)
    return killed, alone
