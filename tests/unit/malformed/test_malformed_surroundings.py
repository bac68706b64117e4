"""A wrong command line, folder or machine: exit code 2 or 3, the word that is wrong, nothing that looks whole.

Malformed scenarios and tables are beside this.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from field import write_field

import opsonin.store.commit
from opsonin.cli.failure import as_failure
from opsonin.cli.main import main
from opsonin.core.errors import HostError
from opsonin.store.layout import SUMMARY, reading

pytestmark = pytest.mark.usefixtures("blank_pictures")

TINY = """\
[scenario]
name = "tiny"
duration = "2 h"
[tissue]
tumour = "melanoma"
thickness = "20 um"
generate = { size = ["200 um", "200 um"] }
[[arm]]
name = "control"
[[arm]]
name = "nivolumab"
dose = [{ drug = "nivolumab", amount = "240 mg" }]
[output]
every = "1 h"
[numerics]
burn_in = "1 h"
"""
LATER = '[[arm]]\nname = "later"\ndose = [{ drug = "nivolumab", amount = "240 mg", at = "90 min" }]\n'
BRANCH = ["branch", "good", "--at", "1 h", "--from", "control", "-o", "out"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole result of two arms, without its report."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "scenario.toml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("opsonin.report.html.write_report", unreported)
        assert main(["run", str(folder / "scenario.toml"), "-o", str(folder / "good"), "--quiet"]) == 0
    return folder / "good"


def unreported(out: Path) -> Path:
    """In place of the report, which takes longer than a tiny run."""
    return out / "report.html"


@pytest.fixture
def place(tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that every command starts in: a scenario, a table, an arm, and a result."""
    write_field(tmp_path, TINY)
    (tmp_path / "later.toml").write_text(LATER)
    shutil.copytree(good, tmp_path / "good")
    monkeypatch.chdir(tmp_path)
    return tmp_path


Make = Callable[[Path], object]
SHOW, DRAFT = ["biopsy", "show", "cells.csv"], ["biopsy", "labels", "cells.csv"]
EVIDENCE = ["knowledge", "check", "--evidence"]
RUN = ["run", "scenario.toml", "-o", "out"]


def nothing(place: Path) -> None:
    pass


def told(changes: dict[str, object]) -> Make:
    """The result with another provenance."""

    def change(place: Path) -> None:
        file = place / "good" / "provenance.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    return change


def provenance(content: bytes) -> Make:
    return lambda place: (place / "good" / "provenance.json").write_bytes(content)


def cut(pattern: str, length: int = 50) -> Make:
    """Files of the result, cut short."""

    def change(place: Path) -> None:
        files = list((place / "good").rglob(pattern))
        assert files
        for file in files:
            file.write_bytes(file.read_bytes()[:length])

    return change


def unfinished(then: Make = nothing) -> Make:
    """The result as it was before its last hour."""

    def change(place: Path) -> None:
        (place / "good" / SUMMARY).unlink()
        shutil.rmtree(place / "good" / "arms" / "control" / "000002")
        then(place)

    return change


def removed(name: str) -> Make:
    return lambda place: shutil.rmtree(place / "good" / name)


def binary(name: str) -> Make:
    return lambda place: (place / name).write_bytes(b"id,use,seen_in\n\xff\xfe\x01")


