"""The synapse: what an effector sees on the target it touches, and what holds it back. No death decision here."""

from __future__ import annotations

from opsonin.laws.operations import law, power
from opsonin.laws.response import hill


@law
def presented_complexes(mhc, matching_fraction, shown):
    """Peptide-MHC complexes on a target that this effector's receptor matches, M f r [molecules/cell].

    Args:
        mhc: MHC of the class that the effector sees M [molecules/cell].
        matching_fraction: share of them showing a matching peptide on a tumour cell at rest f [-].
        shown: antigens that the target makes, over those at rest r [-], the sum of `antigen_part` and of what is fixed.
    Source: by definition of the matching fraction.
    """
    return mhc * matching_fraction * shown


@law
def antigen_part(share, level, resting):
    """What one antigen is of the matching peptides of a target, over all at rest, s L / L0 [-].

    Args:
        share: of it at rest s [-].
        level, resting: of the antigen in the target L and in a tumour cell at rest L0 [molecules/cell].
    Source: this model: peptides in proportion to their protein.
    """
    return share * level / resting


@law
def antigen_signal(complexes, half, steepness):
    """Antigen signal S in [0, 1): saturates with a handful of complexes.

    Args:
        complexes: matching peptide-MHC [molecules/cell].
        half: complexes at half-maximal lysis [molecules/cell].
        steepness: Hill coefficient [-].
    Source: Sykulev 1996 (3 complexes at half-maximal lysis).
    """
    return hill(complexes, half, steepness)


@law
def activating_part(pairs, half, steepness):
    """What one activating pair adds to the signal, (I/K)^n [-].

    Args:
        pairs: engaged I [molecules/um2].
        half: pairs that alone give half of the full signal K [molecules/um2].
        steepness: n [-].
    Source: this model, as `checkpoint_factor`.
    """
    return power(pairs / half, steepness)


@law
def natural_signal(total):
    """Signal S in [0, 1) of a killer without antigen receptor: a saturating sum, Q / (1 + Q).

    Activating pairs stand in for each other; none is needed, and inhibition multiplies the sum, it is not taken off it.

    Args:
        total: sum of all `activating_part` Q [-].
    Source: NK cells weigh several activating receptors, Bryceson 2006, doi:10.1182/blood-2005-04-1351; form assumed.
    """
    return total / (1.0 + total)


@law
def appetite(antibodies, ligands, unaided):
    """Signal S in [0, 1) of a phagocyte, 1 - (1 - A)(1 - u L).

    Args:
        antibodies: signal of those on the target to Fc receptors A [-], from `natural_signal`.
        ligands: that of its eat-me ligands L [-], likewise.
        unaided: share of the full rate that ligands alone reach u [-].
    Source: macrophages eat live tumour cells readily under antibodies and little without, Chao 2010,
        doi:10.1126/scitranslmed.3001375; form assumed.
    """
    return 1.0 - (1.0 - antibodies) * (1.0 - unaided * ligands)


@law
def fatigued(exhaustion, cost):
    """Exhaustion of a phagocyte after a meal, E + c (1 - E) [-].

    Args:
        exhaustion: before it E [-].
        cost: share of the vigour that is left which a meal takes c [-].
    Source: macrophages lose Fc receptors by eating and eat less for days, Blood 2020;136:2065 (PMC7596847).
    """
    return exhaustion + cost * (1.0 - exhaustion)


@law
def bridged_signal(load):
    """Signal S in [0, 1) of a T cell that bispecific antibodies hold to its target, x / (1 + x).

    Args:
        load: bridges on the target, over the number that gives half of the full signal x [-].
    Source: this model, as `antigen_signal`; T cells of a chimeric receptor lyse 23 % of cells with 240 antigens and no
        more than 40 to 60 % of those with over 5,000, Watanabe 2015, J Immunol 194:911.
    """
    return load / (1.0 + load)


@law
def planar_affinity(affinity, gap, molecules_per_volume):
    """Dissociation constant of a pair confined to a cleft: K_2D = K_3D * gap [molecules/um2].

    Args:
        affinity: three-dimensional Kd [nM].
        gap: width of the cleft [um].
        molecules_per_volume: of one nM [molecules/um3/nM].
    Source: Bell 1978 confinement estimate, used by Cheng 2013 for PD-1.
    """
    return affinity * molecules_per_volume * gap


@law
def bound_pairs(receptor, ligand, affinity):
    """Receptor-ligand pairs in a synapse by mass action [molecules/um2].

    Smaller root of C^2 - (R + L + K) C + R L = 0, written so that it does not cancel at small densities.

    Args:
        receptor, ligand: surface densities R, L [molecules/um2].
        affinity: two-dimensional Kd K [molecules/um2], > 0.
    Source: law of mass action.
    """
    total = receptor + ligand + affinity
    return 2.0 * receptor * ligand / (total + power(total * total - 4.0 * receptor * ligand, 0.5))


