"""A patient's model for some drugs, with a tumour or without: its SBML, and its outputs.

The parts are in files of their own; how the model is integrated is in `integrate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from opsonin.model.dosing import Given
from opsonin.model.drugs import Blocks, Drug
from opsonin.model.immunity import Immunity
from opsonin.patient.blood_part import in_blood
from opsonin.patient.body import Body
from opsonin.patient.bridged_part import NAMES, bystanders_in_tumour
from opsonin.patient.clone_part import BURDEN, Site
from opsonin.patient.cytokine_part import INDEX
from opsonin.patient.doses import Change, Entries, changes
from opsonin.patient.drug_names import Names
from opsonin.patient.drug_part import drug_part
from opsonin.patient.marrow_part import COUNT, SHARE
from opsonin.patient.parts import Part, identifier, together
from opsonin.patient.product_part import product_in_body, product_in_tumour
from opsonin.patient.receptor_part import occupancy, receptor_parts
from opsonin.patient.sbml import written
from opsonin.patient.tumour_part import KILLERS


@dataclass(frozen=True)
class Output:
    """One thing that a patient's model tells over time.

    Attributes:
        column: of the stored table, with its unit: "nivolumab_plasma_nM".
        name: of the model.
        drug: that it is about; "" of the body.
        kind: "plasma", "tumour", "occupancy" or "amount" of a drug; of the body "burden", "clone", "blood", "blasts",
            "clones", "killers", "index" or "level"; of cells that are given "product".
        title: how a legend calls it among others of its kind.
    """

    column: str
    name: str
    drug: str
    kind: str
    title: str


@dataclass(frozen=True)
class PatientModel:
    """What carries these drugs, all of known kinetics, in the order of their names, and the body that they act on."""

    drugs: tuple[Drug, ...]
    body: Body | None = None

    @classmethod
    def of(cls, drugs: Iterable[Drug], body: Body | None = None) -> PatientModel:
        """The model of each of these drugs, once; without a `body` they act on nobody."""
        named = {drug.name: drug for drug in drugs}
        return cls(tuple(named[name] for name in sorted(named)), body)

    @cached_property
    def parts(self) -> Part:
        drugs = [drug for drug in self.drugs if drug.product is None or self.body is None]
        carried = together([*map(drug_part, drugs), *receptor_parts(drugs)])
        return carried if self.body is None else together([carried, self.body.part(self.drugs, [carried])])

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Lesions whose clones are followed; none without a body, or where its tumour cells are all alike."""
        return self.body.sites(self.drugs) if self.body is not None and self.body.lesions else ()

    @property
    def seeding(self) -> float:
        """Rate at which a tumour cell begins a lesion elsewhere [1/min]; 0 where no place is left for one."""
        if self.body is None or all(site.lesion.present for site in self.sites):
            return 0.0
        return float(self.body.immunity.tumour.seeding.value)

    @cached_property
    def sbml(self) -> str:
        """The model without doses, as it is integrated."""
        return self.with_doses(())

    def with_doses(self, made: Sequence[Change]) -> str:
        """The model with its doses as events, as other tools run it."""
        about = [drug.name for drug in self.drugs] + ([self.body.tumour] if self.body else [])
        return written(self.parts, f"opsonin: {', '.join(about)}", made)

    def changes(self, given: Iterable[Given]) -> tuple[Change, ...]:
        """What doses of these drugs do."""
        return changes(given, self.entries)

    @cached_property
    def entries(self) -> dict[str, Entries]:
        """Where doses of each drug go."""
        carried = {
            drug.name: Entries(Names(drug.name).entry(drug.kinetics), Names(drug.name).infusion)
            for drug in self.drugs
            if drug.kinetics is not None
        }
        cells = {d.name: Entries(product_in_body(d.name), "") for d in self.drugs if d.product is not None}
        return carried | cells

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """Concentrations and occupancy, then the amounts in each compartment, drug by drug."""
        told: list[Output] = []
        for drug in self.drugs:
            names = Names(drug.name)
            if drug.product is not None:
                for what, name in (
                    ("body", product_in_body(drug.name)),
                    ("tumour", product_in_tumour(drug.name)),
                ):
                    told.append(
                        Output(
                            f"{name}_cells" if what == "tumour" else name,
                            name,
                            drug.name,
                            "product",
                            f"{drug.name}: {what}",
                        )
                    )
                continue
            told += [
                Output(f"{names.plasma}_nM", names.plasma, drug.name, "plasma", drug.name),
                Output(f"{names.tumour}_nM", names.tumour, drug.name, "tumour", drug.name),
            ]
            if drug.kinetics is not None and drug.kinetics.metabolite is not None:
                made = names.metabolite
                told.append(Output(f"{made}_nM", made, drug.name, "plasma", drug.kinetics.metabolite.name))
            for effect in drug.effects:
                if isinstance(effect, Blocks):
                    held = occupancy(drug.name, effect.blocks)
                    told.append(Output(held, held, drug.name, "occupancy", f"{drug.name} on {effect.blocks}"))
            if drug.kinetics is not None:
                told += [
                    Output(f"{name}_mg", name, drug.name, "amount", name)
                    for name in names.amounts(drug.kinetics)
                ]
        if self.body is None:
            return tuple(told)
        bystanders = _of_bystanders(self.sites, set(self.parts.names()))
        return (*told, *_of_body(self.body.immunity, self.parts), *bystanders, *_of_sites(self.sites))


