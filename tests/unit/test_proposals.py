"""Drugs that are proposed for barriers: every sign from the knowledge base, ranks from the ledger's shares."""

from __future__ import annotations

import dataclasses

import pytest

from opsonin.knowledge.influence import moves
from opsonin.knowledge.library import Library, load_library
from opsonin.model.death import PROTEINS
from opsonin.model.drugs import Drug
from opsonin.observe.proposals import Proposal, proposals, proposed
from opsonin.observe.pulls import Setting, is_killer, pulls

ASSUMED = "made up for a test; decides nothing"
FIELD = {"cancer": 100.0, "cd8": 20.0}
EVERY = {"resistance": 0.3, "antigen": 0.1, "PD-1:PD-L1": 0.2, "receptor": 0.1, "ligands": 0.1, "far": 0.2}


def number(value: object) -> dict[str, object]:
    return {"value": value, "assumed": ASSUMED}


def made(*effects: dict[str, object], name: str = "made_up") -> Drug:
    """A drug with these effects alone."""
    return Drug.model_validate(
        {"name": name, "title": name, "molar_mass": number("500 g/mol"), "effects": list(effects)}
    )


def shifts(molecule: str, fold: float, **keys: object) -> dict[str, object]:
    return {
        "shifts": molecule,
        "fold_max": number(fold),
        "half": number("10 nM"),
        "hill": number(1.0),
    } | keys


def blocks(molecule: str) -> dict[str, object]:
    return {"blocks": molecule, "affinity": number("1 nM")}


def kills(*types: str) -> dict[str, object]:
    rate = {"rate_max": number("1 1/d"), "half": number("10 nM"), "hill": number(1.0)}
    return {"kills": list(types), "phase": "any"} | rate


def setting(library: Library | None = None, tumour: str = "melanoma", **cells: float) -> Setting:
    return Setting(library or load_library(), tumour, cells or FIELD)


def of(drug: Drug, where: Setting | None = None, shares: dict[str, float] | None = None) -> Proposal:
    return proposed(where or setting(), drug, shares or EVERY)


def without_shift(library: Library, molecule: str, by: str) -> Library:
    entry = library.molecules[molecule]
    kept = tuple(shift for shift in entry.shifts if shift.by != by)
    changed = {**library.molecules, molecule: entry.model_copy(update={"shifts": kept})}
    return dataclasses.replace(library, molecules=changed)


def test_a_shift_is_told_by_its_own_direction() -> None:
    up, down = of(made(shifts("MHC-I", 3.0))), of(made(shifts("MHC-I", 0.3)))
    assert up.opens["antigen"].by == ("raises MHC-I",)
    assert down.closes["antigen"].by == ("lowers MHC-I",)
    assert not down.opens


def test_one_step_through_a_regulator_has_the_sign_of_both() -> None:
    drug = made(shifts("YY1", 0.2))
    found = of(drug)
    assert "lowers YY1, which holds Fas down" in found.opens["resistance"].by
    assert found.opens["PD-1:PD-L1"].by == ("lowers YY1, which keeps PD-L1 up",)
    raised = of(made(shifts("YY1", 5.0)))
    assert "raises YY1, which lowers Fas" in raised.closes["resistance"].by
    assert raised.closes["PD-1:PD-L1"].by == ("raises YY1, which raises PD-L1",)


def test_two_steps_through_regulators_are_followed() -> None:
    found = of(made(shifts("NF-kB", 0.2)))
    assert "lowers NF-kB, which keeps YY1 up, which holds Fas down" in found.opens["resistance"].by
    assert found.opens["resistance"].against == ("lowers NF-kB, which keeps TRAIL up, in killers",)


def test_the_sign_comes_from_the_entry_of_the_molecule() -> None:
    library = load_library()
    drug = made(shifts("YY1", 0.2))
    turned = library.override("molecule.Fas.shifts.YY1.fold_max", 4.0)
    assert "lowers YY1, which keeps Fas up" in of(drug, setting(turned)).closes["resistance"].by
    cut = without_shift(library, "PD-L1", "YY1")
    assert "PD-1:PD-L1" not in of(drug, setting(cut)).acts


