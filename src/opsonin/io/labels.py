"""Label maps of the user's own: the TOML that says what the columns and labels of a panel mean.

Maps of the knowledge base are read there; the tables that a map applies to in `biopsies.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.io.locate import KeyPath, Lines
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.wording import plain
from opsonin.knowledge.library import Library
from opsonin.model.panels import LabelMap

_SECTIONS = {"labels": "label", "intensities": "intensity"}


class _Fault(Protocol):
    def __call__(self, key: KeyPath, problem: str, fix: str = "") -> None: ...


def load_label_map(labels: str, folder: Path, library: Library) -> LabelMap:
    """The label map of that name in `library`, else the one in the file at that path from `folder`."""
    return library.labels[labels] if labels in library.labels else read_label_map(folder / labels, library)


def read_label_map(path: Path, library: Library) -> LabelMap:
    """A label map whose cell types and molecules are all in `library`.

    Raises:
        InputError: with every fault found, each with file, line and key.
    """
    text = read_text(path)
    data = parse_toml(text, path.name)
    lines = Lines(text)
    faults: list[Fault] = []

    def fault(key: KeyPath, problem: str, fix: str = "") -> None:
        line = lines.line(key)
        section = f"  {_SECTIONS[str(key[0])]} '{key[1]}'" if len(key) > 1 and key[0] in _SECTIONS else ""
        faults.append(Fault((f"{path.name}:{line}" if line else path.name) + section, problem, fix))

    try:
        labels = LabelMap.model_validate(data)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            fault(*plain(found, LabelMap))
        raise InputError(*faults) from error
    if not labels.labels:
        fault(("labels",), "no label is mapped", 'Add [labels] with "CD8+" = { cell = "cd8" }.')
    for label, marking in labels.labels.items():
        _look_up(fault, ("labels", label, "cell"), "cell type", (marking.cell,), library.cells)
        for key in ("positive", "negative"):
            _look_up(fault, ("labels", label, key), "molecule", getattr(marking, key), library.molecules)
        for molecule in sorted(set(marking.positive) & set(marking.negative)):
            fault(("labels", label), f"molecule '{molecule}' is both positive and negative")
    for molecule, intensity in labels.intensities.items():
        _look_up(fault, ("intensities", molecule), "molecule", (molecule,), library.molecules)
        _look_up(fault, ("intensities", molecule, "only"), "cell type", intensity.only, library.cells)
    for label in sorted(set(labels.ignore) & set(labels.labels)):
        fault(("ignore",), f"label '{label}' is both mapped and ignored")
    if faults:
        raise InputError(*faults)
    return labels


def _look_up(
    fault: _Fault, key: KeyPath, kind: str, names: tuple[str, ...], known: Mapping[str, object]
) -> None:
    for name in names:
        if name not in known:
            fault(key, f"{kind} '{name}' is not in the knowledge base.", did_you_mean(name, known))
