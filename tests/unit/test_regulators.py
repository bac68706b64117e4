"""Regulators stand between signal or drug and molecule: one cause, several molecules, each with its own delay."""

from __future__ import annotations

import numpy as np
import pytest

from dish import LIBRARY, PLENTY, Dish
from opsonin.knowledge.regulators import regulators_first, with_regulators

DAY = 1440.0


def test_regulators_come_before_what_they_regulate():
    order = regulators_first(LIBRARY, sorted(LIBRARY.molecules))
    assert sorted(order) == sorted(LIBRARY.molecules)
    for name, molecule in LIBRARY.molecules.items():
        for shift in molecule.shifts:
            assert shift.by not in order or order.index(shift.by) < order.index(name)


def test_regulators_of_regulators_are_followed_too():
    assert with_regulators(LIBRARY, ["DR5"]) == {"DR5", "YY1", "NF-kB", "p53"}


@pytest.mark.parametrize("kind", ["cancer", "macrophage", "cd8"])
@pytest.mark.parametrize("step", [1.0, 6.0, 1e9])
def test_at_rest_a_cell_stays_at_rest(kind, step):
    dish = Dish(kind=kind).live(10 * step, step)
    n = dish.cells.n
    np.testing.assert_allclose(dish.cells.arrays.level[:, :n], np.repeat(dish.rest[:, None], n, 1), rtol=1e-9)


def response(molecule: str, interferon: float) -> float:
    return Dish().put(ifn_gamma=interferon).live(1e9, 1e9).over_rest(molecule)


@pytest.mark.parametrize(
    ("molecule", "fold"),
    [
        ("MHC-I", 3.0),
        ("PD-L1", 6.0),
        ("HLA-E", 3.0),
        ("Fas", 2.0),
        ("MICA", 0.5),
        ("ULBP", 0.6),
    ],
)
def test_through_its_regulator_interferon_does_in_all_what_was_measured(molecule, fold):
    """evidence:C037 and the notes: the fold at saturation, and half of the change at 2.96 pM."""
    assert response(molecule, 1e6) == pytest.approx(fold, rel=0.01)
    assert response(molecule, 2.96e-3) == pytest.approx(0.5 * (1.0 + fold), rel=0.01)


def test_interferon_raises_mhc_i_within_a_day_and_most_of_the_rise_is_gone_eight_days_after_it():
    """evidence:B022 and B023: HLA-ABC is up by 24 h; more than half of the rise is lost 8 days after removal."""
    dish = Dish().put(ifn_gamma=1.0)
    day = dish.live(DAY).over_rest("MHC-I")
    assert day > 1.5
    full = dish.live(6 * DAY).over_rest("MHC-I")
    left = dish.put(ifn_gamma=0.0).live(8 * DAY).over_rest("MHC-I")
    assert 0.0 < left - 1.0 < 0.5 * (full - 1.0)


def test_hypoxia_raises_pd_l1_and_plenty_of_oxygen_lets_it_fall():
    """Half of the answer of HIF-1 lies at 13 mmHg."""
    hypoxic = Dish().put(oxygen=13.0).live(1e9, 1e9)
    assert hypoxic.over_rest("HIF-1a") == pytest.approx(5.5, rel=1e-3)
    assert hypoxic.over_rest("PD-L1") > 1.3
    assert hypoxic.put(oxygen=PLENTY).live(10 * DAY).over_rest("PD-L1") == pytest.approx(1.0, abs=0.01)


def test_what_lacks_a_regulator_does_not_hear_it():
    """TNBC mostly carry a mutated p53: what damages DNA raises their receptors through YY1 alone."""
    moved = [Dish(tumour=name).live(1e9, 1e9, ("gemcitabine", 1e9)) for name in ("melanoma", "tnbc")]
    assert moved[0].over_rest("Fas") == pytest.approx(1.7, rel=0.01)
    assert moved[1].over_rest("Fas") == 1.0


