"""Fit of the reduced death switch to EARM 2.0 M1a, nominal set: `python -m opsonin.reference.fit_death_switch`.

Prints the rates of `model.death.EARM_RATES`, each cell's time to death over that of the base beside EARM's, and the
protease of a lytic hit for `TISSUE_RATES`. Rates that are EARM's own are kept; the others start there and may move, at
a price. Takes five minutes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from opsonin.model.death import EARM_CELL, NEVER, TISSUE_RATES, DeathDrive, DeathRates
from opsonin.reference.death import earm_cell, follow
from opsonin.reference.earm import outcome

Folds = Mapping[str, float]

# What the reactions of EARM give, where one rate of the switch stands for several of theirs.
START = DeathRates(
    disc_rate=6e-4,  # EARM: convert_LR_to_DISC
    flip_half=1e3,  # EARM: bind_DISC_flip, in equilibrium; new DISC is held later
    caspase8_rate=3e-5,  # EARM: 6e-5 by DISC, half of it held by BAR
    loop_rate=0.05,
    hit_protease=0.0,
    bid_rate=1.2,  # EARM: C8* on Bid
    bcl2_affinity=6.6e4,  # EARM: bind_BidM_Bcl2
    bclxl_affinity=2.4e4,  # EARM: bind_BidM_BclxLM, half of it in the cytosol
    mcl1_affinity=1e4,  # EARM: bind_BidM_Mcl1M
    pore_rate=1e-3,
    bax_share=0.5,  # EARM: equilibrate_BaxC_to_BaxM
    release_steepness=4.0,  # EARM: a pore takes four; a cell at rest is stable against its own loop
    sink=1.9e5,  # EARM: 1e5 SMAC and most of 1e5 apoptosomes
    sink_affinity=500.0,  # EARM: bind_Apop_XIAP
    survivin_share=0.0,
    procaspase3_rate=0.12,  # EARM: C8* on C3
    apoptosome_rate=0.011,  # EARM: 3.6e4 apoptosomes on C3
    destruction_rate=6e-5,  # EARM: XIAP on C3*, half saturated
    commitment=0.2,  # EARM: active caspase-3 when half of PARP is cleaved
    receptor_recovery=NEVER,
    mitochondrial_recovery=NEVER,
)
FREE = (
    "flip_half",
    "caspase8_rate",
    "loop_rate",
    "pore_rate",
    "sink",
    "sink_affinity",
    "apoptosome_rate",
    "destruction_rate",
    "commitment",
)
PRICE = 0.05  # residual of a free rate that is e times EARM's
SPACING, REPAIR = (
    25.0,
    50.0,
)  # min; three hits within 50 min kill, Weigelin 2021, doi:10.1038/s41467-021-25282-3
MARGIN = 0.8  # of the commitment, that a cell that lives in EARM must not reach

BASE: Folds = {}
FITTED: dict[str, Folds] = {
    "ligand x0.1": {"L": 0.1},
    "ligand x0.01": {"L": 0.01},
    "XIAP x2": {"XIAP": 2.0},
    "XIAP x4": {"XIAP": 4.0},
    "XIAP x0.1": {"XIAP": 0.1},
    "cFLIP x100": {"flip": 100.0},
    "BCL-2 x10": {"Bcl2": 10.0},
    "BCL-2 zero": {"Bcl2": 0.0},
    "receptor x5": {"R": 5.0},
    "XIAP x1.5": {"XIAP": 1.5},
    "all guards x10": {"Bcl2": 10.0, "BclxL": 10.0, "Mcl1": 10.0},
    "BAX and BAK zero": {"Bax": 0.0, "Bak": 0.0},
}
HELD_OUT: dict[str, Folds] = {
    "ligand x0.001": {"L": 0.001},
    "receptor x0.1": {"R": 0.1},
    "MCL-1 zero": {"Mcl1": 0.0},
    "MCL-1 x10": {"Mcl1": 10.0},
    "BCL-XL zero": {"BclxL": 0.0},
    "BCL-XL x10": {"BclxL": 10.0},
    "all guards zero": {"Bcl2": 0.0, "BclxL": 0.0, "Mcl1": 0.0},
    "all guards x3": {"Bcl2": 3.0, "BclxL": 3.0, "Mcl1": 3.0},
    "BAX zero": {"Bax": 0.0},
    "BAK zero": {"Bak": 0.0},
    "XIAP x1.25": {"XIAP": 1.25},
    "XIAP zero": {"XIAP": 0.0},
    "BAX and BAK zero, XIAP x0.1": {"Bax": 0.0, "Bak": 0.0, "XIAP": 0.1},
    "BAX and BAK zero, XIAP zero": {"Bax": 0.0, "Bak": 0.0, "XIAP": 0.0},
}


def minutes(folds: Folds, rates: DeathRates) -> tuple[float | None, float]:
    """When the EARM cell dies by the switch [min], and its highest active share of caspase-3 [-]."""
    return follow(*earm_cell(folds), rates)


def _residuals(steps: npt.NDArray[np.float64], truth: Mapping[str, float | None]) -> list[float]:
    rates = _moved(steps)
    never = 10.0 * 1200.0
    base = minutes(BASE, rates)[0] or never
    found = [math.log(base / (truth["base"] or never))]
    for name, folds in FITTED.items():
        expected, (reached, highest) = truth[name], minutes(folds, rates)
        if expected is None:
            found.append(2.0 * max(0.0, math.log(highest / (MARGIN * rates.commitment))))
        else:
            found.append(math.log((reached or never) / base) - math.log(expected / (truth["base"] or never)))
    return found + [PRICE * float(step) for step in steps]


def _moved(steps: npt.NDArray[np.float64]) -> DeathRates:
    return START._replace(
        **{name: getattr(START, name) * math.exp(step) for name, step in zip(FREE, steps, strict=True)}
    )


def _truth() -> dict[str, float | None]:
    return {
        name: outcome("nominal", folds).minutes_to_half for name, folds in {"base": BASE, **FITTED}.items()
    }


def misfit(rates: DeathRates) -> float:
    """Half the sum of squared residuals, the price of moved rates among them: what the fit makes least [-]."""
    steps = [math.log(getattr(rates, name) / getattr(START, name)) for name in FREE]
    return 0.5 * float(np.sum(np.square(_residuals(np.array(steps), _truth()))))


def fit() -> DeathRates:
    """The rates, rounded to four digits.

    Along the valley of the least misfit some are known to a fifth only: where on it the search ends differs from one
    machine to the next by up to that, and with it no time to death by over a fiftieth.
    """
    best = least_squares(_residuals, np.zeros(len(FREE)), args=(_truth(),), diff_step=1e-3)
    rates = _moved(best.x)
    return rates._replace(**{name: float(f"{getattr(rates, name):.4g}") for name in FREE})


def lethal_hit(hits: int, rates: DeathRates) -> float:
    """Smallest protease per hit with which that many hits kill, `SPACING` apart and repaired with `REPAIR` [1/hit]."""

    def drive(time: float) -> DeathDrive:
        since = (time - SPACING * k for k in range(hits))
        return DeathDrive(0.0, sum(2.0 ** (-t / REPAIR) for t in since if t >= 0.0), 0.0)

    low, high = 1e-8, 1.0
    for _ in range(25):
        middle = math.sqrt(low * high)
        killed = follow(EARM_CELL, drive, rates._replace(hit_protease=middle))[0] is not None
        low, high = (low, middle) if killed else (middle, high)
    return high


def main() -> None:
    """Fit, and print rates and comparison."""
    rates = fit()
    for name, value in rates._asdict().items():
        print(f"{name} = {value!r}")
    base, base_earm = minutes(BASE, rates)[0], outcome("nominal", BASE).minutes_to_half
    print(f"\nbase: {base:.1f} min, EARM {base_earm:.1f} min; ratios to it:")
    for group in (FITTED, HELD_OUT):
        for name, folds in group.items():
            shown = [
                "never" if time is None else f"{time / whole:.3f}"
                for time, whole in (
                    (minutes(folds, rates)[0], base),
                    (outcome("nominal", folds).minutes_to_half, base_earm),
                )
                if whole
            ]
            print(f"{name:30s} {shown[0]:>8s}  EARM {shown[1]:>8s}")
        print()
    few, enough = (lethal_hit(hits, TISSUE_RATES) for hits in (2, 3))
    print(
        f"hit_protease = {math.sqrt(few * enough):.2g}: between {enough:.3g} (3 hits kill) and {few:.3g} (2 do)"
    )


if __name__ == "__main__":
    main()
