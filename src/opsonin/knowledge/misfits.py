"""What effects of drugs say that does not fit what they name: cells that would see nothing, a drug that is oxygen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from opsonin.model.drugs import Adds, Drug, Presents, Supplies
from opsonin.model.knowledge import CellType, Substrate

_NONE, _ANTIGEN, _REACTIVE = "neither", "antigen", "reactive"
_WHY = {
    _ANTIGEN: "cells of the type '{}' see the antigen of their chimeric receptor",
    _REACTIVE: "cells of the type '{}' see peptides by receptors of their own, of which a share matches the tumour",
    _NONE: "cells of the type '{}' need no antigen to see a target",
}
_FIX = {
    _ANTIGEN: "Give 'antigen' with its 'half', and no 'reactive'.",
    _REACTIVE: "Give 'reactive' and 'stem_like', and no 'antigen'.",
    _NONE: "Give neither 'antigen' nor 'reactive'.",
}


Misfit = tuple[tuple[str, ...], str, str]  # keys from the top of the entry, what is wrong, how to mend it


def misfits(
    drug: Drug, cells: Mapping[str, CellType], substrates: Mapping[str, Substrate]
) -> Iterator[Misfit]:
    """All of a drug; names that name nothing are another matter."""
    for number, effect in enumerate(drug.effects):
        key, problem, fix = "", "", ""
        if isinstance(effect, Adds):
            key, (problem, fix) = "adds", misfit(effect, cells)
        elif isinstance(effect, Presents):
            key, (problem, fix) = "presents", _unprimed(effect, cells)
        elif isinstance(effect, Supplies) and effect.supplies in substrates:
            key, (problem, fix) = "supplies", _not_molar(substrates[effect.supplies])
        if problem:
            yield ("effects", str(number), key), problem, fix


def misfit(product: Adds, cells: Mapping[str, CellType]) -> tuple[str, str]:
    """What is wrong with the cells of a product, and how to mend it; two empty texts where nothing is."""
    cell = cells.get(product.adds)
    if cell is None:
        return "", ""
    wanted = _sees_by(cell)
    if wanted is None:
        able = ", ".join(sorted(name for name, other in cells.items() if _sees_by(other) is not None))
        return (
            f"cells of the type '{cell.name}' kill nobody, or cannot come by blood",
            f"Name one of: {able}.",
        )
    given = _ANTIGEN if product.antigen else _REACTIVE if product.reactive else _NONE
    return ("", "") if given == wanted else (_WHY[wanted].format(cell.name), _FIX[wanted])


def _unprimed(vaccine: Presents, cells: Mapping[str, CellType]) -> tuple[str, str]:
    """The same of the cells that a vaccine primes."""
    cell = cells.get(vaccine.presents)
    if cell is None or cell.lytic is not None or cell.helping is not None:
        return "", ""
    able = ", ".join(sorted(name for name, other in cells.items() if other.lytic or other.helping))
    return f"cells of the type '{cell.name}' see no peptides", f"Name one of: {able}."


def _not_molar(substrate: Substrate) -> tuple[str, str]:
    """The same of a substrate that a drug supplies."""
    if substrate.unit != "mmHg":
        return "", ""
    return (
        f"'{substrate.name}' is held in mmHg: no concentration of a drug adds to it",
        "Name another substrate.",
    )


def _sees_by(cell: CellType) -> str | None:
    """What a product must say of cells of a type; None of a type that no product may add."""
    if cell.trafficking is None:
        return None
    ways = {_ANTIGEN: cell.chimeric, _REACTIVE: cell.lytic, _NONE: cell.natural}
    return next((way for way, there in ways.items() if there is not None), None)
