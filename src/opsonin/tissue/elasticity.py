"""Does the infiltrate run away? How arrivals of an immune type answer to its own density.

More effectors make more interferon, interferon more chemokine, chemokine more arrivals. Where arrivals rise by one per
cent or more for each per cent of density, no density is stable.
"""

from __future__ import annotations

import math

import numpy as np

from opsonin.core.errors import Fault, InputError
from opsonin.tissue import contacts, expression, transport
from opsonin.tissue.tissue import Tissue
from opsonin.tissue.trafficking import recruitment

# The density is raised by this factor, by way of what each cell secretes.
_RAISED = 1.1
_ROUNDS = 3
_STABLE = 1.0


def elasticities(tissue: Tissue) -> list[float]:
    """d ln(arrivals) / d ln(density) of each source; the tissue is left as it was.

    Raises:
        InputError: one is 1 or more: such a tumour cannot have been there.
    """
    found, faults = [0.0] * len(tissue.arrivals), []
    for index, source in enumerate(tissue.arrivals):
        if source.recruitment[0] == 1.0 or not tissue.balance.flux[index].any():
            continue
        before = _answer(tissue, source.kind, 1.0)[index]
        found[index] = math.log(_answer(tissue, source.kind, _RAISED)[index] / before) / math.log(_RAISED)
        if found[index] >= _STABLE:
            name = tissue.species.cells[source.kind]
            faults.append(
                Fault(
                    f"cell.{name}.trafficking",
                    f"arrivals rise by {found[index]:.2f} % for each per cent of density: the infiltrate "
                    "would run away, and no such tumour could have been imaged.",
                    f"Lower recruitment_fold, now {source.recruitment[0]:g}, or what they secrete and induce.",
                )
            )
    if faults:
        raise InputError(*faults)
    return found


def _answer(tissue: Tissue, kind: int, factor: float) -> np.ndarray:
    """Mean fold of recruitment at equilibrium, if every cell of a type secreted `factor` as much."""
    cells, tables, fields = tissue.cells.columns(), tissue.tables, tissue.fields.values.copy()
    counters = dict(tissue.counters)
    exchanges = tables.exchanges.copy()
    exchanges["secretion"][kind] *= factor
    tissue.tables = tables._replace(exchanges=exchanges)
    for _ in range(_ROUNDS):
        transport.settle(tissue)
        expression.settle(tissue)
        contacts.meet(tissue)
    transport.settle(tissue)
    answer = recruitment(tissue)
    tissue.tables, tissue.fields.values, tissue.counters = tables, fields, counters
    for name, values in cells.items():
        getattr(tissue.cells.arrays, name)[..., : tissue.cells.n] = values
    return np.asarray(answer)
