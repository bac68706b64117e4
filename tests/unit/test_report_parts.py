"""What the report says of replicates, how it asks and cites, and the numbers that can be taken from it."""

from __future__ import annotations

import base64
import gzip
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from made_results import DAY, STEADY, FakeEnsemble, FakeResult
from opsonin.report import (
    asked,
    contact,
    curves,
    downloads,
    ends,
    html,
    imaged,
    map_grids,
    maps,
    movie,
    observed,
    origin,
    parts,
    steady,
    words,
)
from opsonin.report.curves import Curve
from opsonin.report.stored import Snapshot, map_times, snapshots
from opsonin.store.ensemble import pooled

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def replicated() -> str:
    fake = FakeEnsemble(count=60, days=3)
    return " ".join(
        re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html.render(fake), flags=re.DOTALL).split()
    )


def read(download: downloads.Download) -> pd.DataFrame:
    content = base64.b64decode(download.href.split(",", 1)[1])
    if download.name.endswith(".gz"):
        content = gzip.decompress(content)
    return pd.read_csv(io.BytesIO(content), float_precision="round_trip")


def test_replicates_are_said_wherever_they_count(replicated: str) -> None:
    for text in (
        "Maps are of replicate 1 of 3.",
        "Line: mean of 3 replicates. Whiskers: 90 % interval of the mean. Band: least to largest replicate.",
        "means over 3 replicates with their 90 % intervals, ratios are geometric means of those within replicates",
        "mean of 3 replicates, in brackets its 90 % interval",
        "a bar per replicate",
        "observables-by-replicate.csv",
    ):
        assert text in replicated, text


def test_what_was_before_time_0_is_pooled_over_replicates_with_all_their_warnings() -> None:
    starts = {str(k): {"image 1": STEADY | {"killing": 0.01 * k}, "image 2": None} for k in (1, 2, 3)}
    told = steady.of_replicates(starts, {})
    assert told is not None
    (row,) = told["fields"]
    values = dict(zip(steady._OF_A_FIELD, row["values"], strict=True))
    low, high = parts.mean_interval(np.array([0.01, 0.02, 0.03]), signed=False)[1:]
    assert values["killing"] == ("0.02", f"{words.number(low)} to {words.number(high)}")
    assert values["necrosis"] == (
        words.number(STEADY["necrosis"]),
        "",
    )  # the same in all: no interval is seen
    assert told["warnings"][0].startswith("replicate 1, image 1: Killing takes more")
    assert [text[:11] for text in told["warnings"]] == ["replicate 1", "replicate 2", "replicate 3"]


def test_of_many_warnings_the_first_are_told_and_how_many_more_there_are() -> None:
    starts = {str(k): {"": STEADY if k > 2 else STEADY | {"warnings": []}} for k in range(1, 21)}
    told = steady.of_replicates(starts, {})
    assert told is not None
    each = len(STEADY["warnings"])
    assert told["warnings"][0].startswith("replicate 3: ")
    assert told["warned"] == 18 * each
    assert told["warnings"][12:] == [f"{18 * each - 12} more; 18 of 20 replicates have warnings."]


def test_cells_of_time_0_stand_beside_those_imaged_summed_over_fields_and_as_means_of_replicates() -> None:
    both = {"image 1": STEADY, "image 2": STEADY}
    told = steady.of_fields(both, {}, {"image 1": True, "image 2": True})
    assert told is not None
    row = told["there"][0]
    assert [value for value, _ in row["values"]] == ["6,912", "5,582", f"{words.MINUS}19 %", "4,358"]
    fewer = [other | {"alive": 2700} for other in STEADY["census"]]
    told = steady.of_replicates({"1": {"": STEADY}, "2": {"": STEADY | {"census": fewer}}}, {})
    assert told is not None
    imaged_, alive, _, _ = told["there"][0]["values"]
    assert imaged_ == ("3,456", "")  # the same in both
    assert alive[0] == "2,746" and " to " in alive[1]


def test_arrivals_are_pooled_by_type_in_one_tissue() -> None:
    starts = {
        str(k): {"": STEADY | {"sources": [STEADY["sources"][0] | {"arrivals": 10.0 * k}]}} for k in (1, 3)
    }
    told = steady.of_replicates(starts, {})
    assert told is not None
    assert told["rows"][0]["values"][1][0] == "20"
    low, high = (float(edge) for edge in told["rows"][0]["values"][1][1].split(" to "))
    assert 0.0 == low < 20.0 < high  # arrivals are never negative


