"""Drug concentrations over time: linear kinetics, exact by superposition of doses, at once or infused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.pharmacology import (
    acting_together,
    amount_after_absorption,
    amount_after_bolus,
    central_amount_after_bolus,
    fast_rate,
    free_in_tissue,
    left_of_infusion,
    slow_rate,
)
from opsonin.laws.radiation import unrepaired_dose
from opsonin.model.drugs import Drug, Kinetics, Metabolite

if TYPE_CHECKING:
    from opsonin.patient.free_drug import FreeDrug

# Two rates closer than this are taken to be this far apart: sums divide by the gap.
_APART = 1e-6

Terms = list[tuple[float, float]]
"""Shares of a dose at once, and the rates [1/min] at which they fade; they add up to what is left in one place."""
LeftOf = Callable[[float, float], float]
"""(dose [mg], time since [min]) -> what is left of it in one place [mg]."""


@dataclass(frozen=True)
class OneDose:
    """One dose as given.

    Attributes:
        time: [min] since the start.
        amount: [mg]; of radiation [Gy].
        lasting: [min] over which it flows in evenly; 0 where it is given at once.
    """

    time: float
    amount: float
    lasting: float = 0.0


@dataclass(frozen=True)
class Held:
    """A concentration of free drug in the tissue, from `start` up to `end` [min].

    Attributes:
        concentration: [nM].
    """

    start: float
    end: float
    concentration: float


@dataclass(frozen=True)
class Infusion:
    """Cells of a product that reach the tissue from `start` [min] on.

    Attributes:
        density: all of them, per section area [1/um2].
        lasting: over which time they come evenly [min]; None where they come as they are there in blood.
    """

    start: float
    density: float
    lasting: float | None = None


@dataclass(frozen=True)
class DrugCourse:
    """A drug in one arm: all its doses, and the concentrations that are held; what overlaps adds up.

    A product of cells has `infusions`, in time, and none of the others. `free` is what the doses come to in the
    tissue where a patient is followed around it; without one, doses are added up exactly.
    """

    drug: Drug
    doses: tuple[OneDose, ...]
    held: tuple[Held, ...] = ()
    infusions: tuple[Infusion, ...] = ()
    free: FreeDrug | None = field(default=None, compare=False)

    def plasma(self, time: float) -> float:
        """Plasma concentration [nM] at `time` [min]; a dose at that very time counts."""
        kinetics = self.drug.kinetics
        if kinetics is None:
            return 0.0
        amount = self._amount(time, _left_of(kinetics), _terms_of(kinetics))
        return self._molar(amount, kinetics.central_volume.value)

    def metabolite(self, time: float) -> float:
        """That of its metabolite; 0 of a drug without one."""
        kinetics = self.drug.kinetics
        if kinetics is None or kinetics.metabolite is None:
            return 0.0
        terms = _terms_of_metabolite(kinetics, kinetics.metabolite)
        amount = self._amount(time, _summed(terms), terms)
        return self._molar(amount, kinetics.metabolite.volume.value)

    def _amount(self, time: float, at_once: LeftOf, infused: Terms) -> float:
        """What is left of all doses [mg]."""
        amount = 0.0
        for dose in self.doses:
            since = time - dose.time
            if since < 0.0:
                continue
            if dose.lasting == 0.0:
                amount += at_once(dose.amount, since)
            else:
                parts = ((dose.amount * share, rate) for share, rate in infused)
                amount += sum(
                    float(left_of_infusion(part, since, dose.lasting, rate)) for part, rate in parts
                )
        return amount

    def _molar(self, amount: float, volume: float) -> float:
        return (
            0.0 if self.drug.molar_mass is None else float(amount / volume / self.drug.molar_mass.value * 1e9)
        )

    def tissue(self, time: float) -> float:
        """Concentration of what acts of it in the tumour interstitium, free [nM]: the drug, its metabolite or both."""
        held = sum(span.concentration for span in self.held if span.start <= time < span.end)
        kinetics = self.drug.kinetics
        if kinetics is None:
            return held
        if self.free is not None:
            return self.free.at(time) + held
        made = kinetics.metabolite
        if made is None:
            return _free(self.plasma(time), kinetics) + held
        free = _free(self.metabolite(time), made)
        if made.potency is not None:
            drug = _free(self.plasma(time), kinetics)
            free = float(acting_together(drug, free, made.potency.value))
        return free + held

    def fractions(self, time: float) -> list[OneDose]:
        """Fractions of radiation that were given by `time` [min]."""
        return [dose for dose in self.doses if dose.time <= time] if self.drug.radiates else []

    def unrepaired(self, time: float, half_life: float) -> float:
        """Dose [Gy] whose damage is still there at `time` [min], if it fades with this half-life [min]."""
        rate = rate_of_half_life(half_life)
        return sum(
            float(unrepaired_dose(dose.amount, time - dose.time, rate)) for dose in self.fractions(time)
        )

    def seen(self, time: float) -> float:
        """What a run tells of it: free drug in the tissue [nM]; of radiation the dose given so far [Gy]."""
        return sum(dose.amount for dose in self.fractions(time)) if self.drug.radiates else self.tissue(time)

    def changes(self) -> list[float]:
        """Times [min] at which its concentration jumps."""
        given = [time for dose in self.doses for time in {dose.time, dose.time + dose.lasting}]
        return given + [time for span in self.held for time in (span.start, span.end)]


def _free(plasma: float, of: Kinetics | Metabolite) -> float:
    unbound = 1.0 if of.fraction_unbound is None else of.fraction_unbound.value
    return float(free_in_tissue(plasma, unbound, of.tissue_partition.value))


def _terms_of(kinetics: Kinetics) -> Terms:
    """Of what is in the centre."""
    disposed = _disposed(kinetics)
    if kinetics.absorption_half_life is None:
        return disposed
    absorption = _absorption(kinetics)
    return _passed_on(disposed, absorption, absorption)


def _disposed(kinetics: Kinetics) -> Terms:
    """Of a dose that enters the centre at once."""
    elimination = kinetics.clearance.value / kinetics.central_volume.value
    if kinetics.peripheral_volume is None:
        return [(1.0, elimination)]
    k12, k21 = _exchanged(kinetics)
    fast, slow = float(fast_rate(elimination, k12, k21)), float(slow_rate(elimination, k12, k21))
    return [((fast - k21) / (fast - slow), fast), ((k21 - slow) / (fast - slow), slow)]


def _exchanged(kinetics: Kinetics) -> tuple[float, float]:
    """Rates of two compartments, to the second and back [1/min]."""
    assert kinetics.peripheral_volume is not None and kinetics.intercompartmental is not None  # of two
    passes = kinetics.intercompartmental.value
    return passes / kinetics.central_volume.value, passes / kinetics.peripheral_volume.value


def _absorption(kinetics: Kinetics) -> float:
    """Rate at which a depot gives up its dose [1/min]."""
    assert kinetics.absorption_half_life is not None  # of what is absorbed
    return _apart(float(rate_of_half_life(kinetics.absorption_half_life.value)), _disposed(kinetics))


def _terms_of_metabolite(kinetics: Kinetics, made: Metabolite) -> Terms:
    """Of what is in the volume of the metabolite."""
    parent = _terms_of(kinetics)
    coming = made.fraction_formed.value * kinetics.clearance.value / kinetics.central_volume.value
    return _passed_on(parent, coming, _apart(made.clearance.value / made.volume.value, parent))


def _passed_on(terms: Terms, coming: float, leaving: float) -> Terms:
    """Of what comes at `coming` times these and leaves at a rate of its own: their convolution [1/min]."""
    made = [(share * coming / (leaving - rate), rate) for share, rate in terms]
    return [*made, (-sum(share for share, _ in made), leaving)]


def _apart(rate: float, terms: Terms) -> float:
    """The rate, moved a little from any of these that it is close to."""
    for _, other in terms:
        if abs(rate / other - 1.0) < _APART:
            return other * (1.0 + _APART)
    return rate


def _summed(terms: Terms) -> LeftOf:
    return lambda dose, since: sum(dose * share * math.exp(-rate * since) for share, rate in terms)


def _left_of(kinetics: Kinetics) -> LeftOf:
    """Of the centre."""
    elimination = kinetics.clearance.value / kinetics.central_volume.value
    two = kinetics.peripheral_volume is not None
    if two and kinetics.absorption_half_life is None:
        k12, k21 = _exchanged(kinetics)
        return lambda dose, since: float(central_amount_after_bolus(dose, since, elimination, k12, k21))
    if kinetics.absorption_half_life is None:
        return lambda dose, since: float(amount_after_bolus(dose, since, elimination))
    if two:
        return _summed(_terms_of(kinetics))
    absorption = _absorption(kinetics)
    return lambda dose, since: float(amount_after_absorption(dose, since, absorption, elimination))
