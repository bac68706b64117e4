"""What is wrong with a library is said all at once, with file, line, key and mend."""

from __future__ import annotations

import importlib.resources
import shutil
from pathlib import Path

import pytest

from opsonin.core.errors import InputError
from opsonin.knowledge.checker import check
from opsonin.knowledge.library import load_library
from opsonin.laws.response import hill

PACKAGED = Path(str(importlib.resources.files("opsonin.knowledge").joinpath("library")))
EVIDENCE = """id,use,seen_in
C001,parameter,a paper
C002,validation,a paper
C003,parameter,memory
C012,parameter,a repository
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of the packaged library that a test may spoil."""
    return Path(shutil.copytree(PACKAGED, tmp_path / "library"))


def spoil(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first `old` in a file; returns its line number."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r}: the test needs mending"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(InputError) as raised:
        load_library(folder)
    return [str(fault) for fault in raised.value.faults]


SPOILS = {
    "competing for what nobody else holds": (
        "interactions/CTLA-4_CD80.toml",
        'ligand = "CD80"',
        'ligand = "CD47"',
        ("CTLA-4_CD80.toml", "competes with no receptor", "CD80, CD86"),
    ),
    "competing with itself": (
        "interactions/CTLA-4_CD80.toml",
        'receptor = "CTLA-4"',
        'receptor = "CD28"',
        ("CTLA-4_CD80.toml", "competes with no receptor", "CD80, CD86"),
    ),
    "guard that is the receptor": (
        "interactions/TNFR1_TNF.toml",
        'guard = "cIAP1"',
        'guard = "TNFR1"',
        ("TNFR1_TNF.toml", "'TNFR1'", "at once"),
    ),
    "ligation of a substrate in mmHg": (
        "interactions/TNFR1_TNF.toml",
        'ligand = "tnf"',
        'ligand = "oxygen"',
        ("TNFR1_TNF.toml", "0.3 nM does not fit", "mmHg"),
    ),
    "ligation of a molecule": (
        "interactions/TNFR1_TNF.toml",
        'ligand = "tnf"',
        'ligand = "TRAIL"',
        ("TNFR1_TNF.toml", "no substrate 'TRAIL'"),
    ),
    "marker without its half": (
        "cells/cancer.toml",
        'marker = "calreticulin"\n',
        "",
        ("cancer.toml", "'marker'", "'marker_half'"),
    ),
    "number without source": (
        "drugs/nivolumab.toml",
        'source = "evidence:D009"\n',
        "",
        ("nivolumab.toml", "central_volume", "'source'", "'assumed'"),
    ),
    "number with source and assumption": (
        "substrates/oxygen.toml",
        'source = "evidence:C049; evidence:C098"',
        'source = "evidence:C049"\nassumed = "because it must"',
        ("oxygen.toml", "diffusivity", "either 'source'"),
    ),
    "source that is none": (
        "substrates/oxygen.toml",
        'source = "evidence:C049; evidence:C098"',
        'source = "a textbook"',
        ("diffusivity", "'a textbook'", "doi:"),
    ),
    "assumption without reason": (
        "cells/other.toml",
        'assumed = "between lymphocytes and fibroblasts; decides how much space bystanders hold"',
        'assumed = "guess"',
        ("other.toml", "diameter", "must say why"),
    ),
    "wrong dimension": (
        "cells/cd8.toml",
        'value = "6.94 um"',
        'value = "6.94 min"',
        ("cd8.toml", "diameter", "'min'", "'um'"),
    ),
    "no unit": ("cells/cd8.toml", 'value = "6.94 um"', "value = 6.94", ("diameter", "no unit", "'um'")),
    "unit of another substrate": (
        "substrates/oxygen.toml",
        'value = "38 mmHg"\nrange = ["20 mmHg", "60 mmHg"]',
        'value = "38 nM"',
        ("oxygen.toml", "blood", "38 nM", "held in mmHg"),
    ),
    "value outside its own range": (
        "drugs/nivolumab.toml",
        'range = ["2 L", "4 L"]',
        'range = ["3 L", "4 L"]',
        ("peripheral_volume", "2.78", "range 3 to 4"),
    ),
    "range of one value": (
        "drugs/nivolumab.toml",
        'range = ["2 L", "4 L"]',
        'range = ["2 L"]',
        ("peripheral_volume", "'range'"),
    ),
    "fraction above one": (
        "cells/cd8.toml",
        "[lytic.pd1_positive]\nvalue = 0.4\nrange = [0.1, 0.8]",
        "[lytic.pd1_positive]\nvalue = 1.4",
        ("pd1_positive", "highest allowed"),
    ),
    "time of zero": (
        "molecules/PD-L1.toml",
        'value = "24 h"\nrange = ["4 h", "72 h"]',
        'value = "0 h"',
        ("PD-L1.toml", "half_life", "above 0"),
    ),
    "unknown key of an entry": (
        "drugs/nivolumab.toml",
        "[kinetics.clearance]",
        "[kinetics.clearence]",
        ("nivolumab.toml", "'clearence'", "'clearance'"),
    ),
    "unknown key of a number": (
        "drugs/nivolumab.toml",
        'note = "Population',
        'notes = "Population',
        ("clearance", "'notes'", "note"),
    ),
    "unknown key in a list": (
        "molecules/PD-L1.toml",
        "[shifts.hill]",
        "[shifts.hil]",
        ("PD-L1.toml", "'hil'", "'hill'"),
    ),
    "receptor that is no molecule": (
        "interactions/PD-1_PD-L1.toml",
        'receptor = "PD-1"',
        'receptor = "PD1"',
        ("PD-1_PD-L1.toml", "receptor", "'PD1'", "'PD-1'"),
    ),
    "shift by what is nothing": (
        "molecules/PD-L1.toml",
        'by = "IRF1"',
        'by = "IRF"',
        ("PD-L1.toml", "shifts.0.by", "no substrate or molecule 'IRF'", "'IRF1'"),
    ),
    "regulator in the unit of a substrate": (
        "molecules/PD-L1.toml",
        "value = 20\nrange = [10, 40]",
        'value = "20 nM"',
        ("PD-L1.toml", "shifts.0.half", "'IRF1' counts in resting levels", "without unit"),
    ),
    "substrate without unit": (
        "molecules/IRF1.toml",
        'value = "9.87 pM"\nrange = ["5 pM", "100 pM"]',
        "value = 9.87",
        ("IRF1.toml", "shifts.0.half", "'ifn_gamma' is held in nM"),
    ),
    "lack that is none": (
        "molecules/HIF-1a.toml",
        'when = "low"',
        'when = "lacking"',
        ("HIF-1a.toml", "shifts.0.when", "'high' or 'low'"),
    ),
    "regulators in a loop": (
        "molecules/IRF1.toml",
        'by = "ifn_gamma"',
        'by = "PD-L1"',
        ("loop", "PD-L1 -> IRF1 -> PD-L1", "Take one of these shifts out"),
    ),
    "regulator of itself": (
        "molecules/YY1.toml",
        'by = "NF-kB"',
        'by = "YY1"',
        ("YY1.toml", "shifts.0", "loop: YY1 -> YY1"),
    ),
    "shift on cells that carry what is nothing": (
        "drugs/rituximab.toml",
        'on = "CD20"',
        'on = "CD-20"',
        ("rituximab.toml", "on", "'CD-20'", "'CD20'"),
    ),
    "radiation with a mass": (
        "drugs/radiation.toml",
        'title = "Radiation"\n',
        'title = "Radiation"\nmolar_mass = { value = "1 g/mol", assumed = "as it must have one" }\n',
        ("radiation.toml", "neither 'molar_mass' nor 'kinetics'"),
    ),
    "radiation by concentration": (
        "drugs/radiation.toml",
        'value = "2 Gy"\nrange = ["0.5 Gy", "5 Gy"]',
        'value = "2 nM"',
        ("radiation.toml", "effects.6", "'damage_half_life' and a 'half' in Gy go together"),
    ),
    "radiation of an unknown cell": (
        "drugs/radiation.toml",
        'irradiates = ["nk"]',
        'irradiates = ["nkk"]',
        ("radiation.toml", "irradiates", "'nkk'", "'nk'"),
    ),
    "alpha of another dimension": (
        "drugs/radiation.toml",
        'value = "0.3 1/Gy"',
        'value = "0.3 1/nM"',
        ("radiation.toml", "alpha", "'1/Gy'"),
    ),
    "substance with an effect in Gy": (
        "drugs/entinostat.toml",
        'shifts = "MHC-I"\n',
        'shifts = "MHC-I"\ndamage_half_life = { value = "1 d", assumed = "as it must fade" }\n',
        ("entinostat.toml", "effects.0", "go together"),
    ),
    "substance without molar mass": (
        "drugs/nivolumab.toml",
        "[molar_mass]",
        "[kinetics.molar_mass]",
        ("nivolumab.toml", "molar_mass"),
    ),
    "saturable clearance without its half": (
        "drugs/durvalumab.toml",
        '[kinetics.half_saturation]\nvalue = "0.344 mg/L"\nrange = ["0.1 mg/L", "1 mg/L"]\n',
        '[kinetics.absorption_half_life]\nvalue = "1 h"\n',
        ("durvalumab.toml", "'max_elimination' and 'half_saturation' go together"),
    ),
    "saturation in moles": (
        "drugs/durvalumab.toml",
        'value = "0.344 mg/L"',
        'value = "2.3 nM"',
        ("durvalumab.toml", "half_saturation", "'mg/L'"),
    ),
    "drug against an unknown molecule": (
        "drugs/nivolumab.toml",
        'blocks = "PD-1"',
        'blocks = "PD-2"',
        ("nivolumab.toml", "blocks", "'PD-2'"),
    ),
    "exchange of an unknown substrate": (
        "cells/cancer.toml",
        'induced_by = "ifn_gamma"',
        'induced_by = "ifn"',
        ("cancer.toml", "induced_by", "'ifn'"),
    ),
    "label of an unknown cell": (
        "labels/melanoma-markers.toml",
        'cell = "cancer"',
        'cell = "tumour"',
        ("melanoma-markers.toml", "SOX10+", "'tumour'"),
    ),
    "density of an unknown cell": (
        "tumours/melanoma.toml",
        "[densities.cd8]",
        "[densities.cd88]",
        ("melanoma.toml", "densities.cd88", "'cd8'"),
    ),
    "name of another file": (
        "cells/other.toml",
        'name = "other"',
        'name = "stroma"',
        ("other.toml", "'stroma'", "stroma.toml"),
    ),
    "name with a dot": ("cells/other.toml", 'name = "other"', 'name = "o.ther"', ("other.toml", "name")),
    "half a chemotaxis": (
        "cells/cd8.toml",
        'attractant = "cxcl10"\n',
        "",
        ("motility", "attractant", "go together"),
    ),
    "not TOML": ("cells/other.toml", "[diameter]", "[diameter", ("other.toml", "not TOML")),
}


@pytest.mark.parametrize("spoiled", SPOILS.values(), ids=SPOILS.keys())
def test_a_fault_is_named_with_its_file_and_key(library: Path, spoiled) -> None:
    file, old, new, expected = spoiled
    spoil(library, file, old, new)
    text = "\n".join(faults_of(library))
    assert all(part in text for part in expected), text


def test_the_copy_before_it_is_spoiled_is_without_fault(library: Path) -> None:
    assert load_library(library).digest() == load_library().digest()


def test_a_fault_names_the_line(library: Path) -> None:
    line = spoil(library, "cells/cd8.toml", 'value = "1.62e4 molecules/h"', 'value = "1.62e4 um"')
    (fault,) = faults_of(library)
    assert fault.startswith(f"cells/cd8.toml:{line - 1}  exchanges.ifn_gamma.secretion")


def test_a_fault_in_a_list_names_the_line_of_its_own_item(library: Path) -> None:
    line = spoil(library, "molecules/MHC-I.toml", "value = 4.5\n", 'value = "3 um"\n')
    (fault,) = faults_of(library)
    assert fault.startswith(f"molecules/MHC-I.toml:{line - 1}  shifts.0.fold_max")


def test_all_faults_are_reported_at_once_and_none_follows_from_another(library: Path) -> None:
    spoil(library, "molecules/PD-1.toml", 'value = "24 h"', 'value = "24 um"')
    spoil(library, "drugs/nivolumab.toml", 'value = "3.63 L"', 'value = "3.63 L/d"')
    spoil(library, "cells/cd8.toml", 'value = "6.94 um"', 'value = "-6.94 um"')
    faults = faults_of(library)
    assert len(faults) == 3
    assert {fault.split(":")[0] for fault in faults} == {
        "molecules/PD-1.toml", "drugs/nivolumab.toml", "cells/cd8.toml"
    }  # fmt: skip


def test_a_folder_without_entries_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path)
    assert "holds no entries" in fault


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    file = tmp_path / "evidence.csv"
    file.write_text(EVIDENCE, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("evidence:C001", None),
        ("evidence:C003; evidence:C001", None),
        ("evidence:C003; pmid:123", None),
        ("evidence:C099", "does not exist"),
        ("evidence:C002", "marked 'validation'"),
        ("evidence:C001; evidence:C002", "marked 'validation'"),
        ("evidence:C003", "recalled"),
        ("evidence:C012", "as printed"),
    ],
)
def test_a_source_must_be_evidence_that_may_set_numbers(library, evidence, source, expected) -> None:
    spoil(library, "cells/cancer.toml", 'source = "evidence:C001"', f'source = "{source}"')
    found = [f for f in check(load_library(library), evidence) if f.where == "cell.cancer.diameter"]
    assert [expected in fault.problem for fault in found] == ([True] if expected else [])


