"""The packaged library loads, says where every number is from, and can be overridden one number at a time."""

from __future__ import annotations

import csv
import gzip
import importlib.resources
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from opsonin.core.errors import InputError
from opsonin.core.units import registry
from opsonin.knowledge.checker import check, count_assumed, numbers
from opsonin.knowledge.influence import carried, moves
from opsonin.knowledge.library import KINDS, SET_BY_SCENARIO, UnknownPath, children, file_stem, load_library
from opsonin.knowledge.words import words
from opsonin.model.sourced import Sourced

LIBRARY = load_library()
ROWS = numbers(LIBRARY)
FILES = sorted(
    (folder, file.name)
    for folder, _ in KINDS.values()
    for file in importlib.resources.files("opsonin.knowledge").joinpath("library", folder).iterdir()
    if file.name.endswith(".toml")
)


@pytest.mark.parametrize(("folder", "file"), FILES)
def test_every_file_of_the_library_is_an_entry(folder: str, file: str) -> None:
    assert file.removesuffix(".toml") in {file_stem(name) for name in getattr(LIBRARY, folder)}


def test_the_entries_of_this_step_are_there() -> None:
    wanted = {
        "substrates": {
            *("oxygen", "glucose", "lactate", "adenosine", "kynurenine"),
            *(
                "ifn_gamma",
                "cxcl10",
                "tgf_beta",
                "soluble_nkg2d_ligand",
                "vegf",
                "tnf",
                "il10",
                "il2",
                "damps",
            ),
        },
        "molecules": {
            *("MHC-I", "HLA-E", "PD-L1", "PD-L2", "PD-1", "TIGIT", "TIM-3", "LAG-3", "CTLA-4"),
            *(
                "MICA",
                "ULBP",
                "B7-H6",
                "CD155",
                "CD112",
                "DR4",
                "DR5",
                "Fas",
                "FasL",
                "TRAIL",
                "CD47",
                "calreticulin",
            ),
            *("CD80", "CD86", "CD28", "Gal-9", "CD73", "CD39", "IDO1", "SIRPa"),
            *("LRP1", "CD24", "Siglec-10", "LILRB1", "CD32a", "CD64", "A2AR", "TGFBR1", "VEGFR2"),
            *("MHC-II", "PVRIG", "2B4", "CD48", "maturation", "TNFR1", "cIAP1"),
            *("cFLIP", "BCL-2", "BCL-XL", "MCL-1", "BAX", "BAK", "XIAP", "survivin"),
            *("NF-kB", "YY1", "AKT", "ERK", "HIF-1a", "p53", "IRF1", "M2"),
            *("4-1BB", "4-1BBL", "CD40", "NY-ESO-1", "MART-1"),
            *("NKG2D", "NKp30", "DNAM-1", "NKG2A", "KIR", "CD16", "HER2", "EGFR", "CD19", "CD20", "GD2"),
        },
        "cells": {
            *("cancer", "cd8", "cd4", "treg", "nk", "b_cell", "dc", "macrophage", "neutrophil"),
            *("fibroblast", "endothelium", "other", "car_t", "mdsc"),
        },
        "interactions": {
            *("PD-1:PD-L1", "PD-1:PD-L2", "TIGIT:CD155", "TIM-3:Gal-9", "NKG2A:HLA-E", "KIR:MHC-I"),
            *("NKG2D:MICA", "NKG2D:ULBP", "DNAM-1:CD155", "DNAM-1:CD112", "NKp30:B7-H6", "CD16:IgG1"),
            *("Fas:FasL", "DR4:TRAIL", "DR5:TRAIL"),
            *("SIRPa:CD47", "LILRB1:MHC-I", "Siglec-10:CD24", "LRP1:calreticulin", "CD32a:IgG1", "CD64:IgG1"),
            *("LAG-3:MHC-II", "TIGIT:CD112", "PVRIG:CD112", "2B4:CD48"),
            *("CD28:CD80", "CD28:CD86", "CTLA-4:CD80", "CTLA-4:CD86", "TNFR1:TNF"),
            "4-1BB:4-1BBL",
        },
        "drugs": {
            *("nivolumab", "pembrolizumab", "atezolizumab", "cetuximab", "ifn_alpha"),
            *("cemiplimab", "dostarlimab", "durvalumab", "avelumab"),
            *("tiragolumab", "monalizumab", "lirilumab", "sabatolimab"),
            *("vorinostat", "entinostat", "panobinostat", "romidepsin", "belinostat"),
            *("decitabine", "azacitidine", "guadecitabine", "bortezomib", "carfilzomib", "ixazomib"),
            *("doxorubicin", "oxaliplatin", "cisplatin", "gemcitabine", "cyclophosphamide", "paclitaxel"),
            "docetaxel",
            "fludarabine",
            *("fluorouracil", "omacetaxine", "ym155"),
            *("trametinib", "cobimetinib", "dabrafenib", "palbociclib", "abemaciclib", "capivasertib"),
            *("blinatumomab", "mosunetuzumab"),
            *("detanonoate", "radiation"),
            *("oleclumab", "etrumadenant", "epacadostat", "galunisertib", "magrolimab", "evorpacept"),
            *(
                "com701",
                "bnd_22",
                "atg_031",
                "relatlimab",
                "ipilimumab",
                "bevacizumab",
                "axitinib",
                "pexidartinib",
                "emactuzumab",
            ),
            *("tisagenlecleucel", "axicabtagene", "her2_car_t", "gd2_car_t", "lifileucel", "expanded_nk"),
            *("aldesleukin", "ifn_gamma_1b", "neoantigen_dc_vaccine"),
            "ttx_030",
            *("urelumab", "utomilumab", "selicrelumab"),
            *("venetoclax", "navitoclax", "s63845", "birinapant", "lcl161", "aeg35156"),
            *("dulanermin", "conatumumab", "trastuzumab", "rituximab", "dinutuximab"),
        },
        "tumours": {
            *("melanoma", "tnbc", "pdac", "b16", "ccrcc", "nsclc", "her2_breast", "crc_mss", "crc_msi"),
            *("hcc", "gbm", "ovarian", "b_all", "dlbcl", "myeloma", "aml"),
        },
        "defects": {
            *("antigen-loss", "antigen-silencing", "b2m-loss", "caspase8-silencing", "cd19-loss"),
            *("her2-loss", "jak-loss", "mcl1-gain"),
        },
        "geometries": {"section", "block", "well", "spheroid", "organoid", "marrow", "node"},
        "labels": {"codex-mouse", "melanoma-markers", "pdac-markers", "tnbc-mibi"},
    }
    missing = {folder: names - set(getattr(LIBRARY, folder)) for folder, names in wanted.items()}
    assert missing == {folder: set() for folder in wanted}


