"""Drugs: kinetics of one or two compartments, receptor occupancy, and what a drug does inside cells.

Schedules and patients live in the patient tier.
"""

from __future__ import annotations

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.operations import exp, expm1, law, maximum, minimum, power
from opsonin.laws.response import hill


@law
def central_change(central, peripheral, clearance, intercompartmental, central_volume, peripheral_volume):
    """Rate of change of the amount in the central compartment [mg/min].

    dA1/dt = -(CL + Q)/V1 A1 + Q/V2 A2

    Args:
        central, peripheral: amounts A1, A2 [mg].
        clearance, intercompartmental: CL, Q [L/min].
        central_volume, peripheral_volume: V1, V2 [L].
    Source: two-compartment model, Gibaldi and Perrier 1982.
    """
    outflow = (clearance + intercompartmental) / central_volume * central
    return intercompartmental / peripheral_volume * peripheral - outflow


@law
def peripheral_change(central, peripheral, intercompartmental, central_volume, peripheral_volume):
    """Rate of change of the amount in the peripheral compartment, Q/V1 A1 - Q/V2 A2 [mg/min].

    Arguments as in `central_change`.
    """
    return intercompartmental / central_volume * central - intercompartmental / peripheral_volume * peripheral


@law
def cleared(amount, clearance, volume):
    """Rate at which a compartment loses drug in proportion to what it holds, CL/V A [mg/min].

    Args:
        amount: in the compartment A [mg].
        clearance: CL [L/min].
        volume: of the compartment V [L].
    Source: linear clearance, Gibaldi and Perrier 1982.
    """
    return clearance / volume * amount


@law
def formed(amount, clearance, volume, fraction):
    """Rate at which a metabolite is made of what a compartment loses, f CL/V A [mg/min] of the drug it is made of.

    Args:
        amount, clearance, volume: as in `cleared`.
        fraction: of what is cleared that becomes it f [-].
    Source: linear clearance, Gibaldi and Perrier 1982.
    """
    return fraction * cleared(amount, clearance, volume)


@law
def cleared_otherwise(amount, clearance, volume, fraction):
    """Rate at which a compartment loses drug that becomes nothing that acts, (1 - f) CL/V A [mg/min].

    Arguments as in `formed`.
    """
    return (1.0 - fraction) * cleared(amount, clearance, volume)


@law
def course_rate(given, trace, half_time):
    """Rate of a clock that stands until a drug is given and counts half-times from then on, G / (G + g) / T [1/min].

    Args:
        given: all of the drug so far G [mg].
        trace: an amount far below any dose g [mg].
        half_time: T [min].
    Source: by definition of time since the first dose.
    """
    return given / (given + trace) / half_time


@law
def fallen_clearance(clearance, elapsed, fall, steepness):
    """Clearance after some time of treatment, CL exp(-F x^n / (1 + x^n)) [L/min].

    Args:
        clearance: at the first dose CL [L/min].
        elapsed: time since then over the half-time of the fall x [-].
        fall: logarithm of how many times lower it is in the end F [-].
        steepness: n [-].
    Source: time-varying clearance of nivolumab, Bajaj 2017 (doi:10.1002/psp4.12143).
    """
    return clearance * exp(-fall * hill(elapsed, 1.0, steepness))


@law
def cleared_saturably(amount, max_elimination, half_saturation, volume):
    """Rate at which a compartment loses drug to what can be full, as a target or enzyme, Vmax C / (Km + C) [mg/min].

    With C = A/V, written as Vmax A / (Km V + A).

    Args:
        amount: in the compartment A [mg].
        max_elimination: Vmax [mg/min].
        half_saturation: concentration at half of it Km [mg/L].
        volume: of the compartment V [L].
    Source: Michaelis and Menten 1913; for targets that bind antibody, Mager and Jusko 2001 at quasi-steady state.
    """
    return max_elimination * amount / (half_saturation * volume + amount)


@law
def absorbed(amount, half_life):
    """Rate at which a depot in gut or skin gives up its drug, k A [mg/min].

    Args:
        amount: left in the depot A [mg].
        half_life: of absorption [min].
    Source: first-order absorption, Gibaldi and Perrier 1982.
    """
    return rate_of_half_life(half_life) * amount