def test_lack_of_a_signal_turns_the_sign_of_a_step() -> None:
    """A shift that acts where its regulator is scarce."""
    library = load_library()
    entry = library.molecules["PD-L1"]
    scarce = tuple(
        shift.model_copy(update={"when": "low"}) if shift.by == "YY1" else shift for shift in entry.shifts
    )
    changed = {**library.molecules, "PD-L1": entry.model_copy(update={"shifts": scarce})}
    turned = dataclasses.replace(library, molecules=changed)
    drug = made(shifts("YY1", 0.2))
    assert of(drug, setting(turned)).closes["PD-1:PD-L1"].by == ("lowers YY1, which holds PD-L1 down",)


def test_a_shift_with_a_carrier_acts_on_its_carriers_alone() -> None:
    drug = made(shifts("MHC-I", 3.0, on="CD20"))
    assert not of(drug).acts
    assert moves(load_library(), drug, {"MHC-I": 1e5, "CD20": 1e5})["MHC-I"].fold == pytest.approx(3.0)


def test_a_drug_is_told_with_what_it_opens_and_what_it_closes() -> None:
    interferon = of(load_library().drugs["ifn_alpha"])
    assert interferon.opens["antigen"].by == ("raises IRF1, which raises MHC-I",)
    assert interferon.closes["PD-1:PD-L1"].by == ("raises IRF1, which raises PD-L1",)
    assert interferon.net == pytest.approx(0.3 + 0.1 - 0.2)


def test_bortezomib_lowers_the_trail_of_killers() -> None:
    found = of(load_library().drugs["bortezomib"], setting(cancer=100.0, nk=20.0))
    assert "lowers NF-kB, which keeps TRAIL up, in killers" in found.acts["resistance"].against
    assert "kills NK cells" in found.also


@pytest.mark.parametrize(
    ("blocked", "barrier", "opens"),
    [("PD-1", "PD-1:PD-L1", True), ("PD-L1", "PD-1:PD-L1", True), ("Fas", "resistance", False)],
)
def test_what_is_blocked_is_blocked_on_whichever_side_it_is(blocked: str, barrier: str, opens: bool) -> None:
    acted = of(made(blocks(blocked))).acts
    assert set(acted) <= {barrier, "PD-1:PD-L2"}
    assert acted[barrier].opens is opens
    assert acted[barrier].by == (f"blocks {blocked}",)


@pytest.mark.parametrize(
    ("protein", "opens"),
    [(name, name not in ("BAX", "BAK")) for name in PROTEINS],
)
def test_what_guards_a_target_and_what_kills_it_is_told_by_the_laws(protein: str, opens: bool) -> None:
    assert of(made(shifts(protein, 0.3))).acts["resistance"].opens is opens


def test_raising_mhc_shows_more_antigen_to_t_cells_and_holds_nk_cells_back() -> None:
    shares = {"antigen": 0.2, "KIR:MHC-I": 0.1}
    found = of(made(shifts("MHC-I", 3.0)), setting(cancer=100.0, cd8=10.0, nk=10.0), shares)
    assert set(found.opens) == {"antigen"}
    assert set(found.closes) == {"KIR:MHC-I"}
    assert found.net == pytest.approx(0.1)


def test_a_ligand_that_nk_cells_see_is_no_matter_of_t_cells() -> None:
    drug = made(shifts("MICA", 4.0))
    assert not of(drug).opens
    assert of(drug, setting(cancer=100.0, nk=10.0)).opens["ligands"].by == ("raises MICA",)


