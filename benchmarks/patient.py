"""How long one patient takes in our model, loaded, and how long a population: 400 days with a row per day, by schedule.

python benchmarks/patient.py [PATIENTS]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from opsonin.engine.signals import StopRequest
from opsonin.engine.sweep import offered, sweep
from opsonin.io.population import read_population
from opsonin.knowledge.library import load_library
from opsonin.model.dosing import Given
from opsonin.patient.integrate import BRISK, EXACT, Integrator, Tolerance
from opsonin.patient.model import PatientModel

DAY, DAYS, REPEATS = 1440.0, 400, 7
ANTIBODY = [Given(14 * DAY * number, "nivolumab", 240.0, 30.0) for number in range(29)]
DAILY = [Given(DAY * number, "vorinostat", 400.0) for number in range(DAYS)]
PATIENTS = 10_000
COURSE = f'duration = "{DAYS} d"\nevery = "1 d"\ndose = [%s]\n'
OF_ANTIBODY = '{ drug = "nivolumab", amount = "240 mg", lasting = "30 min", every = "14 d" }'
OF_DAILY = '{ drug = "vorinostat", amount = "400 mg", every = "1 d" }'
VARIED = '[parameter.%s_clearance]\ndistribution = "lognormal"\ncv = 0.35\n'


def one(doses: list[Given], tolerance: Tolerance) -> float:
    """Median time of one patient [s]."""
    library = load_library()
    model = PatientModel.of(library.drugs[name] for name in {dose.drug for dose in doses})
    engine = Integrator(model.sbml, "patient", tolerance)
    names, times = [output.name for output in model.outputs], (DAY * np.arange(DAYS + 1)).tolist()
    taken = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        engine.run(names, times, model.changes(doses))
        taken.append(time.perf_counter() - begin)
    return median(taken)


def population(doses: str, drug: str, patients: int, threads: int) -> tuple[float, float]:
    """Time of a population from its file to its table [s], and of processors."""
    library = load_library()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "course.toml").write_text(COURSE % doses)
        file = folder / "population.toml"
        file.write_text(f'course = "course.toml"\npatients = {patients}\n{VARIED % drug}')
        begin, before = time.perf_counter(), os.times()
        asked = read_population(file, lambda course: offered(course, library))
        sweep(asked, library, folder / "out.parquet", stop=StopRequest(), threads=threads)
        taken, after = time.perf_counter() - begin, os.times()
    spent = sum(after[:4]) - sum(before[:4])
    return taken, spent


if __name__ == "__main__":
    for title, given in (("every 14 d", ANTIBODY), ("and another every day", [*ANTIBODY, *DAILY])):
        exact, brisk = 1e3 * one(given, EXACT), 1e3 * one(given, BRISK)
        print(f"one patient, {DAYS} d, a drug {title}: {exact:.0f} ms, in a population {brisk:.0f} ms")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PATIENTS
    for title, given, drug in (
        ("nivolumab every 14 d", OF_ANTIBODY, "nivolumab"),
        ("vorinostat daily", OF_DAILY, "vorinostat"),
    ):
        shown = count if drug == "nivolumab" else count // 10
        taken, spent = population(given, drug, shown, 2)
        print(
            f"{shown:,} patients, {DAYS} d, {title}, two processes: {taken:.0f} s ({spent:.0f} s of processors)"
        )
