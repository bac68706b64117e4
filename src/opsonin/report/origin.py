"""Where the numbers are from, how to cite, and how to run it again: what a reader needs to trust and repeat a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsonin.knowledge.evidence import meaning
from opsonin.report import words

_LONGEST = 70  # characters of a version; the processor's features run to a thousand
AUTHORS = "The opsonin developers"
_ITSELF = "as the reference itself names it"  # a DOI or PMID that is cited without the table of evidence
YEAR = "2026"  # of the release
TITLE = "opsonin: in-silico cancer immunosensitization"


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
    line = f"{AUTHORS} ({YEAR}). {TITLE}. Version {version} [software]."
    note = f"run {run}" if run else ""
    entry = [
        f"  author = {{{{{AUTHORS}}}}}",
        f"  title = {{{TITLE}}}",
        f"  year = {{{YEAR}}}",
        f"  version = {{{version}}}",
    ]
    entry += [f"  note = {{{note}}}"] if note else []
    return {
        "line": line + (f" Run {run}." if run else ""),
        "bibtex": "@software{opsonin,\n" + ",\n".join(entry) + "\n}",
    }


def references(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Published sources of the run's numbers, what each stands for, and how many numbers are from it.

    Nothing for a run of a version that did not store them.
    """
    return [
        {"source": row["source"], "meaning": meaning(row["source"]) or _ITSELF, "numbers": row["numbers"]}
        for row in told.get("cited", ())
    ]


def assumed(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The assumed numbers below the entry that holds them, each by the rest of its path."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for item in told.get("assumed", ()):
        kind, name, *key = str(item["path"]).split(".")
        row = {"key": ".".join(key), "value": _plain(item.get("value")), "reason": item.get("reason", "")}
        entries.setdefault(f"{kind}.{name}", []).append(row)
    return [{"entry": entry, "numbers": rows} for entry, rows in entries.items()]


def _plain(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return words.number(float(value)) if is_number else str(value)
