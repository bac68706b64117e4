"""`opsonin init` writes a scenario that `opsonin check` accepts, says what it guessed, and writes over nothing."""

from __future__ import annotations

import gzip
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from opsonin.cli.main import main
from opsonin.io.first_scenario import Names, _treatment, scenario_of_table
from opsonin.io.tables import read_even_rows
from opsonin.knowledge.library import load_library

LABELS = ("SOX10+", "CD8+PD1+PDL1-", "CD8-PD1-PDL1-")
FIELDS = (("P1", 1), ("P1", 2), ("P2", 1))


def rows(labels: tuple[str, ...], fields: tuple[tuple[str, object], ...] = FIELDS) -> list[str]:
    """A lattice of 36 cells for every field."""
    return [
        f"{patient},{image},{10.0 * (n % 6)},{10.0 * (n // 6)},{labels[n % len(labels)]}"
        for patient, image in fields
        for n in range(36)
    ]


def table(file: Path, header: str, lines: list[str]) -> Path:
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


HEADER = "patient,image,x_um,y_um,cell_type"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scenario(name: str = "scenario.toml") -> dict[str, Any]:
    """The scenario as written, once `check` has accepted it."""
    assert main(["check", name]) == 0
    return tomllib.loads(Path(name).read_text(encoding="utf-8"))


