"""Scenario files: reading one with every fault found at once, and writing one that reads back to the same.

What a scenario holds is in `model/scenario.py`; what must hold between its keys in `check.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import PrivateAttr, ValidationError

from opsonin.core.errors import Fault, InputError
from opsonin.io.biopsies import Biopsy, biopsy_of, read_biopsy
from opsonin.io.check import Draft, check_all, is_file
from opsonin.io.labels import load_label_map
from opsonin.io.locate import Lines
from opsonin.io.long_numbers import without_long
from opsonin.io.overrides import overridden
from opsonin.io.several import asked_fields, told_once
from opsonin.io.tables import Table, read_even_rows
from opsonin.io.thickness import Thickness, thickness_of
from opsonin.io.toml_files import parse_toml, read_text, toml_text
from opsonin.io.wording import TOLD_OF_DOSES, plain, spelled
from opsonin.knowledge.library import Library, load_library
from opsonin.model import scenario as model
from opsonin.model.panels import LabelMap


class Scenario(model.Scenario):
    """A scenario that knows the folder its paths are relative to."""

    def __new__(cls, *args: object, **tables: object) -> Self:
        """Only what a class method has checked is a scenario: it calls this without arguments."""
        if args or tables:
            fix = "Use Scenario.load(file), Scenario.from_text(text) or Scenario.from_dict(tables)."
            raise InputError(Fault("Scenario", "is not made by calling it.", fix))
        return super().__new__(cls)

    _folder: Path = PrivateAttr(default=Path())
    _table: Table | None = PrivateAttr(default=None)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read and check a scenario file; the content of its biopsy is read by `check_scenario` or the run.

        Raises:
            InputError: with every fault found, each with file, line, value and what was expected.
        """
        file = Path(path)
        return cls.from_text(read_text(file), folder=file.parent, name=file.name)

    @classmethod
    def from_text(cls, text: str, *, folder: str | Path = ".", name: str = "scenario.toml") -> Self:
        """A scenario from the text of a file; its paths start in `folder`, faults call it `name`.

        >>> import opsonin as op
        >>> asked = op.Scenario.from_text('''
        ... scenario = { name = "A well", duration = "2 d" }
        ... tissue.tumour = "melanoma"
        ... tissue.generate = { geometry = "well", size = ["300 um", "300 um"], confluence = 0.4 }
        ... arm = [{ name = "control" }]
        ... ''')
        >>> asked.scenario.duration  # quantities are held in base units
        2880.0
        """
        data = parse_toml(text, name)
        return cls._built(Draft(data, name, Path(folder), Lines(text)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, folder: str | Path = ".", name: str = "scenario") -> Self:
        """A scenario from tables, as `tomllib` or `resolved` give them."""
        return cls._built(Draft(without_long(data), name, Path(folder), None))

    @classmethod
    def _built(cls, draft: Draft) -> Self:
        library = load_library()
        built = None
        try:
            built = cls.model_validate(dict(draft.data))
            built._folder = draft.folder
        except ValidationError as error:
            for found in error.errors(include_url=False):
                if found["type"] == "too_short" and draft.get(*found["loc"]):
                    continue  # the list is long enough: its items are at fault, and told
                if found["type"] in TOLD_OF_DOSES:
                    continue
                draft.fault(*plain(found, model.Scenario))
        check_all(draft, library)
        if built is None or draft.faults:
            raise InputError(*_ordered(draft.faults), *_faults_of_biopsy(draft, library))
        return built

    def __repr__(self) -> str:
        """The question in a line."""
        about, arms = self.scenario, ", ".join(arm.name for arm in self.arm)
        lasts = spelled(about.duration)
        return f"<Scenario '{about.name}': {self.tissue.tumour}, {lasts}, seed {about.seed}, arms {arms}>"

    __str__ = __repr__

    @property
    def folder(self) -> Path:
        """Where relative paths of this scenario start."""
        return self._folder

    @property
    def biopsy_path(self) -> Path | None:
        return None if self.tissue.biopsy is None else self._folder / self.tissue.biopsy

    def library(self) -> Library:
        """The knowledge base as this scenario has it."""
        return overridden(load_library(), self.knowledge, self.tissue.tumour)

    def label_map(self) -> LabelMap | None:
        """What the biopsy's labels mean; InputError if the file of it is wrong."""
        if self.tissue.labels is None:
            return None
        return load_label_map(self.tissue.labels, self._folder, load_library())

    def thickness(self) -> Thickness:
        """How thick the tissue is, and why; InputError if the label map that may say so is wrong."""
        return thickness_of(self.tissue, self.library(), self.label_map())

    def read_biopsy(self) -> Biopsy | None:
        """The cells to start from, None for a generated tissue; InputError with every fault of the table."""
        path, labels = self.biopsy_path, self.label_map()
        if path is None or labels is None:
            return None
        if self.tissue.several:
            problem = "asks for several fields; a tissue is made of one."
            raise InputError(Fault("[tissue]", problem, "`opsonin run` makes one tissue of each."))
        table = self._table if self._table is not None else read_even_rows(path)
        return biopsy_of(table, self.tissue.select | self.tissue.field, labels)

    def by_field(self) -> list[Self]:
        """A scenario of one tissue for each field that is asked for, in their order; only itself where it is one.

        Raises:
            InputError: the table cannot be read, or `fields` does not fit it.
        """
        if not self.tissue.several or self.biopsy_path is None:
            return [self]
        table = self._table if self._table is not None else read_even_rows(self.biopsy_path)
        return [self._only(select, table) for select in asked_fields(table, self.tissue)]

    def by_replicate(self) -> list[Self]:
        """A scenario of one replicate for each that is asked for, in their order; InputError as `by_field`."""
        header = self.scenario
        if header.replicates > 1 and self.biopsy_path is not None and self._table is None:
            self._table = read_even_rows(self.biopsy_path)  # once for all
        copies = []
        for number in range(header.replicate, header.replicate + header.replicates):
            alone = header.model_copy(update={"replicate": number, "replicates": 1})
            copies.append(self.model_copy(update={"scenario": alone}))
        return copies

    def _only(self, select: dict[str, str], table: Table) -> Self:
        tissue = self.tissue.model_copy(update={"fields": (select,) if select else None})
        only = self.model_copy(update={"tissue": tissue})
        only._table = table
        return only

    def resolved(self) -> dict[str, Any]:
        """All keys, defaults too, quantities as texts in base units: `from_dict` gives an equal scenario."""
        content: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return content

    def to_toml(self) -> str:
        """`resolved` as a scenario file."""
        return toml_text(self.resolved())


def check_scenario(path: str | Path) -> tuple[Scenario, list[Biopsy]]:
    """Read a scenario and each field of its biopsy, none if it is generated; InputError with every fault of all."""
    scenario = Scenario.load(path)
    read: list[Biopsy | None] = []
    faults: dict[str, tuple[Fault, ...]] = {}
    for field in scenario.by_field():
        try:
            read.append(field.read_biopsy())
        except InputError as error:
            faults[field.tissue.field_name] = error.faults
    if faults:
        raise InputError(*told_once(faults))
    return scenario, [biopsy for biopsy in read if biopsy is not None]


def _ordered(faults: Iterable[tuple[int, Fault]]) -> list[Fault]:
    """By line; each once."""
    return list(dict.fromkeys(fault for _, fault in sorted(faults, key=lambda pair: pair[0])))


def _faults_of_biopsy(draft: Draft, library: Library) -> tuple[Fault, ...]:
    """What is wrong in the biopsy of a scenario that is wrong elsewhere, if it can be read at all."""
    biopsy, labels, select = (draft.get("tissue", key) for key in ("biopsy", "labels", "select"))
    select = {} if select is None else select
    readable = isinstance(biopsy, str) and isinstance(labels, str) and isinstance(select, Mapping)
    if not readable or draft.get("tissue", "fields") is not None or not is_file(draft.folder / biopsy):
        return ()
    if labels not in library.labels and not is_file(draft.folder / labels):
        return ()
    if not all(isinstance(value, str | int) and not isinstance(value, bool) for value in select.values()):
        return ()
    try:
        read_biopsy(draft.folder / biopsy, select, load_label_map(labels, draft.folder, library))
    except InputError as error:
        return error.faults
    return ()
