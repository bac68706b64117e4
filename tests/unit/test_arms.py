"""Arms side by side: each in a process of its own, the bits of arms one after the other, and nothing lost with one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from opsonin.core.errors import HostError, Interrupted, RunError
from opsonin.engine import run, team
from opsonin.engine.processes import environment
from opsonin.engine.progress import Silent
from opsonin.store.diff import diff
from opsonin.store.result import Result
from opsonin.store.writer import Writer
from tissues import CONTROL, NIVOLUMAB, scenario

SEGMENTS = "arms/*/[0-9]*/checkpoint.npz"


@pytest.fixture(scope="module")
def asked():
    return scenario(scenario__duration="1 d", output__every="3 h", arm=[CONTROL, NIVOLUMAB])


@pytest.fixture(scope="module")
def whole(asked, tmp_path_factory):
    """The same, computed one arm after the other."""
    return run.run(asked, tmp_path_factory.mktemp("arms") / "whole", threads=1)


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(team, "WORTH_A_PROCESS", 0.0)


def workers() -> list[int]:
    """Worker processes of this one."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
            words = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if int(fields[1]) == os.getpid() and b"opsonin.engine.worker" in words and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


class Hearer(Silent):
    """Keeps what it hears, and calls `then` when both arms have gone on from a stored time."""

    def __init__(self, then=None):
        self.heard, self._then, self._lock = [], then, threading.Lock()

    def started(self, arm: str, time_min: float, duration_min: float) -> None:
        self.heard.append((arm, time_min))

    def heading(self, arm: str, time_min: float) -> None:
        with self._lock:
            if time_min >= 360.0 and self._then is not None:
                then, self._then = self._then, None
                then()


def test_arms_side_by_side_have_the_bits_of_arms_one_after_the_other(asked, whole, tmp_path, side_by_side):
    hearer = Hearer()
    found = run.run(asked, tmp_path / "out", threads=2, listener=hearer)
    assert found.complete
    assert sorted(hearer.heard) == [("control", 0.0), ("nivolumab", 0.0)]
    assert diff(whole.path, found.path) is None
    assert found.summary == whole.summary


def test_one_arm_that_is_left_is_gone_on_with_here(whole, tmp_path, side_by_side, monkeypatch):
    out = shutil.copytree(whole.path, tmp_path / "out")
    (out / "summary.json").unlink()
    for segment in sorted((out / "arms" / "control").glob("[0-9]*"))[3:]:
        for file in sorted(segment.rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()
        segment.rmdir()
    monkeypatch.setattr(team, "carry_out", None)  # would fail if it were called
    run.resume(out, threads=2)
    assert diff(whole.path, out) is None


def test_a_worker_that_is_killed_is_named_and_the_other_arm_is_done(asked, whole, tmp_path, side_by_side):
    out = tmp_path / "out"
    with pytest.raises(HostError, match=r"arm '\w+': worker .* signal 9"):
        run.run(asked, out, threads=2, listener=Hearer(lambda: os.kill(workers()[0], signal.SIGKILL)))
    assert not Result.open(out).complete
    reached = sorted(len(list((out / "arms" / arm).glob("[0-9]*"))) for arm in ("control", "nivolumab"))
    assert reached[1] == 9 and reached[0] < 9
    run.resume(out, threads=1)
    assert diff(whole.path, out) is None


def test_a_stop_ends_both_arms_at_their_next_stored_time(asked, whole, tmp_path, side_by_side):
    out = tmp_path / "out"
    with pytest.raises(Interrupted, match="opsonin resume"):
        run.run(asked, out, threads=2, listener=Hearer(lambda: os.kill(os.getpid(), signal.SIGINT)))
    assert workers() == []
    assert not Result.open(out).complete
    run.resume(out, threads=2)
    assert diff(whole.path, out) is None


def test_an_arm_that_another_process_holds_is_left_to_it(asked, whole, tmp_path, side_by_side):
    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        run.run(asked, out, threads=2, listener=Hearer(lambda: os.kill(os.getpid(), signal.SIGINT)))
    before = sorted(out.glob(SEGMENTS))
    with Writer.within(out).alone_on("control"), pytest.raises(RunError, match=r"control  is being written"):
        run.resume(out, threads=1)
    assert sorted(out.glob(SEGMENTS)) == before
    run.resume(out, threads=1)
    assert diff(whole.path, out) is None


def test_a_run_that_is_killed_takes_its_workers_with_it_and_loses_nothing(asked, whole, tmp_path):
    out, file = tmp_path / "out", tmp_path / "scenario.toml"
    file.write_text(asked.to_toml())
    program = "import sys; from opsonin.engine import team; team.WORTH_A_PROCESS = 0.0; import opsonin; "
    program += "opsonin.run(sys.argv[1], sys.argv[2], threads=2)"
    process = subprocess.Popen([sys.executable, "-c", program, str(file), str(out)], env=environment())
    while len(list(out.glob(SEGMENTS))) < 5 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    for _ in range(50):  # the pipe must break first
        try:
            with Writer.within(out).alone_on("control"), Writer.within(out).alone_on("nivolumab"):
                break
        except RunError:
            time.sleep(0.1)
    assert not Result.open(out).complete
    run.resume(out, threads=1)
    assert diff(whole.path, out) is None
