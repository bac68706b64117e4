"""A model of somebody else in SBML: what it lacks is said or supplied; its doses, times and outputs are joined to ours.

It is integrated as our own, by `integrate.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.core.units import UnitError, to_unit
from opsonin.model.dosing import Given
from opsonin.model.drugs import Drug
from opsonin.model.ports import DrugPort, Ports
from opsonin.patient.doses import Change, Entries, changes
from opsonin.patient.extra import extra
from opsonin.patient.parts import identifier

# Functions that exports call and leave undefined, as SBML's infix has them.
_SUPPLIED = {"log2": "lambda(x, ln(x) / ln(2))"}
_MOST_NOTES = 3
_SPELLED = {round(1.0 / 60.0, 6): "1 s", 1.0: "1 min", 60.0: "1 h", 1440.0: "1 d"}  # by minutes


@dataclass(frozen=True)
class Foreign:
    """A foreign model that can be integrated.

    Attributes:
        name: of its file.
        sbml: its text, with functions and inputs that were supplied.
        minutes: length of its unit of time [min].
        entries: where doses of each drug go, and what a mg is there.
        outputs: names of the model by column of the result.
        notes: what was supplied, and what could not be checked, in words.
    """

    name: str
    sbml: str
    minutes: float
    entries: Mapping[str, Entries]
    outputs: Mapping[str, str]
    notes: tuple[str, ...]

    def changes(self, given: Iterable[Given]) -> tuple[Change, ...]:
        """What doses do, at times of the model; InputError where no port takes a drug."""
        given = tuple(given)
        missing = sorted({dose.drug for dose in given} - set(self.entries))
        if missing:
            hint = did_you_mean(missing[0], self.entries)
            raise InputError(Fault("[drug]", f"no port takes doses of '{missing[0]}'.", hint))
        return tuple(
            Change(change.time / self.minutes, change.added, change.rates)
            for change in changes(given, self.entries)
        )


def read_foreign(text: str, name: str, ports: Ports, drugs: Mapping[str, Drug]) -> Foreign:
    """A foreign model, checked.

    Args:
        text: SBML of any level; name: of its file.
        ports: how it is joined.
        drugs: the knowledge base's: their molar masses are used where the model counts moles.
    Raises:
        InputError: every fault of the text and of the ports. HostError: the extra is missing.
    """
    sbml = extra("libsbml")
    document = sbml.readSBMLFromString(text)
    _refuse(list(_unreadable(sbml, document, name)))
    model = document.getModel()
    notes = list(_supply_functions(sbml, model))
    _refuse(
        [
            *_undefined_functions(sbml, model, name),
            *_without_beginning(model, name),
            *_unknown_ports(model, name, ports),
        ]
    )
    invalid, doubts = _consistency(sbml, document, name)
    _refuse(invalid)
    minutes, said = _unit_of_time(sbml, model, name, ports)
    said += _own_events(model, ports)
    entries = dict(_entries(sbml, model, name, ports, drugs, minutes))
    return Foreign(
        name,
        str(sbml.writeSBMLToString(document)),
        minutes,
        entries,
        ports.watched,
        (*notes, *said, *doubts),
    )


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InputError(*faults)


def _unreadable(sbml: Any, document: Any, name: str) -> Iterator[Fault]:
    for number in range(document.getNumErrors()):
        error = document.getError(number)
        if error.getSeverity() >= sbml.LIBSBML_SEV_ERROR:
            yield Fault(f"{name}:{error.getLine()}", f"is not valid SBML: {_plain(error)}")
            return
    if document.getModel() is None:
        yield Fault(name, "holds no SBML model.", "Give the file that a modelling tool exports as SBML.")


def _plain(error: Any) -> str:
    """What libsbml says of this model, without the paragraph of the standard before it and where that stands."""
    lines = [line.strip() for line in str(error.getMessage()).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Reference:")]
    return lines[-1] if lines else str(error.getShortMessage())


def _formulae(model: Any) -> Iterator[Any]:
    """The math of every element that has some."""
    elements = model.getListOfAllElements()
    for number in range(elements.getSize()):
        element = elements.get(number)
        if hasattr(element, "getMath") and element.getMath() is not None:
            yield element.getMath()


def _called(sbml: Any, model: Any) -> set[str]:
    """Names of all functions that are called and are not of SBML itself."""
    found: set[str] = set()
    for formula in _formulae(model):
        waiting = [formula]
        while waiting:
            node = waiting.pop()
            if node.getType() == sbml.AST_FUNCTION:
                found.add(str(node.getName()))
            waiting += [node.getChild(number) for number in range(node.getNumChildren())]
    return found


def _defined(model: Any) -> set[str]:
    return {
        model.getFunctionDefinition(number).getId() for number in range(model.getNumFunctionDefinitions())
    }


def _supply_functions(sbml: Any, model: Any) -> Iterator[str]:
    for name in sorted((_called(sbml, model) - _defined(model)) & set(_SUPPLIED)):
        function = model.createFunctionDefinition()
        function.setId(name)
        function.setMath(sbml.parseL3Formula(_SUPPLIED[name]))
        yield f"calls {name}, which it does not define: {_SUPPLIED[name]} was supplied"


def _undefined_functions(sbml: Any, model: Any, name: str) -> Iterator[Fault]:
    defined = _defined(model)
    for function in sorted(_called(sbml, model) - defined):
        hint = did_you_mean(function, [*defined, *_SUPPLIED])
        problem = f"function '{function}' is called and not defined."
        yield Fault(name, problem, hint if hint.startswith("Did") else "Add a functionDefinition of it.")


def _without_beginning(model: Any, name: str) -> Iterator[Fault]:
    """What has no value at the beginning, by any of the ways that SBML has."""
    assigned = {model.getInitialAssignment(n).getSymbol() for n in range(model.getNumInitialAssignments())}
    rules = (model.getRule(number) for number in range(model.getNumRules()))
    assigned |= {rule.getVariable() for rule in rules if rule.isAssignment()}
    for kind, count, get in (
        ("species", model.getNumSpecies(), model.getSpecies),
        ("parameter", model.getNumParameters(), model.getParameter),
        ("compartment", model.getNumCompartments(), model.getCompartment),
    ):
        for number in range(count):
            item = get(number)
            if item.getId() not in assigned and not _has_value(kind, item):
                problem = f"{kind} '{item.getId()}' has no value at the beginning."
                fix = "Give it an initial value, or an initialAssignment."
                yield Fault(f"{name}:{item.getLine()}", problem, fix)


def _has_value(kind: str, item: Any) -> bool:
    """Whether a value is written; NaN, which some tools write where there is none, is no value."""
    if kind == "species":
        amount, concentration = item.getInitialAmount(), item.getInitialConcentration()
        return bool(
            (item.isSetInitialAmount() and math.isfinite(amount))
            or (item.isSetInitialConcentration() and math.isfinite(concentration))
        )
    if kind == "compartment":
        return bool((item.isSetSize() and math.isfinite(item.getSize())) or item.getSpatialDimensions() == 0)
    return bool(item.isSetValue() and not math.isnan(item.getValue()))


def _unknown_ports(model: Any, name: str, ports: Ports) -> Iterator[Fault]:
    species = [model.getSpecies(number).getId() for number in range(model.getNumSpecies())]
    known = {*species, *(model.getParameter(number).getId() for number in range(model.getNumParameters()))}
    known |= {model.getCompartment(number).getId() for number in range(model.getNumCompartments())}
    for column, written in ports.watched.items():
        plain = written.strip("[]")
        group, _, key = column.partition("_")
        if plain not in known or (written != plain and plain not in species):
            what = "species" if written != plain else "species or parameter"
            problem = f"{name} has no {what} '{plain}'."
            yield Fault(
                f"[{group}] {key}", problem, did_you_mean(plain, species if written != plain else known)
            )


def _consistency(sbml: Any, document: Any, name: str) -> tuple[list[Fault], list[str]]:
    """Faults that make a model meaningless, and in words what is doubtful: units above all."""
    document.checkConsistency()
    faults, units = [], []
    for number in range(document.getNumErrors()):
        error = document.getError(number)
        if error.getCategory() in (sbml.LIBSBML_CAT_UNITS_CONSISTENCY, sbml.LIBSBML_CAT_MODELING_PRACTICE):
            units.append(f"line {error.getLine()}: {_plain(error).partition('. ')[0].rstrip('.')}")
        elif error.getSeverity() >= sbml.LIBSBML_SEV_ERROR:
            faults.append(Fault(f"{name}:{error.getLine()}", f"is not valid SBML: {_plain(error)}"))
    more = (
        [f"units are not sure in {len(units) - _MOST_NOTES} more places"] if len(units) > _MOST_NOTES else []
    )
    return faults, [*(f"units are not sure, {text}" for text in units[:_MOST_NOTES]), *more]


def _unit_of_time(sbml: Any, model: Any, name: str, ports: Ports) -> tuple[float, list[str]]:
    """Length of the model's unit of time [min], and what was taken in place of what."""
    own = _own_time(sbml, model)
    if ports.time is None:
        if own is None:
            fix = 'Say it in the port map: time = "d".'
            raise InputError(Fault(name, "does not say in which unit its time is.", fix))
        return own, []
    try:
        asked = to_unit(f"1 {ports.time}", "min")
    except UnitError as error:
        raise InputError(Fault("time", f"{error}.", 'For example time = "d".')) from error
    if own is None or abs(own / asked - 1.0) < 1e-9:
        return asked, []
    stated = _SPELLED.get(round(own, 6), f"{own:g} min")
    if not ports.replace_time:
        problem = f"'{ports.time}' is not what {name} states: its unit of time is {stated}."
        fix = "Leave time out. Where the model states it wrongly, add replace_time = true."
        raise InputError(Fault("time", problem, fix))
    return asked, [f"its own unit of time is {stated}; the port map says {ports.time}, which was taken"]


