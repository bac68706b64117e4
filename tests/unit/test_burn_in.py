"""The untreated patient: what the burn-in finds, and what it hands over to time 0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest

from opsonin.core.errors import InputError
from opsonin.engine import burn_in, checkpoint
from opsonin.engine.burn_in import Steadiness, _warnings, live_through
from opsonin.engine.census import drifted
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.lived import Sums
from opsonin.engine.recording import Recorder
from opsonin.engine.start import Start, blank_tissue, settled, started
from opsonin.engine.trace import Trace
from opsonin.kernels.fate import ENTRY, PARTS
from opsonin.laws.trafficking import balanced_arrival
from opsonin.model import tables as column
from opsonin.model.phase import COMMITTED
from opsonin.tissue import elasticity, fate, niche, trafficking
from opsonin.tissue.tissue import MARKED, REACTIVE, Tissue
from tissues import DENSITIES, carried_on, live, plan

DAY = 1440.0


@cache
def burnt_in() -> tuple[Plan, Tissue, Steadiness]:
    of = plan(numerics__burn_in="1 d")
    tissue = started(of)
    return of, tissue, tissue.steadiness


def test_growth_is_the_published_rate_after_every_loss() -> None:
    of, tissue, found = burnt_in()
    left = found.gross_growth - found.necrosis - found.killing - found.spontaneous
    assert left == pytest.approx(found.published_growth) == pytest.approx(of.growth * DAY)
    cancer = tissue.species.cells.index("cancer")
    share = tissue.balance.loss_factor[cancer]
    assert share == pytest.approx(found.spontaneous / found.gross_growth)
    assert 0.5 < share < 1.0


def test_spontaneous_loss_follows_what_the_tumour_produces() -> None:
    of = plan(numerics__burn_in="1 d")
    tissue = started(of)
    cancer = tissue.species.cells.index("cancer")
    before = fate.spontaneous(tissue)[cancer]
    row = fate.turnover(tissue)[cancer].sum(axis=0)
    assert before == pytest.approx(tissue.balance.loss_factor[cancer] * row[ENTRY] / row[PARTS])
    tissue.tables.types[cancer, column.EXIT_RATE] *= 0.5
    assert fate.spontaneous(tissue)[cancer] == pytest.approx(0.5 * before)


def test_arrivals_make_up_for_loss_and_growth_less_local_proliferation() -> None:
    of, tissue, found = burnt_in()
    index = [source["type"] for source in found.sources].index("cd8")
    source = found.sources[index]
    loss, own = source["loss"] / DAY, source["proliferation"] / DAY
    held = trafficking.classes(settled(of), tissue.arrivals[index]).sum(axis=0)
    flux = tissue.balance.flux[index].sum(axis=0) * tissue.area
    for state, cells in enumerate(held):
        proliferation = own if state == REACTIVE else 0.0
        assert flux[state] == pytest.approx(balanced_arrival(cells, loss, of.growth, proliferation))
    assert source["arrivals"] == pytest.approx(flux.sum() * DAY)


def test_the_numbers_of_cells_are_held_at_the_imaged_ones() -> None:
    of, tissue, _ = burnt_in()
    for name in DENSITIES:
        kind = of.species.cells.index(name)
        imaged = np.count_nonzero(of.imaged.kind == kind)
        assert live(tissue, name) == pytest.approx(imaged, abs=3 * np.sqrt(imaged))


def test_who_is_there_at_time_0_is_counted_beside_who_was_drawn() -> None:
    of, tissue, found = burnt_in()
    rows = {row["type"]: row for row in found.census}
    for name in DENSITIES:
        assert rows[name]["imaged"] == np.count_nonzero(of.imaged.kind == of.species.cells.index(name))
        assert rows[name]["alive"] == live(tissue, name)
    cells, n = tissue.cells.arrays, tissue.cells.n
    assert sum(row["dead"] for row in found.census) == np.count_nonzero(cells.phase[:n] > COMMITTED)
    assert [rows[name]["held"] for name in ("cancer", "cd8", "other")] == ["loss", "arrivals", ""]


def test_a_type_that_is_not_held_at_its_number_is_told() -> None:
    row = {"type": "cancer", "imaged": 100, "alive": 89, "dead": 40, "held": "loss"}
    (told,) = drifted([row], "imaged")
    assert told.startswith(
        "Time 0 is not what was imaged: 100 cancer cells were, 89 are alive at time 0 (-11 %)"
    )
    within = (row | {"alive": 91}, row | {"imaged": 49, "alive": 10}, row | {"imaged": 0})
    assert list(drifted(within, "imaged")) == []


def test_drift_is_among_the_warnings_of_the_burn_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsonin.engine.census._FAR", -1.0)  # whatever there is counts as far off
    told = started(plan()).steadiness.warnings
    assert any(text.startswith("Time 0 is not what was drawn: 100 cancer cells were") for text in told)


def test_a_surplus_is_taken_from_its_own_class() -> None:
    tissue = settled(
        plan(knowledge={"cell.cd8.lytic.reactive_fraction": 0.5, "cell.cd8.lytic.pd1_positive": 1.0})
    )
    index = [source.kind for source in tissue.arrivals].index(tissue.species.cells.index("cd8"))
    source = tissue.arrivals[index]
    before = trafficking.classes(tissue, source)
    assert before[:, REACTIVE].sum() > 3
    assert before[:, MARKED].sum() > 3
    surplus = [np.zeros((2, 3)) for _ in tissue.arrivals]
    surplus[index][:, REACTIVE] = 1e6
    others = tissue.cells.n - before.sum()
    burn_in._thin(tissue, surplus, 0, 6.0)
    after = trafficking.classes(tissue, source)
    assert not after[:, REACTIVE].any()
    assert np.array_equal(after[:, :REACTIVE], before[:, :REACTIVE])
    assert tissue.cells.n - after.sum() == others


def test_every_arm_begins_with_the_same_bits_and_an_empty_count_of_events() -> None:
    start = Start(plan())
    first, second = (checkpoint.freeze(start.tissue()) for _ in range(2))
    assert all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)
    assert not first["counters"].any()


def test_the_burn_in_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    Start(plan()).tissue(watch=lambda tissue, lived, count: told.append((lived.done, count)))
    count = burn_in.steps(plan())
    assert told == [(done, count) for done in range(1, count + 1)]


def test_burden_is_1_at_time_0_however_many_cells_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def drifting(of: Plan, tissue: Tissue, lived: object, watch: object) -> None:
        kind = tissue.cells.arrays.kind[: tissue.cells.n]
        tissue.cells.remove(np.flatnonzero(kind == of.species.cells.index("cancer"))[:3])

    monkeypatch.setattr("opsonin.engine.burn_in.live_through", drifting)
    of = plan()
    tissue = started(of)
    again = blank_tissue(of)
    checkpoint.thaw(again, checkpoint.freeze(tissue))
    for begun in (tissue, again):
        recorder = Recorder(of, of.courses[0], "")
        recorder.observe(begun, 0)
        assert recorder.segment(begun, 0, Trace()).observables["burden"][0] == 1.0


@contextmanager
def reactive(every_cell: bool) -> Iterator[None]:
    """All cells recognise the tumour while entered, or none."""
    _, tissue, _ = burnt_in()
    before = tissue.cells.arrays.reactive.copy()
    tissue.cells.arrays.reactive[:] = every_cell
    try:
        yield
    finally:
        tissue.cells.arrays.reactive[:] = before


def warned(rates: tuple[float, float, float, float], kills: int, steps: int) -> str:
    of, tissue, _ = burnt_in()
    sums = Sums(steps=steps, live=[100.0] * steps, kills=list(np.linspace(0.0, kills, steps)))
    return " ".join(_warnings(of, tissue, sums, rates, ()))


def test_what_takes_the_cells_is_named_and_what_would_agree() -> None:
    of, _, _ = burnt_in()
    told = warned((0.2, 0.35, 0.0, -0.15), kills=50, steps=480)
    density = of.tumour.vessel_density
    for words in (
        "Oxygen does not reach the cells: its lack takes 0.35 and killing 0",
        f"tumour.melanoma.vessel_density = {density.value * 1e6:.4g} per mm2, {density.source or 'assumed'}",
        "20 um here",
        "would agree with a tumour that lives",
    ):
        assert words in told
    assert "reactive_fraction" not in told
    told = warned((0.2, 0.1, 0.35, -0.25), kills=50, steps=480)
    assert "reactive_fraction" in told and "Oxygen" not in told


def test_a_burn_in_too_short_to_measure_killing_is_told() -> None:
    steady = (0.2, 0.0, 0.02, burnt_in()[0].growth * DAY)
    day = 144  # steps
    with reactive(True):
        told = warned(steady, kills=0, steps=5)
        assert "over 0.035 days, in which 0 tumour cells were killed" in told
        assert " times the published growth" in told
        assert "in which 4 tumour cells" in warned(steady, kills=4, steps=2 * day)
        assert warned(steady, kills=50, steps=2 * day) == ""
        assert "Killing was not measured" in warned(steady, kills=0, steps=1)
    with reactive(False):
        assert warned(steady, kills=0, steps=5) == ""  # nobody kills


# Every T cell recognises the tumour, which has much antigen and no ligand of a checkpoint.
HARSH = {
    "cell.cd8.lytic.reactive_fraction": 1.0,
    "cell.cd8.lytic.pd1_positive": 1.0,
    "cell.cd8.lytic.exhaustion_initial": 0.0,
    "tumour.melanoma.matching_antigen_fraction": 0.1,
    "tumour.melanoma.expresses.cancer.PD-L1": "1 molecules",
    "cell.cancer.expresses.PD-L2": "1 molecules",
    "cell.cancer.expresses.CD155": "1 molecules",
    "cell.cancer.expresses.Gal-9": "1 molecules",
    "tumour.melanoma.expresses.cancer.HLA-E": "1 molecules",
}


def test_a_tumour_killed_faster_than_it_grows_is_told() -> None:
    found = started(plan(numerics__burn_in="6 h", knowledge=HARSH)).steadiness
    assert found.spontaneous == 0.0
    assert found.killing > found.gross_growth
    assert found.growth < found.published_growth
    assert any("killing take more" in warning for warning in found.warnings)


@pytest.mark.parametrize(("power", "elastic"), [(0.5, 0.5), (3.0, None)])
def test_an_infiltrate_that_recruits_itself_without_end_is_refused(
    power: float, elastic: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interferon rises in proportion to what makes it; recruitment is made a power of that."""

    def recruitment(tissue: Tissue) -> np.ndarray:
        interferon = tissue.fields.values[tissue.species.substrates.index("ifn_gamma")].mean()
        return np.full(len(tissue.arrivals), interferon**power)

    monkeypatch.setattr(elasticity, "recruitment", recruitment)
    of = plan(knowledge={"cell.cd8.lytic.pd1_positive": 1.0})
    tissue = settled(of)
    if elastic is None:
        with pytest.raises(InputError, match=r"cell\.cd8\.trafficking.*run away") as refused:
            live_through(of, tissue)
        assert "recruitment_fold" in str(refused.value)
    else:
        (cd8,) = (source for source in live_through(of, tissue).sources if source["type"] == "cd8")
        assert 0.4 * elastic < cd8["elasticity"] < 1.2 * elastic  # uptake and PD-L1 answer too


