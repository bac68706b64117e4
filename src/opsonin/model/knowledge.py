"""Entries of the knowledge base: substrates, molecules, cell types, interactions, defects, tumours.

Shapes only: the numbers live in the TOML library, the biology in `laws/`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from opsonin.model.sourced import Entry, Sourced, held_in

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:-]*$")]  # no dots: they separate paths
Pure = Annotated[Sourced, held_in("")]
Positive = Annotated[Sourced, held_in("", positive=True)]
# Bounds that keep (signal / half) ** steepness within floats for signals up to 1e12: beyond, a law would be inf / inf.
Steepness = Annotated[Sourced, held_in("", positive=True, highest=16.0)]
_LEAST_HALF = 1e-6
Fraction = Annotated[Sourced, held_in("", highest=1.0)]
Time = Annotated[Sourced, held_in("min", positive=True)]
Rate = Annotated[Sourced, held_in("1/min")]
Length = Annotated[Sourced, held_in("um", positive=True)]
Area = Annotated[Sourced, held_in("um**2", positive=True)]
Speed = Annotated[Sourced, held_in("um/min")]
Diffusivity = Annotated[Sourced, held_in("um**2/min", positive=True)]
Nanomolar = Annotated[Sourced, held_in("nM", lowest=_LEAST_HALF, positive=True)]
Oxygen = Annotated[Sourced, held_in("mmHg", lowest=_LEAST_HALF, positive=True)]
Level = Annotated[Sourced, held_in("nM", "mmHg")]  # in the unit of its substrate
HalfLevel = Annotated[Sourced, held_in("nM", "mmHg", lowest=_LEAST_HALF, positive=True)]  # likewise
HalfSignal = Annotated[
    Sourced, held_in("nM", "mmHg", "", lowest=_LEAST_HALF, positive=True)
]  # likewise, or in resting levels
Molecules = Annotated[Sourced, held_in("molecule")]  # per cell
HalfMolecules = Annotated[Sourced, held_in("molecule", lowest=_LEAST_HALF, positive=True)]
Emission = Annotated[Sourced, held_in("molecule/min")]  # per cell
Uptake = Annotated[Sourced, held_in("molecule/min", "mmHg*um**3/min")]  # per cell; oxygen in the second
Clearance = Annotated[Sourced, held_in("um**3/min")]  # per cell
PerArea = Annotated[Sourced, held_in("1/um**2")]
PairsPerArea = Annotated[Sourced, held_in("molecule/um**2", lowest=_LEAST_HALF, positive=True)]
CellsPerArea = Annotated[Sourced, held_in("cell/um**2")]
MolarMass = Annotated[Sourced, held_in("mg/mol", positive=True)]
Volume = Annotated[Sourced, held_in("liter", positive=True)]
PerGray = Annotated[Sourced, held_in("1/Gy")]
PerGraySquared = Annotated[Sourced, held_in("1/Gy**2")]
HalfDose = Annotated[
    Sourced, held_in("nM", "Gy", lowest=_LEAST_HALF, positive=True)
]  # of a drug, or of radiation
Flow = Annotated[Sourced, held_in("liter/min", positive=True)]
MassRate = Annotated[Sourced, held_in("mg/min", positive=True)]
MassPerVolume = Annotated[Sourced, held_in("mg/L", positive=True)]
Weight = Annotated[Sourced, held_in("kg", positive=True)]


class Acidifies(Entry):
    """How a substrate lowers the pH around cells: `resting_ph` is that at its level in blood."""

    resting_ph: Positive
    buffering: HalfLevel  # per unit of pH


class Substrate(Entry):
    """A diffusing signal. `unit` is that of its fields: mmHg (oxygen) or molar; its numbers are given in any like it.

    `medium` is its concentration in fresh culture medium, at the surface of a liquid of `liquid_height` above cells
    in a well; cells without vessels live on it. One that `acidifies` brings a proton with each molecule.
    """

    name: Name
    title: str
    unit: Literal["mmHg", "nM", "uM", "mM"]
    solve: Literal["quasi-steady", "implicit"]
    diffusivity: Diffusivity
    decay: Rate
    blood: Level
    vessel_permeability: Speed
    vessel_radius: Length
    medium: Level
    liquid_height: Length
    acidifies: Acidifies | None = None


class Shift(Entry):
    """A signal that multiplies a molecule's resting level: fold = 1 + (fold_max - 1) E, with E = Hill(signal).

    The signal `by` is a substrate, or another molecule of the cell: a regulator, whose level counts in resting levels
    of the cell's type and whose fold is taken over that at rest, so that it changes nothing there. With
    `when = "low"` the signal acts where it is scarce, E = 1 - Hill(signal): as hypoxia does.
    """

    by: str
    when: Literal["high", "low"] = "high"
    fold_max: Pure
    half: HalfSignal
    hill: Steepness


class Molecule(Entry):
    """A surface or intracellular molecule, in molecules per cell."""

    name: Name
    title: str
    half_life: Time
    variation: Pure  # coefficient of variation between cells, lognormal
    mixing: Time | None = (
        None  # time in which a cell forgets how it differed from others; left out, it never does
    )
    shifts: tuple[Shift, ...] = ()


class Exchange(Entry):
    """What one cell takes from and gives to a substrate.

    Uptake saturates: `uptake_max * c / (uptake_half + c)`. `uptake_max` is in molecule/min with `uptake_half`
    in nM or, for a substrate in mmHg, in mmHg*um**3/min: the amount taken up over its solubility in tissue. What is
    given comes by `secretion`, from another substrate that the cell takes up (`made_from`, molecules of it per molecule
    `made_per`), or by an `enzyme` on it (`turnover`). The enzyme `fed_by` makes what that one works on: at `fed_half`
    of its level at rest it limits it by half, and `fed_least` comes without; a cell that has none is fed by others,
    as far as no drug holds theirs. All of it is `hypoxic_fold` times as much without oxygen.
    The dead release, too: a `necrotic` corpse, and an `apoptotic` one as far as it shows the `marker`.
    """

    uptake_max: Uptake | None = None
    uptake_half: HalfLevel | None = None
    clearance: Clearance | None = None
    hypoxic_fold: Pure | None = None
    hypoxic_half: Oxygen | None = None  # at which half of the rise is lost
    secretion: Emission | None = None
    induced_by: str | None = None
    induction_half: HalfLevel | None = None
    made_from: str | None = None
    made_per: Pure | None = None
    enzyme: str | None = None
    turnover: Rate | None = None
    fed_by: str | None = None
    fed_half: Positive | None = None
    fed_least: Fraction | None = None
    necrotic: Emission | None = None
    apoptotic: Emission | None = None
    marker: str | None = None
    marker_half: HalfMolecules | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Exchange:
        for first, second in (
            ("uptake_max", "uptake_half"),
            ("hypoxic_fold", "hypoxic_half"),
            ("induced_by", "induction_half"),
            ("made_from", "made_per"),
            ("enzyme", "turnover"),
            ("fed_by", "fed_half"),
            ("fed_by", "fed_least"),
            ("marker", "marker_half"),
        ):
            if (getattr(self, first) is None) != (getattr(self, second) is None):
                raise ValueError(f"'{first}' and '{second}' go together")
        if self.fed_by is not None and self.enzyme is None:
            raise ValueError("'fed_by' needs an 'enzyme' to feed")
        if self.hypoxic_fold is not None and not (self.uptake_max or self.enzyme or self.secretion):
            raise ValueError("'hypoxic_fold' needs an 'uptake_max', an 'enzyme' or a 'secretion' to raise")
        if self.marker is not None and self.apoptotic is None:
            raise ValueError("'marker' needs an 'apoptotic' release to mark")
        if self.induced_by is not None and self.secretion is None:
            raise ValueError("'induced_by' needs a 'secretion' to induce")
        return self


class Cycle(Entry):
    """Proliferation: a resting G0/G1 phase left by hazard, then a committed S-G2-M of fixed length.

    The signal `arrested_by` keeps up to a share `arrest_max` of the cells from leaving G0/G1.
    """

    committed: Time
    activated_rate: Rate | None = None
    pressure_half: Positive | None = None  # excess, in resting pressures; None: it divides under any
    pressure_hill: Steepness | None = None
    arrested_by: str | None = None
    arrest_max: Fraction | None = None
    arrest_half: HalfLevel | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Cycle:
        if any(
            (number is None) != (self.arrested_by is None) for number in (self.arrest_max, self.arrest_half)
        ):
            raise ValueError("'arrested_by', 'arrest_max' and 'arrest_half' go together")
        if (self.pressure_half is None) != (self.pressure_hill is None):
            raise ValueError("'pressure_half' and 'pressure_hill' go together")
        return self


class Needs(Entry):
    """A substrate that a cell is unfit without: its lack takes up to `most` of its fitness; left out, all."""

    half: HalfLevel
    hill: Steepness
    most: Fraction | None = None


class Suffers(Entry):
    """A substrate that makes a cell unfit: it takes up to `most` of its fitness, by the receptor `through`, if any."""

    half: HalfLevel
    hill: Steepness
    most: Fraction
    through: str | None = None


class Death(Entry):
    """Loss: spontaneous, by lack of oxygen or glucose, and how long a corpse stays."""

    spontaneous: Rate | None = None
    apoptotic_clearance: Time
    necrosis_rate: Rate
    necrosis_oxygen: Oxygen
    necrosis_hill: Steepness
    necrosis_glucose: HalfLevel | None = None
    necrotic_clearance: Time


class Motility(Entry):
    """Persistent biased random walk."""

    speed: Speed
    persistence: Time
    attractant: str | None = None
    bias_max: Fraction | None = None
    attractant_half: Nanomolar | None = None
    gradient_half: Positive | None = None  # occupancy difference across the cell

    @model_validator(mode="after")
    def _is_whole(self) -> Motility:
        sensing = (self.bias_max, self.attractant_half, self.gradient_half)
        if any((number is None) != (self.attractant is None) for number in sensing):
            raise ValueError("'attractant', 'bias_max', 'attractant_half' and 'gradient_half' go together")
        return self


class Killing(Entry):
    """An effector's killing machinery and tiring."""

    hit_rate_max: Rate
    activation_memory: Time
    exhaustion_gain: Rate
    exhaustion_recovery: Rate
    bystanders: Fraction  # share of its death ligands that reach other targets which it touches


