"""Where the numbers are from, how to cite, and how to run it again: what a reader needs to trust and repeat a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_LONGEST = 70  # characters of a version; the processor's features run to a thousand
AUTHORS = "The opsonin developers"
TITLE = "opsonin: in-silico cancer immunosensitization"
_REFERENCE = re.compile(r";\s+")  # a DOI may hold a semicolon, without a space


def versions(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions, seed and hashes as the provenance holds them, flattened to label and text; long ones cut."""
    shown = []
    for key in sorted(told):
        value = told[key]
        if "version" in key and isinstance(value, Mapping):
            shown += [(f"{name}", str(value[name])) for name in sorted(value)]
        elif isinstance(value, str | int) and any(
            word in key for word in ("version", "seed", "hash", "digest", "sources")
        ):
            shown.append((_label(key), str(value)))
    return [(label, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ...") for label, text in shown]


def _label(key: str) -> str:
    return "digest of the code" if key == "sources" else key.replace("_", " ")


def citation(told: Mapping[str, Any]) -> dict[str, str]:
    """How to cite the program and this run: a line for a reference list, and BibTeX."""
    version = str(told.get("versions", {}).get("opsonin", "")) or "not installed"
    run = str(told.get("run_hash", ""))
    line = f"{AUTHORS}. {TITLE}. Version {version} [software]."
    note = f"run {run}" if run else ""
    entry = [f"  author = {{{{{AUTHORS}}}}}", f"  title = {{{TITLE}}}", f"  version = {{{version}}}"]
    entry += [f"  note = {{{note}}}"] if note else []
    return {
        "line": line + (f" Run {run}." if run else ""),
        "bibtex": "@software{opsonin,\n" + ",\n".join(entry) + "\n}",
    }


def references(told: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Published sources of the run's numbers and how many are from each, the most used first.

    Nothing where the installed knowledge base is not that of the run: its sources are then another's.
    """
    if "knowledge_digest" not in told or "scenario" not in told:
        return []
    from opsonin.core.errors import OpsoninError
    from opsonin.io.scenario import Scenario
    from opsonin.knowledge.checker import numbers

    try:
        library = Scenario.model_validate(told["scenario"]).library()
    except (OpsoninError, ValueError):
        return []
    if library.digest() != told["knowledge_digest"]:
        return []
    found = Counter(
        reference for row in numbers(library) if row.source for reference in _REFERENCE.split(row.source)
    )
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))
