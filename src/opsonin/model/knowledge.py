"""Entries of the knowledge base: substrates, molecules, cell types, interactions, drugs, tumours, label maps.

Shapes only: the numbers live in the TOML library, the biology in `laws/`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from opsonin.model.sourced import Entry, sourced

UPTAKE = "um**3/min"  # clearance of a substrate by one cell, well below saturation


class Substrate(Entry):
    """A diffusing signal. `unit` is mmHg (oxygen) or nM; every concentration of it is held in that unit."""

    name: str
    title: str
    unit: Literal["mmHg", "nM"]
    solve: Literal["quasi-steady", "implicit"]
    diffusivity: sourced("um**2/min")  # type: ignore[valid-type]
    decay: sourced("1/min")  # type: ignore[valid-type]
    blood: sourced("")  # type: ignore[valid-type]
    vessel_permeability: sourced("um/min")  # type: ignore[valid-type]
    vessel_radius: sourced("um")  # type: ignore[valid-type]


class Shift(Entry):
    """A signal that multiplies a molecule's resting level: fold = 1 + (fold_max - 1) Hill(signal)."""

    by: str
    fold_max: sourced("")  # type: ignore[valid-type]
    half: sourced("nM")  # type: ignore[valid-type]
    hill: sourced("")  # type: ignore[valid-type]


class Molecule(Entry):
    """A surface or intracellular molecule, in molecules per cell."""

    name: str
    title: str
    half_life: sourced("min")  # type: ignore[valid-type]
    variation: sourced("")  # type: ignore[valid-type]  # coefficient of variation between cells, lognormal
    shifts: tuple[Shift, ...] = ()


class Exchange(Entry):
    """What one cell takes from and gives to a substrate."""

    uptake_max: sourced("") | None = None  # type: ignore[valid-type]
    uptake_half: sourced("") | None = None  # type: ignore[valid-type]
    clearance: sourced(UPTAKE) | None = None  # type: ignore[valid-type]
    secretion: sourced("molecule/min") | None = None  # type: ignore[valid-type]
    induced_by: str | None = None
    induction_half: sourced("nM") | None = None  # type: ignore[valid-type]


class Cycle(Entry):
    """Proliferation: a resting G0/G1 phase left by hazard, then a committed S-G2-M of fixed length."""

    committed: sourced("min")  # type: ignore[valid-type]
    activated_rate: sourced("1/min") | None = None  # type: ignore[valid-type]
    oxygen_half: sourced("mmHg")  # type: ignore[valid-type]
    pressure_half: sourced("")  # type: ignore[valid-type]  # excess over the resting pressure, in resting pressures
    pressure_hill: sourced("")  # type: ignore[valid-type]


class Death(Entry):
    """Loss: spontaneous, by lack of oxygen, and how long a corpse stays."""

    spontaneous: sourced("1/min") | None = None  # type: ignore[valid-type]
    apoptotic_clearance: sourced("min")  # type: ignore[valid-type]
    necrosis_rate: sourced("1/min")  # type: ignore[valid-type]
    necrosis_oxygen: sourced("mmHg")  # type: ignore[valid-type]
    necrosis_hill: sourced("")  # type: ignore[valid-type]
    necrotic_clearance: sourced("min")  # type: ignore[valid-type]


class Motility(Entry):
    """Persistent biased random walk."""

    speed: sourced("um/min")  # type: ignore[valid-type]
    persistence: sourced("min")  # type: ignore[valid-type]
    attractant: str | None = None
    bias_max: sourced("") | None = None  # type: ignore[valid-type]
    attractant_half: sourced("nM") | None = None  # type: ignore[valid-type]
    gradient_half: sourced("") | None = None  # type: ignore[valid-type]  # occupancy difference across the cell


