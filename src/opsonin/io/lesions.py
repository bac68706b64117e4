"""Checks of the lesions of a course: names, shares, and what the knowledge base has to know."""

from __future__ import annotations

import re
from collections.abc import Mapping

from opsonin.io.check import Draft
from opsonin.io.locate import KeyPath
from opsonin.knowledge.aliases import meant
from opsonin.knowledge.library import Library

_ROUNDING = 1e-6  # of shares that are written to a few digits


def few_killers(path: KeyPath, value: object) -> str:
    """How a lesion without killers is written; "" of any other value."""
    if path[:1] != ("lesion",) or path[-1:] != ("killers",) or value != 0:
        return ""
    return "A lesion that they hardly enter has few: for example killers = 0.01."


def check_lesions(draft: Draft, library: Library) -> None:
    """Note every fault of the lesions in `draft`; what a model refuses is passed over."""
    count = draft.size("lesion")
    names = [draft.text("lesion", number, "name") for number in range(count)]
    for number, name in enumerate(names):
        if name is not None and name in names[:number]:
            draft.fault(("lesion", number, "name"), f"two lesions are called '{name}'", "Give each its own.")
        if name is not None and re.fullmatch(r"new_\d+", name):
            problem = f"'{name}' is what lesions are called that come later"
            draft.fault(("lesion", number, "name"), problem, "Call it otherwise.")
        _check_names(draft, number, "levels", library.molecules)
        _check_names(draft, number, "clones", library.defects)
        clones = draft.get("lesion", number, "clones")
        if isinstance(clones, Mapping):
            known = [share for share in clones.values() if isinstance(share, int | float)]
            if sum(known) > 1.0 + _ROUNDING:
                problem = f"its clones add up to {sum(known):g}"
                draft.fault(("lesion", number, "clones"), problem, "They are shares of its cells.")
    shares = [draft.get("lesion", number, "share") for number in range(count)]
    given = [share for share in shares if isinstance(share, int | float)]
    if given and len(given) < count:
        number = next(number for number, share in enumerate(shares) if share is None)
        draft.fault(("lesion", number), "it has no share, and others have", "Give all a share, or none.")
    elif given and abs(sum(given) - 1.0) > _ROUNDING * count:
        draft.fault(("lesion", 0, "share"), f"the shares of all lesions add up to {sum(given):g}, not to 1")


def _check_names(draft: Draft, number: int, key: str, known: Mapping[str, object]) -> None:
    written = draft.get("lesion", number, key)
    what = {"levels": "molecule", "clones": "defect"}[key]
    for name in written if isinstance(written, Mapping) else ():
        if name not in known:
            problem = f"{what} '{name}' is not in the knowledge base"
            draft.fault(("lesion", number, key, name), problem, meant(str(name), known))
