"""Tables of doses as NONMEM reads them: ID, TIME, AMT, RATE, ADDL, II, CMT, EVID ..., resolved to single doses.

Whether a file is a readable table is decided by `tables.py`, which columns are read by `dose_columns.py`; what a drug
needs to be given, by `ways.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.core.units import UnitError, split, to_unit
from opsonin.io.dose_columns import columns_of
from opsonin.io.tables import Table, as_text, capped, read_even_rows
from opsonin.io.ways import amount_fix, refused_drug, refused_route
from opsonin.io.wording import spelled
from opsonin.model.amounts import MASS
from opsonin.model.dosing import (
    CELLS,
    EXAMPLE,
    PER_WEIGHT_CELLS,
    Body,
    DoseTable,
    Given,
    dose_mg,
    instant,
    read_dose,
)
from opsonin.model.drugs import Drug
from opsonin.model.scenario import MOST_DOSES

ONLY = "1"  # the patient of a table or course that names none
_NOTHING = {"", ".", "na", "nan", "null"}  # what NONMEM and spreadsheets write for it
_ROUTES = {"iv": "iv", "oral": "oral", "po": "oral", "sc": "sc", "vein": "iv", "mouth": "oral"}


class _Refused(Exception):
    """A value of a row: column, problem, fix."""


@dataclass
class _Reading:
    """A table while it is read: what its numbers are in, whom it is for, and the faults so far."""

    table: Table
    asked: DoseTable
    body: Body | None
    duration: float
    drugs: Mapping[str, Drug] | None
    columns: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)


def read_doses(
    asked: DoseTable,
    folder: Path,
    body: Body | None,
    duration: float,
    drugs: Mapping[str, Any] | None,
) -> dict[str, list[Given]]:
    """The doses of each patient of a table, in the order of its rows.

    Args:
        asked: the table and its units; its file is relative to `folder`.
        body: of the patient; a row's own WT and HT come before it.
        duration: [min]; a dose at or after it is refused.
        drugs: the knowledge base's; None where the doses are for a model of somebody else.
    Raises:
        InputError: with every fault, each with file, row, column, value and what was expected.
    """
    table = read_even_rows(folder / asked.file)
    reading = _Reading(table, asked, body, duration, drugs, columns_of(table))
    reading.faults += _faults_of_units(reading)
    if reading.faults:
        raise InputError(*reading.faults)
    patients: dict[str, list[Given]] = {}
    faulty: list[Fault] = []
    for number, row in zip(table.rows.tolist(), _rows(reading), strict=True):
        try:
            if not _is_remark(row):
                patients.setdefault(_patient(row), []).extend(_doses(row))
        except _Refused as refused:
            column, problem, fix = refused.args
            where = f"{table.name} row {number}"
            where += f", column {reading.columns[column]}" if column in reading.columns else ""
            faulty.append(Fault(where, problem, fix))
    if table.faults or faulty:
        raise InputError(*table.faults, *capped(faulty, table.name))
    return patients


def _rows(reading: _Reading) -> Iterator[_Row]:
    """Every row with the texts that are there."""
    columns = [(key, reading.table.column(written).to_pylist()) for key, written in reading.columns.items()]
    first = reading.table.data[0].to_pylist()
    for index in range(len(reading.table.rows)):
        texts = ((key, as_text(values[index]).strip()) for key, values in columns)
        there = {key: text for key, text in texts if text.lower() not in _NOTHING}
        yield _Row(there, as_text(first[index]).strip(), reading)


def _is_remark(row: _Row) -> bool:
    """Whether a row is none, as NONMEM has it: it begins with #, or has a C in the column C."""
    mark = row.texts.get("C", "")
    if mark and mark.upper() not in ("C", "#"):
        try:
            float(mark)
        except ValueError as error:
            fix = "A row with C in it is left out; any other has . or nothing there."
            raise _Refused("C", f"'{mark}' is no mark of a remark; expected C.", fix) from error
    return row.first.startswith("#") or mark.upper() in ("C", "#")


def _patient(row: _Row) -> str:
    if "ID" in row.reading.columns and "ID" not in row.texts:
        raise _Refused("ID", "is empty.", "Every row says whose it is, or the table has no column ID.")
    return row.texts.get("ID", ONLY)


def _faults_of_units(reading: _Reading) -> Iterator[Fault]:
    for key, unit, read in (
        ("time", reading.asked.time, lambda unit: to_unit(f"1 {unit}", "min")),
        ("amount", reading.asked.amount, lambda unit: _of_mass(f"1 {unit}")),
    ):
        if unit is None:
            continue
        try:
            cast(Callable[[str], object], read)(unit)
        except ValueError as error:
            fix = 'For example time = "h".' if key == "time" else 'For example amount = "mg".'
            if key == "amount" and (told := amount_fix(unit)) != EXAMPLE:
                fix = told
            yield Fault("[table]", f"{key} '{unit}' is no unit of it: {error}.", fix)


