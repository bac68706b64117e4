"""Arrival of immune cells at vessels and their loss from the tissue."""

from __future__ import annotations

from opsonin.laws.operations import law, maximum, minimum


@law
def balanced_arrival(density, loss, growth, proliferation):
    """Arrivals per area that keep an imaged density [cells/um2/min]: rho (loss + g - p), at least 0.

    Args:
        density: imaged density rho [cells/um2].
        loss: death in the tissue and exit from it [1/min].
        growth: of the tissue, which dilutes the cells, g [1/min].
        proliferation: of the cells in the tissue, p [1/min].
    Source: docs/untreated.md.
    """
    return density * maximum(loss + growth - proliferation, 0.0 * growth)


@law
def home_share(imaged, near_from_nests, near_from_stroma):
    """Share of cells that belong to the nests, if some of either niche stray: s = (f - b) / (a - b), in [0, 1].

    Args:
        imaged: share of all cells that the biopsy shows near a tumour cell, f [-].
        near_from_nests: share of the nests' own cells that are near one, a [-].
        near_from_stroma: share of the stroma's cells that are, b [-].
    Source: mixture of two populations.
    """
    apart = maximum(near_from_nests - near_from_stroma, 1e-6)
    return minimum(maximum((imaged - near_from_stroma) / apart, 0.0 * imaged), 1.0)


@law
def vessel_arrival(flux, area, vessels, recruitment):
    """Arrivals at one vessel [cells/min].

    Args:
        flux: arrivals per area without recruitment [cells/um2/min].
        area: of the section [um2].
        vessels: number of vessels in it [-].
        recruitment: fold change by the chemokine at this vessel [-].
    Source: this model: vessels share the arrivals alike, recruitment multiplies them.
    """
    return flux * area / vessels * recruitment