def test_a_drug_without_target_in_this_tissue_is_not_proposed() -> None:
    names = {one.drug for one in proposals(setting(), EVERY)}
    named = {name for one in proposals(setting(), EVERY) for name in (one.drug, *one.likewise)}
    assert "blinatumomab" not in named  # CD19
    assert "tisagenlecleucel" not in named
    assert "magrolimab" not in named  # CD47 holds macrophages back: there are none
    assert "ipilimumab" not in named  # no regulatory T cells, no cells that present
    assert names
    lymphoma = {one.drug for one in proposals(setting(tumour="dlbcl"), EVERY)}
    assert {"blinatumomab", "tisagenlecleucel"} & lymphoma


def test_a_bridge_and_cells_that_come_open_recognition() -> None:
    drugs, lymphoma = load_library().drugs, setting(tumour="dlbcl")
    bridged = of(drugs["blinatumomab"], lymphoma)
    assert {"receptor", "antigen"} <= set(bridged.opens)
    assert bridged.opens["receptor"].by == ("holds T cells to cells that carry CD19",)
    come = of(drugs["tisagenlecleucel"], lymphoma)
    assert set(come.opens) == {"receptor", "antigen", "far"}


def test_an_antibody_needs_killers_with_fc_receptors() -> None:
    drug, cells = load_library().drugs["dinutuximab"], {"cancer": 100.0, "cd8": 10.0}
    assert not of(drug, setting(**cells)).opens
    found = of(drug, setting(**cells, nk=10.0))
    assert found.opens["ligands"].by == ("coats cells that carry GD2",)


def test_an_agonist_holds_death_receptors() -> None:
    assert of(load_library().drugs["conatumumab"]).opens["resistance"].by == ("holds DR5 as its ligand does",)


def test_substrates_are_reached_by_receptor_enzyme_regulator_and_producer() -> None:
    shares = {"adenosine": 0.2, "tgf_beta": 0.1, "kynurenine": 0.1, "lactate": 0.2, "oxygen": 0.1}
    tissue = setting(cancer=100.0, cd8=20.0, treg=10.0)
    assert of(made(blocks("A2AR")), tissue, shares).opens["adenosine"].by == (
        "blocks A2AR, by which adenosine acts",
    )
    assert of(made(blocks("CD73")), tissue, shares).opens["adenosine"].by == (
        "blocks CD73, which makes adenosine",
    )
    assert of(made(shifts("ERK", 0.1)), tissue, shares).opens["adenosine"].by == (
        "lowers ERK, which keeps CD73 up, which makes adenosine",
    )
    assert not of(made(shifts("CD73", 3.0)), tissue, shares).opens
    assert of(made(blocks("IDO1")), tissue, shares).opens.keys() == {"kynurenine"}
    taken = of(made(kills("treg")), tissue, shares)
    assert set(taken.opens) == {"adenosine", "tgf_beta"}  # lactate is every cell's
    with_killers = of(made(kills("treg", "cd8")), tissue, shares)
    assert not with_killers.opens
    assert with_killers.also == ("kills CD8 T cells",)


def test_vegf_keeps_killers_out_only_where_they_come_by_vessels() -> None:
    drug = load_library().drugs["bevacizumab"]
    assert of(drug).opens["far"].by[0].startswith("blocks VEGFR2")
    dish = dataclasses.replace(setting(), perfused=False)
    assert not of(drug, dish).opens


def test_ranks_follow_the_shares() -> None:
    first = proposals(setting(), {"PD-1:PD-L1": 0.5, "resistance": 0.1})
    assert "PD-1:PD-L1" in first[0].opens
    second = proposals(setting(), {"PD-1:PD-L1": 0.1, "resistance": 0.5})
    assert "resistance" in second[0].opens
    assert [one.net for one in second] == sorted((one.net for one in second), reverse=True)
    assert all(one.net > 0.0 for one in second)
    assert proposals(setting(), {"PD-1:PD-L1": float("nan"), "resistance": 0.0}) == []


