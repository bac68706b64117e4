"""Kills per day of a CD8 T cell that holds a melanoma cell until it is dead: by the law, and by the death switch.

The table of docs/patient.md. Run: python benchmarks/held_targets.py
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from opsonin.kernels.death import advance
from opsonin.knowledge.library import load_library
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.ledger import DYING, hits_in_a_row, kill_rate
from opsonin.model.death import PROTEINS, TISSUE_RATES, DeathDrive, DeathProteins, DeathState
from opsonin.patient.contact_part import side_of
from opsonin.reference.ledger import held_back

EFFORTS = (0.02, 0.04, 0.1, 0.2, 0.27, 0.5)
CELLS, DAYS = 250, 4
RECEPTORS = 56.3  # held at full effort, `observe.encounter`
REPAIR = 50.0  # min, half-life of damage


@nb.njit(error_model="numpy")
def per_day(levels: Any, hazard: float, bound: float, days: int, rates: Any) -> float:
    """Deaths per day of contact; each target is held until it dies, or for so many days."""
    np.random.seed(3)
    kills, minutes = 0, 0
    for row in levels:
        proteins = DeathProteins(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
        state, damage = DeathState(0.0, 0.0, 0.0, 0.0, 0.0), 0.0
        for _ in range(days * 1440):
            damage = damage * 0.5 ** (1.0 / REPAIR) + np.random.poisson(hazard)
            state = advance(state, proteins, DeathDrive(bound, damage, 0.0), rates, 1.0)
            minutes += 1
            if state.caspase3 >= rates.commitment:
                kills += 1
                break
    return kills / minutes * 1440.0


def main() -> None:
    library = load_library()
    levels = side_of(library, "cancer", "melanoma").levels
    mean = np.array([levels[name] for name in PROTEINS])
    spread = np.sqrt(np.log1p([library.molecules[name].variation.value ** 2 for name in PROTEINS]))
    normals = np.random.default_rng(1).standard_normal((CELLS, len(PROTEINS)))
    differ = mean * np.exp(spread * normals - 0.5 * spread**2)
    mean[-1], differ[:, -1] = 1.0, differ[:, -1] / mean[-1]  # survivin counts relative to the cell at rest
    alike = np.tile(mean, (CELLS, 1))
    hits, repair = hits_in_a_row(*held_back(DeathProteins(*mean))), rate_of_half_life(REPAIR)
    most = library.cells["cd8"].lytic.hit_rate_max.value
    print("hits/d   law  alike  differ  with death receptors")
    for effort in EFFORTS:
        hazard = most * effort
        law = 1440.0 * kill_rate(hazard, hits, repair, DYING)
        told = [per_day(cells, hazard, 0.0, DAYS, TISSUE_RATES) for cells in (alike, differ)]
        told.append(per_day(differ, hazard, RECEPTORS * effort, DAYS, TISSUE_RATES))
        print(f"{1440.0 * hazard:6.1f} {law:5.2f} {told[0]:6.2f} {told[1]:7.2f} {told[2]:9.2f}")


if __name__ == "__main__":
    main()
