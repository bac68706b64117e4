"""How fast killers kill where nothing is in their way but the target: over replicates, with 90 % intervals."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import stats

from opsonin.engine.start import settled
from opsonin.model import phase
from opsonin.tissue import contacts, death, expression, motion
from tissues import plan

pytestmark = pytest.mark.statistical
HOUR = 60.0
SEEDS = range(16)
NK_SEEDS = range(24)
OPEN = {
    "cell.cd8.lytic.reactive_fraction": 1,
    "cell.cd8.lytic.pd1_positive": 1,
    "cell.cd8.lytic.exhaustion_initial": 0,
    "cell.cd8.lytic.exhaustion_gain": "0 1/d",
    "tumour.melanoma.matching_antigen_fraction": 0.003,  # cognate targets: hundreds of complexes
    "tumour.melanoma.expresses.cancer.PD-L1": "0 molecules",
    "cell.cancer.expresses.PD-L2": "0 molecules",
    "cell.cancer.expresses.CD155": "0 molecules",
    "cell.cancer.expresses.Gal-9": "0 molecules",
    "tumour.melanoma.expresses.cancer.HLA-E": "0 molecules",
}
# As targets that NK cells are tried on: no MHC-I, ligands as on tumour lines.
NAKED = {
    "tumour.melanoma.expresses.cancer.MHC-I": "0 molecules",
    "tumour.melanoma.expresses.cancer.HLA-E": "0 molecules",
    "cell.nk.natural.exhaustion_gain": "0 1/d",
}


def kills_of_each(killer, density, hours, seed, **knowledge):
    """Kills of each killer over a time, shared out where several held the target, (killers,)."""
    none = dict.fromkeys(("cd8", "nk", "other"), "0 cells/mm2")
    densities = none | {"cancer": "3000 cells/mm2", killer: f"{density} cells/mm2"}
    asked = plan(
        scenario__seed=seed,
        tissue__generate={"size": ["400 um", "400 um"], "densities": densities},
        knowledge=knowledge,
    )
    tissue = settled(asked)
    _feed(tissue)
    kind = asked.species.cells.index(killer)
    ids = tissue.cells.arrays.id[: tissue.cells.n][tissue.cells.arrays.kind[: tissue.cells.n] == kind].copy()
    kills = dict.fromkeys(ids.tolist(), 0.0)
    for minute in range(round(hours * HOUR)):
        tick = 60 * minute
        if minute % 10 == 0:
            expression.step(tissue, tick, 10.0)
        cells, n = tissue.cells.arrays, tissue.cells.n
        contacts.step(tissue, tick, 1.0)
        alive = cells.phase[:n] <= phase.COMMITTED
        death.step(tissue, tick, 1.0)
        for dead in np.flatnonzero(alive & (cells.phase[:n] > phase.COMMITTED)):
            holders = cells.id[:n][(cells.kind[:n] == kind) & (cells.partner[:n] == cells.id[dead])].tolist()
            for one in holders:
                kills[one] += 1.0 / len(holders)
        motion.step(tissue, tick, 1.0)
    return np.array(list(kills.values()))


def _feed(tissue):
    """Put all cells in culture medium, as where killing was measured; a dense tumour would starve them."""
    for signal, substrate in zip(tissue.cells.arrays.signal, tissue.substrates, strict=True):
        signal[:] = substrate.medium
    expression.settle(tissue)


def interval(values):
    """90 % interval of the mean."""
    low, high = stats.t.interval(0.9, len(values) - 1, np.mean(values), stats.sem(values))
    return float(low), float(high)


def test_an_activated_cd8_cell_kills_two_to_sixteen_cognate_targets_a_day(record_property):
    """evidence:C052: 2 to 16 per day in vivo."""
    means = [kills_of_each("cd8", 60, 24, seed, **OPEN).mean() for seed in SEEDS]
    low, high = interval(means)
    record_property("kills per CD8 cell and day", (low, high))
    print(f"\nkills per CD8 cell and day {np.mean(means):.2f} ({low:.2f} to {high:.2f})")
    assert low > 2.0
    assert high < 16.0


def test_about_half_of_the_nk_cells_kill_nothing_and_a_minority_kills_most(record_property):
    """Blood 2013;121:1326: about half within 16 h in wells; held to 0.3 to 0.7.

    Cells that are all alike would do so as well at this mean: that they differ is the test below.
    """
    each = _of_nk_cells()
    idle = [float(np.mean(kills < 0.5)) for kills in each]
    low, high = interval(idle)
    together = np.sort(np.concatenate(each))[::-1]
    best = together[: len(together) // 4].sum() / together.sum()
    record_property("share of NK cells that kill nothing", (low, high))
    print(
        f"\nidle NK cells {np.mean(idle):.2f} ({low:.2f} to {high:.2f}); the best quarter makes {best:.2f} of the kills"
    )
    assert low > 0.3
    assert high < 0.7
    assert best > 0.5


@pytest.mark.xfail(
    strict=True,
    reason="NK cells differ too little: over 24 seeds variance of kills over their mean is 0.85 (0.75 to 0.94), "
    "idle 0.40 where chance alone leaves 0.45. Hits in proportion to a lognormal store of perforin would bring it to "
    "1.02 (0.88 to 1.15) at a coefficient of variation of 1, and to 1.06 (0.93 to 1.20) at 2.",
)
def test_nk_cells_differ_more_in_their_kills_than_by_chance(record_property):
    """As published: serial killers beside cells that kill nothing. Chance alone is Poisson: variance = mean."""
    each = _of_nk_cells()
    rng = np.random.default_rng(0)
    drawn = [np.concatenate([each[i] for i in rng.integers(0, len(each), len(each))]) for _ in range(2000)]
    spread = np.quantile([kills.var(ddof=1) / kills.mean() for kills in drawn], [0.05, 0.95])
    excess = np.quantile([np.mean(kills < 0.5) - np.exp(-kills.mean()) for kills in drawn], [0.05, 0.95])
    record_property("variance over mean of kills of NK cells", tuple(map(float, spread)))
    print(f"\nvariance over mean {spread}, idle beyond chance {excess}")
    assert spread[0] > 1.0
    assert excess[0] > 0.0


@functools.cache
def _of_nk_cells():
    return [kills_of_each("nk", 60, 16, seed, **NAKED) for seed in NK_SEEDS]


def test_killing_rises_faster_than_the_density_of_killers(record_property):
    """Hits of several killers add up (doi:10.1038/s41467-021-25282-3), where one alone rarely brings a target down."""
    weak = OPEN | {"cell.cd8.lytic.hit_rate_max": "0.005 1/min"}
    weak |= {f"cell.cancer.expresses.{name}": "0 molecules" for name in ("Fas", "DR4", "DR5")}
    kills = [
        [kills_of_each("cd8", density, 24, seed, **weak).sum() for density in (300, 1200)]
        for seed in range(16)
    ]
    few, many = np.array(kills).T
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(kills), (2000, len(kills)))
    powers = np.log(many[drawn].sum(axis=1) / few[drawn].sum(axis=1)) / np.log(4.0)
    low, high = np.quantile(powers, [0.05, 0.95])
    record_property("power of kills over density of killers", (float(low), float(high)))
    print(
        f"\nkills rise with the density of killers to the power {np.mean(powers):.2f} ({low:.2f} to {high:.2f})"
    )
    assert low > 1.0
