"""What references stand for: the publication behind each `evidence:ID` that the library cites, and behind some DOIs.

The table itself, with values and how they may be used, is not part of the package; `checker.py` compares with it.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from opsonin.model.sourced import Entry

CITED = re.compile(r"evidence:([A-Z]\d{1,4})")
_READ = {"page": "", "model": "as another model adopted it", "memory": "recalled, not read again"}


class Evidence(Entry):
    """One row of the table.

    Attributes:
        citation: as the table has it; doi: where it is known.
        read: what was read: a page, the code of another model that adopted the number, or nothing (memory).
    """

    citation: str
    doi: str = ""
    read: Literal["page", "model", "memory"]

    def in_words(self) -> list[str]:
        """The citation with its DOI, and how it is known."""
        doi = f"doi:{self.doi}" if self.doi and self.doi not in self.citation else ""
        return ["; ".join(text for text in (self.citation, doi, _READ[self.read]) if text)]


@lru_cache(maxsize=1)
def evidence() -> Mapping[str, Evidence]:
    """Every id that the library cites."""
    return {identity: Evidence.model_validate(row) for identity, row in _read_in("evidence.toml").items()}


@lru_cache(maxsize=1)
def publications() -> Mapping[str, str]:
    """Reference, such as a DOI -> the publication, where it is told."""
    return _read_in("publications.toml")


def _read_in(name: str) -> dict[str, Any]:
    file = importlib.resources.files("opsonin.knowledge").joinpath("library", name)
    return tomllib.loads(file.read_text(encoding="utf-8"))


def meaning(reference: str) -> str:
    """What a reference such as 'evidence:D009' stands for; '' where that is not known."""
    found = CITED.fullmatch(reference)
    row = evidence().get(found[1]) if found else None
    return row.in_words()[0] if row else publications().get(reference, "")


def spelled_out(text: str) -> str:
    """A text in which each reference is followed by what it stands for, in brackets, where that is known."""

    def told(found: re.Match[str]) -> str:
        known = meaning(found[0])
        return f"{found[0]} ({known})" if known else found[0]

    titled = "|".join(map(re.escape, publications()))
    return re.sub(rf"{CITED.pattern}|(?:{titled})(?!\w)", told, text)