@law
def checkpoint_factor(pairs, half, steepness):
    """Share of the activation that a checkpoint lets through: 1 / (1 + (I/K)^n), in (0, 1].

    Args:
        pairs: engaged checkpoint pairs I [molecules/um2].
        half: pairs at half inhibition K [molecules/um2].
        steepness: n [-].
    Source: this model's form of inhibition that saturates.
    """
    return 1.0 / (1.0 + power(pairs / half, steepness))


@law
def passed_by_some(share, passed):
    """Share of the activation that checkpoints let through on average where a share of the killers has them [-].

    Args:
        share: of the killers that carry the receptors s [-].
        passed: product of their `checkpoint_factor` p [-].
    Source: mean over the killers, 1 - s (1 - p).
    """
    return 1.0 - share * (1.0 - passed)


@law
def costimulation(least, signal):
    """Factor of co-stimulation C = c + (1 - c) s, in [c, 1] [-].

    Args:
        least: factor without any c [-].
        signal: co-stimulation taken in s [-], the memory of `natural_signal` of the pairs held.
    Source: rescue of exhausted cells needs CD28, Kamphorst 2017, doi:10.1126/science.aaf0683; form assumed.
    """
    return least + (1.0 - least) * signal


@law
def stripping_rate(pairs, contact, level, rate):
    """Rate at which a cell loses a ligand to a receptor that takes in what it holds, k C a / L [1/min].

    Args:
        pairs: in the contact C [molecules/um2], from `bound_pairs`.
        contact: its area a [um2].
        level: ligands on the whole cell L [molecules], > 0.
        rate: at which what is held is taken in k [1/min].
    Source: CTLA-4 takes CD80 and CD86 off opposite cells, Qureshi 2011, doi:10.1126/science.1202947.
    """
    return rate * pairs * contact / level


@law
def net_activation(signal, costimulation, checkpoints):
    """Net synapse signal A = S * C * product of checkpoint factors, in [0, 1].

    Args:
        signal: antigen signal S [-].
        costimulation: factor of co-stimulation C [-], in (0, 1], from `costimulation`.
        checkpoints: product of all `checkpoint_factor` [-].
    Source: this model: co-signals multiply, none is a difference.
    """
    return signal * costimulation * checkpoints


@law
def vigour(exhaustion):
    """Vigour V = 1 - exhaustion, in [0, 1].

    Args:
        exhaustion: its degree E [-], from 0 to 1.
    Source: by definition of exhaustion.
    """
    return 1.0 - exhaustion


@law
def effort(activation, fitness, vigour):
    """Share of what it could do that an effector does to the target it touches, e = A M V, in [0, 1] [-].

    Each factor in [0, 1] is one barrier, so log-losses add up in the ledger.

    Args:
        activation: net synapse signal A [-], from `net_activation`.
        fitness: metabolic fitness of the effector M [-].
        vigour: V [-], from `vigour`.
    Source: this model: barriers multiply.
    """
    return activation * fitness * vigour


@law
def lytic_hit_hazard(delivered, hit_rate_max):
    """Rate at which an effector delivers lytic hits to the target it touches, h_max e [1/min].

    Args:
        delivered: effort e [-], from `effort`.
        hit_rate_max: hits per minute with nothing in the way h_max [1/min].
    Source: Weigelin 2021 (three hits within 50 min).
    """
    return hit_rate_max * delivered


@law
def bound_receptors(pairs, contact, delivered):
    """Death receptors of the target that the effector's ligand holds, C a e [molecules].

    The ligand comes to the surface as far as the effector is at work: what holds back hits holds it back, too.

    Args:
        pairs: of a synapse at full effort C [molecules/um2], from `bound_pairs`.
        contact: area of the synapse a [um2].
        delivered: effort e [-], from `effort`.
    Source: Fas ligand is released on recognition only, Bossi 1999, doi:10.1038/4779.
    """
    return pairs * contact * delivered


@law
def exhaustion_target(drive, gain, recovery, fixed):
    """Exhaustion at which gain and recovery balance, E* = (g S + r F) / (g S + r), in [0, 1].

    Args:
        drive: antigen signal seen now S [-].
        gain: rate of tiring under full signal g [1/min].
        recovery: rate of recovery r [1/min], > 0.
        fixed: exhaustion that does not recede F [-].
    Source: steady state of dE/dt = g S (1 - E) - r (E - F); dysfunction is plastic at first and becomes fixed, Philip
        2017, doi:10.1038/nature22367.
    """
    return (gain * drive + recovery * fixed) / (gain * drive + recovery)


@law
def exhaustion_rate(drive, gain, recovery):
    """Rate at which exhaustion approaches its target: g S + r [1/min]. Arguments as in `exhaustion_target`."""
    return gain * drive + recovery