@dataclass(frozen=True)
class _Row:
    """The values of a row that are there, by column, and its first one, which may begin with a mark."""

    texts: Mapping[str, str]
    first: str
    reading: _Reading

    def number(self, column: str) -> float | None:
        """A plain, finite number; None where nothing is written."""
        text = self.texts.get(column)
        if text is None:
            return None
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            fix = (
                "Write decimals with a point."
                if text.count(",") == 1
                else "Write a number, or . for nothing."
            )
            raise _Refused(column, f"'{text}' is not a finite number.", fix)
        return value

    def whole(self, column: str) -> int:
        """A whole number, 0 where nothing is written."""
        value = self.number(column) or 0.0
        if not value.is_integer():
            raise _Refused(column, f"'{self.texts[column]}' is not a whole number.", "")
        return int(value)

    def minutes(self, column: str) -> float | None:
        """A time [min], in the table's unit where it has none of its own."""
        text = self.texts.get(column)
        if text is None:
            return None
        if ":" in text or "/" in text:
            fix = "Count the time from the first dose, in hours or days."
            raise _Refused(column, f"'{text}' is a date or clock time.", fix)
        unit = _unit_of(text)
        if not unit and self.reading.asked.time is None:
            fix = 'Say what the table counts in: table = { file = "...", time = "h", amount = "mg" }.'
            raise _Refused(column, f"'{text}' has no unit; expected one such as h or d.", fix)
        try:
            value = to_unit(text if unit else f"{text} {self.reading.asked.time}", "min")
        except UnitError as error:
            raise _Refused(column, f"{error}.", "Write a time such as 24 h, or a number.") from error
        if value < 0.0:
            raise _Refused(column, f"'{text}' is before time 0.", "Times count from the start.")
        return value


def _unit_of(text: str) -> str:
    try:
        return split(text)[1]
    except UnitError:
        return ""


def _doses(row: _Row) -> Iterator[Given]:
    """Every dose of a row, those that ADDL adds too."""
    if not _is_dose(row):
        return
    time = row.minutes("TIME")
    if time is None:
        raise _Refused("TIME", "is empty.", "Fill it in, or leave the row out.")
    drug = _drug(row)
    value, kind = _amount(row)
    try:
        mg = dose_mg(value, kind, _body(row))
    except ValueError as error:
        fix = 'Add a column WT [kg] (and HT [cm]), or [patient] with weight = "75 kg".'
        raise _Refused("AMT", f"'{row.texts['AMT']}' {error}.", fix) from error
    lasting = _lasting(row, value, kind)
    more, interval = _repeats(row)
    _refuse_late(row, time, more, interval)
    for number in range(more + 1):
        yield Given(time + number * interval, drug, mg, lasting)


def _refuse_late(row: _Row, time: float, more: int, interval: float) -> None:
    """Refuse doses at or after the end, as in the course itself."""
    end = row.reading.duration
    if instant(time) >= end:
        problem = f"'{row.texts['TIME']}' is not before the end of the course, {spelled(end)}."
        raise _Refused("TIME", problem, "Make its duration longer, or leave the row out.")
    if more and instant(time + more * interval) >= end:
        fits = max(0, math.ceil((end - time) / interval - 1e-9) - 1)
        problem = f"'{more}' doses follow; {fits} of them are before the end of the course, {spelled(end)}."
        raise _Refused("ADDL", problem, f"Make its duration longer, or write {fits}.")


def _is_dose(row: _Row) -> bool:
    """Whether a row gives something; refused where it asks for what is not known here."""
    event = row.whole("EVID") if "EVID" in row.texts else None
    if event in (3, 4):
        fix = "Begin another patient (ID) where the body is to be empty again."
        raise _Refused("EVID", f"'{event}' resets the body, which is not known here.", fix)
    if event not in (None, 0, 1, 2):
        raise _Refused("EVID", f"'{event}' is no kind of event; expected 0 to 2.", "A dose is 1.")
    if row.whole("SS"):
        fix = "Write the doses that led to it, with ADDL and II."
        raise _Refused("SS", f"'{row.texts['SS']}' asks for a steady state, which is not known here.", fix)
    amount = row.texts.get("AMT")
    nothing = amount is None or _is_zero(amount)
    if event == 0 and not nothing:
        raise _Refused("EVID", f"'0' is an observation, but AMT is '{amount}'.", "A dose is 1.")
    if event == 1 and nothing:
        raise _Refused(
            "AMT", "is empty or 0 in a row that is a dose (EVID 1).", "Fill it in, or leave the row out."
        )
    return event == 1 or (event is None and not nothing)


def _is_zero(text: str) -> bool:
    try:
        return split(text)[0] == 0.0
    except UnitError:
        return False


def _drug(row: _Row) -> str:
    name = row.texts.get("DRUG", row.reading.asked.drug)
    column = "DRUG" if "DRUG" in row.texts else ""
    if name is None:
        fix = 'Add a column DRUG, or say it for all rows: table = { file = "...", drug = "nivolumab" }.'
        raise _Refused(column, "names no drug.", fix)
    if row.reading.drugs is None:
        return name
    refusal = refused_drug(name, row.reading.drugs)
    if refusal is not None:
        raise _Refused(column, *refusal)
    _check_way(row, row.reading.drugs[name])
    return name


