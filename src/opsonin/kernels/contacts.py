"""Effectors at work: whom each engages, how strongly, and how many hits it delivers.

`engage` proposes from the old state, in parallel; `strike` applies, in the order of the effectors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from opsonin.core.random import Stream, mixed, poisson, uniforms
from opsonin.core.threads import spread
from opsonin.kernels.compiled import bare, inlined
from opsonin.kernels.death import TICKS, become_corpse
from opsonin.kernels.metabolism import fitness_of
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
from opsonin.model.phase import COMMITTED
from opsonin.model.specificity import STEM_LIKE
from opsonin.model.tables import (
    ACTIVATION_MEMORY,
    BYSTANDERS,
    CHIMERIC,
    COSTIMULATION,
    DAMAGE_HALF_LIFE,
    EATER,
    EXHAUSTION_GAIN,
    EXHAUSTION_RECOVERY,
    FATIGUE,
    FIXING,
    HIT_RATE,
    KILLER,
    NATURAL,
    SIGNAL_HALF,
    SIGNAL_HILL,
    STEM_HITS,
    SURFACE,
    TUMOUR,
    UNAIDED,
)

_HITS = int(Stream.HITS)
_PARTNER = int(Stream.PARTNER)


@inlined
def target_of(cells, tables, key, i, touched):
    """Slot of the target that effector `i` turns to: the one it held, else the one of highest keyed priority, else -1.

    Whether it recognises anything there is not asked.
    """
    best = -1
    highest = 0.0
    for j in touched:
        if cells.phase[j] <= COMMITTED and tables.types[cells.kind[j], DAMAGE_HALF_LIFE] > 0.0:
            if cells.id[j] == cells.partner[i]:
                return j
            priority, _ = uniforms(key[0], key[1], mixed(cells.id[i], cells.id[j]), 0, _PARTNER, 0)
            if best < 0 or priority > highest:
                best = j
                highest = priority
    return best


@inlined
def hit_rate_of(cells, numbers, i):
    """Hits per minute of effector `i` of a type with these `numbers` with nothing in its way [1/min]."""
    return numbers[HIT_RATE] * (numbers[STEM_HITS] if cells.reactive[i] == STEM_LIKE else 1.0)


@inlined
def recognises(cells, tables, drugs, i):
    """Whether effector `i` may see anything on a target of this tumour: by its receptors, or bridged to it."""
    numbers = tables.types[cells.kind[i]]
    own = cells.reactive[i] > 0 or numbers[NATURAL] > 0.0
    if numbers[CHIMERIC] > 0.0:
        own = _any(drugs.chimeric)
    return own or _any(drugs.bridged)


@inlined
def _any(per_molecule):
    """Whether any molecule counts."""
    there = False
    for m in range(len(per_molecule)):
        there |= per_molecule[m] > 0.0
    return there


@inlined
def signal_seen(cells, tables, drugs, i, j):
    """Signal of target `j` to effector `i`: antigen that its receptor matches, or ligands of activating receptors.

    A chimeric receptor counts the molecules that it was made for and sees no MHC-I.
    """
    numbers = tables.types[cells.kind[i]]
    if numbers[NATURAL] > 0.0:
        total = 0.0
        for pair in tables.activating:
            pairs = pairs_between(cells, tables, drugs, i, j, pair.receptor, pair.ligand, pair.affinity)
            total += activating_part(pairs, pair.half, pair.hill)
        antibodies = _antibodies_seen(cells, tables, drugs, i, j)
        if numbers[EATER] > 0.0:
            return appetite(natural_signal(antibodies), natural_signal(total), numbers[UNAIDED])
        return natural_signal(total + antibodies)
    bridged = bridged_signal(_load(cells, drugs.bridged, j))
    if numbers[CHIMERIC] > 0.0:
        return either(bridged_signal(_load(cells, drugs.chimeric, j)), bridged)
    if cells.reactive[i] == 0 and _any(drugs.bridged):
        return bridged
    own = 0.0
    if not cells.lost[j] & tables.hidden_by:
        shown = antigens_shown(cells, tables, j)
        complexes = presented_complexes(cells.level[tables.mhc_i, j], tables.matching_fraction, shown)
        own = antigen_signal(complexes, numbers[SIGNAL_HALF], numbers[SIGNAL_HILL])
    return either(own, bridged)


@inlined
def antigens_shown(cells, tables, j):
    """What cell `j` makes of the antigens of this tumour, over one of it at rest; others present what they took up."""
    if tables.types[cells.kind[j], TUMOUR] == 0.0:
        return 1.0
    shown = tables.antigens_fixed
    for own in tables.antigens:
        shown += antigen_part(own.share, cells.level[own.molecule, j], own.resting)
    return shown


@inlined
def _load(cells, per_molecule, j):
    """Molecules on target `j` that count, over the number at half of the full signal."""
    load = 0.0
    for m in range(len(per_molecule)):
        if per_molecule[m] > 0.0:
            load += cells.level[m, j] * per_molecule[m]
    return load


@inlined
def _antibodies_seen(cells, tables, drugs, i, j):
    """What the Fc receptors of effector `i` add to its signal for the antibodies on target `j`."""
    coat = 0.0
    for m in range(len(drugs.coated)):
        if drugs.coated[m] > 0.0:
            coat += cells.level[m, j] * drugs.coated[m]
    total = 0.0
    if coat > 0.0:
        for pair in tables.antibody:
            receptor = cells.level[pair.receptor, i] / tables.types[cells.kind[i], SURFACE]
            pairs = bound_pairs(receptor, coat / tables.types[cells.kind[j], SURFACE], pair.affinity)
            total += activating_part(pairs, pair.half, pair.hill)
    return total


@inlined
def density(cells, tables, drugs, i, molecule):
    """What cell `i` has of a molecule that no drug holds [molecules/um2]."""
    return cells.level[molecule, i] * drugs.free[molecule] / tables.types[cells.kind[i], SURFACE]


@inlined
def pairs_between(cells, tables, drugs, i, j, on_i, on_j, affinity):
    """Pairs of molecule `on_i` of cell `i` with `on_j` of cell `j` [molecules/um2], antibodies included."""
    first, second = density(cells, tables, drugs, i, on_i), density(cells, tables, drugs, j, on_j)
    return bound_pairs(first, second, affinity)


@inlined
def checkpoint(cells, tables, drugs, i, j, pair):
    """Factor of one checkpoint between effector `i` and target `j`, antibodies included."""
    pairs = pairs_between(cells, tables, drugs, i, j, pair.receptor, pair.ligand, pair.affinity)
    return checkpoint_factor(pairs, pair.half, pair.hill)


@inlined
def checkpoints_between(cells, tables, drugs, i, j):
    """Product of all checkpoint factors between effector `i` and target `j`."""
    product = 1.0
    for pair in tables.checkpoints:
        product *= checkpoint(cells, tables, drugs, i, j, pair)
    return product


@inlined
def costimulation_of(cells, numbers, i):
    """Factor of the co-stimulation that effector `i` of a type with these `numbers` has taken in."""
    return costimulation(numbers[COSTIMULATION], cells.costimulated[i])


@inlined
def death_receptors(cells, tables, drugs, i, j):
    """Death receptors of target `j` that effector `i` holds at full effort, antibodies included."""
    held = 0.0
    for pair in tables.deadly:
        pairs = pairs_between(cells, tables, drugs, i, j, pair.ligand, pair.receptor, pair.affinity)
        held += bound_receptors(pairs, pair.contact, 1.0)
    return held


@nb.njit(cache=True, error_model="numpy")
def at_work(cells, n, tables, drugs):
    """Slots of the live effectors that may see a target, or did: one that an antibody let go of comes to rest.

    Those with a chimeric receptor see what a product of the arm was made for. A bystander that nothing bridges
    recognises nothing: looking at its contacts would change nothing.
    """
    slots = np.empty(n, np.int64)
    return slots[: _note_at_work(cells, n, tables, drugs, slots)].copy()


@bare
def _note_at_work(cells, n, tables, drugs, slots):
    """Write `at_work` to `slots`; returns how many."""
    types, chimeric, bridged = tables.types, _any(drugs.chimeric), _any(drugs.bridged)
    count = 0
    for i in range(n):
        numbers = types[cells.kind[i]]
        if numbers[KILLER] > 0.0 and cells.phase[i] <= COMMITTED:
            sees = bridged or cells.reactive[i] > 0 or numbers[NATURAL] > 0.0 or cells.activation[i] > 0.0
            slots[count] = i
            count += sees or (chimeric and numbers[CHIMERIC] > 0.0)
    return count


@bare
def nothing_to_do(cells, n, effectors):
    """Whether no effector is at work and no cell bears what one has done."""
    idle = len(effectors) == 0
    for i in range(n):
        idle = idle and cells.damage[i] == 0.0 and cells.bound[i] == 0.0
    return idle


class Known(NamedTuple):
    """What each cell knows of the target that it holds: all that hits and exhaustion do not change, by its slot.

    Good for as long as slots, molecules, substrates and drugs are what they are: a coupling step at most.

    Attributes:
        partner: slot of the target of which the rest is known, -1 for none.
        drive, net, fitness: antigen signal, net activation and metabolic fitness [-].
        bound: death receptors of the target that it holds at full effort [molecules].
    """

    partner: npt.NDArray[np.int64]
    drive: npt.NDArray[np.float64]
    net: npt.NDArray[np.float64]
    fitness: npt.NDArray[np.float64]
    bound: npt.NDArray[np.float64]

    @classmethod
    def nothing(cls, n: int) -> Known:
        """Of n cells."""
        return cls(np.full(n, -1, np.int64), *np.empty((4, n)))


@inlined
def _learn(cells, tables, drugs, i, j, known):
    """Write what effector `i` sees on target `j`."""
    numbers = tables.types[cells.kind[i]]
    known.partner[i] = j
    known.drive[i] = signal_seen(cells, tables, drugs, i, j)
    checkpoints = checkpoints_between(cells, tables, drugs, i, j)
    known.net[i] = net_activation(known.drive[i], costimulation_of(cells, numbers, i), checkpoints)
    known.fitness[i] = fitness_of(cells.signal, tables.fitness[cells.kind[i]], drugs.free, i)
    known.bound[i] = death_receptors(cells, tables, drugs, i, j)


class Found(NamedTuple):
    """What each of m effectors does in a step.

    Attributes:
        partner: slot of its target, -1 for none; hits: that it delivers, of a phagocyte its meals.
        bound: death receptors of the target that it holds [molecules].
        drive, net, delivered: antigen signal, net activation and effort [-].
    """

    partner: npt.NDArray[np.int64]
    hits: npt.NDArray[np.int64]
    bound: npt.NDArray[np.float64]
    drive: npt.NDArray[np.float64]
    net: npt.NDArray[np.float64]
    delivered: npt.NDArray[np.float64]

    @classmethod
    def room(cls, effectors: int) -> Found:
        """Of `engage` to be filled."""
        slots, numbers = np.empty((2, effectors), np.int64), np.empty((4, effectors))
        return cls(*slots, *numbers)


def engage(
    cells: Any,
    tables: Any,
    key: Any,
    tick: Any,
    duration: Any,
    drugs: Any,
    contacts: Any,
    found: Found,
    known: Known,
) -> None:
    """Propose what every effector does in this step; writes `found`.

    Args:
        key: (2,) uint32; `tick` of the start of the step; `duration` [min].
        drugs: `state.exposure.Exposure`.
        contacts: (m,) slots of effectors, and the slots that each touches: effector e those from (m + 1,) begin[e] to
            begin[e + 1] of the third.
        known: inout.
    Memory: six columns of m; work: number of contacts.
    """
    spread(len(found.partner), engage_some, cells, tables, key, tick, duration, drugs, contacts, found, known)


@bare
def engage_some(begin, end, cells, tables, key, tick, duration, drugs, contacts, found, known):
    """`engage` of effectors begin..end-1."""
    effectors, start, touched = contacts
    partner, hits, bound, drive, net, effort_made = found
    types, exhaustion = tables.types, cells.exhaustion
    identity, kind = cells.id, cells.kind
    for e in range(begin, end):
        i = effectors[e]
        j = -1
        if recognises(cells, tables, drugs, i) and cells.phase[i] <= COMMITTED:
            j = target_of(cells, tables, key, i, touched[start[e] : start[e + 1]])
        partner[e] = j
        hits[e] = 0
        bound[e] = 0.0
        drive[e] = 0.0
        net[e] = 0.0
        effort_made[e] = 0.0
        if j >= 0:
            if known.partner[i] != j:
                _learn(cells, tables, drugs, i, j, known)
            numbers = types[kind[i]]
            drive[e], net[e] = known.drive[i], known.net[i]
            delivered = effort(net[e], known.fitness[i], vigour(exhaustion[i]))
            bound[e] = bound_receptors(known.bound[i], 1.0, delivered)
            effort_made[e] = delivered
            hazard = lytic_hit_hazard(delivered, hit_rate_of(cells, numbers, i))
            chance, _ = uniforms(key[0], key[1], mixed(identity[i], identity[j]), tick, _HITS, 0)
            hits[e] = poisson(hazard * duration, chance)


@inlined
def _tire(cells, numbers, i, drive, net, duration):
    """Activation memory and exhaustion of effector `i` over a step."""
    gain, recovery = numbers[EXHAUSTION_GAIN], numbers[EXHAUSTION_RECOVERY]
    rate = exhaustion_rate(drive, gain, recovery)
    if rate > 0.0 and cells.reactive[i] != STEM_LIKE:
        target = exhaustion_target(drive, gain, recovery, cells.fixed[i])
        cells.exhaustion[i] = relaxed(cells.exhaustion[i], target, rate, duration)
        cells.fixed[i] = relaxed(cells.fixed[i], cells.exhaustion[i], numbers[FIXING], duration)
    cells.activation[i] = relaxed(cells.activation[i], net, 1.0 / numbers[ACTIVATION_MEMORY], duration)
    cells.engagement[i] = net


@inlined
def _hold_bystanders(cells, tables, drugs, i, j, touched, delivered):
    """Let effector `i` hold death receptors of the targets that it touches beside its own, `j`."""
    share = tables.types[cells.kind[i], BYSTANDERS]
    if share == 0.0 or delivered == 0.0:
        return
    for other in touched:
        live = other != j and cells.phase[other] <= COMMITTED
        if live and tables.types[cells.kind[other], DAMAGE_HALF_LIFE] > 0.0:
            receptors = death_receptors(cells, tables, drugs, i, other)
            cells.bound[other] += bound_receptors(receptors, share, delivered)


@bare
def strike(cells, n, tables, drugs, tick, duration, contacts, found):
    """Carry out one step of `engage`: repair, then new damage, death receptors held and meals; returns (hits, meals).

    What the first two do is `kernels.death`. What a phagocyte eats is a corpse at once.

    Memory: in place; work: n + number of contacts.
    """
    effectors, start, touched = contacts
    types, kind = tables.types, cells.kind
    cells.bound[:n] = 0.0
    for i in range(n):
        if cells.damage[i] > 0.0:
            cells.damage[i] = repaired_damage(cells.damage[i], types[kind[i], DAMAGE_HALF_LIFE], duration)
    delivered = eaten = 0
    for e in range(len(effectors)):
        i, j = effectors[e], found.partner[e]
        if cells.phase[i] > COMMITTED:
            continue
        _tire(cells, types[kind[i]], i, found.drive[e], found.net[e], duration)
        cells.partner[i] = cells.id[j] if j >= 0 else np.uint64(0)
        if j < 0 or cells.phase[j] > COMMITTED:
            continue
        _hold_bystanders(cells, tables, drugs, i, j, touched[start[e] : start[e + 1]], found.delivered[e])
        if types[kind[i], EATER] == 0.0:
            delivered += found.hits[e]
            cells.damage[j] += found.hits[e]
            cells.bound[j] += found.bound[e]
        elif found.hits[e] > 0:
            eaten += 1
            cells.exhaustion[i] = fatigued(cells.exhaustion[i], types[kind[i], FATIGUE])
            become_corpse(cells, j, types[kind[j]], tick + np.int64(np.rint(duration * TICKS)))
    return delivered, eaten
