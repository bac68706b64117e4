"""What is committed stays whatever kills the run, and what is not committed never shows."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from store_samples import INPUT, PROVENANCE, segment, write

from opsonin.core.errors import HostError, InputError, RunError
from opsonin.report.page import replace_file
from opsonin.store import Result, Writer, write_atomic

ARM = "control"


class Killed(BaseException):
    """Stands for a kill: nothing below catches it, so nothing is tidied up."""


def dies_at_call(number: int, action: BaseException) -> Any:
    """A stand-in for os.rename or os.fsync that raises at its n-th call and otherwise does the real thing."""
    calls = 0

    def stand_in(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                raise action
            return real(*args, **kwargs)

        return call

    return stand_in


def one_stored(out: Path) -> Path:
    return write(out, arms=(ARM,), count=1, finish=False)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(("function", "number"), [("fsync", 1), ("fsync", 4), ("fsync", 10), ("rename", 1)])
def test_a_run_killed_before_the_rename_keeps_what_it_had_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    out = one_stored(tmp_path / "out")
    before = files(out / "arms")
    writer = Writer.reopen(out)
    with monkeypatch.context() as patch:
        patch.setattr(os, function, dies_at_call(number, Killed())(getattr(os, function)))
        with pytest.raises(Killed):
            writer.commit(ARM, 1, segment(1))
    writer.close()
    assert list(out.glob("arms/*/*.tmp")), "a kill leaves the unfinished segment behind"
    assert list(Result.open(out).times(ARM)) == [0.0]
    with Writer.reopen(out) as writer:
        assert files(out / "arms") == before
        assert not list(out.glob("**/*.tmp"))
        assert writer.last_segment(ARM) == 0
        writer.commit(ARM, 1, segment(1))
    assert list(Result.open(out).times(ARM)) == [0.0, 60.0]


def test_a_run_killed_right_after_the_rename_has_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = one_stored(tmp_path / "out")
    synced = sum(1 for _ in (out / "arms/control/000000").rglob("*")) + 1
    with Writer.reopen(out) as writer:
        monkeypatch.setattr(os, "fsync", dies_at_call(synced + 1, Killed())(os.fsync))
        with pytest.raises(Killed):
            writer.commit(ARM, 1, segment(1))
        monkeypatch.undo()
    with Writer.reopen(out) as writer:
        assert writer.last_segment(ARM) == 1
        assert np.array_equal(writer.read_checkpoint(ARM, 1)["slots"], segment(1).checkpoint["slots"])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("function", ["fsync", "rename"])
def test_a_full_disk_or_a_forbidden_folder_is_said_in_plain_words_and_the_run_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, function: str
) -> None:
    out = one_stored(tmp_path / "out")
    words = {errno.ENOSPC: "disk .* is full", errno.EACCES: "permission denied", errno.EIO: "Input/output"}
    with Writer.reopen(out) as writer:
        with monkeypatch.context() as patch:
            refusal = dies_at_call(1, OSError(code, os.strerror(code)))
            patch.setattr(os, function, refusal(getattr(os, function)))
            with pytest.raises(HostError, match=words[code]) as caught:
                writer.commit(ARM, 1, segment(1))
        assert "opsonin resume" in str(caught.value)
        assert not list(out.glob("**/*.tmp")), "the space of the attempt is given back"
        assert writer.last_segment(ARM) == 0
        writer.commit(ARM, 1, segment(1))
        assert writer.last_segment(ARM) == 1


def test_a_disk_that_fills_while_a_file_is_written_is_a_host_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = one_stored(tmp_path / "out")
    with Writer.reopen(out) as writer:
        full = OSError(errno.ENOSPC, "No space left on device")
        monkeypatch.setattr(Path, "write_bytes", dies_at_call(3, full)(Path.write_bytes))
        with pytest.raises(HostError, match="full"):
            writer.commit(ARM, 1, segment(1))
        monkeypatch.undo()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", dies_at_call(1, full)(Path.write_bytes))
            with pytest.raises(HostError, match="full"):
                writer.finish({})
        assert not Result.open(out).complete


KILL_LOOP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from store_samples import segment
from opsonin.store import Writer
with Writer.reopen(Path(sys.argv[1])) as writer:
    index = (writer.last_segment("control") or 0) + 1
    while True:
        writer.commit("control", index, segment(index, cells=400))
        print(index, flush=True)
        index += 1
"""


