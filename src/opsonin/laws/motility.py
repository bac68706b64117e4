"""How fast and where a motile cell crawls: arrest at the synapse, bias along an attractant."""

from __future__ import annotations

from opsonin.laws.operations import law
from opsonin.laws.response import hill


@law
def crawling_speed(speed, engagement):
    """Speed of a cell whose synapse signals with strength A: v = v0 (1 - A) [um/min].

    Args:
        speed: free speed v0 [um/min].
        engagement: net activation of the synapse it holds A [-]; 0 if none.
    Source: Boissonnas 2007 (arrest on antigen-bearing tumour cells, fast otherwise).
    """
    return speed * (1.0 - engagement)


@law
def receptor_difference(concentration, gradient, length, half):
    """Difference of chemokine-receptor occupancy between front and back of a cell [-].

    Args:
        concentration: at the cell c [nM].
        gradient: its magnitude [nM/um].
        length: of the cell [um].
        half: concentration at half occupancy Kd [nM].
    Source: Zigmond 1977 (cells sense the difference of occupied receptors).
    """
    return length * gradient * half / ((half + concentration) * (half + concentration))


@law
def chemotactic_bias(difference, bias_max, half):
    """Weight of the gradient in a new heading, in [0, bias_max).

    Args:
        difference: occupancy difference [-], from `receptor_difference`.
        bias_max: weight at saturation [-].
        half: difference at half of it [-].
    Source: saturating response, Zigmond 1977.
    """
    return bias_max * hill(difference, half, 1.0)
