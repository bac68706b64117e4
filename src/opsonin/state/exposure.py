"""What the drugs at hand do to cells of each type, everywhere alike. Which drug does what is the patient's matter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Records = npt.NDArray[np.void]

THROUGH = np.dtype([("carrier", "i8"), ("molecule", "i8"), ("fold", "f8")])


class Coming(NamedTuple):
    """Cells of one dose of a product that come to the tissue in a step.

    Attributes:
        product: its name; number: of the dose among all of that product, by time.
        kind: cell-type index.
        density: how many are expected per section area [1/um2].
        exhaustion: of each [-].
        reactive: share whose own receptor matches the tumour; stem_like: share of these [-].
    """

    product: str
    number: int
    kind: int
    density: float
    exhaustion: float
    reactive: float = 0.0
    stem_like: float = 0.0


class Exposure(NamedTuple):
    """M molecules, T cell types, D defects.

    Attributes:
        free: (M,) share of each molecule that no drug holds [-].
        agonized: (M,) share of each receptor, of death or of co-stimulation, that drugs hold as its ligand does [-].
        coated: (M,) share of each molecule that holds an antibody which Fc receptors see [-].
        bridged: (M,) what a molecule on a target adds to the signal of T cells through bispecific antibodies, over the
            number that gives half of it [1/molecule].
        chimeric: (M,) what a molecule on a target adds to the signal of cells with a chimeric receptor, over the number
            that gives half of it [1/molecule].
        fold: (M,) factor on the resting level of each molecule [-].
        through: THROUGH, a factor more on the level of a molecule, on cells that carry another one.
        toxic: (T, 2) hazard of death by drugs [1/min], of resting and of committed cells.
        let_in: (T,) share of the cells due to enter the cycle that drugs let in [-].
        mutation: (D,) factor on the rate of each defect [-].
    """

    free: Floats
    agonized: Floats
    coated: Floats
    bridged: Floats
    chimeric: Floats
    fold: Floats
    through: Records
    toxic: Floats
    let_in: Floats
    mutation: Floats

    @classmethod
    def none(cls, molecules: int, types: int, defects: int = 0) -> Exposure:
        """No drug."""
        nothing = np.zeros(molecules)
        return cls(
            free=np.ones(molecules),
            agonized=nothing,
            coated=nothing.copy(),
            bridged=nothing.copy(),
            chimeric=nothing.copy(),
            fold=np.ones(molecules),
            through=np.empty(0, THROUGH),
            toxic=np.zeros((types, 2)),
            let_in=np.ones(types),
            mutation=np.ones(defects),
        )
