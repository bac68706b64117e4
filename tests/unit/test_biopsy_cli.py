"""`opsonin biopsy`: drafts that run as they are, and pictures and numbers that are those of the table.

Reading itself is tested in `test_readers.py`.
"""

from __future__ import annotations

import errno
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from opsonin.cli.biopsy_summary import Understood
from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.io.biopsies import biopsy_of, read_biopsy
from opsonin.io.draft import draft_label_map, fitting_map
from opsonin.io.guesses import guess_columns, guess_marking
from opsonin.io.labels import read_label_map
from opsonin.io.scenario import check_scenario
from opsonin.io.tables import read_table
from opsonin.knowledge.library import load_library
from opsonin.observe.architecture import architecture, contact_share
from opsonin.report.biopsy_map import Picture, biopsy_png
from opsonin.report.maps import muted

LIBRARY = load_library()
KNOWN = {
    "melanoma-markers": "biopsies/melanoma_cells.csv.gz",
    "tnbc-mibi": "biopsies/tnbc_cells.csv.gz",
    "pdac-markers": "biopsies/pdac/PDAC_TISSUE_12.csv.gz",
    "codex-mouse": "codex_mouse/2HCTcell_exp_1of4.csv.gz",
}
SELECT = {
    "melanoma-markers": 'select = { patient = "MEL05", image = 2 }',
    "tnbc-mibi": 'select = { patient = "TNBC16" }',
}


def said(arguments: list[str], capfd: pytest.CaptureFixture[str], code: int = 0) -> str:
    """What a command prints: to standard output if it succeeds, else to standard error."""
    assert main(arguments) == code, capfd.readouterr()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.err
    return printed.err if code else printed.out


