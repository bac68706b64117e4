"""A drug of the knowledge base: how it is carried, and what it does to cells. Shapes only."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from opsonin.model.knowledge import (
    Flow,
    Fraction,
    HalfDose,
    HalfMolecules,
    MassPerVolume,
    MassRate,
    MolarMass,
    Name,
    Nanomolar,
    PerGray,
    PerGraySquared,
    Pure,
    Rate,
    Steepness,
    Time,
    Volume,
)
from opsonin.model.sourced import Entry

ALL = "all"
GRAY = "Gy"


class Blocks(Entry):
    """It occupies the molecule `blocks`, and so lowers every interaction that needs it."""

    blocks: str
    affinity: Nanomolar

    @property
    def label(self) -> str:
        """How a path names this effect."""
        return self.blocks


class Opsonizes(Entry):
    """It coats cells that carry `opsonizes`: killers with Fc receptors see the antibodies on them."""

    opsonizes: str
    affinity: Nanomolar

    @property
    def label(self) -> str:
        return f"opsonizes:{self.opsonizes}"


class Agonizes(Entry):
    """It holds the receptor `agonizes`, of death or of co-stimulation, as its ligand does: what it occupies, times
    `efficacy`.

    The efficacy is below 1 where it gathers receptors worse than a ligand on a membrane.
    """

    agonizes: str
    affinity: Nanomolar
    efficacy: Fraction

    @property
    def label(self) -> str:
        return f"agonizes:{self.agonizes}"


class Bridges(Entry):
    """It holds T cells to cells that carry `bridges`, whatever their receptors match.

    `affinity` is the free drug that forms half of all bridges; `half`: molecules on a target at half of the signal.
    """

    bridges: str
    affinity: Nanomolar
    half: HalfMolecules

    @property
    def label(self) -> str:
        return f"bridges:{self.bridges}"


class Answer(Entry):
    """An effect that saturates with the free drug in the tissue: Hill of `half` and `hill`.

    Of radiation `half` is in Gy, and what counts is the dose whose damage is still there: it fades with
    `damage_half_life`.
    """

    half: HalfDose
    hill: Steepness
    damage_half_life: Time | None = None

    @model_validator(mode="after")
    def _fades_if_it_is_damage(self) -> Answer:
        if (self.half.unit == GRAY) != (self.damage_half_life is not None):
            raise ValueError("'damage_half_life' and a 'half' in Gy go together")
        return self


class Shifts(Answer):
    """It multiplies the resting level of the molecule `shifts`, on every cell that carries `on`: 1 + (fold_max - 1) E.

    E is the Hill answer; of a drug that leaves a mark on cells, the share of cells that bear it: marks are set at
    `marking` times the Hill answer, and are lost with `mark_half_life`.
    """

    shifts: str
    on: str | None = None  # a molecule; left out, on every cell
    fold_max: Pure
    marking: Rate | None = None
    mark_half_life: Time | None = None

    @property
    def label(self) -> str:
        return f"shifts:{self.shifts}"

    @model_validator(mode="after")
    def _is_whole(self) -> Shifts:
        if (self.marking is None) != (self.mark_half_life is None):
            raise ValueError("'marking' and 'mark_half_life' go together")
        return self


class Kills(Answer):
    """It kills cells of the types `kills`, or all, with a hazard of at most `rate_max`; some only cycling ones."""

    kills: Annotated[tuple[str, ...], Field(min_length=1)]
    phase: Literal["any", "cycling"]
    rate_max: Rate

    @property
    def label(self) -> str:
        return f"kills:{'+'.join(self.kills)}"


class Arrests(Answer):
    """It keeps cells of the types `arrests`, or all, from entering the cycle: `share_max` of them at most."""

    arrests: Annotated[tuple[str, ...], Field(min_length=1)]
    share_max: Fraction

    @property
    def label(self) -> str:
        return f"arrests:{'+'.join(self.arrests)}"


class Mutates(Answer):
    """It multiplies the rates at which cells get the defects `mutates`, or all: 1 + (fold_max - 1) E."""

    mutates: Annotated[tuple[str, ...], Field(min_length=1)]
    fold_max: Pure

    @property
    def label(self) -> str:
        return f"mutates:{'+'.join(self.mutates)}"


class Irradiates(Entry):
    """Of radiation: of the types `irradiates` a share exp(-(alpha D + beta D2)) survives a fraction of D Gy.

    Those that do not are doomed, and die with `death_half_life`; fractions do not lend each other damage.
    """

    irradiates: Annotated[tuple[str, ...], Field(min_length=1)]
    alpha: PerGray
    beta: PerGraySquared
    death_half_life: Time

    @property
    def label(self) -> str:
        return f"irradiates:{'+'.join(self.irradiates)}"


class Adds(Entry):
    """Cells of the type `adds`, made or grown outside the body.

    Attributes:
        antigen: molecule that their chimeric receptor sees; `half`: of it on a target at half of the full signal.
        reactive: share of T cells without such a receptor whose own matches the tumour; `stem_like`: share of these.
        peak: when most of a dose's cells come, from the dose on; `doubling`: of their number in blood before it;
            `half_life`: of that after it.
        exhaustion: of a cell that comes.
    """

    adds: str
    antigen: str | None = None
    half: HalfMolecules | None = None
    reactive: Fraction | None = None
    stem_like: Fraction | None = None
    peak: Time
    doubling: Time
    half_life: Time
    exhaustion: Fraction

    @property
    def label(self) -> str:
        return f"adds:{self.adds}"

    @model_validator(mode="after")
    def _sees_in_one_way(self) -> Adds:
        if (self.antigen is None) != (self.half is None):
            raise ValueError("'antigen' and 'half' go together")
        if (self.reactive is None) != (self.stem_like is None):
            raise ValueError("'reactive' and 'stem_like' go together")
        if self.antigen is not None and self.reactive is not None:
            raise ValueError("cells see an 'antigen' or are 'reactive' by their own receptors, not both")
        return self


class Supplies(Entry):
    """It is the substrate `supplies`: as much as is free in blood, or in medium, adds to what these bring.

    Cells sense it through the field, so that it comes as far as the vessels and its uptake let it. `potency`: what one
    of its molecules does over one of the body's own.
    """

    supplies: str
    potency: Pure

    @property
    def label(self) -> str:
        return f"supplies:{self.supplies}"


class Presents(Entry):
    """It presents the antigens of the tumour to T cells of the type `presents`: of those that arrive it primes some.

    Attributes:
        share: of the cells that arrive, at the `peak` after a vaccination; `doubling`: of the clones before it;
            `half_life`: of what is left of them after it.
    """

    presents: str
    share: Fraction
    peak: Time
    doubling: Time
    half_life: Time

    @property
    def label(self) -> str:
        return f"presents:{self.presents}"


EFFECTS: dict[str, type[Entry]] = {
    "blocks": Blocks,
    "opsonizes": Opsonizes,
    "agonizes": Agonizes,
    "bridges": Bridges,
    "shifts": Shifts,
    "kills": Kills,
    "arrests": Arrests,
    "mutates": Mutates,
    "irradiates": Irradiates,
    "adds": Adds,
    "supplies": Supplies,
    "presents": Presents,
}


def _kind_of(raw: Any) -> str | None:
    named = [kind for kind in EFFECTS if (kind in raw if isinstance(raw, dict) else hasattr(raw, kind))]
    return named[0] if len(named) == 1 else None


Effect = Annotated[
    Annotated[Blocks, Tag("blocks")]
    | Annotated[Opsonizes, Tag("opsonizes")]
    | Annotated[Agonizes, Tag("agonizes")]
    | Annotated[Bridges, Tag("bridges")]
    | Annotated[Shifts, Tag("shifts")]
    | Annotated[Kills, Tag("kills")]
    | Annotated[Arrests, Tag("arrests")]
    | Annotated[Mutates, Tag("mutates")]
    | Annotated[Irradiates, Tag("irradiates")]
    | Annotated[Adds, Tag("adds")]
    | Annotated[Supplies, Tag("supplies")]
    | Annotated[Presents, Tag("presents")],
    Discriminator(
        _kind_of,
        custom_error_type="effect_kind",
        custom_error_message=f"an effect has exactly one of the keys {', '.join(map(repr, EFFECTS))}",
    ),
]


class Metabolite(Entry):
    """What a drug is turned into and that acts: in one compartment, made of a share of what is cleared.

    It is counted as what it was made of: `volume` and `clearance` are those of as many moles, over no share.

    Attributes:
        name: as people call it.
        fraction_formed: moles of it over moles of the drug that the linear way clears.
        tissue_partition: what is free of it in the tumour, over what is in plasma; of one that cells make and keep,
            what it amounts to there.
        potency: what a free molecule of it does over one of the drug, which then acts, too; left out, the drug itself
            does nothing, and a `half` or an affinity is that of the metabolite.
    """

    name: str
    fraction_formed: Fraction
    volume: Volume
    clearance: Flow
    fraction_unbound: Fraction | None = None  # in plasma; left out, all of it is free
    tissue_partition: Fraction
    potency: Pure | None = None

    @property
    def in_a_phrase(self) -> str:
        """What acts, and so whose concentration one that is held in the tissue is."""
        if self.potency is None:
            return f"acts as {self.name}, which the body makes of it: a concentration that is held is that"
        return f"acts together with {self.name}, which the body makes of it"


class Falling(Entry):
    """How a clearance falls over a course of treatment, from the first dose on: times exp(-fall x^n / (1 + x^n)).

    x is the time over `half_time`, n the `steepness`. A tissue run without a patient, which is short, leaves it out.
    """

    fall: Pure
    half_time: Time
    steepness: Steepness


class Kinetics(Entry):
    """How blood carries a drug: in one compartment, or two where `peripheral_volume` is given.

    With `absorption_half_life` a dose is taken up from gut or skin; clearance and volumes are then apparent ones, over
    the share that arrives. Beside the clearance, some antibodies are lost to what can be full:
    `max_elimination` at most, half of it at the concentration `half_saturation`. The patient's model has both; a
    tissue run, which adds up doses, has the linear way alone.
    """

    clearance: Flow
    central_volume: Volume
    peripheral_volume: Volume | None = None
    intercompartmental: Flow | None = None
    absorption_half_life: Time | None = None
    max_elimination: MassRate | None = None
    half_saturation: MassPerVolume | None = None  # of total drug in plasma
    fraction_unbound: Fraction | None = None  # in plasma; left out, all of it is free
    tissue_partition: Fraction  # free drug in the tumour / free drug in plasma
    metabolite: Metabolite | None = None
    falling: Falling | None = None  # the clearance

    @model_validator(mode="after")
    def _is_whole(self) -> Kinetics:
        if (self.peripheral_volume is None) != (self.intercompartmental is None):
            raise ValueError("'peripheral_volume' and 'intercompartmental' go together")
        if (self.max_elimination is None) != (self.half_saturation is None):
            raise ValueError("'max_elimination' and 'half_saturation' go together")
        return self


class Drug(Entry):
    """A drug: its kinetics, where they are known, and its effects.

    Attributes:
        also_known_as: brand names and codes, which a scenario may not use but may be asked for.
        family: what kind of drug it is, as "HDAC inhibitor".
        label_dose: the usual regimen, in words.
        molar_mass: radiation, products of cells and vaccines have none.
        kinetics: without them it can be given as a concentration in the tissue alone.
        no_kinetics: why it has none, as the end of "it has no kinetics: ...".
        omitted: what the drug also does, as is known, and the model does not carry.
    """

    name: Name
    title: str
    also_known_as: tuple[str, ...] = ()
    family: str = ""
    label_dose: str = ""
    molar_mass: MolarMass | None = None
    kinetics: Kinetics | None = None
    no_kinetics: str = ""
    effects: Annotated[tuple[Effect, ...], Field(min_length=1)]
    omitted: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_each_effect_once(self) -> Drug:
        labels = [effect.label for effect in self.effects]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"has the effect '{twice[0]}' twice; put them together")
        return self

    @model_validator(mode="after")
    def _has_kinetics_or_says_why_not(self) -> Drug:
        if self.kinetics is not None and self.no_kinetics:
            raise ValueError("has kinetics: leave out 'no_kinetics'")
        return self

    @property
    def radiates(self) -> bool:
        """Whether it is radiation, given in Gy."""
        return any(isinstance(effect, Irradiates) for effect in self.effects)

    @model_validator(mode="after")
    def _has_its_units(self) -> Drug:
        if self.radiates and (self.molar_mass or self.kinetics):
            raise ValueError("what 'irradiates' has neither 'molar_mass' nor 'kinetics'")
        for effect in self.effects:
            in_gray = isinstance(effect, Irradiates) or (
                isinstance(effect, Answer) and effect.half.unit == GRAY
            )
            if in_gray != self.radiates:
                wanted = (
                    "a 'half' in Gy" if self.radiates else "a concentration, as only what 'irradiates' has Gy"
                )
                raise ValueError(f"the effect '{effect.label}' needs {wanted}")
        return self

    @model_validator(mode="after")
    def _is_molecules_cells_or_radiation(self) -> Drug:
        if self.vaccinates and (
            self.molar_mass
            or self.kinetics
            or not all(isinstance(effect, Presents) for effect in self.effects)
        ):
            raise ValueError("what 'presents' has no other effects, no 'molar_mass' and no 'kinetics'")
        counted = self.product is not None or self.radiates or self.vaccinates
        if not counted and self.molar_mass is None:
            raise ValueError("the key 'molar_mass' is missing")
        if self.product is not None and (self.molar_mass or self.kinetics or len(self.effects) > 1):
            raise ValueError(
                "a drug that 'adds' cells has that effect alone, no 'molar_mass' and no 'kinetics'"
            )
        return self

    @property
    def product(self) -> Adds | None:
        """The cells that it is, of a product of cells."""
        return next((effect for effect in self.effects if isinstance(effect, Adds)), None)

    @property
    def sees_antigen(self) -> bool:
        """Whether it is a product of cells with a chimeric receptor."""
        return self.product is not None and self.product.antigen is not None

    @property
    def vaccinates(self) -> bool:
        """Whether it is a vaccine, of which doses are counted."""
        return any(isinstance(effect, Presents) for effect in self.effects)

    def in_words(self) -> list[str]:
        """Its kind and usual dose, and what the model cannot do with it."""
        told = ["; ".join(text for text in (self.family, self.label_dose) if text)]
        if self.also_known_as:
            told.append(f"also known as {', '.join(self.also_known_as)}")
        if self.radiates:
            told.append('given in fractions, as amount = "8 Gy"')
        elif self.product is not None:
            told.append('given as the cells that reach this tissue in all: amount = "200 cells/mm2"')
        elif self.vaccinates:
            told.append('given as amount = "1 dose"')
        elif any(isinstance(effect, Supplies) for effect in self.effects):
            told.append("a concentration that is held is that in blood, or in medium, not in the tissue")
        elif self.kinetics is None:
            why = self.no_kinetics or "not looked for yet"
            told.append(f'no kinetics: {why}. Give it as amount = "1 uM", lasting = "24 h" in the tissue')
        elif self.kinetics.metabolite is not None:
            told.append(self.kinetics.metabolite.in_a_phrase)
        if self.omitted:
            told.append(f"left out of the model: it {', '.join(self.omitted)}")
        return [line for line in told if line]
