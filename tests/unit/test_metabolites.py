"""What a drug is turned into and that acts: how it comes and goes, what counts, and that none of it is lost."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.model.drugs import Metabolite
from opsonin.patient.drug_names import Names
from opsonin.patient.exposure import Regimen
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.patient.pharmacokinetics import DrugCourse, Held, OneDose

LIBRARY = load_library()
DRUGS = LIBRARY.drugs
WITH = [name for name, drug in sorted(DRUGS.items()) if drug.kinetics and drug.kinetics.metabolite]
ALONE = [name for name in WITH if DRUGS[name].kinetics.metabolite.potency is None]
DAY = 1440.0


def course(drug, *doses, held=()):
    return DrugCourse(drug, tuple(OneDose(*dose) for dose in doses), held)


def changed(name, key, text):
    return LIBRARY.override(f"drug.{name}.kinetics.{key}", text).drugs[name]


def exposure(of):
    """Area under a concentration over 20 days [nM min], by steps that grow with time."""
    edges = np.concatenate([[0.0], np.geomspace(0.1, 20 * DAY, 3000)])
    return sum((late - early) * of(0.5 * (early + late)) for early, late in pairwise(edges))


@pytest.mark.parametrize("name", WITH)
def test_exposure_to_a_metabolite_is_what_is_formed_over_its_clearance(name):
    """In moles, whatever its volume: f CL / CLm of the exposure to the drug."""
    drug = DRUGS[name]
    made, given = drug.kinetics.metabolite, course(drug, (0.0, 100.0))
    share = made.fraction_formed.value * drug.kinetics.clearance.value / made.clearance.value
    assert exposure(given.metabolite) == pytest.approx(share * exposure(given.plasma), rel=0.01)


@pytest.mark.parametrize("name", ALONE)
def test_a_drug_that_acts_by_its_metabolite_alone_does_nothing_where_none_is_formed(name):
    none = course(changed(name, "metabolite.fraction_formed", "0"), (0.0, 1000.0))
    assert none.plasma(60.0) > 0.0
    assert [none.tissue(time) for time in (0.0, 60.0, DAY)] == [0.0, 0.0, 0.0]
    assert course(DRUGS[name], (0.0, 1000.0)).tissue(60.0) > 0.0
    cells = ("cancer", "cd8")
    assert not Regimen((none,), DAY).exposure(60.0, ("MHC-I",), cells).toxic.any()


def test_the_drug_itself_does_not_act_at_once():
    given = course(DRUGS["cyclophosphamide"], (0.0, 1000.0))
    assert given.plasma(0.0) > 0.0
    assert given.tissue(0.0) == 0.0
    assert given.tissue(60.0) > 0.0


def test_both_act_where_a_potency_is_given():
    drug = DRUGS["cyclophosphamide"]
    number = drug.kinetics.metabolite.tissue_partition.model_copy(update={"value": 3.0, "unit": ""})
    both = drug.kinetics.metabolite.model_copy(update={"potency": number})
    together = drug.model_copy(update={"kinetics": drug.kinetics.model_copy(update={"metabolite": both})})
    alone = drug.model_copy(update={"kinetics": drug.kinetics.model_copy(update={"metabolite": None})})
    doses = ((0.0, 1000.0), (300.0, 500.0, 60.0))
    times = [0.0, 30.0, 400.0, DAY]
    expected = [
        course(alone, *doses).tissue(time) + 3.0 * course(drug, *doses).tissue(time) for time in times
    ]
    assert [course(together, *doses).tissue(time) for time in times] == pytest.approx(expected, rel=1e-12)
    model = PatientModel.of([together])
    engine = Integrator(model.sbml, "both")
    given = model.changes(Given(dose[0], drug.name, dose[1], *dose[2:]) for dose in doses)
    assert engine.run([Names(drug.name).tumour], times, given).values[:, 0] == pytest.approx(
        expected, rel=1e-6
    )


@pytest.mark.parametrize("name", WITH)
def test_an_infusion_is_many_small_doses_of_a_metabolite_too(name):
    count, hours = 2000, 3.0
    infused = course(DRUGS[name], (30.0, 100.0, hours * 60.0))
    pieces = [(30.0 + (k + 0.5) * hours * 60.0 / count, 100.0 / count) for k in range(count)]
    for time in (20.0, 210.0, 400.0, DAY):
        exact = course(DRUGS[name], *pieces).metabolite(time)
        assert infused.metabolite(time) == pytest.approx(exact, rel=1e-4, abs=1e-9)


def test_a_metabolite_that_stays_as_long_as_its_drug_has_no_gap_in_its_sums():
    drug = DRUGS["cyclophosphamide"]
    rate = drug.kinetics.clearance.value / drug.kinetics.central_volume.value
    volume = drug.kinetics.metabolite.clearance.value / rate
    alike = course(changed(drug.name, "metabolite.volume", f"{volume!r} L"), (0.0, 1000.0))
    made = drug.kinetics.metabolite.fraction_formed.value * 1000.0 * rate * 60.0 * math.exp(-rate * 60.0)
    assert alike.metabolite(60.0) == pytest.approx(made / volume / drug.molar_mass.value * 1e9, rel=1e-4)


def test_a_concentration_that_is_held_is_that_of_what_acts():
    held = course(DRUGS["cyclophosphamide"], held=(Held(0.0, DAY, 3000.0),))
    assert held.tissue(10.0) == 3000.0
    rate = next(e for e in DRUGS["cyclophosphamide"].effects if e.label == "kills:cancer").rate_max.value
    toxic = Regimen((held,), DAY).exposure(10.0, (), ("cancer",)).toxic
    assert toxic[0, 0] == pytest.approx(0.5 * rate)


def test_drugs_that_are_swallowed_may_have_two_compartments():
    """The sum of three exponentials is what the equations give: a dose of which all has left the depot at once."""
    drug = DRUGS["venetoclax"]
    assert drug.kinetics.peripheral_volume is not None
    at_once = changed("venetoclax", "absorption_half_life", "1e-4 min")
    bolus = drug.model_copy(
        update={"kinetics": drug.kinetics.model_copy(update={"absorption_half_life": None})}
    )
    times = np.array([60.0, DAY, 4 * DAY])
    swallowed = [course(at_once, (0.0, 400.0)).plasma(time) for time in times]
    assert swallowed == pytest.approx([course(bolus, (0.0, 400.0)).plasma(time) for time in times], rel=1e-4)


def test_a_metabolite_needs_all_its_numbers():
    with pytest.raises(ValueError, match="clearance"):
        Metabolite.model_validate({"name": "any", "fraction_formed": {"value": 1, "assumed": "for a test"}})


def test_it_is_told_what_acts_and_why_a_drug_has_no_kinetics():
    told = "; ".join(DRUGS["cyclophosphamide"].in_words())
    assert "acts as 4-hydroxycyclophosphamide" in told
    assert "acts together with hydroxy-dabrafenib" in "; ".join(DRUGS["dabrafenib"].in_words())
    assert "never given to people" in "; ".join(DRUGS["s63845"].in_words())


def test_every_drug_that_blood_could_carry_has_kinetics_or_says_why_not():
    missing = {
        name
        for name, drug in DRUGS.items()
        if not (drug.kinetics or drug.no_kinetics or drug.radiates or drug.product or drug.vaccinates)
    }
    assert missing == set()


def test_the_table_of_a_course_has_the_metabolite():
    columns = [output.column for output in PatientModel.of([DRUGS["cyclophosphamide"]]).outputs]
    assert "cyclophosphamide_metabolite_plasma_nM" in columns
    assert "cyclophosphamide_metabolite_mg" in columns
