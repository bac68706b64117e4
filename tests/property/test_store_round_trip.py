"""Whatever the columns hold, what is read is bit for bit what was written; the bytes depend on it alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from opsonin.core.provenance import FORMAT_VERSION
from opsonin.store import Result, Segment, Writer
from opsonin.store.layout import arm_folder, stored_arms
from opsonin.store.segments import encoded, read_columns, table_bytes

DTYPES = st.sampled_from(
    [np.float64, np.float32, np.int64, np.int32, np.int16, np.int8, np.uint64, np.uint32, np.uint8, np.bool_]
)
NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name != "arm")
TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=8)


@st.composite
def columns(draw: Any, names: Any = NAMES) -> dict[str, np.ndarray]:
    rows = draw(st.integers(0, 20))
    table: dict[str, np.ndarray] = {}
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        if draw(st.booleans()):
            table[name] = draw(npst.arrays(draw(DTYPES), rows))
        else:
            table[name] = np.array(draw(st.lists(TEXTS, min_size=rows, max_size=rows)), dtype=object)
    return table


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype == object:
        return list(a) == list(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@settings(max_examples=60, deadline=None)
@given(columns())
def test_a_table_comes_back_bit_for_bit(table: dict[str, np.ndarray]) -> None:
    content = bytes(table_bytes(table))
    assert content == bytes(table_bytes({name: values.copy() for name, values in table.items()}))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        path.write_bytes(content)
        read = read_columns(path)
    assert list(read) == list(table)
    assert all(same_bits(read[name], values) for name, values in table.items())


@settings(max_examples=25, deadline=None)
@given(
    cells=columns(),
    field=npst.arrays(
        st.sampled_from([np.float32, np.float64]), npst.array_shapes(min_dims=3, max_dims=3, max_side=6)
    ),
    checkpoint=st.dictionaries(
        st.text("abc_.0 ", min_size=1, max_size=6).filter(lambda name: not name.endswith(".npy")),
        npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
        max_size=4,
    ),
)
def test_a_segment_comes_back_bit_for_bit(
    cells: dict[str, np.ndarray], field: np.ndarray, checkpoint: dict[str, np.ndarray]
) -> None:
    nothing = np.zeros(0, dtype=np.int64)
    stored = Segment(
        tick=60,
        cells=cells,
        fields={"IFN-g": field},
        box=(10.0, 20.0, 30.0),
        field_units={"IFN-g": "nM"},
        trace={"tick": nothing, "process": nothing, "hash": nothing.astype(np.uint64)},
        observables={"tick": nothing, "cancer": np.zeros(0)},
        checkpoint=checkpoint,
    )
    assert [(name, bytes(data)) for name, data in encoded(stored)] == [
        (name, bytes(data)) for name, data in encoded(stored)
    ]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        with Writer.create(out, {"format": FORMAT_VERSION}, cells) as writer:
            writer.commit("an arm", 0, stored)
            again = writer.read_checkpoint("an arm", 0)
        result = Result.open(out)
        assert same_bits(result.fields(1.0, "an arm")["IFN-g"], field)
        read = read_columns(out / "arms/an%20arm/000000/cells.parquet")
    assert again.keys() == checkpoint.keys()
    assert all(same_bits(again[name], values) for name, values in checkpoint.items())
    assert all(same_bits(read[name], values) for name, values in cells.items())


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5, unique=True))
@settings(max_examples=60, deadline=None)
def test_names_of_arms_come_back_from_their_folders(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for name in names:
            (arm_folder(out, name) / "000000").mkdir(parents=True)
            assert arm_folder(out, name).parent == out / "arms"
        assert stored_arms(out) == sorted(names)
