"""The state of one arm's tissue, as all processes see it. No process lives here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from opsonin.kernels.multigrid import Hierarchy
from opsonin.model.tables import TUMOUR
from opsonin.state.cells import Cells
from opsonin.state.exposure import Coming, Exposure
from opsonin.state.fields import Fields
from opsonin.state.ledger import Ledger
from opsonin.state.tables import Tables
from opsonin.state.vessels import Vessels

# What the edges of the box are: a breathing window in a tumour; a periodic box of fixed size, fed by vessels (marrow,
# node); a box of culture medium around free-standing cells (spheroid, organoid, well).
WINDOW = "window"
FIXED = "fixed"
MEDIUM = "medium"

COUNTERS = (
    "hits",
    "kills",
    "eaten",
    "divisions",
    "apoptoses",
    "drug_deaths",
    "necroses",
    "arrivals",
    "departures",
)


@dataclass(frozen=True)
class Species:
    """Names behind the indices, in the order of the tables."""

    cells: tuple[str, ...]
    molecules: tuple[str, ...]
    substrates: tuple[str, ...]
    defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transport:
    """How one substrate is carried.

    Attributes:
        diffusivity: [um2/min]; decay: [1/min].
        blood: concentration in blood, in the substrate's unit.
        wall_permeability: [um/min]; wall_radius: of a vessel [um].
        medium: concentration in culture medium, in the substrate's unit; liquid_height: above a well [um].
        steady: True if solved to quasi-steady state, False if implicitly in time.
    """

    name: str
    unit: str
    diffusivity: float
    decay: float
    blood: float
    wall_permeability: float
    wall_radius: float
    medium: float
    liquid_height: float
    steady: bool


class Lowered(NamedTuple):
    """A substrate that takes adhesion off vessels, and so up to `most` of the arrivals; `through`: molecule, or -1."""

    substrate: int
    half: float
    hill: float
    most: float
    through: int


@dataclass(frozen=True)
class Arrivals:
    """How one immune type is drawn where the biopsy does not show its state, and how it is recruited.

    Attributes:
        kind: cell-type index; draw: number of its draws, `core.random.draws_of`.
        recruitment: fold at saturation, half [nM] of the attractant.
        marker: molecule that tumour-reactive cells carry (index), -1 for a type that does not recognise the tumour.
        marker_positive: probability of carrying `marker`; the cells without it are bystanders.
        reactive: probability that the receptor of a cell that carries `marker` matches the tumour.
        lowered: what takes adhesion off the vessels it comes by.
        homes_as: cell-type index of those whose niches it takes, -1 for a type with niches of its own.
    """

    kind: int
    draw: int
    recruitment: tuple[float, float]
    marker: int = -1
    marker_positive: float = 0.0
    reactive: float = 0.0
    homes_as: int = -1
    lowered: tuple[Lowered, ...] = ()


# Classes of arrivals: place in the niches (stroma, nests) x receptor state.
NICHES = (-1, 1)
BYSTANDER, MARKED, REACTIVE = range(3)


@dataclass
class Balance:
    """What keeps the untreated tumour as the biopsy shows it; measured in the burn-in, constant afterwards.

    Attributes:
        hindrance: share of resting tumour cells that oxygen and pressure let into the cycle, which proliferation data
            measured in patients already hold.
        spontaneous: (types,) hazard of spontaneous loss [1/min], of types without a loss factor.
        loss_factor: (types,) share of the production of cells that is lost spontaneously [-], 0 until it is known.
        flux: (sources, niches, 3) arrivals per section area without recruitment [cells/um2/min].
        recruited: (sources,) mean fold of recruitment over the vessels, which the imaged density already holds.
        exhaustion: (sources,) of tumour-reactive newcomers [-].
        stroma: (types,) density to which stroma is renewed [cells/um2], 0 for other types.
    """

    hindrance: float
    spontaneous: npt.NDArray[np.float64]
    loss_factor: npt.NDArray[np.float64]
    flux: npt.NDArray[np.float64]
    recruited: npt.NDArray[np.float64]
    exhaustion: npt.NDArray[np.float64]
    stroma: npt.NDArray[np.float64]

    @classmethod
    def none(cls, types: int, sources: int) -> Balance:
        """Before the burn-in: nothing held back, nobody lost, nobody coming."""
        return cls(
            hindrance=1.0,
            spontaneous=np.zeros(types),
            loss_factor=np.zeros(types),
            flux=np.zeros((sources, len(NICHES), 3)),
            recruited=np.ones(sources),
            exhaustion=np.zeros(sources),
            stroma=np.zeros(types),
        )


@dataclass(frozen=True)
class Traits:
    """Cell-to-cell variation: coefficient of variation per molecule and mechanics per type."""

    sigma: npt.NDArray[np.float64]  # (M,) of the log
    turnover: npt.NDArray[np.float64]  # (M,) 1/min
    mixing: npt.NDArray[np.float64]  # (M,) rate at which variation is forgotten [1/min]
    draw: npt.NDArray[np.uint32]  # (M,) number of the draws of each molecule, `core.random.draws_of`
    repulsion: npt.NDArray[np.float64]  # (T,) um/min
    adhesion: npt.NDArray[np.float64]  # (T,) um/min
    exhaustion: npt.NDArray[np.float64]  # (T,) of a marker-positive cell at biopsy; newcomers have none
    fixed: npt.NDArray[
        np.float64
    ]  # (T,) share of exhaustion that does not recede, at biopsy and of newcomers
    stem: npt.NDArray[np.float64]  # (T,) share of tumour-reactive cells that are stem-like, likewise
    exhaustion_marker: npt.NDArray[np.int64]  # (T,) molecule index of that marker, -1 if none


class Births(NamedTuple):
    """Tumour cells that came to be at one time: ids and defects of mothers and daughters, as they are then."""

    tick: int
    mother: npt.NDArray[np.uint64]
    daughter: npt.NDArray[np.uint64]
    mother_lost: npt.NDArray[np.int32]
    daughter_lost: npt.NDArray[np.int32]


# What happens to the cells of a type, as it is booked.
ARRIVED, LEFT, DIED, DIVIDED, BROUGHT = range(5)


@dataclass
class Accounts:
    """Who came, left, died and divided since the accounts were opened, each cell counted as what it stands for.

    Attributes:
        live: (types, 2) live cells when anything was booked last; [.., 1] those whose receptor matches the tumour.
        passed: (types, 2, 5) of them that ARRIVED from the body, LEFT for it, DIED, DIVIDED, or were BROUGHT otherwise:
            with a product, by a vaccination, as copies where the window was tiled, less those that a crop took.
    """

    live: npt.NDArray[np.float64]
    passed: npt.NDArray[np.float64]


@dataclass
class Tissue:
    """Everything that changes in one arm, and the numbers that rule it.

    Attributes:
        box: (Lx, Ly, Lz) [um]; z is the thickness of a section.
        exposure: what drugs do to the cells now; coming: cells of products that come in this step; supplied:
            (substrates,) what drugs add to each substrate in blood, or in medium, over this step, in its unit;
            primed: (types,) share of the cells that arrive now which vaccines have primed [-]; called: (sources, 3)
            arrivals over those before treatment, by receptor state, as blood has cells for them [-].
        boundary: WINDOW, FIXED or MEDIUM.
        weight: windows of the original size that this one stands for; a crop doubles it, a tile halves it [-].
        began: edges of the box at time 0 [um]; initial: (types,) live cells at time 0, empty before.
        span: `space` at time 0, or after the last crop or tile.
        resting_pressure: of the tissue as its cells are now, at its resting packing [1/min].
        resting_packing: space of the cells over the space of the box, held while the window breathes [-].
        bulk_modulus: dP / dln(density) in the relaxed initial tissue [1/min].
        growth_scale: fastest growth rate of the tissue, sets how fast the window may breathe [1/min].
        measure: space that all cells held at the last step [um2 or um3].
        displacement: median distance that relaxation moved the imaged cells by [um].
        steadiness: what the burn-in found, `engine.burn_in.Steadiness`; None in a tissue thawed from a checkpoint.
        hierarchy: multigrid workspace of the present grid.
        counters: events since the start, by name, each times the weight at its time.
        shifted: molecules that some drug of this arm shifts at any time.
        ledger: where encounters are noted; births: of tumour cells, (tick, mothers, daughters), and the defects of
            each; accounts: who comes and goes; None if nobody asks.
    """

    cells: Cells
    fields: Fields
    vessels: Vessels
    box: tuple[float, float, float]
    tables: Tables
    species: Species
    substrates: tuple[Transport, ...]
    traits: Traits
    arrivals: tuple[Arrivals, ...]
    vessel_density: float
    spacing: float
    key: npt.NDArray[np.uint32]
    exposure: Exposure
    growth_scale: float
    balance: Balance
    boundary: str = WINDOW
    coming: tuple[Coming, ...] = ()
    supplied: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    primed: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    weight: float = 1.0
    span: float = 0.0
    resting_pressure: float = 1.0
    resting_packing: float = 1.0
    bulk_modulus: float = 1.0
    measure: float = 0.0
    displacement: float = 0.0
    steadiness: Any = None
    hierarchy: Hierarchy | None = None
    counters: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0.0))
    initial: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ledger: Ledger | None = None
    births: list[Births] | None = None
    accounts: Accounts | None = None
    called: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(0))
    shifted: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self.supplied = np.zeros(len(self.substrates))
        self.primed = np.zeros(len(self.species.cells))
        self.called = np.ones((len(self.arrivals), 3))
        self.began = self.box
        self.span = self.space

    def note_births(self, tick: int, kind: Any, mother: Any, daughter: Any, lost: tuple[Any, Any]) -> None:
        """Keep the births among these cells that are a tumour's; `lost`: defects of mothers and daughters."""
        if self.births is not None:
            own = self.tables.types[kind, TUMOUR] > 0.0
            found = (values[own].copy() for values in (mother, daughter, *lost))
            self.births.append(Births(tick, *found))

    def count(self, event: str, cells: int) -> None:
        """Note an event of `cells` cells of this window, each of which stands for `weight` cells."""
        self.counters[event] += self.weight * cells

    @property
    def dimension(self) -> int:
        return self.tables.dimension

    @property
    def area(self) -> float:
        """Of the section, or of the block's face [um2]."""
        return self.box[0] * self.box[1]

    @property
    def volume(self) -> float:
        """[um3]"""
        return self.area * self.box[2]

    @property
    def space(self) -> float:
        """What cells fill: area of a section [um2], volume of a block [um3]."""
        return self.area if self.dimension == 2 else self.volume
