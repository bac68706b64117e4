"""Generated tissues hold what they are asked for, where it is asked for; each geometry has its shape and runs.

Which malformed texts are refused, and in which words, is in `malformed/test_malformed_generated.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from opsonin.core.errors import InputError
from opsonin.core.random import key_of
from opsonin.core.schedule import ticks
from opsonin.engine import loop, run
from opsonin.engine.architecture import SEEN_AS
from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.placed import placed
from opsonin.engine.start import started
from opsonin.io.scenario import Scenario
from opsonin.knowledge.library import load_library
from opsonin.laws.mechanics import ADHESION_REACH
from opsonin.observe.architecture import DESERT_BELOW, architecture, contact_share
from opsonin.tissue.generate.patches import follicles, nests, spread_middles
from opsonin.tissue.tissue import FIXED, MEDIUM, WINDOW

LIBRARY = load_library()
KEY = np.array(key_of(1, "patient", 0), np.uint32)
SECTION = {"size": ["500 um", "500 um"]}
GEOMETRIES: dict[str, dict[str, Any]] = {
    "section": {"size": ["200 um", "200 um"], "architecture": "mixed"},
    "block": {"size": ["120 um", "120 um", "120 um"]},
    "well": {"geometry": "well", "size": ["200 um", "200 um"], "per_tumour_cell": {"cd8": 1}},
    "spheroid": {"geometry": "spheroid", "diameter": "100 um", "per_tumour_cell": {"cd8": 1}},
    "organoid": {
        "geometry": "organoid",
        "diameter": "100 um",
        "per_tumour_cell": {"cd8": 1, "fibroblast": 0.2},
    },
    "marrow": {"geometry": "marrow", "size": ["200 um", "200 um"]},
    "node": {"geometry": "node", "size": ["200 um", "200 um"], "follicle_diameter": "100 um"},
}


def plan(generate: dict[str, Any], tumour: str = "melanoma", seed: int = 1, **more: Any) -> Plan:
    return compile_scenario(
        Scenario.from_dict(
            {
                "scenario": {"name": "generated", "duration": "1 d", "seed": seed},
                "tissue": {"tumour": tumour, "generate": generate},
                "arm": [{"name": "control"}],
                **more,
            }
        )
    )


def counts(made: Plan) -> dict[str, int]:
    found = np.bincount(made.imaged.kind, minlength=len(made.species.cells))
    return {name: int(count) for name, count in zip(made.species.cells, found, strict=True) if count}


def places(made: Plan, *names: str) -> np.ndarray:
    """(cells, 3) where the cells of these types are [um]."""
    kinds = [made.species.cells.index(name) for name in names]
    chosen = np.isin(made.imaged.kind, kinds)
    return np.stack([made.imaged.x, made.imaged.y, made.imaged.z], axis=1)[chosen]


def radii(made: Plan) -> np.ndarray:
    return made.scales * [0.5 * LIBRARY.cells[name].diameter.value for name in made.species.cells]


def gap_to_tumour(made: Plan, name: str) -> float:
    """Least distance between the centres of a type and of a tumour cell, across the edges [um]."""
    edges = np.array(made.box[: made.dimension])
    tree = cKDTree(places(made, "cancer")[:, : made.dimension] % edges, boxsize=edges)
    return float(tree.query(places(made, name)[:, : made.dimension] % edges)[0].min())


def seen_as(made: Plan) -> str:
    """The architecture by the rule for biopsies, from places and kinds alone."""
    flat = np.stack([made.imaged.x, made.imaged.y], axis=1)
    cd8, cancer = (made.imaged.kind == made.species.cells.index(name) for name in ("cd8", "cancer"))
    share = contact_share(flat, radii(made)[made.imaged.kind], cd8, cancer)
    return architecture(float(cd8.sum()) / (made.box[0] * made.box[1]) * 1e6, share)


# What it holds


def test_densities_are_met_to_the_cell_and_the_others_are_those_of_the_tumour() -> None:
    made = counts(plan({**SECTION, "densities": {"cancer": "3001 cells/mm2", "nk": "99 cells/mm2"}}))
    library = LIBRARY.tumours["melanoma"].densities
    assert made["cancer"] == round(3001 * 0.25)
    assert made["nk"] == round(99 * 0.25)
    assert made["other"] == round(library["other"].value * 0.25e6)


@pytest.mark.parametrize("size", [["500 um", "500 um"], ["200 um", "200 um", "150 um"]])
def test_fractions_are_met_within_one_cell(size: list[str]) -> None:
    fractions = {"cancer": 0.5, "cd8": 0.123, "macrophage": 0.077, "fibroblast": 0.3}
    made = counts(plan({"size": size, "fractions": fractions, "density": "4000 cells/mm2"}))
    total = sum(made.values())
    if len(size) == 2:
        assert total == 1000
    assert set(made) == set(fractions)
    for name, share in fractions.items():
        assert abs(made[name] - share * total) < 1.0


def test_what_fractions_leave_is_shared_as_the_densities_of_the_tumour_are() -> None:
    made = counts(plan({"size": ["800 um", "800 um"], "fractions": {"cancer": 0.4}}, "pdac"))
    library = LIBRARY.tumours["pdac"].densities
    assert made["cancer"] == pytest.approx(0.4 * sum(made.values()), abs=1.0)
    ratio = library["fibroblast"].value / library["cd4"].value
    assert made["fibroblast"] / made["cd4"] == pytest.approx(ratio, rel=0.02)


def test_density_of_all_cells_scales_those_of_the_tumour() -> None:
    made = counts(plan({**SECTION, "density": "3000 cells/mm2"}))
    assert sum(made.values()) == pytest.approx(750, abs=0.5 * len(made))


def test_cells_fill_nests_and_stroma_alike() -> None:
    """Also where fractions leave too few cells for one of them: then these are larger."""
    for generate in (
        {"architecture": "excluded"},
        {"fractions": {"cancer": 0.4, "other": 0.5, "cd8": 0.1}},
    ):
        made = plan({"size": ["600 um", "600 um"], "tumour_share": 0.4, "nest_diameter": "250 um"} | generate)
        filled = np.pi * radii(made)[made.imaged.kind] ** 2
        inside = made.imaged.kind == made.species.cells.index("cancer")
        assert filled[inside].sum() == pytest.approx(0.4 * 600**2, rel=1e-6)
        assert filled[~inside].sum() == pytest.approx(0.6 * 600**2, rel=1e-6)


def test_stroma_is_made_up_only_where_the_scenario_leaves_it_open() -> None:
    named = {"cancer": "2000 cells/mm2", "other": "1500 cells/mm2", "fibroblast": "300 cells/mm2"}
    made = plan({**SECTION, "architecture": "excluded", "nest_diameter": "250 um", "densities": named})
    assert counts(made)["cancer"] == 500
    assert counts(made)["other"] == 375
    assert not any("packed alike" in note for note in made.notes)
    open_ = plan({**SECTION, "architecture": "excluded"})
    assert any("packed alike" in note for note in open_.notes)


# Keyed


def test_another_type_does_not_move_the_cells_of_the_others() -> None:
    densities = {"cancer": "2000 cells/mm2", "cd8": "300 cells/mm2", "other": "900 cells/mm2"}
    one = plan({**SECTION, "densities": densities})
    two = plan({**SECTION, "densities": {"b_cell": "500 cells/mm2", **densities, "nk": "70 cells/mm2"}})
    for name in densities:
        np.testing.assert_array_equal(places(one, name), places(two, name))
    assert set(one.imaged.id) < set(two.imaged.id)


def test_the_order_of_types_in_the_scenario_does_not_matter() -> None:
    densities = {"cancer": "2000 cells/mm2", "cd8": "300 cells/mm2", "nk": "90 cells/mm2"}
    one = plan({**SECTION, "densities": densities})
    two = plan({**SECTION, "densities": dict(reversed(densities.items()))})
    assert one.input_digest == two.input_digest


def test_more_of_a_type_keeps_the_cells_that_were_there() -> None:
    few, many = (plan({**SECTION, "densities": {"cd8": f"{n} cells/mm2"}}) for n in (200, 400))
    assert set(map(tuple, places(few, "cd8"))) < set(map(tuple, places(many, "cd8")))


def test_another_seed_draws_another_tissue() -> None:
    assert plan(SECTION).input_digest != plan(SECTION, seed=2).input_digest


# Architecture


@pytest.mark.parametrize("tumour", ["melanoma", "tnbc", "pdac", "b16", "ccrcc", "crc_msi"])
@pytest.mark.parametrize(
    "generate",
    [
        {"architecture": "mixed"},
        {"architecture": "mixed", "nest_diameter": "200 um"},
        {"architecture": "excluded"},
        {"architecture": "cold"},
        {"architecture": "cold", "nest_diameter": "150 um", "tumour_share": 0.6},
    ],
)
def test_an_architecture_is_seen_as_what_it_is(generate: dict[str, Any], tumour: str) -> None:
    for seed in range(3):
        made = plan({"size": ["600 um", "600 um"], **generate}, tumour, seed)
        assert seen_as(made) == SEEN_AS[generate["architecture"]], seed


@pytest.mark.parametrize("name", ["mixed", "excluded", "cold"])
def test_a_block_has_an_architecture_too(name: str) -> None:
    made = plan({"size": ["350 um", "350 um", "350 um"], "architecture": name})
    assert any(SEEN_AS[name] in note for note in made.notes if note.startswith("Architecture"))
    if name == "excluded":
        assert gap_to_tumour(made, "cd8") >= LIBRARY.cells["cd8"].trafficking.retention_reach.value


def test_no_immune_cell_of_an_excluded_tissue_touches_a_nest() -> None:
    made = plan({"size": ["600 um", "600 um"], "architecture": "excluded"}, "tnbc")
    radius = dict(zip(made.species.cells, radii(made), strict=True))
    for name in counts(made):
        if LIBRARY.cells[name].role == "immune":
            assert gap_to_tumour(made, name) > ADHESION_REACH * (radius["cancer"] + radius[name]), name


def test_an_architecture_that_its_own_densities_deny_is_refused() -> None:
    with pytest.raises(InputError, match=r"'mixed' is asked for, but 40 CD8 cells per mm2.*desert"):
        plan({**SECTION, "architecture": "mixed", "densities": {"cd8": "40 cells/mm2"}})
    with pytest.raises(InputError, match=r"'cold' is asked for, but 500 CD8"):
        plan({**SECTION, "architecture": "cold", "densities": {"cd8": "500 cells/mm2"}})


def test_defaults_of_the_architectures_lie_on_their_side_of_the_rule() -> None:
    for geometry in ("section", "block"):
        infiltrate = LIBRARY.geometries[geometry].infiltrate
        assert infiltrate.cold.value * 1e6 < DESERT_BELOW <= infiltrate.infiltrated.value * 1e6


# Nests and follicles


@pytest.mark.parametrize("shape", [nests, follicles])
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("count", [1, 5])
def test_patches_hold_their_share_and_go_on_across_the_edges(shape: Any, dimension: int, count: int) -> None:
    box = (400.0, 300.0, 350.0)
    patches = shape(spread_middles(KEY, "nest", count, box, dimension), box, dimension, 0.4)
    anywhere = np.random.default_rng(3).uniform(size=(3, 4000)) * np.array(box)[:, None]
    depth = patches.depth(anywhere)
    assert np.mean(patches.holds(anywhere)) == pytest.approx(0.4, abs=0.03)
    assert patches.share_outside(0.0) == pytest.approx(0.6, abs=0.005)
    for axis in range(dimension):
        for side in (0.0, box[axis]):
            near, beyond = anywhere.copy(), anywhere.copy()
            near[axis], beyond[axis] = side - 1e-6, side + 1e-6
            # A step across an edge is a step to the other side of the box, and changes nothing.
            jumped = patches.depth(near % np.array(box)[:, None]) - patches.depth(
                beyond % np.array(box)[:, None]
            )
            assert np.abs(jumped).max() < 1e-4
    steps = np.random.default_rng(4).normal(size=(3, 4000))
    steps[dimension:] = 0.0
    steps /= np.linalg.norm(steps, axis=0)
    moved = (anywhere + 5.0 * steps) % np.array(box)[:, None]
    assert np.abs(patches.depth(moved) - depth).max() <= 2.0 * 5.0  # no jump anywhere


@pytest.mark.parametrize("name", ["mixed", "excluded"])
def test_tumour_cells_lie_in_nests_and_stroma_and_endothelium_between_them(name: str) -> None:
    made = plan({"size": ["600 um", "600 um"], "architecture": name, "nest_diameter": "200 um"}, "pdac")
    told = next(note for note in made.notes if note.startswith("Nests"))
    middles = spread_middles(made.key, "nest", int(told.split()[1]), made.box, 2)
    patches = nests(middles, made.box, 2, 0.5)
    assert patches.holds(places(made, "cancer").T).all()
    for cell in ("fibroblast", "other", "endothelium"):
        assert patches.outside(places(made, cell).T).all(), cell
    inside = patches.holds(places(made, "cd8", "cd4", "macrophage").T).mean()
    assert inside == 0.0 if name == "excluded" else 0.65 < inside < 0.85  # half anywhere, half in nests


def test_nests_are_as_wide_as_asked_for() -> None:
    """Area of a nest from cells: those that are joined by steps below the width of the stroma."""
    made = plan(
        {
            "size": ["900 um", "900 um"],
            "architecture": "excluded",
            "nest_diameter": "250 um",
            "tumour_share": 0.4,
            "densities": {"cancer": "5000 cells/mm2"},
        }
    )
    from scipy.sparse.csgraph import connected_components

    edges = np.array(made.box[:2])
    tree = cKDTree(places(made, "cancer")[:, :2] % edges, boxsize=edges)
    found, _ = connected_components(tree.sparse_distance_matrix(tree, 40.0))
    assert found == round(0.4 * 900**2 / (np.pi / 4 * 250**2))


def test_vessels_lie_in_the_stroma_and_around_follicles() -> None:
    for generate in ({"architecture": "excluded"}, {"architecture": "mixed", "nest_diameter": "200 um"}):
        made = plan({"size": ["600 um", "600 um"], **generate}, seed=5)
        edges = np.array(made.box[:2])
        tree = cKDTree(places(made, "cancer")[:, :2] % edges, boxsize=edges)
        stroma = cKDTree(places(made, "other")[:, :2] % edges, boxsize=edges)
        at = np.stack([made.vessels.x, made.vessels.y], axis=1)
        nearer = tree.query(at, 5)[0][:, -1] > stroma.query(at, 5)[0][:, -1]
        assert made.vessels.n >= 15
        assert nearer.mean() > 0.85


# Geometries


@pytest.mark.parametrize(
    ("name", "boundary"),
    [
        ("section", WINDOW),
        ("block", WINDOW),
        ("well", MEDIUM),
        ("spheroid", MEDIUM),
        ("organoid", MEDIUM),
        ("marrow", FIXED),
        ("node", FIXED),
    ],
)
def test_what_the_edges_are_follows_from_the_geometry(name: str, boundary: str) -> None:
    made = plan(GEOMETRIES[name])
    assert made.boundary == boundary
    assert (made.vessels.n > 0) == (boundary != MEDIUM)
    assert (made.burn_in == 0) == (boundary == MEDIUM)


def test_a_well_is_covered_as_asked_for() -> None:
    made = plan(
        {"geometry": "well", "size": ["500 um", "500 um"], "confluence": 0.7, "per_tumour_cell": {"cd8": 0.5}}
    )
    found = counts(made)
    assert found["cancer"] * np.pi / 4 * 16.9**2 == pytest.approx(0.7 * 500**2, rel=0.001)
    assert found["cd8"] == round(0.5 * found["cancer"])
    assert (made.scales == 1.0).all()
    assert made.box[2] == LIBRARY.cells["cancer"].diameter.value


def from_middle(made: Plan, *names: str) -> np.ndarray:
    return np.linalg.norm(places(made, *names) - np.array(made.box) / 2, axis=1)


def test_a_spheroid_is_a_ball_with_effectors_around_it() -> None:
    made = plan(
        {"geometry": "spheroid", "diameter": "200 um", "per_tumour_cell": {"cd8": 2, "fibroblast": 0.25}}
    )
    found = counts(made)
    assert found["cd8"] == 2 * found["cancer"]
    assert from_middle(made, "cancer", "fibroblast").max() <= 100.0
    assert from_middle(made, "cancer").max() > 85.0
    assert from_middle(made, "cd8").min() >= 100.0
    assert from_middle(made, "cd8").max() <= 200.0
    halves = np.sort(from_middle(made, "cancer"))[[found["cancer"] // 2]]
    assert halves == pytest.approx(0.5 ** (1 / 3) * (100.0 - 8.45), rel=0.03)  # as many inside as outside


def test_an_organoid_has_a_lumen_and_its_matrix_cells_around_it() -> None:
    made = plan(
        {
            "geometry": "organoid",
            "diameter": "200 um",
            "lumen": "120 um",
            "per_tumour_cell": {"cd8": 1, "fibroblast": 0.3},
        }
    )
    assert from_middle(made, "cancer").min() >= 60.0
    assert from_middle(made, "cancer").max() <= 100.0
    assert 100.0 <= from_middle(made, "fibroblast").min() <= from_middle(made, "fibroblast").max() <= 141.0
    assert from_middle(made, "cd8").min() >= 140.0


def test_a_ball_comes_to_rest_at_its_diameter_and_keeps_its_lumen() -> None:
    for generate, lumen in (
        ({"geometry": "spheroid", "diameter": "160 um"}, 0.0),
        ({"geometry": "organoid", "diameter": "160 um"}, 126.2),
    ):
        tissue = started(plan(generate))
        n, cells = tissue.cells.n, tissue.cells.arrays
        centres = np.stack([cells.x[:n], cells.y[:n], cells.z[:n]], axis=1) - np.array(tissue.box) / 2
        distance = np.linalg.norm(centres, axis=1)
        assert np.quantile(distance, 0.95) + 8.45 == pytest.approx(80.0, rel=0.1)
        assert np.quantile(distance, 0.05) >= 0.5 * lumen


def test_a_node_has_b_cells_in_follicles_and_all_others_and_its_vessels_around_them() -> None:
    made = plan({"geometry": "node", "size": ["600 um", "600 um"], "follicle_diameter": "200 um"})
    edges = np.array(made.box[:2])
    middles = spread_middles(made.key, "follicle", made_follicles(made), made.box, 2).T
    tree = cKDTree(middles, boxsize=edges)

    def away(at: np.ndarray) -> np.ndarray:
        return np.asarray(tree.query(at[:, :2] % edges)[0])

    wall = away(places(made, "b_cell")).max()
    assert wall == pytest.approx(100.0, rel=0.2)
    others = [name for name in counts(made) if name != "b_cell"]
    assert {"cd4", "cd8", "dc"} <= set(others)
    assert away(places(made, *others)).min() > wall - 2.0
    assert away(np.stack([made.vessels.x, made.vessels.y], axis=1)).min() > wall - 2.0


def made_follicles(made: Plan) -> int:
    told = next(note for note in made.notes if note.startswith("Follicles"))
    return int(told.split()[1].rstrip(","))


def test_marrow_and_node_have_the_cells_and_vessels_of_the_organ() -> None:
    for name in ("marrow", "node"):
        made = plan({"geometry": name, "size": ["500 um", "500 um"]})
        geometry = LIBRARY.geometries[name]
        assert counts(made) == {
            cell: round(number.value * 500**2) for cell, number in sorted(geometry.densities.items())
        }
        assert made.vessels.n == pytest.approx(geometry.vessel_density.value * 500**2, abs=1)
        assert 0.9 < made.scales[0] < 1.1  # the densities are those of packed tissue


# What is told, and what it does


def test_each_density_is_told_as_it_is_in_the_end_and_where_it_comes_from() -> None:
    infiltrate = LIBRARY.geometries["section"].infiltrate
    held = LIBRARY.tumours["melanoma"].densities
    few = {"tumour.melanoma.densities.cd8": "50 cells/mm2"}
    for generate in (
        {**SECTION, "architecture": "mixed"},
        {**SECTION, "architecture": "cold", "densities": {"other": "0 cells/mm2", "nk": "40 cells/mm2"}},
        {**SECTION, "fractions": {"cancer": 0.7, "cd8": 0.3}},
        {**SECTION, "fractions": {"cd8": 0.3}, "density": "3000 cells/mm2"},
        {**SECTION, "density": "3000 cells/mm2"},
        {**SECTION, "architecture": "excluded", "nest_diameter": "210 um"},
    ):
        made = plan(generate, knowledge=few)
        found = counts(made)
        told = " ".join(made.notes)
        named = generate.get("fractions", generate.get("densities", {}))
        for name in {*held, *named}:
            density = found.get(name, 0) / 0.25
            value = f"{name} {density:{',.0f' if density >= 1000.0 else '.4g'}} ("
            assert value + ("scenario)" if name in named else "metastatic melanoma: ") in told
    told = " ".join(plan({**SECTION, "architecture": "mixed"}, knowledge=few).notes)
    raised = "b_cell, cd4, cd8, dc, macrophage, mdsc, neutrophil, nk, treg times"
    assert (
        f"{raised} 4, as CD8 cells are 200 per mm2 at least there ({infiltrate.infiltrated.source})" in told
    )
    told = " ".join(plan({**SECTION, "architecture": "cold"}, knowledge=few).notes)
    assert f"{raised} 0.4, as CD8 cells are 20 per mm2 at most there (assumed)" in told
    assert "times" not in " ".join(plan(SECTION, knowledge=few).notes)


def test_the_report_tells_what_was_drawn_with_which_numbers() -> None:
    told = " ".join(placed(plan({**SECTION, "architecture": "excluded", "nest_diameter": "210 um"})))
    for words in (
        "Section of a tumour, drawn",
        "about 210 um hold 50 %",
        "counts as excluded",
        "cancer 2,384 (metastatic melanoma: 3,500, assumed)",
    ):
        assert words in told
    told = " ".join(placed(plan(GEOMETRIES["spheroid"])))
    for words in ("A ball of 100 um", "no burn-in", "no vessels, no arrivals", "as in the knowledge base"):
        assert words in told
    assert "lives on untreated" not in told


@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_geometry_lives_for_some_minutes(name: str) -> None:
    free = name in ("well", "spheroid", "organoid")
    made = plan(GEOMETRIES[name], **({} if free else {"numerics": {"burn_in": "30 min"}}))
    tissue = started(made)
    cells = tissue.cells.n
    assert tissue.boundary == made.boundary
    assert (tissue.steadiness is None) == free
    for now in range(0, ticks(12.0), made.coupling):
        loop.advance(made, made.courses[0], tissue, now, lambda *_: None)
    assert tissue.cells.n == pytest.approx(cells, abs=0.03 * cells)
    oxygen = tissue.cells.arrays.signal[made.tables.oxygen, : tissue.cells.n]
    assert np.isfinite(oxygen).all()
    assert np.median(oxygen) > 2.0
    if made.boundary != WINDOW:
        assert tissue.box == made.box
    if free:
        assert tissue.counters["arrivals"] == tissue.counters["departures"] == 0
        effectors = tissue.cells.arrays.kind[: tissue.cells.n] == made.species.cells.index("cd8")
        assert not tissue.cells.arrays.niche[: tissue.cells.n][effectors].any()  # no matrix holds them


def test_effectors_in_medium_may_recognise_the_tumour() -> None:
    """Their marks and receptors are drawn as in a patient, although none arrives."""
    every = {"cell.cd8.lytic.reactive_fraction": 1, "cell.cd8.lytic.pd1_positive": 1}
    tissue = started(plan(GEOMETRIES["well"], knowledge=every))
    n, cells = tissue.cells.n, tissue.cells.arrays
    effectors = cells.kind[:n] == tissue.species.cells.index("cd8")
    assert effectors.sum() > 20
    assert (cells.reactive[:n][effectors] > 0).all()


def test_a_generated_run_is_rebuilt_and_drawn_anew_with_another_seed(tmp_path: Any) -> None:
    generate = {"size": ["300 um", "300 um"], "architecture": "excluded", "nest_diameter": "200 um"}
    asked = Scenario.from_dict(
        {
            "scenario": {"name": "generated", "duration": "20 min", "seed": 1},
            "tissue": {"tumour": "melanoma", "generate": generate},
            "arm": [{"name": "control"}],
            "numerics": {"burn_in": "40 min"},
        }
    )
    from opsonin.engine.provenance import rebuilt

    result = run.run(asked, tmp_path / "one")
    again, other = (rebuilt(tmp_path / "one", result.provenance, seed) for seed in (None, 9))
    assert again.input_digest == compile_scenario(asked).input_digest
    np.testing.assert_array_equal(again.vessels.x, compile_scenario(asked).vessels.x)
    assert other.input_digest != again.input_digest
    assert seen_as(other) == "excluded"
