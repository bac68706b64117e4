"""What immune cells say to each other and to the tumour: TNF, IL-10, acid, and the M2 programme of macrophages."""

from __future__ import annotations

import numpy as np
import pytest

import dish
from dish import LIBRARY, Dish
from opsonin.engine import tabulate
from opsonin.engine.start import settled
from opsonin.knowledge.library import Library
from tissues import exchanged_by_cells, plan, slots

PLENTY = 1e6  # nM, or mM: far above any half
FOREVER = 1e9  # min
DENSITIES = {
    "cancer": "2500 cells/mm2",
    "cd8": "600 cells/mm2",
    "macrophage": "400 cells/mm2",
    "treg": "100 cells/mm2",
    "fibroblast": "300 cells/mm2",
}
OXYGEN_SOLUBILITY = 1.3e-21 * 6.02214076e23  # molecules/um3/mmHg


@pytest.fixture
def all_followed(monkeypatch):
    """Every molecule is followed, those too that no law reads yet."""
    monkeypatch.setattr(tabulate, "followed", lambda library: tuple(sorted(library.molecules)))
    dish.tables.cache_clear()
    yield
    dish.tables.cache_clear()


def under(kind: str, molecule: str, signals: dict[str, float], library: Library = LIBRARY) -> float:
    """Level over rest, once it stands."""
    return Dish(library, kind=kind).put(**signals).live(FOREVER, FOREVER).over_rest(molecule)


# What moves, in which type, by which signal or regulator, under what, and to which multiple of its resting level.
MOVED = [
    ("cancer", "NF-kB", "tnf", {"tnf": PLENTY}, 3.0),
    ("fibroblast", "NF-kB", "tnf", {"tnf": PLENTY}, 3.0),
    ("endothelium", "NF-kB", "tnf", {"tnf": PLENTY}, 3.0),
    ("dc", "NF-kB", "tnf", {"tnf": PLENTY}, 3.0),
    ("cd8", "NF-kB", "tnf", {"tnf": PLENTY}, 3.0),
    ("cancer", "NF-kB", "tnf", {"tnf": 0.01}, 2.0),
    ("cancer", "MHC-I", "NF-kB", {"tnf": PLENTY}, 1.21),
    ("endothelium", "MHC-I", "NF-kB", {"tnf": PLENTY}, 1.21),
    ("cancer", "cFLIP", "NF-kB", {"tnf": PLENTY}, 1.3),
    ("cancer", "XIAP", "NF-kB", {"tnf": PLENTY}, 1.25),
    ("cd8", "TRAIL", "NF-kB", {"tnf": PLENTY}, 1.41),
    ("dc", "CD80", "NF-kB", {"tnf": PLENTY}, 1.56),
    ("dc", "CD86", "NF-kB", {"tnf": PLENTY}, 1.56),
    ("dc", "CD80", "il10", {"il10": PLENTY}, 0.4),
    ("dc", "CD86", "il10", {"il10": PLENTY}, 0.5),
    ("macrophage", "M2", "ifn_gamma", {"ifn_gamma": PLENTY}, 0.2),
    ("macrophage", "M2", "tnf", {"tnf": PLENTY}, 0.5),
    ("macrophage", "M2", "il10", {"il10": PLENTY}, 2.5),
    ("macrophage", "M2", "tgf_beta", {"tgf_beta": PLENTY}, 2.0),
    ("macrophage", "M2", "lactate", {"lactate": PLENTY}, 3.0),
    ("macrophage", "M2", "lactate", {"lactate": 10.0}, 2.0),
    ("macrophage", "M2", "adenosine", {"adenosine": PLENTY}, 1.5),
    ("mdsc", "M2", "lactate", {"lactate": PLENTY}, 3.0),
    ("macrophage", "PD-L1", "M2", {"tgf_beta": PLENTY}, 1.286),
    ("macrophage", "CD16", "M2", {"il10": PLENTY}, 1.27),
    ("macrophage", "MHC-II", "M2", {"tgf_beta": PLENTY}, 0.67),
    ("macrophage", "IRF1", "M2", {"il10": PLENTY}, 0.55),
    ("macrophage", "CD86", "M2", {"tgf_beta": PLENTY}, 0.92),
    ("cancer", "PD-L1", "lactate", {"lactate": 10.0}, 1.5),
    ("cancer", "PD-L1", "lactate", {"lactate": 1.0}, 1.01),
]


