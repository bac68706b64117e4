"""Which way drugs move molecules, as published: the table states each direction, no sign is read from an entry.

Each row is held against the kernels, with the regulators between drug and molecule, and against the drug's own effect.
"""

from __future__ import annotations

import functools

import pytest

from dish import LIBRARY, Dish
from opsonin.model.drugs import Agonizes, Blocks, Shifts
from opsonin.patient.exposure import Regimen
from opsonin.patient.pharmacokinetics import DrugCourse, Held, OneDose

DAY = 1440.0
PLENTY, GY = 1e6, 100.0  # nM, far above any half; of radiation
SHARE_LEFT = 0.05  # of a target that such a dose leaves free, at most
UP, DOWN = 1, -1

# Drug, molecule, its direction, and where that is written. "Class": seen for another drug of the class.
TUMOUR_CELLS = (
    ("vorinostat", "MHC-I", UP, "doi:10.7150/jca.34471"),
    ("vorinostat", "MICA", UP, "evidence:B001"),
    ("vorinostat", "ULBP", UP, "recalled; doi:10.18632/oncotarget.27546 for the class"),
    ("vorinostat", "DR5", UP, "recalled, HDAC inhibitors raise DR5 on many lines"),
    ("vorinostat", "DR4", UP, "recalled"),
    ("vorinostat", "Fas", UP, "recalled"),
    ("vorinostat", "cFLIP", DOWN, "recalled"),
    ("vorinostat", "PD-L1", UP, "doi:10.1158/2326-6066.CIR-15-0077-T; disputed"),
    ("vorinostat", "B7-H6", DOWN, "Blood 2013;122:684"),
    ("vorinostat", "CD47", DOWN, "evidence:B061"),
    ("vorinostat", "calreticulin", UP, "evidence:B061"),
    ("vorinostat", "HER2", DOWN, "Clin Cancer Res 2005;11:6382"),
    ("entinostat", "MHC-I", UP, "doi:10.18632/oncotarget.27546"),
    ("entinostat", "MICA", UP, "doi:10.18632/oncotarget.27546"),
    ("entinostat", "ULBP", UP, "doi:10.18632/oncotarget.27546"),
    ("entinostat", "DR5", UP, "recalled"),
    ("entinostat", "cFLIP", DOWN, "recalled"),
    ("entinostat", "PD-L1", UP, "evidence:B060"),
    ("entinostat", "B7-H6", DOWN, "Blood 2013;122:684"),
    ("panobinostat", "MHC-I", UP, "class, doi:10.18632/oncotarget.27546"),
    ("panobinostat", "MICA", UP, "class, evidence:B001"),
    ("panobinostat", "DR5", UP, "class, recalled"),
    ("panobinostat", "cFLIP", DOWN, "class, recalled"),
    ("panobinostat", "PD-L1", UP, "doi:10.18632/oncotarget.26726"),
    ("panobinostat", "B7-H6", DOWN, "Blood 2013;122:684"),
    ("romidepsin", "MHC-I", UP, "class, doi:10.18632/oncotarget.27546"),
    ("romidepsin", "MICA", UP, "evidence:B001"),
    ("romidepsin", "DR5", UP, "recalled"),
    ("romidepsin", "cFLIP", DOWN, "class, recalled"),
    ("romidepsin", "PD-L1", UP, "doi:10.1158/2326-6066.CIR-15-0077-T"),
    ("romidepsin", "B7-H6", DOWN, "Blood 2013;122:684"),
    ("belinostat", "MHC-I", UP, "class, doi:10.18632/oncotarget.27546"),
    ("belinostat", "MICA", UP, "class, evidence:B001"),
    ("belinostat", "DR5", UP, "class, recalled"),
    ("belinostat", "PD-L1", UP, "class, doi:10.1158/2326-6066.CIR-15-0077-T"),
    ("belinostat", "B7-H6", DOWN, "Blood 2013;122:684"),
    ("decitabine", "MHC-I", UP, "evidence:B006; evidence:B039"),
    ("decitabine", "NY-ESO-1", UP, "doi:10.1007/s00262-008-0582-6"),
    ("decitabine", "PD-L1", UP, "recalled"),
    ("decitabine", "Fas", UP, "recalled"),
    ("azacitidine", "MHC-I", UP, "evidence:B040"),
    ("azacitidine", "NY-ESO-1", UP, "doi:10.1007/s00262-008-0582-6"),
    ("azacitidine", "PD-L1", UP, "doi:10.1186/s12964-017-0168-z"),
    ("azacitidine", "CD73", UP, "PMC3326678"),
    ("guadecitabine", "MHC-I", UP, "evidence:B028; doi:10.1038/s41467-017-02630-w"),
    ("guadecitabine", "NY-ESO-1", UP, "doi:10.1007/s00262-008-0582-6"),
    ("bortezomib", "DR5", UP, "doi:10.7150/ijms.34398; doi:10.1111/j.1742-4658.2008.06351.x"),
    ("bortezomib", "DR4", UP, "recalled; disputed"),
    ("bortezomib", "NF-kB", DOWN, "recalled, its inhibitor stays when the proteasome stops"),
    ("bortezomib", "cFLIP", DOWN, "recalled, through NF-kB"),
    ("bortezomib", "MICA", UP, "evidence:B059; doi:10.18632/oncotarget.13979"),
    ("bortezomib", "ULBP", UP, "evidence:B059; doi:10.18632/oncotarget.13979"),
    ("bortezomib", "CD155", UP, "evidence:B059; doi:10.18632/oncotarget.13979"),
    ("bortezomib", "CD112", UP, "evidence:B059; doi:10.18632/oncotarget.13979"),
    ("bortezomib", "calreticulin", UP, "doi:10.1158/2643-3230.BCD-21-0059"),
    ("carfilzomib", "DR5", UP, "class, doi:10.7150/ijms.34398"),
    ("carfilzomib", "calreticulin", UP, "doi:10.3390/ph16101367"),
    ("carfilzomib", "NF-kB", DOWN, "class, recalled"),
    ("ixazomib", "DR5", UP, "class, doi:10.7150/ijms.34398"),
    ("ixazomib", "calreticulin", UP, "class, doi:10.3390/ph16101367"),
    ("ixazomib", "NF-kB", DOWN, "class, recalled"),
    ("doxorubicin", "calreticulin", UP, "evidence:B046"),
    ("doxorubicin", "p53", UP, "recalled"),
    ("doxorubicin", "YY1", DOWN, "Mol Cancer Ther 2007;6:1387"),
    ("doxorubicin", "DR5", UP, "Mol Cancer Ther 2007;6:1387, through p53 and YY1"),
    ("doxorubicin", "DR4", UP, "recalled"),
    ("doxorubicin", "MICA", UP, "evidence:B059"),
    ("doxorubicin", "CD155", UP, "evidence:B059"),
    ("doxorubicin", "PD-L1", UP, "no measured value was found; varies by line"),
    ("oxaliplatin", "calreticulin", UP, "evidence:B046"),
    ("oxaliplatin", "MICA", UP, "evidence:B033"),
    ("oxaliplatin", "p53", UP, "recalled"),
    ("oxaliplatin", "Fas", UP, "evidence:B033, through p53"),
    ("cisplatin", "MHC-I", UP, "evidence:B034; doi:10.1158/2326-6066.CIR-17-0235"),
    ("cisplatin", "PD-L1", UP, "doi:10.1158/2326-6066.CIR-17-0235; doi:10.18632/oncotarget.18542"),
    ("cisplatin", "MICA", UP, "evidence:B045"),
    ("cisplatin", "p53", UP, "recalled"),
    ("cisplatin", "YY1", DOWN, "Mol Cancer Ther 2007;6:1387"),
    ("cisplatin", "DR5", UP, "Mol Cancer Ther 2007;6:1387, through p53 and YY1"),
    ("gemcitabine", "MHC-I", UP, "recalled"),
    ("gemcitabine", "MICA", UP, "doi:10.1186/1471-2407-11-194; evidence:B033"),
    ("gemcitabine", "Fas", UP, "evidence:B033, through p53"),
    ("gemcitabine", "p53", UP, "recalled"),
    ("gemcitabine", "PD-L1", UP, "recalled"),
    ("fluorouracil", "MHC-I", UP, "evidence:B034"),
    ("fluorouracil", "p53", UP, "recalled"),
    ("cyclophosphamide", "calreticulin", UP, "recalled"),
    ("paclitaxel", "MHC-I", UP, "recalled"),
    ("paclitaxel", "PD-L1", UP, "recalled"),
    ("paclitaxel", "DR5", UP, "class, Mol Cancer Ther 2021;20:833"),
    ("paclitaxel", "DR4", UP, "class, Mol Cancer Ther 2021;20:833"),
    ("docetaxel", "MHC-I", UP, "class, recalled"),
    ("docetaxel", "PD-L1", UP, "class, recalled"),
    ("docetaxel", "DR5", UP, "Mol Cancer Ther 2021;20:833"),
    ("docetaxel", "DR4", UP, "Mol Cancer Ther 2021;20:833"),
    ("docetaxel", "calreticulin", UP, "PMC3663913"),
    ("radiation", "Fas", UP, "evidence:B012"),
    ("radiation", "DR5", UP, "evidence:B012"),
    ("radiation", "DR4", UP, "evidence:B012"),
    ("radiation", "MHC-I", UP, "PMC3212727; pmid:9336157"),
    ("radiation", "MICA", UP, "doi:10.1038/emm.2006.56"),
    ("radiation", "ULBP", UP, "doi:10.1038/emm.2006.56"),
    ("radiation", "PD-L1", UP, "doi:10.1038/s41467-017-01883-9"),
    ("radiation", "calreticulin", UP, "PMC6861809"),
    ("radiation", "p53", UP, "recalled"),
    ("trametinib", "ERK", DOWN, "Clin Cancer Res 2011;17:989"),
    ("trametinib", "MHC-I", UP, "recalled, through ERK"),
    ("trametinib", "PD-L1", UP, "doi:10.1080/2162402X.2018.1515057; disputed"),
    ("cobimetinib", "ERK", DOWN, "class, Clin Cancer Res 2011;17:989"),
    ("cobimetinib", "PD-L1", UP, "class, doi:10.1080/2162402X.2018.1515057; disputed"),
    ("dabrafenib", "MHC-I", UP, "evidence:B062"),
    ("dabrafenib", "PD-L1", DOWN, "Clin Cancer Res 2015, Liu"),
    ("capivasertib", "AKT", DOWN, "recalled"),
    ("capivasertib", "PD-L1", DOWN, "recalled, through AKT"),
    ("cetuximab", "MHC-I", UP, "recalled"),
    ("palbociclib", "IRF1", UP, "doi:10.1038/nature23465"),
    ("palbociclib", "MHC-I", UP, "doi:10.1038/nature23465, through IRF1"),
    ("abemaciclib", "IRF1", UP, "doi:10.1038/nature23465; doi:10.1016/j.celrep.2018.02.053"),
    ("abemaciclib", "MHC-I", UP, "doi:10.1016/j.celrep.2018.02.053, through IRF1"),
    ("ifn_alpha", "IRF1", UP, "recalled"),
    ("ifn_alpha", "MHC-I", UP, "recalled, through IRF1"),
    ("ifn_alpha", "PD-L1", UP, "recalled, through IRF1"),
    ("detanonoate", "NF-kB", DOWN, "doi:10.1016/j.niox.2008.08.001"),
    ("detanonoate", "YY1", DOWN, "doi:10.1016/j.niox.2008.08.001"),
    ("detanonoate", "DR5", UP, "doi:10.1016/j.niox.2008.08.001, through YY1"),
    ("omacetaxine", "cFLIP", DOWN, "doi:10.1186/s12964-015-0103-0"),
    ("ym155", "survivin", DOWN, "doi:10.1158/0008-5472.CAN-07-1343"),
    ("ym155", "MCL-1", DOWN, "recalled"),
    ("ym155", "XIAP", DOWN, "recalled"),
    ("aeg35156", "XIAP", DOWN, "Clin Cancer Res 2006;12:5231"),
)
# The same, and on which cells of which tumour.
OTHER_CELLS = (
    ("rituximab", "NF-kB", DOWN, "Cancer Res 2005, Jazirehi", ("dlbcl", "cancer")),
    ("rituximab", "YY1", DOWN, "Blood 2004;104:287", ("dlbcl", "cancer")),
    ("entinostat", "NKG2D", UP, "doi:10.18632/oncotarget.27546", ("melanoma", "nk")),
    ("bortezomib", "TRAIL", DOWN, "Mol Immunol 2010;47:2388, through NF-kB", ("melanoma", "nk")),
    ("selicrelumab", "maturation", UP, "pmid:21479995", ("melanoma", "dc")),
    ("selicrelumab", "M2", DOWN, "recalled", ("melanoma", "macrophage")),
)
PLACES = {"HER2": ("her2_breast", "cancer")}
MELANOMA = ("melanoma", "cancer")
PUBLISHED = (*((*row, PLACES.get(row[1], MELANOMA)) for row in TUMOUR_CELLS), *OTHER_CELLS)

