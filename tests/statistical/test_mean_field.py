"""A well-mixed tissue follows the mean field, with what the command measures in other replicates of it; alpha 5 %."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import opsonin
from opsonin.cli.main import main
from opsonin.engine.contact_rates import measure
from opsonin.io.overrides import of_patient, read_numbers
from opsonin.knowledge.library import load_library
from opsonin.patient.body import Body
from opsonin.patient.integrate import Integrator
from opsonin.patient.model import PatientModel
from opsonin.store.result import Result
from tissues import scenario

pytestmark = pytest.mark.statistical

DAYS, REPLICATES = 3, 20  # of these half are measured, half predicted
KILLS, GROWTH, RATE = (
    0.15,
    0.15,
    0.10,
)  # margins: of kills, of the logarithm of growth, of kills of a killer in contact
# No niches, fed everywhere, no interferon, nobody tires or divides, no stem-like cells: what the mean field leaves out.
MIXED = {
    "cell.cd8.trafficking.retention": 0,
    "cell.cd8.exchanges.ifn_gamma.secretion": "0 molecules/h",
    "cell.cd8.cycle.activated_rate": "0 1/d",
    "cell.cd8.lytic.stem_fraction": 0,
    "cell.cd8.lytic.pd1_positive": 1,
    "cell.cd8.lytic.reactive_fraction": 1,
    "cell.cd8.lytic.exhaustion_initial": 0.2,
    "cell.cd8.lytic.reversible_fraction": 0,
    "cell.cd8.lytic.exhaustion_gain": "0 1/d",
    "tumour.melanoma.vessel_density": "150 1/mm2",
    "tumour.melanoma.matching_antigen_fraction": 0.001,
    "tumour.melanoma.expresses.cancer.PD-L1": "0 molecules",
    "tumour.melanoma.potential_doubling_time": "2.5 d",
    "tumour.melanoma.densities.nk": "0 cells/mm2",
}


def counted(run: Result) -> dict[str, Any]:
    """What one replicate came to: cells at time 0, kills per tumour cell of then, logarithm of growth."""
    seen = run.observables.sel(arm="control")
    cells, kills = seen["cancer_count"].values, seen["kills"].values
    return {
        "cancer": cells[0],
        "cd8": seen["cd8_reactive"].values[0],
        "kills": (kills[-1] - kills[0]) / cells[0],
        "growth": np.log(cells[-1] / cells[0]),
    }


def predicted(numbers: dict[str, Any], start: dict[str, float]) -> dict[str, float]:
    """What the mean field makes of the same time, from the same numbers of cells."""
    there = {f"tumour.melanoma.densities.{kind}": f"{count} cells/mm2" for kind, count in start.items()}
    library = of_patient(load_library(), {**MIXED, **numbers, **there}, "melanoma")
    model = PatientModel.of([], Body(library, "melanoma"))
    times = np.linspace(0.0, DAYS * 1440.0, 13)
    cells, rate = Integrator(model.sbml, "patient").run(["tumour_cells", "tumour_killed"], times, ()).values.T
    return {"kills": np.trapezoid(rate, times) / cells[0], "growth": np.log(cells[-1] / cells[0])}


def interval(values: Any) -> tuple[float, float]:
    low, high = stats.t.interval(0.9, len(values) - 1, np.mean(values), stats.sem(values))
    return float(low), float(high)


def test_a_well_mixed_tissue_follows_the_mean_field(tmp_path: Path, record_property: Any) -> None:
    asked = scenario(
        scenario__duration=f"{DAYS} d",
        scenario__replicates=REPLICATES,
        tissue__generate={
            "size": ["600 um", "600 um"],
            "densities": {"cancer": "2000 cells/mm2", "cd8": "70 cells/mm2", "other": "1500 cells/mm2"},
        },
        numerics={"burn_in": "5 d"},
        knowledge=MIXED,
    )
    parts = list(opsonin.run(asked, tmp_path / "out").parts.values())
    measured, others = parts[: REPLICATES // 2], parts[REPLICATES // 2 :]
    numbers = tmp_path / "contacts.toml"
    assert main(["patient", "contacts", *(str(run.path) for run in measured), "-o", str(numbers)]) == 0
    start = {kind: np.mean([counted(run)[kind] for run in measured]) for kind in ("cancer", "cd8")}
    expected = predicted(dict(read_numbers(numbers)), start)

    seen = [counted(run) for run in others]
    kills = interval([one["kills"] / expected["kills"] for one in seen])
    growth = interval([one["growth"] - expected["growth"] for one in seen])
    first, second = measure(measured), measure(others)
    rate = second.realised.value / first.realised.value
    error = np.hypot(
        *(0.5 * (of.realised.high - of.realised.low) / of.realised.value for of in (first, second))
    )
    record_property("kills over prediction", kills)
    record_property("log growth less prediction", growth)
    record_property("kills per killer in contact, of two halves", (rate - error, rate + error))
    print(f"\n{numbers.read_text()}\nprediction {expected}, from {start}")
    print(f"kills over it {kills}, log growth less it {growth}, rate of two halves {rate:.3f} +- {error:.3f}")
    assert 1.0 - KILLS < kills[0] < kills[1] < 1.0 + KILLS
    assert -GROWTH < growth[0] < growth[1] < GROWTH
    assert 1.0 - RATE < rate - error < rate + error < 1.0 + RATE
