"""Fit of `laws.ledger.primed_death_rate` to the death switch of primed cells that differ: prints its constants, how far
they miss, and the share alive of shipped blood cancers at a constant share of free BCL-2, by the law and by the switch.

python benchmarks/primed_death_rate.py
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np
from scipy.optimize import least_squares

from opsonin.engine.tabulate import lognormal_sigma
from opsonin.kernels.death import advance
from opsonin.knowledge.library import load_library
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.ledger import passed_by_xiap
from opsonin.laws.primed_death import PRIMED_SPEED, primed_death_rate, priming_needed
from opsonin.model.death import AT_REST, EARM_CELL, PROTEINS, TISSUE_RATES, DeathDrive, DeathProteins
from opsonin.patient.contact_part import side_of
from opsonin.reference.ledger import held_back

FREE = (1.0, 0.6, 0.4, 0.25, 0.15, 0.08, 0.05, 0.02)  # share of BCL-2
XIAPS = (1.3e4, 4e4, 1e5, 1.4e5)
PRIMINGS = (6e-5, 2.2e-4, 6e-4)
OTHERS: tuple[tuple[dict[str, float], float], ...] = tuple(
    (folds, priming)
    for folds in (
        {},
        {"mcl1": 0.3},
        {"mcl1": 2.0, "bclxl": 0.3},
        {"bax": 1.4, "bak": 1.4},
        {"bax": 0.6, "bak": 0.6},
    )
    for priming in (2e-4, 4e-4, 8e-4, 1.6e-3)
)
BEFORE = 7  # d, so that levels differ and last as in a tissue after its burn-in
CELLS, DAYS, LEAST = 160, 3, 5  # fewer deaths are no rate


@nb.njit(error_model="numpy")
def times_of_death(
    mean: Any, priming: float, days: int, cells: int, spread: Any, free: Any, rates: Any
) -> Any:
    """(cells,) minutes until each cell of a primed tumour dies, inf where it lives on.

    Args:
        mean: (proteins,) levels of the mean cell.
        spread: sigma, correlation after an hour, and (proteins,) share of its way that a level goes in an hour.
        free: (proteins,) shares that a drug leaves from time 0 on.
    """
    np.random.seed(5)
    sigma, kept, followed = spread
    died = np.full(cells, np.inf)
    for cell in range(cells):
        z = np.random.randn(len(mean))
        level = np.exp(sigma * z - 0.5 * sigma * sigma)
        state = AT_REST
        for minute in range(-BEFORE * 1440, days * 1440):
            if minute % 60 == 0:
                z = kept * z + math.sqrt(1.0 - kept * kept) * np.random.randn(len(mean))
                level = level + followed * (np.exp(sigma * z - 0.5 * sigma * sigma) - level)
            if minute >= 0:
                v = mean * level * free
                proteins = DeathProteins(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
                state = advance(state, proteins, DeathDrive(0.0, 0.0, priming), rates, 1.0)
                if state.caspase3 >= rates.commitment:
                    died[cell] = minute + 1.0
                    break
    return died


def followed(proteins: DeathProteins, priming: float, days: int, cells: int, free: float = 1.0) -> Any:
    """The same of a tumour whose mean cell has these proteins, as the knowledge base lets them vary, mix and turn over.

    Args:
        free: share of BCL-2 that a drug leaves.
    """
    molecules = load_library().molecules
    sigma = lognormal_sigma(molecules["BCL-2"].variation.value)
    mixing = molecules["BCL-2"].mixing
    assert mixing is not None
    turnover = np.array([rate_of_half_life(molecules[name].half_life.value) for name in PROTEINS])
    spread = sigma, math.exp(-60.0 / mixing.value), -np.expm1(-60.0 * turnover)
    left = np.array(proteins._replace(**dict.fromkeys(proteins._fields, 1.0))._replace(bcl2=free))
    return times_of_death(np.array(proteins), priming, days, cells, spread, left, TISSUE_RATES)


def tumours() -> list[tuple[DeathProteins, float]]:
    """Mean cells and their priming, from those that rest on BCL-2 to those that rest on all guards."""
    resting = EARM_CELL._replace(flip=1e4, bcl2=2e5, bclxl=2e3, mcl1=2e3)
    made = [
        (resting._replace(bcl2=resting.bcl2 * free, xiap=xiap), priming)
        for free in FREE
        for xiap in XIAPS
        for priming in PRIMINGS
    ]
    for folds, priming in OTHERS:
        levels = {name: getattr(EARM_CELL, name) * fold for name, fold in folds.items()}
        made.append((EARM_CELL._replace(flip=1e4, **levels), priming))
    return made


def logarithm(numbers: Any, guarding: Any, xiap: Any, priming: Any) -> Any:
    """Of the rate, by `laws.ledger` with its constants as `numbers`."""
    needed, guard_power, xiap_power, speed, rise, steepness = numbers
    over = priming / (needed * 1e-4 * guarding**guard_power * xiap**xiap_power)
    passed = np.array([passed_by_xiap(x) for x in xiap])
    return np.log(speed * 1e-3 * passed) + rise * np.log(over) - np.log1p(over**-steepness)


def shipped(name: str) -> tuple[DeathProteins, float]:
    """Mean cell of a tumour of the knowledge base, and its priming."""
    library = load_library()
    levels = side_of(library, "cancer", name).levels
    target = library.of_tumour(name).cells["cancer"].lytic_target
    assert target is not None  # a tumour cell can be killed
    proteins = DeathProteins(*(levels[protein] for protein in PROTEINS[:-1]), 1.0)
    return proteins, target.priming.value


def by_law(proteins: DeathProteins, priming: float) -> float:
    """[1/min]"""
    guarding, xiap = held_back(proteins)
    speed = PRIMED_SPEED * passed_by_xiap(xiap)
    return float(primed_death_rate(priming, priming_needed(guarding, xiap), speed)) if priming else 0.0


def main() -> None:
    rows = []
    for proteins, priming in tumours():
        died = followed(proteins, priming, DAYS, CELLS)
        deaths, minutes = np.isfinite(died).sum(), np.minimum(died, DAYS * 1440.0).sum()
        rows.append((*held_back(proteins), priming, deaths, minutes))
    guarding, xiap, priming, deaths, minutes = np.array([row for row in rows if row[3] >= LEAST]).T
    seen, weight = np.log(deaths / minutes), np.sqrt(np.minimum(deaths, 60.0))

    def residuals(numbers: Any) -> Any:
        return (logarithm(numbers, guarding, xiap, priming) - seen) * weight

    fitted = least_squares(residuals, [7.0, 1.3, 0.4, 3.0, 0.5, 5.0]).x
    ratios = np.exp(logarithm(fitted, guarding, xiap, priming) - seen)
    print(
        "PRIMING_NEEDED {:.2f}e-4, PRIMING_GUARD_POWER {:.2f}, PRIMING_XIAP_POWER {:.2f}, PRIMED_SPEED {:.2f}e-3, "
        "PRIMED_POWER {:.2f}, PRIMED_STEEPNESS {:.2f}".format(*fitted)
    )
    print(
        "over the simulated rate, least, 5 %, median, 95 %, most:",
        np.quantile(ratios, [0, 0.05, 0.5, 0.95, 1]),
    )
    print(f"{len(seen)} of {len(rows)} tumours have a rate; logarithm off by {np.std(np.log(ratios)):.2f}")
    for name in ("aml", "b_all", "dlbcl", "myeloma", "melanoma"):
        mean, primed = shipped(name)
        for free in FREE:
            held = mean._replace(bcl2=mean.bcl2 * free)
            died, rate = followed(mean, primed, 4, 400, free), by_law(held, primed)
            told = [
                f"{np.mean(died > 1440.0 * day):.3f} {math.exp(-1440.0 * day * rate):.3f}"
                for day in (1, 2, 4)
            ]
            print(f"{name:9s} free {free:4.2f}: alive after 1, 2, 4 d, switch and law:", ", ".join(told))


if __name__ == "__main__":
    main()
