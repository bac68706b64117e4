"""Several fields of one patient: which a scenario asks for, told apart by the columns of its table.

Which columns name fields is in `fields.py`; reading a field is in `biopsies.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.fields import fields_of, names_patients
from opsonin.io.tables import Table
from opsonin.io.toml_files import inline
from opsonin.model.scenario import Region

_LISTED = 12


def asked_fields(table: Table, region: Region) -> list[dict[str, str]]:
    """What selects each field beyond `region.select`, column -> value, in the order asked.

    Raises:
        InputError: a field that is not there, not one, asked for twice, or of another patient.
    """
    asked = region.fields
    found = [_beyond(field.select, region) for field in fields_of(table, region.select)]
    chosen = found if isinstance(asked, str) else []
    faults: list[Fault] = []
    for item in () if asked is None or isinstance(asked, str) else asked:
        select, wrong = _listed(item, table, region, found)
        chosen.append(select)
        faults += wrong
    faults += _twice(table, chosen) + _patients(table, chosen)
    if faults:
        raise InputError(*faults)
    return chosen


def told_once(faults: Mapping[str, tuple[Fault, ...]]) -> list[Fault]:
    """The faults of all fields, each with its field's name; once and without a name where several have the same."""
    having: dict[Fault, list[str]] = {}
    for name, own in faults.items():
        for fault in own:
            having.setdefault(fault, []).append(name)
    return [
        replace(fault, where=f"{fault.where}, {names[0]}") if len(names) == 1 and names[0] else fault
        for fault, names in having.items()
    ]


def _beyond(select: Mapping[str, str], region: Region) -> dict[str, str]:
    return {column: value for column, value in select.items() if column not in region.select}


def _listed(
    item: str | int | dict[str, str | int], table: Table, region: Region, found: list[dict[str, str]]
) -> tuple[dict[str, str], list[Fault]]:
    """One item of the list as column -> value, and what is wrong with it."""
    if not isinstance(item, dict):
        return _by_value(str(item), table, found)
    select = {column: str(value) for column, value in item.items()}
    inside = [_beyond(field.select, region) for field in fields_of(table, region.select | select)]
    if len(inside) == 1:
        return select, []
    problem = f"fields: {inline(select)} are {len(inside)} fields, not one."
    return select, [Fault(table.name, problem, f"Name each: {_some(inside)}.")]


def _by_value(value: str, table: Table, found: list[dict[str, str]]) -> tuple[dict[str, str], list[Fault]]:
    columns = list(found[0])
    if not columns:
        problem = f"fields: '{value}' selects nothing: no column tells fields apart in the selected rows."
        return {}, [Fault(table.name, problem, "Leave fields out, or name the column: [{ column = 1 }].")]
    if len(columns) > 1:
        problem = f"fields: '{value}' is not enough: fields are told apart by {', '.join(columns)}."
        return {}, [Fault(table.name, problem, f"Write each as a table: {_some(found)}.")]
    select = {columns[0]: value}
    if select not in found:
        values = [field[columns[0]] for field in found]
        problem = f"fields: no row has '{value}' in column '{columns[0]}'."
        return select, [Fault(table.name, problem, did_you_mean(value, values))]
    return select, []


def _twice(table: Table, chosen: list[dict[str, str]]) -> list[Fault]:
    again = [select for index, select in enumerate(chosen) if select and select in chosen[:index]]
    return [Fault(table.name, f"fields: {inline(select)} is asked for twice.") for select in again]


def _patients(table: Table, chosen: list[dict[str, str]]) -> list[Fault]:
    """Fields are weighted to one patient: several are several scenarios."""
    faults = []
    for column in dict.fromkeys(column for select in chosen for column in select if names_patients(column)):
        names = list(dict.fromkeys(select[column] for select in chosen if column in select))
        if len(names) > 1:
            shown = ", ".join(names[:_LISTED]) + (", ..." if len(names) > _LISTED else "")
            problem = f"fields: they are of {len(names)} patients: {shown}."
            fix = (
                f'A scenario is of one: add {column} to select, as in select = {{ {column} = "{names[0]}" }}.'
            )
            faults.append(Fault(table.name, problem, fix))
    return faults


def _some(fields: list[dict[str, str]]) -> str:
    return ", ".join(inline(field) for field in fields[:4]) + (", ..." if len(fields) > 4 else "")
