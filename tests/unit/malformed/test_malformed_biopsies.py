"""Every malformed table of cells is refused with exit code 2 and the row, column or value that is wrong.

Malformed scenarios are beside this.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest
from field import CELLS, SCENARIO, biopsy_lines, write_field

from opsonin.cli.main import main

Lines = list[str]


def replaced(old: str, new: str, row: int | None = None) -> Callable[[Lines], Lines]:
    """Lines with `old` replaced by `new`, in one row (the header is 1) or in all."""

    def change(lines: Lines) -> Lines:
        changed = [
            line.replace(old, new) if row in (None, n) else line for n, line in enumerate(lines, start=1)
        ]
        assert changed != lines
        return changed

    return change


def scaled(line: str, factor: float) -> str:
    patient, image, x, y, label = line.split(",")
    return f"{patient},{image},{float(x) * factor},{float(y) * factor},{label}"


CASES: dict[str, tuple[Callable[[Lines], Lines], tuple[str, ...]]] = {
    "unknown label": (replaced("SOX10+", "SOX01+", 2), ("row 2 ", "'SOX01+'", "'SOX10+'")),
    "unknown label, many cells": (replaced("SOX10+", "S100+"), ("row 2 ", "'S100+'", "12 cells")),
    "label with a space": (replaced("SOX10+", "SOX10+ ", 2), ("row 2 ", "'SOX10+ '", "'SOX10+'")),
    "empty label": (replaced("SOX10+", "", 5), ("row 5 ", "label is empty")),
    "missing label column": (replaced("cell_type", "celltype", 1), ("'cell_type'", "'celltype'")),
    "missing position column": (replaced("x_um", "x", 1), ("'x_um'", "melanoma-markers")),
    "position column without its unit": (
        replaced("x_um,y_um", "x,y", 1),
        ("Did you mean 'x'?", "Did you mean 'y'?"),
    ),
    "missing select column": (replaced("patient", "case", 1), ("'patient'", "select")),
    "column twice": (replaced("y_um", "x_um", 1), ("2 columns", "'x_um'")),
    "semicolons": (
        replaced(",", ";"),
        ("row 1 ", "columns are separated by semicolons, not by commas", "points before decimals"),
    ),
    "semicolons and decimal commas": (
        lambda lines: [line.replace(",", ";").replace(".", ",") for line in lines],
        ("row 1 ", "columns are separated by semicolons"),
    ),
    "bars": (replaced(",", "|"), ("columns are separated by bars",)),
    "tabs in a csv": (replaced(",", "\t"), ("columns are separated by tabs",)),
    "Excel's mark": (lambda lines: ["sep=,", *lines], ("row 1 ", "'sep=,' is a mark for Excel")),
    "position as text": (replaced("10.0,0.0", "ten,0.0", 3), ("row 3 ", "x_um", "'ten'")),
    "position missing": (replaced("10.0,0.0", ",0.0", 3), ("row 3 ", "x_um", "empty")),
    "position not a number": (replaced("10.0,0.0", "10.0,NaN", 3), ("row 3 ", "y_um", "'NaN'")),
    "position infinite": (replaced("10.0,0.0", "10.0,-inf", 3), ("row 3 ", "y_um", "'-inf'")),
    "position with underscore": (replaced("10.0,0.0", "1_0,0.0", 3), ("row 3 ", "'1_0'")),
    "decimal comma": (replaced("10.0,0.0", '"10,5",0.0', 3), ("row 3 ", "'10,5'", "point")),
    "same position": (replaced("10.0,0.0", "0.0,0.0", 3), ("row 3 ", "row 2", "0, 0")),
    "far outside": (replaced("10.0,0.0", "31850.0,0.0", 3), ("row 3 ", "x_um 31850", "between 0 and 50")),
    "at 9,000 um": (replaced("10.0,0.0", "9000.0,0.0", 3), ("row 3 ", "x_um 9000", "between 0 and 50")),
    "every cell twice": (
        lambda lines: [*lines, *lines[1:]],
        ("row 38 ", "row 2", "and 16 more rows"),
    ),
    "two fields as one": (
        lambda lines: [
            lines[0] + ",region",
            *(line + ",A" for line in lines[1:]),
            *(line + ",B" for line in lines[1:]),
        ],
        ("holds 2 fields", 'region = "A"', "biopsy show"),
    ),
    "absurdly far": (replaced("10.0,0.0", "10.0,-1e300", 3), ("row 3 ", "y_um -1e+300", "between 0 and 50")),
    "value not there": (replaced("P1", "P2"), ("'P1'", "patients: P2.")),
    "image not there": (replaced("P1,1", "P1,3"), ("'1'", "images: 3.")),
    "no such pair": (
        lambda lines: [*replaced("P1,1", "P1,2")(lines), "P2,1,1.0,1.0,SOX10+"],
        ("patient = P1, image = 1", "together"),
    ),
    "padded number": (replaced("P1,1,", "P1,01,"), ("'1'", "images: 01.")),
    "too few values": (replaced(",SOX10+", "", 2), ("row 2 ", "4 values", "5")),
    "too many values": (replaced("SOX10+", "SOX10+,7", 2), ("row 2 ", "6 values", "5")),
    "one cell": (lambda lines: lines[:2], ("only 1 cell is selected",)),
    "too few cells": (lambda lines: lines[:6], ("5 cells", "10")),
    "header only": (lambda lines: lines[:1], ("no rows",)),
    "blank": (lambda lines: ["", ""], ("empty",)),
    "positions in mm": (
        lambda lines: [lines[0], *(scaled(line, 1e-3) for line in lines[1:])],
        ("millimetres", "scale"),
    ),
    "positions in nm": (
        lambda lines: [lines[0], *(scaled(line, 1e3) for line in lines[1:])],
        ("nanometres", "scale"),
    ),
    "open quote": (replaced("P1,1,10.0", '"P1,1,10.0', 3), ("row 3 ", "a quote is opened and not closed")),
    "open quote of the last value": (replaced("SOX10+", '"SOX10+', 5), ("row 5 ", "a quote is opened")),
    "two open quotes": (
        replaced("CD8+PD1+PDL1-", '"CD8+PD1+PDL1-'),
        ("row 3 ", "row 6 ", "a quote is opened"),
    ),
    "very long label": (replaced("SOX10+", "S" * 900, 2), ("row 2 ", f"label '{'S' * 56} ...'")),
}


def refused(path: Path, capfd: pytest.CaptureFixture[str]) -> str:
    out = path.parent / "out"
    assert main(["run", str(path), "-o", str(out)]) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert not out.exists()
    return printed.err


@pytest.mark.parametrize("case", CASES)
def test_malformed_table_is_refused_with_row_and_value(
    case: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    change, words = CASES[case]
    said = refused(write_field(tmp_path, lines=change(biopsy_lines())), capfd)
    for word in words:
        assert word in said


GOOD = ("\n".join(biopsy_lines()) + "\n").encode()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cells.csv", b"", ("empty",)),
        ("cells.csv", b"\n\n", ("empty",)),
        ("cells.csv.gz", gzip.compress(b"", mtime=0), ("empty",)),
        ("cells.csv", b"PK\x03\x04....", ("Excel",)),
        ("cells.csv", b"%PDF-1.4 ...", ("PDF",)),
        ("cells.csv", "patient,image\n".encode("utf-16"), ("UTF-16",)),
        ("cells.csv", b"<!DOCTYPE html>\n<html>...", ("page of HTML",)),
        ("cells.csv", b'\xef\xbb\xbf {"cells": []}', ("JSON",)),
        (
            "cells.csv",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
            ("Git LFS", "git lfs pull"),
        ),
        ("cells.csv", b"# made by a program\n" + GOOD, ("row 1", "'# made by a program' is a remark")),
        ("cells.csv", b"# one\n# two\n" + GOOD, ("row 1", "'# one' is a remark")),
        ("cells.csv", b"\xef\xbb\xbf" + GOOD.replace(b",", b";"), ("separated by semicolons",)),
        ("cells.tsv", GOOD.replace(b",", b";"), ("separated by semicolons, not by tabs",)),
        ("cells.csv", GOOD + b"P1,1,\x00,1,SOX10+\n", ("byte 0", "row 38")),
        ("cells.csv", GOOD.replace(b"P1,1,10.0", b"P\xe9,1,10.0", 1), ("row 3", "0xe9", "UTF-8")),
        ("cells.csv.gz", GOOD, ("gzip",)),
        ("cells.csv.gz", gzip.compress(GOOD, mtime=0)[:-9], ("cut short",)),
        ("cells.csv.gz", gzip.compress(GOOD, mtime=0)[:40], ("cut short",)),
        ("cells.csv.gz", gzip.compress(GOOD, mtime=0)[:30] + b"\xff" * 40, ("damaged",)),
        ("cells.csv.gz", gzip.compress(GOOD, mtime=0)[:-6] + b"\0\0\0\0\0\0", ("damaged",)),
        ("cells.csv.gz", gzip.compress(GOOD, mtime=0) + b"tail", ("damaged",)),
        ("cells.parquet", GOOD, ("parquet",)),
        ("cells.parquet", b"PAR1" + b"\x07" * 200, ("damaged parquet",)),
    ],
)
def test_file_that_is_no_table_is_refused(
    name: str, content: bytes, words: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_field(tmp_path, SCENARIO.replace("cells.csv", name))
    (tmp_path / name).write_bytes(content)
    said = refused(path, capfd)
    assert name in said
    for word in words:
        assert word in said


@pytest.mark.parametrize("text", [b"SOX10+", b"cell_type"])
def test_parquet_with_a_text_that_is_no_utf8_is_refused(
    text: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = io.BytesIO()
    table = pyarrow.csv.read_csv(io.BytesIO(GOOD))
    pyarrow.parquet.write_table(table, stream, compression="none", use_dictionary=False, store_schema=False)
    path = write_field(tmp_path, SCENARIO.replace("cells.csv", "cells.parquet"))
    (tmp_path / "cells.parquet").write_bytes(stream.getvalue().replace(text, b"\xff" + text[1:]))
    assert "cells.parquet  is a damaged parquet file" in refused(path, capfd)


def test_parquet_with_a_column_of_lists_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = pyarrow.csv.read_csv(io.BytesIO(GOOD))
    lists = pyarrow.array([[1.0]] * table.num_rows)
    pyarrow.parquet.write_table(table.set_column(2, "x_um", lists), tmp_path / "cells.parquet")
    path = write_field(tmp_path, SCENARIO.replace("cells.csv", "cells.parquet"))
    assert "x_um '[1.0]' is not a finite number" in refused(path, capfd)


LABELS = """\
name = "mine"
title = "My panel"
[labels]
"SOX10+" = { cell = "cancer" }
"CD8+PD1+PDL1-" = { cell = "cd8", positive = ["PD-1"], negative = ["PD-L1"] }
"CD8-PD1-PDL1-" = { cell = "other" }
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('cell = "cancer"', 'cell = "cancr"', ("mine.toml:4", "'SOX10+'", "'cancr'", "'cancer'")),
        ('["PD-1"]', '["PD1"]', ("mine.toml:5", "'PD1'", "'PD-1'")),
        ('["PD-L1"]', '["PD-1"]', ("mine.toml:5", "'PD-1'", "both")),
        ('name = "mine"\n', "", ("mine.toml", "name", "missing")),
        ('cell = "other"', 'cel = "other"', ("mine.toml:6", "cel", "missing")),
        ('title = "My panel"', 'title = "t"\nscale = 0', ("mine.toml:3", "scale", "0.0001")),
        ('title = "My panel"', 'title = "t"\nscale = inf', ("mine.toml:3", "scale")),
        ('title = "My panel"', 'title = "t"\nscale = 1e308', ("mine.toml:3", "scale", "100000")),
        ('title = "My panel"', 'title = "t"\nscale = "two"', ("mine.toml:3", "scale")),
        ('title = "My panel"', 'title = "t"\nignore = ["SOX10+"]', ("mine.toml:3", "'SOX10+'", "ignored")),
        ("[labels]", "[labels", ("mine.toml:3", "TOML")),
        (LABELS[LABELS.index('"SOX') :], "", ("mine.toml:3", "no label")),
    ],
)
def test_malformed_label_map_is_refused(
    old: str, new: str, words: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert old in LABELS
    (tmp_path / "mine.toml").write_text(LABELS.replace(old, new))
    path = write_field(tmp_path, SCENARIO.replace('"melanoma-markers"', '"mine.toml"'))
    said = refused(path, capfd)
    for word in words:
        assert word in said


def test_faults_of_one_kind_are_capped_with_their_count(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = biopsy_lines()
    path = write_field(tmp_path, lines=[lines[0], *(line.replace("0.0", "zero", 1) for line in lines[1:])])
    said = refused(path, capfd)
    assert said.count("is not a finite number") == 20
    assert f"and {CELLS - 20} more" in said


def test_faults_of_scenario_and_biopsy_are_told_together(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = SCENARIO.replace('"10 d"', '"10"').replace('"240 mg"', '"240 mL"')
    lines = replaced("10.0,0.0", "ten,0.0", 3)(replaced("SOX10+", "S100+", 5)(biopsy_lines()))
    said = refused(write_field(tmp_path, text, lines), capfd)
    for word in ("'10'", "240 mL", "'ten'", "'S100+'"):
        assert word in said


def test_a_ragged_row_hides_no_other_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = biopsy_lines()
    for change in (
        replaced(",SOX10+", "", 2),
        replaced("10.0,0.0", "ten,0.0", 3),
        replaced("SOX10+", "S100+", 5),
        replaced("SOX10+", "SOX10+,7", 8),
    ):
        lines = change(lines)
    said = refused(write_field(tmp_path, lines=lines), capfd)
    for word in ("row 2  has 4 values", "row 3  x_um 'ten'", "row 5  label 'S100+'", "row 8  has 6 values"):
        assert word in said


def test_a_ragged_row_hides_no_cell_in_another_place(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = replaced("10.0,0.0", "9000.0,0.0", 3)(replaced(",SOX10+", "", 2)(biopsy_lines()))
    said = refused(write_field(tmp_path, lines=lines), capfd)
    assert "row 2  has 4 values" in said
    assert "row 3  x_um 9000" in said


@pytest.mark.parametrize(
    ("select", "more", "words"),
    [
        ("", "P1,2,{x},{y},{label}", ("holds 2 fields", "told apart by image")),
        ('select = { patient = "P1" }', "P1,2,{x},{y},{label}", ("told apart by image", 'fields = "all"')),
        ("", "P2,1,{x}5,{y}5,{label}", ("told apart by patient", 'patient = "P1"')),
    ],
)
def test_several_fields_read_as_one_are_one_fault(
    select: str, more: str, words: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = biopsy_lines()
    parts = [line.split(",") for line in lines[1:]]
    lines += [more.format(x=x, y=y, label=label) for _, _, x, y, label in parts]
    scenario = SCENARIO.replace('select = { patient = "P1", image = 1 }', select)
    said = refused(write_field(tmp_path, scenario, lines), capfd)
    assert said.count("cells.csv") == 2  # its name, and in the command that lists the fields
    for word in words:
        assert word in said


def test_fields_that_may_be_parts_of_one_image_are_doubted(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = biopsy_lines()
    halves = [*lines[:19], *(line.replace("P1,1,", "P1,2,") for line in lines[19:])]
    path = write_field(tmp_path, SCENARIO.replace(", image = 1", ""), halves)
    assert main(["check", str(path)]) == 0
    assert "holds 2 fields, told apart by image" in capfd.readouterr().out
