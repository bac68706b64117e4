"""What a tumour without places needs of one with places: how much of its time a killer holds a target, and how fit.

Pure sums and their intervals; which run they are of is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsonin.laws.trafficking import availability

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.90


@dataclass(frozen=True)
class Share:
    """A share with its interval.

    Attributes:
        value: [-]; low, high: 90 % interval, NaN where there is one sample only.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Watched:
    """Killers of one type in one sample (a run, or a stretch of its time), at each time that was observed.

    Attributes:
        reactive: (times,) killers that may see the tumour [cells]; holding: those with a target [cells].
        targets: (times,) tumour cells [cells].
        means: (times,) of what those with a target have, by name; NaN where there are none.
    """

    reactive: Floats
    holding: Floats
    targets: Floats
    means: dict[str, Floats]

    @property
    def plenty(self) -> Floats:
        """(times,) killers that would hold a target if each did all the time [cells]: what `in_contact` multiplies."""
        there = self.reactive + self.targets > 0.0
        left = np.zeros(len(self.targets))
        left[there] = availability(self.targets[there], self.reactive[there])
        return self.reactive * left

    def weighted(self, name: str) -> Floats:
        """(times,) sum over those with a target of what they have."""
        held = self.holding > 0.0
        return np.where(held, self.holding * np.where(held, self.means[name], 0.0), 0.0)


def contact(samples: Sequence[Sequence[Watched]]) -> Share:
    """Share of its time that a killer among plenty of targets holds one: s of `laws.trafficking.in_contact`.

    Args:
        samples: of each its types of killers.
    """
    held = [sum(float(of.holding.sum()) for of in sample) for sample in samples]
    plenty = [sum(float(of.plenty.sum()) for of in sample) for sample in samples]
    return ratio(held, plenty)


def mean_of(samples: Sequence[Sequence[Watched]], name: str) -> Share:
    """Mean over the killers that hold a target, as often as they do [-]."""
    told = [sum(float(of.weighted(name).sum()) for of in sample) for sample in samples]
    held = [sum(float(of.holding.sum()) for of in sample) for sample in samples]
    return ratio(told, held)


def ratio(above: Sequence[float], below: Sequence[float]) -> Share:
    """Sum over sum, so that each sample counts as much as it rests on; t-interval of the linearised ratio.

    Args:
        above, below: (samples,); the sum of the second is above 0.
    Source: ratio estimator, Cochran 1977, Sampling Techniques, 6.3.
    """
    from scipy.special import stdtrit

    over, under = np.asarray(above, float), np.asarray(below, float)
    value, count = float(over.sum() / under.sum()), len(over)
    if count < 2:
        return Share(value, float("nan"), float("nan"))
    residual = over - value * under
    error = float(np.sqrt(count / (count - 1.0) * np.sum(residual**2)) / under.sum())
    half = float(stdtrit(count - 1.0, 0.5 + 0.5 * CONFIDENCE)) * error
    return Share(value, max(value - half, 0.0), value + half)
