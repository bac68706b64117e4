"""Products of cells without an engineered receptor: tumour-infiltrating lymphocytes, and NK cells."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from opsonin.core.errors import InputError
from opsonin.engine.start import started
from opsonin.knowledge.library import load_library
from opsonin.knowledge.misfits import misfit
from opsonin.model.drugs import Adds
from opsonin.model.specificity import STEM_LIKE
from opsonin.observe.proposals import proposals
from opsonin.observe.pulls import Setting, pulls
from opsonin.tissue import infusion
from tissues import grown, plan, scenario, slots

LIBRARY = load_library()
GIVEN = {"drug": "lifileucel", "amount": "800 cells/mm2", "lasting": "2 h"}
NK = GIVEN | {"drug": "expanded_nk"}
BARE = {"cancer": "2500 cells/mm2", "cd8": "0 cells/mm2", "other": "0 cells/mm2"}


def asked(*doses, densities=BARE, **changes):
    return plan(tissue__generate__densities=densities, arm=[{"name": "a", "dose": list(doses)}], **changes)


def infused(of, kind):
    """A tissue after one step of an infusion, and the cells of the type that came."""
    tissue = started(of)
    before = set(slots(tissue, kind).tolist())
    tissue.coming = of.courses[0].regimen.coming(0.0, 120.0, of.species.cells)
    infusion.step(tissue, 0, 6.0)
    return tissue, np.array([i for i in slots(tissue, kind) if i not in before])


def test_of_infiltrating_lymphocytes_a_share_recognises_the_tumour_and_some_of_these_are_stem_like():
    shares = {f"drug.lifileucel.effects.adds:cd8.{key}": 0.4 for key in ("reactive", "stem_like")}
    tissue, own = infused(asked(GIVEN | {"amount": "20000 cells/mm2"}, knowledge=shares), "cd8")
    cells, reactive = tissue.cells.arrays, tissue.cells.arrays.reactive[own] > 0
    assert abs(reactive.mean() - 0.4) < 4.0 * math.sqrt(0.24 / len(own))
    stem = cells.reactive[own] == STEM_LIKE
    assert abs(stem.sum() / reactive.sum() - 0.4) < 4.0 * math.sqrt(0.24 / reactive.sum())
    product = LIBRARY.drugs["lifileucel"].product
    assert set(cells.exhaustion[own][~stem].tolist()) == {product.exhaustion.value}
    assert not cells.exhaustion[own][stem].any()
    kind = tissue.species.cells.index("cd8")
    np.testing.assert_allclose(cells.fixed[own], tissue.traits.fixed[kind] * cells.exhaustion[own])


def test_those_that_recognise_the_tumour_carry_pd1_and_of_the_others_a_share_does():
    tissue, own = infused(asked(GIVEN | {"amount": "20000 cells/mm2"}), "cd8")
    carries = tissue.cells.arrays.level[tissue.species.molecules.index("PD-1"), own] > 0.0
    reactive = tissue.cells.arrays.reactive[own] > 0
    assert carries[reactive].all()
    share = LIBRARY.cells["cd8"].lytic.pd1_positive.value
    assert abs(carries[~reactive].mean() - share) < 4.0 * math.sqrt(0.25 / (~reactive).sum())


def test_they_kill_as_far_as_they_recognise_it():
    none = {"drug.lifileucel.effects.adds:cd8.reactive": 0}
    assert grown(asked(GIVEN), 12 * 60.0).counters["kills"] > 0
    assert grown(asked(GIVEN, knowledge=none), 12 * 60.0).counters["hits"] == 0


def test_infused_nk_cells_see_what_nk_cells_see():
    bare = {
        "tumour.melanoma.expresses.cancer.MHC-I": "0 molecules",
        "tumour.melanoma.expresses.cancer.HLA-E": "0 molecules",
    }
    blind = bare | {
        f"cell.nk.expresses.{name}": "0 molecules" for name in ("NKG2D", "DNAM-1", "NKp30", "2B4")
    }
    assert grown(asked(NK, knowledge=bare), 12 * 60.0).counters["hits"] > 0
    assert grown(asked(NK, knowledge=blind), 12 * 60.0).counters["hits"] == 0


def test_infused_nk_cells_lack_no_molecule_of_nk_cells():
    tissue, own = infused(asked(NK | {"amount": "5000 cells/mm2"}), "nk")
    kind = tissue.species.cells.index("nk")
    carried = np.flatnonzero(tissue.tables.resting[kind] > 0.0)
    assert len(own) > 50
    assert not tissue.cells.arrays.reactive[own].any()
    assert (tissue.cells.arrays.level[np.ix_(carried, own)] > 0.0).all()
    assert (tissue.cells.arrays.variation[:, own] > 0.0).all()


def test_they_take_the_niches_of_their_own_kind():
    for side, expected in ((0, -1), (1, 1)):
        of = asked(GIVEN | {"amount": "5000 cells/mm2"})
        tissue = started(of)
        source = next(s for s in tissue.arrivals if tissue.species.cells[s.kind] == "cd8")
        tissue.balance.flux[tissue.arrivals.index(source), side] = 1e-7
        tissue.coming = of.courses[0].regimen.coming(0.0, 120.0, of.species.cells)
        infusion.step(tissue, 0, 6.0)
        assert set(tissue.cells.arrays.niche[slots(tissue, "cd8")].tolist()) == {expected}


def test_only_two_chimeric_products_exclude_each_other():
    car = GIVEN | {"drug": "her2_car_t"}
    assert scenario(arm=[{"name": "a", "dose": [GIVEN, NK, car]}])
    with pytest.raises(InputError, match="which antigen they see"):
        scenario(arm=[{"name": "a", "dose": [car, car | {"drug": "gd2_car_t"}]}])


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"adds": "nk"}, "need no antigen"),
        ({"adds": "car_t"}, "chimeric receptor"),
        ({"reactive": None, "stem_like": None}, "receptors of their own"),
        ({"adds": "b_cell"}, "kill nobody"),
        ({"adds": "macrophage"}, "kill nobody"),
    ],
)
def test_a_product_says_of_its_cells_what_they_need(changed, word):
    product = LIBRARY.drugs["lifileucel"].product
    assert misfit(product, LIBRARY.cells) == ("", "")
    problem, fix = misfit(product.model_copy(update=changed), LIBRARY.cells)
    assert word in problem
    assert fix


@pytest.mark.parametrize("missing", ["half", "antigen"])
def test_an_antigen_has_its_half(missing):
    with pytest.raises(ValidationError, match="'antigen' and 'half' go together"):
        Adds.model_validate(dict(LIBRARY.drugs["tisagenlecleucel"].product) | {missing: None})


def test_cells_see_an_antigen_or_peptides():
    both = dict(LIBRARY.drugs["tisagenlecleucel"].product) | {
        key: getattr(LIBRARY.drugs["lifileucel"].product, key) for key in ("reactive", "stem_like")
    }
    with pytest.raises(ValidationError, match="not both"):
        Adds.model_validate(both)


def test_what_they_are_worth_to_a_tumour_is_proposed():
    setting = Setting(LIBRARY, "melanoma", {"cancer": 100.0, "cd8": 5.0})
    til, nk = (pulls(setting, LIBRARY.drugs[name]) for name in ("lifileucel", "expanded_nk"))
    assert set(til) == {"receptor", "far"}
    assert set(nk) == {"far"}
    assert list(til["receptor"].ways) == ["brings CD8 T cells that recognise the tumour"]
    given = replace(setting, given=frozenset({"lifileucel"}))
    assert pulls(given, LIBRARY.drugs["nivolumab"])


def test_a_second_chimeric_product_is_not_proposed_beside_one_that_is_given():
    leukaemia = Setting(LIBRARY, "b_all", {"cancer": 100.0})
    beside = replace(leukaemia, given=frozenset({"axicabtagene"}))
    one, other = (
        {one.drug for one in proposals(where, {"far": 0.9, "receptor": 0.1})} for where in (leukaemia, beside)
    )
    chimeric = {name for name, drug in LIBRARY.drugs.items() if drug.sees_antigen}
    assert one & chimeric
    assert not other & (chimeric - {"axicabtagene"})
    assert other - chimeric  # those of other kinds are


@pytest.mark.parametrize(
    ("amount", "duration", "few"),
    [("800 cells/mm2", "12 d", False), ("2 cells/mm2", "12 d", True), ("800 cells/mm2", "1 h", True)],
)
def test_a_run_tells_where_few_cells_of_a_product_will_come(amount, duration, few):
    dose = {"drug": "lifileucel", "amount": amount, "lasting": "10 d"}
    notes = asked(dose, scenario__duration=duration).notes
    assert any("cells of lifileucel are expected" in note for note in notes) == few
