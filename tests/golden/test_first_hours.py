"""The first hours of one small field, as they were: a change of numbers or biology shows here, and is then intended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsonin.engine.start import started
from opsonin.tissue import window
from tissues import NIVOLUMAB, carried_on, live, plan

GOLDEN = Path(__file__).with_name("first_hours.json")


def observed() -> dict[str, float]:
    tissue_plan = plan(arm=[NIVOLUMAB])
    tissue = started(tissue_plan)
    told: dict[str, float] = {"scale": tissue_plan.scales.max()}
    for name in ("resting_pressure", "bulk_modulus"):
        told[name] = getattr(tissue, name)
    told["hindrance"], told["loss"] = tissue.balance.hindrance, tissue.balance.loss_factor.max()
    told["flux"] = tissue.balance.flux.sum()
    told |= {f"start.{t.name}": tissue.fields.values[k].mean() for k, t in enumerate(tissue.substrates)}
    carried_on(tissue_plan, tissue, 0, 180.0)
    told |= {f"{kind}.live": live(tissue, kind) for kind in tissue.species.cells}
    told |= {name: tissue.counters[name] for name in ("hits", "divisions", "apoptoses", "arrivals")}
    told |= {f"end.{t.name}": tissue.fields.values[k].mean() for k, t in enumerate(tissue.substrates)}
    told["area"] = tissue.area
    told["pressure"] = window.pressure(tissue)
    return {name: float(value) for name, value in told.items()}


def test_the_first_hours_are_as_they_were():
    """To accept a change on purpose: write `observed()` to the file beside this one and say why in the commit."""
    assert observed() == pytest.approx(json.loads(GOLDEN.read_text()), rel=1e-5)
