"""What the death decision of a cell needs: its state, its proteins, what drives it, and the rates. No equations here.

Plain tuples, so that kernels can take them. The equations are `laws.death`.
"""

from __future__ import annotations

from typing import NamedTuple

# Molecules of the knowledge base behind `DeathProteins`, in its order.
PROTEINS = ("cFLIP", "BCL-2", "BCL-XL", "MCL-1", "BAX", "BAK", "XIAP", "survivin")
NEVER = 1e9  # min; a half-life that stands for no recovery


class DeathState(NamedTuple):
    """How far a cell is on its way to apoptosis; all 0 in a cell at rest.

    Attributes:
        disc: death-inducing signalling complexes at the membrane [molecules].
        caspase8: active share of procaspase-8 [-].
        bid: truncated share of Bid [-].
        pores: BAX/BAK pores, 1 where half of cytochrome c and SMAC is out [-].
        caspase3: active share of procaspase-3; the cell is committed from `DeathRates.commitment` on [-].
    """

    disc: float
    caspase8: float
    bid: float
    pores: float
    caspase3: float


class DeathProteins(NamedTuple):
    """Proteins that hold or carry the death decision; a drug that blocks one leaves only its free share here.

    Attributes:
        flip, bcl2, bclxl, mcl1, bax, bak, xiap: [molecules per cell].
        survivin: relative to the unperturbed cell [-].
    """

    flip: float
    bcl2: float
    bclxl: float
    mcl1: float
    bax: float
    bak: float
    xiap: float
    survivin: float


class DeathDrive(NamedTuple):
    """What drives a cell to death during a step.

    Attributes:
        bound: death receptors (Fas, DR4, DR5) held by their ligand [molecules per cell].
        damage: lytic hits not yet repaired, mean over the step [hits].
        priming: BH3-only activity that stands without a signal, as a share of all Bid truncated [-].
    """

    bound: float
    damage: float
    priming: float


class DeathRates(NamedTuple):
    """Rates of the switch.

    Attributes:
        disc_rate: bound receptor to DISC [1/min].
        flip_half: cFLIP that holds half of the DISC [molecules].
        caspase8_rate: procaspase-8 cut per DISC [1/(molecule min)].
        loop_rate: procaspase-8 cut for all caspase-3 active, through caspase-6 [1/min].
        hit_protease: protease that one lytic hit brings, as a share of all caspase-8 active [1/hit].
        bid_rate: Bid cut, all caspase-8 active [1/min].
        bcl2_affinity, bclxl_affinity, mcl1_affinity: of truncated Bid [molecules].
        pore_rate: pores, per molecule of BAK and all Bid truncated and free [1/(molecule min)].
        bax_share: share of BAX at the mitochondria [-].
        release_steepness: of the release over the pores [-].
        sink: XIAP that SMAC and the apoptosome can hold [molecules].
        sink_affinity: how tightly [molecules].
        survivin_share: share of the hold of XIAP that needs survivin [-].
        procaspase3_rate: procaspase-3 cut, all caspase-8 active [1/min].
        apoptosome_rate: procaspase-3 cut, all cytochrome c released [1/min].
        destruction_rate: caspase-3 destroyed per free XIAP [1/(molecule min)].
        commitment: active share of caspase-3 past which the cell is dead [-].
        receptor_recovery: half-life of DISC and active caspases [min].
        mitochondrial_recovery: half-life of truncated Bid and pores [min].
    """

    disc_rate: float
    flip_half: float
    caspase8_rate: float
    loop_rate: float
    hit_protease: float
    bid_rate: float
    bcl2_affinity: float
    bclxl_affinity: float
    mcl1_affinity: float
    pore_rate: float
    bax_share: float
    release_steepness: float
    sink: float
    sink_affinity: float
    survivin_share: float
    procaspase3_rate: float
    apoptosome_rate: float
    destruction_rate: float
    commitment: float
    receptor_recovery: float
    mitochondrial_recovery: float


# The cell that EARM describes (doi:10.1038/msb.2013.1).
EARM_CELL = DeathProteins(flip=100.0, bcl2=2e4, bclxl=2e4, mcl1=2e4, bax=8e4, bak=2e4, xiap=1e5, survivin=1.0)

# Death receptors come whole: of fewer than this a cell holds none nearly all the time. Assumed; it decides how much
# ligand it takes where XIAP is gone, as the switch then has no threshold of its own.
LEAST_HELD = 0.1  # receptors
SPENT = 1e-4  # below this, hits and the way they have brought a cell are nothing
AT_REST = DeathState(0.0, 0.0, 0.0, 0.0, 0.0)

# Fitted once to EARM 2.0 M1a, nominal set (doi:10.1038/msb.2013.1), by `python -m opsonin.reference.fit_death_switch`:
# what has four digits is fitted, the rest is EARM's own. EARM makes and destroys no protein, so nothing recovers.
EARM_RATES = DeathRates(
    disc_rate=6e-4,
    flip_half=2696.0,
    caspase8_rate=1.512e-5,
    loop_rate=0.1167,
    hit_protease=0.0,
    bid_rate=1.2,
    bcl2_affinity=6.6e4,
    bclxl_affinity=2.4e4,
    mcl1_affinity=1e4,
    pore_rate=1.162e-3,
    bax_share=0.5,
    release_steepness=4.0,
    sink=2.762e5,
    sink_affinity=1627.0,
    survivin_share=0.0,
    procaspase3_rate=0.12,
    apoptosome_rate=0.01257,
    destruction_rate=8.523e-5,
    commitment=0.3507,
    receptor_recovery=NEVER,
    mitochondrial_recovery=NEVER,
)

# In tissue a cell recovers from what does not kill it. Both half-lives are assumed: they decide the fewest bound
# receptors that kill (about 2) and how far hits add up. The protease of a hit is fitted by the same command, so that
# three hits 25 min apart kill the cell of EARM and two do not (doi:10.1038/s41467-021-25282-3). That XIAP loses a third
# of its hold without survivin is assumed: it decides what a survivin inhibitor does.
TISSUE_RATES = EARM_RATES._replace(
    hit_protease=4.4e-5, survivin_share=0.33, receptor_recovery=30.0, mitochondrial_recovery=10.0
)
