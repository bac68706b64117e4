"""CAR-T cells over replicates: lysis rises with the antigen; what halves a marrow fails in a patchy solid tumour."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from opsonin.engine.compile import Plan, compile_scenario
from opsonin.engine.recording import barriers_told
from opsonin.engine.start import started
from opsonin.io.scenario import Scenario
from opsonin.model.tables import HIT_RATE
from opsonin.observe import barriers
from opsonin.tissue.ledger import empty
from tissues import CONTROL, carried_on, interval, live, over_seeds, plan

pytestmark = pytest.mark.statistical

SEEDS = range(1, 7)
WELLS = range(1, 9)
CONFIDENCE = 0.9
DAYS = 14.0
# The two products differ in nothing but the antigen.
DOSE = {"amount": "200 cells/mm2", "lasting": "1 d"}
MARROW = {
    "tissue__tumour": "b_all",
    "tissue__generate": {"geometry": "marrow", "size": ["300 um", "300 um"]},
}
SOLID = {
    "tissue__tumour": "her2_breast",
    "tissue__generate": {
        "geometry": "section",
        "size": ["300 um", "300 um"],
        "architecture": "excluded",
    },
    "knowledge": {"defect.her2-loss.share": 0.3},
}


def treated(seed: int, drug: str, tissue: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Share of the tumour that is left, over that of the untreated one; and losses of kills by barrier, treated."""
    asked = plan(
        scenario__seed=seed,
        scenario__duration="20 d",
        arm=[CONTROL, {"name": "car", "dose": [{"drug": drug} | DOSE]}],
        **tissue,
    )
    (control, _), (left, lost) = (_after(asked, arm) for arm in (0, 1))
    return left / control, lost


def _after(asked: Plan, arm: int) -> tuple[float, dict[str, float]]:
    tissue = started(asked)
    before = live(tissue, "cancer")
    tissue.ledger = empty(tissue)
    carried_on(asked, tissue, 0, DAYS * 1440.0, arm)
    row = barriers.row(
        tissue.ledger, tuple(barriers_told(asked)), float(tissue.tables.types[:, HIT_RATE].max())
    )
    lost = {name.removeprefix("lost."): value for name, value in row.items() if name.startswith("lost.")}
    left = live(tissue, "cancer") * tissue.weight / before  # a narrow window is tiled
    return left, {name: value / row["possible"] for name, value in lost.items()}


def test_the_same_cells_clear_a_marrow_and_fail_in_a_patchy_excluded_tumour():
    """Of the marrow under 1 % of the control is left after 14 days, in each of six replicates (by chance 1 in 64)."""
    marrow = over_seeds(partial(treated, drug="axicabtagene", tissue=MARROW), SEEDS)
    solid = over_seeds(partial(treated, drug="her2_car_t", tissue=SOLID), SEEDS)
    cleared, failed = ([left for left, _ in found] for found in (marrow, solid))
    print(f"\nleft of control: marrow {cleared}, solid {failed}")
    assert max(cleared) < 0.01
    assert interval(failed, CONFIDENCE)[0] > 0.8
    why = {name: float(np.mean([lost[name] for _, lost in solid])) for name in solid[0][1]}
    print(
        "why, solid:", {name: round(value, 3) for name, value in sorted(why.items(), key=lambda kv: -kv[1])}
    )
    starved = sum(why[name] for name in ("glucose", "lactate", "adenosine", "oxygen", "tgf_beta"))
    assert why["far"] == max(why.values())  # kept out
    assert starved > 0.1  # acid, without glucose
    assert why["antigen"] + why["receptor"] > 0.03  # cells that have lost the antigen, T cells that see none


def lysed(seed: int, antigens: int) -> float:
    """Share of leukaemia cells with so many antigens that are killed within four hours in a well.

    Four CAR-T cells for five targets: so few do what ten for each do in a pellet, of which most touch none.
    """
    asked = compile_scenario(
        Scenario.from_dict(
            {
                "scenario": {"name": "lysis", "duration": "1 d", "seed": seed},
                "tissue": {
                    "tumour": "b_all",
                    "generate": {"geometry": "well", "size": ["400 um", "400 um"], "confluence": 0.1},
                },
                "arm": [
                    {
                        "name": "a",
                        "dose": [{"drug": "axicabtagene", "amount": "800 cells/mm2", "lasting": "10 min"}],
                    }
                ],
                "knowledge": {"tumour.b_all.expresses.cancer.CD19": f"{antigens} molecules"},
            }
        )
    )
    tissue = started(asked)
    targets = live(tissue, "cancer")
    return carried_on(asked, tissue, 0, 4 * 60.0).counters["kills"] / targets


def test_lysis_of_few_antigens_is_as_published():
    """22.8 % at 240 antigens (evidence B064)."""
    few = over_seeds(partial(lysed, antigens=240), WELLS)
    print(f"\nlysis at 240 antigens: {np.mean(few):.3f}")
    assert np.mean(few) == pytest.approx(0.228, abs=0.05)


def test_lysis_rises_with_the_antigen_as_published():
    """40 to 60 % at 5,172 antigens and more (evidence B064); at 240 the ratio to it is 0.38 to 0.57.

    The number at half of the signal is set by that ratio, of lysis and not of the signal, as a kill takes several hits.
    """
    few, many, most = (
        np.array(over_seeds(partial(lysed, antigens=number), WELLS)) for number in (240, 6_000, 200_000)
    )
    ratio = interval(few / most, CONFIDENCE)
    print(f"\nlysis: {few.mean():.3f}, {many.mean():.3f}, {most.mean():.3f}; ratio {ratio}")
    for share in (many, most):
        assert 0.4 < share.mean() < 0.6
    assert ratio[1] > 0.38
    assert ratio[0] < 0.57
    assert many.mean() > 0.85 * most.mean()
