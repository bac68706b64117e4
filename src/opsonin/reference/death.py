"""The reduced death switch as differential equations: the specification of `kernels.death`, and its EARM cells.

A cell is followed without steps, from the same laws. Slow and readable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.death import (
    active_disc,
    caspase3_gain,
    caspase3_loss,
    caspase8_gain,
    free_bid,
    free_xiap,
    guard_load,
    pore_gain,
    protease,
    released_share,
    stable_xiap,
)
from opsonin.laws.recognition import bound_pairs
from opsonin.model.death import AT_REST, EARM_CELL, DeathDrive, DeathProteins, DeathRates, DeathState

HORIZON = 1200.0  # min
LONGEST = 5.0  # min; so that no hit falls between two steps
LIGANDS, RECEPTORS = 3000.0, 200.0  # molecules; EARM, 50 ng/ml of SuperKiller TRAIL
BINDING, UNBINDING = 2.4e-5, 0.06  # 1/(molecule min), 1/min; EARM nominal
NAMES = {  # of EARM, and of DeathProteins
    "flip": "flip",
    "Bcl2": "bcl2",
    "BclxL": "bclxl",
    "Mcl1": "mcl1",
    "Bax": "bax",
    "Bak": "bak",
    "XIAP": "xiap",
}

Array = npt.NDArray[np.float64]
Drive = Callable[[float], DeathDrive]


def slope(state: DeathState, proteins: DeathProteins, drive: DeathDrive, rates: DeathRates) -> DeathState:
    """Time derivative of the state [per min]."""
    receptor = rate_of_half_life(rates.receptor_recovery)
    mitochondrial = rate_of_half_life(rates.mitochondrial_recovery)
    affinities = (rates.bcl2_affinity, rates.bclxl_affinity, rates.mcl1_affinity)
    load = guard_load(proteins.bcl2, proteins.bclxl, proteins.mcl1, *affinities)
    xiap = stable_xiap(proteins.xiap, proteins.survivin, rates.survivin_share)

    active = active_disc(state.disc, proteins.flip, rates.flip_half)
    to_caspase8 = caspase8_gain(active, state.caspase3, rates.caspase8_rate, rates.loop_rate)
    cut = protease(state.caspase8, drive.damage, rates.hit_protease)
    free = free_bid(state.bid, drive.priming, load)
    to_pores = pore_gain(free, proteins.bax, proteins.bak, rates.bax_share, rates.pore_rate)
    released = released_share(state.pores, rates.release_steepness)
    to_caspase3 = caspase3_gain(cut, released, rates.procaspase3_rate, rates.apoptosome_rate)
    held = free_xiap(xiap, released, rates.sink, rates.sink_affinity)
    return DeathState(
        disc=rates.disc_rate * drive.bound - receptor * state.disc,
        caspase8=to_caspase8 * (1.0 - state.caspase8) - receptor * state.caspase8,
        bid=rates.bid_rate * cut * (1.0 - state.bid) - mitochondrial * state.bid,
        pores=to_pores - mitochondrial * state.pores,
        caspase3=to_caspase3 * (1.0 - state.caspase3)
        - caspase3_loss(held, rates.destruction_rate, receptor) * state.caspase3,
    )


def follow(
    proteins: DeathProteins, drive: Drive, rates: DeathRates, horizon: float = HORIZON
) -> tuple[float | None, float]:
    """Follow a cell at rest; drive: what drives it at a time [min]; horizon: end [min].

    Returns:
        when it dies [min], None where never; and the highest active share of caspase-3 [-].
    """

    def right_side(time: float, y: Array) -> DeathState:
        return slope(DeathState(*y), proteins, drive(time), rates)

    def committed(_: float, y: Array) -> float:
        return float(y[-1] - rates.commitment)

    committed.terminal = True  # type: ignore[attr-defined]
    solved = solve_ivp(
        right_side,
        (0.0, horizon),
        AT_REST,
        method="LSODA",
        events=committed,
        max_step=LONGEST,
        rtol=1e-6,
        atol=1e-9,
    )
    reached = solved.t_events[0]
    return (float(reached[0]) if len(reached) else None), float(np.max(solved.y[-1]))


def earm_cell(folds: Mapping[str, float]) -> tuple[DeathProteins, Drive]:
    """The cell of EARM as the switch sees it: its proteins, and its receptors as they bind the ligand.

    Args:
        folds: factors on EARM species, as in `reference.earm.outcome`.
    Raises:
        ValueError: a species that the switch lacks.
    """
    names = {
        "flip": "flip",
        "Bcl2": "bcl2",
        "BclxL": "bclxl",
        "Mcl1": "mcl1",
        "Bax": "bax",
        "Bak": "bak",
        "XIAP": "xiap",
    }
    unknown = set(folds) - {*names, "L", "R"}
    if unknown:
        raise ValueError(f"the switch knows no {sorted(unknown)}; it knows {sorted([*names, 'L', 'R'])}")
    levels = {
        NAMES[name]: getattr(EARM_CELL, NAMES[name]) * fold for name, fold in folds.items() if name in NAMES
    }
    ligands, receptors = LIGANDS * folds.get("L", 1.0), RECEPTORS * folds.get("R", 1.0)
    pairs = bound_pairs(receptors, ligands, UNBINDING / BINDING)
    rate = BINDING * (ligands + receptors - 2.0 * pairs) + UNBINDING  # of the approach to it

    def drive(time: float) -> DeathDrive:
        return DeathDrive(-pairs * math.expm1(-rate * time), 0.0, 0.0)

    return EARM_CELL._replace(**levels), drive