def test_of_a_table_of_a_shipped_panel_everything_is_found(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table(place / "cells.csv", HEADER, rows(LABELS))
    assert main(["init", "cells.csv"]) == 0
    said = capfd.readouterr().out
    assert "scenario: scenario.toml" in said and "guessed" not in said
    written = scenario()
    assert written["tissue"] == {
        "tumour": "melanoma",
        "biopsy": "cells.csv",
        "select": {"patient": "P1", "image": 1},
        "labels": "melanoma-markers",
    }
    assert [arm["name"] for arm in written["arm"]] == ["control", "nivolumab"]
    assert not (place / "cells.labels.toml").exists()


def test_a_mouse_tumour_is_given_no_antibody_to_a_persons_receptor_and_no_amount(place: Path) -> None:
    table(place / "mouse_cells.csv", HEADER, rows(LABELS))
    assert main(["init", "mouse_cells.csv"]) == 0
    scenario()
    drawn = scenario_of_table(read_even_rows(place / "mouse_cells.csv"), Names("s", "t", "l"), load_library())
    assert max(map(len, drawn.text.splitlines())) < 130  # the drugs are listed over several lines
    drug, dose, _ = _treatment("b16", load_library())
    assert drug == "entinostat"
    assert tomllib.loads("\n".join(dose))["dose"] == [{"drug": drug, "amount": "400 nM", "lasting": "7 d"}]
    assert "those of people" in dose[0]


def test_all_fields_of_the_patient_are_offered_as_it_says(place: Path) -> None:
    table(place / "cells.csv", HEADER, rows(LABELS))
    assert main(["init", "cells.csv"]) == 0
    text = Path("scenario.toml").read_text(encoding="utf-8")
    assert "# All 2 fields of this patient" in text
    lines = [line for line in text.split("\n") if not line.startswith("select")]
    Path("scenario.toml").write_text(
        "\n".join(
            line.removeprefix("# ") if line.startswith(("# select", "# fields")) else line for line in lines
        )
    )
    assert scenario()["tissue"]["fields"] == "all"


def test_every_line_that_is_commented_out_is_valid_too(place: Path) -> None:
    assert main(["init"]) == 0
    text = Path("scenario.toml").read_text(encoding="utf-8")
    for key in ("# architecture", "# densities", "# [knowledge]", '# "tumour'):
        assert key in text
        text = text.replace(key, key.removeprefix("# "))
    Path("scenario.toml").write_text(text, encoding="utf-8")
    written = scenario()
    assert written["knowledge"] and written["tissue"]["generate"]["architecture"] == "excluded"


def test_of_an_unknown_panel_a_label_map_is_drafted_beside_it(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table(place / "my cells.csv", "roi,kind,X,Y,phenotype", rows(("Tumor", "CD8 T cell", "Macrophage")))
    assert main(["init", "my cells.csv"]) == 0
    said = capfd.readouterr().out
    assert "label map: my cells.labels.toml" in said
    assert "guessed from their words" in said and "'melanoma' is a placeholder" in said
    written = scenario()
    assert written["tissue"]["labels"] == "my cells.labels.toml"
    assert "TODO" in Path("scenario.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("header", "mark"), [("Patient ID,ROI,X um,Y um,Phenotype", ""), (HEADER, " ")])
def test_labels_of_a_shipped_map_tell_the_tumour_whatever_the_columns_are_called(
    header: str, mark: str, place: Path
) -> None:
    labels = tuple(f"{label}{mark}" for label in ("Tumor", "CD8T", "Macrophage"))
    table(place / "cells.csv", header, rows(labels, FIELDS[:1]))
    assert main(["init", "cells.csv"]) == 0
    assert scenario()["tissue"]["tumour"] == "tnbc"


@pytest.mark.parametrize(("unit", "um"), [("mm", 1000.0), ("nm", 0.001)])
def test_positions_whose_name_says_their_unit_are_scaled(unit: str, um: float, place: Path) -> None:
    lines = [
        f"{patient},{image},{float(x) / um},{float(y) / um},{label}"
        for patient, image, x, y, label in (row.split(",") for row in rows(LABELS))
    ]
    table(place / "cells.csv", HEADER.replace("_um", f"_{unit}"), lines)
    assert main(["init", "cells.csv"]) == 0
    scenario()
    drafted = tomllib.loads((place / "cells.labels.toml").read_text(encoding="utf-8"))
    assert (drafted["x"], drafted["scale"]) == (f"x_{unit}", um)


def test_a_panel_that_no_guess_reads_is_left_to_a_person(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table(place / "cells.csv", "roi,kind,X,Y,phenotype", rows(("zork", "quux", "Macrophage")))
    assert main(["init", "cells.csv"]) == 2
    said = capfd.readouterr().err
    assert "'zork'" in said and "'quux'" in said and "opsonin biopsy labels" in said
    assert not (place / "scenario.toml").exists() and not (place / "cells.labels.toml").exists()
    assert main(["biopsy", "labels", "cells.csv", "-o", "mine.toml"]) == 0
    mine = Path("mine.toml").read_text(encoding="utf-8")
    for label, cell in (("zork", "cancer"), ("quux", "cd8")):
        mine = mine.replace(f'# TODO {label} = {{ cell = "..." }}', f'{label} = {{ cell = "{cell}" }}')
    Path("mine.toml").write_text(mine, encoding="utf-8")
    assert main(["init", "cells.csv", "--labels", "mine.toml"]) == 0
    assert scenario()["tissue"]["labels"] == "mine.toml"


def test_a_field_that_cannot_be_read_is_passed_over(place: Path) -> None:
    lines = rows(LABELS)
    table(
        place / "cells.csv", HEADER, [lines[0], *lines[:36], *lines[36:]]
    )  # a cell of the first field twice
    assert main(["init", "cells.csv"]) == 0
    assert scenario()["tissue"]["select"] == {"patient": "P1", "image": 2}


@pytest.mark.parametrize(
    ("fields", "select"),
    [
        ((("P1", 1),), {}),
        ((("P1", "01"), ("P1", "02")), {"image": "01"}),
        ((('say ""hi"" # \\', 1), ("z", 1)), {"patient": 'say "hi" # \\'}),
        ((("", 1), ("b", 1)), {"patient": ""}),
    ],
)
def test_values_are_selected_as_they_are_written(
    fields: tuple[tuple[str, object], ...], select: dict[str, object], place: Path
) -> None:
    quoted = tuple((f'"{patient}"', image) for patient, image in fields)
    table(place / "cells.csv", HEADER, rows(LABELS, quoted))
    assert main(["init", "cells.csv"]) == 0
    assert scenario()["tissue"].get("select", {}) == select


def test_paths_start_at_the_scenario(place: Path) -> None:
    (place / "data").mkdir()
    (place / "asked").mkdir()
    file = table(place / "data" / "cells.csv", HEADER, rows(LABELS))
    file.with_suffix(".csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert main(["init", "data/cells.csv.gz", "-o", "asked/first.toml"]) == 0
    assert scenario("asked/first.toml")["tissue"]["biopsy"] == "../data/cells.csv.gz"
    shutil.copytree(place, place.parent / "moved")
    assert main(["check", str(place.parent / "moved" / "asked" / "first.toml")]) == 0


def test_nothing_is_written_over_without_force(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table(place / "cells.csv", "roi,kind,X,Y,phenotype", rows(("Tumor", "CD8 T cell")))
    (place / "cells.labels.toml").write_text("precious")
    assert main(["init", "cells.csv"]) == 2
    assert "cells.labels.toml  is there already" in capfd.readouterr().err
    assert not (place / "scenario.toml").exists()
    (place / "scenario.toml").write_text("precious")
    assert main(["init"]) == 2
    assert (place / "scenario.toml").read_text() == (place / "cells.labels.toml").read_text() == "precious"
    assert main(["init", "cells.csv", "--force"]) == 0
    assert scenario()["tissue"]["labels"] == "cells.labels.toml"


def test_as_json_it_says_what_it_wrote(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table(place / "tnbc.csv", "roi,kind,X,Y,phenotype", rows(("Tumor", "CD8 T cell")))
    assert main(["init", "tnbc.csv", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["scenario"], told["labels"], len(told["guesses"])) == (
        "scenario.toml",
        "tnbc.labels.toml",
        1,
    )
    assert scenario()["tissue"]["tumour"] == "tnbc"


@pytest.mark.parametrize(
    ("name", "tumour"),
    [
        ("RCC_TMA.csv", "ccrcc"),
        ("crc-msi.csv", "crc_msi"),
        ("colorectal.csv", "crc_mss"),
        ("all_cells.csv", None),
    ],
)
def test_the_name_of_a_table_tells_its_tumour(
    name: str, tumour: str | None, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table(place / name, "roi,kind,X,Y,phenotype", rows(("Tumor", "CD8 T cell")))
    assert main(["init", name]) == 0
    assert ("is a placeholder" in capfd.readouterr().out) == (tumour is None)
    assert scenario()["tissue"]["tumour"] == (tumour or "melanoma")


@pytest.mark.parametrize(
    ("name", "tumour"),
    [
        ("biopsies/melanoma_cells.csv.gz", "melanoma"),
        ("biopsies/tnbc_cells.csv.gz", "tnbc"),
        ("biopsies/pdac/PDAC_TISSUE_1.csv.gz", "pdac"),
    ],
)
def test_real_tables_make_a_scenario_of_their_tumour(
    name: str, tumour: str, place: Path, shared_data: Path
) -> None:
    assert main(["init", str(shared_data / name)]) == 0
    assert scenario()["tissue"]["tumour"] == tumour