def test_the_end_of_replicates_is_a_mean_with_its_interval_and_a_paired_ratio() -> None:
    fake = FakeEnsemble(count=60, days=3)
    lines = [curve for curve in observed.lines(fake, fake.arms) if curve.name == "burden"]
    (row,) = ends.table(lines, fake.arms, words.Clock.over(3 * DAY))["rows"]  # type: ignore[index]
    each = np.exp(-0.5 * np.array([1.0, 1.1, 1.2]))
    mean, low, high = parts.mean_interval(each)
    ratio = parts.paired_ratio(each, np.exp(0.3 * np.array([1.0, 1.1, 1.2])))
    assert row["ends"][1]["value"] == words.number(mean)
    assert row["ends"][1]["spread"] == f"{words.number(low)} to {words.number(high)}"
    told = [words.number(value) for value in ratio]
    assert row["ends"][1]["ratio"] == f"{words.TIMES} {told[0]} [{told[1]} to {told[2]}]"
    assert row["ends"][0]["ratio"] == ""


def test_a_panel_of_replicates_has_bands_and_whiskers_and_its_table_their_edges() -> None:
    fake = FakeEnsemble(count=60, days=3)
    lines = [curve for curve in observed.lines(fake, fake.arms) if curve.name == "burden"]
    (group,) = observed.panels(lines, {}, 3 * DAY, words.Clock.over(3 * DAY))
    svg = group["panels"][0]["svg"]
    assert svg.count("opacity: 0.16") == 2
    table = read(group["panels"][0]["csv"])
    assert list(table) == ["arm", "time_d", "value", "min", "max", "sd", "low", "high"]
    drawn = curves.panel(lines[0], {}, 3 * DAY, words.Clock.over(3 * DAY)).axes[0].collections
    ends_drawn = {
        round(y, 9)
        for item in drawn
        if isinstance(item, LineCollection)
        for segment in item.get_segments()
        for y in segment[:, 1]
    }
    assert ends_drawn <= {round(y, 9) for y in (*table["low"], *table["high"])}
    assert len(ends_drawn) > 8
    assert (table["min"] <= table["value"]).all() and (table["value"] <= table["high"] + 1e-12).all()


def test_an_arms_numbers_come_back_from_the_page_as_they_are() -> None:
    fake = FakeResult(count=40, days=5)
    curve = next(curve for curve in observed.lines(fake, fake.arms) if curve.name == "burden")
    table = read(downloads.of_curve(curve))
    for arm in fake.arms:
        rows = table[table["arm"] == arm]
        assert rows["time_d"].tolist() == list(range(6))
        assert rows["value"].tolist() == fake.observables["burden"].sel(arm=arm).values.tolist()
    density = next(curve for curve in observed.lines(fake, fake.arms) if curve.unit == "cells/mm2")
    assert list(read(downloads.of_curve(density)).columns)[:3] == ["arm", "time_d", "value_cells_mm2"]
    (whole,) = (read(download) for download in downloads.of_observables(fake))
    assert f"{density.name}_cells_mm2" in whole.columns
    assert whole.loc[whole["arm"] == "control", "burden"].tolist() == table.loc[:5, "value"].tolist()


def test_cells_and_fields_of_the_maps_come_back_from_the_page() -> None:
    fake = FakeResult(count=40, days=3)
    panels = snapshots(fake, fake.arms, map_times(fake, fake.arms))
    table = read(downloads.of_cells(panels.values()))
    assert len(table) == sum(len(panel.cells) for panel in panels.values())
    field = read(downloads.of_field(panels.values(), "oxygen", "mmHg"))
    first = panels["control", 0.0]
    rows = field[(field["arm"] == "control") & (field["time_d"] == 0.0)]
    assert rows["value_mmHg"].to_numpy() == pytest.approx(first.fields["oxygen"][0].ravel(), rel=1e-4)
    assert rows["x_um"].max() == pytest.approx(first.box[0] * (1 - 0.5 / 48), abs=0.01)


def test_a_large_table_is_packed_without_a_clock_in_it() -> None:
    table = pd.DataFrame({"x": np.arange(20000.0)})
    first, second = downloads.table("many", table), downloads.table("many", table)
    assert first == second
    assert first.name == "many.csv.gz"
    assert read(first)["x"].tolist() == table["x"].tolist()


def test_the_question_is_asked_in_words() -> None:
    scenario = FakeResult(days=28).provenance["scenario"]
    question, where, often = asked.sentences(scenario, ["control", "nivolumab"], 28 * DAY)
    assert question == "What becomes of this metastatic melanoma in 28 days, untreated or under nivolumab?"
    assert where == (
        "The tissue is that of the biopsy melanoma_cells.csv.gz (patient MEL04, image 1), 20 µm thick."
    )
    assert often.startswith("It was computed once (seed 7); arms meet the same chance events")


