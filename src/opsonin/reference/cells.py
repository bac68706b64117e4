"""Slow, readable twins of the kernels that walk over cells: one plain Python loop each, floats in, floats out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.laws.apoptosis import corpse_volume, repaired_damage
from opsonin.laws.cycle import (
    committed_volume,
    cycle_entry_hazard,
    model_radius,
    not_arrested,
    pressure_gate,
)
from opsonin.laws.events import event_probability, relaxed
from opsonin.laws.expression import regulated_fold, remixed_variation, steady_level, weight_of_the_past
from opsonin.laws.metabolism import necrosis_hazard
from opsonin.laws.motility import chemotactic_bias, crawling_speed, receptor_difference
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
from opsonin.laws.response import fold_change, fold_change_of_lack, hill
from opsonin.laws.trafficking import vessel_arrival
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
from opsonin.reference.metabolism import fitness_of
from opsonin.reference.random import mixed, normals, poisson, uniforms

Key = tuple[int, int]
Follow = Callable[[DeathState, DeathProteins, DeathDrive, DeathRates, float], DeathState]


def _live(cells: Any, i: int) -> bool:
    return bool(cells.phase[i] in (phases.RESTING, phases.COMMITTED))


def express(cells: Any, n: int, tables: Any, turnover: Any, fold: Any, through: Any, duration: float) -> Any:
    """New levels, (molecules, n); see `kernels.expression.express`."""
    level = cells.level[:, :n].copy()
    for i in filter(lambda i: _live(cells, i), range(n)):
        resting, goals = tables.resting[cells.kind[i]], np.zeros(len(level))
        for m in filter(lambda m: resting[m] > 0.0, tables.order):
            shift = float(fold[m])
            for carrier, molecule, factor in through.tolist():
                if (
                    molecule == m
                    and resting[carrier] > 0.0
                    and not cells.lost[i] & tables.removed_by[carrier]
                ):
                    shift *= factor
            for row in tables.shifts[tables.shifts["molecule"] == m]:
                by = row["signal"]
                if not row["regulates"]:
                    heard, seen = not cells.lost[i] & tables.deaf_by[by], float(cells.signal[by, i])
                elif heard := resting[by] > 0.0:
                    past = weight_of_the_past(turnover[by], turnover[m], duration)
                    seen = (past * cells.level[by, i] + (1.0 - past) * goals[by]) / resting[by]
                if heard:
                    answer = fold_change_of_lack if row["low"] else fold_change
                    changed = answer(row["fold_max"], seen, row["half"], row["hill"])
                    shift *= regulated_fold(changed, row["at_rest"])
            if not cells.lost[i] & tables.removed_by[m]:
                goals[m] = steady_level(resting[m], cells.variation[m, i], shift)
                for defect, molecule, factor in tables.changes.tolist():
                    goals[m] *= factor if molecule == m and int(cells.lost[i]) >> defect & 1 else 1.0
            level[m, i] = relaxed(level[m, i], goals[m], turnover[m], duration)
    return level


def antigens_shown(cells: Any, tables: Any, j: int) -> float:
    """What a cell makes of the antigens of this tumour; see `kernels.contacts.antigens_shown`."""
    if not tables.types[cells.kind[j], column.TUMOUR]:
        return 1.0
    parts = [
        antigen_part(share, float(cells.level[m, j]), rest) for m, share, rest in tables.antigens.tolist()
    ]
    return float(tables.antigens_fixed + sum(parts))


def remix(cells: Any, n: int, resting: Any, sigma: Any, kept: Any, draw: Any, key: Key, hour: int) -> Any:
    """New variation, (molecules, n); see `kernels.expression.remix`."""
    variation = cells.variation[:, :n].copy()
    for i in filter(lambda i: _live(cells, i), range(n)):
        for m in range(len(kept)):
            if kept[m] < 1.0 and resting[cells.kind[i], m] > 0.0:
                z, _ = normals(key, int(cells.id[i]), hour, Stream.MIXING, int(draw[m]))
                variation[m, i] = remixed_variation(
                    float(variation[m, i]), float(kept[m]), float(sigma[m]), z
                )
    return variation


def steer(cells: Any, n: int, tables: Any, key: Key, tick: int, duration: float, cue: Any) -> tuple[Any, Any]:
    """Headings and velocities, (3, n) each, x y z; see `kernels.motility.steer`."""
    heading = np.array([cells.heading_x[:n], cells.heading_y[:n], cells.heading_z[:n]])
    velocity = np.zeros((3, n))
    for i in filter(lambda i: _live(cells, i), range(n)):
        numbers = tables.types[cells.kind[i]]
        if numbers[column.SPEED] <= 0.0:
            continue
        who = int(cells.id[i])
        turn, _ = uniforms(key, who, tick, Stream.MOTILITY, 0)
        due = turn < event_probability(1.0 / numbers[column.PERSISTENCE], duration)
        if due or not heading[:, i].any():
            heading[:, i] = _new_heading(cells, i, tables, numbers, key, tick)
        weight = float(np.linalg.norm(cue[:, i]))
        back, _ = uniforms(key, who, tick, Stream.MOTILITY, 2)
        if weight > 0.0 and back < event_probability(1.0 / numbers[column.RETENTION_DELAY], duration):
            blend = (1.0 - weight) * heading[:, i] + cue[:, i]
            heading[:, i] = blend / np.linalg.norm(blend)
        velocity[:, i] = crawling_speed(numbers[column.SPEED], cells.engagement[i]) * heading[:, i]
    return heading, velocity


def niche_cues(cells: Any, n: int, tables: Any, box: tuple[float, float, float]) -> Any:
    """Direction back to its niche of every retained live cell, (3, n); see `kernels.niche.niche_cues`."""
    cue = np.zeros((3, n))
    place = np.array([cells.x[:n], cells.y[:n], cells.z[:n]])
    tumour = [j for j in range(n) if _live(cells, j) and tables.types[cells.kind[j], column.TUMOUR] > 0]
    for i in filter(lambda i: _live(cells, i) and cells.niche[i] != 0, range(n)):
        numbers = tables.types[cells.kind[i]]
        apart = place[:, [i]] - place[:, tumour]
        apart -= np.array(box)[:, None] * np.rint(apart / np.array(box)[:, None])
        if tables.dimension == 2:
            apart[2] = 0.0
        distance = np.linalg.norm(apart, axis=0)
        reach = numbers[column.RETENTION_REACH]
        near = distance < 1.25 * reach
        if cells.niche[i] < 0:
            way = np.sum(apart[:, near] / distance[near] * (1.0 - distance[near] / (1.25 * reach)), axis=1)
        elif distance.min(initial=np.inf) < reach / 1.25 or distance.min(initial=np.inf) >= 2.0 * reach:
            continue
        else:
            way = -apart[:, np.argmin(distance)]
        if np.linalg.norm(way) > 0.0:
            cue[:, i] = numbers[column.RETENTION] * way / np.linalg.norm(way)
    return cue


def _new_heading(cells: Any, i: int, tables: Any, numbers: Any, key: Key, tick: int) -> Any:
    u, v = uniforms(key, int(cells.id[i]), tick, Stream.MOTILITY, 1)
    up = 2.0 * v - 1.0 if tables.dimension == 3 else 0.0
    flat = math.sqrt(1.0 - up**2)
    random = np.array([flat * math.cos(2 * math.pi * u), flat * math.sin(2 * math.pi * u), up])
    slope = cells.gradient[::-1, i].copy()
    if tables.dimension == 2:
        slope[2] = 0.0
    steepness = float(np.linalg.norm(slope))
    if steepness == 0.0 or numbers[column.BIAS_MAX] == 0.0:
        return random
    sensed = receptor_difference(
        float(cells.signal[tables.attractant, i]),
        steepness,
        numbers[column.DIAMETER],
        numbers[column.ATTRACTANT_HALF],
    )
    bias = chemotactic_bias(sensed, numbers[column.BIAS_MAX], numbers[column.GRADIENT_HALF])
    blend = (1.0 - bias) * random + bias * slope / steepness
    return blend / np.linalg.norm(blend)


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
        if _live(cells, i):
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
    for i in filter(lambda i: _live(cells, i), range(n)):
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
            if recognises(cells, tables, drugs, i) and _live(cells, i)
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
        j for j in touched if _live(cells, j) and tables.types[cells.kind[j], column.DAMAGE_HALF_LIFE] > 0.0
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
        if not _live(cells, i):
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
        if j < 0 or not _live(cells, j):
            continue
        for other in contacts[i]:
            target = tables.types[cells.kind[other], column.DAMAGE_HALF_LIFE] > 0.0
            if other != j and _live(cells, other) and target:
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
            held += float((1.0 - drugs.free[guard]) * there * sensed)
        bound = struck + held if struck + held >= LEAST_HELD else 0.0
        at_rest = max(damage, bound, *state) < SPENT and priming == 0.0
        if not _live(cells, i) or half_life <= 0.0 or at_rest:
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


def arrivals(
    identity: Any, fold: Any, key: Key, tick: int, kind: int, flux: float, area: float, duration: float
) -> list[int]:
    """Newcomers at each vessel; see `kernels.trafficking.arrivals`."""
    counts = []
    for who, own in zip(identity, fold, strict=True):
        rate = vessel_arrival(flux, area, len(identity), float(own))
        chance, _ = uniforms(key, int(who), tick, Stream.ARRIVAL, kind)
        counts.append(poisson(rate * duration, chance))
    return counts


def recruitments(attractant: Any, fold: float, half: float) -> list[float]:
    """Fold at each vessel; see `kernels.trafficking.recruitments`."""
    return [float(fold_change(fold, float(concentration), half, 1.0)) for concentration in attractant]


def digest_words(words: Any, seed: int) -> int:
    """See `kernels.digest.digest_words`."""
    mask = 0xFFFFFFFFFFFFFFFF
    total = (seed * 0x9E3779B97F4A7C15 + len(words)) & mask
    for place, word in enumerate(words, start=1):
        x = (int(word) + place * 0x9E3779B97F4A7C15) & mask
        x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & mask
        x = ((x ^ x >> 27) * 0x94D049BB133111EB) & mask
        total = (total + (x ^ x >> 31)) & mask
    return total