@pytest.mark.parametrize("name", KNOWN)
def test_the_draft_for_a_known_panel_runs_as_it_is(
    name: str, shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / KNOWN[name]
    text = said(["biopsy", "labels", str(file)], capfd)
    (tmp_path / "mine.toml").write_text(text)
    assert "TODO" not in text
    assert f"'{name}' reads this table as it is" in text
    drafted, shipped = read_label_map(tmp_path / "mine.toml", LIBRARY), LIBRARY.labels[name]
    written = pd.read_csv(file)[shipped.label].value_counts()
    assert drafted.labels == {label: shipped.labels[label] for label in written.index}
    assert drafted.intensities == shipped.intensities
    for label, count in written.items():
        line = next(line for line in text.splitlines() if line.startswith((f'"{label}" =', f"{label} =")))
        assert line.endswith(f"# {count:,} cell{'s' * (count > 1)}")
    (tmp_path / "s.toml").write_text(
        '[scenario]\nname = "x"\nduration = "1 d"\n[[arm]]\nname = "control"\n'
        f'[tissue]\ntumour = "melanoma"\nlabels = "./mine.toml"\nbiopsy = "{file}"\n{SELECT.get(name, "")}\n'
    )
    _, (biopsy,) = check_scenario(tmp_path / "s.toml")
    assert biopsy is not None and len(biopsy) > 1000


@pytest.mark.parametrize("name", ["melanoma-markers", "tnbc-mibi", "pdac-markers"])
def test_words_alone_say_what_the_shipped_maps_say(name: str) -> None:
    for label, marking in LIBRARY.labels[name].labels.items():
        guess = guess_marking(label, LIBRARY)
        assert guess is not None, label
        assert guess.cell == marking.cell, label
        assert set(guess.positive) == set(marking.positive), label
        assert set(guess.negative) == set(marking.negative), label


@pytest.mark.parametrize(
    ("label", "cell"),
    [
        ("Cytotoxic T cell", "cd8"),
        ("CD8-positive T", "cd8"),
        ("CD4 T helper", "cd4"),
        ("CD3+CD8- T cell", "cd4"),
        ("FOXP3+ Treg", "treg"),
        ("NK cells", "nk"),
        ("plasma cell", "b_cell"),
        ("pDC", "dc"),
        ("CD68+ macrophages", "macrophage"),
        ("M2 macrophage", "macrophage"),
        ("PMN", "neutrophil"),
        ("myCAF", "fibroblast"),
        ("Stroma", "fibroblast"),
        ("CD31+ vessel", "endothelium"),
        ("panCK+", "cancer"),
        ("Tumour cells", "cancer"),
        ("Epithelial", "cancer"),
        ("Unknown", "other"),
        ("CD45+", "other"),
        ("7", None),
        ("cluster_12", None),
        ("Kupffer", None),
        ("", None),
    ],
)
def test_words_of_a_label_are_understood_or_left_open(label: str, cell: str | None) -> None:
    guess = guess_marking(label, LIBRARY)
    assert (guess.cell if guess is not None else None) == cell


def cells(n: int = 60) -> pd.DataFrame:
    index = np.arange(n)
    return pd.DataFrame(
        {
            "CellID": index,
            "X_centroid": 9.0 * (index % 10),
            "Y_centroid": 9.0 * (index // 10),
            "imageid": np.where(index < n // 2, "a.tif", "b.tif"),
            "phenotype": np.array(["Tumor", "CD8 T", "Kupffer"])[index % 3],
            "PDL1": 10.0 * index,
        }
    )


def test_a_draft_of_an_unknown_panel_says_what_is_left_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, mine = tmp_path / "scimap.csv", tmp_path / "mine.toml"
    cells().to_csv(path, index=False)
    assert said(["biopsy", "labels", str(path), "-o", str(mine)], capfd) == f"label map: {mine}\n"
    text = mine.read_text()
    content = tomllib.loads(text)
    assert [content[key] for key in ("x", "y", "label")] == ["X_centroid", "Y_centroid", "phenotype"]
    assert content["labels"] == {"Tumor": {"cell": "cancer"}, "CD8 T": {"cell": "cd8"}}
    todo = [line for line in text.splitlines() if "TODO" in line]
    assert len(todo) == 3
    assert "X_centroid is usually in pixels" in todo[0] and "9 um" in todo[0]
    assert todo[1].startswith("# TODO Kupffer = ") and "20 cells" in todo[1]
    assert "PDL1 may hold the stain of PD-L1" in todo[2]
    with pytest.raises(InputError, match="'Kupffer' is not in label map"):
        read_biopsy(path, {}, read_label_map(mine, LIBRARY))
    mine.write_text(text.replace('# TODO Kupffer = { cell = "..." }', 'Kupffer = { cell = "macrophage" }'))
    assert len(read_biopsy(path, {"imageid": "b.tif"}, read_label_map(mine, LIBRARY))) == 30
    assert "is there already" in said(["biopsy", "labels", str(path), "-o", str(mine)], capfd, 2)


def test_a_draft_without_a_guess_for_a_column_lists_the_columns(tmp_path: Path) -> None:
    frame = cells().rename(columns={"X_centroid": "left", "Y_centroid": "up", "phenotype": "who"})
    frame.assign(who=np.arange(60) % 4).to_csv(tmp_path / "a.csv", index=False)
    text = draft_label_map(read_table(tmp_path / "a.csv"), LIBRARY)
    assert '# TODO x = "...", y = "..."' in text and "left, up" in text
    assert '# TODO label = "..."' in text and "CellID, left, up, imageid, who" in text
    assert tomllib.loads(text)["labels"] == {}
    frame.to_csv(tmp_path / "b.csv", index=False)  # no such name, but texts that name cell types
    assert guess_columns(read_table(tmp_path / "b.csv"), LIBRARY).label == "who"


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("Centroid X µm", "Centroid Y µm"),
        ("AbsoluteX", "AbsoluteY"),
        ("X_position", "Y_position"),
        ("Location_Center_X", "Location_Center_Y"),
        ("x_px", "y_px"),
    ],
)
def test_positions_are_found_by_their_names(names: tuple[str, str], tmp_path: Path) -> None:
    frame = cells().rename(columns={"X_centroid": names[0], "Y_centroid": names[1]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    table = read_table(tmp_path / "a.csv")
    found = guess_columns(table, LIBRARY)
    assert (found.x, found.y, found.label) == (*names, "phenotype")
    assert ("usually in pixels" in draft_label_map(table, LIBRARY)) == ("px" in names[0])


@pytest.mark.parametrize("name", KNOWN)
def test_show_tells_the_counts_and_densities_of_the_table(
    name: str, shared_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / KNOWN[name]
    frame = pd.read_csv(file)
    arguments = ["biopsy", "show", str(file), "--json"]
    if name == "melanoma-markers":
        arguments += ["--select", "patient=MEL05", "--select", "image=2"]
        frame = frame.query("patient == 'MEL05' and image == 2")
    if name == "tnbc-mibi":
        arguments += ["--select", "patient=TNBC16"]
        frame = frame.query("patient == 'TNBC16'")
    told = json.loads(said(arguments, capfd))
    shipped = LIBRARY.labels[name]
    assert told["label_map"] == name
    assert {row["label"]: row["cells"] for row in told["labels"]} == frame[
        shipped.label
    ].value_counts().to_dict()
    types = frame[shipped.label].map(lambda label: shipped.labels[label].cell).value_counts()
    assert {row["type"]: row["cells"] for row in told["types"]} == types.to_dict()
    n = len(frame)
    area = np.ptp(frame[shipped.x]) * np.ptp(frame[shipped.y]) * ((n + 1) / (n - 1)) ** 2 * 1e-6
    for row in told["types"]:
        assert row["per_mm2"] == pytest.approx(row["cells"] / area)
    diameters = sum(np.pi / 4 * LIBRARY.cells[cell].diameter.value ** 2 * k for cell, k in types.items())
    assert told["packing"] == pytest.approx(diameters * 1e-6 / area)
    assert (
        told["architecture"]
        == {
            "melanoma-markers": "infiltrated",
            "tnbc-mibi": "excluded",
            "pdac-markers": "desert",
            "codex-mouse": "infiltrated",
        }[name]
    )
    missing = " ".join(told["missing"])
    assert ("vessels are not shown" in missing) == (name != "tnbc-mibi")
    assert ("MHC-I," in missing) == (name != "codex-mouse")
    assert "columns not read" in missing


def test_show_for_people_says_all_of_it(
    shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, out = shared_data / KNOWN["codex-mouse"], tmp_path / "codex.png"
    text = said(["biopsy", "show", str(file), "-o", str(out)], capfd)
    for words in (
        "1,987 cells in 600 x 760 um, read with label map 'codex-mouse'",
        "PDL1p      893  cancer, PD-L1 positive",
        "1,046 are negative by their label and get none",
        "architecture      infiltrated: 62 % of CD8 cells touch a tumour cell",
        "fewer than 100 CD8 cells per mm2 (doi:10.1136/jitc-2024-009550",
        "(assumed)",
        "nearest distance  7.12 um",
        "packing           0.96",
        "columns not read: (no name), Region, IFNg",
        f"drawing: {out}",
    ):
        assert words in text
    assert out.is_file()


@pytest.mark.parametrize("file", ["biopsies/pdac/PDAC_TISSUE_1.csv.gz", KNOWN["codex-mouse"]])
def test_show_and_check_tell_the_same_of_a_field(
    file: str, shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = json.loads(said(["biopsy", "show", str(shared_data / file), "--json"], capfd))
    path = tmp_path / "s.toml"
    path.write_text(
        '[scenario]\nname = "x"\nduration = "1 d"\n[[arm]]\nname = "control"\n[tissue]\ntumour = "pdac"\n'
        f'labels = "{shown["label_map"]}"\nbiopsy = "{shared_data / file}"\n'
    )
    checked = json.loads(said(["check", str(path), "--json"], capfd))["tissue"]
    assert checked["size_um"] == shown["size_um"]
    assert checked["doubts"] == shown["doubts"]
    assert len(shown["doubts"]) == ("pdac" in file)


def test_the_picture_of_strewn_cells_says_that_they_do_not_fill_the_field(shared_data: Path) -> None:
    table = read_table(shared_data / "biopsies/pdac/PDAC_TISSUE_1.csv.gz")
    label_map = LIBRARY.labels["pdac-markers"]
    seen = Understood(table, label_map, biopsy_of(table, {}, label_map), LIBRARY)
    assert "1.9 times the size" in seen.size_told and "too empty" in seen.size_told
    table = read_table(shared_data / KNOWN["codex-mouse"])
    label_map = LIBRARY.labels["codex-mouse"]
    dense = Understood(table, label_map, biopsy_of(table, {}, label_map), LIBRARY)
    assert "1 times" in dense.size_told and "too empty" not in dense.size_told


def test_several_fields_are_listed_and_drawn_small(
    shared_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file, out = shared_data / KNOWN["melanoma-markers"], tmp_path / "fields.png"
    text = said(["biopsy", "show", str(file), "--select", "patient=MEL05", "-o", str(out)], capfd)
    assert "5 fields" in text
    assert "patient MEL05, image 2    2,170 cells  infiltrated  other 1,087, cancer 912, cd8 171" in text
    assert f"opsonin biopsy show {file} --select patient=MEL05 --select image=1" in text
    told = json.loads(said(["biopsy", "show", str(file), "--json"], capfd))
    frame = pd.read_csv(file)
    counts = frame.groupby(["patient", "image"]).size()
    assert [row["cells"] for row in told["fields"]] == counts.tolist()
    assert [row["select"]["image"] for row in told["fields"][:5]] == ["1", "2", "3", "4", "5"]


def test_one_unreadable_field_does_not_hide_the_others(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    frame = cells().assign(phenotype="Tumor")
    frame.loc[30:, "Y_centroid"] = 0.0
    frame.to_csv(tmp_path / "a.csv", index=False)
    text = said(["biopsy", "show", str(tmp_path / "a.csv")], capfd)
    assert "imageid a.tif       30 cells" in text
    assert "imageid b.tif       30 rows   NOT READ" in text and "same position" in text


def test_a_table_that_all_but_fits_a_shipped_map_is_told_which_labels_do_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    n = np.arange(40)
    labels = np.array(["SOX10+", "CD8-PD1-PDL1-", "CD8+PD1+PDL1-", "SOX10+"])[n % 4].astype(object)
    labels[5], labels[8] = "Weird", "CD8_PD1_PDL1x"
    frame = pd.DataFrame({"x_um": 9.0 * (n % 8), "y_um": 9.0 * (n // 8), "cell_type": labels})
    frame.to_csv(tmp_path / "a.csv", index=False)
    text = said(["biopsy", "show", str(tmp_path / "a.csv")], capfd, 2)
    assert "fits label map 'melanoma-markers' but for these labels" in text
    assert "a.csv row 7  label 'Weird' is not in label map" in text
    assert "a.csv row 10" in text and "Did you mean 'CD8-PD1-PDL1-'" in text
    frame.assign(cell_type=np.where(n == 3, "", "SOX10+")).to_csv(tmp_path / "b.csv", index=False)
    assert "has an empty label: give it one" in said(["biopsy", "labels", str(tmp_path / "b.csv")], capfd)
    text = said(["biopsy", "show", str(tmp_path / "b.csv")], capfd, 2)
    assert "b.csv row 5  the label is empty" in text and "TODO" not in text
    frame.drop(columns="x_um").to_csv(tmp_path / "c.csv", index=False)
    text = said(["biopsy", "show", str(tmp_path / "c.csv")], capfd, 2)
    assert "no two columns look like positions; columns of numbers: y_um." in text
    assert '"..."' not in text


def test_labels_of_a_shipped_map_under_other_columns_are_its_own(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    frame = cells().assign(phenotype=np.where(np.arange(60) % 2, "CD8+PD1-PDL1-", "SOX10+"))
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert main(["biopsy", "show", str(tmp_path / "a.csv"), "--select", "imageid=a.tif"]) == 0
    printed = capfd.readouterr()
    assert "its labels are those of 'melanoma-markers'" in printed.err
    assert "guessed from their words" not in printed.err
    assert "usually in pixels" in " ".join(printed.out.split())


@pytest.mark.parametrize("what", [["labels"], ["show", "--labels", "pdac-markers"]])
def test_a_full_disk_leaves_no_file_and_is_named_with_the_file(
    what: list[str],
    tmp_path: Path,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    out = tmp_path / ("a.toml" if what == ["labels"] else "a.png")
    command, *options = what
    text = said(
        ["biopsy", command, str(shared_data / KNOWN["pdac-markers"]), *options, "-o", str(out)], capfd, 3
    )
    assert str(out) in text and "full" in text
    assert list(tmp_path.iterdir()) == []


def test_a_guessed_map_is_used_only_with_a_word_and_only_if_nothing_is_open(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    cells().to_csv(path, index=False)
    text = said(["biopsy", "show", str(path)], capfd, 2)
    assert "Kupffer" in text and "fits no shipped label map as it is" in text
    cells().replace({"Kupffer": "B cell"}).to_csv(path, index=False)
    assert main(["biopsy", "show", str(path), "--select", "imageid=a.tif"]) == 0
    printed = capfd.readouterr()
    assert "guessed from their words" in printed.err
    assert "B cell" in printed.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "nowhere.csv"], ("nowhere.csv", "no such file")),
        (["labels", "nowhere.csv"], ("nowhere.csv", "no such file")),
        (["show", "a.csv", "--select", "imageid"], ("'imageid'", "COLUMN=VALUE")),
        (["show", "a.csv", "--select", "imageid=a.tif", "--select", "imageid=b.tif"], ("given twice",)),
        (["show", "a.csv", "--select", "imageid=c.tif"], ("'c.tif'", "a.tif, b.tif")),
        (["show", "a.csv", "--select", "image=1"], ("'image'", "imageid")),
        (["show", "a.csv", "--labels", "tnbc-mib"], ("'tnbc-mib'", "'tnbc-mibi'")),
        (["show", "a.csv", "--labels", "./nowhere.toml"], ("nowhere.toml", "no such file")),
        (["show", "a.csv", "--labels", "tnbc-mibi"], ("'x_um'", "X_centroid")),
        (["show", "a.csv", "-o", "a.pdf"], ("a.pdf", ".png")),
        (["show", "a.csv", "-o", "none/a.png"], ("none", "no folder")),
        (["show"], ("file",)),
    ],
)
def test_a_wrong_command_line_is_bad_input(
    arguments: list[str],
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    cells().replace({"Kupffer": "B cell"}).to_csv("a.csv", index=False)
    text = said(["biopsy", *arguments], capfd, 2).lower()
    for word in words:
        assert word.lower() in text
    assert [item.name for item in tmp_path.iterdir()] == ["a.csv"]


def test_the_smallest_shipped_map_that_knows_every_label_fits(shared_data: Path, tmp_path: Path) -> None:
    for name, file in KNOWN.items():
        fitting = fitting_map(read_table(shared_data / file), LIBRARY)
        assert fitting is not None and fitting.name == name
    frame = pd.DataFrame({"x_um": [1.0], "y_um": [1.0], "cell_type": ["Tumor?"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert fitting_map(read_table(tmp_path / "a.csv"), LIBRARY) is None


# Architecture.


def test_architecture_follows_its_stated_rule() -> None:
    assert architecture(99.0, 1.0) == "desert"
    assert architecture(0.0, None) == "desert"
    assert architecture(100.0, 0.5) == "infiltrated"
    assert architecture(100.0, 0.49) == "excluded"


def test_contact_share_counts_effectors_within_the_reach_of_adhesion() -> None:
    """Radii 5 and 3: membranes meet up to 1.25 * 8 = 10 um between centres; a farther, larger target is no contact."""
    places = np.array([[0.0, 0.0], [9.9, 0.0], [0.0, 10.1], [40.0, 0.0]])
    radii = np.array([5.0, 3.0, 3.0, 20.0])
    effectors = np.array([False, True, True, False])
    targets = np.array([True, False, False, False])
    assert contact_share(places, radii, effectors, targets) == 0.5
    assert contact_share(places, radii, ~effectors & ~targets, targets) == 0.0
    assert contact_share(places, radii, np.zeros(4, bool), targets) is None
    assert contact_share(places, radii, effectors, np.zeros(4, bool)) == 0.0
    both = np.array(
        [True, False, False, True]
    )  # the large one reaches 1.25 * 23 = 28.75 um: not the second, at 30.1
    assert contact_share(places, radii, effectors, both) == 0.5


def test_published_compartmentalized_tumours_are_not_called_infiltrated(
    shared_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / KNOWN["tnbc-mibi"]
    published = pd.read_csv(file).groupby("patient")["architecture"].first()
    told = json.loads(said(["biopsy", "show", str(file), "--json"], capfd))
    for row in told["fields"]:
        if published[row["select"]["patient"]] == "compartmentalized":
            assert row["architecture"] == "excluded"


# Pictures.

LOOKS = {
    "cancer": {"title": "Cancer cell", "colour": "#D55E00"},
    "cd8": {"title": "A type of cell with quite a long name, to be read to its end", "colour": "#0072B2"},
}


def picture(width: float = 400.0, height: float = 300.0, title: str = "field") -> Picture:
    x, y = np.meshgrid(np.arange(0.0, width, 20.0), np.arange(0.0, height, 20.0))
    kinds = np.where(np.arange(x.size) % 3 == 0, "cd8", "cancer")
    return Picture(title, x.ravel(), y.ravel(), np.full(x.size, 8.0), kinds)


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("count", [1, 7])
def test_a_drawing_shows_the_colours_and_cuts_nothing_off(count: int) -> None:
    image = pixels(biopsy_png([picture() for _ in range(count)], LOOKS, "a subtitle"))
    for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
        assert (edge == 255).all()
    assert (np.abs(image - (0x00, 0x72, 0xB2)).sum(axis=2) < 6).sum() > 200
    assert (np.abs(image - (0xD5, 0x5E, 0x00)).sum(axis=2) < 6).sum() > 5  # the rims of background cells


def test_y_points_down_as_in_the_image() -> None:
    """CD8 cells at small y are drawn above the cancer cells at large y."""
    x = np.tile(np.arange(0.0, 400.0, 20.0), 2)
    kinds = np.repeat(["cd8", "cancer"], 20)
    field = Picture("field", x, np.repeat([0.0, 200.0], 20), np.full(40, 8.0), kinds)
    image = pixels(biopsy_png([field], LOOKS, ""))
    panel = image[:, : image.shape[1] // 2]
    blue = np.flatnonzero((np.abs(panel - (0x00, 0x72, 0xB2)).sum(axis=2) < 6).any(axis=1))
    fill = [int(muted("#D55E00")[k : k + 2], 16) for k in (1, 3, 5)]
    orange = np.flatnonzero((np.abs(panel - fill).sum(axis=2) < 6).any(axis=1))
    assert blue.max() < orange.min()


def test_a_longer_name_makes_a_wider_drawing() -> None:
    short = {**LOOKS, "cd8": {"title": "CD8", "colour": "#0072B2"}}
    wide, narrow = (pixels(biopsy_png([picture()], looks, "")) for looks in (LOOKS, short))
    assert wide.shape[1] > narrow.shape[1] + 100


def test_a_drawing_has_the_same_bytes_each_time_and_keeps_the_proportions_of_the_field() -> None:
    first = biopsy_png([picture()], LOOKS, "a")
    assert first == biopsy_png([picture()], LOOKS, "a")
    tall = pixels(biopsy_png([picture(200.0, 600.0)], LOOKS, ""))
    dark = (tall.sum(axis=2) < 90).sum(axis=0), (tall.sum(axis=2) < 90).sum(axis=1)
    height, width = dark[0].max(), dark[1].max()  # the frame: its longest dark column and row
    assert height / width == pytest.approx(580.0 / 180.0, rel=0.05)
