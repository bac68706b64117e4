"""Drugs for the barriers of a stored run, in words and numbers, for the page, the command line and Python.

What they do is found by `observe/proposals.py`; what a proposal means is in docs/why.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsonin.core.errors import Fault, InputError
from opsonin.io.scenario import Scenario
from opsonin.knowledge.library import Library
from opsonin.observe.proposals import MOST, Acted, Proposal, proposals
from opsonin.observe.pulls import Setting
from opsonin.report.why import kept, low, percent
from opsonin.store import why
from opsonin.store.gathered import Gathered
from opsonin.store.result import Result
from opsonin.store.why import Account

if TYPE_CHECKING:
    import pandas

    from opsonin.report.stored import StoredResult

MEANING = (
    "A screen and no prediction: each drug of the knowledge base at full effect, by the direction in which it moves "
    "each barrier. Net is the share of the barriers that it opens, less that of those that it closes. Whether it helps "
    "is a question for a paired arm."
)
CHANGED = "The knowledge base is another one than the run used: what is proposed comes from that of today."
SHOWN = 5  # of each arm, where nothing else is asked for
_COUNT = "_count"
_WAYS = 2  # ways at one barrier that are told; the others are counted


def propose(result: Result, arm: str | None = None) -> pandas.DataFrame:
    """Drugs that would open what takes most in an arm, the best first, at most ten: a screen and no prediction.

    Columns: `arm`, `drug`, `title`; `net` (share of the barriers that it opens, less that of those that it closes);
    `given` (in this arm already, or one that does the same); `opens`, `closes` (names of barriers), `by` and `against`
    (by which ways it opens barriers, and how it also works against that or closes others); `also` (whom else it hits);
    `likewise` (drugs that do the same).

    Args:
        result: a stored run; arm: its name, all arms if left out.
    Raises:
        InputError: there is no such arm, no ledger, or the knowledge base has no longer what the run used.
    """
    import pandas

    found = why.accounts(result, result.arms if arm is None else [arm])
    library = library_of(result)
    rows = [
        {"arm": account.arm, **_row(one)}
        for account in found
        for one in of_arm(result, account, library)[:MOST]
    ]
    columns = ["arm", "drug", "title", "net", "given", "opens", "closes", "by", "against", "also", "likewise"]
    return pandas.DataFrame(rows, columns=columns)


def scenario_of(result: Result) -> Scenario:
    """What was asked of a stored run."""
    return Scenario.model_validate(result.provenance["scenario"])


def library_of(result: Result) -> Library:
    """The knowledge base with what the run's scenario says in place of it; InputError where that does not fit."""
    try:
        return scenario_of(result).library()
    except (KeyError, ValueError) as error:
        problem = "was made with another knowledge base: what its scenario says does not fit this one."
        fix = "Install the version that made it to see which drugs act on its barriers."
        raise InputError(Fault(str(result.path), problem, fix)) from error


def is_of_run(library: Library, result: Result) -> bool:
    """Whether the run used the same numbers."""
    parts = list(result.parts.values()) if isinstance(result, Gathered) else [result]
    return all(
        is_of_run(library, part)
        if isinstance(part, Gathered)
        else part.provenance.get("knowledge_digest") == library.digest()
        for part in parts
    )


def of_arm(result: Result, account: Account, library: Library) -> list[Proposal]:
    """Proposals for one arm, the best first."""
    table = why.ranked(account)
    return proposals(
        _setting(result, account.arm, library), dict(zip(table["barrier"], table["share"], strict=True))
    )


def _setting(result: Result, arm: str, library: Library) -> Setting:
    asked = scenario_of(result)
    observed = result.observables.sel(arm=arm).mean("time")
    counts = {name: float(observed[name + _COUNT]) for name in library.cells if name + _COUNT in observed}
    given = {dose.drug for one in asked.arm if one.name == arm for dose in one.dose}
    generate = asked.tissue.generate
    return Setting(
        library,
        asked.tissue.tumour,
        {name: count for name, count in counts.items() if count > 0.0},
        frozenset(given),
        perfused=generate is None or not generate.free_standing,
    )


