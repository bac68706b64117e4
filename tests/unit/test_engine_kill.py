"""Nothing is lost on a kill: `resume` ends with the bits of an unbroken run, wherever the run was stopped."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsonin.core.errors import Interrupted, RunError
from opsonin.engine import run
from opsonin.store.diff import diff
from opsonin.store.layout import BURN_IN
from opsonin.store.result import Result
from tissues import CONTROL, NIVOLUMAB, scenario

SEGMENTS = "arms/*/[0-9]*/checkpoint.npz"


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A scenario file of two arms and twelve stored times, and its unbroken result."""
    folder = tmp_path_factory.mktemp("kill")
    file = folder / "scenario.toml"
    file.write_text(
        scenario(scenario__duration="1 d", output__every="2 h", arm=[CONTROL, NIVOLUMAB]).to_toml()
    )
    run.run(file, folder / "whole")
    return file, folder / "whole"


def command(*words) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "opsonin", *map(str, words), "--quiet", "--threads", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


def stopped(process: subprocess.Popen, out: Path, stored: int, delay: float, number: int) -> int:
    """Send a signal some time after `stored` segments exist; returns the exit code."""
    while len(list(out.glob(SEGMENTS))) < stored and process.poll() is None:
        time.sleep(0.01)
    time.sleep(delay)
    if process.poll() is None:
        process.send_signal(number)
    process.communicate(timeout=120)
    return process.returncode


@pytest.mark.parametrize("moment", [3])
def test_killed_once_and_resumed_the_result_has_the_same_bits(asked, tmp_path, moment):
    file, whole = asked
    assert (
        stopped(command("run", file, "-o", tmp_path / "out"), tmp_path / "out", moment, 0.1, signal.SIGKILL)
        == -9
    )
    assert not Result.open(tmp_path / "out").complete
    run.resume(tmp_path / "out")
    assert Result.open(tmp_path / "out").complete
    assert diff(whole, tmp_path / "out") is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_twenty_random_moments_and_resumed_the_result_has_the_same_bits(asked, tmp_path, seed):
    file, whole = asked
    rng, out = random.Random(seed), tmp_path / "out"
    # a second kill half of the time, to meet a run that was itself a resume
    kills = [(rng.randrange(1, 22), rng.uniform(0.0, 0.2)) for _ in range(1 + seed % 2)]
    words = ["run", file, "-o", out]
    codes = []
    for stored, delay in sorted(kills):
        codes.append(stopped(command(*words), out, stored, delay, signal.SIGKILL))
        words = ["resume", out]
    assert codes[0] == -9  # it was killed at all
    run.resume(out)
    assert diff(whole, out) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_commits_says_how_to_go_on_and_exits_with_130(asked, tmp_path, number):
    file, whole = asked
    out = tmp_path / "out"
    process = command("run", file, "-o", out)
    while len(list(out.glob(SEGMENTS))) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    printed, said = process.communicate(timeout=120)
    assert process.returncode == 130
    first = said.splitlines()[0]
    assert re.match(
        r"Stopping at the next stored time \((\d+ h|day [\d.]+) of arm '\w+'\), please wait\.", first
    )
    assert printed == ""
    assert "opsonin resume" in said
    assert "Traceback" not in said
    run.resume(out)
    assert diff(whole, out) is None


def test_who_asks_for_a_stop_is_told_at_once_and_nothing_goes_on_to_another_arm(asked, tmp_path):
    file, whole = asked
    heard, out = [], tmp_path / "out"

    class Listener:
        """Asks for a stop half-way to the end of the first arm, and waits for the answer."""

        def __getattr__(self, event):
            return lambda *words, **more: heard.append((event, *words))

        def heading(self, arm, time_min):
            heard.append(("heading", arm, time_min))
            if time_min == 1440.0:
                signal.raise_signal(signal.SIGINT)
                while ("stopping",) not in heard:
                    time.sleep(0.001)

    with pytest.raises(Interrupted, match=r"(?s)arm 'nivolumab', day 0 .*resume"):
        run.run(file, out, listener=Listener())
    assert [told for told in heard if told[0] != "step"][-2:] == [("stopping",), ("finished", "control")]
    run.resume(out)
    assert diff(whole, out) is None


class Preparing:
    """Does something each time it hears of the burn-in, and notes what it heard [min]."""

    def __init__(self, act=lambda: None):
        self.act, self.done = act, []

    def __getattr__(self, event):
        return lambda *words, **more: None

    def preparing(self, arm, done_min, total_min):
        self.done.append(done_min)
        self.act()


SHORT = {"scenario__duration": "1 h", "output__every": "30 min", "arm": [CONTROL, NIVOLUMAB]}


@pytest.fixture(scope="module")
def unbroken():
    return run.run(scenario(**SHORT)).path


def test_a_stop_during_the_burn_in_keeps_it(tmp_path, monkeypatch, unbroken):
    monkeypatch.setattr("opsonin.engine.arms._REPORT_SECONDS", 0.0)
    stopping = Preparing(lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match=r"arm 'control', \d+% of the burn-in .*stored"):
        run.run(scenario(**SHORT), tmp_path, listener=stopping)
    assert (tmp_path / BURN_IN).is_file()
    going_on = Preparing()
    run.resume(tmp_path, listener=going_on)
    assert len(stopping.done) == 1 and stopping.done[0] < going_on.done[0]
    assert not (tmp_path / BURN_IN).exists()
    assert diff(unbroken, tmp_path) is None


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_run_killed_in_its_burn_in_goes_on_with_it(steps, tmp_path, monkeypatch, unbroken):
    monkeypatch.setattr("opsonin.engine.arms._REPORT_SECONDS", 0.0)
    monkeypatch.setattr("opsonin.engine.arms._KEEP_SECONDS", 0.0)

    def die():
        if len(dying.done) > steps:
            raise ZeroDivisionError

    dying = Preparing(die)
    with pytest.raises(ZeroDivisionError):
        run.run(scenario(**SHORT), tmp_path, listener=dying)
    going_on = Preparing()
    run.resume(tmp_path, listener=going_on)
    assert going_on.done[0] == dying.done[-1]  # told of before it was kept: that step is lived once more
    assert diff(unbroken, tmp_path) is None


def test_an_arm_that_is_begun_later_needs_no_second_burn_in(tmp_path, unbroken):
    class Killed(Preparing):
        def finished(self, arm):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run.run(scenario(**SHORT), tmp_path, listener=Killed())
    going_on = Preparing()
    run.resume(tmp_path, listener=going_on)
    assert going_on.done == []
    assert diff(unbroken, tmp_path) is None


def test_a_damaged_burn_in_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("opsonin.engine.arms._REPORT_SECONDS", 0.0)
    with pytest.raises(Interrupted):
        run.run(scenario(**SHORT), tmp_path, listener=Preparing(lambda: signal.raise_signal(signal.SIGINT)))
    (tmp_path / BURN_IN).write_bytes(b"half of it")
    with pytest.raises(RunError, match=rf"(?s){BURN_IN}.*remove it"):
        run.resume(tmp_path)


def test_resuming_a_finished_result_changes_nothing(asked):
    _, whole = asked
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    run.resume(whole)
    assert {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()} == before
