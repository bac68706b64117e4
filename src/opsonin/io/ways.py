"""Which drugs can be given to a patient, and by which way: what the kinetics of the knowledge base are for.

Doses in files and in tables are refused here in the same words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from opsonin.knowledge.aliases import meant
from opsonin.model.dosing import CELLS, EXAMPLE, PER_WEIGHT_CELLS
from opsonin.model.drugs import Drug

Refusal = tuple[str, str]
"""Problem and fix."""

CELLS_EXAMPLE = 'Write "2e8 cells", or per body weight "2e6 cells/kg".'
_MICROGRAM = re.compile(r"\b(?:mcg|mcgs|microgram|micrograms)\b", re.IGNORECASE)
_ACTIVITY = re.compile(r"(?<![A-Za-z])[kM]?(?:IU|UI|U|units?)(?![A-Za-z])")


def refused_drug(name: str, drugs: Mapping[str, Drug], *, cells: bool = False) -> Refusal | None:
    """Why blood cannot carry it; None if it can.

    Args:
        cells: products of cells with a chimeric receptor can be given, too; they cannot in a table.
    """
    drug = drugs.get(name)
    if drug is None:
        fix = f"{meant(name, drugs)}  `opsonin knowledge list drugs` shows all {len(drugs)}."
        return f"drug '{name}' is not in the knowledge base.", fix
    if drug.radiates:
        return (
            f"{name} is radiation, which no blood carries.",
            "Give it to a tissue, in an arm of a scenario.",
        )
    if cells and drug.sees_antigen:
        return None
    if drug.product is not None:
        return _refused_cells(drug)
    if drug.kinetics is None:
        problem = f"the knowledge base does not know how the body takes up and clears {name}"
        why = f": {drug.no_kinetics}." if drug.no_kinetics else "."
        return problem + why, "`opsonin knowledge show NAME` tells whether a drug has kinetics."
    return None


def _refused_cells(drug: Drug) -> Refusal:
    if not drug.sees_antigen:
        problem = f"{drug.name} is made of cells, which have no kinetics."
        return problem, "Give it to a tissue, in an arm of a scenario."
    problem = f"{drug.name} is made of cells, and a table of doses gives masses."
    given = f'dose = [{{ drug = "{drug.name}", amount = "2e8 cells" }}]'
    return problem, f"Give it in the course, to a patient with a tumour: {given}."


def refused_amount(value: float, kind: str, drug: Drug) -> Refusal | None:
    """Why an amount from `read_dose` is none of this drug; None if it is."""
    counted = kind in (CELLS, PER_WEIGHT_CELLS)
    if counted == (drug.product is not None):
        if kind == CELLS and not value.is_integer():
            return (
                "cells are whole.",
                f'Give a whole number of them, for example "{math.ceil(value):g} cells".',
            )
        return None
    if counted:
        return f"{drug.name} is not made of cells.", 'Give it as a mass, for example "240 mg".'
    return f"{drug.name} is made of cells.", 'Give it as a number of them, for example "2e8 cells".'


def amount_fix(text: str, *, of_cells: bool = False) -> str:
    """How an amount, or its unit, that could not be read is written; `of_cells`: of a product of cells."""
    if of_cells:
        return CELLS_EXAMPLE
    if _MICROGRAM.search(text):
        return f'Micrograms are written "ug": "{_MICROGRAM.sub("ug", text)}".'
    if _ACTIVITY.search(text):
        return 'How much of the drug has this activity is on its label: give that mass, as in "1 mg".'
    return EXAMPLE


def refused_route(route: str, drug: Drug) -> Refusal | None:
    """Why a drug with kinetics cannot be given by this route; None if it can."""
    absorbed = drug.kinetics is not None and drug.kinetics.absorption_half_life is not None
    if route == "iv" and absorbed:
        problem = (
            f"the kinetics of {drug.name} are of doses that are absorbed: clearance and volume are over the share "
            "that arrives, which is not known"
        )
        return f"{problem}.", "Leave the route out, or give it as it is absorbed."
    if route != "iv" and not absorbed:
        return f"the knowledge base does not know how {drug.name} is absorbed.", 'Give it into a vein: "iv".'
    return None
