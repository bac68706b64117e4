"""Faults of the command line and of results that were meddled with: said in words, with the command that helps."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path

import pytest

from opsonin.__main__ import entry
from opsonin.cli.main import main
from opsonin.store.result import Result
from small_run import small_run

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo.toml"


@pytest.fixture
def meddled(tmp_path: Path) -> Path:
    """A copy of a finished result of two arms."""
    return Path(shutil.copytree(small_run().path, tmp_path / "out"))


@pytest.mark.parametrize("speed", ["0", "nan", "1e9"])
def test_a_speed_that_no_movie_has_is_named(meddled: Path, speed: str, capfd):
    assert main(["movie", str(meddled), "--speed", speed]) == 2
    told = capfd.readouterr().err
    assert "--speed" in told
    assert f"is {float(speed):g};" in told
    assert "0.1 to 60" in told


def test_a_usage_error_names_the_help_of_its_own_command(meddled: Path, capfd):
    assert main(["movie", str(meddled), "--format", "mp4"]) == 2
    told = capfd.readouterr().err
    assert "'mp4'" in told
    assert "Value error" not in told
    assert "`opsonin movie --help`" in told


def test_a_finished_result_that_lost_an_arm_is_not_finished(meddled: Path, capfd):
    assert Result.open(meddled).complete
    shutil.rmtree(meddled / "arms" / Result.open(meddled).arms[-1])
    assert not Result.open(meddled).complete
    assert main(["report", str(meddled), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["unfinished"] is True


def test_why_refuses_a_result_whose_provenance_was_changed(meddled: Path, capfd):
    provenance = meddled / "provenance.json"
    provenance.write_text(provenance.read_text().replace('"seed": ', '"seed": 1'))
    assert main(["why", str(meddled)]) == 3
    assert "was changed" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("replicates = 20", "20 replicates"),
        ("replicate = 20", "replicates = 20 would run as many"),
        ("", "1 replicate"),
    ],
)
def test_check_says_how_often_the_question_is_put(tmp_path: Path, line: str, words: str, capfd):
    asked = tmp_path / "demo.toml"
    asked.write_text(DEMO.read_text().replace("seed = 7", f"seed = 7\n{line}"))
    assert main(["check", str(asked)]) == 0
    assert words in capfd.readouterr().out


def test_an_interrupt_while_the_modules_are_read_is_answered_in_words(monkeypatch: pytest.MonkeyPatch, capfd):
    imported = builtins.__import__

    def interrupted(name, *rest, **more):
        if name == "opsonin.cli.main":
            raise KeyboardInterrupt
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    with pytest.raises(SystemExit) as ended:
        entry()
    assert ended.value.code == 130
    assert capfd.readouterr().err == "interrupted  before anything was done.\n"


def test_a_result_is_not_written_into_another(meddled: Path, capfd):
    assert main(["run", str(DEMO), "-o", str(meddled / "again" / "once")]) == 2
    assert "is inside the result" in capfd.readouterr().err
    assert not (meddled / "again").exists()


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (('"melanoma"', '"b16"'), "volumes and clearance are those of people"),
        (('cd8 = "800', 'cd8 = "0'), "blocks PD-1, which no cell that kills in this tissue carries."),
    ],
)
def test_check_doubts_doses_that_do_not_fit(tmp_path: Path, change: tuple[str, str], doubt: str, capfd):
    (tmp_path / "unfit.toml").write_text(DEMO.read_text().replace(*change))
    assert main(["check", str(tmp_path / "unfit.toml"), "--json"]) == 0
    (told,) = json.loads(capfd.readouterr().out)["doubts"]
    assert doubt in told


BIOPSY = """
[scenario]
name = "field"
duration = "1 d"

[tissue]
tumour = "melanoma"
biopsy = "cells.csv"
labels = "melanoma-markers"
thickness = "20 um"

[[arm]]
name = "control"

[knowledge]
"""


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ('"tumour.melanoma.potential_doubling_time" = "1 s"', "potential_doubling_time"),
        ('"tumour.melanoma.vessel_density" = "1e12 1/mm2"', "vessel_density"),
    ],
)
def test_check_refuses_of_a_biopsy_what_its_run_would_refuse(tmp_path: Path, override: str, word: str, capfd):
    rows = [f"{10 * (n % 6)},{10 * (n // 6)},SOX10+" for n in range(36)]
    (tmp_path / "cells.csv").write_text("\n".join(["x_um,y_um,cell_type", *rows]) + "\n")
    asked = tmp_path / "asked.toml"
    asked.write_text(BIOPSY)
    assert main(["check", str(asked)]) == 0
    asked.write_text(BIOPSY + override + "\n")
    assert main(["check", str(asked)]) == 2
    assert word in capfd.readouterr().err
