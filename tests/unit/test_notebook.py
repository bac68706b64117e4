"""What a notebook shows: every noun, escaped and without scripts; and plots onto axes."""

from __future__ import annotations

from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import EllipseCollection, LineCollection

import opsonin
from opsonin.core.errors import InputError
from opsonin.knowledge.library import load_library
from opsonin.report import notebook, palette
from opsonin.report.notebook import range_of
from opsonin.store.result import Result
from small_run import small_run
from tissues import CONTROL, NIVOLUMAB, scenario

mpl.use("Agg")  # no window may open
from matplotlib import pyplot as plt

VOID = {"br"}
FORBIDDEN = {"script", "style", "iframe", "object", "img", "link", "svg"}


class Checked(HTMLParser):
    """Tags closed in order, none that runs or loads anything, no handler and no address in a style."""

    def __init__(self, text):
        super().__init__()
        self.open, self.told = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in FORBIDDEN
        for name, value in attrs:
            assert name in {"style", "class", "href", "open"}, name
            assert name != "style" or ("url" not in value and "expression" not in value)
            assert name != "href" or value.startswith("https://")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.told.append(data)

    @property
    def text(self):
        return "".join(self.told)


@pytest.fixture(scope="module")
def result():
    return small_run()


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def renamed(result, name, **changes):
    asked = result.provenance["scenario"]
    told = asked | {"scenario": asked["scenario"] | {"name": name}}
    return Result(result.path, result.provenance | {"scenario": told} | changes)


def test_a_scenario_shows_its_question():
    text = Checked(scenario(arm=[CONTROL, NIVOLUMAB])._repr_html_()).text
    for part in ("1 day", "melanoma: a generated section", "untreated", "nivolumab 240 mg every 14 days"):
        assert part in text


def test_a_result_shows_what_its_arms_came_to(result):
    text = Checked(result._repr_html_()).text
    kills = int(result.observables["kills"].sel(arm="control")[-1])
    for part in ("complete", "melanoma", "hour 12", f"{kills} events", "assumed"):
        assert part in text
    assert str(result.path) not in text


def test_a_number_shows_its_range_in_its_own_unit():
    number = load_library().drugs["nivolumab"].kinetics.clearance
    assert range_of(number) == "0.15 to 0.29 L/d"
    text = Checked(number._repr_html_()).text
    assert "0.23 L/d" in text
    assert "evidence:D009" in text


@pytest.mark.parametrize(
    ("kind", "name", "entry"), list(load_library().entries()), ids=lambda part: str(part)[:20]
)
def test_every_entry_shows_itself(kind, name, entry):
    assert name in Checked(entry._repr_html_()).text


def test_the_library_shows_its_kinds():
    assert "nivolumab" in Checked(load_library()._repr_html_()).text


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(str.strip) | st.just("<script>alert(1)</script>&amp;'\""))
def test_whatever_a_name_is_it_is_shown_and_not_run(name):
    asked = scenario().model_copy(update={"scenario": scenario().scenario.model_copy(update={"name": name})})
    for shown in (asked, renamed(small_run(), name)):
        told = Checked(opsonin.as_html(shown)).text
        assert name.replace("\r", "\n").strip() in told.replace("\r", "\n") or not name.isprintable()


def test_a_colour_that_is_none_is_not_passed_on(result):
    types = {"cancer": {"title": "Cancer", "colour": "red;background:url(https://x)"}}
    Checked(renamed(result, "a", cell_types=types)._repr_html_())


def test_a_result_names_the_cell_types_that_are_there_and_the_file_of_its_cells(result):
    told = Checked(result._repr_html_()).told
    known = result.provenance["cell_types"]
    there = {kind for kind in known if result.observables[f"{kind}_count"].values.any()}
    assert 0 < len(there) < len(known)
    assert known.keys() & set(told) == there
    assert notebook._tissue({"tumour": "b16", "biopsy": "../../data/a.csv"}) == "b16: a.csv"


def test_a_curve_has_every_arm_and_its_unit(result, ax):
    assert result.plot("cd8_density", ax) is ax
    assert [line.get_label() for line in ax.lines] == result.arms
    assert ax.get_ylabel() == "CD8 T cell: density [cells/mm²]"
    assert ax.get_xlabel() == "time [h]"
    assert [line.get_color() for line in ax.lines] == list(palette.ARMS_LIGHT[:2])
    last = float(result.observables["cd8_density"].sel(arm="nivolumab")[-1])
    assert (ax.lines[1].get_xdata()[-1], ax.lines[1].get_ydata()[-1]) == (12.0, last)