def of_niche(tissue: Tissue, side: int) -> np.ndarray:
    cells, n = tissue.cells.arrays, tissue.cells.n
    cd8 = tissue.species.cells.index("cd8")
    return np.flatnonzero(
        (cells.kind[:n] == cd8) & (cells.niche[:n] == side) & (cells.phase[:n] <= COMMITTED)
    )


def halves() -> Tissue:
    """Tumour cells in the left half only; T cells everywhere."""
    tissue = settled(plan())
    cells, n = tissue.cells.arrays, tissue.cells.n
    cancer = tissue.species.cells.index("cancer")
    right = np.flatnonzero((cells.kind[:n] == cancer) & (cells.x[:n] > 0.5 * tissue.box[0]))
    tissue.cells.remove(right)
    niche.assign(tissue, cut=False)
    return tissue


def test_a_share_of_a_type_belongs_to_the_nests() -> None:
    tissue = halves()
    cd8 = tissue.species.cells.index("cd8")
    every = len(of_niche(tissue, 1)) + len(of_niche(tissue, -1))
    for share in (0.2, 0.7, 0.0):
        niche.divide(tissue, cd8, share)
        assert len(of_niche(tissue, 1)) == round(share * every)


def test_newcomers_come_out_in_their_niche() -> None:
    tissue = halves()
    cd8 = tissue.species.cells.index("cd8")
    reach = tissue.tables.types[cd8, column.RETENTION_REACH]
    before = set(tissue.cells.arrays.id[: tissue.cells.n])
    index = [source.kind for source in tissue.arrivals].index(cd8)
    tissue.balance.flux[index] = 120.0 / 3.0 / tissue.area / 60.0
    trafficking.step(tissue, 0, 60.0)
    cells, n = tissue.cells.arrays, tissue.cells.n
    new = np.flatnonzero([identity not in before for identity in cells.id[:n]])
    assert len(new) > 90
    near = niche.in_nest(tissue, cells.x[new], cells.y[new], cells.z[new], reach)
    side = cells.niche[new]
    # A step aside from one of their kind may lead out: a hundred newcomers are known to 5 %.
    assert np.mean(near[side > 0]) > 0.4
    assert np.mean(near[side < 0]) < 0.35


