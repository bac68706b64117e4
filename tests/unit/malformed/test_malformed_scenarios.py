"""Every malformed scenario is refused with exit code 2, the offending word and its line, and no folder.

Malformed tables of cells are beside this.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from field import GENERATED, SCENARIO, write_field

from opsonin.cli.main import main
from opsonin.knowledge.library import load_library

JARGON = ("Traceback", "Input should", "pydantic", "https://", "value_error", "ValidationError", "datetime.")
DOSE = '{ drug = "nivolumab", amount = "240 mg", every = "5 d" }'
TIMED = 'at = "12 h", every = "2 d", until = "4 d"'
BLOCK = '[tissue.generate]\nsize = ["300 um", "300 um", "300 um"]\n'
SLAB = 'thickness = "20 um"\n[tissue.generate]\nsize = ["600 um", "600 um"]\n'

# name: (what is replaced, by what, the line of the fault, words that must be said)
CASES: dict[str, tuple[str, str, int | None, tuple[str, ...]]] = {
    "unknown drug": (
        '"nivolumab", amount = "240',
        '"nivolumabb", amount = "240',
        19,
        ("nivolumabb", "'nivolumab'"),
    ),
    "drug by its brand": (
        '"nivolumab", amount = "240',
        '"OPDIVO", amount = "240',
        19,
        ("OPDIVO", "'nivolumab'"),
    ),
    "drug by its code": ('"nivolumab", amount = "240', '"MK3475", amount = "240', 19, ("'pembrolizumab'",)),
    "unknown tumour": ('"melanoma"', '"melanom"', 7, ("'melanom'", "'melanoma'", "knowledge list tumours")),
    "unknown label map": (
        '"melanoma-markers"',
        '"melanoma-marker"',
        10,
        ("'melanoma-marker'", "'melanoma-markers'"),
    ),
    "unknown override path": ("patient_weight", "patient_wieght", 31, ("patient_wieght", "patient_weight")),
    "unknown override kind": ('"tumour.mel', '"tumor.mel', 31, ("tumor.melanoma", "tumour")),
    "override of wrong dimension": ('"70 kg"', '"70 um"', 31, ("patient_weight", "um", "kg")),
    "override without unit": ('"70 kg"', "70", 31, ("70", "kg")),
    "override below the least": ('"70 kg"', '"-70 kg"', 31, ("-70 kg",)),
    "override that is a truth value": ('"70 kg"', "true", 31, ("true", "number")),
    "override that is a table": ('"70 kg"', "{ value = 1 }", 31, ("patient_weight", "table")),
    "override that is not a number": ('"70 kg"', "nan", 31, ("nan",)),
    "unquoted override": (
        '"tumour.melanoma.patient_weight"',
        "tumour.melanoma.patient_weight",
        31,
        ("tumour",),
    ),
    "unknown key": ("seed = 7", "sede = 7", 4, ("sede", "'seed'")),
    "key of another section": ("seed = 7", 'burn_in = "3 d"', 4, ("burn_in", "belongs to [numerics]")),
    "key of a section inside": ("seed = 7", 'size = ["300 um", "300 um"]', 4, ("size", "[tissue.generate]")),
    "table as a list": ("[output]", "[[output]]", 23, ("output", "Write it as [output]")),
    "unknown key in a dose": ('every = "5 d"', 'evry = "5 d"', 19, ("combo", "dose 1", "evry", "'every'")),
    "unknown section": ("[output]", "[ouput]", 23, ("ouput", "'output'")),
    "name of blanks": ('name = "field"', 'name = "  "', 2, ("name", "letters that can be seen")),
    "name of two lines": ('name = "field"', 'name = "a\\nb"', 2, ("name", "line breaks")),
    "name with hidden signs": ('name = "field"', 'name = "a\\u202Eb"', 2, ("name", "hidden signs")),
    "missing duration": ('duration = "10 d"\n', "", 1, ("duration", "missing")),
    "missing name": ('name = "field"\n', "", 1, ("name", "missing")),
    "missing tumour": ('tumour = "melanoma"\n', "", 6, ("tumour", "missing")),
    "missing drug": ('drug = "nivolumab", amount = "240', 'amount = "240', 19, ("drug", "missing")),
    "missing amount": (', amount = "240 mg"', "", 19, ("amount", "missing", "3 mg/kg")),
    "missing arm name": ('name = "control"', "", 13, ("arm 1", "name", "missing")),
    "duration without unit": ('"10 d"', '"10"', 3, ("'10'", "no unit", "14 d")),
    "bare duration": ('"10 d"', "10", 3, ("10", "no unit")),
    "unknown unit": ('"10 d"', '"10 fortnights"', 3, ("fortnights", "min")),
    "wrong dimension": ('"10 d"', '"10 um"', 3, ("um", "min", "dimension")),
    "duration of zero": ('"10 d"', '"0 d"', 3, ("0 d", "above 0")),
    "negative duration": ('"10 d"', '"-3 d"', 3, ("-3 d", "above 0")),
    "endless duration": ('"10 d"', '"1e9 d"', 3, ("1e9 d", "at most")),
    "infinite duration": ('"10 d"', '"1e999 d"', 3, ("1e999 d", "finite")),
    "duration that is a date": ('"10 d"', "2026-01-02", 3, ("2026-01-02", "14 d")),
    "duration that is true": ('"10 d"', "true", 3, ("true",)),
    "duration that is a list": ('"10 d"', '["10 d"]', 3, ("10 d",)),
    "duration that is not a number": ('"10 d"', '"nan d"', 3, ("'nan d'", "not a number")),
    "duration that is a bare NaN": ('"10 d"', "nan", 3, ("nan", "no unit")),
    "duration of endless digits": ('"10 d"', "9" * 4000, 3, ("duration 999999999999...", "too large")),
    "motion of zero": ('motion_step = "1 min"', 'motion_step = "0 s"', 28, ("0 s", "above 0")),
    "motion backwards": ('motion_step = "1 min"', 'motion_step = "-1 min"', 28, ("-1 min", "above 0")),
    "spacing without end": ('motion_step = "1 min"', 'spacing = "inf um"', 28, ("'inf um'",)),
    "amount that is not a number": ('"240 mg"', '"nan mg"', 19, ("'nan mg'",)),
    "amount without end": ('"240 mg"', '"1e999 mg"', 19, ("'1e999 mg'",)),
    "decimal comma": ('"10 d"', '"1,5 d"', 3, ("1,5 d",)),
    "duration not whole steps": ('"10 d"', '"100 min"', 3, ("100 min", "6 min", "102 min")),
    "duration not whole seconds": ('"10 d"', '"10.000003 d"', 3, ("10.000003 d", "seconds", "864000 s")),
    "power tower as unit": ('"10 d"', '"1 d**9**9**9"', 3, ("d**9**9**9",)),
    "negative seed": ("seed = 7", "seed = -1", 4, ("seed", "-1")),
    "seed too large": (
        "seed = 7",
        "seed = 9223372036854775808",
        4,
        ("9223372036854775808", "9223372036854775807"),
    ),
    "fractional seed": ("seed = 7", "seed = 1.5", 4, ("1.5", "whole number")),
    "seed as text": ("seed = 7", 'seed = "x"', 4, ("'x'", "whole number")),
    "seed that is true": ("seed = 7", "seed = true", 4, ("true", "whole number")),
    "empty name": ('name = "field"', 'name = ""', 2, ("name", "empty")),
    "name that is a number": ('name = "field"', "name = 5", 2, ("5", "text")),
    "duplicate arms": ('name = "combo"', 'name = "control"', 17, ("'control'", "two arms")),
    "arms that differ in case": (
        'name = "combo"',
        'name = "Control"',
        17,
        ("'Control'", "'control'", "case"),
    ),
    "arm name with a slash": ('name = "combo"', 'name = "a/b"', 17, ("a/b", "characters")),
    "arm name with a trailing dot": ('name = "combo"', 'name = "combo."', 17, ("'combo.'", "dot")),
    "reserved arm name": ('name = "combo"', 'name = "NUL"', 17, ("'NUL'", "reserved")),
    "arm in single brackets": (
        '[[arm]]\nname = "control"\n\n[[arm]]\nname = "combo"',
        '[arm]\nname = "x"',
        13,
        ("[[arm]]",),
    ),
    "no arm": (
        SCENARIO[SCENARIO.index("[[arm]]") : SCENARIO.index("[output]")],
        "",
        None,
        ("[arm]", "[[arm]]"),
    ),
    "dose as one table": (
        "dose = [\n    " + DOSE + ",\n",
        "dose = " + DOSE + "\nx = [\n",
        18,
        ("dose", "list"),
    ),
    "dose as a line of text": (
        "dose = [\n    " + DOSE + ",\n",
        'dose = [\n    "240 mg nivolumab",\n',
        19,
        ("'240 mg nivolumab'", "[[arm.dose]]"),
    ),
    "dose after the end": ('at = "12 h"', 'at = "10 d"', 20, ("dose 2", "10 d", "end")),
    "negative time": ('at = "12 h"', 'at = "-1 h"', 20, ("-1 h", "at least 0")),
    "time not whole seconds": ('at = "12 h"', 'at = "12.3456789 min"', 20, ("12.3456789 min", "741 s")),
    "every not whole seconds": ('every = "2 d"', 'every = "0.001 s"', 20, ("0.001 s", "1 s")),
    "every of zero": ('every = "2 d"', 'every = "0 d"', 20, ("0 d", "above 0")),
    "until before at": (TIMED, 'at = "3 d", every = "1 d", until = "2 d"', 20, ("2 d", "3 d", "before")),
    "until without every": (TIMED, 'until = "4 d"', 20, ("until", "every")),
    "too many doses": ('every = "2 d", until = "4 d"', 'every = "1 s"', 20, ("1 s", "doses")),
    "zero amount": ('"240 mg"', '"0 mg"', 19, ("0 mg", "above 0")),
    "negative amount": ('"240 mg"', '"-240 mg"', 19, ("-240 mg",)),
    "amount without unit": ('"240 mg"', "240", 19, ("240", "no unit", "3 mg/kg")),
    "amount in a volume": ('"240 mg"', '"240 mL"', 19, ("240 mL", "mass")),
    "amount per surface with a raised two": (
        '"240 mg"',
        '"80 mg/m²"',
        19,
        ("'80 mg/m²' is not a number with a unit", 'surface as "20 mg/m2"'),
    ),
    "amount per surface of a drug without kinetics": (
        'drug = "nivolumab", amount = "240 mg"',
        'drug = "birinapant", amount = "47 mg/m2"',
        19,
        ("takes up and clears birinapant", "concentration of free drug"),
    ),
    "amount in units of activity": ('"240 mg"', '"100 IU"', 19, ("'100 IU'", "activity", "its mass")),
    "amount as mass per volume": ('"240 mg"', '"14.6 mg/L"', 19, ("14.6 mg/L", "146000 g/mol", '"0.1 uM"')),
    "amount in moles": ('"240 mg"', '"1 M"', 19, ("'1 M'", "100 mM")),
    "mass of cells": (
        'drug = "nivolumab", amount = "240 mg"',
        'drug = "tisagenlecleucel", amount = "240 mg"',
        19,
        ("'240 mg'", "product of cells", '"200 cells/mm2"'),
    ),
    "concentration of cells": (
        'drug = "nivolumab", amount = "240 mg"',
        'drug = "tisagenlecleucel", lasting = "1 d", amount = "1 uM"',
        19,
        ("'1 uM'", "product of cells"),
    ),
    "cells of a molecule": ('"240 mg"', '"200 cells/mm2"', 19, ("200 cells/mm2", "nivolumab is no product")),
    "cells per body weight": (
        '"240 mg"',
        '"2e6 cells/kg"',
        19,
        ("2e6 cells/kg", "number of cells", "cells/mm2"),
    ),
    "cells that are none": ('"240 mg"', '"0 cells/mm2"', 19, ("0 cells/mm2", "above 0")),
    "more cells than a tissue holds": ('"240 mg"', '"1e9 cells/mm2"', 19, ("1e9 cells/mm2", "100,000")),
    "two products in an arm": (
        DOSE + ",",
        '{ drug = "tisagenlecleucel", amount = "9 cells/mm2" },'
        '\n    { drug = "her2_car_t", amount = "9 cells/mm2" },',
        20,
        ("tisagenlecleucel and her2_car_t", "an arm of its own"),
    ),
    "amount in percent": ('"240 mg"', '"240 %"', 19, ("240 %",)),
    "slipped amount unit": ('"240 mg"', '"240 kg"', 19, ("240 kg", "100 g")),
    "amount per nothing": ('"240 mg"', '"240 mg/"', 19, ("240 mg/",)),
    "thickness of zero": ('"20 um"', '"0 um"', 11, ("0 um", "at least 1")),
    "thickness in minutes": ('"20 um"', '"20 min"', 11, ("min", "um")),
    "biopsy missing": ('"cells.csv"', '"cell.csv"', 8, ("cell.csv", "'cells.csv'")),
    "biopsy is a folder": ('"cells.csv"', '"."', 8, ("'.'", "folder")),
    "biopsy with a name of 5,000 letters": ('"cells.csv"', f'"{"x" * 5000}.csv"', 8, ("'xxx", "too long")),
    "biopsy empty path": ('"cells.csv"', '""', 8, ("biopsy", "not a path")),
    "biopsy as number": ('"cells.csv"', "5", 8, ("5", "text")),
    "label map file missing": ('"melanoma-markers"', '"./mine.toml"', 10, ("./mine.toml", "no such file")),
    "biopsy without labels": ('labels = "melanoma-markers"\n', "", 8, ("labels", "melanoma-markers")),
    "neither read nor drawn": (GENERATED, 'thickness = "20 um"\n', 6, ("biopsy", "generate")),
    "both read and drawn": ('thickness = "20 um"\n', SLAB, 12, ("biopsy", "generate", "both")),
    "select without biopsy": (GENERATED, "select = { image = 1 }\n" + SLAB, 8, ("select", "biopsy")),
    "labels without biopsy": (GENERATED, 'labels = "melanoma-markers"\n' + SLAB, 8, ("labels", "biopsy")),
    "select that is a list": ("image = 1 }", "image = [1] }", 9, ("image", "[1]")),
    "select that is true": ("image = 1 }", "image = true }", 9, ("image", "true")),
    "select that is a fraction": ("image = 1 }", "image = 1.5 }", 9, ("image", "1.5")),
    "select that is text": ('select = { patient = "P1", image = 1 }', 'select = "P1"', 9, ("'P1'", "table")),
    "size of one": (
        GENERATED,
        SLAB.replace('["600 um", "600 um"]', '["600 um"]'),
        10,
        ("600 um", "1 entries"),
    ),
    "size of four": (GENERATED, BLOCK.replace('"300 um"]', '"300 um", "9 mm"]'), 9, ("9 mm", "4 entries")),
    "size as text": (GENERATED, SLAB.replace('["600 um", "600 um"]', '"600 um"'), 10, ("'600 um'", "list")),
    "size too small": (GENERATED, SLAB.replace('["600 um"', '["6 um"'), 10, ("6 um", "at least 100")),
    "size without unit": (GENERATED, SLAB.replace('["600 um"', "[600"), 10, ("600", "no unit")),
    "too many cells": (GENERATED, BLOCK.replace('"300 um"', '"20 mm"'), 9, ("20 mm", "cells", "5,000,000")),
    "block with another thickness": (GENERATED, 'thickness = "20 um"\n' + BLOCK, 8, ("20 um", "300 um")),
    "density of unknown cells": (
        GENERATED,
        SLAB + 'densities = { cd9 = "10 cells/mm2" }\n',
        11,
        ("cd9", "'cd8'"),
    ),
    "density of lengths": (
        GENERATED,
        SLAB + 'densities = { cd8 = "10 cells/mm" }\n',
        11,
        ("cells/mm", "cell/um**2"),
    ),
    "negative density": (GENERATED, SLAB + 'densities = { cd8 = "-1 cells/mm2" }\n', 11, ("-1 cells/mm2",)),
    "no cells": (
        GENERATED,
        SLAB
        + "densities = { "
        + ", ".join(
            f'{name} = "0 cells/mm2"' for name in sorted(load_library().tumours["melanoma"].densities)
        )
        + " }\n",
        10,
        ("0.0 cells", "at least 10"),
    ),
    "motion longer than coupling": ('"1 min"', '"9 min"', 28, ("9 min", "6 min", "longer")),
    "motion does not divide coupling": ('"1 min"', '"4 min"', 28, ("4 min", "6 min", "3 min")),
    "burn-in not whole seconds": (
        'motion_step = "1 min"',
        'burn_in = "90.4 s"',
        28,
        ("90.4 s", "seconds", "90 s"),
    ),
    "motion not whole seconds": ('"1 min"', '"0.5001 s"', 28, ("0.5001 s", "1 s")),
    "coupling of zero": ('"6 min"', '"0 min"', 27, ("0 min", "above 0")),
    "coupling does not divide output": ('"1 d"', '"1000 min"', 24, ("1000 min", "6 min", "1002 min")),
    "default output against coupling": ('[output]\nevery = "1 d"\n', "", 25, ("1 d", "7 min", "1442 min")),
    "coupling under the default motion": (
        '[output]\nevery = "1 d"\n',
        "",
        25,
        ("7 s", "1 min", "motion_step"),
    ),
    "output of zero": ('"1 d"', '"0 d"', 24, ("0 d", "above 0")),
    "spacing too fine": ('motion_step = "1 min"', 'spacing = "1 um"', 28, ("1 um", "at least 2")),
    "section as a value": ('[output]\nevery = "1 d"\n', "", None, ("output", "table")),
    "syntax: no equals sign": ('duration = "10 d"', 'duration "10 d"', 3, ('duration "10 d"', "TOML")),
    "syntax: open string": ('"10 d"', '"10 d', 3, ('"10 d', "TOML")),
    "syntax: key twice": ("seed = 7", "seed = 7\nseed = 8", 5, ("seed = 8", "twice")),
    "syntax: open table": ("[output]", "[output", 23, ("[output", "TOML")),
    "syntax: leading zero": ("seed = 7", "seed = 007", 4, ("seed = 007", "TOML")),
}
MORE = {  # what else must change for a case to be what it says
    "default output against coupling": (
        'coupling_step = "6 min"\nmotion_step = "1 min"',
        'coupling_step = "7 min"',
    ),
    "coupling under the default motion": (
        'coupling_step = "6 min"\nmotion_step = "1 min"',
        'coupling_step = "7 s"',
    ),
    "section as a value": ("[scenario]\n", 'output = "1 d"\n[scenario]\n'),
}


def refusal(arguments: list[str], out: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What a refused command prints to standard error; what holds for all of them is checked here."""
    assert main(arguments) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert not out.exists()
    for word in JARGON:
        assert word not in printed.err
    return printed.err


