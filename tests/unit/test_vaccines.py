"""Vaccines: a share of the T cells that arrive is primed, for a time; how they are given, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from opsonin.core.errors import InputError
from opsonin.engine import coupling, provenance
from opsonin.engine.recording import observables
from opsonin.engine.start import started
from opsonin.knowledge.library import load_library
from opsonin.laws.trafficking import primed_share
from opsonin.model.drugs import Drug
from opsonin.observe.pulls import Setting, pulls
from opsonin.tissue import trafficking
from tissues import plan, scenario, slots

DAY = 1440.0
LIBRARY = load_library()
GIVEN = {"drug": "neoantigen_dc_vaccine", "amount": "1 dose"}
VACCINE = LIBRARY.drugs["neoantigen_dc_vaccine"]
CELLS = tuple(sorted(LIBRARY.cells))


def asked(*doses, **changes):
    return plan(arm=[{"name": "a", "dose": list(doses)}], scenario__duration="60 d", **changes)


def primed(of, days):
    return [of.courses[0].regimen.primed(day * DAY, CELLS)[CELLS.index("cd8")] for day in days]


def arrived(of, flux, tick):
    """A tissue and the CD8 cells that arrive in a step from `tick`, as many as a flux by niche and state says."""
    tissue = started(of)
    source = next(s for s in tissue.arrivals if tissue.species.cells[s.kind] == "cd8")
    tissue.balance.flux[:] = 0.0
    tissue.balance.flux[tissue.arrivals.index(source), 1] = flux
    before = set(tissue.cells.arrays.id[slots(tissue, "cd8")].tolist())
    coupling.step(tissue, of.courses[0], tick, 10.0)
    trafficking.step(tissue, tick, 1000.0)
    return tissue, np.array([i for i in slots(tissue, "cd8") if int(tissue.cells.arrays.id[i]) not in before])


def test_primed_cells_come_late_are_most_at_the_peak_and_wane():
    effect = VACCINE.effects[0]
    numbers = (effect.share.value, effect.peak.value, effect.doubling.value, effect.half_life.value)
    share = [float(primed_share(day * DAY, *numbers)) for day in (0.0, 13.0, 14.0, 35.0)]
    assert share[0] < 1e-3 * share[2]
    assert share[2] == pytest.approx(effect.share.value)
    assert share[1] == pytest.approx(0.5 * share[2])
    assert share[3] == pytest.approx(0.5 * share[2])


def test_none_before_a_dose_and_doses_are_independent_chances():
    one, two = asked(GIVEN | {"at": "2 d"}), asked(GIVEN | {"at": "2 d", "every": "7 d", "until": "9 d"})
    assert primed(one, [1.9]) == [0.0]
    first, second = primed(one, [23.0])[0], primed(one, [16.0])[0]
    assert primed(two, [23.0])[0] == pytest.approx(1.0 - (1.0 - first) * (1.0 - second))


def test_of_those_that_arrive_that_share_recognises_the_tumour_and_no_more_come():
    numbers = {"drug.neoantigen_dc_vaccine.effects.presents:cd8.share": 0.5}
    bystanders = np.array([4e-6, 0.0, 0.0])
    came = {}
    for name, doses in (("none", ()), ("vaccine", (GIVEN,))):
        tissue, own = arrived(asked(*doses, knowledge=numbers), bystanders, round(14 * DAY * 60))
        came[name] = own
        reactive = tissue.cells.arrays.reactive[own] > 0
        carried = tissue.cells.arrays.level[tissue.species.molecules.index("PD-1"), own] > 0.0
        np.testing.assert_array_equal(carried, reactive)
        assert not tissue.cells.arrays.exhaustion[own][reactive].any()
        if name == "none":
            assert not reactive.any()
        else:
            assert abs(reactive.mean() - 0.5) < 4.0 * math.sqrt(0.25 / len(own))
    assert len(came["none"]) == len(came["vaccine"]) > 100


def test_those_that_would_recognise_it_anyway_come_as_worn_as_without():
    numbers = {"drug.neoantigen_dc_vaccine.effects.presents:cd8.share": 1}
    of = asked(GIVEN, knowledge=numbers)
    tissue, own = arrived(of, np.array([0.0, 0.0, 4e-6]), round(14 * DAY * 60))
    assert (tissue.cells.arrays.reactive[own] > 0).all()
    index = [tissue.species.cells[s.kind] for s in tissue.arrivals].index("cd8")
    worn = tissue.cells.arrays.exhaustion[own][tissue.cells.arrays.reactive[own] == 1]
    assert set(worn.tolist()) == {tissue.balance.exhaustion[index]}


def test_other_types_are_not_primed():
    found = asked(GIVEN).courses[0].regimen.primed(14 * DAY, CELLS)
    assert found[CELLS.index("cd8")] > 0.0
    assert not np.delete(found, CELLS.index("cd8")).any()


def test_a_run_stores_doses_and_observes_no_concentration():
    of = asked(GIVEN)
    assert not any("vaccine" in observable.name for observable in observables(of))
    assert provenance._unit_of(VACCINE) == "amount_doses"
    assert [dose.amount for dose in of.courses[0].regimen.drugs[0].doses] == [1.0]


@pytest.mark.parametrize(
    ("dose", "parts"),
    [
        (GIVEN | {"amount": "2 doses"}, ("one dose", "dose 1")),
        (GIVEN | {"amount": "1 mg"}, ("is a vaccine", '"1 dose"')),
        (GIVEN | {"amount": "1 uM", "lasting": "1 d"}, ("is a vaccine",)),
        (GIVEN | {"lasting": "1 d"}, ("lasting", "given at once")),
        ({"drug": "nivolumab", "amount": "1 dose"}, ("nivolumab is no vaccine", "240 mg")),
    ],
)
def test_a_vaccine_is_given_in_doses_and_nothing_else_is(dose, parts):
    with pytest.raises(InputError) as raised:
        scenario(arm=[{"name": "a", "dose": [dose]}])
    assert all(part in str(raised.value) for part in parts), str(raised.value)


def test_a_vaccine_has_no_other_effects_and_no_mass():
    nivolumab = LIBRARY.drugs["nivolumab"]
    for more in ({"effects": (*VACCINE.effects, *nivolumab.effects)}, {"molar_mass": nivolumab.molar_mass}):
        with pytest.raises(ValidationError, match="'presents' has no other effects"):
            Drug.model_validate(dict(VACCINE) | more)


def test_only_cells_that_see_peptides_are_primed():
    effect = VACCINE.effects[0].model_copy(update={"presents": "nk"})
    library = replace(LIBRARY, drugs={VACCINE.name: VACCINE.model_copy(update={"effects": (effect,)})})
    with pytest.raises(ValueError, match="'nk' see no peptides"):
        library.override("substrate.oxygen.blood", "40 mmHg")


def test_it_is_proposed_where_cells_arrive():
    setting = Setting(LIBRARY, "melanoma", {"cancer": 100.0, "cd8": 5.0})
    assert list(pulls(setting, VACCINE)["receptor"].ways) == ["primes CD8 T cells that arrive"]
    assert not pulls(replace(setting, perfused=False), VACCINE)