def test_arms_of_the_same_drug_are_asked_by_name_and_replicates_are_counted() -> None:
    dose = {"drug": "nivolumab", "amount": "240 mg"}
    scenario: dict[str, Any] = {
        "scenario": {"seed": 3, "replicates": 20},
        "tissue": {"tumour": "pdac", "generate": {"geometry": "well", "size": ["200 um", "200 um"]}},
        "arm": [{"name": "early", "dose": [dose]}, {"name": "late", "dose": [dose | {"at": "7 d"}]}],
    }
    question, where, often = asked.sentences(scenario, ["early", "late"], 14 * DAY)
    assert (
        question
        == "What becomes of this pancreatic ductal adenocarcinoma in 14 days, in the arms early or late?"
    )
    assert where == f"The tissue is a generated well, 200 {words.TIMES} 200 µm; it is no patient's."
    assert "20 times" in often and "seed 3" in often and "A single run" not in often


def test_the_biopsy_is_counted_by_type_and_area_and_named_by_the_rule() -> None:
    fake = FakeResult(count=200)
    told = imaged.imaged(fake, drawn=False)
    assert told is not None
    kinds = fake.cells(0.0, "control")["type"].value_counts()
    area = fake.box(0.0, "control")[0] * fake.box(0.0, "control")[1] * 1e-6
    first = told["rows"][0]
    assert (first["title"], first["cells"]) == ("Melanoma cell", f"{kinds['cancer']:,}")
    assert first["density"] == words.number(kinds["cancer"] / area)
    assert told["sentences"][0].startswith("infiltrated: ")
    assert told["effector"] == "CD8 T cell"  # all in one colour, which the page says
    assert len(read(told["csv"])) == 200


def test_no_architecture_is_claimed_of_what_is_no_section_of_a_tumour() -> None:
    class Drawn(FakeResult):
        @property
        def provenance(self) -> dict[str, Any]:
            told = super().provenance
            told["scenario"]["tissue"] = {"tumour": "melanoma", "generate": {"geometry": self.name}}
            return told

    for geometry, claimed in (("section", True), ("well", False), ("node", False), ("marrow", False)):
        told = imaged.imaged(Drawn(count=200, name=geometry), drawn=True)
        assert told is not None
        assert bool(told["sentences"]) == bool(told["rule"]) == claimed, geometry


def test_a_whisker_that_does_not_fit_ends_in_an_arrowhead_and_no_other_is_cut() -> None:
    times, mean = np.arange(4) * DAY, np.full(4, 2.0)
    spread = {"a": np.stack([mean - 0.1, mean + 0.1, mean])}

    def drawn(low: float, high: float) -> tuple[Curve, Any]:
        curve = Curve(
            "x", "x", "", times, {"a": mean}, spread, {"a": np.stack([mean, mean])}, {"a": edges(low, high)}
        )
        axes = curves.panel(curve, {}, 3 * DAY, words.Clock.over(3 * DAY)).axes[0]
        return curve, {line.get_marker() for line in axes.lines if len(line.get_xdata())} & {"^", "v"}

    def edges(low: float, high: float) -> np.ndarray:
        return np.stack([np.full(4, low), np.full(4, high)])

    curve, arrows = drawn(1.5, 2.5)
    assert arrows == set() and not curves.cut(curve)
    assert "Arrowhead" not in observed._note(curve, "")
    curve, arrows = drawn(1.5, 50.0)
    assert arrows == {"^"} and curves.cut(curve)
    assert "Arrowhead: the interval goes on beyond the axis." in observed._note(curve, "")


def test_an_arrowhead_is_told_of_only_where_one_is_drawn() -> None:
    times, mean = np.arange(20) * DAY, np.full(20, 2.0)
    edges = np.stack([mean - 0.2, mean + 0.2])
    edges[1, 0] = 99.0  # no whisker is drawn at time 0
    spread, each = {"a": np.stack([mean - 0.1, mean + 0.1, mean])}, {"a": np.stack([mean, mean])}
    assert not curves.cut(Curve("x", "x", "", times, {"a": mean}, spread, each, {"a": edges}))
    edges[1, -1] = 99.0
    assert curves.cut(Curve("x", "x", "", times, {"a": mean}, spread, each, {"a": edges}))


def test_what_the_band_of_several_fields_is_depends_on_how_they_are_pooled() -> None:
    rows = np.ones((3, 4))
    curve = Curve("x", "x", "", np.arange(4) * DAY, {"a": rows[0]}, {"a": rows}, {"a": rows})
    assert observed._note(curve, "sum").startswith("Line: sum over 3 fields. Band: what it would be if all")
    assert observed._note(curve, "area") == "Line: all 3 fields together. Band: least to largest field."
    assert observed._note(Curve("x", "x", "", curve.times, curve.values), "sum") == ""


