"""Every law, four readers: floats, numba, sympy symbols and pint quantities; and the identities each must keep."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil

import numba as nb
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import opsonin.laws
from opsonin.core.units import registry
from opsonin.laws import operations

for _module in pkgutil.iter_modules(opsonin.laws.__path__):
    importlib.import_module(f"opsonin.laws.{_module.name}")

# Unit of every argument, then of the result; "" is a pure number. A law missing here fails the first test.
UNITS = {
    "active_disc": ("molecule", "molecule", "molecule", "molecule"),
    "contact_distance": ("um", "um", "", "um"),
    "adhesion_speed": ("um/min", "", "um/min"),
    "antigen_signal": ("molecule", "molecule", "", ""),
    "primed": ("cell", "1/min", "", "", "cell/min"),
    "divisions": ("", "", "", "", "", ""),
    "expanded": ("cell/min", "", "cell/min"),
    "called_for": ("cell", "cell", "", ""),
    "renewal": ("", "", "", "1/min", "1/min"),
    "left_to_others": ("molecule/um**2", "molecule/um**2", "molecule/um**2"),
    "entering": ("cell", "1/min", "cell", "cell", "cell/min"),
    "spilled": ("1/min", "1/min", "1/min", "1/min", ""),
    "availability": ("cell", "cell", ""),
    "room_left": ("cell", "cell", ""),
    "renewed": ("cell/min", "cell", "cell", "1/min"),
    "recruited_from": ("cell", "cell", ""),
    "stood_for": ("cell", "cell", ""),
    "in_contact": ("cell", "cell", "", "cell"),
    "committed_share": ("1/min", "min", ""),
    "lineage_survives": ("1/min", "1/min", "min", ""),
    "lineage_ends": ("1/min", "min", ""),
    "mutants_made": ("", "", "1/min", "cell", "cell/min"),
    "mutants_at": ("", "1/min", "cell", "min", "cell"),
    "share_of": ("cell", "cell", "cell", ""),
    "at_least": ("cell", "cell", "cell"),
    "pressed": ("cell", "cell", "", ""),
    "approaching": ("molecule", "molecule", "1/min", "molecule/min"),
    "balanced_arrival": ("cell/um**2", "1/min", "1/min", "1/min", "cell/um**2/min"),
    "bound_pairs": ("molecule/um**2", "molecule/um**2", "molecule/um**2", "molecule/um**2"),
    "left_of_infusion": ("mg", "min", "min", "1/min", "mg"),
    "amount_after_absorption": ("mg", "min", "1/min", "1/min", "mg"),
    "arrived_share": ("min", "min", "min", "min", ""),
    "amount_after_bolus": ("mg", "min", "1/min", "mg"),
    "fold_of_effect": ("", "", ""),
    "let_in": ("", "", ""),
    "let_through": ("", ""),
    "hits_in_a_row": ("", "", ""),
    "passed_by_some": ("", "", ""),
    "activating_part": ("molecule/um**2", "molecule/um**2", "", ""),
    "bridged_signal": ("", ""),
    "not_arrested": ("", "nM", "nM", ""),
    "natural_signal": ("", ""),
    "passed_by_xiap": ("", ""),
    "ligand_kill_rate": ("", "", "1/min", "1/min"),
    "speed_under_threshold": ("", "", "1/min", "1/min"),
    "receptors_needed": ("", "", ""),
    "primed_death_rate": ("", "", "1/min", "1/min"),
    "priming_needed": ("", "", ""),
    "unresisted_kill_rate": ("1/min", "", "1/min", "1/min"),
    "either": ("", "", ""),
    "held_share": ("", ""),
    "fed_share": ("", "", "", ""),
    "supplied_level": ("nM", "", "nM"),
    "effort": ("", "", "", ""),
    "bound_receptors": ("molecule/um**2", "um**2", "", "molecule"),
    "kill_rate": ("1/min", "", "1/min", "min", "1/min"),
    "mark_balance": ("", "1/min", "min", ""),
    "mark_rate": ("", "1/min", "min", "1/min"),
    "toxic_hazard": ("1/min", "", "1/min"),
    "breath": ("", "1/min", "1/min", "1/min", "min", "min", ""),
    "breathing_time": ("1/min", "1/min", "1/min", "min"),
    "primed_share": ("min", "", "min", "min", "min", ""),
    "home_share": ("", "", "", ""),
    "growth_rate": ("min", "1/min"),
    "caspase3_gain": ("", "", "1/min", "1/min", "1/min"),
    "caspase3_loss": ("molecule", "1/min/molecule", "1/min", "1/min"),
    "caspase8_gain": ("molecule", "", "1/min/molecule", "1/min", "1/min"),
    "cell_loss_factor": ("1/min", "1/min", "1/min", "1/min", ""),
    "spontaneous_loss": ("", "1/min", "1/min"),
    "cell_loss_rate": ("min", "min", "1/min"),
    "cleared": ("mg", "liter/min", "liter", "mg/min"),
    "course_rate": ("mg", "mg", "min", "1/min"),
    "fallen_clearance": ("liter/min", "", "", "", "liter/min"),
    "formed": ("mg", "liter/min", "liter", "", "mg/min"),
    "cleared_otherwise": ("mg", "liter/min", "liter", "", "mg/min"),
    "acting_together": ("nM", "nM", "", "nM"),
    "cleared_saturably": ("mg", "mg/min", "mg/liter", "liter", "mg/min"),
    "absorbed": ("mg", "min", "mg/min"),
    "molar_concentration": ("mg", "liter", "mg/nmol", "nM"),
    "free_in_tissue": ("nM", "", "", "nM"),
    "held_by_one": ("", "", ""),
    "central_amount_after_bolus": ("mg", "min", "1/min", "1/min", "1/min", "mg"),
    "central_change": ("mg", "mg", "liter/min", "liter/min", "liter", "liter", "mg/min"),
    "checkpoint_factor": ("molecule/um**2", "molecule/um**2", "", ""),
    "chemotactic_bias": ("", "", "", ""),
    "committed_volume": ("um**3", "min", "min", "um**3"),
    "corpse_volume": ("um**3", "min", "min", "um**3"),
    "crawling_speed": ("um/min", "", "um/min"),
    "cycle_entry_hazard": ("1/min", "", "", "1/min"),
    "appetite": ("", "", "", ""),
    "fatigued": ("", "", ""),
    "approached": ("molecule", "molecule", "", "molecule"),
    "driven": ("molecule", "molecule/min", "1/min", "min", "molecule"),
    "event_probability": ("1/min", "min", ""),
    "exhaustion_rate": ("", "1/min", "1/min", "1/min"),
    "exhaustion_target": ("", "1/min", "1/min", "", ""),
    "fast_rate": ("1/min", "1/min", "1/min", "1/min"),
    "followed_pressure": ("1/min", "1/min", "min", "min", "1/min"),
    "fold_change": ("", "nM", "nM", "", ""),
    "lethal_lesions": ("Gy", "1/Gy", "1/Gy**2", ""),
    "doomed_hazard": ("", "min", "min", "1/min", "1/min"),
    "unrepaired_dose": ("Gy", "min", "1/min", "Gy"),
    "fold_change_of_lack": ("", "nM", "nM", "", ""),
    "regulated_fold": ("", "", ""),
    "weight_of_the_past": ("1/min", "1/min", "min", ""),
    "free_bid": ("", "", "", ""),
    "free_xiap": ("molecule", "", "molecule", "molecule", "molecule"),
    "guard_load": ("molecule", "molecule", "molecule", "molecule", "molecule", "molecule", ""),
    "hill": ("nM", "nM", "", ""),
    "liquid_exchange": ("um**2/min", "um", "um", "1/min"),
    "lytic_hit_hazard": ("", "1/min", "1/min"),
    "model_radius": ("um**3", "um**3", "um", "", "um"),
    "necrosis_hazard": ("", "", "1/min", "1/min"),
    "net_activation": ("", "", "", ""),
    "hypoxic_fold": ("", "mmHg", "mmHg", ""),
    "enzymatic_release": ("nM*um**3/min", "", "nM*um**3/min"),
    "nourished": ("mM", "mM", "", "", ""),
    "released_by_corpse": ("nM*um**3/min", "molecule", "molecule", "nM*um**3/min"),
    "costimulation": ("", "", ""),
    "stripping_rate": ("molecule/um**2", "um**2", "molecule", "1/min", "1/min"),
    "unharmed": ("mM", "mM", "", "", ""),
    "acidity": ("mM", "mM", "", "mM", ""),
    "peripheral_change": ("mg", "mg", "liter/min", "liter", "liter", "mg/min"),
    "planar_affinity": ("nM", "um", "molecule/um**3/nM", "molecule/um**2"),
    "potential_growth_rate": ("min", "1/min"),
    "pore_gain": ("", "molecule", "molecule", "", "1/min/molecule", "1/min"),
    "presented_complexes": ("molecule", "", "", "molecule"),
    "antigen_part": ("", "molecule", "molecule", ""),
    "pressure_at_rest": ("1/min", "", "1/min", "1/min"),
    "pressure_gate": ("1/min", "1/min", "", "", ""),
    "protease": ("", "", "", ""),
    "rate_of_half_life": ("min", "1/min"),
    "receptor_difference": ("nM", "nM/um", "um", "nM", ""),
    "binding_load": ("nM", "nM", ""),
    "free_share": ("", ""),
    "released_share": ("", "", ""),
    "relaxed": ("molecule", "molecule", "1/min", "min", "molecule"),
    "repaired_damage": ("", "min", "min", ""),
    "repulsion_speed": ("um/min", "", "um/min"),
    "resting_exit_rate": ("1/min", "min", "1/min"),
    "separation_speed": ("um/min", "um/min", "", "um/min"),
    "slow_rate": ("1/min", "1/min", "1/min", "1/min"),
    "stable_xiap": ("molecule", "", "", "molecule"),
    "steady_level": ("molecule", "", "", "molecule"),
    "remixed_variation": ("", "", "", "", ""),
    "uptake_clearance": ("mmHg*um**3/min", "mmHg", "mmHg", "um**3/min"),
    "vessel_arrival": ("cell/um**2/min", "um**2", "", "", "cell/min"),
    "vigour": ("", ""),
}
# Where the law itself is only valid on part of the range.
LIMITS = {
    "committed_share": lambda a: a[0] * a[1] < math.log(2.0),
    "amount_after_absorption": lambda a: abs(a[2] / a[3] - 1.0) > 1e-3,
    # As symbols, exp(x) - 1 cancels where the rates are the same; the law itself does not.
    "weight_of_the_past": lambda a: abs(a[0] / a[1] - 1.0) > 1e-3,
    "resting_exit_rate": lambda a: a[0] * a[1] < 0.6,
    "remixed_variation": lambda a: a[1] <= 1.0 and a[2] * (a[2] + abs(a[3])) < 100.0,
}
NAMES = sorted(operations.LAWS)


def compiled(name):
    """A numba kernel that calls the law as a global, as kernels do."""
    law = operations.LAWS[name]
    return {
        1: lambda: nb.njit(error_model="numpy")(lambda a: law(a)),
        2: lambda: nb.njit(error_model="numpy")(lambda a, b: law(a, b)),
        3: lambda: nb.njit(error_model="numpy")(lambda a, b, c: law(a, b, c)),
        4: lambda: nb.njit(error_model="numpy")(lambda a, b, c, d: law(a, b, c, d)),
        5: lambda: nb.njit(error_model="numpy")(lambda a, b, c, d, e: law(a, b, c, d, e)),
        6: lambda: nb.njit(error_model="numpy")(lambda a, b, c, d, e, f: law(a, b, c, d, e, f)),
    }[len(inspect.signature(law).parameters)]()


def draws(name):
    # (100 / 0.01)^100 is no float: a Hill coefficient is never so high.
    powers = [
        st.floats(-2.0, 1.0 if parameter == "steepness" else 2.0).map(lambda e: 10.0**e)
        for parameter in inspect.signature(operations.LAWS[name]).parameters
    ]
    values = st.tuples(*powers).map(list)
    return values.filter(LIMITS.get(name, lambda a: True))


def test_every_law_has_its_units_stated_here():
    assert set(UNITS) == set(NAMES)
    for name in NAMES:
        assert len(UNITS[name]) == len(inspect.signature(operations.LAWS[name]).parameters) + 1, name


@pytest.mark.parametrize("name", NAMES)
def test_floats_numba_and_symbols_agree(name):
    law, kernel = operations.LAWS[name], compiled(name)
    symbols = sympy.symbols(list(inspect.signature(law).parameters), real=True)
    formula = sympy.lambdify(symbols, law(*symbols), "math")

    @settings(max_examples=25, deadline=None)
    @given(draws(name))
    def agree(values):
        expected = law(*values)
        assert math.isfinite(expected)
        assert kernel(*values) == pytest.approx(expected, rel=1e-14, abs=1e-300)
        assert formula(*values) == pytest.approx(expected, rel=1e-7, abs=1e-9)

    agree()


@pytest.mark.parametrize("name", NAMES)
def test_quantities_pass_through_and_come_out_in_the_stated_unit(name):
    units = registry()
    *ins, out = UNITS[name]
    values = [0.3 + 0.1 * k for k in range(len(ins))]
    if name == "model_radius":
        values[-1] = 2.0
    got = operations.LAWS[name](
        *(units.Quantity(v, units.parse_units(u)) for v, u in zip(values, ins, strict=True))
    )
    magnitude = got.to(units.parse_units(out)).magnitude if hasattr(got, "to") else got
    assert hasattr(got, "to") or out == ""
    # nM is a number of molecules per volume, so a pure float of the same law differs by that factor only there
    assert float(magnitude) == pytest.approx(operations.LAWS[name](*values), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_dimension_does_not_pass(name):
    units = registry()
    *ins, out = UNITS[name]
    for k in range(len(ins)):
        quantities = [units.Quantity(0.4, units.parse_units(u)) for u in ins]
        quantities[k] = quantities[k] * units.Quantity(1.0, units.parse_units("mg"))
        try:
            got = operations.LAWS[name](*quantities)
        except Exception:
            continue
        with pytest.raises(Exception):  # noqa: B017 - pint has several classes for this
            (got if hasattr(got, "to") else units.Quantity(got)).to(units.parse_units(out))


def test_within_structured_a_nested_law_stays_one_call():
    signal = sympy.Symbol("signal", real=True)
    with operations.structured():
        inner = operations.LAWS["hill"](signal, 2, 1)
    assert inner.func.__name__ == "hill"
    assert not operations.LAWS["hill"](signal, 2, 1).has(sympy.Function("hill"))


def test_the_guards_of_power_hold_on_every_reader():
    kernel = nb.njit(lambda x, n: operations.power(x, n))
    for reader in (operations.power, kernel, lambda x, n: float(operations.power(sympy.Float(x), n))):
        assert reader(-1e-12, 2.0) == 0.0
        assert reader(0.0, 0.5) == 0.0
        assert reader(4.0, 0.5) == pytest.approx(2.0)


def test_two_laws_of_one_name_are_refused():
    with pytest.raises(ValueError, match="hill"):

        @operations.law
        def hill(x):
            return x


LAW = operations.LAWS


def test_relaxing_twice_half_the_time_is_relaxing_once():
    once = LAW["relaxed"](5.0, 1.0, 0.3, 4.0)
    twice = LAW["relaxed"](LAW["relaxed"](5.0, 1.0, 0.3, 2.0), 1.0, 0.3, 2.0)
    assert twice == pytest.approx(once, rel=1e-14)


def test_an_event_is_as_likely_in_two_half_steps_as_in_one():
    half = LAW["event_probability"](0.2, 1.5)
    assert 1.0 - (1.0 - half) ** 2 == pytest.approx(LAW["event_probability"](0.2, 3.0), rel=1e-14)


@given(st.floats(0.01, 500.0), st.floats(0.01, 500.0), st.floats(0.1, 500.0))
def test_bound_pairs_obey_mass_action_and_exceed_neither_partner(receptor, ligand, affinity):
    pairs = LAW["bound_pairs"](receptor, ligand, affinity)
    assert 0.0 <= pairs <= min(receptor, ligand)
    assert (receptor - pairs) * (ligand - pairs) == pytest.approx(affinity * pairs, rel=1e-6, abs=1e-6)


def test_three_hits_within_fifty_minutes_add_up_and_four_hits_in_three_hours_do_not():
    def after(hits, gap):
        damage = 0.0
        for _ in range(hits):
            damage = LAW["repaired_damage"](damage, 50.0, gap) + 1.0
        return damage

    assert after(3, 25.0) > 2.2 > after(4, 60.0)


@pytest.mark.parametrize("growth_per_day", [0.02, 0.165, 0.6])
def test_a_population_leaving_g0_at_the_law_s_rate_grows_at_the_rate_asked_for(growth_per_day):
    growth, committed = growth_per_day / 1440.0, 780.0
    rate = LAW["resting_exit_rate"](growth, committed)
    # Euler-Lotka: two daughters per cycle of Exp(rate) + committed
    assert 2.0 * rate / (rate + growth) * math.exp(-growth * committed) == pytest.approx(1.0, rel=1e-12)


def test_growth_less_loss_is_the_observed_doubling_time():
    potential, observed = 6000.0, 90000.0
    net = LAW["potential_growth_rate"](potential) - LAW["cell_loss_rate"](potential, observed)
    assert math.log(2.0) / net == pytest.approx(observed, rel=1e-9)


def test_two_daughters_hold_the_space_of_their_mother():
    for dimension in (2.0, 3.0):
        mother = LAW["model_radius"](2.0, 1.0, 5.0, dimension)
        daughter = LAW["model_radius"](1.0, 1.0, 5.0, dimension)
        assert 2.0 * daughter**dimension == pytest.approx(mother**dimension, rel=1e-12)


def test_the_bolus_solution_solves_the_two_compartment_equations():
    clearance, exchange, central, peripheral = 0.16e-3, 0.53e-3, 3.6, 2.8
    k10, k12, k21 = clearance / central, exchange / central, exchange / peripheral
    times = np.linspace(0.0, 40000.0, 4001)
    a1 = np.array([LAW["central_amount_after_bolus"](240.0, t, k10, k12, k21) for t in times])
    # the peripheral amount follows from mass balance with what was eliminated
    eliminated = np.concatenate([[0.0], np.cumsum(0.5 * (a1[1:] + a1[:-1]) * np.diff(times))]) * k10
    a2 = 240.0 - a1 - eliminated
    slope = np.gradient(a1, times)
    expected = [
        LAW["central_change"](u, v, clearance, exchange, central, peripheral)
        for u, v in zip(a1, a2, strict=True)
    ]
    assert a1[0] == pytest.approx(240.0)
    assert np.max(np.abs(slope - expected)[1:-1]) < 1e-3 * np.max(np.abs(expected))


def test_blocking_pd1_restores_what_pd_l1_took():
    def passed(free):
        pairs = LAW["bound_pairs"](180.0 * free, 130.0, 64.0)
        return LAW["checkpoint_factor"](pairs, 6.0, 2.0)

    assert passed(1.0) < 0.02
    assert 0.4 < passed(0.05) < 1.0
