"""The command line: every failure has its exit code and one clear message, and help is instant.

What a run computes is tested with the engine; bad scenarios and tables are in `malformed/`.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import opsonin.engine.run
from opsonin.cli import progress
from opsonin.cli.failure import telling_what_is_left
from opsonin.cli.main import main
from opsonin.core.errors import Fault, HostError, Interrupted, RunError
from opsonin.store.diff import diff as difference_of

SCENARIO = """\
[scenario]
name = "drawn"
duration = "10 d"
[tissue]
tumour = "melanoma"
thickness = "20 um"
generate = { size = ["600 um", "600 um"] }
[[arm]]
name = "control"
[[arm]]
name = "treated"
dose = [{ drug = "nivolumab", amount = "240 mg", every = "3 d" }]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    return path


def stored_result(folder: Path) -> Path:
    """The least that counts as a result."""
    folder.mkdir()
    (folder / "provenance.json").write_text("{}")
    return folder


def test_check_says_what_will_be_run(scenario: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(scenario)]) == 0
    said = capfd.readouterr().out
    for words in (
        "ok  drawn",
        "melanoma, 10 d",
        "control: no treatment",
        "240 mg every 3 d from day 0 (4 doses)",
    ):
        assert words in said


def test_check_as_json_is_one_object(scenario: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(scenario)]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["ok"] is True
    assert told["arms"][1]["doses"][0]["times_min"] == [0.0, 4320.0, 8640.0, 12960.0]
    assert told["steps"] == {
        "coupling_min": 10.0,
        "motion_min": 1.0,
        "output_min": 1440.0,
        "output_asked_min": 1440.0,
        "spacing_um": 15.0,
    }


