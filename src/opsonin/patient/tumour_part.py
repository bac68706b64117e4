"""A lesion as a well-mixed mean field: cells divide and are lost, killers arrive, hold targets and tire.

What is between a killer and its target is in `contact_part.py`, which cells there are in `clone_part.py`. Before
treatment all is in balance: arrivals keep the published densities and loss leaves the published growth, as in a tissue
after its burn-in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opsonin.core.errors import Fault, RunError
from opsonin.laws.clones import at_least
from opsonin.laws.cycle import (
    cell_loss_factor,
    committed_share,
    growth_rate,
    potential_growth_rate,
    spontaneous_loss,
)
from opsonin.laws.events import approaching
from opsonin.laws.recognition import exhaustion_rate, exhaustion_target, vigour
from opsonin.laws.trafficking import availability, balanced_arrival, entering, in_contact, pressed
from opsonin.model.immunity import Immunity
from opsonin.model.knowledge import CellType, Killing, Tumour
from opsonin.model.specificity import recognising
from opsonin.patient.blood_part import at_rest_in_body, in_body
from opsonin.patient.bridged_part import Bystanders
from opsonin.patient.clone_part import (
    BIRTHS,
    CANCER,
    DEATHS,
    DEATHS_IN_BLOOD,
    NEWCOMERS,
    Clone,
    Site,
    write_mutation,
)
from opsonin.patient.contact_part import Contact, Side, side_of
from opsonin.patient.effect_part import BODY, TUMOUR, Effects
from opsonin.patient.formulae import called, symbol
from opsonin.patient.marrow_part import Blood, blood_over_marrow, leaving_marrow
from opsonin.patient.node_part import clones, clones_at_rest
from opsonin.patient.parts import identifier
from opsonin.patient.product_part import Product
from opsonin.patient.sheet import Sheet

NOBODY = 1e-9  # cells: as good as none
T_CELL, NATURAL = KILLERS = "cd8", "nk"


def in_tumour(killers: str) -> str:
    """What the model calls killers in the tumour: of a type, or of the clones against an antigen."""
    return f"tumour_{identifier(killers)}"


@dataclass(frozen=True)
class Group:
    """Killers that are counted together.

    Attributes:
        name: an antigen, or their type; body: what the model calls those in the body.
        resting, resting_in_body: before treatment [cells].
    """

    name: str
    body: str
    resting: float
    resting_in_body: float


@dataclass(frozen=True)
class MeanTumour:
    """One lesion of a patient.

    Attributes:
        immunity: numbers of the patient; contact: of the tumour, with the effects of drugs.
        site: the lesion and its clones.
    """

    immunity: Immunity
    contact: Contact
    site: Site

    @property
    def sheet(self) -> Sheet:
        """On which all is written."""
        return self.contact.sheet

    @property
    def effects(self) -> Effects:
        """Of drugs."""
        return self.contact.effects

    @property
    def tumour(self) -> Tumour:
        """Its type."""
        found: Tumour = self.contact.library.tumours[self.contact.tumour]
        return found

    @property
    def burden(self) -> float:
        """Tumour cells before treatment."""
        return float(self.immunity.tumour.burden.value) * self.site.lesion.share

    @property
    def growth(self) -> float:
        """As it is observed [1/min]."""
        own = self.site.lesion.doubling_time
        return float(growth_rate(self.tumour.doubling_time.value if own is None else own))

    def groups(self, killer: str) -> tuple[Group, ...]:
        """Killers of a type that recognise the tumour; none where the tumour's density of them is not known."""
        there = self.tumour.densities.get(killer)
        if there is None:
            return ()
        number = self.burden * there.value / self.tumour.densities[CANCER].value * self.site.lesion.killers
        if killer == NATURAL:
            return (Group(killer, in_body(killer), number, at_rest_in_body(self.immunity, killer)),)
        cell = self.contact.library.of_tumour(self.contact.tumour).cells[killer]
        number *= recognising(cell.lytic) if cell.lytic is not None else 0.0
        return tuple(
            Group(name, clones(name), number * antigen.share.value, clones_at_rest(self.immunity, name))
            for name, antigen in sorted(self.immunity.antigens.items())
        )

    def write(self) -> tuple[Any, dict[str, float]]:
        """All of it.

        Returns:
            tumour cells that die [cells/min], as a formula; and by antigen what the tumour takes of effectors from the
            body before treatment, less what comes back [cells/min].
        Raises:
            RunError: no spontaneous loss could leave the published growth, or no arrivals the published density.
        """
        site = self.site
        for clone in site.clones:
            self._there(clone)
        if not site.alone:
            every = sum(symbol(clone.cells) for clone in site.clones)
            self.sheet.derived(site.cells, every, "cell", "living tumour cells")
        if site.circulates and not site.alone:
            every = sum(symbol(clone.home) for clone in site.clones)
            self.sheet.derived(site.met, every, "cell", "living tumour cells in marrow")
        self.sheet.constant(
            site.here("burden_at_rest"), self.burden * self.at_home, "cell", "tumour cells before treatment"
        )
        self.sheet.constant("nobody", NOBODY, "cell", "as good as none")
        killed: dict[str, Any] = {clone.cells: 0 for clone in site.clones}
        taken: dict[str, float] = {}
        for killer in (T_CELL, NATURAL):
            groups = self.groups(killer)
            if groups:
                side = side_of(self.contact.library, killer, self.contact.tumour)
                hazards, net = self._killers(side, groups)
                killed = {name: killed[name] + hazards[name] for name in killed}
                taken |= net
        bystanders = Bystanders(self.immunity, self.contact).write(site, self.burden, self.growth)
        killed = {name: killed[name] + bystanders[name] for name in killed}
        return self._cells(killed, self._products()), taken

    @property
    def at_home(self) -> float:
        """Share of the tumour cells that are not in blood, before treatment [-]."""
        return 1.0 / (1.0 + blood_over_marrow(self.tumour.circulation, self.growth))

    def _there(self, clone: Clone) -> None:
        """A clone before treatment, in marrow and blood where it circulates."""
        alone = self.site.alone
        title = "living tumour cells" if alone else f"living tumour cells: {clone.name}"
        there = self.burden * clone.share if self.site.lesion.present else 0.0
        if not clone.circulates:
            self.sheet.amount(clone.cells, there, "cell", title)
            return
        self.sheet.amount(clone.home, there * self.at_home, "cell", f"{title}, in marrow")
        self.sheet.amount(clone.blood, there * (1.0 - self.at_home), "cell", f"{title}, in blood")
        self.sheet.derived(clone.cells, symbol(clone.home) + symbol(clone.blood), "cell", title)

    def _products(self) -> dict[str, Any]:
        """By clone, the rate at which products of cells kill one [1/min]."""
        groups = self.groups(T_CELL)
        killed: dict[str, Any] = {clone.cells: 0 for clone in self.site.clones}
        for drug in self.effects.products:
            effect = drug.product
            assert effect is not None  # a product adds cells
            product = Product(drug, effect, self.immunity, self.contact)
            arrival = symbol(f"{self.site.here(in_tumour(groups[0].name))}_arrival")
            hazards = product.enter(self.site, arrival)
            killed = {name: killed[name] + hazards[name] for name in killed}
        return killed

    def _cells(self, killed: dict[str, Any], by_products: dict[str, Any]) -> Any:
        """Tumour cells that die [cells/min]."""
        site, cell = self.site, self.site.clones[0].contact.library.cells[CANCER]
        gross = self.sheet.derived(
            "tumour_division",
            called(potential_growth_rate, self._minutes("potential_doubling_time", "without loss"))
            * self.effects.entry(cell.name),
            "1/min",
            "rate of division of tumour cells",
        )
        unhindered = float(potential_growth_rate(self.tumour.potential_doubling_time.value))
        primed = {clone.cells: clone.contact.primed(clone.side) for clone in site.clones}
        killing = self.sheet.at_rest(
            sum(clone.share * (killed[clone.cells] + primed[clone.cells]) for clone in site.clones),
            **self._resting(),
        )
        leaving = leaving_marrow(self.tumour.circulation, self.growth)
        if unhindered - self.growth - leaving - killing < 0.0:
            whose = f"the lesion {site.lesion.name}" if site.lesion.name else self.tumour.name
            problem = f"killing of {killing * 1440.0:.3g} per day leaves {whose} less than its growth."
            fix = "Lower immunity.adult.tumour.contact, or raise the doubling time of the tumour."
            raise RunError(Fault("patient's model", problem, fix))
        factor = self.sheet.constant(
            site.here("cell_loss_factor"),
            float(cell_loss_factor(unhindered, self.growth, leaving, killing)),
            "1",
            "share of the production of tumour cells that is lost",
        )
        lost = called(spontaneous_loss, factor, gross)
        poisoned = self.effects.hazard(cell.name, TUMOUR, self._committed(cell, gross))
        dying: list[Any] = []
        for clone in site.clones:
            hazards = {
                "lost": (lost, "lost on their own"),
                "killed": (killed[clone.cells], "tumour cells that killers kill"),
                "killed_by_products": (by_products[clone.cells], "tumour cells that products of cells kill"),
                "poisoned": (poisoned, "tumour cells that drugs kill"),
                "primed": (primed[clone.cells], "tumour cells that die of their priming"),
            }
            dying += self._clone(clone, gross, hazards)
        in_blood = self._in_blood(primed)
        for clone in (clone for clone in site.clones if clone.circulates):
            name, title = f"tumour_died_in_blood{clone.contact.mark}", "tumour cells that die in blood"
            rate = in_blood[clone.cells] * symbol(clone.blood)
            dying.append(self.sheet.flow(name, clone.blood, None, rate, title))
        if not site.alone:
            alone = {name: lost + poisoned + rate for name, rate in primed.items()}
            hazards = {name: alone[name] + killed[name] + by_products[name] for name in alone}
            self._counted(gross, hazards, in_blood)
        return self.sheet.derived(site.here("tumour_dying"), sum(dying), "cell/min", "tumour cells that die")

    def _clone(self, clone: Clone, gross: Any, hazards: dict[str, tuple[Any, str]]) -> list[Any]:
        """Flows of one clone; those of cells that die [cells/min]."""
        cells, sheet, mark = symbol(clone.home), self.sheet, clone.contact.mark
        sheet.flow(
            f"tumour_divided{mark}", None, clone.home, gross * cells, "tumour cells that division adds"
        )
        return [
            sheet.flow(f"tumour_{name}{mark}", clone.home, None, hazard * cells, title)
            for name, (hazard, title) in hazards.items()
            if hazard != 0
        ]

    def _in_blood(self, primed: dict[str, Any]) -> dict[str, Any]:
        """By clone, the rate at which one dies in blood [1/min]; cells move between there and marrow."""
        circulation = self.tumour.circulation
        if circulation is None:
            return {}
        blood = Blood(self.site, circulation, self.sheet)
        blood.exchange()
        lost = blood.loss() + self.effects.hazard(
            self.site.clones[0].contact.library.cells[CANCER].name, BODY, 0
        )
        hazards = {
            clone.cells: lost + self._beyond_rest(primed[clone.cells], clone) for clone in self.site.clones
        }
        killers = [Bystanders(self.immunity, self.contact).kill_in_blood(self.site)]
        for drug in self.effects.products:
            assert drug.product is not None  # of a product
            product = Product(drug, drug.product, self.immunity, self.contact)
            killers.append(product.kill_in_blood(self.site))
        return {name: rate + sum(killed[name] for killed in killers) for name, rate in hazards.items()}

    def _beyond_rest(self, primed: Any, clone: Clone) -> Any:
        """Deaths of priming that the published loss in blood does not hold already [1/min]."""
        if primed == 0:
            return primed
        before = self.sheet.at_rest(primed, **self._resting())
        name, title = f"primed_before{clone.contact.mark}", "deaths of their priming before treatment"
        return primed - self.sheet.constant(name, before, "1/min", title)

    def _counted(self, gross: Any, hazards: dict[str, Any], in_blood: dict[str, Any]) -> None:
        """Of each clone its rates, and their sums over time, from which few cells are drawn."""
        moved = write_mutation(self.site, gross)
        for clone in self.site.clones:
            leaving, coming = moved[clone.cells]
            hazard, there = hazards[clone.cells], in_blood.get(clone.cells)
            of_blood = () if there is None else ((DEATHS_IN_BLOOD, there, "1", "deaths of a cell in blood"),)
            for kind, rate, unit, title in (
                *of_blood,
                (BIRTHS, gross - 2 * leaving * gross, "1", "divisions of a cell whose daughters stay"),
                (DEATHS, hazard, "1", "deaths of a cell"),
                (NEWCOMERS, coming, "cell", "cells that come from other clones"),
            ):
                name = f"{clone.cells}_{kind}"
                self.sheet.amount(name, 0.0, unit, f"{title}, since time 0")
                if rate != 0:
                    self.sheet.flow(f"{name}_rate", None, name, rate, title)

    def _resting(self) -> dict[str, float]:
        """Cells of its clones and killers before treatment; of a place without any, those of a lesion of its size."""
        clones = {clone.home: self.burden * clone.share * self.at_home for clone in self.site.clones}
        groups = (group for killer in KILLERS for group in self.groups(killer))
        return clones | {self.site.here(in_tumour(group.name)): group.resting for group in groups}

    def _minutes(self, key: str, what: str) -> Any:
        return self.sheet.constant(
            key, getattr(self.tumour, key).value, "min", f"doubling time of the tumour, {what}"
        )

    def _committed(self, cell: CellType, rate: Any) -> Any:
        """Share of cells that divide at a rate which is in S, G2 or M [-]."""
        if cell.cycle is None or rate == 0:
            return 0
        length = self.sheet.constant(
            f"{cell.name}_cycle", cell.cycle.committed.value, "min", f"S, G2 and M of a {cell.name} cell"
        )
        return self.sheet.derived(
            self.site.here(f"{cell.name}_committed_share"),
            called(committed_share, rate, length),
            "1",
            f"share of {cell.name} cells in the tumour that is in S, G2 or M",
        )

    def _killers(self, killer: Side, groups: tuple[Group, ...]) -> tuple[dict[str, Any], dict[str, float]]:
        """By clone, the rate at which killers of a type kill one [1/min]; what their groups take from the body, net."""
        sheet, numbers, name, here = self.sheet, self.immunity.tumour, killer.cell.name, self.site.here
        killing = killer.cell.killing
        assert killing is not None  # only killers are asked for
        share = sheet.constant(
            "contact", numbers.contact.value, "1", "share of a killer's time with a target"
        )
        fitness = sheet.constant("fitness", numbers.fitness.value, "1", "fitness of killers in the tumour")
        helped = sheet.constant(
            "costimulated", numbers.costimulated.value, "1", "co-stimulation in the tumour"
        )
        seen = {
            clone.cells: clone.contact.activation(killer, clone.side, helped) for clone in self.site.clones
        }
        signal, activation = (
            self.site.mean({key: pair[number] for key, pair in seen.items()}) for number in (0, 1)
        )
        together = sum(symbol(here(in_tumour(group.name))) for group in groups)
        every = sheet.derived(
            here(f"tumour_all_{name}"), together, "cell", f"{name} cells in the tumour that recognise it"
        )
        rivals = sheet.derived(
            here(f"tumour_rivals_{name}"),
            called(at_least, every, "nobody"),
            "cell",
            f"{name} cells that share what tumour cells there are",
        )
        resting = self._resting()
        found = sheet.derived(
            here(f"tumour_found_{name}"),
            called(availability, self.site.met, rivals),
            "1",
            f"what tumour cells are left to a {name} cell, of plenty",
        )
        tired = called(vigour, symbol(here(f"{name}_exhaustion")))
        divides = self._division(killer.cell, activation * share, fitness * tired) * found
        # Types whose exhaustion at the biopsy is not known do not divide.
        at_first = {here(f"{name}_exhaustion"): _exhausted(killing)[0] or 0.0, **resting}
        rates = _Rates(
            loss=killer.cell.death.spontaneous.value
            if killer.cell.death and killer.cell.death.spontaneous
            else 0.0,
            exit=killer.cell.trafficking.exit_rate.value if killer.cell.trafficking else 0.0,
            growth=self.growth,
            division=sheet.at_rest(divides, **at_first),
        )
        if rates.turnover <= 0.0:
            problem = f"{name} cells would divide in the tumour faster than they are lost."
            fix = f"Lower cell.{name}.cycle.activated_rate, or raise {name} cells' exit."
            raise RunError(Fault("patient's model", problem, fix))
        exhaustion = self._tiring(name, killing, signal * share * found, rates.turnover, resting)
        realised = sheet.constant(
            "realised", numbers.realised.value, "1", "kills that come about, over those of mean cells"
        )
        taken = {group.name: self._group(killer.cell, group, rates, divides) for group in groups}
        sheet.derived(
            here(f"tumour_held_{name}"),
            called(in_contact, rivals, self.site.met, share),
            "cell",
            f"{name} cells with a target",
        )
        each = sheet.derived(
            here(f"tumour_pressed_{name}"),
            called(pressed, rivals, self.site.met, share),
            "1",
            f"{name} cells that hold a tumour cell, for each tumour cell",
        )
        return {
            clone.cells: each
            * realised
            * clone.contact.kills(killer, clone.side, seen[clone.cells][1], fitness, exhaustion)
            for clone in self.site.clones
        }, taken

    def _division(self, cell: CellType, activation: Any, able: Any) -> Any:
        """Rate at which killers divide in the tumour [1/min], by their activation and what they are able to [-]."""
        if cell.cycle is None or cell.cycle.activated_rate is None:
            return 0
        most = self.sheet.constant(
            f"{cell.name}_division",
            cell.cycle.activated_rate.value,
            "1/min",
            f"most divisions of a {cell.name} cell",
        )
        return most * activation * able * self.effects.entry(cell.name)

    def _group(self, cell: CellType, group: Group, rates: _Rates, divides: Any) -> float:
        """What a group takes from the body before treatment, less what comes back [cells/min]."""
        sheet, here = self.sheet, self.site.here
        name = here(in_tumour(group.name))
        there = symbol(name)
        arrivals = group.resting * rates.turnover
        there_first = group.resting if self.site.lesion.present else 0.0
        sheet.amount(name, there_first, "cell", f"killers in the tumour: {group.name}")
        rate = sheet.constant(
            f"{name}_arrival",
            arrivals / group.resting_in_body,
            "1/min",
            "at which one of the body comes, at rest",
        )
        came = called(entering, group.body, rate, self.site.met, here("burden_at_rest"))
        loss = sheet.constant(
            f"{cell.name}_loss", rates.loss, "1/min", f"death of {cell.name} cells in the tumour"
        )
        leaving = sheet.constant(f"{cell.name}_exit", rates.exit, "1/min", f"exit of {cell.name} cells")
        sheet.flow(f"{name}_arriving", group.body, name, came, "that come to the tumour")
        sheet.flow(
            f"{name}_leaving", name, group.body, leaving * there, "that leave it and are in the body again"
        )
        sheet.flow(f"{name}_dying", name, None, loss * there, "that die in the tumour")
        if divides != 0:
            sheet.flow(f"{name}_dividing", None, name, divides * there, "that division in the tumour adds")
        hazard = self.effects.hazard(cell.name, TUMOUR, self._committed(cell, divides))
        if hazard != 0:
            sheet.flow(f"{name}_killed", name, None, hazard * there, "that drugs kill")
        return arrivals - rates.exit * group.resting if self.site.lesion.present else 0.0

    def _tiring(
        self, name: str, killing: Killing, drive: Any, turnover: float, resting: dict[str, float]
    ) -> Any:
        """Mean exhaustion of killers of a type, followed over time; newcomers keep it as it is before treatment."""
        sheet, here = self.sheet, self.site.here
        gain = sheet.constant(
            f"{name}_gain", killing.exhaustion_gain.value, "1/min", "tiring under full signal"
        )
        recovery = sheet.constant(f"{name}_recovery", killing.exhaustion_recovery.value, "1/min", "recovery")
        now, fixed = symbol(here(f"{name}_exhaustion")), symbol(here(f"{name}_fixed"))
        moved = called(
            approaching,
            now,
            called(exhaustion_target, drive, gain, recovery, fixed),
            called(exhaustion_rate, drive, gain, recovery),
        )
        first, still, fixing = _exhausted(killing)
        if first is None:
            seen = sheet.at_rest(drive, **resting)
            rate = float(
                exhaustion_rate(seen, killing.exhaustion_gain.value, killing.exhaustion_recovery.value)
            )
            first = rate * _target(seen, killing, still) / (rate + turnover)
        given = {str(now): first, str(fixed): still, **resting}
        newcomer = first - sheet.at_rest(moved, **given) / turnover
        hardened = still - fixing * (first - still) / turnover
        replaced = sheet.constant(
            here(f"{name}_replaced"), turnover, "1/min", f"at which {name} cells are replaced"
        )
        for key, start, coming, change, title in (
            ("exhaustion", first, newcomer, moved, "exhaustion"),
            (
                "fixed",
                still,
                hardened,
                self._fixing(name, fixing, now, fixed),
                "exhaustion that does not recede",
            ),
        ):
            level = here(f"{name}_{key}")
            came = sheet.constant(f"{level}_new", coming, "1", f"{title} of {name} cells that come")
            sheet.amount(level, start, "1", f"{title} of {name} cells in the tumour")
            diluted = called(approaching, symbol(level), came, replaced)
            sheet.flow(f"{level}_diluted", None, level, diluted, f"{title}, by newcomers")
            if change != 0:
                sheet.flow(f"{level}_change", None, level, change, f"{title}, by what cells see")
        return now

    def _fixing(self, name: str, rate: float, now: Any, fixed: Any) -> Any:
        if rate == 0.0:
            return 0
        speed = self.sheet.constant(
            f"{name}_fixing", rate, "1/min", "at which exhaustion that lasts is fixed"
        )
        return called(approaching, fixed, now, speed)


@dataclass(frozen=True)
class _Rates:
    """Of killers in the tumour before treatment [1/min]."""

    loss: float
    exit: float
    growth: float
    division: float

    @property
    def turnover(self) -> float:
        """Arrivals per cell that keep their density."""
        return float(balanced_arrival(1.0, self.loss + self.exit, self.growth, self.division))


def _exhausted(killing: Killing) -> tuple[float | None, float, float]:
    """Exhaustion before treatment, where it is known, its fixed part, and the rate of fixing [1/min]."""
    first = getattr(killing, "exhaustion_initial", None)
    if first is None:
        return None, 0.0, 0.0
    return first.value, first.value * (1.0 - killing.reversible_fraction.value), killing.fixing.value  # type: ignore[attr-defined]


def _target(seen: float, killing: Killing, fixed: float) -> float:
    return float(
        exhaustion_target(seen, killing.exhaustion_gain.value, killing.exhaustion_recovery.value, fixed)
    )
