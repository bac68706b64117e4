"""What was asked, in words: which tumour, from where, which arms and doses, for how long, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opsonin.knowledge.library import load_library
from opsonin.report import fields, words
from opsonin.report.parts import Progress


def sentences(
    scenario: Mapping[str, Any],
    arms: Sequence[str],
    horizon: float,
    *,
    complete: bool = True,
    far: Progress | None = None,
) -> list[str]:
    """The question and how it was put.

    Args:
        scenario: as resolved; arms: their names; horizon: [min].
        complete: False while not everything is computed; far: how far its replicates are then.
    """
    header, region = scenario.get("scenario", {}), scenario.get("tissue", {})
    question = f"What becomes of this {_tumour(region)} in {words.duration(horizon)}"
    question += f", {_treatments(scenario, arms)}?" if arms else "?"
    return [question, _from(region), _how_often(header, len(arms), complete), *_so_far(far)]


def _tumour(region: Mapping[str, Any]) -> str:
    """The tumour by its title in the knowledge base, else by its name."""
    name = str(region.get("tumour", "tumour"))
    known = load_library().tumours.get(name)
    title = known.title if known is not None else name
    spelled_out = title[1:2].islower()
    return title[:1].lower() + title[1:] if spelled_out else title


def _treatments(scenario: Mapping[str, Any], arms: Sequence[str]) -> str:
    """'untreated or under nivolumab'; arms by name where two have the same drugs."""
    drugs = {
        str(arm["name"]): " with ".join(dict.fromkeys(str(dose.get("drug")) for dose in arm.get("dose", ())))
        for arm in scenario.get("arm", ())
    }
    given = [drugs.get(arm, "") for arm in arms]
    if len(set(given)) < len(given):
        return f"in the arms {_listed(arms, 'or')}"
    under = [text for text in given if text]
    treated = f"under {_listed(under, 'or')}" if under else ""
    return " or ".join(text for text in ("untreated" if "" in given else "", treated) if text)


def _from(region: Mapping[str, Any]) -> str:
    """Where the tissue came from, as a sentence."""
    thick = f", {words.base(region['thickness'], 'um'):g} µm thick" if region.get("thickness") else ""
    if region.get("generate"):
        return f"The tissue is {drawn(region['generate'])}{thick}; it is no patient's."
    if not region.get("biopsy"):
        return "The scenario does not say where the tissue is from."
    chosen = ", ".join(f"{key} {value}" for key, value in (region.get("select") or {}).items())
    several = fields.told(region)
    which = f"fields {several}" if several else chosen or "all rows"
    return f"The tissue is that of the biopsy {Path(str(region['biopsy'])).name} ({which}){thick}."


def _so_far(far: Progress | None) -> list[str]:
    """How many replicates there are of those asked for, and which of them the page is about."""
    if far is None:
        return []
    told = f"So far {far.finished} of {far.of} replicates {'is' if far.finished == 1 else 'are'} finished"
    told += f", and {far.begun} more {'has' if far.begun == 1 else 'have'} begun." if far.begun else "."
    if not far.pooled:
        return [told]
    if far.finished:
        return [f"{told} All means below are of those that are finished."]
    return [f"{told} All means below are of those that have begun, and end where one of them does."]


def _how_often(header: Mapping[str, Any], arms: int, complete: bool) -> str:
    was = "It was" if complete else "It is to be"
    count = int(header.get("replicates") or 1)
    seed = f"seed {header.get('seed', words.MISSING)}"
    if header.get("patient"):
        seed += f", patient {header['patient']}"
    if count > 1:
        text = f"{was} computed {count} times, with chance drawn anew ({count} replicates, {seed})"
        return text + ("; within a replicate the arms meet the same chance events." if arms > 1 else ".")
    if header.get("replicate"):
        seed += f", replicate {header['replicate']}"
    text = f"{was} computed once ({seed})"
    if arms > 1:
        text += "; arms meet the same chance events for as long as their tissue is the same"
    return f"{text}. A single run says nothing about how often this happens."


def tissue(region: Mapping[str, Any]) -> dict[str, str]:
    """Where the tissue came from, as short label and text."""
    told = {"tumour": str(region.get("tumour", words.MISSING))}
    if region.get("biopsy"):
        told["biopsy"] = Path(str(region["biopsy"])).name
        chosen = region.get("select") or {}
        told["selected"] = ", ".join(f"{key} {value}" for key, value in chosen.items()) or "all rows"
        if region.get("fields"):
            told["fields"] = fields.told(region)
        told["label map"] = Path(str(region.get("labels") or words.MISSING)).name
    elif region.get("generate"):
        told["tissue"] = f"generated {drawn(region['generate']).removeprefix('a generated ')}"
    if region.get("thickness"):
        told["thickness"] = f"{words.base(region['thickness'], 'um'):g} µm"
    return told


def drawn(generate: Mapping[str, Any]) -> str:
    """What a generated tissue is, in a few words."""
    sides = generate.get("size") or ()
    kind = generate.get("geometry") or ("block" if len(sides) == 3 else "section")
    ball = f"{words.base(generate['diameter'], 'um'):,.0f} µm across" if generate.get("diameter") else ""
    box = f" {words.TIMES} ".join(f"{words.base(side, 'um'):,.0f}" for side in sides)
    extent = ball or f"{box} µm"
    pattern = generate.get("architecture")
    return f"a generated {f'{pattern} ' if pattern else ''}{kind}, {extent}"


def _listed(items: Sequence[str], last: str) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
