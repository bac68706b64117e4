"""The lesions of a course in a patient with a given tumour, checked against what this tumour is."""

from __future__ import annotations

from collections.abc import Sequence

from opsonin.core.errors import Fault, InputError
from opsonin.knowledge.library import Library
from opsonin.model.drugs import Drug
from opsonin.model.lesions import Lesion as Asked
from opsonin.patient.clone_part import CANCER, Lesion, defects_that_matter
from opsonin.patient.contact_part import side_of

MAIN = "main"  # the only lesion that is known, where others may come


def lesions_of(
    asked: Sequence[Asked], places: int, library: Library, tumour: str, drugs: Sequence[Drug]
) -> tuple[Lesion, ...]:
    """As the patient's model takes them; the one that a course without any has.

    Args:
        places: where the tumour may seed others.
    Raises:
        InputError: a lesion differs in what this tumour does not have, or grows faster than its cells divide.
    """
    carried = side_of(library, CANCER, tumour).levels
    matter = defects_that_matter(library, tumour, drugs)
    fastest = library.tumours[tumour].potential_doubling_time.value
    faults = []
    for lesion in asked:
        where = f"lesion '{lesion.name}'"
        for molecule in sorted(lesion.levels):
            if carried.get(molecule, 0.0) <= 0.0:
                faults.append(
                    Fault(where, f"levels: cells of {tumour} carry no {molecule}.", "Leave it out.")
                )
        for defect in sorted(lesion.clones):
            if defect not in matter:
                fix = f"What does: {', '.join(matter)}."
                faults.append(Fault(where, f"clones: {defect} makes no difference in this patient.", fix))
        if lesion.doubling_time is not None and lesion.doubling_time < fastest:
            problem = f"doubling_time is below that of its cells without loss, {fastest / 1440.0:g} d."
            faults.append(Fault(where, problem, "Make it longer."))
    if faults:
        raise InputError(*faults)
    new = tuple(Lesion(f"new_{number}", present=False) for number in range(1, places + 1))
    if not asked:
        return (Lesion(MAIN if new else ""), *new)
    known = tuple(
        Lesion(
            lesion.name,
            1.0 / len(asked) if lesion.share is None else lesion.share,
            lesion.killers,
            lesion.doubling_time,
            dict(lesion.levels),
            dict(lesion.clones),
        )
        for lesion in asked
    )
    return (*known, *new)
