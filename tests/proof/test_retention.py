"""Two compartmentalized breast cancers show 18 % of their CD8 T cells near a tumour cell; what keeps others away?"""

from __future__ import annotations

import numpy as np
import pytest
from test_untreated_fields import CONTACT, interval, tnbc

from replicates import replicates

REPLICATES = range(1, 9)


@pytest.mark.proof
@pytest.mark.parametrize("patient", ["TNBC16", "TNBC23"])
def test_cd8_cells_keep_their_distance_for_two_weeks(patient: str) -> None:
    rows = replicates(tnbc(patient), REPLICATES, 14)
    imaged = rows[0]["imaged"]["contact"]
    assert imaged == pytest.approx(0.18, abs=0.02)
    low, high = interval([np.mean(row["contact"]) / imaged for row in rows])
    assert 1 - CONTACT < low <= high < 1 + CONTACT
    low, high = interval([np.mean(row["contact"][-3:]) / imaged for row in rows])
    assert 1 - CONTACT < low <= high < 1 + CONTACT


@pytest.mark.proof
@pytest.mark.parametrize("patient", ["TNBC16", "TNBC23"])
def test_without_retention_the_distance_is_lost_within_two_days(patient: str) -> None:
    rows = replicates(tnbc(patient), REPLICATES, 2, retained=False)
    low, _ = interval([row["contact"][2] / rows[0]["imaged"]["contact"] for row in rows])
    assert low > 1 + CONTACT
