"""Before time 0 the untreated tumour lives on with numbers and observed marks clamped, until its rates are known.

Tumour cells are held by their spontaneous loss and immune cells by arrivals and departures, each with a finite rate;
other cells are not held. A loss cannot be less than none: where oxygen takes more than division gives, numbers fall,
which `census` tells.

Each process runs as in `engine.loop`, with two differences: whatever changes a number of cells is answered at once, and
exhaustion stays as imaged. In the first part the box is fixed and the resting pressure and the hindrance of the cycle
settle; in the second the window breathes and rates are summed up. What they give is in `tissue.balance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.core.schedule import MINUTES_PER_DAY, minutes
from opsonin.engine.census import Row, census, drifted
from opsonin.engine.compile import Plan
from opsonin.engine.lived import Clamp, Lived, Rest, Sums, Watch, unwatched
from opsonin.kernels.draws import draw_each
from opsonin.kernels.fate import AT_REST, ENTRY, GATE, LIVE, NECROSIS, PARTS
from opsonin.laws.cycle import cell_loss_factor, spontaneous_loss
from opsonin.laws.events import event_probability
from opsonin.laws.trafficking import balanced_arrival, home_share
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED, LEAVE
from opsonin.tissue import (
    apply,
    costimulation,
    expression,
    fate,
    niche,
    trafficking,
    transport,
    turns,
    window,
)
from opsonin.tissue.elasticity import elasticities
from opsonin.tissue.integrity import check_state
from opsonin.tissue.tissue import COUNTERS, MEDIUM, NICHES, REACTIVE, Tissue

# Niches whose cells are near tumour cells equally often, within this, tell nothing of who belongs where.
_APART = 0.2
# The first part of the burn-in; averages of pressure and hindrance begin after half of it. Targets that are easy to
# kill go first, wherever T cells are: killing falls by a third over two weeks before it is steady.
_SETTLING = 2.0 / 3.0
# Deviations of a number of cells from the imaged one decay with this time [min].
_CLAMP = 0.25 * MINUTES_PER_DAY
# A tissue whose cells hardly cycle at all is not scaled up without bound.
_LEAST_GATE = 0.05
_FATE = int(Stream.FATE)
# Growth is called too slow beyond this share of the published one.
_SHORT = 0.05
# Killing is called unknown if it was measured for less [d], or if fewer cells were killed.
_LEAST_DAYS, _LEAST_KILLS = 1.0, 10.0


@dataclass(frozen=True)
class Steadiness:
    """What the burn-in found, for the report; rates per day.

    Attributes:
        displacement: median distance that relaxation moved the imaged cells by [um].
        days: length of the part in which rates were summed up.
        gross_growth, necrosis, killing, spontaneous: of tumour cells; growth: what they leave.
        published_growth: what it should be.
        killing_halves: killing in its first and second half.
        sources: per immune type: name, cells, arrivals per day, loss, proliferation of tumour-reactive cells, fold of
            recruitment, elasticity of arrivals to the type's own density, exhaustion of newcomers.
        census: per cell type: name, cells imaged or drawn, live and dead ones at time 0, what held their number.
        warnings: where the field, read with these numbers, is not a steady untreated tumour.
    """

    displacement: float
    days: float
    gross_growth: float
    necrosis: float
    killing: float
    spontaneous: float
    growth: float
    published_growth: float
    killing_halves: tuple[float, float]
    sources: tuple[dict[str, Any], ...]
    census: tuple[Row, ...]
    warnings: tuple[str, ...]


def steps(plan: Plan) -> int:
    """Number of coupling steps before time 0; none for cells in medium, which no patient carried before."""
    if plan.boundary == MEDIUM:
        return 0
    return max(4, plan.burn_in // plan.coupling)


def live_through(
    plan: Plan, tissue: Tissue, lived: Lived | None = None, watch: Watch = unwatched
) -> Steadiness:
    """Burn in, leave the tissue balanced at time 0, and say what was found.

    Args:
        lived: what is done of it already, of a tissue thawed with it.
    Raises:
        InputError: an immune type runs away, see `tissue.elasticity`. RunError: a numerical fault.
    """
    count = steps(plan)
    if lived is None:
        lived = Lived.nothing(tissue)
        tissue.balance.exhaustion = np.array([tissue.traits.exhaustion[s.kind] for s in tissue.arrivals])
    while lived.done < count:
        _live_on(plan, tissue, lived, count)
        lived.done += 1
        watch(tissue, lived, count)
    found = _balanced(plan, tissue, lived.clamp, lived.sums)
    rows = census(tissue, lived.begun_with)
    source = "imaged" if plan.scenario.tissue.generate is None else "drawn"
    return replace(found, census=rows, warnings=(*found.warnings, *drifted(rows, source)))


def _live_on(plan: Plan, tissue: Tissue, lived: Lived, count: int) -> None:
    """One of `count` steps, the next."""
    step, settling, rest = lived.done, max(1, round(_SETTLING * count)), lived.rest
    rates, surplus = _hold(tissue, lived.clamp)
    if step < settling:
        _settle(tissue, rates, rest, forget=step <= settling // 2)
        _note_straying(tissue, lived.strays, forget=step <= settling // 2)
    elif step == settling:
        lived.clamp = _divided(tissue, lived.clamp, lived.strays)
        tissue.measure = float(np.sum(window.measures(tissue)))
    tick = (step - count) * plan.coupling
    tiring = _one_step(plan, tissue, tick, breathing=step >= settling)
    _thin(tissue, surplus, tick, minutes(plan.coupling))
    rest.steps, rest.tiring = rest.steps + 1, rest.tiring + tiring
    tissue.balance.exhaustion = _newcomers_exhaustion(plan, tissue, rates, rest.tiring / rest.steps)
    if step >= settling:
        _add(tissue, lived.sums, fate.turnover(tissue), tiring)


def _hold(tissue: Tissue, clamp: Clamp) -> tuple[Any, list[Any]]:
    """Loss and arrivals of the next step, so that the numbers of cells come back to the imaged ones.

    Returns:
        the turnover, and for each source the hazard at which those too many are taken away, (niches, 3) [1/min].
    """
    rates = fate.turnover(tissue)
    balance = tissue.balance
    balance.spontaneous = tissue.tables.types[:, column.SPONTANEOUS].copy()
    for kind, wanted in clamp.tumour.items():
        row = rates[kind].sum(axis=0)
        if row[LIVE] > 0.0 and wanted:
            excess = math.log(row[LIVE] / wanted) / _CLAMP
            balance.spontaneous[kind] = max((row[ENTRY] - row[NECROSIS]) / row[PARTS] + excess, 0.0)
    loss, proliferation = _immune_rates(tissue, rates)
    balance.recruited = trafficking.recruitment(tissue)
    surplus: list[Any] = []
    for index, wanted in enumerate(clamp.immune):
        now = trafficking.classes(tissue, tissue.arrivals[index])
        needed = wanted * loss[index] + (wanted - now) / _CLAMP
        needed[:, REACTIVE] -= now[:, REACTIVE] * proliferation[index]
        balance.flux[index] = np.maximum(needed, 0.0) / tissue.area
        surplus.append(np.maximum(-needed, 0.0) / np.maximum(now, 1.0))
    return rates, surplus


def _thin(tissue: Tissue, surplus: list[Any], tick: int, duration: float) -> None:
    """Take away immune cells of which there are too many, each class by its own hazard."""
    event = np.zeros(tissue.cells.n, np.int8)
    for source, hazard in zip(tissue.arrivals, surplus, strict=True):
        if hazard.any():
            slots, share, state = trafficking.members(tissue, source)
            rate = np.sum(share * hazard.T[state], axis=1)
            many = rate > 0.0
            chance = draw_each(tissue.key, tissue.cells.arrays.id[slots[many]], tick & 0xFFFFFFFF, _FATE, 1)
            leaves = [c < event_probability(h, duration) for c, h in zip(chance, rate[many], strict=True)]
            leaving = slots[many][leaves]
            event[leaving] = LEAVE
    if event.any():
        apply.events(tissue, event, tick, duration)


def _immune_rates(tissue: Tissue, rates: Any) -> tuple[Any, Any]:
    """(sources,) loss from the tissue and (sources,) proliferation of tumour-reactive cells [1/min]."""
    loss, proliferation = np.zeros(len(tissue.arrivals)), np.zeros(len(tissue.arrivals))
    for index, source in enumerate(tissue.arrivals):
        numbers, row = tissue.tables.types[source.kind], rates[source.kind].sum(axis=0)
        necrosis = row[NECROSIS] / row[PARTS] if row[PARTS] else 0.0
        loss[index] = numbers[column.SPONTANEOUS] + numbers[column.TISSUE_EXIT] + necrosis
        reactive = rates[source.kind, 1]
        proliferation[index] = reactive[ENTRY] / reactive[PARTS] if reactive[PARTS] else 0.0
    return loss, proliferation


def _settle(tissue: Tissue, rates: Any, rest: Rest, *, forget: bool) -> None:
    """Pressure, packing and hindrance at rest: the present ones at first, then their means."""
    if forget:
        rest.forget()
    rest.pressures.append(window.pressure(tissue))
    rest.packings.append(window.packing(tissue))
    tissue.resting_pressure = max(float(np.mean(rest.pressures)), 1e-9)
    tissue.resting_packing = float(np.mean(rest.packings))
    tumour = rates[tissue.tables.types[:, column.TUMOUR] > 0.0].sum(axis=(0, 1))
    if tumour[AT_REST] > 0.0:
        rest.gates.append(max(float(tumour[GATE] / tumour[AT_REST]), _LEAST_GATE))
        tissue.balance.hindrance = float(np.mean(rest.gates))


def _note_straying(tissue: Tissue, strays: list[Any], *, forget: bool) -> None:
    """Sum up how often cells of either niche are found near a tumour cell."""
    for index, source in enumerate(tissue.arrivals):
        if tissue.tables.types[source.kind, column.RETENTION] > 0.0:
            strays[index] = niche.straying(tissue, source.kind) + (0.0 if forget else strays[index])


def _divided(tissue: Tissue, clamp: Clamp, strays: list[Any]) -> Clamp:
    """Divide each retained type between the niches so that, with those that stray, as many are near as were imaged."""
    immune = []
    for source, imaged, (nest, nest_near, stroma, stroma_near) in zip(
        tissue.arrivals, clamp.immune, strays, strict=True
    ):
        wanted, cells = imaged, imaged.sum()
        if nest and stroma and cells and nest_near / nest > stroma_near / stroma + _APART:
            near = imaged[NICHES.index(1)].sum() / cells
            share = home_share(near, nest_near / nest, stroma_near / stroma)
            niche.divide(tissue, source.kind, share)
            wanted = imaged.sum(axis=0) * np.array([[1.0 - share], [share]])
        immune.append(wanted)
    return replace(clamp, immune=tuple(immune))


def _one_step(plan: Plan, tissue: Tissue, tick: int, *, breathing: bool) -> Any:
    """One coupling step; returns how fast tumour-reactive cells of each source would tire [1/min]."""
    duration = minutes(plan.coupling)
    transport.step(tissue, duration)
    expression.step(tissue, tick, duration)
    costimulation.step(tissue, tick, duration)
    cells, n = tissue.cells.arrays, tissue.cells.n
    vigour = cells.exhaustion[:n].copy()
    turns.step(tissue, range(tick, tick + plan.coupling, plan.motion), minutes(plan.motion))
    tiring = np.zeros(len(tissue.arrivals))
    for index, source in enumerate(tissue.arrivals):
        own = (cells.kind[:n] == source.kind) & (cells.reactive[:n] > 0) & (cells.phase[:n] <= COMMITTED)
        if own.any():
            tiring[index] = np.mean(cells.exhaustion[:n][own] - vigour[own]) / duration
    fate.step(tissue, tick, duration)
    trafficking.step(tissue, tick, duration)
    if breathing:
        window.step(tissue, duration)
    check_state(tissue, tick + plan.coupling)
    return tiring


def _add(tissue: Tissue, sums: Sums, rates: Any, tiring: Any) -> None:
    tumour = rates[tissue.tables.types[:, column.TUMOUR] > 0.0].sum(axis=(0, 1))
    loss, proliferation = _immune_rates(tissue, rates)
    sums.steps += 1
    sums.entry += tumour[ENTRY]
    sums.parts += tumour[PARTS]
    sums.necrosis += tumour[NECROSIS]
    sums.live.append(float(tumour[LIVE]))
    sums.kills.append(tissue.counters["kills"])
    sums.loss = sums.loss + loss
    sums.proliferation = sums.proliferation + proliferation
    sums.recruited = sums.recruited + trafficking.recruitment(tissue)
    sums.tiring = sums.tiring + tiring


def _balanced(plan: Plan, tissue: Tissue, clamp: Clamp, sums: Sums) -> Steadiness:
    balance, duration = tissue.balance, minutes(plan.coupling)
    parts = max(sums.parts, 1.0)
    gross, necrosis = float(sums.entry / parts), float(sums.necrosis / parts)
    killing = _killing(sums, 0, duration)
    factor = float(cell_loss_factor(gross, plan.growth, necrosis, killing)) if gross > 0.0 else 0.0
    spontaneous = float(spontaneous_loss(factor, gross))
    balance.spontaneous = tissue.tables.types[:, column.SPONTANEOUS].copy()
    for kind in clamp.tumour:
        balance.spontaneous[kind], balance.loss_factor[kind] = 0.0, factor
    loss, proliferation = sums.loss / sums.steps, sums.proliferation / sums.steps
    balance.recruited = sums.recruited / sums.steps
    balance.exhaustion = _as_exhausted(plan, tissue, loss, proliferation, sums.tiring / sums.steps)
    for index, wanted in enumerate(clamp.immune):
        for state in range(wanted.shape[1]):
            own = proliferation[index] if state == REACTIVE else 0.0
            for side in range(len(NICHES)):
                density = wanted[side, state] / tissue.area
                balance.flux[index, side, state] = balanced_arrival(density, loss[index], plan.expansion, own)
    _hold_stroma(tissue)
    tissue.counters = dict.fromkeys(COUNTERS, 0.0)
    tissue.span = tissue.space
    half = sums.steps // 2
    elastic = elasticities(tissue)
    day = MINUTES_PER_DAY
    sources = tuple(
        {
            "type": tissue.species.cells[source.kind],
            "cells": float(clamp.immune[index].sum()),
            "arrivals": float(balance.flux[index].sum() * tissue.area * day),
            "loss": float(loss[index] * day),
            "proliferation": float(proliferation[index] * day),
            "recruitment": float(balance.recruited[index]),
            "elasticity": elastic[index],
            "exhaustion": float(balance.exhaustion[index]),
        }
        for index, source in enumerate(tissue.arrivals)
    )
    left = (gross - necrosis - killing - spontaneous) * day
    return Steadiness(
        displacement=tissue.displacement,
        days=sums.steps * duration / day,
        gross_growth=gross * day,
        necrosis=necrosis * day,
        killing=killing * day,
        spontaneous=spontaneous * day,
        growth=left,
        published_growth=plan.growth * day,
        killing_halves=(_killing(sums, 0, duration, half) * day, _killing(sums, half, duration) * day),
        sources=sources,
        census=(),
        warnings=tuple(
            _warnings(plan, tissue, sums, (gross * day, necrosis * day, killing * day, left), sources)
        ),
    )


def _warnings(
    plan: Plan,
    tissue: Tissue,
    sums: Sums,
    rates: tuple[float, float, float, float],
    sources: tuple[dict[str, Any], ...],
) -> Iterator[str]:
    """What is not steady, or not known; `rates`: gross growth, necrosis, killing and what is left [1/d]."""
    gross, necrosis, killing, left = rates
    published = plan.growth * MINUTES_PER_DAY
    cells, n = tissue.cells.arrays, tissue.cells.n
    tumour = sum(sums.live)
    if tumour and left < published * (1.0 - _SHORT):
        as_seen = "the biopsy" if plan.scenario.tissue.generate is None else "a tumour that lives"
        grows = f"it would grow by {left:.4f} per day, not by the published {published:.4f}"
        if necrosis > killing:
            yield (
                f"Oxygen does not reach the cells: its lack takes {necrosis:.3g} and killing {killing:.3g} of the "
                f"{gross:.3g} per day that the tumour gains by division; {grows}. A tumour that grew was fed: "
                f"{_feeding(plan)} would agree with {as_seen}."
            )
        else:
            yield (
                f"Necrosis and killing take more than the tumour can lose ({necrosis:.3g} and {killing:.3g} of the "
                f"{gross:.3g} per day that it gains by division): {grows}. A tumour that grew has escaped: fewer "
                f"tumour-reactive cells (cell.cd8.lytic.reactive_fraction) or less antigen would agree with {as_seen}."
            )
    if tumour and np.any(cells.reactive[:n][cells.phase[:n] <= COMMITTED] > 0):
        yield from _unknown(sums, minutes(plan.coupling) / MINUTES_PER_DAY, published)
    for source in sources:
        excess = source["proliferation"] - source["loss"] - plan.expansion * MINUTES_PER_DAY
        if source["cells"] and excess > 0.0:
            yield (
                f"Tumour-reactive {source['type']} cells divide faster than they are lost, by {excess:.3f} per day: "
                "none arrive, and their number rises until they are exhausted."
            )


def _unknown(sums: Sums, duration: float, published: float) -> Iterator[str]:
    """That killing was hardly measured, if so; `duration` of a step [d], `published` growth [1/d]."""
    longer = "A longer numerics.burn_in, or a larger field, measures it better."
    days, kills = sums.steps * duration, sums.kills[-1] - sums.kills[0]
    watched = sum(sums.live[1:]) * duration
    if not watched:
        yield f"Killing was not measured: the burn-in ends with a single step in which rates are noted. {longer}"
        return
    error = math.sqrt(max(kills, 1.0)) / watched  # of a number of chance events
    if days < _LEAST_DAYS or (kills < _LEAST_KILLS and error > published * _SHORT):
        yield (
            f"Killing was measured over {days:.2g} days, in which {kills:.0f} tumour cells were killed: it is "
            f"known to about {error:.2g} per day, and so is the tumour's growth, an error of "
            f"{error / published:.2g} times the published growth. {longer}"
        )


def _feeding(plan: Plan) -> str:
    """What would bring more oxygen, with its present numbers; the biopsy is one section of a tissue with vessels."""
    assert plan.vessel_density is not None  # only tissue with vessels is burnt in
    generate = plan.scenario.tissue.generate
    organ = plan.library.geometries[generate.kind].vessel_density if generate is not None else None
    path = f"geometry.{generate.kind}" if generate is not None and organ else f"tumour.{plan.tumour.name}"
    seen = plan.seen_vessels
    shown = "" if generate is not None else f"; {seen} seen here and {plan.vessels.n - seen} placed"
    return (
        f"more vessels ({path}.vessel_density = {plan.vessel_density.value * 1e6:.4g} per mm2, "
        f"{plan.vessel_density.source or 'assumed'}{shown}) or a "
        f"thicker tissue, whose cells draw on more space ({plan.box[2]:.4g} um here),"
    )


def _killing(sums: Sums, first: int, duration: float, last: int | None = None) -> float:
    """Kills per tumour cell and minute between two steps."""
    end = sums.steps if last is None else last
    if end - first < 2:
        return 0.0
    return (sums.kills[end - 1] - sums.kills[first]) / (sum(sums.live[first + 1 : end]) * duration or 1.0)


def _newcomers_exhaustion(plan: Plan, tissue: Tissue, rates: Any, tiring: Any) -> Any:
    """As `_as_exhausted`, at the rates of this moment."""
    loss, proliferation = _immune_rates(tissue, rates)
    return _as_exhausted(plan, tissue, loss, proliferation, tiring)


def _as_exhausted(plan: Plan, tissue: Tissue, loss: Any, proliferation: Any, tiring: Any) -> Any:
    """(sources,) exhaustion of tumour-reactive newcomers that keeps the mean of their type [-].

    Those that find a target tire and others come fresh: the mean says little of who kills, so they tire in the burn-in
    too.
    """
    inflow = np.maximum(loss + plan.expansion - proliferation, 1e-9)
    kinds = np.array([source.kind for source in tissue.arrivals], np.int64)
    tiring_part = np.maximum(1.0 - tissue.traits.stem[kinds], 1e-9)  # of stem-like cells none
    return np.clip(tissue.traits.exhaustion[kinds] - tiring / inflow / tiring_part, 0.0, 1.0)


def _hold_stroma(tissue: Tissue) -> None:
    cells, n = tissue.cells.arrays, tissue.cells.n
    for kind in np.flatnonzero(tissue.tables.types[:, column.STROMA]):
        tissue.balance.stroma[kind] = np.count_nonzero(cells.kind[:n] == kind) / tissue.area
