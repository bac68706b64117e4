"""How a tumour cell withstands death in the mean field: hits that it takes, and how fast its priming kills it.

The laws are fitted to the death switch of the tissue. What drugs leave of its proteins is told by `contact_part.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsonin.laws.death import guard_load, stable_xiap
from opsonin.laws.ledger import hits_in_a_row, passed_by_xiap
from opsonin.laws.primed_death import PRIMED_SPEED, primed_death_rate, priming_needed
from opsonin.model.death import EARM_CELL, PROTEINS, TISSUE_RATES
from opsonin.patient.formulae import called
from opsonin.patient.parts import identifier
from opsonin.patient.sheet import Sheet


def hits_needed(sheet: Sheet, free: Mapping[str, Any]) -> Any:
    """Hits in a row that kill [-]; gets a name.

    Args:
        free: of each protein of the switch what no drug holds [molecules]; survivin over its resting level [-].
    """
    needed = called(hits_in_a_row, *_held_back(sheet, free))
    return sheet.derived("hits_needed", needed, "1", "hits in a row that kill a tumour cell")


def primed_deaths(sheet: Sheet, free: Mapping[str, Any], priming: float) -> Any:
    """Rate at which primed cells die [1/min].

    Args:
        free: as in `hits_needed`; priming: BH3-only activity that stands without a signal [-], > 0.
    """
    guarding, hold = _held_back(sheet, free)
    xiap = sheet.derived("xiap_hold", hold, "1", "hold of XIAP on caspase-3, over that in the cell of EARM")
    stands = sheet.constant("priming", priming, "1", "BH3-only activity that stands without a signal")
    needed = sheet.derived(
        "needed_priming",
        called(priming_needed, guarding, xiap),
        "1",
        "priming of which tumour cells die soon",
    )
    most = sheet.constant("primed_speed", PRIMED_SPEED, "1/min", "deaths at the priming needed, without XIAP")
    passed = sheet.derived(
        "passed_by_xiap_share", called(passed_by_xiap, xiap), "1", "what XIAP does not halt"
    )
    return called(primed_death_rate, stands, needed, most * passed)


def _held_back(sheet: Sheet, free: Mapping[str, Any]) -> tuple[Any, Any]:
    """How guards and XIAP hold death back, relative to the cell of EARM [-]."""
    rates, earm = TISSUE_RATES, EARM_CELL
    affinities = (rates.bcl2_affinity, rates.bclxl_affinity, rates.mcl1_affinity)
    guards = [
        sheet.constant(f"guard_{identifier(name)}", kd, "molecule", f"{name} that holds half of Bid")
        for name, kd in zip(PROTEINS[1:4], affinities, strict=True)
    ]
    share = sheet.constant("bax_share", rates.bax_share, "1", "share of BAX at the mitochondria")
    load = float(guard_load(earm.bcl2, earm.bclxl, earm.mcl1, *affinities))
    pores = rates.bax_share * earm.bax + earm.bak
    reference = sheet.constant(
        "guarding_reference", pores / (1.0 + load), "molecule", "pores over guards in the cell of EARM"
    )
    held = called(guard_load, *(free[name] for name in PROTEINS[1:4]), *guards)
    guarding = (1 + held) * reference / (share * free["BAX"] + free["BAK"])
    whole = sheet.constant("xiap_reference", earm.xiap, "molecule", "XIAP in the cell of EARM")
    survivin = sheet.constant("survivin_share", rates.survivin_share, "1", "of XIAP's hold")
    unmoved = sheet.constant("survivin_at_rest", 1.0, "1", "survivin over its resting level")
    return guarding, called(stable_xiap, free["XIAP"], unmoved * free["survivin"], survivin) / whole
