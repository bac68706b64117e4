"""Files that `opsonin patient` writes: never over what is no file, over one another, or over what is read."""

from __future__ import annotations

import os

import pytest

from opsonin.cli.main import main
from opsonin.core.errors import HostError
from opsonin.store.commit import write_atomic

COURSE = 'duration = "1 d"\nevery = "6 h"\ndose = [{ drug = "nivolumab", amount = "240 mg" }]\n'


@pytest.fixture
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "course.toml").write_text(COURSE)
    (tmp_path / "doses.parquet").write_text("TIME,AMT\n")
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.parquet")
    os.mkfifo(tmp_path / "drawn.png")
    (tmp_path / "linked").symlink_to("pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sbml", "pipe"], "pipe  is a pipe or a device, not a file"),
        (["--sbml", "linked"], "linked  is a pipe or a device, not a file"),
        (["-o", "pipe.parquet"], "pipe.parquet  is a pipe or a device, not a file"),
        (["-o", "drawn.parquet"], "drawn.png  is a pipe or a device, not a file"),
        (["-o", "z.parquet", "--sbml", "z.parquet"], "z.parquet  is named twice"),
        (["-o", "z.parquet", "--sbml", "./z.png"], "z.png  is named twice"),
        (["--sbml", "course.toml"], "course.toml  is read by this command; it would be lost"),
        (["-o", "."], ".  is a folder"),
        (["-o", ""], ".  is a folder"),
        (["--sbml", "."], ".  is a folder"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is(options, words, inside, capfd):
    before = sorted(path.name for path in inside.iterdir())
    assert main(["patient", "simulate", "course.toml", *options]) == 2
    assert words in capfd.readouterr().err
    assert sorted(path.name for path in inside.iterdir()) == before
    assert (inside / "pipe").is_fifo()
    assert (inside / "course.toml").read_text() == COURSE


def test_a_table_of_doses_is_not_written_over(inside, capfd):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"TIME": [0.0], "AMT": [240.0]}), inside / "doses.parquet")
    table = '{ file = "doses.parquet", time = "h", amount = "mg", drug = "nivolumab" }'
    (inside / "course.toml").write_text(f'duration = "1 d"\nevery = "6 h"\ntable = {table}\n')
    before = (inside / "doses.parquet").read_bytes()
    assert main(["patient", "simulate", "course.toml", "-o", "doses.parquet"]) == 2
    assert "is read by this command" in capfd.readouterr().err
    assert (inside / "doses.parquet").read_bytes() == before


@pytest.mark.parametrize("command", ["sweep", "sensitivity"])
def test_a_folder_is_no_table_of_a_population(command, inside, capfd):
    assert main(["patient", command, "population.toml", "-o", "."]) == 2
    assert ".  is a folder" in capfd.readouterr().err


def test_contacts_are_not_written_over_a_folder(inside, capfd):
    assert main(["patient", "contacts", "run", "-o", "."]) == 2
    assert ".  is a folder" in capfd.readouterr().err


def test_what_is_written_in_one_step_takes_no_place_of_a_pipe(inside):
    with pytest.raises(HostError, match="is a pipe or a device"):
        write_atomic(inside / "pipe", b"text")
    assert (inside / "pipe").is_fifo()


def test_a_link_stays_and_what_it_leads_to_is_written(inside):
    (inside / "there").mkdir()
    (inside / "link").symlink_to("there/file")
    for text in (b"one", b"two"):
        write_atomic(inside / "link", text)
        assert (inside / "link").is_symlink()
        assert (inside / "there" / "file").read_bytes() == text
    assert [path.name for path in (inside / "there").iterdir()] == ["file"]