def test_on_dark_axes_arms_have_the_colours_for_dark(result, ax):
    ax.set_facecolor("#111111")
    result.plot("burden", ax)
    assert [line.get_color() for line in ax.lines] == list(palette.ARMS_DARK[:2])


@pytest.mark.parametrize(
    ("statistics", "whiskers"),
    [(("min", "max", "sd"), []), (("min", "max", "sd", "low", "high"), [3.0, 4.0])],
)
def test_the_band_is_the_range_and_whiskers_the_interval_of_the_mean(result, ax, statistics, whiskers):
    import xarray

    class Several(Result):
        @property
        def spread(self):
            shape = (len(statistics), 2, self.observables.sizes["time"])
            values = np.arange(len(statistics), dtype=float)[:, None, None] * np.ones(shape)
            axes = {"statistic": list(statistics), "arm": self.arms}
            return xarray.Dataset({"burden": (("statistic", "arm", "time"), values)}, axes)

    Several(result.path, result.provenance).plot("burden", ax)
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0, 1)
    drawn = [lines.get_segments() for lines in ax.collections if isinstance(lines, LineCollection)]
    assert (
        [list(segment[:, 1]) for segment in drawn[0]] == [whiskers] * len(drawn[0]) if drawn else not whiskers
    )


def test_an_unknown_observable_is_told(result, ax):
    with pytest.raises(InputError, match="Did you mean 'burden'"):
        result.plot("burdn", ax)


def test_every_cell_is_drawn_to_scale(result, ax):
    cells = result.cells("12 h", "control")
    assert result.plot_cells("12 h", "control", ax) is ax
    discs = [item for item in ax.collections if isinstance(item, EllipseCollection)]
    drawn = np.concatenate([item.get_offsets() for item in discs])
    assert len(drawn) == len(cells)
    assert sorted(drawn[:, 0]) == sorted(cells["x_um"])
    widths = np.concatenate([item.get_widths() for item in discs])
    assert sorted(widths) == pytest.approx(sorted(2.0 * cells["radius_um"]))
    assert ax.get_xlim() == (0.0, result.box("12 h", "control")[0])
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # y down
    shown = sum(int(text.get_text().rpartition("(")[2].rstrip(")")) for text in ax.get_legend().texts)
    assert shown == len(cells)


def test_a_field_has_its_unit_and_the_limits_that_are_asked_for(result, ax):
    opsonin.plot_field(result, "oxygen", "12 h", "nivolumab", ax, limits=(0.0, 50.0))
    image = ax.images[0]
    assert image.get_clim() == (0.0, 50.0)
    assert np.array_equal(image.get_array(), result.fields("12 h", "nivolumab")["oxygen"][0])
    assert ax.figure.axes[-1].get_ylabel() == "Oxygen [mmHg]"
    with pytest.raises(InputError, match="Did you mean 'oxygen'"):
        result.plot_field("oxigen", "12 h", "nivolumab", ax)


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_a_legend_lies_below_its_axes_and_over_no_neighbour(result, layout):
    figure, grid = plt.subplots(2, 3, figsize=(11, 8), layout=layout)
    for k, arm in enumerate(result.arms):
        result.plot_cells("12 h", arm, grid[0, k])
        result.plot("burden", grid[1, k])
        result.plot("burden", grid[1, k])  # again: it gives up its room once
    figure.canvas.draw()
    drawn = [axes for axes in grid.flat if axes.get_legend() is not None]
    boxes = {axes: axes.get_window_extent() for axes in grid.flat}
    assert all(boxes[axes].height > 40 for axes in drawn)
    for axes in drawn:
        legend = axes.get_legend().get_window_extent()
        assert legend.y1 < axes.xaxis.label.get_window_extent().y0 + 2
        assert legend.y0 >= 0
        assert not any(legend.overlaps(box) for box in boxes.values())
    plt.close(figure)


def test_without_axes_new_ones_are_made(result):
    axes = result.plot()
    assert axes.get_ylabel() == "Tumour burden relative to the start"
    plt.close(axes.figure)