@pytest.mark.parametrize(
    "sign", ["\x1b[31m", "\x07", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\r"]
)
def test_what_a_terminal_would_obey_is_escaped_and_what_it_shows_is_not(
    sign: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.toml"
    key = json.dumps(f"dürätion {sign}x")
    file.write_text(f"[scenario]\n{key} = 1\n[tissue]\ntumour = {key}\n", encoding="utf-8")
    assert main(["check", str(file)]) == 2
    told = capfd.readouterr().err
    assert all(letter.isprintable() or letter == "\n" for letter in told)
    assert f"unknown key 'dürätion {ascii(sign)[1:-1]}x'" in told
    assert main(["check", str(file), "--json"]) == 2
    told = capfd.readouterr().out
    assert all(letter.isprintable() or letter == "\n" for letter in told)
    assert any(f"'dürätion {sign}x'" in fault["problem"] for fault in json.loads(told)["faults"])


def test_an_error_as_json_is_one_object_on_standard_output(
    scenario: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    scenario.write_text(SCENARIO.replace('"10 d"', '"10"').replace("240 mg", "240 mL"))
    assert main(["check", str(scenario), "--json"]) == 2
    printed = capfd.readouterr()
    told = json.loads(printed.out)
    assert (told["ok"], told["exit_code"]) == (False, 2)
    assert [fault["where"] for fault in told["faults"]] == [
        "scenario.toml:3  [scenario]",
        "scenario.toml:12  arm 'treated', dose 1",
    ]
    assert printed.err == ""


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["chek"], "'check'"),
        (["run"], "scenario"),
        (["run", "scenario.toml"], "--out"),
        (["run", "scenario.toml", "-o", "out", "--threads", "0"], "'0'"),
        (["run", "scenario.toml", "-o", "out", "--threads", "65"], "'65'"),
        (["run", "scenario.toml", "-o", "out", "--threads", "two"], "'two'"),
        (["run", "scenario.toml", "-o", "out", "--seed", "-1"], "'-1'"),
        (["run", "scenario.toml", "-o", "out", "--seed", "9223372036854775808"], "9223372036854775808"),
        (["run", "scenario.toml", "-o", "out", "--sede", "1"], "--sede"),
        (["run", "nowhere.toml", "-o", "out"], "nowhere.toml"),
        (["run", ".", "-o", "out"], "folder"),
        (["run", "scenario.toml", "-o", "scenario.toml"], "is a file"),
        (["run", "scenario.toml", "-o", "scenario.toml/out"], "is a file"),
        (["check", "scenario.tmol"], "'scenario.toml'"),
        (["resume", "nowhere"], "nowhere"),
        (["resume", "."], "provenance.json"),
        (["report", "nowhere"], "nowhere"),
        (["report", "scenario.toml"], "scenario.toml  is a file"),
        (["diff", ".", "nowhere"], "provenance.json"),
        (["knowledge", "list", "durgs"], "'drugs'"),
        (["knowledge", "show", "nivolumap"], "'nivolumab'"),
        (["knowledge", "show", "abt 263"], "'navitoclax'"),
    ],
)
def test_a_wrong_command_line_is_bad_input(
    arguments: list[str],
    word: str,
    scenario: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(scenario.parent)
    assert main(arguments) == 2
    printed = capfd.readouterr()
    assert word in printed.err
    assert "Traceback" not in printed.err
    assert "Input should" not in printed.err
    assert printed.out == ""
    assert not Path("out").exists()


def test_a_folder_with_other_files_is_not_written_to(
    scenario: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = scenario.parent / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    assert main(["run", str(scenario), "-o", str(out)]) == 2
    assert "not empty" in capfd.readouterr().err
    assert [item.name for item in out.iterdir()] == ["thesis.txt"]


def test_an_existing_result_is_not_overwritten(scenario: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = stored_result(scenario.parent / "out")
    assert main(["run", str(scenario), "-o", str(out)]) == 2
    assert "opsonin resume" in capfd.readouterr().err


def test_faults_of_folder_and_scenario_are_told_together(
    scenario: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = stored_result(scenario.parent / "out")
    scenario.write_text(SCENARIO.replace('"10 d"', '"10"'))
    assert main(["run", str(scenario), "-o", str(out)]) == 2
    said = capfd.readouterr().err
    assert "holds a result already" in said and "'10'" in said


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (RunError(Fault("arm 'a', day 3", "oxygen is NaN.")), 3, "oxygen is NaN"),
        (HostError(Fault("/out", "cannot be written.")), 3, "cannot be written"),
        (Interrupted(Fault("arm 'a'", "stopped.", "Go on with: opsonin resume out")), 130, "opsonin resume"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 3, "memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/out/a"), 3, "/out/a  the disk"),
        (PermissionError(errno.EACCES, "Permission denied", "/out/a"), 3, "/out/a  permission denied"),
        (ZeroDivisionError("of worlds"), 3, "ZeroDivisionError: of worlds"),
    ],
)
def test_a_failing_run_has_its_exit_code_and_no_traceback(
    error: BaseException,
    code: int,
    word: str,
    scenario: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(opsonin.engine.run, "run", fail)
    monkeypatch.delenv("OPSONIN_DEBUG", raising=False)
    assert main(["run", str(scenario), "-o", str(scenario.parent / "out"), "--quiet"]) == code
    said = capfd.readouterr().err
    assert word in said
    assert "Traceback" not in said
    monkeypatch.setenv("OPSONIN_DEBUG", "1")
    assert main(["run", str(scenario), "-o", str(scenario.parent / "out"), "--quiet"]) == code
    if not isinstance(error, KeyboardInterrupt):
        assert "Traceback" in capfd.readouterr().err


class Ran:
    """Stands in for a result and remembers how it was asked for."""

    summary: dict[str, Any] = {"days": 10}  # noqa: RUF012


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def ran(*arguments: Any, **options: Any) -> Ran:
        seen.update(options, arguments=arguments)
        options["listener"].started("control", 0.0, 14400.0)
        options["listener"].step("control", 1440.0, 1234)
        options["listener"].finished("control")
        return Ran()

    monkeypatch.setattr(opsonin.engine.run, "run", ran)
    monkeypatch.setattr(opsonin.engine.run, "resume", ran)
    monkeypatch.setattr("opsonin.report.html.write_report", lambda out: out / "report.html")
    return seen


def test_run_passes_on_what_was_asked_and_says_where_the_report_is(
    scenario: Path, asked: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    out = scenario.parent / "out"
    assert main(["run", str(scenario), "-o", str(out), "--seed", "9", "--threads", "3"]) == 0
    assert (asked["seed"], asked["threads"]) == (9, 3)
    assert asked["arguments"][0].scenario.name == "drawn"
    assert asked["arguments"][1] == out
    printed = capfd.readouterr()
    assert printed.out == f"result: {out}\nreport: {out / 'report.html'}\n"
    assert "arm 'control': from 0 d to 10 d" in printed.err


def test_quiet_prints_nothing_and_json_one_object(
    scenario: Path, asked: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    out = scenario.parent / "out"
    assert main(["run", str(scenario), "-o", str(out), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    assert main(["run", str(scenario), "-o", str(out), "--json"]) == 0
    printed = capfd.readouterr()
    assert json.loads(printed.out)["summary"] == {"days": 10}
    assert printed.err == ""


def test_a_result_folder_is_rebuilt_and_resumed_by_its_path(tmp_path: Path, asked: dict[str, Any]) -> None:
    old = stored_result(tmp_path / "old")
    assert main(["run", str(old), "-o", str(tmp_path / "new"), "--quiet"]) == 0
    assert asked["arguments"] == (old, tmp_path / "new")
    assert main(["resume", str(old), "--quiet"]) == 0
    assert asked["arguments"] == (old,)


@pytest.mark.parametrize(("found", "code"), [(None, 0), ("arm 'a' first differs at day 2", 1)])
def test_diff_tells_by_its_exit_code(
    found: str | None,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.modules[difference_of.__module__], "diff", lambda a, b: found)
    a, b = stored_result(tmp_path / "a"), stored_result(tmp_path / "b")
    assert main(["diff", str(a), str(b)]) == code
    assert capfd.readouterr().out.strip() == (found or "the same")


@pytest.mark.parametrize("live", [False, True])
def test_progress_tells_days_cells_speed_and_time_left(live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=live, width=200)
    clock = iter(float(second) for second in range(0, 10_000, 6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.LiveProgress(console) if live else progress.PlainProgress(console) as shown:
        shown.compiling(done=False)
        shown.started("a [b]", 0.0, 14400.0)
        for day in range(1, 8):
            shown.step("a [b]", day * 1440.0, 1000 + day)
        shown.note("said once")
        if not live:
            lines = [line for line in text.getvalue().splitlines() if "cells" in line]
            assert 1 <= len(lines) <= 7 * 12 / 10
        shown._console.file.flush()
    said = text.getvalue()
    for words in ("compiling", "a [b]", "d/min", "left" if not live else "of 10.0 d", "said once"):
        assert words in said


@pytest.mark.parametrize("live", [False, True])
def test_progress_tells_of_the_time_before_time_0(live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=live, width=200)
    clock = iter(float(second) for second in range(0, 10_000, 6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.LiveProgress(console) if live else progress.PlainProgress(console) as shown:
        for hour in range(36):
            shown.preparing("a [b]", hour * 60.0, 4320.0)
        if live:
            shown._progress.refresh()
    assert "a [b]" in text.getvalue()
    assert re.search(r"before time 0, 1\.\d of 3\.0 d", text.getvalue())
    if not live:
        assert len(text.getvalue().splitlines()) == 18


@pytest.mark.parametrize("kind", [progress.NoProgress, progress.PlainProgress, progress.LiveProgress])
def test_who_asks_for_a_stop_reads_where_each_arm_will_stop(kind: Any) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=kind is progress.LiveProgress, width=60)
    with kind(console) as shown:
        for number in range(1, 7):
            shown.started(f"replicate {number}: [a]", 0.0, 14400.0)
            shown.heading(f"replicate {number}: [a]", 720.0 * number)
        shown.finished("replicate 1: [a]")
        text.truncate(0)
        shown.stopping()
        said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.getvalue())
    line = next(line for line in said.replace("\r", "\n").splitlines() if "Stopping" in line)
    first = "1 d of arm 'replicate 2: [a]', 36 h of arm 'replicate 3: [a]'"
    assert line.lstrip("\0").startswith(f"Stopping at the next stored time ({first}, ")
    assert "and 2 more), please wait. Ctrl-C again stops at once" in line


def test_bars_of_runs_that_are_done_make_room_for_others() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress.LiveProgress(console) as shown:
        for number in range(progress.MOST_BARS + 20):
            shown.started(f"replicate {number}: control", 0.0, 1440.0)
            if number != 3:
                shown.finished(f"replicate {number}: control")
        bars = [task.description for task in shown._progress.tasks if task.visible]
    assert len(bars) == progress.MOST_BARS + 1
    assert "replicate 3: control" in bars


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'numba', 'pandas', 'pydantic', 'pyarrow', 'pint', 'scipy'}"
    code = (
        "import sys; from opsonin.cli.main import main; main(['--help']);"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip().endswith("[]")
    assert "resume" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    code = "import sys; from opsonin.cli.main import main; sys.exit(main(['knowledge', 'show', 'cancer']))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, b"")


def test_knowledge_is_listed_shown_and_checked(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "list", "drugs"]) == 0
    assert "nivolumab" in capfd.readouterr().out
    assert main(["knowledge", "show", "drug.nivolumab"]) == 0
    assert "clearance = " in capfd.readouterr().out
    assert main(["knowledge", "show", "nivolumab", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["ok"] is True and "drug.nivolumab" in told
    assert main(["knowledge", "list", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["ok"] is True
    assert main(["schema", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["ok"] is True and told["schema"]["type"] == "object"
    assert main(["knowledge", "check"]) == 0
    assert "numbers" in capfd.readouterr().out


def test_the_version_is_told_to_people_and_programs(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    told = capfd.readouterr().out.split()
    for args in (["--version", "--json"], ["--json", "--version"]):
        assert main(args) == 0
        assert json.loads(capfd.readouterr().out) == {"ok": True, "version": told[1]}
    assert main(["--json"]) == 2  # by itself it asks for nothing
    assert json.loads(capfd.readouterr().out)["faults"][0]["problem"].endswith("stands after the command.")


def test_a_range_is_told_in_the_unit_of_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "show", "nivolumab"]) == 0
    said = capsys.readouterr().out
    assert "molar_mass = 146 kg/mol  [143.5 to 146.3 kg/mol]" in said


def test_a_tissue_stored_more_seldom_than_it_lives_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).resolve().parents[2] / "examples" / "demo.toml").read_text()
    (tmp_path / "a.toml").write_text(text.replace('"2 d"\nseed', '"10 h"\nseed'))
    assert main(["check", str(tmp_path / "a.toml")]) == 0
    assert "output.every (1 d) is longer than the run" in capsys.readouterr().out


def test_a_tissue_without_tumour_is_doubted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).resolve().parents[2] / "examples" / "demo.toml").read_text()
    start = text.index("densities")
    without = (
        text[:start]
        + 'fractions = { cd8 = 1.0 }\ndensity = "6000 cells/mm2"'
        + text[text.index("\n", start) :]
    )
    (tmp_path / "a.toml").write_text(without)
    assert main(["check", str(tmp_path / "a.toml")]) == 0
    assert "doubt   there are no tumour cells" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("holds", "words"),
    [
        ([], "before anything was stored. The same command begins again."),
        (["provenance.json"], "before time 0: no state is stored in {out} yet"),
        (["provenance.json"], "It begins anew with: opsonin resume {out}"),
        (["provenance.json", "arms/a/000000/x"], "is intact: arm 'a' 1 time. opsonin resume {out}"),
        (["provenance.json", "replicates/1/arms/a/000000/x"], "is intact. opsonin resume {out}"),
        (["provenance.json", "summary.json"], "its report is not written. opsonin report {out}"),
    ],
)
def test_an_early_interruption_says_what_is_there_and_how_to_go_on(
    holds: list[str], words: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in holds:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("{}")
    with pytest.raises(Interrupted) as met, telling_what_is_left(out):
        raise KeyboardInterrupt
    (fault,) = met.value.faults
    assert words.format(out=out) in f"{fault.problem} {fault.fix}"
