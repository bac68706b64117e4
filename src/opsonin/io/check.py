"""Checks of a scenario across its keys and against the knowledge base, on the text as written.

Runs beside the models' own checks, so that all faults are found at once; what a model refuses is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from opsonin.core.errors import Fault, did_you_mean
from opsonin.core.schedule import ticks
from opsonin.core.units import UnitError, to_unit
from opsonin.io.coupled import check_patient
from opsonin.io.generated import check_generated
from opsonin.io.held import check_held
from opsonin.io.locate import KeyPath, Lines
from opsonin.io.long_numbers import LongNumber
from opsonin.io.products import check_products, check_unit
from opsonin.io.wording import AMOUNTS, shown, spelled
from opsonin.knowledge.aliases import meant
from opsonin.knowledge.library import Library
from opsonin.model.amounts import ABSORBED, CELLS, DOSE, HELD, mass_per_volume, read_amount
from opsonin.model.drugs import Drug
from opsonin.model.scenario import MOST_DOSES, YEAR, Numerics, Output

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_LONGEST_NAME = 255  # bytes, on the file systems in use


class Draft:
    """A scenario as written, not yet known to be valid: its keys, its lines, and the faults found so far."""

    def __init__(self, data: Mapping[str, Any], name: str, folder: Path, lines: Lines | None) -> None:
        self.data = data
        self.name = name
        self.folder = folder
        self.faults: list[tuple[int, Fault]] = []
        self._lines = lines

    def get(self, *path: str | int) -> Any:
        """What stands at a key path, or None."""
        here: Any = self.data
        for part in path:
            if isinstance(part, str) and isinstance(here, Mapping):
                here = here.get(part)
            elif isinstance(part, int) and isinstance(here, list | tuple) and part < len(here):
                here = here[part]
            else:
                return None
        return here

    def shown(self, *path: str | int) -> str:
        """What stands at a key path, for a message."""
        return shown(self.get(*path))

    def text(self, *path: str | int) -> str | None:
        value = self.get(*path)
        return value if isinstance(value, str) else None

    def value(self, unit: str, *path: str | int) -> float | None:
        """The number at a key path in `unit`; None if absent or refused."""
        try:
            return to_unit(self.get(*path), unit)
        except UnitError:
            return None

    def size(self, *path: str) -> int:
        """How many items a list holds; 0 if it is not a list."""
        value = self.get(*path)
        return len(value) if isinstance(value, list | tuple) else 0

    def fault(self, path: KeyPath, problem: str, fix: str = "") -> None:
        """Note what is wrong at a key path."""
        line = self._lines.line(path) if self._lines is not None else None
        place = f"{self.name}:{line}" if line else self.name
        section = self._section(path)
        self.faults.append((line or 0, Fault(f"{place}  {section}".rstrip(), problem, fix)))

    def _section(self, path: KeyPath) -> str:
        match path:
            case ("arm", int(arm), "dose", int(dose), *_):
                return f"{self._arm(arm)}, dose {dose + 1}"
            case ("arm", int(arm), *_):
                return self._arm(arm)
            case ("tissue", "generate", _, *_):
                return "[tissue.generate]"
            case (str(section), _, *_):
                return f"[{section}]"
            case _:
                return ""

    def _arm(self, index: int) -> str:
        name = self.text("arm", index, "name")
        return f"arm '{name[:60]}'" if name else f"arm {index + 1}"

    def doses(self) -> Iterator[tuple[str | int, ...]]:
        """Key paths of all doses."""
        for arm in range(self.size("arm")):
            doses = self.get("arm", arm, "dose")
            for dose in range(len(doses) if isinstance(doses, list | tuple) else 0):
                yield ("arm", arm, "dose", dose)


def check_all(draft: Draft, library: Library) -> None:
    """Note every fault between keys, and every name that names nothing, in `draft`."""
    _check_header(draft)
    _check_tissue(draft, library)
    _check_fields(draft)
    check_generated(draft, library)
    check_treatments(draft, library)
    _check_numerics(draft)
    check_patient(draft, library, _step(draft, "coupling_step"))
    check_overrides(draft, library)


def check_treatments(draft: Draft, library: Library) -> None:
    """Note every fault in the names of arms and in their doses."""
    _check_arms(draft)
    for path in draft.doses():
        _check_dose(draft, path, library)
    check_products(draft, library)
    check_held(draft, _step(draft, "coupling_step"))


def _check_header(draft: Draft) -> None:
    path = ("scenario", "duration")
    duration, step = draft.value("min", *path), _step(draft, "coupling_step")
    if duration is None or not 0.0 < duration <= 5 * YEAR or step is None or not _whole_seconds(draft, path):
        return
    if ticks(duration) % ticks(step):
        lower = ticks(duration) // ticks(step)
        nearest = max(1, lower + (ticks(duration) % ticks(step) > ticks(step) / 2))
        problem = f"duration {draft.shown(*path)} is not a whole number of coupling steps of {step:g} min"
        draft.fault(path, problem, f'The nearest allowed is "{spelled(nearest * step)}".')


def _check_tissue(draft: Draft, library: Library) -> None:
    if not isinstance(draft.get("tissue"), Mapping):
        return
    tumour = draft.text("tissue", "tumour")
    if tumour is not None and tumour not in library.tumours:
        _unknown(draft, ("tissue", "tumour"), "tumour", tumour, library.tumours, "tumours")
    biopsy, generate = (draft.get("tissue", key) is not None for key in ("biopsy", "generate"))
    if biopsy and generate:
        draft.fault(
            ("tissue", "generate"),
            "biopsy and generate are both given; a tissue is either read or drawn",
            "Leave one out.",
        )
    elif not biopsy and not generate:
        fix = 'Add biopsy = "cells.csv" and labels = "...", or [tissue.generate] with size = [...].'
        draft.fault(("tissue",), "neither biopsy nor generate is given", fix)
    labels = draft.text("tissue", "labels")
    if biopsy and draft.get("tissue", "labels") is None:
        fix = f'Add labels = "...": {", ".join(sorted(library.labels))}, or the path of your own (TOML).'
        draft.fault(
            ("tissue", "biopsy"), "biopsy is given without labels, which say what its cell types mean", fix
        )
    for key in ("labels", "select", "fields"):
        if not biopsy and draft.get("tissue", key) not in (None, {}):
            draft.fault(("tissue", key), f"{key} is given without biopsy", f"Add biopsy, or leave {key} out.")
    if labels is not None and labels not in library.labels and not is_path(labels):
        _unknown(draft, ("tissue", "labels"), "label map", labels, library.labels, "labels")
    for key in ("biopsy", "labels"):
        path = draft.text("tissue", key)
        if path is not None and (key == "biopsy" or (path not in library.labels and is_path(path))):
            _check_file(draft, ("tissue", key), path)


def _check_fields(draft: Draft) -> None:
    """Columns that both `select` and a field give."""
    select = draft.get("tissue", "select")
    for index in range(draft.size("tissue", "fields")):
        field = draft.get("tissue", "fields", index)
        for column in field if isinstance(field, Mapping) and isinstance(select, Mapping) else ():
            if column in select:
                path = ("tissue", "fields", index)
                draft.fault(
                    path, f"column '{column}' is given in select, too", "Leave it out of one of them."
                )


def is_path(labels: str) -> bool:
    """True if `labels` means a file of the user's own rather than a name of the knowledge base."""
    return labels.endswith(".toml") or "/" in labels or "\\" in labels


