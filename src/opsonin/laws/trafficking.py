"""Arrival of immune cells at vessels and their loss from the tissue."""

from __future__ import annotations

from opsonin.laws.operations import law


@law
def balanced_arrival(density, death, exit_rate):
    """Arrivals per area that keep an imaged density against death and exit [cells/um2/min].

    Args:
        density: imaged density [cells/um2].
        death: death rate in the tissue [1/min].
        exit_rate: rate of leaving it [1/min].
    Source: MODEL.md section 13 (without growth and local proliferation).
    """
    return density * (death + exit_rate)


@law
def vessel_arrival(flux, area, vessels, recruitment):
    """Arrivals at one vessel [cells/min].

    Args:
        flux: arrivals per area without recruitment [cells/um2/min].
        area: of the section [um2].
        vessels: number of vessels in it [-].
        recruitment: fold change by the chemokine at this vessel [-].
    Source: MODEL.md section 7.
    """
    return flux * area / vessels * recruitment
