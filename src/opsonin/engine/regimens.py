"""The doses of an arm in plain numbers: what is given when, infused, held or brought, and what each drug comes to."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np

from opsonin.io.products import require_one_product
from opsonin.io.scenario import Scenario
from opsonin.knowledge.library import Library
from opsonin.model.dosing import Body, Given, surface_of_weight
from opsonin.model.knowledge import Tumour
from opsonin.model.scenario import Arm
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, Held, Infusion, OneDose


@dataclass(frozen=True)
class Course:
    """One arm, resolved."""

    name: str
    regimen: Regimen


def measures_of(scenario: Scenario, tumour: Tumour) -> tuple[float, float]:
    """Body weight [kg] and surface [m2] by which doses are measured."""
    asked = scenario.patient
    weight = asked.weight if asked is not None and asked.weight is not None else tumour.patient_weight.value
    if asked is None or asked.height is None:
        return float(weight), surface_of_weight(float(weight))
    surface = Body.model_validate({"weight": f"{weight!r} kg", "height": f"{asked.height!r} cm"}).surface_m2
    assert surface is not None  # of a body with a height
    return float(weight), surface


def course_of(arm: Arm, library: Library, scenario: Scenario) -> Course:
    """An arm, resolved; InputError where it gives two products that see an antigen."""
    duration, step = scenario.scenario.duration, scenario.numerics.coupling_step
    weight, surface = measures_of(scenario, library.tumours[scenario.tissue.tumour])
    doses: dict[str, list[OneDose]] = {dose.drug: [] for dose in arm.dose}
    held: dict[str, list[Held]] = {dose.drug: [] for dose in arm.dose}
    cells: dict[str, list[Infusion]] = {dose.drug: [] for dose in arm.dose}
    require_one_product(arm, library)
    for dose in arm.dose:
        size, times = dose.size(weight, surface), dose.times(duration)
        if dose.cells:
            cells[dose.drug] += (Infusion(time, size, dose.lasting) for time in times)
        elif dose.held:
            assert dose.lasting is not None  # of a concentration
            held[dose.drug] += (Held(time, time + dose.lasting, size) for time in times)
        else:
            doses[dose.drug] += (OneDose(time, size, dose.lasting or 0.0) for time in times)
    drugs = tuple(
        DrugCourse(
            library.drugs[name],
            tuple(sorted(doses[name], key=astuple)),  # sums must not know how a scenario orders its entries
            tuple(sorted(held[name], key=astuple)),
            tuple(sorted(cells[name], key=lambda dose: (dose.start, dose.density, dose.lasting or 0.0))),
        )
        for name in sorted(doses)
    )
    if scenario.patient is not None and not scenario.patient.frozen:
        drugs = tuple(_followed(drug, duration, step) for drug in drugs)
    return Course(arm.name, Regimen(drugs, duration, step))


def _followed(course: DrugCourse, duration: float, step: float) -> DrugCourse:
    """A drug of known kinetics as the patient's model has it, known at each step and in its middle."""
    from opsonin.patient.free_drug import free_drug  # needs the extra

    if not course.doses or course.drug.kinetics is None:
        return course
    given = [Given(dose.time, course.drug.name, dose.amount, dose.lasting) for dose in course.doses]
    times = np.arange(2 * round(duration / step) + 1).astype(np.float64) * (0.5 * step)
    return replace(course, free=free_drug(course.drug, given, times))