def is_file(path: Path) -> bool:
    """True for a file that can be looked at; a name that no file system takes is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _check_file(draft: Draft, path: KeyPath, written: str) -> None:
    key = path[-1]
    if not written.strip() or "\0" in written:
        draft.fault(path, f"{key} {shown(written)} is not a path")
        return
    if len(Path(written).name.encode()) > _LONGEST_NAME:
        draft.fault(
            path, f"{key} {shown(written)} is too long for the name of a file", "Give the path of a table."
        )
        return
    file = draft.folder / written
    try:
        if file.is_file():
            return
        if file.is_dir():
            draft.fault(path, f"{key} '{written}' is a folder, not a file")
            return
        if file.exists():
            draft.fault(path, f"{key} '{written}' is not a regular file")
            return
        around = [item.name for item in file.parent.iterdir()] if file.parent.is_dir() else []
    except OSError as error:
        draft.fault(path, f"{key} '{written}' cannot be read: {error.strerror}")
        return
    hint = did_you_mean(file.name, around) if around else ""
    hint = hint if hint.startswith("Did") else "Paths are relative to the scenario's own folder."
    draft.fault(path, f"{key} '{written}': there is no such file", hint)


def _check_arms(draft: Draft) -> None:
    seen: dict[str, str] = {}
    for index in range(draft.size("arm")):
        path: KeyPath = ("arm", index, "name")
        name = draft.text(*path)
        if not name:
            continue
        other = seen.get(name.casefold())
        seen.setdefault(name.casefold(), name)
        if other == name:
            draft.fault(path, f"the name '{name}' is given to two arms", "Every arm needs a name of its own.")
        elif other is not None:
            problem = f"the name '{name}' differs from arm '{other}' in case only"
            draft.fault(path, problem, "Results are stored by arm name.")
        if name != name.rstrip(" ."):
            draft.fault(path, f"the name '{name}' ends in a space or dot, which not every file system keeps")
        if name.casefold().split(".")[0] in _RESERVED:
            draft.fault(path, f"the name '{name}' is reserved by some file systems", "Choose another name.")


def _check_dose(draft: Draft, path: KeyPath, library: Library) -> None:
    drug = draft.text(*path, "drug")
    if drug is not None and drug not in library.drugs:
        _unknown(draft, (*path, "drug"), "drug", drug, library.drugs, "drugs")
    _check_amount(draft, path, library.drugs.get(drug or ""))
    timed = {key: draft.value("min", *path, key) for key in ("at", "every", "until", "lasting")}
    for key, value in timed.items():
        if value is not None and value > 0.0:
            _whole_seconds(draft, (*path, key))
    at, every, until = timed["at"] or 0.0, timed["every"], timed["until"]
    duration = draft.value("min", "scenario", "duration")
    if duration is not None and 0.0 < duration <= at:
        ends = draft.shown("scenario", "duration")
        problem = f"at {draft.shown(*path, 'at')} is not before the end of the run, {ends}"
        draft.fault((*path, "at"), problem, "Give it earlier, or make the duration longer.")
    if draft.get(*path, "until") is not None and draft.get(*path, "every") is None:
        draft.fault(
            (*path, "until"),
            f"until {draft.shown(*path, 'until')} is given without every",
            'Add every = "14 d".',
        )
    if until is not None and until < at:
        problem = f"until {draft.shown(*path, 'until')} is before at {shown(draft.get(*path, 'at') or '0 d')}"
        draft.fault((*path, "until"), problem, "Times count from the start of the run.")
    end = min(until if until is not None else math.inf, duration if duration is not None else math.inf)
    if every is not None and every > 0.0 and math.isfinite(end) and (end - at) / every > MOST_DOSES:
        count = f"{(end - at) / every:,.0f} doses; at most {MOST_DOSES:,} are allowed"
        problem = f"every {draft.shown(*path, 'every')} makes {count}"
        draft.fault((*path, "every"), problem)


def _check_amount(draft: Draft, path: KeyPath, drug: Drug | None) -> None:
    """A concentration lasts, a fraction does not; and a mass needs a drug whose way through the body is known."""
    written = draft.text(*path, "amount") or ""
    try:
        _, kind = read_amount(written)
    except ValueError as error:
        density = mass_per_volume(written)
        if density is not None:
            draft.fault((*path, "amount"), f"amount: {error}", _molar(density, drug))
        return
    if not check_unit(draft, path, kind, drug) or kind == CELLS:
        return
    amount, lasting = draft.shown(*path, "amount"), draft.get(*path, "lasting")
    if kind == HELD and lasting is None:
        draft.fault(
            (*path, "amount"),
            f"amount {amount} is a concentration without 'lasting'",
            'Add lasting = "24 h".',
        )
    if kind in (ABSORBED, DOSE) and lasting is not None:
        fix = f"Leave it out: a {'fraction' if kind == ABSORBED else 'dose'} is given at once."
        draft.fault(
            (*path, "lasting"), f"lasting {draft.shown(*path, 'lasting')} is given with amount {amount}", fix
        )
    if drug is not None and drug.radiates != (kind == ABSORBED):
        given = "is given in Gy" if drug.radiates else "is a substance, not radiation"
        fix = 'Give a fraction as amount = "8 Gy".' if drug.radiates else AMOUNTS
        draft.fault((*path, "amount"), f"amount {amount}: {drug.name} {given}", fix)
    elif kind not in (HELD, ABSORBED, DOSE):
        _need_kinetics(draft, path, drug)


def _need_kinetics(draft: Draft, path: KeyPath, drug: Drug | None) -> None:
    """A mass needs a drug whose way through the body is known."""
    amount = draft.shown(*path, "amount")
    if drug is not None and drug.kinetics is None:
        why = f": {drug.no_kinetics}" if drug.no_kinetics else ""
        problem = f"amount {amount}: the knowledge base does not know how the body takes up and clears {drug.name}{why}"
        fix = 'Give the concentration of free drug in the tissue: amount = "1 uM", lasting = "24 h".'
        draft.fault((*path, "amount"), problem, fix)


def _molar(density: float, drug: Drug | None) -> str:
    """How to write a mass per volume [mg/L] of a drug."""
    if drug is not None and drug.radiates:
        return 'Give a fraction as amount = "8 Gy".'
    if drug is None or drug.molar_mass is None or not density > 0.0:
        return 'Divide it by the molar mass of the drug, as in amount = "1 uM".'
    mass = drug.molar_mass
    grams = to_unit(f"{mass.value!r} {mass.unit}", "g/mol")
    return f'With the {grams:g} g/mol of {drug.name} it is amount = "{density / grams * 1e3:.4g} uM".'


def _check_numerics(draft: Draft) -> None:
    for path in (
        ("numerics", "coupling_step"),
        ("numerics", "motion_step"),
        ("numerics", "burn_in"),
        ("output", "every"),
        ("patient", "interval"),
    ):
        value = draft.value("min", *path)
        if value is not None and value > 0.0:
            _whole_seconds(draft, path)
    coupling, motion = _step(draft, "coupling_step"), _step(draft, "motion_step")
    if coupling is None:
        return
    if motion is not None and ticks(coupling) % ticks(motion):
        _check_motion(draft, coupling, motion)
        if draft.get("output", "every") is None:
            return  # a coupling step that fits the other default step is told first
    _check_every(draft, coupling)


def _check_motion(draft: Draft, coupling: float, motion: float) -> None:
    """Note that the coupling step is not made of motion steps, at the key that was written."""
    written, longer = draft.get("numerics", "motion_step"), motion > coupling
    nearest = _divisor(coupling, motion)
    if written is None:
        relation = "is shorter than a" if longer else "is not a whole number of"
        whole = spelled(max(1, round(coupling / motion)) * motion)
        given = draft.shown("numerics", "coupling_step")
        problem = f"coupling_step {given} {relation} motion_step of {spelled(motion)}, the default"
        fix = f'The nearest allowed is "{whole}"; or add motion_step = "{nearest}".'
        draft.fault(("numerics", "coupling_step"), problem, fix)
        return
    relation = "is longer than" if longer else "does not divide"
    problem = f"motion_step {shown(written)} {relation} coupling_step '{spelled(coupling)}'"
    draft.fault(("numerics", "motion_step"), problem, f'The nearest allowed motion_step is "{nearest}".')


def _check_every(draft: Draft, coupling: float) -> None:
    """Note that stored times do not fall on coupling steps."""
    written = draft.get("output", "every")
    every = Output().every if written is None else draft.value("min", "output", "every")
    if every is not None and every > 0.0 and _is_whole(every) and ticks(every) % ticks(coupling):
        where: KeyPath = ("output", "every") if written is not None else ("numerics", "coupling_step")
        nearest = max(1, round(every / coupling)) * coupling
        steps = f"coupling steps of {spelled(coupling)}"
        problem = f"output.every {shown(written or spelled(every))} is not a whole number of {steps}"
        draft.fault(where, problem, f'The nearest allowed is "{spelled(nearest)}".')


def check_overrides(draft: Draft, library: Library) -> None:
    """Note every number of `[knowledge]` that names nothing, or cannot be what it is set to."""
    overrides = draft.get("knowledge")
    if not isinstance(overrides, Mapping):
        return
    for path, value in overrides.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        if isinstance(value, LongNumber):
            draft.fault(("knowledge", path), f"'{path}' = {shown(value)} is too large a number")
            continue
        try:
            library = library.override(path, value if isinstance(value, str) else repr(value))
        except ValueError as error:
            message = str(error)
            known = f"'{path}'" in message
            draft.fault(("knowledge", path), message if known else f"'{path}' = {shown(value)}: {message}")


def _unknown(
    draft: Draft, path: KeyPath, kind: str, name: str, known: Mapping[str, object], folder: str
) -> None:
    fix = f"{meant(name, known)}  `opsonin knowledge list {folder}` shows all {len(known)}."
    draft.fault(path, f"{kind} {shown(name)} is not in the knowledge base.", fix)


def _step(draft: Draft, key: str) -> float | None:
    """A step [min], its default where it is not given; None where it is refused or not whole seconds."""
    written = draft.get("numerics", key)
    value: float | None = getattr(Numerics(), key) if written is None else draft.value("min", "numerics", key)
    return value if value is not None and value > 0.0 and _is_whole(value) else None


def _is_whole(minutes: float) -> bool:
    try:
        return ticks(minutes) > 0
    except ValueError:
        return False


def _whole_seconds(draft: Draft, path: KeyPath) -> bool:
    value = draft.value("min", *path)
    whole = value is not None and _is_whole(value)
    if not whole and value is not None:
        nearest = max(1, round(value * 60))
        problem = f"{path[-1]} {draft.shown(*path)} is not a whole number of seconds"
        draft.fault(path, problem, f'The nearest allowed is "{nearest} s".')
    return whole


def _divisor(whole: float, wanted: float) -> str:
    """The divisor of `whole` that is nearest to `wanted`, as text."""
    total = ticks(whole)
    distances = [(abs(n - ticks(wanted)), n) for n in range(1, total + 1) if total % n == 0]
    return spelled(min(distances)[1] / 60)
