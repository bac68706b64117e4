"""Selection files (TOML): what makes a patient of a table plausible, read with every fault found at once."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from opsonin.core.errors import InputError, did_you_mean
from opsonin.io.check import Draft
from opsonin.io.distributions import marginal_of
from opsonin.io.locate import KeyPath, Lines
from opsonin.io.toml_files import parse_toml, read_text
from opsonin.io.wording import plain
from opsonin.model.selection import Criteria, Selection, Wanted


def read_selection(path: Path, columns: Collection[str]) -> Criteria:
    """Read a selection.

    Args:
        columns: of the table that it is for, those of numbers.
    Raises:
        InputError: with every fault found, each with its line.
    """
    text = read_text(path)
    draft = _Draft(parse_toml(text, path.name), path.name, path.parent, Lines(text))
    try:
        selection = Selection.model_validate(dict(draft.data))
    except ValidationError as error:
        for found in error.errors(include_url=False):
            draft.fault(*plain(found, Selection))
        raise _refusal(draft) from error
    if not selection.accept and not selection.target:
        fix = "Add [accept.COLUMN] with least = 100, or [target.COLUMN] with a distribution."
        draft.fault((), "says nothing of any column", fix)
    targets = {}
    for kind, entries in (("accept", selection.accept), ("target", selection.target)):
        for name in entries:
            if name not in columns:
                problem = f"'{name}' is no column of numbers in the table."
                draft.fault((kind, name), problem, did_you_mean(name, columns))
    for name, target in selection.target.items():
        path_of: KeyPath = ("target", name)
        if target.distribution == "fixed":
            draft.fault((*path_of, "distribution"), "a fixed number is no distribution to weight to")
            continue
        if target.power:
            draft.fault((*path_of, "power"), "a target has no power")
        marginal = marginal_of(draft, path_of, target, "")
        if marginal is not None:
            targets[name] = Wanted(marginal, target.bins)
    if draft.faults:
        raise _refusal(draft)
    return Criteria(selection.accept, targets)


class _Draft(Draft):
    """A selection as written: each range and target is told by its column."""

    def _section(self, path: KeyPath) -> str:
        match path:
            case (("accept" | "target") as kind, str(name), *_):
                return f"[{kind}.{name}]"
            case _:
                return super()._section(path)


def _refusal(draft: Draft) -> InputError:
    return InputError(*dict.fromkeys(fault for _, fault in sorted(draft.faults, key=lambda pair: pair[0])))
