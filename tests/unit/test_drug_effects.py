"""What drugs do to cells: held concentrations, shifts with their delay, marks, deaths, arrest; and knock-outs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from opsonin.core.errors import InputError
from opsonin.engine.run import run
from opsonin.io.scenario import Scenario
from opsonin.knowledge.followed import followed
from opsonin.knowledge.library import load_library
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.events import relaxed
from opsonin.laws.recognition import antigen_signal, presented_complexes
from opsonin.model.drugs import Adds
from opsonin.patient import exposure
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, Held, Infusion, OneDose
from tissues import grown, plan, scenario

DAY = 1440.0
LIBRARY = load_library()
MOLECULES = tuple(sorted(LIBRARY.molecules))
CELLS = tuple(sorted(LIBRARY.cells))
DEFECTS = tuple(sorted(LIBRARY.defects))
SUBSTRATES = tuple(sorted(LIBRARY.substrates))
# Cells that come without an antigen of theirs are no exposure: `test_cell_products.py`.
EVERY_EFFECT = [
    (name, effect.label)
    for name, drug in LIBRARY.drugs.items()
    for effect in drug.effects
    if not (isinstance(effect, Adds) and effect.antigen is None)
]
STRONG = {
    "blocks": 1e4,
    "agonizes": 1e6,
    "opsonizes": 1e4,
    "bridges": 1e4,
    "shifts": 1e6,
    "kills": 1e6,
    "arrests": 1e6,
    "mutates": 1e6,
    "adds": 0.0,
    "supplies": 1e4,
    "presents": 0.0,
}  # nM, far above any half
GY = 1e6  # likewise


def held(drug, nanomolar, start=0.0, end=DAY, library=LIBRARY):
    if library.drugs[drug].product is not None:
        return DrugCourse(library.drugs[drug], (), (), (Infusion(start, 1e-4),))
    return DrugCourse(library.drugs[drug], (), (Held(start, end, nanomolar),))


def strong(drug, kind, library):
    """A lot of it over ten days: held, or as a fraction of radiation."""
    if library.drugs[drug].radiates:
        return given(drug, (9 * DAY, GY), library=library)
    if library.drugs[drug].vaccinates:
        return given(drug, (0.0, 1.0), library=library)
    return held(drug, STRONG[kind], end=10 * DAY, library=library)


def given(drug, *doses, library=LIBRARY):
    return DrugCourse(library.drugs[drug], tuple(OneDose(t, a) for t, a in doses))


def seen(course, time, duration=60 * DAY):
    return Regimen((course,), duration).exposure(time, MOLECULES, CELLS, DEFECTS)


def same(one, other):
    """Whether two exposures do the same to cells; a factor of 1 on what cells carry does nothing."""
    one, other = (e._replace(through=e.through[e.through["fold"] != 1.0]) for e in (one, other))
    plain = (e._replace(through=np.array([list(row) for row in e.through.tolist()])) for e in (one, other))
    return all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=0.0, atol=1e-20)
        for a, b in zip(*plain, strict=True)
    )


KNOCK_OUT = {
    "blocks": ("affinity", "1e30 nM"),
    "agonizes": ("efficacy", 0),
    "opsonizes": ("affinity", "1e30 nM"),
    "bridges": ("affinity", "1e30 nM"),
    "shifts": ("fold_max", 1),
    "kills": ("rate_max", "0 1/d"),
    "arrests": ("share_max", 0),
    "mutates": ("fold_max", 1),
    "irradiates": ("alpha", "0 1/Gy"),
    "adds": ("half", "1e30 molecules"),
    "supplies": ("potency", 0),
    "presents": ("share", 0),
}


def without(library, drug, label):
    """The library in which one effect of a drug has lost its target."""
    key, none = KNOCK_OUT[label.split(":")[0] if ":" in label else "blocks"]
    if key == "alpha":
        library = library.override(f"drug.{drug}.effects.{label}.beta", "0 1/Gy2")
    return library.override(f"drug.{drug}.effects.{label}.{key}", none)


def nothing():
    return exposure.Exposure.none(len(MOLECULES), len(CELLS), len(DEFECTS))


def test_a_held_concentration_is_there_from_its_start_up_to_its_end():
    course = held("vorinostat", 700.0, 60.0, 120.0)
    assert [course.tissue(t) for t in (59.9, 60.0, 119.9, 120.0)] == [0.0, 700.0, 700.0, 0.0]


def test_what_is_held_at_once_adds_up():
    spans = (Held(0.0, 10.0, 100.0), Held(5.0, 15.0, 40.0))
    course = DrugCourse(LIBRARY.drugs["vorinostat"], (), spans)
    assert [course.tissue(t) for t in (1.0, 7.0, 12.0)] == [100.0, 140.0, 40.0]


@pytest.mark.parametrize("drug", sorted(n for n, d in LIBRARY.drugs.items() if d.kinetics is not None))
def test_the_exposure_to_a_dose_is_the_dose_over_the_clearance(drug):
    """AUC = D / CL, whatever the compartments and the absorption."""
    kinetics = LIBRARY.drugs[drug].kinetics
    volume = kinetics.central_volume.value + (
        kinetics.peripheral_volume.value if kinetics.peripheral_volume else 0.0
    )
    absorption = kinetics.absorption_half_life.value if kinetics.absorption_half_life else 0.0
    end = 40.0 * max(volume / kinetics.clearance.value, absorption)
    times = np.concatenate([[0.0], np.geomspace(1e-3, end, 4000)])
    levels = [given(drug, (0.0, 100.0)).plasma(t) for t in times]
    expected = 100.0 / kinetics.clearance.value / LIBRARY.drugs[drug].molar_mass.value * 1e9
    assert np.trapezoid(levels, times) == pytest.approx(expected, rel=2e-3)


def test_absorption_and_elimination_of_one_rate_are_no_trouble():
    base = LIBRARY.drugs["palbociclib"]
    elimination = base.kinetics.central_volume.value / base.kinetics.clearance.value * math.log(2.0)
    alike = LIBRARY.override("drug.palbociclib.kinetics.absorption_half_life", f"{elimination} min")
    near = LIBRARY.override("drug.palbociclib.kinetics.absorption_half_life", f"{elimination * 1.0001} min")
    for time in (10.0, 5 * DAY, 400 * DAY):
        equal, close = (given("palbociclib", (0.0, 125.0), library=k).plasma(time) for k in (alike, near))
        assert math.isfinite(equal)
        assert equal == pytest.approx(close, rel=2e-2)


@pytest.mark.parametrize(("drug", "label"), EVERY_EFFECT)
def test_an_effect_is_there_under_the_drug_and_gone_without_its_target(drug, label):
    kind = label.split(":")[0] if ":" in label else "blocks"
    alone = LIBRARY  # other effects of the drug would hide it
    for effect in LIBRARY.drugs[drug].effects:
        if effect.label != label:
            alone = without(alone, drug, effect.label)
    knocked_out = without(alone, drug, label)
    given = [strong(drug, kind, library) for library in (alone, knocked_out)]
    under, after = (seen(course, 9 * DAY) for course in given)
    regimens = [Regimen((course,), 60 * DAY) for course in given]
    brought = [of.supplied(9 * DAY, SUBSTRATES).any() or of.primed(9 * DAY, CELLS).any() for of in regimens]
    assert not same(under, nothing()) or brought[0]
    assert same(after, nothing()) and not brought[1]


def test_drugs_that_shift_one_molecule_multiply():
    both = Regimen((held("vorinostat", 1000.0), held("entinostat", 400.0)), DAY)
    folds = [seen(held(*pair), 0.0).fold for pair in (("vorinostat", 1000.0), ("entinostat", 400.0))]
    assert both.exposure(0.0, MOLECULES, CELLS).fold == pytest.approx(folds[0] * folds[1])


def test_blockers_of_one_receptor_add_up():
    """They compete for it: at their affinities each alone leaves a half free, both a third."""
    index = MOLECULES.index("PD-1")
    affinity = {
        drug: next(effect.affinity.value for effect in LIBRARY.drugs[drug].effects)
        for drug in ("nivolumab", "pembrolizumab")
    }
    alone = [seen(held(drug, at), 0.0).free[index] for drug, at in affinity.items()]
    both = Regimen(tuple(held(drug, at) for drug, at in affinity.items()), DAY)
    assert alone == pytest.approx([0.5, 0.5])
    assert both.exposure(0.0, MOLECULES, CELLS).free[index] == pytest.approx(1.0 / 3.0)


def after_a_pulse(days, pulse=2 * DAY, nanomolar=1000.0):
    """MHC-I over its resting level on each day after a pulse of decitabine, by the laws that the engine uses."""
    course = held("decitabine", nanomolar, end=pulse)
    regimen, index = Regimen((course,), days * DAY), MOLECULES.index("MHC-I")
    turnover = rate_of_half_life(LIBRARY.molecules["MHC-I"].half_life.value)
    level, levels = 1.0, [1.0]
    for step in range(int(days * 240)):
        fold = regimen.exposure(step * 6.0, MOLECULES, CELLS).fold[index]
        level = relaxed(level, fold, turnover, 6.0)
        if (step + 1) % 24 == 0:
            levels.append(level)
    return np.array(levels)


def test_decitabine_raises_mhc_i_to_a_peak_at_day_4_and_it_is_back_by_day_32():
    """evidence:B039: after a pulse HLA-I peaks at day 4, falls slowly and is at baseline by day 32."""
    levels = after_a_pulse(34.0)
    pulse_end = 2.0
    peak = np.argmax(levels) / 10.0 - pulse_end / 2.0  # counted from the middle of the pulse
    assert 3.0 <= peak <= 5.0
    assert levels[20] < 0.9 * levels.max()  # it comes with a delay
    assert levels[320] - 1.0 < 0.05 * (levels.max() - 1.0)


def test_marks_do_not_depend_on_the_step_they_are_followed_in(monkeypatch):
    course = held("decitabine", 1000.0, 123.0, 200.0)
    coarse = seen(course, 3 * DAY).fold
    monkeypatch.setattr(exposure, "STEP", 0.5)
    assert coarse == pytest.approx(seen(course, 3 * DAY).fold, rel=1e-3)


def test_a_toxic_drug_kills_the_cells_it_is_made_for_at_its_rate_and_nobody_else():
    library = LIBRARY.override("drug.cyclophosphamide.effects.kills:cancer.rate_max", "0.5 1/d")
    found = seen(held("cyclophosphamide", 1e12, library=library), 0.0).toxic
    assert found[CELLS.index("cancer")] * DAY == pytest.approx([0.5, 0.5], rel=1e-4)
    assert found[CELLS.index("cd8")].min() > 0.0
    assert found[CELLS.index("fibroblast")].max() == 0.0
    assert found[CELLS.index("macrophage"), 0] == 0.0  # of macrophages only precursors, which divide


def test_a_drug_against_cycling_cells_spares_resting_ones_and_no_type():
    found = seen(held("gemcitabine", 1e6), 0.0).toxic
    assert found[CELLS.index("cancer"), 0] == 0.0
    assert (found[:, 1] > 0.0).all()


DRUGGED = {"name": "drugged", "dose": [{"drug": "cyclophosphamide", "amount": "1 mM", "lasting": "1 d"}]}


def test_cells_die_of_a_drug_by_its_hazard_and_are_counted_apart():
    """Share of cancer cells that die in 12 h, against 1 - exp(-h t); other deaths and divisions compete."""
    plan_ = plan(arm=[DRUGGED], scenario__duration="1 d")
    tissue = grown(plan_, 720.0)
    hazard = seen(held("cyclophosphamide", 1e6), 0.0).toxic[CELLS.index("cancer"), 0]
    count = int(tissue.initial[CELLS.index("cancer")]) + int(tissue.initial[CELLS.index("cd8")])
    expected = count * -math.expm1(-hazard * 720.0)
    assert tissue.counters["drug_deaths"] == pytest.approx(expected, abs=4.0 * math.sqrt(expected))
    assert grown(plan(scenario__duration="1 d"), 720.0).counters["drug_deaths"] == 0.0


def test_palbociclib_stops_division_once_committed_cells_are_through():
    arrested = [{"name": "a", "dose": [{"drug": "palbociclib", "amount": "1 mM", "lasting": "3 d"}]}]
    fast = {"tumour.melanoma.potential_doubling_time": "1.5 d"}
    control, treated = (
        grown(plan(arm=arm, scenario__duration="3 d", knowledge=fast), 2.5 * DAY)
        for arm in ([{"name": "control"}], arrested)
    )
    assert treated.counters["divisions"] < 0.5 * control.counters["divisions"]


def test_a_shift_reaches_the_cells_with_the_delay_of_the_molecule():
    dose = [{"drug": "entinostat", "amount": "1 mM", "lasting": "2 d"}]
    mhc = followed(LIBRARY).index("MHC-I")

    def level(arm, minutes):
        tissue = grown(plan(arm=arm, scenario__duration="2 d"), minutes)
        cancer = tissue.cells.arrays.kind[: tissue.cells.n] == CELLS.index("cancer")
        return tissue.cells.arrays.level[mhc, : tissue.cells.n][cancer].mean()

    early, late = (
        level([{"name": "x", "dose": dose}], t) / level([{"name": "x"}], t) for t in (360.0, 1440.0)
    )
    target = LIBRARY.drugs["entinostat"].effects[0].fold_max.value
    assert 1.0 < early < late < target


def test_sensitization_saturates_where_much_is_shown_already():
    """A threefold MHC-I lifts the signal of a cell that shows one peptide, not of one that shows a hundred."""
    numbers = LIBRARY.cells["cd8"].lytic

    def signal(mhc_i):
        complexes = presented_complexes(mhc_i, 1e-4, 1.0)
        return antigen_signal(complexes, numbers.signal_half.value, numbers.signal_hill.value)

    assert signal(3e4) / signal(1e4) > 1.8
    assert signal(3e6) / signal(1e6) < 1.03


def told(**changes):
    with pytest.raises(InputError) as raised:
        scenario(**changes)
    return str(raised.value)


@pytest.mark.parametrize(
    ("dose", "parts"),
    [
        ({"drug": "vorinostat", "amount": "1 uM"}, ("'1 uM'", "lasting")),
        ({"drug": "s63845", "amount": "5 mg"}, ("'5 mg'", "s63845", "lasting")),
        ({"drug": "vorinostat", "amount": "0 uM", "lasting": "1 d"}, ("'0 uM'", "above 0")),
        ({"drug": "vorinostat", "amount": "-1 uM", "lasting": "1 d"}, ("'-1 uM'",)),
        ({"drug": "vorinostat", "amount": "500 mM", "lasting": "1 d"}, ("'500 mM'", "100 mM")),
        ({"drug": "vorinostat", "amount": "nan uM", "lasting": "1 d"}, ("nan",)),
        ({"drug": "vorinostat", "amount": "1 um", "lasting": "1 d"}, ("'1 um'", "concentration")),
        ({"drug": "vorinostat", "amount": "1 uM", "lasting": "0 d"}, ("'0 d'", "above 0")),
        ({"drug": "vorinostat", "amount": "1 uM", "lasting": "-3 h"}, ("'-3 h'",)),
        ({"drug": "vorinostat", "amount": "1 uM", "lasting": 3}, ("lasting", "unit")),
        ({"drug": "vorinostat", "amount": "1 uM", "lasting": "3 h", "lasts": "3 h"}, ("'lasts'", "lasting")),
        ({"drug": "vorinostat", "amount": "1 uM", "lasting": "3 min"}, ("lasting '3 min'", '"10 min"')),
        ({"drug": "vorinostat", "amount": "1 uM", "lasting": "1 h", "at": "2 min"}, ("at '2 min'", '"0 s"')),
        (
            {"drug": "vorinostat", "amount": "1 uM", "lasting": "10 min", "every": "62 min"},
            ("every '62 min'", '"1 h"'),
        ),
        (
            {"drug": "vorinostat", "amount": "1 uM", "lasting": "2 d", "every": "1 h"},
            ("lasting '2 d' is longer than every '1 h'", "At most '1 h'"),
        ),
    ],
)
def test_a_faulty_concentration_is_named_with_its_fix(dose, parts):
    message = told(arm=[{"name": "a", "dose": [dose]}])
    assert all(part in message for part in parts), message
    assert message.count("arm 'a', dose 1") == 1, message


def test_concentrations_of_a_drug_that_overlap_are_named():
    held = {"drug": "vorinostat", "amount": "1 uM", "lasting": "1 h"}
    message = told(arm=[{"name": "a", "dose": [held | {"every": "2 h"}, held | {"at": "330 min"}, held]}])
    assert "arm 'a', dose 3  vorinostat is still held by dose 1 at 0 s" in message
    assert "arm 'a', dose 1  vorinostat is still held by dose 2 at 6 h" in message
    assert message.count("still held") == 2
    assert scenario(arm=[{"name": "a", "dose": [held | {"every": "2 h"}, held | {"at": "1 h"}]}])
    other = {"drug": "entinostat", "amount": "1 uM", "lasting": "1 h"}
    assert scenario(arm=[{"name": "a", "dose": [held, other]}])


def test_concentrations_keep_to_the_coupling_steps_of_the_run():
    dose = [{"drug": "vorinostat", "amount": "1 uM", "lasting": "3 min"}]
    assert scenario(arm=[{"name": "a", "dose": dose}], numerics={"coupling_step": "3 min"})


def test_the_concentration_of_a_drug_is_observed_as_it_is_held(tmp_path):
    dose = [{"drug": "vorinostat", "amount": "1 uM", "lasting": "30 min", "at": "10 min"}]
    arms = [{"name": "none"}, {"name": "a", "dose": dose}]
    result = run(scenario(arm=arms, scenario={"name": "t", "duration": "1 h"}), tmp_path / "out")
    seen = result.observables["vorinostat_concentration"]
    assert seen.attrs["units"] == "nM"
    assert not seen.sel(arm="none").any()
    minutes = seen["time"].values * DAY
    assert seen.sel(arm="a").values.tolist() == [1000.0 if 10 <= round(t) < 40 else 0.0 for t in minutes]


def test_what_a_drug_also_does_and_the_model_leaves_out_is_told():
    (note,) = [text for text in plan(arm=[{"name": "a", "dose": [
        {"drug": "decitabine", "amount": "1 uM", "lasting": "2 d"}]}]).notes if "decitabine" in text]  # fmt: skip
    assert note.startswith(
        "Doubtful: the model leaves out that decitabine raises the interferon response, raises "
    )
    assert note.endswith(", lowers shedding of MICA and acts on CD8 effector cells.")
    (note,) = [text for text in plan(arm=[{"name": "a", "dose": [
        {"drug": "paclitaxel", "amount": "1 uM", "lasting": "2 d"}]}]).notes if "leaves out" in text]  # fmt: skip
    assert note == "Doubtful: the model leaves out that paclitaxel raises M6PR."


def test_a_concentration_is_written_back_as_it_was_given():
    asked = scenario(
        arm=[{"name": "a", "dose": [{"drug": "decitabine", "amount": "1 uM", "lasting": "2 d"}]}]
    )
    assert Scenario.from_dict(asked.resolved()).arm == asked.arm