def test_every_number_has_exactly_one_origin() -> None:
    assert all(bool(row.source) != bool(row.assumed) for row in ROWS)


def test_the_count_of_assumed_numbers_is_that_of_the_rows_without_source() -> None:
    assumed = count_assumed(LIBRARY)
    assert assumed == sum(not row.source for row in ROWS)
    assert 0 < assumed < len(ROWS)
    assert count_assumed(LIBRARY.override("drug.nivolumab.kinetics.clearance", "0.2 L/d")) == assumed + 1


def test_the_library_passes_its_own_checker() -> None:
    assert [str(fault) for fault in check(LIBRARY)] == []


def test_the_library_uses_evidence_only_as_it_may(shared_data: Path) -> None:
    evidence = shared_data.parent / "evidence" / "evidence_open.csv"
    if not evidence.is_file():
        pytest.skip("the table of evidence is not beside this checkout")
    assert [str(fault) for fault in check(LIBRARY, evidence)] == []


def test_melanoma_label_map_covers_every_label_of_the_imaged_fields(shared_data: Path) -> None:
    with gzip.open(shared_data / "biopsies" / "melanoma_cells.csv.gz", "rt", newline="") as stream:
        reader = csv.DictReader(stream)
        panel = LIBRARY.labels["melanoma-markers"]
        assert {panel.x, panel.y, panel.label} <= set(reader.fieldnames or ())
        seen = {row[panel.label] for row in reader}
    assert seen == set(panel.labels) | set(panel.ignore)


