"""Faults of the command line and of results that were meddled with: said in words, with the command that helps."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from opsonin.__main__ import entry
from opsonin.cli.main import main
from opsonin.core.errors import Fault
from opsonin.io.columns import numbers
from opsonin.io.tables import read_table
from opsonin.knowledge.aliases import TUMOURS, meant
from opsonin.knowledge.library import load_library
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


@pytest.mark.usefixtures("blank_pictures")
def test_a_finished_result_that_lost_an_arm_is_not_finished(meddled: Path, capfd):
    assert Result.open(meddled).complete
    shutil.rmtree(meddled / "arms" / Result.open(meddled).arms[-1])
    assert not Result.open(meddled).complete
    assert main(["report", str(meddled), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["unfinished"] is True


@pytest.mark.parametrize("command", [("report",), ("why",), ("movie",)])
def test_arms_that_were_swapped_or_copied_are_refused(meddled: Path, command: tuple[str, ...], capfd):
    first, second = (meddled / "arms" / arm for arm in Result.open(meddled).arms)
    first.rename(meddled / "aside")
    second.rename(first)
    (meddled / "aside").rename(second)
    assert main([*command, str(meddled)]) == 3
    told = capfd.readouterr().err
    assert f"belongs to arm '{second.name}', not to arm '{first.name}' of this run" in told


def test_an_arm_that_the_run_never_had_is_refused(meddled: Path, capfd):
    shutil.copytree(meddled / "arms" / Result.open(meddled).arms[0], meddled / "arms" / "evil")
    assert main(["report", str(meddled)]) == 3
    assert "not to arm 'evil'" in capfd.readouterr().err


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


@pytest.mark.usefixtures("blank_pictures")
def test_a_finished_result_that_lost_its_last_times_is_not_finished(meddled: Path, capfd):
    for arm in (meddled / "arms").iterdir():
        shutil.rmtree(max(arm.glob("[0-9]*")))
    assert not Result.open(meddled).complete
    assert main(["report", str(meddled), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["unfinished"] is True
    assert main(["resume", str(meddled), "-q"]) == 0
    assert Result.open(meddled).complete


@pytest.mark.parametrize("command", ["schema", "init"])
def test_a_file_that_cannot_be_written_says_nothing_of_runs(command: str, capfd):
    assert main([command, "-o", "/proc/opsonin.txt"]) == 3
    told = capfd.readouterr().err
    assert "/proc/opsonin.txt  cannot be written" in told
    assert "resume" not in told


def test_a_movie_that_cannot_be_written_is_named_by_its_place(meddled: Path, capfd):
    assert main(["movie", str(meddled), "-o", "/proc/m.html"]) == 3
    assert "/proc/m.html  cannot be written" in capfd.readouterr().err


def test_branch_names_the_option_that_says_which_arm(meddled: Path, capfd):
    assert (
        main(["branch", str(meddled), "--at", "0 d", "--arm", "control", "-o", str(meddled.parent / "on")])
        == 2
    )
    assert "--from" in capfd.readouterr().err


def test_a_folder_given_for_the_table_of_evidence_is_input_at_fault(tmp_path: Path, capfd):
    assert main(["knowledge", "check", "--evidence", str(tmp_path)]) == 2
    assert "CSV" in capfd.readouterr().err


def test_what_is_too_long_to_read_is_quoted_by_its_ends():
    fault = Fault("cells.csv row 2", f"label '{'x' * 200_000}' is not known.", "Say what it is.")
    assert len(str(fault)) < 300
    assert "200,002 signs" in str(fault)
    assert str(Fault("/" + "a" * 250, "is a folder.")).startswith("/" + "a" * 250)


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("NA", "leave the row out"),
        ("1,000.0", "1000.0"),
        ("10.0 um", "the number alone, 10.0"),
        ("1,5", "decimals with a point"),
        ("left", "Write a number"),
    ],
)
def test_a_place_that_is_no_number_says_how_to_write_it(value: str, fix: str, tmp_path: Path):
    cells = tmp_path / "cells.csv"
    cells.write_text(f'x,y\n1.0,2.0\n"{value}",2.0\n')
    _, faults = numbers(read_table(cells), "x", np.arange(2))
    assert fix in faults[0].fix


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("anti-PD-1", "What blocks it here: cemiplimab, dostarlimab, nivolumab, pembrolizumab."),
        ("PD-1 inhibitor", "What blocks it here: cemiplimab, dostarlimab, nivolumab, pembrolizumab."),
        ("aPDL1", "What blocks it here: atezolizumab, avelumab, durvalumab."),
        ("anti-TIGIT", "What blocks it here: tiragolumab."),
        ("aTIGIT", "What blocks it here: tiragolumab."),
        ("anti TIM3 antibody", "What blocks it here: sabatolimab."),
        ("NKG2A-blocker", "What blocks it here: monalizumab."),
        ("anti-KIR", "What blocks it here: lirilumab."),
        ("IMFINZI", "Did you mean 'durvalumab'? It is named so here."),
        ("XIAP antisense", "Did you mean 'aeg35156'? It is named so here."),
        ("nivolumap", "Did you mean 'nivolumab'?"),
        ("Nivolumab", "Did you mean 'nivolumab'?"),
    ],
)
def test_a_drug_is_found_by_its_target_and_not_by_the_end_of_its_name(asked: str, told: str):
    drugs = load_library().drugs
    assert meant(asked, drugs) == told
    assert "Did you mean" not in meant("tremelimumab", drugs)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        *(("RCC", "'ccrcc'"), ("kidney", "'ccrcc'"), ("lung", "'nsclc'"), ("NSCLC", "'nsclc'")),
        *(("colorectal", "'crc_mss' or 'crc_msi'"), ("CRC", "'crc_mss' or 'crc_msi'"), ("MSI", "'crc_msi'")),
        *(("breast", "'tnbc' or 'her2_breast'"), ("HER2+", "'her2_breast'"), ("liver", "'hcc'")),
        *(("glioblastoma", "'gbm'"), ("GBM", "'gbm'"), ("HGSOC", "'ovarian'"), ("ovary", "'ovarian'")),
        *(("AML", "'aml'"), ("ALL", "'b_all'"), ("BCP-ALL", "'b_all'"), ("leukemia", "'aml' or 'b_all'")),
        *(("lymphoma", "'dlbcl'"), ("multiple myeloma", "'myeloma'"), ("melanomma", "'melanoma'")),
    ],
)
def test_a_tumour_is_found_by_the_name_that_people_call_it(asked: str, named: str):
    library = load_library()
    assert f"Did you mean {named}?" in meant(asked, library.tumours)
    assert "adrenal" not in library.tumours and "'ccrcc'" not in meant("adrenal", library.tumours)


def test_every_tumour_has_a_name_that_people_call_it():
    assert {tumour for tumour, _ in TUMOURS} == set(load_library().tumours)


@pytest.mark.parametrize("levels", [21, 300, 3000, 100_000])
def test_lists_in_lists_without_end_are_no_scenario(tmp_path: Path, levels: int, capfd):
    scenario = tmp_path / "deep.toml"
    scenario.write_text(f"x = {'[' * levels}{']' * levels}\n")
    assert main(["check", str(scenario)]) == 2
    assert "deep.toml  is nested too deeply" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("asked", "named"), [("pd-l1", "PD-L1"), ("mhc i", "MHC-I"), ("MOLECULE.pd-l1", None)]
)
def test_a_molecule_in_other_letters_is_meant_before_the_drugs_that_block_it(asked, named, capsys):
    assert main(["knowledge", "show", asked]) == 2
    assert f"Did you mean '{named or 'molecule.PD-L1'}'?" in capsys.readouterr().err
