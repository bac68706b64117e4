"""Exchange of cells in culture with the medium that covers them."""

from __future__ import annotations

from opsonin.laws.operations import law


@law
def liquid_exchange(diffusivity, height, thickness):
    """Rate at which a layer of cells comes to equilibrium with the surface of the liquid above it: D / (h d) [1/min].

    The liquid is at rest, so the substrate diffuses through all of it: what keeps pericellular oxygen below the
    incubator's.

    Args:
        diffusivity: D [um2/min].
        height: of the liquid h [um].
        thickness: of the layer of cells d [um].
    Source: Fick's first law over a layer at rest (Wenger 2015, doi:10.2147/HP.S92198).
    """
    return diffusivity / (height * thickness)