# Sensitizers that hold a molecule instead of moving it.
HELD = (
    ("venetoclax", "BCL-2"),
    ("venetoclax", "BCL-XL"),
    ("navitoclax", "BCL-2"),
    ("navitoclax", "BCL-XL"),
    ("s63845", "MCL-1"),
    ("birinapant", "cIAP1"),
    ("birinapant", "XIAP"),
    ("lcl161", "cIAP1"),
    ("lcl161", "XIAP"),
    ("bevacizumab", "VEGFR2"),
    ("axitinib", "VEGFR2"),
    ("galunisertib", "TGFBR1"),
    ("epacadostat", "IDO1"),
    ("etrumadenant", "A2AR"),
    ("oleclumab", "CD73"),
    ("ttx_030", "CD39"),
    ("magrolimab", "CD47"),
    ("evorpacept", "CD47"),
)
DRIVEN = (("conatumumab", "DR5"), ("dulanermin", "DR5"), ("dulanermin", "DR4"))


def exposure(drug, names):
    """On the third day of a dose far above any half."""
    entry = LIBRARY.drugs[drug]
    doses = (OneDose(0.0, GY),) if entry.radiates else ()
    held = () if entry.radiates else (Held(0.0, 10 * DAY, PLENTY),)
    return Regimen((DrugCourse(entry, doses, held),), 10 * DAY).exposure(
        3 * DAY, names.molecules, names.cells
    )


