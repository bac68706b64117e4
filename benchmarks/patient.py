"""How long one patient takes in our model, loaded: 400 days with a row per day, by schedule.

python benchmarks/patient.py
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel

DAY, DAYS, REPEATS = 1440.0, 400, 7
ANTIBODY = [Given(14 * DAY * number, "nivolumab", 240.0, 30.0) for number in range(29)]
DAILY = [Given(DAY * number, "vorinostat", 400.0) for number in range(DAYS)]


def measured(doses: list[Given]) -> float:
    """Median time of one patient [s]."""
    library = load_library()
    model = PatientModel.of(library.drugs[name] for name in {dose.drug for dose in doses})
    engine = Integrator(model.sbml, "patient")
    names, times = [output.name for output in model.outputs], (DAY * np.arange(DAYS + 1)).tolist()
    taken = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        engine.run(names, times, model.changes(doses))
        taken.append(time.perf_counter() - begin)
    return median(taken)


if __name__ == "__main__":
    for title, doses in (("every 14 d", ANTIBODY), ("and another every day", [*ANTIBODY, *DAILY])):
        print(f"one patient, {DAYS} d, a drug {title}: {1e3 * measured(doses):.0f} ms")
