"""Slow, readable twins of the kernels that walk over cells: molecules, arrivals, and the digest of a state."""

from __future__ import annotations

from typing import Any

import numpy as np

from opsonin.core.random import Stream
from opsonin.laws.events import relaxed
from opsonin.laws.expression import regulated_fold, remixed_variation, steady_level, weight_of_the_past
from opsonin.laws.response import fold_change, fold_change_of_lack
from opsonin.laws.trafficking import vessel_arrival
from opsonin.model import phase as phases
from opsonin.reference.random import Key, normals, poisson, uniforms


def is_live(cells: Any, i: int) -> bool:
    """Whether cell `i` is neither dying nor dead."""
    return bool(cells.phase[i] in (phases.RESTING, phases.COMMITTED))


def express(cells: Any, n: int, tables: Any, turnover: Any, fold: Any, through: Any, duration: float) -> Any:
    """New levels, (molecules, n); see `kernels.expression.express`."""
    level = cells.level[:, :n].copy()
    for i in filter(lambda i: is_live(cells, i), range(n)):
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


def remix(cells: Any, n: int, resting: Any, sigma: Any, kept: Any, draw: Any, key: Key, hour: int) -> Any:
    """New variation, (molecules, n); see `kernels.expression.remix`."""
    variation = cells.variation[:, :n].copy()
    for i in filter(lambda i: is_live(cells, i), range(n)):
        for m in range(len(kept)):
            if kept[m] < 1.0 and resting[cells.kind[i], m] > 0.0:
                z, _ = normals(key, int(cells.id[i]), hour, Stream.MIXING, int(draw[m]))
                variation[m, i] = remixed_variation(
                    float(variation[m, i]), float(kept[m]), float(sigma[m]), z
                )
    return variation


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