@pytest.mark.parametrize("case", CASES)
def test_malformed_scenario_is_refused_with_word_and_line(
    case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old, new, line, words = CASES[case]
    assert old in SCENARIO
    text = SCENARIO.replace(old, new, 1)
    if case in MORE:
        assert MORE[case][0] in text
        text = text.replace(*MORE[case], 1)
    path, out = write_field(tmp_path, text), tmp_path / "out"
    said = refusal(["run", str(path), "-o", str(out)], out, capfd)
    place = f"scenario.toml:{line}  " if line is not None else "scenario.toml"
    told = [said[at:] for at in range(len(said)) if said.startswith(place, at)]
    assert told, said
    for word in words:
        assert any(word in text for text in told), said
    assert refusal(["check", str(path)], out, capfd) == said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("[scenario]", "[tissue]", "arm")),
        (b"\xff\xfe[\x00s\x00", ("0xff", "UTF-8")),
        (b'[scenario]\nname = "\xe9"\n', ("scenario.toml:2", "0xe9", "UTF-8")),
        (b"a = " + b"[" * 5000, ("nested",)),
        (b"\x00\x01\x02", ("scenario.toml",)),
        (b"a = " + b"9" * 5000, ("unknown key 'a'", "[scenario]")),
        (b"PK\x03\x04\x14\x00", ("scenario.toml",)),
        (b'[[scenario]]\nname = "x"\n[tissue]\n', ("scenario", "table")),
        (b"# " + b"x" * 10_000_001, ("MB",)),
    ],
)
def test_file_that_is_no_scenario_is_refused(
    content: bytes, words: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, out = write_field(tmp_path), tmp_path / "out"
    path.write_bytes(content)
    said = refusal(["run", str(path), "-o", str(out)], out, capfd)
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[scenario]", "[scenario]"),
        ('every = "1 d"', 'every = "20 d"'),
        ('"10 d"', '"7206 min"'),
        (TIMED, 'at = "1 d", every = "1 d", until = "1 d"'),
        ('"240 mg"', '"0.24 g"'),
        ('"3 mg/kg"', '"3000 ug / kg"'),
        ("image = 1 }", 'image = "1" }'),
        (GENERATED, SLAB),
        (GENERATED, BLOCK),
        (GENERATED, 'thickness = "300 um"\n' + BLOCK),
        (GENERATED, SLAB + 'densities = { cd8 = "300 cells/mm^2" }\n'),
        ("seed = 7", "seed = 9223372036854775807"),
        ("\n", "\r\n"),
        ('"20 um"', '"20 µm"'),
        (DOSE, '{ drug = "tisagenlecleucel", amount = "200 cells/mm2" }'),
        (DOSE, '{ drug = "tisagenlecleucel", amount = "2 cells / cm^2", lasting = "3 h", every = "1 d" }'),
        ('thickness = "20 um"\n', ""),
        ('name = "combo"', 'name = "anti-PD-1 + x_2.0"'),
        ('duration = "10 d"', "duration = '''10 d'''"),
    ],
)
def test_valid_scenario_is_accepted(
    old: str, new: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert old in SCENARIO
    path = write_field(tmp_path)
    path.write_bytes(
        SCENARIO.replace(old, new).encode() if old == "\n" else SCENARIO.replace(old, new, 1).encode()
    )
    assert main(["check", str(path)]) == 0, capfd.readouterr().err
    assert capfd.readouterr().out.startswith("ok  field")
