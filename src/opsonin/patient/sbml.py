"""The parts of a patient's model written as SBML (Level 3 Version 2), with units; doses, where asked for, as events.

What the parts are is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opsonin.core.errors import Fault, RunError
from opsonin.patient.doses import Change
from opsonin.patient.extra import extra
from opsonin.patient.formulae import functions, printed, symbol
from opsonin.patient.parts import RATES, UNITS, Amount, Flow, Part

NOWHERE = "outside"  # the room of what has no volume

# (base unit, exponent, scale, multiplier) of each factor
_UNITS: dict[str, tuple[str, tuple[tuple[str, int, int, float], ...]]] = {
    "mg": ("mg", (("gram", 1, -3, 1.0),)),
    "min": ("minute", (("second", 1, 0, 60.0),)),
    "L": ("litre_volume", (("litre", 1, 0, 1.0),)),
    "nM": ("nM", (("mole", 1, -9, 1.0), ("litre", -1, 0, 1.0))),
    "mg/min": ("mg_per_minute", (("gram", 1, -3, 1.0), ("second", -1, 0, 60.0))),
    "L/min": ("litre_per_minute", (("litre", 1, 0, 1.0), ("second", -1, 0, 60.0))),
    "mg/L": ("mg_per_litre", (("gram", 1, -3, 1.0), ("litre", -1, 0, 1.0))),
    "mg/nmol": ("mg_per_nmol", (("gram", 1, -3, 1.0), ("mole", -1, -9, 1.0))),
    "cell": ("cell", (("item", 1, 0, 1.0),)),
    "cell/min": ("cell_per_minute", (("item", 1, 0, 1.0), ("second", -1, 0, 60.0))),
    "cell/L": ("cell_per_litre", (("item", 1, 0, 1.0), ("litre", -1, 0, 1.0))),
    "1/min": ("per_minute", (("second", -1, 0, 60.0),)),
    "molecule": ("molecule", (("item", 1, 0, 1.0),)),
    "molecule/um2": ("molecule_per_um2", (("item", 1, 0, 1.0), ("metre", -2, -6, 1.0))),
    "um2": ("um2", (("metre", 2, -6, 1.0),)),
    "1": ("dimensionless", ()),
}
assert set(_UNITS) == set(UNITS)


def written(part: Part, name: str, changes: Sequence[Change] = ()) -> str:
    """SBML of a whole model.

    Args:
        part: all of it, as `together` gives it.
        name: of the model, for people.
        changes: what doses do; each time an event. Without them, who integrates the model gives the doses.
    Raises:
        HostError: the extra is missing. RunError: libsbml refuses what it is given.
    """
    sbml = extra("libsbml")
    document = sbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId("patient")
    model.setName(name)
    for setting, unit in (("Substance", "mg"), ("Extent", "mg"), ("Time", "min"), ("Volume", "L")):
        getattr(model, f"set{setting}Units")(_UNITS[unit][0])
    _write_units(sbml, model)
    _write_functions(sbml, model, part)
    _write_quantities(model, part)
    for item in part.derived:
        _rule(sbml, model.createAssignmentRule(), item.name, item.formula)
    _write_flows(sbml, model, part)
    _write_rates(sbml, model, part)
    units = {amount.name: amount.unit for amount in part.amounts}
    for number, change in enumerate(changes):
        _write_event(sbml, model, number, change, units)
    return str(sbml.writeSBMLToString(document))


def _math(sbml: Any, text: str) -> Any:
    tree = sbml.parseL3Formula(text)
    if tree is None:
        raise RunError(Fault("patient's model", f"`{text}` is no formula: {sbml.getLastParseL3Error()}"))
    return tree


def _write_units(sbml: Any, model: Any) -> None:
    for name, factors in _UNITS.values():
        if not factors:
            continue
        definition = model.createUnitDefinition()
        definition.setId(name)
        for kind, exponent, scale, multiplier in factors:
            unit = definition.createUnit()
            unit.setKind(sbml.UnitKind_forName(kind))
            unit.setExponent(exponent)
            unit.setScale(scale)
            unit.setMultiplier(multiplier)


def _write_functions(sbml: Any, model: Any, part: Part) -> None:
    formulae = [item.formula for item in part.derived] + [flow.rate for flow in part.flows]
    for name, (arguments, text) in functions(formulae).items():
        function = model.createFunctionDefinition()
        function.setId(name)
        function.setMath(_math(sbml, f"lambda({', '.join((*arguments, text))})"))


def _write_quantities(model: Any, part: Part) -> None:
    for room in part.rooms:
        compartment = model.createCompartment()
        compartment.setId(room.name)
        compartment.setName(room.title)
        compartment.setSpatialDimensions(3)
        compartment.setSize(room.volume)
        compartment.setUnits(_UNITS["L"][0])
        compartment.setConstant(True)
    if any(amount.room is None for amount in part.amounts):
        nowhere = model.createCompartment()
        nowhere.setId(NOWHERE)
        nowhere.setName("what has no volume: depots, and what has left the body")
        nowhere.setSpatialDimensions(3)
        nowhere.setSize(1.0)
        nowhere.setUnits(_UNITS["L"][0])
        nowhere.setConstant(True)
    for amount in part.amounts:
        if amount.unit == "1":  # a level, and no substance
            _parameter(model, amount.name, amount.title, "1", value=amount.initial, fixed=False)
            continue
        species = model.createSpecies()
        species.setId(amount.name)
        species.setName(amount.title)
        species.setCompartment(amount.room or NOWHERE)
        species.setInitialAmount(amount.initial)
        species.setSubstanceUnits(_UNITS[amount.unit][0])
        species.setHasOnlySubstanceUnits(True)
        species.setBoundaryCondition(False)
        species.setConstant(False)
    for constant in part.constants:
        _parameter(model, constant.name, constant.title, constant.unit, value=constant.value, fixed=True)
    for entry in part.inputs:
        _parameter(model, entry.name, entry.title, "mg/min", value=0.0, fixed=False)
    for item in part.derived:
        _parameter(model, item.name, item.title, item.unit, value=None, fixed=False)


def _parameter(model: Any, name: str, title: str, unit: str, *, value: float | None, fixed: bool) -> None:
    parameter = model.createParameter()
    parameter.setId(name)
    parameter.setName(title)
    parameter.setUnits(_UNITS[unit][0])
    parameter.setConstant(fixed)
    if value is not None:
        parameter.setValue(value)


def _write_flows(sbml: Any, model: Any, part: Part) -> None:
    """Flows of drug, as reactions."""
    for flow in part.flows:
        if flow.source is None or flow.target is None or _rate_unit(part, flow) != RATES["mg"]:
            continue
        reaction = _reaction(model, flow.name, flow.title, flow.target)
        reaction.setReversible(flow.to_and_fro)
        _end(reaction.createReactant(), flow.source)
        reaction.createKineticLaw().setMath(_math(sbml, printed(flow.rate)))
    for entry in part.inputs:
        reaction = _reaction(model, f"{entry.name}_flow", entry.title, entry.into)
        reaction.createKineticLaw().setMath(_math(sbml, entry.name))


def _write_rates(sbml: Any, model: Any, part: Part) -> None:
    """All other flows, as rates that rules add up: reactions of one model share one unit, which is that of drug."""
    for flow in part.flows:
        unit = _rate_unit(part, flow)
        if unit != RATES["mg"]:
            _parameter(model, flow.name, flow.title, unit, value=None, fixed=False)
            _rule(sbml, model.createAssignmentRule(), flow.name, flow.rate)
    for amount in part.amounts:
        if amount.unit != "mg":
            total = _gain(part.flows, amount)
            if total != 0:
                _rule(sbml, model.createRateRule(), amount.name, total)


def _rate_unit(part: Part, flow: Flow) -> str:
    return RATES[next(a.unit for a in part.amounts if a.name in (flow.source, flow.target))]


def _gain(flows: Sequence[Flow], amount: Amount) -> Any:
    """Formula of what comes to an amount, less what leaves it."""
    coming = sum(symbol(flow.name) for flow in flows if flow.target == amount.name)
    return coming - sum(symbol(flow.name) for flow in flows if flow.source == amount.name)


def _rule(sbml: Any, rule: Any, name: str, formula: Any) -> None:
    rule.setVariable(name)
    rule.setMath(_math(sbml, printed(formula)))


def _reaction(model: Any, name: str, title: str, target: str) -> Any:
    reaction = model.createReaction()
    reaction.setId(name)
    reaction.setName(title)
    reaction.setReversible(False)
    _end(reaction.createProduct(), target)
    return reaction


def _end(reference: Any, species: str) -> None:
    reference.setSpecies(species)
    reference.setStoichiometry(1.0)
    reference.setConstant(True)


def _write_event(sbml: Any, model: Any, number: int, change: Change, units: Mapping[str, str]) -> None:
    event = model.createEvent()
    event.setId(f"dose_{number}")
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setInitialValue(False)  # so that what is given at time 0 counts
    trigger.setPersistent(True)
    trigger.setMath(_math(sbml, f"time >= {change.time!r} minute"))
    for name, amount in sorted(change.added.items()):
        _assignment(sbml, event, name, f"{name} + {amount!r} {_UNITS[units[name]][0]}")
    for name, rate in sorted(change.rates.items()):
        _assignment(sbml, event, name, f"{rate!r} mg_per_minute")


def _assignment(sbml: Any, event: Any, name: str, text: str) -> None:
    assignment = event.createEventAssignment()
    assignment.setVariable(name)
    assignment.setMath(_math(sbml, text))


def faults_of(text: str) -> list[str]:
    """Every error and warning that libsbml finds in an SBML text, units too, with its line."""
    sbml = extra("libsbml")
    document = sbml.readSBMLFromString(text)
    document.checkConsistency()
    found = (document.getError(number) for number in range(document.getNumErrors()))
    return [f"line {error.getLine()}: {error.getMessage().strip()}" for error in found]