def _of_bystanders(sites: Iterable[Site], there: set[str]) -> Iterator[Output]:
    """T cells that bridges hold, where a drug makes bridges."""
    lesions = {bystanders_in_tumour(site): site.lesion.name for site in sites} or {NAMES.of("in_tumour"): ""}
    for name, lesion in lesions.items():
        if name in there:
            where = f" in {lesion}" if lesion else ""
            yield Output(f"{name}_cells", name, "", "killers", f"bystander cd8{where}")


def _of_sites(sites: Iterable[Site]) -> Iterator[Output]:
    """What is told of lesions and clones."""
    for site in sites:
        where = f" in {site.lesion.name}" if site.lesion.name else ""
        if where:
            yield Output(site.cells, site.cells, "", "burden", f"tumour cells{where}")
        for clone in site.clones:
            column = site.here(f"clone_{identifier(clone.name)}") + "_cells"
            yield Output(column, clone.cells, "", "clone", f"{clone.name}{where}")


def of_any_body(immunity: Immunity) -> Iterator[Output]:
    """What is told of the tumour, blood and clones of every patient."""
    yield Output(BURDEN, BURDEN, "", "burden", "tumour cells")
    for lineage in sorted(immunity.blood):
        yield Output(f"{in_blood(lineage)}_per_L", in_blood(lineage), "", "blood", lineage)
    for antigen in sorted(immunity.antigens):
        key = identifier(antigen)
        for place in ("naive", "clones", "memory"):
            yield Output(f"{place}_{key}_cells", f"{place}_{key}", "", "clones", f"{antigen}: {place}")


def _of_body(immunity: Immunity, parts: Part) -> Iterator[Output]:
    """All that is told of a body."""
    there = set(parts.names())
    yield from of_any_body(immunity)
    for killer in KILLERS:
        for name in sorted(name for name in there if name.split("_in_")[0] == f"tumour_all_{killer}"):
            place = name.removeprefix(f"tumour_all_{killer}")
            where = place.replace("_in_", " in ", 1)
            yield Output(f"tumour_{killer}{place}_cells", name, "", "killers", f"{killer}{where}")
            level = f"{killer}_exhaustion{place}"
            if level in there:
                yield Output(level, level, "", "level", f"exhaustion of {killer}{where}")
    if COUNT in there:
        yield Output(COUNT, COUNT, "", "blasts", "tumour cells")
        yield Output(SHARE, SHARE, "", "level", "tumour cells among those of marrow")
    if INDEX in there:
        yield Output(INDEX, INDEX, "", "index", "cytokine release")
    yield Output("node_presented", "node_presented", "", "level", "antigen in the node")
    yield Output("node_costimulated", "node_costimulated", "", "level", "co-stimulation in the node")
