"""`diff` finds each kind of difference, names where it is, and finds none where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from store_samples import HOUR, PROVENANCE, Change, changed, segment, write

from opsonin.core.errors import RunError
from opsonin.store import Difference, Writer, diff

ARM = "anti-PD-1 + x"
LAST = segment(2)


def altered(values: Any, row: Any, value: Any) -> Any:
    other = np.array(values)
    other[row] = value
    return other


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("diff") / "a")


def found(stored: Path, tmp_path: Path, change: Change, **options: Any) -> Difference:
    """The difference of the stored result to a changed one; swapping the two must swap the values only."""
    other = write(tmp_path / "b", change, **options)
    difference = diff(stored, other)
    assert difference is not None
    assert diff(other, stored) == replace(difference, values=difference.values[::-1])
    return difference


def test_the_same_content_does_not_differ_whatever_the_provenance_says(stored: Path, tmp_path: Path) -> None:
    assert diff(stored, stored) is None
    assert diff(stored, write(tmp_path / "b", provenance={**PROVENANCE, "seed": 8})) is None


def test_content_counts_and_not_its_encoding(stored: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    other = write(tmp_path / "b")
    for path in other.rglob("*.parquet"):
        with pq.ParquetFile(path) as file:
            table = file.read()
        before = path.read_bytes()
        pq.write_table(table, path, compression="gzip")
        assert path.read_bytes() != before
    assert diff(stored, other) is None


def test_a_state_hash_that_differs_names_the_process(stored: Path, tmp_path: Path) -> None:
    change = changed(ARM, trace={"hash": altered(LAST.trace["hash"], 1, 5)})
    difference = found(stored, tmp_path, change)
    assert (difference.arm, difference.time_min, difference.process) == (ARM, 90.0, "contacts")
    assert (difference.quantity, difference.values[1]) == ("state hash", f"{5:016x}")
    assert "process 'contacts'" in str(difference) and "90 min" in str(difference)


def test_the_first_process_is_completed_by_the_first_stored_cell_that_differs(
    stored: Path, tmp_path: Path
) -> None:
    change = changed(
        ARM,
        trace={"hash": altered(LAST.trace["hash"], [1, 2, 3], 5)},
        cells={"x": altered(LAST.cells["x"], [2, 3], -1.0)},
    )
    difference = found(stored, tmp_path, change)
    assert (difference.time_min, difference.process, difference.stored_min) == (90.0, "contacts", 120.0)
    assert (difference.cell, difference.quantity, difference.values) == (2**63 + 2, "x", (4.0, -1.0))
    assert str(difference).splitlines()[1] == f"as stored at 2 h: cell {2**63 + 2}, x 4.0 | -1.0"


def test_another_order_of_processes_or_a_process_more_is_a_difference(stored: Path, tmp_path: Path) -> None:
    swapped = changed(ARM, trace={"process": altered(LAST.trace["process"], [1, 2], [2, 1])})
    difference = found(stored, tmp_path / "swapped", swapped)
    assert difference.quantity == "process run"
    assert difference.values == ("90 min contacts", "90 min fate")
    shorter = changed(ARM, trace={name: values[:-1] for name, values in LAST.trace.items()})
    difference = found(stored, tmp_path / "shorter", shorter)
    assert (difference.time_min, difference.process) == (120.0, "fate")
    assert difference.values == ("present", "absent")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": altered(LAST.cells["x"], 3, 0.5)}, (3, "x", (5.0, 0.5))),
        ({"x": altered(LAST.cells["x"], 3, np.nan)}, (3, "x", None)),
        ({"alive": altered(LAST.cells["alive"], 4, False)}, (4, "alive", (True, False))),
        ({"x": LAST.cells["x"].astype(np.float32)}, (None, "x", ("float64", "float32"))),
        ({"extra": LAST.cells["x"]}, (None, "extra", ("absent", "float64"))),
    ],
)
def test_a_cell_that_differs_is_named_with_both_values(
    stored: Path, tmp_path: Path, columns: Any, expected: tuple[int | None, str, Any]
) -> None:
    cell, quantity, values = expected
    difference = found_ignoring_nan(stored, tmp_path, changed("control", cells=columns))
    assert (difference.arm, difference.time_min, difference.process) == ("control", 120.0, None)
    assert difference.cell == (None if cell is None else 2**63 + cell)
    assert difference.quantity == quantity
    if values is not None:
        assert difference.values == values


def found_ignoring_nan(stored: Path, tmp_path: Path, change: Change) -> Difference:
    difference = diff(stored, write(tmp_path / "b", change))
    assert difference is not None
    return difference


def test_a_sign_of_zero_is_a_difference_and_nan_equals_nan(tmp_path: Path) -> None:
    def with_x(value: float) -> Change:
        return changed("control", cells={"x": altered(LAST.cells["x"], 0, value)})

    assert diff(write(tmp_path / "a", with_x(np.nan)), write(tmp_path / "b", with_x(np.nan))) is None
    difference = diff(write(tmp_path / "c", with_x(0.0)), write(tmp_path / "d", with_x(-0.0)))
    assert difference is not None
    assert str(difference).endswith("x 0.0 | -0.0")


def test_a_cell_that_only_one_result_has_is_named(stored: Path, tmp_path: Path) -> None:
    fewer = changed("control", cells={name: values[[0, 2, 3, 4]] for name, values in LAST.cells.items()})
    difference = found(stored, tmp_path, fewer)
    assert (difference.cell, difference.quantity) == (2**63 + 1, "presence")
    assert difference.values == ("present", "absent")


def test_cells_are_matched_by_id_and_their_order_counts(stored: Path, tmp_path: Path) -> None:
    order = [0, 2, 1, 3, 4]
    moved = changed("control", cells={name: values[order] for name, values in LAST.cells.items()})
    difference = found_ignoring_nan(stored, tmp_path / "moved", moved)
    assert (difference.cell, difference.quantity, difference.values) == (2**63 + 1, "row", (1, 2))
    x = altered(LAST.cells["x"], 3, -9.0)
    columns = {name: values[order] for name, values in {**LAST.cells, "x": x}.items()}
    difference = found_ignoring_nan(stored, tmp_path / "both", changed("control", cells=columns))
    assert (difference.cell, difference.quantity, difference.values) == (2**63 + 3, "x", (5.0, -9.0))


def test_a_field_that_differs_is_named_with_its_voxel(stored: Path, tmp_path: Path) -> None:
    oxygen = altered(LAST.fields["oxygen"], (0, 1, 2), 1.5)
    difference = found(stored, tmp_path, changed("control", fields={"oxygen": oxygen}))
    assert (difference.arm, difference.time_min) == ("control", 120.0)
    assert (difference.quantity, difference.values) == ("field oxygen[0,1,2]", (44.0, 1.5))


def test_a_box_that_differs_is_a_difference(stored: Path, tmp_path: Path) -> None:
    difference = found(stored, tmp_path, lambda arm, index, old: replace(old, box=(41.0, 30.0, 20.0)))
    assert (difference.time_min, difference.quantity) == (0.0, "box [um]")


def test_an_observable_that_differs_is_named_with_its_own_time(stored: Path, tmp_path: Path) -> None:
    cancer = altered(LAST.observables["cancer"], 0, 77.0)
    difference = found(stored, tmp_path, changed("control", observables={"cancer": cancer}))
    assert (difference.time_min, difference.quantity) == (90.0, "observable cancer")
    assert difference.values == (1.5, 77.0)


@pytest.mark.parametrize("earliest", ["control", ARM])
def test_the_earliest_difference_of_all_arms_is_reported(stored: Path, tmp_path: Path, earliest: str) -> None:
    def change(arm: str, index: int, old: Any) -> Any:
        return segment(index, shift=1.0) if index >= (1 if arm == earliest else 2) else old

    difference = found(stored, tmp_path, change)
    assert (difference.arm, difference.time_min) == (earliest, 60.0)


def test_other_stored_times_are_a_difference(stored: Path, tmp_path: Path) -> None:
    difference = found(stored, tmp_path, lambda arm, index, old: replace(old, tick=index * 2 * HOUR))
    assert (difference.quantity, difference.values) == ("stored time [min]", (60.0, 120.0))


def test_an_arm_that_only_one_has_is_named_first(stored: Path, tmp_path: Path) -> None:
    difference = found(stored, tmp_path, lambda arm, index, old: segment(index, shift=1.0), arms=("control",))
    assert (difference.arm, difference.time_min) == (ARM, None)
    assert difference.values == ("present", "absent")
    assert str(difference) == f"arm '{ARM}' is not in both results: present | absent"


def test_an_unfinished_result_is_compared_as_far_as_it_goes(stored: Path, tmp_path: Path) -> None:
    short = write(tmp_path / "short", count=2, finish=False)
    difference = diff(stored, short)
    assert difference is not None
    assert (difference.quantity, difference.time_min, difference.values) == ("length", 60.0, (3, 2))
    assert "lengths differ" in str(difference)
    lacking = write(tmp_path / "lacking", arms=("control",), finish=False)
    difference = diff(stored, lacking)
    assert difference is not None and difference.arm == ARM
    other = write(
        tmp_path / "other", lambda arm, index, old: segment(index, shift=1.0), arms=("control",), finish=False
    )
    difference = diff(stored, other)
    assert difference is not None
    assert (difference.arm, difference.quantity) == ("control", "x")
    with Writer.reopen(lacking) as writer:
        for index in range(3):
            writer.commit(ARM, index, segment(index))
    assert diff(stored, lacking) is None


@pytest.mark.parametrize(
    "file", ["cells.parquet", "trace.parquet", "observables.parquet", "fields.zarr/ifng/c/0/0/0"]
)
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_file_is_named_and_never_called_a_difference(
    stored: Path, tmp_path: Path, file: str, damage: str
) -> None:
    other = write(tmp_path / "b")
    path = other / "arms/control/000001" / file
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[:-3])
    with pytest.raises(RunError, match="/".join(file.split("/")[:2])):
        diff(stored, other)


def test_what_is_not_a_result_cannot_be_compared(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder"):
        diff(stored, tmp_path / "absent")
