"""What is told of a followed patient, in words and as JSON: drugs, blood, the tumour and what became of it.

How it was computed is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsonin.engine.courses import Followed
    from opsonin.model.immunity import Immunity
    from opsonin.patient.outcome import Outcome

DAY = 1440.0


def in_body(one: Followed, columns: tuple[str, ...]) -> dict[str, str]:
    """What is told in words of tumour and blood, where there are any."""
    if "tumour_cells" not in columns:
        return {}
    cells = one.values[:, columns.index("tumour_cells")]
    least = int(cells.argmin())
    lowest = {
        column.removeprefix("blood_").removesuffix("_per_L"): one.values[:, number].min()
        / one.values[0, number]
        for number, column in enumerate(columns)
        if column.startswith("blood_") and column.endswith("_per_L")
    }
    of_marrow = {}
    if "marrow_tumour_share" in columns:
        names = ("marrow_tumour_share", "blood_tumour_per_uL")
        shares, counts = (one.values[:, columns.index(name)] for name in names)
        of_marrow["marrow, blood"] = (
            f"tumour cells are {shares[0]:.2g} of the marrow at first, {shares[-1]:.2g} at the end; "
            f"{counts[0]:.3g} and {counts[-1]:.3g} in a microlitre of blood"
        )
    return of_marrow | {
        "tumour": f"{cells[0]:.3g} cells at first, {cells[-1]:.3g} at the end, "
        f"least {max(cells[least], 0.0):.3g} after {one.times[least] / DAY:.3g} d",
        "blood, lowest share of what it was": ", ".join(
            f"{name} {share:.2f}" for name, share in lowest.items()
        ),
    }


def harm_in_json(one: Followed, columns: tuple[str, ...], adult: Immunity) -> dict[str, Any]:
    """When the tumour was too large to live with, the peak of the index of cytokine release, B-cell aplasia."""
    told: dict[str, Any] = {}
    aplasia = adult.b_cell_aplasia.value
    days = one.times / DAY
    if "tumour_cells" in columns:
        beyond = one.values[:, columns.index("tumour_cells")] >= adult.tumour.fatal.value
        if beyond.any():
            told["fatal_burden_d"] = float(days[beyond.argmax()])
    if "crs_index" in columns:
        index = one.values[:, columns.index("crs_index")]
        told["crs_index"] = {"peak": float(index.max()), "peak_d": float(days[index.argmax()])}
    if "blood_b_cell_per_L" in columns:
        low = one.values[:, columns.index("blood_b_cell_per_L")] < aplasia
        if low.any():
            lasted = float(((days[1:] - days[:-1]) * low[:-1]).sum())
            told["b_cell_aplasia"] = {"from_d": float(days[low.argmax()]), "days": lasted}
            told["b_cell_aplasia"]["at_the_end"] = bool(low[-1])
    return told


def harm_in_words(one: Followed, columns: tuple[str, ...], adult: Immunity) -> dict[str, str]:
    """The same in words."""
    told = harm_in_json(one, columns, adult)
    words = {}
    if (day := told.get("fatal_burden_d")) is not None:
        fatal = f"{adult.tumour.fatal.value:.0e} tumour cells are passed after {day:.3g} d"
        words["not survived"] = f"{fatal}: what is told of later times is of nobody"
    if index := told.get("crs_index"):
        words["CRS index"] = f"at most {index['peak']:.3g}, after {index['peak_d']:.3g} d"
    if low := told.get("b_cell_aplasia"):
        end = ", and at the end" if low["at_the_end"] else ""
        words["B-cell aplasia"] = f"{low['days']:.3g} d, from {low['from_d']:.3g} d on{end}"
    return words


@dataclass(frozen=True)
class Told:
    """What is told of a drug in one patient; concentrations of all of it in plasma [nM], of ours only."""

    name: str
    count: int
    held: int
    given: float
    peak: float | None = None
    peak_at: float | None = None
    trough: float | None = None
    unit: str = "mg"

    @property
    def in_json(self) -> dict[str, Any]:
        told = {
            "doses": self.count,
            "held": self.held or None,
            f"given_{self.unit}": self.given,
            "peak_nM": self.peak,
            "peak_min": self.peak_at,
            "trough_nM": self.trough,
        }
        return {key: value for key, value in told.items() if value is not None}

    @property
    def in_words(self) -> str:
        times = "1 dose" if self.count == 1 else f"{self.count} doses"
        held = f" ({self.held} held)" if self.held else ""
        line = f"{self.name}: {times}{held}, {self.given:.4g} {self.unit} in all"
        if self.peak is not None and self.peak_at is not None:
            line += f"; in plasma at most {self.peak:.4g} nM, after {self.peak_at / 60.0:.3g} h"
        if self.trough is not None:
            line += f", {self.trough:.4g} nM before the last dose"
        return line


def drugs(one: Followed, columns: tuple[str, ...]) -> Iterator[Told]:
    from opsonin.patient.doses import given_by
    from opsonin.patient.drug_names import Names
    from opsonin.patient.product_part import product_in_body

    given = given_by(one.doses, float(one.times[-1]))
    for drug in sorted({dose.drug for dose in one.planned}):
        times = [dose.time for dose in one.doses if dose.drug == drug]
        held = sum(dose.drug == drug for dose in one.planned) - len(times)
        plasma = f"{Names(drug).plasma}_nM"
        if plasma not in columns or not times:
            unit = "cells" if product_in_body(drug) in columns else "mg"
            yield Told(drug, len(times), held, given.get(drug, 0.0), unit=unit)
            continue
        column = columns.index(plasma)
        highest = int(one.values[:, column].argmax())
        last = int(abs(one.change_times - max(times)).argmin())
        trough = float(one.before[last, column]) if len(set(times)) > 1 else None
        peak, peak_at = float(one.values[highest, column]), float(one.times[highest])
        yield Told(drug, len(times), held, given[drug], peak, peak_at, trough)


def outcome_in_json(one: Followed, seen: float) -> dict[str, Any]:
    """What became of the tumour of a patient whose clones are followed to the end; nothing of others."""
    from opsonin.patient.outcome import mixed, outcomes

    if one.reservoir is None or not one.complete:
        return {}
    whole, lesions = outcomes(one.reservoir, seen)
    told: dict[str, Any] = {"outcome": _in_json(whole)}
    if lesions:
        told["lesions"] = {name: _in_json(lesion) for name, lesion in lesions.items()}
        told["mixed"] = mixed(lesions)
    return told


def outcome_in_words(one: Followed, seen: float) -> dict[str, str]:
    """The same in words."""
    from opsonin.patient.outcome import mixed, outcomes

    if one.reservoir is None or not one.complete:
        return {}
    whole, lesions = outcomes(one.reservoir, seen)
    told = {"outcome": _in_words(whole, seen)}
    told |= {f"lesion {name}": _in_words(lesion, seen) for name, lesion in lesions.items()}
    if mixed(lesions):
        told["mixed response"] = "some lesions have responded while others have grown"
    return told


def how_many(each: Sequence[Followed], seen: float) -> dict[str, tuple[int, int, float, float]]:
    """Of replicates, how many had a complete response, are cured and relapsed: of how many, and a 95 % interval."""
    from scipy.stats import binomtest

    from opsonin.patient.outcome import outcomes

    found = [outcomes(one.reservoir, seen)[0] for one in each if one.reservoir is not None]
    counts = {
        "complete response": sum(one.best == "CR" for one in found),
        "cured": sum(one.cured is not None for one in found),
        "relapsed": sum(one.relapsed is not None for one in found),
    }
    told = {}
    for what, count in counts.items():
        interval = binomtest(count, len(found)).proportion_ci(method="wilson")
        told[what] = count, len(found), float(interval.low), float(interval.high)
    return told


def _in_json(outcome: Outcome) -> dict[str, Any]:
    units = {name: f"{name}_d" for name in ("complete", "cured", "relapsed", "appeared")}
    units |= {name: f"{name}_percent" for name in ("least_diameter", "last_diameter")}
    return {units.get(key, key): value for key, value in asdict(outcome).items() if value is not None}


def _in_words(outcome: Outcome, seen: float) -> str:
    lines = [f"{outcome.best}, diameter {outcome.last_diameter:+.0f} % at the end"]
    if outcome.best == "NE":
        lines = [f"not seen at the start (below {seen:.0e} cells)"]
    if outcome.appeared is not None:
        lines.append(f"new after {outcome.appeared:.3g} d")
    if outcome.complete is not None:
        lines.append(f"nothing seen after {outcome.complete:.3g} d")
    if outcome.cured is not None:
        lines.append(f"no tumour cell left after {outcome.cured:.3g} d: cured")
    if outcome.relapsed is not None:
        lines.append(f"seen again after {outcome.relapsed:.3g} d, most cells {outcome.relapse_of}")
    elif outcome.complete is not None and outcome.cured is None:
        lines.append("tumour cells are left")
    return "; ".join(lines)
