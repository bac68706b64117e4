"""Heritable losses of tumour cells: what each does, how daughters get it, and what is told of it."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from opsonin.core.errors import InputError
from opsonin.engine.start import settled, started
from opsonin.engine.tabulate import tables_of
from opsonin.kernels import contacts
from opsonin.kernels.death import proteins_of
from opsonin.kernels.fate import ENTRY
from opsonin.knowledge.library import load_library
from opsonin.laws.ledger import hits_in_a_row
from opsonin.model.knowledge import Defect
from opsonin.model.phase import DIVIDE
from opsonin.reference.ledger import held_back
from opsonin.tissue import apply, expression, fate
from tissues import exchanged_by_cells, grown, plan, scenario

MUTATIONS = ("antigen-loss", "b2m-loss", "cd19-loss", "her2-loss", "jak-loss", "mcl1-gain")
SILENCED = ("antigen-silencing", "caspase8-silencing")
EVERY = tuple(sorted(MUTATIONS + SILENCED))


def shares(**of):
    """Overrides by which these shares of the tumour cells have a defect from the start."""
    return {f"defect.{name.replace('_', '-')}.share": share for name, share in of.items()}


def rates(rate, names=EVERY):
    return {f"defect.{name}.rate": rate for name in names}


def bit(name):
    return 1 << EVERY.index(name)


def cancer_of(tissue):
    n = tissue.cells.n
    return np.flatnonzero(tissue.cells.arrays.kind[:n] == tissue.species.cells.index("cancer"))


def seen(tissue, effector, targets):
    """Signals of targets to the first effector of a type."""
    cells, tables, n = tissue.cells.arrays, tissue.tables, tissue.cells.n
    i = np.flatnonzero(cells.kind[:n] == tissue.species.cells.index(effector))[0]
    return np.array([contacts.signal_seen(cells, tables, tissue.exposure, i, j) for j in targets])


WITH_NK = {
    "tissue__generate__densities": {"cancer": "2500 cells/mm2", "cd8": "600 cells/mm2", "nk": "200 cells/mm2"}
}


def test_the_defects_are_those_of_the_library_in_the_order_of_their_bits():
    assert plan().species.defects == EVERY


def test_a_cell_without_its_antigens_is_seen_by_nk_cells_and_not_by_t_cells():
    tissue = settled(plan(**WITH_NK))
    cancer = cancer_of(tissue)
    before = seen(tissue, "cd8", cancer), seen(tissue, "nk", cancer)
    tissue.cells.arrays.lost[cancer] |= 1 << EVERY.index("antigen-loss")
    assert before[0].min() > 0.0
    assert not seen(tissue, "cd8", cancer).any()
    np.testing.assert_array_equal(seen(tissue, "nk", cancer), before[1])


def test_a_cell_that_loses_b2m_loses_its_mhc_i_with_its_half_life_and_no_other_molecule():
    tissue = settled(plan())
    cells, cancer = tissue.cells.arrays, cancer_of(tissue)
    mhc, fas = (tissue.species.molecules.index(name) for name in ("MHC-I", "Fas"))
    before = cells.level[:, cancer].copy()
    cells.lost[cancer] |= 1 << EVERY.index("b2m-loss")
    half_life = np.log(2.0) / tissue.traits.turnover[mhc]
    for minute in range(0, round(half_life), 6):
        expression.step(tissue, 60 * minute, 6.0)
    np.testing.assert_allclose(cells.level[mhc, cancer] / before[mhc], 0.5, rtol=0.01)
    expression.settle(tissue)
    assert not cells.level[mhc, cancer].any()
    assert not seen(tissue, "cd8", cancer).any()
    assert cells.level[fas, cancer].min() > 0.0


def test_a_cell_without_jak_answers_no_interferon():
    tissue = settled(plan())
    cells, cancer = tissue.cells.arrays, cancer_of(tissue)
    ifn = tissue.species.substrates.index("ifn_gamma")
    pdl1 = tissue.species.molecules.index("PD-L1")
    found = []
    for lost, there in ((0, 0.0), (0, 1.0), (1 << EVERY.index("jak-loss"), 1.0)):
        cells.lost[cancer] = lost
        cells.signal[ifn, : tissue.cells.n] = there
        expression.settle(tissue)
        _, release = exchanged_by_cells(tissue, "cxcl10")
        turnover = fate_of(tissue)
        found.append((cells.level[pdl1, cancer].copy(), release[cancer], turnover))
    none, answered, deaf = found
    assert np.all(answered[0] > 2.0 * none[0])
    assert answered[1].min() > 0.0
    np.testing.assert_array_equal(deaf[0], none[0])
    assert not deaf[1].any()
    assert answered[2] == pytest.approx(
        none[2] * (1.0 - 0.5 / 1.03), rel=1e-9
    )  # half at saturation, 30 pM at half
    assert deaf[2] == none[2]


def fate_of(tissue):
    """Sum of the hazards of tumour cells of entering the cycle."""
    cancer = tissue.species.cells.index("cancer")
    return float(fate.turnover(tissue)[cancer, :, ENTRY].sum())


def test_interferon_holds_tumour_cells_back_and_no_t_cells():
    cytostatic = plan().tables
    names = plan().species.cells
    assert [name for name, by in zip(names, cytostatic.arrests["signal"], strict=True) if by >= 0] == [
        "cancer"
    ]


def divided(tissue, tick=0):
    """Let every tumour cell divide once; returns the slots of mothers and daughters."""
    mothers = cancer_of(tissue)
    event = np.zeros(tissue.cells.n, np.int8)
    event[mothers] = DIVIDE
    n = tissue.cells.n
    apply.events(tissue, event, tick, 6.0)
    return mothers, np.arange(n, tissue.cells.n)


def test_daughters_inherit_and_get_defects_at_their_rate_each_by_itself():
    tissue = settled(plan(knowledge=rates(0.3)))
    tissue.cells.arrays.lost[cancer_of(tissue)] = bit("b2m-loss")
    mothers, daughters = divided(tissue)
    lost = tissue.cells.arrays.lost[np.concatenate([mothers, daughters])]
    assert np.all(lost & bit("b2m-loss"))
    for name in ("antigen-loss", "jak-loss"):
        share, error = np.mean(lost & bit(name) > 0), np.sqrt(0.21 / len(lost))
        assert abs(share - 0.3) < 4.0 * error
    pair = bit("antigen-loss") | bit("jak-loss")
    both = np.mean((lost & pair) == pair)
    assert abs(both - 0.09) < 4.0 * np.sqrt(0.09 * 0.91 / len(lost))
    assert np.any(tissue.cells.arrays.lost[mothers] != tissue.cells.arrays.lost[daughters])


def test_no_rate_no_defect_and_only_in_tumour_cells():
    tissue = settled(plan(knowledge=rates(0)))
    divided(tissue)
    assert not tissue.cells.arrays.lost[: tissue.cells.n].any()
    tissue = settled(plan(knowledge=rates(1)))
    others = np.setdiff1d(np.arange(tissue.cells.n), cancer_of(tissue))
    event = np.zeros(tissue.cells.n, np.int8)
    event[others] = DIVIDE
    apply.events(tissue, event, 0, 6.0)
    assert not tissue.cells.arrays.lost[: tissue.cells.n].any()


def test_a_mutagenic_drug_raises_the_rates():
    dose = {"drug": "cisplatin", "amount": "5 uM", "lasting": "2 d"}
    asked = plan(arm=[{"name": "cisplatin", "dose": [dose]}], knowledge=rates(1e-3))
    tissue = settled(asked)
    names = asked.species
    tissue.exposure = asked.courses[0].regimen.exposure(0.0, names.molecules, names.cells, names.defects)
    np.testing.assert_allclose(tissue.exposure.mutation, 1.0 + 399.0 * 0.5)
    mothers, daughters = divided(tissue)
    lost = tissue.cells.arrays.lost[np.concatenate([mothers, daughters])]
    share = np.mean([lost & bit(name) > 0 for name in MUTATIONS[:3]])
    assert abs(share - 0.2005) < 4.0 * np.sqrt(0.16 / (3 * len(lost)))
    assert np.mean(lost & bit("antigen-silencing") > 0) < 0.02  # no mutation, so no mutagen raises it


def test_clones_are_there_from_the_start_in_their_share_and_not_in_other_cells():
    tissue = started(plan(knowledge=shares(antigen_loss=0.3)))
    cells, n = tissue.cells.arrays, tissue.cells.n
    cancer = cancer_of(tissue)
    assert abs(np.mean(cells.lost[cancer] == 1) - 0.3) < 4.0 * np.sqrt(0.21 / len(cancer))
    assert set(np.unique(cells.lost[:n])) == {0, 1}
    assert not np.delete(cells.lost[:n], cancer).any()


def test_a_tumour_may_have_its_own_clones():
    asked = scenario(knowledge={"defect.jak-loss.share": 0.2}).library()
    jak = load_library().override("defect.jak-loss.share", 0.4).defects["jak-loss"]
    tumour = asked.tumours["melanoma"].model_copy(update={"clones": {"jak-loss": jak.share}})
    tables = tables_of(asked, tumour, np.ones(len(asked.cells)), 2)
    shares = dict(zip(EVERY, tables.defects["share"].tolist(), strict=True))
    assert {name: share for name, share in shares.items() if share} == {"jak-loss": 0.4}


def test_defects_change_no_bit_of_the_rest_while_there_are_none():
    """The same run with all rates at 0 and at their small values, in which nothing happens."""
    one, other = (grown(plan(knowledge=of), 120.0).cells.columns() for of in ({}, rates(0)))
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.mark.parametrize("share", [-0.1, 1.5, "3 um"])
def test_an_impossible_share_is_named(share):
    with pytest.raises(InputError, match=r"defect\.antigen-loss\.share"):
        scenario(knowledge={"defect.antigen-loss.share": share}).library()


def test_a_defect_that_does_nothing_is_refused():
    with pytest.raises(ValidationError, match="removes"):
        Defect.model_validate({**dict(load_library().defects["jak-loss"]), "deafens": ()})


def test_silencing_reverts_and_loss_does_not():
    names = ("antigen-silencing", "antigen-loss")
    reverting = {"defect.antigen-silencing.reverts": 0.4}
    tissue = settled(plan(knowledge=rates(0) | reverting))
    tissue.cells.arrays.lost[cancer_of(tissue)] = bit(names[0]) | bit(names[1])
    mothers, daughters = divided(tissue)
    lost = tissue.cells.arrays.lost[np.concatenate([mothers, daughters])]
    left = np.mean(lost & bit(names[0]) > 0)
    assert abs(left - 0.6) < 4.0 * np.sqrt(0.24 / len(lost))
    assert np.all(lost & bit(names[1]))


def test_a_silenced_antigen_is_hidden_and_seen_again_when_it_comes_back():
    tissue = settled(plan())
    cancer = cancer_of(tissue)
    before = seen(tissue, "cd8", cancer)
    tissue.cells.arrays.lost[cancer] = bit("antigen-silencing")
    assert not seen(tissue, "cd8", cancer).any()
    tissue.cells.arrays.lost[cancer] = 0
    np.testing.assert_array_equal(seen(tissue, "cd8", cancer), before)


def test_a_gain_multiplies_the_level_of_its_molecule_and_of_no_other():
    tissue = settled(plan())
    cells, cancer = tissue.cells.arrays, cancer_of(tissue)
    expression.settle(tissue)
    before = cells.level[:, cancer].copy()
    cells.lost[cancer] = bit("mcl1-gain")
    expression.step(tissue, 0, 0.5 * 60.0)  # a half-life of MCL-1
    mcl1 = tissue.species.molecules.index("MCL-1")
    np.testing.assert_allclose(cells.level[mcl1, cancer] / before[mcl1], 3.0, rtol=0.01)
    expression.settle(tissue)
    np.testing.assert_allclose(cells.level[mcl1, cancer] / before[mcl1], 5.0, rtol=1e-9)
    np.testing.assert_allclose(
        np.delete(cells.level[:, cancer], mcl1, 0), np.delete(before, mcl1, 0), rtol=1e-6
    )


def test_a_gain_of_mcl1_takes_more_hits_and_a_silenced_caspase_8_no_death_ligand():
    tissue = settled(plan(**WITH_NK))
    cells, cancer = tissue.cells.arrays, cancer_of(tissue)
    i = np.flatnonzero(cells.kind[: tissue.cells.n] == tissue.species.cells.index("nk"))[0]

    def held():
        return np.array(
            [contacts.death_receptors(cells, tissue.tables, tissue.exposure, i, j) for j in cancer]
        )

    def hits():
        told = [proteins_of(cells, tissue.tables, tissue.exposure, j) for j in cancer]
        return np.array([float(hits_in_a_row(*held_back(proteins))) for proteins in told])

    expression.settle(tissue)
    rest, needed = held(), hits()
    cells.lost[cancer] = bit("caspase8-silencing")
    expression.settle(tissue)
    assert rest.min() > 0.0
    assert not held().any()
    np.testing.assert_allclose(hits(), needed, rtol=1e-6)
    cells.lost[cancer] = bit("mcl1-gain")
    expression.settle(tissue)
    assert np.all(hits() > 1.2 * needed)


def test_a_defect_does_not_remove_what_it_changes():
    gain = dict(load_library().defects["mcl1-gain"])
    with pytest.raises(ValidationError, match="both remove and change 'MCL-1'"):
        Defect.model_validate(gain | {"removes": ("MCL-1",)})