def _own_events(model: Any, ports: Ports) -> list[str]:
    """That a model has events, in words: one that was written with its doses gives them besides those of the course."""
    count = model.getNumEvents()
    if not count:
        return []
    events = [model.getEvent(number) for number in range(count)]
    changed = {
        event.getEventAssignment(number).getVariable()
        for event in events
        for number in range(event.getNumEventAssignments())
    }
    text = f"has {count} event{'' if count == 1 else 's'} of its own, which happen besides the doses of the course"
    dosed = sorted(changed & {port.into.strip("[]") for port in ports.drug.values()})
    return [f"{text}; they change {', '.join(dosed)}, into which these go, too" if dosed else text]


def _own_time(sbml: Any, model: Any) -> float | None:
    """The unit of time that a model states [min]; None where it states none, as Level 2 does by leaving it a second."""
    written = model.getTimeUnits() if model.getLevel() > 2 else "time"
    if not written:
        return None
    definition = model.getUnitDefinition(written)
    if definition is None:
        return 1.0 / 60.0 if written == "second" else None
    return _factor(sbml, definition, sbml.UNIT_KIND_SECOND, 1.0 / 60.0)


def _factor(sbml: Any, definition: Any, kind: int, of_base: float) -> float | None:
    """A unit of one factor of this kind in ours; None of any other."""
    if definition.getNumUnits() != 1 or definition.getUnit(0).getKind() != kind:
        return None
    unit = definition.getUnit(0)
    if unit.getExponentAsDouble() != 1.0:
        return None
    return float(unit.getMultiplier() * 10.0 ** unit.getScale()) * of_base


