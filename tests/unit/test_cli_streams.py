"""The command line in a shell: output that is closed or full, names that are no text, and words half written.

One process each; what is said of wrong inputs is in `malformed/`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opsonin.cli import complete
from opsonin.cli.main import main
from opsonin.knowledge.library import KINDS

SHELL = shutil.which("bash")
pytestmark = pytest.mark.skipif(SHELL is None, reason="bash is not installed")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scenario, and an `opsonin` to be found by the shell."""
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "opsonin"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opsonin "$@"\n')
    program.chmod(0o755)
    return tmp_path


def typed(line: str, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What bash makes of a line."""
    assert SHELL is not None
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    told = (
        os.environ | {"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(place)} | environment
    )
    return subprocess.run(
        [SHELL, "-c", line], capture_output=True, text=True, env=told, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        ("opsonin check nowhere.toml", 2, "nowhere.toml"),
        ("opsonin run scenario.toml -o out --threads 0", 2, "'0'"),
        ("opsonin check scenario.toml > /dev/full", 3, "disk"),
        ("opsonin check scenario.toml --json > /dev/full", 3, "disk"),
        ("opsonin check nowhere.toml --json > /dev/full", 2, "nowhere.toml"),
        ("opsonin check nowhere.toml 2> /dev/full", 2, ""),
        ("opsonin check scenario.toml >&-", 0, ""),
        ("opsonin check scenario.toml 2>&-", 0, ""),
        ("opsonin check nowhere.toml 2>&-", 2, ""),
    ],
)
def test_output_that_is_closed_or_full_is_no_traceback(line: str, code: int, word: str, place: Path) -> None:
    done = typed(line, place)
    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr and "unexpectedly" not in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii"])
def test_a_name_that_is_no_text_is_told(encoding: str, place: Path) -> None:
    done = typed(r"opsonin check $'\xff\xe9.toml' --json", place, PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert json.loads(done.stdout)["faults"][0]["where"] == "\udcff\udce9.toml"


@pytest.fixture(scope="module")
def completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script of completions, as `--install-completion` leaves it."""
    home = tmp_path_factory.mktemp("home")
    program = [sys.executable, "-m", "opsonin", "--install-completion", "bash"]
    told = os.environ | {"HOME": str(home), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    told["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run(program, env=told, capture_output=True, timeout=120, check=True)
    return home / ".bash_completions" / "opsonin.sh"


COMPLETE = """
source {script}
words() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _opsonin_completion opsonin; echo "${{COMPREPLY[*]}}"; }}
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ('"opsonin" "sch"', ["schema"]),
        ('"opsonin" "run" "--thr"', ["--threads"]),
        ('"opsonin" "knowledge" "list" "dr"', ["drugs"]),
        ('"opsonin" "knowledge" "show" "nivo"', ["nivolumab"]),
        ('"opsonin" "knowledge" "show" "drug.nivo"', ["drug.nivolumab"]),
        ('"opsonin" "knowledge" "show" "drag."', []),
        ('"opsonin" "knowledge" "show" "PD-1:"', ["PD-1:PD-L1", "PD-1:PD-L2"]),
        ('"opsonin" "init" "--labels" ""', ["codex-mouse", "melanoma-markers", "pdac-markers", "tnbc-mibi"]),
        ('"opsonin" "branch" "old" "--from" ""', ["control", "other"]),
        ('"opsonin" "why" "old" "--arm" "c"', ["control"]),
        ('"opsonin" "movie" "old" "--arm" ""', ["control", "other"]),
        ('"opsonin" "movie" "old" "--field" ""', ["MEL04_1", "MEL04_2"]),
        ('"opsonin" "movie" "old" "--replicate" ""', ["1", "2"]),
        ('"opsonin" "branch" "nowhere" "--from" ""', []),
        ('"opsonin" "check" "scen"', []),  # bash then offers files
    ],
)
def test_a_half_written_word_is_completed(
    words: str, offered: list[str], place: Path, completion: Path
) -> None:
    (place / "old").mkdir()
    (place / "old" / "provenance.json").write_text(
        json.dumps(
            {
                "arms": [{"name": "control"}, {"name": "other"}],
                "fields": [{"name": "MEL04_1"}, {"name": "MEL04_2"}],
                "replicates": [{"name": "1"}, {"name": "2"}],
            }
        )
    )
    done = typed(f"{COMPLETE.format(script=completion)} words {words}", place)
    assert done.stdout.split() == offered, done.stderr


def test_kinds_are_completed_as_the_library_names_them() -> None:
    assert {kind: folder for kind, (folder, _) in KINDS.items()} == complete.FOLDERS
