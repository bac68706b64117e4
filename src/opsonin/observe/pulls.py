"""How a drug at full effect pulls at the barriers of a tissue: at contacts, at what surrounds them, at who comes.

Each pull is a change of the logarithm of what a barrier lets through, in all and by each way alone. Its direction
counts; its size is that of cells at rest and says only which way is the widest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from opsonin.knowledge.followed import death_receptors
from opsonin.knowledge.influence import Move, carried, moves
from opsonin.knowledge.library import Library
from opsonin.laws.metabolism import fed_share
from opsonin.model.drugs import (
    ALL,
    Adds,
    Agonizes,
    Blocks,
    Bridges,
    Drug,
    Kills,
    Opsonizes,
    Presents,
    Supplies,
)
from opsonin.model.knowledge import CellType, Exchange
from opsonin.observe.barriers import FAR
from opsonin.observe.encounter import Side, Turned, log_factors

# Assumed: a way whose width the cells at rest do not tell (a receptor held, a producer killed) is this wide. It decides
# only in what order ways are told.
WIDE = 1.0
RESISTANCE = "resistance"
STILL = 1e-9  # a change that is no more than rounding


@dataclass(frozen=True)
class Setting:
    """What a drug would meet.

    Attributes:
        library: with what the scenario says in place of it; tumour: an entry of it.
        cells: mean number of live cells of each type that occurs.
        given: drugs of the arm.
        perfused: whether cells come by blood.
    """

    library: Library
    tumour: str
    cells: Mapping[str, float]
    given: frozenset[str] = frozenset()
    perfused: bool = True

    @cached_property
    def carried(self) -> dict[str, dict[str, float]]:
        """Type that occurs -> resting levels of what it carries [molecules]."""
        return {name: carried(self.library, self.tumour, name) for name in sorted(self.cells)}

    @cached_property
    def killers(self) -> dict[str, float]:
        """Types that kill or eat, and their share of all that do."""
        found = {name: count for name, count in self.cells.items() if is_killer(self.library.cells[name])}
        return {name: count / max(sum(found.values()), 1.0) for name, count in sorted(found.items())}

    @property
    def targets(self) -> list[str]:
        """Types that can be killed by hits."""
        return [name for name in sorted(self.cells) if self.library.cells[name].lytic_target is not None]


def is_killer(cell: CellType) -> bool:
    """Whether the ledger counts a type among the killers."""
    return cell.killing is not None or cell.eating is not None


@dataclass
class Pull:
    """What a drug changes at one barrier, in all and by each way, in words."""

    change: float = 0.0
    ways: dict[str, float] = field(default_factory=dict)

    def by(self, way: str, change: float) -> None:
        """Add one way alone; nothing where it changes nothing."""
        if abs(change) > STILL:
            self.ways[way] = self.ways.get(way, 0.0) + change


def pulls(setting: Setting, drug: Drug) -> dict[str, Pull]:
    """Barrier -> what the drug does there, of every barrier that it moves."""
    found = on_contacts(setting, drug) | on_surroundings(setting, drug)
    for way in _unguarded(setting, drug):
        resistance = found.setdefault(RESISTANCE, Pull())
        resistance.by(way, WIDE)
        resistance.change += WIDE
    if drug.product is not None:
        found |= _brought(setting, drug.product)
    for effect in drug.effects:
        if isinstance(effect, Presents) and setting.perfused and effect.presents in setting.killers:
            way = f"primes {many(setting.library.cells[effect.presents])} that arrive"
            found["receptor"] = Pull(WIDE, {way: WIDE})
    return {name: pull for name, pull in found.items() if abs(pull.change) > STILL}


def on_contacts(setting: Setting, drug: Drug) -> dict[str, Pull]:
    """Pulls at what stands between a killer and the target that it holds, mean over killers and targets."""
    found: dict[str, Pull] = {}
    for killer, weight in setting.killers.items():
        for target in setting.targets:
            _on_contact(setting, drug, killer, target, weight / len(setting.targets), found)
    return found


def _on_contact(
    setting: Setting, drug: Drug, killer: str, target: str, weight: float, found: dict[str, Pull]
) -> None:
    sides = [Side(setting.library.cells[name], setting.carried[name]) for name in (killer, target)]
    on_killer, on_target = (moves(setting.library, drug, side.resting) for side in sides)
    sights, turns = _sights(setting), dict(_turns(setting, drug))
    base = Turned(chimeric=sights)

    def seen(left: Mapping[str, Move], right: Mapping[str, Move], turned: Turned) -> dict[str, float]:
        pair = replace(sides[0], moved=left), replace(sides[1], moved=right)
        return log_factors(setting.library, setting.tumour, *pair, turned)

    before = seen({}, {}, base)
    for name, value in seen(on_killer, on_target, _all(turns.values(), base)).items():
        found.setdefault(name, Pull()).change += weight * (value - before[name])
    alone = [(_in_killers(move), seen({name: move}, {}, base)) for name, move in on_killer.items()]
    alone += [(move.path, seen({}, {name: move}, base)) for name, move in on_target.items()]
    alone += [(way, seen({}, {}, turned)) for way, turned in turns.items()]
    for way, after in alone:
        for name, value in after.items():
            found[name].by(way, weight * (value - before[name]))


def _in_killers(move: Move) -> str:
    """A way; who is meant is told where a level moves, for a receptor is blocked wherever it is."""
    return move.path if move.free < 1.0 else f"{move.path}, in killers"


def _sights(setting: Setting) -> dict[str, float]:
    """What CAR T cells that are given see; see `Turned`."""
    given = (setting.library.drugs[name].product for name in sorted(setting.given))
    return {
        product.antigen: 1.0 / product.half.value
        for product in given
        if product is not None and product.antigen is not None and product.half is not None
    }


def _turns(setting: Setting, drug: Drug) -> Iterator[tuple[str, Turned]]:
    """By which ways, each alone, a drug turns killers, or death itself, to a target that carries what it binds."""
    sights = _sights(setting)
    for effect in drug.effects:
        match effect:
            case Opsonizes():
                yield (
                    f"coats cells that carry {effect.opsonizes}",
                    Turned(coated=frozenset({effect.opsonizes}), chimeric=sights),
                )
            case Bridges():
                yield (
                    f"holds T cells to cells that carry {effect.bridges}",
                    Turned(bridged={effect.bridges: 1.0 / effect.half.value}, chimeric=sights),
                )
            case Agonizes() if effect.agonizes in death_receptors(setting.library):
                yield (
                    f"holds {effect.agonizes} as its ligand does",
                    Turned(agonized={effect.agonizes: effect.efficacy.value}, chimeric=sights),
                )


def _all(turns: Iterable[Turned], base: Turned) -> Turned:
    """All of them together."""
    whole = base
    for one in turns:
        whole = Turned(
            whole.coated | one.coated,
            {**whole.bridged, **one.bridged},
            base.chimeric,
            {**whole.agonized, **one.agonized},
        )
    return whole


def on_surroundings(setting: Setting, drug: Drug) -> dict[str, Pull]:
    """Pulls at what substrates do to killers, and to the vessels that they come by."""
    found: dict[str, Pull] = {}
    held = {effect.blocks for effect in drug.effects if isinstance(effect, Blocks)}
    for barrier, substrate, through in sorted(set(_harms(setting))):
        pull = found.setdefault(barrier, Pull())
        told = _low(setting.library.substrates[substrate].title)
        if through in held:
            pull.by(f"blocks {through}, by which {told} acts", WIDE)
        if barrier == FAR:
            continue  # what vessels feel comes from cells of every kind
        for way, change in _made_less(setting, drug, substrate):
            pull.by(way, change)
    for effect in drug.effects:
        if isinstance(effect, Supplies) and _is_needed(setting, effect.supplies):
            told = _low(setting.library.substrates[effect.supplies].title)
            found.setdefault(effect.supplies, Pull()).by(f"supplies {told}", WIDE)
    for pull in found.values():
        pull.change = sum(pull.ways.values())
    return found


def _is_needed(setting: Setting, substrate: str) -> bool:
    return any(substrate in setting.library.cells[name].needs for name in setting.killers)


def _unguarded(setting: Setting, drug: Drug) -> Iterator[str]:
    """Ways in which a drug lets what cells here secrete kill targets, by holding what guards them."""
    held = {effect.blocks for effect in drug.effects if isinstance(effect, Blocks)}
    for pair in setting.library.interactions.values():
        made = any(pair.ligand in setting.library.cells[name].exchanges for name in setting.cells)
        sensed = any(pair.receptor in setting.carried[target] for target in setting.targets)
        if pair.kind == "ligation" and pair.guard in held and made and sensed:
            told = setting.library.substrates[pair.ligand].title
            yield f"blocks {pair.guard}, so that {_low(told)} kills cells that carry {pair.receptor}"


def _harms(setting: Setting) -> Iterator[tuple[str, str, str]]:
    """(barrier, substrate, receptor or '') of every substrate that harms killers here, or keeps them away."""
    for name in setting.killers:
        cell = setting.library.cells[name]
        for substrate, harm in cell.suffers.items():
            yield substrate, substrate, harm.through or ""
        if setting.perfused and cell.trafficking is not None:
            for substrate, harm in cell.trafficking.lowered.items():
                yield FAR, substrate, harm.through or ""


def _made_less(setting: Setting, drug: Drug, substrate: str) -> Iterator[tuple[str, float]]:
    """Ways in which cells make less of a substrate that does harm (above 0), or more (below)."""
    told = _low(setting.library.substrates[substrate].title)
    for name in sorted(setting.cells):
        exchange = setting.library.cells[name].exchanges.get(substrate)
        if exchange is None:
            continue
        resting = setting.carried[name]
        if exchange.enzyme in resting:
            move = moves(setting.library, drug, resting).get(exchange.enzyme)
            if move is not None:
                yield f"{move.path}, which makes {told}", -math.log(max(move.fold * move.free, 1e-3))
        if exchange.enzyme in resting and exchange.fed_by is not None:
            yield from _fed_less(setting, drug, exchange, resting, told)
        # Lactate, which every cell makes from glucose, is not one type's to take away.
        if (exchange.enzyme in resting or exchange.secretion is not None) and is_taken(setting, drug, name):
            yield f"kills {many(setting.library.cells[name])}, which make {told}", WIDE


def _fed_less(
    setting: Setting, drug: Drug, exchange: Exchange, resting: Mapping[str, float], told: str
) -> Iterator[tuple[str, float]]:
    """The same of the enzyme that feeds the one which makes it; of a cell without, that of its neighbours."""
    by = exchange.fed_by
    assert (
        by is not None and exchange.fed_half is not None and exchange.fed_least is not None
    )  # they go together
    move = moves(setting.library, drug, {**resting, by: 1.0}).get(by)
    if move is not None:
        numbers = exchange.fed_half.value, exchange.fed_least.value
        share = float(fed_share(move.fold * move.free, *numbers))
        yield f"{move.path}, which feeds what makes {told}", -math.log(max(share, 1e-3))


def is_taken(setting: Setting, drug: Drug, cell: str) -> bool:
    """Whether a drug takes a type and spares T and NK cells: what takes lymphocytes at large opens nothing."""
    cells = setting.library.cells
    return cells[cell].role != "tumour" and any(
        isinstance(effect, Kills)
        and cell in effect.kills
        and not any(cells[name].killing for name in effect.kills if name != ALL)
        for effect in drug.effects
    )


def _brought(setting: Setting, product: Adds) -> dict[str, Pull]:
    """Cells of a product come, and see what they see, if targets carry it."""
    brings = f"brings {many(setting.library.cells[product.adds])}"
    if product.antigen is None:
        reactive = product.reactive is not None and product.reactive.value > 0.0
        way = f"{brings} that recognise the tumour" if reactive else brings
        return {name: Pull(WIDE, {way: WIDE}) for name in (("receptor", FAR) if reactive else (FAR,))}
    if not any(product.antigen in setting.carried[target] for target in setting.targets):
        return {}
    way = f"{brings} that see {product.antigen}"
    return {name: Pull(WIDE, {way: WIDE}) for name in ("receptor", "antigen", FAR)}


def many(cell: CellType) -> str:
    """Cells of a type inside a sentence."""
    return f"{_low(cell.title.partition(' (')[0])}s"


def _low(title: str) -> str:
    """A title inside a sentence, where it is no abbreviation."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
