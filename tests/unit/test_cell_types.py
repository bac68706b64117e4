"""The cell types and tumours that biopsies need: complete, apart to the eye, and with numbers of the right size."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from opsonin.engine.plausibility import require_plausible_biology
from opsonin.knowledge.composition import space_held
from opsonin.knowledge.library import load_library
from opsonin.model import tables as column
from opsonin.report.maps import BACKGROUND_TYPES, muted, pale
from opsonin.report.palette import DEAD, PAPER
from tissues import carried_on, live, plan, started

LIBRARY = load_library()
CELLS = LIBRARY.cells
IMMUNE = sorted(name for name, cell in CELLS.items() if cell.role == "immune")
STATIONARY = sorted(name for name, cell in CELLS.items() if cell.role in ("stroma", "vessel"))
TUMOURS = sorted(LIBRARY.tumours)
MADE = {"car_t"}  # outside the body: in no tumour before treatment
HOUR, DAY, YEAR = 60.0, 1440.0, 365.25 * 1440.0

# What linear RGB becomes for readers without red or green cones (Machado 2009, severity 1).
VISION = {
    "normal": np.eye(3),
    "without red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "without green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of '#rrggbb' as seen, white D65."""
    srgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ np.clip(vision @ linear, 0.0, 1.0) / XYZ.sum(axis=1)
    fx, fy, fz = (np.cbrt(t) if t > 0.008856 else 7.787 * t + 16.0 / 116.0 for t in (x, y, z))
    return np.array([116.0 * fy - 16.0, 500.0 * (fx - fy), 200.0 * (fy - fz)])


def test_each_role_has_the_types_that_biopsies_show() -> None:
    assert IMMUNE == ["b_cell", "car_t", "cd4", "cd8", "dc", "macrophage", "mdsc", "neutrophil", "nk", "treg"]
    assert STATIONARY == ["endothelium", "fibroblast", "other"]
    assert CELLS["endothelium"].role == "vessel"


@pytest.mark.parametrize("name", IMMUNE)
def test_an_immune_type_dies_crawls_arrives_and_leaves(name: str) -> None:
    cell = CELLS[name]
    assert cell.death is not None
    assert cell.death.spontaneous is not None
    assert cell.motility is not None
    assert cell.trafficking is not None
    turnover = cell.death.spontaneous.value + cell.trafficking.exit_rate.value
    assert HOUR < 1.0 / turnover < YEAR
    assert 0.05 <= cell.motility.speed.value <= 20.0
    assert 1.0 <= cell.motility.persistence.value <= HOUR
    assert cell.death.spontaneous.range is not None


@pytest.mark.parametrize("name", IMMUNE)
def test_a_type_is_recruited_by_what_it_follows(name: str) -> None:
    cell = CELLS[name]
    assert cell.motility is not None
    assert cell.trafficking is not None
    follows = cell.motility.attractant == "cxcl10"
    assert follows == (name in ("car_t", "cd4", "cd8", "nk"))
    assert (cell.trafficking.recruitment_fold.value > 1.0) == follows


def test_only_cd8_cells_see_mhc_i_and_only_cancer_cells_are_killed_by_hits() -> None:
    assert [name for name in sorted(CELLS) if CELLS[name].lytic is not None] == ["cd8"]
    assert [name for name in sorted(CELLS) if CELLS[name].lytic_target is not None] == ["cancer"]


@pytest.mark.parametrize("name", STATIONARY)
def test_stroma_and_vessels_stay_where_they_are(name: str) -> None:
    cell = CELLS[name]
    assert (cell.motility, cell.trafficking, cell.death) == (None, None, None)


def test_lifetimes_are_in_the_published_order() -> None:
    def life(name: str) -> float:
        death = CELLS[name].death
        assert death is not None
        assert death.spontaneous is not None
        return 1.0 / death.spontaneous.value / DAY

    assert 0.3 < life("neutrophil") < 5.0
    assert life("neutrophil") < life("dc") < life("treg") < life("cd4") < life("b_cell") < life("macrophage")
    assert life("macrophage") <= 100.0