class Lytic(Entry):
    """An effector's killing machinery, tiring and turnover in the tissue."""

    hit_rate_max: sourced("1/min")  # type: ignore[valid-type]
    signal_half: sourced("molecule")  # type: ignore[valid-type]  # matching pMHC at half-maximal lysis
    signal_hill: sourced("")  # type: ignore[valid-type]
    costimulation: sourced("")  # type: ignore[valid-type]
    oxygen_half: sourced("mmHg")  # type: ignore[valid-type]
    activation_memory: sourced("min")  # type: ignore[valid-type]
    exhaustion_gain: sourced("1/min")  # type: ignore[valid-type]
    exhaustion_recovery: sourced("1/min")  # type: ignore[valid-type]
    exhaustion_initial: sourced("")  # type: ignore[valid-type]  # of a PD-1+ cell at the time of biopsy
    reactive_fraction: sourced("")  # type: ignore[valid-type]
    pd1_positive: sourced("")  # type: ignore[valid-type]  # of arriving cells
    exit_rate: sourced("1/min")  # type: ignore[valid-type]
    recruitment_fold: sourced("")  # type: ignore[valid-type]
    recruitment_half: sourced("nM")  # type: ignore[valid-type]


class LyticTarget(Entry):
    """What a lytic hit does to a target."""

    damage_half_life: sourced("min")  # type: ignore[valid-type]
    hits_to_die: sourced("")  # type: ignore[valid-type]  # accumulated damage at which the median cell commits
    hits_variation: sourced("")  # type: ignore[valid-type]


class CellType(Entry):
    """A kind of cell."""

    name: str
    title: str
    colour: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    diameter: sourced("um")  # type: ignore[valid-type]
    repulsion: sourced("um/min")  # type: ignore[valid-type]
    adhesion: sourced("um/min")  # type: ignore[valid-type]
    expresses: dict[str, sourced("molecule")] = {}  # type: ignore[valid-type]
    exchanges: dict[str, Exchange] = {}
    cycle: Cycle | None = None
    death: Death | None = None
    motility: Motility | None = None
    lytic: Lytic | None = None
    lytic_target: LyticTarget | None = None


class Interaction(Entry):
    """A receptor-ligand pair across the synapse; `checkpoint` pairs lower activation by 1/(1 + (I/K)^n)."""

    name: str
    title: str
    receptor: str
    ligand: str
    kind: Literal["checkpoint"]
    affinity: sourced("nM")  # type: ignore[valid-type]  # three-dimensional Kd
    gap: sourced("um")  # type: ignore[valid-type]  # width of the synaptic cleft: turns Kd into 1/um2
    half: sourced("molecule/um**2")  # type: ignore[valid-type]  # bound pairs at half inhibition
    hill: sourced("")  # type: ignore[valid-type]


class Blocks(Entry):
    """An antibody effect: it occupies `molecule` and so lowers every interaction that needs it."""

    blocks: str
    affinity: sourced("nM")  # type: ignore[valid-type]


class Drug(Entry):
    """Pharmacokinetics (two compartments, linear) and effects."""

    name: str
    title: str
    molar_mass: sourced("mg/mol")  # type: ignore[valid-type]
    clearance: sourced("liter/min")  # type: ignore[valid-type]
    central_volume: sourced("liter")  # type: ignore[valid-type]
    peripheral_volume: sourced("liter")  # type: ignore[valid-type]
    intercompartmental: sourced("liter/min")  # type: ignore[valid-type]
    tissue_partition: sourced("")  # type: ignore[valid-type]  # tumour interstitium / plasma
    effects: tuple[Blocks, ...]


class Tumour(Entry):
    """A tumour type: a set of measured differences, never a response factor."""

    name: str
    title: str
    potential_doubling_time: sourced("min")  # type: ignore[valid-type]
    doubling_time: sourced("min")  # type: ignore[valid-type]
    matching_antigen_fraction: sourced("")  # type: ignore[valid-type]  # of surface MHC-I that shows a matched peptide
    expresses: dict[str, dict[str, sourced("molecule")]] = {}  # type: ignore[valid-type]
    vessel_density: sourced("1/um**2")  # type: ignore[valid-type]
    densities: dict[str, sourced("cell/um**2")]  # type: ignore[valid-type]
    patient_weight: sourced("kg")  # type: ignore[valid-type]


class Marking(Entry):
    """What a label of a biopsy means: a cell type, and molecules seen (+) or not (-)."""

    cell: str
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()


class LabelMap(Entry):
    """How the columns and labels of one panel are read."""

    name: str
    title: str
    x: str = "x_um"
    y: str = "y_um"
    z: str | None = None
    label: str = "cell_type"
    scale: float = Field(default=1.0, gt=0)  # um per unit of the position columns
    labels: dict[str, Marking]
    ignore: tuple[str, ...] = ()
