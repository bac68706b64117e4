"""Molecules that no law reads wait in the knowledge base: they change no bit, and what drugs do to them is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opsonin.engine.start import started
from opsonin.engine.trace import Trace
from opsonin.knowledge.followed import MARKER, RECOGNISED, followed, left_out
from opsonin.knowledge.library import load_library
from opsonin.knowledge.used import Use, used
from opsonin.model.death import PROTEINS
from opsonin.model.scenario import Dose
from opsonin.tissue import expression
from tissues import carried_on, plan

LIBRARY = load_library()
# Without the pairs that read it nothing follows CTLA-4.
UNPAIRED = replace(
    LIBRARY,
    interactions={name: pair for name, pair in LIBRARY.interactions.items() if pair.receptor != "CTLA-4"},
)
IPILIMUMAB = Dose(drug="ipilimumab", amount="1 uM", lasting="1 h")


def test_what_laws_read_is_followed_and_nothing_else():
    paired = {
        *("PD-L1", "PD-L2", "TIGIT", "CD155", "TIM-3", "Gal-9", "NKG2A", "HLA-E", "KIR"),
        *("NKG2D", "MICA", "ULBP", "DNAM-1", "CD112", "NKp30", "B7-H6", "2B4", "CD48"),
        *("LAG-3", "MHC-II", "PVRIG", "CD16", "HER2", "EGFR", "CD19", "CD20", "GD2"),
        *("SIRPa", "CD47", "LILRB1", "Siglec-10", "CD24", "LRP1", "calreticulin", "CD32a", "CD64"),
        *("Fas", "FasL", "DR4", "DR5", "TRAIL", "TNFR1", "cIAP1", "CD28", "CTLA-4", "CD80", "CD86"),
        *("4-1BB", "4-1BBL", "CD40", "NY-ESO-1", "MART-1"),
    }
    metabolic = {"CD39", "CD73", "IDO1", "A2AR", "TGFBR1", "VEGFR2"}
    regulators = {"IRF1", "NF-kB", "YY1", "AKT", "ERK", "HIF-1a", "p53", "M2", "maturation"}
    assert set(followed(LIBRARY)) == {RECOGNISED, MARKER, *paired, *metabolic, *PROTEINS, *regulators}
    assert plan().species.molecules == followed(LIBRARY)


def test_what_a_drug_does_to_a_molecule_that_is_not_followed_is_told():
    assert "blocks CTLA-4" in left_out(LIBRARY.drugs["ipilimumab"], UNPAIRED)
    assert "blocks CTLA-4" not in left_out(LIBRARY.drugs["ipilimumab"], LIBRARY)
    assert "blocks LAG-3" not in left_out(LIBRARY.drugs["relatlimab"], UNPAIRED)


def test_a_run_lists_no_number_of_a_molecule_that_it_does_not_follow():
    rows = {row.path for row in used(UNPAIRED, Use("melanoma", ("cancer", "cd8"), None, (IPILIMUMAB,)))}
    assert "molecule.MHC-I.half_life" in rows
    assert [path for path in rows if path.startswith("drug.ipilimumab.effects.kills:treg")]
    assert not [path for path in rows if "CTLA-4" in path]


def test_what_nothing_reads_changes_no_bit():
    molecules = dict(LIBRARY.molecules)
    assert len(molecules) > len(followed(UNPAIRED))
    exposures = [
        plan(arm=[{"name": "a", "dose": [{"drug": "vorinostat", "amount": "1 uM", "lasting": "1 h"}]}])
        .courses[0]
        .regimen.exposure(0.0, names, ("cancer",))
        for names in (followed(UNPAIRED), tuple(sorted(molecules)))
    ]
    index = [sorted(molecules).index(name) for name in followed(UNPAIRED)]
    np.testing.assert_array_equal(exposures[0].fold, exposures[1].fold[index])


def test_molecules_that_nothing_moves_are_passed_over_without_a_change_of_any_bit(monkeypatch):
    """Under a drug that shifts several, which is gone before the end."""
    dose = [{"drug": "vorinostat", "amount": "1 uM", "lasting": "6 h"}]
    asked = plan(arm=[{"name": "a", "dose": dose}])
    passing, all_of_them = Trace(), Trace()
    tissue = started(asked)
    carried_on(asked, tissue, 0, 720.0, trace=passing)
    assert len(expression._moving(tissue)) < len(tissue.species.molecules)
    monkeypatch.setattr(expression, "_moving", lambda of: of.tables.order)
    carried_on(asked, started(asked), 0, 720.0, trace=all_of_them)
    np.testing.assert_array_equal(passing.drain()["hash"], all_of_them.drain()["hash"])