@pytest.mark.parametrize("name", sorted(CELLS))
def test_a_cell_is_as_wide_as_cells_are_and_breathes(name: str) -> None:
    cell = CELLS[name]
    assert 5.0 <= cell.diameter.value <= 25.0
    uptake = cell.exchanges["oxygen"].uptake_max
    assert uptake is not None
    assert 1e4 <= uptake.value <= 1e6


def test_macrophages_are_the_widest_immune_cells_and_no_immune_cell_is_as_wide_as_a_cancer_cell() -> None:
    width = {name: CELLS[name].diameter.value for name in CELLS}
    assert max(IMMUNE, key=width.__getitem__) == "macrophage"
    assert all(width[name] < width["cancer"] for name in IMMUNE)


@pytest.mark.parametrize("name", ["dc", "endothelium", "fibroblast", "macrophage", "other", "cancer"])
def test_myeloid_cells_and_stroma_answer_interferon_with_chemokine(name: str) -> None:
    answer = CELLS[name].exchanges["cxcl10"]
    assert answer.induced_by == "ifn_gamma"
    assert answer.secretion is not None


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_apart_for_every_reader(vision: str) -> None:
    drawn = {name: cell.colour for name, cell in CELLS.items()} | DEAD
    drawn |= {"paper": PAPER, "cd8, not reactive": pale(CELLS["cd8"].colour)}
    drawn |= {f"{name}, as drawn": muted(CELLS[name].colour) for name in ("cancer", "other")}
    seen = {name: lab(colour, VISION[vision]) for name, colour in drawn.items() if name not in ("necrotic",)}
    new = set(CELLS) - {"cancer", "cd8", "other"}
    near = {
        (a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(seen, 2) if {a, b} & new
    }
    least = 32.0 if vision == "normal" else 15.0
    assert {pair: round(d, 1) for pair, d in near.items() if d < least} == {}


def test_no_two_types_are_both_nearly_black_or_of_the_same_hue_and_lightness() -> None:
    drawn = {
        name: muted(cell.colour) if name in BACKGROUND_TYPES else cell.colour for name, cell in CELLS.items()
    }
    seen = {name: lab(colour, VISION["normal"]) for name, colour in drawn.items()}
    assert {name for name, (lightness, _, _) in seen.items() if lightness < 28.0} == set()
    alike = set()
    for (one, (light, a, b)), (other, (light_too, c, d)) in combinations(seen.items(), 2):
        turn = abs(np.angle(complex(a, b) * complex(c, -d), deg=True))
        if {one, other} <= set(BACKGROUND_TYPES):  # both have a rim of their own colour
            continue
        grey = min(np.hypot(a, b), np.hypot(c, d)) < 5.0
        if not grey and turn < 25.0 and abs(light - light_too) < 8.0:
            alike.add((one, other))
    assert alike == set()


def test_what_does_not_crawl_is_drawn_beneath() -> None:
    assert set(BACKGROUND_TYPES) == {"cancer", *STATIONARY}


@pytest.mark.parametrize("name", TUMOURS)
def test_a_tumour_can_grow_as_published(name: str) -> None:
    tumour = LIBRARY.tumours[name]
    require_plausible_biology(LIBRARY, tumour)
    assert tumour.potential_doubling_time.value < tumour.doubling_time.value
    for number in (tumour.potential_doubling_time, tumour.doubling_time, tumour.vessel_density):
        assert number.range is not None
        assert number.range[0] < number.value < number.range[1]


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        *(("tnbc", 60, 146), ("pdac", 34, 151), ("melanoma", 8, 212), ("b16", 1.5, 2.8)),
        *(("ccrcc", 20, 154), ("nsclc", 121, 357), ("her2_breast", 102, 222), ("crc_mss", 112, 404)),
        *(("crc_msi", 112, 404), ("hcc", 119, 162), ("gbm", 21, 50), ("ovarian", 55, 67)),
        *(("b_all", 3, 60), ("aml", 11, 36), ("myeloma", 150, 210), ("dlbcl", 7, 120)),
    ],
)
def test_a_doubling_time_lies_within_the_series_that_measured_it(
    name: str, lowest: float, highest: float
) -> None:
    assert lowest <= LIBRARY.tumours[name].doubling_time.value / DAY <= highest


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_a_tumour_gives_the_density_of_every_type(name: str) -> None:
    densities = LIBRARY.tumours[name].densities
    assert set(densities) == set(CELLS) - MADE
    assert all(number.range is not None for number in densities.values())
    assert densities["cancer"].value == max(number.value for number in densities.values())


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_the_cells_of_a_tumour_fill_its_section(name: str) -> None:
    """Discs of the sizes in the knowledge base would cover about all of the area: none is squeezed or swollen much."""
    densities = LIBRARY.tumours[name].densities
    covered = sum(space_held({cell: d.value for cell, d in densities.items()}, LIBRARY, 2).values())
    assert 0.5 < covered < 1.4


