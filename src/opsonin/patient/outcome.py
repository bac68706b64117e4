"""What became of a patient's tumour: response, cure, relapse and the clone that it came of, by lesion and in all.

Read from the turns of the reservoir. Diameters go with the cube root of the cells of a lesion that keeps its shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from opsonin.model.recist import PROGRESSION, RESPONSE, STABLE
from opsonin.patient.reservoir import Reservoir

Array = npt.NDArray[np.float64]
DAY = 1440.0


@dataclass(frozen=True)
class Outcome:
    """Of one lesion, or of all together.

    Attributes:
        best: by RECIST 1.1, "CR", "PR", "SD" or "PD"; of what is not seen at the start "NE".
        least_diameter, last_diameter: change of the (sum of) diameters from the start [%], at its least and at the end.
        complete: time [d] from which nothing is seen, of the first such time; None where there is none.
        cured: time [d] from which no tumour cell is left; None where some are.
        relapsed: time [d] when something is seen again for the first time; None where nothing is.
        relapse_of: clone with most cells then.
        appeared: time [d] at which something is seen where nothing was at the start; of all together, in any lesion.
    """

    best: str
    least_diameter: float
    last_diameter: float
    complete: float | None = None
    cured: float | None = None
    relapsed: float | None = None
    relapse_of: str | None = None
    appeared: float | None = None


def outcomes(reservoir: Reservoir, seen: float) -> tuple[Outcome, dict[str, Outcome]]:
    """Of a patient, and of each of its lesions where they have names.

    Args:
        reservoir: at its last turn; seen: cells from which on a lesion is seen.
    """
    times = np.array(reservoir.told) / DAY
    lesions = {
        site.lesion.name: {clone.name: np.array(reservoir.cells[clone.cells]) for clone in site.clones}
        for site in reservoir.sites
    }
    whole = outcome(times, list(lesions.values()), seen)
    if list(lesions) == [""]:
        return whole, {}
    return whole, {name: outcome(times, [clones], seen) for name, clones in lesions.items()}


def outcome(times: Array, lesions: Sequence[Mapping[str, Array]], seen: float) -> Outcome:
    """Of some lesions together.

    Args:
        times: (n,) [d]; lesions: of each, cells (n,) by clone; seen: cells from which on a lesion is seen.
    """
    each = np.array([sum(clones.values()) for clones in lesions])
    visible = each >= seen
    diameters = np.where(visible, np.cbrt(each), 0.0).sum(axis=0)
    left = each.sum(axis=0)
    cured = float(times[np.flatnonzero(left > 0.0).max(initial=-1) + 1]) if left[-1] == 0.0 else None
    new = np.flatnonzero((visible & ~visible[:, :1]).any(axis=0))
    appeared = float(times[new[0]]) if len(new) else None
    if diameters[0] == 0.0:
        return Outcome("NE", 0.0, 0.0, cured=cured, appeared=appeared)
    change = 100.0 * (diameters / diameters[0] - 1.0)
    gone = np.flatnonzero(diameters == 0.0)
    back = np.flatnonzero((diameters > 0.0) & (np.arange(len(times)) > gone[0])) if len(gone) else gone
    return Outcome(
        best=_best(times, diameters, appeared),
        least_diameter=float(change.min()),
        last_diameter=float(change[-1]),
        complete=float(times[gone[0]]) if len(gone) else None,
        cured=cured,
        relapsed=float(times[back[0]]) if len(back) else None,
        relapse_of=_most(lesions, back[0]) if len(back) else None,
        appeared=appeared,
    )


def mixed(lesions: Mapping[str, Outcome]) -> bool:
    """Whether at the end some lesions have responded while others have grown by what counts as progression."""
    last = [lesion.last_diameter for lesion in lesions.values() if lesion.best != "NE"]
    return any(change <= RESPONSE for change in last) and any(change >= PROGRESSION for change in last)


def _best(times: Array, diameters: Array, appeared: float | None) -> str:
    """Best response before progression, which a new lesion is, too."""
    least, best = diameters[0], "SD"
    for time, now in zip(times[1:], diameters[1:], strict=True):
        grown = now > 0.0 and now >= least * (1.0 + PROGRESSION / 100.0)
        if grown or time == appeared:
            return "PD" if best == "SD" and time < STABLE else best
        least = min(least, now)
        if now == 0.0:
            return "CR"
        if now <= diameters[0] * (1.0 + RESPONSE / 100.0):
            best = "PR"
    return best


def _most(lesions: Sequence[Mapping[str, Array]], number: int) -> str:
    cells: dict[str, float] = {}
    for clones in lesions:
        for name, values in clones.items():
            cells[name] = cells.get(name, 0.0) + float(values[number])
    return max(sorted(cells), key=lambda name: cells[name])