@pytest.mark.usefixtures("all_followed")
@pytest.mark.parametrize(("kind", "molecule", "by", "signals", "fold"), MOVED)
def test_a_signal_moves_a_molecule_by_one_shift_and_not_without_it(kind, molecule, by, signals, fold):
    alone = LIBRARY if molecule == "IRF1" else LIBRARY.override("molecule.IRF1.shifts.M2.fold_max", 1)
    deaf = alone.override(f"molecule.{molecule}.shifts.{by}.fold_max", 1)
    assert under(kind, molecule, signals, alone) == pytest.approx(fold, abs=0.02)
    assert under(kind, molecule, signals, deaf) == pytest.approx(1.0, abs=0.01)


def test_tnf_shields_tumour_cells_from_death_ligands_and_the_shield_falls_when_it_is_gone():
    tumour = Dish().put(tnf=PLENTY).live(3 * 1440.0)
    assert tumour.over_rest("Fas") < 0.9
    assert tumour.over_rest("DR5") < 0.9
    assert tumour.over_rest("cFLIP") > 1.25
    after = tumour.put(tnf=0.0).live(5 * 1440.0)
    for molecule in ("NF-kB", "Fas", "DR5", "cFLIP"):
        assert after.over_rest(molecule) == pytest.approx(1.0, abs=0.02), molecule


def test_a_proteasome_inhibitor_lowers_nf_kb_under_tnf_as_much_as_without():
    levels = {
        tnf: Dish().put(tnf=tnf).live(FOREVER, FOREVER, ("ixazomib", 1e9)).over_rest("NF-kB")
        for tnf in (0.0, PLENTY)
    }
    assert levels[PLENTY] / levels[0.0] == pytest.approx(3.0, rel=1e-3)
    assert levels[0.0] < 0.35


@pytest.mark.parametrize("kind", ["cd8", "nk", "car_t", "cancer", "endothelium"])
def test_il_10_does_nothing_by_itself_to_killers_and_to_cells_outside_the_blood(kind):
    kept = Dish(kind=kind).put(il10=PLENTY).live(FOREVER, FOREVER)
    carried = kept.rest > 0.0
    np.testing.assert_allclose(kept.cells.arrays.level[carried, 0], kept.rest[carried], rtol=1e-9)


def test_only_macrophages_and_mdsc_have_the_m2_programme():
    assert {name for name, cell in LIBRARY.cells.items() if "M2" in cell.expresses} == {"macrophage", "mdsc"}
    killer = Dish(kind="nk").put(il10=PLENTY, lactate=20.0).live(FOREVER, FOREVER)
    assert killer.over_rest("CD16") == pytest.approx(1.0, rel=1e-9)


def test_m2_macrophages_show_more_pd_l1_though_they_hear_less_interferon():
    assert under("macrophage", "PD-L1", {"il10": PLENTY}) > 1.1


def test_m2_macrophages_hear_interferon_less():
    heard = under("macrophage", "IRF1", {"ifn_gamma": 3e-3})
    assert under("macrophage", "IRF1", {"ifn_gamma": 3e-3, "il10": PLENTY}) < 0.75 * heard
    assert under("cancer", "IRF1", {"ifn_gamma": 3e-3, "il10": PLENTY}) == pytest.approx(
        under("cancer", "IRF1", {"ifn_gamma": 3e-3})
    )


def test_macrophages_turn_within_days_and_turn_back():
    macrophage = Dish(kind="macrophage").put(lactate=15.0)
    assert 1.2 < macrophage.live(720.0).over_rest("M2") < 1.6
    assert macrophage.live(6 * 1440.0).over_rest("M2") > 2.3
    assert macrophage.put(lactate=1.0, ifn_gamma=0.1).live(3 * 1440.0).over_rest("M2") < 0.6


# ------------------------------------------------------------------------------------------------ in the tissue


@pytest.fixture(scope="module")
def field():
    """A melanoma field with the cells that talk, at equilibrium with them."""
    generate = {"size": ["200 um", "200 um"], "densities": dict(DENSITIES)}
    return settled(plan(tissue__generate=generate))


