"""The knowledge base as the kernels read it: numbers by cell type, molecule and substrate index."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class Tables(NamedTuple):
    """Compiled numbers; T cell types, M molecules, S substrates.

    `types` has the columns named in `model.tables`. Concentrations are in the substrate's own unit;
    secretion is already in (substrate unit) um3/min.
    """

    types: Floats  # (T, COLUMNS)
    resting: Floats  # (T, M) molecules per cell
    shift_molecule: Indices  # (shifts,)
    shift_signal: Indices  # (shifts,) substrate
    shift: Floats  # (shifts, 3): fold at saturation, half, Hill
    uptake_max: Floats  # (T, S) concentration um3/min
    uptake_half: Floats  # (T, S) concentration
    clearance: Floats  # (T, S) um3/min
    secretion: Floats  # (T, S) concentration um3/min
    induced_by: npt.NDArray[np.int64]  # (T, S) substrate index, ALWAYS or BY_ACTIVATION
    induction_half: Floats  # (T, S) concentration of the inducer
    checkpoint_receptor: Indices  # (checkpoints,) molecule on the effector
    checkpoint_ligand: Indices  # (checkpoints,) molecule on the target
    checkpoint: Floats  # (checkpoints, 3): planar affinity, half [1/um2], Hill
    activating_receptor: Indices  # (activating pairs,) molecule on the effector
    activating_ligand: Indices  # (activating pairs,) molecule on the target
    activating: Floats  # (activating pairs, 3): planar affinity, half [1/um2], Hill
    antibody_receptor: Indices  # (antibody pairs,) Fc receptor on the effector
    antibody: Floats  # (antibody pairs, 3): planar affinity, half [1/um2], Hill
    death_receptor: Indices  # (death pairs,) molecule on the target
    death_ligand: Indices  # (death pairs,) molecule on the effector
    death_pair: Floats  # (death pairs, 2): planar affinity [1/um2], area of the synapse [um2]
    arrest_signal: Indices  # (T,) substrate that keeps the type out of the cycle, -1 for none
    arrest: Floats  # (T, 2): share at saturation, half
    defect_rate: Floats  # (defects,) probability per daughter [-]
    defect_draw: npt.NDArray[np.uint32]  # (defects,) number of the draws of each, `core.random.draws_of`
    clone_share: Floats  # (defects,) of the tumour cells at time 0 [-]
    removed_by: Indices  # (M,) defects that take a molecule away, one bit each
    deaf_by: Indices  # (S,) defects that make deaf to a substrate, one bit each
    hidden_by: int  # defects that hide the antigens, one bit each
    matching_fraction: float
    mhc_i: int
    death: Indices  # (8,) molecules behind `model.death.DeathProteins`
    oxygen: int
    attractant: int
    dimension: int
