"""Drugs for the barriers of a tumour: which of the knowledge base open them, which close others, and by which way.

A screen and no prediction: it knows in which direction a drug at full effect goes, and not how far in this tissue.
Barriers and their shares are those of the ledger (`barriers.py`); what a drug does to each is `pulls.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from opsonin.knowledge.followed import antigen_of, death_receptors
from opsonin.model.drugs import ALL, Agonizes, Arrests, Drug, Irradiates, Kills, Mutates
from opsonin.observe.presenting import on_costimulation
from opsonin.observe.pulls import Pull, Setting, many, pulls

MOST = 10  # proposals that are told
_SEEN = 5e-4  # a smaller share reads 0 %
_KILLS, _KILLS_DIVIDING, _ARRESTS = "kills {}", "kills dividing {}", "keeps {} from dividing"


@dataclass(frozen=True)
class Acted:
    """What a drug does to one barrier.

    Attributes:
        share: of what is lost [-]; opens: whether it lets more through in all.
        by: ways in the direction in which it goes in all, the widest first; against: ways in the other.
        change: of the logarithm of what it lets through, of cells at rest [-].
    """

    share: float
    opens: bool
    by: tuple[str, ...]
    against: tuple[str, ...]
    change: float


@dataclass(frozen=True)
class Proposal:
    """A drug, and what it would do.

    Attributes:
        acts: barrier -> what it does there, the largest share first.
        also: what else it does, in words.
        given: whether the arm has it, or one that does the same; likewise: other drugs that do the same.
    """

    drug: str
    title: str
    acts: Mapping[str, Acted]
    also: tuple[str, ...]
    given: bool
    likewise: tuple[str, ...] = ()

    @property
    def opens(self) -> dict[str, Acted]:
        """What takes a share and would let more through."""
        return {name: acted for name, acted in self.acts.items() if acted.opens and acted.share >= _SEEN}

    @property
    def closes(self) -> dict[str, Acted]:
        """What would let less through, though it may take nothing yet."""
        return {name: acted for name, acted in self.acts.items() if not acted.opens}

    @property
    def net(self) -> float:
        """Shares of the barriers that it opens, less those of the barriers that it closes [-]."""
        opened = sum(acted.share for acted in self.opens.values())
        return opened - sum(acted.share for acted in self.closes.values())


def proposals(setting: Setting, shares: Mapping[str, float]) -> list[Proposal]:
    """Drugs that open more than they close, the best first; one of those that do the same, with the others' names.

    Of equal ones that comes first which widens what it opens further.

    Args:
        shares: barrier -> share of what is lost [-]; NaN counts as none.
    """
    found = [
        proposed(setting, drug, shares)
        for _, drug in sorted(setting.library.drugs.items())
        if not _is_second_product(setting, drug)
    ]
    useful = _apart([one for one in found if one.opens and one.net >= _SEEN], setting)
    return sorted(useful, key=lambda one: (-round(one.net, 9), -_width(one), one.drug))


def _is_second_product(setting: Setting, drug: Drug) -> bool:
    """Whether an arm could not hold it: cells do not say of which product they are, and so which antigen they see."""
    given = (setting.library.drugs[name] for name in setting.given - {drug.name})
    return drug.sees_antigen and any(one.sees_antigen for one in given)


def proposed(setting: Setting, drug: Drug, shares: Mapping[str, float]) -> Proposal:
    """What one drug does to barriers with these shares, whether or not it is worth a proposal."""
    found = pulls(setting, drug) | on_costimulation(setting, drug)
    acts = {
        name: _acted(found[name], share if share > 0.0 else 0.0)  # NaN is not
        for name, share in shares.items()
        if name in found
    }
    ranked = dict(sorted(acts.items(), key=lambda item: (-item[1].share, item[0])))
    return Proposal(drug.name, drug.title, ranked, tuple(_also(setting, drug)), drug.name in setting.given)


def _acted(pull: Pull, share: float) -> Acted:
    order = sorted(pull.ways, key=lambda way: -abs(pull.ways[way]))
    along = {way: pull.ways[way] * pull.change > 0.0 for way in order}
    by, against = (tuple(way for way in order if along[way] is side) for side in (True, False))
    return Acted(share, pull.change > 0.0, by, against, pull.change)


def _width(proposal: Proposal) -> float:
    return sum(acted.change for acted in proposal.opens.values())


def _apart(found: list[Proposal], setting: Setting) -> list[Proposal]:
    """One of all that act on the same barriers by the same ways: the one that is given, or whose kinetics are known."""
    groups: dict[object, list[Proposal]] = {}
    for one in found:
        acts = [(name, acted.opens, acted.by, acted.against) for name, acted in one.acts.items()]
        groups.setdefault((*acts, one.also), []).append(one)

    def first(one: Proposal) -> tuple[bool, bool, str]:
        return not one.given, setting.library.drugs[one.drug].kinetics is None, one.drug

    chosen = []
    for group in groups.values():
        best, *others = sorted(group, key=first)
        chosen.append(replace(best, likewise=tuple(sorted(one.drug for one in others))))
    return chosen


def _also(setting: Setting, drug: Drug) -> Iterator[str]:
    """What a drug does beside its pulls at barriers: whom else it hits."""
    types = {name: setting.library.cells[name] for name in sorted(setting.cells)}
    for molecule in sorted(set(_bound(setting, drug))):
        carriers = [
            name for name in types if name not in setting.targets and molecule in setting.carried[name]
        ]
        if carriers:
            yield f"{molecule} is on {_listed(setting, carriers)}, too"
    for done, taken in _taken(setting, drug).items():
        if hit := [name for name in taken if name in setting.killers]:
            yield done.format(_listed(setting, hit))
        if done != _ARRESTS and any(types[name].role == "tumour" for name in taken):
            yield done.format("tumour cells by itself, which is not counted")
    if any(isinstance(effect, Mutates) for effect in drug.effects):
        yield "makes tumour cells mutate faster"


def _bound(setting: Setting, drug: Drug) -> Iterator[str]:
    """Molecules by which a drug turns killers, or death itself, on whatever carries them."""
    for effect in drug.effects:
        if isinstance(effect, Agonizes) and effect.agonizes in death_receptors(setting.library):
            yield effect.agonizes
        elif (antigen := antigen_of(effect)) is not None:
            yield antigen


def _taken(setting: Setting, drug: Drug) -> dict[str, list[str]]:
    """What is done to cells whatever they carry -> types in this tissue that it is done to."""
    found: dict[str, list[str]] = {}
    for effect in drug.effects:
        match effect:
            case Kills(kills=named, phase="any") | Irradiates(irradiates=named):
                done = _KILLS
            case Kills(kills=named):
                done = _KILLS_DIVIDING
            case Arrests(arrests=named):
                done = _ARRESTS
            case _:
                continue
        divide = done != _KILLS
        found.setdefault(done, []).extend(
            name
            for name in sorted(setting.cells)
            if (name in named or ALL in named) and not (divide and setting.library.cells[name].cycle is None)
        )
    return found


def _listed(setting: Setting, cells: list[str]) -> str:
    return ", ".join(many(setting.library.cells[name]) for name in dict.fromkeys(cells))
