"""Co-stimulation and help: what T cells get from cells that present, and what regulatory T cells take from these."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.recording import Recorder
from opsonin.engine.start import settled
from opsonin.kernels.costimulation import costimulate
from opsonin.kernels.fate import COLUMNS, NECROSIS, PARTS, turnover
from opsonin.kernels.ledger import COSTIMULATED
from opsonin.laws.recognition import costimulation as factor
from opsonin.model.tables import NECROSIS_RATE, SURFACE
from opsonin.tissue import costimulation, expression, ledger, transport
from tissues import exposed, grown, plan, slots

DENSITIES = {"cancer": "1200 cells/mm2", "cd8": "400 cells/mm2", "other": "0 cells/mm2"}
HELPED = {"dc": "1200 cells/mm2", "cd4": "600 cells/mm2"}
ALL_REACTIVE = {
    "cell.cd4.helping.reactive_fraction": 1,
    "cell.cd4.helping.pd1_positive": 1,
    "cell.cd4.expresses.PD-1": "500 molecules",  # little of what holds them back
}
DAY = 1440.0


def field(densities=None, **changes):
    asked = DENSITIES | (densities or {})
    return plan(tissue__generate__size=["300 um", "300 um"], tissue__generate__densities=asked, **changes)


def after(tissue, hours):
    """Contacts held as they are: co-stimulation, and the molecules that it takes, for some hours."""
    for hour in range(hours):
        costimulation.step(tissue, hour * 3600, 60.0)
    return tissue


def mean(tissue, column, kind):
    return float(getattr(tissue.cells.arrays, column)[slots(tissue, kind)].mean())


def level(tissue, molecule, kind):
    m = tissue.species.molecules.index(molecule)
    return float(tissue.cells.arrays.level[m, slots(tissue, kind)].mean())


def test_a_cell_that_met_none_has_the_least_factor_and_one_that_met_plenty_all():
    assert factor(0.3, 0.0) == pytest.approx(0.3)
    assert factor(0.3, 1.0) == pytest.approx(1.0)


def test_cd8_cells_among_dendritic_cells_take_in_co_stimulation_and_others_none():
    with_dc, without = (after(settled(field(of)), 24) for of in ({"dc": "1200 cells/mm2"}, {}))
    assert mean(without, "costimulated", "cd8") == 0.0
    assert mean(with_dc, "costimulated", "cd8") > 0.3


def test_without_its_receptors_or_without_their_ligands_there_is_none():
    for cell, molecules in (("cd8", ("CD28", "4-1BB")), ("dc", ("CD80", "CD86", "4-1BBL"))):
        bare = {f"cell.{cell}.expresses.{name}": "0 molecules" for name in molecules}
        tissue = after(settled(field({"dc": "1200 cells/mm2"}, knowledge=bare)), 24)
        assert mean(tissue, "costimulated", "cd8") == 0.0


def test_it_fades_within_the_memory_of_activation_once_the_cells_are_gone():
    tissue = after(settled(field({"dc": "1200 cells/mm2"})), 24)
    before = mean(tissue, "costimulated", "cd8")
    tissue.cells.arrays.level[[tissue.species.molecules.index(m) for m in ("CD80", "CD86", "4-1BBL")]] = 0.0
    after(tissue, 10)
    assert mean(tissue, "costimulated", "cd8") == pytest.approx(before * np.exp(-1.0), rel=1e-9)


def test_the_step_changes_nothing_while_contacts_and_ligands_stay():
    """Without regulatory cells nothing is taken away, so the memory is exact for any step."""
    none = {"cell.cd8.expresses.CTLA-4": "0 molecules"}
    whole, parts = (settled(field({"dc": "1200 cells/mm2"}, knowledge=none)) for _ in range(2))
    costimulation.step(whole, 0, 120.0)
    for _ in range(12):
        costimulation.step(parts, 0, 10.0)
    np.testing.assert_allclose(
        whole.cells.arrays.costimulated[: whole.cells.n],
        parts.cells.arrays.costimulated[: parts.cells.n],
        rtol=1e-12,
    )


def test_regulatory_t_cells_strip_dendritic_cells_and_ipilimumab_stops_them():
    crowd = {"dc": "600 cells/mm2", "treg": "1500 cells/mm2"}
    dose = {"drug": "ipilimumab", "amount": "1000 nM", "lasting": "10 d"}
    treated = {"arm": [{"name": "treated", "dose": [dose]}]}
    alone, free = after(exposed(field(crowd)), 12), after(exposed(field(crowd, **treated)), 12)
    rest = level(settled(field(crowd)), "CD86", "dc")
    assert level(alone, "CD86", "dc") < 0.7 * rest
    assert level(free, "CD86", "dc") > 0.95 * rest
    assert mean(free, "costimulated", "cd8") > mean(alone, "costimulated", "cd8")


def test_halving_the_step_hardly_changes_what_regulatory_cells_strip():
    crowd = {"dc": "600 cells/mm2", "treg": "1500 cells/mm2"}
    left = {}
    for step in (20.0, 10.0, 1.0):
        tissue = settled(field(crowd))
        for now in range(round(360.0 / step)):
            costimulation.step(tissue, round(now * step * 60.0), step)
        left[step] = level(tissue, "CD80", "dc") + level(tissue, "CD86", "dc")
    assert left[10.0] == pytest.approx(left[1.0], rel=0.005)
    assert abs(left[10.0] - left[1.0]) < 0.5 * abs(left[20.0] - left[1.0])


def test_no_cell_takes_in_more_than_its_receptors_can_hold():
    """One regulatory cell beside one dendritic cell, an hour: its CTLA-4 in the contact, times how often it goes in."""
    tissue = settled(field({"dc": "600 cells/mm2", "treg": "300 cells/mm2"}))
    arrays, names = tissue.cells.arrays, tissue.species.molecules
    i, j = slots(tissue, "treg")[0], slots(tissue, "dc")[0]
    before = arrays.level[[names.index(m) for m in ("CD80", "CD86")], j].sum()
    begin, touched = np.array([0, 1]), np.array([j])
    costimulate(arrays, tissue.tables, tissue.exposure, np.array([i]), begin, touched, 1.0)
    lost = before - arrays.level[[names.index(m) for m in ("CD80", "CD86")], j].sum()
    pairs = tissue.tables.competing
    surface = tissue.tables.types[arrays.kind[i], SURFACE]
    held = arrays.level[names.index("CTLA-4"), i] / surface * pairs["contact"].max() * pairs["rate"].max()
    assert 0.0 < lost <= len(pairs) * held


def test_what_was_stripped_comes_back_with_the_turnover_of_the_ligand():
    crowd = {"dc": "600 cells/mm2", "treg": "1500 cells/mm2"}
    tissue = after(settled(field(crowd)), 12)
    stripped = level(tissue, "CD86", "dc")
    for hour in range(48):
        expression.step(tissue, hour * 3600, 60.0)
    assert level(tissue, "CD86", "dc") > stripped * 1.2


def test_helper_cells_are_activated_by_mhc_ii_and_make_interleukin_2():
    helped = after(settled(field(HELPED, knowledge=ALL_REACTIVE)), 24)
    bare = {
        f"{place}.MHC-II": "0 molecules"
        for place in ("cell.dc.expresses", "tumour.melanoma.expresses.cancer")
    }
    blind = after(settled(field(HELPED, knowledge=ALL_REACTIVE | bare)), 24)
    assert mean(helped, "activation", "cd4") > 0.1
    assert mean(blind, "activation", "cd4") < 0.2 * mean(helped, "activation", "cd4")
    for tissue in (helped, blind):
        for _ in range(12):
            transport.step(tissue, 10.0)
    index = helped.species.substrates.index("il2")
    assert helped.fields.values[index].mean() > 1.5 * blind.fields.values[index].mean()


def test_bystander_helper_cells_stay_at_rest():
    nobody = {"cell.cd4.helping.reactive_fraction": 0}
    tissue = after(settled(field(HELPED, knowledge=nobody)), 24)
    assert mean(tissue, "activation", "cd4") == 0.0


def test_regulatory_cells_starve_killers_of_interleukin_2():
    crowd = HELPED | {"treg": "1500 cells/mm2"}
    left = {}
    for name, densities in (("few", HELPED), ("many", crowd)):
        tissue = grown(field(densities, knowledge=ALL_REACTIVE), 0.25 * DAY)
        left[name] = tissue.fields.values[tissue.species.substrates.index("il2")].mean()
    assert left["many"] < 0.7 * left["few"]


def test_helper_cells_kill_nobody():
    tissue = grown(
        field({"cd4": "800 cells/mm2", "cd8": "0 cells/mm2", "nk": "0 cells/mm2"}, knowledge=ALL_REACTIVE),
        DAY,
    )
    assert tissue.counters["hits"] == tissue.counters["kills"] == 0


def test_the_ledger_sees_the_lack_of_co_stimulation():
    lost = {}
    for name, densities in (("with", {"dc": "1500 cells/mm2"}), ("without", {})):
        asked = field(densities)
        tissue = after(settled(asked), 24)
        Recorder(asked, asked.courses[0], "").follow(tissue)
        ledger.step(tissue, 0, 60.0)
        lost[name] = tissue.ledger.losses[COSTIMULATED] / tissue.ledger.contact
    assert lost["with"] < 0.8 * lost["without"]


def test_immunogenic_death_matures_dendritic_cells():
    """Corpses that show calreticulin release more danger signals, and CD86 rises on what senses them."""
    found = {}
    for name, shown in (("silent", "1e3 molecules"), ("immunogenic", "3e5 molecules")):
        tissue = settled(
            field({"dc": "400 cells/mm2"}, knowledge={"cell.cancer.expresses.calreticulin": shown})
        )
        cells, own = tissue.cells.arrays, slots(tissue, "cancer")
        cells.phase[own[::3]], cells.phase_end[own[::3]] = 2, 10**9
        for step in range(72):
            transport.step(tissue, 20.0)
            expression.step(tissue, step * 1200, 20.0)
        danger = tissue.fields.values[tissue.species.substrates.index("damps")].mean()
        found[name] = danger, level(tissue, "CD86", "dc")
    assert found["immunogenic"][0] > 3.0 * found["silent"][0]
    assert found["immunogenic"][1] > 1.2 * found["silent"][1]


def test_necrotic_corpses_release_danger_signals_whatever_they_show():
    tissue = settled(field(knowledge={"cell.cancer.expresses.calreticulin": "0 molecules"}))
    index = tissue.species.substrates.index("damps")
    before = tissue.fields.values[index].mean()
    own = slots(tissue, "cancer")
    tissue.cells.arrays.phase[own[::3]], tissue.cells.arrays.phase_end[own[::3]] = 3, 10**9
    for _ in range(12):
        transport.step(tissue, 20.0)
    assert tissue.fields.values[index].mean() > before + 0.05


def test_cells_without_glucose_die_though_they_have_oxygen():
    tissue = settled(field())
    cells, kind = tissue.cells.arrays, tissue.species.cells.index("cancer")
    own = slots(tissue, "cancer")
    cells.signal[tissue.tables.oxygen, own] = 60.0
    hazards = []
    for glucose in (5.0, 0.0):
        cells.signal[tissue.tables.glucose, own] = glucose
        rates = np.empty((len(tissue.tables.types), 2, COLUMNS))
        let_in = np.ones(len(tissue.tables.types))
        asked = np.ones(len(let_in), bool)
        turnover(cells, tissue.cells.n, tissue.tables, 1.0, 1.0, let_in, tissue.exposure.free, asked, rates)
        row = rates[kind].sum(axis=0)
        hazards.append(row[NECROSIS] / row[PARTS])
    assert hazards[0] < 1e-3 * hazards[1]
    assert hazards[1] == pytest.approx(tissue.tables.types[kind, NECROSIS_RATE])
