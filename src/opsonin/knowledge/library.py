"""The library of biology: TOML entries, one per file, read once into frozen models and cross-checked.

Reading, looking up, overriding. What entries look like is in `model/`, what they mention of each
other in `names.py`; sources are checked in `checker.py`.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import ValidationError

from opsonin.core.errors import Fault, InputError, did_you_mean
from opsonin.knowledge.entries import Entries
from opsonin.knowledge.misfits import misfits
from opsonin.knowledge.names import levels, mentions
from opsonin.knowledge.regulators import loop
from opsonin.model.drugs import EFFECTS, Drug
from opsonin.model.geometries import Geometry
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import CellType, Defect, Interaction, Molecule, Substrate, Tumour
from opsonin.model.panels import LabelMap
from opsonin.model.sourced import Entry, Sourced

KINDS: dict[str, tuple[str, type[Entry]]] = {  # name in a path -> folder (and attribute of Library), model
    "substrate": ("substrates", Substrate),
    "molecule": ("molecules", Molecule),
    "cell": ("cells", CellType),
    "interaction": ("interactions", Interaction),
    "drug": ("drugs", Drug),
    "defect": ("defects", Defect),
    "tumour": ("tumours", Tumour),
    "geometry": ("geometries", Geometry),
    "immunity": ("immunity", Immunity),
    "label": ("labels", LabelMap),
}
SET_BY_SCENARIO = "set by the scenario, in place of the knowledge base"
_NUMBERED_BY = ("by", "label")  # what names an item of a list of shifts or effects
_HEADER = re.compile(r"^\s*\[\[?\s*(?P<path>[^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*(?P<key>[A-Za-z0-9_-]+|\"[^\"]+\")\s*=")


class UnknownPath(ValueError):
    """A dotted path names nothing in the knowledge base."""


# What a tumour may say of its cells, and where that stands in their types.
OF_TUMOUR = {
    "diameter": ("cancer", "diameter"),
    "priming": ("cancer", "lytic_target", "priming"),
    "reactive_fraction": ("cd8", "lytic", "reactive_fraction"),
}
# What it may say of its patients, and where that stands in `immunity`.
OF_PATIENTS = {"contact": ("tumour", "contact")}


@dataclass(frozen=True)
class Library:
    """Every entry, by kind and name. Immutable: `override` returns a new library."""

    substrates: Mapping[str, Substrate] = field(default_factory=dict)
    molecules: Mapping[str, Molecule] = field(default_factory=dict)
    cells: Mapping[str, CellType] = field(default_factory=dict)
    interactions: Mapping[str, Interaction] = field(default_factory=dict)
    drugs: Mapping[str, Drug] = field(default_factory=dict)
    defects: Mapping[str, Defect] = field(default_factory=dict)
    tumours: Mapping[str, Tumour] = field(default_factory=dict)
    geometries: Mapping[str, Geometry] = field(default_factory=dict)
    immunity: Mapping[str, Immunity] = field(default_factory=dict)
    labels: Mapping[str, LabelMap] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, (folder, _) in KINDS.items():
            object.__setattr__(self, folder, Entries(kind, getattr(self, folder)))

    def entries(self) -> Iterator[tuple[str, str, Entry]]:
        """(kind as in a path, name, entry), in the order of kinds and names."""
        for kind, (folder, _) in KINDS.items():
            for name, entry in sorted(getattr(self, folder).items()):
                yield kind, name, entry

    def override(self, path: str, text: str | float) -> Library:
        """A copy in which the number at `path` is `text`; its origin then is the scenario.

        Args:
            path: dotted, such as "tumour.melanoma.expresses.cancer.PD-L1"; a shift is named by its signal or
                regulator, as in "molecule.PD-L1.shifts.IRF1.fold_max",
                an effect of a drug by the molecule it blocks, or as in "effects.shifts:MHC-I.fold_max".
            text: the value with its unit, or a bare number where there is none.
        Raises:
            UnknownPath: nothing is there, or not a number; the text has the closest name.
            ValueError: the value has the wrong dimension or lies outside what is allowed.
        """
        kind, *rest = path.split(".")
        if kind not in KINDS:
            raise UnknownPath(f"'{path}': there is no '{kind}'. {did_you_mean(kind, KINDS)}")
        folder = KINDS[kind][0]
        try:
            changed = _replaced(getattr(self, folder), rest, text, path)
        except ValidationError as error:
            raise ValueError(f"'{path}': {_message(error.errors()[0])}") from error
        library = replace(self, **{folder: changed})
        faults = _cross_faults(library, {})
        if faults:
            raise ValueError(f"'{path}': {faults[0].problem}")
        return library

    def of_tumour(self, name: str) -> Library:
        """A copy whose cell types and patients are those of a tumour, where it says how they differ.

        See `OF_TUMOUR` and `OF_PATIENTS`.
        """
        cells = dict(self.cells)
        for key, (cell, *parts) in OF_TUMOUR.items():
            number = getattr(self.tumours[name], key)
            if number is not None and cell in cells:
                cells[cell] = _with(cells[cell], parts, number)
        immunity = dict(self.immunity)
        for key, place in OF_PATIENTS.items():
            number = getattr(self.tumours[name], key)
            if number is not None:
                immunity = {kind: _with(entry, list(place), number) for kind, entry in immunity.items()}
        return replace(self, cells=cells, immunity=immunity)

    def _repr_html_(self) -> str:
        """How a notebook shows it: see `opsonin.as_html`."""
        import opsonin  # by the public name, as in `Entry`

        return opsonin.as_html(self)

    def digest(self) -> str:
        """Hex digest of all content: the same numbers, sources and names give the same digest."""
        digest = hashlib.blake2b(digest_size=16)
        for kind, name, entry in self.entries():
            digest.update(f"{kind}\0{name}\0{entry.model_dump_json()}\0".encode())
        return digest.hexdigest()


def load_library(folder: Path | None = None) -> Library:
    """Read and cross-check a library.

    Args:
        folder: holds substrates/, molecules/, cells/, interactions/, drugs/, defects/, tumours/,
            geometries/, immunity/, labels/;
            default: the packaged one, read once.

    >>> load_library().drugs["nivolumab"].kinetics.clearance.text
    '0.23 L/d'

    Raises:
        InputError: with every fault found, each with file, line and key.
    """
    return _packaged() if folder is None else _read(folder)


@lru_cache(maxsize=1)
def _packaged() -> Library:
    return _read(importlib.resources.files("opsonin.knowledge").joinpath("library"))


def file_stem(name: str) -> str:
    """The file name of an entry, without ending: ':' is not allowed in file names everywhere."""
    return name.replace(":", "_")


def _read(root: Traversable) -> Library:
    faults: list[Fault] = []
    tables: dict[str, dict[str, Entry]] = {}
    texts: dict[tuple[str, str], tuple[str, str]] = {}  # (kind, name) -> shown file, its text
    unread: set[tuple[str, str]] = (
        set()
    )  # (kind, file stem) of what did not load: no fault of those that name it
    for kind, (folder, model) in KINDS.items():
        tables[folder] = {}
        place = root.joinpath(folder)
        if not place.is_dir():
            continue
        for file in sorted((f for f in place.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name):
            shown, text = f"{folder}/{file.name}", file.read_text(encoding="utf-8")
            try:
                entry: Any = model.model_validate(tomllib.loads(text))
            except tomllib.TOMLDecodeError as error:
                faults.append(Fault(shown, f"is not TOML: {error}"))
                unread.add((kind, file.name.removesuffix(".toml")))
                continue
            except ValidationError as error:
                faults += [
                    Fault(_place(shown, text, _written(found["loc"])), _message(found), _hint(model, found))
                    for found in error.errors()
                ]
                unread.add((kind, file.name.removesuffix(".toml")))
                continue
            if f"{file_stem(entry.name)}.toml" != file.name:
                problem = (
                    f"the entry is named '{entry.name}' but its file is not {file_stem(entry.name)}.toml"
                )
                faults.append(Fault(_place(shown, text, ("name",)), problem))
            tables[folder][entry.name] = entry
            texts[kind, entry.name] = shown, text
    library = Library(**tables)  # type: ignore[arg-type]
    faults += _cross_faults(library, texts, frozenset(unread))
    if not any(tables.values()) and not faults:
        faults.append(Fault(str(root), "holds no entries", f"Folders expected: {', '.join(tables)}."))
    if faults:
        raise InputError(*faults)
    return library


def _cross_faults(
    library: Library,
    texts: Mapping[tuple[str, str], tuple[str, str]],
    unread: frozenset[tuple[str, str]] = frozenset(),
) -> list[Fault]:
    """Every name that names nothing, and every number in another unit than its substrate's."""
    faults: list[Fault] = []

    def fault(kind: str, name: str, loc: tuple[str, ...], problem: str, fix: str = "") -> None:
        shown, text = texts.get((kind, name), ("", ""))
        faults.append(
            Fault(_place(shown, text, loc) if shown else ".".join((kind, name, *loc)), problem, fix)
        )

    known_as: dict[str, frozenset[str]] = {}
    for kind, name, loc, wanted, target in mentions(library):
        if wanted not in known_as:
            known_as[wanted] = frozenset(n for one in wanted.split(" or ") for n in _of_kind(library, one))
        known = known_as[wanted]
        if target not in known and not any(
            (one, file_stem(target)) in unread for one in wanted.split(" or ")
        ):
            fault(kind, name, loc, f"there is no {wanted} '{target}'.", did_you_mean(target, known))
    for name, drug in library.drugs.items():
        for place, problem, fix in misfits(drug, library.cells, library.substrates):
            fault("drug", name, place, problem, fix)
    helped = [pair for pair in library.interactions.values() if pair.kind == "costimulation"]
    for name, pair in library.interactions.items():
        if pair.kind == "competing" and (fix := _cannot_compete(pair, helped)):
            fault("interaction", name, ("ligand",), f"'{pair.receptor}' competes with no receptor", fix)
    for kind, name, loc, signal, number in levels(library):
        unit = library.substrates[signal].unit if signal in library.substrates else None
        if unit is not None and ((unit == "mmHg") != ("mmHg" in number.unit) or not number.unit):
            problem = f"{number.text} does not fit: substrate '{signal}' is held in {unit}"
            fault(kind, name, loc, problem, f"Give it in units of {unit}.")
        elif unit is None and signal in library.molecules and number.unit:
            problem = f"{number.text} does not fit: a regulator such as '{signal}' counts in resting levels"
            fault(
                kind, name, loc, problem, "Give it without unit: 1 is the resting level of the cell's type."
            )
    if circle := loop(library.molecules):
        problem = f"molecules regulate each other in a loop: {' -> '.join(circle)}"
        place = "shifts", str([shift.by for shift in library.molecules[circle[1]].shifts].index(circle[0]))
        fault("molecule", circle[1], place, problem, "Take one of these shifts out.")
    return faults


