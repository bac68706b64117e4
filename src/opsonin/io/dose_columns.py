"""Columns of a table of doses: which are read, which are left alone, and which are refused since doses would be wrong.

Their rows are read in `dose_tables.py`.
"""

from __future__ import annotations

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.tables import Table

KNOWN = (
    "ID",
    "TIME",
    "AMT",
    "RATE",
    "DUR",
    "ADDL",
    "II",
    "CMT",
    "EVID",
    "SS",
    "DRUG",
    "ROUTE",
    "WT",
    "HT",
    "C",
)
_NAMED = tuple(key for key in KNOWN if key != "C")  # as they are told: remarks are the rarest
_IGNORED = frozenset(
    ["MDV", "DV", "AGE", "SEX", "CMNT", "OCC", "DOSE", "TAD", "BSA", "RACE", "LNDV", "BLQ", "LLOQ"]
)
_NOT_ALIKE = 0.72  # AMOUNT and COUNT are not slips of AMT
_MEANT = {  # what people call columns that are read; left alone, their values would be lost without a word
    "WT": {
        *[
            "WEIGHT",
            "BW",
            "BWT",
            "WGT",
            "WTKG",
            "WT_KG",
            "WEIGHT_KG",
            "WEIGHTKG",
            "BODYWEIGHT",
            "BODY_WEIGHT",
            "MASS",
            "WTBL",
            "BLWT",
        ],
        "BODY WEIGHT",
    },
    "HT": {"HEIGHT", "HGT", "HTCM", "HT_CM", "HEIGHT_CM", "HEIGHTCM"},
    "ID": {"SUBJECT", "SUBJID", "USUBJID", "SUBJECT_ID", "PATIENT", "PATIENT_ID", "PATID", "PT", "SID"},
    "DRUG": {"DRUGNAME", "DRUG_NAME", "TREATMENT", "TRT", "COMPOUND"},
    "DUR": {"DURATION", "TINF", "INFUSION", "INFDUR", "INF_DUR"},
    "II": {"TAU", "INTERVAL", "DOSE_INTERVAL"},
    "ROUTE": {"ADMIN", "ADM", "ADMINISTRATION"},
    "CMT": {"COMPARTMENT"},
}
_UNITS = frozenset(
    ["UNIT", "UNITS", "AMTU", "AMTUNIT", "AMT_UNIT", "DOSEU", "DOSE_UNIT", "TIMEU", "TIMEUNIT", "TIME_UNIT"]
)
_CALENDAR = {"DATE", "DAT1", "DAT2", "DAT3", "DATETIME", "CLOCK", "CLOCKTIME"}


def columns_of(table: Table) -> dict[str, str]:
    """What each known column is called in a table.

    Raises:
        InputError: one is there twice, missing, misspelt, or called as it is not read here.
    """
    faults, found = [], dict[str, str]()
    where = f"{table.name} row 1" if table.separator else table.name
    if len(table.columns) == 1 and len(table.columns[0].split()) > 1:
        problem = f"columns are separated by spaces: '{table.columns[0]}'."
        raise InputError(Fault(where, problem, "Save it with commas (.csv) or tabs (.tsv)."))
    for written in table.columns:
        key = written.strip().upper()
        if key in found:
            faults.append(Fault(where, f"column {key} is there twice, as '{found[key]}' and '{written}'."))
        elif key in KNOWN:
            found[key] = written
    for written in table.columns:
        if fault := _fault_of(written, where, found):
            faults.append(fault)
    for needed in ("TIME", "AMT"):
        if needed not in found:
            problem = f"has no column {needed}; there are {', '.join(table.columns[:12])}."
            faults.append(Fault(where, problem, "A table of doses has TIME and AMT, each with a unit."))
    if faults:
        raise InputError(*faults)
    return found


def _fault_of(written: str, where: str, found: dict[str, str]) -> Fault | None:
    """Why a column that is not known cannot be left alone; None where it can."""
    key = written.strip().upper()
    if key in KNOWN or key in _IGNORED:
        return None
    problem = f"column '{written}' is not one of {', '.join(_NAMED)}."
    if key in _CALENDAR:
        fix = "Count TIME from the first dose, in hours or days, and take this column out."
        return Fault(where, f"column '{written}' holds dates, which are not read here.", fix)
    if key in _UNITS:
        fix = 'Write units into the values, as "3 mg/kg" and "2 d", and take this column out.'
        return Fault(where, f"column '{written}' holds units, which are not read from there.", fix)
    for meant, names in _MEANT.items():
        if key in names and meant not in found:
            unit = {"WT": " [kg]", "HT": " [cm]"}.get(meant, "")
            return Fault(where, problem, f"Did you mean '{meant}'{unit}? Call it so, or take it out.")
    hint = did_you_mean(key, [known for known in _NAMED if known not in found], alike=_NOT_ALIKE)
    return Fault(where, problem, hint) if hint.startswith("Did") else None