def test_kill_minus_nine_at_any_moment_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    out = one_stored(tmp_path / "out")
    for round_number in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", KILL_LOOP, str(out), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        announced = int(process.stdout.readline())
        time.sleep(0.002 * (2 * round_number + 1))
        process.send_signal(signal.SIGKILL)
        announced = max([announced, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
        result = Result.open(out)
        stored = result.times(ARM)
        assert len(stored) - 1 >= announced, "a segment that was announced as committed is gone"
        assert list(stored) == [60.0 * index for index in range(len(stored))]
        last = len(stored) - 1
        assert np.array_equal(result.cells(stored[-1])["x"], segment(last, cells=400).cells["x"])
        assert np.array_equal(result.fields(stored[-1], ARM)["oxygen"], segment(last).fields["oxygen"])


def test_a_second_writer_is_refused_and_let_in_when_the_first_dies(tmp_path: Path) -> None:
    out = one_stored(tmp_path / "out")
    holds = "import sys\nfrom pathlib import Path\nfrom opsonin.store import Writer\n"
    holds += "writer = Writer.reopen(Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()\n"
    process = subprocess.Popen(
        [sys.executable, "-c", holds, str(out)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="another run"):
        Writer.reopen(out)
    assert list(Result.open(out).times()) == [0.0], "readers are not locked out"
    process.kill()
    process.communicate()
    Writer.reopen(out).close()


def test_nothing_committed_is_rewritten_and_no_segment_is_skipped(tmp_path: Path) -> None:
    out = one_stored(tmp_path / "out")
    before = files(out / "arms")
    with Writer.reopen(out) as writer:
        for index in (0, 2):
            with pytest.raises(ValueError, match="the next one is 1"):
                writer.commit(ARM, index, segment(1))
        assert writer.last_segment("never run") is None
    with pytest.raises(ValueError, match="closed"):
        writer.commit(ARM, 1, segment(1))
    assert files(out / "arms") == before


def test_a_folder_in_use_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        Writer.create(tmp_path, PROVENANCE, INPUT)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(InputError, match="is a file"):
        Writer.create(tmp_path / "notes.txt", PROVENANCE, INPUT)
    stored = one_stored(tmp_path / "out")
    with pytest.raises(InputError, match="opsonin resume"):
        Writer.create(stored, PROVENANCE, INPUT)


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_killed_while_its_folder_is_made_can_begin_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    out = tmp_path / "deep" / "out"
    function = {1: "rename", 2: "replace"}[number]
    with monkeypatch.context() as patch:
        patch.setattr(os, function, dies_at_call(1, Killed())(getattr(os, function)))
        with pytest.raises(Killed):
            Writer.create(out, PROVENANCE, INPUT)
    with pytest.raises(RunError, match="not an opsonin result"):
        Writer.reopen(out)
    Writer.create(out, PROVENANCE, INPUT).close()
    assert list(Result.open(out).input_cells()["cell_type"]) == ["tumor", "CD8"]


def test_an_arm_whose_name_looks_like_a_leftover_survives_the_sweep(tmp_path: Path) -> None:
    names = ("x.tmp", "..", "a/b", "50 % dose", "000000.tmp")
    out = write(tmp_path / "out", arms=names, count=2, finish=False)
    (out / "summary.json.tmp").write_text("half")
    with Writer.reopen(out) as writer:
        assert [writer.last_segment(name) for name in names] == [1] * len(names)
    assert sorted(Result.open(out).arms) == sorted(names)
    assert {path.parent for path in (out / "arms").iterdir()} == {out / "arms"}
    assert not (out / "summary.json.tmp").exists()


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    write_atomic(path, b"old")
    monkeypatch.setattr(os, "replace", dies_at_call(1, OSError(errno.EIO, "broken"))(os.replace))
    with pytest.raises(HostError, match=r"report\.html"):
        write_atomic(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_read_only_place_is_named_by_itself_and_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(HostError) as refused:
        replace_file(tmp_path / "report.html", b"new", "opsonin report OUT -o FILE")
    (fault,) = refused.value.faults
    assert fault.where == str(tmp_path / "report.html")
    assert "its file system is read-only" in fault.problem
    assert "`opsonin report OUT -o FILE` writes it elsewhere" in fault.fix


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cells": {"x": np.zeros(2), "y": np.zeros(3)}}, "one length"),
        ({"cells": {"x": np.zeros((2, 2))}}, "one-dimensional"),
        ({"cells": {"arm": np.zeros(2)}}, "reserved"),
        ({"fields": {"oxygen": np.zeros((2, 2))}}, "nz, ny, nx"),
        ({"fields": {"oxygen": np.zeros((1, 2, 2), dtype=np.int64)}}, "floating point"),
        ({"trace": {"tick": np.zeros(1, int), "process": np.zeros(1, int), "hash": np.zeros(1)}}, "uint64"),
        ({"checkpoint": {"slots": np.array([{}], dtype=object)}}, "[Oo]bject"),
    ],
)
def test_a_malformed_segment_is_refused_and_never_shows(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    from dataclasses import replace

    out = one_stored(tmp_path / "out")
    with Writer.reopen(out) as writer:
        with pytest.raises((ValueError, TypeError), match=words):
            writer.commit(ARM, 1, replace(segment(1), **change))
        assert writer.last_segment(ARM) == 0
        writer.commit(ARM, 1, segment(1))
