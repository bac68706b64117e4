"""Stem-like CD8 T cells renew themselves and do not tire; what of exhaustion is fixed does not recede."""

from __future__ import annotations

import numpy as np
import pytest

from opsonin.engine.start import started
from opsonin.kernels.contacts import hit_rate_of
from opsonin.kernels.fate import ENTRY
from opsonin.model.phase import DIVIDE
from opsonin.model.specificity import MATCHED, STEM_LIKE, UNMATCHED
from opsonin.model.tables import HIT_RATE
from opsonin.tissue import apply, contacts, fate
from tissues import CONTROL, NIVOLUMAB, carried_on, grown, plan

SEEN = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}
FIELD = {"tissue__generate__size": ["300 um", "300 um"]}
DAY = 1440.0


def of(stem, **changes):
    return plan(knowledge=SEEN | {"cell.cd8.lytic.stem_fraction": stem}, **(FIELD | changes))


def reacting(tissue, state):
    n = tissue.cells.n
    cells = tissue.cells.arrays
    return np.flatnonzero((cells.reactive[:n] == state) & (cells.phase[:n] <= 1))


def test_the_share_is_drawn_among_the_cells_that_match():
    some = {"cell.cd8.lytic.reactive_fraction": 0.5, "cell.cd8.lytic.pd1_positive": 1}
    tissue = started(plan(knowledge=some | {"cell.cd8.lytic.stem_fraction": 0.4}, **FIELD))
    stem, matched, others = (len(reacting(tissue, state)) for state in (STEM_LIKE, MATCHED, UNMATCHED))
    assert others > 0
    assert stem / (stem + matched) == pytest.approx(0.4, abs=0.25)
    assert not tissue.cells.arrays.exhaustion[reacting(tissue, STEM_LIKE)].any()


def test_one_daughter_stays_stem_like_and_the_other_is_an_effector():
    tissue = started(of(1))
    mothers = reacting(tissue, STEM_LIKE)
    before, event = tissue.cells.n, np.zeros(tissue.cells.n, np.int8)
    event[mothers] = DIVIDE
    apply.events(tissue, event, 0, 6.0)
    cells = tissue.cells.arrays
    assert (cells.reactive[mothers] == STEM_LIKE).all()
    assert (cells.reactive[before : tissue.cells.n] == MATCHED).all()
    assert tissue.cells.n == before + len(mothers)


def test_effectors_tire_and_stem_like_cells_do_not():
    tissue = grown(of(0.5), 0.5 * DAY)
    cells = tissue.cells.arrays
    assert cells.activation[reacting(tissue, STEM_LIKE)].max() > 0.03  # they saw their antigen
    assert not cells.exhaustion[reacting(tissue, STEM_LIKE)].any()
    assert cells.exhaustion[reacting(tissue, MATCHED)].mean() > 0.3


def test_stem_like_cells_hit_as_much_less_as_they_should():
    tissue = started(of(0.5))
    cells, numbers = tissue.cells.arrays, tissue.tables.types[tissue.species.cells.index("cd8")]
    stem, matched = (
        hit_rate_of(cells, numbers, reacting(tissue, state)[0]) for state in (STEM_LIKE, MATCHED)
    )
    assert stem == pytest.approx(0.2 * matched)
    assert matched == numbers[HIT_RATE]


def test_exhaustion_recedes_to_what_is_fixed_and_no_further():
    """Cells that see nothing: their targets gone."""
    tissue = started(of(0))
    cells, effectors = tissue.cells.arrays, reacting(tissue, MATCHED)
    cells.kind[: tissue.cells.n][cells.kind[: tissue.cells.n] == tissue.species.cells.index("cancer")] = (
        tissue.species.cells.index("other")
    )
    fixed, tired = cells.fixed[effectors].copy(), cells.exhaustion[effectors].copy()
    assert (fixed < tired).all()
    for hour in range(60 * 24):
        contacts.step(tissue, hour * 3600, 60.0)
    left = cells.exhaustion[effectors]
    assert (left < tired).all()
    assert (left > fixed).all()
    assert (cells.fixed[effectors] <= left + 1e-12).all()
    np.testing.assert_allclose(left, cells.fixed[effectors], rtol=0.05)


def test_pd1_blockade_makes_stem_like_cells_divide_more():
    """Hazards of entering the cycle, of the same cells after the same hours."""
    asked = of(1, arm=[CONTROL, NIVOLUMAB], tissue__tumour="melanoma")
    entry = {}
    for arm, name in enumerate(("control", "nivolumab")):
        tissue = carried_on(asked, started(asked), 0, 0.5 * DAY, arm)
        entry[name] = float(fate.turnover(tissue)[tissue.species.cells.index("cd8"), 1, ENTRY].sum())
    assert entry["nivolumab"] > 1.3 * entry["control"] > 0.0