@functools.cache
def after(drug, tumour, kind):
    """Cells that have lived five days under it."""
    dish = Dish(tumour=tumour, kind=kind)
    drugs = exposure(drug, dish.names)
    for _ in range(120):
        dish.under(drugs, 60.0)
    return dish


@pytest.mark.parametrize(
    ("drug", "molecule", "direction", "source", "where"),
    PUBLISHED,
    ids=[f"{row[0]}-{row[1]}-{'up' if row[2] > 0 else 'down'}" for row in PUBLISHED],
)
def test_a_drug_moves_a_molecule_the_published_way(drug, molecule, direction, source, where):
    fold = after(drug, *where).over_rest(molecule)
    assert (fold > 1.1) if direction == UP else (fold < 0.9), f"{fold:.2f}, against {source}"


def test_every_effect_on_a_molecule_has_a_published_direction_and_goes_that_way_by_itself():
    stated = {(drug, molecule): direction for drug, molecule, direction, _, _ in PUBLISHED}
    shifts = [
        (drug, effect)
        for drug, entry in LIBRARY.drugs.items()
        for effect in entry.effects
        if isinstance(effect, Shifts)
    ]
    assert {(drug, effect.shifts) for drug, effect in shifts} <= set(stated)
    astray = [
        (drug, effect.shifts, effect.fold_max.value)
        for drug, effect in shifts
        if (effect.fold_max.value > 1.0) != (stated[drug, effect.shifts] == UP)
    ]
    assert astray == []


