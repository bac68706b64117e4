"""What was stored is what is read, and what cannot be read is said by name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from store_samples import HOUR, INPUT, PROVENANCE, segment, write

from opsonin.core.errors import InputError, RunError
from opsonin.store import Result, Segment, Writer
from opsonin.store.gathered import finish, gathering, part_folder

ARMS = ("control", "anti-PD-1 + x")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("store") / "out")


def data_files(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_result_gives_back_what_was_committed(stored: Path) -> None:
    result = Result.open(stored)
    assert result.arms == list(ARMS)
    assert (result.complete, result.summary, result.provenance) == (True, {"cancer": 3}, PROVENANCE)
    assert list(result.times("control")) == [0.0, 60.0, 120.0]
    assert list(result.times()) == [0.0, 60.0, 120.0]
    cells = result.cells("1 h", "control")
    for name, values in segment(1).cells.items():
        assert cells[name].to_numpy().dtype == values.dtype
        assert np.array_equal(cells[name].to_numpy(), values)
    fields = result.fields(60.0, "control")
    assert list(fields) == ["oxygen", "ifng"]
    for name, values in segment(1).fields.items():
        assert fields[name].dtype == values.dtype
        assert np.array_equal(fields[name], values)
    assert result.box("1 h", "control") == (40.0, 30.0, 20.0)
    assert result.spacing("1 h", "control") == (10.0, 10.0, 20.0)
    assert result.field_units("1 h", "control") == {"oxygen": "mmHg", "ifng": "nM"}
    trace = result.trace("control")
    for name in ("tick", "process", "hash"):
        expected = np.concatenate([segment(index).trace[name] for index in range(3)])
        assert trace[name].dtype == expected.dtype
        assert np.array_equal(trace[name], expected)
    assert list(result.input_cells()["cell_type"]) == list(INPUT["cell_type"])
    assert np.array_equal(result.input_cells()["x"], INPUT["x"])


def test_cells_of_all_arms_come_with_the_name_of_the_arm(stored: Path) -> None:
    cells = Result.open(stored).cells("1 h")
    assert list(cells.columns[:2]) == ["arm", "id"]
    assert list(cells["arm"].unique()) == list(ARMS)
    assert len(cells) == 10


def test_cells_of_the_only_arm_need_no_name(tmp_path: Path) -> None:
    cells = Result.open(write(tmp_path / "out", arms=("only",))).cells(0.0)
    assert "arm" not in cells.columns


def test_observables_are_curves_in_days_with_units(stored: Path) -> None:
    data = Result.open(stored).observables
    assert data["cancer"].dims == ("arm", "time")
    assert list(data["arm"].values) == list(ARMS)
    assert np.allclose(data["time"].values * 24, [0.0, 0.5, 1.0, 1.5, 2.0])
    assert data["time"].attrs["units"] == "d"
    assert data["cancer"].attrs == {"units": "cells", "long_name": "Cancer cells"}
    assert list(data["cancer"].sel(arm="control").values) == [0.0, 0.5, 1.0, 1.5, 2.0]


@pytest.mark.parametrize("minutes", [55, 60, 93])
def test_a_run_is_complete_at_its_end_whatever_its_days_are_rounded_to(minutes: int, tmp_path: Path) -> None:
    def stretched(arm: str, index: int, stored: Segment) -> Segment:
        return replace(stored, tick=index * minutes * 60)

    out = write(tmp_path / "out", stretched, count=2)
    finish(out, {"days": minutes / 1440.0})
    assert Result.open(out).complete


def test_a_gathered_result_is_complete_while_all_its_parts_are(tmp_path: Path) -> None:
    out = tmp_path / "out"
    places = [part_folder("replicate", index) for index in range(2)]
    with gathering(out, "replicate") as told:
        for place in places:
            finish(write(out / place, provenance=PROVENANCE | {"run_hash": "h"}), {"days": 2 * HOUR / 86400})
        parts = [{"name": place, "folder": place, "run_hash": "h"} for place in places]
        told.update(PROVENANCE | {"replicates": parts})
    assert not Result.open(out).complete
    finish(out, {"days": 2 * HOUR / 86400})
    assert Result.open(out).complete and Result.open(out).summary
    shutil.rmtree(out / places[1] / "arms" / "control" / "000002")
    assert not Result.open(out).complete


def test_an_arm_that_is_behind_reads_nan_where_it_was_not_observed(tmp_path: Path) -> None:
    out = write(tmp_path / "out", count=1, finish=False)
    with Writer.reopen(out) as writer:
        writer.commit("control", 1, segment(1))
    result = Result.open(out)
    assert result.summary is None and not result.complete
    assert list(result.times()) == [0.0], "without an arm: the times that every arm has"
    assert list(result.observables["cancer"].isel(time=-1).isnull().values) == [False, True]
    with pytest.raises(InputError, match="anti-PD-1"):
        result.cells("1 h")


@pytest.mark.parametrize("time", ["90 min", 59.99, "3 d", float("nan")])
def test_a_time_that_is_not_stored_is_answered_with_the_stored_ones(stored: Path, time: str | float) -> None:
    with pytest.raises(InputError, match="Stored: 0 d, 1 h, 2 h"):
        Result.open(stored).cells(time, "control")


def test_a_late_time_must_be_met_to_the_second(tmp_path: Path) -> None:
    from dataclasses import replace

    late = 84 * 24 * 3600
    out = write(tmp_path / "out", lambda arm, index, old: replace(old, tick=late), arms=("a",), count=1)
    assert len(Result.open(out).cells("84 d")) == 5
    with pytest.raises(InputError, match="84 d"):
        Result.open(out).cells((late + 1) / 60)


def test_a_time_without_unit_or_an_unknown_arm_is_an_input_error(stored: Path) -> None:
    result = Result.open(stored)
    with pytest.raises(InputError, match="unit"):
        result.cells("12", "control")
    with pytest.raises(InputError, match="Did you mean 'control'"):
        result.fields("1 h", "contol")


def test_two_identical_runs_write_identical_bytes(tmp_path: Path) -> None:
    first, second = data_files(write(tmp_path / "first")), data_files(write(tmp_path / "deeper" / "second"))
    assert first == second
    assert {Path(name).suffix for name in first} >= {".json", ".parquet", ".npz"}
    assert not any(str(tmp_path).encode() in content for content in first.values())


def test_fields_are_a_zarr_group_that_says_its_units_and_fills_with_nan(stored: Path) -> None:
    group = zarr.open_group(stored / "arms/control/000001/fields.zarr", mode="r")
    array = group["ifng"]
    assert isinstance(array, zarr.Array)
    assert array.metadata.zarr_format == 3
    assert np.isnan(array.fill_value)
    assert array.attrs["units"] == "nM"
    assert array.attrs["spacing"] == [10.0, 10.0, 20.0]
    assert array.attrs["box"] == [40.0, 30.0, 20.0]


def test_a_lost_chunk_is_never_read_as_zero(tmp_path: Path) -> None:
    out = write(tmp_path / "out", arms=("control",))
    path = out / "arms/control/000001/fields.zarr"
    (path / "ifng/c/0/0/0").unlink()
    assert np.isnan(zarr.open_group(path, mode="r")["ifng"][...]).all()
    with pytest.raises(RunError, match="ifng"):
        Result.open(out).fields("1 h", "control")


def test_a_field_of_nan_only_is_written_and_read_as_such(tmp_path: Path) -> None:
    from dataclasses import replace

    empty = {"oxygen": np.full((1, 3, 4), np.nan)}
    out = write(tmp_path / "out", lambda arm, index, old: replace(old, fields=empty), arms=("control",))
    assert np.isnan(Result.open(out).fields(0.0, "control")["oxygen"]).all()


def test_a_segment_may_have_no_cells_and_no_fields(tmp_path: Path) -> None:
    from dataclasses import replace

    out = write(
        tmp_path / "out", lambda arm, index, old: replace(segment(index, cells=0), fields={}), arms=("a",)
    )
    result = Result.open(out)
    assert len(result.cells(0.0)) == 0
    assert result.fields(0.0, "a") == {}
    with pytest.raises(RunError, match="no fields"):
        result.spacing(0.0, "a")


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("cells.parquet", lambda result: result.cells(60.0, "control")),
        ("trace.parquet", lambda result: result.trace("control")),
        ("observables.parquet", lambda result: result.observables),
        ("fields.zarr/oxygen/c/0/0/0", lambda result: result.fields(60.0, "control")),
        ("fields.zarr/oxygen/zarr.json", lambda result: result.fields(60.0, "control")),
        ("fields.zarr/zarr.json", lambda result: result.times("control")),
        ("checkpoint.npz", lambda result: Writer.reopen(result.path).read_checkpoint("control", 1)),
    ],
)
@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "replaced"])
def test_a_damaged_file_is_named(tmp_path: Path, file: str, read: object, damage: str) -> None:
    out = write(tmp_path / "out", arms=("control",))
    path = out / "arms/control/000001" / file
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "replaced":
        path.write_bytes(b"x")
    elif damage == "flipped":
        middle = content.rindex(b'"attributes"') if path.suffix == ".json" else len(content) // 2
        if path.suffix == ".parquet":
            middle = 40  # in the first page; the footer has no checksum
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :])
    with pytest.raises(RunError, match=file.split("/", maxsplit=1)[0].replace(".", r"\.")) as refused:
        read(Result.open(out))  # type: ignore[operator]
    assert "pickle" not in str(refused.value)


def test_a_missing_segment_in_between_is_named(tmp_path: Path) -> None:
    out = write(tmp_path / "out", arms=("control",))
    (out / "arms/control/000001").rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="000001"):
        Result.open(out).times()


@pytest.mark.parametrize(("name", "value"), [("scenario", "x"), ("observables", []), ("replicates", {})])
def test_a_provenance_of_another_shape_is_damaged(tmp_path: Path, name: str, value: object) -> None:
    out = write(tmp_path / "out")
    (out / "provenance.json").write_text(json.dumps({**PROVENANCE, name: value}))
    with pytest.raises(RunError, match=rf"provenance\.json  is damaged: '{name}'"):
        Result.open(out)


def test_a_result_of_another_format_version_is_refused(tmp_path: Path) -> None:
    out = write(tmp_path / "out", count=1)
    (out / "provenance.json").write_text(json.dumps({**PROVENANCE, "format": 999}))
    for attempt in (Result.open, Writer.reopen):
        with pytest.raises(RunError, match="format 999"):
            attempt(out)
    with pytest.raises(ValueError, match="format"):
        Writer.create(tmp_path / "new", {**PROVENANCE, "format": 999}, INPUT)


def test_what_is_not_a_result_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder"):
        Result.open(tmp_path / "absent")
    with pytest.raises(RunError, match="not an opsonin result"):
        Result.open(tmp_path)
    (tmp_path / "provenance.json").write_text("{half")
    with pytest.raises(RunError, match=r"provenance\.json.*cannot be read"):
        Result.open(tmp_path)


def test_importing_the_store_loads_no_heavy_library() -> None:
    program = "import sys, opsonin.store\n"
    program += (
        "print([m for m in ('xarray', 'zarr', 'pandas', 'pyarrow', 'numba', 'pint') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
