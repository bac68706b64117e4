"""What the receptor of an effector is to the tumour. Plain integers, so that kernels can use them."""

from __future__ import annotations

UNMATCHED = 0  # a bystander
MATCHED = 1
STEM_LIKE = 2  # matched, and one that renews itself
