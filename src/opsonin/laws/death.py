"""The death decision: death receptors and lytic hits, Bid, pores held by the BCL-2 family, caspase-3 held by XIAP.

A reduced form of the extrinsic apoptosis reaction model EARM 2.0 M1a (`reference.earm`), to which its rates are fitted.
One equation each; how they make a step is `kernels.death`, how they make differential equations `reference.death`.
"""

from __future__ import annotations

from opsonin.laws.operations import law
from opsonin.laws.recognition import bound_pairs
from opsonin.laws.response import hill


@law
def active_disc(disc, flip, flip_half):
    """Death-inducing signalling complexes that cFLIP leaves to procaspase-8, D / (1 + F/K) [molecules].

    Args:
        disc: complexes in all D [molecules].
        flip: cFLIP F [molecules].
        flip_half: cFLIP that holds half of them K [molecules].
    Source: law of mass action; Lopez 2013, doi:10.1038/msb.2013.1.
    """
    return disc / (1.0 + flip / flip_half)


@law
def caspase8_gain(disc, caspase3, caspase8_rate, loop_rate):
    """Rate at which procaspase-8 is cut, by DISC and, through caspase-6, by caspase-3 [1/min].

    Args:
        disc: active complexes, from `active_disc` D [molecules].
        caspase3: active share of caspase-3 e [-].
        caspase8_rate: per complex k_8 [1/(molecule min)].
        loop_rate: all caspase-3 active k_6 [1/min].
    Source: reduced from Lopez 2013, doi:10.1038/msb.2013.1; the loop is Albeck 2008, doi:10.1371/journal.pbio.0060299.
    """
    return caspase8_rate * disc + loop_rate * caspase3


@law
def protease(caspase8, damage, hit_protease):
    """What cuts Bid and procaspase-3: caspase-8, and granzyme B of lytic hits, as a share of all caspase-8 active [-].

    Args:
        caspase8: active share of procaspase-8 c [-].
        damage: lytic hits not yet repaired h [hits].
        hit_protease: of one hit w [1/hit].
    Source: granzyme B cuts both as caspase-8 does, Sutton 2003, doi:10.1016/S1074-7613(03)00050-5.
    """
    return caspase8 + hit_protease * damage


@law
def guard_load(bcl2, bclxl, mcl1, bcl2_affinity, bclxl_affinity, mcl1_affinity):
    """Truncated Bid held by the guards for each one free, sum of G/K [-].

    The guards stand in for each other: losing one alone frees little unless it holds most.

    Args:
        bcl2, bclxl, mcl1: free of BH3 mimetics B, X, M [molecules].
        bcl2_affinity, bclxl_affinity, mcl1_affinity: dissociation constants K_B, K_X, K_M [molecules].
    Source: law of mass action with guards in excess; affinities Certo 2006, doi:10.1016/j.ccr.2006.03.027.
    """
    return bcl2 / bcl2_affinity + bclxl / bclxl_affinity + mcl1 / mcl1_affinity


@law
def free_bid(bid, priming, load):
    """Truncated Bid and its like that no guard holds, (b + p) / (1 + g), as a share of all Bid truncated [-].

    Args:
        bid: truncated share of Bid b [-].
        priming: BH3-only activity that stands without a signal p [-].
        load: of the guards, from `guard_load` g [-].
    Source: law of mass action.
    """
    return (bid + priming) / (1.0 + load)


@law
def pore_gain(bid, bax, bak, bax_share, pore_rate):
    """Rate at which pores form, none without BAX and BAK [1/min].

    Args:
        bid: free truncated Bid, from `free_bid` f [-].
        bax, bak: effectors X, K [molecules].
        bax_share: share of BAX at the mitochondria s [-].
        pore_rate: per effector there k_p [1/(molecule min)].
    Source: reduced from Lopez 2013, doi:10.1038/msb.2013.1.
    """
    return pore_rate * bid * (bax_share * bax + bak)


@law
def released_share(pores, steepness):
    """Share of cytochrome c and SMAC that is out of the mitochondria [-].

    A few pores let out nothing that counts, so that a cell at rest is stable against its own loop.

    Args:
        pores: 1 where half is out P [-].
        steepness: of the release n [-].
    Source: reduced from Lopez 2013, doi:10.1038/msb.2013.1.
    """
    return hill(pores, 1.0, steepness)


@law
def stable_xiap(xiap, survivin, survivin_share):
    """XIAP that survivin keeps from destruction, X (1 - s + s v) [molecules].

    Args:
        xiap: free of SMAC mimetics X [molecules].
        survivin: relative to the unperturbed cell v [-].
        survivin_share: share of XIAP's hold that needs survivin s [-].
    Source: survivin stabilises XIAP, Dohi 2004, J Biol Chem 279:34087.
    """
    return xiap * (1.0 - survivin_share + survivin_share * survivin)


@law
def free_xiap(xiap, released, sink, sink_affinity):
    """XIAP that neither SMAC nor the apoptosome holds [molecules].

    Args:
        xiap: in all, from `stable_xiap` X [molecules].
        released: share of SMAC and cytochrome c that is out, from `released_share` m [-].
        sink: XIAP that they can hold S [molecules].
        sink_affinity: dissociation constant K [molecules].
    Source: law of mass action; reduced from Lopez 2013, doi:10.1038/msb.2013.1.
    """
    return xiap - bound_pairs(xiap, sink * released, sink_affinity)


@law
def caspase3_gain(cut, released, procaspase3_rate, apoptosome_rate):
    """Rate at which procaspase-3 is cut, by caspase-8 and granzyme B and by the apoptosome [1/min].

    Args:
        cut: what cuts it, from `protease` c [-].
        released: share of cytochrome c that is out m [-].
        procaspase3_rate: all caspase-8 active k_3 [1/min].
        apoptosome_rate: all cytochrome c out k_a [1/min].
    Source: reduced from Lopez 2013, doi:10.1038/msb.2013.1.
    """
    return procaspase3_rate * cut + apoptosome_rate * released


@law
def caspase3_loss(xiap, destruction_rate, recovery):
    """Rate at which active caspase-3 is destroyed [1/min].

    Args:
        xiap: free, from `free_xiap` X [molecules].
        destruction_rate: per free XIAP k_x [1/(molecule min)].
        recovery: without XIAP r [1/min].
    Source: XIAP marks caspase-3 for destruction; reduced from Lopez 2013, doi:10.1038/msb.2013.1.
    """
    return destruction_rate * xiap + recovery
