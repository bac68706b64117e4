"""A drug does what it does through its target: in a tissue whose cells do not have it, not a bit changes.

All effects without a target molecule (`kills` and the like name cell types) are set to nothing, so that what is left
can only act through the molecules that are gone. The whole knowledge base is slow (`make test-slow`).
"""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import Start
from opsonin.knowledge.library import load_library
from opsonin.model.drugs import Adds, Arrests, Irradiates, Kills, Mutates, Presents, Supplies
from tissues import CONTROL, carried_on, plan

LIBRARY = load_library()
TUMOUR = "melanoma"
COUNTS = {"cancer": 2500, "cd8": 500, "cd4": 200, "nk": 200, "treg": 100, "dc": 100}
COUNTS |= {"macrophage": 300, "fibroblast": 200, "mdsc": 50, "endothelium": 50}
DENSITIES = {cell: f"{count} cells/mm2" for cell, count in COUNTS.items()}
HOURS = 2.0
MOLECULAR = sorted(
    name
    for name, drug in LIBRARY.drugs.items()
    if not any(isinstance(effect, Adds | Irradiates | Presents | Supplies) for effect in drug.effects)
)
# One of each way in which a tissue reads a target.
OFTEN = (
    "atezolizumab",
    "bevacizumab",
    "etrumadenant",
    "lcl161",
    "rituximab",
    "ttx_030",
    "venetoclax",
    "vorinostat",
)


def targets(name: str) -> set[str]:
    keys = ("blocks", "agonizes", "opsonizes", "bridges", "shifts", "on")
    found = {getattr(effect, key, None) for effect in LIBRARY.drugs[name].effects for key in keys}
    return {target for target in found if isinstance(target, str)}


def without(name: str) -> dict[str, str | float]:
    """The overrides that take the targets of a drug from all cells, and its other effects from it."""
    gone: dict[str, str | float] = {}
    for target in targets(name):
        for cell, entry in LIBRARY.cells.items():
            if target in entry.expresses:
                gone[f"cell.{cell}.expresses.{target}"] = "0 molecules"
        for cell, molecules in LIBRARY.tumours[TUMOUR].expresses.items():
            if target in molecules:
                gone[f"tumour.{TUMOUR}.expresses.{cell}.{target}"] = "0 molecules"
    for effect in LIBRARY.drugs[name].effects:
        path = f"drug.{name}.effects.{effect.label}"
        match effect:
            case Kills():
                gone[f"{path}.rate_max"] = "0 1/d"
            case Arrests():
                gone[f"{path}.share_max"] = 0
            case Mutates():
                gone[f"{path}.fold_max"] = 1
    return gone


def arms(name: str, knowledge: dict[str, str | float]):
    """The cells of a tissue some hours later, without the drug and under much of it."""
    dose = {"drug": name, "amount": "5 uM", "lasting": "1 d"}
    asked = plan(
        tissue__generate__densities=DENSITIES,
        arm=[CONTROL, {"name": "drug", "dose": [dose]}],
        knowledge=knowledge,
    )
    start = Start(asked)
    return [carried_on(asked, start.tissue(), 0, HOURS * 60.0, arm).cells.columns() for arm in (0, 1)]


def differing(one, other) -> list[str]:
    return [column for column in one if not np.array_equal(one[column], other[column])]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.slow) for name in MOLECULAR]
)
def test_without_its_target_a_drug_does_not_change_a_bit(name: str) -> None:
    assert differing(*arms(name, without(name))) == []


@pytest.mark.parametrize("name", ["atezolizumab", "etrumadenant", "vorinostat"])
def test_with_its_target_the_same_dose_does(name: str) -> None:
    """So that the tissue above is one in which something can be seen."""
    assert differing(*arms(name, {})) != []
