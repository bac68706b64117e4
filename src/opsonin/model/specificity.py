"""What the receptor of an effector is to the tumour. Plain integers, so that kernels can use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsonin.model.knowledge import Helping, Lytic

UNMATCHED = 0  # a bystander
MATCHED = 1
STEM_LIKE = 2  # matched, and one that renews itself


def recognising(sees: Lytic | Helping) -> float:
    """Share of a type whose receptor matches the tumour [-]: at most those with PD-1, as they are all among these."""
    return min(sees.reactive_fraction.value, sees.pd1_positive.value)


def recognising_among_marked(sees: Lytic | Helping) -> float:
    """The same among cells with PD-1 [-]."""
    return recognising(sees) / sees.pd1_positive.value if sees.pd1_positive.value > 0.0 else 0.0
