"""Births are kept, and the tree of the living is that of their births."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.engine import run
from opsonin.store import lineage
from opsonin.store.result import Result
from tissues import CONTROL, NIVOLUMAB, scenario

LEAF = re.compile(r"(\d+)(?:\[&lost=\"([^\"]*)\"\])?:")


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Result:
    """Two days in which cells divide and get defects often."""
    return run.run(
        scenario(
            scenario__duration="2 d",
            output__every="12 h",
            arm=[CONTROL, NIVOLUMAB],
            knowledge={"defect.antigen-loss.rate": 0.3, "defect.b2m-loss.rate": 0.3},
        ),
        tmp_path_factory.mktemp("lineage") / "out",
    )


def alive(result, time="2 d"):
    cells = result.cells(time, "control")
    return cells[(cells["type"] == "cancer") & cells["phase"].isin(["resting", "committed"])]


def depths(tree: str) -> dict[str, float]:
    """Distance of each leaf from the root of its line."""
    found, level, above = {}, [], []
    for token in re.findall(r"\(|\)|:[-0-9.e+]+|[^(),:;\s]+", tree):
        if token == "(":
            level.append(len(above))
        elif token == ")":
            joined, above = above[level[-1] :], above[: level.pop()]
            above.append([name for group in joined for name in group])
        elif token.startswith(":"):
            for name in above[-1]:
                found[name] += float(token[1:])
        else:
            found[token] = 0.0
            above.append([token])
    return found


def test_every_division_is_kept_with_the_defects_after_it(result):
    born = result.lineage("control")
    assert list(born) == ["time", "mother", "daughter", "mother_lost", "daughter_lost"]
    divisions = result.observables["divisions"].sel(arm="control").values[-1]
    assert len(born) == divisions > 20
    assert born["time"].is_monotonic_increasing and 0.0 < born["time"].iloc[0] < born["time"].iloc[-1] <= 2.0
    assert not born["daughter"].duplicated().any()
    last = alive(result).set_index("id")["lost"]
    newest = born.drop_duplicates("mother", keep="last").set_index("mother")["mother_lost"]
    both = last.index.intersection(newest.index)
    assert len(both) > 5
    assert (last[both] == newest[both]).all()  # nothing is lost between divisions


def test_the_tree_has_all_that_live_and_every_branch_ends_today(result):
    text = lineage.newick(result, "2 d", "control")
    living = alive(result)
    found = {int(name): lost for name, lost in LEAF.findall(text)}
    assert found == dict(zip(map(int, living["id"]), living["lost"], strict=True))
    born = set(map(int, result.lineage("control")["daughter"]))
    for line in text.splitlines():
        reached = depths(line)
        founders = {int(re.match(r"\d+", name)[0]) for name in reached} - born
        assert len(founders) <= 1
        np.testing.assert_allclose(list(reached.values()), 2.0, atol=1e-4)


def test_at_an_earlier_time_the_tree_is_that_of_then(result):
    text = lineage.newick(result, "12 h", "control")
    assert {int(name) for name, _ in LEAF.findall(text)} == set(map(int, alive(result, "12 h")["id"]))
    np.testing.assert_allclose(list(depths(text.splitlines()[0]).values()), 0.5, atol=1e-4)


def test_at_time_0_nobody_is_related(result):
    text = lineage.newick(result, 0, "control")
    assert text.count(";") == len(LEAF.findall(text)) == len(alive(result, 0))


def test_defects_are_observed_stored_and_exported(result):
    shares = result.observables["antigen-loss_clone"].sel(arm="control").values
    lost = alive(result)["lost"]
    assert shares[0] < shares[-1] == pytest.approx(np.mean(lost.str.contains("antigen-loss")))
    assert "antigen-loss+b2m-loss" in set(lost)


def test_the_command_writes_a_tree_and_a_table(result, tmp_path, capsys):
    out = str(result.path)
    assert main(["lineage", out, "--arm", "control", "-o", str(tmp_path / "tree.nwk"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    text = (tmp_path / "tree.nwk").read_text()
    assert text == lineage.newick(result, "2 d", "control")
    assert told["trees"] == text.count(";\n")
    assert main(["lineage", out, "--arm", "control", "-o", str(tmp_path / "births.csv")]) == 0
    assert f"{len(result.lineage('control')):,} births" in capsys.readouterr().out
    assert (
        (tmp_path / "births.csv").read_text().startswith("time,mother,daughter,mother_lost,daughter_lost\n")
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "tree.nwk"], "several arms"),
        (["--arm", "contrl", "-o", "tree.nwk"], "control"),
        (["--arm", "control", "-o", "tree.txt"], "tree.nwk"),
        (["--arm", "control", "-o", "nowhere/tree.nwk"], "no such folder"),
        (["--arm", "control", "--at", "3 d", "-o", "tree.nwk"], "not stored at 3 d"),
        (["--arm", "control", "--at", "1 d", "-o", "births.csv"], "--at"),
    ],
)
def test_a_fault_names_what_is_wrong(result, tmp_path, monkeypatch, capsys, words, told):
    monkeypatch.chdir(tmp_path)
    assert main(["lineage", str(result.path), *words]) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_result_without_lineage_says_so(result, tmp_path):
    import shutil

    shutil.copytree(result.path, tmp_path / "old")
    for file in (tmp_path / "old").rglob("lineage.parquet"):
        file.unlink()
    with pytest.raises(InputError, match="keeps no lineage"):
        Result.open(tmp_path / "old").lineage("control")
