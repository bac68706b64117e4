"""One arm on its own, to be given to a run that was stored without it: by name, from a file, or inline.

An arm is written here as in a scenario, and refused in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.check import Draft, check_treatments
from opsonin.io.locate import Lines
from opsonin.io.long_numbers import without_long
from opsonin.io.scenario import Scenario
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.wording import TOLD_OF_DOSES, plain
from opsonin.model.scenario import Arm, Quantity
from opsonin.model.sourced import Entry


class Treatment(Entry):
    """A file that holds an arm."""

    arm: Annotated[tuple[Arm, ...], Field(min_length=1)]


def read_arm(asked: Any, scenario: Scenario) -> Arm:
    """The arm that is meant.

    Args:
        asked: the name of an arm of the scenario; a TOML file with one [[arm]]; an inline table as text,
            `{ name = "...", dose = [...] }`; or a table as `tomllib` gives it.
        scenario: what the arm is given in; its duration and knowledge base hold.
    Raises:
        InputError: no such arm or file, or every fault of its text.
    """
    known = {arm.name: arm for arm in scenario.arm}
    if not isinstance(asked, str | Path | Mapping):
        problem = f"is a {type(asked).__name__}, not an arm."
        raise InputError(Fault("arm", problem, "Give a name, a TOML file with one [[arm]], or a table."))
    if isinstance(asked, Mapping):
        return _checked({"arm": [without_long(asked)]}, "arm", None, scenario)
    if isinstance(asked, str) and asked in known:
        return known[asked]
    if isinstance(asked, str) and asked.lstrip().startswith("{"):
        text = f"arm = [{asked}]"
        return _checked(parse_toml(text, "arm"), "arm", None, scenario)
    file = Path(asked)
    if isinstance(asked, str) and file.suffix != ".toml":
        fix = f"{did_you_mean(asked, known)} A new one is given as a TOML file with one [[arm]]."
        raise InputError(Fault("arm", f"there is no arm '{asked}' in the scenario of this result.", fix))
    text = read_text(file)
    return _checked(parse_toml(text, file.name), file.name, Lines(text), scenario)


def _checked(data: Mapping[str, Any], name: str, lines: Lines | None, scenario: Scenario) -> Arm:
    write = Quantity("min").write
    around = {
        "scenario": {"duration": write(scenario.scenario.duration)},
        "numerics": {"coupling_step": write(scenario.numerics.coupling_step)},
    }
    draft = Draft({**data, **around}, name, Path(), lines)
    treatment = None
    try:
        treatment = Treatment.model_validate(dict(data))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            short_of_faulty_items = found["type"] == "too_short" and draft.size("arm")
            if not short_of_faulty_items and found["type"] not in TOLD_OF_DOSES:
                draft.fault(*plain(found, Treatment))
    if draft.size("arm") > 1:
        draft.fault(("arm", 1), f"holds {draft.size('arm')} arms; one is needed", "Keep one [[arm]].")
    check_treatments(draft, scenario.library())
    if treatment is None or draft.faults:
        faults = sorted(draft.faults, key=lambda pair: pair[0])
        raise InputError(*dict.fromkeys(fault for _, fault in faults))
    return treatment.arm[0]