def _cannot_compete(pair: Interaction, helped: Sequence[Interaction]) -> str:
    """How to mend a competing pair that has nobody to compete with for its ligand; "" for one that has."""
    rivals = {other.receptor for other in helped if other.ligand == pair.ligand}
    if rivals - {pair.receptor}:
        return ""
    ligands = ", ".join(sorted({other.ligand for other in helped}))
    return f"Name a ligand that another receptor of kind 'costimulation' holds: {ligands}."


def _of_kind(library: Library, kind: str) -> Mapping[str, Entry]:
    entries: Mapping[str, Entry] = getattr(library, KINDS[kind][0])
    return entries


def _written(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """A location as the file spells it: pydantic puts the kind of an effect behind its number."""
    return tuple(
        part
        for before, part in zip((None, *loc), loc, strict=False)
        if not (isinstance(before, int) and part in EFFECTS)
    )


def _message(found: Any) -> str:
    kind, text = found["type"], str(found["msg"])
    if kind == "extra_forbidden":
        return f"unknown key '{found['loc'][-1]}'."
    if kind == "missing":
        return f"the key '{found['loc'][-1]}' is missing"
    return text.removeprefix("Value error, ")


def _hint(model: type[Entry], found: Any) -> str:
    """The closest key, for a key that does not exist."""
    if found["type"] != "extra_forbidden":
        return ""
    here: Any = model
    for part in found["loc"][:-1]:
        if isinstance(part, str) and part in EFFECTS:
            here = EFFECTS[part]
            continue
        if isinstance(part, int) or not hasattr(here, "model_fields"):
            continue
        annotation = here.model_fields[part].annotation if part in here.model_fields else None
        inner = [a for a in _flattened(annotation) if isinstance(a, type) and issubclass(a, Entry)]
        here = inner[0] if inner else here
    return did_you_mean(str(found["loc"][-1]), here.model_fields)


def _flattened(annotation: Any) -> list[Any]:
    inner = [a for a in get_args(annotation) if a is not NoneType]
    return [annotation] if not inner else [leaf for a in inner for leaf in _flattened(a)]


def _place(shown: str, text: str, loc: tuple[Any, ...]) -> str:
    """File, line and key of a location, as far down as the file spells it."""
    parts = tuple(str(part) for part in loc)
    line = next((n for depth in range(len(parts), 0, -1) if (n := _lines(text).get(parts[:depth]))), None)
    return f"{shown}:{line}  {'.'.join(parts)}" if line else f"{shown}  {'.'.join(parts)}"


@lru_cache(maxsize=64)
def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Key path -> line number (from 1); TOML keeps none. Items of a list count from 0."""
    found: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _numbered(
                tuple(p.strip('" ') for p in re.findall(r'"[^"]*"|[^.]+', header["path"])), counts
            )
            if line.lstrip().startswith("[["):
                index = counts[table] = counts.get(table, -1) + 1
                table = (*table, str(index))
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key["key"].strip('"')), number)
    return found


def _numbered(path: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> tuple[str, ...]:
    """A header's path with the current item's number after each list but the last part."""
    full: tuple[str, ...] = ()
    for depth, part in enumerate(path):
        full = (*full, part)
        if depth < len(path) - 1 and full in counts:
            full = (*full, str(counts[full]))
    return full


def _with(node: Any, parts: list[str], number: Sourced) -> Any:
    """`node` with another number at `parts`, origin and all; without that part it stays as it is."""
    key, *rest = parts
    below = getattr(node, key)
    if not rest:
        return node.model_copy(update={key: number})
    return node if below is None else node.model_copy(update={key: _with(below, rest, number)})


def _replaced(node: Any, parts: list[str], text: str | float, path: str) -> Any:
    """`node` rebuilt, validators included, with the number at `parts` set to `text`."""
    if isinstance(node, Sourced):
        if parts:
            raise UnknownPath(f"'{path}': '{parts[0]}' is below a number; leave it out")
        return {"value": text, "assumed": SET_BY_SCENARIO}
    below = children(node)
    if below is None:
        raise UnknownPath(f"'{path}' is not a number; only numbers can be set")
    if not parts:
        raise UnknownPath(f"'{path}' is not a number but a table of {', '.join(sorted(below))}")
    key, *rest = parts
    if key not in below:
        raise UnknownPath(f"'{path}': there is no '{key}'. {did_you_mean(key, below)}")
    if below[key] is None and not rest:
        new: Any = {"value": text, "assumed": SET_BY_SCENARIO}
    else:
        new = _replaced(below[key], rest, text, path)
    if isinstance(node, Mapping):
        return {**node, key: new}
    if isinstance(node, tuple):
        return tuple(new if child is below[key] else child for child in node)
    return type(node).model_validate({**dict(node), key: new})


def children(node: Any) -> dict[str, Any] | None:
    """What can be named below a node: keys, or the signal or molecule that names an item of a list."""
    if isinstance(node, Mapping):
        return dict(node)
    if isinstance(node, tuple):
        named = {getattr(item, key): item for item in node for key in _NUMBERED_BY if hasattr(item, key)}
        return named or None
    if isinstance(node, Entry):
        return {
            key: value
            for key, value in node
            if not (isinstance(value, str) or (isinstance(value, tuple) and set(map(type, value)) == {str}))
            and (value is not None or Sourced in _flattened(type(node).model_fields[key].annotation))
        }
    return None
