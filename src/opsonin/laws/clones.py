"""Clones as birth-death processes: how many of a few cells are left, how many mutants come, how many there are already.

Each is exact for constant rates; the draws that these shares belong to are in `patient/reservoir.py`.
"""

from __future__ import annotations

from opsonin.laws.operations import law, maximum


@law
def lineage_survives(birth, growth, span):
    """Probability that a cell has a descendant after a time, e^(rho t) / (1 + b E) = (1 + rho E) / (1 + b E) [-].

    Args:
        birth: divisions of a cell b [1/min]; growth: births less deaths rho [1/min].
        span: E = (e^(rho t) - 1) / rho, or t where rho is 0 [min].
    Source: linear birth-death process (Kendall 1948, Ann Math Stat 19:1), as in doi:10.1088/1742-5468/2015/01/P01011.
    """
    return maximum(1.0 + growth * span, 0.0) / (1.0 + birth * span)


@law
def lineage_ends(birth, span):
    """Probability that no further descendant is counted: sizes of what survives are geometric with 1 / (1 + b E) [-].

    Of n lineages that survive the size is n and a negative binomial number of n such trials. Of immigrants that come
    at a constant rate v the number is negative binomial of v / b trials.

    Args:
        birth: b [1/min]; span: E [min], as in `lineage_survives`.
    Source: as `lineage_survives`; with immigration Kendall 1948.
    """
    return 1.0 / (1.0 + birth * span)


@law
def mutants_made(rate, factor, division, cells):
    """Cells that get a defect, 2 r f b N [cells/min]: each daughter of a division by itself.

    Args:
        rate: probability that a daughter has it r [-]; factor: by mutagens f [-].
        division: of a cell b [1/min]; cells: N [cells].
    Source: MODEL.md section 9; docs/evolution.md.
    """
    return 2.0 * rate * factor * division * cells


@law
def mutants_at(rate, division, cells, time):
    """Mutants to expect in a tumour that has grown from one cell, if they grow as the others, 2 r b N t [cells].

    Args:
        rate: probability that a daughter of a division is one r [-]; division: of a cell b [1/min].
        cells: of the tumour N [cells]; time: since its first cell t [min].
    Source: Luria and Delbrueck 1943; of a population that also loses cells doi:10.1088/1742-5468/2015/01/P01011.
    """
    return 2.0 * rate * division * cells * time


@law
def share_of(part, whole, least):
    """Part of a whole, x / max(X, x0) [-]: 0 of nothing.

    Args:
        part: x [cells]; whole: X [cells]; least: below which nobody is there x0 [cells], > 0.
    Source: by definition.
    """
    return part / maximum(whole, least)


@law
def at_least(amount, least):
    """An amount, or what nobody is: max(x, x0) [cells].

    Args:
        amount: x [cells]; least: x0 [cells], > 0, so small that nobody would notice.
    Source: keeps a share of nobody among nobody from being a division by 0.
    """
    return maximum(amount, least)