def test_retained_cells_keep_their_niche_and_roaming_ones_do_not() -> None:
    def near_share(retention: float) -> float:
        of = plan(knowledge={"cell.cd8.trafficking.retention": retention})
        tissue = halves()
        tissue.tables.types[:, column.RETENTION] = of.tables.types[:, column.RETENTION]
        cd8 = tissue.species.cells.index("cd8")
        reach = tissue.tables.types[cd8, column.RETENTION_REACH]
        shares = []
        for hour in range(6):  # a dozen cells: their share at one time says little
            carried_on(of, tissue, hour * 3600, 60.0)
            cells, slots = tissue.cells.arrays, of_niche(tissue, -1)
            near = niche.in_nest(tissue, cells.x[slots], cells.y[slots], cells.z[slots], reach)
            shares.append(np.mean(near))
        return float(np.mean(shares))

    kept = plan().library.cells["cd8"].trafficking.retention.value
    assert near_share(0.0) > 2.0 * near_share(kept)


@pytest.mark.parametrize(("cancer", "told"), [("0 cells/mm2", True), ("2500 cells/mm2", False)])
def test_a_tissue_without_tumour_cells_is_doubtful(cancer: str, told: bool) -> None:
    of = plan(tissue__generate__densities={**DENSITIES, "cancer": cancer, "other": "3000 cells/mm2"})
    assert any("no tumour cells" in note for note in of.notes) == told
    again = compile_scenario(of.scenario, of.imaged, of.box, of.labels, of.notes)
    assert again.notes == of.notes


def test_a_node_without_a_tumour_is_not_told_that_its_tumour_does_not_grow() -> None:
    of = plan(
        tissue__generate={"geometry": "node", "size": ["200 um", "200 um"]},
        tissue__thickness="20 um",
    )
    tissue = started(of)
    assert of.expansion == 0.0
    assert not [text for text in tissue.steadiness.warnings if "tumour" in text]
    index = [source["type"] for source in tissue.steadiness.sources].index("cd4")
    source = tissue.steadiness.sources[index]
    assert source["arrivals"] == pytest.approx(source["cells"] * (source["loss"] - source["proliferation"]))
