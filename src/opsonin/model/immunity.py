"""The immune system of a patient beside the tumour: blood cells, the node that drains the tumour, what fills them.

Shapes only; what is done with the numbers is in `patient/`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from opsonin.model.knowledge import Fraction, HalfLevel, Name, Positive, Pure, Rate, Time, Volume
from opsonin.model.sourced import Entry, Sourced, held_in

Cells = Annotated[Sourced, held_in("cell", positive=True)]
CellsPerVolume = Annotated[Sourced, held_in("cell/liter", positive=True)]


class Lineage(Entry):
    """One kind of blood cell, held at its count by production.

    Attributes:
        cell: type of the knowledge base, by whose name drugs find it.
        count: in blood; blood_share: of these cells, the share that is in blood and not elsewhere in the body.
        half_life: of a cell in the body.
        maturing: from the last division to the body.
        committed: share of the dividing precursors that are in S, G2 or M.
        renewing: share of the precursors that come of themselves, the others of cells that drugs do not reach.
        feedback: power of what is missing by which precursors divide faster.
        becomes: other types of a tissue that come of these cells.
    """

    cell: str
    becomes: tuple[str, ...] = ()
    count: CellsPerVolume
    blood_share: Fraction
    half_life: Time
    maturing: Time
    committed: Fraction
    renewing: Fraction
    feedback: Pure


class Antigen(Entry):
    """Antigens of the tumour that one kind of clone sees.

    Attributes:
        precursors: naive cells of these clones among all naive CD8 T cells.
        clones: share of the CD8 T cells in blood that are of these clones, before treatment.
        share: of the tumour-reactive CD8 T cells in the tumour.
    """

    precursors: Fraction
    clones: Fraction
    share: Fraction


class Node(Entry):
    """The lymph node that drains the tumour.

    Attributes:
        naive: CD8 T cells of all clones in the body; naive_half_life: of one.
        carriers_per_death: dendritic cells that come with antigen for each tumour cell that dies.
        carrier_half_life: of these; carriers_half: of them at half of the full rate of priming.
        costimulation: factor of priming without any.
        naive_need: pairs that a naive cell needs for half of co-stimulation, over those that a cell in a tissue needs.
        suppressors: regulatory T cells that touch a dendritic cell at a time.
        division: from one to the next of a primed cell; contraction: half-life of an effector in the body.
        divisions, divisions_costimulated, divisions_helped: of a primed cell, in any case, by full co-stimulation and
            by full interleukin 2.
        il2: around cells in the node at the count of CD4 T cells before treatment; il2_half: at half of its effect.
        memory: share of the effectors that end as memory cells; memory_half_life: of these.
    """

    naive: Cells
    naive_half_life: Time
    carriers_per_death: Pure
    carrier_half_life: Time
    carriers_half: Cells
    costimulation: Fraction
    naive_need: Positive
    suppressors: Pure
    division: Time
    divisions: Pure
    divisions_costimulated: Pure
    divisions_helped: Pure
    il2: HalfLevel
    il2_half: HalfLevel
    contraction: Time
    memory: Fraction
    memory_half_life: Time


class MeanField(Entry):
    """A tumour without places: what space decides in a tissue is a share here.

    Attributes:
        burden: living tumour cells before treatment; seen: of a lesion, from which on it is seen; fatal: of all, beyond
            which nobody lives.
        seeding: rate at which a tumour cell begins a lesion elsewhere, of which most die out at once.
        contact: share of its time that a killer in the tumour holds a tumour cell.
        fitness: of the killers that metabolism leaves; costimulated: of full co-stimulation.
        realised: kills that come about over those of mean killers at mean targets: cells differ, and contacts end.
    """

    burden: Cells
    seen: Cells
    fatal: Cells
    seeding: Rate
    contact: Fraction
    fitness: Fraction
    costimulated: Fraction
    realised: Positive


class Marrow(Entry):
    """Marrow, where leukaemias and myeloma live.

    Attributes:
        cells: nucleated cells without those of a tumour.
        t_cells: share of the CD8 T cells of the body that are in it.
        inhibited: share of the CD8 T cells of any specificity, in it and in blood, that carry the receptors by which
            tumour cells hold T cells back.
    """

    cells: Cells
    t_cells: Fraction
    inhibited: Fraction


class Cytokines(Entry):
    """An index of the cytokines that activated T cells release.

    Attributes:
        unit: T cells, fully activated and with a target, that keep the index at 1; half_life: of the signal.
    """

    unit: Cells
    half_life: Time


class Immunity(Entry):
    """All of it, of one kind of patient.

    Attributes:
        b_cell_aplasia: count of B cells in blood below which there is aplasia.
        product_targets_half: cells with the antigen of a product at which it grows half as fast as among plenty.
        product_most: cells of a product at which it grows no more, whatever antigen there is.
    """

    name: Name
    title: str
    blood_volume: Volume
    blood: Annotated[dict[str, Lineage], Field(min_length=1)]
    antigens: Annotated[dict[str, Antigen], Field(min_length=1)]
    node: Node
    product_targets_half: Cells
    product_most: Cells
    b_cell_aplasia: CellsPerVolume
    cytokines: Cytokines
    marrow: Marrow
    tumour: MeanField

    def in_words(self) -> list[str]:
        """What it holds, by name."""
        return [
            f"blood cells: {', '.join(sorted(self.blood))}",
            f"antigens: {', '.join(sorted(self.antigens))}",
        ]
