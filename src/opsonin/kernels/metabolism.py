"""What each cell takes from and gives to each substrate, before it is spread over the grid."""

from __future__ import annotations

from typing import Any

import numba as nb

from opsonin.core.threads import spread
from opsonin.laws.metabolism import uptake_clearance
from opsonin.laws.response import hill
from opsonin.model.phase import COMMITTED
from opsonin.model.tables import BY_ACTIVATION


def exchange(cells: Any, n: Any, tables: Any, substrate: Any, clearance: Any, release: Any) -> None:
    """Clearance [um3/min] and release [concentration um3/min] of every live cell for one substrate.

    Memory: two columns; work: n.
    """
    spread(n, _exchange, cells, tables, substrate, clearance, release)


@nb.njit(cache=True, error_model="numpy", nogil=True)
def _exchange(begin, end, cells, tables, substrate, clearance, release):
    kind, phase, signal, activation = cells.kind, cells.phase, cells.signal, cells.activation
    lost, exchanges = cells.lost, tables.exchanges
    for i in range(begin, end):
        clearance[i] = 0.0
        release[i] = 0.0
        if phase[i] <= COMMITTED:
            own = exchanges[kind[i], substrate]
            clearance[i] = own.clearance
            if own.uptake_max > 0.0:
                clearance[i] += uptake_clearance(own.uptake_max, own.uptake_half, signal[substrate, i])
            induction = 1.0
            by = own.induced_by
            if by == BY_ACTIVATION:
                induction = activation[i]
            elif by >= 0 and lost[i] & tables.deaf_by[by]:
                induction = 0.0
            elif by >= 0:
                induction = hill(signal[by, i], own.induction_half, 1.0)
            release[i] = own.secretion * induction