def lines(found: Sequence[Proposal], titles: Mapping[str, str]) -> list[str]:
    """A short table for a terminal."""
    if not found:
        return ["  No drug of the knowledge base opens more of these barriers than it closes."]
    width = max(len(_named(one)) for one in found)
    told = ["  Drugs that act on these barriers, by direction alone: a screen, no prediction."]
    told.append(f"  {'drug':<{width}}   net")
    for one in found:
        first, *others = in_words(one, titles)
        told.append(f"  {_named(one):<{width}}  {percent(one.net):>4}  {first}")
        told += [f"  {'':<{width}}        {line}" for line in others]
    return told


def in_words(one: Proposal, titles: Mapping[str, str]) -> list[str]:
    """What it opens and how, what it closes or works against and how, what else it does: a line each."""
    told = [f"opens {_barriers(one.opens, titles)}", f"by: {_ways(one.opens, opposed=False)}"]
    closes = {name: acted for name, acted in one.closes.items() if percent(acted.share) != percent(0.0)}
    if closes:
        told.append(f"closes {_barriers(closes, titles)}: {_ways(closes, opposed=False)}")
    if against := _ways(one.opens, opposed=True):
        told.append(f"against it: {against}")
    if one.also:
        told.append(f"also {'; '.join(one.also)}")
    if one.likewise:
        told.append(f"likewise {', '.join(one.likewise)}")
    return told


def as_json(one: Proposal, titles: Mapping[str, str]) -> dict[str, Any]:
    """Everything that is known of a proposal."""

    def barriers(acts: Mapping[str, Acted]) -> list[dict[str, Any]]:
        return [
            {
                "barrier": name,
                "title": titles[name],
                "share": acted.share,
                "by": list(acted.by),
                "against": list(acted.against),
            }
            for name, acted in acts.items()
        ]

    return {
        "drug": one.drug,
        "title": one.title,
        "net": one.net,
        "given": one.given,
        "opens": barriers(one.opens),
        "closes": barriers(one.closes),
        "also": list(one.also),
        "likewise": list(one.likewise),
    }


def section(result: StoredResult, arms: Sequence[str]) -> dict[str, Any] | None:
    """What the page shows of each arm; None where there is no ledger."""
    accounts = kept(result, arms)
    if not accounts or not isinstance(result, Result):
        return None
    try:
        library = library_of(result)
    except InputError as error:
        return {"meaning": str(error.faults[0].problem), "arms": []}
    changed = "" if is_of_run(library, result) else f" {CHANGED}"
    found = [(account, of_arm(result, account, library)[:SHOWN]) for account in accounts]
    return {
        "meaning": MEANING + changed,
        "arms": [
            {"arm": account.arm, "rows": [_cells(one, account.barriers) for one in proposed]}
            for account, proposed in found
        ],
    }


def _cells(one: Proposal, titles: Mapping[str, str]) -> dict[str, Any]:
    first, *others = in_words(one, titles)
    return {
        "drug": one.drug,
        "given": one.given,
        "net": percent(one.net),
        "opens": first.removeprefix("opens "),
        "told": [line[:1].upper() + line[1:] for line in others],
    }


def _named(one: Proposal) -> str:
    return f"{one.drug} (given)" if one.given else one.drug


def _row(one: Proposal) -> dict[str, Any]:
    against = [_ways({name: acted}, opposed=True) for name, acted in one.opens.items()]
    against += [_ways({name: acted}, opposed=False) for name, acted in one.closes.items()]
    return {
        "drug": one.drug,
        "title": one.title,
        "net": one.net,
        "given": one.given,
        "opens": tuple(one.opens),
        "closes": tuple(one.closes),
        "by": _ways(one.opens, opposed=False),
        "against": "; ".join(dict.fromkeys(text for text in against if text)),
        "also": "; ".join(one.also),
        "likewise": one.likewise,
    }


def _barriers(acts: Mapping[str, Acted], titles: Mapping[str, str]) -> str:
    return ", ".join(f"{low(titles[name])} ({percent(acted.share)})" for name, acted in acts.items())


def _ways(acts: Mapping[str, Acted], *, opposed: bool) -> str:
    """By which ways, of each barrier the widest ones."""
    told: list[str] = []
    for acted in acts.values():
        ways = acted.against if opposed else acted.by
        more = len(ways) - _WAYS
        shown = list(ways[:_WAYS]) if more > 1 else list(ways)
        told += [*shown[:-1], f"{shown[-1]} ({more} more ways)"] if more > 1 else shown
    return "; ".join(dict.fromkeys(told))
