"""What is asked in Python is checked before anything is written, and faults of the tissue name the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.engine import run
from opsonin.report import map_grids, maps
from opsonin.report.stored import Snapshot
from opsonin.store import why
from opsonin.store.result import Result
from small_run import small_run
from tissues import scenario


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "a"])
def test_a_seed_that_is_none_is_refused_and_nothing_is_begun(seed, tmp_path):
    with pytest.raises(InputError, match=r"seed.*whole number"):
        run.run(scenario(), tmp_path / "out", seed=seed)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("threads", [0, 65, 1.5, "2", True])
def test_a_number_of_threads_that_is_none_is_refused(threads, tmp_path):
    with pytest.raises(InputError, match=r"threads.*whole number"):
        run.run(scenario(), tmp_path / "out", threads=threads)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="threads"):
        run.resume(tmp_path, threads=threads)


@pytest.mark.parametrize("asked", [{"a": 1}, None, 3])
def test_what_is_no_scenario_is_named(asked):
    with pytest.raises(InputError, match=r"(?s)scenario.*Scenario\.from_dict"):
        run.run(asked)


def test_an_unknown_arm_has_no_reasons():
    with pytest.raises(InputError, match=r"(?s)no arm 'contrl'.*control"):
        why.accounts(Result.open(small_run().path), ["contrl"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"tumour.melanoma.vessel_density" = "1e9 1/mm2"', "9  tumour.melanoma.vessel_density"),
        ('"tumour.melanoma.potential_doubling_time" = "1 s"', "9  tumour.melanoma.potential_doubling_time"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_number_that_no_tissue_can_have_is_named_with_its_line(text, told, command, tmp_path, capsys):
    file = tmp_path / "s.toml"
    file.write_text(
        '[scenario]\nname = "a"\nduration = "1 d"\n[tissue]\ntumour = "melanoma"\n'
        'generate = { size = ["300 um", "300 um"] }\n\n[knowledge]\n' + text + '\n[[arm]]\nname = "control"\n'
    )
    words = [command, str(file), *(["-o", str(tmp_path / "out")] if command == "run" else [])]
    assert main(words) == 2
    assert f"s.toml:{told}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_map_tells_how_many_cells_each_drawn_one_stands_for():
    result = Result.open(small_run().path)
    cells, box = result.cells("0 d", "control"), result.box("0 d", "control")
    captions = []
    for weight in (1.0, 0.25):
        panel = Snapshot("control", 0.0, cells, {}, {}, box, weight)
        scene = maps.scene([panel], result.provenance["cell_types"])
        captions.append(map_grids.cell_panel(panel, scene, 1, {})["caption"])
    assert "stands for" not in captions[0]
    assert captions[1] == f"{captions[0]} · each stands for 0.25"


@pytest.mark.parametrize(
    ("tissue", "doubt"),
    [
        ('densities = { cancer = "0 cells/mm2", cd8 = "3000 cells/mm2" }', "no tumour cells"),
        ('densities = { cancer = "3000 cells/mm2" }', ""),
    ],
)
def test_a_drawn_tissue_without_tumour_cells_is_doubted(tissue, doubt, tmp_path, capsys):
    file = Path(tmp_path) / "s.toml"
    file.write_text(
        '[scenario]\nname = "a"\nduration = "1 d"\n[tissue]\ntumour = "melanoma"\n'
        f'generate = {{ size = ["300 um", "300 um"], {tissue} }}\n[[arm]]\nname = "control"\n'
    )
    assert main(["check", str(file)]) == 0
    assert ("no tumour cells" in capsys.readouterr().out) == bool(doubt)