class Natural(Killing):
    """Of a killer that needs no antigen: what it sees are the `activating` pairs, see `Interaction`."""


class Lytic(Killing):
    """Of a killer that sees peptides on MHC-I."""

    signal_half: HalfMolecules  # matching pMHC at half-maximal lysis
    signal_hill: Steepness
    costimulation: Fraction  # factor without any
    exhaustion_initial: Fraction  # of a PD-1+ cell at the time of biopsy
    reversible_fraction: Fraction  # of that exhaustion, and of newcomers'
    fixing: Rate  # at which exhaustion that lasts becomes fixed
    stem_fraction: Fraction  # of tumour-reactive cells: these do not tire, and one daughter of each stays so
    stem_hits: Fraction  # their hit rate over that of an effector
    reactive_fraction: Fraction  # of all cells of the type; these are PD-1+ ones (see its note)
    pd1_positive: Fraction  # of arriving cells


class Helping(Entry):
    """Of a helper cell, which sees peptides on the MHC-II of cells that it touches and secretes as it is activated."""

    signal_half: HalfMolecules  # matching peptide-MHC at half of the signal
    signal_hill: Steepness
    costimulation: Fraction  # factor without any
    activation_memory: Time
    reactive_fraction: Fraction  # of all cells of the type; these are PD-1+ ones
    pd1_positive: Fraction  # of arriving cells


