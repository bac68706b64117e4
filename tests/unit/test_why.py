"""`opsonin why` and the report's section: the same shares in words, numbers, pictures and JSON; faults in a line."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from opsonin.cli.main import main
from opsonin.core.errors import InputError
from opsonin.engine.tabulate import fitness_substrates
from opsonin.io.scenario import Scenario
from opsonin.knowledge.library import load_library
from opsonin.observe import barriers
from opsonin.report import html, why, why_picture, words
from opsonin.store.result import Result
from opsonin.store.segments import LEDGER
from opsonin.store.why import Account, accounts
from small_run import small_run

NAMES = {"receptor": "Receptors", "PD-1:PD-L1": "Checkpoint", "near": "Near", "far": "Far"}


def made_account(
    arm: str = "control", lost: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0), replicates: int = 1
) -> Account:
    """A ledger of four stretches of a day in which every barrier takes as much at each."""
    columns = {f"lost.{name}": np.full(4, value) for name, value in zip(NAMES, lost, strict=True)}
    columns |= {"log_loss.receptor": np.full(4, 60.0 * np.log(4.0)), "log_loss.PD-1:PD-L1": np.zeros(4)}
    columns |= {"contact_min": np.full(4, 60.0), "near_min": np.full(4, 120.0), "far_min": np.full(4, 60.0)}
    columns |= {"kills": np.ones(4), "expected": np.full(4, 2.0), "possible": np.full(4, 12.0)}
    ticks = 86400 * np.arange(1, 5)
    return Account(arm, NAMES, ticks, tuple(columns for _ in range(replicates)))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A result as it was before there was a ledger."""
    shutil.copytree(small_run().path, tmp_path / "old")
    for file in (tmp_path / "old").rglob(LEDGER):
        file.unlink()
    return tmp_path / "old"


def test_it_says_of_each_arm_what_takes_most(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["why", str(small_run().path), "--propose", "0"]) == 0
    said = capfd.readouterr().out
    first = small_run().why("control")["title"][0]
    arms = [line for line in said.splitlines() if re.match(r"(control|nivolumab): ", line)]
    assert len(arms) == 2
    assert f"Most is lost to {first[0].lower()}{first[1:]}" in arms[0]
    shares = [float(found) for found in re.findall(r"^  \S.*?  +([\d.]+) %", said, re.MULTILINE)]
    library = load_library()
    every = 8 + sum(pair.kind == "checkpoint" for pair in library.interactions.values())
    every += len(fitness_substrates(library))
    nothing = re.findall(r"^  Nothing is lost to (.*)\.$", said, re.MULTILINE)
    each = [
        every - named.count(", ") - 1
        for named in (text.replace("killers, but", "killers but") for text in nothing)
    ]
    assert len(shares) == sum(each) < 2 * every
    assert shares[: each[0]] == sorted(shares[: each[0]], reverse=True)
    assert 0.0 not in shares


