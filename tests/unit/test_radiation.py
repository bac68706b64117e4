"""Radiation: fractions in Gy, survivors by the linear-quadratic law, what it raises and for how long; and faults."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dish import Dish
from opsonin.core.errors import InputError
from opsonin.engine.run import run
from opsonin.knowledge.library import load_library
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, OneDose
from tissues import grown, live, plan, scenario

DAY = 1440.0
LIBRARY = load_library()
CELLS = tuple(sorted(LIBRARY.cells))
EFFECTS = {effect.label: effect for effect in LIBRARY.drugs["radiation"].effects}


def regimen(*fractions, step=6.0, library=LIBRARY):
    """Fractions as (day, Gy)."""
    doses = tuple(OneDose(day * DAY, gray) for day, gray in fractions)
    return Regimen((DrugCourse(library.drugs["radiation"], doses),), 60 * DAY, step)


def survivors(cell, days, *fractions, step=360.0):
    """Share of cells that live on, by the hazards that a tissue is given step by step."""
    treated, index = regimen(*fractions, step=step), CELLS.index(cell)
    hazards = [treated.exposure(k * step, (), CELLS).toxic[index, 0] for k in range(round(days * DAY / step))]
    return math.exp(-step * sum(hazards))


@pytest.mark.parametrize("step", [6.0, 60.0, 360.0])
@pytest.mark.parametrize("gray", [0.5, 2.0, 8.0])
def test_the_survivors_of_a_fraction_are_linear_quadratic_whatever_the_step(gray, step):
    effect = EFFECTS["irradiates:cancer"]
    expected = math.exp(-(effect.alpha.value * gray + effect.beta.value * gray**2))
    assert survivors("cancer", 40.0, (0.0, gray), step=step) == pytest.approx(expected, rel=1e-4)


def test_fractions_multiply_and_spare_what_one_dose_would_not():
    two, once = (survivors("cancer", 50.0, *doses) for doses in ([(0.0, 4.0), (1.0, 4.0)], [(0.0, 8.0)]))
    assert two == pytest.approx(survivors("cancer", 50.0, (0.0, 4.0)) ** 2, rel=1e-3)
    assert two > 1.5 * once


def test_lymphocytes_are_more_sensitive_than_tumour_cells_and_die_sooner():
    left = {cell: survivors(cell, 20.0, (0.0, 2.0)) for cell in CELLS}
    assert left["b_cell"] < left["cd4"] < left["cd8"] < left["cancer"] < left["nk"] < left["macrophage"]
    died = {cell: 1.0 - survivors(cell, 1.0, (0.0, 2.0)) for cell in ("cancer", "cd8")}
    assert died["cd8"] > 0.8 * (1.0 - left["cd8"])
    assert died["cancer"] < 0.5 * (1.0 - left["cancer"])


RAISED = ("Fas", "DR5", "MHC-I", "MICA", "PD-L1")


def course(days, *fractions, library=LIBRARY):
    """Molecules over rest, day by day, of a cell that lives through the fractions."""
    dish, treated = Dish(library), regimen(*fractions)
    told = []
    for step in range(int(days * 240)):
        dish.under(treated.exposure(step * 6.0, dish.names.molecules, dish.names.cells), 6.0)
        if (step + 1) % 240 == 0:
            told.append({name: dish.over_rest(name) for name in RAISED})
    return told


def test_fas_dr5_and_mhc_i_are_up_from_day_2_to_day_7():
    """evidence:B012: Fas and DR5 up on day 2, still on day 7; PMC3212727: MHC-I for many days."""
    days = course(30, (0.0, 8.0))
    for name in ("Fas", "DR5", "MHC-I"):
        assert min(days[day - 1][name] for day in range(2, 8)) > 1.15, name
        assert days[29][name] < 1.1, name
    assert days[0]["MICA"] > days[4]["MICA"]


def test_more_gray_raise_more():
    low, high = (course(2, (0.0, gray))[1] for gray in (2.0, 10.0))
    assert all(1.0 < low[name] < high[name] for name in low)


def test_without_p53_death_receptors_rise_less_at_first_and_as_long():
    bare = LIBRARY.override("cell.cancer.expresses.p53", "0 molecules")
    with_p53, without = course(7, (0.0, 8.0)), course(7, (0.0, 8.0), library=bare)
    assert without[0]["Fas"] < with_p53[0]["Fas"] - 0.1
    assert without[6]["Fas"] > 1.15


IRRADIATED = {"name": "rt", "dose": [{"drug": "radiation", "amount": "6 Gy"}]}


def test_a_fraction_kills_in_a_tissue_what_it_dooms():
    """Deaths within 12 h, against the hazards; division, other deaths and arrivals compete."""
    tissue = grown(plan(arm=[IRRADIATED]), 0.5 * DAY)
    expected = sum(
        tissue.initial[CELLS.index(cell)] * (1.0 - survivors(cell, 0.5, (0.0, 6.0)))
        for cell in ("cancer", "cd8", "other")
    )
    assert tissue.counters["drug_deaths"] == pytest.approx(expected, abs=4.0 * math.sqrt(expected))
    assert live(tissue, "cancer") < 0.75 * tissue.initial[CELLS.index("cancer")]
    assert live(tissue, "cd8") < 0.5 * tissue.initial[CELLS.index("cd8")]


def test_the_dose_given_is_observed_in_gray_and_stored_so(tmp_path):
    dose = {"drug": "radiation", "amount": "2 Gy", "at": "10 min", "every": "30 min"}
    result = run(
        scenario(arm=[{"name": "rt", "dose": [dose]}], scenario={"name": "t", "duration": "1 h"}),
        tmp_path / "out",
    )
    seen = result.observables["radiation_dose"]
    assert seen.attrs["units"] == "Gy"
    minutes = seen["time"].values * DAY
    assert seen.sel(arm="rt").values.tolist() == [
        0.0 if t < 9.5 else 2.0 if t < 39.5 else 4.0 for t in minutes
    ]
    (arm,) = result.provenance["arms"]
    assert [given["amount_Gy"] for given in arm["doses"]] == [2.0, 2.0]


def told(**dose):
    with pytest.raises(InputError) as raised:
        scenario(arm=[{"name": "a", "dose": [dose]}])
    return str(raised.value)


@pytest.mark.parametrize(
    ("dose", "parts"),
    [
        ({"drug": "radiation", "amount": "240 mg"}, ("'240 mg'", "radiation is given in Gy", '"8 Gy"')),
        ({"drug": "radiation", "amount": "3 mg/kg"}, ("'3 mg/kg'", '"8 Gy"')),
        ({"drug": "radiation", "amount": "1 uM", "lasting": "1 d"}, ("'1 uM'", '"8 Gy"')),
        ({"drug": "radiation", "amount": "5 ug/mL"}, ("5 ug/mL", '"8 Gy"')),
        ({"drug": "nivolumab", "amount": "8 Gy"}, ("'8 Gy'", "nivolumab is a substance", '"240 mg"')),
        ({"drug": "radiation", "amount": "8 Gy", "lasting": "1 d"}, ("'1 d'", "'8 Gy'", "at once")),
        ({"drug": "radiation", "amount": "8 gy"}, ("8 gy",)),
        ({"drug": "radiation", "amount": "0 Gy"}, ("'0 Gy'", "above 0")),
        ({"drug": "radiation", "amount": "800 Gy"}, ("'800 Gy'", "100 Gy")),
        ({"drug": "radiation", "amount": "8 Gy", "at": "2 min"}, ("at '2 min'", '"0 s"')),
        ({"drug": "radiation", "amount": "8 Gy", "every": "62 min"}, ("every '62 min'", '"1 h"')),
    ],
)
def test_an_amount_that_does_not_fit_is_named_with_its_fix(dose, parts):
    message = told(**dose)
    assert all(part in message for part in parts), message
    assert message.count("arm 'a', dose 1") == 1, message


def test_centigray_are_gray():
    doses = [{"drug": "radiation", "amount": amount} for amount in ("200 cGy", "2 Gy")]
    one, other = (plan(arm=[{"name": "a", "dose": [dose]}]).courses[0].regimen for dose in doses)
    assert one.drugs[0].doses[0].amount == pytest.approx(other.drugs[0].doses[0].amount)


def test_radiation_says_how_it_is_given():
    words = LIBRARY.drugs["radiation"].in_words()
    assert any('"8 Gy"' in line for line in words)
    assert not any("uM" in line for line in words)


def test_what_it_does_is_the_same_at_any_time_it_is_asked():
    treated = regimen((0.0, 2.0), (1.0, 2.0))
    names = tuple(sorted(LIBRARY.molecules))
    one, again = (treated.exposure(1.5 * DAY, names, CELLS) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