class Eating(Entry):
    """Of a phagocyte, which eats its target alive: it sees ligands as a natural killer does, and antibodies better.

    Each meal costs it a share `fatigue` of its vigour, which comes back with the rate `recovery`.
    """

    rate_max: Rate  # meals
    unaided: Fraction  # of that rate, which ligands reach without antibodies
    fatigue: Fraction
    recovery: Rate


class Chimeric(Killing):
    """Of a killer that sees a molecule on the surface, which the product it comes with names; blind to MHC-I.

    `homes_as` names the cell type whose niches it takes, and beside which it comes out where no vessel is.
    """

    homes_as: str
    costimulation: Fraction
    pd1_positive: Fraction  # of arriving cells


class Trafficking(Entry):
    """How immune cells come, stay and leave.

    `retention` is the weight of the niche in a new heading: at 0 a cell roams freely, at 1 it keeps to the tumour
    nests or to the stroma, where it was found; a nest begins within `retention_reach` of a tumour cell, and who is
    out of its niche turns after `retention_delay` on average. Arrivals are `lowered` by substrates that take adhesion
    off vessels.
    """

    exit_rate: Rate
    recruitment_fold: Pure
    recruitment_half: Nanomolar
    retention: Fraction
    retention_reach: Length  # between centres
    retention_delay: Time
    lowered: dict[str, Suffers] = Field(default={})


