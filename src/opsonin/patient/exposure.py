"""What all drugs of an arm do to the cells at a time. They are as free in the tissue everywhere, and act alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from opsonin.laws.apoptosis import LN2, rate_of_half_life
from opsonin.laws.events import relaxed
from opsonin.laws.pharmacology import (
    binding_load,
    either,
    fold_of_effect,
    free_share,
    held_share,
    let_in,
    mark_balance,
    mark_rate,
    supplied_level,
    toxic_hazard,
)
from opsonin.laws.radiation import doomed_hazard, lethal_lesions
from opsonin.laws.response import hill
from opsonin.laws.trafficking import arrived_share, primed_share
from opsonin.model.drugs import (
    ALL,
    Adds,
    Agonizes,
    Answer,
    Arrests,
    Blocks,
    Bridges,
    Irradiates,
    Kills,
    Mutates,
    Opsonizes,
    Presents,
    Shifts,
    Supplies,
)
from opsonin.model.phase import COMMITTED
from opsonin.model.sourced import Sourced
from opsonin.patient.pharmacokinetics import DrugCourse, Infusion
from opsonin.state.exposure import THROUGH, Coming, Exposure

# Marks are followed in steps of this length [min], over which the drug is taken as constant: whatever the engine's own.
STEP = 6.0


@dataclass(frozen=True)
class Regimen:
    """All drugs of an arm over a run.

    Attributes:
        drugs: with their doses.
        duration: [min]; marks are known up to it.
        step: [min], over which what radiation does is meant: fractions are given at its beginning.
    """

    drugs: tuple[DrugCourse, ...]
    duration: float
    step: float = STEP

    def exposure(
        self,
        time: float,
        molecules: tuple[str, ...],
        cells: tuple[str, ...],
        defects: tuple[str, ...] = (),
    ) -> Exposure:
        """What the drugs do at `time` [min] to these molecules, cell types and defects, and to no others."""
        load = np.zeros(len(molecules))
        found = Exposure.none(len(molecules), len(cells), len(defects))
        for course in self.drugs:
            free = course.tissue(time)
            for effect in course.drug.effects:
                match effect:
                    case Blocks() if effect.blocks in molecules:
                        load[molecules.index(effect.blocks)] += binding_load(free, effect.affinity.value)
                    case Opsonizes() if effect.opsonizes in molecules:
                        m = molecules.index(effect.opsonizes)
                        held = held_share(binding_load(free, effect.affinity.value))
                        found.coated[m] = either(found.coated[m], held)
                    case Bridges() if effect.bridges in molecules:
                        held = held_share(binding_load(free, effect.affinity.value))
                        found.bridged[molecules.index(effect.bridges)] += held / effect.half.value
                    case Adds(antigen=str(antigen), half=Sourced() as half) if (
                        antigen in molecules and course.infusions
                    ):
                        found.chimeric[molecules.index(antigen)] = 1.0 / half.value
                    case Agonizes() if effect.agonizes in molecules:
                        held = effect.efficacy.value * held_share(binding_load(free, effect.affinity.value))
                        m = molecules.index(effect.agonizes)
                        found.agonized[m] = either(found.agonized[m], held)
                    case Shifts() if effect.shifts in molecules and effect.on is None:
                        found.fold[molecules.index(effect.shifts)] *= self._fold(course, effect, time)
                    case Kills():
                        hazard = toxic_hazard(effect.rate_max.value, _answer(effect, course, time))
                        phases = slice(COMMITTED, None) if effect.phase == "cycling" else slice(None)
                        found.toxic[_which(effect.kills, cells), phases] += hazard
                    case Arrests():
                        share = let_in(effect.share_max.value, _answer(effect, course, time))
                        found.let_in[_which(effect.arrests, cells)] *= share
                    case Mutates():
                        fold = fold_of_effect(effect.fold_max.value, _answer(effect, course, time))
                        found.mutation[_which(effect.mutates, defects)] *= fold
                    case Irradiates():
                        hazard = _doomed(course, effect, time, self.step)
                        found.toxic[_which(effect.irradiates, cells)] += hazard
        return found._replace(
            free=np.array([float(free_share(held)) for held in load]),
            through=np.array(list(self._through(time, molecules)), THROUGH),
        )

    def _through(self, time: float, molecules: tuple[str, ...]) -> Iterator[tuple[int, int, float]]:
        """Rows of `THROUGH`."""
        for course in self.drugs:
            for effect in course.drug.effects:
                if isinstance(effect, Shifts) and effect.on in molecules and effect.shifts in molecules:
                    fold = self._fold(course, effect, time)
                    yield molecules.index(effect.on), molecules.index(effect.shifts), fold

    def _fold(self, course: DrugCourse, effect: Shifts, time: float) -> float:
        return float(fold_of_effect(effect.fold_max.value, self._strength(course, effect, time)))

    def shifted(self, molecules: tuple[str, ...]) -> frozenset[int]:
        """Which of these molecules some drug shifts at any time."""
        return frozenset(
            molecules.index(effect.shifts)
            for course in self.drugs
            for effect in course.drug.effects
            if isinstance(effect, Shifts) and effect.shifts in molecules
        )

    def supplied(self, time: float, substrates: tuple[str, ...]) -> npt.NDArray[np.float64]:
        """What drugs that are substrates add to these in blood, or in medium, at `time` [min] [nM], (substrates,)."""
        found = np.zeros(len(substrates))
        for course in self.drugs:
            for effect in course.drug.effects:
                if isinstance(effect, Supplies) and effect.supplies in substrates:
                    added = supplied_level(course.tissue(time), effect.potency.value)
                    found[substrates.index(effect.supplies)] += added
        return found

    def primed(self, time: float, cells: tuple[str, ...]) -> npt.NDArray[np.float64]:
        """Share of arriving cells of each type that vaccines have primed at `time` [min] [-], (cells,)."""
        found = np.zeros(len(cells))
        for course in self.drugs:
            for effect in course.drug.effects:
                if isinstance(effect, Presents) and effect.presents in cells:
                    kind = cells.index(effect.presents)
                    for share in _primed(effect, course, time):
                        found[kind] = either(found[kind], share)
        return found

    def coming(self, time: float, duration: float, cells: tuple[str, ...]) -> tuple[Coming, ...]:
        """Cells of products that come between `time` and `duration` [min] later; cell types in the order of `cells`."""
        return tuple(
            Coming(
                course.drug.name,
                number,
                cells.index(effect.adds),
                density,
                float(effect.exhaustion.value),
                _share(effect.reactive),
                _share(effect.stem_like),
            )
            for course in self.drugs
            if (effect := course.drug.product) is not None
            for number, infusion in enumerate(course.infusions)
            if (density := _come(effect, infusion, time + duration) - _come(effect, infusion, time)) > 0.0
        )

    def _strength(self, course: DrugCourse, effect: Shifts, time: float) -> float:
        if effect.marking is None:
            return _answer(effect, course, time)
        return float(np.interp(time, self._times, self._marks[course.drug.name, effect.label]))

    @cached_property
    def _times(self) -> npt.NDArray[np.float64]:
        jumps = [time for course in self.drugs for time in course.changes() if time < self.duration]
        return np.unique([*np.arange(0.0, self.duration, STEP), self.duration, *jumps])

    @cached_property
    def _marks(self) -> dict[tuple[str, str], npt.NDArray[np.float64]]:
        """Share of cells marked at each of `_times`, by drug and effect."""
        return {
            (course.drug.name, effect.label): np.fromiter(_marked(course, effect, self._times), np.float64)
            for course in self.drugs
            for effect in course.drug.effects
            if isinstance(effect, Shifts) and effect.marking is not None
        }


def _come(effect: Adds, infusion: Infusion, time: float) -> float:
    """How many cells of a dose have come up to `time` [min], per section area [1/um2]."""
    since = max(time - infusion.start, 0.0)
    if infusion.lasting is not None:
        return infusion.density * min(since / infusion.lasting, 1.0)
    peak, doubling, half_life = effect.peak.value, effect.doubling.value, effect.half_life.value
    return infusion.density * float(arrived_share(since, peak, doubling, half_life))


def _primed(effect: Presents, course: DrugCourse, time: float) -> Iterator[float]:
    """Share of arriving cells that each vaccination so far has primed [-]."""
    numbers = effect.share.value, effect.peak.value, effect.doubling.value, effect.half_life.value
    for dose in course.doses:
        if dose.time <= time:
            yield float(primed_share(time - dose.time, *numbers))


def _share(number: Sourced | None) -> float:
    return 0.0 if number is None else float(number.value)


def _marked(course: DrugCourse, effect: Shifts, times: npt.NDArray[np.float64]) -> Iterator[float]:
    if effect.marking is None or effect.mark_half_life is None:
        return
    onset, persistence = effect.marking.value, effect.mark_half_life.value / LN2
    share = 0.0
    yield share
    for begin, end in pairwise(times):
        answer = _answer(effect, course, 0.5 * (begin + end))
        rate, balance = mark_rate(answer, onset, persistence), mark_balance(answer, onset, persistence)
        share = float(relaxed(share, balance, rate, end - begin))
        yield share


def _answer(effect: Answer, course: DrugCourse, time: float) -> float:
    faded = effect.damage_half_life
    amount = course.tissue(time) if faded is None else course.unrepaired(time, faded.value)
    return float(hill(amount, effect.half.value, effect.hill.value))


def _doomed(course: DrugCourse, effect: Irradiates, time: float, step: float) -> float:
    """Hazard [1/min] over a step from `time` on, of all fractions so far."""
    rate = rate_of_half_life(effect.death_half_life.value)
    return sum(
        float(
            doomed_hazard(
                lethal_lesions(dose.amount, effect.alpha.value, effect.beta.value),
                time - dose.time,
                step,
                rate,
            )
        )
        for dose in course.fractions(time)
    )


def _which(named: tuple[str, ...], known: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """(known,) which of them are meant."""
    return np.array([name in named or ALL in named for name in known], np.bool_)
