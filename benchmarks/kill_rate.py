"""Fit of `laws.ledger.kill_rate` to the death switch under random hits: prints its constants, and how far they miss.

python benchmarks/kill_rate.py
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from scipy.optimize import least_squares

from opsonin.kernels.death import advance
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.model.death import EARM_CELL, TISSUE_RATES, DeathDrive, DeathState
from opsonin.reference.ledger import held_back

REPAIR = 50.0  # min, half-life of damage
HAZARDS = (0.0012, 0.0024, 0.005, 0.01, 0.02, 0.04, 0.06)  # 1/min
FOLDS: tuple[dict[str, float], ...] = (
    {},
    {"mcl1": 0.3},
    {"xiap": 0.6},
    {"bax": 0.8, "bak": 0.8},
    {"bcl2": 3.0},
    {"xiap": 1.4},
    {"mcl1": 2.0},
    {"bax": 1.4, "bak": 1.4},
    {"bax": 0.6, "bak": 0.6},
    {"xiap": 0.6, "mcl1": 0.3},
    {"xiap": 1.3, "bcl2": 2.0},
)
CELLS, LEAST = 120, 5  # fewer deaths are no rate


@nb.njit(error_model="numpy")
def followed(proteins: Any, hazard: float, cells: int, days: int, rates: Any) -> tuple[int, int]:
    """Deaths of cells that are hit at random, and minutes until then, or until so many days are over."""
    np.random.seed(5)
    deaths, minutes = 0, 0
    for _ in range(cells):
        state, damage = DeathState(0.0, 0.0, 0.0, 0.0, 0.0), 0.0
        for _ in range(days * 1440):
            damage = damage * 0.5 ** (1.0 / REPAIR) + np.random.poisson(hazard)
            state = advance(state, proteins, DeathDrive(0.0, damage, 0.0), rates, 1.0)
            minutes += 1
            if state.caspase3 >= rates.commitment:
                deaths += 1
                break
    return deaths, minutes


def logarithm(numbers: Any, guarding: Any, xiap: Any, hazard: Any) -> Any:
    """Of the rate of kills, by `laws.ledger` with its constants as `numbers`."""
    hits, guard_power, xiap_power, adding_up, dying = numbers
    repair = rate_of_half_life(REPAIR)
    in_a_row = (hazard / (hazard + repair)) ** (hits * guarding**guard_power * xiap**xiap_power)
    speed = adding_up * repair * in_a_row
    return np.log(speed / (1.0 - in_a_row + speed * dying))


def main() -> None:
    rows = []
    for folds in FOLDS:
        proteins = EARM_CELL._replace(
            **{name: getattr(EARM_CELL, name) * fold for name, fold in folds.items()}
        )
        for hazard in HAZARDS:
            days = 12 if hazard < 0.004 else 6
            rows.append(
                (*held_back(proteins), hazard, *followed(proteins, hazard, CELLS, days, TISSUE_RATES))
            )
    guarding, xiap, hazard, deaths, minutes = np.array([row for row in rows if row[3] >= LEAST]).T
    seen, weight = np.log(deaths / minutes), np.sqrt(np.minimum(deaths, 60.0))

    def residuals(numbers: Any) -> Any:
        return (logarithm(numbers, guarding, xiap, hazard) - seen) * weight

    fitted = least_squares(residuals, [3.0, 1.0, 0.5, 1.0, 150.0]).x
    ratios = np.exp(logarithm(fitted, guarding, xiap, hazard) - seen)
    print(
        "HITS {:.2f}, GUARD_POWER {:.2f}, XIAP_POWER {:.2f}, ADDING_UP {:.2f}, DYING {:.0f}".format(*fitted)
    )
    print(
        "over the simulated rate, least, 5 %, median, 95 %, most:",
        np.quantile(ratios, [0, 0.05, 0.5, 0.95, 1]),
    )


if __name__ == "__main__":
    main()