class LyticTarget(Entry):
    """A cell that can be killed: how it repairs lytic hits, and how near to death it lives; see `model.death`."""

    damage_half_life: Time
    priming: Fraction  # BH3-only activity that stands without a signal, of all Bid truncated


class CellType(Entry):
    """A kind of cell.

    `role` says how its number is kept: tumour cells divide and are lost, immune cells arrive and leave, stroma and
    vessels are renewed as the tissue grows. `sheath` is the matrix between stroma and tumour cells, over the sum of
    their radii. What it `needs` and `suffers` from, by substrate, decides its fitness: how hard it kills, and how
    readily it enters the cycle.
    """

    name: Name
    title: str
    colour: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    role: Literal["tumour", "immune", "stroma", "vessel"]
    diameter: Length
    repulsion: Speed
    adhesion: Speed
    sheath: Fraction | None = None
    nuclear_diameter: Length | None = None  # a section shows its cut and this much more
    expresses: dict[str, Molecules] = Field(default={})
    exchanges: dict[str, Exchange] = Field(default={})
    needs: dict[str, Needs] = Field(default={})
    suffers: dict[str, Suffers] = Field(default={})
    cycle: Cycle | None = None
    death: Death | None = None
    motility: Motility | None = None
    trafficking: Trafficking | None = None
    lytic: Lytic | None = None
    natural: Natural | None = None
    eating: Eating | None = None
    helping: Helping | None = None
    chimeric: Chimeric | None = None
    lytic_target: LyticTarget | None = None

    @model_validator(mode="after")
    def _kills_in_one_way(self) -> CellType:
        ways = [
            way
            for way in ("lytic", "natural", "chimeric", "eating", "helping")
            if getattr(self, way) is not None
        ]
        if len(ways) > 1:
            raise ValueError(f"'{ways[0]}' and '{ways[1]}' exclude each other")
        if self.chimeric is not None and self.trafficking is None:
            raise ValueError("'chimeric' needs 'trafficking': such cells come by the vessels")
        return self

    @model_validator(mode="after")
    def _answers_in_one_way(self) -> CellType:
        both = sorted(set(self.needs) & set(self.suffers))
        if both:
            raise ValueError(f"it cannot both need and suffer from '{both[0]}'")
        return self

    @property
    def killing(self) -> Killing | None:
        """How it kills by hits, if it does."""
        return self.lytic or self.natural or self.chimeric


_NEEDED = {
    "death": ("gap", "contact"),
    "competing": ("gap", "contact", "strips"),
    "ligation": ("hill", "guard"),
}


