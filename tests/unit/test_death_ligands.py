"""Death by Fas ligand and TRAIL: killers without perforin, cFLIP, agonists, and what interferon does to Fas."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import settled, started
from opsonin.model import phase
from opsonin.tissue import contacts, death, expression
from tissues import carried_on, grown, plan

PERFORIN_NULL = {
    "cell.cd8.lytic.hit_rate_max": "0 1/min",
    "cell.cd8.lytic.reactive_fraction": 1,
    "cell.cd8.lytic.pd1_positive": 1,
    "cell.cd8.lytic.exhaustion_initial": 0,
    "interaction.PD-1:PD-L1.half": "1e4 molecules/um2",
}
LITTLE_FLIP = {"cell.cancer.expresses.cFLIP": "100 molecules"}
NO_RECEPTOR = {f"cell.cancer.expresses.{name}": "0 molecules" for name in ("Fas", "DR4", "DR5")}
DOSE = {"amount": "1 uM", "lasting": "2 d"}


def killed(**knowledge):
    tissue = grown(plan(knowledge=PERFORIN_NULL | knowledge), 12 * 60.0)
    return tissue.counters["kills"], tissue.counters["hits"]


def test_killers_without_perforin_kill_through_death_receptors_alone():
    kills, hits = killed(**LITTLE_FLIP)
    assert kills > 10
    assert hits == 0.0
    assert killed(**LITTLE_FLIP, **NO_RECEPTOR) == (0.0, 0.0)


def test_cflip_holds_death_receptors():
    few, some, many = (
        killed(**{"cell.cancer.expresses.cFLIP": f"{n} molecules"})[0] for n in (100, 3e4, 1e6)
    )
    assert few > some
    assert many == 0.0


def test_a_killer_without_antigen_holds_no_receptor():
    asked = plan(knowledge=PERFORIN_NULL | {"tumour.melanoma.expresses.cancer.MHC-I": "0 molecules"})
    tissue = started(asked)
    contacts.step(tissue, 0, 1.0)
    assert np.any(tissue.cells.arrays.partner[: tissue.cells.n] > 0)
    assert not np.any(tissue.cells.arrays.bound[: tissue.cells.n])


def test_receptors_are_let_go_when_the_killer_is_gone():
    tissue = started(plan(knowledge=PERFORIN_NULL))
    cells, n = tissue.cells.arrays, tissue.cells.n
    contacts.step(tissue, 0, 1.0)
    assert 0.0 < cells.bound[:n].max() < 1e3
    cells.reactive[:n] = 0
    contacts.step(tissue, 60, 1.0)
    assert not np.any(cells.bound[:n])


def dead_of(*drugs, hours=24, **knowledge):
    """Share of the tumour cells that die of drugs alone, and how many are counted so."""
    arm = [{"name": "drug", "dose": [DOSE | {"drug": drug} for drug in drugs]}]
    asked = plan(arm=arm, knowledge=knowledge, tissue__generate__densities={"cancer": "2500 cells/mm2"})
    tissue = settled(asked)
    tissue.cells.arrays.bound[: tissue.cells.n] = 0.0  # of killers that were there when the tissue was drawn
    tissue.exposure = asked.courses[0].regimen.exposure(0.0, asked.species.molecules, asked.species.cells)
    cells, n = tissue.cells.arrays, tissue.cells.n
    for minute in range(0, hours * 60, 6):
        expression.step(tissue, 60 * minute, 6.0)
        death.step(tissue, 60 * minute, 6.0)
    cancer = cells.kind[:n] == asked.species.cells.index("cancer")
    assert tissue.counters["kills"] == 0.0
    return float(np.mean(cells.phase[:n][cancer] == phase.APOPTOTIC)), tissue.counters["drug_deaths"]


@pytest.mark.parametrize("agonist", ["dulanermin", "conatumumab"])
def test_an_agonist_kills_once_cflip_falls_and_not_alone(agonist):
    assert dead_of(agonist)[0] <= 0.01
    assert dead_of("omacetaxine") == (0.0, 0.0)
    share, counted = dead_of(agonist, "omacetaxine", "panobinostat")
    assert share > 0.05
    assert counted > 0


def test_an_agonist_needs_its_receptor():
    assert dead_of("conatumumab", **LITTLE_FLIP)[0] > 0.2
    assert dead_of("conatumumab", **LITTLE_FLIP, **NO_RECEPTOR) == (0.0, 0.0)


def test_interferon_raises_fas():
    asked = plan()
    tissue = settled(asked)
    cells, n, fas = tissue.cells.arrays, tissue.cells.n, asked.species.molecules.index("Fas")
    cancer = np.flatnonzero(cells.kind[:n] == asked.species.cells.index("cancer"))
    ifn = asked.species.substrates.index("ifn_gamma")
    cells.variation[asked.species.molecules.index("IRF1"), :n] = 1.0  # all cells answer alike
    levels = []
    for there in (0.0, 1.0):
        cells.signal[ifn, :n] = there
        expression.settle(tissue)
        levels.append(cells.level[fas, cancer].copy())
    np.testing.assert_allclose(levels[1] / levels[0], 2.0, rtol=0.01)


@pytest.mark.parametrize(
    ("knowledge", "reached"),
    [
        ({}, True),
        ({"cell.cd8.lytic.bystanders": 0}, False),
        ({"cell.cd8.expresses.FasL": "0 molecules", "cell.cd8.expresses.TRAIL": "0 molecules"}, False),
    ],
)
def test_killers_reach_neighbours_without_antigen_by_their_death_ligands_alone(knowledge, reached):
    """Half of the tumour cells hide the antigen: no killer works on them, but some touch one that works."""
    seen = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}
    tissue = grown(plan(knowledge=seen | {"defect.antigen-loss.share": 0.5} | knowledge), 60.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    hidden = (cells.lost[:n] & tissue.tables.hidden_by) > 0
    assert np.count_nonzero(hidden) > 20
    assert bool((cells.bound[:n][hidden] > 0.0).any()) == reached


UNBRAKED = LITTLE_FLIP | {
    "cell.cd8.lytic.reactive_fraction": 1,
    "cell.cd8.lytic.pd1_positive": 1,
    "cell.cd8.lytic.exhaustion_initial": 0,
    "defect.antigen-loss.share": 0.5,
    "interaction.PD-1:PD-L1.half": "1e4 molecules/um2",
    "interaction.TIGIT:CD155.half": "1e4 molecules/um2",
    "interaction.TIM-3:Gal-9.half": "1e4 molecules/um2",
}


def hidden_dead(bystanders, **knowledge):
    """Deaths in twelve hours among the tumour cells that hide the antigen, half of all, and how many these are."""
    asked = plan(knowledge=UNBRAKED | {"cell.cd8.lytic.bystanders": bystanders} | knowledge)
    tissue = started(asked)
    cells, n = tissue.cells.arrays, tissue.cells.n
    hidden = (cells.lost[:n] & tissue.tables.hidden_by > 0) & (cells.phase[:n] <= phase.COMMITTED)
    before = cells.id[:n][hidden].copy()
    tissue = carried_on(asked, tissue, 0, 12 * 60.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    left = cells.id[:n][cells.phase[:n] <= phase.COMMITTED]
    return int(np.count_nonzero(~np.isin(before, left))), len(before)


def test_neighbours_without_antigen_die_of_death_ligands_where_enough_reaches_them():
    """At the upper end of the share that reaches them, where cFLIP is low; at the share that ships none die of it."""
    reached, many = hidden_dead(0.5)
    unreached, _ = hidden_dead(0.0)
    receptorless, _ = hidden_dead(0.5, **NO_RECEPTOR)
    assert reached > 2 * unreached
    assert reached > 2 * receptorless
    assert reached > 0.15 * many