IMAGED_AS = {
    "Tumor": "cancer",
    "CD8T": "cd8",
    "CD4T": "cd4",
    "Treg": "treg",
    "NK": "nk",
    "B": "b_cell",
    "DC": "dc",
    "DCMono": "dc",
    "Macrophage": "macrophage",
    "Neutrophil": "neutrophil",
    "MonoNeu": "neutrophil",
    "Mesenchymal": "fibroblast",
    "Endothelial": "endothelium",
    "Other": "other",
    "Otherimmune": "other",
    "CD3T": "other",
}


def test_breast_cancer_densities_are_the_medians_of_the_imaged_fields(shared_data: Path) -> None:
    fields: dict[str, Counter[str]] = defaultdict(Counter)
    with gzip.open(shared_data / "biopsies" / "tnbc_cells.csv.gz", "rt", newline="") as stream:
        for row in csv.DictReader(stream):
            fields[row["patient"]][IMAGED_AS[row["cell_type"]]] += 1
    for cell, number in LIBRARY.tumours["tnbc"].densities.items():
        imaged = [field[cell] / 0.64 for field in fields.values()]  # 800 x 800 um
        assert number.value * 1e6 == pytest.approx(np.median(imaged), abs=0.6, rel=2e-3), cell
        assert number.range is not None
        low, high = (edge * 1e6 for edge in number.range)
        assert low <= min(imaged) + 6.0
        assert high >= 0.99 * max(imaged)


@pytest.fixture(scope="module")
def field():
    return plan(
        tissue__tumour="tnbc",
        tissue__generate={
            "size": ["150 um", "150 um"],
            "densities": dict.fromkeys(
                ("treg", "nk", "b_cell", "cd4", "mdsc", "car_t", "endothelium"), "200 cells/mm2"
            ),
        },
    )


def test_a_field_of_all_types_lives_crawls_and_is_supplied(field) -> None:
    tissue = started(field)
    n = tissue.cells.n
    kinds = tissue.cells.arrays.kind[:n]
    assert set(kinds.tolist()) == set(range(len(CELLS)))
    carried_on(field, tissue, 0, 60.0)
    assert all(live(tissue, name) > 0 for name in CELLS)
    oxygen = tissue.cells.arrays.signal[field.tables.oxygen, :n]
    assert np.isfinite(oxygen).all()
    assert 1.0 < np.median(oxygen) < 38.0


def test_tables_hold_speed_and_loss_of_immune_types_only(field) -> None:
    for index, name in enumerate(field.species.cells):
        row = field.tables.types[index]
        immune = name in IMMUNE
        assert (row[column.SPEED] > 0.0) == immune
        assert (row[column.SPONTANEOUS] > 0.0) == (immune or name == "cancer")


def test_a_generated_field_tells_only_of_types_it_was_asked_for() -> None:
    assert [row["label"] for row in plan().labels] == ["cancer", "cd8", "other"]