def test_json_holds_the_table_the_totals_and_the_course(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["why", str(small_run().path), "--arm", "nivolumab", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    (arm,) = told["arms"]
    assert arm["arm"] == "nivolumab"
    assert sum(row["share"] for row in arm["barriers"]) == pytest.approx(1.0)
    assert arm["expected"] + sum(row["lost"] for row in arm["barriers"]) == pytest.approx(arm["possible"])
    assert {row["barrier"] for row in arm["barriers"] if row["lets_through"] is None} == {"near", "far"}
    assert arm["over_time"]["until_day"] == [0.25, 0.5]
    assert set(arm["over_time"]["share"]) == {row["barrier"] for row in arm["barriers"]}


@pytest.mark.parametrize("kind", why_picture.FORMATS)
def test_a_picture_has_the_format_that_its_name_ends_in_and_the_same_bytes_again(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        assert main(["why", str(small_run().path), "-o", str(tmp_path / f"{name}.{kind}")]) == 0
    content = (tmp_path / f"one.{kind}").read_bytes()
    assert content == (tmp_path / f"two.{kind}").read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[kind])
    assert "picture: " in capfd.readouterr().out


def test_faults_are_told_in_a_line_with_exit_code_2(
    old: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = str(small_run().path)
    for args, problem in (
        ([str(old)], "has no encounter ledger"),
        ([good, "--arm", "nivolumap"], "there is no arm 'nivolumap'.\n"),
        ([good, "-o", str(tmp_path / "why.gif")], "does not end in one of .png, .svg, .pdf"),
        ([good, "-o", str(tmp_path / "no" / "why.png")], "there is no such folder"),
        ([str(tmp_path / "nothing")], "there is no such folder"),
    ):
        assert main(["why", *args]) == 2
        said = capfd.readouterr()
        assert problem.strip() in said.err
        assert said.out == ""


@pytest.mark.usefixtures("blank_pictures")
def test_a_report_of_a_result_without_a_ledger_has_no_such_section(old: Path) -> None:
    assert 'id="why"' not in html.render(Result.open(old))


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_has_a_section_with_a_picture_and_numbers_per_arm() -> None:
    page = html.render(small_run())
    assert '<h2 id="why">Why</h2>' in page
    found = re.findall(r'download="why-(\w+)\.csv" href="data:text/csv;charset=utf-8;base64,([^"]+)"', page)
    assert [arm for arm, _ in found] == ["control", "nivolumab"]
    table = pd.read_csv(io.BytesIO(base64.b64decode(found[0][1])))
    assert table["until_d"].tolist() == [0.25, 0.5]
    np.testing.assert_allclose(table.drop(columns=["arm", "until_d"]).sum(axis=1), 1.0)
    assert re.findall(r'data-legend="barriers" data-title="([^"]*)"', page) == [
        "Lost kills by barrier: control",
        "Lost kills by barrier: nivolumab",
    ]


def test_the_table_begins_with_the_largest_of_the_first_arm_and_leaves_out_what_takes_nothing() -> None:
    page = html.render(small_run())
    section = page[page.index('id="why"') : page.index('id="maps"')]
    assert section.count("early, late") == 2  # beside each other even four arms must fit a desk
    body = section[section.index("<tbody>") : section.index("</tbody>")]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td class="n">(.*?)<', body)
    shown = dict(rows)
    table = small_run().why("control")
    assert list(shown) == [title for title in table["title"] if title in shown]
    taken = small_run().why().groupby("title")["share"].max()
    assert set(shown) == set(taken[taken >= 5e-4].index)
    keys = re.findall(r'class="key barrier-key">.*?</svg> (.*?)</span>', section)
    assert set(keys) == set(shown)
    for title in set(taken.index) - set(shown):
        assert title[1:] in re.findall(r"Nothing is lost to (.*?)\. ", section)[0]


def test_shares_means_and_the_factor_are_those_of_the_columns() -> None:
    account = made_account(replicates=2)
    table = why.why.ranked(account).set_index("barrier")
    assert table.index.tolist() == ["far", "near", "PD-1:PD-L1", "receptor"]
    assert table["share"].tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert table["low"].tolist() == pytest.approx(table["high"].tolist())
    assert table["lets_through"]["receptor"] == pytest.approx(0.25)
    assert np.isnan(table["lets_through"]["far"])
    assert why.totals(account) == pytest.approx(
        {"until_day": 4.0, "kills": 4.0, "expected": 8.0, "possible": 48.0, "held": 0.25}
    )


def test_where_there_is_no_target_there_is_no_share_and_nothing_fails() -> None:
    account = made_account(lost=(0.0, 0.0, 0.0, 0.0))
    table = why.why.ranked(account)
    assert table["share"].isna().all()
    assert why.sentence(account, table).endswith("of the tumour cells' time.")
    assert why.why.taking([account]) == {}
    assert why_picture.svg(account, {}, 4 * 1440.0, words.Clock.over(4 * 1440.0)).startswith("<svg")


def test_the_stack_has_the_colours_of_its_barriers_in_the_proportions_of_their_shares() -> None:
    content = why_picture.picture([made_account()], "png")
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).reshape(-1, 3)
    counts = []
    for colour in why_picture.colours(NAMES).values():
        rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        counts.append(int((pixels == rgb).all(axis=1).sum()))
    assert np.array(counts) / sum(counts) == pytest.approx(
        [0.1, 0.2, 0.3, 0.4], abs=0.06
    )  # the legend has some, too


def test_every_stored_stretch_is_read_and_only_of_arms_that_have_one() -> None:
    found = accounts(small_run(), ["control"])
    assert [account.ticks.tolist() for account in found] == [[21600, 43200]]
    assert found[0].early().tolist() == [True, False]


def test_an_interval_is_told_only_where_its_ends_differ() -> None:
    assert why.within(0.08, 0.12) == "8 % to 12 %"
    assert why.within(0.0, 0.0) == why.within(0.121, 0.122) == why.within(float("nan"), float("nan")) == ""


def test_no_two_barriers_have_one_colour():
    library = load_library()
    pairs = {p.name: p.name for p in library.interactions.values() if p.kind == "checkpoint"}
    told = barriers.titles(pairs, {name: name for name in fitness_substrates(library)})
    found = why_picture.colours(told)
    assert len(set(found.values())) == len(told) == len(found)


def test_drugs_are_proposed_after_the_ranking_as_many_as_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    out = str(small_run().path)
    assert main(["why", out, "--propose", "2"]) == 0
    said = capfd.readouterr().out
    assert said.count("Drugs that act on these barriers, by direction alone: a screen, no prediction.") == 2
    control = small_run().propose("control")
    for row in control.head(2).to_dict("records"):
        assert re.search(rf"^  {row['drug']} +\d+ %  opens ", said, re.MULTILINE)
    assert control["drug"][2] not in said[: said.index("nivolumab:")]
    assert main(["why", out, "--propose", "0"]) == 0
    assert "Drugs that act" not in capfd.readouterr().out


def test_the_frame_the_json_and_the_table_tell_the_same_drugs(capfd: pytest.CaptureFixture[str]) -> None:
    frame = small_run().propose()
    assert frame.groupby("arm").size().max() <= 10
    assert main(["why", str(small_run().path), "--propose", "10", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["proposals_note"] == ""
    for arm in told["arms"]:
        own = frame[frame["arm"] == arm["arm"]]
        assert [one["drug"] for one in arm["proposals"]] == own["drug"].tolist()
        shares = {row["barrier"]: row["share"] for row in arm["barriers"]}
        for one in arm["proposals"]:
            opened, closed = (
                sum(shares[item["barrier"]] for item in one[key]) for key in ("opens", "closes")
            )
            assert one["net"] == pytest.approx(opened - closed)
            assert all(item["by"] for item in one["opens"])


def test_a_drug_that_the_arm_has_is_marked() -> None:
    from opsonin.report import proposals

    (account,) = accounts(small_run(), ["nivolumab"])
    found = {one.drug: one for one in proposals.of_arm(small_run(), account, load_library())}
    assert found["nivolumab"].given
    assert not [name for name, one in found.items() if one.given and name != "nivolumab"]
    assert any(
        "nivolumab (given)" in line for line in proposals.lines([found["nivolumab"]], account.barriers)
    )


def test_a_scenario_with_a_proposed_drug_is_written_and_checks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, file = str(small_run().path), tmp_path / "trial.toml"
    best = small_run().propose("nivolumab")
    assert main(["why", out, "--arm", "nivolumab", "--write", str(file)]) == 0
    assert f"with the arm 'nivolumab + {best['drug'][0]}'" in capfd.readouterr().out
    assert main(["check", str(file)]) == 0
    arms = Scenario.load(file).arm
    assert [arm.name for arm in arms] == ["control", "nivolumab", f"nivolumab + {best['drug'][0]}"]
    assert [dose.drug for dose in arms[-1].dose] == ["nivolumab", best["drug"][0]]
    capfd.readouterr()
    other = tmp_path / "other.toml"
    assert main(["why", out, "--test", "pembrolizumab", "--write", str(other), "--json"]) == 0
    written = json.loads(capfd.readouterr().out)["written"]
    assert (written["arm"], written["beside"]) == ("pembrolizumab", "control")
    assert main(["check", str(other)]) == 0


def test_what_is_wrong_with_proposals_is_told_in_a_line_and_nothing_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, new = str(small_run().path), str(tmp_path / "new.toml")
    there = tmp_path / "there.toml"
    there.write_text("kept")
    for args, problem in (
        (["--propose", "11"], "is not a whole number from 0 to 10"),
        (["--propose", "many"], "is not a whole number from 0 to 10"),
        (["--test", "nivolumab"], "needs a file to write the scenario to"),
        (["--test", "nivolumb", "--write", new], "Did you mean 'nivolumab'?"),
        (["--test", "Opdivo", "--write", new], "Did you mean 'nivolumab'?"),
        (
            ["--arm", "nivolumab", "--test", "nivolumab", "--write", new],
            "is given in arm 'nivolumab' already",
        ),
        (["--write", str(there)], "is there already"),
        (["--write", str(tmp_path / "no" / "new.toml")], "there is no folder"),
    ):
        assert main(["why", good, *args]) == 2, args
        said = capfd.readouterr()
        assert problem in said.err, args
        assert "Traceback" not in said.err
    assert there.read_text() == "kept"
    assert not Path(new).exists()


def test_another_knowledge_base_than_that_of_the_run_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from opsonin.knowledge.library import Library

    monkeypatch.setattr(Library, "digest", lambda _: "another")
    assert main(["why", str(small_run().path), "--propose", "1"]) == 0
    assert "another one than the run used" in capfd.readouterr().out


def test_a_scenario_that_fits_the_knowledge_base_no_longer_leaves_the_ranking(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def gone(_: Scenario) -> None:
        raise ValueError("there is no such number")

    monkeypatch.setattr(Scenario, "library", gone)
    assert main(["why", str(small_run().path)]) == 0
    said = capfd.readouterr().out
    assert "No drugs are proposed: " in said
    assert "Most is lost to" in said
    with pytest.raises(InputError, match="another knowledge base"):
        small_run().propose()


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_proposes_drugs_for_each_arm() -> None:
    page = html.render(small_run())
    section = page[page.index('id="proposals"') : page.index('id="maps"')]
    assert "A screen and no prediction" in section
    for arm in ("control", "nivolumab"):
        table = section[section.index(f"<caption>{arm}</caption>") :]
        rows = re.findall(r'<tr><th scope="row">([\w-]+)', table[: table.index("</table>")])
        assert rows == small_run().propose(arm)["drug"].head(5).tolist()