def _entries(
    sbml: Any, model: Any, name: str, ports: Ports, drugs: Mapping[str, Drug], minutes: float
) -> Iterator[tuple[str, Entries]]:
    """Where doses go; each species that takes some gets an input of its own for infusions."""
    faults: list[Fault] = []
    for drug, port in ports.drug.items():
        species = model.getSpecies(port.into.strip("[]"))
        where = f"[drug] {drug}"
        if (
            species is None
            or species.getBoundaryCondition()
            or species.getConstant()
            or _is_ruled(model, port.into)
        ):
            problem = (
                f"'{port.into}' of {name} is not a species that reactions change: no dose can be added to it."
            )
            faults.append(Fault(where, problem))
            continue
        try:
            per_mg = _per_mg(sbml, model, species, drug, port, drugs)
        except ValueError as error:
            fix = 'Say it in the port: unit = "mg", or unit = "nmol" and molar_mass = "146 kg/mol".'
            faults.append(Fault(where, f"{error}.", fix))
            continue
        rate = f"opsonin_infusion_{identifier(drug)}"
        _add_input(sbml, model, rate, species.getId())
        # A rate is set per time of the model, a dose flows in per minute.
        yield drug, Entries(species.getId(), rate, per_mg, per_mg * minutes)
    _refuse(faults)


