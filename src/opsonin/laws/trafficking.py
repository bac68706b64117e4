"""Arrival of immune cells at vessels and their loss from the tissue."""

from __future__ import annotations

from opsonin.laws.apoptosis import LN2
from opsonin.laws.operations import exp, law, maximum, minimum


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


@law
def arrived_share(since, peak, doubling, half_life):
    """Share of a dose's cells that has come to the tissue after a time, in [0, 1) [-].

    They come as they are there in blood: their number doubles up to the peak and falls by half-lives after it.

    Args:
        since: time since the dose t >= 0 [min].
        peak: time of the peak in blood t_p [min].
        doubling: time in which their number doubles before the peak t_d [min].
        half_life: of their number after the peak t_h [min].
    Source: shape of Stein 2019, doi:10.1002/psp4.12388, without the small share that becomes memory; that arrivals
        follow the number in blood is this model's.
    """
    start = exp(-LN2 * peak / doubling)
    rising = doubling * (exp(LN2 * (minimum(since, peak) - peak) / doubling) - start)
    falling = half_life * (1.0 - exp(-LN2 * maximum(since - peak, 0.0 * peak) / half_life))
    return (rising + falling) / (doubling * (1.0 - start) + half_life)


@law
def primed_share(since, share, peak, doubling, half_life):
    """Share of arriving T cells that a vaccination has primed, in [0, 1] [-].

    Their clones double up to the peak and then contract by half-lives.

    Args:
        since: time since the vaccination t >= 0 [min].
        share: at the peak [-].
        peak: time of the peak [min].
        doubling: time in which the clones double before the peak [min].
        half_life: of what is left of them after it [min].
    Source: this model, as `arrived_share`; nodes, where priming happens, are not modelled.
    """
    return share * exp(
        LN2 * ((minimum(since, peak) - peak) / doubling - maximum(since - peak, 0.0 * peak) / half_life)
    )


@law
def entering(cells, rate, burden, reference):
    """Cells of the body that enter a tumour [cells/min]: r n T/T0.

    Args:
        cells: that could n [cells].
        rate: at which each does while the tumour is of its first size r [1/min].
        burden: its tumour cells T [cells].
        reference: those of its first size T0 [cells], > 0.
    Source: this model: vessels grow with the tumour and let in a share of what passes.
    """
    return rate * cells * burden / reference


@law
def spilled(spilling, returning, loss, growth):
    """Tumour cells in blood over those in marrow while both grow alike, e / (r + d + g) [-].

    Args:
        spilling: rate at which one of the marrow goes to blood e [1/min].
        returning: rate at which one in blood goes back r [1/min].
        loss: rate at which one in blood dies d [1/min].
        growth: of both g [1/min]; r + d + g > 0.
    Source: steady share of dB/dt = e M - (r + d) B with M and B growing at g.
    """
    return spilling / (returning + loss + growth)


@law
def room_left(cells, most):
    """Share of full growth that is left to cells which crowd each other, 1 - n/N, at least 0 [-].

    Args:
        cells: n [cells]; most: for which there is room N [cells], > 0.
    Source: logistic growth (Verhulst 1838), as of T cells that compete for what keeps them.
    """
    return maximum(1.0 - cells / most, 0.0)


@law
def renewed(coming, there, one):
    """Rate at which newcomers replace what is in a place, a / (n + 1) [1/min].

    A mean over the cells moves towards that of newcomers at this rate; daughters are as their mothers were.

    Args:
        coming: a [cells/min]; there: n [cells].
        one: a cell, beside which there are many as soon as a mean is of use [cells].
    Source: balance of a sum over cells and their number, d(n x)/dt = a x0 + n f and dn/dt = a + n g.
    """
    return coming / (there + one)


@law
def availability(targets, killers):
    """Share of what a killer would do among plenty of targets that is left to it, T / (T + K) [-].

    Args:
        targets: T [cells]; killers: K [cells], not both 0.
    Source: contact rate that saturates in both, De Boer and Perelson 1995; docs/patient.md.
    """
    return targets / (targets + killers)


@law
def in_contact(killers, targets, share):
    """Killers that hold a target in a well-mixed tumour, s K T / (T + K) [cells].

    Each target is held by one killer at most on average, so that what few are left are shared.

    Args:
        killers: K [cells]; targets: T [cells], not both 0.
        share: of its time that a killer among plenty of targets holds one s [-].
    Source: as `availability`.
    """
    return share * killers * availability(targets, killers)


@law
def recruited_from(cells, resting):
    """Arrivals of a kind over those before treatment, by how many of it the body holds, n / n0, at least 0 [-].

    Args:
        cells: of the kind in the body n [cells]; resting: of it before treatment n0 [cells], > 0.
    Source: as `entering`: the same share of what passes comes.
    """
    return maximum(cells / resting, 0.0)


@law
def stood_for(burden, cells):
    """Cells of a tumour that each cell of a tissue stands for [-]: B / n.

    Args:
        burden: tumour cells of the patient B [cells]; cells: tumour cells in the tissue n [cells], > 0.
    Source: this model: the tissue is a sample of the tumour, docs/patient.md.
    """
    return burden / cells


@law
def pressed(killers, targets, share):
    """Killers that hold a tumour cell, for each tumour cell, s K / (T + K) [-]: `in_contact` over the targets.

    Args:
        killers: K [cells]; targets: T [cells], not both 0.
        share: of its time that a killer among plenty of targets holds one s [-].
    Source: as `availability`.
    """
    return share * killers / (targets + killers)
