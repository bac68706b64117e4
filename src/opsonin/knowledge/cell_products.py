"""Whether cells that a product adds see what it says of them: by a chimeric receptor, by their own, or by none."""

from __future__ import annotations

from collections.abc import Mapping

from opsonin.model.drugs import Adds
from opsonin.model.knowledge import CellType

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


def _sees_by(cell: CellType) -> str | None:
    """What a product must say of cells of a type; None of a type that no product may add."""
    if cell.trafficking is None:
        return None
    ways = {_ANTIGEN: cell.chimeric, _REACTIVE: cell.lytic, _NONE: cell.natural}
    return next((way for way, there in ways.items() if there is not None), None)
