"""Every malformed [tissue.generate] is refused with exit code 2, the offending word and its line, and no folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from field import GENERATED, SCENARIO, write_field
from test_malformed_scenarios import refusal

from opsonin.knowledge.library import load_library

HEAD = "[tissue.generate]\n"
SLAB = HEAD + 'size = ["400 um", "400 um"]\n'
WELL = HEAD + 'geometry = "well"\nsize = ["400 um", "400 um"]\n'
BALL = HEAD + 'geometry = "spheroid"\ndiameter = "200 um"\n'
CYST = HEAD + 'geometry = "organoid"\ndiameter = "100 um"\n'

# All other types that melanoma has, none of them there.
NAMED = {"cancer", "cd8", "other"}
OTHERS = ", ".join(
    f"{name} = 0" for name in sorted(set(load_library().tumours["melanoma"].densities) - NAMED)
)

# name: (the generated tissue, the line of the fault within it, words that must be said)
CASES: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "unknown geometry": (HEAD + 'geometry = "spheriod"\n', 2, ("'spheriod'", "section", "'spheroid'")),
    "unknown architecture": (SLAB + 'architecture = "exluded"\n', 3, ("'exluded'", "'excluded'")),
    "unknown key": (SLAB + 'nest_diametre = "200 um"\n', 3, ("nest_diametre", "'nest_diameter'")),
    "no size": (HEAD + 'geometry = "marrow"\n', 1, ("'size'", "marrow")),
    "no size and no geometry": (HEAD + "densities = {}\n", 1, ("'size'", "section")),
    "no diameter": (HEAD + 'geometry = "spheroid"\n', 1, ("'diameter'", "spheroid", "300 um")),
    "section of three sizes": (
        HEAD + 'geometry = "section"\nsize = ["300 um", "300 um", "300 um"]\n',
        3,
        ("3 entries", "a section has 2"),
    ),
    "ball of two sizes": (BALL + 'size = ["400 um", "400 um"]\n', 4, ("2 entries", "a spheroid has 3")),
    "ball larger than its medium": (
        BALL + 'size = ["220 um", "400 um", "400 um"]\n',
        4,
        ("200 um", "no medium", "240 um"),
    ),
    "unknown type of a fraction": (SLAB + "fractions = { cd9 = 0.1 }\n", 3, ("'cd9'", "'cd8'")),
    "unknown type beside a ball": (BALL + "per_tumour_cell = { nkk = 1 }\n", 4, ("'nkk'", "'nk'")),
    "tumour cells beside tumour cells": (
        BALL + "per_tumour_cell = { cancer = 1 }\n",
        4,
        ("'cancer'", "itself"),
    ),
    "fractions over 1": (SLAB + "fractions = { cancer = 0.8, cd8 = 0.3 }\n", 3, ("1.1", "more than 1")),
    "fraction over 1": (SLAB + "fractions = { cancer = 1.5 }\n", 3, ("cancer 1.5", "1")),
    "negative fraction": (SLAB + "fractions = { cd8 = -0.1 }\n", 3, ("cd8 -0.1", "0")),
    "fraction that is not a number": (SLAB + "fractions = { cd8 = nan }\n", 3, ("cd8", "nan")),
    "fraction in quotes": (SLAB + 'fractions = { cd8 = "much" }\n', 3, ("cd8", "much", "number")),
    "fractions that leave a rest to nobody": (
        SLAB + f"fractions = {{ {OTHERS}, cancer = 0.5, cd8 = 0.1, other = 0.1 }}\n",
        3,
        ("sum to 0.7", "0.3", "name the rest"),
    ),
    "fractions and densities": (
        SLAB + 'fractions = { cd8 = 0.1 }\ndensities = { cd8 = "9 cells/mm2" }\n',
        3,
        ("fractions and densities", "both"),
    ),
    "density and densities": (
        SLAB + 'density = "5000 cells/mm2"\ndensities = { cd8 = "9 cells/mm2" }\n',
        3,
        ("density", "densities", "both"),
    ),
    "negative density": (SLAB + 'density = "-1 cells/mm2"\n', 3, ("-1 cells/mm2", "above 0")),
    "nest larger than the window": (SLAB + 'nest_diameter = "500 um"\n', 3, ("500 um", "larger", "400 um")),
    "negative nest": (SLAB + 'nest_diameter = "-5 um"\n', 3, ("-5 um", "at least 20")),
    "share of all": (SLAB + "tumour_share = 1\n", 3, ("tumour_share 1",)),
    "share of nothing": (SLAB + "tumour_share = 0\n", 3, ("tumour_share 0", "above 0")),
    "nests of no cells": (
        SLAB + 'nest_diameter = "100 um"\ndensities = { cancer = "0 cells/mm2" }\n',
        1,
        ("nests", "no cells to lie in them"),
    ),
    "key of another geometry": (
        WELL + 'nest_diameter = "100 um"\n',
        4,
        ("nest_diameter", "not used by geometry 'well'", "section, block", "confluence"),
    ),
    "lumen of a spheroid": (BALL + 'lumen = "50 um"\n', 4, ("lumen", "not used", "organoid")),
    "architecture of a marrow": (
        HEAD + 'geometry = "marrow"\nsize = ["400 um", "400 um"]\narchitecture = "mixed"\n',
        4,
        ("architecture", "not used by geometry 'marrow'", "section"),
    ),
    "densities of a well": (
        WELL + 'densities = { cd8 = "9 cells/mm2" }\n',
        4,
        ("densities", "not used", "marrow"),
    ),
    "confluence over 1": (WELL + "confluence = 1.2\n", 4, ("confluence 1.2", "1")),
    "confluence of zero": (WELL + "confluence = 0\n", 4, ("confluence 0", "above 0")),
    "confluence that leaves no room": (
        WELL + "confluence = 0.8\nper_tumour_cell = { cd8 = 10 }\n",
        4,
        ("2.15", "at most 1", "floor"),
    ),
    "too many effectors": (
        BALL + 'size = ["240 um", "240 um", "240 um"]\nper_tumour_cell = { cd8 = 100 }\n',
        5,
        ("medium around it", "per_tumour_cell"),
    ),
    "lumen as wide as the organoid": (CYST + 'lumen = "90 um"\n', 4, ("90 um", "16.9 um", "66 um")),
    "organoid too small for a lumen": (CYST.replace("100 um", "30 um"), 3, ("30 um", "layer of cells")),
    "follicle larger than the node": (
        HEAD + 'geometry = "node"\nsize = ["400 um", "400 um"]\nfollicle_diameter = "1 mm"\n',
        4,
        ("1 mm", "larger", "400 um"),
    ),
    "too many cells in a ball": (BALL.replace("200 um", "5 mm"), 3, ("5000 um", "5,000,000")),
    "too few cells in a ball": (BALL.replace("200 um", "25 um"), 3, ("25 um", "at least 10")),
    "table as a number": (SLAB + "fractions = 3\n", 3, ("fractions 3", "table")),
}


@pytest.mark.parametrize("case", CASES)
def test_malformed_generated_tissue_is_refused_with_word_and_line(
    case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text, line, words = CASES[case]
    path = write_field(tmp_path, SCENARIO.replace(GENERATED, text, 1))
    out = tmp_path / "out"
    said = refusal(["check", str(path)], out, capfd)
    place = f"scenario.toml:{line + 7}  "
    told = [said[at:] for at in range(len(said)) if said.startswith(place, at)]
    assert told, said
    for word in words:
        assert any(word in part for part in told), said
    assert refusal(["run", str(path), "-o", str(out)], out, capfd) == said


def test_a_ball_has_no_thickness_and_cells_in_medium_no_burn_in(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = SCENARIO.replace(GENERATED, 'thickness = "20 um"\n' + BALL, 1)
    text = text.replace('motion_step = "1 min"', 'motion_step = "1 min"\nburn_in = "1 d"')
    said = refusal(["check", str(write_field(tmp_path, text))], tmp_path / "out", capfd)
    assert "thickness '20 um' is that of a slab" in said
    assert "burn_in '1 d' is given, but cells in medium have no untreated steady state" in said


def test_what_only_the_places_show_is_refused_by_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    narrow = SLAB + 'architecture = "excluded"\nnest_diameter = "60 um"\ntumour_share = 0.7\n'
    path, out = write_field(tmp_path, SCENARIO.replace(GENERATED, narrow, 1)), tmp_path / "out"
    said = refusal(["run", str(path), "-o", str(out)], out, capfd)
    for words in ("stroma between nests is", "out of touch", "larger nest_diameter"):
        assert words in said
