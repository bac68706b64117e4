"""The encounter at rest by which drugs are proposed: the same factors as the ledger's, drugs included."""

from __future__ import annotations

import math

import numpy as np
import pytest

from opsonin.knowledge.influence import carried, moves
from opsonin.observe.encounter import Side, Turned, log_factors
from opsonin.reference import ledger
from tissues import exposed, plan

CELLS = {
    "cancer": "2500 cells/mm2",
    "cd8": "300 cells/mm2",
    "nk": "300 cells/mm2",
    "macrophage": "300 cells/mm2",
}
BLOCKERS = ("nivolumab", "monalizumab", "venetoclax")  # at a concentration that leaves nothing free


@pytest.fixture(scope="module")
def both():
    """The same tissue untreated and treated, all levels at rest: (plan, tissue) each."""
    found = []
    for drugs in ((), BLOCKERS):
        doses = [{"drug": drug, "amount": "90 mM", "lasting": "1 d"} for drug in drugs]
        asked = plan(
            tissue__generate={"size": ["200 um", "200 um"], "densities": CELLS},
            arm=[{"name": "one", "dose": doses}],
        )
        tissue = exposed(asked)
        tissue.cells.arrays.level[:] = tissue.tables.resting[tissue.cells.arrays.kind].T
        found.append((asked, tissue))
    return found


def of_ledger(asked, tissue, killer: str) -> dict[str, float]:
    arrays, names = tissue.cells.arrays, tissue.species.cells
    i = int(np.flatnonzero(arrays.kind[: tissue.cells.n] == names.index(killer))[0])
    j = int(np.flatnonzero(arrays.kind[: tissue.cells.n] == names.index("cancer"))[0])
    arrays.reactive[i] = 1
    told = ("receptor", "antigen", "ligands", "costimulation", *checkpoints(asked), "fitness", "exhaustion")
    passed = ledger.shares(arrays, tissue.tables, tissue.exposure, i, j)
    found = {name: math.log(share) for name, share in zip(told, passed, strict=True)}
    others = range(len(passed))
    rate = ledger.worth_of(arrays, tissue.tables, tissue.exposure, i, j, others)
    return found | {"resistance": math.log(rate)}


def checkpoints(asked) -> list[str]:
    pairs = asked.library.interactions.items()
    return [name for name, pair in sorted(pairs) if pair.kind == "checkpoint"]


@pytest.mark.parametrize("killer", ["cd8", "nk", "macrophage"])
@pytest.mark.parametrize("treated", [0, 1])
def test_its_factors_are_those_of_the_ledger(both, killer, treated):
    asked, tissue = both[treated]
    library = asked.library
    sides = []
    for name in (killer, "cancer"):
        levels = carried(library, "melanoma", name)
        held = {}
        for drug in BLOCKERS if treated else ():
            held |= moves(library, library.drugs[drug], levels)
        sides.append(Side(library.cells[name], levels, held))
    own, theirs = log_factors(library, "melanoma", *sides, Turned()), of_ledger(asked, tissue, killer)
    for name in ("antigen", "ligands", *checkpoints(asked)):
        assert own[name] == pytest.approx(theirs[name], abs=1e-5), name
    if killer != "macrophage":  # a meal has no way to be resisted
        assert own["resistance"] == pytest.approx(theirs["resistance"], rel=1e-5)