def test_a_drug_that_closes_more_than_it_opens_is_not_proposed() -> None:
    shares = {"antigen": 0.1, "PD-1:PD-L1": 0.3}
    named = {name for one in proposals(setting(), shares) for name in (one.drug, *one.likewise)}
    assert "ifn_alpha" not in named
    assert "ifn_alpha" in {
        name
        for one in proposals(setting(), {"antigen": 0.3, "PD-1:PD-L1": 0.1})
        for name in (one.drug, *one.likewise)
    }


def test_drugs_that_do_the_same_are_one_and_the_given_one_leads() -> None:
    shares = {"PD-1:PD-L1": 0.3, "PD-1:PD-L2": 0.1}
    arm = dataclasses.replace(setting(), given=frozenset({"nivolumab"}))
    found = {one.drug: one for one in proposals(arm, shares)}
    assert found["nivolumab"].given
    assert "pembrolizumab" in found["nivolumab"].likewise
    assert "pembrolizumab" not in found
    assert not [name for name, one in found.items() if one.given and name != "nivolumab"]


def test_whom_else_a_drug_hits_is_told() -> None:
    library = load_library()
    avelumab = of(library.drugs["avelumab"], setting(cancer=100.0, cd8=10.0, macrophage=10.0))
    assert "PD-L1 is on CD8 T cells, macrophages, too" in avelumab.also
    arrests = of(library.drugs["palbociclib"])
    assert any(text.endswith("from dividing") for text in arrests.also)


def test_every_barrier_that_a_drug_pulls_at_is_one_of_the_ledger() -> None:
    library = load_library()
    cells = {name: 1.0 for name, cell in library.cells.items() if is_killer(cell)} | {"cancer": 1.0}
    pairs = {pair.name for pair in library.interactions.values() if pair.kind == "checkpoint"}
    felt = {name for cell in library.cells.values() for name in (*cell.suffers, *cell.needs)}
    known = {"receptor", "antigen", "ligands", "resistance", "far", *pairs, *felt}
    for drug in library.drugs.values():
        assert set(pulls(setting(**cells), drug)) <= known


PRESENTED = {"cancer": 100.0, "cd8": 20.0, "dc": 5.0, "treg": 10.0}


def on(drug: str, **cells: float) -> Proposal:
    return of(load_library().drugs[drug], setting(**(cells or PRESENTED)), {"costimulation": 0.3})


def test_ipilimumab_leaves_dendritic_cells_their_ligands_where_regulatory_cells_strip_them() -> None:
    opened = on("ipilimumab").opens["costimulation"]
    assert any("CTLA-4" in way and "regulatory T cells" in way for way in opened.by)
    assert "costimulation" not in on("ipilimumab", cancer=100.0, cd8=20.0).acts


def test_what_raises_or_lowers_cd86_pulls_at_co_stimulation_with_its_sign() -> None:
    where = setting(**PRESENTED)
    for fold, opens in ((3.0, True), (0.2, False)):
        acted = of(made(shifts("CD86", fold)), where, {"costimulation": 0.3}).acts["costimulation"]
        assert acted.opens is opens


def test_who_needs_no_co_stimulation_is_not_moved() -> None:
    found = of(made(shifts("CD86", 3.0)), setting(cancer=100.0, nk=20.0, dc=5.0), {"costimulation": 0.3})
    assert not found.acts


def test_a_smac_mimetic_is_told_to_let_tnf_kill_where_tnf_is_made() -> None:
    with_tnf = of(load_library().drugs["lcl161"], setting(cancer=100.0, cd8=20.0), {"resistance": 0.3})
    assert any("cIAP1" in way and "TNFR1" in way for way in with_tnf.opens["resistance"].by)


def test_who_takes_cells_that_present_closes_co_stimulation() -> None:
    taken = of(
        made(kills("macrophage")), setting(cancer=100.0, cd8=20.0, macrophage=30.0), {"costimulation": 0.3}
    )
    assert "costimulation" in taken.closes