def test_labels_mean_what_their_marks_say() -> None:
    labels = LIBRARY.labels["melanoma-markers"].labels
    assert labels["SOX10+"].cell == "cancer"
    inhibited = labels["CD8+PD1+PDL1-"]
    assert (inhibited.cell, inhibited.positive, inhibited.negative) == ("cd8", ("PD-1",), ("PD-L1",))
    assert labels["CD8-PD1-PDL1+"].cell == "other"
    assert labels["CD8-PD1-PDL1+"].positive == ("PD-L1",)


def differing(old: Any, new: Any, path: str) -> dict[str, Sourced]:
    """The numbers of `new` that are others than those of `old`, by path; what both share is not looked into."""
    if old is new:
        return {}
    if isinstance(new, Sourced):
        return {} if old == new else {path: new}
    before, after = children(old) or {}, children(new) or {}
    assert list(before) == list(after), path
    found = [differing(before[key], child, f"{path}.{key}") for key, child in after.items()]
    return {path: number for part in found for path, number in part.items()}


def of_entry(row) -> str:
    return ".".join(row.path.split(".")[:2])


@pytest.mark.parametrize("entry", sorted({of_entry(row) for row in ROWS}))
def test_override_of_a_number_by_itself_changes_only_its_origin(entry: str) -> None:
    for row in (row for row in ROWS if of_entry(row) == entry):
        changed = LIBRARY.override(row.path, row.text)
        pairs = zip(LIBRARY.entries(), changed.entries(), strict=True)
        found: dict[str, Sourced] = {}
        for (kind, name, old), (_, also, new) in pairs:
            assert name == also
            found |= differing(old, new, f"{kind}.{name}")
        assert list(found) == [row.path]
        assert (found[row.path].text, found[row.path].unit) == (row.text, row.unit)
        assert found[row.path].assumed == SET_BY_SCENARIO


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("tumour.melanoma.expresses.cancer.PD-L1", "2e5 molecules", 2e5),
        ("cell.cd8.lytic.hit_rate_max", "6 1/h", 0.1),
        ("substrate.oxygen.blood", "45 mmHg", 45.0),
        ("molecule.PD-L1.shifts.IRF1.fold_max", 9, 9.0),
        ("drug.nivolumab.kinetics.clearance", "1.44 L/d", 1e-3),
        ("drug.nivolumab.effects.PD-1.affinity", "1 uM", 1000.0),
        ("interaction.PD-1:PD-L1.hill", 1.5, 1.5),
    ],
)
def test_override_sets_the_value_in_base_units_and_leaves_the_original(path, text, value) -> None:
    before = LIBRARY.digest()
    changed = LIBRARY.override(path, text)
    number = _at(changed, path)
    assert number.value == pytest.approx(value, rel=1e-12)
    assert LIBRARY.digest() == before != changed.digest()
    assert _at(LIBRARY, path).value != number.value


def _at(library, path: str) -> Sourced:
    kind, *rest = path.split(".")
    node = getattr(library, KINDS[kind][0])
    for key in rest:
        if isinstance(node, dict):
            node = node[key]
        elif isinstance(node, tuple):
            node = next(
                item for item in node if key in (getattr(item, "by", ""), getattr(item, "blocks", ""))
            )
        else:
            node = getattr(node, key)
    return node


def test_override_can_fill_a_number_the_entry_leaves_out() -> None:
    assert LIBRARY.cells["cancer"].death.spontaneous is None
    changed = LIBRARY.override("cell.cancer.death.spontaneous", "1 1/d")
    assert changed.cells["cancer"].death.spontaneous.value == pytest.approx(1 / 1440)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("tumor.melanoma.doubling_time", ("'tumor'", "'tumour'")),
        ("drug.nivolumabb.clearance", ("'nivolumabb'", "'nivolumab'")),
        ("drug.nivolumab.kinetics.clearence", ("'clearence'", "'clearance'")),
        ("tumour.melanoma.expresses.cancer.PDL1", ("'PDL1'", "'PD-L1'")),
        ("molecule.PD-L1.shifts.IRF-1.fold_max", ("'IRF-1'", "'IRF1'")),
        ("cell.cd8.lytic", ("table", "hit_rate_max")),
        ("cell.cd8.diameter.value", ("'value'", "below a number")),
        ("cell.cd8.colour", ("'colour'",)),
        ("label.melanoma-markers.scale", ("not a number",)),
    ],
)
def test_an_unknown_path_is_answered_with_the_bad_part_and_the_closest_name(path, parts) -> None:
    with pytest.raises(UnknownPath) as raised:
        LIBRARY.override(path, "1")
    assert all(part in str(raised.value) for part in (path, *parts))


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("cell.cd8.lytic.hit_rate_max", "5 um", "1/min"),
        ("cell.cd8.lytic.hit_rate_max", "5", "1/min"),
        ("cell.cd8.lytic.hit_rate_max", "-5 1/min", "least allowed"),
        ("cell.cd8.lytic.costimulation", 1.5, "highest allowed"),
        ("molecule.MHC-I.half_life", "0 h", "above 0"),
        ("substrate.oxygen.blood", "40 nM", "mmHg"),
        ("cell.cancer.exchanges.oxygen.uptake_max", "30 molecules/min", "mmHg"),
    ],
)
def test_a_bad_value_is_refused_with_what_was_expected(path, text, expected) -> None:
    with pytest.raises(ValueError, match=path) as raised:
        LIBRARY.override(path, text)
    assert expected in str(raised.value)
    assert not isinstance(raised.value, UnknownPath)


