"""Who the patients of a population are: draws keyed by seed, patient and name.

Neither more patients nor more parameters change what another one draws. Correlations are those of a Gaussian copula.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from opsonin.core.random import Stream, id_of, key_of, normals
from opsonin.model.varied import Correlated, Marginal, Sample

Array = npt.NDArray[np.float64]


def drawn(sample: Sample, patients: Iterable[int], seed: int) -> Array:
    """(patients, varied) what each patient has, for patients by their number."""
    keys = [key_of(seed, str(patient), 0) for patient in patients]
    ids = [np.uint64(id_of("population", name)) for name in sample.names]
    stream = int(Stream.POPULATION)
    standard = np.array([[normals(*key, name, 0, stream, 0)[0] for name in ids] for key in keys])
    return valued(sample, standard.reshape(len(keys), len(ids)))


def valued(sample: Sample, standard: Array) -> Array:
    """(patients, varied) what independent standard normals (patients, varied) come to."""
    place = {name: column for column, name in enumerate(sample.names)}
    together = standard.copy()
    for group in sample.correlated:
        columns = [place[name] for name in group.names]
        for row, factors in enumerate(factor(group)):
            # No matrix product: its bits may depend on how many patients there are.
            terms = (weight * standard[:, columns[k]] for k, weight in enumerate(factors[: row + 1]))
            together[:, columns[row]] = sum(terms)
    found = np.empty_like(standard)
    for column, one in enumerate(sample.varied):
        found[:, column] = quantiles(one.marginal, together[:, column])
    for column, one in enumerate(sample.varied):
        for covariate, reference, exponent in one.powers:
            found[:, column] *= (found[:, place[covariate]] / reference) ** exponent
    return found


def quantiles(marginal: Marginal, standard: Array) -> Array:
    """The values of a distribution at the quantiles of standard normals."""
    match marginal.kind:
        case "fixed":
            return np.full_like(standard, marginal.low)
        case "uniform":
            values = marginal.low + (marginal.high - marginal.low) * ndtr(standard)
        case "loguniform":
            values = marginal.low * (marginal.high / marginal.low) ** ndtr(standard)
        case "lognormal":
            middle = np.log(marginal.middle)
            low, high = (np.log(end) if end > 0.0 else -np.inf for end in (marginal.low, marginal.high))
            values = np.exp(middle + marginal.spread * _cut(standard, middle, marginal.spread, low, high))
        case _:
            within = _cut(standard, marginal.middle, marginal.spread, marginal.low, marginal.high)
            values = marginal.middle + marginal.spread * within
    return np.asarray(np.clip(values, marginal.low, marginal.high), np.float64)


def cumulative(marginal: Marginal, values: Array) -> Array:
    """Which share of a distribution lies below these values; of one that is not fixed."""
    match marginal.kind:
        case "uniform":
            found = (values - marginal.low) / (marginal.high - marginal.low)
        case "loguniform":
            found = _logs(values / marginal.low) / np.log(marginal.high / marginal.low)
        case "lognormal":
            ends = _logs(np.array([marginal.low, marginal.high]))
            found = _below(_logs(values), ends, float(np.log(marginal.middle)), marginal.spread)
        case _:
            ends = np.array([marginal.low, marginal.high])
            found = _below(values, ends, marginal.middle, marginal.spread)
    return np.asarray(np.clip(found, 0.0, 1.0), np.float64)


def _below(values: Array, ends: Array, middle: float, spread: float) -> Array:
    first, last = ndtr((ends - middle) / spread)
    return np.asarray((ndtr((values - middle) / spread) - first) / (last - first))


def _logs(values: Array) -> Array:
    """Logarithms, minus infinity of what is not above 0."""
    logs = np.full_like(values, -np.inf)
    np.log(values, out=logs, where=values > 0.0)
    return logs


def _cut(standard: Array, middle: float, spread: float, low: float, high: float) -> Array:
    """Standard normals without what lies beyond the ends: the same quantiles of what is left."""
    if not np.isfinite([low, high]).any():
        return standard
    first, last = ndtr([(low - middle) / spread, (high - middle) / spread])
    return np.asarray(ndtri(first + (last - first) * ndtr(standard)))


def factor(group: Correlated) -> Array:
    """The lower factor of a correlation matrix (Cholesky), of one that is semidefinite, too.

    Row by row, so that a name that is added at the end changes nothing of those before it.
    """
    matrix = np.array(group.matrix)
    lower = np.zeros_like(matrix)
    for row in range(len(matrix)):
        for column in range(row):
            rest = matrix[row, column] - lower[row, :column] @ lower[column, :column]
            lower[row, column] = rest / lower[column, column] if lower[column, column] > 1e-7 else 0.0
        lower[row, row] = np.sqrt(max(1.0 - lower[row, :row] @ lower[row, :row], 0.0))
    return lower
