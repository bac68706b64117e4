"""Drugs: two-compartment kinetics and receptor occupancy. Schedules and patients live in the patient tier."""

from __future__ import annotations

from opsonin.laws.operations import exp, law, power


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