def mean(tissue, substrate):
    return float(tissue.fields.values[tissue.species.substrates.index(substrate)].mean())


def given_and_taken(tissue, substrate, kind):
    """Mean release and clearance of a type as its cells are now."""
    clearance, release = exchanged_by_cells(tissue, substrate)
    those = slots(tissue, kind)
    return release[those].mean(), clearance[those].mean()


def test_a_melanoma_field_keeps_its_acid_and_its_cytokines_within_what_tumours_hold(field):
    """pH 6.5 to 7.2 (evidence:C096); IL-10 and TNF some to some hundred pg/mL of tumour, recalled: below 30 pM."""
    ph = 7.4 - (mean(field, "lactate") - 1.0) / 20.0
    assert 6.5 < ph < 7.2
    assert 3e-4 < mean(field, "il10") < 0.03
    assert 0.0 < mean(field, "tnf") < 0.03


@pytest.mark.parametrize("substrate", ["il10", "tgf_beta", "vegf"])
def test_macrophages_secrete_in_proportion_to_m2(field, substrate):
    m2 = field.species.molecules.index("M2")
    those = slots(field, "macrophage")
    kept = field.cells.arrays.level[m2, those].copy()
    before, _ = given_and_taken(field, substrate, "macrophage")
    field.cells.arrays.level[m2, those] = 3.0 * kept
    after, _ = given_and_taken(field, substrate, "macrophage")
    field.cells.arrays.level[m2, those] = kept
    assert before > 0.0
    assert after == pytest.approx(3.0 * before, rel=1e-9)


def test_killers_secrete_tnf_as_far_as_they_are_at_work(field):
    those = slots(field, "cd8")
    arrays = field.cells.arrays
    kept = arrays.activation[those].copy()
    found = []
    for activation in (0.0, 0.5, 1.0):
        arrays.activation[those] = activation
        found.append(given_and_taken(field, "tnf", "cd8")[0])
    arrays.activation[those] = kept
    assert found[0] == 0.0 < found[1]
    assert found[2] == pytest.approx(2.0 * found[1], rel=1e-9)


def test_macrophages_secrete_tnf_under_interferon(field):
    arrays, index = field.cells.arrays, field.species.substrates.index("ifn_gamma")
    kept = arrays.signal[index].copy()
    found = []
    for interferon in (0.0, 0.01, 10.0):
        arrays.signal[index] = interferon
        found.append(given_and_taken(field, "tnf", "macrophage")[0])
    arrays.signal[index] = kept
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.5 * found[2], rel=0.01)


@pytest.mark.parametrize("kind", ["cancer", "fibroblast", "macrophage", "cd8", "treg"])
def test_lactate_is_burnt_where_there_is_oxygen_and_not_without(field, kind):
    arrays, oxygen = field.cells.arrays, field.tables.oxygen
    kept = arrays.signal[oxygen].copy()
    found = []
    for pressure in (60.0, 2.0, 0.0):
        arrays.signal[oxygen] = pressure
        found.append(given_and_taken(field, "lactate", kind)[1])
    arrays.signal[oxygen] = kept
    assert found[0] > 0.0 == found[2]
    assert found[1] == pytest.approx(0.5 * found[0], rel=0.01)


def test_no_cell_burns_more_lactate_than_its_oxygen_allows():
    """Three molecules of oxygen for one of lactate."""
    burning = [cell for cell in LIBRARY.cells.values() if cell.exchanges["lactate"].uptake_max is not None]
    assert {"cancer", "fibroblast", "endothelium", "macrophage", "cd8"} <= {cell.name for cell in burning}
    for cell in burning:
        breathed = cell.exchanges["oxygen"].uptake_max.value * OXYGEN_SOLUBILITY
        assert 3.0 * cell.exchanges["lactate"].uptake_max.value < breathed, cell.name


def test_every_cell_beside_the_tumour_says_something_that_is_followed():
    for cell in LIBRARY.cells.values():
        said = [e for name, e in cell.exchanges.items() if name != "lactate" and (e.secretion or e.enzyme)]
        assert said or cell.role == "tumour", cell.name
        assert cell.exchanges["tnf"].uptake_max, cell.name
