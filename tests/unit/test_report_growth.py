"""Growth, best change and contact: the numbers that the report makes itself."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from made_results import DAY, FakeResult
from opsonin.report import astray, contact, growth, observed, parts, waterfall, words
from opsonin.report.curves import Curve


def burden(*values: float) -> growth.Course | None:
    return growth.course(np.arange(len(values)) * DAY, np.array(values, float))


def test_the_rate_is_that_of_an_exponential_and_its_doubling_time_follows() -> None:
    course, nan = burden(*np.exp(0.05 * np.arange(11))), float("nan")
    assert course is not None
    assert course.rate == pytest.approx(0.05)
    assert growth._doubling(course.rate, nan, nan) == f"doubles in {words.number(math.log(2) / 0.05)} days"
    assert growth._doubling(-0.05, -0.06, -0.04).startswith("halves")
    assert growth._doubling(-0.05, -0.16, 0.06) == "grows or shrinks"


def test_a_change_has_no_negative_zero_and_its_interval_ends_where_nothing_is_left() -> None:
    assert growth.signed(-0.01) == "+0.0 %"
    mean, low, high = growth._change([-95.0, -60.0, -99.0])
    assert mean == pytest.approx(-84.667, abs=0.01)
    assert -100.0 == low < mean < high


def test_the_best_change_is_the_least_burden_after_time_0_even_of_a_tumour_that_only_grows() -> None:
    course = burden(1.0, 0.9, 0.5, 0.8)
    assert course is not None
    assert (course.best, course.when, course.last) == (pytest.approx(-50.0), 2 * DAY, pytest.approx(-20.0))
    growing = burden(1.0, 1.1, 1.3)
    assert growing is not None
    assert growing.best == pytest.approx(10.0)


@pytest.mark.parametrize(("volume", "across"), [(-100.0, -100.0), (-48.8, -20.0), (72.8, 20.0), (0.0, 0.0)])
def test_diameter_is_the_cube_root_of_the_volume(volume: float, across: float) -> None:
    assert growth.diameter(volume) == pytest.approx(across)


def test_a_tumour_that_is_gone_has_no_rate_and_one_that_was_never_there_no_course() -> None:
    gone = burden(1.0, 0.2, 0.0)
    assert gone is not None
    assert math.isnan(gone.rate) and gone.best_diameter == -100.0
    assert burden(0.0, 0.0) is None
    assert burden(float("nan"), 1.0, 2.0) is None
    assert burden(1.0) is None


def test_the_table_tells_every_arm() -> None:
    fake = FakeResult(count=40, days=10)
    lines = observed.lines(fake, fake.arms)
    rows = growth.table(lines, fake.arms, words.Clock.over(10 * DAY))
    assert [row["arm"] for row in rows] == ["control", "nivolumab"]
    cells = [value for value, _ in rows[1]["cells"]]
    assert cells[0] == words.number(-0.5 / 10)
    assert cells[2] == growth.signed(100 * (math.exp(-0.5) - 1))
    assert cells[3] == "day 10"
    assert all(within == "" for _, within in rows[1]["cells"])


def test_the_waterfall_goes_from_the_worst_to_the_best_and_its_table_has_the_numbers() -> None:
    fake = FakeResult(count=40, days=10)
    curve = next(curve for curve in observed.lines(fake, fake.arms) if curve.name == "burden")
    found = growth.courses(curve)
    figure = waterfall.figure(found, fake.arms)
    assert figure is not None
    assert figure["svg"].index("var(--arm-0)") < figure["svg"].index("var(--arm-1)")
    assert growth.signed(found["nivolumab"][0].best_diameter) in figure["alt"]
    assert waterfall.figure({"control": found["control"]}, ["control"]) is None


def test_a_bar_too_low_to_be_seen_is_marked_and_every_bar_of_a_few_has_its_number() -> None:
    found = {arm: [growth.Course(0.0, best, DAY, best)] for arm, best in (("a", 0.3), ("b", -60.0))}
    figure = waterfall.figure(found, ["a", "b"])
    assert figure is not None
    svg = figure["svg"]
    assert "+0.1" in svg and growth.signed(growth.diameter(-60.0)).removesuffix(" %") in svg
    assert (
        svg.count("<use") == waterfall.figure({**found, "a": found["b"]}, ["a", "b"])["svg"].count("<use") + 1
    )  # type: ignore[index]
    assert "-" not in "".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


def test_numbers_of_many_bars_are_short_enough_to_stand_side_by_side() -> None:
    found = {arm: [growth.Course(0.0, -20.0, DAY, -20.0)] * 6 for arm in ("a", "b")}
    figure = waterfall.figure(found, ["a", "b"])
    assert figure is not None
    assert f">{words.MINUS}7<" in figure["svg"] and f"{words.MINUS}7." not in figure["svg"]


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ([0.0, 6e-4, 1.2e-3, 1.8e-3], ["0", "0.0006", "0.0012", "0.0018"]),
        ([0.0, 2e-5, 4e-5, 1e-4], ["0", "2 x 10⁻⁵", "4 x 10⁻⁵", "10 x 10⁻⁵"]),
        ([-0.25, 1e-18, 0.25], [f"{words.MINUS}0.25", "0", "0.25"]),
        ([-2e-5, 0.0, 2e-5], [f"{words.MINUS}2 x 10⁻⁵", "0", "2 x 10⁻⁵"]),
        ([0.0, 1000.0, 2500.0], ["0", "1,000", "2,500"]),
        ([0.0, 2e7], ["0", "2 x 10⁷"]),
        ([0.0], ["0"]),
    ],
)
def test_the_marks_of_a_scale_have_one_style(marks: list[float], told: list[str]) -> None:
    assert [words.mark(value, marks) for value in marks] == [text.replace("x", words.TIMES) for text in told]


def test_the_interval_is_students_t_as_scipy_has_it() -> None:
    values = np.array([1.0, 1.4, 0.7, 1.1, 1.9])
    low, high = stats.t.interval(0.9, 4, values.mean(), stats.sem(values))
    assert parts.mean_interval(values) == pytest.approx((values.mean(), low, high))
    assert all(math.isnan(edge) for edge in parts.mean_interval(values[:1])[1:])


def test_ratios_are_paired_and_none_is_made_up_where_a_pair_is_missing() -> None:
    below = np.array([1.0, 10.0, 100.0])
    assert parts.paired_ratio(0.5 * below, below) == pytest.approx((0.5, 0.5, 0.5))
    assert math.isnan(parts.paired_ratio(np.array([0.5, 0.0, 50.0]), below)[0])
    assert math.isnan(parts.paired_ratio(np.array([0.5, np.nan, 50.0]), below)[0])


def cells(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Type, phase, x [um], radius [um]."""
    table = pd.DataFrame(rows, columns=["type", "phase", "x_um", "radius_um"])
    return table.assign(y_um=50.0, z_um=10.0)


