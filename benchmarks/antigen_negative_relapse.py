"""Share of leukaemias that hold cells without CD19 before treatment, by burden and by how fast they mutate.

Every lineage that is counted lives, and CD19 is all that CAR-T cells see: each of them comes back. Run by hand:
python benchmarks/antigen_negative_relapse.py
"""

from __future__ import annotations

from math import log

import numpy as np

from opsonin.knowledge.library import load_library
from opsonin.laws.clones import share_of
from opsonin.patient.reservoir import Key, drawn_at_first

PATIENTS = 1000
BURDENS = (1e9, 1e10, 1e11, 1e12)  # cells
FAST = 44.0**2  # over the rate of the others: both hits, see the note of the defect


def main() -> None:
    """Print one line for each burden."""
    library = load_library()
    tumour, rate = library.tumours["b_all"], library.defects["cd19-loss"].rate.value
    birth = log(2.0) / tumour.potential_doubling_time.value
    growth = log(2.0) / tumour.doubling_time.value
    for burden in BURDENS:
        shares = []
        for factor in (1.0, FAST):
            found = [
                drawn_at_first(
                    Key(1, str(patient)).generator(f"{factor:g}", 0),
                    rate * factor,
                    0.0,
                    birth,
                    growth,
                    burden,
                )
                for patient in range(PATIENTS)
            ]
            shares.append(float(share_of(np.count_nonzero(found), PATIENTS, 1.0)))
        print(
            f"{burden:.0e} cells: {shares[0]:.3f} of those that mutate slowly, {shares[1]:.3f} of the others"
        )


if __name__ == "__main__":
    main()
