"""Biopsies become the cells that the table shows, the same from every format.

What is refused, and in which words, is in `malformed/`.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from opsonin.core.errors import InputError
from opsonin.io.biopsies import Biopsy, read_biopsy
from opsonin.io.packing import NO_TUMOUR, doubts_of
from opsonin.knowledge.library import load_library
from opsonin.model.panels import LabelMap

LABELS = LabelMap.model_validate(
    {
        "name": "mine",
        "title": "Mine",
        "x": "X",
        "y": "Y",
        "label": "type",
        "labels": {
            "T": {"cell": "cd8", "positive": ["PD-1"], "negative": ["PD-L1"]},
            "tumour": {"cell": "cancer"},
        },
        "ignore": ["debris"],
    }
)


def table() -> pd.DataFrame:
    """12 cells of image 1 (one debris) and 2 of image 2, with a column that nobody reads."""
    n = np.arange(14)
    kinds = np.where(n % 3 == 0, "T", "tumour")
    kinds[5] = "debris"
    return pd.DataFrame(
        {
            "image": np.where(n < 12, 1, 2),
            "X": 10.0 * (n % 4),
            "Y": 12.5 * (n // 4),
            "type": kinds,
            "note": "a, b",
        }
    )


def written(folder: Path, name: str) -> Path:
    path, frame = folder / name, table()
    if name.endswith(".parquet"):
        frame.to_parquet(path)
        return path
    text = frame.to_csv(index=False, sep="\t" if ".tsv" in name else ",").encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


READ = """
import sys
from opsonin.io.biopsies import read_biopsy
from opsonin.model.panels import LabelMap
labels = LabelMap.model_validate_json(sys.argv[2])
print(len(read_biopsy(sys.argv[1], {"image": 1}, labels).rows), "pandas" in sys.modules)
"""


def test_a_table_of_text_is_read_without_the_time_that_pandas_takes(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv.gz")
    command = [sys.executable, "-c", READ, file, LABELS.model_dump_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["11", "False"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv", "a.tsv.gz", "a.parquet"])
@pytest.mark.parametrize("image", [1, "1"])
def test_every_format_gives_the_same_cells(name: str, image: int | str, tmp_path: Path) -> None:
    path = written(tmp_path, name)
    biopsy = read_biopsy(path, {"image": image}, LABELS)
    rows = table().query("image == 1 and type != 'debris'")
    assert biopsy.x_um.tolist() == rows["X"].tolist()
    assert biopsy.y_um.tolist() == rows["Y"].tolist()
    assert biopsy.z_um is None
    assert biopsy.label.tolist() == rows["type"].tolist()
    assert biopsy.cells.tolist() == ["cd8" if kind == "T" else "cancer" for kind in rows["type"]]
    assert biopsy.rows.tolist() == (rows.index + (1 if name.endswith("parquet") else 2)).tolist()
    assert biopsy.became == {"T": ("cd8", 4), "tumour": ("cancer", 7)}
    assert biopsy.positive == (("PD-1",), ())
    assert biopsy.negative == (("PD-L1",), ())
    assert biopsy.ignored == {"debris": 1}
    assert biopsy.field_um == (30.0 * 12 / 10, 25.0 * 12 / 10)
    assert biopsy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_whole_number_stored_as_a_fraction_is_selected_by_it(tmp_path: Path) -> None:
    frame = table().astype({"image": float})
    frame.to_parquet(tmp_path / "a.parquet")
    assert len(read_biopsy(tmp_path / "a.parquet", {"image": 1}, LABELS)) == 11


def test_scale_and_depth_apply_to_positions(tmp_path: Path) -> None:
    frame = table().assign(Z=np.arange(14.0))
    frame.to_csv(tmp_path / "a.csv", index=False)
    labels = LABELS.model_copy(update={"z": "Z", "scale": 0.5})
    biopsy = read_biopsy(tmp_path / "a.csv", {"image": 1}, labels)
    assert biopsy.z_um is not None
    assert biopsy.z_um[:3].tolist() == [0.0, 0.5, 1.0]
    assert biopsy.x_um.max() == 15.0


@pytest.mark.parametrize("change", ["\ufeff", "\n\n", "crlf", "quoted"])
def test_harmless_spellings_of_a_table_are_read(change: str, tmp_path: Path) -> None:
    text = table().to_csv(index=False)
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_text(text)
    spelled = {"crlf": text.replace("\n", "\r\n"), "quoted": table().to_csv(index=False, quoting=1)}
    spelled |= {"\ufeff": "\ufeff" + text, "\n\n": text.replace("\n", "\n\n", 3) + "\n\n"}
    other.write_bytes(spelled[change].encode())
    expected, found = (read_biopsy(path, {"image": 1}, LABELS) for path in (plain, other))
    assert found.x_um.tolist() == expected.x_um.tolist()
    assert found.label.tolist() == expected.label.tolist()


def test_rows_are_named_as_in_the_file_after_blank_lines(tmp_path: Path) -> None:
    lines = table().to_csv(index=False).splitlines()
    lines.insert(3, "")
    lines[6] = lines[6].replace("0.0", "zero", 1)
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"row 7 .*'1?zero'"):
        read_biopsy(tmp_path / "a.csv", {"image": 1}, LABELS)


def test_positions_cannot_be_written_to(tmp_path: Path) -> None:
    biopsy = read_biopsy(written(tmp_path, "a.csv"), {"image": 1}, LABELS)
    with pytest.raises(ValueError, match="read-only"):
        biopsy.x_um[0] = 1.0


@pytest.mark.parametrize(("kind", "name"), [("bool", "X"), ("datetime64[ns]", "Y")])
def test_parquet_columns_that_are_no_numbers_are_refused(kind: str, name: str, tmp_path: Path) -> None:
    table().astype({name: "int64"}).astype({name: kind}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=f"column '{name}' holds"):
        read_biopsy(tmp_path / "a.parquet", {"image": 1}, LABELS)


def test_missing_parquet_values_are_refused_with_their_rows(tmp_path: Path) -> None:
    frame = table()
    frame.loc[3, "X"] = np.nan
    frame.loc[4, "type"] = None
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError) as refused:
        read_biopsy(tmp_path / "a.parquet", {"image": 1}, LABELS)
    assert {fault.where for fault in refused.value.faults} == {"a.parquet row 4", "a.parquet row 5"}


def test_all_rows_are_read_without_select(tmp_path: Path) -> None:
    assert len(read_biopsy(written(tmp_path, "a.csv"), {}, LABELS)) == 13


def real(shared_data: Path, patient: str, image: int) -> Biopsy:
    path = shared_data / "biopsies" / "melanoma_cells.csv.gz"
    return read_biopsy(path, {"patient": patient, "image": image}, load_library().labels["melanoma-markers"])


def test_a_real_melanoma_field_is_read_as_pandas_reads_it(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "biopsies" / "melanoma_cells.csv.gz").query(
        "patient == 'MEL04' and image == 1"
    )
    biopsy = real(shared_data, "MEL04", 1)
    assert np.array_equal(biopsy.x_um, frame["x_um"])
    assert np.array_equal(biopsy.y_um, frame["y_um"])
    assert np.array_equal(biopsy.rows, frame.index + 2)
    assert biopsy.counts == frame["cell_type"].value_counts().to_dict()
    assert (biopsy.cells == "cancer").sum() == biopsy.counts["SOX10+"] == 1080


@pytest.mark.slow
def test_every_real_melanoma_field_is_accepted(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "biopsies" / "melanoma_cells.csv.gz")
    for (patient, image), field in frame.groupby(["patient", "image"]):
        assert len(real(shared_data, str(patient), int(image))) == len(field)


def test_other_real_panels_are_read_with_a_map_of_their_own(shared_data: Path) -> None:
    labels = {
        "name": "tnbc",
        "title": "TNBC",
        "labels": {"Tumor": {"cell": "cancer"}, "CD8T": {"cell": "cd8"}},
    }
    kinds = pd.read_csv(shared_data / "biopsies" / "tnbc_cells.csv.gz")["cell_type"].unique()
    labels["ignore"] = [kind for kind in kinds if kind not in ("Tumor", "CD8T")]
    path = shared_data / "biopsies" / "tnbc_cells.csv.gz"
    biopsy = read_biopsy(path, {"patient": "TNBC02"}, LabelMap.model_validate(labels))
    assert set(biopsy.counts) == {"Tumor", "CD8T"}
    assert sum(biopsy.ignored.values()) > 0


def test_a_field_without_tumour_cells_is_doubted(tmp_path: Path) -> None:
    library = load_library()
    biopsy = read_biopsy(written(tmp_path, "a.csv"), {"image": 1}, LABELS)
    assert not any(fault.problem == NO_TUMOUR for fault in doubts_of(biopsy, library))
    frame = table().query("type != 'debris'").assign(type="T")
    frame.to_csv(tmp_path / "b.csv", index=False)
    alone = read_biopsy(tmp_path / "b.csv", {}, LABELS)
    assert any(fault.problem == NO_TUMOUR for fault in doubts_of(alone, library))


def test_ids_that_cells_share_are_doubted_with_both_rows(tmp_path: Path) -> None:
    def doubts(ids: list[object]) -> tuple[str, ...]:
        frame = table().query("image == 1").assign(cell_id=ids)
        frame.to_csv(tmp_path / "a.csv", index=False)
        return tuple(str(doubt) for doubt in read_biopsy(tmp_path / "a.csv", {"image": 1}, LABELS).doubts)

    assert not any("cell_id" in doubt for doubt in doubts([*range(12)]))
    assert not any("cell_id" in doubt for doubt in doubts([""] * 12))
    (told,) = (doubt for doubt in doubts([n // 2 for n in range(12)]) if "cell_id" in doubt)
    assert "a.csv row 3  cell_id '0' is that of row 2 too; 5 of 11 cells" in told