@law
def molar_concentration(amount, volume, molar_mass):
    """Concentration of an amount in a volume, A / (V M) [nM].

    Args:
        amount: A [mg].
        volume: V [L].
        molar_mass: M [mg/nmol].
    Source: definition.
    """
    return amount / volume / molar_mass


@law
def free_in_tissue(plasma, fraction_unbound, tissue_partition):
    """Free drug in the interstitium of a tumour, in balance with plasma: C f K [nM].

    Args:
        plasma: total concentration in plasma C [nM].
        fraction_unbound: in plasma f [-].
        tissue_partition: free drug in the tumour over free drug in plasma K [-].
    Source: this model; docs/knowledge.md.
    """
    return plasma * fraction_unbound * tissue_partition


@law
def acting_together(drug, metabolite, potency):
    """What a drug and its metabolite come to together, as that much of the drug, C + a M [nM].

    Args:
        drug, metabolite: free C, M [nM].
        potency: of a molecule of the metabolite over one of the drug a [-].
    Source: dose additivity of what acts in one way (Loewe 1926).
    """
    return drug + potency * metabolite


@law
def slow_rate(k10, k12, k21):
    """Terminal rate of the two-compartment model, beta [1/min].

    Args:
        k10, k12, k21: elimination and exchange rate constants CL/V1, Q/V1, Q/V2 [1/min].
    Source: Gibaldi and Perrier 1982; written as k10 k21 / alpha so that it does not cancel.
    """
    return k10 * k21 / fast_rate(k10, k12, k21)


@law
def fast_rate(k10, k12, k21):
    """Distribution rate of the two-compartment model, alpha [1/min]. Arguments as in `slow_rate`."""
    total = k10 + k12 + k21
    return 0.5 * (total + power(total * total - 4.0 * k10 * k21, 0.5))


@law
def central_amount_after_bolus(dose, elapsed, k10, k12, k21):
    """Amount in the central compartment a time after an intravenous bolus [mg].

    Args:
        dose: of the bolus [mg].
        elapsed: time since the bolus t [min], >= 0.
        k10, k12, k21: rate constants [1/min].
    Source: bi-exponential solution, Gibaldi and Perrier 1982.
    """
    alpha = fast_rate(k10, k12, k21)
    beta = slow_rate(k10, k12, k21)
    fast = (alpha - k21) * exp(-alpha * elapsed)
    slow = (k21 - beta) * exp(-beta * elapsed)
    return dose * (fast + slow) / (alpha - beta)


@law
def amount_after_bolus(dose, elapsed, elimination):
    """Amount left of an intravenous bolus in one compartment, D exp(-k t) [mg].

    Args:
        dose: of the bolus D [mg].
        elapsed: time since the bolus t [min], >= 0.
        elimination: rate k = CL/V [1/min].
    Source: one-compartment model, Gibaldi and Perrier 1982.
    """
    return dose * exp(-elimination * elapsed)


@law
def left_of_infusion(dose, elapsed, lasting, rate):
    """Amount left of an infusion of what leaves at one rate, D exp(-k (t - s)) (1 - exp(-k s)) / (k T) [mg].

    With s = min(t, T), how long it has flowed in. Several exponentials, each with its share of the dose, add up.

    Args:
        dose: in all D [mg].
        elapsed: time since its beginning t [min], >= 0.
        lasting: how long it flows in T [min], > 0.
        rate: k [1/min], > 0.
    Source: convolution of a constant inflow with an exponential, Gibaldi and Perrier 1982.
    """
    flowed = minimum(elapsed, lasting)
    return -dose * exp(-rate * (elapsed - flowed)) * expm1(-rate * flowed) / (rate * lasting)