# name: (what is made, the command line, exit code, words that must be said)
CASES: dict[str, tuple[Make, list[str], int, tuple[str, ...]]] = {
    "no such command": (nothing, ["rnu", "scenario.toml"], 2, ("'rnu'",)),
    "no such option": (nothing, [*RUN, "--thread", "2"], 2, ("--thread",)),
    "no folder given": (nothing, ["run", "scenario.toml"], 2, ("--out",)),
    "threads 0": (nothing, [*RUN, "--threads", "0"], 2, ("--threads", "'0'", "1 to 64")),
    "threads negative": (nothing, [*RUN, "--threads", "-2"], 2, ("'-2'",)),
    "threads of a thousand": (nothing, [*RUN, "--threads", "1000"], 2, ("'1000'",)),
    "threads in words": (nothing, [*RUN, "--threads", "two"], 2, ("'two'",)),
    "threads in part": (nothing, [*RUN, "--threads", "1.5"], 2, ("'1.5'",)),
    "threads of a resume": (nothing, ["resume", "good", "--threads", "0"], 2, ("'0'",)),
    "seed negative": (nothing, [*RUN, "--seed", "-1"], 2, ("--seed", "'-1'")),
    "seed too large": (nothing, [*RUN, "--seed", "9223372036854775808"], 2, ("9223372036854775808",)),
    "seed NaN": (nothing, [*RUN, "--seed", "nan"], 2, ("'nan'",)),
    "scenario is not there": (nothing, ["run", "scenaro.toml", "-o", "out"], 2, ("scenaro.toml", "'scenario.toml'")),
    "scenario is a folder": (nothing, ["run", ".", "-o", "out"], 2, ("folder",)),
    "scenario is a table": (nothing, ["check", "cells.csv"], 2, ("cells.csv", "TOML")),
    "scenario is in a loop": (
        lambda place: (place / "loop").symlink_to(place / "loop"),
        ["check", "loop"],
        2,
        ("loop", "symbolic links"),
    ),
    "folder holds a result": (nothing, ["run", "scenario.toml", "-o", "good"], 2, ("good", "needs another folder")),
    "folder holds files": (
        lambda place: ((place / "mine").mkdir(), (place / "mine" / "thesis.txt").write_text("precious")),
        ["run", "scenario.toml", "-o", "mine"],
        2,
        ("mine", "not empty"),
    ),
    "folder is a file": (nothing, ["run", "scenario.toml", "-o", "cells.csv"], 2, ("cells.csv", "is a file")),
    "folder in a file": (nothing, ["run", "scenario.toml", "-o", "cells.csv/out"], 2, ("cells.csv", "is a file")),
    "folder is a device": (nothing, ["run", "scenario.toml", "-o", "/dev/null"], 2, ("/dev/null",)),
    "folder is a lost link": (
        lambda place: (place / "lost").symlink_to(place / "nowhere"),
        ["run", "scenario.toml", "-o", "lost"],
        2,
        ("lost", "leads nowhere"),
    ),
    "folder with a long name": (nothing, ["run", "scenario.toml", "-o", "a" * 300], 2, ("aaaa", "too long")),
    "folder far down": (nothing, ["run", "scenario.toml", "-o", "y/" * 2000], 2, ("y/y/", "too long")),
    "no result to resume": (nothing, ["resume", "goood"], 2, ("goood", "'good'")),
    "resume of another folder": (nothing, ["resume", "."], 2, ("provenance.json",)),
    "report of no result": (nothing, ["report", "gud"], 2, ("gud",)),
    "diff with no result": (nothing, ["diff", "good", "bad"], 2, ("bad",)),
    "result of another format": (told({"format": 99}), ["resume", "good"], 3, ("format 99", "format 1")),
    "report of another format": (told({"format": 99}), ["report", "good"], 3, ("format 99",)),
    "diff with another format": (told({"format": 0}), ["diff", "good", "good"], 3, ("format 0",)),
    "run of another format": (told({"format": "1"}), ["run", "good", "-o", "out"], 3, ("format 1",)),
    "provenance changed by hand": (
        unfinished(told({"seed": 9})),
        ["resume", "good"],
        3,
        ("provenance.json", "changed"),
    ),
    "report of a provenance changed by hand": (
        told({"seed": 9}),
        ["report", "good"],
        3,
        ("provenance.json", "changed"),
    ),
    "movie of a provenance changed by hand": (
        told({"arms": []}),
        ["movie", "good"],
        3,
        ("provenance.json", "changed"),
    ),
    "cut cells of the last time": (
        cut("000002/cells.parquet"),
        ["resume", "good"],
        3,
        ("000002/cells.parquet", "remove good/arms/control/000002", "summary.json"),
    ),
    "provenance is empty": (provenance(b""), ["resume", "good"], 3, ("provenance.json", "cannot be read")),
    "provenance is binary": (provenance(b"\xff\0"), ["report", "good"], 3, ("provenance.json", "0xff")),
    "provenance is a list": (provenance(b"[]"), ["report", "good"], 3, ("provenance.json", "object")),
    "provenance says nothing": (provenance(b"{}"), ["report", "good"], 3, ("format None",)),
    "cells of the start are gone": (
        unfinished(removed("input")),
        ["resume", "good"],
        3,
        ("cells.parquet", "missing"),
    ),
    "cut checkpoint": (
        unfinished(cut("checkpoint.npz")),
        ["resume", "good"],
        3,
        ("checkpoint.npz", "cannot be read"),
    ),
    "empty checkpoint": (unfinished(cut("checkpoint.npz", 0)), ["resume", "good"], 3, ("checkpoint.npz",)),
    "cut table of the result": (cut("observables.parquet"), ["report", "good"], 3, ("observables.parquet",)),
    "cut fields of the result": (cut("zarr.json", 9), ["report", "good"], 3, ("zarr.json",)),
    "branch at no time": (nothing, [*BRANCH[:2], "--at", "soon", *BRANCH[4:], "--arm", "later.toml"], 2, ("'soon'",)),
    "branch without unit": (nothing, [*BRANCH[:2], "--at", "1", *BRANCH[4:], "--arm", "later.toml"], 2, ("no unit",)),
    "branch after the end": (
        nothing,
        [*BRANCH[:2], "--at", "3 h", *BRANCH[4:], "--arm", "later.toml"],
        2,
        ("3 h", "outside", "2 h"),
    ),
    "branch before the start": (
        nothing,
        [*BRANCH[:2], "--at", "-1 h", *BRANCH[4:], "--arm", "later.toml"],
        2,
        ("-1 h", "outside"),
    ),
    "branch between steps": (
        nothing,
        [*BRANCH[:2], "--at", "7 min", *BRANCH[4:], "--arm", "later.toml"],
        2,
        ("7 min", "10 min"),
    ),
    "branch to an unknown arm": (nothing, [*BRANCH, "--arm", "nivolumap"], 2, ("'nivolumap'", "'nivolumab'")),
    "branch to a missing file": (nothing, [*BRANCH, "--arm", "latr.toml"], 2, ("latr.toml", "'later.toml'")),
    "branch to a scenario": (nothing, [*BRANCH, "--arm", "scenario.toml"], 2, ("2 arms",)),
    "branch with a dose too late": (nothing, [*BRANCH, "--arm", "nivolumab"], 2, ("nivolumab 240 mg", "before")),
    "branch of no end": (nothing, [*BRANCH, "--arm", "later.toml", "--duration", "1e9 d"], 2, ("1e+09 d",)),
    "branch that ends before": (nothing, [*BRANCH, "--arm", "later.toml", "--duration", "30 min"], 2, ("30 min",)),
    "branch of an unknown arm": (
        nothing,
        ["branch", "good", "--at", "1 h", "--from", "contrl", "-o", "out", "--arm", "later.toml"],
        2,
        ("'contrl'", "'control'"),
    ),
    "unknown kind": (nothing, ["knowledge", "list", "durgs"], 2, ("'durgs'", "'drugs'")),
    "unknown entry": (nothing, ["knowledge", "show", "nivolumap"], 2, ("'nivolumap'", "'nivolumab'")),
    "evidence that is binary": (binary("ids.csv"), [*EVIDENCE, "ids.csv"], 2, ("ids.csv", "UTF-8")),
    "evidence without columns": (nothing, [*EVIDENCE, "cells.csv"], 2, ("seen_in",)),
    "evidence that is not there": (nothing, [*EVIDENCE, "no.csv"], 2, ("no.csv",)),
    "table that is not there": (nothing, ["biopsy", "show", "cell.csv"], 2, ("cell.csv", "'cells.csv'")),
    "table that is a folder": (nothing, ["biopsy", "labels", "good"], 2, ("good", "directory")),
    "table that is binary": (binary("ids.csv"), ["biopsy", "show", "ids.csv"], 2, ("ids.csv", "0xff")),
    "select without a value": (nothing, [*SHOW, "--select", "image"], 2, ("'image'", "COLUMN=VALUE")),
    "select twice": (
        nothing,
        [*SHOW, "--select", "image=1", "--select", "image=2"],
        2,
        ("'image'", "twice"),
    ),
    "select what is not there": (nothing, [*SHOW, "--select", "image=9"], 2, ("'9'", "images: 1")),
    "unknown label map": (
        nothing,
        [*SHOW, "--labels", "melanoma-marker"],
        2,
        ("'melanoma-marker'", "'melanoma-markers'"),
    ),
    "drawing of another kind": (nothing, [*SHOW, "-o", "out.jpg"], 2, ("out.jpg", "out.png")),
    "label map over another": (nothing, [*DRAFT, "-o", "later.toml"], 2, ("later.toml", "already")),
    "label map to nowhere": (nothing, [*DRAFT, "-o", "out/map.toml"], 2, ("out/map.toml", "'out'")),
    "scenario over another": (nothing, ["init", "cells.csv"], 2, ("scenario.toml", "already", "--force")),
    "scenario over a folder": (nothing, ["init", "cells.csv", "-o", "good", "--force"], 2, ("good", "folder")),
    "scenario to nowhere": (nothing, ["init", "cells.csv", "-o", "out/s.toml"], 2, ("out/s.toml", "'out'")),
    "scenario of no table": (nothing, ["init", "cell.csv", "-o", "new.toml"], 2, ("cell.csv", "'cells.csv'")),
    "scenario of labels alone": (nothing, ["init", "-o", "new.toml", "--labels", "x"], 2, ("--labels", "'x'")),
    "scenario with labels that do not fit": (
        nothing,
        ["init", "cells.csv", "-o", "new.toml", "--labels", "tnbc-mibi"],
        2,
        ("'SOX10+'", "tnbc-mibi"),
    ),
    "schema to nowhere": (nothing, ["schema", "-o", "out/s.json"], 2, ("out/s.json", "'out'")),
    "schema over a folder": (nothing, ["schema", "-o", "good"], 2, ("good", "folder")),
    "doctor for no cells": (nothing, ["doctor", "--cells", "0"], 2, ("--cells", "'0'")),
    "doctor for a word": (nothing, ["doctor", "--cells", "many"], 2, ("'many'",)),
}  # fmt: skip


