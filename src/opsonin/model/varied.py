"""What varies in a population, in plain numbers: distributions, what varies together, what a patient's model offers.

How a file writes it is in `population.py`; what is drawn from it is in `patient/drawn.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from opsonin.model.population import Metric


@dataclass(frozen=True)
class Known:
    """A number of the patient's model that may vary.

    Attributes:
        value: of the knowledge base, in `unit` ("" for a pure number).
        most: that it can be.
    """

    value: float
    unit: str
    most: float | None = None


@dataclass(frozen=True)
class Marginal:
    """A distribution in plain numbers.

    Attributes:
        kind: as in `Distribution`.
        middle, spread: median and standard deviation of the logarithm of a lognormal one, mean and standard deviation
            of a normal one; else 0.
        low, high: of a uniform or loguniform one its ends, of a fixed one its value; of others where it is cut off.
        unit: of them, "" for a pure number.
    """

    kind: str
    middle: float
    spread: float
    low: float
    high: float
    unit: str

    @property
    def median(self) -> float:
        """The value in the middle, before anything is cut off."""
        match self.kind:
            case "fixed":
                return self.low
            case "uniform":
                return 0.5 * (self.low + self.high)
            case "loguniform":
                return float((self.low * self.high) ** 0.5)
            case _:
                return self.middle


@dataclass(frozen=True)
class Varied:
    """One covariate or parameter of a population, resolved.

    Attributes:
        name, marginal: of it.
        parameter: whether it is one of the model.
        powers: (covariate, its reference, exponent) that multiply it.
    """

    name: str
    marginal: Marginal
    parameter: bool
    powers: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class Correlated:
    """Names that vary together, in the order of the file, and their correlation matrix."""

    names: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Told:
    """A column of a patient's course.

    Attributes:
        unit: of it, "1" for a share.
        drug: that it is about; "" where it is about none.
        kind: "plasma", "tumour", "occupancy" or "amount".
    """

    unit: str
    drug: str
    kind: str


@dataclass(frozen=True)
class Offered:
    """What a patient's model offers to a population.

    Attributes:
        numbers: that may vary, by name.
        columns: of a course, that metrics may be of.
    """

    numbers: Mapping[str, Known]
    columns: Mapping[str, Told]


@dataclass(frozen=True)
class Sample:
    """What varies between the patients of a population, and what is measured of each.

    Attributes:
        varied: covariates first, then parameters, each in the order of the file.
        correlated: groups that share no name.
        metrics: by the name of their column.
    """

    varied: tuple[Varied, ...]
    correlated: tuple[Correlated, ...]
    metrics: Mapping[str, Metric]

    @property
    def names(self) -> tuple[str, ...]:
        """Of covariates and parameters."""
        return tuple(one.name for one in self.varied)


def share_between(marginal: Marginal, low: float, high: float) -> float:
    """Which share of a distribution, before anything is cut off, lies from `low` to `high`."""
    match marginal.kind:
        case "normal":
            scaled = ((low - marginal.middle) / marginal.spread, (high - marginal.middle) / marginal.spread)
        case "lognormal":
            middle = math.log(marginal.middle)
            ends = (math.log(end) if end > 0.0 else -math.inf for end in (low, high))
            first, last = ((end - middle) / marginal.spread for end in ends)
            scaled = first, last
        case _:
            return 1.0
    normal = NormalDist()
    return max(normal.cdf(scaled[1]) - normal.cdf(scaled[0]), normal.cdf(-scaled[0]) - normal.cdf(-scaled[1]))