def test_a_t_cell_touches_within_the_reach_of_adhesion_and_not_a_dead_cell() -> None:
    box = (200.0, 100.0, 20.0)
    near, far = ("cd8", "resting", 10.0, 4.0), ("cd8", "resting", 150.0, 4.0)
    target = ("cancer", "resting", 24.9, 8.0)  # 14.9 um, where 1.25 times both radii are 15
    assert contact.share_touching(cells(near, far, target), box) == 0.5
    assert contact.share_touching(cells(near, far, ("cancer", "necrotic", 24.9, 8.0)), box) == 0.0
    assert contact.share_touching(cells(near, far, ("cancer", "resting", 25.1, 8.0)), box) == 0.0
    assert math.isnan(contact.share_touching(cells(target), box))


def test_in_a_block_depth_parts_cells() -> None:
    table = cells(("cd8", "resting", 10.0, 4.0), ("cancer", "resting", 12.0, 8.0))
    table.loc[1, "z_um"] = 90.0
    assert contact.share_touching(table, (100.0, 100.0, 20.0)) == 1.0
    assert contact.share_touching(table, (100.0, 100.0, 200.0)) == 0.0


def test_no_ratio_of_cells_is_told_where_no_cancer_cell_is_left() -> None:
    counts = {"cd8_count": [4.0, 2.0], "cancer_count": [8.0, 0.0]}
    known = [
        Curve(name, name, "cells", np.array([0.0, 1.0]), {"a": np.array(row)}) for name, row in counts.items()
    ]
    (curve,) = contact.ratio(known)
    assert curve.values["a"][0] == 0.5
    assert math.isnan(curve.values["a"][1])


def test_an_interval_that_says_nothing_is_not_written() -> None:
    assert growth._text((0.0, 0.0, 0.0), growth.signed)[1] == ""
    assert " to " in growth._text((1.0, -3.0, 5.0), growth.signed)[1]


def astray_of(
    rate: float, cells: float, days: float = 28.0, untreated: tuple[str, ...] = ("control",)
) -> list[str]:
    """What is said of an arm that grows at a rate [1/d], of a tumour that was balanced for 0.01."""
    times = np.array([0.0, days * DAY])

    def of(name: str, values: list[float]) -> Curve:
        return Curve(name, name, "", times, {"control": np.array(values)})

    grown = math.exp(rate * days)
    lines = [of("burden", [1.0, grown]), of("cancer_count", [cells, cells * grown])]
    lines += [of("divisions", [0.0, 3.0 * cells]), of("kills", [0.0, 0.0])]
    lines += [of("apoptoses", [0.0, 2.0 * cells]), of("necroses", [0.0, 0.0])]
    return astray.sentences(SimpleNamespace(start={"growth": 0.01}), lines, untreated)


def test_a_control_that_does_not_grow_as_it_was_balanced_for_is_told_unless_chance_does_it() -> None:
    (told,) = astray_of(-0.0175, 1_000.0)
    assert "control, untreated, shrank by 0.0175 per day" in told and "growth by 0.01" in told
    assert "chance gives 0.00505 either way" in told  # 2 sqrt(5 x 1000) / 1000 cells / 28 d
    assert "grew by 0.03 per day" in astray_of(0.03, 1_000.0)[0]
    assert astray_of(0.0102, 1_000.0) == []
    assert astray_of(-0.0175, 10.0) == []
    assert astray_of(-0.0175, 1_000.0, untreated=()) == []


def test_of_a_tumour_that_was_never_balanced_nothing_is_told() -> None:
    assert astray.sentences(SimpleNamespace(start=None), [], ["control"]) == []
