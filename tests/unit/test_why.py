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
from opsonin.engine.tabulate import fitness_substrates
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
    assert main(["why", str(small_run().path)]) == 0
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