@law
def amount_after_absorption(dose, elapsed, absorption, elimination):
    """Amount in one compartment a time after a dose that is absorbed by first order (Bateman function) [mg].

    D ka / (ka - k) (exp(-k t) - exp(-ka t)), written so that it does not cancel where the rates are close.

    Args:
        dose: absorbed in the end D [mg].
        elapsed: time since the dose t [min], >= 0.
        absorption, elimination: rates ka and k = CL/V [1/min], not equal.
    Source: Bateman 1910; Gibaldi and Perrier 1982.
    """
    slow, fast = minimum(absorption, elimination), maximum(absorption, elimination)
    return -dose * absorption * exp(-slow * elapsed) * expm1(-(fast - slow) * elapsed) / (fast - slow)


@law
def mark_rate(effect, onset, persistence):
    """Rate at which the share of cells that a drug has marked comes to its balance, r E + 1/tau [1/min].

    A mark (as demethylated DNA) is set while the drug acts and outlasts it: dM/dt = r E (1 - M) - M/tau.

    Args:
        effect: of the drug now E [-], from `hill`.
        onset: rate of marking under full effect r [1/min].
        persistence: mean life of a mark tau [min].
    Source: first-order turnover, indirect response (Dayneka 1993).
    """
    return onset * effect + 1.0 / persistence


@law
def mark_balance(effect, onset, persistence):
    """Share of marked cells at balance, r E / (r E + 1/tau), in [0, 1). Arguments as in `mark_rate`."""
    return onset * effect / mark_rate(effect, onset, persistence)


@law
def fold_of_effect(fold_max, effect):
    """Factor that a drug puts on a resting level, 1 + (F - 1) E [-].

    Args:
        fold_max: factor at full effect F [-].
        effect: E [-], from `hill`, or the share marked.
    Source: this model, as `fold_change` of a signal; docs/knowledge.md.
    """
    return 1.0 + (fold_max - 1.0) * effect


@law
def toxic_hazard(rate_max, effect):
    """Hazard of death by a drug, k_max E [1/min].

    Args:
        rate_max: at full effect k_max [1/min].
        effect: E [-], from `hill`, below 1.
    Source: this model; docs/knowledge.md.
    """
    return rate_max * effect


@law
def let_in(share_max, effect):
    """Share of the cells due to enter the cycle that a drug lets in, 1 - a E, in [0, 1].

    Args:
        share_max: share held back at full effect a [-].
        effect: E [-], from `hill`, below 1.
    Source: this model; docs/knowledge.md.
    """
    return 1.0 - share_max * effect


@law
def supplied_level(concentration, potency):
    """What a drug that is a substrate adds to that in blood, a C [nM].

    Args:
        concentration: free drug C [nM].
        potency: of one of its molecules over one of the body's own a [-].
    Source: by definition of the potency.
    """
    return potency * concentration


@law
def binding_load(concentration, affinity):
    """How strongly one antibody loads a receptor, C / Kd [-]; the loads of antibodies that compete for it add.

    Args:
        concentration: free antibody at the cell [nM].
        affinity: Kd [nM].
    Source: law of mass action.
    """
    return concentration / affinity


@law
def free_share(load):
    """Share of a receptor that no antibody holds at equilibrium, 1 / (1 + sum C / Kd), in (0, 1].

    Args:
        load: sum of the `binding_load` of all antibodies against it [-].
    Source: law of mass action, competitive binding (Gaddum 1926).
    """
    return 1.0 / (1.0 + load)


@law
def held_share(load):
    """Share of a receptor that a drug holds at equilibrium, L / (1 + L), in [0, 1) [-].

    Args:
        load: its `binding_load` L [-].
    Source: law of mass action.
    """
    return load / (1.0 + load)


@law
def held_by_one(load, loads):
    """Share of a receptor that one of the drugs which compete for it holds, L / (1 + sum L), in [0, 1) [-].

    Args:
        load: its `binding_load` L [-].
        loads: sum of those of all drugs against the receptor, its own too [-].
    Source: law of mass action, competitive binding (Gaddum 1926).
    """
    return load / (1.0 + loads)


@law
def either(first, second):
    """Share of receptors that one drug or another holds, 1 - (1 - a)(1 - b) [-].

    Args:
        first, second: shares that each holds a, b [-].
    Source: as if each bound without regard to the other (Bliss 1939).
    """
    return 1.0 - (1.0 - first) * (1.0 - second)
