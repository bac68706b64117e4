"""Products of cells in a scenario: how many are given, and one with a chimeric receptor in an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsonin.core.errors import Fault, InputError
from opsonin.io.wording import AMOUNTS
from opsonin.knowledge.library import Library
from opsonin.model.amounts import CELLS, DOSE
from opsonin.model.drugs import Drug
from opsonin.model.scenario import Arm

if TYPE_CHECKING:
    from opsonin.io.check import Draft
    from opsonin.io.locate import KeyPath

_ALONE = "Give each in an arm of its own."


def check_unit(draft: Draft, path: KeyPath, kind: str, drug: Drug | None) -> bool:
    """Note cells of a drug that is none, a product that is not counted, the like of vaccines; True if none is so."""
    if drug is None:
        return True
    amount = draft.shown(*path, "amount")
    if drug.vaccinates != (kind == DOSE):
        problem = f"amount {amount}: {drug.name} is {'a vaccine' if drug.vaccinates else 'no vaccine'}"
        fix = 'Give amount = "1 dose", each at its time.' if drug.vaccinates else AMOUNTS
    elif (kind == CELLS) == (drug.product is not None):
        return True
    elif kind == CELLS:
        problem = f"amount {amount}: {drug.name} is no product of cells"
        fix = 'Give a mass, as in "240 mg", or a concentration in the tissue, as in "1 uM".'
    else:
        problem = f"amount {amount}: {drug.name} is a product of cells, which are counted"
        fix = 'Give those that reach this tissue in all, per section area: amount = "200 cells/mm2".'
    draft.fault((*path, "amount"), problem, fix)
    return False


def check_products(draft: Draft, library: Library) -> None:
    """Note a second product whose cells see an antigen, in an arm."""
    first: dict[int, str] = {}
    for path in draft.doses():
        name, arm = draft.text(*path, "drug"), int(path[1])
        if name is None or name not in library.drugs or not library.drugs[name].sees_antigen:
            continue
        if first.setdefault(arm, name) != name:
            draft.fault((*path, "drug"), _two(first[arm], name), _ALONE)


def require_one_product(arm: Arm, library: Library) -> None:
    """InputError for an arm with two products whose cells see an antigen, as a branch may put one together."""
    products = sorted({dose.drug for dose in arm.dose if library.drugs[dose.drug].sees_antigen})
    if len(products) > 1:
        raise InputError(Fault(f"arm '{arm.name}'", _two(*products[:2]), _ALONE))


def _two(one: str, other: str) -> str:
    return f"gives both {one} and {other}: cells do not say of which product they are, and so which antigen they see."
