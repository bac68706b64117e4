"""A scenario with one more arm: a drug beside what an arm gives, to be compared with it.

The dose is that of the drug's label where it can be given so; else a concentration, held in the tissue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsonin.core.errors import Fault, InputError
from opsonin.io.label_dose import schedule
from opsonin.io.scenario import Scenario
from opsonin.io.unfit import of_animal
from opsonin.knowledge.aliases import meant
from opsonin.knowledge.library import Library
from opsonin.model.drugs import Agonizes, Answer, Blocks, Bridges, Drug, Opsonizes, Supplies
from opsonin.model.scenario import Arm, Dose

_FRACTION = re.compile(r"\d[\d.]* Gy")
_CELLS = re.compile(r"(\d+)(?: to \d+)? cells/mm2")
_SOME_CELLS = "50 cells/mm2"  # where no label says how many come; decides only a draft that a person reads
# Held where the label is no schedule: half of the widest effect of a drug inside cells, nine tenths of what it binds.
_BOUND = 10.0
_SUPPLIED = 1.0  # nM of a cytokine in blood; decides only a draft that a person reads
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Trial:
    """A scenario file, the arm that it has more, and the dose in words."""

    text: str
    arm: str
    dose: str


def trial(scenario: Scenario, arm: str, drug: str, library: Library, folder: Path) -> Trial:
    """The scenario with one more arm, which gives `drug` beside what `arm` gives.

    Args:
        library: as the scenario has it; folder: where the file will be, at which its paths begin.
    Raises:
        InputError: there is no such drug, the arm has it already, or what was made could not be run from there.
    """
    if drug not in library.drugs:
        raise InputError(Fault("--test", f"there is no drug '{drug}'.", meant(drug, library.drugs)))
    base = next(one for one in scenario.arm if one.name == arm)
    if any(dose.drug == drug for dose in base.dose):
        raise InputError(Fault("--test", f"{drug} is given in arm '{arm}' already.", "Name another drug."))
    told = _doses(library.drugs[drug], scenario, library)
    name = _name(f"{arm} + {drug}" if base.dose else drug, {one.name for one in scenario.arm})
    new = Arm(name=name, dose=(*base.dose, *(Dose.model_validate({"drug": drug, **keys}) for keys in told)))
    asked = scenario.model_copy(update={"arm": (*scenario.arm, new)})
    words = _in_words(told)
    label = library.drugs[drug].label_dose
    head = [
        f"# Arm '{name}': what '{arm}' gives, and {drug} ({words}).",
        *([f"# Label: {' '.join(label.split())}"] if label else []),
    ]
    made = Trial("\n".join([*head, "", asked.to_toml()]), name, words)
    _require_biopsy(scenario, folder)
    Scenario.from_text(made.text, folder=folder, name="the scenario to be written")
    return made


def _require_biopsy(scenario: Scenario, folder: Path) -> None:
    """InputError where the biopsy that the run read is not where the new file would look for it."""
    biopsy = scenario.tissue.biopsy
    if biopsy is not None and not (folder / biopsy).is_file():
        problem = f"the biopsy '{biopsy}' is not there when looked for from '{folder}'."
        fix = "Write the file into the folder of the scenario that was run: its paths begin there."
        raise InputError(Fault("--write", problem, fix))


def _name(wanted: str, taken: set[str]) -> str:
    """A name that no arm has."""
    names = (wanted[: _LONGEST_NAME - len(end)].rstrip() + end for end in _ends())
    return next(name for name in names if name not in taken)


def _ends() -> Iterator[str]:
    yield ""
    number = 2
    while True:
        yield f" {number}"
        number += 1


def _in_words(told: list[dict[str, Any]]) -> str:
    """The first dose, and when the others of its cycle are."""
    words = ", ".join(f"{key} {value}" for key, value in told[0].items())
    return words + "".join(f", also at {keys['at']}" for keys in told[1:])


def _doses(drug: Drug, scenario: Scenario, library: Library) -> list[dict[str, Any]]:
    """Keys of each dose but its drug."""
    if drug.radiates:
        fraction = _FRACTION.search(drug.label_dose)
        return [{"amount": fraction[0] if fraction else "2 Gy"}]
    if drug.product is not None:
        come = _CELLS.search(drug.label_dose)
        return [{"amount": f"{come[1]} cells/mm2" if come else _SOME_CELLS}]
    if drug.vaccinates:
        return [{"amount": "1 dose"}]
    generate = scenario.tissue.generate
    in_medium = generate is not None and generate.free_standing
    duration = scenario.scenario.duration
    as_labelled = [] if drug.kinetics is None else schedule(drug.label_dose, duration)
    if as_labelled and not in_medium and not of_animal(library.tumours[scenario.tissue.tumour]):
        return as_labelled
    return [{"amount": f"{_effective(drug):.4g} nM", "lasting": f"{duration:g} min"}]


def _effective(drug: Drug) -> float:
    """A concentration at which all its effects are well on their way [nM]."""
    binders = (Blocks, Opsonizes, Bridges, Agonizes)
    each = [effect.half.value for effect in drug.effects if isinstance(effect, Answer)]
    each += [_BOUND * effect.affinity.value for effect in drug.effects if isinstance(effect, binders)]
    each += [_SUPPLIED for effect in drug.effects if isinstance(effect, Supplies)]
    return max(each)
