"""The knowledge base with single numbers in place of its own, as scenarios and courses give them: `[knowledge]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import Field, ValidationError

from opsonin.core.errors import InputError
from opsonin.io.check import Draft, check_overrides
from opsonin.io.locate import Lines
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.wording import plain
from opsonin.knowledge.library import OF_PATIENTS, OF_TUMOUR, Library, load_library
from opsonin.model.scenario import Numbers
from opsonin.model.sourced import Entry


class _File(Entry):
    """What a file of numbers holds."""

    knowledge: Numbers = Field(min_length=1)


def read_numbers(path: Path) -> Numbers:
    """Numbers from a file with the table `[knowledge]` alone; InputError with every fault found."""
    text = read_text(path)
    draft = Draft(parse_toml(text, path.name), path.name, path.parent, Lines(text))
    read = None
    try:
        read = _File.model_validate(dict(draft.data))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            draft.fault(*plain(found, _File))
    check_overrides(draft, load_library())
    if read is None or draft.faults:
        raise InputError(*dict.fromkeys(fault for _, fault in sorted(draft.faults, key=lambda pair: pair[0])))
    return read.knowledge


def overridden(library: Library, numbers: Mapping[str, str | float], tumour: str) -> Library:
    """A library with these numbers: what they say of tumours, then what the tumour says of its cells, then the rest.

    So a number of a cell type that is given stands, even where the tumour has one of its own.
    """
    of_tumours = {path: text for path, text in numbers.items() if path.startswith("tumour.")}
    library = _set(library, of_tumours).of_tumour(tumour)
    return _set(library, {path: numbers[path] for path in numbers.keys() - of_tumours})


def of_patient(library: Library, numbers: Mapping[str, str | float], tumour: str | None) -> Library:
    """The same for a patient with a tumour, or without; what the tumour says of its cells stands in these alone."""
    if tumour is None:
        return _set(library, numbers)
    library = overridden(library, numbers, tumour)
    said = library.tumours[tumour].model_copy(update=dict.fromkeys([*OF_TUMOUR, *OF_PATIENTS]))
    return replace(library, tumours={**library.tumours, tumour: said})


def _set(library: Library, numbers: Mapping[str, str | float]) -> Library:
    for path, value in sorted(numbers.items()):
        library = library.override(path, value if isinstance(value, str) else repr(value))
    return library