class Interaction(Entry):
    """A receptor-ligand pair across the synapse.

    Of a `checkpoint` the receptor is the effector's: I pairs lower its activation by 1/(1 + (I/K)^n). So it is of an
    `activating` pair, which adds (I/K)^n to what a killer without antigen receptor sees, and of an `antibody` pair,
    whose ligand is any antibody on the target and has no name. Of a `death` pair the receptor is the target's, which
    dies of it. Of a `costimulation` pair the receptor is a T cell's and the ligand that of any cell that it touches; a
    `competing` receptor holds the same ligands, so that they are not free, and `strips` the other cell of them. Of a
    `ligation` the ligand is a substrate, which holds receptors by a Hill function, and their cell dies of it as far as
    drugs hold the `guard`.
    """

    name: Name
    title: str
    receptor: str
    ligand: str = ""
    kind: Literal["checkpoint", "activating", "antibody", "death", "costimulation", "competing", "ligation"]
    affinity: Nanomolar  # three-dimensional Kd
    gap: Length | None = None  # width of the synaptic cleft: turns Kd into 1/um2
    half: PairsPerArea | None = None  # bound pairs at half inhibition or activation
    hill: Steepness | None = None
    contact: Area | None = None  # of the synapse
    strips: Rate | None = None  # of ligands held
    guard: str | None = None  # molecule that keeps its cell from dying of it

    @model_validator(mode="after")
    def _is_whole(self) -> Interaction:
        needed = _NEEDED.get(self.kind, ("gap", "half", "hill"))
        for key in ("gap", "half", "hill", "contact", "strips", "guard"):
            if (getattr(self, key) is not None) != (key in needed):
                wanted = " and ".join(f"'{name}'" for name in needed)
                raise ValueError(f"a pair of kind '{self.kind}' needs {wanted} and no more: '{key}' is amiss")
        if bool(self.ligand) == (self.kind == "antibody"):
            raise ValueError("a pair needs a 'ligand', except one of kind 'antibody'")
        if self.receptor in (self.guard, self.ligand):
            raise ValueError(f"'{self.receptor}' cannot be the receptor and its ligand or guard at once")
        return self


class Defect(Entry):
    """A heritable change by which tumour cells escape.

    Attributes:
        removes: molecules that the cell no longer makes; deafens: signals that it no longer answers.
        hides: whether it no longer shows the antigens that T cells of this tumour recognise.
        changes: factor on the level of a molecule that it makes more or less of.
        rate: probability that a daughter of a cell without it has it.
        reverts: probability that a daughter of a cell with it has it no more, of one that is no mutation.
        share: of the tumour's cells that have it in the biopsy.
    """

    name: Name
    title: str
    removes: tuple[str, ...] = ()
    deafens: tuple[str, ...] = ()
    hides: bool = False
    changes: dict[str, Pure] = Field(default={})
    rate: Fraction
    reverts: Fraction | None = None
    share: Fraction

    @model_validator(mode="after")
    def _does_something(self) -> Defect:
        if not (self.removes or self.deafens or self.hides or self.changes):
            raise ValueError(
                "a defect 'removes' or 'changes' molecules, 'deafens' to signals or 'hides' the antigens"
            )
        if both := sorted(set(self.removes) & set(self.changes)):
            raise ValueError(f"it cannot both remove and change '{both[0]}'")
        return self


class Circulation(Entry):
    """Tumour cells that live in marrow and are found in blood.

    Attributes:
        spilling: rate at which one of the marrow goes to blood.
        returning, loss: rates at which one in blood goes back to marrow, and dies there.
    """

    spilling: Rate
    returning: Rate
    loss: Rate


class Tumour(Entry):
    """A tumour type: a set of measured differences, never a response factor.

    `diameter` and `priming` are those of its cells, `reactive_fraction` that of its CD8 T cells, where they differ from
    those of the cell types; `contact` is the share of its time that a killer among plenty of targets holds one in the
    mean field, where it differs from that of other patients; `clones` are shares of its cells with a defect, where
    they differ from those of the defects; `circulation` is there where they live in marrow and spill into blood.
    `antigens` are shares of the matching peptides that come from a molecule of its cells and go with its level; the
    rest, as of mutations, is fixed.
    """

    name: Name
    title: str
    potential_doubling_time: Time
    doubling_time: Time
    matching_antigen_fraction: Fraction  # of surface MHC-I that shows a matched peptide
    antigens: dict[str, Fraction] = Field(default={})
    expresses: dict[str, dict[str, Molecules]] = Field(default={})
    vessel_density: PerArea
    densities: dict[str, CellsPerArea]
    clones: dict[str, Fraction] = Field(default={})
    patient_weight: Weight
    diameter: Length | None = None
    priming: Fraction | None = None
    reactive_fraction: Fraction | None = None
    contact: Fraction | None = None
    circulation: Circulation | None = None

    @model_validator(mode="after")
    def _has_shares(self) -> Tumour:
        if sum(share.value for share in self.antigens.values()) > 1.0:
            raise ValueError("shares of 'antigens' sum to more than 1")
        return self
