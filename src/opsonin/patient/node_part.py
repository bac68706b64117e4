"""The node that drains the tumour: dendritic cells come with antigen and prime clones, which divide and leave.

Clones are counted in the body: naive, dividing, effectors and memory cells. Those in the tumour are in
`tumour_part.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opsonin.core.errors import Fault, RunError
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.events import approaching
from opsonin.laws.priming import divisions, expanded, left_to_others, primed
from opsonin.laws.recognition import (
    activating_part,
    bound_pairs,
    costimulation,
    natural_signal,
    stripping_rate,
)
from opsonin.laws.response import hill
from opsonin.model.immunity import Immunity, Node
from opsonin.model.knowledge import Interaction
from opsonin.patient.blood_part import at_rest_in_body, in_body
from opsonin.patient.contact_part import Contact, Side
from opsonin.patient.effect_part import BODY, Effects
from opsonin.patient.formulae import called, symbol
from opsonin.patient.parts import identifier
from opsonin.patient.sheet import Sheet

STAGES = 3  # of division: they spread the time that a clone takes to leave the node
_HALVINGS = 60  # of the interval in which a level at rest is sought


def clones(antigen: str) -> str:
    """What the model calls the effectors against an antigen in the body."""
    return f"clones_{identifier(antigen)}"


def clones_at_rest(immunity: Immunity, antigen: str) -> float:
    """Of them before treatment [cells]."""
    return float(immunity.antigens[antigen].clones.value * at_rest_in_body(immunity, "cd8"))


@dataclass(frozen=True)
class Draining:
    """The node of a tumour.

    Attributes:
        immunity: its numbers; contact: for what is between two cells, and drugs.
        carrying, naive, suppressing: sides of a dendritic, a naive and a regulatory cell.
    """

    immunity: Immunity
    contact: Contact
    carrying: Side
    naive: Side
    suppressing: Side

    @property
    def sheet(self) -> Sheet:
        """On which all is written."""
        return self.contact.sheet

    @property
    def effects(self) -> Effects:
        """Of drugs."""
        return self.contact.effects

    @property
    def node(self) -> Node:
        return self.immunity.node

    def write(self, dying: Any, dying_at_rest: float, leaving: dict[str, float]) -> None:
        """All of it.

        Args:
            dying: tumour cells that die [cells/min].
            dying_at_rest: of them before treatment.
            leaving: by antigen, effectors that the tumour takes from the body before treatment, net [cells/min].
        """
        presented = self._presented(dying, dying_at_rest)
        signal = self.sheet.derived(
            "node_costimulated", self._costimulated(), "1", "co-stimulation in the node, of its most"
        )
        least = self.sheet.constant(
            "node_least", self.node.costimulation.value, "1", "factor of priming without co-stimulation"
        )
        factor = called(costimulation, least, signal)
        count = self.sheet.derived(
            "node_divisions", self._divisions(signal), "1", "divisions of a primed cell"
        )
        for antigen in sorted(self.immunity.antigens):
            self._clone(antigen, presented, factor, count, leaving[antigen])

    def _presented(self, dying: Any, dying_at_rest: float) -> Any:
        """Share of the full rate of priming that carriers reach [-]."""
        rate = float(rate_of_half_life(self.node.carrier_half_life.value))
        taken = self.node.carriers_per_death.value
        there = self.sheet.amount(
            "node_carriers", taken * dying_at_rest / rate, "cell", "dendritic cells with antigen in the node"
        )
        share = self.sheet.constant(
            "carriers_per_death", taken, "1", "dendritic cells for each tumour cell that dies"
        )
        loss = self.sheet.constant("carrier_loss", rate, "1/min", "loss of dendritic cells in the node")
        self.sheet.flow("carriers_coming", None, "node_carriers", share * dying, "dendritic cells that come")
        self.sheet.flow("carriers_lost", "node_carriers", None, loss * there, "dendritic cells that are lost")
        half = self.sheet.constant(
            "carriers_half", self.node.carriers_half.value, "cell", "half of full priming"
        )
        return self.sheet.derived(
            "node_presented", called(hill, there, half, 1), "1", "share of full priming that antigen reaches"
        )

    def _costimulated(self) -> Any:
        """Of a naive cell at a dendritic cell, by what competing receptors and regulatory cells leave [-]."""
        total: Any = 0
        need = self.sheet.constant(
            "naive_need", self.node.naive_need.value, "1", "pairs that naive cells need, over others"
        )
        for pair in self.contact.pairs("costimulation"):
            rivals = [rival for rival in self.contact.pairs("competing") if rival.ligand == pair.ligand]
            receptors = self.contact.density(self.naive, pair.receptor)
            whole = self.contact.density(self.carrying, pair.ligand)
            if receptors is None or whole is None:
                continue
            key, (half, steepness) = identifier(pair.name), self.contact.shape(pair)
            ligands = whole * self._left(pair.ligand, rivals)
            free = ligands
            for rival in rivals:
                against = self.contact.density(self.naive, rival.receptor)
                if against is not None:
                    held = called(bound_pairs, against, ligands, self.contact.affinity(rival))
                    free = called(left_to_others, free, held)
            free = self.sheet.derived(
                f"node_free_{key}",
                free,
                "molecule/um2",
                f"{pair.ligand} on dendritic cells that none else holds",
            )
            bound = self.sheet.derived(
                f"node_bound_{key}",
                called(bound_pairs, receptors, free, self.contact.affinity(pair)),
                "molecule/um2",
                f"{pair.title} in the node",
            )
            total += self.sheet.derived(
                f"node_seen_{key}",
                called(activating_part, bound, half * need, steepness),
                "1",
                f"what {pair.title} adds to co-stimulation in the node",
            )
        return called(natural_signal, total)

    def _left(self, ligand: str, rivals: list[Interaction]) -> Any:
        """Share of a ligand on dendritic cells that regulatory cells leave there [-], followed over time."""
        stripping = [
            rival for rival in rivals if self.contact.density(self.suppressing, rival.receptor) is not None
        ]
        if not stripping:
            return 1
        name = f"node_{identifier(ligand)}_left"
        now = symbol(name)
        lost = sum(self._stripped(rival, now) for rival in stripping) * now
        half_life = self.contact.library.molecules[ligand].half_life.value
        rate = self.sheet.constant(
            f"{name}_rate", float(rate_of_half_life(half_life)), "1/min", f"turnover of {ligand}"
        )
        made = called(approaching, now, 1, rate)
        level = self._steady(name, made - lost)
        self.sheet.amount(
            name, level, "1", f"{ligand} on dendritic cells, over what they have without others"
        )
        self.sheet.flow(f"{name}_made", None, name, made, f"{ligand} that comes back on dendritic cells")
        self.sheet.flow(f"{name}_lost", name, None, lost, f"{ligand} that is taken off dendritic cells")
        return now

    def _stripped(self, rival: Interaction, now: Any) -> Any:
        """Rate at which regulatory cells take a ligand off a dendritic cell [1/min]."""
        assert rival.strips is not None and rival.contact is not None  # a competing pair has both
        key = identifier(rival.name)
        rate = self.sheet.constant(f"strips_{key}", rival.strips.value, "1/min", f"{rival.title}: taken in")
        area = self.sheet.constant(f"contact_{key}", rival.contact.value, "um2", f"{rival.title}: contact")
        touching = self.sheet.constant(
            "node_suppressors", self.node.suppressors.value, "1", "regulatory cells at a dendritic cell"
        )
        there = symbol(in_body("treg")) / symbol("treg_at_rest")
        ligands = self.contact.density(self.carrying, rival.ligand) * now
        level = self.contact.level(self.carrying, rival.ligand) * now
        against = self.contact.density(self.suppressing, rival.receptor)
        bound = called(bound_pairs, against, ligands, self.contact.affinity(rival))
        return touching * there * called(stripping_rate, bound, area, level, rate)

    def _steady(self, name: str, change: Any) -> float:
        """Level at which it does not change before treatment."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (
                (middle, high) if self.sheet.at_rest(change, **{name: middle}) > 0.0 else (low, middle)
            )
        return 0.5 * (low + high)

    def _divisions(self, signal: Any) -> Any:
        il2 = self.sheet.constant(
            "node_il2", self.node.il2.value, "nM", "interleukin 2 around primed cells, at rest"
        )
        half = self.sheet.constant("node_il2_half", self.node.il2_half.value, "nM", "half of its effect")
        numbers = [
            self.sheet.constant(f"node_{key}", getattr(self.node, key).value, "1", title)
            for key, title in (
                ("divisions_costimulated", "divisions by full co-stimulation"),
                ("divisions_helped", "divisions by full interleukin 2"),
            )
        ]
        least = self.sheet.constant(
            "node_divisions_least", self.node.divisions.value, "1", "divisions in any case"
        )
        made = il2 * symbol(in_body("cd4")) / symbol("cd4_at_rest") + self.effects.supplied("il2")
        around = self.sheet.derived("node_il2_around", made, "nM", "interleukin 2 around primed cells")
        return called(divisions, least, numbers[0], signal, numbers[1], called(hill, around, half, 1))

    def _clone(self, antigen: str, presented: Any, factor: Any, count: Any, leaving: float) -> None:
        key = identifier(antigen)
        there = clones_at_rest(self.immunity, antigen)
        contraction = float(rate_of_half_life(self.node.contraction.value))
        released = there * contraction + leaving
        if released <= 0.0:
            problem = f"the tumour gives back more effectors against {antigen} than die in the body."
            raise RunError(Fault("patient's model", problem, "Lower immunity.adult.tumour.burden."))
        entering = released / float(expanded(1.0, self.sheet.at_rest(count)))
        naive = self.immunity.antigens[antigen].precursors.value * self.node.naive.value
        rate = entering / (naive * self.sheet.at_rest(presented) * self.sheet.at_rest(factor))
        self._naive(key, antigen, naive, entering)
        speed = self.sheet.constant(
            f"priming_{key}", rate, "1/min", f"full rate of priming against {antigen}"
        )
        self.sheet.flow(
            f"primed_{key}",
            f"naive_{key}",
            f"dividing_{key}_1",
            called(primed, symbol(f"naive_{key}"), speed, presented, factor),
            f"naive cells that are primed against {antigen}",
        )
        out = self._dividing(key, antigen, count, entering)
        self._effectors(key, antigen, called(expanded, out, count), there, contraction)

    def _naive(self, key: str, antigen: str, naive: float, entering: float) -> None:
        loss = float(rate_of_half_life(self.node.naive_half_life.value))
        there = self.sheet.amount(f"naive_{key}", naive, "cell", f"naive cells of clones against {antigen}")
        rate = self.sheet.constant("naive_loss", loss, "1/min", "loss of naive cells")
        made = self.sheet.constant(
            f"thymic_{key}",
            naive * loss + entering,
            "cell/min",
            f"naive cells against {antigen} that are made",
        )
        self.sheet.flow(
            f"naive_{key}_made", None, f"naive_{key}", made, f"naive cells against {antigen} that come"
        )
        self.sheet.flow(f"naive_{key}_lost", f"naive_{key}", None, rate * there, "naive cells that are lost")
        self._killed(f"naive_{key}", there, 0)

    def _dividing(self, key: str, antigen: str, count: Any, entering: float) -> Any:
        """Cells that leave the last stage [cells/min], each counted once, as what it was when it was primed."""
        once = self.sheet.constant(
            "node_division", self.node.division.value, "min", "from one division to the next"
        )
        stages = self.sheet.constant("node_stages", float(STAGES), "1", "stages of division")
        speed = stages / (count * once)
        stay = self.sheet.at_rest(count) * self.node.division.value / STAGES
        for stage in range(1, STAGES + 1):
            name = f"dividing_{key}_{stage}"
            there = self.sheet.amount(
                name, entering * stay, "cell", f"primed cells against {antigen}, stage {stage}"
            )
            onward = f"dividing_{key}_{stage + 1}" if stage < STAGES else None
            passed = self.sheet.flow(f"{name}_passed", name, onward, speed * there, "primed cells that go on")
            self._killed(name, there, 1)
        return passed

    def _effectors(self, key: str, antigen: str, released: Any, there: float, contraction: float) -> None:
        name = clones(antigen)
        now = self.sheet.amount(name, there, "cell", f"effector cells against {antigen} in the body")
        rate = self.sheet.constant("contraction", contraction, "1/min", "contraction of effectors")
        share = self.sheet.constant("memory_share", self.node.memory.value, "1", "share that becomes memory")
        loss = float(rate_of_half_life(self.node.memory_half_life.value))
        fading = self.sheet.constant("memory_loss", loss, "1/min", "loss of memory cells")
        kept = self.sheet.amount(
            f"memory_{key}",
            self.node.memory.value * contraction * there / loss,
            "cell",
            f"memory cells against {antigen}",
        )
        self.sheet.flow(
            f"released_{key}", None, name, released, f"effectors against {antigen} that leave the node"
        )
        self.sheet.flow(
            f"remembered_{key}", name, f"memory_{key}", share * rate * now, "effectors that become memory"
        )
        self.sheet.flow(f"contracted_{key}", name, None, (1 - share) * rate * now, "effectors that die")
        self.sheet.flow(f"forgotten_{key}", f"memory_{key}", None, fading * kept, "memory cells that die")
        self._killed(name, now, 0)
        self._killed(f"memory_{key}", kept, 0)

    def _killed(self, name: str, there: Any, committed: Any) -> None:
        hazard = self.effects.hazard("cd8", BODY, committed)
        if hazard != 0:
            self.sheet.flow(f"{name}_killed", name, None, hazard * there, "of these, those that drugs kill")
