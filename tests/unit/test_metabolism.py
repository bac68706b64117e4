"""Metabolism: what cells burn, make and feel, and the drugs that act on it."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from opsonin.core.errors import InputError
from opsonin.engine.start import settled, started
from opsonin.kernels.metabolism import fitness_of, fitness_under
from opsonin.knowledge.library import load_library
from opsonin.laws.metabolism import hypoxic_fold
from opsonin.model.knowledge import Exchange
from opsonin.observe.observables import Acid, observables_of
from opsonin.observe.pulls import Setting, pulls
from opsonin.tissue import transport
from tissues import exchanged_by_cells, grown, plan

FIELD = {"tissue__generate__size": ["300 um", "300 um"]}


def given(drug, **changes):
    """A tissue under a constant level of a drug, an hour on."""
    dose = {"drug": drug, "amount": "1000 nM", "lasting": "1 d"}
    return grown(plan(arm=[{"name": "treated", "dose": [dose]}], **FIELD, **changes), 60.0)


def untreated(**changes):
    return grown(plan(**FIELD, **changes), 60.0)


def mean(tissue, substrate):
    return float(tissue.fields.values[tissue.species.substrates.index(substrate)].mean())


def cells_of(tissue, kind):
    n = tissue.cells.n
    alive = tissue.cells.arrays.phase[:n] <= 1
    return np.flatnonzero((tissue.cells.arrays.kind[:n] == tissue.species.cells.index(kind)) & alive)


def fitness(tissue, kind="cd8", substrate=None):
    """Mean fitness of a type, or what one substrate leaves of it."""
    arrays, free = tissue.cells.arrays, tissue.exposure.free
    own = tissue.tables.fitness[tissue.species.cells.index(kind)]
    if substrate is None:
        values = [fitness_of(arrays.signal, own, free, i) for i in cells_of(tissue, kind)]
    else:
        s = tissue.species.substrates.index(substrate)
        values = [fitness_under(arrays.signal, own, free, i, s) for i in cells_of(tissue, kind)]
    return float(np.mean(values))


@pytest.fixture(scope="module")
def field():
    return untreated()


def test_a_melanoma_field_comes_to_levels_measured_in_tumours(field):
    """Ranges measured in tumours: glucose and pH (evidence:C097 among others), adenosine, kynurenine."""
    assert 0.5 < mean(field, "glucose") < 3.5
    assert 5.0 < mean(field, "lactate") < 20.0
    assert 0.1 < mean(field, "adenosine") < 10.0
    assert 1.9 < mean(field, "kynurenine") < 15.0


def test_lactate_leaves_the_tissue_as_fast_as_glucose_makes_it(field):
    """At equilibrium: what comes in of glucose times what each molecule makes of lactate, less the little burnt."""
    transport.settle(field)
    flux = {}
    for name in ("glucose", "lactate"):
        index = field.species.substrates.index(name)
        substrate, values = field.substrates[index], field.fields.values[index]
        conductance = transport.vessel_conductance(substrate, field.fields.spacing, field.fields.spacing[0])
        ny, nx = values.shape[1:]
        row = np.minimum((field.vessels.y / field.box[1] * ny).astype(int), ny - 1)
        across = np.minimum((field.vessels.x / field.box[0] * nx).astype(int), nx - 1)
        flux[name] = conductance * np.sum(values[0, row, across] - substrate.blood)
    per_type = field.tables.exchanges["made_per"][:, field.species.substrates.index("lactate")]
    present = [per_type[field.species.cells.index(kind)] for kind in ("cancer", "cd8", "other")]
    assert min(present) < -flux["lactate"] / flux["glucose"] < max(present)


def test_without_oxygen_cells_burn_twice_the_glucose():
    """Blood without oxygen, glucose held by an uptake far below supply."""
    slow = {"cell.cancer.exchanges.glucose.uptake_max": "1e7 molecules/min"}
    anoxic = slow | {"substrate.oxygen.blood": "0.01 mmHg"}
    found, wanted = {}, {}
    for name, knowledge in (("oxic", slow), ("anoxic", anoxic)):
        tissue = started(plan(knowledge=knowledge, **FIELD))
        index = tissue.species.substrates.index("glucose")
        arrays, i = tissue.cells.arrays, cells_of(tissue, "cancer")[0]
        clearance, _ = exchanged_by_cells(tissue, "glucose")
        found[name] = clearance[i] * (0.5 + arrays.signal[index, i])
        wanted[name] = hypoxic_fold(2.0, float(arrays.signal[tissue.tables.oxygen, i]), 5.0)
    assert wanted["anoxic"] > 1.7 * wanted["oxic"]
    assert found["anoxic"] / found["oxic"] == pytest.approx(wanted["anoxic"] / wanted["oxic"], rel=1e-6)


def test_blocking_cd73_takes_the_adenosine_away_and_spares_killers(field):
    treated = given("oleclumab")
    assert mean(treated, "adenosine") < 0.2 * mean(field, "adenosine")
    assert fitness(treated, substrate="adenosine") > fitness(field, substrate="adenosine") + 0.1
    assert fitness(treated, substrate="lactate") == pytest.approx(
        fitness(field, substrate="lactate"), rel=0.01
    )


def test_blocking_cd73_does_nothing_where_no_cell_carries_it():
    kinds = ("cancer", "b_cell", "endothelium", "fibroblast", "treg")
    none = {f"cell.{kind}.expresses.CD73": "0 molecules" for kind in kinds}
    treated, control = (of(knowledge=none) for of in (lambda **k: given("oleclumab", **k), untreated))
    np.testing.assert_array_equal(treated.fields.values, control.fields.values)
    assert mean(control, "adenosine") < 0.06  # that of blood


def test_blocking_cd39_leaves_the_adenosine_that_comes_by_other_ways(field):
    treated, by_cd73 = given("ttx_030"), given("oleclumab")
    lowered = mean(treated, "adenosine") - mean(by_cd73, "adenosine")
    assert lowered / (mean(field, "adenosine") - mean(by_cd73, "adenosine")) == pytest.approx(0.2, abs=0.03)
    assert fitness(treated, substrate="adenosine") > fitness(field, substrate="adenosine") + 0.05


def test_cd39_feeds_cd73_over_its_rest_and_leaves_the_mean_of_a_type_as_it_was():
    one = settled(plan(**FIELD))
    arrays, tables = one.cells.arrays, one.tables
    cd39 = one.species.molecules.index("CD39")
    own = cells_of(one, "cancer")
    made = {}
    for name, fold in (("as drawn", None), ("none", 0.0), ("rest", 1.0), ("twice", 2.0)):
        if fold is not None:
            arrays.level[cd39, own] = fold * tables.resting[one.species.cells.index("cancer"), cd39]
        _, release = exchanged_by_cells(one, "adenosine")
        made[name] = release[own].copy()
    ratio = {name: float((made[name] / made["rest"]).mean()) for name in made}
    assert ratio["none"] == pytest.approx(0.2)
    assert ratio["twice"] == pytest.approx(0.2 + 0.8 * 1.3 * 2.0 / 2.3)
    mean_share = float(
        tables.exchanges["fed_mean"][
            one.species.cells.index("cancer"), one.species.substrates.index("adenosine")
        ]
    )
    assert 0.8 < mean_share < 1.0
    assert ratio["as drawn"] == pytest.approx(mean_share, abs=4.0 * 0.25 / len(own) ** 0.5)


def test_what_feeds_an_enzyme_needs_one():
    numbers = load_library().cells["cancer"].exchanges["adenosine"]
    fed = {key: getattr(numbers, key) for key in ("fed_by", "fed_half", "fed_least")}
    assert Exchange.model_validate(dict(numbers)) == numbers
    with pytest.raises(ValidationError, match="'fed_by' needs an 'enzyme'"):
        Exchange.model_validate(fed)
    with pytest.raises(ValidationError, match="'fed_by' and 'fed_half' go together"):
        Exchange.model_validate(dict(numbers) | {"fed_half": None})


def test_a_cd39_blocker_is_proposed_against_adenosine():
    setting = Setting(load_library(), "melanoma", {"cancer": 100.0, "cd8": 5.0, "fibroblast": 5.0})
    (way,) = pulls(setting, load_library().drugs["ttx_030"])["adenosine"].ways
    assert way == "blocks CD39, which feeds what makes adenosine"


def test_an_antagonist_at_the_receptor_spares_killers_and_leaves_the_adenosine(field):
    treated = given("etrumadenant")
    assert mean(treated, "adenosine") == pytest.approx(mean(field, "adenosine"), rel=0.02)
    assert fitness(treated, substrate="adenosine") > 0.98 > fitness(field, substrate="adenosine") + 0.05


def test_ido_inhibition_lowers_kynurenine_below_that_of_blood(field):
    assert mean(given("epacadostat"), "kynurenine") < 2.0 < mean(field, "kynurenine")


def test_tgf_beta_of_stroma_holds_killers_back_through_its_receptor():
    densities = {"cancer": "1500 cells/mm2", "cd8": "400 cells/mm2", "fibroblast": "1500 cells/mm2"}
    stroma = {"tissue__generate__densities": densities}
    control, treated = untreated(**stroma), given("galunisertib", **stroma)
    assert mean(treated, "tgf_beta") == pytest.approx(mean(control, "tgf_beta"), rel=0.02)
    assert fitness(control, substrate="tgf_beta") < 0.95
    assert fitness(treated, substrate="tgf_beta") > 0.5 * (1.0 + fitness(control, substrate="tgf_beta"))


@pytest.mark.parametrize("kind", ["cd8", "nk"])
def test_killers_in_acid_hit_less(kind):
    """All else the same, with lactate of blood at 20 mM: pH 6.45."""
    densities = {"cancer": "2000 cells/mm2", kind: "1000 cells/mm2"}
    changes = {"tissue__generate__densities": densities}
    seen = {
        "cell.cd8.lytic.reactive_fraction": 1,
        "cell.cd8.lytic.pd1_positive": 1,
        "cell.cd8.lytic.exhaustion_initial": 0,
        "molecule.PD-L1.shifts.lactate.fold_max": 1,  # what acid does to the target is tested in test_signals
    }
    acid = seen | {"substrate.lactate.blood": "20 mM"}
    mild, sour = (grown(plan(knowledge=k, **FIELD, **changes), 720.0) for k in (seen, acid))
    assert mild.counters["hits"] >= 20
    assert sour.counters["hits"] < 0.6 * mild.counters["hits"]


def test_ph_follows_lactate_over_the_buffer(field):
    asked = observables_of(
        {},
        {},
        {"lactate": ("Lactate", "mM")},
        set(),
        set(),
        {},
        {},
        {"lactate": Acid(1.0, 7.4, 20.0)},
        toxic=False,
    )
    ph = next(item for item in asked if item.name == "ph_mean")

    class Snapshot:
        fields = type("Fields", (), {"values": np.full((1, 1, 2, 2), 11.0)})

    assert ph.of(Snapshot) == pytest.approx(6.9)


def test_levels_do_not_depend_on_the_grid():
    found = {}
    for spacing in ("10 um", "20 um"):
        tissue = settled(plan(numerics__spacing=spacing, **FIELD))
        found[spacing] = [mean(tissue, name) for name in ("glucose", "lactate", "adenosine")]
    np.testing.assert_allclose(found["10 um"], found["20 um"], rtol=0.02)


def test_a_type_cannot_need_and_suffer_from_the_same():
    numbers = {
        f"cell.nk.suffers.glucose.{key}": value for key, value in (("half", "1 mM"), ("hill", 1), ("most", 1))
    }
    with pytest.raises(InputError):
        plan(knowledge=numbers)


def test_shed_mica_takes_nkg2d_off_natural_killers():
    densities = {"cancer": "2500 cells/mm2", "nk": "400 cells/mm2"}
    changes = FIELD | {"tissue__generate__densities": densities, "tissue__tumour": "ovarian"}
    path = "cell.cancer.exchanges.soluble_nkg2d_ligand.turnover"
    carried = {}
    for name, rate in (("held", "0 1/h"), ("shed", "0.04 1/h")):
        tissue = grown(plan(knowledge={path: rate}, **changes), 60.0)
        level = tissue.cells.arrays.level[tissue.species.molecules.index("NKG2D")]
        carried[name] = level[cells_of(tissue, "nk")].mean(), mean(tissue, "soluble_nkg2d_ligand")
    assert carried["held"][1] < 0.004  # nM, that of blood
    assert carried["shed"][1] > 0.03
    assert carried["shed"][0] < 0.95 * carried["held"][0]


def test_sinusoids_of_marrow_wash_its_acid_away():
    """Drawn alike but for what its vessels let through."""
    marrow = {"geometry": "marrow", "size": ["250 um", "250 um"]}
    lactate = {}
    for name, fold in (("sinusoids", 10), ("tumour vessels", 1)):
        knowledge = {"geometry.marrow.permeability": fold}
        tissue = settled(plan(tissue__tumour="b_all", tissue__generate=marrow, knowledge=knowledge))
        lactate[name] = mean(tissue, "lactate")
    assert lactate["sinusoids"] < 0.6 * lactate["tumour vessels"]
