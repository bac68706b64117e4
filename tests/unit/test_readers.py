"""Every panel, format and stain is read as the table says it, and nothing of a format reaches a run.

Faults of plain tables are in `malformed/`; the command line is in `test_biopsy_cli.py`.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsonin.cli.main import main
from opsonin.core.errors import HostError, InputError
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.run import run
from opsonin.engine.start import settled
from opsonin.io.biopsies import Biopsy, biopsy_of, read_biopsy
from opsonin.io.fields import fields_of
from opsonin.io.labels import read_label_map
from opsonin.io.packing import doubts_of, packing_of
from opsonin.io.places import nearest_distance
from opsonin.io.scenario import Scenario
from opsonin.io.tables import read_table
from opsonin.io.toml_files import toml_text
from opsonin.knowledge.library import load_library
from opsonin.model.panels import LabelMap
from opsonin.store.diff import diff

LIBRARY = load_library()
CODEX = ("Cntrl", "Tcell", "2HCTcell")
FILES = {
    "biopsies/melanoma_cells.csv.gz": ("melanoma-markers", 45),
    "biopsies/tnbc_cells.csv.gz": ("tnbc-mibi", 11),
    **{
        f"biopsies/pdac/PDAC_TISSUE_{number}.csv.gz": ("pdac-markers", 1) for number in (1, 3, 10, 12, 13, 16)
    },
    **{f"codex_mouse/{name}_exp_1of4.csv.gz": ("codex-mouse", 1) for name in CODEX},
}


@pytest.mark.parametrize("file", FILES)
def test_every_field_of_every_panel_is_read_with_the_counts_of_its_table(
    file: str, shared_data: Path
) -> None:
    name, count = FILES[file]
    label_map = LIBRARY.labels[name]
    frame = pd.read_csv(shared_data / file, dtype={label_map.x: str, label_map.y: str})
    table = read_table(shared_data / file)
    fields = fields_of(table, {})
    assert len(fields) == count
    for field in fields:
        rows = frame
        for column, value in field.select.items():
            rows = rows[rows[column].astype(str) == value]
        biopsy = biopsy_of(table, field.select, label_map)
        assert biopsy.counts == rows[label_map.label].value_counts().to_dict()
        assert field.rows == len(biopsy) == len(rows)
        assert np.array_equal(biopsy.x_um, np.round(rows[label_map.x].astype(float), 6))
        assert np.array_equal(biopsy.y_um, np.round(rows[label_map.y].astype(float), 6))
        assert biopsy.doubts == ()


def melanoma(shared_data: Path) -> pd.DataFrame:
    frame = pd.read_csv(shared_data / "biopsies/melanoma_cells.csv.gz")
    return frame.query("patient == 'MEL05' and image == 2").reset_index(drop=True)


def as_h5ad(frame: pd.DataFrame, path: Path, **parts: Any) -> None:
    anndata = pytest.importorskip("anndata", reason="needs the extra 'anndata'")
    obs = frame.drop(columns=["x_um", "y_um"]).astype({"cell_type": "category"}).rename(index=str)
    data = anndata.AnnData(obs=obs, **parts)
    data.obsm["spatial"] = frame[["x_um", "y_um"]].to_numpy()
    data.write_h5ad(path)


def as_gzip(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))


FORMATS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "shuffled.csv": lambda frame, path: frame.sample(frac=1.0, random_state=3).to_csv(path, index=False),
    "cells.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "cells.csv.gz": as_gzip,
    "cells.parquet": lambda frame, path: frame.to_parquet(path),
    "categories.parquet": lambda frame, path: frame.astype(
        {"cell_type": "category", "patient": "category", "image": float}
    ).to_parquet(path),
    "cells.h5ad": as_h5ad,
}


def compiled(folder: Path, biopsy: str, labels: str = "melanoma-markers", **tissue: Any) -> Plan:
    region = {"tumour": "melanoma", "biopsy": biopsy, "labels": labels, **tissue}
    data = {"scenario": {"name": "x", "duration": "1 d"}, "tissue": region, "arm": [{"name": "control"}]}
    return compile_scenario(Scenario.from_dict(data, folder=folder))


@pytest.mark.parametrize("name", FORMATS)
def test_row_order_and_format_do_not_change_a_bit_of_a_run(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    frame = melanoma(shared_data)
    frame.to_csv(tmp_path / "plain.csv", index=False)
    FORMATS[name](frame, tmp_path / name)
    select = {"patient": "MEL05", "image": 2}
    plain, other = (compiled(tmp_path, file, select=select) for file in ("plain.csv", name))
    assert other.input_digest == plain.input_digest
    assert other.box == plain.box
    assert other.labels == plain.labels
    assert other.notes == plain.notes
    frame.assign(x_um=frame["x_um"].where(frame.index != 7, frame["x_um"] + 0.25)).to_csv(
        tmp_path / "moved.csv", index=False
    )
    assert compiled(tmp_path, "moved.csv", select=select).input_digest != plain.input_digest


def test_a_shuffled_table_gives_the_same_tissue_to_the_last_bit(shared_data: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(shared_data / "codex_mouse/2HCTcell_exp_1of4.csv.gz")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.iloc[::-1].to_parquet(tmp_path / "b.parquet")
    one, other = (compiled(tmp_path, name, "codex-mouse") for name in ("a.csv", "b.parquet"))
    assert one.input_digest == other.input_digest
    assert np.isfinite(one.imaged.measured).any()
    assert one.imaged.measured.tobytes() == other.imaged.measured.tobytes()
    frame.assign(PDL1=frame["PDL1"].where(frame.index != 3, frame["PDL1"] + 1.0)).to_csv(
        tmp_path / "c.csv", index=False
    )
    assert compiled(tmp_path, "c.csv", "codex-mouse").input_digest != one.input_digest


# Label maps in which only the unit or the scale differs.


def lattice(n: int = 36, step: float = 10.0) -> pd.DataFrame:
    """A square lattice of cells, a third of them CD8, with stains that rise from 0 by 10 per cell."""
    index = np.arange(n)
    return pd.DataFrame(
        {
            "X": step * (index % 6),
            "Y": step * (index // 6),
            "type": np.where(index % 3 == 0, "T", np.where(index % 3 == 1, "tumour", "tumour-")),
            "Kb": 10.0 * index,
            "Db": 30.0 * index,
        }
    )


MAP: dict[str, Any] = {
    "name": "mine",
    "title": "Mine",
    "x": "X",
    "y": "Y",
    "label": "type",
    "labels": {
        "T": {"cell": "cd8"},
        "tumour": {"cell": "cancer"},
        "tumour-": {"cell": "cancer", "negative": ["MHC-I"]},
    },
    "intensities": {
        "MHC-I": {
            "columns": ["Kb", "Db"],
            "background": 100,
            "reference": 300,
            "only": ["cancer"],
            "assumed": "made up for this test",
        }
    },
}


def read(frame: pd.DataFrame, folder: Path, **changes: Any) -> Biopsy:
    frame.to_csv(folder / "cells.csv", index=False)
    return read_biopsy(folder / "cells.csv", {}, LabelMap.model_validate({**MAP, **changes}))


def test_units_are_converted_exactly(tmp_path: Path) -> None:
    frame = lattice()
    pixels = frame.assign(X=frame["X"] * 2, Y=frame["Y"] * 2)
    assert read(pixels, tmp_path, scale=0.5).x_um.tolist() == frame["X"].tolist()
    for written in ("4 um", "0.004 mm", "4000 nm"):
        label_map = LabelMap.model_validate({**MAP, "section": written})
        assert label_map.section == 4.0
        assert LabelMap.model_validate(label_map.model_dump(mode="json")) == label_map


# Intensities.


def test_a_measured_level_is_the_mean_stain_above_background_over_that_of_a_resting_cell(
    tmp_path: Path,
) -> None:
    levels = read(lattice(), tmp_path).measured["MHC-I"]
    index = np.arange(36)
    expected = np.where(index % 3 == 0, np.nan, np.maximum(20.0 * index - 100.0, 0.0) / 200.0)
    assert np.array_equal(levels, expected, equal_nan=True)
    assert levels[1] == 0.0  # below the background
    assert levels[20] == 1.5
    with pytest.raises(ValueError, match="read-only"):
        levels[1] = 2.0


def test_without_only_every_cell_is_measured(tmp_path: Path) -> None:
    scale = {**MAP["intensities"]["MHC-I"], "only": []}
    assert np.isfinite(read(lattice(), tmp_path, intensities={"MHC-I": scale}).measured["MHC-I"]).all()


@pytest.mark.parametrize(
    ("row", "column", "value", "words"),
    [
        (4, "Kb", np.nan, ("row 6", "Kb is empty")),
        (4, "Db", "high", ("row 6", "Db 'high' is not a finite number")),
        (5, "Db", -3.0, ("row 7", "Db -3 is negative", "0 or more")),
        (5, "Kb", np.inf, ("row 7", "Kb 'inf'")),
    ],
)
def test_a_stain_that_is_no_intensity_is_refused_with_row_and_column(
    row: int, column: str, value: Any, words: tuple[str, ...], tmp_path: Path
) -> None:
    frame = lattice().astype({column: object})
    frame.loc[row, column] = value
    with pytest.raises(InputError) as refused:
        read(frame, tmp_path)
    assert len(refused.value.faults) == 1
    for word in words:
        assert word in str(refused.value)


def test_a_stain_that_does_not_apply_may_be_missing_but_its_column_may_not(tmp_path: Path) -> None:
    frame = lattice()
    frame.loc[3, "Kb"] = np.nan  # a T cell
    assert np.isnan(read(frame, tmp_path).measured["MHC-I"][3])
    with pytest.raises(InputError, match="no column 'Db', which label map 'mine' asks for"):
        read(frame.drop(columns="Db"), tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("reference = 300", "reference = 100", ("intensity 'MHC-I'", "'reference' must be above")),
        ('assumed = "test"', "", ("either 'source' or 'assumed'",)),
        ('only = ["cancer"]', 'only = ["cancr"]', ("mine.toml:8", "'cancr'", "'cancer'")),
        ("[intensities.MHC-I]", "[intensities.MHC-1]", ("mine.toml:6", "'MHC-1'", "'MHC-I'")),
        ('columns = ["Kb"]', "columns = []", ("mine.toml:7", "columns")),
        ("background = 100", "background = -1", ("mine.toml:9", "-1")),
        ('section = "4 um"', 'section = "4"', ("mine.toml:3", "section", "no unit")),
        ('section = "4 um"', 'section = "4 min"', ("mine.toml:3", "min", "um")),
    ],
)
def test_a_malformed_intensity_map_is_refused_with_its_line(
    old: str, new: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    text = (
        'name = "mine"\ntitle = "Mine"\nsection = "4 um"\n[labels]\nT = { cell = "cd8" }\n[intensities.MHC-I]\n'
        'columns = ["Kb"]\nonly = ["cancer"]\nbackground = 100\nreference = 300\nassumed = "test"\n'
    )
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert read_label_map(path, LIBRARY).section == 4.0
    path.write_text(text.replace(old, new))
    with pytest.raises(InputError) as refused:
        read_label_map(path, LIBRARY)
    for word in words:
        assert word in str(refused.value)


def percentiles(values: pd.Series) -> tuple[float, float]:
    return float(values.quantile(0.05)), float(values.quantile(0.5))


def test_the_scale_of_codex_mouse_follows_its_stated_rule(shared_data: Path) -> None:
    """Control table for MHC-I, PD-L1 and the background of PD-1, PD1p cells for its reference; three digits."""
    control, t_cell, pretreated = (
        pd.read_csv(shared_data / f"codex_mouse/{name}_exp_1of4.csv.gz") for name in CODEX
    )
    assert set(control["Cell Type"]) == {"PDL1n", "PDL1p"}
    positive = pd.concat([t_cell, pretreated]).query("`Cell Type` == 'PD1p'")["PD1"]
    assert len(positive) == 22
    expected = {
        "MHC-I": percentiles((control["H2Kb"] + control["H2Db"]) / 2),
        "PD-L1": percentiles(control["PDL1"]),
        "PD-1": (control["PD1"].quantile(0.5), positive.quantile(0.5)),
    }
    for molecule, scale in LIBRARY.labels["codex-mouse"].intensities.items():
        assert (scale.background, scale.reference) == pytest.approx(expected[molecule], rel=5e-3)
        assert scale.assumed


def test_a_measured_level_starts_the_cell_and_a_negative_mark_still_empties_it(tmp_path: Path) -> None:
    lattice().to_csv(tmp_path / "cells.csv", index=False)
    (tmp_path / "mine.toml").write_text(map_text())
    plan = compiled(tmp_path, "cells.csv", "./mine.toml")
    tissue = settled(plan)
    arrays, n = tissue.cells.arrays, tissue.cells.n
    mhc = plan.species.molecules.index("MHC-I")
    biopsy = plan.scenario.read_biopsy()
    assert biopsy is not None
    order = np.argsort(plan.imaged.id)
    assert arrays.id[:n].tolist() == plan.imaged.id[order].tolist()
    variation, marks = arrays.variation[mhc, :n], plan.imaged.marks[mhc, order]
    measured = plan.imaged.measured[mhc, order]
    applies = np.isfinite(measured) & (marks >= 0)
    assert applies.sum() == 12
    assert sorted(variation[applies]) == sorted(biopsy.measured["MHC-I"][1::3])
    assert (marks < 0).sum() == 12
    assert not variation[marks < 0].any()
    untouched = variation[~np.isfinite(measured)]
    assert (untouched > 0.0).all() and len(set(untouched)) == 12  # drawn, each its own
    assert "MHC-I: measured in 24 cells from Kb, Db" in " ".join(plan.notes)
    assert "made up for this test" in " ".join(plan.notes)


def map_text() -> str:
    return toml_text(MAP)


def test_a_result_with_measured_levels_rebuilds_bit_for_bit_without_its_biopsy(tmp_path: Path) -> None:
    lattice().to_csv(tmp_path / "cells.csv", index=False)
    (tmp_path / "mine.toml").write_text(map_text())
    data = {
        "scenario": {"name": "x", "duration": "20 min"},
        "tissue": {"tumour": "melanoma", "biopsy": "cells.csv", "labels": "./mine.toml"},
        "arm": [{"name": "control"}],
        "numerics": {"burn_in": "1 h"},
    }
    first = run(Scenario.from_dict(data, folder=tmp_path), tmp_path / "first")
    for name in ("cells.csv", "mine.toml"):
        (tmp_path / name).unlink()
    again = run(tmp_path / "first", tmp_path / "again")
    assert diff(first.path, again.path) is None
    assert again.provenance == first.provenance
    stored = first.input_cells()
    assert np.isfinite(stored["measured.MHC-I"]).sum() == 24
    assert "measured.PD-1" not in stored
    assert any("14.6 um by default" in sentence for sentence in first.provenance["placed"])


def test_low_pd_l1_is_not_none_and_a_label_tells_what_it_sets(shared_data: Path, tmp_path: Path) -> None:
    plan = compiled(tmp_path, str(shared_data / "biopsies/pdac/PDAC_TISSUE_12.csv.gz"), "pdac-markers")
    tumour = plan.imaged.kind == plan.species.cells.index("cancer")
    assert (plan.imaged.marks[plan.species.molecules.index("PD-L1"), tumour] >= 0).all()
    became = {row["label"]: row["became"] for row in plan.labels}
    assert became["PD-L1lo_tumor"] == "cancer"
    assert became["PD-1lo_CD137lo_CD8_Tcell"] == "cd8, PD-1 negative: never induced"
    assert became["PD-1hi_CD4_Tcell"] == "cd4, PD-1 positive"


# Thickness.


def thickness(**tissue: Any) -> Any:
    region = {"tumour": "melanoma", "generate": {"size": ["200 um", "200 um"]}, **tissue}
    data = {"scenario": {"name": "x", "duration": "1 d"}, "tissue": region, "arm": [{"name": "control"}]}
    return Scenario.from_dict(data)


def test_a_slab_is_as_thick_as_a_section_shows_unless_given(tmp_path: Path) -> None:
    nucleus = LIBRARY.cells["cancer"].nuclear_diameter
    assert nucleus is not None
    default, given = compile_scenario(thickness()), compile_scenario(thickness(thickness="20 um"))
    assert default.box[2] == 5.0 + nucleus.value
    assert "by default" in default.notes[0] and "pmid:11598161" in default.notes[0]
    assert given.box[2] == 20.0
    assert given.notes[0] == "Thickness: 20 um, set by the scenario."
    block = thickness(generate={"size": ["200 um", "200 um", "150 um"]})
    assert block.thickness().um == 150.0
    lattice().to_csv(tmp_path / "cells.csv", index=False)
    (tmp_path / "mine.toml").write_text('section = "0.003 mm"\n' + map_text())
    plan = compiled(tmp_path, "cells.csv", "./mine.toml")
    assert plan.box[2] == 3.0 + nucleus.value
    assert "a section of 3 um (label map 'mine')" in plan.notes[0]
    smaller = Scenario.from_dict(
        {**thickness().resolved(), "knowledge": {"cell.cancer.nuclear_diameter": "8 um"}}
    )
    assert compile_scenario(smaller).box[2] == 13.0


def test_check_says_that_the_thickness_is_the_default(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.toml"
    path.write_text(thickness().to_toml())
    assert main(["check", str(path)]) == 0
    assert "14.6 um by default: a section of 5 um (assumed)" in capfd.readouterr().out
    path.write_text(thickness(thickness="20 um").to_toml())
    assert main(["check", str(path)]) == 0
    assert "by default" not in capfd.readouterr().out


# What is likely to be meant otherwise, and files of other programs.


def test_pixels_taken_for_um_are_named_with_the_scale_to_set(tmp_path: Path) -> None:
    assert read(lattice(), tmp_path).doubts == ()
    doubts = read(lattice(step=25.0), tmp_path).doubts
    assert len(doubts) == 1
    assert "25 um" in doubts[0].problem and "scale" in doubts[0].fix
    (tmp_path / "mine.toml").write_text(map_text())
    assert any("Doubtful" in note for note in compiled(tmp_path, "cells.csv", "./mine.toml").notes)
    assert read(lattice(step=25.0), tmp_path, scale=0.4).doubts == ()
    with pytest.raises(InputError, match="pixels"):
        read(lattice(step=100.0), tmp_path)


def test_who_converted_the_pixels_changes_no_bit(tmp_path: Path) -> None:
    """By the scale of a label map, or beforehand, in any order of rounding."""
    frame = lattice()
    frame["X"], frame["Y"] = (15.3846 + 1.7 * frame[axis] for axis in ("X", "Y"))  # pixels of 0.65 um
    by_map = read(frame, tmp_path, scale=0.65)
    converted = frame.assign(X=frame["X"] / (1.0 / 0.65), Y=frame["Y"] * 65 / 100)
    assert not np.array_equal(converted["X"], frame["X"] * 0.65)  # they do differ by rounding
    beforehand = read(converted, tmp_path)
    np.testing.assert_array_equal(by_map.x_um, beforehand.x_um)
    np.testing.assert_array_equal(by_map.y_um, beforehand.y_um)


def test_columns_of_pixels_read_as_um_are_doubted_even_at_a_usual_distance(tmp_path: Path) -> None:
    names = {"x": "X_centroid", "y": "Y_centroid", "label": "phenotype"}
    (doubt,) = read(scimap(lattice()), tmp_path, **names).doubts
    for words in ("X_centroid", "pixels", "scale = 1", "10 um"):
        assert words in doubt.problem
    assert "um per pixel" in doubt.fix
    assert read(scimap(lattice()), tmp_path, **names, scale=0.65).doubts == ()
    (tmp_path / "mine.toml").write_text(toml_text({**MAP, **names}))
    notes = " ".join(compiled(tmp_path, "cells.csv", "./mine.toml").notes)
    assert "usually in pixels" in notes and "um per pixel" in notes


def test_cells_astray_are_doubted_and_cells_far_outside_refused(tmp_path: Path) -> None:
    """The central 80 % of the lattice extend over 50 um around 25."""
    for place, astray in ((140.0, False), (160.0, True), (500.0, True)):
        frame = lattice()
        frame.loc[7, "X"] = place
        problems = " ".join(doubt.problem for doubt in read(frame, tmp_path).doubts)
        assert ("row 9 lies far from the other cells" in problems) == astray
    frame.loc[[7, 9], "Y"] = (560.0, 1e308)
    with pytest.raises(InputError) as refused:
        read(frame, tmp_path, scale=100.0)
    assert [fault.where for fault in refused.value.faults] == ["cells.csv row 9", "cells.csv row 11"]
    assert "Y 560 is far outside: the other cells lie between 0 and 50" in str(refused.value)


def test_strewn_cells_are_doubted_by_their_packing(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "biopsies/pdac/PDAC_TISSUE_1.csv.gz"
    biopsy = read_biopsy(file, {}, LIBRARY.labels["pdac-markers"])
    sizes = [LIBRARY.cells[cell].diameter.value for cell in biopsy.cells]
    width, height = biopsy.field_um
    packing = sum(np.pi / 4.0 * size**2 for size in sizes) / (width * height)
    assert packing_of(biopsy, LIBRARY) == pytest.approx(packing)
    (doubt,) = doubts_of(biopsy, LIBRARY)
    assert "only 0.27 of the field" in doubt.problem and "1.9-fold" in doubt.problem
    assert doubts_of(read(lattice(), tmp_path), LIBRARY) == ()
    plan = compiled(tmp_path, str(file), "pdac-markers")
    assert any("only 0.27 of the field" in note for note in plan.notes)


def test_the_nearest_distance_is_the_median_over_all_cells() -> None:
    assert nearest_distance(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 10.0]])) == 5.0
    pairs = np.column_stack([np.arange(900.0) * 10.0, np.zeros(900)])
    pairs[1::2, 0] -= np.linspace(1.0, 5.0, 450)
    assert nearest_distance(pairs) == 7.0


def test_what_the_distance_between_cells_says_does_not_depend_on_the_order_of_rows() -> None:
    places = np.random.default_rng(5).uniform(0.0, 300.0, (700, 2))
    assert (
        nearest_distance(places) == nearest_distance(places[::-1]) == nearest_distance(np.roll(places, 9, 0))
    )


def scimap(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"X": "X_centroid", "Y": "Y_centroid", "type": "phenotype"}
    return frame.rename(columns=names).assign(imageid="a.ome.tif")


def test_the_columns_of_scimap_are_recognised_where_a_map_asks_for_others(tmp_path: Path) -> None:
    scimap(lattice()).to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(InputError) as refused:
        read_biopsy(tmp_path / "s.csv", {}, LIBRARY.labels["melanoma-markers"])
    assert "X_centroid" in str(refused.value)
    assert "opsonin biopsy labels" in str(refused.value)


def test_an_h5ad_shows_obs_positions_and_markers_as_columns(tmp_path: Path) -> None:
    frame = lattice().rename(columns={"X": "x_um", "Y": "y_um", "type": "cell_type"})
    sparse = pytest.importorskip("scipy.sparse")
    obs = frame.drop(columns=["Kb", "Db"]).assign(imageid=pd.Categorical(["s1"] * 18 + ["s2"] * 18))
    for name, matrix in (("dense", np.asarray), ("sparse", sparse.csr_matrix)):
        var = pd.DataFrame(index=["Kb", "Db"])
        as_h5ad(obs, tmp_path / f"{name}.h5ad", X=matrix(frame[["Kb", "Db"]].to_numpy()), var=var)
        table = read_table(tmp_path / f"{name}.h5ad")
        assert table.columns == ("cell_type", "imageid", "x_um", "y_um", "Kb", "Db")
        label_map = LabelMap.model_validate({**MAP, "x": "x_um", "y": "y_um", "label": "cell_type"})
        biopsy = biopsy_of(table, {"imageid": "s2"}, label_map)
        assert biopsy.rows.tolist() == list(range(19, 37))
        assert biopsy.x_um.tolist() == frame["x_um"][18:].tolist()
        expected = read(lattice()[18:], tmp_path)
        assert np.array_equal(biopsy.measured["MHC-I"], expected.measured["MHC-I"], equal_nan=True)


def test_scimap_columns_in_obs_are_read(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata", reason="needs the extra 'anndata'")
    frame = scimap(lattice()).rename(index=str)
    anndata.AnnData(obs=frame).write_h5ad(tmp_path / "s.h5ad")
    label_map = {**MAP, "x": "X_centroid", "y": "Y_centroid", "label": "phenotype"}
    biopsy = read_biopsy(tmp_path / "s.h5ad", {"imageid": "a.ome.tif"}, LabelMap.model_validate(label_map))
    assert biopsy.x_um.tolist() == lattice()["X"].tolist()


def test_a_position_that_obs_and_obsm_tell_differently_is_refused(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata", reason="needs the extra 'anndata'")
    frame = lattice().rename(columns={"X": "x_um", "Y": "y_um", "type": "cell_type"}).rename(index=str)
    data = anndata.AnnData(obs=frame)
    data.obsm["spatial"] = frame[["x_um", "y_um"]].to_numpy()
    data.write_h5ad(tmp_path / "same.h5ad")
    label_map = LabelMap.model_validate({**MAP, "x": "x_um", "y": "y_um", "label": "cell_type"})
    assert len(read_biopsy(tmp_path / "same.h5ad", {}, label_map)) == 36
    data.obsm["spatial"] = frame[["y_um", "x_um"]].to_numpy()
    data.write_h5ad(tmp_path / "other.h5ad")
    with pytest.raises(InputError, match="2 columns named 'x_um'"):
        read_biopsy(tmp_path / "other.h5ad", {}, label_map)


def test_hdf5_that_is_no_anndata_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("anndata", reason="needs the extra 'anndata'")
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "image.h5", "w") as file:
        file["pixels"] = np.zeros(4)
    with pytest.raises(InputError, match="no 'obs'"):
        read_table(tmp_path / "image.h5")
    as_h5ad(lattice().rename(columns={"X": "x_um", "Y": "y_um", "type": "cell_type"}), tmp_path / "a.h5ad")
    (tmp_path / "cut.h5ad").write_bytes((tmp_path / "a.h5ad").read_bytes()[:3000])
    with pytest.raises(InputError, match="damaged AnnData"):
        read_table(tmp_path / "cut.h5ad")


def test_an_h5ad_without_its_extra_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.h5ad").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    for module in ("anndata", "anndata.io", "h5py"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(HostError, match=r"pip install 'opsonin\[anndata\]'"):
        read_table(tmp_path / "a.h5ad")
    (tmp_path / "b.h5ad").write_text("x_um,y_um\n1,2\n")
    with pytest.raises(InputError, match="not an h5ad file"):
        read_table(tmp_path / "b.h5ad")