def files_of(place: Path) -> dict[str, bytes]:
    """Everything that lies there, the marks of a lock aside."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named_and_nothing_is_written(
    case: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make, arguments, code, words = CASES[case]
    make(place)
    before = files_of(place)
    assert main(arguments) == code
    printed = capfd.readouterr()
    assert printed.out == ""
    for word in words:
        assert word in printed.err
    for word in ("Traceback", "unexpectedly", "Input should", "pydantic"):
        assert word not in printed.err
    assert files_of(place) == before
    assert main([*arguments, "--json"]) == code
    said = json.loads(capfd.readouterr().out)
    assert (said["ok"], said["exit_code"]) == (False, code)
    assert all(word in json.dumps(said, ensure_ascii=False) for word in words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "scenario.toml"],
        ["resume", "good"],
        ["report", "good"],
        ["diff", "good", "good"],
        ["branch", "good", "--at", "1 h", "--from", "control", "--arm", "later.toml", "-o", "out"],
        ["knowledge", "list"],
        ["knowledge", "show", "nivolumab"],
        ["knowledge", "check"],
        ["biopsy", "show", "cells.csv"],
        ["biopsy", "labels", "cells.csv"],
        ["init", "cells.csv", "-o", "new.toml"],
        ["schema"],
        ["schema", "-o", "scenario.schema.json"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_what_is_right_is_accepted_and_one_json_document(
    arguments: list[str], place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if arguments[0] != "report":
        monkeypatch.setattr("opsonin.report.html.write_report", unreported)
    assert main([*arguments, "--json"]) == 0
    assert isinstance(json.loads(capfd.readouterr().out), dict)


@pytest.fixture
def taken(place: Path) -> Iterator[None]:
    """Another process writes the result and the folder `out`."""
    (place / "out").mkdir()
    held = [os.open(place / name / ".lock", os.O_RDWR | os.O_CREAT) for name in ("good", "out")]
    for descriptor in held:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield
    for descriptor in held:
        os.close(descriptor)


@pytest.mark.parametrize(("arguments", "name"), [(RUN, "out"), (["resume", "good"], "good")])
def test_a_folder_in_use_by_another_run_is_left_alone(
    arguments: list[str], name: str, place: Path, taken: None, capfd: pytest.CaptureFixture[str]
) -> None:
    unfinished()(place)
    before = files_of(place)
    assert main([*arguments, "--quiet"]) == 3
    said = capfd.readouterr().err
    assert name in said and "another run" in said
    assert files_of(place) == before


def test_a_folder_that_cannot_be_written_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode, **_: mode != os.W_OK)  # root may write
    assert main(RUN) == 3
    said = capfd.readouterr().err
    assert "out  cannot be written" in said and "read-only" in said
    assert not (place / "out").exists()


def full(after: int) -> Callable[[Path], None]:
    """In place of making a file durable: the disk is full from the n-th file on."""
    written = 0

    def sync(path: Path) -> None:
        nonlocal written
        written += 1
        if written > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    return sync


@pytest.mark.parametrize("after", [0, 25])
def test_a_full_disk_leaves_what_can_be_resumed_and_no_whole_result(
    after: int, place: Path, good: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("opsonin.report.html.write_report", unreported)
    with monkeypatch.context() as patched:
        patched.setattr(opsonin.store.commit, "_sync", full(after))
        assert main([*RUN, "--quiet"]) == 3
    said = capfd.readouterr().err
    assert "out" in said and "full" in said and "resume" in said
    assert not (place / "out" / SUMMARY).exists()
    if (place / "out" / "provenance.json").exists():
        assert main(["resume", "out", "--quiet"]) == 0
    else:
        shutil.rmtree(place / "out", ignore_errors=True)
        assert main([*RUN, "--quiet"]) == 0
    assert main(["diff", "out", str(good)]) == 0


def test_too_little_memory_is_told_with_advice_and_can_be_resumed(
    place: Path, good: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def starve(*arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("opsonin.report.html.write_report", unreported)
    with monkeypatch.context() as patched:
        patched.setattr("opsonin.engine.loop.check_state", starve)
        assert main([*RUN, "--quiet"]) == 3
    said = capfd.readouterr().err
    assert "what was stored in out is intact: arm 'control' 1 time." in said
    assert "opsonin resume out" in said
    assert not (place / "out" / SUMMARY).exists()
    assert main(["resume", "out", "--quiet"]) == 0
    assert main(["diff", "out", str(good)]) == 0


def test_a_damaged_time_is_computed_again_once_it_is_removed(
    place: Path, good: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("opsonin.report.html.write_report", unreported)
    (place / "good" / SUMMARY).unlink()
    cut("000002/cells.parquet")(place)
    assert main(["resume", "good", "--quiet"]) == 3
    assert not (place / "good" / SUMMARY).exists()
    for arm in ("control", "nivolumab"):
        shutil.rmtree(place / "good" / "arms" / arm / "000002")
    assert main(["resume", "good", "--quiet"]) == 0
    assert main(["diff", "good", str(good)]) == 0


def test_results_that_are_stored_at_other_times_blame_no_process(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("opsonin.report.html.write_report", unreported)
    (place / "often.toml").write_text(TINY.replace('every = "1 h"', 'every = "30 min"'))
    assert main(["run", "often.toml", "-o", "often", "--quiet"]) == 0
    capfd.readouterr()
    assert main(["diff", "good", "often"]) == 1
    said = capfd.readouterr().out
    assert "is stored at other times: 1 h | 30 min" in said and "process" not in said


def test_too_little_memory_for_the_report_leaves_a_whole_result(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def starve(*arguments: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("opsonin.report.html.write_report", starve)
    assert main([*RUN, "--quiet"]) == 3
    said = capfd.readouterr().err
    assert "memory" in said and "its result is whole in out" in said and "opsonin report out" in said
    assert (place / "out" / SUMMARY).is_file()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        OSError("Unknown error: Failed to launch worker thread: Resource temporarily unavailable"),
        RuntimeError("can't start new thread"),
        SystemError("<function f> returned NULL without setting an exception"),
        ImportError("libx.so: failed to map segment from shared object"),
    ],
)
def test_running_out_of_memory_is_known_however_a_library_says_it(error: Exception, good: Path) -> None:
    assert isinstance(as_failure(error), HostError)
    with pytest.raises(MemoryError), reading(good / "a file"):
        raise error


def test_nothing_is_heard_of_a_clean_up_that_lacks_memory(tmp_path: Path) -> None:
    late = (
        "import atexit\n"
        "from opsonin.cli.failure import quiet_end\n"
        "quiet_end()\n"
        "async def half_done(): pass\n"
        "half_done()\n"
        "atexit.register(lambda: 1 / 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", late], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