@pytest.mark.parametrize(("drug", "molecule"), HELD)
def test_a_blocker_takes_its_target(drug, molecule):
    dish = Dish()
    assert exposure(drug, dish.names).free[dish.names.molecules.index(molecule)] < SHARE_LEFT


@pytest.mark.parametrize(("drug", "molecule"), DRIVEN)
def test_an_agonist_drives_its_receptor(drug, molecule):
    dish = Dish()
    found = exposure(drug, dish.names)
    m = dish.names.molecules.index(molecule)
    assert found.agonized[m] > 0.0
    assert found.free[m] == 1.0


def test_every_drug_on_a_death_or_metabolic_target_is_in_a_table():
    """All that blocks or drives something but a checkpoint, which `test_checkpoints.py` holds against its pair."""
    paired = {
        name
        for pair in LIBRARY.interactions.values()
        if pair.kind in {"checkpoint", "costimulation", "competing"}
        for name in (pair.receptor, pair.ligand)
    }
    found = {
        (drug, effect.blocks if isinstance(effect, Blocks) else effect.agonizes)
        for drug, entry in LIBRARY.drugs.items()
        for effect in entry.effects
        if isinstance(effect, Blocks | Agonizes)
    }
    assert {pair for pair in found if pair[1] not in paired} <= {*HELD, *DRIVEN}
