"""What a tissue does before treatment, over the whole tumour of its patient: from that the patient's rest follows."""

from __future__ import annotations

from typing import Any

from opsonin.core.errors import Fault, RunError
from opsonin.engine.compile import Plan
from opsonin.kernels.fate import ENTRY, PARTS
from opsonin.laws.trafficking import stood_for
from opsonin.model.immunity import Immunity
from opsonin.model.tables import TISSUE_EXIT, TUMOUR
from opsonin.patient.body import ADULT
from opsonin.patient.clone_part import BURDEN
from opsonin.patient.tumour_part import KILLERS, T_CELL
from opsonin.patient.window_part import Untreated, groups_of
from opsonin.tissue import accounts, fate
from opsonin.tissue.tissue import REACTIVE, Tissue


def untreated_of(plan: Plan, tissue: Tissue) -> tuple[Untreated, float]:
    """The tissue at time 0 as a tumour, and how many of its cells each cell of the window stands for [-].

    Killers come as their density is kept. What dies is what is born, less the published growth.

    Raises:
        RunError: there is no tumour cell.
    """
    immunity = plan.library.immunity[ADULT]
    burden = float(immunity.tumour.burden.value)
    live, tumour = accounts.census(tissue), tissue.tables.types[:, TUMOUR] > 0.0
    cells = float(live[tumour].sum())
    if not cells:
        problem = "has no living tumour cell at time 0: it stands for no tumour."
        raise RunError(
            Fault("[patient]", f"the tissue {problem}", "Leave [patient] out, or choose another field.")
        )
    scale = float(stood_for(burden, cells))
    of, arriving, leaving = {BURDEN: burden}, {}, {}
    for killer in KILLERS:
        present, coming = _present(tissue, live, killer), _coming(tissue, killer)
        out = float(tissue.tables.types[tissue.species.cells.index(killer), TISSUE_EXIT])
        for group in groups_of(immunity, killer):
            share = share_of(immunity, group) if killer == T_CELL else 1.0
            of[group] = scale * present * share
            arriving[group] = scale * coming * share
            leaving[group] = out * of[group]
    return Untreated(of, _dying(plan, tissue, tumour, burden), arriving, leaving), scale


def share_of(immunity: Immunity, antigen: str) -> float:
    """Of the tumour-reactive T cells, how many are of the clones against an antigen [-]."""
    whole = sum(other.share.value for other in immunity.antigens.values())
    return float(immunity.antigens[antigen].share.value / whole)


def _dying(plan: Plan, tissue: Tissue, tumour: Any, burden: float) -> float:
    rates = fate.turnover(tissue)[tumour].sum(axis=(0, 1))
    born = float(rates[ENTRY] / max(rates[PARTS], 1.0))
    return burden * max(born - plan.expansion, 0.0)


def _present(tissue: Tissue, live: Any, killer: str) -> float:
    """Killers of a type that recognise the tumour: T cells by their receptor, NK cells all."""
    own = live[tissue.species.cells.index(killer)]
    return float(own[1] if killer == T_CELL else own.sum())


def _coming(tissue: Tissue, killer: str) -> float:
    """Of these, how many arrive in the window [cells/min]."""
    kind = tissue.species.cells.index(killer)
    index = [source.kind for source in tissue.arrivals].index(kind)
    flux = tissue.balance.flux[index]
    return float((flux[:, REACTIVE] if killer == T_CELL else flux).sum() * tissue.area)
