"""What a run tells of the patient around its tissue among its observables; all of it is in the patient's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from opsonin.engine.compile import Plan
from opsonin.model.drugs import Drug
from opsonin.observe.observables import PATIENT, Observable
from opsonin.state.snapshot import Snapshot

_PLACES = {"naive": "naive", "clones": "effectors", "memory": "memory cells"}


def of_patient(plan: Plan, drugs: Mapping[str, Drug]) -> Iterator[Observable]:
    """Tumour, blood and clones, and each of these drugs in plasma that the patient is given in some arm."""
    from opsonin.patient.body import ADULT  # need the extra
    from opsonin.patient.drug_names import Names
    from opsonin.patient.model import of_any_body

    immunity = plan.library.immunity[ADULT]
    for output in of_any_body(immunity):
        match output.kind:
            case "blood":
                unit = "cells/L"
                title = f"{plan.library.cells[immunity.blood[output.title].cell].title} line: count in blood"
            case "clones":
                antigen, _, place = output.title.rpartition(": ")
                unit, title = "cells", f"CD8 T cells of the body against {antigen}: {_PLACES[place]}"
            case _:
                unit, title = "cells", "Tumour cells of the patient"
        yield Observable(f"{PATIENT}{output.column}", unit, title, _of(output.column))
    doses = {given.drug.name for course in plan.courses for given in course.regimen.drugs if given.doses}
    for name in sorted(doses & drugs.keys()):
        if drugs[name].kinetics is not None:
            column = f"{Names(name).plasma}_nM"
            title = f"{drugs[name].title}: all of it in plasma"
            yield Observable(f"{PATIENT}{column}", "nM", title, _of(column))


def _of(column: str) -> Callable[[Snapshot], float]:
    """A column of the patient's table; 0 of a drug that is given in other arms only."""
    return lambda snapshot: snapshot.patient.get(column, 0.0)
