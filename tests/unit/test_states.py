"""Names for what CD8 T cells are at."""

from __future__ import annotations

import numpy as np

from opsonin.observe.states import AT_WORK, BYSTANDER, EFFECTOR, EXHAUSTED, MEMORY, STEM, WORN, states_of
from opsonin.tissue.tissue import Tissue
from tissues import grown, plan, slots


def named(reactive: int, exhaustion: float, activation: float) -> str:
    return str(states_of(np.array([reactive], np.int8), np.array([exhaustion]), np.array([activation]))[0])


def test_each_state_has_its_name_and_its_bounds_belong_to_it():
    assert named(0, 0.9, 0.9) == BYSTANDER
    assert named(2, 0.9, 0.9) == STEM
    assert named(1, WORN, 0.9) == EXHAUSTED
    assert named(1, WORN - 1e-9, AT_WORK) == EFFECTOR
    assert named(1, WORN - 1e-9, AT_WORK - 1e-9) == MEMORY


def counted(tissue: Tissue) -> dict[str, int]:
    arrays, own = tissue.cells.arrays, slots(tissue, "cd8")
    own = own[arrays.phase[own] <= 1]
    found = states_of(arrays.reactive[own], arrays.exhaustion[own], arrays.activation[own])
    return {
        name: int(np.count_nonzero(found == name)) for name in (BYSTANDER, STEM, EXHAUSTED, EFFECTOR, MEMORY)
    }


def test_fresh_cells_at_rest_are_memory_and_are_effectors_once_they_see_their_antigen():
    fresh = {
        "cell.cd8.lytic.reactive_fraction": 1,
        "cell.cd8.lytic.pd1_positive": 1,
        "cell.cd8.lytic.exhaustion_initial": 0,
        "cell.cd8.lytic.stem_fraction": 0,
        "tumour.melanoma.expresses.cancer.PD-L1": "0 molecules",
    }
    alone = plan(
        tissue__generate__densities={
            "cd8": "1000 cells/mm2",
            "cancer": "0 cells/mm2",
            "other": "3000 cells/mm2",
        },
        knowledge=fresh,
    )
    beside = plan(
        tissue__generate__densities={"cd8": "500 cells/mm2", "cancer": "2500 cells/mm2"}, knowledge=fresh
    )
    assert {name for name, count in counted(grown(alone, 300.0)).items() if count} == {MEMORY}
    assert counted(grown(beside, 300.0))[EFFECTOR] > 5