def _check_way(row: _Row, drug: Drug) -> None:
    """Refuse a route or compartment into which the drug's kinetics know no dose."""
    if (written := row.texts.get("ROUTE")) is not None:
        route = _ROUTES.get(written.lower())
        if route is None:
            raise _Refused(
                "ROUTE", f"'{written}' is not one of iv, oral, sc.", did_you_mean(written, _ROUTES)
            )
        if refusal := refused_route(route, drug):
            raise _Refused("ROUTE", f"'{written}': {refusal[0]}", refusal[1])
    into = row.texts.get("CMT")
    absorbed = drug.kinetics is not None and drug.kinetics.absorption_half_life is not None
    allowed = ("0", "1", "depot") if absorbed else ("0", "1", "central")
    if into is not None and into.lower() not in allowed:
        entry = "depot" if absorbed else "central"
        problem = f"'{into}' is no compartment into which {drug.name} is given."
        raise _Refused("CMT", problem, f"Its doses go into the {entry} compartment: 1 or {entry}.")


def _amount(row: _Row) -> tuple[float, str]:
    text = row.texts["AMT"]
    unit = _unit_of(text)
    if not unit:
        row.number("AMT")
        if row.reading.asked.amount is None:
            fix = 'Say what the table counts in: table = { file = "...", time = "h", amount = "mg" }.'
            raise _Refused("AMT", f"'{text}' has no unit; expected one such as mg or mg/kg.", fix)
        text = f"{text} {row.reading.asked.amount}"
    try:
        return _of_mass(text)
    except ValueError as error:
        raise _Refused("AMT", f"{error}.", amount_fix(text)) from error


def _body(row: _Row) -> Body | None:
    """The patient with the row's own weight and height."""
    body, weight, height = row.reading.body, row.number("WT"), row.number("HT")
    known: dict[str, Any] = {} if body is None else {"surface": body.surface}
    for key, unit, column, value in (("weight", "kg", "WT", weight), ("height", "cm", "HT", height)):
        own = None if body is None else getattr(body, key)
        if value is not None:
            least, most = (1.0, 400.0) if key == "weight" else (30.0, 250.0)
            if not least <= value <= most:
                problem = f"'{row.texts[column]}' is no {key} of a person in {unit}."
                raise _Refused(column, problem, f"Expected {least:g} to {most:g} {unit}.")
            own = value
        if own is not None:
            known[key] = f"{own!r} {unit}"
    return Body.model_validate(known) if "weight" in known else body


def _lasting(row: _Row, value: float, kind: str) -> float:
    """Over which time a dose flows in [min]; 0 where it is given at once."""
    rate, lasting = row.texts.get("RATE"), row.minutes("DUR")
    if rate is not None and _is_zero(rate):
        rate = None
    if rate is not None and lasting is not None:
        raise _Refused(
            "DUR", "is given beside RATE; one of them says how long the dose flows in.", "Leave one out."
        )
    if rate is None:
        return lasting or 0.0
    if _unit_of(rate):
        try:
            per_minute = to_unit(rate, "mg/min")
        except UnitError as error:
            raise _Refused("RATE", f"{error}.", "For example 20 mg/h.") from error
        if kind != MASS:
            raise _Refused(
                "RATE", f"'{rate}' does not fit '{row.texts['AMT']}'.", "Give both in the same unit."
            )
        return _positive("RATE", rate, value / per_minute if per_minute else math.inf)
    number = row.number("RATE") or 0.0
    if number < 0.0:
        fix = "Give the rate itself, or the duration as DUR."
        raise _Refused("RATE", f"'{rate}' stands for one that is estimated, which is not known here.", fix)
    if row.reading.asked.time is None or _unit_of(row.texts["AMT"]):
        raise _Refused("RATE", f"'{rate}' has no unit; expected one such as mg/h.", "Write it as 20 mg/h.")
    return (row.number("AMT") or 0.0) / number * to_unit(f"1 {row.reading.asked.time}", "min")


def _positive(column: str, text: str, value: float) -> float:
    if not 0.0 < value < math.inf:
        raise _Refused(column, f"'{text}' must be above 0.", "")
    return value


def _repeats(row: _Row) -> tuple[int, float]:
    """How many doses follow the first, and after which time each [min]."""
    more, interval = row.whole("ADDL"), row.minutes("II")
    if more < 0:
        raise _Refused(
            "ADDL", f"'{row.texts['ADDL']}' is below 0.", "It counts the doses that follow the first."
        )
    if more > MOST_DOSES:
        raise _Refused("ADDL", f"'{row.texts['ADDL']}' is above the most allowed, {MOST_DOSES}.", "")
    if more and not interval:
        fix = "II is the time from one dose to the next."
        raise _Refused("ADDL", f"'{row.texts['ADDL']}' doses follow, but II is empty or 0.", fix)
    return more, interval or 0.0


def _of_mass(text: str) -> tuple[float, str]:
    """As `read_dose`; ValueError for cells, which a table does not give."""
    value, kind = read_dose(text)
    if kind in (CELLS, PER_WEIGHT_CELLS):
        raise ValueError(f"'{text}' counts cells; a table of doses gives masses")
    return value, kind
