"""The tumour-scale reservoir of clones: few cells are whole, are born, die and mutate one by one, and may die out.

It takes turns with the integrator. Between two turns the model carries every clone by its mean rates and sums them up.
At a turn a clone of few cells is drawn anew from where it was at the turn before: what is left of each lineage, and
what has become of the mutants that came (linear birth-death process with immigration, exact for the mean rates of the
interval). A clone of many cells keeps its mean. Draws are keyed by seed, patient, replicate, clone and time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from opsonin.core.random import Stream, id_of, key_of
from opsonin.laws.clones import lineage_ends, lineage_survives, mutants_at
from opsonin.patient.clone_part import (
    BIRTHS,
    DEATHS,
    DEATHS_IN_BLOOD,
    NEWCOMERS,
    Clone,
    Site,
    reverts,
)
from opsonin.patient.parts import identifier

Array = npt.NDArray[Any]
ValueOf = Callable[[str], float]

FEW = 1e6  # cells, below which a clone is drawn: above, a day moves it by less than a thousandth of its mean by chance
TURN = 1440.0  # [min] from one turn to the next
_STILL = 1e-9  # deaths over births, below which no cell is lost
_MOST_FOUNDERS = 1e6  # mutants with living descendants that are drawn one by one; of more the mean is taken


@dataclass(frozen=True)
class Key:
    """Whose draws these are."""

    seed: int
    patient: str
    replicate: int = 0

    def generator(self, clone: str, tick: int) -> np.random.Generator:
        """Of all draws of a clone at a time [min]; it depends on nothing else."""
        low, high = key_of(self.seed, self.patient, self.replicate)
        key = np.array([int(low) | int(high) << 32, id_of("clone", clone)], np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, tick, int(Stream.CLONES)]))


def drawn_later(
    draws: np.random.Generator, cells: int, births: float, deaths: float, newcomers: float, time: float
) -> int:
    """Cells of a clone after a time.

    Args:
        cells: at its beginning.
        births, deaths: of a cell over the whole of it [-]; newcomers: that come in all [cells], evenly.
        time: its length [min].
    """
    birth, growth = births / time, (births - deaths) / time
    span = time if growth == 0.0 else math.expm1(growth * time) / growth
    alive = draws.binomial(cells, min(lineage_survives(birth, growth, span), 1.0))
    ends = lineage_ends(birth, span)
    grown = int(alive) + (int(draws.negative_binomial(alive, ends)) if alive and ends < 1.0 else 0)
    rate = newcomers / time
    if rate <= 0.0:
        return grown
    if births <= 0.0:
        return grown + int(draws.poisson(rate * span))
    return grown + int(draws.negative_binomial(rate / birth, ends))


def drawn_at_first(
    draws: np.random.Generator, rate: float, back: float, birth: float, growth: float, cells: float
) -> float:
    """Mutants in a tumour that has grown from one cell to `cells`, and in which they grow as the others do.

    Mutants come up as the tumour grows; of those with living descendants the age and the number of these are drawn.

    Args:
        rate: probability that a daughter is a mutant; back: that a mutant's daughter is none.
        birth: divisions of a cell [1/min]; growth: less its deaths [1/min], both above 0.
    """
    age = math.log(cells) / growth
    if founders(rate, birth, growth, cells) > _MOST_FOUNDERS:
        return float(mutants_at(rate, birth, cells, age)) * math.exp(-back * birth * age)
    sizes, share = lineages(draws, rate, birth, growth, cells)
    kept = draws.binomial(sizes, np.exp(2.0 * back * birth * np.log(share) / growth))
    return float(min(kept.sum(), cells))


def founders(rate: float, birth: float, growth: float, cells: float) -> float:
    """Mutants with living descendants to expect in such a tumour; arguments as in `drawn_at_first`."""
    return 2.0 * rate * birth * cells * _spread(birth, growth, cells)


def lineages(
    draws: np.random.Generator, rate: float, birth: float, growth: float, cells: float
) -> tuple[Array, Array]:
    """Their living descendants, and the size of the tumour when each came up, over that of now."""
    loss, spread = birth - growth, _spread(birth, growth, cells)
    drawn = draws.random(draws.poisson(founders(rate, birth, growth, cells))) * spread
    share = (birth - growth * np.exp(drawn * loss)) / loss if loss > _STILL * birth else 1.0 - drawn * growth
    share = np.clip(share, 1.0 / cells, 1.0)
    span = (1.0 / share - 1.0) / growth
    return draws.geometric(1.0 / (1.0 + birth * span)).astype(np.int64), share


def _spread(birth: float, growth: float, cells: float) -> float:
    """Time that mutants had to come up in, each weighted by the chance that its lineage lives [min]."""
    loss, oldest = birth - growth, 1.0 / cells
    if loss <= _STILL * birth:  # no cell is lost
        return (1.0 - oldest) / growth
    return math.log((birth - loss * oldest) / growth) / loss


def _blood_share(clone: Clone, value_of: ValueOf) -> float:
    """Share of a clone that is in blood [-]."""
    cells = value_of(clone.cells)
    return min(max(value_of(clone.blood) / cells, 0.0), 1.0) if clone.circulates and cells > 0.0 else 0.0


def _at_first(clone: Clone, value_of: ValueOf) -> tuple[float, float]:
    """Divisions of a cell of a clone, and these less its deaths [1/min]; those in blood do not divide."""
    share, births = _blood_share(clone, value_of), value_of("tumour_division")
    deaths = (1.0 - share) * value_of(f"{clone.cells}_{DEATHS}_rate")
    if share > 0.0:
        deaths += share * value_of(f"{clone.cells}_{DEATHS_IN_BLOOD}_rate")
    return (1.0 - share) * births, (1.0 - share) * births - deaths


@dataclass
class Reservoir:
    """The clones of one patient, from time 0 on.

    Attributes:
        sites: lesions; key: of the draws.
        seeding: rate at which a tumour cell begins a lesion elsewhere [1/min], where a place is left for it.
        until: last time [min]; turn: from one turn to the next [min].
        told, cells: time of each turn, and 0 [min]; by clone the cells after it.
    """

    sites: Sequence[Site]
    key: Key
    until: float
    turn: float = TURN
    seeding: float = 0.0
    told: list[float] = field(default_factory=list)
    cells: dict[str, list[float]] = field(default_factory=dict)
    _sums: dict[str, tuple[float, ...]] = field(default_factory=dict, init=False)
    _shares: dict[str, float] = field(default_factory=dict, init=False)

    @property
    def clones(self) -> list[Clone]:
        """Of all lesions."""
        return [clone for site in self.sites for clone in site.clones]

    @property
    def times(self) -> Sequence[float]:
        """Of its turns."""
        count = int(self.until / self.turn * (1.0 + 1e-12))
        return [number * self.turn for number in range(1, count + 1)]

    def begin(self, value_of: ValueOf) -> Mapping[str, float]:
        """What there is at time 0: mutants that growth has brought up, where their share is not written."""
        made: dict[str, float] = {}
        for site in self.sites:
            made |= self._first(site, value_of)
        if self.seeding > 0.0:
            made |= self._settled(value_of)
        self.told, self.cells = [0.0], {name: [value] for name, value in made.items()}
        self._sums = {}
        return self._placed(made, 0, value_of)

    def take(self, time: float, value_of: ValueOf) -> Mapping[str, float]:
        """Cells of each clone after a turn."""
        made: dict[str, float] = {}
        since = time - self.told[-1]
        for clone in self.clones:
            name = clone.cells
            births, deaths, newcomers = self._passed(clone, value_of)
            before, mean = self.cells[name][-1], value_of(name)
            if min(before, mean) >= FEW:
                made[name] = mean
                continue
            draws = self.key.generator(name, round(time))
            made[name] = float(
                drawn_later(draws, round(before), births, max(deaths, 0.0), max(newcomers, 0.0), since)
            )
        if self.seeding > 0.0:
            made |= self._seeded(made, round(time), since)
        self.told.append(time)
        for name, value in made.items():
            self.cells[name].append(value)
        return self._placed(made, round(time), value_of)

    def _passed(self, clone: Clone, value_of: ValueOf) -> tuple[float, float, float]:
        """Since the turn before: births and deaths of a cell, and newcomers; of a clone that circulates by place.

        Its cells in blood do not divide. Their share is the mean of what it was after the turn before and is now.
        """
        name = clone.cells
        kinds = (BIRTHS, DEATHS, NEWCOMERS, *((DEATHS_IN_BLOOD,) if clone.circulates else ()))
        sums = tuple(value_of(f"{name}_{kind}") for kind in kinds)
        past = self._sums.get(name, (0.0,) * len(kinds))
        births, deaths, newcomers, *in_blood = (now - then for now, then in zip(sums, past, strict=True))
        self._sums[name] = sums
        if not clone.circulates:
            return births, deaths, newcomers
        now = _blood_share(clone, value_of)
        share = 0.5 * (self._shares.get(name, now) + now)
        return (1.0 - share) * births, (1.0 - share) * deaths + share * in_blood[0], newcomers

    def _placed(self, made: Mapping[str, float], tick: int, value_of: ValueOf) -> dict[str, float]:
        """The same by place: those in blood are drawn, so that each place has whole cells."""
        placed = {name: made[name] for name in made if name not in self._circulating}
        for name, (clone, site) in self._circulating.items():
            if name not in made:
                continue
            whose = clone if value_of(name) > 0.0 else site.clones[0]
            share = _blood_share(whose, value_of)
            blood = made[name] * share
            if 0.0 < made[name] < FEW:
                draws = self.key.generator(clone.blood, tick)
                blood = float(draws.binomial(round(made[name]), share))
            self._shares[name] = blood / made[name] if made[name] > 0.0 else share
            placed |= {clone.blood: blood, clone.home: made[name] - blood}
        return placed

    @property
    def _circulating(self) -> dict[str, tuple[Clone, Site]]:
        return {c.cells: (c, site) for site in self.sites for c in site.clones if c.circulates}

    def _first(self, site: Site, value_of: ValueOf) -> dict[str, float]:
        first, *mutants = site.clones
        whole = value_of(site.cells)
        birth, growth = _at_first(first, value_of)
        made: dict[str, float] = {}
        left = whole
        for clone in mutants:
            assert clone.defect is not None  # of a mutant
            found = value_of(clone.cells)
            if clone.share == 0.0 and whole > 1.0:
                draws = self.key.generator(clone.cells, 0)
                key = identifier(clone.defect.name)
                rate = value_of(f"rate_{key}")  # of the patient, who may be one of a population
                back = value_of(f"reverts_{key}") if reverts(clone.defect) else 0.0
                found = drawn_at_first(draws, rate, back, birth, growth, whole)
            made[clone.cells] = found = min(float(round(found)), left)
            left -= found
        return {first.cells: left} | made

    @property
    def _places(self) -> list[Site]:
        """Where a lesion may come to be."""
        return [site for site in self.sites if not site.lesion.present]

    def _settled(self, value_of: ValueOf) -> dict[str, float]:
        """The largest lesions that the tumour has seeded while it grew, too small to be known at time 0."""
        main = self.sites[0]
        birth, growth = _at_first(main.clones[0], value_of)
        cells = sum(value_of(site.cells) for site in self.sites)
        draws = self.key.generator("seeds", 0)
        sizes, _ = lineages(draws, self.seeding / (2.0 * birth), birth, growth, cells)
        largest = sorted(map(float, sizes), reverse=True)
        return {site.clones[0].cells: size for site, size in zip(self._places, largest, strict=False)}

    def _seeded(self, made: Mapping[str, float], tick: int, since: float) -> dict[str, float]:
        """First cells of lesions that begin at a turn; of which clone they are is drawn by share."""
        draws = self.key.generator("seeds", tick)
        names = [clone.name for clone in self.sites[0].clones]
        cells = np.zeros(len(names))
        for site in self.sites:
            cells += [made[clone.cells] for clone in site.clones]
        free = [site for site in self._places if not any(made[clone.cells] for clone in site.clones)]
        count = min(int(draws.poisson(self.seeding * cells.sum() * since)), len(free))
        which = draws.choice(len(names), count, p=cells / cells.sum()) if count else ()
        return {site.clones[number].cells: 1.0 for site, number in zip(free, which, strict=False)}
