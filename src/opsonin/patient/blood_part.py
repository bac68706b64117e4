"""Blood cells: precursors divide, mature and come to the body; production calls for what is missing; drugs kill.

A lineage has its share in blood, where it is counted. Clones against the tumour are in `node_part.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.events import approaching
from opsonin.laws.priming import called_for, renewal
from opsonin.model.immunity import Immunity, Lineage
from opsonin.patient.effect_part import BODY, Effects
from opsonin.patient.formulae import called, symbol

STAGES = 3  # of maturing, as in the model of Friberg 2002


def in_body(lineage: str) -> str:
    """What the model calls all cells of a lineage in the body."""
    return f"body_{lineage}"


def in_blood(lineage: str) -> str:
    """What the model calls their count in blood."""
    return f"blood_{lineage}"


def at_rest_in_body(immunity: Immunity, lineage: str) -> float:
    """Cells of a lineage in the body before treatment."""
    numbers = immunity.blood[lineage]
    return float(numbers.count.value * immunity.blood_volume.value / numbers.blood_share.value)


def write_blood(immunity: Immunity, effects: Effects, counted: Mapping[str, tuple[Any, float]]) -> None:
    """Write all lineages on the sheet of `effects`.

    Args:
        counted: by lineage, what is counted with it besides, as clones with CD8 T cells, and what there is of it before
            treatment [cells], which is taken off the lineage.
    """
    sheet = effects.sheet
    volume = sheet.constant("blood_volume", immunity.blood_volume.value, "L", "volume of the blood")
    for name, lineage in sorted(immunity.blood.items()):
        others, of_others = counted.get(name, (0, 0.0))
        resting = at_rest_in_body(immunity, name) - of_others
        _lineage(name, lineage, resting, effects)
        share = sheet.constant(
            f"{name}_blood_share", lineage.blood_share.value, "1", f"share of {name} in blood"
        )
        sheet.derived(
            in_blood(name),
            share * (symbol(in_body(name)) + others) / volume,
            "cell/L",
            f"{name} cells in blood",
        )


def _lineage(name: str, lineage: Lineage, resting: float, effects: Effects) -> None:
    sheet = effects.sheet
    whole = sheet.constant(f"{name}_at_rest", resting, "cell", f"{name} cells in the body before treatment")
    there = sheet.amount(in_body(name), resting, "cell", f"{name} cells in the body")
    loss = called(
        rate_of_half_life,
        sheet.constant(f"{name}_half_life", lineage.half_life.value, "min", f"half-life of {name} cells"),
    )
    ripe = _maturing(name, lineage, called_by=(there, whole), effects=effects)
    sheet.flow(
        f"{name}_production", None, in_body(name), loss * whole * ripe, f"{name} cells that come to the body"
    )
    sheet.flow(f"{name}_turnover", in_body(name), None, loss * there, f"{name} cells that are lost")
    hazard = effects.hazard(lineage.cell, BODY, 0)
    if hazard != 0:
        sheet.flow(f"{name}_killed", in_body(name), None, hazard * there, f"{name} cells that drugs kill")


def _maturing(name: str, lineage: Lineage, called_by: tuple[Any, Any], effects: Effects) -> Any:
    """The last stage, over what it is at rest [-]."""
    sheet = effects.sheet
    rate = sheet.constant(
        f"{name}_maturing_rate",
        (STAGES + 1) / lineage.maturing.value,
        "1/min",
        f"from one stage of maturing {name} cells to the next",
    )
    power = sheet.constant(
        f"{name}_feedback", lineage.feedback.value, "1", f"{name}: power of what is missing"
    )
    first = f"{name}_precursors"
    before = sheet.amount(first, 1.0, "1", f"precursors of {name} cells, over those at rest")
    own = sheet.constant(
        f"{name}_own",
        lineage.renewing.value,
        "1",
        f"share of precursors of {name} cells that come of themselves",
    )
    growth = called(renewal, before, called(called_for, *called_by, power), own, rate)
    sheet.flow(f"{first}_renewal", None, first, growth, f"net growth of precursors of {name} cells")
    committed = sheet.constant(
        f"{name}_committed",
        lineage.committed.value,
        "1",
        f"share of precursors of {name} cells in S, G2 or M",
    )
    hazard = effects.hazard(lineage.cell, BODY, committed)
    if hazard != 0:
        sheet.flow(
            f"{first}_killed", first, None, hazard * before, f"precursors of {name} cells that drugs kill"
        )
    for stage in range(1, STAGES + 1):
        here = f"{name}_maturing_{stage}"
        now = sheet.amount(here, 1.0, "1", f"maturing {name} cells, stage {stage}, over those at rest")
        sheet.flow(f"{here}_change", None, here, called(approaching, now, before, rate), "change of that")
        before = now
    return before
