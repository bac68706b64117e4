"""What each checkpoint pair lets through at the levels of the library's cells: as its note says."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from opsonin.engine.tabulate import NM
from opsonin.knowledge.library import load_library
from opsonin.laws.recognition import bound_pairs, checkpoint_factor, planar_affinity

LIBRARY = load_library()


def density(cell: str, molecule: str, level: float | None) -> float:
    """Molecules per um2; of the resting level, if no other is given."""
    entry = LIBRARY.cells[cell]
    carried = entry.expresses[molecule].value if level is None else level
    return carried / (math.pi * entry.diameter.value**2)


def pairs(name: str, killer: str, target: str, ligand: float | None = None, free: float = 1.0) -> float:
    pair = LIBRARY.interactions[name]
    affinity = planar_affinity(pair.affinity.value, pair.gap.value, NM)
    receptor = free * density(killer, pair.receptor, None)
    return bound_pairs(receptor, density(target, pair.ligand, ligand), affinity)


def share(name: str, killer: str, target: str, ligand: float | None = None, free: float = 1.0) -> float:
    pair = LIBRARY.interactions[name]
    return checkpoint_factor(pairs(name, killer, target, ligand, free), pair.half.value, pair.hill.value)


@pytest.mark.parametrize(
    ("name", "killer", "ligand", "told"),
    [
        ("PD-1:PD-L1", "cd8", None, "46 %"),
        ("PD-1:PD-L1", "cd8", 4.8e4, "2.5 %"),
        ("PD-1:PD-L2", "cd8", None, "97 %"),
        ("PD-1:PD-L2", "cd8", 500.0, "99.8 %"),
        ("PD-1:PD-L2", "cd8", 1.2e4, "50 %"),
        ("TIGIT:CD155", "cd8", None, "88 %"),
        ("TIGIT:CD155", "cd8", 5e3, "99.6 %"),
        ("TIGIT:CD155", "cd8", 2e5, "79 %"),
        ("TIM-3:Gal-9", "cd8", None, "88 %"),
        ("TIM-3:Gal-9", "cd8", 1e3, "99.9 %"),
        ("TIM-3:Gal-9", "cd8", 1.5e4, "78 %"),
        ("TIM-3:Gal-9", "cd8", 1e5, "70 %"),
        ("NKG2A:HLA-E", "nk", None, "68 %"),
        ("NKG2A:HLA-E", "nk", 1e3, "99.5 %"),
        ("NKG2A:HLA-E", "nk", 3e4, "20 %"),
        ("NKG2A:HLA-E", "cd8", None, "82 %"),
        ("NKG2A:HLA-E", "cd8", 5e3, "94 %"),
        ("KIR:MHC-I", "nk", None, "8 %"),
        ("KIR:MHC-I", "nk", 5e4, "19 %"),
        ("KIR:MHC-I", "nk", 1.7e4, "62 %"),
        ("KIR:MHC-I", "nk", 0.0, "100 %"),
        ("KIR:MHC-I", "nk", 3e5, "3 %"),
    ],
)
def test_the_note_of_a_pair_says_what_the_laws_say(name: str, killer: str, ligand: float | None, told: str):
    digits = len(told.partition(".")[2].removesuffix(" %"))
    assert f"{100.0 * share(name, killer, 'cancer', ligand):.{digits}f} %" == told
    assert told.removesuffix(" %") in (LIBRARY.interactions[name].hill.note or "")


def test_nk_cells_spare_a_healthy_cell_and_see_one_without_mhc_i():
    assert (
        max(share("KIR:MHC-I", "nk", cell) for cell in ("cancer", "fibroblast", "endothelium", "cd4")) < 0.1
    )
    assert share("KIR:MHC-I", "nk", "cancer", 0.0) == 1.0
    assert share("KIR:MHC-I", "nk", "fibroblast", free=0.02) > 0.9  # lirilumab


def test_tigit_and_tim_3_alone_hold_back_less_than_pd_1():
    pd1 = share("PD-1:PD-L1", "cd8", "cancer")
    for name in ("TIGIT:CD155", "TIM-3:Gal-9"):
        assert pd1 < share(name, "cd8", "cancer") < 0.9


@pytest.mark.parametrize("fold", [1.0, 6.0])
def test_pd_1_is_not_counted_twice_by_its_two_ligands(fold: float):
    levels = {name: fold * LIBRARY.cells["cancer"].expresses[name].value for name in ("PD-L1", "PD-L2")}
    by_both = {name: f"PD-1:{name}" for name in levels}
    product = math.prod(share(by_both[name], "cd8", "cancer", level) for name, level in levels.items())
    half = LIBRARY.interactions["PD-1:PD-L1"].half.value
    together = sum(pairs(by_both[name], "cd8", "cancer", level) for name, level in levels.items())
    once = checkpoint_factor(together, half, 2.0)
    assert 0.8 < product / once < 1.5
    note = LIBRARY.interactions["PD-1:PD-L2"].hill.note or ""
    assert all(f" {100.0 * value:.2g} %" in note for value in (product, once))


def test_what_all_pairs_leave_a_t_cell_at_a_resting_melanoma_cell_is_what_the_page_says():
    own = LIBRARY.tumours["melanoma"].expresses["cancer"]
    left = {
        name: share(name, "cd8", "cancer", own[pair.ligand].value if pair.ligand in own else None)
        for name, pair in LIBRARY.interactions.items()
        if pair.kind == "checkpoint" and pair.receptor in LIBRARY.cells["cd8"].expresses
    }
    page = (
        (Path(__file__).parents[2] / "docs" / "knowledge.md").read_text(encoding="utf-8").replace("\n", " ")
    )
    assert f"keeps {100.0 * left['PD-1:PD-L1']:.0f} % with PD-1:PD-L1" in page
    assert f"{100.0 * math.prod(left.values()):.0f} % with all pairs" in page