def test_an_evidence_id_in_a_note_must_exist_but_may_be_validation(library, evidence) -> None:
    source = 'source = "evidence:C001"'
    spoil(library, "cells/cancer.toml", source, f'{source}\nnote = "evidence:C002, evidence:C777"')
    found = [f for f in check(load_library(library), evidence) if f.where == "cell.cancer.diameter"]
    assert ["C777" in fault.problem for fault in found] == [True]


def test_an_id_that_does_not_exist_is_told_without_a_table_too(library) -> None:
    assert check(load_library(library)) == []
    spoil(
        library,
        "cells/cancer.toml",
        'source = "doi:10.1371/journal.pcbi.1005991"',
        'source = "evidence:Z999"',
    )
    (fault,) = check(load_library(library))
    assert "evidence:Z999 does not exist" in str(fault)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("molecule.MHC-I.shifts.IRF1.hill", 1000, "above the highest allowed value, 16"),
        ("molecule.IRF1.shifts.ifn_gamma.half", "1e-250 nM", "below the least allowed value, 1e-06 nM"),
        ("interaction.PD-1:PD-L1.hill", 17, "above the highest allowed value, 16"),
        ("drug.vorinostat.effects.shifts:MHC-I.half", "1e-250 nM", "below the least allowed value"),
        ("drug.vorinostat.effects.shifts:MHC-I.half", "0 nM", "must be above 0"),
    ],
)
def test_a_law_that_would_leave_the_range_of_floats_is_refused(path, value, told) -> None:
    with pytest.raises(ValueError, match=told):
        load_library().override(path, value)


def test_at_the_bounds_of_its_numbers_a_hill_function_is_finite() -> None:
    assert [hill(signal, 1e-6, 16.0) for signal in (0.0, 1e-6, 1e12)] == [0.0, 0.5, 1.0]
    assert hill(1e-12, 1e30, 16.0) == 0.0


def test_an_assumed_number_needs_a_range(library) -> None:
    spoil(library, "cells/other.toml", 'range = ["7 um", "15 um"]\n', "")
    assert [fault.where for fault in check(load_library(library))] == ["cell.other.diameter"]


def test_a_table_of_evidence_that_is_missing_or_lacks_a_column_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        check(load_library(), tmp_path / "none.csv")
    (tmp_path / "short.csv").write_text("id,use\nC001,parameter\n", encoding="utf-8")
    with pytest.raises(InputError, match="seen_in"):
        check(load_library(), tmp_path / "short.csv")
