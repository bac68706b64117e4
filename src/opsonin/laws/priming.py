"""The node and what fills the blood: priming of naive cells, their expansion, and what production answers to.

Where cells are and how many, is the patient's.
"""

from __future__ import annotations

from opsonin.laws.operations import law, maximum, power

# A count that falls below this share of the one at rest calls for no more: there the form is not known.
LEAST_COUNT = 1e-3


@law
def primed(naive, rate, presented, costimulated):
    """Naive cells that dendritic cells prime [cells/min].

    Args:
        naive: cells of the clones in the body N [cells].
        rate: with all of both r [1/min].
        presented: share of the full rate that dendritic cells with antigen reach, from `hill` p [-].
        costimulated: factor of co-stimulation, from `costimulation` c [-].
    Source: this model: a naive cell passes through the node and may find what it sees; r p c N.
    """
    return rate * presented * costimulated * naive


@law
def divisions(least, by_costimulation, costimulated, by_help, helped):
    """How often a primed cell divides, n = n0 + n1 s + n2 h [-].

    Args:
        least: in any case n0 [-].
        by_costimulation: by full co-stimulation n1 [-]; costimulated: share of it s [-].
        by_help: by full interleukin 2 n2 [-]; helped: share of it h [-], from `hill`.
    Source: signals add up to the divisions of a T cell, Marchingo 2014, doi:10.1126/science.1260044.
    """
    return least + by_costimulation * costimulated + by_help * helped


@law
def expanded(cells, count):
    """Cells that become of so many by division, 2^n times as many [as the cells].

    Args:
        cells: before [cells or cells/min].
        count: of divisions n [-], from `divisions`.
    Source: definition.
    """
    return cells * power(2.0, count)


@law
def called_for(count, resting, steepness):
    """How much faster precursors divide for what is missing, (B0/B)^g [-].

    Args:
        count: of the cells that they become B [cells].
        resting: of these before treatment B0 [cells], > 0.
        steepness: power g [-].
    Source: Friberg 2002, J Clin Oncol 20:4713, as in doi:10.1007/s00280-017-3366-x; bounded where hardly any is left.
    """
    return power(resting / maximum(count, LEAST_COUNT * resting), steepness)


@law
def renewal(precursors, called, own, rate):
    """Rate of change of precursors, over what they are at rest: k (f (s P + 1 - s) - P) [1/min].

    Args:
        precursors: over those at rest P [-].
        called: from `called_for` f [-].
        own: share of them that comes of themselves s [-]; the others come from where drugs do not reach.
        rate: at which they leave to mature k [1/min].
    Source: Friberg 2002, as `called_for`, where s is 1. There a count that turns over much more slowly than its
        precursors would swing for months.
    """
    return rate * (called * (own * precursors + 1.0 - own) - precursors)


@law
def left_to_others(ligands, pairs):
    """Density of ligands that a competing receptor does not hold, L - C, at least 0 [molecules/um2].

    Args:
        ligands: density L [molecules/um2].
        pairs: from `bound_pairs` C [molecules/um2].
    Source: by definition of competition.
    """
    return maximum(ligands - pairs, 0.0 * ligands)
