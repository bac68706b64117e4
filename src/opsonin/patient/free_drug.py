"""Free drug in the tumour over time as the patient's model has it: elimination may be full there, doses may flow in.

Each drug is followed by itself: what others are given must not change a bit of it, for a branch may add some.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsonin.model.dosing import Given
from opsonin.model.drugs import Drug
from opsonin.patient.drug_names import Names
from opsonin.patient.integrate import loaded
from opsonin.patient.model import PatientModel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FreeDrug:
    """A concentration over time, straight between two times; where it jumps a time stands twice.

    Attributes:
        times: (n,) [min], ascending; values: (n,) [nM].
    """

    times: Array
    values: Array

    def at(self, time: float) -> float:
        """[nM] at `time` [min]; a dose at that very time counts."""
        return float(np.interp(time, self.times, self.values))


def free_drug(drug: Drug, given: Iterable[Given], times: Array) -> FreeDrug:
    """A drug of known kinetics through its doses.

    Args:
        given: doses of this drug; times: (n,) when it is asked for [min], ascending from 0 on.
    Raises:
        HostError: the extra is missing. RunError: it cannot be followed.
    """
    model = PatientModel.of([drug])
    made = [change for change in model.changes(given) if change.time <= times[-1]]
    asked = np.unique([*times, *(change.time for change in made)])
    watched = [Names(drug.name).tumour]
    found = loaded(model.sbml, drug.name).run(watched, asked.tolist(), made)
    times = np.concatenate([found.change_times, found.times])
    values = np.concatenate([found.before[:, 0], found.values[:, 0]])
    order = np.argsort(times, kind="stable")
    return FreeDrug(times[order], values[order])
