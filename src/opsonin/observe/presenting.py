"""How a drug at full effect pulls at the co-stimulation that killers get from cells which present, by the laws.

Cells are those of the types at rest, as in `encounter.py`; each presenting cell is touched by one of every type that
strips it of its ligands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from opsonin.knowledge.influence import Move, moves
from opsonin.laws.apoptosis import rate_of_half_life
from opsonin.laws.recognition import costimulation, natural_signal, stripping_rate
from opsonin.model.drugs import Agonizes, Drug
from opsonin.model.knowledge import Interaction
from opsonin.observe.encounter import Side, bound_between, pairs_of_kind, part_of
from opsonin.observe.pulls import STILL, WIDE, Pull, Setting, is_taken, many

BARRIER = "costimulation"


def on_costimulation(setting: Setting, drug: Drug) -> dict[str, Pull]:
    """The pull at co-stimulation, mean over killers that answer to it and over cells that present."""
    pull, presenters = Pull(), list(_with_ligands(setting))
    killers = [(name, least) for name in setting.killers if (least := _least(setting, name)) < 1.0]
    for killer, least in killers:
        for way, change in _held(setting, drug, killer, least):
            pull.by(way, change / len(killers))
            pull.change += change / len(killers)
        for presenter in presenters:
            _at(setting, drug, (killer, least), presenter, 1.0 / (len(killers) * len(presenters)), pull)
    if killers and presenters:
        for name in sorted(setting.cells):
            whom = many(setting.library.cells[name])
            if not is_taken(setting, drug, name):
                continue
            if _strips(setting, name):
                pull.by(f"kills {whom}, which strip cells of CD80 and CD86", WIDE)
                pull.change += WIDE
            if name in presenters:
                pull.by(f"kills {whom}, which carry CD80 and CD86", -WIDE)
                pull.change -= WIDE
    return {BARRIER: pull} if abs(pull.change) > STILL else {}


def _held(setting: Setting, drug: Drug, killer: str, least: float) -> Iterator[tuple[str, float]]:
    """By which receptors that the drug holds as their ligands do a killer is helped, and how far, by each alone."""
    cell, carried = setting.library.cells[killer], setting.carried[killer]
    for effect in drug.effects:
        for pair in pairs_of_kind(setting.library, "costimulation"):
            if isinstance(effect, Agonizes) and effect.agonizes == pair.receptor in carried:
                held = effect.efficacy.value * carried[pair.receptor] / Side(cell, carried).surface
                signal = natural_signal(part_of(pair, held))
                way = f"holds {pair.receptor} as its ligand does"
                yield way, math.log(float(costimulation(least, signal)) / least)


def _least(setting: Setting, killer: str) -> float:
    """Factor of a killer without any co-stimulation; 1 for one that needs none."""
    cell = setting.library.cells[killer]
    seeing = cell.lytic or cell.chimeric
    return seeing.costimulation.value if seeing is not None else 1.0


def _with_ligands(setting: Setting) -> Iterator[str]:
    ligands = {pair.ligand for pair in pairs_of_kind(setting.library, "costimulation")}
    return (name for name, carried in setting.carried.items() if any(carried.get(of, 0.0) for of in ligands))


def _strips(setting: Setting, cell: str) -> bool:
    """Whether cells of a type, killers apart, carry a receptor that competes for the ligands."""
    rivals = {pair.receptor for pair in pairs_of_kind(setting.library, "competing")}
    return cell not in setting.killers and any(setting.carried[cell].get(of, 0.0) for of in rivals)


def _at(
    setting: Setting, drug: Drug, killer: tuple[str, float], presenter: str, weight: float, pull: Pull
) -> None:
    """Add what the drug changes between one type of killer and one that presents to it."""
    rivals = [name for name in sorted(setting.cells) if _strips(setting, name)]
    sides = [
        Side(setting.library.cells[name], setting.carried[name]) for name in (killer[0], presenter, *rivals)
    ]
    moved = [moves(setting.library, drug, side.resting) for side in sides]

    def factor(changed: list[Mapping[str, Move]]) -> float:
        now = [replace(side, moved=of) for side, of in zip(sides, changed, strict=True)]
        return math.log(float(costimulation(killer[1], _signal(setting, now[0], now[1], now[2:]))))

    still: list[Mapping[str, Move]] = [{} for _ in sides]
    before = factor(still)
    pull.change += weight * (factor([*moved]) - before)
    for place, of in enumerate(moved):
        for name, move in of.items():
            after = factor([{name: move} if k == place else {} for k in range(len(sides))])
            pull.by(f"{move.path}, in {many(sides[place].cell)}", weight * (after - before))


def _signal(setting: Setting, killer: Side, presenter: Side, rivals: list[Side]) -> float:
    offered = 0.0
    for pair in pairs_of_kind(setting.library, "costimulation"):
        ligands = _left(setting, pair.ligand, presenter, rivals)
        bound = bound_between(pair, killer.usable(pair.receptor), ligands, killer, presenter)
        offered += part_of(pair, bound)
    return float(natural_signal(offered))


def _left(setting: Setting, ligand: str, presenter: Side, rivals: list[Side]) -> float:
    """Where making and stripping of a ligand balance on a cell that rivals touch [molecules]."""
    there = presenter.usable(ligand)
    if there <= 0.0:
        return 0.0
    turnover = rate_of_half_life(setting.library.molecules[ligand].half_life.value)
    taken = sum(
        _taken(pair, there, presenter, rival) for rival in rivals for pair in _competing(setting, ligand)
    )
    return there * float(turnover / (turnover + taken))


def _competing(setting: Setting, ligand: str) -> list[Interaction]:
    return [pair for pair in pairs_of_kind(setting.library, "competing") if pair.ligand == ligand]


def _taken(pair: Interaction, there: float, presenter: Side, rival: Side) -> float:
    """Rate at which a rival takes the ligand [1/min]."""
    assert pair.strips is not None and pair.contact is not None  # a competing pair has both
    held = bound_between(pair, rival.usable(pair.receptor), there, rival, presenter)
    return float(stripping_rate(held, pair.contact.value, there, pair.strips.value))