def _is_ruled(model: Any, species: str) -> bool:
    return model.getRuleByVariable(species) is not None


def _per_mg(
    sbml: Any, model: Any, species: Any, drug: str, port: DrugPort, drugs: Mapping[str, Drug]
) -> float:
    """What a mg of the drug is in the species' own unit; ValueError where it cannot be told."""
    unit = port.unit
    if unit is None:
        written = species.getSubstanceUnits() or (
            model.getSubstanceUnits() if model.getLevel() > 2 else "substance"
        )
        definition = model.getUnitDefinition(written) if written else None
        if definition is not None:
            grams = _factor(sbml, definition, sbml.UNIT_KIND_GRAM, 1e3)
            moles = _factor(sbml, definition, sbml.UNIT_KIND_MOLE, 1.0)
        else:
            grams = {"gram": 1e3, "kilogram": 1e6}.get(written)
            moles = 1.0 if written == "mole" else None
        if grams is not None:
            return 1.0 / grams
        if moles is None:
            raise ValueError(f"the model does not say in which unit '{port.into}' is")
        return 1.0 / (moles * _molar_mass(drug, port, drugs))
    try:
        return 1.0 / to_unit(f"1 {unit}", "mg")
    except UnitError:
        pass
    try:
        return 1.0 / (to_unit(f"1 {unit}", "mol") * _molar_mass(drug, port, drugs))
    except UnitError as error:
        raise ValueError(f"unit '{unit}' is neither a mass nor an amount of substance") from error


def _molar_mass(drug: str, port: DrugPort, drugs: Mapping[str, Drug]) -> float:
    """[mg/mol]"""
    if port.molar_mass is not None:
        return port.molar_mass
    known = drugs.get(drug)
    if known is None or known.molar_mass is None:
        raise ValueError(f"'{port.into}' counts moles, and the molar mass of '{drug}' is not known")
    return known.molar_mass.value


def _add_input(sbml: Any, model: Any, rate: str, species: str) -> None:
    parameter = model.createParameter()
    parameter.setId(rate)
    parameter.setValue(0.0)
    parameter.setConstant(False)
    reaction = model.createReaction()
    reaction.setId(f"{rate}_flow")
    reaction.setReversible(False)
    if model.getLevel() > 2 and model.getVersion() < 2:
        reaction.setFast(False)
    product = reaction.createProduct()
    product.setSpecies(species)
    product.setStoichiometry(1.0)
    if model.getLevel() > 2:
        product.setConstant(True)
    reaction.createKineticLaw().setMath(sbml.parseL3Formula(rate))
