"""Drug concentrations over time: linear kinetics, exact by superposition of doses, at once or infused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.pharmacology import (
    amount_after_absorption,
    amount_after_bolus,
    central_amount_after_bolus,
    fast_rate,
    free_in_tissue,
    left_of_infusion,
    slow_rate,
)
from opsonin.laws.radiation import unrepaired_dose
from opsonin.model.drugs import Drug, Kinetics

if TYPE_CHECKING:
    from opsonin.patient.free_drug import FreeDrug

# Rates of absorption and elimination closer than this are taken to be this far apart: the law divides by the gap.
_APART = 1e-6


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
        kinetics, mass = self.drug.kinetics, self.drug.molar_mass
        if kinetics is None or mass is None or not self.doses:
            return 0.0
        at_once, infused = _left_of(kinetics), _terms_of(kinetics)
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
        return float(amount / kinetics.central_volume.value / mass.value * 1e9)

    def tissue(self, time: float) -> float:
        """Concentration of free drug in the tumour interstitium [nM]."""
        held = sum(span.concentration for span in self.held if span.start <= time < span.end)
        kinetics = self.drug.kinetics
        if kinetics is None:
            return held
        if self.free is not None:
            return self.free.at(time) + held
        unbound = 1.0 if kinetics.fraction_unbound is None else kinetics.fraction_unbound.value
        partition = float(kinetics.tissue_partition.value)
        return float(free_in_tissue(self.plasma(time), unbound, partition)) + held

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


def _terms_of(kinetics: Kinetics) -> list[tuple[float, float]]:
    """Shares of a dose at once, and the rates [1/min] at which they leave: they add up to what is in the centre."""
    elimination = kinetics.clearance.value / kinetics.central_volume.value
    if kinetics.peripheral_volume is not None and kinetics.intercompartmental is not None:
        k12 = kinetics.intercompartmental.value / kinetics.central_volume.value
        k21 = kinetics.intercompartmental.value / kinetics.peripheral_volume.value
        fast, slow = float(fast_rate(elimination, k12, k21)), float(slow_rate(elimination, k12, k21))
        return [((fast - k21) / (fast - slow), fast), ((k21 - slow) / (fast - slow), slow)]
    if kinetics.absorption_half_life is None:
        return [(1.0, elimination)]
    absorption = _absorption(kinetics, elimination)
    share = absorption / (absorption - elimination)
    return [(share, elimination), (-share, absorption)]


def _absorption(kinetics: Kinetics, elimination: float) -> float:
    assert kinetics.absorption_half_life is not None  # of what is absorbed
    absorption = float(rate_of_half_life(kinetics.absorption_half_life.value))
    close = abs(absorption / elimination - 1.0) < _APART
    return elimination * (1.0 + _APART) if close else absorption


def _left_of(kinetics: Kinetics) -> Callable[[float, float], float]:
    """(dose [mg], time since [min]) -> amount in the central compartment [mg]."""
    elimination = kinetics.clearance.value / kinetics.central_volume.value
    if kinetics.peripheral_volume is not None and kinetics.intercompartmental is not None:
        k12 = kinetics.intercompartmental.value / kinetics.central_volume.value
        k21 = kinetics.intercompartmental.value / kinetics.peripheral_volume.value
        return lambda dose, since: float(central_amount_after_bolus(dose, since, elimination, k12, k21))
    if kinetics.absorption_half_life is None:
        return lambda dose, since: float(amount_after_bolus(dose, since, elimination))
    absorption = _absorption(kinetics, elimination)
    return lambda dose, since: float(amount_after_absorption(dose, since, absorption, elimination))