def test_every_molecule_is_carried_by_some_cell() -> None:
    carried = {name for cell in LIBRARY.cells.values() for name in cell.expresses}
    assert set(LIBRARY.molecules) <= carried


def test_no_drug_leaves_out_a_shift_that_it_has() -> None:
    """Neither one of its own nor one by a regulator, on any cell type that carries the molecule in any tumour."""
    found = []
    for name, drug in LIBRARY.drugs.items():
        told = {tuple(phrase.split()) for phrase in drug.omitted}
        if not any(verb in ("raises", "lowers") and rest in LIBRARY.molecules for verb, *_, rest in told):
            continue
        for cell, tumour in ((cell, tumour) for cell in LIBRARY.cells for tumour in LIBRARY.tumours):
            for molecule, move in moves(LIBRARY, drug, carried(LIBRARY, tumour, cell)).items():
                if move.fold != 1.0 and told & {("raises", molecule), ("lowers", molecule)}:
                    found.append((name, molecule, cell, tumour))
    assert found == []


def test_interferon_shows_cells_to_t_cells_and_hides_them_from_nk_cells() -> None:
    folds = {
        name: shift.fold_max.value
        for name, molecule in LIBRARY.molecules.items()
        for shift in molecule.shifts
        if shift.by == "IRF1"
    }
    assert min(folds["MHC-I"], folds["HLA-E"]) > 1.0 > max(folds["MICA"], folds["ULBP"])


def test_the_library_survives_pickling_and_keeps_its_digest() -> None:
    assert pickle.loads(pickle.dumps(LIBRARY)).digest() == LIBRARY.digest()


def test_reading_the_library_is_quick() -> None:
    registry()
    spent = []
    for _ in range(3):
        start = time.process_time()
        load_library(Path(str(importlib.resources.files("opsonin.knowledge").joinpath("library"))))
        spent.append(time.process_time() - start)
    assert min(spent) < 1e-3 * len(ROWS)  # seconds; a parser that looks twice at all would take far more


def test_the_packaged_library_is_read_once() -> None:
    assert load_library() is LIBRARY


def test_a_name_that_no_entry_has_is_an_error_of_opsonin_with_what_was_meant() -> None:
    drugs = pickle.loads(pickle.dumps(load_library())).drugs
    with pytest.raises(
        InputError, match=r"there is no drug 'nivolumap'\.\s+Did you mean 'nivolumab'"
    ) as told:
        drugs["nivolumap"]
    assert isinstance(told.value, KeyError)
    assert drugs.get("nivolumap") is None


def test_what_an_entry_says_in_words_is_shown_beside_its_numbers() -> None:
    told = {
        name: dict(words(entry))
        for name, entry in (("pair", LIBRARY.interactions["TNFR1:TNF"]), ("hif", LIBRARY.molecules["HIF-1a"]))
    }
    assert told["pair"] == {"receptor": "TNFR1", "ligand": "tnf", "kind": "ligation", "guard": "cIAP1"}
    assert told["hif"]["shifts.oxygen.when"] == "low"
    assert dict(words(LIBRARY.cells["cancer"]))["exchanges.damps.marker"] == "calreticulin"
