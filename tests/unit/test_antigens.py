"""Antigens of a tumour that go with a molecule: what cells show follows its level, on MHC-I and MHC-II alike."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from opsonin.core.errors import InputError
from opsonin.engine.start import settled
from opsonin.kernels import contacts
from opsonin.knowledge.library import load_library
from opsonin.laws.recognition import antigen_signal
from opsonin.model.knowledge import Tumour
from opsonin.observe.pulls import Setting, pulls
from opsonin.tissue import expression
from tissues import exposed, plan, slots

LIBRARY = load_library()
MELANOMA = LIBRARY.tumours["melanoma"]
NAMES = ("MART-1", "NY-ESO-1")


def at_rest(tissue, **over):
    """Levels of the antigens of all tumour cells, over rest."""
    own, kind = slots(tissue, "cancer"), tissue.species.cells.index("cancer")
    for name, fold in over.items():
        m = tissue.species.molecules.index(name.replace("_", "-"))
        tissue.cells.arrays.level[m, own] = fold * tissue.tables.resting[kind, m]
    return own


def shown(tissue, j):
    return contacts.antigens_shown(tissue.cells.arrays, tissue.tables, j)


def test_a_cell_at_rest_shows_what_its_tumour_shows_and_without_an_antigen_what_is_left():
    tissue = settled(plan())
    own = at_rest(tissue, MART_1=1.0, NY_ESO_1=1.0)
    assert shown(tissue, own[0]) == pytest.approx(1.0)
    at_rest(tissue, MART_1=0.0)
    assert shown(tissue, own[0]) == pytest.approx(1.0 - MELANOMA.antigens["MART-1"].value)
    at_rest(tissue, MART_1=1.0, NY_ESO_1=11.0)
    assert shown(tissue, own[0]) == pytest.approx(1.0 + 10.0 * MELANOMA.antigens["NY-ESO-1"].value)


def test_the_signal_to_a_t_cell_follows_it():
    tissue = settled(plan())
    own, i = at_rest(tissue, MART_1=1.0, NY_ESO_1=21.0), slots(tissue, "cd8")[0]
    arrays, tables = tissue.cells.arrays, tissue.tables
    arrays.reactive[i], arrays.lost[own] = 1, 0
    complexes = arrays.level[tables.mhc_i, own[0]] * tables.matching_fraction * 2.0
    numbers = LIBRARY.cells["cd8"].lytic
    wanted = antigen_signal(complexes, numbers.signal_half.value, numbers.signal_hill.value)
    assert contacts.signal_seen(arrays, tables, tissue.exposure, i, own[0]) == pytest.approx(wanted)


def test_cells_that_present_what_they_took_up_show_all_of_it():
    tissue = settled(plan(tissue__generate__densities={"cancer": "1500 cells/mm2", "dc": "300 cells/mm2"}))
    assert {shown(tissue, j) for j in slots(tissue, "dc")} == {1.0}


def test_decitabine_shows_cells_by_cancer_testis_antigens_and_trametinib_by_those_of_melanocytes():
    for drug, molecule, least in (("decitabine", "NY-ESO-1", 5.0), ("trametinib", "MART-1", 1.3)):
        dose = {"drug": drug, "amount": "100 uM", "lasting": "20 d"}
        asked = plan(arm=[{"name": "a", "dose": [dose]}], scenario__duration="20 d")
        rest, treated = settled(asked), exposed(asked)
        names = asked.species
        treated.exposure = asked.courses[0].regimen.exposure(
            10 * 1440.0, names.molecules, names.cells, names.defects
        )
        expression.settle(treated)
        m, own = names.molecules.index(molecule), slots(rest, "cancer")
        over_rest = treated.cells.arrays.level[m, own] / rest.cells.arrays.level[m, own]
        assert over_rest.mean() > least
        assert over_rest.min() > 1.0


def test_a_tumour_without_such_antigens_shows_what_is_fixed():
    tissue = settled(plan(tissue__tumour="tnbc"))
    assert len(tissue.tables.antigens) == 0
    assert {shown(tissue, j) for j in slots(tissue, "cancer")} == {1.0}


def test_an_antigen_that_no_cell_makes_leaves_the_rest_whole():
    none = {"tumour.melanoma.expresses.cancer.MART-1": "0 molecules"}
    tissue = settled(plan(knowledge=none))
    assert tissue.tables.antigens_fixed == pytest.approx(1.0 - MELANOMA.antigens["NY-ESO-1"].value)


def test_shares_sum_to_one_at_most():
    most = MELANOMA.antigens["MART-1"].model_copy(update={"value": 0.6})
    with pytest.raises(ValidationError, match="sum to more than 1"):
        Tumour.model_validate(dict(MELANOMA) | {"antigens": dict.fromkeys(NAMES, most)})
    with pytest.raises(InputError, match="more than 1"):
        plan(knowledge={"tumour.melanoma.antigens.NY-ESO-1": 0.9})


def test_a_drug_that_raises_an_antigen_is_proposed_by_it():
    setting = Setting(LIBRARY, "melanoma", {"cancer": 100.0, "cd8": 5.0})
    assert "raises NY-ESO-1" in pulls(setting, LIBRARY.drugs["guadecitabine"])["antigen"].ways
