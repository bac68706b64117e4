"""Four weeks of untreated fields: do they grow as published, and stay as they were imaged?

Two hours on two cores (`make test-proof`). Each claim is about the mean of replicates, whose 90 % interval must lie
inside the margin. Growth is that of the tumour's hazards (division, necrosis, loss) and kills, which differs from the
growth of the counted cells by chance alone and has a fraction of its variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from replicates import Row, replicates

REPLICATES = range(1, 21)
DAYS = 28
CONFIDENCE = 0.90
GROWTH, DENSITY, CONTACT = 0.10, 0.15, 0.20
# Types with fewer imaged cells are held to the Poisson interval of their number.
ENOUGH_CELLS = 50


def melanoma(patient: str, image: int) -> dict[str, Any]:
    return {
        "table": "melanoma_cells.csv.gz",
        "labels": "melanoma-markers",
        "tumour": "melanoma",
        "select": {"patient": patient, "image": image},
    }


def tnbc(patient: str) -> dict[str, Any]:
    return {
        "table": "tnbc_cells.csv.gz",
        "labels": "tnbc-mibi",
        "tumour": "tnbc",
        "select": {"patient": patient},
    }


# From mixed to apart; at least 50 CD8 T cells; little necrosis, and killing slow beside growth: where either is fast, its
# own noise would ask for hundreds of replicates.
FIELDS = [
    *(melanoma("MEL05", 2), melanoma("MEL07", 1), melanoma("MEL07", 2)),
    *(melanoma("MEL20", 2), melanoma("MEL07", 3), melanoma("MEL16", 2)),
    *(tnbc("TNBC02"), tnbc("TNBC39")),
    *(tnbc("TNBC34"), tnbc("TNBC41")),
]


def interval(values: Any) -> tuple[float, float]:
    values = np.asarray(values, float)
    spread = stats.sem(values) * stats.t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1)
    return float(values.mean() - spread), float(values.mean() + spread)


def claims(rows: list[Row]) -> Iterator[tuple[str, tuple[float, float], tuple[float, float]]]:
    """(what, 90 % interval of its mean over replicates, margin), all relative to what was published or imaged."""
    published = rows[0]["published_growth"]
    yield "growth", interval([row["expected_growth"] / published for row in rows]), (1 - GROWTH, 1 + GROWTH)
    imaged = rows[0]["imaged"]
    for name, (cells, density) in imaged["density"].items():
        found = interval([np.mean(row["densities"][name]) / density for row in rows])
        if cells >= ENOUGH_CELLS:
            yield name, found, (1 - DENSITY, 1 + DENSITY)
        else:
            low, high = stats.chi2.ppf([0.05, 0.95], [2 * cells, 2 * cells + 2]) / 2 / cells
            yield name, found, (float(low), float(high))
    contacts = [np.nanmean(row["contact"]) / imaged["contact"] for row in rows]
    yield "contact", interval(contacts), (1 - CONTACT, 1 + CONTACT)


@pytest.mark.proof
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: "/".join(map(str, field["select"].values())))
def test_an_untreated_field_grows_as_published_and_stays_as_imaged(
    field: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = replicates(field, REPLICATES, DAYS)
    found = list(claims(rows))
    with capsys.disabled():
        print()
        for what, (low, high), (least, most) in found:
            print(f"  {what:12s} {low:.3f} .. {high:.3f}   inside {least:.2f} .. {most:.2f}")
    outside = [what for what, (low, high), (least, most) in found if low < least or high > most]
    assert outside == []