EFFECTS_THROUGH = [
    ("trametinib", "ERK", {"MHC-I": 1.7, "MCL-1": 0.7}),
    ("capivasertib", "AKT", {"PD-L1": 0.8, "XIAP": 0.77, "BCL-XL": 0.84, "survivin": 0.73, "MCL-1": 0.84}),
    ("ixazomib", "NF-kB", {"cFLIP": 0.68, "XIAP": 0.73, "BCL-XL": 0.73, "MHC-I": 0.89, "Fas": 1.33}),
    ("palbociclib", "IRF1", {"MHC-I": 1.46, "PD-L1": 2.14}),
    ("oxaliplatin", "p53", {"BAX": 1.5, "DR5": 1.5, "Fas": 1.7}),
]


@pytest.mark.parametrize(("drug", "regulator", "moved"), EFFECTS_THROUGH)
def test_a_drug_moves_several_molecules_through_one_cause_and_none_where_it_is_taken_away(
    drug, regulator, moved
):
    under = Dish().live(1e9, 1e9, (drug, 1e9))
    knocked_out = Dish(LIBRARY.override(f"cell.cancer.expresses.{regulator}", "0 molecules"))
    knocked_out.live(1e9, 1e9, (drug, 1e9))
    for molecule, fold in moved.items():
        assert under.over_rest(molecule) == pytest.approx(fold, abs=0.02), molecule
        assert knocked_out.over_rest(molecule) == pytest.approx(1.0, rel=1e-9), molecule


def test_a_nitric_oxide_donor_opens_cells_to_both_death_ligands():
    """doi:10.1016/j.niox.2008.08.001: less NF-kB and YY1, more DR5; PD-L1 falls with YY1."""
    under = Dish().live(2 * DAY, 6.0, ("detanonoate", 1e6))
    assert under.over_rest("DR5") > 1.5
    assert under.over_rest("Fas") > 1.3
    assert under.over_rest("cFLIP") < 0.85
    assert under.over_rest("PD-L1") < 0.9


def test_rituximab_opens_cells_that_carry_cd20_to_both_death_ligands_and_no_others():
    """20 ug/mL, 137 nM, for two days."""
    b_cell, melanoma = (
        Dish(tumour=name).live(2 * DAY, 6.0, ("rituximab", 137.0)) for name in ("dlbcl", "melanoma")
    )
    assert b_cell.over_rest("NF-kB") < 0.45
    assert b_cell.over_rest("Fas") > 1.4
    assert b_cell.over_rest("DR5") > 1.4
    assert b_cell.over_rest("BCL-XL") < 0.9
    assert melanoma.over_rest("NF-kB") == melanoma.over_rest("DR5") == 1.0


def test_a_regulated_molecule_follows_with_the_delay_of_both():
    fast, slow = (Dish().live(minutes, 6.0, ("trametinib", 1e9)) for minutes in (60.0, 3 * DAY))
    assert fast.over_rest("ERK") < 0.1
    assert 1.0 < fast.over_rest("MHC-I") < 1.05 < slow.over_rest("MHC-I")


@pytest.mark.parametrize(
    ("drug", "molecule"), [("ixazomib", "DR5"), ("ixazomib", "cFLIP"), ("cisplatin", "BAX")]
)
def test_halving_the_step_does_not_change_what_is_regulated(drug, molecule):
    """Of second order: a regulator seen at the beginning or end of a step would give four times these errors."""
    levels = {
        step: Dish().live(120.0, step, (drug, 1e9)).over_rest(molecule) for step in (12.0, 6.0, 3.0, 0.1)
    }
    errors = [abs(levels[step] - levels[0.1]) for step in (12.0, 6.0, 3.0)]
    change = abs(levels[0.1] - 1.0)
    assert errors[1] < 2e-3 * change
    assert errors[2] < 0.35 * errors[1] < 0.35**2 * errors[0] * 1.5


def test_cells_differ_in_their_regulators_and_so_in_what_these_regulate():
    dish = Dish(n=2)
    m = dish.names.molecules.index("NF-kB")
    dish.cells.arrays.variation[m, :2] = 0.5, 2.0
    dish.live(1e9, 1e9)
    level = dish.cells.arrays.level[dish.names.molecules.index("cFLIP"), :2] / 1e4
    assert level[0] < 0.85
    assert level[1] > 1.15
