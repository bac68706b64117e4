"""Files of a foreign model: the SBML text, and the port map (TOML) that joins it to ours.

What the model holds is checked in `patient/foreign.py`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.check import Draft
from opsonin.io.locate import Lines
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.wording import plain
from opsonin.model.ports import Ports

MOST_BYTES = 50_000_000


def read_ports(path: Path) -> Ports:
    """A port map; InputError with every fault found, each with its line."""
    text = read_text(path)
    draft = Draft(parse_toml(text, path.name), path.name, path.parent, Lines(text))
    try:
        return Ports.model_validate(dict(draft.data))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            draft.fault(*plain(found, Ports))
        raise InputError(*dict.fromkeys(fault for _, fault in draft.faults)) from error


def read_model(path: Path) -> str:
    """The text of an SBML file; InputError if it is missing, too large, or no text."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        around = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, around) if around else ""
        raise InputError(Fault(str(path), "there is no such file.", hint)) from error
    except OSError as error:
        raise InputError(Fault(str(path), f"cannot be read: {error.strerror or error}.")) from error
    if len(content) > MOST_BYTES:
        raise InputError(Fault(path.name, f"is longer than {MOST_BYTES // 10**6} MB; it is no model."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = f"byte 0x{content[error.start]:02x} is not UTF-8 text."
        raise InputError(Fault(f"{path.name}:{line}", problem, "Save the file as UTF-8.")) from error
    if "<sbml" not in text:
        fix = "Give the file that a modelling tool exports as SBML (.xml)."
        raise InputError(Fault(path.name, "is not SBML: it has no <sbml> element.", fix))
    return text
