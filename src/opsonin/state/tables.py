"""The knowledge base as the kernels read it: numbers by cell type, molecule and substrate index."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

# Rows of numbers that belong together. Kernels pay for each array they are handed, at every first run.
SHIFT = np.dtype(
    [
        ("molecule", "i8"),
        ("signal", "i8"),  # substrate, or molecule that regulates
        ("regulates", "i8"),  # 1 if the signal is a molecule, 0 if a substrate
        ("low", "i8"),  # 1 if it acts where it is scarce
        ("fold_max", "f8"),
        ("half", "f8"),  # concentration, or resting levels
        ("hill", "f8"),
        ("at_rest", "f8"),  # fold of a regulator at its resting level, 1 of a substrate
    ]
)
EXCHANGE = np.dtype(
    [
        ("uptake_max", "f8"),  # concentration um3/min
        ("uptake_half", "f8"),  # concentration
        ("hypoxic_fold", "f8"),  # of uptake in anoxia
        ("hypoxic_half", "f8"),  # mmHg
        ("clearance", "f8"),  # um3/min
        ("secretion", "f8"),  # concentration um3/min
        ("induced_by", "i8"),  # substrate, ALWAYS or BY_ACTIVATION
        ("induction_half", "f8"),  # concentration of the inducer
        ("made_from", "i8"),  # substrate, -1 for none
        ("made_per", "f8"),  # molecules per molecule
        ("enzyme", "i8"),  # molecule, -1 for none
        ("turnover", "f8"),  # of one enzyme, concentration um3/min
        ("fed_by", "i8"),  # molecule that makes what the enzyme works on, -1 for none
        ("fed_half", "f8"),  # of it, over rest
        ("fed_least", "f8"),  # share that comes by other ways
        ("fed_mean", "f8"),  # mean of the fed share over cells at rest, which the turnover holds
        ("necrotic", "f8"),  # release by a necrotic corpse, concentration um3/min
        ("apoptotic", "f8"),  # by an apoptotic one that shows plenty of `marker`
        ("marker", "i8"),  # molecule, -1 for none
        ("marker_half", "f8"),  # molecules
    ]
)
FITNESS = np.dtype(
    [
        ("role", "i8"),  # see `model.tables`
        ("half", "f8"),  # concentration
        ("hill", "f8"),
        ("most", "f8"),  # share of fitness that it, or its lack, can take
        ("through", "i8"),  # molecule, -1 for none
    ]
)
PAIR = np.dtype(
    [
        ("receptor", "i8"),  # molecule on the effector; of a death receptor, on the target
        ("ligand", "i8"),  # molecule on the other cell, -1 for an antibody
        ("affinity", "f8"),  # planar [1/um2]
        ("half", "f8"),  # [1/um2]
        ("hill", "f8"),
        ("contact", "f8"),  # area of the synapse [um2]
        ("rate", "f8"),  # at which a receptor takes away what it holds [1/min]
    ]
)
LIGATION = np.dtype(
    [
        ("receptor", "i8"),  # molecule
        ("substrate", "i8"),
        ("half", "f8"),  # concentration that holds half of the receptors
        ("hill", "f8"),
        ("guard", "i8"),  # molecule
    ]
)
ARREST = np.dtype([("signal", "i8"), ("share", "f8"), ("half", "f8")])
DEFECT = np.dtype(
    [
        ("rate", "f8"),  # probability per daughter
        ("draw", "u4"),  # number of its draws, `core.random.draws_of`
        ("share", "f8"),  # of the tumour cells at time 0
        ("reverts", "f8"),  # probability per daughter that it is gone, 0 of a mutation
    ]
)
ANTIGEN = np.dtype(
    [
        ("molecule", "i8"),
        ("share", "f8"),  # of the matching peptides of a tumour cell at rest
        ("resting", "f8"),  # molecules in it
    ]
)
CHANGE = np.dtype([("defect", "i8"), ("molecule", "i8"), ("fold", "f8")])


class Tables(NamedTuple):
    """Compiled numbers; T cell types, M molecules, S substrates.

    `types` has the columns named in `model.tables`. Concentrations are in the substrate's own unit;
    secretion is already in (substrate unit) um3/min.
    """

    types: Floats  # (T, COLUMNS)
    resting: Floats  # (T, M) molecules per cell
    order: Indices  # (M,) molecules, each after those that regulate it
    shifts: Records  # (shifts,) SHIFT, their molecules in this order
    exchanges: Records  # (T, S) EXCHANGE
    fitness: Records  # (T, S) FITNESS
    checkpoints: Records  # (checkpoints,) PAIR
    activating: Records  # (activating pairs,) PAIR
    antibody: Records  # (antibody pairs,) PAIR
    deadly: Records  # (death pairs,) PAIR
    costimulating: Records  # (co-stimulatory pairs,) PAIR
    competing: Records  # (pairs that compete with them,) PAIR
    ligations: Records  # (substrates that kill,) LIGATION
    arrests: Records  # (T,) ARREST; signal -1 where nothing keeps the type out of the cycle
    defects: Records  # (defects,) DEFECT
    changes: Records  # CHANGE, of the levels of molecules by defects
    removed_by: Indices  # (M,) defects that take a molecule away, one bit each
    deaf_by: Indices  # (S,) defects that make deaf to a substrate, one bit each
    hidden_by: int  # defects that hide the antigens, one bit each
    matching_fraction: float
    antigens: Records  # (antigens that are followed,) ANTIGEN
    antigens_fixed: float  # share of the matching peptides that is from others
    mhc_i: int
    mhc_ii: int
    death: Indices  # (8,) molecules behind `model.death.DeathProteins`
    oxygen: int
    glucose: int
    attractant: int
    dimension: int