def test_the_interval_of_what_cannot_be_negative_is_not() -> None:
    counts = np.array([0.0, 1.0, 9.0])
    mean, low, high = parts.mean_interval(counts, signed=False)
    assert parts.mean_interval(counts)[1] < 0.0 == low < mean < high
    assert parts.mean_interval(counts + 99.0, signed=False) == parts.mean_interval(counts + 99.0)
    assert parts.mean_interval(np.zeros(3), signed=False) == (0.0, 0.0, 0.0)


def test_the_interval_of_a_share_ends_at_one() -> None:
    shares = np.array([0.5, 0.99, 1.0])
    assert parts.mean_interval(shares)[2] > 1.0 == parts.mean_interval(shares, most=1.0)[2]
    assert pooled(shares, None)[1][4] > 1.0 == pooled(shares, None, most=1.0)[1][4]
    (like,) = (
        curve
        for curve in observed.lines(FakeEnsemble(count=60, days=3), ["control"])
        if curve.name == "burden"
    )
    each = {"control": np.outer(shares, np.ones(len(like.times)))}
    curve = contact._over_parts(contact.NAME, contact.TITLE, like, {}, each, most=1.0)
    assert curve.interval["control"].max() == 1.0


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("cFLIP on cancer cells", "cFLIP on cancer cells"),
        ("live cancer cells", "Live cancer cells"),
        ("", ""),
    ],
)
def test_a_name_with_capitals_of_its_own_keeps_its_letters(title: str, shown: str) -> None:
    assert words.heading(title) == shown


def test_maps_movie_and_notebook_call_cells_alike_and_reactive_ones_lie_on_top() -> None:
    fake = FakeResult(count=60, days=2)
    panels = snapshots(fake, fake.arms, map_times(fake, fake.arms))
    looks = fake.provenance["cell_types"]
    scene = maps.scene(panels.values(), looks)
    found = maps.layers(scene, map_grids.titles_of(fake.provenance, scene))
    titles = [layer.title for layer in found]
    assert titles[-2:] == ["CD8 T cell, bystander", "CD8 T cell, tumour-reactive"]
    assert titles == [style.title for style in movie._styles(scene, looks).values()]
    assert {
        entry["text"] for entry in map_grids.legend(scene, map_grids.titles_of(fake.provenance, scene))
    } == set(titles)
    table = next(iter(panels.values())).cells
    assert sum(len(layer.of(table)) for layer in found) == len(table)


def test_the_citation_is_that_of_the_citation_file() -> None:
    written = (ROOT / "CITATION.cff").read_text()
    assert f'title: "{origin.TITLE}"' in written
    assert f'name: "{origin.AUTHORS}"' in written
    cited = origin.citation({"versions": {"opsonin": "0.1.0"}, "run_hash": "abc123"})
    assert (
        cited["line"]
        == f"{origin.AUTHORS} ({origin.YEAR}). {origin.TITLE}. Version 0.1.0 [software]. Run abc123."
    )
    assert "version = {0.1.0}" in cited["bibtex"]
    assert f"year = {{{origin.YEAR}}}" in cited["bibtex"]
    assert f"date-released: {origin.YEAR}-" in written


def test_sources_are_listed_with_their_publication() -> None:
    (row, other) = origin.references(
        {"cited": [{"source": "evidence:C029", "numbers": 3}, {"source": "pmid:1", "numbers": 1}]}
    )
    assert row["numbers"] == 3
    assert row["meaning"].startswith("Weigelin B et al")
    assert other["meaning"] == "as the reference itself names it"  # no cell is empty
    assert origin.references({}) == []


def test_assumed_numbers_stand_below_the_entry_that_holds_them() -> None:
    row = {"value": 2.0, "reason": "not measured"}
    paths = ("cell.cd8.lytic.signal_hill", "cell.cd8.adhesion", "molecule.PD-1.half_life")
    found = origin.assumed({"assumed": [row | {"path": path} for path in paths]})
    assert [group["entry"] for group in found] == ["cell.cd8", "molecule.PD-1"]
    assert [item["key"] for item in found[0]["numbers"]] == ["lytic.signal_hill", "adhesion"]
    assert origin.assumed({}) == []


def test_killers_lie_on_top_of_all_other_cells() -> None:
    types = {
        name: {"colour": "#000000", "title": name} for name in ("nk", "cd8", "macrophage", "cancer", "dc")
    }
    cells = pd.DataFrame({"type": list(types), "radius_um": 5.0})
    panel = Snapshot("arm", 0.0, cells, {}, {}, (100.0, 100.0, 10.0))
    assert list(maps.scene([panel], types).colours)[-2:] == ["nk", "cd8"]
